"""Rows as a workbook (XLSX, ECMA-376) of one sheet that leaves as its rows come: neither a file nor memory grows with them.

Libraries write a sheet to its end before the first byte of the workbook. A text is written as a text, so that no spreadsheet computes it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _

from tasuki.core.errors import Refused

# The most that a sheet of Excel holds, its head among them.
MOST_ROWS = 1_048_576
# So many bytes are handed on at once.
_CHUNK = 1 << 16
# A sheet of more cells may come to more than the 2 GiB that a zip file of the old kind, which every program reads, holds of one part.
_MANY_CELLS = 10_000_000
# Excel counts the days from here, and has a 29 February 1900; days before the March after it are written as texts.
_FIRST, _FIRST_SURE = datetime(1899, 12, 30), date(1900, 3, 1)  # noqa: DTZ001 - a sheet knows no zones
_BOLD, _DAY, _MOMENT = 1, 2, 3
# What XML cannot hold.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# What a reader would take for a character that was written by its number.
_NUMBERED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MEDIA_TYPE = f"{_TYPE}.sheet"
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": (f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
_SHEET_BEGINS = (
    f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_ENDS = "</sheetData></worksheet>"


class TooManyRows(Refused):
    code = "too_many_rows"

    def __init__(self) -> None:
        super().__init__(_("A workbook holds %(n)s rows at most. Export CSV, or narrow the list.") % {"n": f"{MOST_ROWS - 1:,}"})


def refuse_too_many(n_rows: int) -> None:
    """Raises TooManyRows: asked before the first byte, as later nothing can be said any more."""
    if n_rows >= MOST_ROWS:
        raise TooManyRows


def pieces(head: Sequence[str], rows: Iterable[Sequence[Any]], *, n_rows: int) -> Iterator[bytes]:
    """The bytes of the workbook, of about `n_rows` rows. Moments are written as they are in their zone. Raises TooManyRows, which is too late then."""
    out = _Out()
    is_large = n_rows * max(len(head), 1) > _MANY_CELLS
    with ZipFile(out, "w", ZIP_DEFLATED) as book:
        for name, text in _PARTS.items():
            book.writestr(name, f"{_DECLARATION}{text}")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=is_large) as sheet:
            letters = [_letters(nth) for nth in range(len(head))]
            sheet.write(_SHEET_BEGINS.encode())
            sheet.write(_row(1, letters, head, is_head=True))
            yield out.taken()
            for nth, row in enumerate(rows, start=2):
                if nth > MOST_ROWS:
                    raise TooManyRows
                sheet.write(_row(nth, letters, row))
                if out.n_waiting >= _CHUNK:
                    yield out.taken()
            sheet.write(_SHEET_ENDS.encode())
    yield out.taken()


class _Out(io.RawIOBase):
    """What a zip file is written to: it keeps what came until it is taken, and nobody can go back in it."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self.n_waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._waiting.append(bytes(part))
        self.n_waiting += len(part)
        return len(part)

    def taken(self) -> bytes:
        whole, self._waiting, self.n_waiting = b"".join(self._waiting), [], 0
        return whole


def _row(nth: int, letters: Sequence[str], row: Sequence[Any], *, is_head: bool = False) -> bytes:
    cells = (_cell(f"{column}{nth}", cell, is_head=is_head) for column, cell in zip(letters, row, strict=True) if cell is not None and cell != "")
    return f'<row r="{nth}">{"".join(cells)}</row>'.encode()


def _cell(place: str, cell: Any, *, is_head: bool) -> str:
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, (int, Decimal)):
        return f'<c r="{place}"><v>{cell:f}</v></c>' if isinstance(cell, Decimal) else f'<c r="{place}"><v>{cell}</v></c>'
    if isinstance(cell, date):
        is_moment = isinstance(cell, datetime)
        if (cell.date() if isinstance(cell, datetime) else cell) >= _FIRST_SURE:
            return f'<c r="{place}" s="{_MOMENT if is_moment else _DAY}"><v>{_days(cell)!r}</v></c>'
    style = f' s="{_BOLD}"' if is_head else ""
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{_written(str(cell))}</t></is></c>'


def _days(moment: date) -> float:
    at = moment.replace(tzinfo=None) if isinstance(moment, datetime) else datetime.combine(moment, time())
    since = at - _FIRST
    return since.days + since.seconds / 86_400 if since.seconds else since.days


def _written(text: str) -> str:
    clean = _UNPRINTABLE.sub("", text.encode("utf-8", "replace").decode())[:32_767]
    return escape(_NUMBERED.sub("_x005F_", clean), {"\r": "_x000D_"})


def _letters(nth: int) -> str:
    """The name of a column: A, B, …, Z, AA."""
    before, last = divmod(nth, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)
