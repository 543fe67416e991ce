"""The post office of the tests of mail, and the server of calendars: each runs once for all tests, and is emptied for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engage import calendar_server, post_office
from tests.engage.calendar_server import Radicale
from tests.engage.post_office import Dovecot, Exchange


@pytest.fixture(scope="session")
def running_dovecot() -> Iterator[Dovecot]:
    with post_office.dovecot() as running:
        yield running


@pytest.fixture
def dovecot(running_dovecot: Dovecot, settings: object) -> Iterator[Dovecot]:
    settings.MAIL_HOSTS = frozenset({"127.0.0.1", "localhost"})  # type: ignore[attr-defined]  # pytest-django's fixture
    yield running_dovecot
    running_dovecot.empty()


@pytest.fixture
def exchange(settings: object) -> Iterator[Exchange]:
    """A server for sending alone: what it takes, nobody reads."""
    settings.MAIL_HOSTS = frozenset({"127.0.0.1", "localhost"})  # type: ignore[attr-defined]  # pytest-django's fixture
    with post_office.exchange() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    from tests.web import postbox

    return postbox.certificate(tmp_path)


@pytest.fixture(scope="session")
def running_radicale() -> Iterator[Radicale]:
    with calendar_server.radicale() as running:
        yield running


@pytest.fixture
def radicale(running_radicale: Radicale, settings: object) -> Radicale:
    """A real server of calendars, which runs once for all tests and is empty before each."""
    settings.CALENDAR_HOSTS = frozenset({"127.0.0.1"})  # type: ignore[attr-defined]  # pytest-django's fixture
    running_radicale.empty()
    return running_radicale
