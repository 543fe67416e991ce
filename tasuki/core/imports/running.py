"""Running an import: start it, do it chunk by chunk, do it again after a fall, take it back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.imports import collecting, custom_values, endings, parsing, reading, rehearsing, row_decisions, tables, taking_back
from tasuki.core.imports.copying import execute
from tasuki.core.imports.mapping import Mapping, from_json
from tasuki.core.imports.nouns import ImportNoun, noun_named
from tasuki.core.imports.runs import ImportRow, ImportRun, RunState
from tasuki.core.imports.seen_ids import SeenIds
from tasuki.core.imports.tables import FileRefused, ReadAs
from tasuki.core.imports.taking_back import CannotUndo, StillRunning
from tasuki.core.imports.writing import RUN, WRITING, Writing, wait_for_the_killed
from tasuki.core.people import User

# A lost connection comes back, and what another transaction wrote first is decided about anew.
PASSING = {OperationalError, InterfaceError, IntegrityError}
# What stays of the rows of a dry run.
_SAID_OR_SHOWN = Q(messages__isnull=False) | Q(trace__has_key="match")
Progress = Callable[[ImportRun], None]


class _DryRunOver(Exception):
    """Carries a dry run out of its transaction, so that nothing of it stays."""


def start(file: IO[bytes], *, name: str, mapping: Mapping, by: By, at: datetime, dry: bool = False) -> ImportRun:
    """Keep the file, check that it and the mapping fit each other, and note the run. Raises Refused; writes no record yet."""
    stored = default_storage.save("imports/upload", File(file))
    try:
        return note(stored, name=name, mapping=mapping, by=by, at=at, dry=dry)
    except Refused:
        default_storage.delete(stored)
        raise


def note(stored: str, *, name: str, mapping: Mapping, by: By, at: datetime, dry: bool = False) -> ImportRun:
    """Note a run of a file that is kept already. Raises Refused when it and the mapping do not fit each other."""
    noun = noun_named(mapping.noun)
    path = Path(default_storage.path(stored))
    with reading.opened(path, mapping.said) as table:
        noun.check(mapping, table.header)
        read_as = {**told(table.read_as), "ignored": mapping.ignored(table.header)}
    n_rows, others = reading.count_rows(path, mapping.said)
    if n_rows == 0:
        raise FileRefused(_("The file has column names, but no rows."))
    read_as["notes"] += [str(tables.another_table(*other)) for other in others]
    with transaction.atomic():
        run = ImportRun.objects.create(
            target=mapping.noun,
            file_name=name[-255:],
            stored_as=stored,
            mapping=mapping.as_json(),
            on_duplicate=mapping.on_duplicate,
            is_dry=dry,
            n_rows=n_rows,
            read_as=read_as,
            started_by=by.actor,
            door=by.door,
            created_at=at,
        )
        audit.record(
            run, action="start", by=by, at=at, changes={"file": ("", run.file_name), **{name: ("", str(said)) for name, said in mapping.options.items()}}
        )
    return run


def told(read_as: ReadAs) -> dict[str, Any]:
    """How a file was read, as it is kept with its run and printed."""
    return {**asdict(read_as), "notes": [str(note) for note in read_as.notes], "sheets": list(read_as.sheets)}


def run(run: ImportRun, *, at: datetime, progress: Progress | None = None) -> ImportRun:
    """Do the run, or go on with it behind its last committed chunk. Safe to call twice, and by two at once."""
    with _alone(run) as is_mine, _in_the_language_of(run.started_by):
        run.refresh_from_db()
        if not is_mine or run.state not in (RunState.WAITING, RunState.RUNNING):
            if is_mine and run.is_dry and run.state == RunState.STOPPED:
                default_storage.delete(run.stored_as)  # it was stopped before it began
            return run
        _begin(run, at=at)
        try:
            if run.is_dry:
                _rehearse([run], at=at, progress=progress)
            else:
                _go_through(run, at=at, progress=progress)
        except Refused as refusal:
            _fail(run, refusal, at=at)
            default_storage.delete(run.stored_as)
            raise
        run.refresh_from_db()
        _tell_the_planner(run)
        if run.state == RunState.STOPPED and not run.is_dry:
            return run  # to go on with: the file stays
        # The rows are in the database now, or were not wanted: people's data is not kept twice.
        default_storage.delete(run.stored_as)
    return run


@transaction.atomic
def undo(run: ImportRun, *, by: By, at: datetime) -> ImportRun:
    """Take back all that the run made and changed, or nothing. Raises CannotUndo, and StillRunning while somebody does the run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s) AND pg_try_advisory_xact_lock(%s, %s)", [RUN, run.pk, WRITING, run.pk])
        if not cursor.fetchone()[0]:
            raise StillRunning
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state not in (RunState.DONE, RunState.FAILED, RunState.RUNNING, RunState.UNDOING, RunState.STOPPED) or run.is_dry:
        raise CannotUndo
    noun = noun_named(run.target)
    _tell_the_planner(run)
    taking_back.refuse_if_worked_on(run, noun=noun.record, ids=taking_back.TOUCHED)
    try:
        with transaction.atomic():
            noun.take_back(run)
            custom_values.take_back_choices(run, by=by, at=at)
            # Foreign keys are checked at the end of a transaction; a refusal must come before we say that it is done.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError:
        raise CannotUndo from None
    taking_back.record(run, noun=noun.record, by=by, at=at)
    ImportRun.objects.filter(pk=run.pk).update(state=RunState.UNDONE, undone_at=at)
    audit.record(run, action="undo", by=by, at=at, changes={"state": (run.state, RunState.UNDONE.value)})
    transaction.on_commit(lambda: default_storage.delete(run.stored_as))  # the file of a run that was stopped
    run.refresh_from_db()
    return run


