"""Percentiles of a column, counted by the database."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, FloatField


class Percentile(Aggregate):
    """The value below which a share of the rows lies, between two of them where it falls so (percentile_cont)."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, *, share: float, **extra: Any) -> None:
        extra.setdefault("output_field", FloatField())
        super().__init__(expression, share=str(float(share)), **extra)
