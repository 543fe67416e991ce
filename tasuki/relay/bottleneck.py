"""The bottleneck: the one move whose shortfall costs most, with the arithmetic that says so.

For each stage up to the order: n that came in × (what is usual − what is now) = moves missing; × the rates of all later
stages up to the order = orders missing; × the average order = what closing the gap is worth. The stage is compared with
its own past; without a past, with its own best segment. Small counts give no verdict (n < 30).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from tasuki.crm import stages
from tasuki.relay.groups import Crossing
from tasuki.relay.kpis import StageCount

SMALLEST = 30
_TO_THE_ORDER = stages.ORDER[: stages.ORDER.index(stages.P4) + 1]


class Against(enum.StrEnum):
    USUAL = "usual"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Best:
    """The segment in which most of those that come into a stage move on."""

    segment: str
    rate: float
    n: int


@dataclass(frozen=True)
class Bottleneck:
    """`rate`, `aim` and the later rates are shares; `missing` and `orders` are counts; `worth` is money, None where it is not known or shown.

    `accepted` is the product of the rates from the next stage to the accepted meeting (None in sales), `won` from there to the order.
    """

    stage: str
    following: str
    n: int
    moved: int
    aim: float
    against: Against
    n_aim: int
    accepted: float | None
    won: float
    best: Best | None
    mean_order: Decimal | None

    @property
    def rate(self) -> float:
        return self.moved / self.n

    @property
    def gap(self) -> float:
        return self.aim - self.rate

    @property
    def missing(self) -> float:
        return self.n * self.gap

    @property
    def orders(self) -> float:
        return self.missing * (1.0 if self.accepted is None else self.accepted) * self.won

    @property
    def worth(self) -> Decimal | None:
        return None if self.mean_order is None else self.mean_order * Decimal(self.orders)


class Silence(enum.StrEnum):
    """Why no bottleneck is named."""

    TOO_FEW = "too_few"
    NONE_BELOW = "none_below"


def find(counts: dict[str, StageCount], crossing: Crossing, *, mean_order: Decimal | None) -> Bottleneck | Silence:
    """The move whose shortfall costs most orders; or why there is none to name."""
    judged = [one for stage in _TO_THE_ORDER if (one := _judged(stage, counts, crossing=crossing, mean_order=mean_order))]
    below = [one for one in judged if one.gap > 0]
    if below:
        return max(below, key=lambda one: one.orders)
    return Silence.NONE_BELOW if judged else Silence.TOO_FEW


def best_segment(stage: str, crossing: Crossing) -> Best | None:
    """Of the segments with enough leads, the one with the highest rate; None when there are not two to choose from."""
    found = [Best(segment, cell.moved / cell.n, cell.n) for (segment, at), cell in crossing.segments.items() if at == stage and segment and cell.n >= SMALLEST]
    return max(found, key=lambda best: best.rate) if len(found) > 1 else None


def _judged(stage: str, counts: dict[str, StageCount], *, crossing: Crossing, mean_order: Decimal | None) -> Bottleneck | None:
    count, best = counts[stage], best_segment(stage, crossing)
    if count.inflow < SMALLEST:
        return None
    usual = count.usual
    has_past = any(one.usual for one in counts.values())
    if usual and usual.rate is not None and usual.entered >= SMALLEST:
        aim, against, n_aim = usual.rate, Against.USUAL, usual.entered
    elif best and not has_past:
        aim, against, n_aim = best.rate, Against.SEGMENT, best.n
    else:
        return None
    following = stages.ORDER[stages.ORDER.index(stage) + 1]
    return Bottleneck(
        stage,
        following,
        count.inflow,
        count.moved,
        aim,
        against,
        n_aim,
        accepted=None if following in (*stages.IN_SALES, *stages.IN_SUCCESS) else _through(following, stages.BOOKED, counts=counts),
        won=_through(following if following in stages.IN_SALES else stages.P1, stages.P4, counts=counts) if stage != stages.P4 else 1.0,
        best=best,
        mean_order=mean_order,
    )


def _through(first: str, last: str, *, counts: dict[str, StageCount]) -> float:
    """The share of those that come into `first` that usually leaves `last` forward; without a past, by the rates of now."""
    between = stages.ORDER[stages.ORDER.index(first) : stages.ORDER.index(last) + 1]
    return prod(_rate(counts[stage]) for stage in between)


def _rate(count: StageCount) -> float:
    if count.usual and count.usual.rate is not None:
        return count.usual.rate
    return count.moved / count.inflow if count.inflow else 1.0
