"""What a row of a file says and what a record says, field by field, in words that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from tasuki.core import abilities, names
from tasuki.core.errors import Refused
from tasuki.core.imports import own_exports, sets
from tasuki.core.imports.fields import Choice, Field
from tasuki.core.imports.mapping import Column
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportFile
from tasuki.core.people import User
from tasuki.crm import matching, phones
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.product_points import ProductPoint
from tasuki.crm.products import Product
from tasuki.sales.opportunities import Opportunity
from tasuki.web import custom_beside, formats, import_forms

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_MODELS: dict[str, Any] = {"account": Account, "contact": Contact, "lead": Lead, "product": Product, "productpoint": ProductPoint, "opportunity": Opportunity}
WHY: dict[str, _StrOrPromise] = {
    "email": gettext_lazy("same mail address"),
    "phone": gettext_lazy("same telephone number"),
    "name": gettext_lazy("same name"),
    "domain": gettext_lazy("same domain"),
    "corporate_number": gettext_lazy("same corporate number"),
    "reference": gettext_lazy("same reference"),
}
_NAME = ("family_name", "given_name")


@dataclass(frozen=True)
class Said:
    """What the row says of one field."""

    field: str
    label: str
    lines: list[str]


@dataclass(frozen=True)
class Cell:
    """What the record says there; `differs` from the row, or the row `adds` what the record does not have."""

    text: str
    differs: bool
    adds: bool


def record_of(file: ImportFile) -> str:
    """What one record of the file's noun is called."""
    return noun_named(file.noun).record


def in_words(run: ImportRun) -> list[tuple[str, int]]:
    """By what the records were known that the rows of a run are about, the commonest first."""
    known = sorted(((n, by) for by, n in run.known.items() if by != ImportRun.UNCLEAR), reverse=True)
    return [(str(WHY.get(by, import_forms.FIELDS.get(by, by))), n) for n, by in known]


def records(noun: str, ids: Iterable[int], *, user: User) -> dict[int, Any]:
    """Those of the records that the person may see."""
    rows = _MODELS[noun].objects.visible_to(user).filter(pk__in=ids)
    return {one.pk: one for one in (rows.for_page() if hasattr(rows, "for_page") else rows)}


def compared(file: ImportFile, *, user: User) -> list[tuple[Field, Column]]:
    """The fields of the file's rows that are shown, each with its column, without those that are hidden from the person."""
    noun, mapping = noun_named(file.noun), sets.stored_mapping(file)
    hidden = abilities.standing_of(user).hides("contact")
    shown = [field for name, field in noun.fields.items() if name != own_exports.FIELD and not (hidden and name in ("email", "phone"))]
    return [(field, mapping.columns[field.name]) for field in shown if field.name in mapping.columns]


def custom_of(
    file: ImportFile, fields: Iterable[tuple[Field, Column]], rows: Sequence[dict[str, str]], *, beside: Iterable[Any], user: User
) -> custom_beside.OfFile:
    """How the rows and the records of one page say the custom fields that the person sees; the others are not compared."""
    return custom_beside.of_file(record_of(file), {field.name: (field, column) for field, column in fields if field.label}, rows, records=beside, reader=user)


def said(fields: Iterable[tuple[Field, Column]], cells: dict[str, str], *, custom: custom_beside.OfFile) -> list[Said]:
    """What the row says of each field, a name in one piece; nothing of fields that it leaves empty."""
    fields = [(field, column) for field, column in fields if not field.label or field.name in custom.fields]
    found = {
        field.name: ([custom.of_row(field.name, text)] if (text := column.text(cells).strip()) else []) if field.label else _read(field, column, cells)
        for field, column in fields
    }
    parts = [" ".join(found.pop(name, [])) for name in _NAME]
    if any(parts):
        found = {"full_name": [names.display(*parts)], **{name: lines for name, lines in found.items() if name != "full_name"}}
    return [
        Said(name, custom.label(name) if name in custom.fields else str(import_forms.FIELDS.get(name, name)), lines) for name, lines in found.items() if lines
    ]


def cell(row: Said, record: Any, *, custom: custom_beside.OfFile) -> Cell:
    if row.field in custom.fields:
        text = custom.of_record(row.field, record)
        return Cell(text, differs=bool(text) and text.casefold() != row.lines[0].casefold(), adds=not text and record.noun == custom.noun)
    lines = [line for line in _SAYS.get(row.field, _plain)(_person(record, row.field), row.field) if line]
    folded = {_folded(row.field, line) for line in lines}
    is_other = not {_folded(row.field, line) for line in row.lines} <= folded
    return Cell(", ".join(lines), differs=bool(lines) and is_other, adds=not lines and row.field in _FILLED)


def _read(field: Field, column: Column, cells: dict[str, str]) -> list[str]:
    text = column.text(cells).strip()
    if not text:
        return []
    try:
        value = field.parse(text, column.how)
    except Refused:
        return [text[:200]]
    if field.name in ("email", "other_email"):
        return [value[0]]
    if field.name in ("phone", "other_phone"):
        return [phones.display(number) for number in value]
    if field.name == "full_name":
        return [names.display(*names.split(value))]
    if field.name in ("opened_at", "closed_at", "won_at", "lost_at"):
        return [formats.day(datetime.fromisoformat(value))]
    return [field.parse.called(value) if isinstance(field.parse, Choice) else str(value)[:200]]


def _folded(field: str, text: str) -> str:
    if field in ("account", "name"):
        return matching.fold_company(text)
    # A name reads the same in either order.
    return "".join(sorted(text.casefold().split())) if field == "full_name" else text.casefold()


# What belongs to the person of a lead.
_OF_PERSON = ("full_name", "title", "email", "phone", "other_email", "other_phone")
# What an update or a new pass would fill in.
_FILLED = (
    "title",
    "email",
    "phone",
    "other_email",
    "other_phone",
    "reference",
    "segment",
    "source_detail",
    "domain",
    "industry",
    "country",
    "n_employees",
    "corporate_number",
    "postal_address",
)


def _person(record: Any, field: str) -> Any:
    return record.contact if isinstance(record, Lead) and field in _OF_PERSON else record


def _plain(record: Any, field: str) -> list[str]:
    value = getattr(record, field, "")
    return [str(value) if value is not None else ""]


def _called(record: Any, field: str) -> list[str]:
    other = getattr(record, field, None)
    return [str(other)] if other else []


def _day(record: Any, field: str) -> list[str]:
    value = getattr(record, field, None)
    return [formats.day(value)] if value else []


def _addresses(person: Any, _field: str) -> list[str]:
    return [one.address for one in person.emails.all()] if isinstance(person, Contact) else []


def _numbers(person: Any, _field: str) -> list[str]:
    return [phones.display(one.e164) for one in person.phones.all()] if isinstance(person, Contact) else []


_SAYS: dict[str, Callable[[Any, str], list[str]]] = {
    "full_name": lambda person, _field: [person.display_name] if isinstance(person, Contact) else [],
    **dict.fromkeys(("email", "other_email"), _addresses),
    **dict.fromkeys(("phone", "other_phone"), _numbers),
    "title": lambda person, _field: [person.title] if isinstance(person, Contact) else [],
    "kind": lambda record, _field: [record.get_kind_display()],
    "language": lambda record, _field: [record.get_language_display()],
    "stage": lambda record, _field: [getattr(record, "stage_id", None) or ""],
    "account": _called,
    "parent": _called,
    "owner": _called,
    "team": _called,
    "product": _called,
    "lead": _called,
    **dict.fromkeys(("opened_at", "closed_at", "won_at", "lost_at"), _day),
}
