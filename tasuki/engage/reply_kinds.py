"""What a letter from outside is: written by a person or by a program, a wish for silence, a word on when somebody is back."""

from __future__ import annotations

import re
from datetime import date

from tasuki.engage import replies
from tasuki.engage.incoming import Incoming
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.triage import acknowledgements, classifying, phrases, returns
from tasuki.engage.triage.classes import Sign

# Somebody who writes more than this says more than that they want no mail.
_LONGEST_WISH = 600
_CIRCULAR = frozenset({"auto_reply", "junk", "bulk", "list"})
_EDGES = " []()<>{}【】『』「」*-_:|·"


def of(letter: Incoming) -> MessageKind:
    """REPLY for what a person wrote. Bounces are looked for before; answers to invitations are told by what they carry."""
    if any("METHOD:REPLY" in one.upper().replace(" ", "") for one in letter.calendars):
        return MessageKind.CALENDAR
    if told_as_automatic(letter):
        return MessageKind.AUTO_REPLY
    words = replies.new_words(letter.text)
    if len(words) <= _LONGEST_WISH and phrases.of("wish", "clear").search(classifying.lines(f"{words}\n{letter.subject if not letter.answers else ''}")):
        return MessageKind.UNSUBSCRIBE
    return MessageKind.REPLY


def told_as_automatic(letter: Incoming) -> tuple[Sign, str] | None:
    """By what programs say of themselves (RFC 3834 and what was there before it), else by the subject of an answer; None for what a person wrote."""
    if told := _told_as_reply(letter):
        return told
    precedence = letter.headers.get("precedence", "")
    return (Sign.HEADER, f"Precedence: {precedence}"[:80]) if precedence.strip().casefold() in _CIRCULAR else None


def is_circular(letter: Incoming) -> bool:
    """A letter to a list of people, as newsletters are: written to nobody of us, and no answer of a program either."""
    said = letter.headers
    is_to_many = said.get("list-id") or said.get("list-unsubscribe") or said.get("precedence", "").strip().casefold() in _CIRCULAR - {"auto_reply"}
    return bool(is_to_many) and _told_as_reply(letter) is None


def _told_as_reply(letter: Incoming) -> tuple[Sign, str] | None:
    said = letter.headers
    if said.get("auto-submitted", "no").strip().casefold().partition(";")[0].strip() not in {"no", ""}:
        return Sign.HEADER, f"Auto-Submitted: {said['auto-submitted']}"[:80]
    for name in ("X-Autoreply", "X-Autorespond"):
        if said.get(name.casefold()):
            return Sign.HEADER, f"{name}: {said[name.casefold()]}"[:80]
    found = _by_program(letter.subject)
    if found and _is_said_by_program(letter, found):
        return Sign.SUBJECT, found[0]
    number = acknowledgements.tells_of_itself(letter)
    return (Sign.PHRASE, number[:80]) if number else None


def _by_program(words: str) -> re.Match[str] | None:
    """The first that only programs say, and of whoever is away."""
    found = [one for name in ("away", "automatic") if (one := phrases.of("programs", name).search(words))]
    return min(found, key=lambda one: one.start(), default=None)


def _is_said_by_program(letter: Incoming, found: re.Match[str]) -> bool:
    """Whether the subject is a program's own: behind “Re:” stands what somebody wrote before, and in the middle of it words may mean anything."""
    if classifying.answers_another(letter.subject):
        return False
    return not letter.subject[: found.start()].strip(_EDGES) or bool(_by_program(letter.text[:_LONGEST_WISH]))


def back_on(letter: Incoming, *, today: date) -> date | None:
    """The first day on which somebody who is away is back, by their own words; None when they do not say, and where nobody is away."""
    if acknowledgements.said_in(letter):
        return None
    return returns.back_on(letter.subject, letter.text, today=today)
