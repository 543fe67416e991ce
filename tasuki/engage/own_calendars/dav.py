"""CalDAV: the little of it that we need, spoken over lines that are opened by our rule (`core.named_hosts`).

By Python's own http.client, which lets us open the line ourselves, and defusedxml. The libraries for CalDAV that there are bring an HTTP client
that looks hosts up by itself and goes wherever a server sends it. Here a server can send us to another path of itself, and nowhere else: the
password is for one host only. No answer is waited for longer than a minute, or read further than `LARGEST`.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Timer
from urllib.parse import quote, urljoin, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import defusedxml
from defusedxml.ElementTree import ParseError, fromstring

from tasuki.core import named_hosts
from tasuki.core.named_hosts import CALENDARS, HostForbidden
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble

WAITS_SECONDS, _QUIET_SECONDS = 60.0, 20.0
LARGEST = 16 * 1024 * 1024
LONGEST_ADDRESS = 500
_MOST_REDIRECTS, _LONGEST_PATH = 3, 1_000
_REDIRECTS = {301, 302, 303, 307, 308}
_NAMESPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
DAV, CALDAV, SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
_XML = {"Content-Type": "application/xml; charset=utf-8"}


class AddressWrong(ValueError):
    """It is no address of a calendar: https and the name of a server, without a password in it."""


class Changed(Exception):
    """What stands there is not what we said stands there."""


class TooLarge(Exception):
    """The answer is larger than anything that we read."""


@dataclass(frozen=True)
class Origin:
    """A server: to one of these a password is given, and to no other."""

    host: str
    port: int
    is_private: bool

    def __str__(self) -> str:
        usual = 443 if self.is_private else 80
        return f"{'https' if self.is_private else 'http'}://{self.host}{'' if self.port == usual else f':{self.port}'}"


@dataclass(frozen=True)
class Found:
    """One thing that a server lists: its path there, and its properties by their name."""

    path: str
    properties: dict[str, Element] = field(default_factory=dict)

    def text(self, name: str) -> str:
        there = self.properties.get(name)
        return (there.text or "").strip() if there is not None else ""

    def named(self, name: str) -> str:
        """The path or address that a property names."""
        there = self.properties.get(name)
        href = there.find(f"{DAV}href") if there is not None else None
        return (href.text or "").strip() if href is not None else ""

    def holds(self, name: str, inner: str) -> bool:
        there = self.properties.get(name)
        return there is not None and there.find(inner) is not None


@dataclass(frozen=True)
class Event:
    """What stands at a path: its version, and its text."""

    etag: str
    text: str


def parted(address: str) -> tuple[Origin, str]:
    """The server of an address, and the path there. Raises AddressWrong."""
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except (ValueError, UnicodeError):
        raise AddressWrong from None
    if parts.scheme not in {"https", "http"} or not re.fullmatch(r"[a-z0-9:]([a-z0-9.:-]{0,251}[a-z0-9])?", host) or "@" in parts.netloc:
        raise AddressWrong
    if len(address) > LONGEST_ADDRESS or any(ord(one) < 33 or ord(one) == 127 for one in address.strip()):
        raise AddressWrong
    is_private = parts.scheme == "https"
    # What is not in the alphabet of addresses is written as they write it; what is, stays.
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return Origin(host, port or (443 if is_private else 80), is_private), path


class Server:
    """One server, as one person: each question on a line of its own, which is closed after it."""

    def __init__(self, origin: Origin, *, login: str, password: str) -> None:
        self.origin, self._password = origin, password
        self._sign = base64.b64encode(f"{login}:{password}".encode()).decode("ascii")

    def properties(self, path: str, *names: str, depth: int = 0) -> list[Found]:
        """The properties of what stands at the path; with a depth of one, of what stands below it too. Raises CalendarTrouble, TooLarge."""
        body = f'<?xml version="1.0"?><d:propfind {_NAMESPACES}><d:prop>{"".join(f"<{name}/>" for name in names)}</d:prop></d:propfind>'
        return self._listed("PROPFIND", path, body, depth=depth)

    def between(self, path: str, start: datetime, end: datetime) -> list[Found]:
        """The versions of what lies in this time, the events that come again among them. Raises CalendarTrouble, TooLarge."""
        body = (
            f'<?xml version="1.0"?><c:calendar-query {_NAMESPACES}><d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR">'
            f'<c:comp-filter name="VEVENT"><c:time-range start="{_stamp(start)}" end="{_stamp(end)}"/></c:comp-filter></c:comp-filter></c:filter>'
            f"</c:calendar-query>"
        )
        return self._listed("REPORT", path, body, depth=1)

    def texts(self, path: str, paths: Sequence[str]) -> list[Found]:
        """What these events say. Raises CalendarTrouble, TooLarge."""
        hrefs = "".join(f"<d:href>{escape(one)}</d:href>" for one in paths)
        body = f'<?xml version="1.0"?><c:calendar-multiget {_NAMESPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop>{hrefs}</c:calendar-multiget>'
        return self._listed("REPORT", path, body, depth=1)

    def event(self, path: str) -> Event | None:
        """What stands at the path; None when nothing does. Raises CalendarTrouble, TooLarge."""
        status, headers, content = self._asked("GET", path)
        if status in {404, 410}:
            return None
        self._require(status, 200)
        return Event(headers.get("etag", ""), content.decode("utf-8", "replace"))

    def put(self, path: str, content: bytes, *, etag: str) -> str:
        """Write it where nothing stands (no etag), or in place of that version; → the new version, if the server says it. Raises Changed, CalendarTrouble."""
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        status, headers, _content = self._asked("PUT", path, body=content, headers={"Content-Type": "text/calendar; charset=utf-8", **condition})
        self._require(status, 200, 201, 204)
        return headers.get("etag", "")

    def remove(self, path: str, *, etag: str) -> None:
        """Take that version away; nothing there is as well. Raises Changed, CalendarTrouble."""
        status, _headers, _content = self._asked("DELETE", path, headers={"If-Match": etag} if etag else {})
        if status not in {404, 410}:
            self._require(status, 200, 202, 204)

    def path_of(self, said: str, *, base: str) -> str:
        """A path that the server names. Raises CalendarTrouble for one of another server."""
        try:
            origin, path = parted(urljoin(f"{self.origin}{base}", said))
        except AddressWrong:
            raise CalendarTrouble(Trouble.BROKEN, said) from None
        if origin != self.origin:
            raise CalendarTrouble(Trouble.ELSEWHERE, f"{origin}{path}")
        return path

    def _listed(self, method: str, path: str, body: str, *, depth: int) -> list[Found]:
        status, _headers, content = self._asked(method, path, body=body.encode(), headers={**_XML, "Depth": str(depth)})
        self._require(status, 207)
        try:
            answers = fromstring(content, forbid_dtd=True).findall(f"{DAV}response")
        except (ParseError, ValueError, defusedxml.DefusedXmlException) as error:
            raise CalendarTrouble(Trouble.BROKEN, type(error).__name__) from None
        found = []
        for answer in answers:
            href = (answer.findtext(f"{DAV}href") or "").strip()
            if not href or len(href) > _LONGEST_PATH:
                continue
            with suppress(CalendarTrouble):  # what another server has is nothing that stands here
                found.append(Found(self.path_of(href, base=path), _properties(answer)))
        return found

    def _require(self, status: int, *wanted: int) -> None:
        if status in wanted:
            return
        if status == 412:
            raise Changed
        if status == 401:
            raise CalendarTrouble(Trouble.LOGIN, str(status))
        if status in {404, 405, 410}:
            raise CalendarTrouble(Trouble.NO_CALENDAR, str(status))
        raise CalendarTrouble(Trouble.REFUSED, f"{status} {http.client.responses.get(status, '')}")

    def _asked(self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their small names, and content. It goes along where the server sends us to another path of its own."""
        for _nth in range(_MOST_REDIRECTS + 1):
            status, said, content = self._once(
                method, path, body=body, headers={"User-Agent": "Tasuki", **(headers or {}), "Authorization": f"Basic {self._sign}"}
            )
            if status not in _REDIRECTS:
                return status, said, content
            path = self.path_of(said.get("location", ""), base=path)
        raise CalendarTrouble(Trouble.BROKEN, "redirects")

    def _once(self, method: str, path: str, *, body: bytes | None, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        with self._in_words(), _opened(self.origin) as line:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            content = answer.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise TooLarge
            if answer.getheader("Content-Encoding", "identity") != "identity":
                raise CalendarTrouble(Trouble.BROKEN, "Content-Encoding")
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What goes wrong on a line, as one kind of error that never holds the password."""
        try:
            yield
        except HostForbidden as error:
            raise CalendarTrouble(Trouble.FORBIDDEN, self._plain(error)) from None
        except ssl.SSLCertVerificationError as error:
            raise CalendarTrouble(Trouble.CERTIFICATE, self._plain(error)) from None
        except (OSError, http.client.RemoteDisconnected, http.client.IncompleteRead) as error:
            raise CalendarTrouble(Trouble.UNREACHABLE, self._plain(error)) from None
        except (http.client.HTTPException, ValueError) as error:
            raise CalendarTrouble(Trouble.BROKEN, self._plain(error)) from None

    def _plain(self, said: object) -> str:
        return str(said).replace(self._password, "•") if self._password else str(said)


class _Connection(http.client.HTTPConnection):
    """A line that has been opened already."""

    def __init__(self, origin: Origin, line: socket.socket) -> None:
        super().__init__(origin.host, origin.port)
        self.sock = line


@contextmanager
def _opened(origin: Origin) -> Iterator[_Connection]:
    """A line to the server, cut after a minute whatever is said on it: who says one letter every few seconds would hold a worker for ever."""
    if not origin.is_private and not CALENDARS.names(origin.host):
        raise HostForbidden(origin.host)
    line = named_hosts.connected(origin.host, origin.port, among=CALENDARS, timeout=_QUIET_SECONDS)
    with ExitStack() as after:
        after.callback(line.close)
        # Another handle on the same line: TLS is not asked before it is cut.
        raw = socket.socket(fileno=os.dup(line.fileno()))
        after.callback(raw.close)
        cutter = Timer(WAITS_SECONDS, _cut, [raw])
        cutter.daemon = True
        after.callback(cutter.cancel)
        cutter.start()
        if origin.is_private:
            line = named_hosts.tls().wrap_socket(line, server_hostname=origin.host)
            after.callback(line.close)
        yield _Connection(origin, line)


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _properties(answer: Element) -> dict[str, Element]:
    """Those that are there."""
    there = [part.find(f"{DAV}prop") for part in answer.findall(f"{DAV}propstat") if " 200" in (part.findtext(f"{DAV}status") or " 200")]
    return {one.tag: one for part in there if part is not None for one in part}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
