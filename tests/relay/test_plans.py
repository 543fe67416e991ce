"""The plan counts with the rates of the house, asks each leg for whole numbers that add up, and stays as it was agreed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from tasuki.analytics import reverse_plan
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.money import Money
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.engage.meeting_rows import Meeting
from tasuki.relay import plan_targets, plan_ways, plans
from tasuki.relay.plan_rows import PASSED, Plan, Step, month_of
from tasuki.relay.plans import Assumption, PlanIncomplete, PlanIsAgreed, PlanRefused
from tests.cast import SET_UP, Cast
from tests.inside_sales.office import office_in_seoul
from tests.relay.histories import START, Teller
from tests.relay.leg_year import Year
from tests.relay.planning import JANUARY, N_LEADS, N_MET, N_WON, NOW, ORDER, agreed, everything_assumed, past, wanted

pytestmark = pytest.mark.django_db
SEOUL = ZoneInfo("Asia/Seoul")


def test_a_draft_counts_with_the_rates_of_the_house(cast: Cast) -> None:
    past(cast)
    plan = plans.draft(wanted(), by=By(cast.ruth, Door.WEB), at=NOW)
    rates = plan_targets.rates_of(plan)
    assert {step: (rate.n, rate.used) for step, rate in rates.items()} == {
        Step.LEADS: (N_LEADS, pytest.approx(N_MET / N_LEADS)),
        Step.BOOKED: (N_MET, pytest.approx(1)),
        Step.HELD: (N_MET, pytest.approx(1)),
        Step.OPPORTUNITIES: (N_MET, pytest.approx(N_WON / N_MET)),
    }
    assert (rates[Step.LEADS].days, rates[Step.OPPORTUNITIES].days, rates[Step.LEADS].maturity) == (10, 60, 1)
    assert (plan.mean_order, plan.n_orders, plan.recycled_share) == (ORDER, N_WON, 0)
    assert plan.order is None, "sixteen orders are no average"
    assert plan_targets.missing(plan, rates) == [Step.WINS]
    assert plan.carried == ORDER * 2, "what was won in January"


def test_the_plan_of_the_reference(cast: Cast) -> None:
    plan = plans.draft(everything_assumed(), by=By(cast.ruth, Door.WEB), at=NOW)
    targets = plan_targets.of_plan(plan)
    assert targets is not None
    assert {step.value: n for step, n in targets.totals.items()} == {"leads": 2150, "booked": 215, "held": 172, "opportunities": 120, "wins": 30}
    assert sum(targets.amounts.values()) + plan.carried == plan.target
    assert min(targets.amounts) == month_of(date(2026, 4, 1)), "the months that are over are sold"
    asked = [month for month, n in targets.months[Step.LEADS].items() if n]
    assert month_of(date(2025, 11, 1)) <= min(asked) < month_of(date(2026, 4, 1)), "orders of April come of leads of the winter"
    assert max(asked) < month_of(date(2026, 12, 1)), "and leads of December come too late for the year"
    for step in Step:
        assert sum(targets.months[step].values()) == targets.totals[step]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_counted_is_what_the_rows_say(cast: Cast, seed: int) -> None:
    office_in_seoul()
    chance = random.Random(seed)
    year = Year(cast, chance)
    Teller(cast, chance).tell(60)
    year.leads = list(Lead.objects.order_by("pk"))
    year.meet(60)
    at = START + timedelta(days=150)
    ways = _ways()
    start, finish = at - timedelta(days=100), at - timedelta(days=chance.randrange(0, 40))
    flows = plan_ways.flows(start, finish)
    for step in Step:
        said = Counter(month_of(way[step].astimezone(SEOUL).date()) for way in ways if step in way and start <= way[step] < finish)
        assert flows[step] == said
    measured = plan_ways.measured(at=at)
    for step, following in zip(PASSED, (*PASSED[1:], Step.WINS), strict=True):
        came = [way for way in ways if step in way and way[step] < at]
        assert measured[step].n == len(came)
        gone_on = sum(following in way and way[following] < at and way[following] <= way.get("ended", way[following]) for way in came)
        decided = sum((following in way and way[following] < at) or way.get("ended", at) < at for way in came)
        assert measured[step].n_decided == decided
        assert bool(measured[step].passing.rate) is bool(gone_on)
    in_hand = plan_ways.standing(at=at)
    still = [way for way in ways if way[Step.LEADS] < at and not way.get(Step.WINS, at) < at and not way.get("ended", at) < at]
    assert sum(sum(ages.values()) for ages in in_hand.values()) == len(still)


def _ways() -> list[dict[str, datetime]]:
    """When each lead first came to each step, in plain Python."""
    found = []
    for lead in Lead.objects.exclude(origin="expansion").exclude(ended_as="merged"):
        passages = list(Passage.objects.filter(lead=lead))
        firsts = {
            Step.WINS: [lead.won_at],
            Step.OPPORTUNITIES: [one.entered_at for one in passages if one.stage_id in ("p2", "p3", "p4")],
            Step.HELD: [one.entered_at for one in passages if one.stage_id == "p1"]
            + [one.starts_at for one in Meeting.objects.filter(lead=lead, state="held", starts_at__gte=lead.opened_at)],
            Step.BOOKED: [one.entered_at for one in passages if one.stage_id == "booked"],
        }
        way: dict[str, datetime] = {Step.LEADS: lead.opened_at} | ({"ended": lead.ended_at} if lead.ended_at else {})
        before: list[datetime] = []
        for step, moments in firsts.items():
            before += [moment for moment in moments if moment]
            if before:
                way[step] = min(before)
        found.append(way)
    return found


def test_an_assumption_counts_where_too_few_came_and_where_somebody_says_so(cast: Cast) -> None:
    past(cast)
    rates = {Step.OPPORTUNITIES: Assumption(0.25)}
    plan = plans.draft(wanted(order=Money(ORDER, "KRW"), rates=rates), by=SET_UP, at=NOW)
    found = plan_targets.rates_of(plan)[Step.OPPORTUNITIES]
    assert (found.used, found.rate) == (0.25, pytest.approx(0.5))
    assert found.passing is not None
    assert found.passing.lags == pytest.approx(found.lags), "as fast as was measured"
    targets = plan_targets.of_plan(plan)
    assert targets is not None
    assert targets.totals == {Step.WINS: 28, Step.OPPORTUNITIES: 112, Step.HELD: 112, Step.BOOKED: 112, Step.LEADS: 140}


def test_what_is_agreed_has_a_name_a_time_and_its_months(cast: Cast) -> None:
    plan = agreed(By(cast.ruth, Door.WEB))
    assert (plan.agreed_by, plan.agreed_at, plan.is_in_force) == (cast.ruth, NOW, True)
    entry = AuditEntry.objects.of(plan).get(action="agree")
    assert (entry.actor, entry.changes["leads"]) == (cast.ruth, [None, 2150])
    kept = plan_targets.of_plan(plan)
    found = plan_targets.terms(plan, plan_targets.rates_of(plan))
    assert kept is not None
    assert found is not None
    assert (kept.totals, kept.amounts) == (plan_targets.derive(found).totals, plan_targets.derive(found).amounts)
    assert Plan.objects.of(date(2026, 12, 31)) == plan
    assert Plan.objects.of(date(2027, 1, 1)) is None


@pytest.mark.usefixtures("cast")
def test_what_is_agreed_is_never_changed_whoever_writes() -> None:
    plan = agreed()
    for verb in (plans.agree, plans.discard, plans.measure):
        with pytest.raises(PlanIsAgreed):
            verb(plan, by=SET_UP, at=NOW)  # type: ignore[operator]  # each takes a plan
    with pytest.raises(PlanIsAgreed):
        plans.change(plan, wanted=wanted(), by=SET_UP, at=NOW)
    for rows, changed in ((Plan.objects.filter(pk=plan.pk), {"target": 1}), (plan.rates.all(), {"n": 1}), (plan.targets.all(), {"wins": 1})):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(**changed)
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows._raw_delete(using="default")  # past Django, which would ask about what hangs on it


def test_the_next_one_takes_its_place(cast: Cast) -> None:
    first = agreed(By(cast.ruth, Door.WEB))
    second = agreed(By(cast.ada, Door.WEB), at=NOW + timedelta(days=1), terms=everything_assumed(n_months=6, name="The half"))
    first.refresh_from_db()
    assert (first.superseded_by, first.is_in_force, second.version) == (second, False, first.version + 1)
    assert AuditEntry.objects.of(first).filter(action="supersede").count() == 1
    assert Plan.objects.of(date(2026, 9, 1)) is None, "it is no plan for half of its months either"
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Plan.objects.filter(pk=first.pk).update(superseded_at=None)


def test_a_chain_with_a_hole_is_not_agreed(cast: Cast) -> None:
    plan = plans.draft(wanted(), by=SET_UP, at=NOW)
    assert plan_targets.missing(plan, plan_targets.rates_of(plan)) == [*PASSED, Step.WINS]
    assert plan_targets.of_plan(plan) is None
    with pytest.raises(PlanIncomplete, match="assumption"):
        plans.agree(plan, by=By(cast.ruth, Door.WEB), at=NOW)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"n_months": 0}, "months"),
        ({"n_months": 13}, "months"),
        ({"first_on": date(1500, 1, 1)}, "months"),
        ({"first_on": date(2025, 3, 1)}, "over"),
        ({"target": 0}, "nothing"),
        ({"target": 10**16}, "nothing"),
        ({"expansion": Money(Decimal(-1), "KRW")}, "nothing"),
        ({"order": Money(Decimal(0), "KRW")}, "nothing"),
        ({"order": Money(Decimal(5), "USD")}, "currency"),
        ({"weights": (1, 2)}, "weight"),
        ({"weights": (0,) * 12}, "weight"),
        ({"weights": (-1,) * 12}, "weight"),
        ({"recycled": 1.5}, "share"),
        ({"leads_a_day": 0}, "leads a day"),
        ({"meetings_a_day": 51}, "leads a day"),
        ({"rates": {Step.HELD: Assumption(1.2)}}, "rate"),
        ({"rates": {Step.HELD: Assumption(0)}}, "rate"),
        ({"rates": {Step.HELD: Assumption(0.5, 900)}}, "days"),
    ],
)
def test_what_makes_no_plan_is_refused_with_a_sentence(cast: Cast, said: dict[str, object], why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        plans.draft(replace(wanted(), **said) if "target" not in said else wanted(**said), by=By(cast.ruth, Door.WEB), at=NOW)  # type: ignore[arg-type]  # wrong on purpose
    assert not Plan.objects.exists()


def test_a_draft_is_changed_measured_and_thrown_away_and_the_log_knows(cast: Cast) -> None:
    by = By(cast.ruth, Door.WEB)
    plan = plans.draft(wanted(), by=by, at=NOW)
    past(cast)
    plan = plans.measure(plan, by=by, at=NOW)
    assert plan_targets.rates_of(plan)[Step.LEADS].n == N_LEADS
    plan = plans.change(plan, wanted=replace(wanted(), first_on=date(2026, 2, 1), rates={Step.HELD: Assumption(0.6)}), by=by, at=NOW)
    assert (plan.first_on, plan.until_on) == (date(2026, 2, 1), date(2027, 2, 1))
    assert plan.carried == 0, "January is no part of it any more"
    entry = AuditEntry.objects.of(plan).get(action="change")
    assert entry.changes == {"first_on": ["2026-01-01", "2026-02-01"], "until_on": ["2027-01-01", "2027-02-01"], "held_rate": [None, "0.6"]}
    plans.discard(plan, by=by, at=NOW)
    assert not Plan.objects.exists()
    assert AuditEntry.objects.filter(noun="plan", action="remove").count() == 1


def test_tomas_sees_no_plan_and_chika_does(cast: Cast) -> None:
    plan = agreed()
    assert not Plan.objects.visible_to(cast.tomas).exists()
    assert list(Plan.objects.visible_to(cast.chika)) == [plan]


@pytest.mark.usefixtures("cast")
def test_a_period_has_the_share_of_its_working_days() -> None:
    office_in_seoul()
    hours = hours_of_the_house()
    # April 2026 has 22 weekdays and no holiday in Korea.
    april = month_of(date(2026, 4, 1))
    assert plan_targets.shares(date(2026, 4, 1), date(2026, 5, 1), hours=hours) == {april: 1.0}
    found = plan_targets.shares(date(2026, 4, 6), date(2026, 4, 11), hours=hours)
    assert found == {april: pytest.approx(5 / 22)}


@pytest.mark.usefixtures("cast")
def test_too_late_for_leads_is_said_and_not_before() -> None:
    plan = agreed()
    targets, terms = plan_targets.of_plan(plan), plan_targets.terms(plan, plan_targets.rates_of(plan))
    assert targets is not None
    assert terms is not None
    nothing = {step: {} for step in PASSED}
    april, december = month_of(date(2026, 4, 1)), month_of(date(2026, 12, 1))
    early = plan_targets.outlook(terms, targets, begun_on=JANUARY, won=0, in_hand=nothing, present=april)
    assert not early.is_too_late
    assert early.gap > 0
    assert early.n_more_leads == reverse_plan.needed_by(early.gap, early.chances, months=8)
    late = plan_targets.outlook(terms, targets, begun_on=JANUARY, won=0, in_hand=nothing, present=december)
    assert late.is_too_late
    assert (late.n_more_leads, late.n_months_of_use, late.gap) == (None, None, 30)
    assert early.n_months_of_use == sum(
        not plan_targets.outlook(terms, targets, begun_on=JANUARY, won=0, in_hand=nothing, present=month).is_too_late for month in range(april, december + 1)
    )
    deals = {**nothing, Step.OPPORTUNITIES: {0: 40}}
    helped = plan_targets.outlook(terms, targets, begun_on=JANUARY, won=5, in_hand=deals, present=april)
    assert helped.from_deals == pytest.approx(10), "a quarter of forty"
    assert helped.expected == pytest.approx(early.expected + 15)
