"""An empty database gets its tables in a shorter way than Django's own; these are the same ones."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection

from tasuki.core import embedded_postgres
from tests.cli.conftest import Installation

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Whatever the migrations make, but for what an extension brings. That a column takes no NULL is said with the column: servers before 18 name no rule for it.
MADE = {
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation::text,
               pg_get_expr(adbin, adrelid)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped""",
    "relations": "SELECT oid::regclass::text, relkind, relpersistence, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "indexes": """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = 'public'::regnamespace""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'",
    "applied": "SELECT app, name FROM django_migrations",
}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def made(cursor: Any) -> dict[str, set[tuple[Any, ...]]]:
    """By kind, all that there is; and how many rows each table has."""

    def asked(question: str) -> list[tuple[Any, ...]]:
        cursor.execute(question)
        return list(cursor.fetchall())

    found = {kind: {tuple(map(str, row)) for row in asked(question)} for kind, question in MADE.items()}
    return {**found, "rows": {(table, *asked(f'SELECT count(*) FROM "{table}"')[0]) for (table,) in asked(TABLES)}}


def test_an_empty_database_gets_the_tables_that_django_makes(prepared: Installation) -> None:
    """The database of the tests is Django's: `python -m django migrate`."""
    with connection.cursor() as cursor:
        by_django = made(cursor)
    with psycopg.connect(embedded_postgres.ensure_running(prepared.home).url) as opened:
        by_us = made(opened.cursor())
    assert all(by_django.values())
    for kind, there in by_django.items():
        assert (kind, by_us[kind] - there, there - by_us[kind]) == (kind, set(), set())
