"""Reachability: by how much an hour of a weekday is better for reaching people than calling at any time.

Of n dials k reached the person. With p the share of all, what n dials say is drawn towards what is believed before, b:

    drawn(k, n, b) = (k + PRIOR · p · b) / (n + PRIOR) / p

which is additive smoothing (the mean of a Beta posterior whose prior is worth PRIOR dials of the share p · b): near b for few dials, k / n ÷ p for
many. Of fewer than ENOUGH dials it is b: they say nothing. An hour of a weekday is drawn towards what its hour and its weekday say by themselves:

    hour(h) = drawn(dials in h, 1)    day(w) = drawn(dials on w, 1)    factor(w, h) = drawn(dials in h on w, hour(h) · day(w))

The hours and days of a country are drawn towards those of all countries in place of 1, so that a country with few calls says what everybody's say.
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
        weekday, hour = slot
        return self._drawn(self.cell(slot), self.by_hour(hour) * self.by_weekday(weekday))

    def by_hour(self, hour: int) -> float:
        return self._drawn(self.of_hour(hour), self.before.by_hour(hour) if self.before else 1.0)

    def by_weekday(self, weekday: int) -> float:
        return self._drawn(self.of_weekday(weekday), self.before.by_weekday(weekday) if self.before else 1.0)

    def _drawn(self, tally: Tally, believed: float) -> float:
        if tally.n < ENOUGH or not self.whole.n_reached:
            return believed
        p = self.whole.n_reached / self.whole.n
        return (tally.n_reached + PRIOR * p * believed) / (tally.n + PRIOR) / p

    def heard(self, slot: Slot) -> Tally:
        """The calls that the factor is known from: those of the hour on the weekday, else of the hour on all days, else those of all countries."""
        for tally in (self.cell(slot), self.of_hour(slot[1])):
            if tally.n >= ENOUGH:
                return tally
        return self.before.heard(slot) if self.before else Tally()

    def best(self, weekday: int) -> int | None:
        """The hour of a weekday in which most are reached; None where none of enough calls is good."""
        known = [(self.factor((weekday, hour)), -hour) for hour in range(24) if self.heard((weekday, hour)).n >= ENOUGH]
        factor, hour = max(known, default=(0.0, 0))
        return -hour if factor >= GOOD else None


def slot_of(there: datetime) -> Slot:
    """Of a moment by the clock of who is called."""
    return there.isoweekday(), there.hour
