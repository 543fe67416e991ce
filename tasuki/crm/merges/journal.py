"""The journal of a merge: each step writes down what its way back needs, and `take_back` walks them backwards.

What changed since is respected: a row that was moved on since stays where it was put, a value that was changed since stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, models

from tasuki.core.audit import AuditEntry
from tasuki.core.imports.copying import execute
from tasuki.crm import ledger
from tasuki.crm.merges.relations import Relation
from tasuki.crm.merges.rows import Merge, MergeStep, StepKind

_CUSTOM, _MAIN = "custom", "is_primary"
_LOCK = 0x3E26E


def hold_merges() -> None:
    """One merge, or undo of one, at a time until the transaction ends: two that meet in a third record would wait for each other, and an
    undo would not see the later merge that covers it."""
    execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


class Journal:
    """Writes the steps of one merge as they are done, inside the caller's transaction.

    `cause` is the merge in the trail: whoever hears of several records of it is told once.
    """

    def __init__(self, merge: Merge, *, cause: AuditEntry) -> None:
        self.merge, self.cause = merge, cause
        self._position = 0

    def move(self, relation: Relation, *, from_id: int, to_id: int) -> None:
        """Let the rows that point at one record point at another; what the other has already is removed."""
        for columns in relation.once_with:
            same = " AND ".join(f"there.{column} = gone.{column}" for column in columns) or "true"
            self.remove(
                relation.table,
                f"{relation.column} = %s AND EXISTS (SELECT 1 FROM {relation.table} there WHERE there.{relation.column} = %s AND {same})",
                [from_id, to_id],
            )
        self.move_some(relation.table, relation.column, from_id=from_id, to_id=to_id, where="true")

    def move_some(self, table: str, column: str, *, from_id: int, to_id: int, where: str) -> None:
        """Likewise, only for the rows that fit."""
        self._moved(f"{table}.{column}", f"UPDATE {table} SET {column} = %s WHERE {column} = %s AND {where}", [to_id, from_id], from_id=from_id, to_id=to_id)

    def move_custom(self, table: str, slot: str, *, from_id: int, to_id: int) -> None:
        """Likewise for a custom field that names an account."""
        statement = f"UPDATE {table} SET custom = jsonb_set(custom, ARRAY[%s], to_jsonb(%s::bigint)) WHERE (custom ->> %s)::bigint = %s"
        self._moved(f"{table}.{_CUSTOM}.{slot}", statement, [slot, to_id, slot, from_id], from_id=from_id, to_id=to_id)

    def remove(self, table: str, where: str, parameters: Sequence[Any]) -> None:
        """Delete rows, and keep them as they were. In `where` the table is called `gone`."""
        execute(
            f"""WITH removed AS (DELETE FROM {table} gone WHERE {where} RETURNING gone.*)
                INSERT INTO crm_mergestep (merge_id, position, kind, table_name, column_name, row_ids, was)
                SELECT %s, %s, %s, %s, '', array_agg(id), jsonb_agg(to_jsonb(removed)) FROM removed HAVING count(*) > 0""",
            [*parameters, self.merge.pk, self._next(), StepKind.REMOVED, table],
        )

    def made(self, model: type[models.Model], ids: Iterable[int]) -> None:
        if ids := list(ids):
            MergeStep.objects.create(merge=self.merge, position=self._next(), kind=StepKind.MADE, table_name=model._meta.db_table, row_ids=ids)

    def handed(self, account_id: int, *, was: Mapping[str, Any], became: Mapping[str, Any]) -> None:
        """The account changed hands by the merge: `ownership` is the open one, `owner_id` and `team_id` who holds it."""
        self._note(StepKind.HANDED, "crm_account", [account_id], was={str(account_id): was}, became={str(account_id): became})

    @contextmanager
    def watching(self, model: type[models.Model], ids: Iterable[int], *, along: str = "") -> Iterator[None]:
        """Write down in which columns the rows differ after the block; of those that do, the column `along` in any case."""
        ids, table = list(ids), model._meta.db_table
        before = images(table, ids)
        yield
        after = images(table, ids)
        was = {pk: {name: value for name, value in row.items() if after[pk][name] != value} for pk, row in before.items() if pk in after}
        was = {pk: {**row, **({along: before[pk][along]} if along else {})} for pk, row in was.items() if row}
        if was:
            self._note(StepKind.CHANGED, table, map(int, was), was=was, became={pk: {name: after[pk][name] for name in row} for pk, row in was.items()})

    def _moved(self, place: str, statement: str, parameters: Sequence[Any], *, from_id: int, to_id: int) -> None:
        table, column = place.split(".", 1)
        execute(
            f"""WITH moved AS ({statement} RETURNING id)
                INSERT INTO crm_mergestep (merge_id, position, kind, table_name, column_name, from_id, to_id, row_ids)
                SELECT %s, %s, %s, %s, %s, %s, %s, array_agg(id) FROM moved HAVING count(*) > 0""",
            [*parameters, self.merge.pk, self._next(), StepKind.MOVED, table, column, from_id, to_id],
        )

    def _note(self, kind: StepKind, table: str, ids: Iterable[int], *, was: Mapping[str, Any], became: Mapping[str, Any]) -> None:
        MergeStep.objects.create(merge=self.merge, position=self._next(), kind=kind, table_name=table, row_ids=list(ids), was=was, became=became)

    def _next(self) -> int:
        self._position += 1
        return self._position


def images(table: str, ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    """The rows as JSON, by their ids as text. Decimals are read as floats: compare, and never write back what did not differ."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, to_jsonb(present) FROM {table} present WHERE id = ANY(%s)", [list(ids)])
        return {str(pk): json.loads(row) if isinstance(row, str) else row for pk, row in cursor.fetchall()}


