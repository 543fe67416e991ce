"""Days that are named in a text, in the ways in which English, Korean and Japanese write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

_MONTHS = {name: nth for nth, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august", "sep sept september", "oct october",
     "nov november", "dec december"), start=1) for name in names.split()}  # fmt: skip
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_SENTENCE = re.compile(r"[.!?]\s|[。！？\n]")
_EAST = re.compile(r"[가-힣ぁ-んァ-ヶ一-龯]")
# Each way of writing a day, with what its numbers are. A year may be missing.
_DAYS = (
    (re.compile(r"(?<!\d)(20\d\d)\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{1,2})(?!\d)"), "ymd"),
    (re.compile(r"(?<!\d)(20\d\d)\s?[년年]\s?(\d{1,2})\s?[월月]\s?(\d{1,2})\s?[일日]"), "ymd"),
    (re.compile(r"(?<!\d)(\d{1,2})\s?[월月]\s?(\d{1,2})\s?[일日]"), "md"),
    (re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(20\d\d))?", re.IGNORECASE), "Mdy"),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_NAMES})\b\.?(?:,?\s+(20\d\d))?", re.IGNORECASE), "dMy"),
    (re.compile(r"(?<![\d./-])(\d{1,2})/(\d{1,2})(?![\d/])"), "md?"),
)


def named(text: str, *, today: date) -> Iterator[tuple[date, str, str]]:
    """Every day that is named for certain, with a little of what stands before and after it."""
    is_eastern = bool(_EAST.search(text))
    for pattern, order in _DAYS:
        for found in pattern.finditer(text):
            day = _certain(found.groups(), order, today=today, is_eastern=is_eastern)
            if day:
                before, after = text[max(found.start() - 40, 0) : found.start()], text[found.end() : found.end() + 25]
                yield day, _SENTENCE.split(before)[-1], _SENTENCE.split(after)[0]


def _certain(parts: tuple[str | None, ...], order: str, *, today: date, is_eastern: bool) -> date | None:
    """3/4 is the third of April to some who write English, and the fourth of March to others: it is nobody's day. To Koreans and Japanese it is one."""
    if order == "md?":
        first, second = (int(one or 0) for one in parts)
        if not is_eastern and first <= 12 and second <= 12 and first != second:
            return None
        order = "dm" if first > 12 else "md"
    return _day(parts, order, today=today)


def _day(parts: tuple[str | None, ...], order: str, *, today: date) -> date | None:
    year: int | None = None
    month = day = 0
    for part, what in zip(parts, order, strict=False):
        if part is None:
            continue
        if what == "y":
            year = int(part)
        elif what == "d":
            day = int(part)
        else:
            month = _MONTHS[part.casefold()] if what == "M" else int(part)
    try:
        if year is not None:
            return date(year, month, day)
        # Without a year the next such day is meant.
        here = date(today.year, month, day)
        return here if here >= today - timedelta(days=30) else date(today.year + 1, month, day)
    except ValueError:
        return None