@jobs.task(name="run_import", retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions=PASSING))
def run_import(run_id: int) -> None:
    """The run as a job: after a worker was killed, the next one goes on where it stopped."""
    # The connection may be one that the attempt before lost.
    close_old_connections()
    # A run that is refused says so itself; there is nothing more for the queue to do.
    with suppress(Refused):
        run(ImportRun.objects.get(pk=run_id), at=timezone.now())  # the clock of a job


def rehearse_together(runs: Sequence[ImportRun], *, at: datetime) -> None:
    """Dry runs one after the other, each seeing what those before it would have written. Their files stay where they are."""
    for one in runs:
        one.refresh_from_db()
    todo = [one for one in runs if one.state in (RunState.WAITING, RunState.RUNNING)]
    if not todo:
        return  # they were stopped before they began
    with _in_the_language_of(runs[0].started_by):
        ImportRun.objects.filter(pk__in=[one.pk for one in todo], state=RunState.WAITING).update(state=RunState.RUNNING)
        try:
            _rehearse(todo, at=at, progress=None)
        except Refused as refusal:
            ImportRun.objects.filter(pk__in=[one.pk for one in todo]).update(state=RunState.FAILED, failure=str(refusal), finished_at=at)


def _rehearse(runs: Sequence[ImportRun], *, at: datetime, progress: Progress | None) -> None:
    """Write it all, or as much as there is until somebody stops them, keep what there is to say about the rows, and take the writing back."""
    done: list[tuple[ImportRun, dict[str, Any], list[ImportRow]]] = []
    for run in runs:
        _forget_counts(run)
    try:
        with rehearsing.seen_by_others() as show, transaction.atomic():

            def shown(run: ImportRun) -> None:
                show(run)
                if progress:
                    progress(run)

            for run in runs:
                if _is_stopped(run):
                    break
                _go_through(run, at=at, progress=shown)
                counts = {name: getattr(run, name) for name in rehearsing.COUNTS}
                done.append((run, counts, list(ImportRow.objects.filter(_SAID_OR_SHOWN, run=run))))
            raise _DryRunOver
    except _DryRunOver:
        pass
    with transaction.atomic():
        held = ImportRun.objects.select_for_update(of=["self"]).filter(pk__in=[run.pk for run, *_rest in done]).order_by("pk")
        stopped = {run.pk for run in held if run.state == RunState.STOPPED}
        for run, counts, rows in done:
            for row in rows:
                row.target_id, row.pk = None, None
            ImportRow.objects.bulk_create(rows, batch_size=5_000)
            ended = {} if run.pk in stopped else {"state": RunState.DONE, "finished_at": at}
            ImportRun.objects.filter(pk=run.pk).update(**counts, **ended)


