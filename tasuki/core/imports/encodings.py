"""In which encoding a file is written, and how sure that is."""

from __future__ import annotations

import codecs
import re
from functools import cache
from pathlib import Path

from charset_normalizer import from_bytes
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.tables import FileRefused, Sureness

Guess = tuple[str, Sureness]

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\x00\x00": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_EASTERN = ("cp949", "cp932", "euc_jp")
_WESTERN = ["cp1252", "iso8859_15", "cp1250", "cp1251", "mac_roman"]
# Bytes of lines that are not plain ASCII: those alone tell encodings apart, wherever in the file they stand.
_SAMPLE = 256 * 1024
_LOOKED_AT = 64 * 1024 * 1024
_LONGEST_LINE = 1 << 20
# What people write with: Latin, Greek, Cyrillic, Hebrew, Arabic, kana, Han, Hangul, and their punctuation.
_USUAL = re.compile("[\t\r\n -~\u00a0-\u06ff\u2010-\u20bf\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffe6]")


def encoding_of(path: Path) -> Guess:
    """The encoding of a text file, seen from all of its lines that can tell. Raises FileRefused when none fits."""
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, Sureness.CERTAIN
    unmarked = unmarked_utf16(head)
    if unmarked:
        return unmarked, Sureness.LIKELY
    telling, n_whole, n_broken = _telling_lines(path)
    if not n_broken:
        return "utf-8", Sureness.CERTAIN
    if n_whole >= 9 * n_broken:
        # A few bad bytes among much good text are those rows' problem, not the file's.
        return "utf-8", Sureness.LIKELY
    return _legacy(telling)


def unmarked_utf16(head: bytes) -> str:
    """UTF-16 without the mark of its byte order, known by its zeros, its line ends and signs that belong together; empty for anything else."""
    if b"\0" not in head:
        return ""
    usual = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = head[: len(head) // 2 * 2].decode(encoding, errors="replace")
        # Plain letters, two by two, are Han as well: one zero among them makes no UTF-16 while their lines end within those signs.
        is_whole = text and text.count("\r") + text.count("\n") >= (head.count(b"\r") + head.count(b"\n")) / 2
        usual[encoding] = sum(1 for letter in text if _USUAL.match(letter)) / len(text) if is_whole else 0.0
    best = max(usual, key=lambda encoding: usual[encoding])
    return best if usual[best] > 0.97 else ""


def _telling_lines(path: Path) -> tuple[bytes, int, int]:
    """The lines that are not plain ASCII, as many as are needed; how many of them are whole UTF-8, and how many are not."""
    telling, n_whole, n_broken, n_read = bytearray(), 0, 0, 0
    with path.open("rb") as file:
        while n_read < _LOOKED_AT and (line := file.readline(_LONGEST_LINE)):
            n_read += len(line)
            if line.isascii():
                continue
            if len(telling) < _SAMPLE:
                telling += line
            if _is_utf8(line):
                n_whole += 1
            else:
                n_broken += 1
    return bytes(telling), n_whole, n_broken


def _is_utf8(line: bytes) -> bool:
    try:
        # A very long line may be cut within a letter.
        codecs.getincrementaldecoder("utf-8")("strict").decode(line)
    except UnicodeDecodeError:
        return False
    return True


def _legacy(telling: bytes) -> Guess:
    eastern = sorted(((_likeness(telling, encoding), encoding) for encoding in _EASTERN), reverse=True)
    (best, encoding), (second, _other) = eastern[:2]
    if best > 0:
        return encoding, Sureness.LIKELY if best - max(second, 0) > 0.45 or second <= 0 else Sureness.UNSURE
    if _is_half_width(telling):
        return "cp932", Sureness.UNSURE
    found = from_bytes(telling, cp_isolation=_WESTERN)
    western = found.best()
    if western is None:
        # Every byte is some letter in this one, so it can always be read; whether rightly, only a person can say.
        if b"\0" in telling:
            raise FileRefused(_("The encoding of the file is not known. Save it as UTF-8."))
        return "cp1252", Sureness.UNSURE
    # Western encodings differ in few letters; a short text seldom has the ones that tell.
    n_high = sum(1 for byte in telling if byte > 127)
    return western.encoding, Sureness.LIKELY if n_high >= 20 and len(found) == 1 else Sureness.UNSURE


def _is_half_width(telling: bytes) -> bool:
    """Whether this may be Japanese in half-width kana, as old systems of banks write; capital Cyrillic looks the same."""
    letters = [character for character in _read_as(telling, "cp932") if not character.isascii()]
    return len(letters) > 2 and sum("\uff66" <= character <= "\uff9f" for character in letters) > len(letters) / 2


def _likeness(sample: bytes, encoding: str) -> float:
    """How much the bytes look like Korean or Japanese when read so: the mean over its letters, below 0 for neither.

    The same bytes often decode in several of these encodings; what differs is whether the letters belong together.
    Nobody writes Hangul and kana in one sentence, and half-width kana is rare, so both speak against a reading.
    """
    text = _read_as(sample, encoding)
    letters = [character for character in text if not character.isascii()]
    if not letters:
        return -1.0
    hangul = sum(_is_usual_hangul(character) for character in letters)
    # Of the 11,172 syllables 2,350 are in use; the rest are what other encodings look like when read as Korean.
    odd = sum("\uac00" <= character <= "\ud7a3" or "\u3131" <= character <= "\u318e" for character in letters) - hangul
    kana = sum("\u3041" <= character <= "\u30ff" for character in letters)
    kanji = sum("\u4e00" <= character <= "\u9fff" for character in letters)
    half_width = sum("\uff61" <= character <= "\uff9f" for character in letters)
    return (hangul + kana + 0.5 * kanji - 3 * (half_width + odd) - 4 * min(hangul, kana)) / len(letters) - 0.4


def _read_as(sample: bytes, encoding: str) -> str:
    """The text of the lines when they are in this encoding, or nothing when more than a few of them are not."""
    try:
        # The sample may end within a letter.
        return codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        lines = sample.splitlines()
    whole = [text for line in lines if (text := line.decode(encoding, errors="replace")) and "\ufffd" not in text]
    return "".join(whole) if len(whole) >= 0.9 * len(lines) and len(lines) > 10 else ""


@cache
def _is_usual_hangul(character: str) -> bool:
    # The codec spells a rare syllable with eight bytes, a usual one has a code of two.
    return "\uac00" <= character <= "\ud7a3" and len(character.encode("euc_kr")) == 2
