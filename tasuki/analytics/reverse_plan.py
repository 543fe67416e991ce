"""From what is to be sold back to the leads that it takes, and when they must come; and forward again. Plain arithmetic on counts.

A month is a number: year × 12 + month − 1. A lag is the share of those that go on from a step which do so 0, 1, 2 … months after the month in
which they came to it. Formulas and vectors: docs/plan.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from tasuki.analytics.survival import Point

# In the order in which a lead takes them.
STEPS = ("leads", "booked", "held", "opportunities", "wins")
# What comes later than this belongs to another year's plan.
MOST_MONTHS = 18
DAYS_A_MONTH = 365.25 / 12

Months = dict[int, int]


@dataclass(frozen=True)
class Passing:
    """How those that come to a step go on to the next: the share that does, after how many months (`lags`, together 1), and which share of all
    that came still stands there after 0, 1, 2 … months.
    """

    rate: float
    lags: tuple[float, ...] = (1.0,)
    still: tuple[float, ...] = (1.0,)

    @property
    def chances(self) -> list[float]:
        """Of one that comes, the chance to go on 0, 1, 2 … months later; together the rate."""
        return [self.rate * share for share in self.lags]


def passing(points: Sequence[Point]) -> Passing:
    """What a curve of cumulative incidence says by months, for those that come on any day of a month.

    Whoever goes on after d days does so in the month floor(d ÷ 30.4) later, or in the one after that if they came late enough in theirs: with
    chance d ÷ 30.4 − floor.
    """
    rate = points[-1].won if points else 0.0
    gains = [0.0] * (MOST_MONTHS + 1)
    before = 0.0
    for point in points:
        whole, part = divmod(point.days / DAYS_A_MONTH, 1)
        for month, share in ((int(whole), 1 - part), (int(whole) + 1, part)):
            gains[min(month, MOST_MONTHS)] += (point.won - before) * share
        before = point.won
    still = [min((point.open for point in points if point.days <= month * DAYS_A_MONTH), default=1.0) for month in range(MOST_MONTHS + 1)]
    return Passing(rate, tuple(gain / rate for gain in gains) if rate else (1.0,), tuple(still))


def assumed(rate: float, *, days: float) -> Passing:
    """A rate that somebody believes in: all that go on do so after so many days, and what does not has left by then too."""
    whole, part = divmod(min(days / DAYS_A_MONTH, MOST_MONTHS - 1), 1)
    lags = [0.0] * int(whole) + [1 - part, *([part] if part else [])]
    return Passing(rate, tuple(lags), _gone_as_they_go_on(lags))


def with_rate(measured: Passing, rate: float) -> Passing:
    """Another rate, as fast as was measured; whoever does not go on leaves as fast as those that do."""
    return Passing(rate, measured.lags, _gone_as_they_go_on(measured.lags))


def _gone_as_they_go_on(lags: Sequence[float]) -> tuple[float, ...]:
    return tuple(max(1 - sum(lags[:month]), 0.0) for month in range(len(lags) + 1))


def chain(amount: Decimal, *, order: Decimal, rates: Sequence[float]) -> dict[str, int]:
    """How many of each step an amount takes, by what an order brings and the rate from each step to the next, that of leads first.

    Each is rounded up, as half a meeting brings nothing. Raises ValueError for an order or a rate that brings nothing.
    """
    if order <= 0 or len(rates) != len(STEPS) - 1 or not all(0 < rate <= 1 for rate in rates):
        raise ValueError(f"{order} an order and {rates} lead nowhere")
    needed = [ceil(max(amount, Decimal(0)) / order)]
    for rate in reversed(rates):
        # As it was written: 172 ÷ 0.8 is 215, and with the nearest float 216.
        needed.append(ceil(Fraction(needed[-1]) / Fraction(str(rate))))
    return dict(zip(STEPS, reversed(needed), strict=True))


def spread(total: int, weights: Sequence[float]) -> list[int]:
    """A total by weights, whole and together the total: of the first k there is always the exact sum, rounded. Without any weight all are alike.

    Raises ValueError for no weights at all, or one below zero.
    """
    if not weights or min(weights) < 0:
        raise ValueError("there is nobody to spread it over")
    whole, so_far, ends = sum(weights), 0.0, [0]
    for nth, weight in enumerate(weights, start=1):
        so_far += weight
        share = so_far / whole if whole else nth / len(weights)
        ends.append(total if nth == len(weights) else min(floor(total * share + 0.5), total))
    return [after - before for before, after in pairwise(ends)]


def shared(total: int, weights: Sequence[float]) -> list[int]:
    """A total shared among people by what each can do: whole, together the total, nobody more than one off their exact share (Hamilton).

    Nobody who can do anything: nobody has a share.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [floor(one) for one in exact]
    by_rest = sorted(range(len(weights)), key=lambda nth: (shares[nth] - exact[nth], nth))
    for nth in by_rest[: total - sum(shares)]:
        shares[nth] += 1
    return shares


