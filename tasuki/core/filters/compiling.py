"""A filter as a condition of PostgreSQL. Every clause is true or false for every row, never unknown: a row without a value is not `over 5`,
and so it is `none(over 5)`."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.fields.reverse_related import ForeignObjectRel

from tasuki.core.filters.binding import Condition, Meaning
from tasuki.core.filters.fields import Kind, Operator
from tasuki.core.filters.sentences import Of

_LOOKUPS = {
    Operator.OVER: "gt",
    Operator.UNDER: "lt",
    Operator.AT_LEAST: "gte",
    Operator.AT_MOST: "lte",
    Operator.CONTAINS: "icontains",
    Operator.STARTS_WITH: "istartswith",
}
# Of texts in small letters.
_FOLDED_LOOKUPS = {Operator.CONTAINS: "contains", Operator.STARTS_WITH: "startswith"}
# What stands in the column, of the kinds that have a value for nothing.
_EMPTY: dict[Kind, Any] = {Kind.TEXT: "", Kind.CHOICE: "", Kind.CHOICES: []}
_NOTHING = Q(pk__in=[])


def narrowed(rows: QuerySet[Any], meaning: Meaning) -> QuerySet[Any]:
    """Those of the rows that are meant, with what is computed for the question."""
    carrying: QuerySet[Any] = rows.alias(**computed(meaning))
    return carrying.filter(condition(meaning, rows.model))


def computed(meaning: Meaning) -> dict[str, Any]:
    """The expressions that the condition names, by name."""
    found: dict[str, Any] = {}
    for part in meaning.parts:
        found |= computed(part) if isinstance(part, Meaning) else {name: one.expression for name, one in part.field.computed.items()}
    return found


def condition(meaning: Meaning, model: type[Model]) -> Q:
    """The condition that a meaning bound to the fields of `model` puts on its rows; they carry what is `computed`."""
    parts = [condition(part, model) if isinstance(part, Meaning) else _one(part, model) for part in meaning.parts]
    if not parts:
        return Q()
    if meaning.of is Of.ALL:
        return Q(*parts)
    held = Q(*parts, _connector=Q.OR)
    return ~held if meaning.of is Of.NONE else held


def _one(asked: Condition, model: type[Model]) -> Q:
    held = _related(asked, model) if asked.field.through else _held(asked)
    return ~held if asked.is_negated else held


def _related(asked: Condition, model: type[Model]) -> Q:
    """Whether it holds for any of the rows that belong to the record."""
    *way, last = asked.field.through.split("__")
    there: Any = model
    for step in way:
        there = there._meta.get_field(step).related_model
    relation = there._meta.get_field(last)
    assert isinstance(relation, ForeignObjectRel)  # noqa: S101 - a field's `through` names the other end of a foreign key
    rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("__".join([*way, "pk"]))})
    rows = rows.filter(asked.field.among.condition) if asked.field.among else rows
    is_any = asked.field.is_there and asked.operator is Operator.FILLED
    return Q(Exists(rows if is_any else rows.filter(_held(asked))))


def _held(asked: Condition) -> Q:
    """With `is not null` beside every comparison, so that its opposite holds for a row without a value."""
    path = asked.field.path
    is_there = Q(**{f"{path}__isnull": False})
    if asked.operator is not Operator.FILLED:
        return is_there & _compared(asked, path)
    return is_there & ~Q(**{path: _EMPTY[asked.field.kind]}) if asked.field.kind in _EMPTY else is_there


def _compared(asked: Condition, path: str) -> Q:
    kind, operator, value = asked.field.kind, asked.operator, asked.value
    if kind in (Kind.DATE, Kind.MOMENT):
        return _within(path, value)
    if kind is Kind.MONEY:
        return _money(asked)
    if operator is Operator.IN_TEAM:
        return Q(**{f"{asked.field.team or path}__in": value})
    if kind is Kind.CHECKBOX:
        return Q(**{path: True})
    if kind is Kind.CHOICES:
        return _several(asked)
    if operator is Operator.BETWEEN:
        return Q(**{f"{path}__gte": value[0], f"{path}__lte": value[1]})
    if kind is Kind.TEXT:
        return _folded(asked) if asked.field.is_folded else _text(asked)
    return Q(**{f"{path}__in": value}) if operator is Operator.IS else Q(**{f"{path}__{_LOOKUPS[operator]}": value[0]})


def _text(asked: Condition) -> Q:
    """A text is the same in capitals and without."""
    if asked.operator is Operator.IS:
        return Q(*(Q(**{f"{asked.field.path}__iexact": text}) for text in asked.value), _connector=Q.OR)
    return Q(**{f"{asked.field.path}__{_LOOKUPS[asked.operator]}": asked.value[0]})


def _folded(asked: Condition) -> Q:
    """Nothing is computed of what stands there, so that an index alone answers."""
    path, texts = asked.field.path, [text.lower() for text in asked.value]
    return Q(**{f"{path}__in": texts}) if asked.operator is Operator.IS else Q(**{f"{path}__{_FOLDED_LOOKUPS[asked.operator]}": texts[0]})


def _within(path: str, pair: Any) -> Q:
    first, until = pair
    return Q(**({f"{path}__gte": first} if first else {}), **({f"{path}__lt": until} if until else {}))


def _money(asked: Condition) -> Q:
    """One comparison for each currency that has a rate; an amount in another one is in no relation to any value."""
    path, currency = asked.field.path, asked.field.currency
    known = [code for code in asked.value[0] if code]
    compared = (Q(**{currency: code}) & _amount(path, asked.operator, [amounts[code] for amounts in asked.value]) for code in known)
    return Q(*compared, _connector=Q.OR) if known else _NOTHING


def _amount(path: str, operator: Operator, values: list[Any]) -> Q:
    if operator is Operator.BETWEEN:
        return Q(**{f"{path}__gte": values[0], f"{path}__lte": values[1]})
    return Q(**{f"{path}__{_LOOKUPS[operator]}": values[0]})


def _several(asked: Condition) -> Q:
    """The values are a JSON list."""
    connector = Q.AND if asked.operator is Operator.HAS_ALL else Q.OR
    return Q(*(Q(**{f"{asked.field.path}__contains": [value]}) for value in asked.value), _connector=connector)
