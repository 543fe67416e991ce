"""What people and programs say, by language. Another language, or another phrase, is a line in a file here."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def files_read() -> dict[str, dict[str, Any]]:
    """By language, what its file holds."""
    there = sorted((one for one in files(__name__).iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return {one.name.removesuffix(".toml"): tomllib.loads(one.read_text("utf-8")) for one in there}


@cache
def of(section: str, name: str) -> re.Pattern[str]:
    """What any of the languages says for it, as one pattern."""
    said = [phrase for language in files_read().values() for phrase in language.get(section, {}).get(name, [])]
    return re.compile("|".join(f"(?:{phrase})" for phrase in said), re.IGNORECASE | re.MULTILINE)


@cache
def each(section: str, name: str) -> tuple[re.Pattern[str], ...]:
    """Likewise, one pattern for each: where a phrase has a name for a part of it."""
    return tuple(re.compile(phrase, re.IGNORECASE) for language in files_read().values() for phrase in language.get(section, {}).get(name, []))


@cache
def numbers() -> dict[str, int]:
    """Small numbers in words."""
    return {word: n for language in files_read().values() for word, n in language.get("numbers", {}).items()}
