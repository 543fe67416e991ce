"""Numbers and money as people write them: signs, units, separators of any country. Nothing is a float on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

_SIGNS = re.compile(r"(?i)[$€£¥₩￥￦₹元円원]|\b(?:krw|jpy|usd|eur|gbp|cny|us\$|won|yen)\b")
_NAMED = (("₩", "KRW"), ("￦", "KRW"), ("원", "KRW"), ("円", "JPY"), ("€", "EUR"), ("£", "GBP"))
# Longest first: 백만 is not 만 behind a 백.
_UNITS = {
    "백만": 10**6, "천만": 10**7, "百万": 10**6, "千万": 10**7, "조": 10**12, "兆": 10**12, "억": 10**8, "億": 10**8, "亿": 10**8,
    "만": 10**4, "万": 10**4, "萬": 10**4, "천": 10**3, "千": 10**3,
    "bn": 10**9, "mn": 10**6, "mm": 10**6, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12,
}  # fmt: skip
_UNIT = re.compile("(?i)(" + "|".join(_UNITS) + ")")
_PART = re.compile(r"([\d.,' ]+)(" + "|".join(_UNITS) + ")?", re.IGNORECASE)
_PLAIN = re.compile(r"-?\d{1,15}(\.\d{1,4})?")
_BLANKS = str.maketrans("", "", "   '’_")


def number(cell: str, decimal: str = "") -> Decimal | None:
    """The number that a cell says, or None when it says none.

    `decimal` is the sign before the fraction. Without it a comma stands between thousands and a point before the fraction, unless the
    number itself shows that it is the other way round, as 1.234,56 does.
    """
    if decimal != "," and _PLAIN.fullmatch(cell):
        return Decimal(cell)
    words = unicodedata.normalize("NFKC", cell).strip().replace("−", "-").replace("△", "-").replace("▲", "-")
    is_negative = words.startswith("(") and words.endswith(")")
    words = words.strip("()") if is_negative else words
    words = _SIGNS.sub("", words).strip()
    if words.startswith(("-", "+")):
        is_negative, words = is_negative or words[0] == "-", words[1:]
    elif words.endswith("-"):
        is_negative, words = True, words[:-1]
    is_percent, words = words.endswith("%"), words.removesuffix("%").strip()
    value = _in_parts(words, decimal)
    if value is None:
        return None
    value = value / 100 if is_percent else value
    return -value if is_negative else value


def currency(cell: str) -> str:
    """The currency that a cell names beyond doubt: $ and ¥ are of more than one country, so they name none."""
    words = unicodedata.normalize("NFKC", cell)
    named = re.search(r"(?i)\b(krw|jpy|usd|eur|gbp|cny)\b", words)
    return named[1].upper() if named else next((code for sign, code in _NAMED if sign in words), "")


def decimals_of(cells: Iterable[str]) -> set[str]:
    """Which signs may stand before the fraction in all of these cells: one when they show it, both when none does, none when they disagree."""
    possible = {".", ","}
    n_separated = 0
    for cell in cells:
        words = _SIGNS.sub("", unicodedata.normalize("NFKC", cell)).strip("()+- %").translate(_BLANKS)
        digits = "".join(part for part in _UNIT.split(words) if part and part.casefold() not in _UNITS)
        if "." in digits or "," in digits:
            n_separated += 1
            possible &= {sign for sign in (".", ",") if _plain(digits, sign) is not None}
    return possible if n_separated else {"."}


def _in_parts(words: str, decimal: str) -> Decimal | None:
    """1억 2,000만 is the sum of its parts; each has a smaller unit than the one before."""
    total, smallest, at = Decimal(0), Decimal("Infinity"), 0
    words = words.strip()
    for part in _PART.finditer(words):
        if part.start() != at:
            return None
        value, unit = _plain(part[1].translate(_BLANKS), decimal or _decimal_in(part[1])), Decimal(_UNITS.get((part[2] or "").casefold(), 1))
        if value is None or unit >= smallest:
            return None
        total, smallest, at = total + value * unit, unit, part.end()
    return total if words and at == len(words) else None


def _decimal_in(words: str) -> str:
    return "," if "," in words and "." in words and words.rfind(",") > words.rfind(".") else "."


def _plain(digits: str, decimal: str) -> Decimal | None:
    whole, _sign, fraction = digits.partition(decimal)
    groups = whole.split("." if decimal == "," else ",")
    is_grouped = len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    if not is_grouped or (fraction and not fraction.isdecimal()) or not (whole or fraction):
        return None
    try:
        value = Decimal("".join(groups) + ("." + fraction if fraction else ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
