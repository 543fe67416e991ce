"""A filter answered for one row in plain Python: the reference that the condition in PostgreSQL must agree with.

It serves where there is one record and no query: routing rules, triggers, and "why is this here?".
"""

from __future__ import annotations

import operator as python
from typing import Any

from tasuki.core.filters.binding import Condition, Meaning
from tasuki.core.filters.fields import Field, Kind, Operator
from tasuki.core.filters.sentences import Of

_COMPARISONS = {Operator.OVER: python.gt, Operator.UNDER: python.lt, Operator.AT_LEAST: python.ge, Operator.AT_MOST: python.le}


def holds(meaning: Meaning, row: Any) -> bool:
    """Whether the row is meant. Follows the same paths as the query: attributes, keys of a dict, and the rows of a `through`."""
    if not meaning.parts:
        return True
    answers = (holds(part, row) if isinstance(part, Meaning) else condition_holds(part, row) for part in meaning.parts)
    if meaning.of is Of.ALL:
        return all(answers)
    return any(answers) is (meaning.of is Of.ANY)


def condition_holds(asked: Condition, row: Any) -> bool:
    """Whether one clause is true of the row."""
    field = asked.field
    rows = _belonging(row, field) if field.through else [row]
    if field.is_there and asked.operator is Operator.FILLED:
        return bool(rows) is not asked.is_negated
    return any(_held(asked, one) for one in rows) is not asked.is_negated


def _belonging(row: Any, field: Field) -> list[Any]:
    *way, last = field.through.split("__")
    for step in way:
        row = getattr(row, step)
    return [one for one in getattr(row, last).all() if field.among is None or field.among.answer(one)]


def _held(asked: Condition, row: Any) -> bool:
    value = _at(row, asked, asked.field.path)
    if value is None or value in ("", []):
        return False
    if asked.operator is Operator.FILLED:
        return True
    if asked.operator is Operator.IN_TEAM:
        return _at(row, asked, asked.field.team or asked.field.path) in asked.value
    if asked.field.kind is Kind.MONEY:
        return _money_held(asked, value, _at(row, asked, asked.field.currency))
    return _OF_KIND.get(asked.field.kind, _listed)(asked, value)


def _listed(asked: Condition, value: Any) -> bool:
    return value in asked.value


def _ticked(asked: Condition, value: Any) -> bool:  # noqa: ARG001 - one of several ways to compare
    return bool(value)


def _days_held(asked: Condition, value: Any) -> bool:
    first, until = asked.value
    return (first is None or value >= first) and (until is None or value < until)


def _several_held(asked: Condition, value: Any) -> bool:
    return (all if asked.operator is Operator.HAS_ALL else any)(one in value for one in asked.value)


def _text_held(asked: Condition, value: Any) -> bool:
    value, texts = value.upper(), [text.upper() for text in asked.value]
    if asked.operator is Operator.CONTAINS:
        return texts[0] in value
    return value.startswith(texts[0]) if asked.operator is Operator.STARTS_WITH else value in texts


def _money_held(asked: Condition, value: Any, currency: str) -> bool:
    return bool(currency) and currency in asked.value[0] and _size_held(asked.operator, value, [amounts[currency] for amounts in asked.value])


def _number_held(asked: Condition, value: Any) -> bool:
    return _size_held(asked.operator, value, asked.value)


def _size_held(operator: Operator, value: Any, asked: Any) -> bool:
    if operator is Operator.IS:
        return value in asked
    if operator is Operator.BETWEEN:
        return bool(asked[0] <= value <= asked[1])
    return bool(_COMPARISONS[operator](value, asked[0]))


_OF_KIND = {
    Kind.TEXT: _text_held,
    Kind.WHOLE: _number_held,
    Kind.NUMBER: _number_held,
    Kind.DATE: _days_held,
    Kind.MOMENT: _days_held,
    Kind.CHOICES: _several_held,
    Kind.CHECKBOX: _ticked,
}


def _at(row: Any, asked: Condition, path: str) -> Any:
    if path in asked.field.computed:
        return asked.field.computed[path].answer(row)
    for step in path.split("__"):
        if row is None:
            return None
        # The other end of a one-to-one relation, such as the score of a lead, may not be there.
        row = row.get(step) if isinstance(row, dict) else getattr(row, step, None)
    return row
