"""Typed fields: what a cell may say, and the sentence for what it may not."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import countries
from tasuki.core.errors import Refused
from tasuki.core.imports import amounts, days

_LARGEST = Decimal(10) ** 16


class ValueRefused(Refused):
    code = "value_refused"


@dataclass(frozen=True)
class How:
    """How the mapping says a cell is written: a format of strptime, the zone of times without one, and the sign before a fraction.

    `currency` is that of amounts without one; `values` replaces parts of a cell that names several choices; `add` are choices to be made.
    """

    format: str = ""  # several, set apart by |, are tried in turn
    time_zone: str = "UTC"
    country: str = ""
    decimal: str = ""
    currency: str = ""
    values: Mapping[str, str] = dataclass_field(default_factory=dict)
    add: tuple[str, ...] = ()


# text (never blank) and how it is written → a value that JSON can hold; raises Refused.
Parse = Callable[[str, How], Any]


@dataclass(frozen=True)
class Field:
    """One field of a noun that a column can fill.

    A custom field brings its `label`, how a column for it may be `called` (squeezed), and what its values look like (`looks`).
    """

    name: str
    parse: Parse
    required: bool = False
    label: str = ""
    called: tuple[str, ...] = ()
    looks: str = ""


class ReadsNumber:
    """A parse of numbers, whose sign before the fraction may have to be asked for."""


class ReadsMoney(ReadsNumber):
    """A parse of amounts, whose currency may have to be asked for too."""


class Picklist:
    """A parse of the choices of a field: those that the file has and the field has not are asked about, one by one."""

    offered: tuple[str, ...]

    def parts(self, cell: str) -> list[str]:
        """The names of choices in a cell."""
        raise NotImplementedError

    def knows(self, part: str) -> bool:
        raise NotImplementedError


def text(longest: int) -> Parse:
    def parse(cell: str, _how: How) -> str:
        words = cell.strip()
        if len(words) > longest:
            raise ValueRefused(_("This is longer than %(n)s characters.") % {"n": longest})
        return words

    return parse


@dataclass(frozen=True)
class Choice:
    """Reads one of a few words."""

    allowed: tuple[str, ...]

    def meant(self, cell: str) -> str:
        """The word that the cell says; empty where it says none of them."""
        word = cell.strip().casefold()
        return word if word in self.allowed else ""

    def called(self, word: str) -> str:
        """The word as people read it."""
        return word

    def __call__(self, cell: str, _how: How) -> str:
        word = self.meant(cell)
        if not word:
            allowed = ", ".join(map(self.called, self.allowed))
            raise ValueRefused(_("“%(value)s” is not one of: %(allowed)s.") % {"value": cell[:40], "allowed": allowed})
        return word


@dataclass(frozen=True)
class NamedChoice(Choice):
    """Reads one of a few words, or what one is called in any of our languages, as our exports say it."""

    labels: Mapping[str, Any] = dataclass_field(default_factory=dict)

    @cached_property
    def _by_label(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                found |= {str(label).casefold(): word for word, label in self.labels.items()}
        return found

    def meant(self, cell: str) -> str:
        return super().meant(cell) or self._by_label.get(cell.strip().casefold(), "")

    def called(self, word: str) -> str:
        return str(self.labels[word])


def choice(*allowed: str) -> Choice:
    return Choice(allowed)


def named_choice(labels: Iterable[tuple[str, Any]]) -> NamedChoice:
    """Of words with what they are called, such as the choices of a model."""
    by_word = dict(labels)
    return NamedChoice(tuple(by_word), by_word)


def number(cell: str, _how: How) -> int:
    """The number of a record of ours."""
    words = cell.strip()
    if not (words.isascii() and words.isdecimal()) or not 0 < int(words[:20]) < 2**63:
        raise ValueRefused(_("“%(value)s” is no number of a record.") % {"value": cell[:40]})
    return int(words)


def country(cell: str, _how: How) -> str:
    """An ISO 3166 code of two letters, from the code or from the name in one of our languages."""
    code = countries.code_of(cell)
    if not code:
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


def amount(cell: str, how: How) -> str:
    """A number as people write it (amounts.number) → as text with two decimals, never a float."""
    value = amounts.number(cell, how.decimal)
    if value is None or abs(value) >= _LARGEST:
        raise ValueRefused(_("“%(value)s” is not a number.") % {"value": cell[:40]})
    return str(value.quantize(Decimal("0.01")))


def price(cell: str, how: How) -> str:
    """An amount that is not negative."""
    value = amount(cell, how)
    if value.startswith("-"):
        raise ValueRefused(_("“%(value)s” is less than nothing.") % {"value": cell[:40]})
    return value


def day(cell: str, how: How) -> str:
    """A day → ISO 8601. Without a format in the mapping it must leave no doubt: 3/4 is never guessed."""
    try:
        return days.read(cell, how.format).date().isoformat()
    except ValueError:
        raise ValueRefused(_("“%(value)s” is not a date that can be read; name its format in the mapping.") % {"value": cell[:40]}) from None


def moment(cell: str, how: How) -> str:
    """A moment → ISO 8601 in UTC. A day alone is its first moment in the mapping's zone."""
    try:
        value = days.read(cell, how.format)
    except ValueError:
        raise ValueRefused(_("“%(value)s” is not a date that can be read; name its format in the mapping.") % {"value": cell[:40]}) from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(how.time_zone))
    return value.astimezone(UTC).isoformat()
