"""Public holidays: those of a country, as far as the `holidays` package knows it. An unknown country has none."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


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
