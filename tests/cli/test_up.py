"""`tasuki up`: it answers, it heals, and it goes without a trace."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tasuki.core import embedded_postgres
from tests.cli.conftest import Installation, free_port

pytestmark = pytest.mark.slow


@contextmanager
def serving(installation: Installation, port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Tasuki that has said that it is ready."""
    running = installation.start(*(arguments or ("up",)), "--port", str(port))
    try:
        eventually(lambda: "Stop with Ctrl-C." in installation.log.read_text() or running.poll() is not None)
        assert f"http://127.0.0.1:{port}/" in installation.log.read_text(), installation.log.read_text()
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)


def status(port: int) -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", "/")
        return client.getresponse().status
    except OSError:
        return 0
    finally:
        client.close()


def eventually(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Waits as long as a busy machine may need; how fast something is, is not what is asked here."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "That did not come about."
        time.sleep(0.1)


def children(pid: int) -> dict[str, int]:
    """Name → number of the supervisor's processes."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                program, _space, name = (folder / "comm").read_text().strip().partition(" ")
                if program == "tasuki" and (folder / "cmdline").read_text():  # one that has just died has none
                    found[name] = int(folder.name)
    return found


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="class")
def shared_port() -> int:
    return free_port()


@pytest.fixture(scope="class")
def served(demo_installation: Installation, shared_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """One that all tests of healing share: after each it is as it was, and after all of them it stops as any other."""
    with serving(demo_installation, shared_port) as running:
        yield running
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0
    assert not listens(shared_port)
    assert not demo_installation.is_running()


@pytest.mark.usefixtures("served")
class TestHealing:
    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_a_process_that_is_killed_is_started_again(self, served: subprocess.Popen[bytes], shared_port: int, name: str) -> None:
        eventually(lambda: name in children(served.pid))
        before = children(served.pid)[name]
        os.kill(before, signal.SIGKILL)
        eventually(lambda: children(served.pid).get(name, before) != before)
        eventually(lambda: status(shared_port) in (200, 302))

    def test_the_database_is_started_again_when_it_is_killed(self, demo_installation: Installation, shared_port: int) -> None:
        server = embedded_postgres.recorded(demo_installation.home)
        assert server is not None
        os.kill(int((Path(server.data) / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        eventually(lambda: embedded_postgres.is_running(demo_installation.home))
        eventually(lambda: status(shared_port) in (200, 302))
        assert demo_installation.said("check")["ok"]

    def test_a_database_that_comes_back_at_another_port_is_reached_there(
        self, served: subprocess.Popen[bytes], demo_installation: Installation, shared_port: int
    ) -> None:
        before = embedded_postgres.recorded(demo_installation.home)
        assert before is not None
        served.send_signal(signal.SIGSTOP)  # until somebody else has the port
        os.kill(int((Path(before.data) / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        eventually(lambda: not listens(before.port))
        with socket.create_server(("127.0.0.1", before.port)):
            served.send_signal(signal.SIGCONT)
            eventually(lambda: embedded_postgres.recorded(demo_installation.home) != before)
            eventually(lambda: set(children(served.pid)) == {"web", "worker"} and status(shared_port) in (200, 302))
            assert demo_installation.said("check")["ok"]

    def test_a_job_whose_worker_was_killed_is_done_by_another(self, demo_installation: Installation) -> None:
        server = embedded_postgres.recorded(demo_installation.home)
        assert server is not None
        with psycopg.connect(server.url, autocommit=True) as connection:
            stalled = connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
                " VALUES ('builtin', 'builtin:procrastinate.builtin_tasks.remove_old_jobs', '{\"max_hours\": 1000}', 'doing') RETURNING id"
            ).fetchone()
            assert stalled is not None
            waiting = "SELECT count(*) FROM procrastinate_jobs WHERE id = %s"
            # A job that is done is removed.
            eventually(lambda: connection.execute(waiting, [stalled[0]]).fetchone() == (0,))

    def test_a_running_installation_is_not_restored_over(self, demo_installation: Installation, tmp_path: Path) -> None:
        file = tmp_path / "now.tasuki"
        assert demo_installation.tasuki("backup", str(file)).returncode == 0, "People may go on working while a backup is made."
        refused = demo_installation.tasuki("restore", str(file), "--replace", "--yes")
        assert (refused.returncode, refused.stderr.strip()) == (1, "Another Tasuki command is using this database. Stop it first.")


@pytest.mark.parametrize(("number", "command"), [(signal.SIGINT, "up"), (signal.SIGTERM, "demo")])
def test_a_signal_stops_everything(demo_installation: Installation, port: int, *, number: signal.Signals, command: str) -> None:
    with serving(demo_installation, port, command) as running:
        assert status(port) in (200, 302)
        assert set(children(running.pid)) == {"web", "worker"}
        assert demo_installation.is_running()
        running.send_signal(number)
        assert running.wait(timeout=30) == 0
    assert not listens(port)
    assert not demo_installation.is_running()
    said = demo_installation.log.read_text()
    # A second start serves the company that is there.
    assert ("here already, with 300 leads" in said) == (command == "demo")
    assert "admin@haneul.example" in said
    assert "“the sash goes on”" in said


def test_a_port_in_use_is_said_before_anything_is_loaded(installation: Installation, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        for command in ("up", "demo"):
            refused = installation.tasuki(command, "--port", str(port))
            assert (refused.returncode, refused.stderr.strip()) == (1, f"Port {port} is in use. Stop what uses it, or name another with --port or PORT.")
            assert refused.stdout == ""
    assert not (installation.home / "postgres").exists()


def test_port_comes_from_the_environment(demo_installation: Installation, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert f"Port {port} is in use." in demo_installation.tasuki("up", PORT=str(port)).stderr


def test_nothing_stays_behind_when_the_supervisor_is_killed(demo_installation: Installation, port: int) -> None:
    with serving(demo_installation, port) as running:
        running.kill()
        running.wait()
        eventually(lambda: not listens(port))
    # The database outlives it, unharmed; the next command to leave stops it.
    assert demo_installation.said("check")["ok"]
    assert not demo_installation.is_running()
