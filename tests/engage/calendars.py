"""What tests of own calendars set up: Saori's, connected, and a turn of the job."""

from __future__ import annotations

from datetime import datetime

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.engage.own_calendars import connections, keeping
from tasuki.engage.own_calendars.connections import OwnCalendar, Said
from tests.cast import MONDAY
from tests.engage.calendar_server import LOGIN, PASSWORD


def connected(person: User, address: str, *, login: str = LOGIN, password: str = PASSWORD, at: datetime = MONDAY, **more: bool) -> OwnCalendar:
    return connections.connect(person, said=Said(address, login, password, **more), by=By(person, Door.WEB), at=at)


def turn(calendar: OwnCalendar, *, at: datetime) -> OwnCalendar:
    """What the job does when it is this calendar's turn; → as it is then."""
    keeping.keep(OwnCalendar.objects.select_related("owner").get(pk=calendar.pk), at=at)
    return OwnCalendar.objects.select_related("owner").get(pk=calendar.pk)
