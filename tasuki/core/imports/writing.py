"""Writing the chunks of a run, one after the other; or two beside each other, each on a connection of its own, which are committed in their order.

A chunk is decided about as soon as the one before it is: what that one brings is handed on in memory. So whatever is killed, all rows up to one of
them are in, and none behind it.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from django.db import connection, connections, transaction
from django.utils import translation

from tasuki.core.audit import By
from tasuki.core.imports import parsing
from tasuki.core.imports.copying import copy_in, execute
from tasuki.core.imports.mapping import Mapping
from tasuki.core.imports.matches import Unclear
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line
from tasuki.core.imports.parsing import Chunks
from tasuki.core.imports.row_decisions import Chosen
from tasuki.core.imports.runs import ImportRow, ImportRun, RowState
from tasuki.core.imports.seen_ids import SeenIds

# Two classes of advisory locks. A run is held by its id, and the turn to write by 0; whoever writes a chunk shares the same two of the other
# class: who was killed may still have a chunk on its way to the disk when its turn is free.
RUN, WRITING = 0x7A5, 0x7A6
_TURN = 0
# So long a chunk waits for what somebody else holds: nobody but us knows that one chunk waits for the other.
_PATIENCE = "1min"
# A dry run shows so many of the rows that are about a record beside it.
SHOWN = 200


class _Stopped(Exception):
    """The run ends before this chunk: it is taken back."""


@dataclass(frozen=True)
class Writing:
    """What all chunks of a run share. `seen` are the records that the chunks were about so far, `chosen` is what was chosen for single rows."""

    run: ImportRun
    noun: ImportNoun
    mapping: Mapping
    by: By
    at: datetime
    seen: SeenIds
    chosen: dict[int, Chosen]

    def write(self, chunks: Chunks) -> Generator[None]:
        """Write them all; comes back after each that is in the database. Raises what deciding and writing raise, behind the chunks before."""
        # A transaction of the caller has one connection, and few rows are not worth three.
        is_long = self.run.n_rows - self.run.n_applied > parsing.CHUNK
        if self.noun.minds_what_is_ahead and is_long and not connection.in_atomic_block:
            return self._two_beside_each_other(chunks)
        return self._one_after_the_other(chunks)

    def _one_after_the_other(self, chunks: Chunks) -> Generator[None]:
        for lines in chunks:
            with transaction.atomic():
                _commit_without_waiting()
                _after_the_others()
                self.noun.write(Chunk(self.run, self.mapping, lines, self.by, self.at, self.seen, chunks.read_on, chosen=self.chosen))
                _note_rows(self.run, lines)
                _count(self.run, lines)
            self.see(lines)
            yield

    def _two_beside_each_other(self, chunks: Chunks) -> Generator[None]:
        under_way = deque[_Part]()
        with _our_turn() as turn, _two_lanes() as lanes:
            try:
                for lane, lines in zip(lanes, chunks, strict=False):
                    under_way.append(_Part(self, lines, chunks, under_way[-1] if under_way else None))
                    under_way[-1].start(lane)
                    self.see(lines)
                    most = 0 if turn.is_wanted() else 1
                    while len(under_way) > most:
                        under_way.popleft().finish()
                        yield
                    if not under_way:
                        turn.pass_on()
                while under_way:
                    under_way.popleft().finish()
                    yield
            finally:
                for part in under_way:
                    part.stop()

    def see(self, lines: list[Line]) -> None:
        self.seen.add(line.target_id for line in lines if line.target_id is not None)


@dataclass
class _Part:
    """One chunk on its way, beside the one before it."""

    of: Writing
    lines: list[Line]
    chunks: Chunks
    before: _Part | None
    brings: dict[str, dict[Any, Any]] = field(default_factory=dict)
    _is_decided: Event = field(default_factory=Event)
    _is_stopped: Event = field(default_factory=Event)
    _written: Future[None] = field(default_factory=Future)

    def start(self, lane: ThreadPoolExecutor) -> None:
        """Have the chunk written in a lane; comes back when it is decided about."""
        self._written = lane.submit(self._write, translation.get_language())
        self._is_decided.wait()

    def finish(self) -> None:
        """Wait until it is committed. Raises what kept it from that."""
        self._written.result()
        self.before, self.lines = None, []

    def stop(self) -> None:
        """Keep it from being committed, if it is not yet."""
        self._is_stopped.set()

    def _write(self, language: str) -> None:
        of, ahead = self.of, self.before.brings if self.before else {}
        try:
            with translation.override(language), transaction.atomic():
                _commit_without_waiting()
                _share(of.run)
                chunk = Chunk(of.run, of.mapping, self.lines, of.by, of.at, of.seen, self._decided, ahead, self.brings, self._catch_up, of.chosen)
                of.noun.write(chunk)
                _note_rows(of.run, self.lines)
                self._catch_up()
                _count(of.run, self.lines)
                if self._is_stopped.is_set():
                    raise _Stopped
        finally:
            self._is_decided.set()

    def _decided(self) -> None:
        if not self._is_decided.is_set():
            self.chunks.read_on()
            self._is_decided.set()

    def _catch_up(self) -> None:
        if self.before:
            self.before._written.result()


class _Turn:
    """The turn to write, on a connection that holds it."""

    def take(self) -> None:
        _hold(RUN, _TURN)
        wait_for_the_killed(_TURN)

    def is_wanted(self) -> bool:
        """Whether another run waits for it."""
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND NOT granted
                                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))""",
                [RUN, _TURN],
            )
            return bool(cursor.fetchone()[0])

    def pass_on(self) -> None:
        """Let those write who wait, and take it again behind them."""
        self.give_up()
        self.take()

    def give_up(self) -> None:
        execute("SELECT pg_advisory_unlock(%s, %s)", [RUN, _TURN])


