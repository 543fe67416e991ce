"""Finding the calendars at an address: it may be a calendar itself, or where an account begins (RFC 4791, RFC 5397)."""

from __future__ import annotations

from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.dav import CALDAV, DAV, Found, Server
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble

_MOST = 50
_ASKED = ("d:resourcetype", "d:displayname", "d:current-user-principal", "c:supported-calendar-component-set")
_PRINCIPAL, _HOME = f"{DAV}current-user-principal", f"{CALDAV}calendar-home-set"


def find(calendar: OwnCalendar, *, server: Server, path: str) -> OwnCalendar:
    """Look at the address that was typed, and take the calendar there, or the first of several. Raises CalendarTrouble, TooLarge."""
    found = calendars_at(server, path)
    if not found:
        raise CalendarTrouble(Trouble.NO_CALENDAR, "")
    first = found[0]
    said = {"path": first[0], "name": first[1], "found": found}
    OwnCalendar.objects.filter(pk=calendar.pk, address=calendar.address, path="").update(**said)
    calendar.refresh_from_db()
    return calendar


def calendars_at(server: Server, path: str) -> list[tuple[str, str]]:
    """Path and name of each calendar of events. Raises CalendarTrouble, TooLarge."""
    here = _one(server.properties(path, *_ASKED), path)
    if _is_calendar(here):
        return [_named(here)]
    home = path
    if principal := here.named(_PRINCIPAL):
        principal = server.path_of(principal, base=path)
        if homes := _one(server.properties(principal, "c:calendar-home-set"), principal).named(_HOME):
            home = server.path_of(homes, base=principal)
    below = server.properties(home, *_ASKED, depth=1)
    return [_named(one) for one in below if _is_calendar(one)][:_MOST]


def _one(found: list[Found], path: str) -> Found:
    return next((one for one in found if one.path.rstrip("/") == path.rstrip("/")), found[0] if found else Found(path))


def _named(found: Found) -> tuple[str, str]:
    path = found.path if found.path.endswith("/") else f"{found.path}/"
    name = " ".join("".join(one if one.isprintable() else " " for one in found.text(f"{DAV}displayname")).split())
    return path, name[:200] or path.rstrip("/").rpartition("/")[2][:200]


def _is_calendar(found: Found) -> bool:
    """A calendar in which events can stand; one that does not say what can stand in it takes them."""
    if not found.holds(f"{DAV}resourcetype", f"{CALDAV}calendar"):
        return False
    kinds = found.properties.get(f"{CALDAV}supported-calendar-component-set")
    return kinds is None or not len(kinds) or any(one.get("name") == "VEVENT" for one in kinds)
