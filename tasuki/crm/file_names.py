"""What an attached file is called: the sender's name for it, without what could mislead whoever reads or opens it."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

LONGEST_BYTES = 255
# What an operating system reads as something else than part of a name, and what turns the direction of writing or is not seen.
_NOT_IN_NAMES = frozenset('<>:"|?*')
_UNSEEN = frozenset("\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")


def normalised(name: str) -> str:
    """The last part of a path, of characters that are seen, at most 255 bytes with its ending; “file” when nothing is left."""
    last = PurePosixPath(name.replace("\\", "/")).name
    seen = "".join(
        "_" if character in _NOT_IN_NAMES else character
        for character in unicodedata.normalize("NFC", last)
        if character not in _UNSEEN and unicodedata.category(character) not in ("Cc", "Cs")
    )
    label = " ".join(seen.split()).rstrip(". ")
    if not label.strip("._ "):
        return "file"
    return _shortened(label)


def ending(name: str) -> str:
    """“.pdf”, in lower case; "" for a name without one."""
    return PurePosixPath(name).suffix.lower()


def _shortened(label: str) -> str:
    if len(label.encode()) <= LONGEST_BYTES:
        return label
    suffix = PurePosixPath(label).suffix if len(PurePosixPath(label).suffix.encode()) <= 20 else ""
    stem = label.removesuffix(suffix).encode()[: LONGEST_BYTES - len(suffix.encode())].decode("utf-8", "ignore")
    return stem + suffix
