"""The table in a page that calls itself a spreadsheet, as many programs export one."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.encodings import Guess, encoding_of
from tasuki.core.imports.tables import LARGEST_CELL, MOST_COLUMNS, FileRefused, Record, Sureness

_BLOCK = 1 << 16
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def encoding_said(path: Path) -> Guess:
    """What the page says about its own encoding, unless its bytes say otherwise."""
    guess = encoding_of(path)
    with path.open("rb") as file:
        said = _CHARSET.search(file.read(_BLOCK))
    if guess[1] == Sureness.CERTAIN or not said:
        return guess
    name = said[1].decode().lower()
    name = {"ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "shift-jis": "cp932", "iso-8859-1": "cp1252"}.get(name, name)
    return name, Sureness.LIKELY


def records(path: Path, encoding: str) -> Iterator[Record]:
    """The rows of the first table with more than one cell in a row. Nested tables are text of their cell."""
    parser = _Rows()
    try:
        with path.open(encoding=encoding, errors="replace") as file:
            for block in iter(lambda: file.read(_BLOCK), ""):
                parser.feed(block)
                if len(parser.rawdata) > LARGEST_CELL:
                    raise FileRefused(_("The page has a tag that never ends. Export it as CSV or XLSX."))
                yield from parser.taken()
        parser.close()
    except (LookupError, UnicodeError):
        raise FileRefused(_("There is no encoding “%(name)s”.") % {"name": encoding[:40]}) from None
    parser.end_row()
    yield from parser.taken()
    if not parser.n_rows:
        raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": "HTML"})


class _Rows(HTMLParser):
    """Collects the rows of the first table that is one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.ready: deque[Record] = deque()
        self.n_rows = 0
        self.depth = 0
        self.is_over = False
        self.row: list[str] = []
        self.cell: list[str] | None = None
        self.n_characters = 0
        self.span = 1
        self.unseen = ""  # inside this element no text is for reading

    def taken(self) -> Iterator[Record]:
        while self.ready:
            yield self.ready.popleft()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.unseen = tag
        elif tag == "table":
            self.depth += 1
        elif self.depth != 1:
            return
        elif tag == "tr":
            self.end_row()
        elif tag in ("td", "th"):
            self._end_cell()
            said = dict(attrs).get("colspan") or "1"
            self.cell, self.n_characters, self.span = [], 0, min(int(said), MOST_COLUMNS) if said.isdecimal() and len(said) < 5 else 1
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.unseen:
            self.unseen = ""
        elif tag == "table" and self.depth:
            if self.depth == 1:
                self.end_row()
                self.is_over = self.n_rows > 1
            self.depth -= 1
        elif self.depth == 1 and tag in ("td", "th"):
            self._end_cell()
        elif self.depth == 1 and tag == "tr":
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.unseen and self.n_characters <= LARGEST_CELL:
            self.cell.append(data)
            self.n_characters += len(data)

    def end_row(self) -> None:
        self._end_cell()
        if self.row and not self.is_over:
            self.ready.append((self.row, ""))
            self.n_rows += 1
        self.row = []

    def _end_cell(self) -> None:
        if self.cell is None:
            return
        if len(self.row) + self.span <= 2 * MOST_COLUMNS:
            self.row += [" ".join("".join(self.cell).replace("\xa0", " ").split()), *[""] * (self.span - 1)]
        self.cell = None
