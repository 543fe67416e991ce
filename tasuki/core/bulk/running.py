"""Doing one verb to many records, and undoing it: a few at once, or thousands in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import Count, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import abilities, audit
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.bulk.runs import BulkRow, BulkRowState, BulkRun, BulkState
from tasuki.core.bulk.verbs import BulkVerb, Said, verbs
from tasuki.core.errors import Gone, Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

# Up to so many rows the person waits; beyond, a worker does it and a page tells how far it is.
AT_ONCE = 100
MOST = 100_000
_BATCH = 100


class TooMany(Refused):
    code = "too_many"

    def __init__(self) -> None:
        super().__init__(_("At most %(n)s rows can be changed at once. Narrow the list.") % {"n": f"{MOST:,}"})


class NothingChosen(Refused):
    code = "nothing_chosen"

    def __init__(self) -> None:
        super().__init__(_("Choose some rows first."))


class CannotUndo(Refused):
    code = "cannot_undo"

    def __init__(self) -> None:
        super().__init__(_("This cannot be undone: it is still running, is undone already, or is history that stays."))


@transaction.atomic
def start(verb: BulkVerb, ids: Iterable[int], *, said: Said, person: User, at: datetime) -> BulkRun:
    """Write down what is to be done. Raises Forbidden, NothingChosen, TooMany."""
    abilities.require(person, verb.ability)
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise NothingChosen
    if len(wanted) > MOST:
        raise TooMany
    run = BulkRun.objects.create(of=verb.noun, verb=verb.key, said=dict(said), n_rows=len(wanted), started_by=person, started_at=at)
    BulkRow.objects.bulk_create((BulkRow(run=run, record_id=pk) for pk in wanted), batch_size=5_000)
    audit.record(run, action="add", by=By(person, Door.WEB), at=at, changes={"verb": (None, verb.key), "of": (None, verb.noun), "n_rows": (None, len(wanted))})
    return run


def run(run: BulkRun, *, door: Door, at: datetime) -> BulkRun:
    """Do what is left to do; safe to call again after it was interrupted."""
    verb = verbs()[run.of, run.verb]
    by = _by(run, door, action="add")

    def do(row: BulkRow, record: Any) -> None:
        row.before, row.state = verb.do(record, run.said, by=by, at=at), BulkRowState.DONE

    while _batch(run, verb, of=BulkRowState.WAITING, otherwise=BulkRowState.REFUSED, act=do):
        pass
    BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING).update(state=BulkState.DONE, finished_at=at)
    return _counted(run)


@transaction.atomic
def ask_undo(run: BulkRun, *, person: User, at: datetime) -> BulkRun:
    """Say that it is to be undone. Raises Forbidden, CannotUndo."""
    run = BulkRun.objects.select_for_update().get(pk=run.pk)
    verb = verbs()[run.of, run.verb]
    abilities.require(person, verb.ability)
    if run.state != BulkState.DONE or verb.undo is None:
        raise CannotUndo
    BulkRun.objects.filter(pk=run.pk).update(state=BulkState.UNDOING)
    audit.record(run, action="undo", by=By(person, Door.WEB), at=at, changes={"state": (run.state, BulkState.UNDOING.value)})
    run.refresh_from_db()
    return run


def undo(run: BulkRun, *, door: Door, at: datetime) -> BulkRun:
    """Bring back every record that was changed and is still as the run left it; the others are kept, with the reason."""
    verb = verbs()[run.of, run.verb]
    undo_one = verb.undo
    if undo_one is None:
        raise CannotUndo
    by = _by(run, door, action="undo")

    def back(row: BulkRow, record: Any) -> None:
        undo_one(record, {**run.said, **row.before}, by=by, at=at)
        row.state = BulkRowState.UNDONE

    while _batch(run, verb, of=BulkRowState.DONE, otherwise=BulkRowState.KEPT, act=back):
        pass
    BulkRun.objects.filter(pk=run.pk, state=BulkState.UNDOING).update(state=BulkState.UNDONE, finished_at=at)
    return _counted(run)


@jobs.task(name="run_bulk", retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions={OperationalError, InterfaceError}))
def run_bulk(run_id: int) -> None:
    """The run, or its undo, as a job: after a worker was killed, the next one goes on where it stopped."""
    close_old_connections()  # the attempt before may have lost its connection
    found = BulkRun.objects.select_related("started_by").get(pk=run_id)
    with translation.override(found.started_by.language), suppress(Refused):
        (undo if found.state == BulkState.UNDOING else run)(found, door=Door.JOB, at=timezone.now())  # the clock of a job


@transaction.atomic
def _batch(run: BulkRun, verb: BulkVerb, *, of: BulkRowState, otherwise: BulkRowState, act: Callable[[BulkRow, Any], None]) -> bool:
    """The next rows in that state, and what became of each; False when there are none left."""
    rows = list(BulkRow.objects.select_for_update(skip_locked=True).filter(run=run, state=of).order_by("pk")[:_BATCH])
    records = verb.rows(run.started_by).in_bulk([row.record_id for row in rows])
    for row in rows:
        try:
            record = records.get(row.record_id)
            if record is None:
                raise Gone
            with transaction.atomic():
                act(row, record)
        except Refused as refusal:
            row.state, row.reason = otherwise, str(refusal)[:300]
    BulkRow.objects.bulk_update(rows, ["state", "reason", "before"])
    _counted(run)
    return bool(rows)


def _by(run: BulkRun, door: Door, *, action: str) -> By:
    """The one who started it, for records that change as one; the entry stands in the trail since the run was asked for."""
    entry = AuditEntry.objects.of(run).filter(action=action).order_by("pk").values_list("pk", flat=True).last()
    return By(run.started_by, door, as_one=entry)


def _counted(run: BulkRun) -> BulkRun:
    states = {state: Count("pk", filter=Q(state=state)) for state in BulkRowState.values}
    n = BulkRow.objects.filter(run=run).aggregate(**states)
    changed = n["done"] + n["undone"] + n["kept"]
    BulkRun.objects.filter(pk=run.pk).update(n_done=changed, n_refused=n["refused"], n_undone=n["undone"])
    run.refresh_from_db()
    return run
