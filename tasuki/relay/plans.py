"""Plans: drafted by somebody, agreed by somebody, and superseded by the next one. The targets of all legs are derived from the one that is agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.money import Money
from tasuki.core.organisation import the_day, the_organisation
from tasuki.relay import plan_targets, plan_ways
from tasuki.relay.plan_rows import LONGEST_DAYS, LONGEST_NAME, MOST_MONTHS, PASSED, Plan, PlanMonth, PlanRate, Step, first_day, month_of

_MOST = Decimal(10) ** 15


class PlanRefused(Refused):
    code = "plan_refused"


class PlanIsAgreed(Refused):
    code = "plan_is_agreed"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This plan is agreed, so it is not changed any more. Draft another one; when that is agreed, it takes its place."))


class PlanIncomplete(Refused):
    code = "plan_incomplete"

    def __init__(self) -> None:
        super().__init__(_("The chain does not reach from the target to the leads yet: write an assumption where too few were counted."))


@dataclass(frozen=True)
class Assumption:
    """What somebody believes of the way from a step to the next: a share, and after how many days. None leaves what is measured."""

    rate: float | None = None
    days: float | None = None


@dataclass(frozen=True)
class Wanted:
    """What a person says of a plan. `weights` is one for each month; amounts are in the currency of the house."""

    name: str
    first_on: date
    n_months: int
    target: Money
    weights: tuple[int, ...] = ()
    expansion: Money | None = None
    order: Money | None = None
    recycled: float | None = None
    rates: Mapping[Step, Assumption] = field(default_factory=dict)
    leads_a_day: float = 16
    meetings_a_day: float = 3


@transaction.atomic
def draft(wanted: Wanted, *, by: By, at: datetime) -> Plan:
    """A new version, with the rates of the house as they are now. Raises PlanRefused."""
    fields = _fields(wanted, at=at)
    # One version is begun at a time.
    list(Plan.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    last = Plan.objects.aggregate(last=Max("version"))["last"]
    plan = Plan.objects.create(version=(last or 0) + 1, drafted_by=by.actor, drafted_at=at, measured_at=at, **fields)
    PlanRate.objects.bulk_create([PlanRate(plan=plan, step=step, **_assumed(wanted, step)) for step in PASSED])
    _measure(plan, at=at)
    told = {name: (None, value) for name, value in _told(wanted, fields).items() if value is not None}
    audit.record(plan, action="draft", by=by, at=at, changes=told)
    return plan


@transaction.atomic
def change(plan: Plan, *, wanted: Wanted, by: By, at: datetime) -> Plan:
    """Write a draft anew; what was measured stays as it was. Raises PlanIsAgreed, PlanRefused."""
    plan = _held_draft(plan)
    fields = _fields(wanted, at=at)
    before = _said(plan)
    Plan.objects.filter(pk=plan.pk).update(**fields)
    for step in PASSED:
        plan.rates.filter(step=step).update(**_assumed(wanted, step))
    plan.refresh_from_db()
    if plan.first_on != before["first_on"]:
        Plan.objects.filter(pk=plan.pk).update(carried=_carried(plan, at=plan.measured_at))
        plan.refresh_from_db()
    after = _told(wanted, fields)
    changes = {name: (before[name], value) for name, value in after.items() if before[name] != value}
    if changes:
        audit.record(plan, action="change", by=by, at=at, changes=changes)
    return plan


@transaction.atomic
def cost_leads(plan: Plan, *, costs: Mapping[str, Money], by: By, at: datetime) -> Plan:
    """Write into a draft what one new lead of each source costs; of a source that is not named nobody knows. Raises PlanIsAgreed, PlanRefused."""
    plan = _held_draft(plan)
    if any(money.currency != plan.currency for money in costs.values()):
        raise PlanRefused(_("A plan is in the currency of the house, %(currency)s.") % {"currency": plan.currency})
    if any(not 0 <= money.amount < _MOST for money in costs.values()):
        raise PlanRefused(_("A lead costs nothing or more."))
    said = {source: f"{money.amount:f}" for source, money in sorted(costs.items())}
    if said != plan.lead_costs:
        audit.record(plan, action="change", by=by, at=at, changes={"lead_costs": (_listed(plan.lead_costs), _listed(said))})
        Plan.objects.filter(pk=plan.pk).update(lead_costs=said)
        plan.refresh_from_db()
    return plan


def _listed(costs: Mapping[str, str]) -> str:
    """For the audit log."""
    return ", ".join(f"{source or '–'} {amount}" for source, amount in costs.items())


@transaction.atomic
def measure(plan: Plan, *, by: By, at: datetime) -> Plan:
    """Take the rates of the house as they are now into a draft. Raises PlanIsAgreed, PlanRefused for months that are over."""
    plan = _held_draft(plan)
    _refuse_over(plan.until_on, at=at)
    _measure(plan, at=at)
    audit.record(plan, action="recount", by=by, at=at)
    return plan


@transaction.atomic
def agree(plan: Plan, *, by: By, at: datetime) -> Plan:
    """From now on the departments are measured by it, and it stays as it is. What was agreed for any of its months is superseded.

    Raises PlanIsAgreed, PlanIncomplete, PlanRefused for months that are over.
    """
    plan = _held_draft(plan)
    _refuse_over(plan.until_on, at=at)
    targets = plan_targets.of_plan(plan)
    if targets is None:
        raise PlanIncomplete
    PlanMonth.objects.bulk_create(plan_targets.rows_of(plan, targets))
    for other in Plan.objects.select_for_update().between(plan.first_on, plan.until_on):
        Plan.objects.filter(pk=other.pk).update(superseded_at=at, superseded_by=plan)
        audit.record(other, action="supersede", by=by, at=at, changes={"superseded_by": (None, plan.version)})
    Plan.objects.filter(pk=plan.pk).update(agreed_by=by.actor, agreed_at=at)
    audit.record(plan, action="agree", by=by, at=at, changes={"target": (None, plan.target), **{s.value: (None, n) for s, n in targets.totals.items()}})
    plan.refresh_from_db()
    return plan


@transaction.atomic
def discard(plan: Plan, *, by: By, at: datetime) -> None:
    """Throw a draft away. Raises PlanIsAgreed."""
    plan = _held_draft(plan)
    audit.record(plan, action="remove", by=by, at=at, changes={"name": (plan.name, None), "target": (plan.target, None)})
    plan.delete()


def _held_draft(plan: Plan) -> Plan:
    held = Plan.objects.select_for_update().get(pk=plan.pk)
    if not held.is_draft:
        raise PlanIsAgreed
    return held


def _measure(plan: Plan, *, at: datetime) -> None:
    found, order, (part, n) = plan_ways.measured(at=at), plan_ways.order(at=at), plan_ways.recycled(at=at)
    for step, one in found.items():
        passing = one.passing
        plan.rates.filter(step=step).update(
            rate=passing.rate if one.n else None, n=one.n, n_decided=one.n_decided, days=one.days, lags=list(passing.lags), still=list(passing.still)
        )
    Plan.objects.filter(pk=plan.pk).update(
        measured_at=at,
        carried=_carried(plan, at=at),
        mean_order=order.mean,
        n_orders=order.n,
        recycled_share=part / n if n else None,
        n_leads=n,
    )
    plan.refresh_from_db()


def _carried(plan: Plan, *, at: datetime) -> Decimal:
    """What was sold in those months of the plan that are over: the others are to bring the rest, whole."""
    return sum(plan_ways.sold(plan.first_on, first_day(month_of(the_day(at)))).values(), Decimal(0))


def _fields(wanted: Wanted, *, at: datetime) -> dict[str, Any]:
    """The columns of a plan, checked. Raises PlanRefused."""
    currency = the_organisation().currency
    name = " ".join(wanted.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise PlanRefused(_("Give the plan a name of at most %(n)s characters.") % {"n": LONGEST_NAME})
    if not 1 <= wanted.n_months <= MOST_MONTHS or not 1990 <= wanted.first_on.year <= 2200:
        raise PlanRefused(_("A plan is for 1 to %(n)s months.") % {"n": MOST_MONTHS})
    amounts = [money for money in (wanted.target, wanted.expansion, wanted.order) if money]
    if any(money.currency != currency for money in amounts):
        raise PlanRefused(_("A plan is in the currency of the house, %(currency)s.") % {"currency": currency})
    if wanted.target.amount <= 0 or any(not 0 <= money.amount < _MOST for money in amounts) or (wanted.order and wanted.order.amount <= 0):
        raise PlanRefused(_("A target and an order are more than nothing, and no amount is below it."))
    weights = wanted.weights or (1,) * wanted.n_months
    if len(weights) != wanted.n_months or not all(0 <= weight <= 1_000 for weight in weights) or not any(weights):
        raise PlanRefused(_("Each month has a weight from 0 to 1,000, and one of them more than 0."))
    if not 0 < wanted.leads_a_day <= 500 or not 0 < wanted.meetings_a_day <= 50:
        raise PlanRefused(_("A person works up to 500 leads a day and holds up to 50 meetings, and more than none."))
    if wanted.recycled is not None and not 0 <= wanted.recycled <= 1:
        raise PlanRefused(_("A share is from 0 to 100 percent."))
    first = month_of(wanted.first_on)
    until_on = first_day(first + wanted.n_months)
    _refuse_over(until_on, at=at)
    return {
        "name": name,
        "first_on": first_day(first),
        "until_on": until_on,
        "currency": currency,
        "target": wanted.target.amount,
        "expansion": wanted.expansion.amount if wanted.expansion else Decimal(0),
        "weights": list(weights),
        "assumed_order": wanted.order.amount if wanted.order else None,
        "assumed_recycled": wanted.recycled,
        "leads_a_day": wanted.leads_a_day,
        "meetings_a_day": wanted.meetings_a_day,
    }


def _refuse_over(until_on: date, *, at: datetime) -> None:
    if until_on <= the_day(at):
        raise PlanRefused(_("These months are over."))


def _assumed(wanted: Wanted, step: Step) -> dict[str, float | None]:
    one = wanted.rates.get(step, Assumption())
    if one.rate is not None and not 0 < one.rate <= 1:
        raise PlanRefused(_("A rate is more than 0 and at most 100 percent."))
    if one.days is not None and not 0 <= one.days <= LONGEST_DAYS:
        raise PlanRefused(_("From 0 to %(n)s days.") % {"n": LONGEST_DAYS})
    return {"assumed_rate": one.rate, "assumed_days": one.days}


def _told(wanted: Wanted, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a person said, for the audit log."""
    said = dict(fields) | {"weights": ", ".join(map(str, fields["weights"]))}
    for step in PASSED:
        one = wanted.rates.get(step, Assumption())
        said |= {f"{step.value}_rate": one.rate, f"{step.value}_days": one.days}
    return said


def _said(plan: Plan) -> dict[str, Any]:
    columns = ("name", "first_on", "until_on", "currency", "target", "expansion", "assumed_order", "assumed_recycled", "leads_a_day", "meetings_a_day")
    said: dict[str, Any] = {name: getattr(plan, name) for name in columns} | {"weights": ", ".join(map(str, plan.weights))}
    for step, rate in plan_targets.rates_of(plan).items():
        said |= {f"{step.value}_rate": rate.assumed_rate, f"{step.value}_days": rate.assumed_days}
    return said
