"""How long the server takes for groups, boards and calendars, as a share of the limit of 50 ms.

Usage: TASUKI_HOME=… bin/bench boards [times]. Reads the database of that home; fill it first with `tasuki demo --no-serve --leads N`.
"""

from __future__ import annotations

import sys
from typing import Any

import harness
from harness import LIMIT_MS

ROLES = ("administrator", "manager", "inside_seller", "field_seller")
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
    harness.ready()
    from tasuki.crm.leads import Lead

    print(f"{Lead.objects.count():,} leads; {times} times each; {harness.machine()}")
    print(f"{'role':14} {'page':46} {harness.HEAD} queries")
    slow = 0
    for role in ROLES:
        client = harness.signed_in(harness.holder_of(role))
        for address in ADDRESSES:

            def ask(client: Any = client, address: str = address) -> None:
                answer = client.get(address)
                if answer.status_code != 200:
                    raise SystemExit(f"{address}: status {answer.status_code}")

            took = harness.timed(ask, times)
            slow += took.p95 > LIMIT_MS
            print(f"{role:14} {address:46} {took} {harness.n_queries(ask):3}", flush=True)
    n = len(ROLES) * len(ADDRESSES)
    print(f"{n - slow} of {n} within {LIMIT_MS:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
