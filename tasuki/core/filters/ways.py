"""By way of what rows fit: by what stands in them, or by other records that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, QuerySet
from django.db.models.sql.where import WhereNode


class LookedUp(Exists):
    """Whether there is such a record, looked up for each row that comes to be asked: the OFFSET keeps PostgreSQL from reading all such records first."""

    template = "EXISTS(%(subquery)s OFFSET 0)"


def asks_others(rows: QuerySet[Any]) -> bool:
    """Whether rows fit by other records that there are. PostgreSQL, which does not know how soon a walk ends, would read all of those before its first
    step where they are many: of a manager all leads, to show a page of contacts."""
    return any(map(_is_of_others, _leaves(rows.query.where)))


def asks_others_alone(rows: QuerySet[Any]) -> bool:
    """Whether rows fit by nothing but other records that there are."""
    return asks_others(rows) and all(map(_is_of_others, _leaves(rows.query.where)))


def joins_others(rows: QuerySet[Any]) -> bool:
    """Whether another record is looked up for each row, to know whether the row fits."""
    asked = rows.order_by().values("pk").query
    return sum(map(bool, asked.alias_refcount.values())) > 1


def _is_of_others(condition: Any) -> bool:
    return isinstance(getattr(condition, "lhs", condition), Exists)


def _leaves(node: WhereNode) -> Iterator[Any]:
    for one in node.children:
        if isinstance(one, WhereNode):
            yield from _leaves(one)
        else:
            yield one
