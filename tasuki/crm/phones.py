"""Telephone numbers: however they are written, one number is one E.164."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused

_SEVERAL = re.compile(r"\s*(?:[/;、,\n]|\bor\b)\s*(?=[+(0-9])")
_LABEL = re.compile(r"^(?:tel|phone|mobile|fax|전화|휴대폰|대표|電話|携帯|代表)\s*[.:)]*\s*", re.IGNORECASE)


class PhoneInvalid(Refused):
    code = "phone_invalid"

    def __init__(self, text: str, country: str) -> None:
        super().__init__(_("“%(number)s” is not a telephone number (read as one of %(country)s).") % {"number": text[:40], "country": country or "?"})


@lru_cache(maxsize=65_536)
def to_e164(text: str, country: str) -> str:
    """A number as people write it, read in `country` (ISO 3166, two letters) unless it says otherwise → E.164. Raises PhoneInvalid."""
    plain = _LABEL.sub("", unicodedata.normalize("NFKC", text).strip())
    try:
        number = phonenumbers.parse(plain, country or None)
    except phonenumbers.NumberParseException:
        raise PhoneInvalid(text, country) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneInvalid(text, country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def several(text: str, country: str) -> list[str]:
    """All numbers of a cell, in order, each once. Raises PhoneInvalid for the first that is none."""
    return list(dict.fromkeys(to_e164(part, country) for part in _SEVERAL.split(text) if part.strip()))


def display(e164: str, country: str) -> str:
    """For a reader in `country`: their own numbers as at home, others with +."""
    number = phonenumbers.parse(e164, None)
    at_home = phonenumbers.region_code_for_number(number) == country
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL)
