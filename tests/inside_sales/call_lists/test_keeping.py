"""The clock: proposed at half past five where the seller is, frozen as the day begins there; over changes of the clock, and only once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tasuki.core.abilities import Role
from tasuki.core.calendars import hours_of_the_house
from tasuki.inside_sales.call_lists import keeping, rules
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.call_lists.shift import EVENING, WEDNESDAY, built, lead

pytestmark = pytest.mark.django_db


def test_tomorrow_is_proposed_in_the_evening_of_each_seller(cast: Cast) -> None:
    hired("dohyun", "배", "도현", role=Role.INSIDE_SELLER, team=cast.inside_sales, time_zone="Asia/Seoul")
    seoul_evening = EVENING - timedelta(hours=9)
    assert keeping.propose(at=seoul_evening - timedelta(minutes=1)) == 0
    assert keeping.propose(at=seoul_evening) == 1
    assert keeping.propose(at=seoul_evening + timedelta(minutes=5)) == 0
    assert keeping.propose(at=EVENING) == 1
    assert set(CallList.objects.values_list("owner__given_name", "for_on")) == {("도현", WEDNESDAY), ("Ivo", WEDNESDAY)}


def test_on_friday_monday_is_proposed_and_at_the_weekend_nothing(cast: Cast) -> None:
    friday = datetime(2026, 3, 6, 18, tzinfo=UTC)
    assert keeping.propose(at=friday) == 1
    assert CallList.objects.get().for_on == date(2026, 3, 9)
    CallList.objects.all().delete()
    assert keeping.propose(at=friday + timedelta(days=1)) == 0


@pytest.mark.parametrize("at", [datetime(2026, 3, 7, 11, tzinfo=UTC), datetime(2026, 3, 8, 23, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)])
def test_what_no_worker_made_on_friday_evening_is_made_when_one_runs_again(cast: Cast, at: datetime) -> None:
    """On Saturday, on Sunday night, on Monday morning; that of Monday is frozen at once, because its day has begun."""
    lead(cast)
    built(cast.ivo, day=date(2026, 3, 6), at=datetime(2026, 3, 5, 18, tzinfo=UTC))
    hired("new", "배", "도현", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    keeping.keep(at=at)
    keeping.keep(at=at)
    made = CallList.objects.get(for_on=date(2026, 3, 9))
    assert (made.owner, made.entries.count()) == (cast.ivo, 1), "who is new gets theirs in the evening"
    assert (made.frozen_at is not None) == (at.day == 9)


def test_nobody_gets_a_list_for_a_day_that_is_over_or_after_long_silence(cast: Cast) -> None:
    lead(cast)
    built(cast.ivo, day=date(2026, 3, 6), at=datetime(2026, 3, 5, 18, tzinfo=UTC))
    assert keeping.propose(at=datetime(2026, 3, 9, 17, 29, tzinfo=UTC)) == 1
    CallList.objects.filter(for_on=date(2026, 3, 9)).delete()
    rules.change(propose_minute=20 * 60, by=SET_UP, at=EVENING)
    assert keeping.propose(at=datetime(2026, 3, 9, 18, 30, tzinfo=UTC)) == 0, "work ends at six"
    assert keeping.propose(at=datetime(2026, 4, 6, 9, tzinfo=UTC)) == 0


def test_who_has_left_and_who_sells_in_the_field_has_no_list(cast: Cast) -> None:
    assert list(keeping.sellers()) == [cast.ivo]
    type(cast.ivo).objects.filter(pk=cast.ivo.pk).update(is_active=False)
    assert not keeping.sellers()


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", date(2026, 3, 4), datetime(2026, 3, 4, tzinfo=UTC)),
        ("Asia/Seoul", date(2026, 3, 4), datetime(2026, 3, 3, 15, tzinfo=UTC)),
        ("Pacific/Kiritimati", date(2026, 3, 4), datetime(2026, 3, 3, 10, tzinfo=UTC)),
        ("Pacific/Pago_Pago", date(2026, 3, 4), datetime(2026, 3, 4, 11, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 9), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 6), datetime(2026, 3, 6, 5, tzinfo=UTC)),
        # The clocks of Cairo leave out this midnight: the day begins at one.
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ],
)
def test_a_list_is_frozen_as_its_day_begins_where_its_owner_is(cast: Cast, *, zone: str, day: date, begins: datetime) -> None:
    type(cast.ivo).objects.filter(pk=cast.ivo.pk).update(time_zone=zone)
    cast.ivo.refresh_from_db()
    (made,) = built(cast.ivo, day=day)
    assert rules.begins_at(day, person=cast.ivo) == begins
    assert keeping.freeze_what_is_due(at=begins - timedelta(seconds=1)) == 0
    assert keeping.freeze_what_is_due(at=begins) == 1
    made.refresh_from_db()
    assert (made.frozen_at, made.frozen_by) == (begins, None)
    assert keeping.freeze_what_is_due(at=begins + timedelta(days=1)) == 0


def test_the_minutes_of_a_day_are_those_that_pass(cast: Cast) -> None:
    hours = hours_of_the_house()
    assert rules.working_minutes(date(2026, 3, 4), hours=hours) == 540
    assert rules.working_minutes(date(2026, 3, 7), hours=hours) == 0


def test_the_clock_may_be_asked_again_and_again(cast: Cast) -> None:
    lead(cast)
    for minute in range(0, 30, 5):
        keeping.keep(at=EVENING + timedelta(minutes=minute))
    assert CallList.objects.count() == 1
    keeping.keep(at=EVENING + timedelta(hours=7))
    assert CallList.objects.get().frozen_at == EVENING + timedelta(hours=7)
