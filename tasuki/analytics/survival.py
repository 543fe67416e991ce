"""How likely a win is, when some are lost on the way and some are still open: cumulative incidence with competing risks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Spell:
    """One deal: its age in days when it was won or lost, or its age now."""

    days: float
    outcome: str  # "won", "lost" or "open"


@dataclass(frozen=True)
class Point:
    """After `days`: the probability of having won by then, and of being still open."""

    days: float
    won: float
    open: float


@dataclass(frozen=True)
class Tally:
    """How many deals were won, lost, or are still open at an age of so many days."""

    days: float
    won: int = 0
    lost: int = 0
    open: int = 0


def cumulative_incidence(spells: Iterable[Spell]) -> list[Point]:
    """The Aalen–Johansen estimator for two causes: at each time, CIF += S·w/n and S ·= 1 − (w + l)/n; open deals only leave n.

    → one point for each time at which something was decided, in order; empty without any.
    """
    ordered = sorted(spells, key=lambda spell: spell.days)
    tallies = []
    for days, group in groupby(ordered, key=lambda spell: spell.days):
        outcomes = [spell.outcome for spell in group]
        tallies.append(Tally(days, *(outcomes.count(outcome) for outcome in ("won", "lost", "open"))))
    return incidence(tallies)


def incidence(tallies: Iterable[Tally]) -> list[Point]:
    """The same of deals that were counted by their age already, in order of it."""
    ordered = list(tallies)
    at_risk, won, still = sum(one.won + one.lost + one.open for one in ordered), 0.0, 1.0
    points = []
    for one in ordered:
        if decided := one.won + one.lost:
            won += still * one.won / at_risk
            still *= 1 - decided / at_risk
            points.append(Point(one.days, won, still))
        at_risk -= decided + one.open
    return points


def won_by(points: list[Point], days: float) -> float:
    """The probability of having won by that age."""
    return max((point.won for point in points if point.days <= days), default=0.0)


def won_by_given_open(points: list[Point], days: float, *, age: float) -> float | None:
    """The probability of winning by `days` for a deal that is open at `age`; None when no deal ever was."""
    still = min((point.open for point in points if point.days <= age), default=1.0)
    return (won_by(points, days) - won_by(points, age)) / still if still > 0 else None
