"""Changing the records that rows of a file name: one statement for a whole chunk, with what an undo and the trail need."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb

from tasuki.core.audit import AuditEntry
from tasuki.core.imports.copying import copy_in, execute
from tasuki.core.imports.nouns import Chunk, Line
from tasuki.core.imports.runs import RowState

Rows = list[tuple[Line, int]]
# How the trail says the value of a custom field: its slot and the value as it stands → in words.
Plain = Callable[[str, Any], Any]


def as_they_are(model: type[models.Model], ids: Sequence[int], *, columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    """The present values of the columns, as JSON holds them, by id; the rows are held until the end of the transaction."""
    # Always in the same order, so that two who hold several never wait for each other.
    found = model._default_manager.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)).values_list("id", *columns)
    plain = [_IN_JSON.get(type(model._meta.get_field(column))) for column in columns]
    if any(plain):
        return {
            pk: {name: to(value) if to and value is not None else value for name, to, value in zip(columns, plain, values, strict=True)}
            for pk, *values in found
        }
    return {pk: dict(zip(columns, values, strict=True)) for pk, *values in found}


# How a value stands in JSON that JSON itself does not have.
_IN_JSON: dict[type[Any], Callable[[Any], str]] = {
    models.DateTimeField: lambda value: str(value.isoformat()),
    models.DateField: lambda value: str(value.isoformat()),
    models.DecimalField: str,
}


def change(
    chunk: Chunk,
    rows: Rows,
    *,
    model: type[models.Model],
    columns: Sequence[str],
    plain: Plain | None = None,
    before: dict[int, dict[str, Any]] | None = None,
) -> None:
    """Give each record the values that its row says for the columns; what it does not say stays, and so does a record of which it says nothing new.

    `before` is how the records are, by `as_they_are`, where somebody has looked already.
    """
    if not rows:
        return
    stamp = stamps(model)
    before = before or as_they_are(model, [pk for _line, pk in rows], columns=[*columns, *stamp])
    kept, after, trail = [*columns, *stamp], [], []
    at = dict.fromkeys(stamp, chunk.at.isoformat())
    for line, pk in rows:
        was, values = before[pk], line.values
        said = {column: values[column] for column in columns if column in values and values[column] != was[column]}
        line.become(RowState.UPDATED, pk)
        if not said:
            continue
        line.trace["was"] = {name: was[name] for name in kept}
        after.append({"id": pk, **line.trace["was"], **said, **at})
        changes = {name: pair for column, value in said.items() for name, pair in _changed(column, was[column], value, plain=plain)}
        trail.append((pk, changes))
    if after:
        _write(model, after, columns=kept)
        write_trail(_trail_of(chunk, noun=str(model._meta.model_name), rows=trail))


def stamps(model: type[models.Model]) -> list[str]:
    """The column that says when a record was last changed, where the model has one."""
    return ["updated_at"] if any(field.name == "updated_at" for field in model._meta.get_fields()) else []


def _write(model: type[models.Model], after: list[dict[str, Any]], *, columns: Sequence[str]) -> None:
    table = model._meta.db_table
    assignments = ", ".join(f"{column} = said.{column}" for column in columns)
    said = ", ".join(f"{column} {model._meta.get_field(column).db_type(connection)}" for column in ("id", *columns))
    # As text, so that nobody looks at each sign of it but the database. It changes what lies together first, and each page once.
    text = json.dumps(after, ensure_ascii=False)
    execute(f"UPDATE {table} SET {assignments} FROM json_to_recordset(%s::json) AS said({said}) WHERE {table}.id = said.id", [text])


def _trail_of(chunk: Chunk, *, noun: str, rows: list[tuple[int, dict[str, Any]]]) -> Iterator[tuple[Any, ...]]:
    at, actor, door, _noun, _pk, _action, said = audit_row(chunk, noun=noun, pk=0, action="change")
    for pk, changes in rows:
        yield (at, actor, door, noun, pk, "change", json.dumps({**changes, **said.obj}, ensure_ascii=False))


def _changed(column: str, before: Any, after: Any, *, plain: Plain | None) -> Iterator[tuple[str, list[Any]]]:
    """What the trail says of one column; of custom fields, each by itself."""
    if column == "custom" and plain is not None:
        for slot in sorted(before.keys() | after.keys()):
            if before.get(slot) != after.get(slot):
                yield f"custom.{slot}", [plain(slot, before.get(slot)), plain(slot, after.get(slot))]
    elif before != after:
        yield column, [before, after]


def audit_row(chunk: Chunk, *, noun: str, pk: int, action: str, changes: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """One entry of the trail for COPY; it names the run, by which an undo tells later work from its own."""
    actor = chunk.by.actor.pk if chunk.by.actor else None
    return (chunk.at, actor, chunk.by.door.value, noun, pk, action, Jsonb({**(changes or {}), "import": [None, chunk.run.pk]}))


def made_rows(chunk: Chunk, *, noun: str, action: str, ids: Iterable[int], changes: dict[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """Entries of the trail for records that were all made in the same way, so that what they say is written out once."""
    at, actor, door, _noun, _pk, _action, said = audit_row(chunk, noun=noun, pk=0, action=action, changes=changes)
    text = json.dumps(said.obj, ensure_ascii=False)
    return ((at, actor, door, noun, pk, action, text) for pk in ids)


def write_trail(rows: Iterable[tuple[Any, ...]]) -> None:
    copy_in(AuditEntry, ("at", "actor_id", "door", "noun", "record_id", "action", "changes"), rows)
