"""Changing the records that rows of a file name: one statement for a whole chunk, with what an undo and the trail need."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from django.db import connection, models
from psycopg import sql
from psycopg.types.json import Jsonb

from tasuki.core.audit import AuditEntry
from tasuki.core.imports.copying import array_of, copy_in, execute
from tasuki.core.imports.nouns import Chunk, Line
from tasuki.core.imports.runs import RowState

Rows = list[tuple[Line, int]]
# A record's id, what it was, and what its row says that is new.
_Changed = tuple[int, dict[str, Any], dict[str, Any]]
# How the trail says the value of a custom field: its slot and the value as it stands → in words.
Plain = Callable[[str, Any], Any]


def as_they_are(model: type[models.Model], ids: Sequence[int], *, columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    """The present values of the columns, as JSON holds them, by id; the rows are held until the end of the transaction."""
    if not ids:
        return {}
    kinds = [type(model._meta.get_field(column)) for column in columns]
    names = sql.SQL(", ").join(sql.SQL(_READ.get(kind, "{}")).format(sql.Identifier(column)) for kind, column in zip(kinds, columns, strict=True))
    # Always in the same order, so that two who hold several never wait for each other.
    statement = sql.SQL("SELECT {}, id FROM {} WHERE id = ANY(%s) ORDER BY id FOR UPDATE").format(names, sql.Identifier(model._meta.db_table))
    plain = [(at, to) for at, kind in enumerate(kinds) if (to := _IN_JSON.get(kind))]
    with connection.cursor() as cursor:
        cursor.execute(statement, [array_of(ids)])
        found = [list(row) for row in cursor.fetchall()]
    for row in found:
        for at, to in plain:
            if row[at] is not None:
                row[at] = to(row[at])
    return {row.pop(): dict(zip(columns, row, strict=True)) for row in found}


def _read_json(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)


# How a value stands in JSON that JSON itself does not have, or that the connection leaves as text. The database writes moments as ISO 8601 has them.
_READ: dict[type[Any], LiteralString] = {models.DateTimeField: "to_json({}) #>> '{{}}'"}
_IN_JSON: dict[type[Any], Callable[[Any], Any]] = {models.DateField: date.isoformat, models.DecimalField: str, models.JSONField: _read_json}


@dataclass(frozen=True)
class Changes:
    """What rows say that is new about records that are here, decided and not yet written."""

    chunk: Chunk
    model: type[models.Model]
    columns: Sequence[str]
    rows: Sequence[_Changed]
    plain: Plain | None

    def write(self) -> None:
        if self.rows:
            self.chunk.read_on()
            _write(self.model, self.rows, columns=self.columns, also=dict.fromkeys(stamps(self.model), self.chunk.at))
            write_trail(_trail_of(self.chunk, noun=str(self.model._meta.model_name), rows=self.rows, plain=self.plain))


def changes(
    chunk: Chunk,
    rows: Rows,
    *,
    model: type[models.Model],
    columns: Sequence[str],
    plain: Plain | None = None,
    before: dict[int, dict[str, Any]] | None = None,
) -> Changes:
    """What each row says that is new of its record, in the columns; what it does not say stays, and so does a record of which it says nothing new.

    `before` is how the records are, by `as_they_are`, where somebody has looked already.
    """
    stamp = stamps(model)
    before = as_they_are(model, [pk for _line, pk in rows], columns=[*columns, *stamp]) if before is None else before
    kept, touched, changed = [*columns, *stamp], set[str](), list[_Changed]()
    for line, pk in rows:
        was, values = before[pk], line.values
        said = {column: values[column] for column in columns if column in values and values[column] != was[column]}
        line.become(RowState.UPDATED, pk)
        if not said:
            continue
        line.trace["was"] = {name: was[name] for name in kept}
        touched.update(said)
        changed.append((pk, was, said))
    return Changes(chunk, model, [column for column in columns if column in touched], changed, plain)


def stamps(model: type[models.Model]) -> list[str]:
    """The column that says when a record was last changed, where the model has one."""
    return ["updated_at"] if any(field.name == "updated_at" for field in model._meta.get_fields()) else []


def _write(model: type[models.Model], rows: Sequence[_Changed], *, columns: Sequence[str], also: dict[str, Any]) -> None:
    """Change the columns as each row says, and all rows alike in what `also` says."""
    table = model._meta.db_table
    assignments = ", ".join([*(f"{column} = said.{column}" for column in columns), *(f"{column} = %s" for column in also)])
    said = ", ".join(f"{column} {model._meta.get_field(column).db_type(connection)}" for column in ("id", *columns))
    # As text, so that nobody looks at each sign of it but the database.
    text = json.dumps([{"id": pk, **{column: says.get(column, was[column]) for column in columns}} for pk, was, says in rows], ensure_ascii=False)
    statement = f"UPDATE {table} SET {assignments} FROM json_to_recordset(%s::json) AS said({said}) WHERE {table}.id = said.id"
    execute(statement, [*also.values(), text])


def _trail_of(chunk: Chunk, *, noun: str, rows: Sequence[_Changed], plain: Plain | None) -> Iterator[tuple[Any, ...]]:
    at, actor, door, _noun, _pk, _action, said = audit_row(chunk, noun=noun, pk=0, action="change")
    for pk, was, says in rows:
        changes = {name: pair for column, value in says.items() for name, pair in _changed(column, was[column], value, plain=plain)}
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
    return (chunk.stamp, actor, chunk.by.door.value, noun, pk, action, Jsonb({**(changes or {}), "import": [None, chunk.run.pk]}))


def made_rows(chunk: Chunk, *, noun: str, action: str, ids: Iterable[int], changes: dict[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """Entries of the trail for records that were all made in the same way, so that what they say is written out once."""
    at, actor, door, _noun, _pk, _action, said = audit_row(chunk, noun=noun, pk=0, action=action, changes=changes)
    text = json.dumps(said.obj, ensure_ascii=False)
    return ((at, actor, door, noun, pk, action, text) for pk in ids)


def write_trail(rows: Iterable[tuple[Any, ...]]) -> None:
    copy_in(AuditEntry, ("at", "actor_id", "door", "noun", "record_id", "action", "changes"), rows)
