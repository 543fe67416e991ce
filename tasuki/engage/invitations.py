"""Invitations: a meeting as iCalendar (RFC 5545, 5546), for the calendars of whoever is invited and for one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from icalendar import STATUS, Calendar, Event, vCalAddress

from tasuki.core.organisation import the_organisation
from tasuki.engage.meeting_rows import Meeting, MeetingState

_PRODUCT = "-//Tasuki//Meetings//EN"
_DOMAIN = "tasuki"
_UID = re.compile(rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})@{_DOMAIN}", re.IGNORECASE)


def uid_of(text: str) -> UUID | None:
    """Of which meeting an event says that it is; None for events of others."""
    found = _UID.fullmatch(text)
    return UUID(found[1]) if found else None


def method_of(meeting: Meeting) -> str:
    return "CANCEL" if meeting.state == MeetingState.CANCELLED else "REQUEST"


def invitation(meeting: Meeting, *, name: str, to: str, at: datetime) -> bytes:
    """One event as a REQUEST, or as a CANCEL of a meeting that was cancelled, in the language that is active. Nothing internal stands in it."""
    event = _event(meeting, summary=summary_for_guests(meeting), at=at)
    event.organizer = vCalAddress.new(meeting.held_by.email or "", cn=_plain(meeting.held_by.display_name))
    event.add("attendee", vCalAddress.new(to, cn=_plain(name) or None, partstat="NEEDS-ACTION", role="REQ-PARTICIPANT", rsvp=True))
    return _calendar([event], method=method_of(meeting))


def feed(meetings: Iterable[Meeting], *, name: str, at: datetime) -> bytes:
    """All of them, for the person who holds them."""
    return _calendar([_own(meeting, at=at) for meeting in meetings], method="PUBLISH", name=name)


def own(meeting: Meeting, *, at: datetime) -> bytes:
    """One, to stand in the calendar of the person who holds it: without a method, and without guests, whom their server would invite once more."""
    return _calendar([_own(meeting, at=at)])


def _own(meeting: Meeting, *, at: datetime) -> Event:
    return _event(meeting, summary=f"{meeting.title}: {meeting.get_kind_display()}", at=at, is_own=True)


def summary_for_guests(meeting: Meeting) -> str:
    return _("Meeting with %(who)s, %(organisation)s") % {"who": meeting.held_by.display_name, "organisation": the_organisation().name}


def _event(meeting: Meeting, *, summary: str, at: datetime, is_own: bool = False) -> Event:
    zone = ZoneInfo(meeting.held_by.time_zone if is_own else meeting.zone)
    return Event.new(
        uid=f"{meeting.uid}@{_DOMAIN}",
        sequence=meeting.sequence,
        stamp=at,
        start=meeting.starts_at.astimezone(zone),
        end=meeting.ends_at.astimezone(zone),
        summary=_plain(summary),
        description=meeting.agenda.replace("\r", "") or None,
        location=_plain(meeting.place) or None,
        status=_status(meeting),
        last_modified=meeting.closed_at or meeting.confirmed_at or meeting.booked_at,
    )


def _status(meeting: Meeting) -> STATUS:
    return STATUS.CANCELLED if meeting.state == MeetingState.CANCELLED else STATUS.CONFIRMED


def _calendar(events: list[Event], *, method: str = "", name: str = "") -> bytes:
    calendar = Calendar.new(prodid=_PRODUCT, method=method or None, name=name or None, refresh_interval=timedelta(hours=1) if name else None)
    for event in events:
        calendar.add_component(event)
    if events:
        days = [event.decoded("dtstart").date() for event in events]
        calendar.add_missing_timezones(first_date=min(days) - timedelta(days=366), last_date=max(days) + timedelta(days=366))
    return bytes(calendar.to_ical())


def _plain(text: str) -> str:
    """In one line: what somebody typed must not begin another property."""
    return " ".join(text.split())
