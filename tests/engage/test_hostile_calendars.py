"""Servers of calendars that are slow, huge, sly or broken: nobody inside is reached by them, no worker hangs, and what goes wrong is said."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pytest_django import Settings

from tasuki.engage.own_calendars import connections, dav
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.rows import BusyEvent, BusySpan, CalendarEntry
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble
from tests.cast import MONDAY, Cast
from tests.engage import calendar_server
from tests.engage.calendar_server import PASSWORD, Hostile, event, said
from tests.engage.calendars import connected, turn
from tests.engage.meeting import booked

pytestmark = pytest.mark.django_db
PATH = "/saori/office/"


@pytest.fixture
def server(settings: Settings) -> Iterator[Hostile]:
    settings.CALENDAR_HOSTS = frozenset({"127.0.0.1"})
    with calendar_server.hostile() as box:
        yield box


def listed(*answers: str) -> str:
    names = 'xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
    return f'<?xml version="1.0"?><multistatus {names}>{"".join(answers)}</multistatus>'


def one(href: str, properties: str) -> str:
    return f"<response><href>{href}</href><propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"


IT_IS_ONE = one(PATH, "<resourcetype><collection/><c:calendar/></resourcetype><displayname>work</displayname>")


def polite(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """A calendar in which one event stands."""
    if handler.command == "PROPFIND":
        said(handler, 207, listed(IT_IS_ONE))
    elif b"multiget" in body:
        text = event("a", ":20260304T100000Z", ":20260304T110000Z")
        said(handler, 207, listed(one(f"{PATH}a.ics", f'<getetag>"1"</getetag><c:calendar-data>{text}</c:calendar-data>')))
    elif handler.command == "REPORT":
        said(handler, 207, listed(one(f"{PATH}a.ics", '<getetag>"1"</getetag>')))
    else:
        said(handler, 201, ETag='"2"')


def tried(cast: Cast, server: Hostile, *, at: datetime = MONDAY) -> OwnCalendar:
    return turn(connected(cast.saori, f"http://127.0.0.1:{server.port}{PATH}"), at=at)


def test_a_polite_one_is_read(cast: Cast, server: Hostile) -> None:
    server.answers = polite
    assert (tried(cast, server).works, BusySpan.objects.count()) == (True, 1)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><multistatus xmlns="DAV:">&b;</multistatus>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:"><response><href>&x;</href></response></multistatus>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><multistatus xmlns="DAV:"/>',
        "<a>" * 50_000, "not xml", "", "\0\0\0", "<multistatus xmlns='DAV:'><response><href>&#0;</href></response></multistatus>",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_broken_and_opens_nothing(cast: Cast, server: Hostile, text: str) -> None:
    server.answers = lambda handler, _body: said(handler, 207, text)
    calendar = tried(cast, server)
    assert calendar.read_trouble == Trouble.BROKEN
    assert "root:" not in calendar.read_words
    assert len(server.asked) == 1


def test_a_tree_as_deep_as_it_is_long_is_read_or_refused_and_ends_nothing(cast: Cast, server: Hostile) -> None:
    deep = "<a>" * 100_000 + "</a>" * 100_000
    server.answers = lambda handler, _body: said(handler, 207, listed(one(PATH, deep)))
    assert tried(cast, server).read_trouble in {Trouble.BROKEN, Trouble.NO_CALENDAR}


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data/", "https://127.0.0.1/", "http://127.0.0.1:22/", "http://evil.example/", "//evil.example/", "file:///etc/passwd", "http://[::1]/"],
)  # fmt: skip
def test_nobody_is_followed_to_another_server(*, cast: Cast, server: Hostile, monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    server.answers = lambda handler, _body: said(handler, 302, Location=location)
    lines: list[tuple[str, int]] = []
    opened = dav.named_hosts.connected
    monkeypatch.setattr(dav.named_hosts, "connected", lambda host, port, **more: lines.append((host, port)) or opened(host, port, **more))
    calendar = tried(cast, server)
    assert calendar.read_trouble in {Trouble.ELSEWHERE, Trouble.BROKEN}
    assert lines == [("127.0.0.1", server.port)]


def test_one_is_followed_within_a_server_but_not_for_ever(cast: Cast, server: Hostile) -> None:
    def answers(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        said(handler, 301, Location=PATH) if handler.path == "/.well-known/caldav" else polite(handler, body)

    server.answers = answers
    assert turn(connected(cast.saori, f"http://127.0.0.1:{server.port}/.well-known/caldav"), at=MONDAY).works
    server.asked.clear()
    server.answers = lambda handler, _body: said(handler, 302, Location=handler.path + "x")
    assert tried(cast, server).read_trouble == Trouble.BROKEN
    assert len(server.asked) == 4


def test_a_calendar_that_is_on_another_server_is_named_and_not_asked(cast: Cast, server: Hostile) -> None:
    home = one(PATH, "<resourcetype/><current-user-principal><href>https://p42.example/me/</href></current-user-principal>")
    server.answers = lambda handler, _body: said(handler, 207, listed(home))
    calendar = tried(cast, server)
    assert (calendar.read_trouble, calendar.read_words) == (Trouble.ELSEWHERE, "https://p42.example/me/")


def test_events_of_another_server_and_endless_paths_are_not_asked_for(cast: Cast, server: Hostile) -> None:
    def answers(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.command == "REPORT" and b"multiget" not in body:
            hrefs = ["http://169.254.169.254/a", "//evil.example/a", "/" + "x" * 5_000, f"{PATH}a.ics", ""]
            said(handler, 207, listed(*[one(href, '<getetag>"1"</getetag>') for href in hrefs]))
        else:
            polite(handler, body)

    server.answers = answers
    assert tried(cast, server).works
    assert [row.path for row in BusyEvent.objects.all()] == [f"{PATH}a.ics"]


def test_an_answer_without_end_is_not_read_to_its_end(cast: Cast, server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dav, "LARGEST", 100_000)
    server.answers = lambda handler, _body: said(handler, 207, b"<a/>" * 200_000)
    assert tried(cast, server).read_trouble == Trouble.TOO_MUCH


def test_one_event_that_is_too_large_is_left_out_and_the_others_are_read(cast: Cast, server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dav, "LARGEST", 20_000)

    def answers(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b"multiget" in body:
            said(handler, 207, b"x" * 40_000) if b"big.ics" in body else polite(handler, body)
        elif handler.command == "REPORT":
            said(handler, 207, listed(*[one(f"{PATH}{name}.ics", '<getetag>"1"</getetag>') for name in ("a", "big")]))
        else:
            polite(handler, body)

    server.answers = answers
    assert tried(cast, server).works
    assert (BusySpan.objects.count(), BusyEvent.objects.not_understood().count()) == (1, 1)


@pytest.mark.parametrize("slow", ["head", "body"])
def test_who_says_one_letter_now_and_then_is_hung_up_on(*, cast: Cast, server: Hostile, monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    monkeypatch.setattr(dav, "WAITS_SECONDS", 0.3)

    def answers(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        if slow == "body":
            handler.wfile.write(b"HTTP/1.1 207 Multi-Status\r\nContent-Length: 100000\r\n\r\n")
        else:
            handler.wfile.write(b"HTTP/1.1 207 Multi-Status\r\nX: ")
        for _nth in range(3_000):  # for a minute, unless nobody listens any more
            handler.wfile.write(b"x")
            time.sleep(0.02)

    server.answers = answers
    began = time.monotonic()
    assert tried(cast, server).read_trouble in {Trouble.UNREACHABLE, Trouble.BROKEN}
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 207 x\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 207 x\r\nX: " + b"y" * 100_000, b"HTTP/1.1 207 x\r\nContent-Length: 99\r\n\r\n<a",
        b"HTTP/1.1 301 x\r\nLocation: http://a\0b/\r\n\r\n", b"HTTP/1.1 207 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 207 x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
)  # fmt: skip
def test_what_is_no_http_is_said(cast: Cast, server: Hostile, raw: bytes) -> None:
    def answers(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    server.answers = answers
    assert tried(cast, server).read_trouble in {Trouble.UNREACHABLE, Trouble.BROKEN}


@pytest.mark.parametrize(
    ("status", "trouble"), [(401, Trouble.LOGIN), (403, Trouble.REFUSED), (404, Trouble.NO_CALENDAR), (429, Trouble.REFUSED), (500, Trouble.REFUSED)]
)
def test_a_refusal_is_said_in_words_without_the_password(*, cast: Cast, server: Hostile, status: int, trouble: Trouble) -> None:
    server.answers = lambda handler, _body: said(handler, status, f"no {PASSWORD}")
    calendar = tried(cast, server)
    assert (calendar.read_trouble, calendar.read_retry_at) == (trouble, MONDAY + timedelta(minutes=1))
    assert PASSWORD not in calendar.read_words


def test_a_calendar_that_does_not_take_meetings_is_left_alone_is_said_and_is_read_all_the_same(cast: Cast, server: Hostile) -> None:
    def answers(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        said(handler, 403) if handler.command == "PUT" else polite(handler, body)

    server.answers = answers
    booked(cast)
    calendar = tried(cast, server)
    assert (calendar.read_trouble, calendar.write_trouble, calendar.works, BusySpan.objects.count()) == ("", Trouble.REFUSED, False, 1)
    n = len(server.asked)
    turn(calendar, at=MONDAY + timedelta(seconds=30))
    assert len(server.asked) == n, "left alone"
    server.answers = polite
    calendar = turn(calendar, at=MONDAY + timedelta(minutes=1))
    assert (calendar.works, CalendarEntry.objects.count()) == (True, 1), "nothing is lost"


def test_the_inside_is_reached_only_where_the_installation_names_it(
    *, cast: Cast, server: Hostile, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = polite
    calendar = tried(cast, server)
    settings.CALENDAR_HOSTS = frozenset()
    assert turn(calendar, at=MONDAY + timedelta(minutes=5)).read_trouble == Trouble.FORBIDDEN
    asked: list[str] = []

    def looked_up(host: str, port: int, **_more: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    for address in ("https://calendar.attacker.example/", "https://calendar.attacker.example:22/"):
        there = connected(cast.ivo, address)
        assert turn(there, at=MONDAY).read_trouble == Trouble.FORBIDDEN
    assert asked == ["calendar.attacker.example"], "looked up once, and a port that is none of calendars not at all"


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(cast: Cast, settings: Settings, certificate: Path) -> None:
    settings.CALENDAR_HOSTS = frozenset({"localhost"})
    with calendar_server.hostile(tls=certificate) as server:
        server.answers = polite
        calendar = turn(connected(cast.saori, f"https://localhost:{server.port}{PATH}"), at=MONDAY)
        assert (calendar.read_trouble, server.asked) == (Trouble.CERTIFICATE, [])
        settings.MAIL_CA = str(certificate)
        assert turn(calendar, at=MONDAY + timedelta(minutes=1)).works


def test_a_password_that_cannot_be_opened_any_more_is_said(cast: Cast, server: Hostile, settings: Settings) -> None:
    server.answers = polite
    calendar = tried(cast, server)
    settings.SECRET_KEY = "another"
    assert turn(calendar, at=MONDAY + timedelta(minutes=5)).read_trouble == Trouble.SEALED
    with pytest.raises(CalendarTrouble):
        connections.server_of(calendar)
