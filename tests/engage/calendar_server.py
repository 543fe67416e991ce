"""Servers of calendars on loopback: a real one (Radicale), and one that answers whatever a test wants."""

from __future__ import annotations

import base64
import http.client
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.web import postbox

LOGIN, PASSWORD = "saori", "app-pass-9Qz"
_STARTS_SECONDS = 20.0
_MKCALENDAR = (
    '<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><d:displayname>{name}</d:displayname>'
    '<c:supported-calendar-component-set><c:comp name="VEVENT"/></c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>'
)


class Radicale:
    """One Radicale, whose only person is Saori."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, postbox.free_port()
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.folder / "people").write_text(f"{LOGIN}:{PASSWORD}\n")
        said = [
            f"--server-hosts=127.0.0.1:{self.port}", "--auth-type=htpasswd", f"--auth-htpasswd-filename={self.folder / 'people'}",
            "--auth-htpasswd-encryption=plain", "--auth-delay=0", f"--storage-filesystem-folder={self.folder / 'kept'}", "--logging-level=critical",
            "--web-type=none",
        ]  # fmt: skip
        self._running = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "radicale", "--config=", *said], cwd=self.folder)
        until = time.monotonic() + _STARTS_SECONDS
        while time.monotonic() < until:
            try:
                self.asked("PROPFIND", "/", headers={"Depth": "0"})
            except OSError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("Radicale did not start")

    def stop(self) -> None:
        if self._running:
            self._running.terminate()
            self._running.wait(timeout=20)

    def asked(self, method: str, path: str, *, content: str = "", headers: dict[str, str] | None = None) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sign = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        line.request(method, path, content.encode(), {"Authorization": f"Basic {sign}", **(headers or {})})
        answer = line.getresponse()
        said = answer.status, answer.read().decode()
        line.close()
        return said

    def calendar(self, name: str) -> str:
        """A new calendar; → its path."""
        path = f"/{LOGIN}/{name}/"
        assert self.asked("MKCALENDAR", path, content=_MKCALENDAR.format(name=name))[0] == 201
        return path

    def put(self, path: str, text: str) -> None:
        assert self.asked("PUT", path, content=text, headers={"Content-Type": "text/calendar"})[0] in {201, 204}

    def texts(self, path: str) -> list[str]:
        """What stands in a calendar."""
        folder = self.folder / "kept" / "collection-root" / path.strip("/")
        return [one.read_text() for one in sorted(folder.iterdir()) if one.suffix == ".ics"]

    def empty(self) -> None:
        shutil.rmtree(self.folder / "kept" / "collection-root" / LOGIN, ignore_errors=True)


@contextmanager
def radicale() -> Iterator[Radicale]:
    folder = Path(tempfile.mkdtemp(prefix="tasuki-calendars-"))
    server = Radicale(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


class Hostile:
    """A server that does whatever `answers` does; `asked` is what was asked of it."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.answers: Answer = lambda handler, _body: said(handler, 500)


@contextmanager
def hostile(*, tls: Path | None = None) -> Iterator[Hostile]:
    box = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self.anything
            raise AttributeError(name)

        def anything(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            box.asked.append((self.command, self.path, dict(self.headers)))
            try:
                box.answers(self, body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_what: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_who: None  # type: ignore[method-assign]  # who hangs up on it is what is tested
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    box.port = server.server_address[1]
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    running.start()
    yield box
    server.shutdown()
    server.server_close()


def said(handler: BaseHTTPRequestHandler, status: int, content: str | bytes = b"", **headers: str) -> None:
    content = content.encode() if isinstance(content, str) else content
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def event(uid: str, begins: str, ends: str, *lines: str) -> str:
    """`begins` and `ends` with what stands before the colon, as in “;TZID=Asia/Tokyo:20260304T100000”."""
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//somebody//EN", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260301T000000Z", f"DTSTART{begins}",
        f"DTEND{ends}", "SUMMARY:dentist", *lines, "END:VEVENT", "END:VCALENDAR", "",
    ])  # fmt: skip
