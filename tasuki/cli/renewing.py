"""A worker that has grown by large work leaves once it has little to do, and the supervisor puts a fresh one in its place: what Python keeps of that
work, and PostgreSQL for its connections, goes with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

# What it leaves with, so that the supervisor knows: the number by which programs say that one may try again (EX_TEMPFAIL).
RENEWED = 75
# It has little to do when it took less than this share of a core for so long.
_IDLE_SECONDS, _IDLE_SHARE = 180.0, 0.05
_GROWN_MB = 24.0
_STATUS = Path("/proc/self/status")


class Stoppable(Protocol):
    """What is asked of procrastinate's worker: to begin no other job, and to end when those that run have ended."""

    def stop(self) -> None: ...


class Renewal:
    """When the worker that it is made in is to leave. It looks as a job ends, so that it never leaves in the middle of one."""

    def __init__(self) -> None:
        self.is_leaving = False
        self._n_running = 0
        self._began_with = _own_mb()
        self._looked, self._worked = time.monotonic(), time.process_time()

    async def around(self, do: Callable[[], Awaitable[Any]], _context: object, worker: Stoppable) -> Any:
        """Called for each job, on the worker's loop. One that it claimed in the very moment is done before it leaves."""
        self._n_running += 1
        try:
            return await do()
        finally:
            self._n_running -= 1
            if not self._n_running and not self.is_leaving and self._is_due():
                self.is_leaving = True
                worker.stop()

    def hear(self, number: int, _frame: object) -> None:
        """The signal to stop, before the worker hears it itself and after: whoever is leaving goes on to, and writes down what has ended."""
        if not self.is_leaving:
            sys.exit(128 + number)

    def _is_due(self) -> bool:
        now, worked = time.monotonic(), time.process_time()
        if now - self._looked < _IDLE_SECONDS:
            return False
        share = (worked - self._worked) / (now - self._looked)
        self._looked, self._worked = now, worked
        return share < _IDLE_SHARE and _own_mb() > self._began_with + _GROWN_MB


def _own_mb() -> float:
    """Memory that is in no file, in RAM or swapped out. What it was divided with counts from the start, so that writing onto it is no growth."""
    lines = (line.split() for line in _STATUS.read_text(encoding="ascii").splitlines())
    return sum(int(words[1]) for words in lines if words[0] in ("RssAnon:", "VmSwap:")) / 1024