@contextmanager
def _our_turn() -> Iterator[_Turn]:
    turn = _Turn()
    turn.take()
    try:
        yield turn
    finally:
        turn.give_up()


@contextmanager
def _two_lanes() -> Iterator[Iterator[ThreadPoolExecutor]]:
    """Two threads by turns, each with its connection. Waits at the end until both are idle."""
    lanes = [ThreadPoolExecutor(max_workers=1, thread_name_prefix="import lane") for _nth in range(2)]
    try:
        yield itertools.cycle(lanes)
    finally:
        for lane in lanes:
            lane.submit(connections.close_all)
        for lane in lanes:
            lane.shutdown()


def wait_for_the_killed(key: int) -> None:
    """Wait until nobody writes a chunk any more, of a run by its id or of any by 0; for whoever holds the lock of the other class."""
    execute("SELECT pg_advisory_xact_lock(%s, %s)", [WRITING, key])


def _hold(lock_class: int, key: int) -> None:
    execute("SELECT pg_advisory_lock(%s, %s)", [lock_class, key])


def _share(run: ImportRun) -> None:
    execute("SELECT pg_advisory_xact_lock_shared(%s, %s), pg_advisory_xact_lock_shared(%s, %s)", [WRITING, _TURN, WRITING, run.pk])
    execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])


def _after_the_others() -> None:
    """Chunks of all imports are written one run after the other, so that two never make the same account or person at once."""
    execute("SELECT pg_advisory_xact_lock(%s, %s)", [RUN, _TURN])
    wait_for_the_killed(_TURN)


def _commit_without_waiting() -> None:
    """Do not wait for the disk after each chunk. A server that falls may lose the last chunks, marks and all: the run goes on behind those that stayed,
    and its end waits until all of it is on the disk."""
    execute("SET LOCAL synchronous_commit = off")


def _note_rows(run: ImportRun, lines: list[Line]) -> None:
    """Write what became of the rows, in the transaction that wrote the records."""

    beside = _beside(run, lines)

    def row(line: Line) -> tuple[object, ...]:
        is_shown = line.messages or line.row_no in beside
        shown = {name: cell.replace("\0", "\ufffd")[:500] for name, cell in line.cells.items()} if is_shown else None
        if line.row_no in beside:
            line.trace["match"] = beside[line.row_no]
        return (
            run.pk,
            line.row_no,
            line.state,
            line.target_id,
            json.dumps(line.trace) if line.trace else None,
            json.dumps(_storable(shown)) if shown else None,
            json.dumps(line.messages) if line.messages else None,
        )

    copy_in(ImportRow, ("run_id", "row_no", "state", "target_id", "trace", "values", "messages"), map(row, lines))


def _beside(run: ImportRun, lines: list[Line]) -> dict[int, dict[str, Any]]:
    """Of a dry run, the rows to be shown beside what is here: some of those that are about a record, and all that may be about several."""
    found: dict[int, dict[str, Any]] = {}
    left = SHOWN - run.n_known
    for line in lines if run.is_dry else ():
        if isinstance(line.match, Unclear):
            found[line.row_no] = {"ids": list(line.match.target_ids), "by": list(line.match.by), "noun": line.match.noun, "is_unclear": True}
        elif line.match and left > 0:
            found[line.row_no] = {"ids": [line.match.target_id], "by": list(line.match.by), "noun": line.match.noun, "is_unclear": False}
            left -= 1
    return found


def _count(run: ImportRun, lines: list[Line]) -> None:
    """Write how far the run has come, in the same transaction. A dry run keeps it in mind: its row stays free, so that somebody can stop it."""
    states = [line.state for line in lines]
    known = Counter(ImportRun.UNCLEAR if isinstance(line.match, Unclear) else line.match.by[0] for line in lines if line.match)
    counted = run if run.is_dry else ImportRun.objects.select_for_update().get(pk=run.pk)
    figures: dict[str, Any] = {
        "n_applied": counted.n_applied + len(lines),
        "n_created": counted.n_created + states.count(RowState.CREATED),
        "n_updated": counted.n_updated + states.count(RowState.UPDATED),
        "n_skipped": counted.n_skipped + states.count(RowState.SKIPPED),
        "n_rejected": counted.n_rejected + states.count(RowState.REJECTED),
        "n_warnings": counted.n_warnings + sum(1 for line in lines if line.messages and line.state != RowState.REJECTED),
        "known": dict(known + Counter(counted.known)),
    }
    if run.is_dry:
        for name, figure in figures.items():
            setattr(run, name, figure)
    else:
        ImportRun.objects.filter(pk=run.pk).update(**figures)


def _storable(cells: dict[str, str]) -> dict[str, str]:
    return {name.encode("utf-8", "replace").decode(): cell.encode("utf-8", "replace").decode() for name, cell in cells.items()}
