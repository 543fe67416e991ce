"""Import N leads, then update the same N; and COPY the same rows bare in the same run: the ratio says what checks, history and search cost.

Usage: TASUKI_HOME=… python bench/imports.py [rows]. Writes into the database of that home; take a fresh one.
Says rows per second, those of the first and the last tenth, and the most memory that the importing process and the database's
processes held together: what they share is counted once (Linux only).
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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
        day = f"2025-{i % 12 + 1:02}-{i % 28 + 1:02}"
        yield f"B{i},{day},source {i % 9},Person {i} Roe,p{i}@firm{i % 5000}.example,Firm {i % 5000} Ltd.,{segment} {i % 4}\n"


def _bare(n: int) -> float:
    """Seconds for the rows alone, into a table without anything."""
    from django.db import connection

    rows = "".join(_rows(n, segment="small"))
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
    marks: list[tuple[int, float]] = []
    with _most_memory(data) as most:
        started = time.perf_counter()
        run = running.start(file, name="bench.csv", mapping=read, by=by, at=timezone.now())
        file.close()
        begun = time.perf_counter()
        run = running.run(run, at=timezone.now(), progress=lambda now: marks.append((now.n_applied, time.perf_counter())))
        took = time.perf_counter() - started
    print(
        f"{policy}: {run.n_created:,} created, {run.n_updated:,} updated in {took:.1f} s = {n / took:,.0f} rows/s; ratio to the bare COPY 1:{took / bare:.0f}"
    )
    first, last = _speed([(0, begun), *marks], up_to=0.1), _speed(list(reversed(marks)), up_to=0.1)
    print(f"{policy}: first tenth {first:,.0f} rows/s, last tenth {last:,.0f} rows/s; peak memory of all processes {most[0]:.0f} MB")


def _speed(marks: list[tuple[int, float]], *, up_to: float) -> float:
    """Rows per second in a part of the run, from its first mark on."""
    n_all = max(n for n, _at in marks)
    other = next((mark for mark in marks if abs(mark[0] - marks[0][0]) >= up_to * n_all), marks[-1])
    return abs(other[0] - marks[0][0]) / max(abs(other[1] - marks[0][1]), 1e-9)


@contextmanager
def _most_memory(data: Path) -> Iterator[list[float]]:
    """The most memory in MB of this process and of the database's, looked at each second."""
    postmaster, most, over = (data / "postmaster.pid").read_text(encoding="ascii").split()[0], [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            most[0] = max(most[0], sum(map(_held, (str(os.getpid()), postmaster, *_children(postmaster)))))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()


def _children(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _held(pid: str) -> float:
    """MB of one process; memory that several share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it ended meanwhile
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
