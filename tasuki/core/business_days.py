"""Business days: when an office works. Public holidays are those of the country, as far as the `holidays` package knows it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

_SATURDAY = 5


def is_business_day(day: date, *, country: str) -> bool:
    """Whether offices in the country (two letters, "" for none) work on that day. Unknown countries have weekends only."""
    return day.weekday() < _SATURDAY and day not in _holidays(country, day.year)


def next_business_day(day: date, *, country: str) -> date:
    """The first business day after `day`."""
    return on_or_after(day + timedelta(days=1), country=country)


def on_or_after(day: date, *, country: str) -> date:
    """The day itself when offices work on it, else the next on which they do."""
    while not is_business_day(day, country=country):
        day += timedelta(days=1)
    return day


def next_week(day: date, *, country: str) -> date:
    """The first business day of the week after."""
    return on_or_after(day + timedelta(days=7 - day.weekday()), country=country)


def holiday_name(day: date, *, country: str) -> str:
    """What the country celebrates on that day, in its own language; nothing on other days and for unknown countries."""
    return _holidays(country, day.year).get(day, "")


def holidays_of(year: int, *, country: str) -> dict[date, str]:
    """The public holidays of a year by day, named in the language of the country."""
    return dict(sorted(_holidays(country, year).items()))


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> dict[date, str]:
    try:
        # Without being told, the package names them in the language that the environment of the process happens to have.
        language = holidays.country_holidays(country).default_language
        return dict(holidays.country_holidays(country, years=year, language=language))
    except NotImplementedError:
        return {}
