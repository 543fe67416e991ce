"""The plan that the demo company works by: drafted before its fiscal year began, by the rates of then, and agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.money import Money
from tasuki.core.organisation import the_day, the_organisation
from tasuki.core.people import User
from tasuki.relay import plan_targets, plan_ways, plans
from tasuki.relay.plan_rows import PASSED, Step, first_day, month_of
from tasuki.relay.plans import Assumption, Wanted

# What a small demo has not seen often enough.
_ASSUMED = {
    Step.LEADS: Assumption(0.12, 30),
    Step.BOOKED: Assumption(0.8, 12),
    Step.HELD: Assumption(0.6, 15),
    Step.OPPORTUNITIES: Assumption(0.25, 100),
}
_ORDER = Decimal(300_000_000)
_MORE, _FROM_CUSTOMERS = Decimal("1.06"), Decimal("0.25")
_MILLION = Decimal(1_000_000)
_MONTHS_AHEAD = 3
# How the year falls on its quarters: the first is slow.
_WEIGHTS = (3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5)


def plan(*, until: datetime) -> None:
    """For the fiscal year that it is, and in its last months for the next."""
    today = the_day(until)
    first = month_of(today) - (today.month - the_organisation().fiscal_year_starts_in) % 12
    sold = plan_ways.sold(first_day(first), today + timedelta(days=1))
    begun = _WEIGHTS[: month_of(today) - first + 1]
    # A little more than the year turned out: so there is something to do.
    year = sum(sold.values(), Decimal(0)) * sum(_WEIGHTS) / sum(begun) or _ORDER * 12
    _agreed(first, year * _MORE, drafted=until - timedelta(days=(today - first_day(first)).days + 20))
    if len(begun) > 12 - _MONTHS_AHEAD:
        _agreed(first + 12, year * _MORE * _MORE, drafted=until - timedelta(days=10))


def _agreed(first: int, year: Decimal, *, drafted: datetime) -> None:
    currency = the_organisation().currency
    target, expansion = (Money((year * share / _MILLION).quantize(Decimal(1)) * _MILLION, currency) for share in (Decimal(1), _FROM_CUSTOMERS))
    name = str(first_day(first).year)
    wanted = Wanted(name=name, first_on=first_day(first), n_months=12, target=target, expansion=expansion, weights=_WEIGHTS)
    drafter, head = (_who(role) for role in (Role.OPERATIONS, Role.MANAGER))
    draft = plans.draft(wanted, by=By(drafter, Door.WEB), at=drafted)
    rates = plan_targets.rates_of(draft)
    holes = {step: _ASSUMED[step] for step in PASSED if rates[step].used is None}
    if holes or draft.order is None:
        order = None if draft.order else Money(_ORDER, currency)
        draft = plans.change(draft, wanted=replace(wanted, rates=holes, order=order), by=By(drafter, Door.WEB), at=drafted + timedelta(hours=1))
    plans.agree(draft, by=By(head, Door.WEB), at=drafted + timedelta(days=7))


def _who(role: Role) -> User | None:
    """The first who has the role; in a small house nobody may."""
    return User.objects.filter(is_active=True, role_grants__role=role).order_by("pk").first()
