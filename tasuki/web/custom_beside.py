"""Custom fields beside each other: what somebody typed, or a row of a file says, and what a record says there, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasuki.core.custom_fields import definitions, values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.errors import Refused
from tasuki.core.imports.custom_columns import NEW
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Column
from tasuki.core.people import User
from tasuki.crm import import_fields
from tasuki.web import custom_values
from tasuki.web.custom_values import Names

_LONGEST = 200
_FOUND_BY = {FieldKind.PERSON: import_fields.people_named, FieldKind.ACCOUNT: import_fields.accounts_named}


@dataclass(frozen=True)
class Stated:
    """Values by their slots, of what is no record yet."""

    custom: Mapping[str, Any]


def typed(fields: Iterable[CustomField], said: Mapping[int, Any]) -> Stated:
    """What a form says of a record that is added, by the fields' ids."""
    return Stated({one.slot: values.encoded(one, said[one.pk]) for one in fields if one.pk in said})


def compared(noun: str, stated: Any, records: Sequence[Any], *, reader: User) -> list[tuple[str, str, Callable[[Any], str]]]:
    """The fields that the reader sees and of which anything is said: label, what is stated, and what a record says. `stated` is None for a form
    that asks for none of them."""
    fields = definitions.seen_by(reader, noun)
    names = custom_values.names_of([*records, *([stated] if stated else [])], fields, reader)
    rows = [(one.name, custom_values.said(one, stated, names).text if stated else "", _says(one, names)) for one in fields]
    return [row for row in rows if row[1] or any(row[2](record) for record in records)]


def _says(one: CustomField, names: Names) -> Callable[[Any], str]:
    return lambda record: custom_values.said(one, record, names).text


@dataclass(frozen=True)
class OfFile:
    """The custom fields that a file fills in and the reader sees, by their keys, as the rows and the records of one page say them."""

    noun: str
    fields: Mapping[str, CustomField]
    names: Names
    stated: Mapping[tuple[str, str], Any]

    def label(self, key: str) -> str:
        return self.fields[key].name

    def of_row(self, key: str, text: str) -> str:
        """What the text of a row says, in the words in which a record says it; as it stands where it cannot be read."""
        one, value = self.fields[key], self.stated.get((key, text))
        if value is None:
            return text[:_LONGEST]
        if one.kind in definitions.WITH_CHOICES:
            return _labels(one, value)
        if one.kind == FieldKind.ACCOUNT and value not in self.names.accounts:
            return text[:_LONGEST]  # whether it is here is not for the reader to know
        return custom_values.said(one, Stated({one.slot: value}), self.names).text or text[:_LONGEST]

    def of_record(self, key: str, record: Any) -> str:
        """Nothing of a record of another noun, such as the person of a lead."""
        return custom_values.said(self.fields[key], record, self.names).text if record.noun == self.noun else ""


def of_file(noun: str, filled: Mapping[str, tuple[Field, Column]], rows: Sequence[Mapping[str, str]], *, records: Iterable[Any], reader: User) -> OfFile:
    """`filled` are the custom fields with their columns, `rows` the cells of the rows that are shown, `records` all that stand beside them."""
    fields = {one.key: one for one in definitions.seen_by(reader, noun) if one.key in filled}
    stated: dict[tuple[str, str], Any] = {}
    for key, one in fields.items():
        field, column = filled[key]
        texts = {text for cells in rows if (text := column.text(cells).strip())}
        found = _FOUND_BY[FieldKind(one.kind)](texts) if one.kind in _FOUND_BY else {text: _read(field, column, text) for text in texts}
        stated |= {(key, text): value for text, value in found.items()}
    slots = [Stated({fields[key].slot: value}) for (key, _text), value in stated.items()]
    beside = [record for record in records if record.noun == noun]
    return OfFile(noun, fields, custom_values.names_of([*slots, *beside], list(fields.values()), reader), stated)


def _read(field: Field, column: Column, text: str) -> Any:
    try:
        return field.parse(text, column.how)
    except Refused:
        return None


def _labels(one: CustomField, value: Any) -> str:
    """In the order of the choices, those behind that the import would make."""
    said = [value] if isinstance(value, str) else list(value)
    there = [choice.label for choice in one.choices() if choice.key in said]
    return ", ".join([*there, *(key.removeprefix(NEW) for key in said if key.startswith(NEW))])
