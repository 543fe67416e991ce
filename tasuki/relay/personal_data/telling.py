"""What the rows of a person say, for them to read: each section is one kind of row, each value in words where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tasuki.core.custom_fields.definitions import CustomField, CustomFields
from tasuki.core.people import User
from tasuki.crm.contacts import Consent
from tasuki.engage.consent_texts import ConsentText
from tasuki.relay.personal_data.reach import Reach, reachable

# What opens a door, or says only where our own bytes lie: it tells the person nothing about themselves.
KEPT_BACK = {"stored_as", "nonce", "digest"}
# Columns that are called by no words elsewhere.
_WORDS: dict[str, Any] = {
    "at": _("when"),
    "text": _("text"),
    "detail": _("details"),
    "actor": _("who"),
    "person": _("who"),
    "label": _("name"),
    "words": _("words"),
    "reasons": _("reasons"),
    "candidates": _("who could have got it"),
    "letter": _("grade"),
    "rank": _("rank"),
    "added_at": _("added"),
    "recorded_by": _("recorded by"),
    "asked_by": _("asked by"),
    "learned_at": _("learned"),
    "written_at": _("written"),
    "starts_at": _("begins"),
    "due_at": _("due"),
    "reason": _("reason"),
    "text_version": _("version of the text"),
}
# Rows that are called by no words elsewhere.
TITLES: dict[str, Any] = {
    "crm.ContactEmail": _("mail addresses"),
    "crm.ContactPhone": _("telephone numbers"),
    "engage.Hearing": _("who heard a recording"),
    "engage.LentCall": _("calls that were lent to be heard"),
    "inside_sales.Lease": _("who was at work on it"),
    "inside_sales.ObjectionUse": _("objections that were answered"),
    "inside_sales.Skip": _("when somebody passed over it on a list"),
}
_AT_ONCE = 500
_CUSTOM = "custom"


@dataclass(frozen=True)
class Told:
    """One row: as a program reads it, and as a person does, a label and a text for each value that is not empty."""

    plain: Mapping[str, Any]
    words: list[tuple[Any, Any]]


@dataclass(frozen=True)
class Section:
    """One kind of row. `key` names it for programs; `rows` are read as they are asked for, once."""

    key: str
    title: Any
    n: int
    rows: Iterable[Told]


def sections(reach: Reach) -> Iterator[Section]:
    """Everything, the person first; then who changed it, who opened it, and the rows of imports it came from."""
    for model in reachable():
        if ids := reach.ids(model):
            yield Section(model._meta.label_lower, title_of(model), len(ids), _rows(model, reach))
    if texts := _texts(reach):
        yield Section("engage.consenttext", ConsentText._meta.verbose_name_plural, len(texts), map(_told, texts))
    for key, title, rows in (
        ("trail", _("who changed it"), reach.trail().select_related("actor").order_by("at", "pk")),
        ("openings", _("who opened it last"), reach.openings().select_related("person").order_by("opened_at", "pk")),
        ("imports", _("imports it came from"), reach.import_rows().select_related("run").order_by("pk")),
    ):
        if n := rows.count():
            yield Section(key, title, n, map(_told, rows.iterator(chunk_size=_AT_ONCE)))


def title_of(model: type[models.Model]) -> Any:
    return TITLES.get(model._meta.label) or model._meta.verbose_name_plural


def _rows(model: type[models.Model], reach: Reach) -> Iterator[Told]:
    # What a row names outside of the person is read along; what is theirs stands in a section of its own.
    outside = [field.name for field in model._meta.local_fields if isinstance(field, models.ForeignKey) and not reach.ids(field.related_model)]
    rows = reach.of(model).select_related(*outside) if outside else reach.of(model)
    return map(_told, rows.order_by("pk").iterator(chunk_size=_AT_ONCE))


def _texts(reach: Reach) -> list[ConsentText]:
    """The words of ours that their consents name."""
    said = set(reach.of(Consent).exclude(text_version="").values_list("text_version", flat=True))
    return [text for text in ConsentText.objects.order_by("pk") if str(text) in said] if said else []


def _told(row: models.Model) -> Told:
    plain: dict[str, Any] = {"id": row.pk}
    words: list[tuple[Any, Any]] = []
    for field in row._meta.concrete_fields:
        if field.primary_key or field.name in KEPT_BACK:
            continue
        value = _value(row, field)
        if field.name == _CUSTOM:
            value = _custom(str(getattr(row, "noun", "")), value)
            words.extend(value.items())
        elif value not in (None, "", [], {}) and (label := _label(field)):
            words.append((label, _in_words(row, field, value)))
        plain[field.name] = value
    return Told(plain, words)


def _value(row: models.Model, field: models.Field[Any, Any]) -> Any:
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        if value is not None and field.is_cached(row):
            return {"id": value, "name": _name(getattr(row, field.name))}
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) or not isinstance(value, (str, int, float, bool, list, dict, type(None))) else value


def _name(other: Any) -> str:
    return other.display_name if isinstance(other, User) else str(other)


def _label(field: models.Field[Any, Any]) -> Any:
    return field.verbose_name if isinstance(field.verbose_name, Promise) else _WORDS.get(field.name)


def _in_words(row: models.Model, field: models.Field[Any, Any], value: Any) -> Any:
    if field.choices:
        return getattr(row, f"get_{field.name}_display")()
    if isinstance(field, models.DateTimeField):
        return getattr(row, field.attname)
    if isinstance(value, dict) and "name" in value and isinstance(field, models.ForeignKey):
        return value["name"]
    return value


def _custom(noun: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the custom fields, by their names; choices by theirs."""
    fields = _fields(noun) if values else {}
    return {fields[slot].name if slot in fields else slot: _chosen(fields.get(slot), value) for slot, value in values.items()}


def _chosen(field: CustomField | None, value: Any) -> Any:
    labels = {int(one.key): one.label for one in field.choices()} if field else {}
    if not labels:
        return value
    return [labels.get(one, one) for one in value] if isinstance(value, list) else labels.get(value, value)


def _fields(noun: str) -> dict[str, CustomField]:
    fields: CustomFields = CustomField.objects.of_noun(noun).described()
    return {field.slot: field for field in fields}
