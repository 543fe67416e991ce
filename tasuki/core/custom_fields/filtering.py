"""A custom field as one that the filter language knows: where PostgreSQL finds its value, and where plain Python does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import F
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Left, Upper

from tasuki.core.custom_fields import values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, model_of
from tasuki.core.filters import options
from tasuki.core.filters.fields import Computed, Field, Kind, Options

if TYPE_CHECKING:
    from tasuki.core.people import User

KINDS = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.LONG_TEXT: Kind.TEXT,
    FieldKind.URL: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.MONEY: Kind.MONEY,
    FieldKind.DATE: Kind.DATE,
    FieldKind.CHOICE: Kind.CHOICE,
    FieldKind.CHOICES: Kind.CHOICES,
    FieldKind.PERSON: Kind.PERSON,
    FieldKind.ACCOUNT: Kind.RECORD,
    FieldKind.CHECKBOX: Kind.CHECKBOX,
}


_SAMPLED, _OFFERED = 2_000, 30
# A list walks the choices that it is ordered by one by one.
MOST_STEPS = 60
# By so many characters what may be long is ordered: an index has no room for more than some of them.
_BEGINNING = 200


class _Numeric(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """A number of any size: what is cast to it is never rounded."""

    def __init__(self) -> None:
        super().__init__(max_digits=40, decimal_places=values.N_DIGITS)

    def cast_db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's own signature
        return "numeric"


class _Day(models.CharField):  # type: ignore[type-arg]  # generic for the type checker only
    """A day as its ISO text, which stands in the order of the days. PostgreSQL indexes no cast to a date: what it reads depends on settings."""

    def get_prep_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value


def expression(field: CustomField, column: str = "custom") -> Any:
    """Its value in PostgreSQL, null where there is none. The index of the field is on exactly this, so both come from here."""
    text = KeyTextTransform(field.slot, F(column))
    kind = FieldKind(field.kind)
    if kind is FieldKind.CHOICES:
        return KeyTransform(field.slot, F(column))
    if kind is FieldKind.MONEY:
        return Cast(KeyTextTransform("amount", KeyTransform(field.slot, F(column))), _Numeric())
    cast: dict[FieldKind, models.Field[Any, Any]] = {
        FieldKind.NUMBER: _Numeric(),
        FieldKind.PERSON: models.BigIntegerField(),
        FieldKind.ACCOUNT: models.BigIntegerField(),
        FieldKind.CHECKBOX: models.BooleanField(),
    }
    if kind in cast:
        return Cast(text, cast[kind])
    return models.ExpressionWrapper(text, output_field=_Day() if kind is FieldKind.DATE else models.TextField())


def asked(field: CustomField) -> Field:
    """The field as filters ask it. `path` is a name that only the query and the evaluator know."""
    kind = FieldKind(field.kind)
    path = f"custom_{field.slot}"
    computed = {path: Computed(expression(field), lambda row: _answered(field, row))}
    if kind is FieldKind.MONEY:
        currency = KeyTextTransform("currency", KeyTransform(field.slot, F("custom")))
        computed[f"{path}_in"] = Computed(currency, lambda row: (row.custom.get(field.slot) or {}).get("currency"))
    return Field(
        field.key,
        field.name,
        KINDS[kind],
        path,
        currency=f"{path}_in" if kind is FieldKind.MONEY else "",
        options=_options(field),
        names=_accounts if kind is FieldKind.ACCOUNT else None,
        noun="account" if kind is FieldKind.ACCOUNT else "",
        computed=computed,
    )


def _answered(field: CustomField, row: Any) -> Any:
    """For the evaluator: an amount of money without its currency."""
    value = values.of_record(field, row)
    return value.amount if field.kind == FieldKind.MONEY and value is not None else value


def _options(field: CustomField) -> Options | None:
    if field.kind == FieldKind.PERSON:
        return options.colleagues
    if field.kind == FieldKind.ACCOUNT:
        return lambda user: _commonest(field, user)
    if field.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        return lambda _user: [(choice.key, choice.label) for choice in field.choices()]
    return None


def _commonest(field: CustomField, user: User) -> list[tuple[str, str]]:
    """The accounts that the newest records name, the commonest first: enough to choose from, at a bounded cost."""
    rows: Any = model_of(field.noun)._default_manager
    newest = rows.visible_to(user).order_by("-pk").values_list(KeyTextTransform(field.slot, "custom"), flat=True)[:_SAMPLED]
    ids = [pk for pk, _n in Counter(pk for pk in newest if pk).most_common(_OFFERED)]
    called = _accounts(user, ids)
    return [(pk, called[pk]) for pk in ids if pk in called]


def _accounts(user: User, ids: Sequence[str]) -> dict[str, str]:
    rows: Any = apps.get_model("crm", "Account")._default_manager
    known = rows.visible_to(user).filter(pk__in=[int(pk) for pk in ids if pk.isdecimal() and len(pk) < 19])
    return {str(pk): name for pk, name in known.values_list("pk", "name")}


def order(field: CustomField) -> Any:
    """What a list is ordered by: texts without regard to capitals, a choice by `steps`, a person by name; None for kinds that have no order."""
    kind = FieldKind(field.kind)
    if kind is FieldKind.TEXT:
        return Upper(expression(field))
    if kind in (FieldKind.LONG_TEXT, FieldKind.URL):
        return Upper(Left(expression(field), _BEGINNING))
    if kind is FieldKind.CHOICE and len(field.choices()) > MOST_STEPS:
        return None
    in_order = (FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.CHOICE, FieldKind.CHECKBOX, FieldKind.PERSON)
    return expression(field) if kind in in_order else None


def steps(field: CustomField) -> tuple[str, ...]:
    """The choices of a field that is ordered by them, in their order."""
    return tuple(choice.key for choice in field.choices()) if field.kind == FieldKind.CHOICE else ()
