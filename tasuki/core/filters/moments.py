"""The days that words like `today`, `this quarter` and `past 30 days` mean, as half-open ranges of dates.

Weeks begin on Monday (ISO 8601). Quarters and years are those of the organisation's fiscal calendar. A time so far away that the calendar
has no such day is refused.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from django.utils.translation import gettext as _

from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import UNITS, Operator

# [from, until): None on a side is without end.
Days = tuple[date | None, date | None]

_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_ONE_DAY = timedelta(days=1)
_AMOUNT = re.compile(r"(\d{1,5}) *(day|week|month|quarter|year)s?")


def days(operator: Operator, values: tuple[str, ...], *, today: date, fiscal_year_starts_in: int) -> Days:
    """The days that an operator of DATE and MOMENT means. Raises FilterWrong for what is no date, no unit, or out of the calendar."""
    try:
        return _days(operator, values, today=today, starts=fiscal_year_starts_in)
    except (OverflowError, ValueError):
        raise FilterWrong(_("The calendar has no day so far away.")) from None


def _days(operator: Operator, values: tuple[str, ...], *, today: date, starts: int) -> Days:
    match operator:
        case Operator.ON:
            on = _day(values[0], today)
            return on, on + _ONE_DAY
        case Operator.BEFORE:
            return None, _day(values[0], today)
        case Operator.AFTER:
            return _day(values[0], today) + _ONE_DAY, None
        case Operator.BETWEEN:
            first, last = sorted(_day(value, today) for value in values)
            return first, last + _ONE_DAY
        case Operator.PAST:
            return _moved(today, *_amount(values[0]), back=True), today + _ONE_DAY
        case Operator.COMING:
            return today, _moved(today, *_amount(values[0])) + _ONE_DAY
        case Operator.OLDER_THAN:
            return None, _moved(today, *_amount(values[0]), back=True)
        case _:
            return _calendar_unit(values[0], today, starts=starts, shift={Operator.PREVIOUS: -1, Operator.NEXT: 1}.get(operator, 0))


def _day(text: str, today: date) -> date:
    near = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if text in near:
        return today + timedelta(days=near[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FilterWrong(_("“%(value)s” is not a day; write it like 2026-03-02, or today.") % {"value": text[:40]}) from None


def _amount(text: str) -> tuple[int, str]:
    met = _AMOUNT.fullmatch(text)
    if not met:
        raise FilterWrong(_("“%(value)s” is not a stretch of time; write it like 30 days, or 2 quarters.") % {"value": text[:40]})
    return int(met[1]), met[2]


def _calendar_unit(unit: str, today: date, *, starts: int, shift: int) -> Days:
    if unit not in UNITS:
        raise FilterWrong(_("“%(value)s” is not a unit of the calendar; write day, week, month, quarter or year.") % {"value": unit[:40]})
    first = _first_day(unit, today, starts=starts)
    if shift:
        first = _moved(first, abs(shift), unit, back=shift < 0)
    return first, _moved(first, 1, unit)


def _first_day(unit: str, today: date, *, starts: int) -> date:
    if unit == "day":
        return today
    if unit == "week":
        return today - timedelta(days=today.weekday())
    since_start = (today.month - starts) % 12 % _MONTHS_IN[unit]
    return _moved(today.replace(day=1), since_start, "month", back=True)


def _moved(day: date, n: int, unit: str, *, back: bool = False) -> date:
    """The day n units later, or earlier; the last day of a month stands in for one that it does not have."""
    sign = -1 if back else 1
    if unit in ("day", "week"):
        return day + timedelta(days=sign * n * (7 if unit == "week" else 1))
    year, month = divmod(day.year * 12 + day.month - 1 + sign * n * _MONTHS_IN[unit], 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
