"""How many rows a list has, told quickly however many there are."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

# Up to so many are counted, if the planner does not expect it to cost more than this: about as much as reading 5,000 pages.
COUNTED = 10_000
COSTLY = 5_000.0


def counted(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows there are, and whether that is the planner's estimate: nobody counts a million rows to turn a page."""
    estimate, cost = _expected(rows)
    if estimate > COUNTED or cost > COSTLY:
        return estimate, True
    count = rows.order_by().values("pk")[: COUNTED + 1].count()
    return (count, False) if count <= COUNTED else (max(count, estimate), True)


def estimated(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects."""
    return _expected(rows)[0]


def cost(rows: QuerySet[Any]) -> float:
    """What it would cost to read them, as the planner counts."""
    return _expected(rows)[1]


def _expected(rows: QuerySet[Any]) -> tuple[int, float]:
    """How many rows the planner expects, and what it would cost to read them."""
    plan = rows.order_by().values("pk").explain(format="json")
    if not plan:  # nobody had to be asked to know that there is nothing
        return 0, 0.0
    top = json.loads(plan)[0]["Plan"]
    return int(top["Plan Rows"]), float(top["Total Cost"])
