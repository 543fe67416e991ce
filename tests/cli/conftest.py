"""The command line as a program: real processes, each installation in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasuki.core import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]


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
            command, cwd=ROOT, env={**self.environment, **environment}, input=answer, capture_output=True, text=True, timeout=120, check=False
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


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Nothing is there yet."""
    folder = made()
    yield Installation(folder)
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def demo_installation() -> Iterator[Installation]:
    """A small demo company, which the tests of a module share and leave as it is."""
    folder = made()
    shared = Installation(folder)
    done = shared.tasuki("demo", "--no-serve", "--leads", "300", "--until", "2026-03-20")
    assert done.returncode == 0, done.stderr
    yield shared
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
