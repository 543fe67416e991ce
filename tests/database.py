"""The database of a test run: its own copy of one migrated template, so that two runs at the same time never meet.

Migrating takes seconds, copying a tenth of one. The template is named by the migrations it was made from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg import sql

from tasuki.core import embedded_postgres, home

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "tasuki_template_"
KEPT_TEMPLATES = 4
_renewed: list[str] = []


def start() -> None:
    """Before Django reads its settings: a home of the tests' own, and its server, unless DATABASE_URL names another one."""
    os.environ["TASUKI_HOME"] = str(ROOT / ".tasuki" / "tests")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tasuki.settings"
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own loop in the thread of the test
    (home.path() / "static").mkdir(parents=True, exist_ok=True)
    if "DATABASE_URL" not in os.environ:
        _clear_what_a_crash_left()
        fcntl.flock(_users(), fcntl.LOCK_SH)
        _wait_for_no_disk(embedded_postgres.ensure_running(home.path()))


def _clear_what_a_crash_left() -> None:
    """What was not written when the machine went down may be broken; it is made anew in seconds."""
    try:
        fcntl.flock(_users(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    data = home.path() / "postgres" / "data"
    if (data / "postmaster.pid").exists() and not embedded_postgres.is_running(home.path()):
        shutil.rmtree(data)


def _wait_for_no_disk(server: embedded_postgres.Server) -> None:
    """Nothing here has to outlive the machine, and nobody guesses the password, which each of the thousands of connections would have to make dear.
    What has to, and who would, is asked of servers with homes of their own: tests/core/test_embedded_postgres.py.
    """
    with psycopg.connect(server.url, autocommit=True) as connection:
        if connection.execute("SHOW fsync").fetchone() == ("on",):
            for name in ("fsync", "full_page_writes", "synchronous_commit", "wal_compression"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("SET scram_iterations = 1")
            connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(sql.Literal(server.password)))


def leave() -> None:
    """The last run to leave stops the server: it starts again in a tenth of a second."""
    if "DATABASE_URL" not in os.environ:
        with _users(), suppress(BlockingIOError):
            fcntl.flock(_users(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            embedded_postgres.stop(home.path())


@cache
def _users() -> TextIO:
    """Held open, and shared, by every run that uses the server; a run that was killed does not count."""
    return (home.path() / "in_use.lock").open("w", encoding="ascii")


def prepare(settings: dict[str, Any]) -> None:
    """Tell Django to copy the template into a database named for this process."""
    with maintenance(settings) as connection:
        _drop_what_dead_runs_left(connection)
        settings["TEST"] |= {"NAME": f"test_{settings['NAME']}_{os.getpid()}", "TEMPLATE": _template(settings, connection)}


def is_copy(settings: dict[str, Any]) -> bool:
    """Whether this is the copy of this process: any other database is somebody's."""
    return bool(settings["NAME"] == settings["TEST"].get("NAME"))


def renew(settings: dict[str, Any]) -> None:
    """Put a fresh copy in the place of a database that a test has committed to."""
    _renewed.append(settings["NAME"])
    with maintenance(settings) as connection:
        _drop(connection, name=settings["NAME"])
        _copy(connection, template=settings["TEST"]["TEMPLATE"], name=settings["NAME"])


def drop(settings: dict[str, Any], *, name: str) -> None:
    """Remove a database, whoever is connected to it."""
    with maintenance(settings) as connection:
        _drop(connection, name=name)


def n_renewed() -> int:
    """How often a fresh copy has come: nothing that was known of the rows of the one before goes for it."""
    return len(_renewed)


def url(settings: dict[str, Any], name: str | None = None) -> str:
    """The DATABASE_URL of the database, or of another one on the same server, for a process of its own."""
    return f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{name or settings['NAME']}"


@contextmanager
def maintenance(settings: dict[str, Any]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url(settings, "postgres"), autocommit=True) as connection:
        yield connection


def _template(settings: dict[str, Any], connection: psycopg.Connection) -> str:
    made_from = hashlib.sha256()
    for path in sorted([*(ROOT / "tasuki").glob("*/migrations/*.py"), ROOT / "requirements.lock"]):
        made_from.update(path.read_bytes())
    name = TEMPLATE + made_from.hexdigest()[:16]
    draft = f"{name}_{os.getpid()}"
    with (home.path() / "template.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name not in _databases(connection, starting=TEMPLATE):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
            try:
                migrate = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
                done = subprocess.run(migrate, cwd=ROOT, env={**os.environ, "DATABASE_URL": url(settings, draft)}, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"The migrations failed:\n{done.stdout}{done.stderr}"
                connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name)))
            finally:
                _drop(connection, name=draft)
            for old in _databases(connection, starting=TEMPLATE)[:-KEPT_TEMPLATES]:
                _drop(connection, name=old)
    return name


def _copy(connection: psycopg.Connection, *, template: str, name: str) -> None:
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection, *, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_what_dead_runs_left(connection: psycopg.Connection) -> None:
    for name in _databases(connection, starting="test_tasuki_"):
        pid = name.rsplit("_", 1)[1]
        if pid.isdigit() and not _is_alive(int(pid)):
            _drop(connection, name=name)


def _databases(connection: psycopg.Connection, *, starting: str) -> list[str]:
    """Oldest first."""
    return [row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid", [starting])]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
