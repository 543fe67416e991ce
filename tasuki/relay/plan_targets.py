"""What a plan asks for: the chain, the months, people, and what is still possible. Everything is derived from the plan; nothing is typed beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from tasuki.analytics import reverse_plan
from tasuki.analytics.reverse_plan import Months, Passing
from tasuki.core.money import Money, minor_unit
from tasuki.core.organisation import the_day
from tasuki.core.working_time import Hours
from tasuki.relay.plan_rows import PASSED, Plan, PlanMonth, PlanRate, Step, first_day, month_of

# A lead that comes now is of no use any more if less than this share of those that will be won are so in time.
TOO_LATE = 0.1


@dataclass(frozen=True)
class Targets:
    """The chain of a plan in all and by month. `amounts` is money in the currency of the plan, and with what was carried its target."""

    totals: dict[Step, int]
    months: dict[Step, Months]
    amounts: dict[int, Decimal]

    @property
    def span(self) -> list[int]:
        """Every month in which something must come, in order; none where all is sold."""
        named = {month for months in self.months.values() for month, n in months.items() if n} | set(self.amounts)
        return list(range(min(named), max(named) + 1)) if named else []

    def n(self, step: Step, shares: Mapping[int, float]) -> float:
        """The target of a step for a period that has such shares of the months."""
        return reverse_plan.within(self.months[step], shares)

    def amount(self, shares: Mapping[int, float]) -> Decimal:
        return sum((amount * Decimal(str(shares.get(month, 0))) for month, amount in self.amounts.items()), Decimal(0))


@dataclass(frozen=True)
class Terms:
    """What the arithmetic takes: of a plan, or of a plan with something tried."""

    amount: Decimal
    for_new: Decimal
    order: Money
    weights: Mapping[int, int]
    passings: Mapping[Step, Passing]


def missing(plan: Plan, rates: Mapping[Step, PlanRate]) -> list[Step]:
    """The steps from which no rate leads on: too few came, and nobody assumed one. WINS stands for the average order."""
    found = [step for step in PASSED if rates[step].used is None]
    return found if plan.order else [*found, Step.WINS]


def rates_of(plan: Plan) -> dict[Step, PlanRate]:
    return {Step(rate.step): rate for rate in plan.rates.all()}


def terms(plan: Plan, rates: Mapping[Step, PlanRate]) -> Terms | None:
    """As the plan says; None while a rate or the average order is missing."""
    passings = {step: passing for step in PASSED if (passing := rates[step].passing)}
    if len(passings) < len(PASSED) or plan.order is None:
        return None
    amount = max(plan.target - plan.carried, Decimal(0))
    return Terms(amount, max(amount - plan.expansion, Decimal(0)), plan.order, open_weights(plan), passings)


def open_weights(plan: Plan) -> dict[int, int]:
    """The weights of those months that were not over when the plan was measured: the others are sold."""
    weights = dict(zip(plan.months, plan.weights, strict=True))
    begun = month_of(the_day(plan.measured_at))
    left = {month: weight for month, weight in weights.items() if month >= begun}
    # Where only months without a weight are left, they are alike.
    return left if any(left.values()) else dict.fromkeys(left, 1)


def derive(of: Terms) -> Targets:
    """The chain by months: orders by the weights, and each step before by when those come who go on."""
    totals = reverse_plan.chain(of.for_new, order=of.order.amount, rates=[of.passings[step].rate for step in PASSED])
    months = list(of.weights)
    weights = [float(weight) for weight in of.weights.values()]
    wins = dict(zip(months, reverse_plan.spread(totals["wins"], weights), strict=True))
    by_month = reverse_plan.by_month(totals, wins=wins, lags={step.value: of.passings[step].lags for step in PASSED})
    unit = minor_unit(of.order.currency)
    amounts = [n * unit for n in reverse_plan.spread(int(of.amount / unit), weights)]
    return Targets({step: totals[step.value] for step in Step}, {step: by_month[step.value] for step in Step}, dict(zip(months, amounts, strict=True)))


def of_plan(plan: Plan) -> Targets | None:
    """Of an agreed plan, as it was agreed; of a draft, as it is; None where something is missing."""
    if not plan.is_draft:
        return _agreed(list(plan.targets.all()))
    found = terms(plan, rates_of(plan))
    return derive(found) if found else None


def _agreed(rows: Sequence[PlanMonth]) -> Targets:
    months = {step: {month_of(row.month_on): getattr(row, step.value) for row in rows} for step in Step}
    return Targets({step: sum(months[step].values()) for step in Step}, months, {month_of(row.month_on): row.amount for row in rows if row.amount})


def rows_of(plan: Plan, targets: Targets) -> list[PlanMonth]:
    """As they are kept with a plan that is agreed."""
    return [
        PlanMonth(
            plan=plan,
            month_on=first_day(month),
            amount=targets.amounts.get(month, Decimal(0)),
            **{step.value: targets.months[step].get(month, 0) for step in Step},
        )
        for month in targets.span
    ]


def shares(first: date, until: date, *, hours: Hours) -> dict[int, float]:
    """Which share of the working days of each month lies from `first` until before `until`; of a month without any, of all its days."""
    found: dict[int, float] = {}
    for month in range(month_of(first), month_of(until - timedelta(days=1)) + 1):
        begins, ends = first_day(month), first_day(month + 1)
        days = working_days(begins, ends, hours=hours) or _days(begins, ends)
        found[month] = sum(first <= day < until for day in days) / len(days)
    return found


def working_days(first: date, until: date, *, hours: Hours) -> list[date]:
    return [day for day in _days(first, until) if hours.shifts_on(day)]


def _days(first: date, until: date) -> list[date]:
    return [first + timedelta(days=nth) for nth in range((until - first).days)]


@dataclass(frozen=True)
class Outlook:
    """What is likely by the end: orders so far, of what is in hand, and of the leads that are still to come by the plan; by month.

    `won` counts from `begun_on`, and `in_hand` those that stand at each step. `chances` is of a lead that comes now to be won 0, 1, 2 … months later;
    `months_left` how many follow the present one.
    """

    target: int
    begun_on: date
    won: int
    in_hand: dict[Step, int]
    from_hand: dict[int, float]
    from_leads: dict[int, float]
    from_deals: float
    later: float
    chances: list[float]
    months_left: int

    @property
    def expected(self) -> float:
        return self.won + sum(self.from_hand.values()) + sum(self.from_leads.values())

    @property
    def gap(self) -> float:
        """Orders that are missing, if all goes on as it does."""
        return max(self.target - self.expected, 0.0)

    @property
    def in_time(self) -> float:
        """Of the leads that will be won of those that come now, the share that is so by the end."""
        whole = sum(self.chances)
        return sum(self.chances[: self.months_left + 1]) / whole if whole else 0.0

    @property
    def is_too_late(self) -> bool:
        return self.in_time < TOO_LATE

    @property
    def n_more_leads(self) -> int | None:
        """How many more leads would close the gap if they came this month; None where none can."""
        return None if self.is_too_late else reverse_plan.needed_by(self.gap, self.chances, months=self.months_left)

    @property
    def n_months_of_use(self) -> int | None:
        """For how many more months, this one included, it is not too late for leads; None where it is."""
        whole = sum(self.chances)
        in_time = [sum_ / whole if whole else 0.0 for sum_ in accumulate(self.chances)]
        left = [months for months in range(self.months_left + 1) if in_time[min(months, len(in_time) - 1)] >= TOO_LATE]
        return self.months_left - left[0] + 1 if left else None


def outlook(of: Terms, targets: Targets, *, begun_on: date, won: int, in_hand: Mapping[Step, Months], present: int) -> Outlook:
    """From what was won and what is in hand; `present` is the month it is now. `of` has the rates."""
    last = max(of.weights)
    by_step = {step: _from_hand(of, step, in_hand.get(step, {}), present=present) for step in PASSED}
    chances = reverse_plan.chances_to_win([of.passings[step] for step in PASSED])
    to_come = {month: float(n) for month, n in targets.months[Step.LEADS].items() if month > present}
    brought = reverse_plan.forwards(to_come, chances)
    found: dict[int, float] = {}
    for wins in by_step.values():
        for month, n in wins.items():
            found[month] = found.get(month, 0.0) + n
    return Outlook(
        target=targets.totals[Step.WINS],
        begun_on=begun_on,
        won=won,
        in_hand={step: sum(in_hand.get(step, {}).values()) for step in PASSED},
        from_hand={month: n for month, n in found.items() if month <= last},
        from_leads={month: n for month, n in brought.items() if month <= last},
        from_deals=sum(n for month, n in by_step[Step.OPPORTUNITIES].items() if month <= last),
        later=sum(n for month, n in found.items() if month > last),
        chances=chances,
        months_left=max(last - present, 0),
    )


def _from_hand(of: Terms, step: Step, ages: Months, *, present: int) -> dict[int, float]:
    """The orders to come of those that stand at a step, by month."""
    following = reverse_plan.chances_to_win([of.passings[one] for one in PASSED[PASSED.index(step) + 1 :]])
    going_on: dict[int, float] = {}
    for age, n in ages.items():
        for month, wins in reverse_plan.forwards({present: n}, reverse_plan.onward(of.passings[step], age=age)).items():
            going_on[month] = going_on.get(month, 0.0) + wins
    return reverse_plan.forwards(going_on, following)
