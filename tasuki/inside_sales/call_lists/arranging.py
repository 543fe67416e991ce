"""Arranging: within a bucket that is ordered by expected value, each lead stands where it is worth most.

EV(t) = P(opportunity) · worth · reachability(hour, weekday, person) · freshness(t) says when a lead is worth most, not only how much (docs/scoring.md).
Which leads are on a list is decided by `rank`, which knows no hour. Then, the most valuable first, each takes of the free places of its bucket the
one in which reachability × freshness is the greatest, by the clock of who is called. Where calls have taught nothing all hours are alike, a lead is
freshest in the earliest, and the order stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import OuterRef, Subquery
from psycopg.types.json import Jsonb

from tasuki.analytics.reachability import Week, slot_of
from tasuki.core.organisation import the_organisation
from tasuki.crm.contacts import ContactPhone
from tasuki.crm.scoring.versions import ScoreModel
from tasuki.engage import reach, recipients
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallListEntry
from tasuki.inside_sales.call_lists.rules import Slots

# The buckets that are ordered by expected value.
BY_VALUE = (Bucket.WOKEN, Bucket.READY, Bucket.BACKLOG)
# Until a version says otherwise.
_FRESH_HOURS = 72.0
_HOUR = 3_600.0
_N_REASONS = 3

_PLACED = """
UPDATE inside_sales_calllistentry entry SET position = placed.position, reasons = placed.reasons
FROM unnest(%(entries)s::bigint[], %(positions)s::int[], %(reasons)s::jsonb[]) AS placed(id, position, reasons) WHERE entry.id = placed.id
"""


@dataclass(frozen=True)
class Row:
    """An entry as it was built; `zone` and `week` are those of who is called."""

    entry: int
    call_list: int
    bucket: int
    position: int
    reasons: list[list[Any]]
    zone: ZoneInfo
    week: Week


@dataclass(frozen=True)
class Placed:
    row: Row
    position: int
    reasons: list[list[Any]]


def arrange(lists: Mapping[int, Slots]) -> int:
    """Put the entries of lists that were just built into the places in which they are worth most; → how many were moved. Four statements."""
    known = reach.counted()
    if not known.everywhere.whole.n_reached:
        return 0
    model = ScoreModel.objects.in_force()
    fresh_hours = model.fresh_half_life_hours if model else _FRESH_HOURS
    moved: list[Placed] = []
    for (call_list, _bucket), rows in groupby(_rows(lists, known), key=lambda row: (row.call_list, row.bucket)):
        moved += (one for one in placed(list(rows), begins=lists[call_list].begins, fresh_hours=fresh_hours) if one.position != one.row.position)
    if moved:
        _write(moved)
    return len(moved)


def placed(rows: Sequence[Row], *, begins: Sequence[datetime], fresh_hours: float) -> Iterable[Placed]:
    """The rows of one bucket, the most valuable first, each with its place; `begins` says when each place of the list begins, from the first on."""
    free = [(row.position, begins[min(row.position, len(begins)) - 1]) for row in rows]
    for row in rows:
        first = free[0]
        best = max(free, key=lambda place: (_worth(row, place[1], since=begins[0], fresh_hours=fresh_hours), -place[0]))
        free.remove(best)
        yield Placed(row, best[0], row.reasons if best[1] == first[1] else _with_hour(row, best[1]))


def _worth(row: Row, begins_at: datetime, *, since: datetime, fresh_hours: float) -> float:
    """Of an hour for this row, beside its other hours."""
    return row.week.factor(slot_of(begins_at.astimezone(row.zone))) * math.pow(2, -(begins_at - since).total_seconds() / _HOUR / fresh_hours)


def _with_hour(row: Row, begins_at: datetime) -> list[list[Any]]:
    """Why it waits for a later place: the hour there, how many of how many calls reached somebody in it."""
    slot = slot_of(begins_at.astimezone(row.zone))
    cell = row.week.heard(slot)
    return [*row.reasons[:1], ["best_hour", slot[1], cell.n_reached, cell.n], *row.reasons[1:]][:_N_REASONS]


def _rows(lists: Mapping[int, Slots], known: reach.Reach) -> Iterable[Row]:
    house = the_organisation().time_zone
    numbers = ContactPhone.objects.filter(contact=OuterRef("lead__contact")).values("e164")
    entries = CallListEntry.objects.filter(call_list__in=list(lists), bucket__in=BY_VALUE).annotate(number=Subquery(numbers[:1]))
    told = entries.order_by("call_list", "bucket", "position").values_list(
        "pk", "call_list", "bucket", "position", "reasons", "lead__account__country", "number"
    )
    for entry, call_list, bucket, position, reasons, country, number in told:
        zone = recipients.zone_said(country or "", number=number or "") or house
        yield Row(entry, call_list, bucket, position, reasons, ZoneInfo(zone), known.of(country or ""))


def _write(moved: Sequence[Placed]) -> None:
    values: dict[str, Any] = {
        "entries": [one.row.entry for one in moved],
        "positions": [one.position for one in moved],
        "reasons": [Jsonb(one.reasons) for one in moved],
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, values)
