"""A telephone system that is asked over HTTP and tells us over HTTP what happened; each message is signed, on both ways.

We ask `POST {address}/calls` with `{"call", "number", "seat"}` and are answered `{"id"}`; `DELETE {address}/calls/{id}` hangs up. It tells
us `{"id", "event", "at"}`, with figures where it has measured the call and with the number of whoever calls us, and brings recordings as they
are. A signature is the HMAC-SHA256 of “timestamp.body” in hex: see docs/telephony.md.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.dateparse import parse_datetime

from tasuki.engage.talk_figures import Figures
from tasuki.engage.telephony.adapters import TelephoneFailed

KEY = "webhook"
STAMP, SIGNATURE = "X-Tasuki-Timestamp", "X-Tasuki-Signature"
NOTICE = "X-Tasuki-Notice"
EVENTS = ("answered", "ended", "measured", "incoming")
# A message that is older was recorded by somebody and sent again.
FRESH = timedelta(minutes=5)
_TIMEOUT_SECONDS = 5.0
_LONGEST_ANSWER = 64 * 1024
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_HERE = ("127.0.0.1", "::1", "localhost")
_SHORTEST_SECRET = 16
_LONGEST_NUMBER, _LONGEST_SEAT = 64, 254
# What is counted; not every system counts the latter.
_COUNTED = ("n_overlaps", "n_silences", "longest_monologue_seconds")
_MAY_LACK = ("n_switches", "words_per_minute")


class MessageRefused(ValueError):
    """A message that is not from our telephone system, or says nothing that we understand."""


@dataclass(frozen=True)
class Event:
    """What the telephone system says of a call. `number` is that of whoever calls us, `seat` the mail address of the person whose telephone it is."""

    external_id: str
    event: str
    at: datetime
    figures: Figures | None = None
    number: str = ""
    seat: str = ""


def signature(secret: str, *, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class RecordingSeal:
    """The signature of a recording, which is too large to be held at once: of “timestamp.id.notice.” and the bytes, piece by piece."""

    def __init__(self, secret: str, *, stamp: str, external_id: str, notice: str) -> None:
        self._sum = hmac.new(secret.encode(), f"{stamp}.{external_id}.{notice}.".encode(), hashlib.sha256)

    def passing(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        for piece in pieces:
            self._sum.update(piece)
            yield piece

    @property
    def signature(self) -> str:
        return self._sum.hexdigest()


@dataclass(frozen=True)
class ByWebhook:
    """The address comes from the settings of the installation, never from what somebody typed; nothing is followed elsewhere from there."""

    address: str
    secret: str

    key = KEY

    def __post_init__(self) -> None:
        where = urlsplit(self.address)
        if where.scheme not in {"http", "https"} or not where.hostname or where.username or where.query or where.fragment:
            raise ImproperlyConfigured("TASUKI_TELEPHONY_URL should read https://telephone.your.company/path")
        if where.scheme == "http" and where.hostname not in _HERE:
            raise ImproperlyConfigured("TASUKI_TELEPHONY_URL goes over a network: it has to be https")
        if len(self.secret) < _SHORTEST_SECRET:
            raise ImproperlyConfigured(f"TASUKI_TELEPHONY_SECRET should have at least {_SHORTEST_SECRET} characters")

    def dial(self, call_id: int, *, number: str, seat: str) -> str:
        said = self._ask("POST", "/calls", {"call": call_id, "number": number, "seat": seat})
        external_id = said.get("id")
        if not isinstance(external_id, str) or not _EXTERNAL_ID.fullmatch(external_id):
            raise TelephoneFailed
        return external_id

    def hang_up(self, external_id: str) -> None:
        self._ask("DELETE", f"/calls/{external_id}", {})

    def read(self, body: bytes, *, stamp: str, signed: str, at: datetime) -> Event:
        """A message to us. Raises MessageRefused."""
        self.refuse_unsigned(signature(self.secret, stamp=stamp, body=body), stamp=stamp, signed=signed, at=at)
        try:
            said = json.loads(body)
            external_id, event, moment = said["id"], said["event"], parse_datetime(said["at"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise MessageRefused("the message cannot be read") from None
        if not isinstance(external_id, str) or not _EXTERNAL_ID.fullmatch(external_id) or event not in EVENTS or moment is None or moment.tzinfo is None:
            raise MessageRefused("the message says nothing of a call")
        # What happened has happened by now.
        figures = _figures(said) if event == "measured" else None
        number, seat = _text(said, "number", longest=_LONGEST_NUMBER), _text(said, "seat", longest=_LONGEST_SEAT)
        if event == "incoming" and not number:
            raise MessageRefused("the message does not say who calls")
        return Event(external_id, event, min(moment, at), figures, number, seat)

    def refuse_unsigned(self, expected: str, *, stamp: str, signed: str, at: datetime) -> None:
        """Raises MessageRefused."""
        if not hmac.compare_digest(expected.encode(), signed.encode()):
            raise MessageRefused("the signature does not fit")
        if not stamp.isdecimal() or len(stamp) > 12 or abs(at - datetime.fromtimestamp(int(stamp), tz=UTC)) > FRESH:
            raise MessageRefused("the message is too old")

    def _ask(self, method: str, path: str, said: dict[str, object]) -> dict[str, object]:
        where = urlsplit(self.address)
        body = json.dumps(said).encode() if said else b""
        stamp = str(int(datetime.now(UTC).timestamp()))  # the clock of a job: the message is signed when it leaves
        headers = {"Content-Type": "application/json", STAMP: stamp, SIGNATURE: signature(self.secret, stamp=stamp, body=body)}
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        line = kind(where.hostname or "", where.port, timeout=_TIMEOUT_SECONDS)
        try:
            line.request(method, where.path.rstrip("/") + path, body, headers)
            answer = line.getresponse()
            text = answer.read(_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException):
            raise TelephoneFailed from None
        finally:
            line.close()
        if not 200 <= answer.status < 300:
            raise TelephoneFailed
        try:
            read = json.loads(text) if text else {}
        except ValueError:
            raise TelephoneFailed from None
        return read if isinstance(read, dict) else {}


def _text(said: dict[str, object], name: str, *, longest: int) -> str:
    """Raises MessageRefused."""
    text = said.get(name, "")
    if not isinstance(text, str) or len(text) > longest or "\x00" in text:
        raise MessageRefused("the message has something else where a text should be")
    return text.strip()


def _figures(said: dict[str, object]) -> Figures:
    """Whole numbers but for the share. Raises MessageRefused."""
    told = said.get("talk")
    if not isinstance(told, dict):
        raise MessageRefused("the message has no figures")
    share, counted = told.get("talk_percent"), {name: told.get(name) for name in (*_COUNTED, *_MAY_LACK)}
    is_whole = all(type(number) is int or (number is None and name in _MAY_LACK) for name, number in counted.items())
    if not isinstance(share, (int, float)) or isinstance(share, bool) or not is_whole:
        raise MessageRefused("the figures cannot be read")
    return Figures(talk_percent=float(share), **{name: cast(Any, number) for name, number in counted.items()})
