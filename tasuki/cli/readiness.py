"""Readiness: what stands before a command may begin. The database runs, Django is set up, the tables are up to date."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click
from django.utils.translation import gettext_lazy as _

from tasuki.core import embedded_postgres, home
from tasuki.core.errors import Refused


class DatabaseUnreachable(Refused):
    code = "database_unreachable"

    def __init__(self, said: str) -> None:
        super().__init__(_("The database in DATABASE_URL cannot be used: %(said)s") % {"said": said.strip()})


class DatabaseTooOld(Refused):
    code = "database_too_old"

    def __init__(self) -> None:
        super().__init__(_("Tasuki needs PostgreSQL %(oldest)s or newer.") % {"oldest": embedded_postgres.OLDEST})


class InUse(Refused):
    code = "in_use"

    def __init__(self) -> None:
        super().__init__(_("Another Tasuki command is using this database. Stop it first."))


@contextmanager
def database_in_use(*, alone: bool = False) -> Iterator[TextIO | None]:
    """Have the database running for the block; afterwards the last command to leave stops the embedded server, if a command started it.

    Who is using it is known by a shared lock on a file, so that a command that was killed is not counted.
    Gives that file to the block; None for a server of one's own, which cannot be asked.
    `alone` raises InUse while others hold it.
    """
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    folder = home.path()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "in_use.lock").open("a+", encoding="ascii") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            speak()
            raise InUse from None
        if not embedded_postgres.is_running(folder):
            users.truncate(0)
            users.write("started by a command")
            users.flush()
        embedded_postgres.ensure_running(folder)
        try:
            yield users
        finally:
            _leave(users)


def get_ready(*, migrated: bool = True, alone: bool = False) -> None:
    """Start the database for as long as this command lives, set Django up, and bring the tables up to date."""
    click.get_current_context().with_resource(database_in_use(alone=alone))
    speak()
    reach_database()
    if migrated:
        from tasuki.cli.migrations import migrate_if_needed

        migrate_if_needed()


def speak() -> None:
    """Set Django up, with the language of the terminal: before that, no sentence can be said. The database is not asked."""
    import django
    from django.utils import translation

    django.setup()
    language = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    translation.activate(language if language in ("ko", "ja") else "en")


def reach_database() -> None:
    """Raise DatabaseUnreachable or DatabaseTooOld unless we can work with it."""
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise DatabaseUnreachable(str(error)) from error
    if server_version() < embedded_postgres.OLDEST * 10_000:
        raise DatabaseTooOld


def server_version() -> int:
    """As PostgreSQL counts: 180003 for 18.3."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        return int(cursor.fetchone()[0])


def _leave(users: TextIO) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    users.seek(0)
    if users.read():
        users.truncate(0)
        embedded_postgres.stop(home.path())
