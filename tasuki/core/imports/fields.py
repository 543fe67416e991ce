"""Typed fields: what a cell may say, and the sentence for what it may not."""

from __future__ import annotations

import unicodedata
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused

_LARGEST = Decimal(10) ** 16
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")


class ValueRefused(Refused):
    code = "value_refused"


@dataclass(frozen=True)
class How:
    """How the mapping says a cell is written: a format of strptime, and the zone of times without one."""

    format: str = ""
    time_zone: str = "UTC"
    country: str = ""


# text (never blank) and how it is written → a value that JSON can hold; raises Refused.
Parse = Callable[[str, How], Any]


@dataclass(frozen=True)
class Field:
    """One field of a noun that a column can fill."""

    name: str
    parse: Parse
    required: bool = False


def text(longest: int) -> Parse:
    def parse(cell: str, _how: How) -> str:
        words = cell.strip()
        if len(words) > longest:
            raise ValueRefused(_("This is longer than %(n)s characters.") % {"n": longest})
        return words

    return parse


def choice(*allowed: str) -> Parse:
    def parse(cell: str, _how: How) -> str:
        word = cell.strip().casefold()
        if word not in allowed:
            raise ValueRefused(_("“%(value)s” is not one of: %(allowed)s.") % {"value": cell[:40], "allowed": ", ".join(allowed)})
        return word

    return parse


def country(cell: str, _how: How) -> str:
    """An ISO 3166 code of two letters."""
    code = unicodedata.normalize("NFKC", cell).strip().upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        raise ValueRefused(_("“%(value)s” is not a country code of two letters.") % {"value": cell[:40]})
    return code


def currency(cell: str, _how: How) -> str:
    """An ISO 4217 code of three letters."""
    code = cell.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise ValueRefused(_("“%(value)s” is not a currency code of three letters.") % {"value": cell[:40]})
    return code


def integer(cell: str, how: How) -> int:
    value = Decimal(amount(cell, how))
    if value != value.to_integral_value() or not 0 <= value < 2**31:
        raise ValueRefused(_("“%(value)s” is not a whole number.") % {"value": cell[:40]})
    return int(value)


def amount(cell: str, _how: How) -> str:
    """Digits with at most one decimal point; thousands may be set apart by commas. → the number as text, never a float."""
    plain = unicodedata.normalize("NFKC", cell).strip().replace(" ", "").replace("_", "x")
    whole, _point, fraction = plain.partition(".")
    groups = whole.lstrip("+-").split(",")
    grouped = len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    try:
        value = Decimal(whole.replace(",", "") + ("." + fraction if fraction else ""))
    except InvalidOperation:
        grouped, value = False, Decimal(0)
    if not grouped or not value.is_finite() or abs(value) >= _LARGEST:
        raise ValueRefused(_("“%(value)s” is not a number.") % {"value": cell[:40]})
    return str(value.quantize(Decimal("0.01")))


def price(cell: str, how: How) -> str:
    """An amount that is not negative."""
    value = amount(cell, how)
    if value.startswith("-"):
        raise ValueRefused(_("“%(value)s” is less than nothing.") % {"value": cell[:40]})
    return value


def day(cell: str, how: How) -> str:
    """A day → ISO 8601. Without a format in the mapping the year must come first: 3/4 is never guessed."""
    words = unicodedata.normalize("NFKC", cell).strip()
    for pattern in (how.format,) if how.format else _DATE_FORMATS:
        try:
            return _sane(datetime.strptime(words, pattern).date()).isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    try:
        return _sane(datetime.fromisoformat(words).date()).isoformat()
    except ValueError:
        raise ValueRefused(_("“%(value)s” is not a date that can be read; name its format in the mapping.") % {"value": cell[:40]}) from None


def moment(cell: str, how: How) -> str:
    """A moment → ISO 8601 in UTC. A day alone is its first moment in the mapping's zone."""
    words = unicodedata.normalize("NFKC", cell).strip()
    try:
        value = datetime.strptime(words, how.format) if how.format else datetime.fromisoformat(words.replace("/", "-"))  # noqa: DTZ007 - the zone follows
        _sane(value.date())
    except ValueError:
        raise ValueRefused(_("“%(value)s” is not a date that can be read; name its format in the mapping.") % {"value": cell[:40]}) from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(how.time_zone))
    return value.astimezone(UTC).isoformat()


def _sane(value: date) -> date:
    if not 1900 <= value.year <= 2200:
        raise ValueError(value)
    return value
