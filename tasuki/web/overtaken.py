"""Values of any field in the reader's words, as far as the reader may see what they name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from tasuki.core.custom_fields.definitions import FieldKind
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.edits import writing
from tasuki.core.meanwhile import Overtaken
from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.web import formats

if TYPE_CHECKING:
    from django.db.models import Model

_LONGEST = 80


def overtaken(one: Overtaken, record: Any, *, reader: User) -> str:
    """Who was faster, when, from what to what."""
    if one.entry is None:
        return _("Somebody changed this meanwhile.")
    return _("%(who)s changed this at %(when)s, from “%(before)s” to “%(after)s”.") % {
        "who": one.who,
        "when": formats.moment(one.at),
        "before": in_trail(record, one.field, one.before, reader=reader),
        "after": in_trail(record, one.field, one.after, reader=reader),
    }


def in_trail(record: Any, field: str, value: Any, *, reader: User) -> str:
    """A value as the trail has it; a record by its name, and only when the reader sees it."""
    if value in (None, "", []):
        return _("nothing")
    if model := _named_by(record, field, reader):
        return str(model._default_manager.get_queryset().visible_to(reader).filter(pk=value).first() or "…")  # type: ignore[attr-defined]  # our querysets have it
    if value is True or value is False:
        return _("yes") if value else _("no")
    if field == "money":
        return _amount(value)
    if field.endswith("_on"):
        return formats.day(date.fromisoformat(value))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _named_by(record: Any, field: str, reader: User) -> type[Model] | None:
    """The model of what the field names, if it names a record."""
    if field.startswith("custom."):
        try:
            kind = writing.custom_field(record.noun, field, person=reader).kind
        except NoSuchField:
            return None
        return {FieldKind.PERSON.value: User, FieldKind.ACCOUNT.value: Account}.get(kind)
    try:
        related: type[Model] | None = getattr(record._meta.get_field(field), "related_model", None) if field not in ("emails", "phones") else None
    except FieldDoesNotExist:
        return None
    return related


def _amount(value: Any) -> str:
    """The trail has the amount and its currency apart; the digits are enough to tell one from the other."""
    try:
        return formats.number(Decimal(str(value)))
    except InvalidOperation:
        return str(value)
