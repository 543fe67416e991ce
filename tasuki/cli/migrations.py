"""Which migrations the database does not know, and applying them: asked before every command."""

from __future__ import annotations

from pathlib import Path

# Any number that nobody else uses: two commands that start at once migrate one after the other.
_LOCK = 7_251_844


def migrate_if_needed() -> None:
    """Apply what is not applied. Asking costs a moment: names of files against names in one table."""
    if not unapplied():
        return
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def unapplied() -> set[tuple[str, str]]:
    """App and name of each migration on the disk that the database does not know."""
    from django.apps import apps
    from django.db import connection

    here = set()
    for app in apps.get_app_configs():
        for file in Path(app.path, "migrations").glob("[0-9]*.py"):
            here.add((app.label, file.stem))
    with connection.cursor() as cursor:
        if "django_migrations" not in connection.introspection.table_names(cursor):
            return here
        cursor.execute("SELECT app, name FROM django_migrations")
        return here - set(cursor.fetchall())
