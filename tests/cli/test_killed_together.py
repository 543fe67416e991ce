"""Power fails while an import that somebody started on a page is running: web, worker and database die in the same moment."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import secrets
import signal
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tasuki.core import embedded_postgres
from tasuki.core.imports.parsing import CHUNK
from tests.cli.conftest import Installation, copied, removed_at_the_end
from tests.cli.test_up import children, eventually, listens, serving

pytestmark = [pytest.mark.slow, pytest.mark.long]

ROWS = 60_000
MAPPING = """
options: {stage: ready}
columns: {reference: id, opened_at: day, source: source, full_name: name, email: mail, account: company}
"""
LINES = "id,day,source,name,mail,company\n" + "".join(
    f"L{n},2025-01-{n % 28 + 1:02},web,Person {n} Roe,p{n}@firm{n % 900}.example,Firm {n % 900}\n" for n in range(ROWS)
)


class Visitor:
    """Somebody with a browser that keeps cookies and sends back the token of the form before."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open

    def get(self, path: str) -> str:
        return str(self._open(self._site + path, timeout=60).read().decode())

    def post(self, path: str, said: Mapping[str, str], *, file: tuple[str, str] | None = None) -> str:
        """Where the form leads."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token
        boundary = secrets.token_hex(16)
        parts = [(f'name="{name}"', value) for name, value in {**said, "csrfmiddlewaretoken": token[1]}.items()]
        parts += [(f'name="file"; filename="{file[0]}"', file[1])] if file else []
        body = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n\r\n{value}\r\n" for named, value in parts) + f"--{boundary}--\r\n"
        head = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Referer": self._site}
        request = urllib.request.Request(self._site + path, body.encode(), head)  # noqa: S310 - the site is this test's own
        return urllib.parse.urlsplit(self._open(request, timeout=60).url).path


def signed_in(port: int) -> Visitor:
    visitor = Visitor(f"http://127.0.0.1:{port}")
    assert visitor.post("/sign-in/", {"login": "admin@haneul.example", "password": "the sash goes on"}) != "/sign-in/"
    return visitor


def kill(numbers: list[int]) -> None:
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def postmaster(installation: Installation) -> int:
    data = Path(embedded_postgres.ensure_running(installation.home).data)
    return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])


@pytest.fixture
def company(demo: Installation) -> Iterator[Installation]:
    with removed_at_the_end(copied(demo)) as one:
        yield one


def test_an_import_goes_on_by_itself_and_no_row_is_lost_or_twice(company: Installation, port: int) -> None:
    def asked(question: str) -> tuple[Any, ...]:
        with psycopg.connect(embedded_postgres.ensure_running(company.home).url) as connection:
            row = connection.execute(question).fetchone()  # type: ignore[arg-type]  # a literal of this file
        return row or ()

    # A worker that runs also wakes whoever was recycled until today, as a new pass after another.
    begun = "SELECT count(*) FROM crm_lead WHERE previous_id IS NULL"
    (before,) = asked(begun)
    with serving(company, port) as running:
        page = signed_in(port).post("/imports/new", {"noun": "leads", "mapping": MAPPING}, file=("many.csv", LINES))
        assert re.fullmatch(r"/imports/\d+", page)
        # Chunks are committed without waiting for the disk: the last two, written beside each other, may go with the server; the one before them
        # is on the disk by then.
        eventually(lambda: asked("SELECT n_applied FROM core_importrun") > (2 * CHUNK,), seconds=60)
        kill([*children(running.pid).values(), running.pid, postmaster(company)])
        running.wait(30)
    eventually(lambda: not listens(port))

    state, n_applied = asked("SELECT state, n_applied FROM core_importrun")
    assert (state, 0 < n_applied < ROWS) == ("running", True), "It was to be killed in the middle."
    assert asked("SELECT count(*) FROM crm_lead WHERE reference LIKE 'L%'") == (n_applied,)

    with serving(company, port):
        # The worker is known to be dead when it has said nothing for twenty seconds.
        eventually(lambda: asked("SELECT state FROM core_importrun") == ("done",), seconds=120)
        assert "many.csv" in signed_in(port).get(page)
    assert asked("SELECT n_rows, n_created, n_rejected FROM core_importrun") == (ROWS, ROWS, 0)
    assert asked("SELECT count(*), count(DISTINCT reference) FROM crm_lead WHERE reference LIKE 'L%'") == (ROWS, ROWS)
    assert asked(begun) == (ROWS + before,)
    assert asked("SELECT count(*) FROM crm_passage WHERE left_at IS NULL AND lead_id IN (SELECT id FROM crm_lead WHERE reference LIKE 'L%')") == (ROWS,)
    assert asked("SELECT count(*), count(DISTINCT row_no) FROM core_importrow") == (ROWS, ROWS)
    assert company.said("check")["ok"]
