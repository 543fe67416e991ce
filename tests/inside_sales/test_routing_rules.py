"""Rules are drafted, put in order, published and kept; a simulation says where the last leads would have gone, and writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.filters.errors import FilterWrong
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival
from tasuki.inside_sales import routing_pools, routing_rules, routing_simulation
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_decisions import RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, PoolRefused, Seat
from tasuki.inside_sales.routing_rules import RoutingRefused, RoutingRule, RoutingVersion
from tests.cast import SET_UP, Cast, hired
from tests.core.table_contents import contents
from tests.inside_sales.office import AT, company, office_in_seoul, pool_of, ready, rules_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()


def names(version: RoutingVersion) -> list[str]:
    return [rule.name for rule in version.rules.all()]


def test_a_draft_is_a_copy_and_what_is_in_force_stays_until_it_is_published(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    first = rules_in_force(("", pool))
    draft = routing_rules.draft(by=SET_UP, at=AT)
    assert (draft.number, names(draft)) == (2, ["Rule 1"])
    assert routing_rules.draft(by=SET_UP, at=AT) == draft, "there is one draft"
    routing_rules.add(draft, name="Fair", condition="source:is(fair)", pool=pool, by=SET_UP, at=AT)
    assert RoutingVersion.objects.in_force() == first
    routing_rules.publish(draft, by=SET_UP, at=AT)
    assert RoutingVersion.objects.in_force() == draft
    assert names(first) == ["Rule 1"], "the old version stays as it was"


def test_a_decision_names_the_version_and_the_rule_by_which_it_was_made(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    first = rules_in_force(("", pool))
    ready(cast)
    second = rules_in_force()
    ready(cast, 2)
    made = RoutingDecision.objects.order_by("pk")
    assert [(one.version, one.rule and one.rule.version) for one in made] == [(first, first), (second, second)]


def test_what_is_published_is_changed_by_nobody(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    version = rules_in_force(("", pool))
    rule = version.rules.get()
    for attempt in (
        lambda: routing_rules.add(version, name="x", condition="", pool=pool, by=SET_UP, at=AT),
        lambda: routing_rules.change(rule, name="x", condition="", pool=pool, by=SET_UP, at=AT),
        lambda: routing_rules.move(rule, to=2, by=SET_UP, at=AT),
        lambda: routing_rules.remove(rule, by=SET_UP, at=AT),
        lambda: routing_rules.publish(version, by=SET_UP, at=AT),
        lambda: routing_rules.discard(version, by=SET_UP, at=AT),
        lambda: routing_rules.settle(version, blocked="", catch_all=cast.marketing, by=SET_UP, at=AT),
    ):
        with pytest.raises(RoutingRefused):
            attempt()


@pytest.mark.parametrize(("to", "order"), [(1, "CAB"), (2, "ACB"), (3, "ABC"), (99, "ABC"), (-5, "CAB")])
def test_a_rule_is_put_where_it_is_to_be_asked(cast: Cast, to: int, order: str) -> None:
    pool, draft = pool_of(cast, cast.ivo), routing_rules.draft(by=SET_UP, at=AT)
    rules = [routing_rules.add(draft, name=name, condition="", pool=pool, by=SET_UP, at=AT) for name in "ABC"]
    routing_rules.move(rules[2], to=to, by=SET_UP, at=AT)
    assert "".join(names(draft)) == order
    routing_rules.remove(rules[0], by=SET_UP, at=AT)
    assert [rule.position for rule in draft.rules.all()] == [1, 2]


@pytest.mark.parametrize("condition", ["nonsense", "source:is(", "colour:is(red)", "owner:is(me)", "team:is(mine)", "any(" * 9, "source:is(\x00)"])
def test_a_condition_that_nobody_can_read_is_refused(cast: Cast, condition: str) -> None:
    draft = routing_rules.draft(by=SET_UP, at=AT)
    with pytest.raises(FilterWrong):
        routing_rules.add(draft, name="x", condition=condition, pool=pool_of(cast, cast.ivo), by=SET_UP, at=AT)
    with pytest.raises(FilterWrong):
        routing_rules.settle(draft, blocked=condition, catch_all=cast.marketing, by=SET_UP, at=AT)


def test_a_name_is_neither_missing_nor_a_novel(cast: Cast) -> None:
    draft, pool = routing_rules.draft(by=SET_UP, at=AT), pool_of(cast, cast.ivo)
    for name in ("", "   ", "x" * 81):
        with pytest.raises(RoutingRefused):
            routing_rules.add(draft, name=name, condition="", pool=pool, by=SET_UP, at=AT)
        with pytest.raises(PoolRefused):
            routing_pools.keep(None, name=name, team=cast.inside_sales, method=Method.SKILL, off_hours=OffHours.WAIT, by=SET_UP, at=AT)
    with pytest.raises(PoolRefused):
        routing_pools.seat(pool, user=cast.ivo, terms=Seat(weight=0), by=SET_UP, at=AT)


def test_the_database_keeps_one_draft_and_one_rule_in_each_place(cast: Cast) -> None:
    draft = routing_rules.draft(by=SET_UP, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoutingVersion.objects.create(number=9, catch_all=cast.marketing, drafted_at=AT)
    pool = pool_of(cast, cast.ivo)
    RoutingRule.objects.create(version=draft, position=1, name="x", pool=pool)
    RoutingRule.objects.create(version=draft, position=1, name="y", pool=pool)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.check_constraints()
    RoutingRule.objects.filter(name="y").update(position=2)


def test_whoever_comes_into_a_pool_begins_the_round_anew(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    rules_in_force(("", pool))
    for nth in range(3):
        ready(cast, nth)
    routing_pools.seat(pool, user=cast.mina, terms=Seat(), by=SET_UP, at=AT)
    assert set(pool.members.values_list("current", flat=True)) == {0}
    assert [ready(cast, nth).owner for nth in range(3, 7)] == [cast.ivo, cast.mina] * 2


def test_a_simulation_of_the_rules_in_force_repeats_what_happened_and_writes_nothing(cast: Cast) -> None:
    jun = hired("jun", "전", "준", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    fair, rest = (
        pool_of(cast, jun, name="Fair", jun=Seat(n_day_cap=2)),
        pool_of(cast, cast.ivo, jun, name="Rest", ivo=Seat(weight=2), method=Method.WEIGHTED),
    )
    version = rules_in_force(('source:is("trade show")', fair), ("origin:is(inbound)", rest))
    owned = company(cast, owner=cast.ivo)
    leads.capture(Arrival(team=cast.inside_sales, owner=jun, account=owned), by=By(jun, Door.WEB), at=AT - timedelta(days=1), stage=stages.WORKING)
    came = [
        ready(cast, nth, at=AT + timedelta(minutes=nth), source="trade show" if nth % 3 == 0 else "webinar", account=owned if nth == 5 else None)
        for nth in range(12)
    ]
    before = contents()
    simulation = routing_simulation.simulate(version, at=AT + timedelta(days=1))
    assert contents() == before
    assert [row.lead for row in simulation.rows] == came[::-1]
    assert simulation.n_other == 0, [(row.lead.pk, row.owner, row.actual) for row in simulation.rows if row.is_other]
    assert sum(simulation.by_step.values()) == 12
    assert simulation.by_step[Step.SAME_COMPANY] == 1
    assert sum(n for _person, n, _then in simulation.by_person()) == 12


def test_a_simulation_of_a_draft_says_who_would_have_had_them(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    for nth in range(4):
        ready(cast, nth)
    draft = routing_rules.draft(by=SET_UP, at=AT)
    rule = draft.rules.get()
    routing_rules.change(rule, name=rule.name, condition="source:is(webinar)", pool=pool_of(cast, cast.mina, name="Other"), by=SET_UP, at=AT)
    simulation = routing_simulation.simulate(draft, at=AT)
    assert simulation.n_other == 4
    assert simulation.by_person() == [(cast.mina, 0, 4), (cast.ivo, 4, 0)]
    assert simulation.by_rule == {rule.pk: 4}


def test_a_simulation_asks_as_often_for_twelve_leads_as_for_two(cast: Cast) -> None:
    version = rules_in_force(("source:is(fair)", pool_of(cast, cast.ivo)), ("", pool_of(cast, cast.ivo, name="Rest")))
    ready(cast, 1)
    ready(cast, 2)
    with CaptureQueriesContext(connection) as few:
        routing_simulation.simulate(version, at=AT)
    for nth in range(3, 13):
        ready(cast, nth, account=company(cast, f"C{nth}"))
    with CaptureQueriesContext(connection) as many:
        routing_simulation.simulate(version, at=AT)
    assert len(many) == len(few)


def test_no_lead_at_all_is_simulated_too(cast: Cast) -> None:
    assert routing_simulation.simulate(rules_in_force(("", pool_of(cast, cast.ivo))), at=AT).rows == []
