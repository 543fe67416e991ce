"""Import N leads, then update the same N; and COPY the same rows bare in the same run: the ratio says what checks, history and search cost.

Usage: TASUKI_HOME=… python bench/imports.py [rows]. Writes into the database of that home; take a fresh one.
One row in the middle of the file has a quotation mark that is never closed: it alone must be rejected, or the bench fails.
Says rows per second, those of the first and the last tenth, the processor time of a row in Python and in the database (which other work on the
machine changes less than the clock), and the most memory that the importing process and the database's processes held together, without and
with the pages that PostgreSQL keeps for all of them: what they share is counted once (Linux only).
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tasuki.core import embedded_postgres, home

if TYPE_CHECKING:
    from tasuki.core.audit import By

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")

HEADER = "id,day,source,name,mail,company,segment"
COLUMNS = "{reference: id, opened_at: day, source: source, full_name: name, email: mail, account: company, segment: segment}"


def main(n: int) -> None:
    server = embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from tasuki.core import people, teams
    from tasuki.core.audit import By, Door
    from tasuki.core.teams import Department

    call_command("migrate", verbosity=0)
    at, command = timezone.now(), By(None, Door.COMMAND)
    team = teams.add("Marketing", department=Department.MARKETING, by=command, at=at)
    somebody = people.hire(f"mina{time.time_ns()}@tasuki.example", family_name="Min", given_name="Ara", team=team, by=command, at=at)
    bare = _bare(n)
    print(f"bare COPY of {n:,} rows: {n / bare:,.0f} rows/s")
    for policy, segment in (("skip", "small"), ("update", "large")):
        _import(n, policy=policy, segment=segment, by=By(somebody, Door.COMMAND), bare=bare, data=Path(server.data))


def _rows(n: int, *, segment: str) -> Iterator[str]:
    for i in range(n):
        if i == n // 2:
            yield f'B{i},2025-01-01,"source,Person {i} Roe\n'
            continue
        day = f"2025-{i % 12 + 1:02}-{i % 28 + 1:02}"
        yield f"B{i},{day},source {i % 9},Person {i} Roe,p{i}@firm{i % 5000}.example,Firm {i % 5000} Ltd.,{segment} {i % 4}\n"


def _bare(n: int) -> float:
    """Seconds for the rows alone, into a table without anything."""
    from django.db import connection

    rows = "".join(row for row in _rows(n, segment="small") if '"' not in row)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (id text PRIMARY KEY, day date, source text, name text, mail text, company text, segment text)")
        started = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as copy:
            copy.write(rows)
        took = time.perf_counter() - started
        cursor.execute("DROP TABLE bare")
    return took


def _import(n: int, *, policy: str, segment: str, by: By, bare: float, data: Path) -> None:
    from django.utils import timezone

    from tasuki.core.imports import mapping, running

    read = mapping.read(f"noun: leads\non_duplicate: {policy}\ncolumns: {COLUMNS}")
    file = io.BytesIO(f"{HEADER}\n{''.join(_rows(n, segment=segment))}".encode())
    database = _Database(data)
    with _most_memory(data) as most:
        started = _mark(0, database)
        run = running.start(file, name="bench.csv", mapping=read, by=by, at=timezone.now())
        file.close()
        marks = [_mark(0, database)]
        run = running.run(run, at=timezone.now(), progress=lambda now: marks.append(_mark(now.n_applied, database)))
        ended = _mark(n, database)
    took = ended.at - started.at
    if run.n_created + run.n_updated != n - 1 or run.n_rejected != 1:
        raise SystemExit(f"Of {n:,} rows one is bad, and {run.n_rejected:,} were rejected: {run.failure}")
    print(
        f"{policy}: {run.n_created:,} created, {run.n_updated:,} updated in {took:.1f} s = {n / took:,.0f} rows/s; ratio to the bare COPY 1:{took / bare:.0f}"
    )
    print(f"{policy}: first tenth {_tenth(marks)}; last tenth {_tenth(marks[::-1])}")
    print(f"{policy}: at most {most.own:.0f} MB of all processes' own, and {most.pages:.0f} MB of pages that PostgreSQL keeps")
    print(f"{policy}: all of it {_cost(started, ended)}")


class _Mark(NamedTuple):
    """How far a run is, and what it took until here: seconds of the clock, of Python and of the database's processes."""

    n: int
    at: float
    python: float
    database: float


def _mark(n: int, database: _Database) -> _Mark:
    return _Mark(n, time.perf_counter(), time.process_time(), database.seconds())


class _Database:
    """All processes of PostgreSQL: those of connections, and those that write the log and the pages. One that ended counts as it was last seen."""

    def __init__(self, data: Path) -> None:
        self._postmaster, self._seen = _postmaster(data), dict[str, int]()

    def seconds(self) -> float:
        for pid in _children(self._postmaster):
            with suppress(OSError):  # it ended meanwhile
                self._seen[pid] = int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])
        return sum(self._seen.values()) / 1e9


def _tenth(marks: list[_Mark]) -> str:
    """Of a tenth of the run, from its first mark on."""
    first, n_all = marks[0], max(mark.n for mark in marks)
    other = next((mark for mark in marks if abs(mark.n - first.n) >= 0.1 * n_all), marks[-1])
    rows = abs(other.n - first.n) / max(abs(other.at - first.at), 1e-9)
    return f"{rows:,.0f} rows/s ({_cost(first, other)})"


def _cost(one: _Mark, other: _Mark) -> str:
    n = max(abs(other.n - one.n), 1)
    python, database = abs(other.python - one.python) / n * 1e6, abs(other.database - one.database) / n * 1e6
    return f"{python:.0f} µs of Python and {database:.0f} µs of the database a row"


@dataclass
class _Most:
    """MB: the own memory of all processes, and the pages that PostgreSQL keeps for them."""

    own: float = 0.0
    pages: float = 0.0


@contextmanager
def _most_memory(data: Path) -> Iterator[_Most]:
    """The most memory of this process and of the database's, looked at each second."""
    postmaster, most, over = _postmaster(data), _Most(), threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            held = [_held(pid) for pid in (str(os.getpid()), postmaster, *_children(postmaster))]
            most.pages = max(most.pages, sum(pages for _all, pages in held))
            most.own = max(most.own, sum(whole - pages for whole, pages in held))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()


def _postmaster(data: Path) -> str:
    return (data / "postmaster.pid").read_text(encoding="ascii").split()[0]


def _children(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _held(pid: str) -> tuple[float, float]:
    """MB of one process, and of them what lies in shared memory; what several share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:  # it ended meanwhile
        return 0.0, 0.0
    said = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines}
    return said.get("Pss:", 0.0), said.get("Pss_Shmem:", 0.0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
