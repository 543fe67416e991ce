"""The command line as a program: real processes, each installation in a home of its own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasuki.core import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


@dataclass
class Installation:
    """A home, and what is said to it."""

    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "PORT", "LANG", "LC_ALL", "DJANGO_SETTINGS_MODULE"}}
        return {**kept, "TASUKI_HOME": str(self.home), **self.extra}

    def tasuki(self, *arguments: str, answer: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tasuki.cli", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env={**self.environment, **environment}, input=answer, capture_output=True, text=True, timeout=600, check=False
        )

    def said(self, *arguments: str) -> Any:
        """What a command that must succeed answers in JSON."""
        done = self.tasuki(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def log(self) -> Path:
        return self.home / "up.log"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """What it says goes to a file: nobody would empty a pipe."""
        with self.log.open("wb") as log:
            return subprocess.Popen([sys.executable, "-m", "tasuki.cli", *arguments], cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def is_running(self) -> bool:
        return embedded_postgres.is_running(self.home)


def made() -> Path:
    """A folder that the one who runs the server may enter; pytest keeps its own folders to their owner."""
    folder = Path(tempfile.mkdtemp(prefix="tasuki-cli-"))
    folder.chmod(0o755)
    return folder


@contextmanager
def removed_at_the_end(folder: Path) -> Iterator[Installation]:
    yield Installation(folder)
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


def copied(installation: Installation) -> Path:
    """As it is, with who owns what: the server may run as somebody else."""
    assert not installation.is_running()
    folder = made()
    subprocess.run(["cp", "-a", f"{installation.home}/.", str(folder)], check=True)
    return folder


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Nothing is there yet."""
    with removed_at_the_end(made()) as empty:
        yield empty


@contextmanager
def made_once(name: str, *arguments: str) -> Iterator[Installation]:
    """What the command makes of an empty home. The processes of a run share it: the first one makes it, the last to leave removes it."""
    kept = Path(tempfile.gettempdir()) / f"tasuki-cli-{RUN}-{name}"
    with kept.with_suffix(".turn").open("w", encoding="ascii") as turn, kept.with_suffix(".users").open("w", encoding="ascii") as users:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not kept.exists():
            with removed_at_the_end(made()) as first:
                done = first.tasuki(*arguments)
                assert done.returncode == 0, done.stderr
                copied(first).rename(kept)
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield Installation(kept)
        fcntl.flock(turn, fcntl.LOCK_EX)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(kept)
            for lock in (turn, users):
                Path(lock.name).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def migrated() -> Iterator[Installation]:
    with made_once("migrated", "migrate") as shared:
        yield shared


@pytest.fixture
def prepared(migrated: Installation) -> Iterator[Installation]:
    """The tables are there, and nothing is in them."""
    with removed_at_the_end(copied(migrated)) as one:
        yield one


@pytest.fixture(scope="session")
def demo() -> Iterator[Installation]:
    with made_once("demo", "demo", "--no-serve", "--leads", "300", "--until", "2026-03-20") as shared:
        yield shared


@pytest.fixture(scope="module")
def demo_installation(demo: Installation) -> Iterator[Installation]:
    """A small demo company, which the tests of a module share and leave as it is."""
    with removed_at_the_end(copied(demo)) as shared:
        yield shared


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()