def take_back(merge: Merge) -> None:
    """Walk the steps backwards. Rows of later work stay, and may make the database refuse: the caller says so."""
    for step in MergeStep.objects.filter(merge=merge).order_by("-position").iterator():
        _WAYS_BACK[StepKind(step.kind)](step)


def _bring_back(step: MergeStep) -> None:
    model = _models()[step.table_name]
    columns = ", ".join(str(field.column) for field in model._meta.local_concrete_fields if not field.generated)
    execute(
        f"""INSERT INTO {step.table_name} ({columns}) SELECT {columns}
            FROM jsonb_populate_recordset(NULL::{step.table_name}, (SELECT was FROM crm_mergestep WHERE id = %s))""",
        [step.pk],
    )


def _send_back(step: MergeStep) -> None:
    table, column, ids = step.table_name, step.column_name, step.row_ids
    if column.startswith(f"{_CUSTOM}."):
        slot = column.removeprefix(f"{_CUSTOM}.")
        execute(
            f"UPDATE {table} SET custom = jsonb_set(custom, ARRAY[%s], to_jsonb(%s::bigint)) WHERE id = ANY(%s) AND (custom ->> %s)::bigint = %s",
            [slot, step.from_id, ids, slot, step.to_id],
        )
        return
    execute(f"UPDATE {table} SET {column} = %s WHERE id = ANY(%s) AND {column} = %s", [step.from_id, ids, step.to_id])


def _forget(step: MergeStep) -> None:
    with ledger.correcting("undo of a merge"):
        execute(f"DELETE FROM {step.table_name} WHERE id = ANY(%s)", [step.row_ids])


def _restore(step: MergeStep) -> None:
    """Give each row the values it had, where they are still those that the merge gave it."""
    table, was, became = step.table_name, step.was or {}, step.became or {}
    generated = {str(field.column) for field in _models()[table]._meta.local_concrete_fields if field.generated}
    rows = images(table, step.row_ids)
    # Who leaves goes first, and a main one that is none any more goes before the one that is again.
    for pk in sorted(rows, key=lambda pk: ("contact_id" not in was[pk], was[pk].get(_MAIN) is True, int(pk))):
        row, values = rows[pk], {}
        for name in was[pk].keys() - generated:
            if row[name] == became[pk][name]:
                values[name] = was[pk][name]
            elif name == _CUSTOM:
                values[name] = _restored_fields(row[name], was=was[pk][name], became=became[pk][name])
        if _MAIN in row:
            if "contact_id" in values:  # who has it back has it as it was
                values[_MAIN] = was[pk][_MAIN]
            _mind_the_main(table, row, values)
        if values:
            _write(table, int(pk), values)


def _mind_the_main(table: str, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    """What somebody made the main address or number since stays the main one."""
    contact = values.get("contact_id", row["contact_id"])
    if values.get(_MAIN, row[_MAIN]):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE contact_id = %s AND is_primary AND id <> %s)", [contact, row["id"]])
            if cursor.fetchone()[0]:
                values[_MAIN] = False


def _write(table: str, pk: int, values: Mapping[str, Any]) -> None:
    columns = ", ".join(values)
    with ledger.correcting("undo of a merge"):
        execute(
            f"UPDATE {table} SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)) WHERE id = %s", [json.dumps(values), pk]
        )


def _restored_fields(now: Mapping[str, Any], *, was: Mapping[str, Any], became: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields, each by itself: one that was changed since keeps its value."""
    fields = dict(now)
    for slot in was.keys() | became.keys():
        if was.get(slot) != became.get(slot) and now.get(slot) == became.get(slot):
            fields.pop(slot, None)
            if slot in was:
                fields[slot] = was[slot]
    return fields


def _hand_back(step: MergeStep) -> None:
    """The owner before is the owner again, unless the account was handed on since."""
    survivor = step.row_ids[0]
    was, became = (step.was or {})[str(survivor)], (step.became or {})[str(survivor)]
    if not execute("DELETE FROM crm_ownership WHERE id = %s AND account_id = %s AND until_at IS NULL", [became["ownership"], survivor]):
        return
    execute("UPDATE crm_ownership SET until_at = NULL WHERE id = %s", [was["ownership"]])
    execute("UPDATE crm_account SET owner_id = %s, team_id = %s WHERE id = %s", [was["owner_id"], was["team_id"], survivor])


_WAYS_BACK = {
    StepKind.MOVED: _send_back,
    StepKind.CHANGED: _restore,
    StepKind.REMOVED: _bring_back,
    StepKind.MADE: _forget,
    StepKind.HANDED: _hand_back,
}


def _models() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
