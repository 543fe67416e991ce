"""What a text is searched as: folded so that case, width, accents, spaces and signs make no difference, and cut into grams.

김·민수 is found by 김, 민수, 김민수 and ㄱㅁㅅ; ﾔﾏﾀﾞ, やまだ and ヤマダ are one; Novák is novak; +82 10-1234 is 82101234.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

LONGEST = 200
# Accents and vowel points of Latin, Greek and Cyrillic; the marks of other scripts are part of their letters.
_ACCENT = re.compile("[\u0300-\u036f]")
_MAY_HAVE_ACCENTS = re.compile("[\u00c0-\u052f\u1e00-\u1fff\u0300-\u036f]")
# Signs and spaces of any script. What is left is letters, digits, marks, and the @ of addresses.
_SIGN = re.compile(r"[^\w@]|_")
_KATAKANA_OF_HIRAGANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_FIRST_SYLLABLE, _LAST_SYLLABLE = "\uac00", "\ud7a3"
_SYLLABLES_OF_INITIAL, _SYLLABLES_OF_VOWEL = 588, 28
# The initial consonants as NFKC leaves them when they stand without a vowel.
_FIRST_INITIAL, _LAST_INITIAL = "\u1100", "\u1112"
_THREE_INITIALS = re.compile("[\u1100-\u1112]{3}")
# Before a gram: that it begins a title, ends it, or comes from a field that not everybody sees.
_BEGINS, _ENDS, _HIDDEN = "\x02", "\x03", "\x04"
_LONGEST_BEGINNING = 3
# Before a line that repeats a title from one of its later words on.
LATER_WORD = "\t"
_MOST_WORDS = 5


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The letters and digits of a text, in one case and one width, without accents: at most `LONGEST` of them."""
    return fold_all(text)[:LONGEST]


