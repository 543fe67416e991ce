"""A supervisor whose worker is renewed every moment: whatever can go wrong with that has many chances to. Run as `python -m tests.cli.renewed_often`."""

from __future__ import annotations

import os
import time
from importlib import import_module

from tasuki.cli import processes, renewing


def _write_down(n: int) -> None:
    from django.db import connection

    time.sleep(0.02)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO done_by (job, worker) VALUES (%s, %s)", [n, os.getpid()])


def _read_tasuki() -> None:
    import_module("tasuki.cli.everything")
    from procrastinate.contrib.django import app

    app.task(name="write_down")(_write_down)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")
    renewing._IDLE_SECONDS, renewing._IDLE_SHARE, renewing._GROWN_MB = 0.1, 1000.0, -1000.0
    processes._read_tasuki = _read_tasuki
    processes.supervise(processes.Plan("127.0.0.1", 0, names=("worker",)))
