"""What the rows of a file say of custom fields, gathered for their records: choices made, people and accounts found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.custom_fields import defining, definitions, values
from tasuki.core.custom_fields.definitions import CustomChoice, CustomField, FieldKind, model_of
from tasuki.core.imports.changing import Plain, Rows, as_they_are
from tasuki.core.imports.custom_columns import NEW
from tasuki.core.imports.nouns import Chunk, Line
from tasuki.core.imports.runs import ImportRun
from tasuki.core.saved_views import SavedView

PREFIX = "custom."

# The ids that texts name: people by address, reference or name; accounts by reference or name.
Found = Callable[[set[str]], dict[str, int]]


def gather(chunk: Chunk, noun: str, *, people: Found, accounts: Found) -> None:
    """Put what each row says of custom fields together, as `custom` in its values; make the choices that the mapping adds.

    A person or an account that is not here is told, and left out.
    """
    names = [name for name in chunk.mapping.columns if name.startswith(PREFIX)]
    known = {field.key: field for field in definitions.in_use(noun)} if names else {}
    for name in names:
        field = known.get(name)
        if field is None:  # archived since the run began
            continue
        lines = [line for line in chunk.waiting() if name in line.values]
        if field.kind in definitions.WITH_CHOICES:
            _settle(*_with_added(field, chunk), lines)
        elif field.kind in (FieldKind.PERSON, FieldKind.ACCOUNT):
            _resolve(name, lines, people if field.kind == FieldKind.PERSON else accounts)
        for line in lines:
            if name in line.values:
                line.values.setdefault("custom", {})[field.slot] = line.values[name]


def _with_added(field: CustomField, chunk: Chunk) -> tuple[CustomField, dict[str, str]]:
    """The field with the choices that the mapping adds, and their keys by what the mapping calls them; those that are not there yet are made."""
    labels = chunk.mapping.columns[field.key].add
    if not labels:
        return field, {}
    there = {choice.label.casefold() for choice in field.choices()}
    fresh = [label for label in dict.fromkeys(" ".join(label.split()) for label in labels) if label.casefold() not in there]
    if fresh:
        made = defining.add_choices(field, labels=fresh, by=chunk.by, at=chunk.at)
        chunk.lines[0].trace.setdefault("choices", []).extend(choice.pk for choice in made)
        field = CustomField.objects.get(pk=field.pk)
    keys = {choice.label.casefold(): choice.key for choice in field.choices()}
    return field, {label: keys[" ".join(label.split()).casefold()] for label in labels}


def _settle(field: CustomField, added: Mapping[str, str], lines: Iterable[Line]) -> None:
    """Put keys in the place of what is new, in the order of the choices."""
    order = [choice.key for choice in field.choices()]
    for line in lines:
        value = line.values[field.key]
        said = {added[key[1:]] if key.startswith(NEW) else key for key in ([value] if isinstance(value, str) else value or [])}
        keys = [key for key in order if key in said]
        line.values[field.key] = (keys or None) if field.kind == FieldKind.CHOICES else (keys[0] if keys else None)


def _resolve(name: str, lines: list[Line], find: Found) -> None:
    found = find({line.values[name] for line in lines})
    for line in lines:
        text = line.values.pop(name)
        if text in found:
            line.values[name] = found[text]
        else:
            line.say(name, _("“%(name)s” is not here, or there is more than one; the field is left as it is.") % {"name": text[:80]})


def of_new(said: Mapping[str, Any]) -> dict[str, Any]:
    """The custom fields of a new record."""
    return {slot: value for slot, value in said.get("custom", {}).items() if value is not None}


def merge(rows: Rows, *, model: Any) -> Plain:
    """What the rows say of custom fields, together with what their records have: the whole column, as it will stand.

    Answers how the trail says the values.
    """
    saying = [(line, pk) for line, pk in rows if "custom" in line.values]
    before = as_they_are(model, [pk for _line, pk in saying], columns=["custom"]) if saying else {}
    for line, pk in saying:
        together = {**before[pk]["custom"], **line.values["custom"]}
        line.values["custom"] = {slot: value for slot, value in together.items() if value is not None}
    fields = {field.slot: field for field in definitions.in_use(model.noun)} if saying else {}
    return lambda slot, value: values.plain(fields[slot], value) if slot in fields else value


def take_back_choices(run: ImportRun, *, by: By, at: datetime) -> None:
    """Remove the choices that the run made, where its records are as before; one that a record or a saved view uses by now stays."""
    traces = run.rows.filter(trace__has_key="choices").values_list("trace", flat=True)
    ids = [pk for trace in traces for pk in (trace or {})["choices"]]
    for choice in CustomChoice.objects.filter(pk__in=ids).select_related("field") if ids else ():
        field, key = choice.field, str(choice.pk)
        records = model_of(field.noun)._default_manager.filter(**{f"custom__{field.slot}__contains": key})
        views = SavedView.objects.filter(filter__regex=rf"{re.escape(field.key)}\M.*\m{key}\M")
        if not records.exists() and not views.exists():
            choice.delete()
            audit.record(field, action="change", by=by, at=at, changes={"choices": (choice.label, None)})