def fold_all(text: str) -> str:
    """As `fold`, however long the text is, and not kept: for what is folded once."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        if _MAY_HAVE_ACCENTS.search(text):
            text = unicodedata.normalize("NFKC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))
        text = text.translate(_KATAKANA_OF_HIRAGANA)
    return _SIGN.sub("", text.lower())


def initials(folded: str) -> str:
    """The text with the initial consonant in the place of each Hangul syllable: 삼성증권 → ㅅㅅㅈㄱ. Nothing for a text without one."""
    if len(folded) < 2 or not any(_FIRST_SYLLABLE <= letter <= _LAST_SYLLABLE for letter in folded):
        return ""
    return "".join(_initial(letter) if _FIRST_SYLLABLE <= letter <= _LAST_SYLLABLE else letter for letter in folded)


def _initial(syllable: str) -> str:
    return chr(ord(_FIRST_INITIAL) + (ord(syllable) - ord(_FIRST_SYLLABLE)) // _SYLLABLES_OF_INITIAL)


class Keys(dict[str, str]):
    """The keys of grams within one block of the records of a noun: 32 bits that the index holds in the gram's place.

    Written as PostgreSQL writes them in an array. Two grams may share a key; what the index finds is always compared with the text.
    """

    def __init__(self, noun: str, block: int) -> None:
        super().__init__()
        self._seed = zlib.crc32(f"{noun} {block}".encode())

    def __missing__(self, gram: str) -> str:
        unsigned = zlib.crc32(gram.encode(), self._seed)
        key = self[gram] = str(unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned)
        return key

    def array(self, grams: Iterable[str]) -> str:
        """The keys of some grams as the text of an array."""
        return "{" + ",".join([self[gram] for gram in grams]) + "}"


def grams_of(titles: Iterable[str], others: Iterable[str], hidden: Iterable[str]) -> set[str]:
    """All grams of folded texts; titles also by how they begin, and as a whole."""
    found = set[str]()
    for text in titles:
        found |= {_BEGINS + text[:length] for length in range(1, _LONGEST_BEGINNING + 1)} | {_BEGINS + text + _ENDS}
        _cut(text, found)
    for text in others:
        _cut(text, found)
    for text in hidden:
        found.update(_HIDDEN + text[at : at + 3] for at in range(len(text) - 2))
    return found


def grams_together(texts: Iterable[str], hidden: Iterable[str]) -> set[str]:
    """Of all grams of folded texts those that tell something: one or two Latin letters stand in nearly every name."""
    found = set[str]()
    for text in texts:
        _cut(text, found)
    return {gram for gram in found if tells(gram)} | {_HIDDEN + text[at : at + 3] for text in hidden for at in range(len(text) - 2)}


def tells(gram: str) -> bool:
    """Whether a gram is one of those that `grams_together` keeps."""
    return len(gram) > 2 or not gram.isascii()


def _cut(text: str, found: set[str]) -> None:
    found.update(text)
    pairs = [first + second for first, second in pairwise(text)]
    found.update(pairs)
    found.update(three for pair, third in zip(pairs, text[2:], strict=False) if _is_of_few_letters(three := pair + third))


def _is_of_few_letters(three: str) -> bool:
    """Latin, digits and initial consonants are few, so that pairs of them are in every other name; three in a row are not."""
    return three.isascii() or _THREE_INITIALS.match(three) is not None


@dataclass(frozen=True)
class Sought:
    """What somebody typed: as one piece, and word by word, both folded."""

    whole: str
    words: tuple[str, ...]

    @property
    def hidden(self) -> str:
        """What is looked for in addresses and numbers. A number is written with a 0 at home and without it behind +82."""
        return self.whole.lstrip("0") if self.whole.isdecimal() else self.whole


def sought(text: str) -> Sought | None:
    """What to look for; None when nothing is left of the text but spaces and signs."""
    words = tuple(dict.fromkeys(word for part in text[:LONGEST].split() if (word := fold(part))))[:_MOST_WORDS]
    return Sought(fold(text[:LONGEST]), words) if words else None


def grams_within(text: str) -> list[str]:
    """Few grams that a text holds which holds this one."""
    if len(text) < 3:
        return [text] if text else []
    threes = [text[at : at + 3] for at in range(len(text) - 2)]
    return [gram for three in threes for gram in ([three] if _is_of_few_letters(three) else [three[:2], three[1:]])]


def grams_at_start(text: str) -> list[str]:
    """Grams of whatever has a title that begins with the text."""
    return [_BEGINS + text[:_LONGEST_BEGINNING], *grams_within(text)]


def grams_of_whole(text: str) -> list[str]:
    """The gram of whatever has the text for a title."""
    return [_BEGINS + text + _ENDS]


def grams_hidden(text: str) -> list[str]:
    """Grams of a text in hidden fields; none when it is too short to be looked for there."""
    return [_HIDDEN + text[at : at + 3] for at in range(len(text) - 2)]


def letters_of_initial(letter: str) -> str:
    """The syllables that begin with an initial consonant, as a class of a regular expression; "" for any other letter."""
    if not _FIRST_INITIAL <= letter <= _LAST_INITIAL:
        return ""
    first = ord(_FIRST_SYLLABLE) + (ord(letter) - ord(_FIRST_INITIAL)) * _SYLLABLES_OF_INITIAL
    return f"[{chr(first)}-{chr(first + _SYLLABLES_OF_INITIAL - 1)}]"


def letters_of_open_syllable(letter: str) -> str:
    """What a letter that is being typed may become: 서 is on the way to 성. A class of a regular expression."""
    at = ord(letter) - ord(_FIRST_SYLLABLE)
    if _FIRST_SYLLABLE <= letter <= _LAST_SYLLABLE and at % _SYLLABLES_OF_VOWEL == 0:
        return f"[{letter}-{chr(ord(letter) + _SYLLABLES_OF_VOWEL - 1)}]"
    return letters_of_initial(letter) or re.escape(letter)
