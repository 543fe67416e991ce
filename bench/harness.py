"""What every bench needs: the home it is asked about, somebody signed in, and a clock that also says how busy the machine was."""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT_MS = 50.0


def ready() -> None:
    """Start the database of TASUKI_HOME where it is not running, and Django."""
    from tasuki.core import embedded_postgres, home

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    # What a server does before it answers.
    importlib.import_module("tasuki.wsgi")


def holder_of(role: str) -> Any:
    """The first person in work who holds the role and no other."""
    from django.db.models import Count

    from tasuki.core.people import User

    people = User.objects.filter(is_active=True).annotate(n_roles=Count("role_grants")).filter(n_roles=1, role_grants__role=role)
    return people.order_by("pk")[0]


def signed_in(user: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


@dataclass(frozen=True)
class Took:
    """Milliseconds: the median and the 95th of a hundred, of the clock; and the median of this process's own work."""

    p50: float
    p95: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.p50:8.1f} {self.p95:8.1f} {self.cpu:7.1f} {self.p95 / LIMIT_MS:6.2f}"


HEAD = f"{'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>7} {'of 50':>6}"


def timed(ask: Callable[[], object], times: int) -> Took:
    """Ask once to warm up, then so many times."""
    ask()
    took, cpu = [], []
    for _nth in range(times):
        began, worked = time.perf_counter(), time.process_time()
        ask()
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
    # Of few, the method would guess beyond the slowest that was seen.
    p95 = min(statistics.quantiles(took, n=20)[-1], max(took)) if times > 1 else took[0]
    return Took(statistics.median(took), p95, statistics.median(cpu))


def server() -> int:
    """The process of the database that serves this one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    return int(pid)


def worked(pid: int) -> float:
    """Milliseconds of the processor so far, of this process and of the database's that serves it: what other work on the machine changes least."""
    return time.process_time() * 1000 + int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e6


def n_queries(ask: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
