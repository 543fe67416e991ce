"""The bottleneck: the one move whose shortfall costs most, with the arithmetic that says so.

For each stage: n that left it × (usual rate − rate now) = moves missing; × the usual rates of all later stages up to the
order = orders missing; × the average order = what closing the gap is worth. Small counts give no verdict (n < 30).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tasuki.crm import stages
from tasuki.relay.kpis import StageCount, Usual

SMALLEST = 30


@dataclass(frozen=True)
class Bottleneck:
    """`rate` and `usual` are shares; `gap` is in points of a share; `missing` and `orders` are counts; `worth` is money or None."""

    stage: str
    following: str
    n: int
    rate: float
    usual: float
    missing: float
    later: float
    orders: float
    worth: Decimal | None

    @property
    def mean_order(self) -> Decimal | None:
        return None if self.worth is None or not self.orders else self.worth / Decimal(self.orders)

    @property
    def gap(self) -> float:
        return self.usual - self.rate


def find(counts: dict[str, StageCount], usual: dict[str, Usual], mean_order: Decimal | None) -> Bottleneck | None:
    """The stage up to the order whose shortfall costs most; None when nothing is below its usual or n is too small."""
    found = [one for stage in stages.ORDER[: stages.ORDER.index(stages.P4) + 1] if (one := _shortfall(stage, counts[stage], usual, mean_order))]
    return max(found, key=lambda one: one.orders, default=None)


def _shortfall(stage: str, count: StageCount, usual: dict[str, Usual], mean_order: Decimal | None) -> Bottleneck | None:
    before = usual.get(stage)
    if before is None or before.rate is None or before.left < SMALLEST or count.left < SMALLEST:
        return None
    rate = count.moved / count.left
    if rate >= before.rate:
        return None
    later = _later(stage, usual)
    missing = count.left * (before.rate - rate)
    orders = missing * later
    following = stages.ORDER[stages.ORDER.index(stage) + 1]
    return Bottleneck(stage, following, count.left, rate, before.rate, missing, later, orders, None if mean_order is None else mean_order * Decimal(orders))


def _later(stage: str, usual: dict[str, Usual]) -> float:
    """The usual share of those entering the next stage that become an order."""
    share = 1.0
    for following in stages.ORDER[stages.ORDER.index(stage) + 1 : stages.ORDER.index(stages.P4) + 1]:
        rate = usual[following].rate if following in usual else None
        share *= rate if rate is not None else 1.0
    return share
