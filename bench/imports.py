"""Import N leads, and COPY the same rows bare in the same run: the ratio says what validation, duplicate check and history cost.

Usage: TASUKI_HOME=… python bench/imports.py [rows]. Writes into the database of that home; take a fresh one.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import time

from tasuki.core import embedded_postgres, home

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")


def main(n: int) -> None:
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from tasuki.core.audit import By, Door
    from tasuki.core.imports import mapping, running

    call_command("migrate", verbosity=0)
    lines = [f"B{i},2025-{i % 12 + 1:02}-{i % 28 + 1:02},source {i % 9},Person {i} Roe,p{i}@firm{i % 5000}.example,Firm {i % 5000} Ltd." for i in range(n)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (id text PRIMARY KEY, day date, source text, name text, mail text, company text)")
        started = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as copy:
            copy.write("\n".join(lines) + "\n")
        bare = time.perf_counter() - started
    read = mapping.read("columns: {reference: id, opened_at: day, source: source, full_name: name, email: mail, account: company}\nnoun: leads")
    table = "id,day,source,name,mail,company\n" + "\n".join(lines) + "\n"
    started = time.perf_counter()
    marks: list[tuple[int, float]] = []
    run = running.start(io.BytesIO(table.encode()), name="bench.csv", mapping=read, by=By(None, Door.COMMAND), at=timezone.now())
    run = running.run(run, at=timezone.now(), progress=lambda now: marks.append((now.n_applied, time.perf_counter() - started)))
    took = time.perf_counter() - started
    first, last = marks[0][1], marks[-1][1] - (marks[-2][1] if len(marks) > 1 else 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{run.n_created:,} of {n:,} rows created in {took:.1f} s = {n / took:,.0f} rows/s; bare COPY {n / bare:,.0f} rows/s; ratio 1:{took / bare:.1f}")
    print(f"first chunk {first:.2f} s, last chunk {last:.2f} s; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
