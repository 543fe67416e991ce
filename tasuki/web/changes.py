"""What the audit trail keeps as keys and ids, in words: fields by their names, choices by their labels, records by what they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tasuki.core import abilities
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.bulk.verbs import verbs
from tasuki.core.custom_fields import definitions
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.lead_imports import Promises
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage
from tasuki.inside_sales.qualification import Fact, FactState
from tasuki.relay.plan_rows import PASSED, Step
from tasuki.web import formats, nouns

# What is written down beside the fields of a model, or has no name there.
_FIELDS: dict[str, Any] = {
    "choices": gettext_lazy("choices"),
    "file": gettext_lazy("file"),
    "files": gettext_lazy("files"),
    "held_by": gettext_lazy("who holds it"),
    "filter": gettext_lazy("filter"),
    "form": gettext_lazy("form of file"),
    "list": gettext_lazy("list"),
    "n_rows": gettext_lazy("rows"),
    "of": gettext_lazy("list"),
    "password": gettext_lazy("password"),
    "position": gettext_lazy("position"),
    "promises": gettext_lazy("promises"),
    "reason": gettext_lazy("reason"),
    "role": gettext_lazy("role"),
    "search": gettext_lazy("search"),
    "stage": gettext_lazy("stage"),
    "state": gettext_lazy("state"),
    "step": gettext_lazy("step"),
    "team": gettext_lazy("team"),
    "verb": pgettext_lazy("bulk", "what is done"),
    **{channel.value: channel.label for channel in Channel},
    **{f"fact_{fact.value}": fact.label for fact in Fact},
    **{step.value: step.label for step in Step},
    **{f"{step.value}_rate": format_lazy("{}: {}", step.label, gettext_lazy("rate, assumed")) for step in PASSED},
    **{f"{step.value}_days": format_lazy("{}: {}", step.label, gettext_lazy("days, assumed")) for step in PASSED},
}
# Values that stand for something which has a name, whatever record they were written on.
_VALUES: dict[str, Callable[[], Mapping[Any, Any]]] = {
    "role": lambda: dict(Role.choices),
    **dict.fromkeys(("noun", "of", "list"), lambda: {noun: nouns.label(noun) for noun in nouns.models()}),
    "promises": lambda: dict(Promises.choices),
    "verb": lambda: {verb.key: verb.label for verb in verbs().values()},
    **{channel.value: lambda: dict(ConsentState.choices) for channel in Channel},
    **{f"fact_{fact.value}": lambda: dict(FactState.choices) for fact in Fact},
}
# The records that a value may name by their ids.
_NAMED: tuple[Any, ...] = (User, Team, Stage, Account, Contact, Product, Lead)
_NOTHING = "–"


@dataclass(frozen=True)
class Change:
    field: Any
    before: str
    after: str


def in_words(entries: Iterable[AuditEntry], *, reader: User) -> dict[int, list[Change]]:
    """By entry, its changes as the reader may know them: a field that is hidden from them is left out.

    One query for each kind of record that the values name, and one for custom fields, however many entries there are.
    """
    entries = list(entries)
    custom = definitions.names(name for entry in entries for name in entry.changes if name.startswith("custom."))
    seen = {field.key for field in CustomField.objects.visible_to(reader)} if custom else set()
    standing = abilities.standing_of(reader)
    told = {
        entry.pk: {name: pair for name, pair in entry.changes.items() if name not in standing.hides(entry.noun) and (name not in custom or name in seen)}
        for entry in entries
    }
    called = _called(entries, told, reader)
    return {
        entry.pk: [
            Change(
                custom.get(name) or _label(entry.noun, name),
                *(_words(value, name, _model(entry.noun, name), said=_choices(entry.noun, name), called=called) for value in pair),
            )
            for name, pair in told[entry.pk].items()
        ]
        for entry in entries
    }


def _label(noun: str, name: str) -> Any:
    found = nouns.field_label(noun, name)
    return _FIELDS.get(name, found) if found == name or found == name.replace("_", " ") else found


def _model(noun: str, name: str) -> type[Any] | None:
    """What the ids in a field are ids of."""
    field = _field(noun, name)
    return field.related_model if isinstance(field, ForeignKey) and field.related_model in _NAMED else None


def _field(noun: str, name: str) -> Any:
    model = nouns.models().get(noun)
    if name in {"stage", "required_from"}:
        return Lead._meta.get_field("stage")
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def _choices(noun: str, name: str) -> Mapping[Any, Any]:
    if name in _VALUES:
        return _VALUES[name]()
    return dict(getattr(_field(noun, name), "flatchoices", None) or ())


def _called(entries: list[AuditEntry], told: dict[int, dict[str, Any]], reader: User) -> dict[tuple[type[Any], Any], str]:
    wanted: dict[type[Any], set[Any]] = defaultdict(set)
    for entry in entries:
        for name, pair in told[entry.pk].items():
            if model := _model(entry.noun, name):
                wanted[model] |= {value for value in pair if isinstance(value, (int, str)) and value != ""}
    return {(model, one.pk): str(one) for model, ids in wanted.items() for one in _rows(model, reader).filter(pk__in=ids)}


def _rows(model: Any, reader: User) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.visible_to(reader)
    return rows.select_related("contact", "account") if model is Lead else rows  # a lead is called by its person and company


def _words(value: Any, name: str, model: type[Any] | None, *, said: Mapping[Any, Any], called: dict[tuple[type[Any], Any], str]) -> str:
    if value is None or value in ("", []):
        return _NOTHING
    if isinstance(value, list):
        return ", ".join(_words(one, name, model, said=said, called=called) for one in value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if model:
        return called.get((model, value), f"#{value}")
    if value in said:
        return str(said[value])
    return _moment(value) if isinstance(value, str) and name.endswith(("_at", "_on", "_since")) else str(value)


def _moment(value: str) -> str:
    try:
        return formats.day(date.fromisoformat(value)) if len(value) == 10 else formats.moment(datetime.fromisoformat(value))
    except ValueError:
        return value
