"""Search, per kind of query and per role: p50 and p95 as a ratio to the limit of 50 ms, beside ILIKE over the same names in the same run.

Usage: TASUKI_HOME=… bin/bench search [times]. Reads the database of that home, such as one that `tasuki demo --leads 1000000`
filled; it must hold people of every role that is asked for.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import harness

KINDS = {
    "1 letter, common": ["김", "a", "田", "1", "s"],
    "1 letter, rare": ["文", "q", "힣"],
    "2 letters": ["김민", "한서", "松本", "se", "an", "ㅎㅅ"],
    "3 letters": ["한서윤", "ㅎㅅㅇ", "kim", "sec", "ヤマダ"],
    "a name": ["한서윤", "松本 陽菜", "securities", "Lorrimoor"],
    "person and company": ["서윤 증권", "kim securities"],
    "mail or number": ["010 1234 5678", "seoyun@"],
    "nothing there": ["qzxw", "힣힣"],
    "a wrong letter": ["securitise", "Lorimoor"],
}
ROLES = ("administrator", "manager", "inside_seller", "field_seller")
ILIKE = """
SELECT id FROM crm_contact WHERE family_name || given_name ILIKE %(q)s OR given_name || family_name ILIKE %(q)s ORDER BY id DESC LIMIT 5
"""


def main(times: int) -> None:
    harness.ready()
    from django.db import connection

    from tasuki.core.search import finding, indexing
    from tasuki.core.search.entries import SearchEntry
    from tasuki.crm.leads import Lead

    indexing.absorb_all()
    print(f"{Lead.objects.count():,} leads, {SearchEntry.objects.count():,} entries; {harness.machine()}")
    print(f"{'role':14} {'query':20} {harness.HEAD} {'ILIKE p50':>10}")

    def ilike(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ILIKE, {"q": f"%{text.replace(' ', '%')}%"})

    for role in ROLES:
        for kind, texts in KINDS.items():
            asked = random.Random(7).choices(texts, k=times)
            # As a new request would: what the person may see is asked anew.
            people = [harness.holder_of(role) for _nth in range(times + 1)]
            found = harness.timed(_each(list(zip(people, [asked[0], *asked], strict=True)), finding.find), times)
            beside = f"{harness.timed(_each([(one,) for one in (texts[0], *texts)], ilike), len(texts)).p50:10.0f}" if role == ROLES[0] else ""
            print(f"{role:14} {kind:20} {found} {beside}", flush=True)


def _each(given: list[tuple[Any, ...]], ask: Callable[..., object]) -> Callable[[], object]:
    """Asks with the next of them each time."""
    rest = iter(given)
    return lambda: ask(*next(rest))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
