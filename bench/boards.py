"""How long the server takes for groups, boards and calendars, as a share of the limit of 50 ms.

Usage: TASUKI_HOME=… python bench/boards.py [times]. Reads the database of that home; fill it first with `tasuki demo --no-serve --leads N`.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from tasuki.core import embedded_postgres, home

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")

LIMIT_MS = 50.0
ADDRESSES = (
    "/leads?as=board",
    "/leads?as=board&view=all",
    "/leads?as=board&view=inside_sales",
    "/leads?as=board&filter=source:is(Webinar)",
    "/leads?group=stage",
    "/leads?group=owner",
    "/leads?group=source",
    "/leads?group=origin",
    "/leads?group=opened",
    "/leads?view=all&group=account.country",
    "/leads?as=calendar",
    "/leads?as=week",
    "/opportunities?as=board",
    "/opportunities?as=board&view=all",
    "/opportunities?group=owner",
    "/opportunities?as=calendar",
    "/accounts?group=industry",
    "/contacts?group=created",
    "/tasks?as=board",
    "/tasks?as=calendar",
    "/tasks?as=week",
)


def main(times: int) -> None:
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tasuki.core.people import User
    from tasuki.crm.leads import Lead

    settings.ALLOWED_HOSTS = ["testserver"]
    print(f"{Lead.objects.count():,} leads; {times} times each; milliseconds p50 and p95, p95 as a share of {LIMIT_MS:.0f} ms, queries")
    slow = 0
    for who in ("admin", "ruth"):
        client = Client()
        client.force_login(User.objects.get_queryset().get(email=f"{who}@haneul.example"))
        for address in ADDRESSES:
            client.get(address)
            took = []
            for _nth in range(times):
                began = time.perf_counter()
                answer = client.get(address)
                took.append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:
                    raise SystemExit(f"{address}: status {answer.status_code}")
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            p95 = statistics.quantiles(took, n=20)[-1] if times > 1 else took[0]
            slow += p95 > LIMIT_MS
            print(f"{who:6} {address:46} {statistics.median(took):8.1f} {p95:8.1f} {p95 / LIMIT_MS:6.2f} {len(queries):3}")
    print(f"{2 * len(ADDRESSES) - slow} of {2 * len(ADDRESSES)} within {LIMIT_MS:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
