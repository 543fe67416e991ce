"""Server time of record pages, as a share of the limit of 50 ms: other records each time, the longest timeline by kind and far back, peeks.

Usage: TASUKI_HOME=… bin/bench records [times]. Reads the database of that home; fill it with `tasuki demo --no-serve --leads N`.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import harness

ROLES = ("administrator", "inside_seller", "field_seller")


def main(times: int) -> None:
    harness.ready()
    from django.db.models import Count
    from django.urls import reverse

    from tasuki.core import abilities
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead
    from tasuki.crm.timeline import TimelineEntry
    from tasuki.sales.opportunities import Opportunity

    print(f"{Lead.objects.count():,} leads, {TimelineEntry.objects.count():,} timeline entries; {times} times each; {harness.machine()}")
    print(f"{'role':14} {'page':34} {harness.HEAD} queries")
    for role in ROLES:
        user = harness.holder_of(role)
        client = harness.signed_in(user)
        nouns: list[tuple[str, Any]] = [("lead", Lead), ("account", Account), ("contact", Contact), ("opportunity", Opportunity)]
        for name, model in nouns:
            ids = list(model.objects.visible_to(user).order_by("-pk").values_list("pk", flat=True)[: 40 * times : 40])
            random.Random(7).shuffle(ids)
            # An inside seller may see no opportunity at all.
            for address in (name, f"{name}_peek") if ids else ():
                _say(role, address, _walk(client, [reverse(address, args=[pk]) for pk in ids]), times=times)
        if abilities.standing_of(user).scope("account") is not abilities.Scope.ALL:
            continue
        longest, n = TimelineEntry.objects.exclude(account=None).values_list("account").annotate(n=Count("pk")).order_by("-n")[0]
        page = reverse("account", args=[longest])
        _say(role, f"account of {n:,} entries", _walk(client, [page]), times=times)
        for kind in ("note", "move", "file"):
            _say(role, f"… its {kind}s", _walk(client, [f"{page}?kind={kind}"]), times=times)
        far = TimelineEntry.objects.filter(account=longest).order_by("at", "pk").values_list("pk", flat=True)[100]
        _say(role, "… its oldest page but one", _walk(client, [f"{page}?before={far}"]), times=times)


def _walk(client: Any, addresses: list[str]) -> Callable[[], object]:
    def turned() -> Iterator[str]:
        while True:
            yield from addresses

    next_address = turned()

    def ask() -> None:
        address = next(next_address)
        answer = client.get(address)
        if answer.status_code != 200 or not re.search(rb"<h[12]", answer.content):
            raise SystemExit(f"{address}: status {answer.status_code}")

    return ask


def _say(role: str, page: str, ask: Callable[[], object], *, times: int) -> None:
    print(f"{role:14} {page:34} {harness.timed(ask, times)} {harness.n_queries(ask):3}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
