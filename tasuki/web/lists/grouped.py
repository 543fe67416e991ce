"""A list whose rows are put together by a field: its groups, each with its first rows and the address of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from tasuki.core.filters.askers import asker
from tasuki.core.people import User
from tasuki.crm.stages import Stage
from tasuki.web.lists.filling import Asked, Filled, filled
from tasuki.web.lists.grouping import buckets
from tasuki.web.lists.paging import Order
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State

# What a table shows of each group.
FIRST = 10


@dataclass(frozen=True)
class Reading:
    """The list that is read, in which order, by whom and when, and whether it is too large to be read whole."""

    state: State
    spec: Spec
    order: Order
    reader: User
    at: datetime
    is_large: bool


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
    state, spec = reading.state, reading.spec
    field = spec.fields.get(state.grouping)
    column = spec.column(spec.summed) if spec.summed else None
    asked = Asked(
        rows,
        reading.order,
        spec.fields,
        asker(reading.reader, at=reading.at),
        reading.is_large,
        (column.sort, column.currency) if column else None,
    )
    told = buckets(field, rows, reader=reading.reader, at=reading.at, is_large=reading.is_large)
    known = Stage.objects.in_bulk() if field.key == "stage" else {}
    found = filled(asked, told, first=FIRST)
    return [Shown(group, group.bucket.narrowed(state).address(), known.get(group.bucket.value)) for group in found if group.count or group.rows]
