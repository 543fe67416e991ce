"""Recipients: whose clock it is at the other end. Times that we promise are said and kept in the time zone of the person called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import get_global
from phonenumbers import timezone as number_zones

from tasuki.core import time_zones
from tasuki.core.organisation import the_organisation
from tasuki.core.working_time import Hours, Shift

if TYPE_CHECKING:
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

# The hours in which people are called, by their own clock (R38).
OPENS, CLOSES = 9 * 60, 18 * 60
_OPEN_DAY = (Shift(OPENS, CLOSES),)
_CLOSED: tuple[Shift, ...] = ()
LANGUAGES = ("en", "ko", "ja")
_LANGUAGE_OF_COUNTRY = {"KR": "ko", "KP": "ko", "JP": "ja"}


def language_of(contact: Contact | None, *, country: str = "") -> str:
    """In which of our languages somebody is written to: their own, else that of their country, else English."""
    said = (contact.language if contact else "")[:2]
    country = country or (contact.account.country if contact and contact.account else "")
    return said if said in LANGUAGES else _LANGUAGE_OF_COUNTRY.get(country, "en")


def zone_of(lead: Lead, *, number: str = "") -> ZoneInfo:
    """Where the recipient's clock hangs: by the number if that says so, else by the country of the company, else where we are.

    Free numbers and countries with several zones say nothing.
    """
    return ZoneInfo(zone_said(lead.account.country if lead.account else "", number=number) or the_organisation().time_zone)


def zone_said(country: str, *, number: str = "") -> str:
    """The name of the zone that a number says, else a country; "" where neither does."""
    return (_zone_of_number(number) if number else "") or _zone_of_country(country)


def hours_of(lead: Lead, *, zone: ZoneInfo) -> Hours:
    """When the recipient may be expected at work: Monday to Friday, nine to six, but for the public holidays of their country."""
    country = (lead.account.country if lead.account else "") or the_organisation().country
    return Hours(zone, (_OPEN_DAY,) * 5 + (_CLOSED,) * 2, country)


def moment(day: date, clock: time, *, zone: ZoneInfo) -> datetime:
    """The moment in UTC that a clock in `zone` shows as `day` and `clock`.

    What a clock shows twice is meant as the first; what it leaves out in spring is the moment that is as long after midnight.
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)


def other_hour(at: datetime, *, hours: Hours) -> datetime:
    """The next business moment in another part of the day than `at`: after a morning the afternoon, after an afternoon the next morning."""
    local = at.astimezone(hours.zone)
    zone = ZoneInfo(str(hours.zone))
    if local.hour < 12 and hours.shifts_on(local.date()):
        return moment(local.date(), time(14), zone=zone)
    day = _next_open(local.date(), hours=hours)
    return moment(day, time(14) if local.hour < 12 else time(10), zone=zone)


def at_work(at: datetime, *, hours: Hours) -> datetime:
    """The moment itself when the recipient is at work then, else when they begin next."""
    zone, local = ZoneInfo(str(hours.zone)), at.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    if hours.shifts_on(local.date()):
        if OPENS <= minute < CLOSES:
            return at
        if minute < OPENS:
            return moment(local.date(), time(OPENS // 60), zone=zone)
    return moment(_next_open(local.date(), hours=hours), time(OPENS // 60), zone=zone)


def _next_open(day: date, *, hours: Hours) -> date:
    following = (day + timedelta(days=n) for n in range(1, 60))
    return next((one for one in following if hours.shifts_on(one)), day + timedelta(days=1))


@lru_cache(maxsize=8192)
def _zone_of_number(e164: str) -> str:
    try:
        zones = number_zones.time_zones_for_number(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return ""
    return zones[0] if len(zones) == 1 and zones[0] in time_zones.names() else ""


@lru_cache(maxsize=512)
def _zone_of_country(country: str) -> str:
    zones: Mapping[str, list[str]] = get_global("territory_zones")
    known = zones.get(country, [])
    return known[0] if len(known) == 1 and known[0] in time_zones.names() else ""


def zones_at(country: str, *, number: str = "", house: str = "") -> tuple[ZoneInfo, ...]:
    """Every zone in which the person may be: those of the number, else those of the country, else ours, which is `house` where somebody has read it."""
    names = [name for name in (_zones_of_number(number) if number else ()) if name in time_zones.names()]
    known: Mapping[str, list[str]] = get_global("territory_zones")
    names = names or [name for name in known.get(country, []) if name in time_zones.names()]
    return tuple(ZoneInfo(name) for name in names or [house or the_organisation().time_zone])


@lru_cache(maxsize=8192)
def _zones_of_number(e164: str) -> tuple[str, ...]:
    try:
        return tuple(number_zones.time_zones_for_number(phonenumbers.parse(e164, None)))
    except phonenumbers.NumberParseException:
        return ()
