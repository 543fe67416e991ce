"""Reachability: by how much an hour of a weekday is better for reaching people than calling at any time.

Of n dials in a cell k reached the person. With p the share of all, the factor of the cell is

    (k + PRIOR · p) / (n + PRIOR) / p

which is additive smoothing (the mean of a Beta posterior whose prior is worth PRIOR dials that went like the whole): near 1 for a cell with few
calls, and k / n ÷ p for one with many. A cell of fewer than ENOUGH dials says nothing at all: its factor is 1. A country is drawn towards the
factor of the whole in the same way, so that an hour in which few were called there says what everybody's calls say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

# So many dials that went like the whole stand in each cell before the first call.
PRIOR = 100.0
# Of fewer dials no share of a cell is told to anybody.
ENOUGH = 30
# From here on an hour is called good: one in seven more are reached than at any time.
GOOD = 1.15

# (weekday, hour) by the clock of who is called: Monday is 1, the hours are 0 to 23.
Slot = tuple[int, int]


@dataclass(frozen=True)
class Tally:
    """Of so many dials so many reached the person."""

    n: int = 0
    n_reached: int = 0

    @property
    def share(self) -> float | None:
        """None of fewer than ENOUGH dials."""
        return self.n_reached / self.n if self.n >= ENOUGH else None

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.n + other.n, self.n_reached + other.n_reached)


@dataclass(frozen=True)
class Week:
    """What calls have taught of the hours of a week. `before` is what holds where these calls say little; None for the whole."""

    cells: Mapping[Slot, Tally]
    before: Week | None = None

    @cached_property
    def whole(self) -> Tally:
        return sum(self.cells.values(), Tally())

    def cell(self, slot: Slot) -> Tally:
        return self.cells.get(slot, Tally())

    def of_weekday(self, weekday: int) -> Tally:
        return sum((tally for (day, _hour), tally in self.cells.items() if day == weekday), Tally())

    def of_hour(self, hour: int) -> Tally:
        return sum((tally for (_day, one), tally in self.cells.items() if one == hour), Tally())

    def factor(self, slot: Slot) -> float:
        """How many times as many are reached in this hour as at any time."""
        before = self.before.factor(slot) if self.before else 1.0
        cell = self.cell(slot)
        if cell.n < ENOUGH or not self.whole.n_reached:
            return before
        p = self.whole.n_reached / self.whole.n
        return (cell.n_reached + PRIOR * p * before) / (cell.n + PRIOR) / p

    def heard(self, slot: Slot) -> Tally:
        """The calls that the factor of an hour is known from: these, or those before."""
        cell = self.cell(slot)
        return cell if cell.n >= ENOUGH or self.before is None else self.before.heard(slot)

    def best(self, weekday: int) -> int | None:
        """The hour of a weekday in which most are reached; None where none of enough calls is good."""
        known = [(self.factor((weekday, hour)), -hour) for hour in range(24) if self.heard((weekday, hour)).n >= ENOUGH]
        factor, hour = max(known, default=(0.0, 0))
        return -hour if factor >= GOOD else None


def slot_of(there: datetime) -> Slot:
    """Of a moment by the clock of who is called."""
    return there.isoweekday(), there.hour
