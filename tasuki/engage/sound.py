"""What the bytes of a recording are, and how long it is, as far as they say so themselves."""

from __future__ import annotations

import wave
from typing import IO

_LONGEST_SECONDS = 24 * 3600
_MP4_BRANDS = (b"M4A ", b"M4B ", b"isom", b"iso2", b"mp41", b"mp42")
_BEGINNINGS = ((b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b"\x1aE\xdf\xa3", "audio/webm"), (b"ID3", "audio/mpeg"))


def media_type(head: bytes) -> str:
    """By the first sixteen bytes, whatever the file is called; "" for what is no sound that a browser plays."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS:
        return "audio/mp4"
    if _begins_a_frame(head):
        return "audio/mpeg"
    return next((kind for magic, kind in _BEGINNINGS if head.startswith(magic)), "")


def wav_seconds(stored: IO[bytes]) -> int | None:
    """The length of a WAV; None for one in a coding that is not read here (a browser may), or that is broken."""
    try:
        with wave.open(stored) as sound:
            rate = sound.getframerate()
            return min(round(sound.getnframes() / rate), _LONGEST_SECONDS) if rate else None
    except (wave.Error, EOFError, RuntimeError):  # wave says RuntimeError for a chunk that ends beyond the file
        return None


def _begins_a_frame(head: bytes) -> bool:
    """A frame of MPEG audio: eleven bits set, then a version and a layer that there are."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08 and head[1] & 0x06 != 0
