"""What the supervisor and the web process do by themselves."""

from __future__ import annotations

import multiprocessing.sharedctypes
import os
import signal
import sys
import time

import pytest

from tasuki.cli import processes


class _Renewed(Exception):
    """Ends the watching, which has no end."""


def test_those_that_served_pages_are_renewed_once_nobody_has_asked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(processes, "_IDLE_SECONDS", 0.1)
    told: list[tuple[int, int, float]] = []

    def kill(pid: int, number: int) -> None:
        told.append((pid, number, time.monotonic()))
        raise _Renewed

    monkeypatch.setattr(os, "kill", kill)
    last = time.monotonic() + 0.05
    with pytest.raises(_Renewed):
        processes._renew_when_idle(multiprocessing.sharedctypes.RawValue("d", last))
    ((pid, number, at),) = told
    assert (pid, number) == (os.getpid(), signal.SIGHUP)
    assert at > last + 0.1


@pytest.mark.parametrize(("leaving", "status"), [(None, 0), (0, 0), (3, 3), ("It is said why.", 1)])
def test_a_child_ends_with_the_status_that_it_leaves_with(leaving: str | int | None, status: int) -> None:
    child = processes.Process(lambda: sys.exit(leaving))
    assert child.wait(until=time.monotonic() + 60)
    assert child.status == status


def test_a_child_that_fails_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("There is no sash.")

    child = processes.Process(fail)
    assert child.wait(until=time.monotonic() + 60)
    assert child.status == 1
    assert "ValueError: There is no sash." in capfd.readouterr().err


def test_a_child_that_does_not_end_in_time_can_be_ended() -> None:
    child = processes.Process(lambda: time.sleep(600))
    assert not child.wait(until=time.monotonic() + 0.05)
    child.send(signal.SIGKILL)
    assert child.wait(until=time.monotonic() + 60)
    assert child.status == -signal.SIGKILL
    child.send(signal.SIGTERM)  # nothing is there to hear it
