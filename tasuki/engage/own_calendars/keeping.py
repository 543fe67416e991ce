"""Keeping calendars up to date: each in its turn, by whichever worker comes first. A server that refuses is left alone for a while, and it is said."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tasuki.engage.own_calendars import connections, finding, reading, writing
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.dav import Changed, TooLarge
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble

# How often a calendar is read; written is what is to be written with every turn.
EVERY, READ_EVERY = timedelta(minutes=1), timedelta(minutes=5)
# A worker that has said nothing of its calendar for so long is dead.
LEASE = timedelta(minutes=10)
MOST_A_GO = 200


def keep_next(*, at: datetime) -> bool:
    """Keep one calendar whose turn it is; False when it is nobody's."""
    calendar = _claim(at=at)
    if calendar is None:
        return False
    is_done = keep(calendar, at=at)
    # Unless somebody has asked for it in the meantime.
    OwnCalendar.objects.filter(pk=calendar.pk, turn_at=at + LEASE).update(turn_at=at + EVERY if is_done else at)
    return True


def keep(calendar: OwnCalendar, *, at: datetime) -> bool:
    """Find it, write it, read it; False where some of it is left for the next turn."""
    is_done = True
    if not _is_left_alone(calendar.read_retry_at, at) and (calendar.read_at is None or calendar.listed_on is None or calendar.read_at <= at - READ_EVERY):
        try:
            server, path = connections.server_of(calendar)
            if not calendar.path:
                calendar = finding.find(calendar, server=server, path=path)
            is_done = reading.read(calendar, server=server, at=at)
            if calendar.is_written and is_done:
                writing.look(calendar, server=server, at=at)
        except CalendarTrouble as trouble:
            connections.failed(calendar, side="read", trouble=trouble, at=at)
        except (TooLarge, Changed):
            connections.failed(calendar, side="read", trouble=CalendarTrouble(Trouble.TOO_MUCH, ""), at=at)
        else:
            connections.worked(calendar, side="read")
    if calendar.is_written and calendar.path and not _is_left_alone(calendar.write_retry_at, at):
        try:
            server, _path = connections.server_of(calendar)
            writing.write(calendar, server=server, at=at)
        except CalendarTrouble as trouble:
            connections.failed(calendar, side="write", trouble=trouble, at=at)
        else:
            connections.worked(calendar, side="write")
    return is_done


@transaction.atomic
def _claim(*, at: datetime) -> OwnCalendar | None:
    """A calendar whose turn it is; nobody else takes it as long as its worker may be alive."""
    rows = OwnCalendar.objects.connected().filter(turn_at__lte=at).order_by("turn_at", "pk")
    calendar = rows.select_for_update(skip_locked=True, of=("self",)).select_related("owner").first()
    if calendar:
        OwnCalendar.objects.filter(pk=calendar.pk).update(turn_at=at + LEASE)
        calendar.turn_at = at + LEASE
    return calendar


def _is_left_alone(until: datetime | None, at: datetime) -> bool:
    return until is not None and until > at
