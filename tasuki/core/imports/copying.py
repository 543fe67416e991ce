"""Writing many rows at once: ids from the table's sequence, rows by COPY, answers by arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql


def new_ids(model: type[models.Model], n: int) -> list[int]:
    """`n` ids that nobody else will get."""
    if n == 0:
        return []
    with connection.cursor() as cursor:
        # The name of the sequence is looked up once, not for each id.
        cursor.execute(
            "SELECT nextval(ids.sequence) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) ids, generate_series(1, %s)",
            [model._meta.db_table, n],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_in(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into the model's table, inside the transaction of the caller. Values are quoted by the driver."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def look_up(statement: str, keys: Iterable[Any], *more: Any) -> dict[Any, Any]:
    """Rows of (key, value, …) for a query whose first parameter is the array of keys; → {key: value}, or {key: (value, …)}."""
    wanted = list(keys)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [array_of(wanted), *more])
        return {row[0]: row[1] if len(row) == 2 else row[1:] for row in cursor.fetchall()}


def array_of(keys: Sequence[Any]) -> str:
    """The keys as PostgreSQL writes an array; the driver's own way looks at each sign of each key."""
    together = '","'.join(map(str, keys))
    if "\\" in together or together.count('"') != 2 * (len(keys) - 1):
        together = '","'.join(str(key).replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return f'{{"{together}"}}'


def execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one set-based statement; → the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
