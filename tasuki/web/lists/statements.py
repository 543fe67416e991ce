"""The statements by which a list is walked: each asks for the keys of rows, as one index has them, and answers nothing but keys."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from tasuki.core.search.narrowing import Sieve
from tasuki.web.lists.orders import beyond, key


def looked_up_on(
    walk: QuerySet[Any], steps: Sequence[Any], fits: QuerySet[Any], *, keys: Sequence[Any], kind: str, among: int, most: int
) -> list[Sequence[Any]]:
    """The first rows that fit among the first of all on some steps, one step after the other."""
    try:
        (rows, values), (fit, more) = walk.query.sql_with_params(), fits.query.sql_with_params()
    except EmptyResultSet:
        return []
    shown = ", ".join(names(keys))
    on_each = f"SELECT step.value, hit.* FROM unnest(%s::{kind}[]) WITH ORDINALITY AS step(value, nth) CROSS JOIN LATERAL ({rows}) AS hit LIMIT {among}"
    # One after the other: joined otherwise, they would not stay in their order.
    statement = f"SELECT step.on_step, {shown} FROM ({on_each}) AS step(on_step, {shown}) CROSS JOIN LATERAL ({fit} OFFSET 0) AS fit(found) LIMIT {most}"
    return answered(statement, [list(steps), *values, *more])


def are_fewer(rows: QuerySet[Any], most: int) -> bool:
    return rows.order_by().values("pk")[:most].count() < most


def names(keys: Sequence[Any]) -> list[str]:
    """What a walk calls its keys: the last one is the number of the row, `step.value` in what is looked up of it."""
    return [*(f"key_{nth}" for nth in range(len(keys) - 1)), "value"]


def said(names: Sequence[str], *, is_falling: bool) -> tuple[str, str]:
    """The keys of a walk as they are shown, and as they are put in order."""
    turned = "DESC" if is_falling else "ASC"
    return ", ".join(f"step.{name}" for name in names), ", ".join(f"step.{name} {turned}" for name in names)


def behind(keys: Sequence[Any], place: Sequence[Any] | None, *, is_falling: bool) -> Q:
    """What stands behind a place, everything behind none."""
    return Q() if place is None else Q(beyond(tuple(keys), list(place), is_falling=is_falling))


def keys_of(rows: QuerySet[Any], keys: Sequence[Any], sieve: Sieve | None = None) -> QuerySet[Any]:
    """The keys of each row, and whether the sieve lets it through, if there is one."""
    said = [ExpressionWrapper(sieve.lets_through, output_field=BooleanField())] if sieve else []
    return rows.values_list(*map(key, keys), *said)


def by(keys: Sequence[Any], *, is_falling: bool) -> list[Any]:
    expressions = [key(one) for one in keys]
    return [one.desc() if is_falling else one.asc() for one in expressions]


def turned(keys: Sequence[Any], *, is_falling: bool) -> str:
    """The same order of an answer by its columns."""
    return ", ".join(f"{nth + 1} {'DESC' if is_falling else 'ASC'}" for nth in range(len(keys)))


def fetched(rows: Sequence[QuerySet[Any]], statement: str, first: Sequence[Any] = (), **parts: object) -> list[Sequence[Any]]:
    """What the statement around the questions for these rows, none of which answer two of them, answers."""
    questions, values = list[str](), list(first)
    for some in rows:
        with suppress(EmptyResultSet):
            question, more = some.query.sql_with_params()
            questions.append(question)
            values += more
    return answered(statement.format(rows=" UNION ALL ".join(questions), **parts), values) if questions else []


def found_alone(rows: QuerySet[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
    """The first or the last of rows that are found in the order of their numbers, as two indexes are read beside each other. By one process: several
    would read one of the indexes into the memory of each first."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        return fetched([rows], "SELECT * FROM ({rows} OFFSET 0) found ORDER BY 1 {way} LIMIT {most}", way="DESC" if is_falling else "ASC", most=most)


def answered(statement: str, values: Sequence[Any]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def field_at(rows: QuerySet[Any], path: str) -> Any:
    return rows.query.resolve_ref(path, True, None, False).output_field
