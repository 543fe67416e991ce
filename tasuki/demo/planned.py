"""The plan that the demo company works by: drafted before its fiscal year began, by the rates of then, and agreed.

Where a small demo had not seen enough by then, it assumes what the house turned out to do: a plan by anything else would ask for another company.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import ceil
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.money import Money
from tasuki.core.organisation import the_day, the_organisation
from tasuki.core.people import User
from tasuki.crm.leads import Origin
from tasuki.crm.ledger import Outcome, Passage
from tasuki.relay import plan_targets, plan_ways, plans
from tasuki.relay.plan_rows import PASSED, Step, first_day, month_of
from tasuki.relay.plan_ways import Measured
from tasuki.relay.plans import Assumption, Wanted

# What a demo of a few leads never gets to see.
_ASSUMED = {
    Step.LEADS: Assumption(0.12, 30),
    Step.BOOKED: Assumption(0.8, 12),
    Step.HELD: Assumption(0.6, 15),
    Step.OPPORTUNITIES: Assumption(0.25, 100),
}
_ORDER = Decimal(60_000_000)
_MORE = Decimal("1.06")
_MILLION = Decimal(1_000_000)
_MONTHS_AHEAD = 3
# How the year falls on its quarters: the first is slow.
_WEIGHTS = (3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5)


def plan(*, until: datetime) -> None:
    """For the fiscal year that it is, and in its last months for the next."""
    today = the_day(until)
    first = month_of(today) - (today.month - the_organisation().fiscal_year_starts_in) % 12
    begun = _WEIGHTS[: month_of(today) - first + 1]
    year = _turned_out(first_day(first), until, share=Decimal(sum(begun)) / sum(_WEIGHTS))
    _agreed(first, year, drafted=until - timedelta(days=(today - first_day(first)).days + 20))
    if len(begun) > 12 - _MONTHS_AHEAD:
        _agreed(first + 12, replace(year, new=year.new * _MORE, expansion=year.expansion * _MORE), drafted=until - timedelta(days=10))


@dataclass(frozen=True)
class _Year:
    """What a year brings: of new customers, on top of those there are, and by an order; and the rates of the house as they are known by now."""

    new: Decimal
    expansion: Decimal
    order: Decimal
    rates: dict[Step, Assumption]


def _turned_out(first_on: date, until: datetime, *, share: Decimal) -> _Year:
    """A little more than the year turned out, of which such a share is over: so there is something to do."""
    since = datetime.combine(first_on, time(), ZoneInfo(the_organisation().time_zone))
    won = Passage.objects.filter(outcome=Outcome.WON, left_at__gte=since, left_at__lt=until)
    is_expansion = Q(lead__origin=Origin.EXPANSION)
    sold = won.aggregate(new=Sum("amount", filter=~is_expansion), expansion=Sum("amount", filter=is_expansion))
    order = plan_ways.order(at=until).mean or _ORDER
    measured = plan_ways.measured(at=until)
    return _Year(
        (sold["new"] or order * 12 * share) / share * _MORE,
        (sold["expansion"] or Decimal(0)) / share * _MORE,
        order,
        {step: _known(measured[step]) or _ASSUMED[step] for step in PASSED},
    )


def _known(found: Measured) -> Assumption | None:
    """As somebody writes it down who looked: in whole percents and days."""
    rate = round(found.passing.rate, 2)
    return Assumption(rate, round(found.days or 0)) if rate else None


def _agreed(first: int, year: _Year, *, drafted: datetime) -> None:
    currency = the_organisation().currency
    target, expansion, order = (Money(ceil(one / _MILLION) * _MILLION, currency) for one in (year.new + year.expansion, year.expansion, year.order))
    name = str(first_day(first).year)
    wanted = Wanted(name=name, first_on=first_day(first), n_months=12, target=target, expansion=expansion, weights=_WEIGHTS)
    drafter, head = (_who(role) for role in (Role.OPERATIONS, Role.MANAGER))
    draft = plans.draft(wanted, by=By(drafter, Door.WEB), at=drafted)
    rates = plan_targets.rates_of(draft)
    holes = {step: year.rates[step] for step in PASSED if rates[step].used is None}
    if holes or draft.order is None:
        assumed = replace(wanted, rates=holes, order=None if draft.order else order)
        draft = plans.change(draft, wanted=assumed, by=By(drafter, Door.WEB), at=drafted + timedelta(hours=1))
    plans.agree(draft, by=By(head, Door.WEB), at=drafted + timedelta(days=7))


def _who(role: Role) -> User | None:
    """The first who has the role; in a small house nobody may."""
    return User.objects.filter(is_active=True, role_grants__role=role).order_by("pk").first()
