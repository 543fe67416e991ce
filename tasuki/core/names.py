"""Names of people: which part comes first depends on the script they are written in, not on who reads them."""

from __future__ import annotations

import unicodedata


def display(family: str, given: str) -> str:
    """“김민지” (Korean: family name first, together), “西野 沙織” (Japanese: apart), “Ada Lindqvist” (elsewhere).

    A Chinese name cannot be told from a Japanese one by its characters; apart is right for one and readable for both.
    """
    family, given = family.strip(), given.strip()
    if not family or not given:
        return family or given
    scripts = {_script(character) for character in family + given}
    if "HANGUL" in scripts:
        return f"{family}{given}"
    if scripts & {"CJK", "HIRAGANA", "KATAKANA"}:
        return f"{family} {given}"
    return f"{given} {family}"


def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ", 1)[0].split("-", 1)[0]
