"""Doing one verb to many records, and undoing it: a few at once, or thousands in the background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import abilities, audit, bus
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.bulk.runs import BulkRow, BulkRowState, BulkRun, BulkState
from tasuki.core.bulk.verbs import BulkVerb, Said, verbs
from tasuki.core.errors import Gone, Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

# Up to so many rows the person waits; beyond, a worker does it and a page tells how far it is.
AT_ONCE = 100
# The rows are written down while the person waits, a million in some ten seconds: for many more nobody would wait.
MOST = 2_000_000
_BATCH, _BATCH_OF_ALL = 100, 1_000


class TooMany(Refused):
    code = "too_many"

    def __init__(self) -> None:
        super().__init__(_("At most %(n)s rows can be changed at once. Narrow the list.") % {"n": f"{MOST:,}"})


class NothingChosen(Refused):
    code = "nothing_chosen"

    def __init__(self) -> None:
        super().__init__(_("Choose some rows first."))


class CannotStop(Refused):
    code = "cannot_stop"

    def __init__(self) -> None:
        super().__init__(_("There is nothing to stop: it is over already."))


class CannotGoOn(Refused):
    code = "cannot_go_on"

    def __init__(self) -> None:
        super().__init__(_("Only what was stopped, and not undone since, goes on."))


class CannotUndo(Refused):
    code = "cannot_undo"

    def __init__(self) -> None:
        super().__init__(_("This cannot be undone: it is still running, is undone already, or is history that stays."))


@dataclass(frozen=True)
class Ended:
    """Said on the bus by a worker: the run is done, or undone. `cause` is the entry in the trail by which it was asked for."""

    run: BulkRun
    cause: AuditEntry
    at: datetime


@transaction.atomic
def start(verb: BulkVerb, chosen: Iterable[int] | QuerySet[Any], *, said: Said, person: User, at: datetime) -> BulkRun:
    """Write down what is to be done: to the records of some ids, or to all rows of a question. Raises Forbidden, NothingChosen, TooMany."""
    abilities.require(person, verb.ability)
    run = BulkRun.objects.create(of=verb.noun, verb=verb.key, said=dict(said), started_by=person, started_at=at)
    run.n_rows = _copied(run, chosen) if isinstance(chosen, QuerySet) else _written(run, chosen)
    if not run.n_rows:
        raise NothingChosen
    if run.n_rows > MOST:
        raise TooMany
    BulkRun.objects.filter(pk=run.pk).update(n_rows=run.n_rows)
    audit.record(run, action="add", by=By(person, Door.WEB), at=at, changes={"verb": (None, verb.key), "of": (None, verb.noun), "n_rows": (None, run.n_rows)})
    return run


def _written(run: BulkRun, ids: Iterable[int]) -> int:
    wanted = list(islice(dict.fromkeys(ids), MOST + 1))
    BulkRow.objects.bulk_create((BulkRow(run=run, record_id=pk) for pk in wanted), batch_size=5_000)
    return len(wanted)


def _copied(run: BulkRun, rows: QuerySet[Any]) -> int:
    """How many rows there are, each written down by PostgreSQL itself: a million ids are not carried through this process."""
    try:
        found, values = rows.order_by("pk").values_list("pk")[: MOST + 1].query.sql_with_params()
    except EmptyResultSet:
        return 0
    waiting = "INSERT INTO core_bulkrow (run_id, record_id, state, reason, before) SELECT %s, found.pk, %s, '', '{}'"
    with connection.cursor() as cursor:
        cursor.execute(f"{waiting} FROM ({found}) AS found(pk)", [run.pk, BulkRowState.WAITING.value, *values])
        return int(cursor.rowcount)


def run(run: BulkRun, *, door: Door, at: datetime) -> BulkRun:
    """Do what is left to do; safe to call again after it was interrupted."""
    verb = verbs()[run.of, run.verb]
    by = _by(run, door, action="add")

    do_one = verb.do

    def do(row: BulkRow, record: Any) -> None:
        row.before, row.state = do_one(record, run.said, by=by, at=at) if do_one else {}, BulkRowState.DONE

    while _batch_of_all(run, verb, by=by, at=at) if verb.do_all else _batch(run, verb, of=BulkRowState.WAITING, otherwise=BulkRowState.REFUSED, act=do):
        pass
    BulkRun.objects.filter(pk=run.pk, state=BulkState.RUNNING).update(state=BulkState.DONE, finished_at=at)
    return _counted(run)


@transaction.atomic
def stop(run: BulkRun, *, person: User, at: datetime) -> BulkRun:
    """Do no more of it: what is done stays and can be undone, the rest is left as it is. Waits for the batch that is being done.

    Raises Forbidden, CannotStop.
    """
    run, _verb = _asked(run, person)
    if run.state != BulkState.RUNNING:
        raise CannotStop
    return _turned(run, BulkState.STOPPED, action="stop", person=person, at=at)


@transaction.atomic
def go_on(run: BulkRun, *, person: User, at: datetime) -> BulkRun:
    """Do the rest of what was stopped; the caller hands it to a worker. Raises Forbidden, CannotGoOn."""
    run, _verb = _asked(run, person)
    if run.state != BulkState.STOPPED or not run.n_left:
        raise CannotGoOn
    return _turned(run, BulkState.RUNNING, action="resume", person=person, at=at)


@transaction.atomic
def ask_undo(run: BulkRun, *, person: User, at: datetime) -> BulkRun:
    """Say that it is to be undone. Raises Forbidden, CannotUndo."""
    run, verb = _asked(run, person)
    if run.state not in (BulkState.DONE, BulkState.STOPPED) or verb.undo is None:
        raise CannotUndo
    return _turned(run, BulkState.UNDOING, action="undo", person=person, at=at)


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
        _say_that_it_ended((undo if found.state == BulkState.UNDOING else run)(found, door=Door.JOB, at=timezone.now()))  # the clock of a job


@transaction.atomic
def _say_that_it_ended(run: BulkRun) -> None:
    """Said again by a job that runs twice: whoever listens hears it once for each cause."""
    action = {BulkState.DONE: "add", BulkState.UNDONE: "undo"}.get(BulkState(run.state))
    cause = AuditEntry.objects.of(run).filter(action=action).order_by("pk").last() if action else None
    if cause is not None:
        bus.say(Ended(run, cause, timezone.now()))  # the clock of a job


def _asked(run: BulkRun, person: User) -> tuple[BulkRun, BulkVerb]:
    """The run as it is now, held, and its verb. Raises Forbidden."""
    run = BulkRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    verb = verbs()[run.of, run.verb]
    abilities.require(person, verb.ability)
    return run, verb


def _turned(run: BulkRun, state: BulkState, *, action: str, person: User, at: datetime) -> BulkRun:
    BulkRun.objects.filter(pk=run.pk).update(state=state, finished_at=at if state == BulkState.STOPPED else None)
    audit.record(run, action=action, by=By(person, Door.WEB), at=at, changes={"state": (run.state, state.value)})
    run.refresh_from_db()
    return run


@transaction.atomic
def _batch(run: BulkRun, verb: BulkVerb, *, of: BulkRowState, otherwise: BulkRowState, act: Callable[[BulkRow, Any], None]) -> bool:
    """The next rows in that state, and what became of each; False when there are none left, or somebody has stopped it."""
    if not _goes_on(run, BulkState.RUNNING if of == BulkRowState.WAITING else BulkState.UNDOING):
        return False
    rows = list(BulkRow.objects.select_for_update(skip_locked=True).filter(run=run, state=of).order_by("pk")[:_BATCH])
    reached = verb.rows_back if verb.rows_back and of == BulkRowState.DONE else verb.rows
    records = reached(run.started_by).in_bulk([row.record_id for row in rows])
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
    _count(run, rows)
    return bool(rows)


@transaction.atomic
def _batch_of_all(run: BulkRun, verb: BulkVerb, *, by: By, at: datetime) -> bool:
    """Likewise for a verb that does many at once. What refuses all of them is the reason of each."""
    if not _goes_on(run, BulkState.RUNNING):
        return False
    rows = list(BulkRow.objects.select_for_update(skip_locked=True).filter(run=run, state=BulkRowState.WAITING).order_by("pk")[:_BATCH_OF_ALL])
    records = verb.rows(run.started_by).in_bulk([row.record_id for row in rows])
    refused: Mapping[int, str] = {}
    try:
        with transaction.atomic():
            refused = verb.do_all(list(records.values()), run.said, by=by, at=at) if verb.do_all and records else {}
    except Refused as refusal:
        refused = dict.fromkeys(records, str(refusal))
    for row in rows:
        reason = refused.get(row.record_id, "") if row.record_id in records else str(Gone())
        row.state, row.reason = BulkRowState.REFUSED if reason else BulkRowState.DONE, reason[:300]
    BulkRow.objects.bulk_update(rows, ["state", "reason"])
    _count(run, rows)
    return bool(rows)


def _goes_on(run: BulkRun, state: BulkState) -> bool:
    """Whether it still is to be done. It stays so until the batch is written: whoever stops it, and then undoes it, finds every row that is done."""
    now = BulkRun.objects.select_for_update(no_key=True).filter(pk=run.pk).values_list("state", flat=True).first()
    return now == state


def _by(run: BulkRun, door: Door, *, action: str) -> By:
    """The one who started it, for records that change as one; the entry stands in the trail since the run was asked for."""
    entry = AuditEntry.objects.of(run).filter(action=action).order_by("pk").values_list("pk", flat=True).last()
    return By(run.started_by, door, as_one=entry)


def _count(run: BulkRun, rows: Iterable[BulkRow]) -> None:
    """Add what became of a batch: to count all rows of the run after each would take longer with each row that there is."""
    n = Counter(row.state for row in rows)
    added = {"n_done": BulkRowState.DONE, "n_refused": BulkRowState.REFUSED, "n_undone": BulkRowState.UNDONE}
    BulkRun.objects.filter(pk=run.pk).update(**{name: F(name) + n[state] for name, state in added.items()})


def _counted(run: BulkRun) -> BulkRun:
    states = {state: Count("pk", filter=Q(state=state)) for state in BulkRowState.values}
    n = BulkRow.objects.filter(run=run).aggregate(**states)
    changed = n["done"] + n["undone"] + n["kept"]
    BulkRun.objects.filter(pk=run.pk).update(n_done=changed, n_refused=n["refused"], n_undone=n["undone"])
    run.refresh_from_db()
    return run
