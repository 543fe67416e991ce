"""Busy times: when somebody is busy by one event of their calendar (RFC 5545), every time that it comes again among them. Pure.

Events come from anybody who may invite a person: what would be counted for ever is not counted, and is said to be not understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

Span = tuple[datetime, datetime]

LONGEST_TEXT, MOST_EVENTS = 1_000_000, 1_000
# A rule that comes more often than this a day is none of a calendar of people.
_MOST_A_DAY, _MOST_PARTS, _MOST_RULES = 24, 400, 4
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, AssertionError)


@dataclass(frozen=True)
class Read:
    """What was read of one event: its uid, when its owner is busy by it, in UTC and in order, and whether it comes again. Where `is_understood` is
    False, nobody can tell.
    """

    uid: str = ""
    spans: tuple[Span, ...] = ()
    comes_again: bool = False
    is_understood: bool = True


def read(text: str, *, start: datetime, end: datetime, zone: ZoneInfo, addresses: Iterable[str] = ()) -> Read:
    """When the event takes its owner's time between the two. `zone`: where a clock hangs that names none, and where days begin. `addresses`: those of
    the owner, by which they have perhaps declined.
    """
    if len(text) > LONGEST_TEXT:
        return Read(is_understood=False)
    try:
        calendar = Calendar.from_ical(text)
        if not isinstance(calendar, Calendar):
            return Read(is_understood=False)
        events = list(calendar.walk("VEVENT"))
        uid = str(events[0].get("UID", "")) if events else ""
        comes_again = any("RRULE" in event or "RDATE" in event for event in events)
        if len(events) > MOST_EVENTS or sum(len(_rules(event)) for event in events) > _MOST_RULES or not all(_is_bounded(event) for event in events):
            return Read(uid, comes_again=comes_again, is_understood=False)
        mine = {address.casefold() for address in addresses if address}
        # A day more on both sides: a day of somewhere begins before that of here.
        found = recurring_ical_events.of(calendar).between(start - timedelta(days=1), end + timedelta(days=1))
        spans = [_span(one, zone=zone) for one in found if _takes_time(one, mine)]
    except _WRONG:
        return Read(is_understood=False)
    return Read(uid, tuple(_joined(spans, start=start, end=end)), comes_again)


def _is_bounded(event: Component) -> bool:
    """Whether the event can be counted through in a moment."""
    if not _FIRST_YEAR <= _when(event, "DTSTART").year <= _LAST_YEAR:
        return False
    for rule in _rules(event):
        parts = {str(name).upper(): values if isinstance(values, list) else [values] for name, values in rule.items()}
        a_day = max(len(parts.get("BYHOUR", [])), 1) * max(len(parts.get("BYMINUTE", [])), 1) * max(len(parts.get("BYSECOND", [])), 1)
        if not {str(one).upper() for one in parts.get("FREQ", [])} <= _FREQUENCIES or a_day > _MOST_A_DAY:
            return False
        # Every noughth day is counted for ever.
        if any(int(one) < 1 for one in parts.get("INTERVAL", [])) or any(len(values) > _MOST_PARTS for values in parts.values()):
            return False
    return True


def _rules(event: Component) -> list[Any]:
    rules: Any = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]


def _takes_time(event: Component, mine: set[str]) -> bool:
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    attendees: Any = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        address = str(attendee).rpartition(":")[2].casefold()
        if address in mine and str(getattr(attendee, "params", {}).get("PARTSTAT", "")).upper() == "DECLINED":
            return False
    return True


def _span(event: Component, *, zone: ZoneInfo) -> Span:
    return _moment(_when(event, "DTSTART"), zone=zone), _moment(_when(event, "DTEND"), zone=zone)


def _when(event: Component, name: str) -> date:
    """A day, or a moment. Raises KeyError, ValueError."""
    said = event.decoded(name)
    if not isinstance(said, date):
        raise ValueError(name)
    return said


def _moment(said: date, *, zone: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        return datetime.combine(said, time(0), zone).astimezone(UTC)
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)


def _joined(spans: list[Span], *, start: datetime, end: datetime) -> list[Span]:
    """In order, within the time that was asked about, and none over another. What ends before it begins takes no time."""
    joined: list[Span] = []
    for begins, ends in ((max(begins, start), min(ends, end)) for begins, ends in sorted(spans)):
        if begins >= ends:
            continue
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return joined
