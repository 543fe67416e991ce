"""The own calendars of the demo company: nobody keeps them, and they look as if somebody had: busy at noon, with the meetings to come, one moved."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasuki.core.people import User
from tasuki.demo import haneul
from tasuki.engage import meetings
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.rows import BusyEvent, BusySpan, CalendarEntry

# No server stands behind them, so their turn never comes.
_NEVER = timedelta(days=3650)
_LUNCH, _AHEAD_DAYS, _MOST = (time(12), time(13)), 60, 60


def furnish(*, until: datetime) -> None:
    """For whoever can hold a meeting with a lead."""
    rows = Meeting.objects.ahead().filter(starts_at__gt=until).for_page().in_order()
    held: dict[int, list[Meeting]] = {}
    for meeting in rows:
        held.setdefault(meeting.held_by_id, []).append(meeting)
    for holder in meetings.sellers()[:_MOST]:
        calendar = _calendar(holder, at=until)
        _lunch(calendar, at=until)
        entries = [_entry(calendar, meeting, at=until) for meeting in held.get(holder.pk, [])]
        # The owner has moved the last one, there alone.
        for last in entries[-1:]:
            last.differs_since, last.their_starts_at, last.their_ends_at = until, last.starts_at + timedelta(hours=1), last.ends_at + timedelta(hours=1)
        CalendarEntry.objects.bulk_create(entries)


def _calendar(owner: User, *, at: datetime) -> OwnCalendar:
    path = f"/{owner.pk}/office/"
    return OwnCalendar.objects.create(
        owner=owner, address=f"https://calendar.{haneul.HOST}{path}", login=owner.email or "", path=path, name="Haneul TS", found=[[path, "Haneul TS"]],
        connected_at=at - timedelta(days=90), turn_at=at + _NEVER, read_at=at, listed_on=at.date(),
    )  # fmt: skip


def _lunch(calendar: OwnCalendar, *, at: datetime) -> None:
    zone = ZoneInfo(calendar.owner.time_zone)
    event = BusyEvent.objects.create(calendar=calendar, path=f"{calendar.path}lunch.ics", etag="1", comes_again=True, expanded_on=at.date())
    days = [at.astimezone(zone).date() + timedelta(days=n) for n in range(_AHEAD_DAYS)]
    spans = [[datetime.combine(day, clock, zone) for clock in _LUNCH] for day in days if day.weekday() < 5]
    BusySpan.objects.bulk_create(BusySpan(calendar=calendar, event=event, starts_at=starts_at, ends_at=ends_at) for starts_at, ends_at in spans)


def _entry(calendar: OwnCalendar, meeting: Meeting, *, at: datetime) -> CalendarEntry:
    return CalendarEntry(
        calendar=calendar, meeting=meeting, uid=meeting.uid, path=f"{calendar.path}{meeting.uid}.ics", etag="1", sequence=meeting.sequence,
        starts_at=meeting.starts_at, ends_at=meeting.ends_at, written_at=at,
    )  # fmt: skip
