"""Slots against brute force: every minute is asked whether a meeting could begin there. Also on the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.core import absences, calendars
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar
from tasuki.core.working_time import Hours, Shift, is_open
from tasuki.engage import availability
from tasuki.engage.availability import Asked, Span, slots_between
from tests.cast import MONDAY, Cast
from tests.engage.meeting import WEDNESDAY, booked, lead_in_seoul

ZONES = ["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "UTC"]
SPLIT = (Shift(9 * 60, 12 * 60), Shift(13 * 60, 18 * 60))
NIGHT = (Shift(0, 4 * 60), Shift(22 * 60, 24 * 60))
# Days around which clocks change somewhere, and one around which they do not.
DAYS = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4), date(2026, 6, 10)]


def by_force(start: datetime, end: datetime, *, hours: Hours, busy: list[Span], asked: Asked) -> list[datetime]:
    n, found, minute = int(asked.step.total_seconds()) // 60, [], start
    length = int(asked.length.total_seconds()) // 60
    open_at = {start + timedelta(minutes=k): is_open(start + timedelta(minutes=k), hours) for k in range(int((end - start).total_seconds()) // 60 + 1)}
    while minute + asked.length <= end:
        wall = minute.astimezone(hours.zone)
        is_round = (wall.hour * 60 + wall.minute) % n == 0
        within = is_round and all(open_at[minute + timedelta(minutes=k)] for k in range(length)) and _in_one_shift(minute, asked, hours)
        free = all(minute >= ends + asked.buffer or minute + asked.length <= begins - asked.buffer for begins, ends in busy)
        if within and free:
            found.append(minute)
        minute += timedelta(minutes=1)
    return found


def _in_one_shift(minute: datetime, asked: Asked, hours: Hours) -> bool:
    """Shifts that touch are two: nobody is met over midnight."""
    last = (minute + asked.length - timedelta(seconds=1)).astimezone(hours.zone)
    return minute.astimezone(hours.zone).date() == last.date()


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES), day=st.sampled_from(DAYS), shifts=st.sampled_from([SPLIT, NIGHT, ()]), length=st.sampled_from([15, 30, 60]),
    step=st.sampled_from([15, 30, 60]), buffer=st.sampled_from([0, 10, 15]),
    busy=st.lists(st.tuples(st.integers(0, 48 * 60), st.integers(1, 180)), max_size=5),
)  # fmt: skip
def test_slots_are_those_that_brute_force_finds(
    *, zone: str, day: date, shifts: tuple[Shift, ...], length: int, step: int, buffer: int, busy: list[tuple[int, int]]
) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=14)
    end = start + timedelta(hours=48)
    hours = Hours(ZoneInfo(zone), (SPLIT,) * 3 + (shifts,) * 4)
    spans = [(start + timedelta(minutes=a), start + timedelta(minutes=a + n)) for a, n in busy]
    asked = Asked(timedelta(minutes=length), timedelta(minutes=step), timedelta(minutes=buffer))
    assert list(slots_between(start, end, hours=hours, busy=spans, asked=asked)) == by_force(start, end, hours=hours, busy=spans, asked=asked)


def test_a_meeting_at_nine_stays_at_nine_when_the_clocks_change() -> None:
    berlin = Hours(ZoneInfo("Europe/Berlin"), ((Shift(540, 600),),) * 7)
    days = (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    found = list(slots_between(*days, hours=berlin, busy=[], asked=Asked(length=timedelta(hours=1))))
    assert [slot.hour for slot in found] == [8, 7], "in UTC an hour earlier, on the wall the same"
    assert [slot.astimezone(ZoneInfo("Asia/Seoul")).hour for slot in found] == [17, 16], "where the clocks do not change, they see it"


@pytest.mark.django_db
def test_days_away_and_meetings_are_taken_out_with_time_around_them(cast: Cast) -> None:
    booked(cast, lead_in_seoul(cast), starts_at=datetime(2026, 3, 4, 5, tzinfo=UTC))
    absences.mark(cast.saori, first_on=date(2026, 3, 5), last_on=date(2026, 3, 5), by=By(cast.ada, Door.WEB), at=MONDAY)
    whole = availability.slots(cast.saori, start=WEDNESDAY - timedelta(hours=1), end=WEDNESDAY + timedelta(days=3))
    hours = calendars.hours_of(Calendar.objects.of_the_organisation())
    assert whole, "the office is open"
    assert all(is_open(slot, hours) for slot in whole)
    around = {datetime(2026, 3, 4, 4, 30, tzinfo=UTC), datetime(2026, 3, 4, 5, tzinfo=UTC), datetime(2026, 3, 4, 5, 30, tzinfo=UTC)}
    assert not around & set(whole), "a quarter of an hour lies before and after"
    tokyo = ZoneInfo("Asia/Tokyo")
    assert date(2026, 3, 5) not in {slot.astimezone(tokyo).date() for slot in whole}, "away by her own clock"


@pytest.mark.django_db
def test_the_meeting_that_is_moved_does_not_stand_in_its_own_way(cast: Cast) -> None:
    meeting = booked(cast, starts_at=datetime(2026, 3, 4, 5, tzinfo=UTC))
    day = {"start": meeting.starts_at - timedelta(hours=3), "end": meeting.starts_at + timedelta(hours=3)}
    assert meeting.starts_at not in availability.slots(cast.saori, **day)
    assert meeting.starts_at in availability.slots(cast.saori, but=meeting, **day)
