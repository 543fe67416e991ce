"""A plan by source: the mix of the house, rates that are drawn to that of all where few came, and figures that add up to the chain."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.relay import plan_sources, plan_standing, plan_sums, plan_targets, plan_ways
from tasuki.relay.leg_days import keeping
from tasuki.relay.plan_rows import Plan, Step
from tasuki.relay.plan_sources import Mix
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import SET_UP, Cast
from tests.inside_sales.office import SEOUL, office_in_seoul
from tests.relay.planning import agreed, everything_assumed

pytestmark = pytest.mark.django_db
MADE, NOW = datetime(2026, 1, 5, 12, tzinfo=SEOUL), datetime(2026, 4, 1, 12, tzinfo=SEOUL)


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()
    assert the_organisation().time_zone == "Asia/Seoul"
    assert cast.ivo


def arrive(cast: Cast, source: str, n: int, *, became: int, at: datetime) -> None:
    """So many leads of a source, of which some become opportunities ten days later."""
    field = cast.saori.team
    assert field
    for nth in range(n):
        lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, source=source), by=SET_UP, at=at, stage=stages.WORKING)
        if nth < became:
            deal = opportunities.accept(Lead.objects.get(pk=lead.pk), terms=Acceptance(owner=cast.saori, team=field), by=SET_UP, at=at + timedelta(days=5))
            opportunities.advance(deal, to=stages.P2, by=SET_UP, at=at + timedelta(days=10))


def mixed(plan: Plan, *, at: datetime = NOW) -> Mix | None:
    targets = plan_targets.of_plan(plan)
    assert targets
    return plan_sources.mix(plan, plan_standing.stands(plan, targets, at=at), at=at)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """Six leads of a fair and two from the web in the year before, and one that is too old to count; three and one of each since."""
    arrive(cast, "Fair", 6, became=3, at=datetime(2025, 9, 1, 12, tzinfo=SEOUL))
    arrive(cast, "Web", 2, became=0, at=datetime(2025, 10, 1, 12, tzinfo=SEOUL))
    arrive(cast, "Web", 1, became=1, at=datetime(2024, 12, 1, 12, tzinfo=SEOUL))
    made = agreed(at=MADE, terms=everything_assumed())
    arrive(cast, "Fair", 3, became=1, at=datetime(2026, 2, 2, 12, tzinfo=SEOUL))
    arrive(cast, "", 1, became=0, at=datetime(2026, 2, 2, 12, tzinfo=SEOUL))
    return made


def test_the_mix_of_the_house_by_hand(plan: Plan) -> None:
    found = mixed(plan)
    assert found
    assert (found.first, found.last) == (date(2025, 1, 5), date(2026, 1, 4))
    fair, web, blank = found.sources
    assert [(one.source, one.n, one.share, one.n_opportunities) for one in found.sources] == [("Fair", 6, 0.75, 3), ("Web", 2, 0.25, 0), ("", 0, 0.0, 0)]
    # Three of eight in all; thirty more with that rate are added to each: (3 + 11.25) ÷ 36 and (0 + 11.25) ÷ 32.
    assert found.whole.rate == 0.375
    assert (fair.rate, web.rate, blank.rate) == (pytest.approx(0.39583, abs=1e-5), pytest.approx(0.35156, abs=1e-5), 0.375)
    # Three quarters of the 2,150 leads of the plan, and of nothing nothing.
    assert (fair.total, web.total, blank.total) == (1613, 537, 0)
    assert (fair.came, web.came) == ({Step.LEADS: 3, Step.OPPORTUNITIES: 1}, {Step.LEADS: 0, Step.OPPORTUNITIES: 0})
    assert blank.came == {Step.LEADS: 1, Step.OPPORTUNITIES: 0}


def test_all_sources_together_are_the_chain(plan: Plan) -> None:
    targets = plan_targets.of_plan(plan)
    found = mixed(plan)
    assert targets
    assert found
    places = {one.step: one for one in plan_standing.stands(plan, targets, at=NOW).places}
    assert found.whole.total == sum(one.total for one in found.sources) == 2150
    for step in (Step.LEADS, Step.OPPORTUNITIES):
        assert sum(one.due[step] for one in found.sources) == found.whole.due[step] == round(places[step].due) > 0
        assert sum(one.came[step] for one in found.sources) == found.whole.came[step] == places[step].n
    fair, web, _blank = found.sources
    exact = places[Step.OPPORTUNITIES].due * 6 * fair.rate / (6 * fair.rate + 2 * web.rate)
    assert abs(fair.due[Step.OPPORTUNITIES] - exact) <= 1
    assert web.due[Step.OPPORTUNITIES] > 0


def test_days_that_are_counted_say_the_same_by_source(plan: Plan) -> None:
    from_leads = mixed(plan)
    keeping.keep(at=NOW)
    start, finish = datetime(2025, 1, 1, tzinfo=SEOUL), NOW
    said = plan_ways.by_source(start, finish)
    assert plan_sums.by_source(start, finish) == said
    assert said[Step.LEADS] == {"Fair": 9, "Web": 2, "": 1}
    assert mixed(plan) == from_leads


def test_without_a_lead_in_the_year_before_there_is_no_mix() -> None:
    assert mixed(agreed(at=MADE, terms=everything_assumed())) is None
