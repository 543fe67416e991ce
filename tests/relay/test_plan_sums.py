"""What the plan is compared with comes from days that are counted, and is to the unit what counting the leads says, whatever happens late."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.teams import Department
from tasuki.crm import leads, ledger, stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome, Passage
from tasuki.engage.meeting_rows import Meeting
from tasuki.relay import plan_leads, plan_people, plan_sums, plan_ways
from tasuki.relay.leg_days import checking, covering, keeping
from tasuki.relay.leg_days.rows import LegCount, LegCounted, LegTouched, Noun
from tasuki.relay.plan_rows import PASSED, Step
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import SET_UP, Cast
from tests.inside_sales.office import SEOUL
from tests.relay.leg_year import NOW, START, Year
from tests.relay.planning import FIRST, N_MET, past
from tests.remembering import written

pytestmark = pytest.mark.django_db
SHARED = (Step.BOOKED, Step.HELD, Step.OPPORTUNITIES)


@pytest.fixture(autouse=True)
def _much_is_counted_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fourteen leads are touched all over the year: here that is no reason to count rows."""
    monkeypatch.setattr(covering, "MOST_LEFT", 90)


@pytest.fixture
def year(cast: Cast) -> Year:
    return written(_year, cast)


def _year(cast: Cast) -> Year:
    told = Year(cast, random.Random(20261130))
    told.tell(20, 60)
    sell(cast, 5)
    return told


