"""Tables in workbooks: XLSX, XLS and ODS. What would not fit into memory when it is unpacked is refused before it is."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from tasuki.core.imports.tables import FileRefused, Record

LARGEST_WORKBOOK = 400_000_000
_BLOCK = 1 << 16
# What no honest workbook has: declarations with which a few bytes unfold to gigabytes, or read other files.
_DECLARATION = re.compile(rb"<\0?!\0?(D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)", re.IGNORECASE)
_REFERENCE = re.compile(rb"[vV][^<>]*>\s*(\d{1,9})")
_LONGEST_TAG = 1 << 20


def opened(path: Path, kind: str, sheet: str) -> tuple[list[str], str, Iterator[Record]]:
    """The names of the sheets, the one that is read, and its records. Raises FileRefused."""
    if kind != "xls":
        _refuse_bombs(path)
    try:
        # The name of a stored file says nothing about what it is, so the reader is given the bytes.
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            if sheet and sheet not in workbook.sheet_names:
                raise FileRefused(
                    _("The workbook has no sheet “%(name)s”; it has: %(sheets)s.") % {"name": sheet[:80], "sheets": ", ".join(workbook.sheet_names)}
                )
            chosen = sheet or _fullest(workbook)
            rows = workbook.get_sheet_by_name(chosen).iter_rows()
    except (CalamineError, ValueError, IndexError, OSError):
        if kind == "xls":
            raise FileRefused(_("This is an old Office file, but no workbook that can be read; it may be protected by a password. Save it as XLSX.")) from None
        raise FileRefused(_("This is a zip archive, but no readable XLSX workbook.")) from None
    return list(workbook.sheet_names), chosen, (([_text(cell) for cell in row] if any(cell != "" for cell in row) else [], "") for row in rows)


def _fullest(workbook: CalamineWorkbook) -> str:
    """The first sheet that holds anything; a cover sheet without a cell is passed over."""
    names = workbook.sheet_names
    return next((name for name in names if workbook.get_sheet_by_name(name).height), names[0])


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell)


def _refuse_bombs(path: Path) -> None:
    """Unpack every part and count its bytes, for what the archive says about their number may be a lie."""
    too_large = _("The workbook is larger than %(n)s MB when it is unpacked. Export it as CSV.") % {"n": LARGEST_WORKBOOK // 1_000_000}
    n_unpacked = 0
    texts: list[int] = []
    parts: list[zipfile.ZipInfo] = []
    try:
        with zipfile.ZipFile(path) as archive:
            parts = sorted(archive.infolist(), key=lambda part: "sharedStrings" not in part.filename)
        with path.open("rb") as file:
            n_said = 0
            for part in parts:
                for block in _whole_tags(_unpacked(file, part)):
                    n_unpacked += len(block)
                    if _DECLARATION.search(block):
                        raise FileRefused(_("The workbook holds a document type declaration, which no workbook needs. Export it as CSV."))
                    if "sharedStrings" in part.filename:
                        _measure(texts, block)
                    elif texts and "sheet" in part.filename:
                        n_said += sum(texts[no] for said in _REFERENCE.findall(block) if (no := int(said)) < len(texts))
                    if max(n_unpacked, n_said) > LARGEST_WORKBOOK:
                        raise FileRefused(too_large)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, NotImplementedError, RuntimeError):
        raise FileRefused(_("This is a zip archive, but no readable XLSX workbook.")) from None


def _measure(texts: list[int], block: bytes) -> None:
    """Note how long each shared text is: a long one that many cells name fills the memory as often as it is named."""
    first, *others = re.split(rb"<\w*:?si[ >]", block)
    if texts:
        texts[-1] += len(first)
    texts.extend(map(len, others))


def _whole_tags(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut before a tag and never within one, so that nothing hides on the border of two blocks."""
    held = b""
    for block in blocks:
        held += block
        at = held.rfind(b"<")
        if at > 0 or len(held) > _LONGEST_TAG:
            at = at if at > 0 else len(held)
            yield held[:at]
            held = held[at:]
    yield held


def _unpacked(file: IO[bytes], part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of one part as they come out of the archive."""
    file.seek(part.header_offset)
    head = struct.unpack("<4s5H3I2H", file.read(30))
    file.seek(head[9] + head[10], 1)
    left, inflate = part.compress_size, zlib.decompressobj(-15)
    while left > 0 and (packed := file.read(min(_BLOCK, left))):
        left -= len(packed)
        if part.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        while packed:
            yield inflate.decompress(packed, _BLOCK)
            packed = inflate.unconsumed_tail
