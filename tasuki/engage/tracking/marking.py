"""Marking: what a letter carries so that it can be told whether it was opened, and which of its links were followed.

An address names the letter and the place of the link in it, signed, with a day on which it ends: nothing of the person, and no address to lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from django.conf import settings
from django.core import signing
from django.urls import reverse

from tasuki.engage import booking_links
from tasuki.engage.message_rows import Message
from tasuki.engage.tracking.rows import MOST_LINKS, SentLink, TrackedLetter, in_force

GOOD_FOR = timedelta(days=365)
_CLICK, _OPEN = "tasuki.engage.tracking.click", "tasuki.engage.tracking.open"
_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^\[\]]{4,1900}", re.IGNORECASE)
_CLOSES = ".,;:!?)]}、。」』）"
# The links by which somebody takes a consent back lead there directly, wherever they stand; so do those by which they book with us.
_NEVER = re.compile(r"/no-mail/|unsubscribe|opt-?out", re.IGNORECASE)


@dataclass(frozen=True)
class Marked:
    """`html` stands beside the text where opens are counted, or links are followed that shall still read as they lead."""

    text: str
    html: str


def marked(message: Message, *, ending: str, at: datetime) -> Marked | None:
    """The body of a letter with its marks, above its ending, in which nothing is marked; None where nobody wants to know."""
    rules = in_force()
    if not (rules.opens or rules.clicks):
        return None
    letter, _is_new = TrackedLetter.objects.get_or_create(message=message, defaults={"opens": rules.opens, "clicks": rules.clicks})
    links = _links(letter, message.text) if letter.clicks else {}
    led = {address: _led(letter, number, at=at) for address, number in links.items()}
    below = f"\n\n{ending}\n" if ending else ""
    plain = "".join(led.get(piece, piece) for piece, _is_address in _pieces(message.text.rstrip()))
    pixel = f'<img src="{_site(reverse("mail_open", args=[_open(letter, at=at)]))}" width="1" height="1" alt="">' if letter.opens else ""
    words = "".join(_anchor(piece, led.get(piece, piece)) if is_address else escape(piece) for piece, is_address in _pieces(message.text.rstrip() + below))
    return Marked(f"{plain}{below}", f'<!doctype html><html><body><div style="white-space:pre-wrap">{words}</div>{pixel}</body></html>')


def link_of(token: str, *, at: datetime) -> SentLink | None:
    """The link of a letter that a token names; None for one that is forged, or over."""
    said = _read(token, salt=_CLICK, n=3, at=at)
    return SentLink.objects.select_related("letter").filter(letter=said[0], number=said[1]).first() if said else None


def letter_of(token: str, *, at: datetime) -> TrackedLetter | None:
    said = _read(token, salt=_OPEN, n=2, at=at)
    return TrackedLetter.objects.filter(pk=said[0]).first() if said else None


def _links(letter: TrackedLetter, text: str) -> dict[str, int]:
    """The addresses of a text that are followed, by their place; written once, whoever composes the letter how often."""
    found = dict.fromkeys(piece for piece, is_address in _pieces(text) if is_address and _is_followed(piece))
    links = {address: nth for nth, address in enumerate(list(found)[:MOST_LINKS], start=1)}
    SentLink.objects.bulk_create([SentLink(letter=letter, number=nth, address=address) for address, nth in links.items()], ignore_conflicts=True)
    return links


def _is_followed(address: str) -> bool:
    return not (_NEVER.search(address) or booking_links.is_address_of_one(address))


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in its order, cut at addresses; (piece, whether it is one). What closes a sentence is none of the address."""
    done = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_CLOSES)
        yield text[done : found.start()], False
        yield address, True
        done = found.start() + len(address)
    yield text[done:], False


def _anchor(address: str, leads_to: str) -> str:
    return f'<a href="{escape(leads_to)}">{escape(address)}</a>'


def _led(letter: TrackedLetter, number: int, *, at: datetime) -> str:
    token = signing.Signer(salt=_CLICK).sign_object([letter.pk, number, _ends(at)])
    return _site(reverse("mail_click", args=[token]))


def _open(letter: TrackedLetter, *, at: datetime) -> str:
    return signing.Signer(salt=_OPEN).sign_object([letter.pk, _ends(at)])


def _ends(at: datetime) -> int:
    return int((at + GOOD_FOR).timestamp())


def _read(token: str, *, salt: str, n: int, at: datetime) -> list[int] | None:
    try:
        said = signing.Signer(salt=salt).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    is_good = isinstance(said, list) and len(said) == n and all(isinstance(one, int) for one in said) and said[-1] > at.timestamp()
    return said if is_good else None


def _site(path: str) -> str:
    return settings.SITE.rstrip("/") + path
