"""Flows and balances of stages in plain Python: the definition that every faster way of counting must agree with.

Times are comparable values (datetimes, or numbers of days in examples); periods are half-open [start, end).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOVED_ON = frozenset({"advanced", "won"})


@dataclass(frozen=True)
class Stay:
    """One stay of one lead in one stage; `left_at` is None while it lasts."""

    lead: int
    stage: str
    entered_at: Any
    left_at: Any = None
    outcome: str = ""

    def stands_at(self, moment: Any) -> bool:
        return self.entered_at < moment and (self.left_at is None or self.left_at >= moment)


@dataclass(frozen=True)
class Flow:
    """One stage in one period, in leads. `balance_start + inflow - sum(outflow) == balance_end`, always."""

    balance_start: int
    inflow: int
    outflow: dict[str, int]
    balance_end: int

    @property
    def adds_up(self) -> bool:
        return self.balance_start + self.inflow - sum(self.outflow.values()) == self.balance_end


def flow(stays: Iterable[Stay], *, stage: str, start: Any, end: Any) -> Flow:
    """What came into a stage, what left it and how, and what stands there at both ends of [start, end)."""
    here = [stay for stay in stays if stay.stage == stage]
    return Flow(
        balance_start=sum(stay.stands_at(start) for stay in here),
        inflow=sum(start <= stay.entered_at < end for stay in here),
        outflow=dict(Counter(stay.outcome for stay in here if stay.left_at is not None and start <= stay.left_at < end)),
        balance_end=sum(stay.stands_at(end) for stay in here),
    )


@dataclass(frozen=True)
class Rate:
    """A share with the count it is a share of, and how much of that count is decided (1 = all of it)."""

    part: int
    n: int
    maturity: float = 1.0

    @property
    def share(self) -> float | None:
        return self.part / self.n if self.n else None


def conversion_in_period(stays: Iterable[Stay], *, stage: str, start: Any, end: Any) -> Rate:
    """Moved on in [start, end) ÷ came in in [start, end): not the same leads, so the share may pass 1 while a balance is worked off."""
    counts = flow(stays, stage=stage, start=start, end=end)
    return Rate(sum(n for outcome, n in counts.outflow.items() if outcome in MOVED_ON), counts.inflow)


def taken_over_in_period(stays: Iterable[Stay], *, stage: str, start: Any, end: Any) -> Rate:
    """Of those that left the stage in [start, end), the share that moved on."""
    counts = flow(stays, stage=stage, start=start, end=end)
    return Rate(sum(n for outcome, n in counts.outflow.items() if outcome in MOVED_ON), sum(counts.outflow.values()))


def conversion_of_cohort(stays: Iterable[Stay], *, stage: str, start: Any, end: Any) -> Rate:
    """Of those that entered the stage in [start, end), the share that has moved on so far; maturity = share that has left."""
    entered = [stay for stay in stays if stay.stage == stage and start <= stay.entered_at < end]
    left = sum(stay.left_at is not None for stay in entered)
    return Rate(sum(stay.outcome in MOVED_ON for stay in entered), len(entered), left / len(entered) if entered else 0.0)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The quantile by linear interpolation between order statistics (as PostgreSQL's percentile_cont); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True)
class Course:
    """One lead from its opening: when it was won and when it ended, if it was and did. `groups` name its group, and its win's."""

    opened_at: Any
    won_at: Any = None
    ended_at: Any = None
    group: str = ""
    group_won: str = ""

    def stands_at(self, moment: Any) -> bool:
        """In process before the order."""
        over = [at for at in (self.won_at, self.ended_at) if at is not None]
        return self.opened_at < moment and (not over or min(over) >= moment)


@dataclass(frozen=True)
class Group:
    """Leads that came, wins, leads still in process, and the days from opened to won."""

    leads: int
    won: int
    balance: int
    resolved: int
    days_to_won: tuple[Any, ...]

    @property
    def conversion(self) -> Rate:
        return Rate(self.won, self.leads, self.resolved / self.leads if self.leads else 0.0)


def group(courses: Iterable[Course], *, of: str, start: Any, end: Any, by_cohort: bool) -> Group:
    """One group in [start, end). A win counts in the cohort in which its lead was opened, or in the period in which it was won."""
    courses = list(courses)
    came = [course for course in courses if course.group == of and start <= course.opened_at < end]
    wins = [course for course in courses if course.group_won == of and course.won_at is not None]
    wins = [course for course in wins if start <= (course.opened_at if by_cohort else course.won_at) < end]
    return Group(
        leads=len(came),
        won=len(wins),
        balance=sum(course.group == of and course.stands_at(end) for course in courses),
        resolved=sum(course.won_at is not None or course.ended_at is not None for course in came),
        days_to_won=tuple(sorted(course.won_at - course.opened_at for course in wins)),
    )
