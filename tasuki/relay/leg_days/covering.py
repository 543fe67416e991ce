"""Which spans of days that are counted make up a period, and which hours of it are left to be counted now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.relay.leg_days import seeing
from tasuki.relay.leg_days.rows import SPANS, VERSION, midnight, number
from tasuki.relay.leg_days.seeing import Seeing

if TYPE_CHECKING:
    from tasuki.core.people import User

# With more days than these still to be counted it is quicker to count rows.
MOST_LEFT = 12
_COUNTED = """
SELECT noun, from_on, until_on, ARRAY(SELECT DISTINCT touched_on FROM relay_legtouched touched WHERE touched.noun = counted.noun)
FROM relay_legcounted counted WHERE version = %s"""


@dataclass(frozen=True)
class Counted:
    """What is counted of one noun: the days [from_on, until_on) but for those `touched` since."""

    from_on: date
    until_on: date
    touched: frozenset[date]


@dataclass(frozen=True)
class Left:
    """Hours that nothing was counted of; a lead with a call in the `other` time of the period counts there."""

    since: datetime
    until: datetime
    other_since: datetime
    other_until: datetime


@dataclass(frozen=True)
class Cover:
    """A period as spans, each (n_days, first day), and what is left. Leads count once from `first` on."""

    first: date
    spans: list[tuple[int, date]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What is counted, by noun, and what people see of it: asked once for a page. Of nothing, everything is counted from its rows."""

    counted: Mapping[str, Counted] = field(default_factory=dict)
    _seen: dict[int, Seeing] = field(default_factory=dict)

    def seen_by(self, user: User) -> Seeing:
        if user.pk not in self._seen:
            self._seen[user.pk] = seeing.of(user)
        return self._seen[user.pk]


def counted() -> Known:
    """One question. A noun of which nothing is counted yet is not there."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [VERSION])
        return Known({noun: Counted(from_on, until_on, frozenset(touched)) for noun, from_on, until_on, touched in cursor.fetchall()})


Period = tuple[datetime | None, datetime]


def cover(known: Counted | None, period: Period, zone: ZoneInfo) -> Cover | None:
    """How to count the period [start, end); None where it is quicker, or safer, to count all its rows."""
    if known is None or any(day < known.from_on for day in known.touched):
        return None
    start, end = period
    first, last = known.from_on, end.astimezone(zone).date()
    if start is not None:
        day = start.astimezone(zone).date()
        first = max(day if start == midnight(day, zone) else day + timedelta(days=1), known.from_on)
    until = min(last, known.until_on)
    if first >= last or first >= until:
        return _short(max(start or midnight(known.from_on, zone), midnight(known.from_on, zone)), end)
    touched = {day for day in known.touched if first <= day < until}
    if len(touched) + (last - until).days > MOST_LEFT:
        return None
    made, opens = Cover(first), midnight(first, zone)
    if start is not None and start < opens and start.astimezone(zone).date() >= known.from_on:
        made.left.append(Left(start, opens, opens, end))
    for day in sorted(touched):
        made.left.append(Left(midnight(day, zone), midnight(day + timedelta(days=1), zone), opens, midnight(day, zone)))
    if (closes := midnight(until, zone)) < end:
        made.left.append(Left(closes, end, opens, closes))
    made.spans.extend(_spans(first, until, touched))
    return made


def _short(since: datetime, end: datetime) -> Cover | None:
    """A period without a whole day that is counted: all of it is counted now, unless it is long."""
    if end - since > timedelta(days=MOST_LEFT):
        return None
    return Cover(since.date(), left=[Left(since, end, end, end)] if since < end else [])


def _spans(first: date, until: date, touched: set[date]) -> list[tuple[int, date]]:
    """As few as there can be, in their order."""
    found, day = [], first
    while day < until:
        if day in touched:
            day += timedelta(days=1)
            continue
        for n_days in SPANS:
            after = day + timedelta(days=n_days)
            if number(day) % n_days == 0 and after <= until and not any(day <= one < after for one in touched):
                break
        found.append((n_days, day))
        day = after
    return found
