"""Asking a virus scanner about a file: clamd over its socket, or a command that reads the file and answers by how it ends.

Whoever asks fails closed: a scanner that does not answer has not said that a file is clean.
"""

from __future__ import annotations

import shlex
import socket
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Protocol
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TIMEOUT_SECONDS = 60.0
_PIECE = 64 * 1024
_LONGEST_ANSWER = 4096
# How clamscan and clamdscan end, and what others follow.
_CLEAN, _FOUND = 0, 1


class ScannerSettingWrong(ImproperlyConfigured):
    """The setting is not one; the message says what is missing."""

    def __init__(self, why: str) -> None:
        super().__init__(f"TASUKI_SCANNER cannot be used: {why} It reads clamd:///run/clamav/clamd.ctl, clamd://127.0.0.1:3310 or command:/usr/bin/scan -")


class ScannerAway(OSError):
    """The scanner does not answer, or says nothing that tells clean from infected."""


@dataclass(frozen=True)
class Verdict:
    """What a scanner says of a file; `finding` is its name for what it found."""

    is_clean: bool
    finding: str = ""


class Scanner(Protocol):
    def scan(self, pieces: Iterable[bytes]) -> Verdict:
        """Raises ScannerAway."""


@dataclass(frozen=True)
class Clamd:
    """clamd, spoken to by its INSTREAM command. `address`: a path, or host and port."""

    address: str | tuple[str, int]

    def scan(self, pieces: Iterable[bytes]) -> Verdict:
        try:
            with self._connected() as talk:
                talk.sendall(b"zINSTREAM\0")
                for piece in _cut(pieces):
                    talk.sendall(struct.pack("!L", len(piece)) + piece)
                talk.sendall(struct.pack("!L", 0))
                answer = _read(talk)
        except OSError as error:
            raise ScannerAway(f"clamd: {error}") from error
        words = answer.removeprefix("stream: ")
        if words == "OK":
            return Verdict(is_clean=True)
        if words.endswith(" FOUND"):
            return Verdict(is_clean=False, finding=words.removesuffix(" FOUND"))
        raise ScannerAway(f"clamd says “{answer[:200]}”")

    def _connected(self) -> socket.socket:
        if isinstance(self.address, tuple):
            return socket.create_connection(self.address, timeout=_TIMEOUT_SECONDS)
        talk = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        talk.settimeout(_TIMEOUT_SECONDS)
        try:
            talk.connect(self.address)
        except OSError:
            talk.close()
            raise
        return talk


@dataclass(frozen=True)
class Command:
    """A program that gets the file on its standard input, ends with 0 for clean and with 1 for infected, and says why on its output."""

    words: tuple[str, ...]

    def scan(self, pieces: Iterable[bytes]) -> Verdict:
        try:
            # Through a file: a program that does not read would let us wait for ever at a full pipe.
            with TemporaryFile() as spool:
                spool.writelines(pieces)
                spool.seek(0)
                ended = subprocess.run(self.words, stdin=spool, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_TIMEOUT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ScannerAway(f"{self.words[0]}: {error}") from error
        if ended.returncode == _CLEAN:
            return Verdict(is_clean=True)
        if ended.returncode == _FOUND:
            return Verdict(is_clean=False, finding=" ".join(ended.stdout.decode("utf-8", "replace").split())[:200])
        raise ScannerAway(f"{self.words[0]} ended with {ended.returncode}")


def scanner(setting: str) -> Scanner | None:
    """The scanner that `TASUKI_SCANNER` names; None for an empty setting. Raises ScannerSettingWrong."""
    if not setting:
        return None
    if setting.startswith("command:"):
        words = tuple(shlex.split(setting.removeprefix("command:")))
        if not words:
            raise ScannerSettingWrong("it names no command.")
        return Command(words)
    try:
        address = urlsplit(setting)
        port = address.port
    except ValueError as error:
        raise ScannerSettingWrong(f"{error}.") from None
    if address.scheme != "clamd":
        raise ScannerSettingWrong("it must begin with clamd:// or command:.")
    if address.hostname and port:
        return Clamd((address.hostname, port))
    if not address.hostname and address.path:
        return Clamd(address.path)
    raise ScannerSettingWrong("it must name a socket, or a host and a port.")


def _cut(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """No piece longer than clamd takes, and none that is empty: an empty one would end the stream."""
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            yield piece[start : start + _PIECE]


def _read(talk: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        more = talk.recv(_LONGEST_ANSWER)
        if not more:
            break
        answer += more
    return answer.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
