"""Against the plan: a period has its share of it, people theirs, and all of it adds up to the unit."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tasuki.core import absences
from tasuki.core.abilities import Role
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.teams import Department
from tasuki.relay import plan_parts, plan_people, plan_standing, plan_targets, plans
from tasuki.relay.plan_parts import SHARED
from tasuki.relay.plan_rows import Plan, Step, month_of
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.office import SEOUL, office_in_seoul
from tests.relay.planning import N_MET, N_WON, NOW, ORDER, agreed, everything_assumed, past

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE = (datetime(2026, month, 1, tzinfo=SEOUL) for month in (4, 5, 6))
LATER = datetime(2026, 12, 31, 12, tzinfo=SEOUL)


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()
    assert cast.ivo


def targets_of(plan: Plan) -> plan_targets.Targets:
    found = plan_targets.of_plan(plan)
    assert found is not None
    return found


def test_a_month_has_all_of_its_target_and_a_week_of_it_the_share_of_its_working_days() -> None:
    targets = targets_of(agreed())
    whole = plan_standing.period(APRIL, MAY, at=LATER)
    assert whole is not None
    april = month_of(date(2026, 4, 1))
    assert {one.step: one.due for one in whole.places} == {step: targets.months[step][april] for step in Step}
    assert (whole.sold.due, whole.covered) == (targets.amounts[april], 1)
    week = plan_standing.period(APRIL + timedelta(days=5), APRIL + timedelta(days=10), at=LATER)
    assert week is not None
    assert week.places[0].due == pytest.approx(targets.months[Step.LEADS][april] * 5 / 22)


def test_what_is_not_over_yet_is_not_due() -> None:
    agreed()
    until_now = plan_standing.period(APRIL, JUNE, at=NOW)
    by_hand = plan_standing.period(APRIL, datetime(2026, 4, 10, tzinfo=SEOUL), at=LATER)
    assert until_now is not None
    assert by_hand is not None
    assert [one.due for one in until_now.places] == [one.due for one in by_hand.places]
    assert plan_standing.period(JUNE, LATER, at=NOW) is None, "nothing of it has begun"


def test_the_next_plan_asks_for_its_leads_before_it_begins() -> None:
    this = targets_of(agreed())
    then = targets_of(agreed(terms=everything_assumed(first_on=date(2027, 1, 1), name="The next")))
    december = month_of(date(2026, 12, 1))
    found = plan_standing.period(datetime(2026, 12, 1, tzinfo=SEOUL), datetime(2027, 1, 1, tzinfo=SEOUL), at=datetime(2027, 2, 1, tzinfo=SEOUL))
    assert found is not None
    due = {one.step: one.due for one in found.places}
    assert then.months[Step.LEADS][december] > 0
    assert due[Step.LEADS] == this.months[Step.LEADS].get(december, 0) + then.months[Step.LEADS][december]
    assert due[Step.WINS] == this.months[Step.WINS][december]


def test_what_the_next_plan_asks_for_in_months_of_this_one_is_due_of_both() -> None:
    plan = agreed()
    alone = plan_standing.stands(plan, targets_of(plan), at=LATER)
    then = targets_of(agreed(terms=everything_assumed(first_on=date(2027, 1, 1), name="The next")))
    both = plan_standing.stands(plan, targets_of(plan), at=LATER)
    # On the 31st the last of the 22 working days of December, Christmas being none, is not over yet.
    december = month_of(date(2026, 12, 1))
    asked = {step: sum(n for month, n in then.months[step].items() if month < december) + then.months[step].get(december, 0) * 21 / 22 for step in Step}
    for one, other in zip(alone.places, both.places, strict=True):
        assert one.beside == 0
        assert (other.beside, other.due, other.total) == (pytest.approx(asked[one.step]), pytest.approx(one.due + asked[one.step]), one.total)
    assert both.places[0].beside > 0
    (line,) = [line for line in both.lines if line.month_on == date(2026, 12, 1)]
    assert line.beside[Step.LEADS] == then.months[Step.LEADS][december]


def test_months_that_were_over_when_the_plan_was_made_bind_nobody(cast: Cast) -> None:
    past(cast)
    plan = agreed(terms=everything_assumed(first_on=date(2025, 11, 1), n_months=8, target=402_000_000))
    found = plan_standing.stands(plan, targets_of(plan), at=NOW)
    assert found.since == date(2026, 4, 1)
    april = month_of(date(2026, 4, 1))
    shares = plan_targets.shares(date(2026, 4, 1), date(2026, 4, 10), hours=hours_of_the_house())
    assert [one.due for one in found.places] == [pytest.approx(targets_of(plan).months[step].get(april, 0) * shares[april]) for step in Step]
    assert [one.n for one in found.places] == [0] * len(Step), "what came in the autumn is set against nothing"


def test_a_plan_of_which_all_is_sold_asks_for_nothing(cast: Cast) -> None:
    past(cast)
    plan = agreed(terms=everything_assumed(first_on=date(2025, 11, 1), n_months=8))
    found = plan_standing.stands(plan, targets_of(plan), at=NOW)
    assert found.sold.amount == ORDER * N_WON > plan.target
    assert [line.month_on for line in found.lines] == [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 7))]
    assert [one.total for one in found.places] == [0] * len(Step)


def test_without_a_plan_there_is_nothing_to_compare() -> None:
    plans.draft(everything_assumed(), by=SET_UP, at=NOW)
    assert plan_standing.period(APRIL, MAY, at=LATER) is None, "a draft binds nobody"
    assert plan_parts.parts(APRIL, MAY, at=LATER) == []


def test_the_plan_is_compared_in_its_own_months(cast: Cast) -> None:
    past(cast)
    plan = plans.draft(everything_assumed(), by=SET_UP, at=datetime(2025, 12, 10, tzinfo=SEOUL))
    plan = plans.agree(plan, by=SET_UP, at=datetime(2025, 12, 10, tzinfo=SEOUL))
    found = plan_standing.stands(plan, targets_of(plan), at=NOW)
    wins = found.places[-1]
    assert (wins.n, wins.total) == (2, 30), "what was won in December is no part of it"
    assert found.sold.amount == ORDER * 2
    before = [line for line in found.lines if line.month_on < plan.first_on]
    assert before
    assert all(line.came is None for line in before)
    assert sum(line.targets[Step.LEADS] for line in found.lines) == 2150
    present = next(line for line in found.lines if line.is_present)
    assert present.month_on == date(2026, 4, 1)
    assert [line.came is None for line in found.lines if line.month_on > present.month_on] == [True] * 8


def test_what_people_have_to_bring_is_what_is_due_of_the_house_whoever_is_away(cast: Cast) -> None:
    agreed()
    nils = hired("nils", "Berg", "Nils", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    gone = hired("gita", "Rao", "Gita", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    absences.mark(nils, first_on=date(2026, 4, 1), last_on=date(2026, 4, 15), by=SET_UP, at=NOW)
    absences.mark(gone, first_on=date(2026, 3, 20), last_on=date(2026, 5, 2), by=SET_UP, at=NOW)
    parts = {part.user: part for part in plan_parts.parts(APRIL, MAY, at=LATER)}
    house = plan_standing.period(APRIL, MAY, at=LATER)
    assert house is not None
    for step in SHARED:
        due = next(one.due for one in house.places if one.step == step)
        assert sum(part.due[step] for part in parts.values()) == due
        assert parts[gone].due[step] == 0
        # Ivo works 22 days of April, Nils 11.
        assert abs(parts[cast.ivo].due[step] - due * 22 / 33) < 1
        assert abs(parts[nils].due[step] - due * 11 / 33) < 1
    assert parts[cast.ivo].share == pytest.approx(2 / 3)


def test_what_was_brought_stays_with_whoever_carried_it_last_in_inside_sales(cast: Cast) -> None:
    past(cast)
    plan = plans.draft(everything_assumed(first_on=date(2025, 9, 1)), by=SET_UP, at=datetime(2025, 9, 1, 12, tzinfo=SEOUL))
    plans.agree(plan, by=SET_UP, at=datetime(2025, 9, 1, 12, tzinfo=SEOUL))
    (ivo,) = plan_parts.parts(datetime(2025, 9, 1, tzinfo=SEOUL), NOW, at=NOW)
    assert ivo.user == cast.ivo, "Saori has them now, and none of them is hers"
    assert ivo.n == dict.fromkeys(SHARED, N_MET)
    assert N_WON < N_MET


def test_people_who_are_missing_are_counted(cast: Cast) -> None:
    plan = agreed(terms=everything_assumed(leads_a_day=2.0))
    targets, months = targets_of(plan), range(month_of(date(2026, 4, 1)), month_of(date(2026, 6, 1)))
    found = plan_people.needed(plan, [targets], months=months, hours=hours_of_the_house())
    april = found[0].inside
    assert (april.n_days, april.present) == (22, 1.0)
    assert april.needed == -(-targets.months[Step.LEADS][months[0]] // 44)
    assert april.is_short
    assert [user.pk for user in plan_people.of(Department.SALES)] == [cast.saori.pk]
    twice = plan_people.needed(plan, [targets, targets], months=months, hours=hours_of_the_house())
    assert twice[0].inside.work == 2 * april.work
    other = Plan.objects.get()
    assert plan_standing.beside(other, months=months) == []
