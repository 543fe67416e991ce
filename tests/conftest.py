"""What all tests stand on: a real PostgreSQL, the cast, loopback only, and a real browser where a page is looked at."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import database

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

# Which files begin before others, by the markers of their tests.
LENGTHS = {"long": 2, "slow": 1, "browser": 1}
# The one without a window of its own is the same browser otherwise: a page costs it half of the time, and a test a quarter of what it takes to begin.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")

# What a test proves does not depend on how busy the machine is.
hypothesis.settings.register_profile("tasuki", deadline=None)
hypothesis.settings.load_profile("tasuki")


def pytest_configure() -> None:
    """The settings ask where the server is, so it starts before they are read; pytest-django then finds them read and sets Django up."""
    # Where Python is asked to keep nothing that it compiled, each of the hundreds of processes of a run would compile everything again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    database.start()
    from django.conf import settings

    assert settings.DATABASES
    # What a password costs to guess is not what the tests are about, and they would pay for it hundreds of times.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure() -> None:
    database.leave()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first and the short ones fill what is left, so that no process is alone with much to do at the end."""
    longest: dict[Path, int] = {}
    for item in items:
        longest[item.path] = max([longest.get(item.path, 0), *(LENGTHS.get(marker.name, 0) for marker in item.iter_markers())])
    items.sort(key=lambda item: -longest[item.path])


def pytest_collection_finish() -> None:
    """What was read by now stays: the collector would walk through it again and again, a twentieth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    from django.db import connections

    database.prepare(connections["default"].settings_dict)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """After a test that committed, the next one gets a new copy of the database."""
    from django.db import connections

    try:
        # A complaint of the browser fails the test here; the next test needs its stages all the same.
        yield
    finally:
        marker = item.get_closest_marker("django_db")
        committed = bool(marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        settings = connections["default"].settings_dict
        # After the last test of all, Django has left its copy already, and a test that was skipped may have come before it: there is nothing to renew.
        if committed and database.is_copy(settings):
            connections.close_all()
            database.renew(settings)


@pytest.fixture(scope="session", autouse=True)
def not_emptied() -> Iterator[None]:
    """After a test that committed, Django would empty every table, those too that the migrations filled; a new copy takes its place anyway.
    After the last one it would wait for whoever is still connected: a server that a test has killed may be."""
    from django.db.backends.postgresql.creation import DatabaseCreation
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: None)
        patch.setattr(DatabaseCreation, "_destroy_test_db", lambda creation, name, _verbosity: database.drop(creation.connection.settings_dict, name=name))
        yield


@pytest.fixture(scope="session", autouse=True)
def assets_found_once() -> Iterator[None]:
    """Each client of a test is an installation of its own that would read the folders of static files anew."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    found: dict[str, Any] = {}
    find = WhiteNoiseMiddleware.add_files_from_finders

    def once(middleware: Any) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def signed_in_at_once() -> Iterator[None]:
    """`force_login` asks the database fourteen times for what two statements leave behind. The door itself is tested in tests/web/test_sign_in.py."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import update_last_login
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.test.client import ClientMixin
    from django.utils import timezone
    from django.utils.crypto import get_random_string

    def sign_in(client: Any, user: Any, backend: str | None = None) -> None:
        update_last_login(type(user), user)
        key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")
        said = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()}
        until = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        Session.objects.create(session_key=key, session_data=SessionStore().encode(said), expire_date=until)
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        client.cookies[settings.SESSION_COOKIE_NAME]["path"] = "/"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientMixin, "_login", sign_in)
        yield


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A request leaves the language of its reader behind in the thread; every test begins in English."""
    from django.utils import translation

    translation.activate("en")
    yield
    translation.deactivate()


@pytest.fixture
def cast(db: None) -> Any:
    """Everybody, hired and in their teams: see tests/cast.py."""
    from tests.cast import assemble

    return assemble()


@pytest.fixture
def storage_of_its_own(settings: Any, tmp_path: Any) -> None:
    """For tests that look at which files are kept: the other processes of a run keep theirs meanwhile."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path, "base_url": None}},
    }


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """A test that reaches for the network fails at once and says where it wanted to go."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _looked_up_here(socket.getaddrinfo))
        yield


def _guarded(original: Any) -> Any:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        # The address comes last: connect(address), sendto(bytes, [flags,] address).
        if self.family != socket.AF_UNIX:
            _refuse_beyond_loopback(arguments[-1][0])
        return original(self, *arguments)

    return guarded


def _looked_up_here(original: Any) -> Any:
    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse_beyond_loopback(host)
        return original(host, *arguments, **options)

    return guarded


def _refuse_beyond_loopback(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "127.0.0.1")
    if name not in {"localhost", "::1"} and not name.startswith("127."):
        raise AssertionError(f"A test wanted to reach {name}; only loopback is allowed.")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. Its absence is a failure: a page nobody opened is not tested."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.fail("The browser tests need Chromium: run bin/setup-tests (as root on Debian), or install it.")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])])
        yield running
        running.close()


@pytest.fixture
def refusals() -> None:
    """For a test whose script sends a form that is refused (422): no script can keep Chromium from complaining of the answer."""


@pytest.fixture(scope="session")
def wait_for_answers() -> Iterator[Callable[[], object]]:
    """Waits until the live server has answered what a page asked it last: the database of a test is there until then."""
    from django.core.signals import request_finished, request_started

    asking = set[threading.Thread]()

    def began(**_what: Any) -> None:
        if (thread := threading.current_thread()) is not threading.main_thread():
            asking.add(thread)

    def ended(**_what: Any) -> None:
        asking.discard(threading.current_thread())

    def wait() -> None:
        """Where a page went away before its form was read, the server's thread ends, and Django says nothing of an answer."""
        deadline = time.monotonic() + 60
        while working := [thread for thread in list(asking) if thread.is_alive()]:
            if time.monotonic() > deadline:
                frames = sys._current_frames()
                stand = ["".join(traceback.format_stack(frames[thread.ident])) for thread in working if thread.ident in frames]
                asking.clear()
                pytest.fail("The server goes on after the page was closed:\n" + "\n".join(stand))
            time.sleep(0.005)
        asking.clear()

    request_started.connect(began)
    request_finished.connect(ended)
    yield wait
    request_started.disconnect(began)
    request_finished.disconnect(ended)


@pytest.fixture
def page(browser: Any, wait_for_answers: Callable[[], object], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of its own cookies. What goes wrong in its scripts, or is refused by the security policy, fails the test."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    wait_for_answers()
    if "refusals" in request.fixturenames:
        complaints = [complaint for complaint in complaints if "status of 422" not in complaint]
    assert not complaints, f"The browser complained: {complaints}"
