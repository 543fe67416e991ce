"""What a letter from outside is: written by a person or by a program, a wish for silence, a word on when somebody is back."""

from __future__ import annotations

from datetime import date

from tasuki.engage import replies
from tasuki.engage.incoming import Incoming
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.triage import phrases, returns
from tasuki.engage.triage.classes import Sign

# Somebody who writes more than this says more than that they want no mail.
_LONGEST_WISH = 600


def of(letter: Incoming) -> MessageKind:
    """REPLY for what a person wrote. Bounces are looked for before; answers to invitations are told by what they carry."""
    if any("METHOD:REPLY" in one.upper().replace(" ", "") for one in letter.calendars):
        return MessageKind.CALENDAR
    if told_as_automatic(letter):
        return MessageKind.AUTO_REPLY
    words = replies.new_words(letter.text)
    if len(words) <= _LONGEST_WISH and phrases.of("wish", "silence").search(f"{words}\n{letter.subject if not letter.answers else ''}"):
        return MessageKind.UNSUBSCRIBE
    return MessageKind.REPLY


def told_as_automatic(letter: Incoming) -> tuple[Sign, str] | None:
    """By what programs say of themselves (RFC 3834 and what was there before it), else by the subject of an answer; None for what a person wrote."""
    said = letter.headers
    if said.get("auto-submitted", "no").strip().casefold().partition(";")[0].strip() not in {"no", ""}:
        return Sign.HEADER, f"Auto-Submitted: {said['auto-submitted']}"[:80]
    for name in ("X-Autoreply", "X-Autorespond"):
        if said.get(name.casefold()):
            return Sign.HEADER, f"{name}: {said[name.casefold()]}"[:80]
    if said.get("precedence", "").strip().casefold() in {"auto_reply", "junk", "bulk", "list"}:
        return Sign.HEADER, f"Precedence: {said['precedence']}"[:80]
    found = phrases.of("programs", "away").search(letter.subject)
    return (Sign.SUBJECT, found[0]) if found else None


def back_on(letter: Incoming, *, today: date) -> date | None:
    """The first day on which somebody who is away is back, by their own words; None when they do not say."""
    return returns.back_on(letter.subject, letter.text, today=today)
