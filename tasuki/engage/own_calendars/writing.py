"""Writing: our meetings into the calendar of whoever holds them, as they are now.

What is to be written is what the meetings are, compared with what was written: nothing waits in a queue that could be lost, and whoever dies is followed
by somebody who compares again. A meeting has one path in a calendar, made of its uid, and is put there only where nothing stands, or in place of
what we have just read: so it never stands there twice. Where its owner has given it another time there, or has taken it out, theirs is left alone and
they are asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.crm import following, notifications
from tasuki.crm.notifications import Happening
from tasuki.engage import invitations
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.engage.own_calendars import standing
from tasuki.engage.own_calendars.dav import Changed, Event, Server, TooLarge
from tasuki.engage.own_calendars.rows import LONGEST_ETAG, Answer, CalendarEntry
from tasuki.engage.own_calendars.standing import Standing
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble

if TYPE_CHECKING:
    from tasuki.engage.own_calendars.connections import OwnCalendar

BY_THE_CLOCK = By(None, Door.JOB)
# So much is written in one go, the next meetings first; what is over so long is not changed any more.
MOST_A_GO, _LONG_OVER = 200, timedelta(days=30)


def write(calendar: OwnCalendar, *, server: Server, at: datetime) -> int:
    """Bring the calendar up to what the meetings are; → how many were written, changed or taken out. Raises CalendarTrouble."""
    n = 0
    for meeting, entry in to_do(calendar, at=at)[:MOST_A_GO]:
        try:
            if entry is None:
                n += _put_new(calendar, meeting, server=server, at=at)
            elif meeting.is_ahead and meeting.held_by_id == calendar.owner_id and not entry.is_to_go:
                n += _renew(calendar, meeting, entry, server=server, at=at)
            else:
                n += _take_out(calendar, meeting, entry, server=server, at=at)
        except Changed:
            continue  # somebody was quicker: the next turn reads what they wrote
        except TooLarge:
            raise CalendarTrouble(Trouble.TOO_MUCH, "") from None
    return n


def to_do(calendar: OwnCalendar, *, at: datetime) -> list[tuple[Meeting, CalendarEntry | None]]:
    """The meetings that do not stand in the calendar as they are, each with how it stands there: two queries."""
    entries = {entry.uid: entry for entry in calendar.entries.filter(Q(ends_at__gt=at - _LONG_OVER) | Q(is_to_go=True))}
    latest = Meeting.objects.filter(uid__in=list(entries)).order_by("uid", "-sequence").distinct("uid").for_page()
    ahead = Meeting.objects.ahead().filter(held_by=calendar.owner_id, ends_at__gt=at).exclude(uid__in=list(entries)).for_page()
    found: list[tuple[Meeting, CalendarEntry | None]] = [(meeting, None) for meeting in ahead.in_order()[:MOST_A_GO]]
    found += [(meeting, entries[meeting.uid]) for meeting in latest if _is_to_do(meeting, entries[meeting.uid], calendar, at=at)]
    return sorted(found, key=lambda pair: (pair[0].starts_at, pair[0].pk))


def _is_to_do(meeting: Meeting, entry: CalendarEntry, calendar: OwnCalendar, *, at: datetime) -> bool:
    if entry.is_to_go:
        return True
    is_asked = entry.differs_since is not None and entry.answer != Answer.OURS and meeting.sequence == entry.sequence
    if is_asked:
        return False
    if meeting.is_ahead and meeting.held_by_id == calendar.owner_id:
        return meeting.ends_at > at and (meeting.sequence > entry.sequence or entry.answer == Answer.OURS)
    return meeting.state == MeetingState.CANCELLED or meeting.held_by_id != calendar.owner_id


def look(calendar: OwnCalendar, *, server: Server, at: datetime) -> None:
    """Compare what was written with what stands there now: what its owner changed is noticed and said. Only what has another version since it was looked
    at is asked for. Raises CalendarTrouble, TooLarge.
    """
    listed = dict(calendar.busy_events.values_list("path", "etag"))
    for entry in calendar.entries.filter(ends_at__gt=at, differs_since__isnull=True).order_by("starts_at")[:MOST_A_GO]:
        if entry.etag and listed.get(entry.path) == entry.etag:
            continue
        event = server.event(entry.path)
        there = _there(calendar, event)
        if event is None or there is None or (there.starts_at, there.ends_at) != (entry.starts_at, entry.ends_at):
            _differ(calendar, entry, there=there, sequence=entry.sequence, at=at)
        else:
            CalendarEntry.objects.filter(pk=entry.pk).update(etag=(listed.get(entry.path) or event.etag)[:LONGEST_ETAG])


@transaction.atomic
def answer(entry: CalendarEntry, *, said: Answer, by: By, at: datetime) -> None:
    """The owner says which of the two holds; the calendar follows with its next turn. Twice is once."""
    row = CalendarEntry.objects.select_for_update(of=("self",)).select_related("meeting", "calendar").filter(pk=entry.pk, differs_since__isnull=False).first()
    if row and row.answer != said:
        CalendarEntry.objects.filter(pk=row.pk).update(answer=said)
        type(row.calendar).objects.filter(pk=row.calendar_id).update(turn_at=at)
        audit.record(row.meeting, action="settle_calendar", by=by, at=at, changes={"answer": (None, said.value)})


def _put_new(calendar: OwnCalendar, meeting: Meeting, *, server: Server, at: datetime) -> bool:
    """Where nothing stands. What stands there already was written by one of us who died before saying so."""
    path = f"{calendar.path}{meeting.uid}.ics"
    try:
        server.put(path, _text(meeting, at=at), etag="")
    except Changed:
        there = _there(calendar, server.event(path))
        if there is None:
            raise
        written = Meeting.objects.filter(uid=meeting.uid, sequence=there.sequence, held_by=calendar.owner_id).first()
        _keep(calendar, written or meeting, path=path, at=at)
        return False
    _keep(calendar, meeting, path=path, at=at)
    return True


def _renew(calendar: OwnCalendar, meeting: Meeting, entry: CalendarEntry, *, server: Server, at: datetime) -> bool:
    event = server.event(entry.path)
    there = _there(calendar, event)
    is_ours = there is not None and (there.starts_at, there.ends_at) in {(entry.starts_at, entry.ends_at), (meeting.starts_at, meeting.ends_at)}
    if not is_ours and entry.differs_since is None:
        _differ(calendar, entry, there=there, sequence=meeting.sequence, at=at)
        return False
    if there == Standing(meeting.starts_at, meeting.ends_at, meeting.sequence):
        _keep(calendar, meeting, path=entry.path, at=at)
        return False
    own = _text(meeting, at=at)
    server.put(entry.path, standing.renewed(event.text, own) if event else own, etag=event.etag if event else "")
    _keep(calendar, meeting, path=entry.path, at=at)
    return True


def _take_out(calendar: OwnCalendar, meeting: Meeting, entry: CalendarEntry, *, server: Server, at: datetime) -> bool:
    event = server.event(entry.path)
    there = _there(calendar, event)
    is_free_to_go = entry.is_to_go or entry.differs_since is not None
    if event is not None and not is_free_to_go and (there is None or (there.starts_at, there.ends_at) != (entry.starts_at, entry.ends_at)):
        _differ(calendar, entry, there=there, sequence=meeting.sequence, at=at)
        return False
    if event is not None:
        server.remove(entry.path, etag=event.etag)
    entry.delete()
    return True


def _text(meeting: Meeting, *, at: datetime) -> bytes:
    with translation.override(meeting.held_by.language):
        return invitations.own(meeting, at=at)


def _there(calendar: OwnCalendar, event: Event | None) -> Standing | None:
    return standing.read(event.text, zone=ZoneInfo(calendar.owner.time_zone)) if event else None


def _keep(calendar: OwnCalendar, meeting: Meeting, *, path: str, at: datetime) -> None:
    """Say as what it stands there; where it differed, it does not any more."""
    said = {"meeting": meeting, "path": path, "sequence": meeting.sequence, "starts_at": meeting.starts_at, "ends_at": meeting.ends_at, "written_at": at}
    agreed = {"etag": "", "differs_since": None, "their_starts_at": None, "their_ends_at": None, "answer": ""}
    CalendarEntry.objects.update_or_create(calendar=calendar, uid=meeting.uid, defaults=said | agreed)


@transaction.atomic
def _differ(calendar: OwnCalendar, entry: CalendarEntry, *, there: Standing | None, sequence: int, at: datetime) -> None:
    """Their calendar says something else than we wrote: told to its owner once, and left as it is until they say what holds."""
    theirs = {"their_starts_at": there.starts_at if there else None, "their_ends_at": there.ends_at if there else None}
    rows = CalendarEntry.objects.filter(pk=entry.pk, differs_since__isnull=True)
    if rows.update(differs_since=at, answer="", sequence=sequence, **theirs):
        meeting = Meeting.objects.filter(uid=entry.uid).select_related("lead").order_by("-sequence")[0]
        moved = {"starts_at": (entry.starts_at, theirs["their_starts_at"])}
        cause = audit.record(meeting, action="calendar_differs", by=BY_THE_CLOCK, at=at, changes=moved)
        about = following.about(meeting.lead)
        notifications.tell([calendar.owner_id], happening=Happening.CALENDAR, noun="lead", cause=cause, by=BY_THE_CLOCK, at=at, about=about)
