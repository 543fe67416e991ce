"""Two at once: no lead is given out twice or to nobody, no cap is passed, no promise is broken twice. Real threads, real connections."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.crm.ownership import Ownership
from tasuki.inside_sales import routing
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import Seat
from tasuki.relay import breaches
from tasuki.relay.clocks import Clock, ClockEvent, Turn
from tests.cast import SET_UP, Cast, assemble, hired
from tests.inside_sales.office import AT, office_in_seoul, pool_of, ready, rules_in_force

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*doings: Callable[[], object]) -> None:
    """All begin together; what one of them raises is raised here."""
    raised: list[BaseException] = []
    begin = threading.Barrier(len(doings))

    def run(doing: Callable[[], object]) -> None:
        try:
            begin.wait(timeout=10)
            doing()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(doing,)) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if raised:
        raise raised[0]


@pytest.fixture
def office() -> Cast:
    cast = assemble()
    office_in_seoul()
    return cast


def test_leads_that_arrive_at_once_go_round_as_one_after_the_other(office: Cast) -> None:
    jun = hired("jun", "전", "준", team=office.inside_sales)
    rules_in_force(("", pool_of(office, office.ivo, jun, method=Method.WEIGHTED, ivo=Seat(weight=3), jun=Seat(weight=1))))
    at_once(*(lambda start=start: [ready(office, start * 10 + nth) for nth in range(6)] for start in range(2)))  # type: ignore[misc]  # each its own start
    assert Counter(Lead.objects.values_list("owner", flat=True)) == {office.ivo.pk: 9, jun.pk: 3}


def test_a_cap_holds_whoever_comes_at_once(office: Cast) -> None:
    rules_in_force(("", pool_of(office, office.ivo, ivo=Seat(n_day_cap=5))))
    at_once(*(lambda start=start: [ready(office, start * 10 + nth) for nth in range(4)] for start in range(2)))  # type: ignore[misc]  # each its own start
    assert Lead.objects.filter(owner=office.ivo).count() == 5
    assert Lead.objects.filter(owner=None, team=office.inside_sales).count() == 3, "and none is lost"


def test_two_sweeps_at_once_give_each_lead_out_once(office: Cast) -> None:
    rules_in_force(("", pool_of(office, office.ivo)))
    for nth in range(8):
        ready(office, nth, at=AT.replace(hour=3))
    before = RoutingDecision.objects.count()
    at_once(*[lambda: routing.sweep(at=AT)] * 3)
    routing.sweep(at=AT)
    assert RoutingDecision.objects.count() == before + 8
    assert Lead.objects.filter(owner=office.ivo).count() == 8
    assert Ownership.objects.filter(owner=office.ivo, until_at=None).count() == 8


def test_a_promise_is_broken_once_however_many_look_for_it(office: Cast) -> None:
    people = [office.ivo, *(hired(f"p{nth}", "김", f"{nth}", team=office.inside_sales) for nth in range(5))]
    rules_in_force(("", pool_of(office, *people)))
    for nth in range(6):
        ready(office, nth)
    later = AT + timedelta(minutes=5)
    at_once(*[lambda: breaches.find(at=later)] * 3)
    breaches.find(at=later)
    assert ClockEvent.objects.filter(turn=Turn.BREACHED).count() == 6
    assert RoutingDecision.objects.filter(cause=Cause.BREACH).count() == 6
    assert Clock.objects.running().count() == 6


def test_whoever_takes_a_lead_while_a_sweep_looks_at_it_keeps_it(office: Cast) -> None:
    rules_in_force(("", pool_of(office, office.ivo)))
    taken = [ready(office, nth, at=AT.replace(hour=3)) for nth in range(6)]

    def take() -> None:
        for lead in taken:
            leads.give(lead, to=office.mina, team=office.marketing, by=SET_UP, at=AT)

    at_once(take, lambda: routing.sweep(at=AT))
    assert set(Lead.objects.values_list("owner", flat=True)) == {office.mina.pk}
    assert routing.sweep(at=AT) == 0
