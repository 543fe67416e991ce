"""A filter for whoever walks far along the order of a list: what it asks of another record is answered by the numbers of all records of which
it holds, found once, where a join would look the other record up again for each row that is passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from tasuki.core.filters import compiling
from tasuki.core.filters.binding import Condition, Meaning
from tasuki.core.filters.fields import Kind, Operator
from tasuki.core.filters.sentences import Of


@dataclass(frozen=True)
class Apart:
    """A condition on another record: `records` are those of which it holds, `path` leads to theirs from a row."""

    asked: Condition
    path: str
    records: QuerySet[Any]


def of(meaning: Meaning, model: type[Model]) -> list[Apart]:
    """The conditions on other records, of those that must all hold."""
    asked = [part for part in meaning.parts if isinstance(part, Condition)] if meaning.of is Of.ALL else []
    return [apart for one in asked if (apart := _apart(one, model))]


def narrowed(rows: QuerySet[Any], meaning: Meaning, found: Sequence[Apart]) -> QuerySet[Any]:
    """The rows that `compiling.narrowed` gives."""
    there = [one.asked for one in found]
    left = compiling.narrowed(rows, replace(meaning, parts=tuple(part for part in meaning.parts if part not in there)))
    return left.filter(*(among(one) for one in found))


def _apart(asked: Condition, model: type[Model]) -> Apart | None:
    *way, last = asked.field.path.split("__")
    if not way or asked.field.through or asked.field.computed or asked.field.kind is Kind.MONEY or asked.operator is Operator.IN_TEAM:
        return None
    there: Any = model
    for name in way:
        try:
            step = there._meta.get_field(name)
        except FieldDoesNotExist:  # a key of a JSON column
            return None
        if not (step.concrete and step.is_relation):
            return None
        there = step.related_model
    own = replace(asked, field=replace(asked.field, path=last), is_negated=False)
    return Apart(asked, "__".join(way), compiling.narrowed(there._default_manager.all(), Meaning(Of.ALL, (own,))))


def among(one: Apart) -> Any:
    """The condition by the numbers of the records."""
    # PostgreSQL makes a join of a plain IN, and looks each row up after all.
    is_there = ExpressionWrapper(Q(**{f"{one.path}__in": one.records.values("pk")}), output_field=BooleanField())
    return Exact(Coalesce(is_there, Value(False)), Value(not one.asked.is_negated))
