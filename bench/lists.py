"""How long the server takes for each list, as a share of the limit of 50 ms: every order of every column, each view, and filters.

Usage: TASUKI_HOME=… python bench/lists.py [times]. Reads the database of that home; fill it first with `tasuki demo --no-serve --leads N`.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from tasuki.core import embedded_postgres, home

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")

LIMIT_MS = 50.0
FILTERS = {
    "lead": [
        "stage:is(ready, working)",
        'source:is("Webinar")',
        'source:is("Webinar"), account.country:is(JP), stage:is(booked)',
        "opened:past(30 days), none(owner:filled)",
        "any(account.country:is(JP), title:contains(부장)), state:is(won)",
        "account.employees:over(5000), state:is(open)",
    ],
    "opportunity": ["amount:over(100000000)", "close:this(quarter), state:is(open)", "account.country:is(JP)"],
    "account": ["country:is(JP), employees:over(1000)", "industry:is(nothing)"],
    "contact": ["account.country:is(JP)", "email:contains(kim)"],
    "task": ["due:before(today), done:empty"],
}
NAMES = {"lead": "leads", "opportunity": "opportunities", "account": "accounts", "contact": "contacts", "task": "tasks", "product": "products"}


def main(times: int) -> None:
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.web.lists.nouns import SPECS

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(User.objects.get_queryset().get(email="admin@haneul.example"))
    print(f"{Lead.objects.count():,} leads; {times} times each; milliseconds p50 and p95, p95 as a share of {LIMIT_MS:.0f} ms, queries")

    def measure(noun: str, query: dict[str, str]) -> float:
        address = reverse(NAMES[noun])
        client.get(address, query)
        took = []
        for _nth in range(times):
            began = time.perf_counter()
            answer = client.get(address, query)
            took.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{noun} {query}: status {answer.status_code}")
        with CaptureQueriesContext(connection) as queries:
            client.get(address, query)
        p95 = statistics.quantiles(took, n=20)[-1] if times > 1 else took[0]
        said = " ".join(f"{name}={value}" for name, value in query.items()) or "as it opens"
        print(f"{noun:12} {said[:76]:76} {statistics.median(took):8.1f} {p95:8.1f} {p95 / LIMIT_MS:6.2f} {len(queries):3}")
        return p95

    slow = 0
    total = 0
    for noun, spec in SPECS.items():
        asked: list[dict[str, str]] = [{}] + [{"view": view.key} for view in spec.views if view.key]
        asked += [{"view": spec.views[-1].key, "sort": sign + column.key} for column in spec.columns if column.sort for sign in ("", "-")]
        asked += [{"filter": text} for text in FILTERS.get(noun, ())] + [{"q": "김"}, {"q": "zz"}]
        for query in asked:
            total += 1
            slow += measure(noun, query) > LIMIT_MS
    print(f"{total - slow} of {total} within {LIMIT_MS:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
