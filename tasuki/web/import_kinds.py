"""What kind of values a column holds, in words: by the field that it fills, else by what its values look like."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tasuki.core.imports import days, fields, sets
from tasuki.core.imports.evidence import Evidence
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Column
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.sets import ImportFile

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_TEXT = pgettext_lazy("kind of field", "text")
_WORDS: dict[str, _StrOrPromise] = {
    "mail": gettext_lazy("mail address"),
    "phone": gettext_lazy("telephone number"),
    "domain": gettext_lazy("website"),
    "country": gettext_lazy("country"),
    "corporate number": gettext_lazy("corporate number"),
    "date": pgettext_lazy("kind of field", "date"),
    "number": pgettext_lazy("kind of field", "number"),
    "money": pgettext_lazy("kind of field", "money"),
    "choice": pgettext_lazy("kind of field", "choice"),
}
# What fields hold whose way of being read is shared by others.
_BY_NAME = {"email": "mail", "other_email": "mail", "phone": "phone", "other_phone": "phone", "domain": "domain", "corporate_number": "corporate number"}
_SHOWN_DAY = datetime(2024, 12, 31, 18, 30)  # noqa: DTZ001 - shows how a format writes it, wherever that is


def of_columns(file: ImportFile, seen: Evidence) -> dict[str, str]:
    """The kind of each column of the file, by its name: text, mail address, date with its format, money with its currency, and so on."""
    noun, mapping = noun_named(file.noun), sets.stored_mapping(file)
    filled = {column.column: (noun.fields[name], column) for name, column in mapping.columns.items() if name in noun.fields}
    return {name: _said(*filled[name]) if name in filled else str(_WORDS.get(one.kind(), _TEXT)) for name, one in seen.columns.items()}


def _said(field: Field, column: Column) -> str:
    kind = _kind(field)
    words = str(_WORDS.get(kind, _TEXT))
    how = {"date": _written(column.format), "money": column.currency, "phone": column.country}.get(kind, "")
    return _("%(kind)s, %(how)s") % {"kind": words, "how": how} if how else words


def _kind(field: Field) -> str:
    parse = field.parse
    if isinstance(parse, (fields.Choice, fields.Picklist)):
        return "choice"
    if isinstance(parse, fields.ReadsMoney) or parse in (fields.amount, fields.price):
        return "money"
    if isinstance(parse, fields.ReadsNumber) or parse in (fields.integer, fields.number):
        return "number"
    if parse in (fields.moment, fields.day):
        return "date"
    return "country" if parse is fields.country else _BY_NAME.get(field.name, field.looks)


def _written(formats: str) -> str:
    """How the first of the formats writes the last day of 2024."""
    first = formats.split(days.ALTERNATIVES, maxsplit=1)[0].strip()
    try:
        return _SHOWN_DAY.strftime(first)
    except ValueError:
        return first
