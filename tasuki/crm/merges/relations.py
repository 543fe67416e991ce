"""Everything that points at a record which can be merged: found by walking the models, so that a new foreign key is never forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

# Pointers that `tasuki.crm.merging` carries over by rules of their own.
OWN_RULES = {
    ("crm.ContactEmail", "contact"): "addresses of one box become one, and one of them is the main one",
    ("crm.ContactPhone", "contact"): "likewise numbers",
    ("crm.Ownership", "account"): "an account has one owner at a time: the survivor's periods go on, the others' stay with the merge",
    ("crm.Account", "parent"): "subsidiaries follow, but never in a circle",
}
# A person has one open lead per product line, and is in one sequence at a time: `passes`, and who hears of `merging.BecomeOne`, see to it
# before the rows move.
PREPARED = {("crm.Lead", "contact"), ("engage.Enrolment", "contact")}


class RelationWithoutRule(Exception):
    """A foreign key stands in a constraint that moving its rows could break: give it a rule in `relations` and in the verb."""


@dataclass(frozen=True)
class Relation:
    """Rows of `model` that point at a record by `field`. `once_with` are the other columns of a unique constraint: a row that the
    survivor has already is not moved but removed."""

    model: type[models.Model]
    field: models.ForeignKey[Any, Any]
    once_with: tuple[tuple[str, ...], ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.model._meta.label, self.field.name

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        return str(self.field.column)


def pointing_at(target: type[models.Model]) -> list[Relation]:
    """All foreign keys to the model but those of OWN_RULES. Raises RelationWithoutRule."""
    return [Relation(model, field, _once_with(model, field)) for model, field in foreign_keys(target) if (model._meta.label, field.name) not in OWN_RULES]


def foreign_keys(target: type[models.Model]) -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is target:
                yield model, field


def beside(target: type[models.Model], *, through: type[models.Model]) -> Iterator[tuple[type[models.Model], str, str]]:
    """(model, its column to `target`, its column to `through`) for models that point at both, as a task at a lead and at its contact."""
    ways = {model: field for model, field in foreign_keys(through) if model is not through}
    for model, field in foreign_keys(target):
        if model in ways and (model._meta.label, field.name) not in OWN_RULES:
            yield model, str(field.column), str(ways[model].column)


def last_ids(target: type[models.Model]) -> dict[str, int]:
    """By table, the last id of what points at the model: what comes later is younger."""
    tables = {model._meta.db_table: model for model, _field in foreign_keys(target)}
    return {table: model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0 for table, model in sorted(tables.items())}


def _once_with(model: type[models.Model], field: models.ForeignKey[Any, Any]) -> tuple[tuple[str, ...], ...]:
    if field.unique:
        return ((),)
    found, columns = [], {one.name: str(one.column) for one in model._meta.local_concrete_fields}
    for constraint in model._meta.constraints:
        if not isinstance(constraint, models.UniqueConstraint) or (model._meta.label, field.name) in PREPARED:
            continue
        if constraint.expressions:
            raise RelationWithoutRule(f"{model._meta.label}: {constraint.name}")
        if field.name in constraint.fields:
            if constraint.condition is not None:
                raise RelationWithoutRule(f"{model._meta.label}.{field.name}: {constraint.name}")
            found.append(tuple(columns[name] for name in constraint.fields if name != field.name))
    return tuple(found)
