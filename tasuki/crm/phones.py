"""Telephone numbers: however they are written, one number is one E.164."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused

_SEVERAL = re.compile(r"\s*(?:[/;、,|\n]|\bor\b|또는|または)\s*(?=[^\d+]{0,12}[+(]?\d(?:[\s().-]*\d){6})")
# What a Korean or Japanese hand writes behind a number: (代表), 内線 12, 내선 12, (직통). E.164 has no room for an extension.
_REMARK = re.compile(r"(?<=\d)\s*[(\[]?\s*[ㄱ-ㅎ가-힣\u3400-\u9fffぁ-ゖァ-ヶ].*", re.DOTALL)
# 02-555-0142~4 and 02-555-0142/3 name neighbouring lines; read as one, the digits make another, valid number.
_MORE_LINES = re.compile(r"\s*[/~〜]\s*\d{1,4}$")
# No cell of numbers is longer. Cutting it short could leave another, valid number, so it is refused whole.
_LONGEST = 250


class PhoneInvalid(Refused):
    code = "phone_invalid"

    def __init__(self, text: str, country: str) -> None:
        super().__init__(_("“%(number)s” is not a telephone number (read as one of %(country)s).") % {"number": text[:40], "country": country or "?"})


@lru_cache(maxsize=65_536)
def to_e164(text: str, country: str) -> str:
    """A number as people write it, read in `country` (ISO 3166, two letters) unless it says otherwise → E.164, without extension.

    Words around it and further lines (`~4`) are read away. Raises PhoneInvalid.
    """
    if len(text) > _LONGEST:
        raise PhoneInvalid(text, country)
    try:
        number = phonenumbers.parse(_plain(text), country or None)
    except phonenumbers.NumberParseException:
        raise PhoneInvalid(text, country) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneInvalid(text, country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def several(text: str, country: str) -> list[str]:
    """All numbers of a cell, in order, each once. Raises PhoneInvalid for the first that is none, unless the whole is one: 030/1234567."""
    if len(text) > _LONGEST:
        raise PhoneInvalid(text, country)
    parts = [part for part in _SEVERAL.split(text) if part.strip()]
    try:
        return list(dict.fromkeys(to_e164(part, country) for part in parts))
    except PhoneInvalid as refusal:
        with suppress(PhoneInvalid):
            return [to_e164(text, country)]
        raise refusal


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain.isascii():
        plain = _REMARK.sub("", plain)
    more = _MORE_LINES.search(plain)
    # In Germany a slash may follow the area code (06131/1234): only behind a whole number does it begin another line.
    if more and sum(character.isdigit() for character in plain[: more.start()]) >= 8:
        plain = plain[: more.start()]
    return plain


@lru_cache(maxsize=8192)
def display(e164: str) -> str:
    """As it is dialled from anywhere, with its parts set apart: +82 2-555-0142."""
    return phonenumbers.format_number(phonenumbers.parse(e164, None), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
