"""The bus: a verb says what happened, and layers above it listen without being imported.

Listeners are called at once, within the transaction of the verb: what happened and what follows from it are both written, or neither.
So no happening is lost or heard twice, whatever is killed when. A listener that raises stops the verb; let none do slow work: it defers a job.
Bulk doors (imports) write by COPY and say nothing here of single records: whoever listens also looks on a schedule for what came that way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

Event = TypeVar("Event")

_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(event: type[Event], listener: Callable[[Event], None]) -> None:
    """Call `listener` with every event of this very type. Listening twice is once."""
    if listener not in _listeners[event]:
        _listeners[event].append(listener)


def say(event: object) -> None:
    """Tell all who listen. Raises RuntimeError outside a transaction, and whatever a listener raises."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is said by a verb, within its transaction")
    for listener in _listeners[type(event)]:
        listener(event)
