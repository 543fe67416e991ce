"""Reading a calendar: the times at which its owner is busy, from yesterday to somewhat more than a year from now.

First the version of the whole, in one question; unless it is another than before, or another day has begun, that is all. Then the versions of what
stands there, and of what is new only the text. Each batch is kept at once, and the version of the whole last: whoever dies reads on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from django.db import transaction

from tasuki.engage.invitations import uid_of
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.own_calendars import busy_times
from tasuki.engage.own_calendars.busy_times import Read
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.dav import CALDAV, DAV, SERVER, Found, Server, TooLarge
from tasuki.engage.own_calendars.rows import LONGEST_ETAG, BusyEvent, BusySpan
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble

BACK, AHEAD = timedelta(days=1), timedelta(days=400)
# What comes again is counted anew before it ends: a booking lies at most a year ahead.
_COUNTED_AGAIN = timedelta(days=7)
BATCH, MOST_EVENTS = 50, 5_000
# After so long the rest waits for the next turn, so that one calendar keeps no other waiting.
_LONGEST_SECONDS = 60.0
_VERSIONS = (f"{SERVER}getctag", f"{DAV}sync-token")
_ETAG, _TEXT = f"{DAV}getetag", f"{CALDAV}calendar-data"


def read(calendar: OwnCalendar, *, server: Server, at: datetime) -> bool:
    """Read what has changed; False where some of it is left for the next turn. Raises CalendarTrouble."""
    version = _version(server, calendar.path)
    if version and version == calendar.version and calendar.listed_on == at.date():
        _note(calendar, read_at=at)
        return True
    start, end = at - BACK, at + AHEAD
    listed = _listed(server, calendar.path, start=start, end=end)
    known = {path: (etag, left_on) for path, etag, left_on in calendar.busy_events.values_list("path", "etag", "expanded_on")}
    again = set(calendar.busy_events.filter(comes_again=True, expanded_on__lte=at.date() - _COUNTED_AGAIN).values_list("path", flat=True))
    stale = [path for path, etag in listed.items() if path not in known or not etag or known[path][0] != etag or path in again]
    began = monotonic()
    for first in range(0, len(stale), BATCH):
        if monotonic() - began > _LONGEST_SECONDS:
            return False
        for path, etag, text in _texts(server, calendar.path, stale[first : first + BATCH]):
            _keep(calendar, path=path, etag=etag or listed[path], seen=_understood(calendar, text, start=start, end=end), at=at)
    calendar.busy_events.exclude(path__in=list(listed)).delete()
    # Of what comes once, the past is forgotten.
    BusySpan.objects.filter(calendar=calendar, ends_at__lt=start).delete()
    _note(calendar, read_at=at, version=version, listed_on=at.date())
    return True


def _version(server: Server, path: str) -> str:
    found = server.properties(path, "s:getctag", "d:sync-token")
    return next((text[:500] for one in found[:1] for name in _VERSIONS if (text := one.text(name))), "")


def _listed(server: Server, path: str, *, start: datetime, end: datetime) -> dict[str, str]:
    """Path and version of all that stands there. Raises CalendarTrouble, where it is too much among them: half of it would show time as free."""
    try:
        found = server.between(path, start, end)
    except TooLarge:
        raise CalendarTrouble(Trouble.TOO_MUCH, "") from None
    listed = {one.path: one.text(_ETAG)[:LONGEST_ETAG] for one in found if one.path.rstrip("/") != path.rstrip("/") and _ETAG in one.properties}
    if len(listed) > MOST_EVENTS:
        raise CalendarTrouble(Trouble.TOO_MUCH, str(len(listed)))
    return listed


def _texts(server: Server, path: str, paths: list[str]) -> Iterable[tuple[str, str, str | None]]:
    """Path, version and text of each that is still there; None for one that is too large to be read."""
    try:
        found: list[Found] = server.texts(path, paths)
    except TooLarge:
        if len(paths) == 1:
            return [(paths[0], "", None)]
        half = len(paths) // 2
        return [*_texts(server, path, paths[:half]), *_texts(server, path, paths[half:])]
    asked = set(paths)
    return [(one.path, one.text(_ETAG)[:LONGEST_ETAG], one.text(_TEXT)) for one in found if one.path in asked and _TEXT in one.properties]


def _understood(calendar: OwnCalendar, text: str | None, *, start: datetime, end: datetime) -> Read:
    if text is None:
        return Read(is_understood=False)
    zone = ZoneInfo(calendar.owner.time_zone)
    seen = busy_times.read(text, start=start, end=end, zone=zone, addresses=[calendar.login, calendar.owner.email or ""])
    # Our own meetings take their time already, and more rightly: one that is being moved must not stand in its own way.
    uid = uid_of(seen.uid)
    return Read(seen.uid) if uid and Meeting.objects.filter(uid=uid, held_by=calendar.owner_id).exists() else seen


@transaction.atomic
def _keep(calendar: OwnCalendar, *, path: str, etag: str, seen: Read, at: datetime) -> None:
    """Version and times of one event, in one."""
    # Held against whoever disconnects it: what was read of a calendar that is gone is not kept.
    if not OwnCalendar.objects.select_for_update(no_key=True).filter(pk=calendar.pk, is_active=True, path=calendar.path).exists():
        return
    said = {"etag": etag, "comes_again": seen.comes_again, "is_understood": seen.is_understood, "expanded_on": at.date()}
    event, _is_new = BusyEvent.objects.update_or_create(calendar=calendar, path=path, defaults=said)
    BusySpan.objects.filter(event=event).delete()
    BusySpan.objects.bulk_create(BusySpan(calendar=calendar, event=event, starts_at=starts_at, ends_at=ends_at) for starts_at, ends_at in seen.spans)


def _note(calendar: OwnCalendar, **said: object) -> None:
    OwnCalendar.objects.filter(pk=calendar.pk, path=calendar.path, is_active=True).update(**said)
