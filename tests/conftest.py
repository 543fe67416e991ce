"""What all tests stand on: a real PostgreSQL of their own, loopback only, and a real browser where a page is looked at."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Before Django reads its settings: a home for the tests, and its server running in it."""
    os.environ.setdefault("TASUKI_HOME", str(ROOT / ".tasuki" / "tests"))
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own loop in the thread of the test
    if "DATABASE_URL" not in os.environ:
        from tasuki.core import embedded_postgres, home

        embedded_postgres.ensure_running(home.path())


@pytest.fixture
def cast(db: None) -> Any:
    """Ada, Ruth, Mina, Ivo, Saori, Chika and Tomas, with their teams: see tests/cast.py."""
    from tests.cast import assemble

    return assemble()


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails at once and says where it wanted to go."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"A test wanted to connect to {address}; only loopback is allowed.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. Its absence is a failure: a page nobody opened is not tested."""
    for name in ("chromium", "google-chrome", "chromium-browser"):
        if path := shutil.which(name):
            return path
    pytest.fail("The browser tests need Chromium: run bin/setup-tests (as root on Debian), or install it.")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic", "--disable-gpu"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=[*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])])
        yield running
        running.close()
