"""Reading a table from a file of somebody else's making: CSV in any common dialect and encoding, or XLSX. Streams."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from tasuki.core.errors import Refused

MOST_COLUMNS = 300
LARGEST_CELL = 10_000_000
_SAMPLE = 256 * 1024
_EASTERN = ("cp949", "cp932", "euc_jp")
_DELIMITERS = ",;\t|"
# What a file begins with when it is not the text it claims to be.
_OTHERS = {
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "XLS",
    b"<!DOC": "HTML",
    b"<html": "HTML",
    b"<!doc": "HTML",
    b"<HTML": "HTML",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
}
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class FileRefused(Refused):
    code = "file_refused"


@dataclass(frozen=True)
class Row:
    """One row: its number in the file (the header is 1), its cells by column, and why it cannot be used, if so."""

    row_no: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """An open table. `rows` may be walked once."""

    header: list[str]
    rows: Iterator[Row]
    encoding: str
    delimiter: str


@contextmanager
def opened(path: Path, *, encoding: str = "", delimiter: str = "") -> Iterator[Table]:
    """Open a file as a table. Raises FileRefused with a sentence for a file that is none."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise FileRefused(_("The file is empty."))
    if head.startswith(b"PK\x03\x04"):
        yield _from_xlsx(path)
        return
    for start, kind in _OTHERS.items():
        if head.lstrip().startswith(start):
            raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": kind})
    encoding = encoding or _encoding_of(path, head)
    text = _decoded(head, encoding)
    delimiter = delimiter or _delimiter_of(text.split("\n", 1)[0])
    _widen_cells()
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as lines:
        yield _table(_records(lines, delimiter), encoding=encoding, delimiter=delimiter)


def count_rows(path: Path, *, encoding: str = "", delimiter: str = "") -> int:
    """How many rows the table has, reading it once; refuses what `opened` refuses."""
    with opened(path, encoding=encoding, delimiter=delimiter) as table:
        return sum(1 for row in table.rows)


def _table(records: Iterator[list[str]], *, encoding: str, delimiter: str) -> Table:
    try:
        header = [name.strip().strip("\ufeff") for name in next(records)]
    except StopIteration:
        raise FileRefused(_("The file is empty.")) from None
    while header and not header[-1]:
        header.pop()
    if not header:
        raise FileRefused(_("The first row has no column names."))
    if len(header) > MOST_COLUMNS:
        raise FileRefused(_("The file has %(n)s columns; at most %(most)s can be read.") % {"n": len(header), "most": MOST_COLUMNS})
    if "\0" in "".join(header):
        raise FileRefused(_("The column names hold NUL characters: this is not a text file."))
    twice = [name for name, n in Counter(name for name in header if name).items() if n > 1]
    if twice:
        raise FileRefused(_("The column “%(name)s” stands in the header more than once.") % {"name": twice[0][:80]})
    return Table(header, _rows(header, records), encoding, delimiter)


def _rows(header: list[str], records: Iterator[list[str]]) -> Iterator[Row]:
    for row_no, cells in enumerate(records, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        yield Row(row_no, dict(zip(header, cells, strict=False)), str(_problem(header, cells)))


def _problem(header: list[str], cells: list[str]) -> Any:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return _("The row has %(n)s cells, the header only %(m)s.") % {"n": len(cells), "m": len(header)}
    for cell in cells:
        if "\0" in cell:
            return _("The row holds a NUL character.")
        if len(cell) > LARGEST_CELL:
            return _("A cell of the row is larger than ten million characters.")
        if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
            return _("The row holds bytes that are no text in this file's encoding.")
    return ""


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    # Not strict: a stray quote in one cell must not cost the rest of the file.
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield [f"\0{error}"]


def _widen_cells() -> None:
    # One over the largest we accept, so that a cell beyond it is one row's problem and not the reader's.
    csv.field_size_limit(LARGEST_CELL * 4)


def _encoding_of(path: Path, head: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if _is_utf8(path):
        return "utf-8"
    if head.count(b"\0") > len(head) // 5:
        return "utf-16-le" if head[1::2].count(b"\0") >= head[::2].count(b"\0") else "utf-16-be"
    eastern = {encoding: _likeness(head, encoding) for encoding in _EASTERN}
    best = max(eastern, key=lambda encoding: eastern[encoding])
    if eastern[best] > 0:
        return best
    western = from_bytes(head, cp_isolation=["cp1252", "iso8859_15", "cp1250"]).best()
    if western is None:
        raise FileRefused(_("The encoding of the file is not known. Save it as UTF-8."))
    return western.encoding


def _likeness(head: bytes, encoding: str) -> float:
    """How much the bytes look like Korean or Japanese when read so: the mean over its letters, below 0 for neither.

    The same bytes often decode in several of these encodings; what differs is whether the letters belong together.
    Nobody writes Hangul and kana in one sentence, and half-width kana is rare, so both speak against a reading.
    """
    try:
        # The sample may end within a letter.
        text = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeDecodeError:
        return -1.0
    letters = [character for character in text if not character.isascii()]
    if not letters:
        return -1.0
    hangul = sum(_is_usual_hangul(character) for character in letters)
    # Of the 11,172 syllables 2,350 are in use; the rest are what other encodings look like when read as Korean.
    odd = sum("\uac00" <= character <= "\ud7a3" for character in letters) - hangul
    kana = sum("\u3041" <= character <= "\u30ff" for character in letters)
    kanji = sum("\u4e00" <= character <= "\u9fff" for character in letters)
    half_width = sum("\uff61" <= character <= "\uff9f" for character in letters)
    return (hangul + kana + 0.5 * kanji - 3 * (half_width + odd) - 4 * min(hangul, kana)) / len(letters) - 0.4


@cache
def _is_usual_hangul(character: str) -> bool:
    # The codec spells a rare syllable with eight bytes, a usual one has a code of two.
    return "\uac00" <= character <= "\ud7a3" and len(character.encode("euc_kr")) == 2


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            for _block in iter(lambda: file.read(1 << 20), ""):
                pass
    except UnicodeDecodeError as error:
        # A few bad bytes far down are those rows' problem; at the head they are the file's.
        return error.start > _SAMPLE
    return True


def _decoded(head: bytes, encoding: str) -> str:
    try:
        return head.decode(encoding, errors="replace")
    except LookupError:
        raise FileRefused(_("There is no encoding “%(name)s”.") % {"name": encoding[:40]}) from None


def _delimiter_of(first_line: str) -> str:
    outside = "".join(first_line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count) if any(sign in outside for sign in _DELIMITERS) else ","


def _from_xlsx(path: Path) -> Table:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
    except (CalamineError, ValueError, IndexError, OSError):
        raise FileRefused(_("This is a zip archive, but no readable XLSX workbook.")) from None
    records = itertools.dropwhile(lambda cells: not any(cells), ([_text(cell) for cell in row] for row in sheet.iter_rows()))
    return _table(iter(records), encoding="xlsx", delimiter="")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell)
