"""Time the relay page and its numbers, and a COUNT(*) of all passages in the same run: the ratios are what counts, not the seconds.

Usage: TASUKI_HOME=… bin/bench relay. Reads the database of that home, for example one that
`TASUKI_HOME=… tasuki demo --leads 50000 --no-serve` has filled; the limit of 50 ms is meant for 50,000 leads.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import harness
from harness import LIMIT_MS

_TURNS = 15


def main() -> None:
    harness.ready()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from tasuki.crm.ledger import Passage
    from tasuki.relay import groups
    from tasuki.relay.questions import Form, Grouping, Question

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    clients = {role: harness.signed_in(harness.holder_of(role)) for role in ("administrator", "manager", "inside_seller", "field_seller")}

    def page(query: str, role: str = "administrator") -> Callable[[], object]:
        def ask() -> None:
            answer = clients[role].get(f"/relay?{query}")
            if answer.status_code != 200:
                raise SystemExit(f"/relay?{query} answers {answer.status_code}")

        return ask

    count = harness.timed(Passage.objects.count, _TURNS).p50
    source = Passage.objects.exclude(lead__source="").values_list("lead__source", flat=True)[0]
    print(f"{Passage.objects.count():,} passages; COUNT(*) takes {count:.1f} ms")
    asked = {
        "relay page": page(""),
        "relay page by cohort": page("form=cohort"),
        "relay page by owner": page("by=owner"),
        "relay page, a year": page("period=year"),
        "relay page, one source": page(f"source={source}"),
        "relay page, one country": page("country=KR"),
        **{f"relay page, {role}": page("", role) for role in clients if role != "administrator"},
        **{f"relay page, {role}, a year": page("period=year", role) for role in clients if role != "administrator"},
        "kpis by source, all time": lambda: groups.count(Question(by=Grouping.SOURCE)),
        "kpis by source, a quarter": lambda: groups.count(Question(Form.PERIOD, timezone.now() - timedelta(days=91), timezone.now())),
    }
    pid = harness.server()
    for name, ask in asked.items():
        took = harness.timed(ask, _TURNS).p50
        before = harness.worked(pid)
        for _nth in range(_TURNS):
            ask()
        work = (harness.worked(pid) - before) / _TURNS
        print(
            f"{name:32} {took:7.1f} ms = {took / LIMIT_MS:5.2f} of the limit, {took / count:5.1f} COUNT(*); {work:6.1f} ms of work of both processes;"
            f" {harness.n_queries(ask)} queries",
            flush=True,
        )


if __name__ == "__main__":
    main()
