"""Two who wake at once, and a worker that is killed in the middle: nothing is woken twice, nothing is lost."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Count

from tasuki.crm import leads
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.wake_rules import WakeRule
from tasuki.inside_sales import waking
from tasuki.inside_sales.holdings import Holding
from tests.cast import MONDAY, SET_UP, Cast, assemble
from tests.killing import N_KILLS, kill_again_and_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MORNING = datetime(2026, 6, 1, 3, tzinfo=UTC)
N = 100
# More than two for each of those that are killed from outside: where the machine is busy, the step is done before the kill comes.
N_WITH_KILLS = 240


@pytest.fixture
def town(transactional_db: None) -> Cast:
    return assemble()


def recycled(town: Cast, n: int) -> None:
    reason = ExitReason.objects.get(key="no_budget")
    for _nth in range(n):
        lead = leads.capture(leads.Arrival(team=town.inside_sales, owner=town.ivo), by=SET_UP, at=MONDAY)
        leads.recycle(lead, because=reason, rule=WakeRule(on=date(2026, 6, 1)), by=SET_UP, at=MONDAY + timedelta(hours=1))


def woken() -> tuple[int, int]:
    """How many passes were opened, and how many of those that waited have more or less than one."""
    opened = Lead.objects.filter(previous__isnull=False).count()
    wrong = Lead.objects.filter(ended_as="recycled").annotate(n=Count("next")).exclude(n=1).count()
    return opened, wrong


def test_two_workers_and_a_trigger_pass_each_other_by(town: Cast) -> None:
    recycled(town, N)
    dealt: list[int] = []

    def work() -> None:
        while done := waking.wake_due(at=MORNING, most=3):
            dealt.append(done)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waking.wake_all(at=MORNING)
    assert sum(dealt) == N
    assert woken() == (N, 0)


def nobody_is_lost_or_there_twice() -> None:
    with connection.cursor() as cursor:
        # In one look: the server may still be taking in what the dead worker said last.
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'waiting'), (SELECT count(*) FROM crm_lead WHERE previous_id IS NOT NULL) FROM inside_sales_holding"
        )
        n_waiting, n_opened = cursor.fetchone()
    assert n_opened == N_WITH_KILLS - n_waiting, "a row is woken exactly when its next pass is open"


def test_a_worker_killed_at_any_moment_wakes_nobody_twice_and_loses_nobody(town: Cast) -> None:
    recycled(town, N_WITH_KILLS)
    waking.wake_due(at=MORNING, most=2)
    n_in_the_middle = kill_again_and_again(lambda: waking.wake_due(at=MORNING, most=2) > 0, within=42, seed=7, seen=nobody_is_lost_or_there_twice)
    assert n_in_the_middle > N_KILLS // 2, "no worker was killed at its work: the test proves nothing"
    assert Holding.objects.waiting().exists(), "they were done before they were killed"
    waking.wake_all(at=MORNING)
    assert woken() == (N_WITH_KILLS, 0)
    assert not Holding.objects.waiting().exists()
