"""What the new leads of a plan cost, by source and month, from what somebody typed for one lead; and what an opportunity and an order cost by that.

Nothing is guessed: a source for which nothing was typed has no budget, and its leads are told apart. Leads that come round again cost nothing, and for those of
months that were over when the plan was made nothing is to be spent any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tasuki.analytics import reverse_plan
from tasuki.core.organisation import the_day
from tasuki.relay.plan_rows import Plan, Step, first_day, month_of
from tasuki.relay.plan_sources import Mix
from tasuki.relay.plan_targets import Targets


@dataclass(frozen=True)
class Cost:
    """Of a source, or of all together: `n_new` leads, and the opportunities and orders that its share of the chain is. `budget` is in the currency of
    the plan; None, as `a_lead` is, where nobody said what a lead costs.
    """

    source: str
    n_new: int
    a_lead: Decimal | None
    budget: Decimal | None
    n_opportunities: float
    n_orders: float

    @property
    def an_opportunity(self) -> Decimal | None:
        return _each(self.budget, self.n_opportunities)

    @property
    def an_order(self) -> Decimal | None:
        return _each(self.budget, self.n_orders)


@dataclass(frozen=True)
class Month:
    month_on: date
    amounts: list[Decimal]

    @property
    def amount(self) -> Decimal:
        return sum(self.amounts, Decimal(0))


@dataclass(frozen=True)
class Budget:
    """All sources, those of them that have a cost in the order of the amounts of each month, and these together. `n_without` new leads have no cost."""

    sources: list[Cost]
    costed: list[Cost]
    whole: Cost
    months: list[Month]
    n_without: int


def budget(plan: Plan, targets: Targets, mix: Mix) -> Budget | None:
    """None while nothing was typed. Months and sources add up to the whole, to the unit."""
    if not plan.lead_costs:
        return None
    made = month_of(the_day(plan.measured_at))
    to_come = {month: n for month, n in sorted(targets.months[Step.LEADS].items()) if month >= made and n}
    leads = sum(to_come.values())
    n_new = reverse_plan.shared(leads - round(leads * plan.recycled), [float(one.n) for one in mix.sources])
    # What they are worth: their part of all leads of the plan, told apart by leads × rate.
    worth = [one.n * one.rate for one in mix.sources]
    whole = (sum(worth) * targets.totals[Step.LEADS] / leads if leads else 0.0) or 1.0
    sources = [
        _cost(one.source, n, a_lead=plan.cost_of(one.source), targets=targets, share=value / whole)
        for one, n, value in zip(mix.sources, n_new, worth, strict=True)
    ]
    costed = [one for one in sources if one.a_lead is not None]
    return Budget(sources, costed, _together(costed), _months(to_come, costed), sum(one.n_new for one in sources if one.a_lead is None))


def _cost(source: str, n: int, *, a_lead: Decimal | None, targets: Targets, share: float) -> Cost:
    opportunities, orders = (targets.totals[step] * share for step in (Step.OPPORTUNITIES, Step.WINS))
    return Cost(source, n, a_lead, None if a_lead is None else n * a_lead, opportunities, orders)


def _together(costed: list[Cost]) -> Cost:
    amount, n = sum((one.budget or Decimal(0) for one in costed), Decimal(0)), sum(one.n_new for one in costed)
    return Cost("", n, _each(amount, n), amount, sum(one.n_opportunities for one in costed), sum(one.n_orders for one in costed))


def _months(to_come: Mapping[int, int], costed: list[Cost]) -> list[Month]:
    """The leads of a source fall on the months as all leads of the plan do."""
    if not to_come:
        return []
    spread = [reverse_plan.spread(one.n_new, [float(n) for n in to_come.values()]) for one in costed]
    return [
        Month(first_day(month), [leads[nth] * (one.a_lead or Decimal(0)) for one, leads in zip(costed, spread, strict=True)])
        for nth, month in enumerate(to_come)
    ]


def _each(amount: Decimal | None, n: float) -> Decimal | None:
    return amount / Decimal(str(n)) if amount is not None and n else None
