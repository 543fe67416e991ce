"""Pages of an order by another record that each row points to (leads by the name of their person): the index of that other table is passed along, and of
each of its records it is known by its number whether any row points to it that fits. So no name is looked up but those of the page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual, TupleLessThanOrEqual

from tasuki.web.lists import statements
from tasuki.web.lists.efforts import ALL
from tasuki.web.lists.orders import Order, Stretch


def led(
    order: Order, stretch: Stretch, fitting: Sequence[QuerySet[Any]], *, place: Sequence[Any] | None, is_falling: bool, most: int, passed: int
) -> list[Sequence[Any]]:
    """The keys of the first rows that fit, from behind the keys of `place` on: up to `passed` records are passed, and then those of all rows are looked up.

    `fitting` are all rows that fit, in parts that have none in common.
    """
    keys = tuple(_there(one, order) for one in stretch.keys[:-1])
    records = _records(order, stretch, keys, place=place, is_falling=is_falling)
    parts, values = list[str](), list[Any]()
    for some in fitting:
        with suppress(EmptyResultSet):
            part, more = some.order_by().values_list("pk", order.relation).query.sql_with_params()
            parts.append(part)
            values += more
    if not parts:
        return []
    names = [*(f"key_{nth}" for nth in range(len(keys) - 1)), "leader"]
    shown, turned = statements.said(names, is_falling=is_falling)
    ordered = records.order_by(*(f"-{one}" if is_falling else one for one in keys))
    walk, more = ordered[:passed].query.sql_with_params()
    # Not a plain IN, and behind a limit: PostgreSQL would find the records of all rows, and put them in order.
    through = f"SELECT * FROM ({walk}) AS step({', '.join(names)}) WHERE COALESCE(leader IN (SELECT leader FROM fit), FALSE) ORDER BY {turned} LIMIT {most + 1}"
    # Of the record at the place, some rows came before.
    behind, at = ("", []) if place is None else (f"AND NOT (fit.leader = %s AND fit.value {'>=' if is_falling else '<='} %s)", list(place[-2:]))
    last = f"ORDER BY {turned}, fit.value {'DESC' if is_falling else 'ASC'} LIMIT {most}"
    near = f"SELECT {shown}, fit.value FROM ({through}) AS step JOIN fit ON fit.leader = step.leader {behind} {last}"
    statement, values = f"WITH fit(value, leader) AS MATERIALIZED ({' UNION ALL '.join(parts)})", [*values, *more, *at]
    if passed >= ALL:
        return statements.answered(f"{statement} {near}", values)
    (every, these), (beyond, those) = records.query.sql_with_params(), ordered[passed : passed + 1].query.sql_with_params()
    is_short = f"((SELECT count(*) FROM near) < {most} AND (SELECT is_there FROM far))"
    found = f"SELECT {shown}, fit.value FROM ({every}) AS step({', '.join(names)}) JOIN fit ON fit.leader = step.leader {behind} WHERE {is_short} {last}"
    both = f"SELECT * FROM near WHERE NOT {is_short} UNION ALL (SELECT * FROM ({found}) AS found)"
    far = f"far(is_there) AS MATERIALIZED (SELECT EXISTS (SELECT * FROM ({beyond}) AS one))"
    return statements.answered(f"{statement}, near AS MATERIALIZED ({near}), {far} {both}", [*values, *those, *these, *at])


def _records(order: Order, stretch: Stretch, keys: tuple[str, ...], *, place: Sequence[Any] | None, is_falling: bool) -> QuerySet[Any]:
    """The keys of the records from that of the place on."""
    assert order.named_by is not None  # noqa: S101 - a stretch has leaders where the order has a table of them
    records: QuerySet[Any] = order.named_by._default_manager.order_by()
    # A lower bound beside that of the place would have the index passed from there.
    records = records.filter(stretch.leaders) if place is None or is_falling else records
    if place is not None:
        compared = (TupleLessThanOrEqual if is_falling else TupleGreaterThanOrEqual)(Tuple(*map(F, keys)), tuple(place[:-1]))
        records = records.filter(Q(compared))
    return records.values_list(*keys)


def _there(path: str, order: Order) -> str:
    """A key of the order as a path from the record by which it is."""
    own = path.removeprefix(f"{order.relation}__")
    return "pk" if own == "id" else own
