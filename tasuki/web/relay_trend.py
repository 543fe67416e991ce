"""A line of rates by week, with what is aimed at and the best segment: the small chart under the relay."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from tasuki.relay.bottleneck import SMALLEST
from tasuki.relay.kpis import Week

WIDTH, HEIGHT = 540, 152
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 474.0, 16.0, 126.0
_NEAR = 15.0
_TOGETHER = 4


@dataclass(frozen=True)
class Line:
    """A path, and where and what its last value is. `label_y` keeps labels apart."""

    path: str
    x: float
    y: float
    share: float
    label_y: float


@dataclass(frozen=True)
class Dot:
    """One week, and where it stands."""

    x: float
    week: Week


@dataclass(frozen=True)
class Trend:
    """The rate of each week, and beside it the best segment and the aim; `ticks` are (y, label in percent), `labels` (x, Monday)."""

    line: Line | None
    best: Line | None
    aim: Line | None
    ticks: list[tuple[float, str]]
    labels: list[tuple[float, datetime]]
    smallest: int
    largest: int
    dots: list[Dot]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    mondays: list[datetime]

    def y(self, share: float) -> float:
        return _BOTTOM - (share - self.low) / (self.high - self.low) * (_BOTTOM - _TOP)

    def x(self, monday: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (self.mondays.index(monday) / (len(self.mondays) - 1) if len(self.mondays) > 1 else 1)


def trend(weeks: list[Week], of_best: list[Week], *, aim: float | None) -> Trend:
    """Place the weeks on a scale that holds them, the aim and the best segment. Each point counts four weeks together, ending with its own.

    A best segment with a point of fewer than 30 is left out: its line would be chance, and would stretch the scale of the other.
    """
    rated, best = ([week for week in _together(line) if week.n] for line in (weeks, of_best))
    best = best if all(week.n >= SMALLEST for week in best) else []
    shares = [week.share or 0.0 for week in (*rated, *best)] + ([aim] if aim is not None else [])
    step = _step(max(shares, default=1.0) - min(shares, default=0.0))
    low = math.floor(min(shares, default=0.0) / step) * step
    high = max(math.ceil(max(shares, default=1.0) / step) * step, low + step)
    scale = _Scale(low, high, [week.monday for week in rated])
    line, beside, level = _apart([_line(rated, scale), _line([week for week in best if week.monday in scale.mondays], scale), _level(aim, scale)])
    every = max(1, math.ceil(len(rated) / 7))
    return Trend(
        line,
        beside,
        level,
        ticks=[(scale.y(low + i * step), f"{(low + i * step) * 100:.0f}") for i in range(round((high - low) / step) + 1)],
        labels=[(scale.x(monday), monday) for i, monday in enumerate(scale.mondays) if (len(rated) - 1 - i) % every == 0],
        smallest=min((week.n for week in rated), default=0),
        largest=max((week.n for week in rated), default=0),
        dots=[Dot(scale.x(week.monday), week) for week in rated],
    )


def _together(weeks: list[Week]) -> list[Week]:
    """Sums of four weeks: one week alone is too few leads to see a trend in."""
    sums = []
    for i in range(_TOGETHER - 1, len(weeks)):
        four = weeks[i - _TOGETHER + 1 : i + 1]
        sums.append(Week(weeks[i].monday, sum(week.moved for week in four), sum(week.n for week in four)))
    return sums


def _step(span: float) -> float:
    """The distance of the grid lines: at most six of them."""
    return next((step for step in (0.02, 0.05, 0.1, 0.2) if span / step <= 5), 0.5)


def _line(weeks: list[Week], scale: _Scale) -> Line | None:
    if not weeks:
        return None
    points = [(scale.x(week.monday), scale.y(week.share or 0.0)) for week in weeks]
    x, y = points[-1]
    return Line("M" + " L".join(f"{px:.1f} {py:.1f}" for px, py in points), x, y, weeks[-1].share or 0.0, y)


def _level(share: float | None, scale: _Scale) -> Line | None:
    if share is None or not scale.mondays:
        return None
    y = scale.y(share)
    return Line(f"M{_LEFT:.0f} {y:.1f}H{_RIGHT:.0f}", _RIGHT, y, share, y)


def _apart(lines: list[Line | None]) -> list[Line | None]:
    """Push labels that would overlap away from each other, the lower one downwards."""
    last = -_NEAR
    labels: dict[Line, float] = {}
    for line in sorted((line for line in lines if line), key=lambda line: line.y):
        labels[line] = last = max(line.y, last + _NEAR)
    return [replace(line, label_y=labels[line]) if line else None for line in lines]
