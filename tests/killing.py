"""Workers that are killed at their work, again and again: two at a time, each a fork of the test, which has everything loaded already.

A worker has a fuse. After so many statements to the database it dies: one half of them at that very place, by its own hand, before the next
statement; the other half within the moments that follow, from outside, in the middle of a statement or of a commit. The fuses are spread over
all places there are, and what it had done when it died stands in memory that the test shares.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import random
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections

N_KILLS = 200
AT_ONCE = 2
# Nobody is waited for longer.
_PATIENCE = 60
_FUSE, _WRITES = b"!", ("INSERT", "UPDATE", "DELETE")


class Worker:
    """A process of its own that does one step after the other, until `step` finds none to do or the worker is killed."""

    def __init__(self, step: Callable[[], bool], *, fuse: int, by_itself: bool) -> None:
        self.by_itself = by_itself
        self._n_written = mmap.mmap(-1, 1)
        self.says, writes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(step, fuse=fuse, writes=writes)
        os.close(writes)

    @property
    def was_in_the_middle(self) -> bool:
        """Whether it died after the first thing that its step wrote, and before the end of it."""
        return self._n_written[0] > 0

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def bury(self) -> bool:
        """Whether it was killed."""
        os.close(self.says)
        return os.WIFSIGNALED(os.waitpid(self.pid, 0)[1])

    def _live(self, step: Callable[[], bool], *, fuse: int, writes: int) -> None:
        left = fuse

        def burn(execute: Callable[..., Any], sql: str, *given: Any) -> Any:
            nonlocal left
            if left == 0:
                os.write(writes, _FUSE)
                if self.by_itself:
                    os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            answer = execute(sql, *given)
            if sql.lstrip().startswith(_WRITES):
                self._n_written[0] = min(self._n_written[0] + 1, 255)
            return answer

        try:
            # The server's end of the parent's connection must not hear of this child.
            connections["default"].connection = None
            random.seed(os.getpid())
            with connections["default"].execute_wrapper(burn):
                while step():
                    self._n_written[0] = 0
                    if left < 0:  # It dies before the next one, however long that takes a busy machine.
                        signal.pause()
        except BaseException:  # noqa: BLE001 - whatever it is, the test says it
            os.write(writes, traceback.format_exc().encode()[-4_000:])
        finally:
            os._exit(0)


def kill_again_and_again(
    step: Callable[[], bool], *, within: int, seed: int, seen: Callable[[], object] = lambda: None, n: int = N_KILLS, moments: float = 0.002
) -> int:
    """Let two workers do `step` at once, and kill one of them `n` times, each time within so many statements of its life; after each death
    somebody has `seen` what is there. → how many had begun to write and were not at the end.

    `moments`: seconds after the fuse in which a worker is killed from outside.
    """
    chance, n_in_the_middle = random.Random(seed), 0
    fuses = [nth * within // n for nth in range(n + AT_ONCE)]
    chance.shuffle(fuses)
    with _frozen():
        alive: dict[int, Worker] = {}

        def begin() -> None:
            worker = Worker(step, fuse=fuses.pop(), by_itself=len(fuses) % 2 == 0)
            alive[worker.says] = worker

        try:
            for _nth in range(AT_ONCE):
                begin()
            for _nth in range(n):
                worker = alive[_first_to_speak(alive)]
                if not worker.by_itself:
                    time.sleep(chance.uniform(0, moments))
                    worker.kill()
                del alive[worker.says]
                assert worker.bury()
                n_in_the_middle += worker.was_in_the_middle
                seen()
                begin()
        finally:
            for worker in alive.values():
                worker.kill()
                worker.bury()
    return n_in_the_middle


def _first_to_speak(alive: dict[int, Worker]) -> int:
    spoken, _, _ = select.select(list(alive), [], [], _PATIENCE)
    assert spoken, "no worker does anything"
    word = os.read(spoken[0], 4_096)
    assert word, "a worker was done before it was killed: there was not enough to do"
    assert word == _FUSE, word.decode()
    return int(spoken[0])


@contextlib.contextmanager
def _frozen() -> Iterator[None]:
    """What is there already is not looked through by every child's collector, which would copy it page by page."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
