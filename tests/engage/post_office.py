"""A real post office on loopback for tests of people's own mail: a server for sending that keeps what it takes, and Dovecot for reading.

They know each other as in life: what is sent to an address is put into its box, and into the box of its sender as sent. Whatever
certificate they show is vouched for by an authority that only these tests trust.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.web import postbox

NOBODY, PASSWORD = "nobody", "app-pass-7Kx"
_SENT = ".Sent"


class Dovecot:
    """One Dovecot with a folder of its own. Boxes come to be when somebody signs in, or when a letter is put into them."""

    def __init__(self, folder: Path, *, certificate: Path) -> None:
        self.folder, self.certificate = folder, certificate
        self.port, self.tls_port = postbox.free_port(), postbox.free_port()
        self._n = 0
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        if not Path(program).exists():
            pytest.fail("The tests of mail need Dovecot: run bin/setup-tests (as root on Debian), or install it (dovecot-imapd).")
        # Dovecot refuses to let root read mail: root starts it as nobody.
        person = NOBODY if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        entry = pwd.getpwnam(person)
        (self.folder / "boxes").mkdir()
        (self.folder / "dovecot.conf").write_text(self._configuration(person, entry))
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        options: dict[str, Any] = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self._running = subprocess.Popen([program, "-F", "-c", str(self.folder / "dovecot.conf")], cwd=self.folder, **options)
        _wait_for(self.port, log=self.folder / "log")

    def stop(self) -> None:
        if self._running:
            self._running.send_signal(signal.SIGTERM)
            self._running.wait(timeout=20)

    def put(self, person: str, letter: bytes, *, folder: str = "") -> None:
        """Deliver a letter, as a mail server does: written beside, then moved into the box in one step."""
        self._n += 1
        box = self.box(person) / folder
        name = f"{time.time_ns()}.{os.getpid()}_{self._n}.test"
        draft = box / "tmp" / name
        draft.write_bytes(letter)
        draft.chmod(0o666)
        draft.rename(box / "new" / name)

    def letters(self, person: str, *, folder: str = "") -> list[bytes]:
        box = self.box(person) / folder
        return [path.read_bytes() for part in ("new", "cur") for path in sorted((box / part).iterdir())]

    def empty(self) -> None:
        for box in (self.folder / "boxes").iterdir():
            shutil.rmtree(box)

    def box(self, person: str) -> Path:
        box = self.folder / "boxes" / person
        for folder in ("", _SENT):
            for part in ("tmp", "new", "cur"):
                (box / folder / part).mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            entry = pwd.getpwnam(NOBODY)
            for path in (box, *box.rglob("*")):
                if path.is_dir():
                    os.chown(path, entry.pw_uid, entry.pw_gid)
        return box

    def _configuration(self, person: str, entry: pwd.struct_passwd) -> str:
        here = self.folder
        return f"""
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {person}
default_internal_group = {_group(entry)}
default_login_user = {person}
first_valid_uid = 1
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.certificate}
disable_plaintext_auth = no
mail_location = maildir:{here}/boxes/%u
maildir_stat_dirs = no
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={entry.pw_uid} gid={entry.pw_gid} home={here}/boxes/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
"""


def _group(entry: pwd.struct_passwd) -> str:
    import grp

    return grp.getgrgid(entry.pw_gid).gr_name


class Exchange:
    """Takes letters and delivers them; counts how often each was taken. `before_answer` is called when the server has a letter, before it says so;
    what it returns is said instead."""

    def __init__(self, dovecot: Dovecot | None) -> None:
        self.dovecot = dovecot
        self.port = 0
        self.taken: Counter[str] = Counter()
        self.letters: list[Any] = []
        self.said: list[bytes] = []
        self.rcpt_answers: list[str] = []
        self.before_answer: Callable[[str], str | None] = lambda _message_id: None
        self.files_copies = True

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:  # type: ignore[no-untyped-def]
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:  # type: ignore[no-untyped-def]
        letter = message_from_bytes(envelope.content, policy=policy.default)
        message_id = str(letter["Message-ID"]).strip("<>")
        self.taken[message_id] += 1
        self.letters.append(letter)
        self.said.append(envelope.content)
        if self.dovecot:
            for address in envelope.rcpt_tos:
                self.dovecot.put(address.partition("@")[0], envelope.content)
            if self.files_copies:
                self.dovecot.put(envelope.mail_from.partition("@")[0], envelope.content, folder=_SENT)
        return self.before_answer(message_id) or "250 Taken"


@contextmanager
def exchange(dovecot: Dovecot | None = None, *, tls: Path | None = None) -> Iterator[Exchange]:
    """A server for sending that knows one password, for everybody; with a certificate it speaks TLS from the first word."""
    box = Exchange(dovecot)
    box.port = postbox.free_port()
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)

    def knows(_server, _session, _envelope, _mechanism, said) -> AuthResult:  # type: ignore[no-untyped-def]
        return AuthResult(success=said.password == PASSWORD.encode(), handled=False)

    # What is asked for is on the line that TLS made private already, or on loopback.
    running = Controller(
        box, hostname="127.0.0.1", port=box.port, server_hostname="localhost", ssl_context=context, authenticator=knows, auth_require_tls=False
    )
    running.start()
    yield box
    running.stop()


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    folder = Path(tempfile.mkdtemp(prefix="tasuki-mail-"))
    folder.chmod(0o755)
    office = Dovecot(folder, certificate=postbox.certificate(folder))
    try:
        office.start()
        yield office
    finally:
        office.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, *, log: Path) -> None:
    for _nth in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"Dovecot did not start: {log.read_text() if log.exists() else 'it wrote no log'}")
