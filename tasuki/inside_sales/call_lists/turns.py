"""Turns: lists are built by one at a time, and nobody is put on one meanwhile; so whoever comes as a list is built is on it, by the one way or the other."""

from __future__ import annotations

from django.db import connection

# Which of PostgreSQL's advisory locks is ours. They are held until the end of the transaction.
_LOCK = 7_010_002


def build() -> None:
    """Wait for whoever builds, and for everybody who is just being put on a list."""
    _take("pg_advisory_xact_lock")


def wait_for_builds() -> None:
    """Wait for whoever builds; from then on builds wait for us."""
    _take("pg_advisory_xact_lock_shared")


def _take(lock: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [_LOCK])
