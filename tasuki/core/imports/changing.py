"""Changing the records that rows of a file name: one statement for a whole chunk, with what an undo and the trail need."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
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
    found = model._default_manager.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)).values("id", *columns)
    plain = json.loads(json.dumps(list(found), cls=DjangoJSONEncoder))
    return {row.pop("id"): row for row in plain}


def change(chunk: Chunk, rows: Rows, *, model: type[models.Model], columns: Sequence[str], plain: Plain | None = None) -> None:
    """Give each record the values that its row says for the columns; what it does not say stays."""
    if not rows:
        return
    stamp = ["updated_at"] if any(field.name == "updated_at" for field in model._meta.get_fields()) else []
    before = as_they_are(model, [pk for _line, pk in rows], columns=[*columns, *stamp])
    after, trail = [], []
    for line, pk in rows:
        said = {column: line.values[column] for column in columns if column in line.values}
        line.trace["was"] = before[pk]
        line.become(RowState.UPDATED, pk)
        after.append({"id": pk, **before[pk], **said, **dict.fromkeys(stamp, chunk.at.isoformat())})
        changes = {name: pair for column, value in said.items() for name, pair in _changed(column, before[pk][column], value, plain=plain)}
        trail.append(audit_row(chunk, noun=str(model._meta.model_name), pk=pk, action="change", changes=changes))
    table = model._meta.db_table
    assignments = ", ".join(f"{column} = said.{column}" for column in (*columns, *stamp))
    execute(f"UPDATE {table} SET {assignments} FROM jsonb_populate_recordset(NULL::{table}, %s) said WHERE {table}.id = said.id", [Jsonb(after)])
    write_trail(trail)


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
