"""Files that were brought to be imported and were not yet: those that name an erased person go. After an import its file is gone anyway."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from tasuki.core.imports.sets import ImportFile
from tasuki.relay.personal_data.scrubbing import Marks

_PIECE = 1 << 20
_MOST = 400_000_000
# Whatever an export is written in.
_ENCODINGS = ("utf-8", "cp949", "cp932", "utf-16-le", "utf-16-be")
_NOT_DIGITS = re.compile(rb"[\s().\-/]")


def forget(marks: Marks) -> tuple[int, list[str]]:
    """(how many files named the person, where their bytes lie). The sets forget the files; the caller lets the bytes go."""
    named = [file for file in ImportFile.objects.filter(run__isnull=True) if _names(Path(file.path), marks)]
    stored = [file.stored_as for file in named]
    ImportFile.objects.filter(pk__in=[file.pk for file in named]).delete()
    return len(named), stored


def _names(path: Path, marks: Marks) -> bool:
    """Whether the file says an address, a number or the name of the person, in any of the usual encodings."""
    words = {form for word in marks.written | marks.names for form in (word, word.lower(), unicodedata.normalize("NFD", word))}
    wanted = {encoded for word in words for encoding in _ENCODINGS if (encoded := _encoded(word, encoding))}
    digits = {number.lstrip("+").encode() for number in marks.numbers} | {number[3:].encode() for number in marks.numbers if number.startswith(("+82", "+81"))}
    longest = max(map(len, wanted), default=0)
    before = b""
    for piece in _pieces(path):
        text = before + piece
        plain = _NOT_DIGITS.sub(b"", text)
        if any(one in text or one in text.lower() for one in wanted) or any(one in plain for one in digits):
            return True
        before = text[-longest - 64 :]
    return False


def _encoded(word: str, encoding: str) -> bytes:
    try:
        return word.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes, and of a workbook what is packed in it."""
    if not path.exists():
        return
    try:
        with ZipFile(path) as packed:
            for part in packed.infolist():
                if part.file_size <= _MOST:
                    with packed.open(part) as inner:
                        yield from iter(lambda: inner.read(_PIECE), b"")
        return
    except BadZipFile:
        pass
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE), b"")
