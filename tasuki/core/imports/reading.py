"""Reading a table from a file of somebody else's making: CSV in any common dialect and encoding, or XLSX. Streams."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# The cells of one row as they stand in the file, and why it cannot be used, if so.
Record = tuple[list[str], "_StrOrPromise"]

MOST_COLUMNS = 300
LARGEST_CELL = 10_000_000
LARGEST_WORKBOOK = 1_000_000_000
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
def opened(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Iterator[Table]:
    """Open a file as a table; `sheet` names one of a workbook, which otherwise is its first. Raises FileRefused with a sentence for a file that is none."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise FileRefused(_("The file is empty."))
    if head.startswith(b"PK\x03\x04"):
        yield _from_xlsx(path, sheet)
        return
    for start, kind in _OTHERS.items():
        if head.lstrip().startswith(start):
            raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": kind})
    encoding = encoding or _encoding_of(path, head)
    delimiter = delimiter or _delimiter_of(_decoded(head, encoding))
    yield _table(_records(_lines(path, encoding), delimiter), encoding=encoding, delimiter=delimiter)


def count_rows(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> int:
    """How many rows the table has, reading it once; refuses what `opened` refuses."""
    with opened(path, encoding=encoding, delimiter=delimiter, sheet=sheet) as table:
        return sum(1 for row in table.rows)


def _table(records: Iterator[Record], *, encoding: str, delimiter: str) -> Table:
    header_no, (names, problem) = next(((no, record) for no, record in enumerate(records, start=1) if record != ([], "")), (0, ([], "")))
    if not header_no:
        raise FileRefused(_("The file is empty."))
    if problem:
        raise FileRefused(problem)
    header = [name.strip().strip("\ufeff") for name in names]
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
    return Table(header, _rows(header, records, after=header_no), encoding, delimiter)


def _rows(header: list[str], records: Iterator[Record], *, after: int) -> Iterator[Row]:
    for row_no, (cells, problem) in enumerate(records, start=after + 1):
        if problem or any(cell.strip() for cell in cells):
            yield Row(row_no, dict(zip(header, cells, strict=False)), str(problem or _problem(header, cells)))


def _problem(header: list[str], cells: list[str]) -> _StrOrPromise:
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


def _records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The records of a CSV file. A quote that is never closed would swallow the rows after it, so its line is given up alone.

    Strict, because only then the reader says that a quoted cell ran on to the end of the file, or into the next quote.
    """
    # The limit bounds how much is read on behind a quote that is not closed, too.
    csv.field_size_limit(LARGEST_CELL)
    feed, held, taken = iter(lines), deque[str](), list[str]()
    reader = csv.reader(_noted(feed, held, taken), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if len(taken[0]) > LARGEST_CELL:
                yield [], _("A cell of the row is larger than ten million characters.")
            else:
                yield [], _("The quotation marks of the row are wrong: one is not closed, or stands in the middle of a cell.")
            held.extendleft(reversed(taken[1:]))
            reader = csv.reader(_noted(feed, held, taken), delimiter=delimiter, strict=True)
        else:
            yield record, ""


def _lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with path.open(encoding=encoding, errors="tasuki_marked", newline="") as lines:
            yield from lines
    except UnicodeError:
        # Such as UTF-16 that does not begin with a mark of its byte order.
        raise FileRefused(_("The file is not written in the encoding “%(name)s”.") % {"name": encoding[:40]}) from None


def _noted(feed: Iterator[str], held: deque[str], taken: list[str]) -> Iterator[str]:
    """The lines held back before, then new ones; each that is taken is noted."""
    while (line := held.popleft() if held else next(feed, None)) is not None:
        taken.append(line)
        yield line


def _marked(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are no text: half a character, which no encoding can hold, so that the row is known by it."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - says which error it is to the type checker
    return "\udc80", error.end


codecs.register_error("tasuki_marked", _marked)


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
    except (LookupError, UnicodeError):
        raise FileRefused(_("There is no encoding “%(name)s”.") % {"name": encoding[:40]}) from None


def _delimiter_of(head: str) -> str:
    outside = re.sub(r'"[^"]*"', "", head).split("\n", 1)[0]
    return max(_DELIMITERS, key=outside.count) if any(sign in outside for sign in _DELIMITERS) else ","


def _from_xlsx(path: Path, sheet: str) -> Table:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > LARGEST_WORKBOOK:
            raise FileRefused(_("The workbook is larger than %(n)s MB when it is unpacked. Export it as CSV.") % {"n": LARGEST_WORKBOOK // 1_000_000})
        workbook = CalamineWorkbook.from_path(str(path))
        if sheet and sheet not in workbook.sheet_names:
            raise FileRefused(_("The workbook has no sheet “%(name)s”; it has: %(sheets)s.") % {"name": sheet[:80], "sheets": ", ".join(workbook.sheet_names)})
        rows = (workbook.get_sheet_by_name(sheet) if sheet else workbook.get_sheet_by_index(0)).iter_rows()
    except (zipfile.BadZipFile, CalamineError, ValueError, IndexError, OSError):
        raise FileRefused(_("This is a zip archive, but no readable XLSX workbook.")) from None
    records: Iterator[Record] = (([_text(cell) for cell in row] if any(cell != "" for cell in row) else [], "") for row in rows)
    return _table(records, encoding="xlsx", delimiter="")


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
