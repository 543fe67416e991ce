"""Names of people: shown as their owners say them. Korean, Japanese and Chinese names put the family first."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Korean family names of two syllables; any other Korean family name has one.
_TWO_SYLLABLES = ("남궁", "황보", "제갈", "선우", "독고", "사공", "서문", "동방", "망절", "강전", "어금", "소봉")
_LONGEST_HANGUL_NAME = 5


def display(family: str, given: str) -> str:
    """`한` + `서윤` → 한서윤; `文` + `智子` → 文 智子; `Rhee` + `Alex` → Alex Rhee."""
    family, given = family.strip(), given.strip()
    if not family or not given:
        return family or given
    if _is_hangul(family) and _is_hangul(given):
        return family + given
    if is_family_first(family):
        return f"{family} {given}"
    return f"{given} {family}"


def is_family_first(family: str) -> bool:
    """Whether the script of the family name is one that puts the family first."""
    return not family.isascii() and any(_script(character) in {"HANGUL", "CJK", "HIRAGANA", "KATAKANA"} for character in family)


def split(full_name: str) -> tuple[str, str]:
    """A name in one piece → (family, given). What cannot be told apart goes to the family name; nothing is lost."""
    name = " ".join(unicodedata.normalize("NFKC", full_name).split())
    if "," in name:
        family, given = name.split(",", 1)
        return family.strip(), given.strip()
    if " " in name:
        first, rest = name.split(" ", 1)
        if is_family_first(first):
            return first, rest
        given, family = name.rsplit(" ", 1)
        return family, given
    if 2 <= len(name) <= _LONGEST_HANGUL_NAME and _is_hangul(name):
        cut = 2 if name.startswith(_TWO_SYLLABLES) and len(name) > 2 else 1
        return name[:cut], name[cut:]
    return name, ""


def _is_hangul(text: str) -> bool:
    return bool(text) and not text.isascii() and all(_script(character) == "HANGUL" for character in text)


@lru_cache(maxsize=16_384)
def _script(character: str) -> str:
    return unicodedata.name(character, "").removeprefix("HALFWIDTH ").split(" ", 1)[0].split("-", 1)[0]
