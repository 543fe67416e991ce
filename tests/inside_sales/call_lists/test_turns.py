"""A list that is built while somebody raises a hand: whoever waits for whom, the lead is on it. Real threads, real connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead, Origin
from tests.cast import SET_UP, Cast, assemble
from tests.inside_sales.call_lists.shift import EVENING, built, lead, order_of

pytestmark = pytest.mark.django_db(transaction=True)

# Who waits for a turn.
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def raised(cast: Cast) -> Lead:
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, origin=Origin.INBOUND)
    return leads.capture(arrival, by=SET_UP, at=EVENING + timedelta(seconds=10), stage=stages.READY)


@contextmanager
def meanwhile(doing: Callable[[], object]) -> Iterator[None]:
    """Another connection does it, and has to wait for what this one is at; it is over when the block is left and this one has committed."""

    def run() -> None:
        doing()
        connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        yield
        other.start()
        wait_until_it_waits()
    other.join(timeout=30)
    assert not other.is_alive()


def wait_until_it_waits() -> None:
    until = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(_WAITING)
            if cursor.fetchone() == (1,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited")


def test_a_build_waits_for_who_is_just_raising_a_hand_and_plans_them() -> None:
    cast = assemble()
    planned = lead(cast)
    with meanwhile(lambda: built(cast.ivo)):
        one = raised(cast)
    (made,) = built(cast.ivo)
    assert order_of(made) == [(2, one.pk), (7, planned.pk)]
    assert not made.entries.filter(inserted_at__isnull=False).exists()


def test_who_raises_a_hand_as_a_list_is_built_waits_for_it_and_comes_on_top() -> None:
    cast = assemble()
    planned = lead(cast)
    with meanwhile(lambda: raised(cast)):
        (made,) = built(cast.ivo)
    assert order_of(made) == [(2, Lead.objects.latest("pk").pk), (7, planned.pk)]
    assert made.entries.get(bucket=2).inserted_at == EVENING + timedelta(seconds=10)
