"""The rows, counts and sums of many groups at once: a few queries, however many groups there are and however many rows.

Up to 10,000 rows are read once and told apart, so every count is exact. Of more, each stage and each day is asked for its first rows
only, where an index gives them; otherwise the first 5,000 rows of the list are told apart, or, where it takes other records to see a row, those of the
first 2,500 of all that are seen, or the first of each part of all. Their counts are the planner's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber
from django.db.models.lookups import Exact

from tasuki.core.filters import binding, compiling, ways
from tasuki.core.filters.fields import Asker, Fields
from tasuki.core.filters.sentences import Group, Of
from tasuki.core.search.arrays import among, written
from tasuki.core.search.narrowing import Parts
from tasuki.web.lists import counting, spans
from tasuki.web.lists.grouping import Bucket
from tasuki.web.lists.orders import AtStep, Order

# Of a list that is too large to be read whole.
SAMPLED = 5_000
# Where each has to be looked up; one of so many of these is enough to tell the groups by.
_LOOKED_UP, _ENOUGH = 2_500, 5
_ALL = 10**9


@dataclass(frozen=True)
class Filled:
    """One group with its first rows. `sums` are (amount, currency), and are known only where all rows were read."""

    bucket: Bucket
    count: int
    is_about: bool
    rows: list[Any]
    sums: list[tuple[Decimal, str]]

    @property
    def n_more(self) -> int:
        return max(self.count - len(self.rows), 0)


@dataclass(frozen=True)
class Asked:
    """The rows to put together. `summed` is the path of an amount and that of its currency, where the list sums one.

    `seen` are all rows that the reader sees, where less is asked for; `parts` the rows in parts, where they have an index in the order.
    """

    rows: QuerySet[Any]
    order: Order
    fields: Fields
    asker: Asker
    is_large: bool
    summed: tuple[str, str] | None = None
    seen: QuerySet[Any] | None = None
    parts: Callable[[], Parts | None] = lambda: None


def filled(asked: Asked, buckets: Sequence[Bucket], *, first: int) -> list[Filled]:
    """All groups in their order, each with its first rows by the order of the list. Groups must not overlap."""
    telling = _Telling(asked, buckets)
    estimates = telling.estimated() if asked.is_large else {}
    found, counts = (telling.first_rows(first), {}) if asked.is_large else telling.whole(first)
    sums = telling.sums(*asked.summed) if asked.summed and not asked.is_large else {}
    by_pk = asked.order.named(asked.rows).in_bulk([pk for pks in found.values() for pk in pks]) if found else {}
    groups = []
    for nth, bucket in enumerate(buckets):
        # A row that was moved away between two queries is not shown twice, nor missed.
        rows = [by_pk[pk] for pk in found.get(nth, ())[:first] if pk in by_pk]
        count, is_about = counts.get(nth, 0), False
        if asked.is_large:
            is_about = not telling.is_walked or len(found.get(nth, ())) > first
            count = max(estimates.get(nth, 0), len(found.get(nth, ()))) if is_about else len(rows)
        groups.append(Filled(bucket, count, is_about, rows, sums.get(nth, [])))
    return groups


def only(rows: QuerySet[Any], bucket: Bucket, fields: Fields, *, asker: Asker) -> QuerySet[Any]:
    """The rows of one group."""
    return compiling.narrowed(rows, binding.bind(Group(Of.ALL, bucket.clauses), fields, asker=asker))


def standing(rows: QuerySet[Any], buckets: Sequence[Bucket], fields: Fields, *, asker: Asker) -> Bucket | None:
    """The group in which the only row stands; None for a row that is not there, or in no group."""
    telling = _Telling(Asked(rows, Order(rows.model, "pk", is_falling=False), fields, asker, is_large=False), buckets)
    nth = telling.told.values_list("bucket", flat=True).first()
    return None if nth is None else buckets[nth]


class _Telling:
    """The groups of one list as conditions of PostgreSQL."""

    def __init__(self, asked: Asked, buckets: Sequence[Bucket]) -> None:
        meanings = [binding.bind(Group(Of.ALL, bucket.clauses), asked.fields, asker=asked.asker) for bucket in buckets]
        self.asked, self.model = asked, asked.rows.model
        self.conditions: list[Q] = [compiling.condition(meaning, self.model) for meaning in meanings]
        self.number = spans.told(meanings)
        named: dict[str, Any] = {}
        for meaning in meanings:
            named |= compiling.computed(meaning)
        # Without what the cells need: that is asked for the few rows that are shown.
        self.rows = asked.rows.select_related(None).alias(**named).order_by()
        self.everything: QuerySet[Any] = self.model._default_manager.alias(**named)
        self.seen = None if asked.seen is None else asked.seen.select_related(None).alias(**named).order_by()
        asking = buckets[0].clauses[0]
        # The rows of a stage, or of a day, are many or none; those of a person may be few among very many, and are not looked for.
        self.is_walked = (asking.field == "stage" or asking.operator == "on") and _leads_an_index(self.model, asked.fields.get(asking.field).path)

    @property
    def told(self) -> QuerySet[Any]:
        """The rows with the number of their group as `bucket`, as far as they have one."""
        whens = (When(condition, then=Value(nth)) for nth, condition in enumerate(self.conditions))
        number = self.number or Case(*whens, default=Value(None), output_field=IntegerField(null=True))
        told: QuerySet[Any] = self.rows.annotate(bucket=number)
        return told

    def sums(self, amount: str, currency: str) -> dict[int, list[tuple[Decimal, str]]]:
        """What the rows of each group come to, in each currency."""
        found: dict[int, list[tuple[Decimal, str]]] = defaultdict(list)
        for line in self.told.filter(bucket__isnull=False).values("bucket", currency).annotate(total=Sum(amount)).order_by("bucket", currency):
            if line["total"] is not None:
                found[line["bucket"]].append((line["total"], line[currency]))
        return found

    def whole(self, first: int) -> tuple[dict[int, list[int]], dict[int, int]]:
        """The ids of the first rows of each group, and of one more, by the number of the group; and how many rows each has, of which all are read."""
        ordered = self.asked.order.applied(self.told.filter(bucket__isnull=False))
        by: Any = ordered.query.order_by
        place, n = Window(RowNumber(), partition_by="bucket", order_by=list(by)), Window(Count("pk"), partition_by="bucket")
        lines = ordered.order_by().annotate(place=place, n=n).filter(place__lte=first + 1).order_by("bucket", "place").values_list("bucket", "pk", "n")
        found: dict[int, list[int]] = defaultdict(list)
        counts: dict[int, int] = {}
        for nth, pk, count in lines:
            found[nth].append(pk)
            counts[nth] = count
        return found, counts

    def first_rows(self, first: int) -> dict[int, list[int]]:
        """The same of a list that is too large to be read whole, without how many."""
        lines: Iterable[tuple[int | None, int]]
        if self.is_walked:
            lines = self._each(first + 1)
        elif ways.asks_others(self.rows):
            lines = self._among_the_first()
        else:
            lines = self.asked.order.applied(self.told).values_list("bucket", "pk")[:SAMPLED]
        found: dict[int, list[int]] = defaultdict(list)
        for nth, pk in lines:
            if nth is not None and len(found[nth]) <= first:
                found[nth].append(pk)
        return found

    def _among_the_first(self) -> list[tuple[int | None, int]]:
        """The first of each part of the rows; else of the first rows of all, those that fit, looked up one after the other; of many more where those would
        be less than a fifth of what is told apart."""
        if parts := self.asked.parts():
            return self._of_parts(parts)
        everything = self.asked.order.applied(self.model._default_manager.all()).values_list("pk")[:_LOOKED_UP]
        fitting = self.told.filter(Exact(F("pk"), AtStep(output_field=BigIntegerField()))).values_list("bucket", "pk")
        (walk, values), (fit, more) = everything.query.sql_with_params(), fitting.query.sql_with_params()
        steps = f"SELECT walked.id, row_number() OVER () FROM ({walk}) AS walked(id)"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT hit.* FROM ({steps}) AS step(value, nth) CROSS JOIN LATERAL ({fit}) AS hit ORDER BY step.nth", [*values, *more])
            found = list(cursor.fetchall())
        return found if _ENOUGH * len(found) >= _LOOKED_UP else list(self.asked.order.applied(self.told).values_list("bucket", "pk")[:SAMPLED])

    def _of_parts(self, parts: Parts) -> list[tuple[int | None, int]]:
        ordered = [self.asked.order.applied(part).values_list("pk")[:_LOOKED_UP] for part in parts[0]]
        first = {pk for rows in (*ordered, *(part.order_by().values_list("pk") for part in parts[1])) for (pk,) in rows}
        return list(self.asked.order.applied(self.told.filter(among("pk", written(first)))).values_list("bucket", "pk")[:_LOOKED_UP])

    def _each(self, most: int) -> Iterable[tuple[int, int]]:
        return _together([self._said(self.rows, nth)[:most] for nth in self._inhabited()])

    def _inhabited(self) -> Iterable[int]:
        """The groups in which the reader sees anything at all: in the others, whatever else is asked would be looked for to their end."""
        numbers = range(len(self.conditions))
        seen = self.seen
        if seen is None or not seen.query.where:
            return numbers
        return [nth for nth, _pk in _together([self._said(seen, nth)[:1] for nth in numbers])]

    def _said(self, rows: QuerySet[Any], nth: int) -> QuerySet[Any]:
        """The ids of the rows of one group, in order, each behind the number of the group."""
        ordered: QuerySet[Any] = self.asked.order.applied(rows.filter(self.conditions[nth])).annotate(bucket=Value(nth))
        return ordered.values_list("bucket", "pk")

    def estimated(self) -> dict[int, int]:
        """How many rows the planner expects in each group."""
        rows, share = self.rows, 1.0
        if ways.asks_others_alone(rows):
            # To the planner who sees a row has nothing to do with its group; it would take long to think of it for each.
            rows, share = self.everything, counting.estimated(rows) / max(counting.estimated(self.everything), 1)
        written = []
        for nth, condition in enumerate(self.conditions):
            try:
                written.append(rows.filter(condition).annotate(bucket=Value(nth)).values_list("bucket")[:_ALL].query.sql_with_params())
            except EmptyResultSet:
                continue
        if not written:
            return {}
        with connection.cursor() as cursor:
            statement = " UNION ALL ".join(f"({text})" for text, _parameters in written)
            cursor.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}", [value for _text, parameters in written for value in parameters])
            answer = cursor.fetchone()[0]
        plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        plans = plan["Plans"] if plan["Node Type"] == "Append" else [plan]
        return {int(one["Output"][0]): round(one["Plan Rows"] * share) for one in plans if one["Output"][0].isdecimal()}


def _together(parts: list[QuerySet[Any]]) -> Iterable[Any]:
    return parts[0].union(*parts[1:], all=True) if parts else []


def _leads_an_index(model: Any, path: str) -> bool:
    names = {path.removesuffix("_id")}
    if any(field.name in names and field.db_index for field in model._meta.concrete_fields):
        return True
    return any(index.fields and index.fields[0].lstrip("-") in names for index in model._meta.indexes)
