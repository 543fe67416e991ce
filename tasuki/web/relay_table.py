"""The table under the relay: how each source, segment, owner, team or month fares at the stages that matter."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tasuki.crm import stages
from tasuki.relay import groups
from tasuki.relay.bottleneck import SMALLEST
from tasuki.relay.groups import BLANK, Crossed, Crossing
from tasuki.relay.questions import Grouping, Question
from tasuki.web.relay_filter import Filter

COLUMNS = (stages.CAPTURED, stages.READY, stages.CONNECTED, stages.BOOKED)
_MOST_ROWS = 12
_NOTHING = Crossed(0, 0, 0, None)


@dataclass(frozen=True)
class Row:
    """`inflow` stands in the order of COLUMNS; the rate is that of the stage in question; `query` narrows the rows behind to this group."""

    name: str
    query: str
    inflow: list[int]
    part: int
    n: int
    won: int
    amount: Decimal | None
    is_lowest: bool = False

    @property
    def rate(self) -> float | None:
        """None when n is too small to be compared."""
        return self.part / self.n if self.n >= SMALLEST else None


@dataclass(frozen=True)
class Table:
    stage: str
    rows: list[Row]
    total: Row
    n_more: int
    lowest: str


def table(asked: Filter, question: Question, *, crossing: Crossing, stage: str) -> Table:
    """The groups by size (months in order), and all together."""
    cells: dict[str, dict[str, Crossed]] = {}
    for (key, at), cell in crossing.groups.items():
        cells.setdefault(key, {})[at] = cell
    keys = sorted(cells) if question.by is Grouping.MONTH else sorted(cells, key=lambda key: (-sum(cell.n for cell in cells[key].values()), key))
    names = dict(zip(keys, groups.names(question.by, keys), strict=True))
    rows = [_row(names[key], _narrowed(asked, question, key), cells=cells[key], stage=stage) for key in keys]
    total = Row(
        "",
        asked.query(by=None),
        [sum(row.inflow[i] for row in rows) for i in range(len(COLUMNS))],
        sum(row.part for row in rows),
        sum(row.n for row in rows),
        sum(row.won for row in rows),
        sum((row.amount for row in rows if row.amount), start=Decimal(0)),
    )
    return Table(stage, rows[:_MOST_ROWS], total, max(0, len(rows) - _MOST_ROWS), _lowest(rows, total))


def _row(name: str, query: str, *, cells: dict[str, Crossed], stage: str) -> Row:
    at = cells.get(stage, _NOTHING)
    amounts = [cell.amount for cell in cells.values() if cell.amount is not None]
    won = sum(cell.won for cell in cells.values())
    return Row(name, query, [cells.get(key, _NOTHING).n for key in COLUMNS], at.moved, at.n, won, sum(amounts, start=Decimal(0)) if amounts else None)


def _lowest(rows: list[Row], total: Row) -> str:
    """The name of the group with the lowest rate, if that is below the rate of all."""
    rated = [row for row in rows if row.rate is not None]
    low = min(rated, key=lambda row: row.rate or 0.0, default=None)
    return low.name if low and total.rate is not None and (low.rate or 0.0) < total.rate and len(rated) > 1 else ""


def _narrowed(asked: Filter, question: Question, key: str) -> str:
    """The query of the rows behind one group."""
    match question.by:
        case Grouping.MONTH:
            return asked.query(by=None, period="custom", **_month(key, question))
        case Grouping.OWNER | Grouping.TEAM:
            return asked.query(by=None, **{question.by.value: key or 0})
        case _:
            return asked.query(by=None, **{question.by.value: key or BLANK})


def _month(key: str, question: Question) -> dict[str, Any]:
    """The days of a month that lie in the period."""
    zone = question.zone
    year, month = (int(part) for part in key.split("-"))
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if question.start:
        first = max(first, question.start.astimezone(zone).date())
    if question.end:
        last = min(last, (question.end - timedelta(microseconds=1)).astimezone(zone).date())
    return {"from": first, "to": last}
