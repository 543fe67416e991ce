"""What stands in the columns of a file: how often a cell is filled, which values there are, what they look like."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tasuki.core import countries
from tasuki.core.imports import amounts, reading
from tasuki.core.imports.tables import Other, ReadAs, Row, Said

# Rows that are looked at, and values that are kept of one column.
_ROWS, _VALUES, _SHOWN, _LONGEST = 50_000, 500, 20, 200
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-zA-Z]{2,}")
_PHONE = re.compile(r"\+?[\d(][\d\s().-]{7,18}\d")
_DOMAIN = re.compile(r"(https?://)?([\w-]+\.)+[a-zA-Z]{2,10}(/\S*)?")
_CORPORATE = re.compile(r"\d{13}|\d{3}-\d{2}-\d{5}|\d{6}-\d{7}|\d{2,3} ?\d{3} ?\d{3} ?\d{0,3}")
_DATE = re.compile(
    r"(?=.*\d)(\d{2,4}[-/.年년]\s?\d{1,2}[-/.月월]\s?\d{1,4}.*|\d{1,2} [A-Za-z]{3,9},? \d{4}.*|[A-Za-z]{3,9} \d{1,2}, \d{4}.*|(令和|平成|昭和).+)"
)
_ENOUGH = 0.8


@dataclass
class Seen:
    """One column: filled cells, distinct values with their number in the order of the file, and whether there are more than are kept."""

    n_filled: int = 0
    values: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False

    def add(self, cell: str) -> None:
        words = cell.strip()
        if not words:
            return
        self.n_filled += 1
        if words in self.values or (len(self.values) < _VALUES and len(words) <= _LONGEST):
            self.values[words] += 1
        else:
            self.is_cut = True

    def kind(self) -> str:
        """What most values look like: mail, phone, domain, date, number, country, or empty for words."""
        cells = list(self.values)
        if not cells:
            return ""
        looks: dict[str, Callable[[str], object]] = {
            "mail": _MAIL.fullmatch,
            "date": _DATE.fullmatch,
            "number": amounts.number,
            "country": countries.named,
            "corporate number": _CORPORATE.fullmatch,
            "phone": _PHONE.fullmatch,
            "domain": _DOMAIN.fullmatch,
        }
        for name in ("mail", "date", "phone", "corporate number", "number", "country", "domain"):
            fitting = sum(1 for cell in cells if looks[name](cell) not in (None, ""))
            if fitting >= _ENOUGH * len(cells) and not (name == "phone" and _are_numbers(cells)):
                return name
        return ""


@dataclass(frozen=True)
class Evidence:
    """A file that was looked at. `n_rows` counts what was looked at; `is_whole` says whether that is all."""

    read_as: ReadAs
    header: list[str]
    columns: dict[str, Seen]
    first: list[Row]
    problems: list[Row]
    n_rows: int
    is_whole: bool
    others: list[Other] = field(default_factory=list)


def look(path: Path, said: Said) -> Evidence:
    """Look at a file as far as is needed to know what stands in its columns. Raises FileRefused."""
    with reading.opened(path, said) as table:
        columns = {name: Seen() for name in table.header}
        first: list[Row] = []
        problems: list[Row] = []
        n_rows = 0
        for row in itertools.islice(table.rows, _ROWS):
            n_rows += 1
            if len(first) < _SHOWN:
                first.append(row)
            if row.problem:
                problems += [row] if len(problems) < _SHOWN else []
                continue
            for name, cell in row.cells.items():
                columns[name].add(cell)
        is_whole = next(table.rows, None) is None
    return Evidence(table.read_as, table.header, columns, first, problems, n_rows, is_whole, table.others)


def _are_numbers(cells: Iterable[str]) -> bool:
    """Whether these are amounts or plain counts rather than telephone numbers, which are long or written in groups."""
    return all(re.fullmatch(r"\d{1,8}|\d+\.\d+|\d{1,3}(,\d{3})*", cell) for cell in cells)
