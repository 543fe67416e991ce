"""When an event takes its owner's time: once and again, across the nights on which clocks change, and whatever an event says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.engage.own_calendars import busy_times
from tasuki.engage.own_calendars.busy_times import Read
from tests.engage.calendar_server import event

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=400)
TOKYO = ZoneInfo("Asia/Tokyo")


def read(begins: str, ends: str, *lines: str) -> Read:
    return busy_times.read(event("a", begins, ends, *lines), start=START, end=END, zone=TOKYO, addresses=["saori@tasuki.example"])


def hours(seen: Read) -> list[str]:
    return [f"{begins:%m-%d %H:%M}–{ends:%H:%M}" for begins, ends in seen.spans]


def test_an_event_takes_its_time_once() -> None:
    assert hours(read(":20260304T100000Z", ":20260304T110000Z")) == ["03-04 10:00–11:00"]


def test_nine_stays_nine_when_the_clocks_change() -> None:
    seen = read(";TZID=Europe/Berlin:20260325T090000", ";TZID=Europe/Berlin:20260325T100000", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert (hours(seen), seen.comes_again) == (["03-25 08:00–09:00", "04-01 07:00–08:00", "04-08 07:00–08:00"], True)


def test_a_zone_that_the_event_defines_itself_is_believed() -> None:
    zone = [
        "BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0545", "TZOFFSETTO:+0545", "END:STANDARD",
        "END:VTIMEZONE",
    ]  # fmt: skip
    text = event("a", ";TZID=Office:20260304T100000", ";TZID=Office:20260304T110000").replace("BEGIN:VEVENT", "\r\n".join([*zone, "BEGIN:VEVENT"]))
    seen = busy_times.read(text, start=START, end=END, zone=TOKYO)
    assert hours(seen) == ["03-04 04:15–05:15"]


def test_one_that_was_moved_and_one_that_was_left_out_of_a_series_are_heard() -> None:
    series = event("a", ":20260304T100000Z", ":20260304T110000Z", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260305T100000Z")
    moved = event("a", ":20260306T150000Z", ":20260306T160000Z", "RECURRENCE-ID:20260306T100000Z")
    inner = moved[moved.index("BEGIN:VEVENT") : moved.index("END:VCALENDAR")]
    seen = busy_times.read(series.replace("END:VCALENDAR", inner + "END:VCALENDAR"), start=START, end=END, zone=TOKYO)
    assert hours(seen) == ["03-04 10:00–11:00", "03-06 15:00–16:00", "03-07 10:00–11:00"]


def test_a_clock_that_names_no_zone_and_a_whole_day_are_those_of_the_owner() -> None:
    assert hours(read(":20260304T100000", ":20260304T110000")) == ["03-04 01:00–02:00"]
    assert read(";VALUE=DATE:20260304", ";VALUE=DATE:20260305").spans == ((datetime(2026, 3, 3, 15, tzinfo=UTC), datetime(2026, 3, 4, 15, tzinfo=UTC)),)


@pytest.mark.parametrize(
    "line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "ATTENDEE;PARTSTAT=DECLINED:mailto:Saori@tasuki.example"]
)  # fmt: skip
def test_what_is_free_cancelled_or_declined_takes_no_time(line: str) -> None:
    assert read(":20260304T100000Z", ":20260304T110000Z", line) == Read("a")


def test_what_another_has_declined_takes_time_all_the_same() -> None:
    assert read(":20260304T100000Z", ":20260304T110000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:ivo@tasuki.example").spans


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=SECONDLY", "RRULE:FREQ=MINUTELY", "RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY;INTERVAL=0", "RRULE:FREQ=DAILY;INTERVAL=-1", "RRULE:FREQ=",
        "RRULE:FREQ=DAILY;BYMINUTE=" + ",".join(map(str, range(60))), "RRULE:X=1", "RRULE:FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 500),
        *["\r\n".join(["RRULE:FREQ=DAILY"] * 5)], "EXDATE:nonsense", "RDATE:99999999T999999",
    ],
)  # fmt: skip
def test_a_rule_that_would_be_counted_for_ever_is_said_to_be_not_understood(line: str) -> None:
    seen = read(":20260304T100000Z", ":20260304T110000Z", line)
    assert (seen.is_understood, seen.spans) == (False, ())


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(":99991231T235959Z", ":99991231T235959Z"), (":20261331T000000Z", ":20261331T000000Z"), (":0001", ":x"), (":19000101T000000Z", ":19000102T000000Z"),
     (";VALUE=DATE:20260304", ":20260305T000000Z"), ("", "")],
)  # fmt: skip
def test_wrong_days_break_nothing(begins: str, ends: str) -> None:
    for lines in ((), ("RRULE:FREQ=DAILY",)):
        seen = read(begins, ends, *lines)
        assert isinstance(seen, Read)
        assert all(START <= a < b <= END for a, b in seen.spans)


@pytest.mark.parametrize(
    "text", ["", "x", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "BEGIN:VEVENT\r\nEND:VEVENT\r\n", "BEGIN:VCALENDAR", "\0" * 50, "x" * 1_000_001]
)
def test_what_is_no_event_takes_no_time(text: str) -> None:
    assert busy_times.read(text, start=START, end=END, zone=TOKYO).spans == ()


@given(
    first=st.integers(0, 300), minutes=st.integers(1, 2_000), n=st.integers(1, 12), interval=st.integers(1, 9),
    zone=st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_what_comes_every_few_days_is_there_on_each_of_them(*, first: int, minutes: int, n: int, interval: int, zone: str) -> None:
    begins = datetime(2026, 3, 2, 10) + timedelta(days=first)  # noqa: DTZ001 - a clock on the wall
    place = ZoneInfo(zone)
    text = event(
        "a", f";TZID={zone}:{begins:%Y%m%dT%H%M%S}", f";TZID={zone}:{begins + timedelta(minutes=minutes):%Y%m%dT%H%M%S}",
        f"RRULE:FREQ=DAILY;INTERVAL={interval};COUNT={n}",
    )  # fmt: skip
    spans = busy_times.read(text, start=START, end=END, zone=TOKYO).spans
    for nth in range(n):
        moment = (begins + timedelta(days=nth * interval)).replace(tzinfo=place).astimezone(UTC)
        assert moment >= END or any(a <= moment < b for a, b in spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans)), "in order, and none over another"
