"""Checking a filter against the fields of a noun, and turning its words into typed values for the one who asks, today."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from tasuki.core.filters import moments
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import OPPOSITES, Asker, Field, Fields, Kind, Operator, how_many_values
from tasuki.core.filters.sentences import Clause, Group, Of

LONGEST_VALUE = 500
_LARGEST_NUMBER = Decimal(10) ** 15
_LARGEST_ID = 2**63 - 1
_TIMES = (Kind.DATE, Kind.MOMENT)
_IDS = (Kind.PERSON, Kind.TEAM, Kind.RECORD)
_SIZES = (Kind.WHOLE, Kind.NUMBER)


@dataclass(frozen=True)
class Condition:
    """One clause, understood. `operator` is never one that is only an opposite: `is_negated` says that.

    `value` is by kind: texts, decimals, ids as tuples; days or moments as a half-open pair (None: without end); money as a tuple of
    {currency: decimal}; nothing where the operator takes none.
    """

    field: Field
    operator: Operator
    is_negated: bool
    value: Any


@dataclass(frozen=True)
class Meaning:
    """A group, understood. No group within it is empty."""

    of: Of
    parts: tuple[Condition | Meaning, ...]


def bind(group: Group, fields: Fields, *, asker: Asker) -> Meaning:
    """What the filter means; a group without parts means nothing, and goes.

    Raises FilterWrong for unknown or hidden fields, operators that a field does not know, and unreadable values.
    """
    parts = (bind(part, fields, asker=asker) if isinstance(part, Group) else _condition(part, fields.get(part.field), asker) for part in group.parts)
    return Meaning(group.of, tuple(part for part in parts if isinstance(part, Condition) or part.parts))


def _condition(clause: Clause, field: Field, asker: Asker) -> Condition:
    if clause.operator not in field.operators:
        raise FilterWrong(_("“%(field)s” cannot be asked “%(operator)s”.") % {"field": field.label, "operator": clause.operator[:80]})
    operator = Operator(clause.operator)
    least, most = how_many_values(operator)
    if not least <= len(clause.values) <= most:
        raise FilterWrong(_("“%(field)s” “%(operator)s” has too many or too few values.") % {"field": field.label, "operator": operator.label})
    for value in clause.values:
        _refuse_unless_readable(value, field)
    asked = OPPOSITES.get(operator, operator)
    if field.folded and clause.values and field.folded.is_all():
        field = replace(field, path=field.folded.path)
    condition = Condition(field, asked, asked is not operator, ())
    return replace(condition, value=_value(condition, clause.values, asker)) if least else condition


def _refuse_unless_readable(value: str, field: Field) -> None:
    if not value:
        raise FilterWrong(_("A value of “%(field)s” is nothing at all; ask whether it is empty instead.") % {"field": field.label})
    if len(value) > LONGEST_VALUE or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise FilterWrong(_("A value of “%(field)s” is too long, or has signs that no text has.") % {"field": field.label})


def _value(condition: Condition, values: tuple[str, ...], asker: Asker) -> Any:
    kind = condition.field.kind
    if kind in _TIMES:
        return _time(condition, values, asker)
    if kind in _SIZES:
        return tuple(sorted(_number(value, is_whole=kind is Kind.WHOLE) for value in values))
    if kind is Kind.MONEY:
        return tuple(sorted((_money(value, asker) for value in values), key=lambda amounts: amounts[_HOME]))
    if condition.operator is Operator.IN_TEAM:
        return tuple(sorted(frozenset[int]().union(*map(partial(_team, asker=asker), values))))
    if kind in _IDS:
        return tuple(_id(value, kind, asker) for value in values)
    return values


def _time(condition: Condition, values: tuple[str, ...], asker: Asker) -> moments.Days | tuple[datetime | None, datetime | None]:
    days = moments.days(condition.operator, values, today=asker.today, fiscal_year_starts_in=asker.fiscal_year_starts_in())
    if condition.field.kind is Kind.DATE:
        return days
    return _midnight(days[0], asker), _midnight(days[1], asker)


def _midnight(day: date | None, asker: Asker) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), asker.zone)


def _number(text: str, *, is_whole: bool) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > _LARGEST_NUMBER:
        raise FilterWrong(_("“%(value)s” is not a number.") % {"value": text[:40]})
    if is_whole and number != number.to_integral_value():
        raise FilterWrong(_("“%(value)s” is not a whole number.") % {"value": text[:40]})
    return number


# The organisation's own currency: all rates are in it.
_HOME = ""


def _money(text: str, asker: Asker) -> dict[str, Decimal]:
    """The amount in every known currency: `5000000` in the organisation's, or `5000 USD`."""
    rates = asker.rates()
    amount, _space, currency = text.partition(" ")
    currency = currency.strip().upper()
    if currency and currency not in rates:
        raise FilterWrong(_("There is no exchange rate for “%(value)s”.") % {"value": currency[:10]})
    at_home = _number(amount, is_whole=False) * (rates[currency] if currency else 1)
    return {_HOME: at_home} | {known: at_home if rate == 1 else round(at_home / rate, 6) for known, rate in rates.items()}


def _team(text: str, asker: Asker) -> frozenset[int]:
    """A team and those under it."""
    return asker.teams if text == "mine" else asker.tree_of(_number_of_record(text))


def _id(text: str, kind: Kind, asker: Asker) -> int:
    return asker.user_id if text == "me" and kind is Kind.PERSON else _number_of_record(text)


def _number_of_record(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= _LARGEST_ID):
        raise FilterWrong(_("“%(value)s” is not the number of a record.") % {"value": text[:40]})
    return int(text)
