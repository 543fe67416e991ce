"""Server time of what is offered while somebody types, as a share of the limit of 50 ms: the palette, and fields that ask for an account, a lead,
a contact or one of us; one, two, three letters and a whole name.

Usage: TASUKI_HOME=… bin/bench type_ahead [times]. Reads the database of that home; fill it with `tasuki demo --no-serve --leads N`.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

import harness
from harness import LIMIT_MS

ROLES = ("administrator", "manager", "inside_seller")
TYPED = {
    "1 letter": ["김", "a", "田"],
    "2 letters": ["김민", "se", "松本", "ㅎㅅ"],
    "3 letters": ["kim", "sec", "ヤマダ", "한서윤"],
    "a name": ["securities", "松本 陽菜", "kim securities"],
}
WORST_MS = 200.0


def main(times: int) -> None:
    harness.ready()
    from django.urls import reverse

    from tasuki.core.search import indexing
    from tasuki.crm.leads import Lead

    indexing.absorb_all()
    fields = {
        "palette": (reverse("search"), {}),
        "account": (reverse("account_names"), {}),
        "lead": (reverse("lead_names"), {}),
        "contact": (reverse("contact_names"), {}),
        "one of us": (reverse("people_names"), {"of": "colleagues"}),
    }
    print(f"{Lead.objects.count():,} leads; {times} times each; {harness.machine()}")
    print(f"{'role':14} {'field':10} {'typed':10} {harness.HEAD} queries")
    slow, total, worst = 0, 0, 0.0
    for role in ROLES:
        client = harness.signed_in(harness.holder_of(role))
        for (field, (address, said)), (kind, texts) in itertools.product(fields.items(), TYPED.items()):
            took, n = _measured(client, address, [{**said, "q": text} for text in texts], times=times)
            total += 1
            slow += took.p95 > LIMIT_MS
            worst = max(worst, took.p95)
            print(f"{role:14} {field:10} {kind:10} {took} {n:3}", flush=True)
    print(f"{total - slow} of {total} within {LIMIT_MS:.0f} ms; the slowest takes {worst:.0f} ms = {worst / WORST_MS:.2f} of {WORST_MS:.0f}")


def _measured(client: Any, address: str, asked: list[dict[str, str]], *, times: int) -> tuple[harness.Took, int]:
    """Each text in its turn, as many times as there are texts and more; and the queries of the last."""
    turns = itertools.cycle(asked)

    def ask() -> None:
        query = next(turns)
        # As the script of the page asks: for the lines alone.
        answer = client.get(address, query, headers={"HX-Request": "true"})
        if answer.status_code != 200:
            raise SystemExit(f"{address} {query}: status {answer.status_code}")

    return harness.timed(ask, times * len(asked)), harness.n_queries(ask)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
