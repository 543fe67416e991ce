"""What the new leads of a plan cost: typed for one lead, by source and month, and nothing that nobody typed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from tasuki.core.audit import AuditEntry
from tasuki.core.money import Money
from tasuki.relay import plan_budget, plan_sources, plan_standing, plan_targets, plans
from tasuki.relay.plan_budget import Budget
from tasuki.relay.plan_rows import Plan
from tests.cast import SET_UP, Cast
from tests.inside_sales.office import SEOUL, office_in_seoul
from tests.relay.planning import everything_assumed
from tests.relay.test_plan_sources import MADE, NOW, arrive

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> Plan:
    """The plan of the reference. Of its 2,150 leads 615 had to come before January, when it was made; of the 1,535 to come a fifth comes round
    again: 1,228 are new. Six leads came from a fair, of which three became
    opportunities, and two from the web, of which none did.
    """
    office_in_seoul()
    arrive(cast, "Fair", 6, became=3, at=datetime(2025, 9, 1, 12, tzinfo=SEOUL))
    arrive(cast, "Web", 2, became=0, at=datetime(2025, 10, 1, 12, tzinfo=SEOUL))
    return plans.draft(everything_assumed(recycled=0.2), by=SET_UP, at=MADE)


def won(amount: int) -> Money:
    return Money(Decimal(amount), "KRW")


def budget_of(plan: Plan) -> Budget | None:
    targets = plan_targets.of_plan(plan)
    assert targets
    mix = plan_sources.mix(plan, plan_standing.stands(plan, targets, at=NOW), at=NOW)
    assert mix
    return plan_budget.budget(plan, targets, mix)


def test_a_budget_by_hand(draft: Plan) -> None:
    assert budget_of(draft) is None, "nobody typed anything"
    found = budget_of(plans.cost_leads(draft, costs={"Fair": won(10_000), "Web": won(4_000)}, by=SET_UP, at=MADE))
    assert found
    fair, web = found.sources
    assert [(one.source, one.n_new, one.budget) for one in found.sources] == [("Fair", 921, Decimal(9_210_000)), ("Web", 307, Decimal(1_228_000))]
    assert (found.whole.n_new, found.whole.budget, found.n_without) == (1228, Decimal(10_438_000), 0)
    # Of 120 opportunities 1,535 ÷ 2,150 are 85.7. The fair is worth 6 × 39.583 % to 2 × 35.156 %: 77.157 %, so 66.1 of them, and 16.5 of 21.4 orders.
    assert fair.n_opportunities == pytest.approx(66.104, abs=1e-3)
    assert float(fair.an_opportunity or 0) == pytest.approx(9_210_000 / 66.104, rel=1e-4)
    assert float(fair.an_order or 0) == pytest.approx(9_210_000 / 16.526, rel=1e-4)
    assert (found.whole.n_opportunities, found.whole.n_orders) == (pytest.approx(85.674, abs=1e-3), pytest.approx(21.419, abs=1e-3))
    assert float(found.whole.an_order or 0) == pytest.approx(10_438_000 / 21.419, rel=1e-4)
    assert web.a_lead == Decimal(4_000)


def test_a_house_without_an_opportunity_has_a_budget_all_the_same(cast: Cast) -> None:
    office_in_seoul()
    arrive(cast, "Fair", 2, became=0, at=datetime(2025, 9, 1, 12, tzinfo=SEOUL))
    plan = plans.cost_leads(plans.draft(everything_assumed(), by=SET_UP, at=MADE), costs={"Fair": won(10)}, by=SET_UP, at=MADE)
    found = budget_of(plan)
    assert found
    assert (found.whole.budget, found.whole.an_order) == (Decimal(15_350), None)


def test_months_and_sources_add_up_to_the_unit(draft: Plan) -> None:
    found = budget_of(plans.cost_leads(draft, costs={"Fair": won(9_999), "Web": won(7_001)}, by=SET_UP, at=MADE))
    assert found
    assert found.months[0].month_on == date(2026, 1, 1)
    assert sum(month.amount for month in found.months) == found.whole.budget
    for nth, one in enumerate(found.costed):
        assert sum(month.amounts[nth] for month in found.months) == one.budget
    assert min(month.amount for month in found.months) >= 0


def test_a_source_without_a_cost_has_no_budget_and_is_told_apart(draft: Plan) -> None:
    found = budget_of(plans.cost_leads(draft, costs={"Web": won(0)}, by=SET_UP, at=MADE))
    assert found
    fair, web = found.sources
    assert (fair.budget, fair.an_opportunity, fair.an_order) == (None, None, None)
    assert (web.budget, web.an_order, found.n_without) == (Decimal(0), Decimal(0), 921), "nothing is a cost too"
    assert [one.source for one in found.costed] == ["Web"]


def test_costs_are_written_into_a_draft_and_stay_with_what_is_agreed(draft: Plan) -> None:
    costed = plans.cost_leads(draft, costs={"Fair": won(10_000)}, by=SET_UP, at=MADE)
    plans.cost_leads(draft, costs={"Fair": won(10_000)}, by=SET_UP, at=MADE)
    assert AuditEntry.objects.of(draft).filter(action="change").count() == 1, "the same is no change"
    plans.change(costed, wanted=everything_assumed(name="Another name"), by=SET_UP, at=MADE)
    agreed = plans.agree(plans.measure(costed, by=SET_UP, at=MADE), by=SET_UP, at=MADE)
    assert agreed.lead_costs == {"Fair": "10000"}
    with pytest.raises(plans.PlanIsAgreed):
        plans.cost_leads(agreed, costs={}, by=SET_UP, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk=agreed.pk).update(lead_costs={})


@pytest.mark.parametrize("money", [Money(Decimal(5), "EUR"), Money(Decimal(-1), "KRW"), Money(Decimal(10) ** 15, "KRW")])
def test_what_is_no_cost_is_refused(draft: Plan, money: Money) -> None:
    with pytest.raises(plans.PlanRefused):
        plans.cost_leads(draft, costs={"Fair": money}, by=SET_UP, at=MADE)
    draft.refresh_from_db()
    assert draft.lead_costs == {}
