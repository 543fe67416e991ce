"""A worker that has grown gives its place to a fresh one, and no job knows of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import LiteralString

import psycopg
import pytest

from tasuki.cli import processes, renewing
from tasuki.cli.renewing import RENEWED, Renewal
from tasuki.core import embedded_postgres
from tests.cli.conftest import ROOT, Installation
from tests.cli.test_up import eventually

GROWN_BY = 64_000_000


class Worker:
    """Counts how often it is asked to stop."""

    def __init__(self) -> None:
        self.n_asked = 0

    def stop(self) -> None:
        self.n_asked += 1


async def _at_once() -> None:
    return None


def do(renewal: Renewal, worker: Worker, job: Callable[[], Awaitable[None]] = _at_once) -> None:
    """In a thread of its own: the browser of other tests has a loop that runs in this one."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(renewal.around(job, None, worker))).result()


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is one at a span that is over, and nothing that a test does is much work."""
    monkeypatch.setattr(renewing, "_IDLE_SECONDS", 0.0)
    monkeypatch.setattr(renewing, "_IDLE_SHARE", 1000.0)


def test_a_worker_leaves_once_it_has_grown() -> None:
    """In a process of its own: what other tests left may be given back just while this one grows."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        assert fresh.submit(_before_and_after_growing).result() == [(False, 0), (True, 1)]


def _before_and_after_growing() -> list[tuple[bool, int]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renewing, "_IDLE_SECONDS", 0.0)
        patch.setattr(renewing, "_IDLE_SHARE", 1000.0)
        renewal, worker, kept, seen = Renewal(), Worker(), bytearray(), []
        for grown_by in (0, GROWN_BY):
            kept += b"\1" * grown_by
            do(renewal, worker)
            do(renewal, worker)
            seen.append((renewal.is_leaving, worker.n_asked))
    return seen


def test_it_stays_while_it_has_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewing, "_GROWN_MB", -1000.0)
    monkeypatch.setattr(renewing, "_IDLE_SECONDS", 0.05)
    renewal, worker = Renewal(), Worker()
    do(renewal, worker)
    assert worker.n_asked == 0, "It has only begun."
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    do(renewal, worker)
    assert worker.n_asked == 0, "It was at work all the time."
    time.sleep(5 * 0.05)
    do(renewal, worker)
    assert worker.n_asked == 1


@pytest.mark.usefixtures("_soon")
def test_it_does_not_leave_while_another_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewing, "_GROWN_MB", -1000.0)
    renewal, worker = Renewal(), Worker()

    async def long() -> None:
        await renewal.around(_at_once, None, worker)
        assert worker.n_asked == 0

    do(renewal, worker, long)
    assert worker.n_asked == 1


@pytest.mark.usefixtures("_soon")
def test_a_job_that_fails_counts_as_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewing, "_GROWN_MB", -1000.0)
    renewal, worker = Renewal(), Worker()

    async def fail() -> None:
        raise ValueError("There is no sash.")

    with pytest.raises(ValueError, match="sash"):
        do(renewal, worker, fail)
    assert worker.n_asked == 1


def test_the_signal_to_stop_ends_it_but_for_one_that_is_leaving_anyway() -> None:
    renewal = Renewal()
    with pytest.raises(SystemExit) as leaving:
        renewal.hear(signal.SIGTERM, None)
    assert leaving.value.code == 128 + signal.SIGTERM
    renewal.is_leaving = True
    renewal.hear(signal.SIGTERM, None)


def test_one_that_is_renewed_begins_again_at_once_and_did_not_die(capfd: pytest.CaptureFixture[str]) -> None:
    child = processes.Child("worker", lambda: sys.exit(RENEWED))
    child.start()
    first = child.process
    assert first
    assert first.wait(until=time.monotonic() + 60)
    child.look_after()
    assert child.process
    assert child.process is not first
    assert child.n_deaths == 0
    assert capfd.readouterr().err == ""
    child.stop(by=time.monotonic() + 60)


@pytest.mark.slow
def test_while_workers_are_renewed_every_moment_each_job_is_done_once(prepared: Installation) -> None:
    """Three hundred or more, put in one after the other until a third worker has done some: one that finds a heap of them does not leave before its end."""
    running = subprocess.Popen([sys.executable, "-m", "tests.cli.renewed_often"], cwd=ROOT, env=prepared.environment)
    try:
        with psycopg.connect(embedded_postgres.ensure_running(prepared.home).url, autocommit=True) as connection:
            connection.execute("CREATE TABLE done_by (job int, worker int)")

            def n_done(what: LiteralString) -> int:
                row = connection.execute(f"SELECT count({what}) FROM done_by").fetchone()
                assert row
                return int(row[0])

            until, n = time.monotonic() + 120, 0
            while n < 300 or n_done("DISTINCT worker") < 3:
                assert time.monotonic() < until, "It was not renewed meanwhile."
                connection.execute(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'write_down', jsonb_build_object('n', %s::int))", [n]
                )
                n += 1
                time.sleep(0.02)
            eventually(lambda: n_done("DISTINCT job") == n)
            assert n_done("*") == n, "None twice."
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0
        with psycopg.connect(embedded_postgres.ensure_running(prepared.home).url) as connection:
            assert connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'").fetchone() == (0,), "It left nothing half done."
    finally:
        running.kill()
        running.wait()
