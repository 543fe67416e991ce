"""How the house stands against its plan: step by step, in all and in a period. Whoever may see the relay sees these sums: a plan is of the house (R24)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tasuki.analytics.reverse_plan import Months
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.organisation import the_day, the_organisation
from tasuki.relay import plan_sums, plan_targets, plan_ways
from tasuki.relay.plan_rows import Plan, PlanRate, Step, first_day, month_of
from tasuki.relay.plan_targets import Outlook, Targets

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """One step: its target for the whole plan, what is due by now, and what came in the same time. `beside` is what of that is due of other plans."""

    step: Step
    total: int
    due: float
    n: int
    rate: PlanRate | None
    beside: float = 0.0

    @property
    def share(self) -> float | None:
        return self.n / self.due if self.due else None


@dataclass(frozen=True)
class Sold:
    """The same of money, in the currency of the plan."""

    total: Decimal
    due: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Line:
    """One month, or a quarter, as the days from `month_on` to `last_on`: targets and what came; what came is None in months that have not begun.
    `beside` is what other agreed plans ask for in them.
    """

    month_on: date
    last_on: date
    amount: Decimal
    sold: Decimal | None
    targets: dict[Step, int]
    beside: dict[Step, int]
    came: dict[Step, int] | None
    is_present: bool


@dataclass(frozen=True)
class Standing:
    """`since` is the first day of what is due, and from which on what came is counted."""

    places: list[Place]
    sold: Sold
    lines: list[Line]
    since: date


def stands(plan: Plan, targets: Targets, *, at: datetime) -> Standing:
    """The whole plan up to now, in its own months: what came before them served other months too, so of those only the targets are told.

    Months that were over when the plan was made bind nobody: nothing is due of them, and what came in them is not set against it. What came serves whatever
    is agreed: what the next plan asks for in the same months is due too.
    """
    zone = ZoneInfo(the_organisation().time_zone)
    today = at.astimezone(zone).date()
    present = month_of(today)
    made = max(month_of(the_day(plan.measured_at)), plan.months[0])
    gone = dict.fromkeys((month for month in plan.months if made <= month < present), 1.0)
    if present in plan.months:
        gone |= plan_targets.shares(first_day(present), today, hours=hours_of_the_house()) if today > first_day(present) else {present: 0.0}
    begun = datetime.combine(plan.first_on, time(), zone)
    ended = min(at, datetime.combine(plan.until_on, time(), zone))
    came: dict[Step, Months] = plan_sums.flows(begun, ended) if begun < ended else {step: {} for step in Step}
    sold = plan_ways.sold(plan.first_on, min(plan.until_on, today + _DAY)) if begun < ended else {}
    rates, others = plan_targets.rates_of(plan), beside(plan, months=plan.months)
    due_beside = {step: sum(one.n(step, gone) for one in others) for step in Step}
    places = [
        Place(
            step,
            targets.totals[step],
            targets.n(step, gone) + due_beside[step],
            sum(came[step].get(month, 0) for month in gone),
            rates.get(step),
            due_beside[step],
        )
        for step in Step
    ]
    return Standing(
        places,
        Sold(plan.target, plan.carried + targets.amount(gone), sum(sold.values(), Decimal(0))),
        _lines(plan, targets, others, came=came, sold=sold, present=present),
        first_day(made),
    )


def _lines(plan: Plan, targets: Targets, others: Sequence[Targets], *, came: dict[Step, Months], sold: dict[int, Decimal], present: int) -> list[Line]:
    found = []
    for month in range(min([*targets.span, plan.months[0]]), plan.months[-1] + 1):
        is_told = month in plan.months and month <= present
        line = Line(
            first_day(month),
            first_day(month + 1) - _DAY,
            targets.amounts.get(month, Decimal(0)),
            sold.get(month, Decimal(0)) if is_told else None,
            {step: targets.months[step].get(month, 0) for step in Step},
            {step: sum(one.months[step].get(month, 0) for one in others) if month in plan.months else 0 for step in Step},
            {step: came[step].get(month, 0) for step in Step} if is_told else None,
            month == present,
        )
        found.append(line)
    return found


def quarters(plan: Plan, lines: Sequence[Line], *, fiscal_start: int) -> list[Line]:
    """The months added up by quarters of the fiscal year, which begins in the month `fiscal_start`. Months before those of the plan stand apart: of those
    only the targets are told.
    """
    found: dict[tuple[int, bool], list[Line]] = defaultdict(list)
    for line in lines:
        month = month_of(line.month_on)
        found[month - (month - fiscal_start + 1) % 3, line.month_on < plan.first_on].append(line)
    return [_together(of_quarter) for of_quarter in found.values()]


def _together(lines: list[Line]) -> Line:
    begun = [line for line in lines if line.came is not None]
    return Line(
        lines[0].month_on,
        lines[-1].last_on,
        sum((line.amount for line in lines), Decimal(0)),
        sum((line.sold or Decimal(0) for line in begun), Decimal(0)) if begun else None,
        {step: sum(line.targets[step] for line in lines) for step in Step},
        {step: sum(line.beside[step] for line in lines) for step in Step},
        {step: sum(line.came[step] for line in begun if line.came) for step in Step} if begun else None,
        any(line.is_present for line in lines),
    )


def outlook(plan: Plan, targets: Targets, *, at: datetime) -> Outlook | None:
    """What is likely by the end of the plan; None before it begins and when it is over, or while its chain has a hole."""
    terms = plan_targets.terms(plan, plan_targets.rates_of(plan))
    zone = ZoneInfo(the_organisation().time_zone)
    today = at.astimezone(zone).date()
    if terms is None or not plan.first_on <= today < plan.until_on:
        return None
    begun = first_day(min(terms.weights))
    won = plan_sums.flows(datetime.combine(min(begun, today), time(), zone), at)[Step.WINS]
    standing = plan_sums.standing(at=at)
    return plan_targets.outlook(terms, targets, begun_on=begun, won=sum(won.values()), in_hand=standing, present=month_of(today))


def beside(plan: Plan, *, months: range) -> list[Targets]:
    """What other agreed plans ask for in these months: those of other months, of which `plan` takes the place of none."""
    others = Plan.objects.asking(first_day(months[0]), first_day(months[-1] + 1)).exclude(pk=plan.pk) if months else Plan.objects.none()
    apart = others.exclude(first_on__lt=plan.until_on, until_on__gt=plan.first_on).prefetch_related("targets")
    return [found for other in apart if (found := plan_targets.of_plan(other))]


@dataclass(frozen=True)
class Against:
    """A period, from the day `first` to the day `last`, against the plans that are agreed. `covered` is the share of it that lies in their months."""

    first: date
    last: date
    plans: list[Plan]
    places: list[Place]
    sold: Sold
    covered: float


def period(start: datetime, end: datetime, *, at: datetime) -> Against | None:
    """[start, end) against what is agreed for its days: of a month, the share of its working days that are over. None if nothing is agreed.

    What a plan asks for in the months before its first, for what is sold in it, is asked for then, beside what another asks for.
    """
    zone = ZoneInfo(the_organisation().time_zone)
    end = min(end, at)
    first, until = start.astimezone(zone).date(), end.astimezone(zone).date()
    if first >= until:
        return None
    plans = list(Plan.objects.asking(first_day(month_of(first)), until).prefetch_related("targets"))
    if not plans:
        return None
    hours = hours_of_the_house()
    shares = plan_targets.shares(first, until, hours=hours)
    targets = [found for plan in plans if (found := plan_targets.of_plan(plan))]
    came, sold = plan_sums.flows(start, end), plan_ways.sold(first, until)
    places = [
        Place(step, round(sum(one.totals[step] for one in targets)), sum(one.n(step, shares) for one in targets), sum(came[step].values()), None)
        for step in Step
    ]
    due = sum((one.amount(shares) for one in targets), Decimal(0))
    covered = {month for plan in plans for month in plan.months}
    whole = sum(shares.values())
    return Against(
        first,
        (end - timedelta(microseconds=1)).astimezone(zone).date(),
        plans,
        places,
        Sold(sum((plan.target for plan in plans), Decimal(0)), due, sum(sold.values(), Decimal(0))),
        sum(share for month, share in shares.items() if month in covered) / whole if whole else 0.0,
    )