def _forget_counts(run: ImportRun) -> None:
    """What an attempt before this one has shown of a dry run: nothing of it stayed, so this one begins anew."""
    run.n_applied = run.n_created = run.n_updated = run.n_skipped = run.n_rejected = run.n_warnings = 0
    run.known = {}


def _go_through(run: ImportRun, *, at: datetime, progress: Progress | None) -> None:
    noun, mapping = noun_named(run.target), from_json(run.mapping)
    by = By(run.started_by, Door.IMPORT)
    path = Path(default_storage.path(run.stored_as))
    with reading.opened(path, mapping.said) as table, collecting.resting():
        noun.check(mapping, table.header)
        rows = itertools.islice(table.rows, run.n_applied, None)
        chunks = parsing.Chunks(parsing.Parser(noun, mapping, kind=table.read_as.kind), rows)
        with closing(chunks), closing(Writing(run, noun, mapping, by, at, _seen_ids(run), row_decisions.of_run(run)).write(chunks)) as writing:
            for n_chunks, _written in enumerate(writing, start=1):
                if not run.is_dry:
                    run.refresh_from_db()
                collecting.now_and_then(n_chunks)
                if progress:
                    progress(run)
                if _is_stopped(run):
                    return
    _finish(run, noun, at=at)


def _is_stopped(run: ImportRun) -> bool:
    return ImportRun.objects.filter(pk=run.pk, state=RunState.STOPPED).exists()


@transaction.atomic
def _finish(run: ImportRun, noun: ImportNoun, *, at: datetime) -> None:
    """All is written, unless somebody has stopped it at the last moment. A dry run leaves its row alone: it ends behind its transaction."""
    if run.is_dry:
        if noun.finish:
            noun.finish(run, at)
        return
    if ImportRun.objects.select_for_update(of=["self"]).get(pk=run.pk).state != RunState.STOPPED:
        if noun.finish:
            noun.finish(run, at)
        ImportRun.objects.filter(pk=run.pk).update(state=RunState.DONE, finished_at=at)
        endings.say(run, action="finish", by=By(None, Door.JOB), at=at)
    run.refresh_from_db()


@transaction.atomic
def _fail(run: ImportRun, refusal: Refused, *, at: datetime) -> None:
    ImportRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, failure=str(refusal), finished_at=at)
    endings.say(run, action="fail", by=By(None, Door.JOB), at=at)


def _seen_ids(run: ImportRun) -> SeenIds:
    """What the chunks were about that were written before the run was stopped."""
    rows = run.rows if run.n_applied else run.rows.none()
    return SeenIds(pk for pk in rows.values_list("target_id", flat=True).iterator(chunk_size=10_000) if pk is not None)


@transaction.atomic
def _begin(run: ImportRun, *, at: datetime) -> None:
    """Runs may wait for others; what those wrote is before this one, and an undo of this one does not mind it."""
    if run.state == RunState.WAITING:
        audit.record(run, action="begin", by=By(run.started_by, Door.IMPORT), at=at)
    ImportRun.objects.filter(pk=run.pk, state=RunState.WAITING).update(state=RunState.RUNNING)


def _tell_the_planner(run: ImportRun) -> None:
    """After many rows the database believes for a minute that its tables are small, and joins them row by row."""
    if run.n_applied >= parsing.CHUNK and not run.is_dry:
        execute("ANALYZE")


def _in_the_language_of(user: User | None) -> AbstractContextManager[None]:
    """What is said about rows is kept as it was said, so it is said in the language of who asked."""
    return translation.override(user.language if user else translation.get_language())


@contextmanager
def _alone(run: ImportRun) -> Iterator[bool]:
    """Whether this connection holds the run; the lock goes with the connection, so a killed worker holds nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [RUN, run.pk])
        (is_mine,) = cursor.fetchone()
    try:
        if is_mine:
            wait_for_the_killed(run.pk)
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN, run.pk])
