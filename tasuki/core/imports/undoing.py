"""Undoing as a job: it is asked for, done in the background in one go or not at all, and tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, close_old_connections, connections, transaction
from django.db.models import F
from django.utils import timezone, translation
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.models import ProcrastinateJob

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.imports import running
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.core.imports.sets import ImportSet
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.core.people import User

if TYPE_CHECKING:
    from collections.abc import Iterator

# So few rows are taken back while somebody waits.
AT_ONCE = 2_000
# A lost connection comes back.
PASSING = {OperationalError, InterfaceError}
_CAN_BE = (RunState.DONE, RunState.FAILED, RunState.UNDOING, RunState.STOPPED)


@transaction.atomic
def ask(runs: Sequence[ImportRun], *, by: By, at: datetime) -> bool:
    """Say that the runs are to be taken back, the last first; → whether that is left to the job. Raises CannotUndo, StillRunning.

    It may be asked for again when the job of the time before has given up.
    """
    found = list(ImportRun.objects.select_for_update().filter(pk__in=[run.pk for run in runs]).exclude(state=RunState.UNDONE).order_by("-pk"))
    if not found or any(run.state not in _CAN_BE or run.is_dry for run in found) or _has_job(found):
        raise CannotUndo
    if sum(run.n_applied for run in found) <= AT_ONCE:
        for run in found:
            running.undo(run, by=by, at=at)
        return False
    ids = [run.pk for run in found]
    ImportRun.objects.filter(pk__in=ids).exclude(state=RunState.UNDOING).update(state=RunState.UNDOING, state_before=F("state"), failure="")
    ImportSet.objects.filter(files__run__in=found).update(n_taken_back=0)
    for run in found:
        audit.record(run, action="ask_undo", by=by, at=at, changes={"state": (run.state, RunState.UNDOING.value)})
    undo_runs.defer(run_ids=ids, actor_id=by.actor.pk if by.actor else None)
    return True


def is_stuck(runs: Sequence[ImportRun]) -> bool:
    """Whether some of the runs wait to be taken back, and no job does it any more."""
    waiting = [run for run in runs if run.state == RunState.UNDOING]
    return bool(waiting) and not _has_job(waiting)


def _has_job(runs: Sequence[ImportRun]) -> bool:
    unfinished = ProcrastinateJob.objects.filter(task_name="undo_imports", status__in=("todo", "doing")).values_list("args__run_ids", flat=True)
    return not {run.pk for run in runs}.isdisjoint(chain.from_iterable(unfinished))


@jobs.task(name="undo_imports", retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions=PASSING))
def undo_runs(run_ids: list[int], actor_id: int | None) -> None:
    """The undo as a job: after a worker was killed nothing is taken back, and the next one begins anew."""
    # The connection may be one that the attempt before lost.
    close_old_connections()
    actor = User.objects.get(pk=actor_id) if actor_id else None
    with translation.override(actor.language if actor else translation.get_language()), suppress(Refused):
        take_back(run_ids, by=By(actor, Door.JOB), at=timezone.now())  # the clock of a job


def take_back(run_ids: Sequence[int], *, by: By, at: datetime) -> None:
    """Take back those of the runs that wait for it, all or none. Raises what refuses it, and says so in the runs; safe to call twice."""
    waiting = ImportRun.objects.filter(pk__in=run_ids, state=RunState.UNDOING)
    # An attempt before this one may have told of files that are back since.
    ImportSet.objects.filter(files__run__in=waiting).update(n_taken_back=0)
    try:
        with transaction.atomic(), _telling() as tell:
            for run in waiting.order_by("-pk"):
                running.undo(run, by=by, at=at)
                tell(run)
    except Refused as refusal:
        waiting.update(state=F("state_before"), failure=str(refusal))
        raise


@contextmanager
def _telling() -> Iterator[Callable[[ImportRun], None]]:
    """Says to the set of a run that the run is taken back: on a connection of its own, for the undo itself is seen only when all of it is done."""
    aside = connections.create_connection("default")
    try:

        def tell(run: ImportRun) -> None:
            with aside.cursor() as cursor:
                cursor.execute(
                    "UPDATE core_importset SET n_taken_back = n_taken_back + 1 WHERE id IN (SELECT of_id FROM core_importfile WHERE run_id = %s)", [run.pk]
                )

        yield tell
    finally:
        aside.close()
