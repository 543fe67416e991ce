"""The embedded server: made in a second, shared by all, closed to strangers, and nothing committed is ever lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tasuki.core import embedded_postgres
from tasuki.core.embedded_postgres import Server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    # pytest keeps its folders to their owner; the server may run as somebody else.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    yield tmp_path
    embedded_postgres.stop(tmp_path)


def postmaster(server: Server) -> int:
    return int((Path(server.data) / "postmaster.pid").read_text().split("\n", 1)[0])


def test_it_is_made_once_and_shared(home: Path) -> None:
    first = embedded_postgres.ensure_running(home)
    assert embedded_postgres.ensure_running(home) == first
    assert embedded_postgres.is_running(home)
    with psycopg.connect(first.url) as connection:
        facts = connection.execute("SELECT current_setting('fsync'), current_setting('server_encoding'), current_setting('TimeZone')").fetchone()
    assert facts == ("on", "UTF8", "UTC")


def test_it_stops_and_starts_again_where_it_was(home: Path) -> None:
    before = embedded_postgres.ensure_running(home)
    embedded_postgres.stop(home)
    assert not embedded_postgres.is_running(home)
    embedded_postgres.stop(home)
    assert embedded_postgres.ensure_running(home) == before


def test_a_stranger_without_the_password_is_refused(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(server.password, "guess"))
    assert (home / "postgres.json").stat().st_mode & 0o077 == 0


def test_it_listens_on_loopback_only_and_on_no_socket_file(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    with psycopg.connect(server.url) as connection:
        shown = connection.execute("SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')").fetchone()
    assert shown == ("127.0.0.1", "")


def test_several_processes_at_once_get_one_server(home: Path) -> None:
    program = "import sys, pathlib, json; from tasuki.core import embedded_postgres as e; print(e.ensure_running(pathlib.Path(sys.argv[1])).port)"
    asked = [subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ports = {process.communicate(timeout=60)[0].strip() for process in asked}
    assert len(ports) == 1


def test_killed_in_the_middle_of_writes_every_committed_row_is_there(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE written (id int PRIMARY KEY)")
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), server.url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    time.sleep(1)
    os.kill(postmaster(server), signal.SIGKILL)
    told = writer.communicate(timeout=60)[0].split()
    assert len(told) > 20
    again = embedded_postgres.ensure_running(home)
    with psycopg.connect(again.url) as connection:
        there = {row[0] for row in connection.execute("SELECT id FROM written")}
    assert {int(row) for row in told} <= there


WRITER = """
    import sys, psycopg
    connection = psycopg.connect(sys.argv[1], autocommit=True)
    for number in range(100_000):
        connection.execute("INSERT INTO written VALUES (%s)", [number])
        print(number, flush=True)
"""


NOBODY = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/", "capture_output": True, "text": True, "check": False}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; as anybody else the other tests show the same")
def test_an_ordinary_user_starts_it_too(tmp_path: Path) -> None:
    site = [path for path in sys.path if "site-packages" in path]
    prologue = f"import sys; sys.path[:0] = {json.dumps([str(ROOT), *site])}; import psycopg; "
    python = "/usr/bin/python3"
    if not Path(python).exists() or subprocess.run([python, "-c", prologue], **NOBODY).returncode != 0:
        pytest.skip("this machine's Python, or this clone, is closed to an ordinary user")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    program = prologue + (
        "import pathlib; from tasuki.core import embedded_postgres as e; "
        "home = pathlib.Path(sys.argv[1]); e.ensure_running(home); print(e.is_running(home)); e.stop(home); print(e.is_running(home))"
    )
    done = subprocess.run([python, "-c", program, str(theirs)], **NOBODY)
    assert done.stdout.split() == ["True", "False"], done.stderr
