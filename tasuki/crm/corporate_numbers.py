"""Corporate numbers with their check digits: 法人番号 in Japan, 사업자등록번호 in Korea."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused

_KR_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3)


class CorporateNumberInvalid(Refused):
    code = "corporate_number_invalid"

    def __init__(self, text: str, country: str) -> None:
        super().__init__(
            _("“%(number)s” is not a corporate number of %(country)s: its check digit or its length is wrong.") % {"number": text[:40], "country": country}
        )


def normalise(text: str, country: str) -> str:
    """The digits of a Japanese or Korean number, checked; for other countries its letters and digits in capitals. Raises CorporateNumberInvalid."""
    digits = "".join(character for character in unicodedata.normalize("NFKC", text) if character.isalnum()).upper()
    if country == "JP" and not is_valid_jp(digits):
        raise CorporateNumberInvalid(text, country)
    if country == "KR" and not is_valid_kr(digits):
        raise CorporateNumberInvalid(text, country)
    return digits[:32]


def is_valid_jp(digits: str) -> bool:
    """13 digits; the first is 9 − (Σ P·Q mod 9), Q alternating 1 and 2 from the right."""
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits[1:])))
    return int(digits[0]) == 9 - total % 9


def is_valid_kr(digits: str) -> bool:
    """10 digits; weights 1,3,7,1,3,7,1,3 on the first eight, and the ninth times 5 with its tens added.

    Ten zeros would pass the sum, but they are what people type when they have no number.
    """
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()) or not digits.strip("0"):
        return False
    ninth = int(digits[8]) * 5
    total = sum(int(digit) * weight for digit, weight in zip(digits, _KR_WEIGHTS, strict=False)) + ninth + ninth // 10
    return int(digits[9]) == (10 - total % 10) % 10
