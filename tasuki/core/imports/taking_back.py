"""Taking an import back: what later work stands on stays, and then the whole import stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.imports.copying import execute

if TYPE_CHECKING:
    from tasuki.core.imports.runs import ImportRun

# Ids of the records that a run made, or made and changed; the one parameter is the run's id. A row that said nothing new changed nothing.
CREATED = "SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created'"
TOUCHED = "SELECT target_id FROM core_importrow WHERE run_id = %s AND (state = 'created' OR (state = 'updated' AND trace ? 'was'))"


class CannotUndo(Refused):
    code = "cannot_undo"

    def __init__(self) -> None:
        super().__init__(_("This import cannot be undone: later work hangs on its records, or it was undone already."))


class StillRunning(Refused):
    code = "import_still_running"

    def __init__(self) -> None:
        super().__init__(_("This import is still running. It can be undone when it has come to an end."))


def made(noun: str) -> str:
    """The query for the ids of what a run made on its way, such as the accounts of its leads; the parameter is the run's id."""
    return f"SELECT jsonb_array_elements_text(trace->'made'->'{noun}')::bigint FROM core_importrow WHERE run_id = %s AND trace ? 'made'"


def refuse_if_worked_on(run: ImportRun, *, noun: str, ids: str) -> None:
    """Raise CannotUndo when the trail knows a change of one of the records since the run began, but the run's and those that were undone.

    What Tasuki did by itself in the background is no work: it gave a new lead to somebody, or said that a promise to it is over.
    """
    # Counted and not asked whether there is one: of an import that may be undone there is none, and a plan that hopes to meet one early
    # compares each entry with each record.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM core_auditentry entry
                WHERE entry.noun = %s AND entry.record_id IN ({ids})
                  AND entry.id > (SELECT coalesce(min(id) FILTER (WHERE action = 'begin'), min(id)) FROM core_auditentry
                                  WHERE noun = 'importrun' AND record_id = %s)
                  AND NOT (entry.door = %s AND entry.actor_id IS NULL)
                  AND NOT EXISTS (
                      SELECT 1 FROM core_importrun own
                      WHERE own.id::text = coalesce(entry.changes->'import'->>1, entry.changes->'import'->>0)
                        AND (own.id = %s OR own.state = 'undone'))""",
            [noun, run.pk, run.pk, Door.JOB.value, run.pk],
        )
        (n_of_others,) = cursor.fetchone()
    if n_of_others:
        raise CannotUndo


def restore(run: ImportRun, *, model: type[models.Model], columns: Sequence[str]) -> None:
    """Give the records that the run changed the values which they had before."""
    table = model._meta.db_table
    assignments = ", ".join(f"{column} = was.{column}" for column in columns)
    execute(
        f"""UPDATE {table} SET {assignments} FROM core_importrow row, jsonb_populate_record(NULL::{table}, row.trace->'was') was
            WHERE row.run_id = %s AND row.state = 'updated' AND row.trace ? 'was' AND {table}.id = row.target_id""",
        [run.pk],
    )


def record(run: ImportRun, *, noun: str, by: By, at: datetime) -> None:
    """One audit entry for each record that was made or changed, and now is as before."""
    execute(
        f"""INSERT INTO core_auditentry (at, actor_id, door, noun, record_id, action, changes)
            SELECT %s, %s, %s, %s, touched.target_id, 'undo', jsonb_build_object('import', jsonb_build_array(%s::bigint, NULL))
            FROM ({TOUCHED}) touched""",
        [at, by.actor.pk if by.actor else None, by.door.value, noun, run.pk, run.pk],
    )
