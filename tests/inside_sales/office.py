"""What the tests of routing set up: an office in Seoul, pools, rules in force, and leads that become ready."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tasuki.core import calendars
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar
from tasuki.core.people import User
from tasuki.core.working_time import Shift
from tasuki.crm import leads, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.inside_sales import routing_pools, routing_rules
from tasuki.inside_sales.routing_decisions import RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, RoutingPool, Seat
from tasuki.inside_sales.routing_rules import RoutingVersion
from tests.cast import SET_UP, Cast

SEOUL = ZoneInfo("Asia/Seoul")
# A Tuesday at ten in Seoul.
AT = datetime(2026, 3, 3, 10, tzinfo=SEOUL)
EARLIER = AT - timedelta(days=10)
SPLIT = (Shift(9 * 60, 12 * 60), Shift(13 * 60, 18 * 60))


def office_in_seoul(*, split: bool = False) -> Calendar:
    """The calendar of the organisation: Monday to Friday, nine to six, with the holidays of Korea."""
    shifts = SPLIT if split else (Shift(9 * 60, 18 * 60),)
    default = Calendar.objects.of_the_organisation()
    return calendars.change(default, name="Seoul", time_zone="Asia/Seoul", country="KR", week=dict.fromkeys(range(5), shifts), by=SET_UP, at=AT)


def pool_of(
    cast: Cast, *people: User, name: str = "Callers", method: Method = Method.ROUND_ROBIN, off_hours: OffHours = OffHours.WAIT, **seat: Seat
) -> RoutingPool:
    """With the people in this order; `seat` has the terms of some by the first word of their mail address."""
    pool = routing_pools.keep(None, name=name, team=cast.inside_sales, method=method, off_hours=off_hours, by=SET_UP, at=AT)
    for user in people:
        routing_pools.seat(pool, user=user, terms=seat.get((user.email or "").partition("@")[0], Seat()), by=SET_UP, at=AT)
    return pool


def rules_in_force(*rules: tuple[str, RoutingPool], blocked: str = "", at: datetime = AT) -> RoutingVersion:
    """Published: (condition, pool), asked in this order."""
    draft = routing_rules.draft(by=SET_UP, at=at)
    for nth, (condition, pool) in enumerate(rules, start=1):
        routing_rules.add(draft, name=f"Rule {nth}", condition=condition, pool=pool, by=SET_UP, at=at)
    if blocked:
        draft = routing_rules.settle(draft, blocked=blocked, catch_all=draft.catch_all, by=SET_UP, at=at)
    return routing_rules.publish(draft, by=SET_UP, at=at)


def company(cast: Cast, name: str = "가온증권", *, owner: User | None = None, at: datetime = AT, **facts: str) -> Account:
    return records.add_account(records.Company(name, **facts), owner=owner, team=cast.marketing, another="one more", by=SET_UP, at=at)


def ready(
    cast: Cast, nth: int = 1, *, at: datetime = AT, account: Account | None = None, language: str = "", origin: Origin = Origin.INBOUND, source: str = "webinar"
) -> Lead:
    """A lead of nobody's that becomes ready."""
    by = By(cast.mina, Door.WEB)
    contact = records.add_contact(records.Person("한", f"서윤{nth}", account=account), another="one more", by=by, at=at)
    if language:
        type(contact).objects.filter(pk=contact.pk).update(language=language)
    arrival = Arrival(team=cast.marketing, contact=contact, account=account, origin=origin, source=source)
    return leads.capture(arrival, by=by, at=at, stage=stages.READY)


def carried(cast: Cast, account: Account, *, owner: User, stage: str, at: datetime = EARLIER) -> Lead:
    """Another lead of the company, that somebody has."""
    arrival = Arrival(team=cast.inside_sales, owner=owner, account=account)
    return leads.capture(arrival, by=By(owner, Door.WEB), at=at, stage=stage)


def decision_of(lead: Lead) -> RoutingDecision:
    return RoutingDecision.objects.filter(lead=lead).newest_first()[0]
