"""Rows as a file for a spreadsheet: CSV line by line, XLSX from a file that is written as it grows. Nothing in it is ever computed.

A text that a spreadsheet would take for a formula gets an apostrophe before it in CSV (CWE-1236); in XLSX it is written as text.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext as _

from tasuki.core.errors import Refused

# The most that a sheet of Excel holds, its head among them.
MOST_ROWS_IN_XLSX = 1_048_576
# One that has apostrophes before it already gets one more, so that taking one away gives the text back.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER_OR_PHONE = re.compile(r"[+-]?[\d ().,-]+")
# What XML cannot hold.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class TooManyRows(Refused):
    code = "too_many_rows"

    def __init__(self) -> None:
        super().__init__(_("A workbook holds %(n)s rows at most. Export CSV, or narrow the list.") % {"n": f"{MOST_ROWS_IN_XLSX - 1:,}"})


class _Line:
    """What csv writes to: it hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with the mark that tells spreadsheets so; moments as `2026-03-02 09:00`, numbers with a point."""
    writer = csv.writer(_Line())
    yield "\ufeff".encode() + writer.writerow([_harmless(cell) for cell in head]).encode()
    for row in rows:
        yield writer.writerow([_harmless(_text(cell)) for cell in row]).encode("utf-8", "replace")


def xlsx(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """A workbook of one sheet, at its beginning. Row by row it costs no memory. Raises TooManyRows."""
    # Here, and not above: nothing else needs it, and it takes its time.
    from xlsxwriter import Workbook

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller reads it
    book = Workbook(file, {"constant_memory": True, "remove_timezone": True, "default_date_format": "yyyy-mm-dd hh:mm", "strings_to_formulas": False})
    sheet, bold, day = book.add_worksheet(), book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    for column, cell in enumerate(head):
        sheet.write_string(0, column, _clean(cell), bold)
    for nth, row in enumerate(rows, start=1):
        if nth >= MOST_ROWS_IN_XLSX:
            book.close()  # it has files of its own
            file.close()
            raise TooManyRows
        for column, cell in enumerate(row):
            _write(sheet, nth, column, cell=cell, day=day)
    book.close()
    file.seek(0)
    return file


def _write(sheet: Any, row: int, column: int, *, cell: Any, day: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, (int, Decimal)):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, day)
    else:
        sheet.write_string(row, column, _clean(str(cell)))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER_OR_PHONE.fullmatch(text) else text


def as_it_was(text: str) -> str:
    """The text of a cell that was written by `csv_lines`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.encode("utf-8", "replace").decode())[:32_767]
