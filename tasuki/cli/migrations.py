"""Which migrations the database does not know, and applying them: asked before every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

# Any number that nobody else uses: two commands that start at once migrate one after the other.
_LOCK = 7_251_844


def migrate_if_needed() -> None:
    """Apply what is not applied. Asking costs a moment: names of files against names in one table."""
    missing = unapplied()
    if not missing:
        return
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            with rendering_what_changes() if missing == _here() else nullcontext():
                call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def unapplied() -> set[tuple[str, str]]:
    """App and name of each migration on the disk that the database does not know."""
    from django.db import connection

    here = _here()
    with connection.cursor() as cursor:
        if "django_migrations" not in connection.introspection.table_names(cursor):
            return here
        cursor.execute("SELECT app, name FROM django_migrations")
        return here - set(cursor.fetchall())


def _here() -> set[tuple[str, str]]:
    from django.apps import apps

    return {(app.label, file.stem) for app in apps.get_app_configs() for file in Path(app.path, "migrations").glob("[0-9]*.py")}


@contextmanager
def rendering_what_changes() -> Iterator[None]:
    """While an empty database gets its tables, build the class of a model again only when the model itself changes: a fifth of the work.

    Django also builds those of all models around it again, and around people and teams stand all there are. Nobody asks for them until the next
    change that a relation has a part in, or Python that is given models; then all are built. That the tables are those which Django makes by
    itself, tests/cli/test_migrations.py says of the migrations that there are. A database that has tables is migrated as Django does it.
    """
    from django.db.migrations.state import ProjectState

    def reload_model(state: Any, app_label: str, model_name: str, *, delay: bool = False) -> None:
        if "apps" in state.__dict__:
            if delay or model_name not in state.apps.all_models[app_label]:
                state.is_delayed = True
                state._reload({(app_label, model_name)})
            else:
                del state.apps

    states: Any = ProjectState
    before = states.reload_model
    states.reload_model = reload_model
    try:
        yield
    finally:
        states.reload_model = before
