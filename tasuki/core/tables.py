"""Rows as CSV for a spreadsheet, line by line (see workbook.py for XLSX). Nothing in it is ever computed: a text that a spreadsheet would take for
a formula gets an apostrophe before it (CWE-1236)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

# One that has apostrophes before it already gets one more, so that taking one away gives the text back.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# One number, or one telephone number with a space in it, which no spreadsheet can compute; +82-10-5550-0142 it would.
_NUMBER_OR_PHONE = re.compile(r"[+-]?[\d.,]+|\+\d+ [\d ()-]+")


class _Line:
    """What csv writes to: it hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with the mark that tells spreadsheets so; moments as `2026-03-02 09:00`, numbers with a point."""
    writer = csv.writer(_Line())
    yield "\ufeff".encode() + writer.writerow([harmless(cell) for cell in head]).encode()
    for row in rows:
        yield writer.writerow([harmless(_text(cell)) for cell in row]).encode("utf-8", "replace")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def harmless(text: str) -> str:
    """The text of a cell for CSV, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER_OR_PHONE.fullmatch(text) else text


def as_it_was(text: str) -> str:
    """The text of a cell that was written by `csv_lines`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
