"""Time the relay page and its numbers, and a COUNT(*) of all passages in the same run: the ratios are what counts, not the seconds.

Usage: TASUKI_HOME=… python bench/relay.py. Reads the database of that home, for example one that
`TASUKI_HOME=… tasuki demo --leads 50000 --no-serve` has filled; the limit of 50 ms is meant for 50,000 leads.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from tasuki.core import embedded_postgres, home

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")
LIMIT_MS = 50.0
_TURNS = 15


def main() -> None:
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from tasuki.core.people import User
    from tasuki.crm.ledger import Passage
    from tasuki.relay import groups
    from tasuki.relay.questions import Form, Grouping, Question

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(User.objects.filter(is_active=True, role_grants__role="administrator").order_by("pk")[0])

    def page(query: str) -> Callable[[], object]:
        def ask() -> None:
            answer = client.get(f"/relay?{query}")
            if answer.status_code != 200:
                raise SystemExit(f"/relay?{query} answers {answer.status_code}")

        return ask

    count = _median(Passage.objects.count)
    source = Passage.objects.exclude(lead__source="").values_list("lead__source", flat=True)[0]
    print(f"{Passage.objects.count():,} passages; COUNT(*) takes {count:.1f} ms")
    asked = {
        "relay page": page(""),
        "relay page by cohort": page("form=cohort"),
        "relay page by owner": page("by=owner"),
        "relay page, a year": page("period=year"),
        "relay page, one source": page(f"source={source}"),
        "relay page, one country": page("country=KR"),
        "kpis by source, all time": lambda: groups.count(Question(by=Grouping.SOURCE)),
        "kpis by source, a quarter": lambda: groups.count(Question(Form.PERIOD, timezone.now() - timedelta(days=91), timezone.now())),
    }
    for name, ask in asked.items():
        ask()
        with CaptureQueriesContext(connection) as queries:
            ask()
        n_queries = len(queries)
        took = _median(ask)
        print(f"{name:26} {took:7.1f} ms = {took / LIMIT_MS:5.2f} of the limit, {took / count:5.1f} COUNT(*); {n_queries} queries")


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        ask()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
