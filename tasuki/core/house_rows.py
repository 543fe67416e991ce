"""Rules of the house: one row of a model, or none while nobody has changed them; then the defaults of the model hold. Their history is the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction

from tasuki.core import audit
from tasuki.core.audit import By

Row = TypeVar("Row", bound=models.Model)


def in_force(model: type[Row]) -> Row:
    """The rules as they are; what no row says, the model does."""
    return model._default_manager.filter(pk=1).first() or model()


@transaction.atomic
def change(model: type[Row], *, said: Mapping[str, Any], by: By, at: datetime, check: Callable[[Row], None] | None = None) -> Row:
    """Write the columns of `said` and one entry of what changed, if anything did. → the rules as they are from now on.

    `check` is given the rules as they would be, and raises what refuses them; then nothing is written. Two who write at once come one after the other.
    """
    model._default_manager.bulk_create([model()], ignore_conflicts=True)
    row = model._default_manager.select_for_update().get(pk=1)
    changes = audit.difference(row, dict(said))
    for field, value in said.items():
        setattr(row, field, value)
    if check:
        check(row)
    if changes:
        model._default_manager.filter(pk=1).update(**{field: after for field, (_before, after) in changes.items()})
        audit.record(row, action="change", by=by, at=at, changes=changes)
    return row
