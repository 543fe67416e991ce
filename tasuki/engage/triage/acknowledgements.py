"""Acknowledgements: a program, mostly that of a help desk, says that our letter has come in and was given a number. Nobody has answered by it, and nobody
is away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.engage import replies
from tasuki.engage.triage import classifying, phrases

if TYPE_CHECKING:
    from tasuki.engage.incoming import Incoming

# It is said at the top.
_LONGEST = 1_200


def said_in(letter: Incoming) -> str:
    """The words by which a letter of a program is one; "" where it says that somebody is away, or nothing of the kind."""
    words = _words(letter)
    if phrases.of("programs", "away").search(words) or phrases.of("programs", "absent").search(words):
        return ""
    found = phrases.of("programs", "received").search(words)
    return found[0] if found else ""


def tells_of_itself(letter: Incoming) -> str:
    """The number by which a letter without any header of a program is one all the same: it acknowledges, it has a number, and it says that a program
    wrote it. "" for what people write. Behind “Re:” people write.
    """
    if classifying.answers_another(letter.subject):
        return ""
    words = _words(letter)
    number = phrases.of("programs", "number").search(words)
    return number[0] if number and phrases.of("programs", "of_itself").search(words) and said_in(letter) else ""


def _words(letter: Incoming) -> str:
    """Behind “Re:” stands what we wrote, as in what is quoted."""
    subject = "" if classifying.answers_another(letter.subject) else letter.subject
    return classifying.plain(f"{subject} {(replies.new_words(letter.text) or letter.text)[:_LONGEST]}")
