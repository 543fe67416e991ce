"""Dates as people write them. What a column's dates mean is decided from all of them; what they leave open is asked, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime

# Formats in which the year or the month is written so that there is no doubt, then those in which day and month may be taken for each other.
_CERTAIN = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%Y년 %m월 %d일", "%Y년%m월%d일", "%Y. %m. %d", "%Y. %m. %d.", "%Y.%m.%d.")
_NAMED = ("%d %b, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%d %B, %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
_OPEN = tuple(
    sign.join(parts) for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"), ("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d")) for sign in "/-."
)
_TIMES = (
    "",
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    "T%H:%M:%SZ",
    "T%H:%M:%S%z",
    "T%H:%M:%S.%f",
    "T%H:%M:%S.%fZ",
    "T%H:%M:%S.%f%z",
    " %H:%M:%S.%f",
    " %H:%M:%S%z",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    ", %I:%M %p",
)
_SHAPE = re.compile(r"\d")
ALTERNATIVES = " | "
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "R": 2018, "H": 1988, "S": 1925}
_ERA = re.compile(r"(令和|平成|昭和|[RHS])\s?(\d{1,2}|元)[年./-](\d{1,2})[月./-](\d{1,2})日?")


def formats_of(cells: Iterable[str]) -> list[list[str]]:
    """The readings of a column: each a list of formats that together read every cell. One reading is certain, several are a question, none is no date.

    Two readings mean different days; spellings of the same day, such as with and without a time, are one reading.
    """
    left = [unicodedata.normalize("NFKC", cell).strip() for cell in cells if cell.strip()]
    certain = _needed(left, (*_CERTAIN, *_NAMED))
    open_ = [cell for cell in left if not any(_reads(cell, pattern) for pattern in certain)]
    if not open_:
        return [certain] if left else []
    readings = []
    for order in range(0, len(_OPEN), 3):
        own = _needed(open_, _OPEN[order : order + 3])
        if all(any(_reads(cell, pattern) for pattern in own) for cell in open_):
            readings.append([*certain, *own])
    return readings


def read(cell: str, said: str) -> datetime:
    """The moment that a cell says in one of the formats, or in one that leaves no doubt when none is said. Raises ValueError."""
    words = unicodedata.normalize("NFKC", cell).strip()
    for pattern in said.split(ALTERNATIVES) if said else ():
        try:
            return _sane(datetime.strptime(words, pattern))  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
    if said:
        raise ValueError(cell)
    try:
        return _sane(datetime.fromisoformat(words.replace("/", "-") if words[:4].isdecimal() else words))
    except ValueError:
        return _sane(_written_out(words))


def _written_out(words: str) -> datetime:
    era = _ERA.fullmatch(words)
    if era:
        year = _ERAS[era[1]] + (1 if era[2] == "元" else int(era[2]))
        return datetime(year, int(era[3]), int(era[4]))  # noqa: DTZ001 - the zone follows
    for pattern in _needed([words], (*_CERTAIN, *_NAMED)):
        return datetime.strptime(words, pattern)  # noqa: DTZ007 - the zone follows
    raise ValueError(words)


def _needed(cells: list[str], patterns: Iterable[str]) -> list[str]:
    """The formats that read cells which none before them reads. Each shape of cell is tried once."""
    needed: list[str] = []
    open_ = list({_SHAPE.sub("0", cell): cell for cell in cells}.values()) if len(cells) > 200 else cells
    for pattern in patterns:
        for time in _TIMES:
            read_so = [cell for cell in open_ if _reads(cell, pattern + time)]
            if read_so:
                needed.append(pattern + time)
                open_ = [cell for cell in open_ if cell not in set(read_so)]
            if not open_:
                return needed
    return needed


def _reads(cell: str, pattern: str) -> bool:
    try:
        _sane(datetime.strptime(cell, pattern))  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _sane(value: datetime) -> datetime:
    if not 1900 <= value.year <= 2200:
        raise ValueError(value)
    return value


def shown(pattern: str, on: date) -> str:
    """A day written in a format, for asking which one is meant."""
    return on.strftime(pattern.partition(" %H")[0].partition("T%H")[0])
