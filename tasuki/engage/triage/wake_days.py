"""Wake days: when somebody who says “not now” would rather be asked, by their own words."""

from __future__ import annotations

from datetime import date, timedelta

from tasuki.engage.triage import dates, phrases
from tasuki.engage.triage.classifying import plain

# A day that is nearer is a meeting, not a later.
_NEAREST, _FURTHEST = timedelta(days=7), timedelta(days=366)
_SPANS = (("in_weeks", 7), ("in_months", 30))


def proposed(words: str, *, today: date) -> date | None:
    """The day that they name, or the beginning of the week, month, quarter or year; None when they say nothing that can be counted on."""
    text = plain(words)
    named = [day for day, _before, _after in dates.named(text, today=today) if today + _NEAREST <= day <= today + _FURTHEST]
    if named:
        return min(named)
    for name, n_days in _SPANS:
        for pattern in phrases.each("later", name):
            if found := pattern.search(text):
                n = phrases.numbers().get(found["n"].casefold()) or (int(found["n"]) if found["n"].isdigit() else 0)
                return today + timedelta(days=n * n_days) if n and timedelta(days=n * n_days) <= _FURTHEST else None
    for name, begins in (
        ("next_year", date(today.year + 1, 1, 15)),
        ("next_quarter", _quarter_after(today)),
        ("next_month", _first_of(today.year, today.month + 1)),
        ("next_week", today + timedelta(days=7 - today.weekday())),
    ):
        if phrases.of("later", name).search(text):
            return begins
    return None


def _quarter_after(today: date) -> date:
    return _first_of(today.year, (today.month - 1) // 3 * 3 + 4)


def _first_of(year: int, month: int) -> date:
    """Of a month that may lie in the next year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
