"""What was nearly meant: one wrong letter in a Latin word, and Hangul that is still being typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tasuki.core.search import matching
from tasuki.core.search.folding import Sought, grams_within, initials, letters_of_initial, letters_of_open_syllable
from tasuki.core.search.matching import Blocks, Hit, Question, Rank
from tasuki.core.search.nouns import Searched

_SHORTEST, _LONGEST = 5, 24
_LOOKED_AT = 60


def hits(what: Sought, there: Blocks, *, nouns: Sequence[Searched]) -> dict[str, dict[int, Hit]]:
    """Records of these nouns that differ a little from what was typed."""
    if pattern := _being_typed(what.whole):
        return _that_fit(pattern, initials(what.whole), there, nouns=nouns)
    if what.whole.isascii() and what.whole.isalpha() and _SHORTEST <= len(what.whole) <= _LONGEST:
        return _one_letter_off(what.whole, there, nouns=nouns)
    return {}


def _being_typed(text: str) -> str:
    """삼서 on the way to 삼성, 삼ㅅ on the way to either; "" for a text that is no Hangul, or too short."""
    if len(text) < 2 or not initials(text):
        return ""
    return "".join(letters_of_initial(letter) or re.escape(letter) for letter in text[:-1]) + letters_of_open_syllable(text[-1])


def _that_fit(pattern: str, begun: str, there: Blocks, *, nouns: Sequence[Searched]) -> dict[str, dict[int, Hit]]:
    fits = re.compile(pattern)
    asked = [Question(noun.noun, begun, grams_within(begun), [f"%{begun}%"], matching.WANTED) for noun in nouns if noun.texts]
    return _kept(matching.ask(asked, there), lambda words: bool(fits.search(words)))


def _one_letter_off(word: str, there: Blocks, *, nouns: Sequence[Searched]) -> dict[str, dict[int, Hit]]:
    """Three letters are left open at every other place, so that each two neighbours are open once; what stands around must be there."""
    asked = []
    for noun in nouns:
        for at in range(0, len(word) - 1, 2) if noun.texts and noun.is_name else ():
            before, after = word[:at], word[at + 3 :]
            grams = [*grams_within(before), *grams_within(after)]
            asked.append(Question(noun.noun, str(at), grams, [f"%{before}%{after}%"], most=_LOOKED_AT))
    return _kept(matching.ask(asked, there), lambda words: is_one_off(words, word))


def _kept(answers: dict[tuple[str, str], list[Hit]], fits: Callable[[str], bool]) -> dict[str, dict[int, Hit]]:
    found: dict[str, dict[int, Hit]] = {}
    for (noun, _name), some in answers.items():
        found.setdefault(noun, {}).update({hit.record_id: Hit(hit.record_id, Rank.NEARLY, hit.belongs_to, hit.words) for hit in some if fits(hit.words)})
    return found


def is_one_off(words: str, word: str) -> bool:
    """Whether somewhere in the words a letter of the word is wrong, missing, too many, or two have changed places."""
    for at in range(len(word)):
        before, after = re.escape(word[:at]), re.escape(word[at + 1 :])
        swapped = f"|{before}{re.escape(word[at + 1] + word[at])}{re.escape(word[at + 2 :])}" if at + 1 < len(word) else ""
        # Wrong, too many, missing before this letter; and this one and the next the other way round.
        if re.search(f"{before}.?{after}|{before}.{re.escape(word[at:])}{swapped}", words):
            return True
    return False
