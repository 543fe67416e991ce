"""The telephone: by hand, by a link, and by a system that is asked over HTTP, which is a process of its own here."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import By, Door
from tasuki.engage import calls, telephony
from tasuki.engage.calls import Call
from tasuki.engage.telephony import TelephoneFailed
from tasuki.engage.telephony.webhooks import SIGNATURE, STAMP, ByWebhook, MessageRefused, signature
from tests.cast import Cast, assemble
from tests.engage.calling import NUMBER, callable_lead, type_of
from tests.engage.telephone_system import SECRET

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def system() -> Iterator[str]:
    """The address of a telephone system that runs."""
    running = subprocess.Popen([sys.executable, str(Path(__file__).with_name("telephone_system.py"))], stdout=subprocess.PIPE, text=True)
    assert running.stdout
    yield f"http://127.0.0.1:{running.stdout.readline().strip()}"
    running.terminate()
    running.wait()
    running.stdout.close()


@pytest.fixture
def wired(system: str, settings: Any) -> str:
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", system, SECRET
    return system


def seen(system: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{system}/seen") as answer:  # noqa: S310 - loopback, as the fixture says
        found: list[dict[str, Any]] = json.load(answer)["seen"]
        return found


def begun(cast: Cast, nth: int = 1) -> Call:
    return calls.begin(callable_lead(cast, nth), call_type=type_of(), number=NUMBER, adapter="webhook", by=By(cast.ivo, Door.WEB), at=now())


@pytest.mark.django_db(transaction=True)
def test_a_call_rings_is_answered_and_ended_over_the_wire_between_two_processes(live_server: Any, wired: str) -> None:
    cast = assemble()
    lead = callable_lead(cast)
    client = Client()
    client.force_login(cast.ivo)
    client.post(reverse("desk_call", args=[lead.pk]), {"number": NUMBER})
    call = Call.objects.visible_to(cast.ivo).get()
    assert seen(wired)[-1] == {"call": call.pk, "number": NUMBER, "seat": "ivo@example.com"}
    assert (call.adapter, call.external_id) == ("webhook", f"line-{len(seen(wired))}")
    told = {"to": live_server.url + reverse("telephone_events"), "external_id": call.external_id, "at": now().isoformat()}
    for event in ("answered", "answered", "ended", "ended"):
        body = json.dumps({**told, "event": event}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{wired}/tell", body)) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["status"] == 204
    call.refresh_from_db()
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert call.disposition == ""


@pytest.mark.django_db
def test_hanging_up_at_the_desk_closes_the_line(cast: Cast, wired: str) -> None:
    call = telephony.dial(begun(cast), seat="ivo@example.com")
    telephony.hang_up(calls.end(call, at=now()))
    assert seen(wired)[-1] == {"hung_up": f"/calls/{call.external_id}"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/elsewhere", "/broken"])
def test_a_system_that_answers_nonsense_or_leads_elsewhere_is_not_followed_and_the_call_stays(cast: Cast, wired: str, settings: Any, *, path: str) -> None:
    settings.TELEPHONY_URL = wired + path
    before, call = len(seen(wired)), begun(cast)
    with pytest.raises(TelephoneFailed):
        telephony.dial(call, seat="")
    call.refresh_from_db()
    assert (call.external_id, call.ended_at, len(seen(wired))) == ("", None, before)


@pytest.mark.django_db
def test_a_system_that_is_away_leaves_the_call_to_be_dialled_by_hand(cast: Cast, settings: Any) -> None:
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", "http://127.0.0.1:1", SECRET
    client = Client()
    client.force_login(cast.ivo)
    lead = callable_lead(cast)
    assert client.post(reverse("desk_call", args=[lead.pk]), {"number": NUMBER}).status_code == 502
    assert Call.objects.visible_to(cast.ivo).get().number == NUMBER


def test_a_wrong_secret_is_refused_by_the_system(system: str) -> None:
    with pytest.raises(TelephoneFailed):
        ByWebhook(system, "another secret, as long").dial(1, number=NUMBER, seat="")


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("http://telephone.example", SECRET),
        ("ftp://127.0.0.1", SECRET),
        ("https://user@telephone.example", SECRET),
        ("https://telephone.example?x=1", SECRET),
        ("", SECRET),
        ("https://telephone.example", "short"),
    ],
)
def test_an_address_that_is_none_or_speaks_in_the_clear_over_a_network_is_refused(address: str, secret: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        ByWebhook(address, secret)


def message(body: bytes, *, at: datetime = AT, secret: str = SECRET) -> dict[str, Any]:
    stamp = str(int(at.timestamp()))
    return {"body": body, "stamp": stamp, "signed": signature(secret, stamp=stamp, body=body)}


FINE = json.dumps({"id": "line-1", "event": "ended", "at": "2026-03-02T09:00:00+00:00"}).encode()


@pytest.mark.parametrize(
    "said",
    [
        message(FINE, secret="not the secret of ours"),
        message(FINE, at=AT - timedelta(minutes=6)),
        message(FINE, at=AT + timedelta(minutes=6)),
        {**message(FINE), "body": FINE + b" "},
        {**message(FINE), "signed": "ü"},
        {"body": FINE, "stamp": "x", "signed": signature(SECRET, stamp="x", body=FINE)},
        message(b""),
        message(b"[]"),
        message(b"[" * 100_000),
        message(b"\xff\xfe"),
        message(b'{"id": "line-1", "event": "rang", "at": "2026-03-02T09:00:00+00:00"}'),
        message(b'{"id": "../x", "event": "ended", "at": "2026-03-02T09:00:00+00:00"}'),
        message(b'{"id": 7, "event": "ended", "at": "2026-03-02T09:00:00+00:00"}'),
        message(b'{"id": "a", "event": ["ended"], "at": "2026-03-02T09:00:00+00:00"}'),
        message(b'{"id": "a", "event": "ended", "at": "2026-03-02T09:00:00"}'),
        message(b'{"id": "a", "event": "ended", "at": "2026-02-30T09:00:00+00:00"}'),
        message(b'{"id": "a", "event": "ended", "at": 5}'),
    ],
)
def test_a_message_that_is_not_signed_is_old_or_says_nothing_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(MessageRefused):
        ByWebhook("https://telephone.example", SECRET).read(**said, at=AT)


def test_what_happened_is_never_later_than_now() -> None:
    body = FINE.replace(b"09:00:00", b"23:00:00")
    assert ByWebhook("https://telephone.example", SECRET).read(**message(body), at=AT).at == AT


@pytest.mark.django_db
def test_the_door_of_messages_is_not_there_without_a_system_and_closed_without_a_signature(settings: Any, client: Client) -> None:
    address = reverse("telephone_events")
    assert client.post(address, FINE, content_type="application/json").status_code == 404
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", "https://telephone.example", SECRET
    assert client.post(address, FINE, content_type="application/json").status_code == 400
    assert client.get(address).status_code == 405
    said = message(FINE, at=now())
    headers = {STAMP: said["stamp"], SIGNATURE: said["signed"]}
    assert client.post(address, FINE, content_type="application/json", headers=headers).status_code == 204, "of a call that is not ours nothing is said"
    assert client.post(address, b"x" * 9_000, content_type="application/json", headers=headers).status_code == 413


@pytest.mark.parametrize(("name", "key"), [("manual", "manual"), ("tel", "tel")])
def test_without_a_system_nothing_is_asked_of_anybody(settings: Any, name: str, key: str) -> None:
    settings.TELEPHONY = name
    system = telephony.current()
    assert (system.key, system.dial(1, number=NUMBER, seat="")) == (key, "")
    settings.TELEPHONY = "pigeon"
    with pytest.raises(ValueError, match="pigeon"):
        telephony.current()