def backwards(counts: Mapping[int, int], *, total: int, lags: Sequence[float]) -> Months:
    """When `total` must come to a step, so that `counts` come to the next in their months: spread as those that go on have come before.

    → months in order, together `total`.
    """
    weights: dict[int, float] = {}
    for month, n in counts.items():
        for lag, share in enumerate(lags):
            if n and share:
                weights[month - lag] = weights.get(month - lag, 0.0) + n * share
    months = sorted(weights)
    if not months:
        return {}
    span = range(months[0], months[-1] + 1)
    return dict(zip(span, spread(total, [weights.get(month, 0.0) for month in span]), strict=True))


def by_month(totals: Mapping[str, int], *, wins: Mapping[int, int], lags: Mapping[str, Sequence[float]]) -> dict[str, Months]:
    """The chain by months. `lags` is of each step but the last, to the next. Each step adds up to its total."""
    months = {STEPS[-1]: dict(wins)}
    for step, following in reversed(list(pairwise(STEPS))):
        months[step] = backwards(months[following], total=totals[step], lags=lags[step])
    return {step: months[step] for step in STEPS}


def forwards(counts: Mapping[int, float], chances: Sequence[float]) -> dict[int, float]:
    """What comes of what came: of the count of a month, chances[k] are there k months later (a convolution)."""
    found: dict[int, float] = {}
    for month, n in counts.items():
        for lag, chance in enumerate(chances):
            found[month + lag] = found.get(month + lag, 0.0) + n * chance
    return found


def chances_to_win(passings: Sequence[Passing]) -> list[float]:
    """Of one that comes to the first of these steps, the chance to be won 0, 1, 2 … months later; [1] where there is nothing left to pass."""
    chances = {0: 1.0}
    for one in passings:
        chances = forwards(chances, one.chances)
    return [chances.get(lag, 0.0) for lag in range(max(chances) + 1)]


def onward(standing: Passing, *, age: int) -> list[float]:
    """Of one that came to the step `age` months ago and still stands there, the chance to go on this month, next month, …"""
    left = standing.still[min(age, len(standing.still) - 1)]
    chances = standing.chances[age:]
    # Whoever has stood there longer than anybody who went on is not going to.
    return [min(chance / left, 1.0) for chance in chances] if left > 1e-9 and sum(chances) / left <= 1 else _certain(chances)


def _certain(chances: Sequence[float]) -> list[float]:
    whole = sum(chances)
    return [chance / whole for chance in chances] if whole > 1e-9 else []


def needed_alone(gap: float, chances: Sequence[float], *, months: int) -> int | None:
    """How many must come in one month for `gap` more wins exactly so many months later; None if none of them are won then."""
    chance = chances[months] if months < len(chances) else 0.0
    return ceil(round(gap / chance, 9)) if chance > 0 else None


def needed_by(gap: float, chances: Sequence[float], *, months: int) -> int | None:
    """How many must come now for `gap` more wins within so many months, the present one being 0; None if none are won by then."""
    chance = sum(chances[: months + 1])
    return ceil(round(gap / chance, 9)) if chance > 1e-9 else None


def people_needed(work: float, *, a_day: float, days: float) -> int | None:
    """How many it takes to do so much in so many days, each so much a day; None if there are no days."""
    return ceil(round(work / (a_day * days), 9)) if a_day > 0 and days > 0 else None


def drawn(part: int, n: int, *, to: float, prior: int) -> float:
    """A share of few, drawn to that of all: as if `prior` more had come of which the share `to` went on. (part + prior × to) ÷ (n + prior), at most 1."""
    return min((part + prior * to) / (n + prior), 1.0)


def within(months: Mapping[int, float], shares: Mapping[int, float]) -> float:
    """What of the counts of months falls into a period that has such shares of them."""
    return sum(n * shares.get(month, 0.0) for month, n in months.items())
