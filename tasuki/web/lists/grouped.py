"""A list whose rows are put together by a field: its groups, each with its first rows and the address of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from tasuki.core.filters.askers import asker
from tasuki.core.filters.fields import Asker
from tasuki.core.people import User
from tasuki.core.search.narrowing import Parts
from tasuki.crm.stages import Stage
from tasuki.web.lists.filling import Asked, Filled, filled
from tasuki.web.lists.grouping import Bucket, buckets, possible
from tasuki.web.lists.orders import Order
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State

# What a table shows of each group, and of each where a large list has more groups than a screen has room for.
FIRST, FIRST_OF_MANY = 10, 5
_MANY_GROUPS = 20


@dataclass(frozen=True)
class Reading:
    """The list that is read, in which order, by whom and when, and whether it is too large to be read whole; `parts`: see `Ways`."""

    state: State
    spec: Spec
    order: Order
    reader: User
    at: datetime
    is_large: bool
    parts: Callable[[], Parts | None] = lambda: None

    @property
    def asker(self) -> Asker:
        return asker(self.reader, at=self.at)


@dataclass(frozen=True)
class Shown:
    """One group as a page shows it; `address` is the list narrowed to it, `stage` the stage that it is."""

    filled: Filled
    address: str
    stage: Stage | None

    @property
    def rows(self) -> list[Any]:
        return self.filled.rows

    @property
    def label(self) -> str:
        return self.filled.bucket.label

    @property
    def key(self) -> str:
        return self.filled.bucket.key

    @property
    def sums(self) -> list[tuple[Decimal, str]]:
        return self.filled.sums


def shown(rows: QuerySet[Any], reading: Reading) -> list[Shown]:
    """The groups that have rows, by the field that the state names."""
    field = reading.spec.fields.get(reading.state.grouping)
    told = buckets(field, rows, reader=reading.reader, at=reading.at, is_large=reading.is_large)
    first = FIRST_OF_MANY if reading.is_large and len(told) > _MANY_GROUPS else FIRST
    return [group for group in filled_groups(rows, told, reading, first=first, parts=reading.parts) if group.filled.count or group.rows]


def filled_groups(rows: QuerySet[Any], told: list[Bucket], reading: Reading, *, first: int, parts: Callable[[], Parts | None] = lambda: None) -> list[Shown]:
    """These groups with their first rows, also those that have none; the rows may be some of the list, `parts` are those of them."""
    spec = reading.spec
    column = spec.column(spec.summed) if spec.summed else None
    summed = (column.sort, column.currency) if column else None
    seen = spec.rows(reading.reader) if reading.state.filter.parts or reading.state.q else None
    asked = Asked(rows, reading.order, spec.fields, reading.asker, reading.is_large, summed, seen, parts)
    told = possible(told, reading.state.filter) if reading.is_large else told
    known = Stage.objects.in_bulk() if told[0].clauses[0].field == "stage" else {}
    return [as_shown(group, reading, known) for group in filled(asked, told, first=first)]


def as_shown(group: Filled, reading: Reading, known: Mapping[str, Stage] = MappingProxyType({})) -> Shown:
    return Shown(group, group.bucket.narrowed(reading.state).address(), known.get(group.bucket.value))
