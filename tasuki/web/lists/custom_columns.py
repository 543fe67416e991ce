"""A list with the custom fields of its noun: columns that can be chosen and ordered by, fields that the filter can ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tasuki.core import abilities
from tasuki.core.custom_fields import definitions, filtering
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.web.lists.spec import Column, Spec

if TYPE_CHECKING:
    from tasuki.core.people import User


def spec_of(spec: Spec, reader: User) -> Spec:
    """The list as the reader sees it: without what is hidden from them, with the custom fields in use that are not. One query.

    Raises Forbidden for whoever may not open the list.
    """
    if spec.needs is not None:
        abilities.require(reader, spec.needs)
    seen = spec.seen_by(abilities.standing_of(reader))
    custom = definitions.seen_by(reader, spec.noun) if spec.noun in FieldNoun.values else []
    if not custom:
        return seen
    return replace(seen, fields=seen.fields.with_more(map(filtering.asked, custom)), columns=[*seen.columns, *map(_column, custom)])


def _column(field: CustomField) -> Column:
    order, steps = filtering.order(field), filtering.steps(field)
    return Column(
        field.key,
        field.name,
        f"by_{field.slot}" if order is not None else "",
        is_number=field.kind in (FieldKind.NUMBER, FieldKind.MONEY),
        is_shown=False,
        currency=f"{field.slot}_in" if field.kind == FieldKind.MONEY else "",
        custom=field,
        computed=order,
        stepped=f"by_{field.slot}" if steps or field.kind == FieldKind.PERSON else "",
        steps=steps,
    )
