"""Custom fields as fields that a column of a file can fill: how each kind reads a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core.custom_fields import definitions, values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.imports import amounts, fields, synonyms
from tasuki.core.imports.fields import Field, How, Picklist, ValueRefused
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation

_YES = frozenset(["yes", "y", "true", "t", "1", "x", "o", "on", "✓", "✔", "☑", "checked", "예", "네", "참", "はい", "有", "可", "済", "○", "〇", "該当"])
_NO = frozenset(["no", "n", "false", "f", "0", "off", "-", "✗", "☐", "unchecked", "아니오", "아니요", "거짓", "いいえ", "無", "不可", "未", "×", "非該当"])
# Between several choices in one cell.
_SEVERAL = re.compile(r"[;,|\n、]")
# What a row says of a choice that the mapping adds: it has no key before the chunk is written.
NEW = "+"


def field_of(field: CustomField) -> Field:
    """A custom field, by its key, with the names that a column for it may have."""
    kind = FieldKind(field.kind)
    called = tuple({synonyms.squeezed(name) for name in (field.label, field.label_en, field.label_ko, field.label_ja) if name})
    looks = {FieldKind.DATE: "date", FieldKind.NUMBER: "number", FieldKind.MONEY: "number"}.get(kind, "")
    return Field(field.key, _parse(field, kind), label=field.name, called=called, looks=looks)


def _parse(field: CustomField, kind: FieldKind) -> Any:
    if kind is FieldKind.DATE:
        return fields.day
    if kind in definitions.WITH_CHOICES:
        labels = {synonyms.squeezed(choice.label) or choice.label.casefold(): choice.key for choice in reversed(field.choices())}
        offered = tuple(choice.label for choice in field.choices() if not choice.is_retired)
        return _Choices(labels, offered, is_several=kind is FieldKind.CHOICES)
    if kind in (FieldKind.PERSON, FieldKind.ACCOUNT):
        return fields.text(320)
    if kind is FieldKind.MONEY:
        return _Money(field, the_organisation().currency)
    return {FieldKind.NUMBER: _Number, FieldKind.CHECKBOX: _Checkbox}.get(kind, _Text)(field)


@dataclass(frozen=True)
class _Text:
    field: CustomField

    def __call__(self, cell: str, _how: How) -> Any:
        return _encoded(self.field, cell)


@dataclass(frozen=True)
class _Number(fields.ReadsNumber):
    field: CustomField

    def __call__(self, cell: str, how: How) -> Any:
        return _encoded(self.field, _number(cell, how))


@dataclass(frozen=True)
class _Money(fields.ReadsMoney):
    """The currency that the cell names, else that of the mapping, else the organisation's."""

    field: CustomField
    currency: str

    def __call__(self, cell: str, how: How) -> Any:
        amount = _number(cell, how)
        if abs(amount) >= values.LARGEST:
            raise ValueRefused(_("“%(value)s” is not a number.") % {"value": cell[:40]})
        return _encoded(self.field, Money(amount, amounts.currency(cell) or how.currency or self.currency))


@dataclass(frozen=True)
class _Checkbox:
    field: CustomField

    def __call__(self, cell: str, _how: How) -> Any:
        word = cell.strip().casefold()
        if word not in _YES | _NO:
            raise ValueRefused(_("“%(value)s” is neither yes nor no.") % {"value": cell[:40]})
        return True if word in _YES else None


@dataclass(frozen=True)
class _Choices(Picklist):
    """Reads the name of a choice, or several; without regard to case, width, blanks and signs."""

    keys: Mapping[str, str]
    offered: tuple[str, ...]
    is_several: bool

    def parts(self, cell: str) -> list[str]:
        whole = cell.strip()
        if not self.is_several or self.knows(whole):
            return [whole]
        return [part for part in (part.strip() for part in _SEVERAL.split(whole)) if part]

    def knows(self, part: str) -> bool:
        return synonyms.squeezed(part) in self.keys or part.casefold() in self.keys

    def __call__(self, cell: str, how: How) -> Any:
        read = [self._read(how.values.get(part, part), how) for part in self.parts(cell)]
        found = list(dict.fromkeys(key for key in read if key))
        return (found or None) if self.is_several else (found[0] if found else None)

    def _read(self, part: str, how: How) -> str:
        if not part or self.knows(part):
            return self.keys.get(synonyms.squeezed(part)) or self.keys.get(part.casefold(), "")
        if part in how.add:
            return NEW + part
        raise ValueRefused(_("“%(value)s” is none of the choices.") % {"value": part[:40]})


def _number(cell: str, how: How) -> Decimal:
    number = amounts.number(cell, how.decimal)
    if number is None:
        raise ValueRefused(_("“%(value)s” is not a number.") % {"value": cell[:40]})
    return number


def _encoded(field: CustomField, value: Any) -> Any:
    try:
        return values.encoded(field, value)
    except CustomValueWrong as refusal:
        raise ValueRefused(refusal.reason) from None
