"""The rows of a list in another way than as the pages of a table: in groups, on a board, or by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from tasuki.web.lists import grouped, renderings
from tasuki.web.lists.board import Board, board
from tasuki.web.lists.calendars import Calendar, calendar
from tasuki.web.lists.grouped import Reading, Shown


@dataclass(frozen=True)
class Rendered:
    """All rows that are shown, and how: one of the others is there."""

    rows: list[Any]
    groups: list[Shown] = field(default_factory=list)
    board: Board | None = None
    calendar: Calendar | None = None


def rendered(rows: QuerySet[Any], reading: Reading, said: QueryDict) -> Rendered | None:
    """What the state means; None for the pages of a table. Raises BadRequest."""
    if reading.state.rendering == renderings.BOARD:
        made = board(rows, reading, said)
        return Rendered(made.rows, board=made)
    if reading.state.rendering in renderings.BY_DAY:
        days = calendar(rows, reading)
        return Rendered(days.rows, calendar=days)
    if reading.state.grouping:
        groups = grouped.shown(rows, reading)
        return Rendered([row for group in groups for row in group.rows], groups)
    return None