def counted(question: Callable[[], Any]) -> Any:
    """What the days say: no lead is counted for it, but for those of days that are not counted."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("flows", "by_person", "standing"):
            patch.setattr(plan_ways, name, lambda *_args, **_named: pytest.fail("it was counted from the leads"))
        return question()


def same(start: datetime, finish: datetime) -> None:
    flows = counted(lambda: plan_sums.flows(start, finish))
    assert flows == {step: {month: n for month, n in months.items() if n} for step, months in plan_ways.flows(start, finish).items()}
    by_person = counted(lambda: plan_sums.by_person(start, finish))
    assert by_person == plan_ways.by_person(start, finish)
    assert counted(lambda: plan_sums.standing(at=NOW)) == plan_ways.standing(at=NOW)
    for step in Step:
        assert plan_leads.came(step, start, finish).count() == sum(flows[step].values()), step
    for step in PASSED:
        assert plan_leads.in_hand(step).count() == sum(plan_sums.standing(at=NOW)[step].values()), step
    people = [user.pk for user in plan_people.of(Department.INSIDE_SALES)]
    for step in SHARED:
        came = plan_leads.came(step, start, finish)
        for pk in people:
            assert plan_leads.carried_by(came, [pk]).count() == by_person[step].get(pk, 0)
        others = sum(n for pk, n in by_person[step].items() if pk not in people)
        assert plan_leads.carried_by(came, people, is_others=True).count() == others


def happen(year: Year) -> None:
    """Something late, of every kind that can move a lead to another day of a step."""
    chance = year.chance

    def one_of(rows: Any) -> Any:
        ids = sorted(rows.values_list("pk", flat=True))
        return rows.model.objects.filter(pk__in=[chance.choice(ids)] if ids else [])

    earlier = timedelta(days=9)
    one_of(Meeting.objects.filter(state="held")).update(starts_at=F("starts_at") - earlier, ends_at=F("ends_at") - earlier)
    one_of(Meeting.objects.filter(state="cancelled", starts_at__lt=NOW)).update(state="held")
    one_of(Meeting.objects.filter(state="held")).delete()
    one_of(Meeting.objects.filter(state="held")).update(lead=chance.choice(year.leads))
    with transaction.atomic(), ledger.correcting("a test"):
        one_of(Passage.objects.filter(stage__in=stages.BEFORE_SALES)).update(owner=year.cast.ruth)
        for first in one_of(Passage.objects.filter(seq=1, stage=stages.CAPTURED)):
            Passage.objects.filter(pk=first.pk).update(entered_at=first.entered_at - earlier)
            Lead.objects.filter(pk=first.lead_id).update(opened_at=first.entered_at - earlier)
    quiet = Lead.objects.filter(ended_at__isnull=True, won_at__isnull=True, stage__in=stages.BEFORE_SALES[:-1], stage_since__lt=NOW - timedelta(hours=2))
    for lead in one_of(quiet):
        leads.merge(lead, into=Lead.objects.exclude(pk=lead.pk)[0], by=SET_UP, at=NOW - timedelta(hours=1))
    for lead in one_of(quiet):
        leads.disqualify(lead, reason="student", by=SET_UP, at=NOW - timedelta(hours=1))
    for lead in one_of(quiet):
        leads.advance(lead, to=stages.BOOKED, by=SET_UP, at=NOW - timedelta(hours=1))


def test_the_days_say_of_every_step_what_the_leads_say_before_and_after_something_late(year: Year) -> None:
    keeping.keep(at=NOW)
    same(START - timedelta(days=3), NOW)
    happen(year)
    assert LegTouched.objects.filter(noun=Noun.STEP).exists()
    same(START - timedelta(days=3), NOW)
    keeping.keep(at=NOW)
    assert not LegTouched.objects.exists()
    same(START + timedelta(days=20), START + timedelta(days=70, hours=5))
    late = kept()
    LegCounted.objects.get_queryset().delete()
    keeping.keep(at=NOW)
    assert kept() == late, "counted again where it changed is as counted anew"
    assert checking.differing() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_days_say_what_the_leads_say_in_any_order_of_changes(cast: Cast, seed: int) -> None:
    year = Year(cast, random.Random(seed))
    year.tell(16, 90)
    sell(cast, 3)
    keeping.keep(at=NOW - timedelta(days=year.chance.choice([0, 1, 30, 80])))
    for _nth in range(5):
        start = START + timedelta(days=year.chance.uniform(-5, 90))
        same(start, min(start + timedelta(days=year.chance.uniform(0.1, 120)), NOW))
        happen(year)
        year.happen()
        if year.chance.random() < 0.5:
            keeping.keep(at=NOW)


def kept() -> set[tuple[Any, ...]]:
    rows = LegCount.objects.filter(part="steps").values_list("told", "n_days", "starts_on", "person", "source", "counts")
    return {(*row[:-1], tuple(row[-1])) for row in rows}


def test_a_house_by_hand(cast: Cast) -> None:
    """Of forty leads that came from 1 September on 32 met us: booked 10 days later, held after 20, in P2 after 30; 16 bought after 90."""
    past(cast)
    at = datetime(2025, 12, 20, 12, tzinfo=SEOUL)
    keeping.keep(at=at)
    found = counted(lambda: plan_sums.flows(FIRST, at))
    months = {name: 2025 * 12 + number - 1 for name, number in (("sep", 9), ("oct", 10), ("nov", 11), ("dec", 12))}
    assert found[Step.LEADS] == {months["sep"]: 30, months["oct"]: 10}
    # Every fifth lead is no fit; those of 1 to 20 September were booked in September, but for four.
    assert found[Step.BOOKED] == {months["sep"]: 16, months["oct"]: 16}
    assert found[Step.HELD] == {months["sep"]: 8, months["oct"]: 24}
    assert found[Step.OPPORTUNITIES] == {months["oct"]: 25, months["nov"]: 7}
    # Two of five are won, the first on 30 November; the one of 20 December is won at noon, which is just not before.
    assert found[Step.WINS] == {months["nov"]: 1, months["dec"]: 7}
    assert counted(lambda: plan_sums.by_person(FIRST, at)) == {step: {cast.ivo.pk: N_MET} for step in SHARED}


def test_what_is_in_hand_by_hand(cast: Cast) -> None:
    """Three came on the first days of January and were booked on the 3rd, 4th and 5th; one more came 30 days ago, and one 31 days."""
    arrive(cast, 3)
    for days in (30, 31):
        leads.capture(leads.Arrival(team=cast.inside_sales), by=SET_UP, at=NOW - timedelta(days=days))
    keeping.keep(at=NOW)
    # From 3 January to 20 July are 198 days, six and a half months of 30.4.
    assert counted(lambda: plan_sums.standing(at=NOW)) == {Step.LEADS: {0: 1, 1: 1}, Step.BOOKED: {6: 3}, Step.HELD: {}, Step.OPPORTUNITIES: {}}


def test_a_year_of_leads_costs_a_question_whatever_they_are(cast: Cast) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            counted(lambda: plan_sums.flows(FIRST, NOW))
            counted(lambda: plan_sums.by_person(FIRST, NOW))
            counted(lambda: plan_sums.standing(at=NOW))
        return len(asked)

    arrive(cast, 2)
    keeping.keep(at=NOW)
    few = n_queries()
    arrive(cast, 12)
    keeping.keep(at=NOW)
    assert n_queries() == few


def arrive(cast: Cast, n: int) -> None:
    for nth in range(n):
        at = START + timedelta(days=nth)
        lead = leads.capture(leads.Arrival(team=cast.inside_sales, owner=cast.ivo, source="Fair"), by=SET_UP, at=at, stage=stages.WORKING)
        leads.advance(lead, to=stages.BOOKED, by=SET_UP, at=at + timedelta(days=2))


def sell(cast: Cast, n: int) -> None:
    """Each a month after the one before, for a million more."""
    field = cast.saori.team
    assert field
    for nth in range(n):
        at = START + timedelta(days=30 * nth)
        lead = leads.capture(leads.Arrival(team=cast.inside_sales, owner=cast.ivo, source="Web"), by=SET_UP, at=at, stage=stages.WORKING)
        terms = Acceptance(owner=cast.saori, team=field, money=Money(Decimal(1_000_000 * (nth + 1)), the_organisation().currency))
        deal = opportunities.accept(lead, terms=terms, by=SET_UP, at=at + timedelta(days=5))
        opportunities.win(deal, by=SET_UP, at=at + timedelta(days=20))


def test_what_was_sold_is_what_was_ordered_in_each_month(year: Year) -> None:
    won = Passage.objects.filter(outcome=Outcome.WON)
    assert won.count() >= 5
    first, until = date(2026, 2, 1), date(2026, 6, 1)
    by_hand: dict[int, Decimal] = {}
    for one in won:
        assert one.left_at
        day = one.left_at.astimezone(SEOUL).date()
        if first <= day < until:
            by_hand[day.year * 12 + day.month - 1] = by_hand.get(day.year * 12 + day.month - 1, Decimal(0)) + (one.amount or 0)
    assert {month: amount for month, amount in plan_ways.sold(first, until).items() if amount} == {m: a for m, a in by_hand.items() if a}
    assert plan_ways.sold(until, first) == {}
    assert year.leads
