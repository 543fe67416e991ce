"""Business time: split shifts, holidays, zones, and the nights on which clocks change. Vectors from the reference, and what must always hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.calendars import read_hours
from tasuki.core.working_time import Hours, after_business_seconds, business_seconds_between, is_open

HOUR = 3600
BERLIN, NEW_YORK, SEOUL, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Seoul"), ZoneInfo("Australia/Lord_Howe")


def office(zone: ZoneInfo, text: str = "09:00-17:00", *, weekend: str = "", country: str = "", **own: str) -> Hours:
    """The same hours from Monday to Friday; `own` days are written d2026_05_04="09:00-12:00"."""
    days = {date(*map(int, name[1:].split("_"))): read_hours(hours) for name, hours in own.items()}
    return Hours(zone, (*[read_hours(text)] * 5, *[read_hours(weekend)] * 2), country, days)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Hours of the week, when it began, minutes promised, when they are over: all in UTC, as Zammad's own tests expect it.
VECTORS = [
    (office(BERLIN, "09:00-17:00"), "2013-03-21 09:30", {60: "10:30", 120: "11:30", 180: "12:30", 240: "13:30"}),
    (office(BERLIN, "08:00-18:00"), "2013-03-21 09:30", {60: "10:30", 120: "11:30", 180: "12:30"}),
    (office(BERLIN, "08:00-17:00"), "2013-10-21 05:30", {120: "08:00", 180: "09:00", 240: "10:00"}),
]


@pytest.mark.parametrize(("hours", "began", "due"), VECTORS)
def test_a_promise_in_business_minutes_falls_due(hours: Hours, began: str, due: dict[int, str]) -> None:
    for minutes, clock in due.items():
        moment = at(f"{began[:10]} {clock}")
        assert after_business_seconds(at(began), minutes * 60, hours) == moment
        assert business_seconds_between(at(began), moment, hours) == minutes * 60


def test_a_day_of_ones_own_is_not_counted() -> None:
    hours = office(BERLIN, "08:00-17:00", d2015_09_22="")
    # Half an hour is left on Monday in summer time, nothing on the holiday, the rest on Wednesday.
    assert after_business_seconds(at("2015-09-21 14:30"), 120 * 60, hours) == at("2015-09-23 07:30")
    assert after_business_seconds(at("2015-09-21 14:30"), 180 * 60, hours) == at("2015-09-23 08:30")


def test_lunch_is_not_counted() -> None:
    noon = datetime(2026, 3, 2, 11, 30, tzinfo=SEOUL)
    hours = office(SEOUL, "09:00-12:00, 13:00-18:00")
    assert business_seconds_between(noon, noon + timedelta(hours=2), hours) == HOUR
    assert after_business_seconds(noon, HOUR, hours) == datetime(2026, 3, 2, 13, 30, tzinfo=SEOUL)
    assert [is_open(datetime(2026, 3, 2, hour, tzinfo=SEOUL), hours) for hour in (8, 9, 12, 13, 17, 18)] == [False, True, False, True, True, False]


def test_public_holidays_of_the_country_are_closed_unless_one_says_otherwise() -> None:
    # 2 March 2026 is the substitute for Independence Movement Day in Korea.
    monday, tuesday = datetime(2026, 3, 2, tzinfo=SEOUL), datetime(2026, 3, 3, tzinfo=SEOUL)
    assert business_seconds_between(monday, tuesday, office(SEOUL)) == 8 * HOUR
    assert business_seconds_between(monday, tuesday, office(SEOUL, country="KR")) == 0
    assert business_seconds_between(monday, tuesday, office(SEOUL, country="KR", d2026_03_02="10:00-12:00")) == 2 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "seconds"),
    [
        (BERLIN, (2026, 3, 29), 23 * HOUR),
        (BERLIN, (2026, 10, 25), 25 * HOUR),
        (NEW_YORK, (2026, 3, 8), 23 * HOUR),
        (NEW_YORK, (2026, 11, 1), 25 * HOUR),
        (LORD_HOWE, (2026, 4, 5), 24.5 * HOUR),
        (LORD_HOWE, (2026, 10, 4), 23.5 * HOUR),
        (SEOUL, (2026, 3, 29), 24 * HOUR),
    ],
)
def test_a_day_is_as_long_as_it_is(zone: ZoneInfo, day: tuple[int, int, int], seconds: float) -> None:
    always = office(zone, "00:00-24:00", weekend="00:00-24:00")
    midnight = datetime(*day, tzinfo=zone)
    assert business_seconds_between(midnight, datetime(*day, tzinfo=zone) + timedelta(days=1), always) == seconds


def test_a_shift_over_the_missing_hour_is_shorter_and_one_within_it_is_none() -> None:
    start, end = datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)
    night = office(BERLIN, "", weekend="01:00-05:00")
    assert business_seconds_between(start, end, night) == 3 * HOUR
    assert business_seconds_between(start, end, office(BERLIN, "", weekend="02:15-02:45")) == 0
    assert business_seconds_between(start, end, office(BERLIN, "", weekend="02:30-04:00")) == HOUR
    assert business_seconds_between(start, end, office(BERLIN, "", weekend="01:00-02:30, 02:30-04:00")) == 2 * HOUR


def test_a_shift_over_the_hour_that_comes_twice_is_longer_and_no_second_is_counted_twice() -> None:
    start, end = datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN)
    assert business_seconds_between(start, end, office(BERLIN, "", weekend="01:00-05:00")) == 5 * HOUR
    assert business_seconds_between(start, end, office(BERLIN, "", weekend="01:00-02:30, 02:30-05:00")) == 5 * HOUR


def test_an_evening_promise_over_the_change_is_kept_in_seconds() -> None:
    # Friday 16:00 in New York, four business hours: one is left on Friday, three on Monday, after the clocks went forward on Sunday.
    hours = office(NEW_YORK)
    assert after_business_seconds(datetime(2026, 3, 6, 16, tzinfo=NEW_YORK), 4 * HOUR, hours) == datetime(2026, 3, 9, 12, tzinfo=NEW_YORK)


def test_a_calendar_that_never_opens_never_keeps_a_promise() -> None:
    closed = office(SEOUL, "")
    assert after_business_seconds(at("2026-03-02 00:00"), 60, closed) is None
    assert business_seconds_between(at("2026-03-02 00:00"), at("2027-03-02 00:00"), closed) == 0


moments = st.integers(min_value=0, max_value=2 * 365 * 24 * HOUR).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
calendars = st.builds(
    office,
    st.sampled_from([BERLIN, NEW_YORK, SEOUL, LORD_HOWE]),
    st.sampled_from(["09:00-17:00", "09:00-12:00, 13:00-18:00", "00:00-24:00", "01:00-02:30, 02:30-04:00", "22:00-24:00, 00:00-06:00"]),
    weekend=st.sampled_from(["", "10:00-12:00"]),
    country=st.sampled_from(["", "KR", "DE"]),
)


@given(calendars, st.lists(moments, min_size=3, max_size=3))
def test_time_adds_up(hours: Hours, some: list[datetime]) -> None:
    first, second, third = sorted(some)
    parts = business_seconds_between(first, second, hours) + business_seconds_between(second, third, hours)
    assert parts == pytest.approx(business_seconds_between(first, third, hours))
    assert 0 <= parts <= (third - first).total_seconds()
    assert business_seconds_between(third, first, hours) == pytest.approx(-parts)


@given(calendars, moments, st.integers(min_value=1, max_value=200 * HOUR))
def test_what_is_promised_is_what_is_counted(hours: Hours, start: datetime, seconds: int) -> None:
    due = after_business_seconds(start, seconds, hours)
    assert due is not None
    assert business_seconds_between(start, due, hours) == pytest.approx(seconds)
