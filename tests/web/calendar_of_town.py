"""The own calendars of the town: Ivo's, in which a meeting stands at another time than here."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasuki.core.audit import By, Door
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.own_calendars import connections
from tasuki.engage.own_calendars.connections import OwnCalendar, Said
from tasuki.engage.own_calendars.rows import CalendarEntry
from tests.cast import Cast


def differing(cast: Cast, meeting: Meeting, *, at: datetime) -> CalendarEntry:
    """The meeting as it stands there."""
    said = Said("https://calendar.tasuki.example/ivo/", "ivo", "a password")
    calendar = connections.of(cast.ivo) or connections.connect(cast.ivo, said=said, by=By(cast.ivo, Door.WEB), at=at)
    found = [["/ivo/office/", "office"], ["/ivo/home/", "home"]]
    OwnCalendar.objects.filter(pk=calendar.pk).update(path="/ivo/office/", name="office", found=found, read_at=at)
    return CalendarEntry.objects.create(
        calendar=calendar, meeting=meeting, uid=meeting.uid, path=f"/ivo/office/{meeting.uid}.ics", sequence=0, starts_at=meeting.starts_at,
        ends_at=meeting.ends_at, written_at=at, differs_since=at, their_starts_at=meeting.starts_at + timedelta(hours=1),
    )  # fmt: skip
