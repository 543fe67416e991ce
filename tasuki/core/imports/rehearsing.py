"""How far a dry run is, for others to see: it writes in one transaction that is taken back, of which nobody else sees anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection
from psycopg.types.json import Jsonb

from tasuki.core.imports import parsing
from tasuki.core.imports.runs import ImportRun, RunState

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# What is counted of a run.
COUNTS = ("n_applied", "n_created", "n_updated", "n_skipped", "n_rejected", "n_warnings", "known")

# It waits for nobody: whoever holds the row stops the run, and what is not shown after this chunk is shown after the next.
_SHOWN = f"""
UPDATE core_importrun SET {", ".join(f"{name} = %({name})s" for name in COUNTS)}
WHERE id = (SELECT id FROM core_importrun WHERE id = %(id)s AND state = %(running)s FOR NO KEY UPDATE SKIP LOCKED)
"""


@contextmanager
def seen_by_others() -> Iterator[Callable[[ImportRun], None]]:
    """What shows how far a run is, over a connection of its own; runs of one chunk are over before anybody looks, and open none."""
    beside: BaseDatabaseWrapper | None = None

    def show(run: ImportRun) -> None:
        nonlocal beside
        if run.n_rows <= parsing.CHUNK:
            return
        beside = beside or connection.copy()
        values = {name: getattr(run, name) for name in COUNTS} | {"known": Jsonb(run.known), "id": run.pk, "running": RunState.RUNNING.value}
        with beside.cursor() as cursor:
            cursor.execute(_SHOWN, values)

    try:
        yield show
    finally:
        if beside:
            beside.close()
