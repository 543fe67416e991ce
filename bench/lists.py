"""Server time of every list, as a share of the limit of 50 ms: each order both ways, each view, filters, searches, and the third and last pages.

Usage: TASUKI_HOME=… bin/bench lists [times] [role] [noun]. Reads the database of that home; fill it with `tasuki demo --no-serve --leads N`.
Prints the slow ones and a sum for each list; with VERBOSE=1 every request.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import harness
from harness import LIMIT_MS

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
# No condition at all: not every noun has a view that means it.
EVERYTHING = {"filter": ""}
SEARCHES = ["김", "zz", "한서윤", "securities", "김 증권", "kim securities"]
WORST_MS = 200.0


def main(times: int, role: str, only: str) -> None:
    harness.ready()
    from tasuki.crm.leads import Lead
    from tasuki.web.lists.custom_columns import spec_of
    from tasuki.web.lists.nouns import SPECS

    user = harness.holder_of(role)
    print(f"{Lead.objects.count():,} leads as {role}; {times} times each; {harness.machine()}")
    print(f"{'list':13} {'asked':86} {harness.HEAD} queries")
    slow, total, worst = 0, 0, 0.0
    for noun, spec in SPECS.items():
        for query in _asked(spec_of(spec, user), user) if only in ("", noun) else ():
            took = _measured(spec.name, query, user=user, times=times)
            total += 1
            slow += took.p95 > LIMIT_MS
            worst = max(worst, took.p95)
    print(f"{total - slow} of {total} within {LIMIT_MS:.0f} ms; the slowest takes {worst:.0f} ms = {worst / WORST_MS:.2f} of {WORST_MS:.0f}")


def _asked(spec: Any, user: Any) -> list[dict[str, str]]:
    """The queries: the list as it opens, every view, order, filter and search; for each order of all rows also the third page and the last."""
    asked: list[dict[str, str]] = [{}] + [{"view": view.key} for view in spec.views if view.key]
    for column in spec.columns:
        for sort in (column.key, f"-{column.key}") if column.sort else ():
            asked += [{"sort": sort}] if spec.views[0].filter else []
            asked += [{**EVERYTHING, "sort": sort}]
            asked += [{**EVERYTHING, "sort": sort, "after": place} for place in _places(spec, sort, user)]
    filters = FILTERS.get(spec.noun, [])
    asked += [{"filter": text} for text in filters]
    asked += [{"filter": text, "sort": sort} for text in filters for sort in (spec.columns[0].key, f"-{spec.columns[1].key}")]
    return asked + [{**EVERYTHING, "q": text} for text in SEARCHES]


def _places(spec: Any, sort: str, user: Any) -> list[str]:
    """Where the third page of all rows begins, and the last."""
    from tasuki.web.lists import paging
    from tasuki.web.lists import state as states
    from tasuki.web.lists.page import order_of

    view = states.built_in(spec.views[0], spec)
    order, rows = order_of(states.State(view, view.filter, sort, view.columns), spec, user), spec.rows(user)
    second = paging.window(rows, order, before="", after="").after
    third = paging.window(rows, order, before="", after=second).after if second else ""
    return [place for place in (third, paging.last_place(rows, order)) if place]


def _measured(name: str, query: dict[str, str], *, user: Any, times: int) -> harness.Took:
    from django.urls import reverse

    client, address = harness.signed_in(user), reverse(name)

    def ask() -> None:
        answer = client.get(address, query)
        if answer.status_code != 200:
            raise SystemExit(f"{name} {query}: status {answer.status_code}")

    took = harness.timed(ask, times)
    if took.p95 > LIMIT_MS or os.environ.get("VERBOSE"):
        said = " ".join(f"{name}={value[:64]}" for name, value in query.items()) or "as it opens"
        print(f"{name:13} {said[:86]:86} {took} {harness.n_queries(ask):3}", flush=True)
    return took


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "", "", ""]
    main(int(arguments[0] or 10), arguments[1] or "administrator", arguments[2])
