"""Python's collector of circles walks through all rows in memory again and again while ten thousand of them are made; a run lets it rest.

Rows refer to each other in no circle and go without it. What else makes some is collected every so many chunks.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Chunks between two collections.
_EVERY = 20

_lock = threading.Lock()
_resting: list[object] = []


@contextmanager
def resting() -> Iterator[None]:
    """No collection of its own accord meanwhile. Several may ask for it at once; it is taken up again behind the last."""
    me = object()
    with _lock:
        _resting.append(me)
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _resting.remove(me)
            if not _resting:
                gc.enable()


def now_and_then(n_chunks: int) -> None:
    """Collect after each so many chunks."""
    if n_chunks % _EVERY == 0:
        gc.collect()
