"""The virus scanner: clamd on a real socket, a command, and what is no answer."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasuki.core import virus_scanner
from tasuki.core.virus_scanner import Clamd, Command, ScannerAway, ScannerSettingWrong, Verdict, scanner

# The test file of the European institute for antivirus research, in two halves so that no scanner takes these lines for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Peer:
    """Speaks as clamd does: INSTREAM, lengths and pieces until an empty one, then one answer."""

    def __init__(self, server: socket.socket) -> None:
        self.server, self.seen = server, b""
        self.answer: bytes | None = None  # None: as clamd would

    def serve(self) -> None:
        while True:
            try:
                talk, _address = self.server.accept()
            except OSError:
                return
            with talk, talk.makefile("rb") as heard:
                if heard.read(10) != b"zINSTREAM\0":
                    continue
                self.seen = b""
                while length := struct.unpack("!L", heard.read(4))[0]:
                    self.seen += heard.read(length)
                found = b"stream: Eicar-Test-Signature FOUND" if EICAR in self.seen else b"stream: OK"
                talk.sendall((found if self.answer is None else self.answer) + b"\0")


@contextmanager
def clamd(place: Path | None = None) -> Iterator[tuple[Peer, str]]:
    """A peer on a socket of the file system or on loopback, and the setting that names it."""
    server = socket.socket(socket.AF_UNIX if place else socket.AF_INET)
    server.bind(str(place) if place else ("127.0.0.1", 0))
    server.listen()
    peer = Peer(server)
    threading.Thread(target=peer.serve, daemon=True).start()
    try:
        yield peer, f"clamd://{place}" if place else "clamd://{}:{}".format(*server.getsockname())
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def named(setting: str) -> Clamd | Command:
    found = scanner(setting)
    assert isinstance(found, (Clamd, Command))
    return found


@pytest.mark.parametrize("is_local", [True, False], ids=["unix", "tcp"])
def test_clamd_tells_clean_from_infected(tmp_path: Path, *, is_local: bool) -> None:
    with clamd(tmp_path / "clamd.ctl" if is_local else None) as (peer, setting):
        asked = named(setting)
        assert asked.scan([b"a", b"", b"b" * 300_000]) == Verdict(is_clean=True)
        assert peer.seen == b"a" + b"b" * 300_000, "an empty piece does not end the stream"
        assert asked.scan([EICAR[:20], EICAR[20:]]) == Verdict(is_clean=False, finding="Eicar-Test-Signature")
        assert asked.scan([]) == Verdict(is_clean=True)


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR", b"", b"OK", b"stream: MAYBE", b"\xff\xfe"])
def test_what_is_no_answer_is_not_taken_for_clean(answer: bytes) -> None:
    with clamd() as (peer, setting):
        peer.answer = answer
        if answer == b"OK":
            assert named(setting).scan([b"x"]).is_clean
        else:
            with pytest.raises(ScannerAway):
                named(setting).scan([b"x"])


def test_a_scanner_that_is_not_there_has_said_nothing(tmp_path: Path) -> None:
    with clamd() as (_peer, setting):
        pass
    for one in (setting, f"clamd://{tmp_path}/none.ctl", "command:/no/such/scanner -"):
        with pytest.raises(ScannerAway):
            named(one).scan([b"x"])


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("import sys; sys.stdin.buffer.read()", Verdict(is_clean=True)),
        ("import sys; sys.stdin.buffer.read(); print('stdin: Worm'); sys.exit(1)", Verdict(is_clean=False, finding="stdin: Worm")),
        ("import sys; sys.exit(1)", Verdict(is_clean=False)),
        ("import sys; sys.exit(2)", None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", None),
    ],
)
def test_a_command_answers_by_how_it_ends(code: str, verdict: Verdict | None) -> None:
    asked = Command((sys.executable, "-c", code))
    if verdict is None:
        with pytest.raises(ScannerAway):
            asked.scan([b"x" * 500_000] * 4)
    else:
        assert asked.scan([b"x" * 500_000] * 4) == verdict


def test_a_command_that_neither_reads_nor_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virus_scanner, "_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(ScannerAway, match="timed out"):
        Command((sys.executable, "-c", "import time; time.sleep(5)")).scan([b"x" * 500_000] * 4)


@pytest.mark.parametrize("setting", ["clamav:///x", "clamd://", "clamd://host", "clamd://host:many", "command:", "/run/clamav/clamd.ctl"])
def test_a_setting_that_is_none_is_told_at_once(setting: str) -> None:
    with pytest.raises(ScannerSettingWrong, match="TASUKI_SCANNER"):
        scanner(setting)


def test_without_a_setting_there_is_no_scanner() -> None:
    assert scanner("") is None
    assert scanner("command:/usr/bin/clamdscan --no-summary -") == Command(("/usr/bin/clamdscan", "--no-summary", "-"))
