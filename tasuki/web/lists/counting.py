"""How many rows a list has, told quickly however many there are."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

# Up to so many are counted.
COUNTED = 10_000


def counted(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows there are, and whether that is the planner's estimate: nobody counts a million rows to turn a page."""
    plan = rows.order_by().values("pk").explain(format="json")
    if not plan:  # nobody had to be asked to know that there is nothing
        return 0, False
    estimate = int(json.loads(plan)[0]["Plan"]["Plan Rows"])
    if estimate > COUNTED:
        return estimate, True
    count = rows.order_by().values("pk")[: COUNTED + 1].count()
    return (count, False) if count <= COUNTED else (max(count, estimate), True)
