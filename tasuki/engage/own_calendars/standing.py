"""Our meetings as they stand in a calendar: what its server gives us of one, and the same with what has changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from tasuki.engage.invitations import uid_of

_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
# What we say of a meeting; whatever else stands in the event (a reminder, a colour, a note) is its owner's.
_OURS = ("DTSTART", "DTEND", "DURATION", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS")


@dataclass(frozen=True)
class Standing:
    """When a meeting is by the calendar, in UTC, and as which of its versions."""

    starts_at: datetime
    ends_at: datetime
    sequence: int


def read(text: str, *, zone: ZoneInfo) -> Standing | None:
    """None for what is no meeting of ours any more."""
    try:
        event = _event(Calendar.from_ical(text))
        if event is None:
            return None
        ends = event.decoded("DTEND") if "DTEND" in event else event.decoded("DTSTART") + event.decoded("DURATION")
        return Standing(_moment(event.decoded("DTSTART"), zone=zone), _moment(ends, zone=zone), int(str(event.get("SEQUENCE", 0))))
    except _WRONG:
        return None


def renewed(text: str, own: bytes) -> bytes:
    """The event as it stands there, with what has changed in ours; as ours alone where theirs cannot be read."""
    try:
        theirs, ours = Calendar.from_ical(text), Calendar.from_ical(own)
        there, here = _event(theirs), _event(ours)
        if there is None or here is None:
            return own
        for name in _OURS:
            there.pop(name, None)
            if name in here:
                there[name] = here[name]
        zones = {str(one.get("TZID")) for one in theirs.walk("VTIMEZONE")}
        theirs.subcomponents[:0] = [one for one in ours.walk("VTIMEZONE") if str(one.get("TZID")) not in zones]
        return bytes(theirs.to_ical())
    except _WRONG:
        return own


def _event(calendar: Component) -> Component | None:
    events = calendar.walk("VEVENT")
    return events[0] if len(events) == 1 and uid_of(str(events[0].get("UID", ""))) else None


def _moment(said: date, *, zone: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        return datetime.combine(said, time(0), zone).astimezone(UTC)
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)
