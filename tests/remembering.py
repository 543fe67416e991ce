"""What tests begin with, written once by the verbs and put back as rows in the tests that follow: twenty times as fast as to ask again."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar, cast

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, transaction
from psycopg import sql

from tests import database

Written = TypeVar("Written")
# Each table with its rows, as COPY gives them.
Rows = dict[str, list[bytes]]


@dataclass(frozen=True)
class _Kept:
    """What was written once: the rows and the files that came, where the sequences stood then, and what was answered."""

    rows: Rows
    files: dict[str, bytes]
    sequences: dict[str, int]
    answer: object


# By who wrote, from what, and in which copy of the database, or after what else in a fresh one.
_kept: dict[tuple[Hashable, ...], _Kept] = {}
# The copy that is open, and what was written or put back in it, in order.
_here: tuple[int, list[Hashable]] = (-1, [])


def written(write: Callable[..., Written], *given: Hashable) -> Written:
    """Let `write(*given)` write, or put back what it wrote before and copy what it answered.

    The ids are those of the first time. Sequences are never rolled back, so no row that comes later in this copy has one of them; in
    a fresh copy, where nothing else was written before than then, they are set to where they stood.
    Records that are `given` are the same ones when they have the same ids. What changes or removes a row is never put back, but asked again.
    What a test wrote itself before is not looked at when rows are put back: where `write` goes by it, ask `write`.
    """
    global _here  # noqa: PLW0603 - one database is open at a time
    copy_no, done = database.n_renewed(), []
    if _here[0] == copy_no:
        done = _here[1]
    _here = (copy_no, [*done, (write, *given)])
    same, fresh = (copy_no, write, *given), ("fresh", tuple(done), write, *given)
    with transaction.atomic():
        if kept := _kept.get(same) or _kept.get(fresh):
            _put_back(kept.rows)
            _keep_again(kept.files)
            if same not in _kept:
                _advance(kept.sequences)
                _kept[same] = kept
            return cast(Written, copy.deepcopy(kept.answer))
        before = _all()
        with _stored() as names:
            answer = write(*given)
        after = _all()
        if not any(Counter(rows) - Counter(after.get(table, [])) for table, rows in before.items()):
            came = {table: list((Counter(rows) - Counter(before.get(table, []))).elements()) for table, rows in after.items()}
            files = {name: _content(name) for name in names if default_storage.exists(name)}
            _kept[same] = _kept[fresh] = _Kept({table: rows for table, rows in came.items() if rows}, files, _sequences(), copy.deepcopy(answer))
        return answer


def _sequences() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL")
        return dict(cursor.fetchall())


def _advance(sequences: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(name::regclass, greatest(value, pg_sequence_last_value(name::regclass))) FROM unnest(%s::text[], %s::bigint[]) AS said(name, value)",
            [*map(list, zip(*sequences.items(), strict=True))],
        )


def _all() -> Rows:
    with connection.cursor() as cursor:
        return {table: rows for table in connection.introspection.table_names(cursor) if (rows := _rows(table))}


def _rows(table: str) -> list[bytes]:
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copied:
        return b"".join(bytes(block) for block in copied).splitlines(keepends=True)


def _put_back(kept: Rows) -> None:
    with connection.cursor() as cursor:
        # What triggers wrote is among the rows, and what they refuse was not refused.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in kept.items():
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copied:
                copied.write(b"".join(rows))
        cursor.execute("SET LOCAL session_replication_role = origin")


@contextmanager
def _stored() -> Iterator[list[str]]:
    """The names under which files are stored meanwhile."""
    names: list[str] = []
    save = FileSystemStorage.save

    def noted(storage: FileSystemStorage, *given: Any, **more: Any) -> str:
        names.append(save(storage, *given, **more))
        return names[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileSystemStorage, "save", noted)
        yield names


def _content(name: str) -> bytes:
    with default_storage.open(name) as stored:
        return bytes(stored.read())


def _keep_again(files: dict[str, bytes]) -> None:
    """A test that is undone brings back the rows it removed, not the bytes."""
    for name, content in files.items():
        if not default_storage.exists(name):
            default_storage.save(name, BytesIO(content))
