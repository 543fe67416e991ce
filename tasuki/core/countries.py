"""Countries by their codes, and by the names that people give them in English, Korean and Japanese."""

from __future__ import annotations

import unicodedata
from functools import cache

from babel import Locale

_OTHERS = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "america": "US", "uk": "GB", "u.k.": "GB", "england": "GB", "korea": "KR", "republic of korea": "KR",
    "korea, republic of": "KR", "south korea": "KR", "한국": "KR", "韓国": "KR", "日本国": "JP", "미국": "US", "米国": "US", "russia": "RU",
    "vietnam": "VN", "viet nam": "VN", "czech republic": "CZ", "holland": "NL", "the netherlands": "NL", "uae": "AE", "taiwan": "TW", "hong kong": "HK",
}  # fmt: skip


def code_of(text: str) -> str:
    """The ISO 3166 code that a code in any letters, or a country's name, means; empty for neither."""
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if len(code) == 2 and code.isascii() and code.isalpha() and code != "UK":
        return code
    return named(text)


def named(text: str) -> str:
    """The code of the country of that name, or empty."""
    return names().get(folded(text), "")


@cache
def names() -> dict[str, str]:
    """Folded names → codes."""
    known = dict(_OTHERS)
    for language in ("en", "ko", "ja"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                known.setdefault(folded(name), code)
    return known


def folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
