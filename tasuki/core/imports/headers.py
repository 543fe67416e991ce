"""Which of the first records of a file holds the names of the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

_NUMBER = re.compile(r"[-+]?[$€£¥₩]?\s?(\d[\d.,' ]*|\.\d+)([eE][-+]?\d+)?\s?%?|nan", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\.?([ T]\d.*)?|\d{1,2}:\d{2}(:\d{2})?.*")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-zA-Z]{2,}")
_YEAR = re.compile(r"(19|20)\d\d")
# How far down a header may stand, and how many records tell what a column holds.
_DEEPEST, _EVIDENCE = 40, 200


def header_row(records: Sequence[list[str]]) -> int:
    """The number of the record with the column names, from 1; 0 when the first record is data already."""
    first = _first_wide(records)
    kinds = kinds_of(records[first + 1 : first + 1 + _EVIDENCE])
    if _is_data(records[first], kinds):
        return 0 if not any(_n_filled(cells) for cells in records[:first]) else first
    following = first + 1
    if _is_sentence(records[first]) and following < len(records):
        kinds = kinds_of(records[following + 1 : following + 1 + _EVIDENCE])
        if kinds and _names_all(records[following], kinds):
            return following + 1
    return first + 1


def is_split(records: Sequence[list[str]], at: int) -> bool:
    """Whether the names go on in the record below the one at that index: groups above, such as merged cells leave them, names below."""
    if at + 2 >= len(records):
        return False
    above, below = records[at], records[at + 1]
    kinds = kinds_of(records[at + 2 : at + 2 + _EVIDENCE])
    blanks = [no for no in range(1, min(len(above), len(below))) if not above[no].strip() and below[no].strip()]
    return bool(blanks and kinds) and not any(kind_of(cell) for cell in below) and all(no in kinds or not _values_at(records, at + 2, no) for no in blanks)


def joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """The names of a header in two records; a group reaches to the next one."""
    names, group = [], ""
    for no, name in enumerate(below):
        said = above[no].strip() if no < len(above) else ""
        group = said or (group if name.strip() else "")
        names.append(f"{group} {name.strip()}".strip())
    return names + [name.strip() for name in above[len(below) :]]


def _values_at(records: Sequence[list[str]], start: int, no: int) -> bool:
    return any(len(cells) > no and cells[no].strip() for cells in records[start : start + _EVIDENCE])


def kind_of(cell: str) -> str:
    """What one cell looks like: number, date, mail, or empty for any other text."""
    words = cell.strip()
    if _NUMBER.fullmatch(words):
        return "number"
    if _DATE.fullmatch(words):
        return "date"
    return "mail" if _MAIL.fullmatch(words) else ""


def _first_wide(records: Sequence[list[str]]) -> int:
    """The first record that is as wide as the table below it: what stands above are titles, one cell each."""
    filled = [_n_filled(cells) for cells in records]
    wide = [n for n in filled if n > 1]
    enough = max(2.0, 0.4 * median(wide)) if len(wide) > 1 or (wide and filled[0] != 1) else 1.0
    # A name and many lone values is a table of one column with a stray delimiter.
    for at, n in enumerate(filled[:_DEEPEST]):
        if n >= enough:
            return at
    return next(at for at, n in enumerate(filled) if n)


def kinds_of(records: Sequence[list[str]]) -> dict[int, str]:
    """The columns whose cells below are all of one kind."""
    columns: dict[int, set[str]] = {}
    for cells in records:
        for at, cell in enumerate(cells):
            if cell.strip():
                columns.setdefault(at, set()).add(kind_of(cell))
    return {at: next(iter(kinds)) for at, kinds in columns.items() if len(kinds) == 1 and "" not in kinds}


def _is_data(cells: list[str], kinds: dict[int, str]) -> bool:
    """Whether the first record holds values of the kinds that follow. Years are names as often as values, so they say nothing."""
    said = [(cell.strip(), kinds[at]) for at, cell in enumerate(cells) if at in kinds and cell.strip()]
    if not said or any(kind_of(cell) != kind for cell, kind in said):
        return any(kind_of(cell) == "mail" for cell in cells)
    return not all(_YEAR.fullmatch(cell) for cell, _kind in said)


def _is_sentence(cells: list[str]) -> bool:
    return max(len(cell) for cell in cells) > 20 and sum(map(len, cells)) / len(cells) > 20


def _names_all(cells: list[str], kinds: dict[int, str]) -> bool:
    return all(at < len(cells) and cells[at].strip() and not kind_of(cells[at]) for at in kinds)


def _n_filled(cells: list[str]) -> int:
    return sum(1 for cell in cells if cell.strip())
