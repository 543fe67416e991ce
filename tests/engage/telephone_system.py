"""A telephone system as a process of its own on loopback: it takes calls over HTTP, checks their signatures, and tells what happens."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "sixteen letters and more"


def signature(stamp: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class System(BaseHTTPRequestHandler):
    """`GET /seen` says what was asked; `POST /tell` lets it tell somebody. What is asked of `/elsewhere` is answered by a redirect."""

    seen: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/tell":
            self._say(200, {"status": tell(**json.loads(body))})
        elif self.path.startswith("/elsewhere"):
            self._say(302, {}, location="/calls")
        elif self.path.startswith("/broken"):
            self._say(200, {"id": "../../etc"})
        elif self.headers.get("X-Tasuki-Signature") != signature(self.headers.get("X-Tasuki-Timestamp", ""), body):
            self._say(403, {})
        else:
            self.seen.append(json.loads(body))
            self._say(201, {"id": f"line-{len(self.seen)}"})

    def do_DELETE(self) -> None:
        self.seen.append({"hung_up": self.path})
        self._say(204, {})

    def do_GET(self) -> None:
        self._say(200, {"seen": self.seen})

    def _say(self, status: int, said: dict[str, Any], *, location: str = "") -> None:
        body = json.dumps(said).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: Any) -> None:
        """It keeps quiet."""


def tell(*, to: str, external_id: str, event: str, at: str) -> int:
    """The system's side of a message; → the status that it was answered with."""
    body, stamp = json.dumps({"id": external_id, "event": event, "at": at}).encode(), str(int(time.time()))
    headers = {"Content-Type": "application/json", "X-Tasuki-Timestamp": stamp, "X-Tasuki-Signature": signature(stamp, body)}
    with urllib.request.urlopen(urllib.request.Request(to, body, headers)) as answer:  # noqa: S310 - the address is the test's own
        return int(answer.status)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), System)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
