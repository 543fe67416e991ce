"""The jobs of the invented company, which the set-up asks for by name: see crm/inventions.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.crm import inventions
from tasuki.crm.inventions import Invention, InventionState
from tasuki.demo import load

_AGAIN = RetryStrategy(max_attempts=3, exponential_wait=4, retry_exceptions={OperationalError, InterfaceError})


@jobs.task(name=inventions.LOAD, retry=_AGAIN)
def load_invention() -> None:
    close_old_connections()  # the attempt before may have lost its connection
    fill()


@jobs.task(name=inventions.LEAVE, retry=_AGAIN)
def leave_invention() -> None:
    close_old_connections()
    clear()


def fill() -> None:
    """Load it beside whoever is here. All or nothing: after a worker was killed, the next one begins anew. Raises HoldsRealData."""
    inventions.stand(InventionState.LOADING)
    with _or(InventionState.FAILED), _told() as tell:
        if not load.loaded():  # the attempt before may have been killed after its end
            load.load(n_leads=Invention.objects.get(pk=1).n_leads, until=timezone.now(), beside=True, progress=tell)
        inventions.stand(InventionState.LOADED)


def clear() -> None:
    """Take it away. What is left behind is an empty house with those in it who do not belong to the invented company."""
    if load.loaded():
        with _or(InventionState.LOADED):
            load.leave(at=timezone.now())


@contextmanager
def _or(otherwise: InventionState) -> Iterator[None]:
    """What is said when it does not come to its end; the error itself stays loud."""
    is_done = False
    try:
        yield
        is_done = True
    finally:
        if not is_done:
            inventions.stand(otherwise)


@contextmanager
def _told() -> Iterator[Callable[[int], None]]:
    """Says how many leads there are, over a connection of its own: what the load writes is seen by nobody before its end."""
    beside = connection.copy()

    def tell(n: int) -> None:
        with beside.cursor() as cursor:
            cursor.execute("UPDATE crm_invention SET n_done = %s", [n])

    try:
        yield tell
    finally:
        beside.close()
