"""Classifying: what an answer probably is, by rules: what its headers say of it, and phrases of three languages. What it is told by stands beside it.

Rules propose. Only what is clear by itself acts (see `OF_KIND`), and a letter of which they know nothing has no class.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tasuki.engage.message_rows import MessageKind
from tasuki.engage.triage import phrases
from tasuki.engage.triage.classes import OF_KIND, Proposal, ReplyClass, Sign

if TYPE_CHECKING:
    from tasuki.engage.incoming import Incoming

# What stands further down changes nothing of what an answer is.
LONGEST = 4_000
_MOST_SIGNS, _LONGEST_SIGN = 4, 80
# A refusal is looked for before an interest: “not interested” is found first, and its words are not looked at again.
_ORDER = (
    ReplyClass.UNSUBSCRIBE, ReplyClass.WRONG_PERSON, ReplyClass.REFERRAL, ReplyClass.NOT_NOW, ReplyClass.OBJECTION, ReplyClass.POSITIVE,
    ReplyClass.INFORMATION,
)  # fmt: skip
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}", re.IGNORECASE)
_ANSWERS = re.compile(r"^\s*\[?\s*(re|aw|sv|antw|fw|fwd|wg|tr|답장|회신|전달|返信|転送|回复|回覆)\s*[:：\]]", re.IGNORECASE)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


def proposed(letter: Incoming, *, kind: MessageKind, words: str, told_by: tuple[Sign, str] | None = None, acknowledged: str = "") -> Proposal | None:
    """What a letter is; `words` are its new ones, `told_by` is what its kind is told by. None for an answer to an invitation.

    Where `acknowledged` are the words by which a program says that it has our letter, it is of no class: neither an answer nor somebody away.
    """
    if kind == MessageKind.CALENDAR:
        return None
    if kind == MessageKind.UNSUBSCRIBE:
        found = phrases.of("wish", "clear").search(lines(f"{words}\n{letter.subject}"))
        return Proposal(ReplyClass.UNSUBSCRIBE, ((Sign.PHRASE, _shown(found[0])),) if found else ())
    if kind == MessageKind.AUTO_REPLY and acknowledged:
        return Proposal(None, (*((told_by,) if told_by else ()), (Sign.PHRASE, _shown(acknowledged))))
    if kind in OF_KIND:
        return Proposal(OF_KIND[kind], (told_by,) if told_by else ())
    return by_words(words, sender=letter.sender, known=letter.receivers)


def by_words(words: str, *, sender: str = "", known: tuple[str, ...] = ()) -> Proposal:
    """What somebody probably means. `known` are addresses that name nobody new."""
    text = plain(words)
    others = addresses_in(words, but=(sender, *known))
    found: dict[ReplyClass, list[str]] = {}
    for one in _ORDER:
        text, said = _taken(text, one)
        if said:
            found[one] = said
    if wish := phrases.of("wish", "clear").search(lines(words)):
        # Somebody who says more than that: a person reads it.
        found.setdefault(ReplyClass.UNSUBSCRIBE, []).append(wish[0])
    elif not found and (spoken_of := phrases.of("wish", "silence").search(text)):
        found[ReplyClass.UNSUBSCRIBE] = [spoken_of[0]]
    told = [one for one in _ORDER if one in found]
    if ReplyClass.WRONG_PERSON in told and (ReplyClass.REFERRAL in told or others):
        # Who says whom to ask instead has done more than refuse.
        told.insert(0, ReplyClass.REFERRAL)
    if not told:
        return Proposal(None)
    first = ReplyClass.UNSUBSCRIBE if ReplyClass.UNSUBSCRIBE in told else told[0]
    signs = [(Sign.PHRASE, _shown(said)) for said in found.get(first, [])]
    if first == ReplyClass.REFERRAL:
        signs += [(Sign.ADDRESS, _shown(one)) for one in others]
    return Proposal(first, tuple(signs[:_MOST_SIGNS]))


def addresses_in(words: str, *, but: tuple[str, ...]) -> list[str]:
    """Mail addresses that stand in the words, each once, but for those."""
    known = {one.casefold() for one in but}
    found = dict.fromkeys(one.strip(".'-") for one in _ADDRESS.findall(words[:LONGEST]))
    return [one for one in found if one.casefold() not in known]


def answers_another(subject: str) -> bool:
    """Whether it is that of another letter: behind “Re:” stands what somebody wrote before."""
    return bool(_ANSWERS.match(subject))


def plain(words: str) -> str:
    """As phrases are written: full width as half, curly quotes straight, one space for any."""
    return " ".join(unicodedata.normalize("NFKC", words[:LONGEST]).translate(_QUOTES).split())


def lines(words: str) -> str:
    """Likewise, line by line: where it matters that nothing else stands beside."""
    return "\n".join(plain(line) for line in words[:LONGEST].splitlines())


def _taken(text: str, one: ReplyClass) -> tuple[str, list[str]]:
    """The text without what the class is told by, and that."""
    said: list[str] = []

    def take(found: re.Match[str]) -> str:
        said.append(found[0])
        return " | "

    return phrases.of("classes", one.value).sub(take, text), list(dict.fromkeys(said))


def _shown(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_SIGN]
