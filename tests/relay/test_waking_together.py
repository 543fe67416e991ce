"""A set of leads that wakes together is written as the same leads woken one after the other: whole tables are compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from tasuki.core import absences
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.core.search import indexing
from tasuki.crm import daybook, following, leads, notifications, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Happening, Notification, Way
from tasuki.crm.products import Product
from tasuki.crm.scoring import keeping
from tasuki.crm.scoring.scores import LeadScore
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.wake_rules import WakeRule
from tasuki.inside_sales import holding_queue, qualification, waking
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.holdings import Holding
from tasuki.inside_sales.routing_decisions import RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import Seat
from tasuki.relay import agreements
from tasuki.relay.agreements import Agreement, Counts, Event, Terms, Unit
from tasuki.relay.clocks import Clock
from tasuki.sales import opportunities
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.crm.scoring.desk import in_force
from tests.inside_sales.office import pool_of, rules_in_force
from tests.web.office import deal_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
# Noon of that Monday in Seoul.
MORNING = datetime(2026, 6, 1, 3, tzinfo=UTC)
BEFORE = MONDAY + timedelta(days=1)


# Of each model, by its number, what stands in a row.
Rows = dict[type[models.Model], dict[Any, dict[str, Any]]]


class _TakenBack(Exception):
    """Ends the savepoint whose rows were looked at."""


def outcome(wake: Callable[[], object]) -> dict[str, Counter[str]]:
    """All rows of all tables as they would be after that; nothing stays of it."""
    found: dict[str, Counter[str]] = {}
    try:
        with transaction.atomic():
            wake()
            daybook.fold()
            indexing.absorb_all()
            keeping.absorb(at=MORNING)
            found = tables()
            raise _TakenBack
    except _TakenBack:
        return found


def tables() -> dict[str, Counter[str]]:
    """The rows of each table without their own numbers; a row that was made for a lead is named by the lead before that one."""
    found: dict[str, Counter[str]] = {}
    rows: Rows = {}
    ours = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("tasuki.")]
    with connection.cursor() as cursor:
        for model in ours:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} t")
            read = [json.loads(row) for (row,) in cursor.fetchall()]
            rows[model] = {row.get("id", nth): row for nth, row in enumerate(read)}
    for model in ours:
        found[model._meta.db_table] = Counter(_named(model, row, rows) for row in rows[model].values())
    # That a day was touched is noted by each statement that does.
    found["relay_legtouched"] = Counter(set(found["relay_legtouched"]))
    return found


def _named(model: type[models.Model], row: dict[str, Any], rows: Rows) -> str:
    said = {}
    for field in model._meta.concrete_fields:
        value, target = row[field.column], field.related_model
        if target is Lead or (field.name == "record_id" and row.get("noun") == "lead"):
            value = _named_by_the_one_before(value, rows)
        elif target in (AuditEntry, TimelineEntry, Clock) and value is not None:
            value = _named(target, rows[target][value], rows)
        elif field.name == "settled_as":
            value = re.sub(r"\d+", "…", value)
        if target is not None or not field.primary_key:
            said[field.column] = value
    return str(sorted(said.items()))


def _named_by_the_one_before(lead: int | None, rows: Rows) -> str | int | None:
    before = rows[Lead][lead]["previous_id"] if lead in rows[Lead] else None
    return f"after {before}" if before else lead


def person(nth: int, *, account: Account | None = None, email: str = "") -> Contact:
    return records.add_contact(records.Person("한", f"서윤{nth}", account=account, email=email), another="one more", by=SET_UP, at=MONDAY)


def firm(name: str, cast: Cast, **facts: str) -> Account:
    return records.add_account(records.Company(name, **facts), owner=None, team=cast.marketing, another="one more", by=SET_UP, at=MONDAY)


def carried(cast: Cast, contact: Contact | None, *, owner: User | None, source: str = "webinar", product: Product | None = None) -> Lead:
    arrival = Arrival(
        team=owner.team if owner and owner.team else cast.marketing,
        owner=owner,
        contact=contact,
        account=contact.account if contact else None,
        product=product,
        source=source,
        segment="enterprise",
    )
    return leads.capture(arrival, by=SET_UP, at=MONDAY, stage=stages.WORKING)


def recycled(lead: Lead, *, nth: int = 0) -> Lead:
    """To wake on the day, or a few days before it, so that the order is said."""
    rule = WakeRule(on=DAY - timedelta(days=20 - nth) if nth else DAY)
    leads.recycle(lead, because=ExitReason.objects.get(key="no_budget"), rule=rule, by=SET_UP, at=BEFORE)
    return lead


def waits_again(lead: Lead) -> None:
    """As it does when the other pass came by a door that says nothing."""
    Holding.objects.filter(lead=lead).update(state="waiting", settled_at=None, settled_as="")


@pytest.fixture
def callers(cast: Cast) -> list[User]:
    def one(name: str) -> User:
        return hired(name, "Kim", name, role=Role.INSIDE_SELLER, team=cast.inside_sales, language="ko", time_zone="Asia/Seoul")

    return [one("bora"), one("dana"), one("eun")]


@pytest.fixture
def everything(cast: Cast, callers: list[User]) -> None:
    """Leads of all kinds that wake on one morning: those that somebody carried, those that go by rules, claims, domains and waits, and those that may not."""
    bora, dana, eun = callers
    in_force(cast)
    big = pool_of(cast, bora, dana, eun, method=Method.WEIGHTED, bora=Seat(3, n_day_cap=3), dana=Seat(2, n_open_cap=4), eun=Seat(1))
    few = pool_of(cast, dana, cast.ivo, name="Few", method=Method.LEAST_LOADED, ivo=Seat(n_open_cap=6))
    small = pool_of(cast, eun, name="Small", eun=Seat(n_day_cap=1))
    rules_in_force(("source:is(webinar)", big), ("source:is(fair)", few), ("source:is(form)", small), blocked="source:is(spam)", at=BEFORE)
    fair = agreements.keep(None, terms=Terms(Event.OTHER, Counts.BUSINESS, 4, Unit.HOURS, 30, condition="source:is(fair)"), by=SET_UP, at=BEFORE)
    for _nth in range(Agreement.objects.count() - 1):
        agreements.move(fair, up=True, by=SET_UP, at=BEFORE)
    absences.mark(eun, first_on=DAY, last_on=DAY, deputy=cast.ivo, by=SET_UP, at=BEFORE)
    notifications.choose(dana, ways={Happening.GIVEN: Way.NONE})
    for nth in range(1, 13):
        owner = [cast.saori, cast.ivo, None, cast.saori][nth % 4]
        source = ["webinar", "webinar", "fair", "form", "spam", "visit"][nth % 6]
        recycled(carried(cast, person(nth, account=firm(f"Firm {nth}", cast)), owner=owner, source=source), nth=nth)
    for nth in range(13, 17):
        recycled(carried(cast, person(nth, account=firm(f"Firm {nth}", cast)), owner=cast.saori))
    unusual(cast)


def unusual(cast: Cast) -> None:
    deal = deal_of(cast, 9)
    opportunities.advance(deal, to=stages.P2, by=SET_UP, at=MONDAY + timedelta(days=2))
    recycled(carried(cast, person(31, account=deal.lead.account), owner=None))
    named = firm("Gaon", cast, domain="gaon.example")
    recycled(carried(cast, person(32, email="seo@mail.gaon.example"), owner=None))
    recycled(carried(cast, person(33, email="seo@nobody.example"), owner=None))
    recycled(carried(cast, None, owner=None))
    followed = carried(cast, person(34, account=named), owner=cast.saori)
    following.follow(followed.contact, by=By(cast.mina, Door.WEB), at=MONDAY)
    following.follow(named, by=By(cast.ruth, Door.WEB), at=MONDAY)
    recycled(followed)
    knows = carried(cast, person(35, account=named), owner=cast.ivo)
    qualification.learn(knows, fact="budget", words="ten thousand", by=By(cast.ivo, Door.WEB), at=MONDAY)
    qualification.learn(knows, fact="timing", words="next year", by=By(cast.ivo, Door.WEB), at=MONDAY)
    qualification.learn(knows, fact="problem", state=qualification.FactState.ASKED, by=By(cast.ivo, Door.WEB), at=MONDAY)
    made = CallList.objects.create(owner=cast.ivo, for_on=DAY, n_slots=9, built_at=MORNING)
    CallListEntry.objects.create(call_list=made, lead=knows, bucket=Bucket.READY, position=1)
    recycled(knows)
    # Twice the same person: for one product line the second is overtaken by the first, for another it is a pass of its own.
    twice = person(36, account=named)
    lines = [Product.objects.create(name=line, line=line, created_at=MONDAY) for line in ("sash", "baton")]
    for product in (lines[0], lines[0], lines[1]):
        recycled(carried(cast, twice, owner=cast.ivo, product=product))
        for holding in Holding.objects.filter(lead__contact=twice):
            waits_again(holding.lead)
    # And whoever came by an import since.
    came = recycled(carried(cast, person(37), owner=cast.ivo))
    carried(cast, came.contact, owner=cast.ivo)
    waits_again(came)
    gone = recycled(carried(cast, person(38), owner=cast.ivo))
    Contact.objects.filter(pk=gone.contact_id).update(erased_at=BEFORE)


def one_by_one() -> None:
    while waking.wake_due(at=MORNING, most=1):
        pass


def together() -> None:
    while waking.wake_due(at=MORNING):
        pass


def differences(one: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> dict[str, tuple[list[str], list[str]]]:
    found = {name: (list((one[name] - other[name]).elements()), list((other[name] - one[name]).elements())) for name in one}
    return {name: both for name, both in found.items() if any(both)}


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("stage", holding_queue.BEGINNINGS)
def test_all_that_is_written_is_what_one_after_the_other_writes(stage: str) -> None:
    holding_queue.change(stage=stage, by=SET_UP, at=BEFORE)
    before = tables()
    alone, at_once = outcome(one_by_one), outcome(together)
    assert differences(before, tables()) == {}, "nothing stays of a look"
    assert differences(alone, at_once) == {}
    assert (sum(at_once["crm_lead"].values()) - sum(before["crm_lead"].values())) > 20


@pytest.mark.usefixtures("everything")
def test_the_set_has_all_kinds_that_are_compared() -> None:
    together()
    steps = set(RoutingDecision.objects.values_list("step", flat=True))
    assert steps == {"blocked", "open_deal", "rule", "catch_all"}
    assert {"day_cap", "open_cap", "absent"} - {one["why"] for row in RoutingDecision.objects.all() for one in row.candidates} <= {"absent"}
    assert {one["for"] for row in RoutingDecision.objects.all() for one in row.candidates} > {None}, "a deputy stood for somebody"
    assert RoutingDecision.objects.exclude(domain="").count() == 1
    assert Clock.objects.order_by().values("agreement").distinct().count() == 2
    assert set(Holding.objects.values_list("state", flat=True)) == {"woken", "overtaken"}
    told = set(Notification.objects.filter(at=MORNING).values_list("happening", flat=True))
    assert told >= {Happening.GIVEN, Happening.QUEUED, Happening.OWNER}
    assert LeadScore.objects.filter(lead__previous__isnull=False).exists()
    assert CallListEntry.objects.get().lead.previous_id, "the list has the pass that follows"


@pytest.mark.usefixtures("everything")
def test_one_that_the_database_refuses_holds_up_no_other() -> None:
    bad = Holding.objects.waiting().order_by("wake_on", "pk")[5]
    n_due = Holding.objects.waiting().count()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE crm_lead ADD CONSTRAINT not_this_one CHECK (previous_id IS DISTINCT FROM {bad.lead_id}) NOT VALID")
    together()
    bad.refresh_from_db()
    assert bad.state == "overtaken"
    assert not Lead.objects.filter(previous=bad.lead_id).exists()
    assert Holding.objects.filter(state="woken").count() == n_due - 4, "but for those that may not wake anyhow"


def test_a_set_asks_as_much_of_the_database_however_many_wake(cast: Cast, callers: list[User]) -> None:
    rules_in_force(("", pool_of(cast, *callers)), at=BEFORE)
    asked = []
    for n in (6, 12):
        for nth in range(n):
            recycled(carried(cast, person(100 * n + nth, account=firm(f"Firm {n} {nth}", cast)), owner=[cast.saori, cast.ivo][nth % 2]))
        with CaptureQueriesContext(connection) as queries:
            assert waking.wake_due(at=MORNING) == n
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_two_that_the_same_person_may_have_today_are_not_both_given_to_them(cast: Cast, callers: list[User]) -> None:
    bora, dana, _eun = callers
    rules_in_force(("", pool_of(cast, bora, dana, method=Method.WEIGHTED, bora=Seat(9, n_day_cap=2), dana=Seat(1, n_open_cap=1))), at=BEFORE)
    for nth in range(6):
        recycled(carried(cast, person(nth, account=firm(f"Firm {nth}", cast)), owner=cast.saori))
    assert waking.wake_due(at=MORNING) == 6
    got = Counter(RoutingDecision.objects.values_list("owner", flat=True))
    assert got == {bora.pk: 2, dana.pk: 1, None: 3}


def test_whoever_is_away_today_is_given_none_of_a_set(cast: Cast) -> None:
    absences.mark(cast.ivo, first_on=DAY, last_on=DAY, by=SET_UP, at=BEFORE)
    for nth in range(4):
        recycled(carried(cast, person(nth, account=firm(f"Firm {nth}", cast)), owner=cast.ivo))
    assert waking.wake_due(at=MORNING) == 4
    assert set(Lead.objects.in_process().values_list("owner", flat=True)) == {None}
