"""A day against its plan: how many were planned, worked and skipped, and whether they were worked in the order of the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasuki.inside_sales.call_lists.lists import CallListEntry


@dataclass(frozen=True)
class Day:
    """`n_planned` leaves out what came late. `adherence` is a share from 0 to 1, None where fewer than two planned ones were worked."""

    n_planned: int
    n_worked: int
    n_skipped: int
    n_late: int
    n_late_worked: int
    adherence: float | None


def of(entries: Iterable[CallListEntry]) -> Day:
    """What became of a list."""
    rows = sorted(entries, key=lambda one: one.position)
    planned = [one for one in rows if one.inserted_at is None]
    late = [one for one in rows if one.inserted_at is not None]
    worked = [one.worked_at for one in planned if one.worked_at is not None]
    return Day(
        n_planned=len(planned),
        n_worked=len(worked),
        n_skipped=sum(one.skipped_at is not None for one in planned),
        n_late=len(late),
        n_late_worked=sum(one.worked_at is not None for one in late),
        adherence=in_order(worked),
    )


def in_order(worked: Sequence[datetime]) -> float | None:
    """Order adherence: of all pairs of worked entries, the share whose earlier in the list was worked no later.

        adherence = 1 − (pairs worked the other way round) / (n · (n − 1) / 2)

    which is 1 less Kendall's tau distance over all pairs (M. G. Kendall, A New Measure of Rank Correlation, Biometrika 1938). `worked` are the
    moments in the order of the list; what came late or was skipped is not among them, so nobody is blamed for a hand-raise that came first.
    """
    pairs = list(combinations(worked, 2))
    return sum(first <= second for first, second in pairs) / len(pairs) if pairs else None
