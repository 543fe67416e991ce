"""An index for each custom field, made when the field is and dropped when it is archived, while people go on working.

It holds only the records that have a value, so a field that few records use costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import InterfaceError, OperationalError, close_old_connections, connection, models
from django.db.models import F, Q
from django.db.models.lookups import IsNull
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core.custom_fields import filtering
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, model_of

_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.URL)
_LOCK = 0x7A5F1E1E


class IndexingElsewhere(Exception):
    """Another worker, which perhaps was believed dead, builds an index now. What it builds looks like one that was interrupted."""


def index_of(field: CustomField) -> models.Index:
    """The index that filters and orders by the field can use."""
    name = f"custom_{field.slot}"
    if field.kind == FieldKind.CHOICES:
        return GinIndex(OpClass(filtering.expression(field), "jsonb_path_ops"), name=name)
    value = indexed(field)
    return models.Index(value, F("id"), name=name, condition=Q(IsNull(value, rhs=False)))


def indexed(field: CustomField) -> Any:
    """What the index is on: a text without regard to capitals, everything else as it is asked."""
    return filtering.order(field) if field.kind in _TEXTS else filtering.expression(field)


@jobs.task(
    name="keep_custom_field_index",
    lock="custom_field_indexes",
    retry=RetryStrategy(max_attempts=10, exponential_wait=4, retry_exceptions={OperationalError, InterfaceError, IndexingElsewhere}),
)
def keep_index(field_id: int) -> None:
    """Build the index of a field in use, drop that of an archived one; safe to run again after it was interrupted."""
    close_old_connections()  # the attempt before may have lost its connection
    field = CustomField.objects.filter(pk=field_id).first()
    if field is not None:
        with _alone():
            _keep(field, index_of(field))


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time. Never wait for the other: an index that is built concurrently waits for all who wait. Raises IndexingElsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise IndexingElsewhere
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _keep(field: CustomField, index: models.Index) -> None:
    model = model_of(field.noun)
    is_wanted, is_valid = field.archived_at is None, _is_valid(index.name)
    with connection.schema_editor(atomic=False) as opened:
        editor: Any = opened  # that of PostgreSQL, which can do so concurrently
        # What was interrupted while it was built is left behind invalid, and must go before it can be built again.
        if is_valid is not None and not (is_wanted and is_valid):
            editor.remove_index(model, index, concurrently=True)
        if is_wanted and not is_valid:
            editor.add_index(model, index, concurrently=True)
    _keep_figures(field, model, is_wanted=is_wanted)


def _keep_figures(field: CustomField, model: type[models.Model], *, is_wanted: bool) -> None:
    """Figures about the values, without which the planner guesses, and walks a whole table: those of an index of some rows it does not use."""
    operations: Any = connection.ops  # those of PostgreSQL
    name, table = operations.quote_name(f"custom_{field.slot}"), operations.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if not is_wanted or field.kind == FieldKind.CHOICES:  # nothing is known of lists
            cursor.execute(f"DROP STATISTICS IF EXISTS {name}")
            return
        query = model._default_manager.get_queryset().query
        value = indexed(field).resolve_expression(query)
        statement, parameters = query.get_compiler(connection=connection).compile(value)
        cursor.execute("SELECT count(*) FROM pg_statistic_ext WHERE stxname = %s", [f"custom_{field.slot}"])
        if not cursor.fetchone()[0]:
            cursor.execute(operations.compose_sql(f"CREATE STATISTICS {name} ON ({statement}) FROM {table}", parameters))
            cursor.execute(f"ANALYZE {table}")


def _is_valid(name: str) -> bool | None:
    """Whether the index can be used; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
    return bool(found[0]) if found else None
