"""Search, per kind of query and per role: p50 and p95 as a ratio to the limit of 50 ms, beside ILIKE over the same names in the same run.

Usage: TASUKI_HOME=… python bench/search.py [times]. Reads the database of that home, such as one that `tasuki demo --leads 1000000`
filled; it must hold people of every role that is asked for.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time

from tasuki.core import embedded_postgres, home

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")

LIMIT_MS = 50.0
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
    embedded_postgres.ensure_running(home.path())
    import django

    django.setup()
    from django.db import connection

    from tasuki.core.abilities import RoleGrant
    from tasuki.core.search import finding, indexing
    from tasuki.core.search.entries import SearchEntry
    from tasuki.crm.leads import Lead

    indexing.absorb_all()
    print(f"{Lead.objects.count():,} leads, {SearchEntry.objects.count():,} entries; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'role':14} {'query':20} {'p50 ms':>7} {'p95 ms':>7} {'of 50':>6} {'cpu ms':>7} {'ILIKE p50':>10}")
    for role in ROLES:
        for kind, texts in KINDS.items():
            took, cpu, plain = [], [], []
            for text in random.Random(7).choices(texts, k=times):
                # As a new request would: what the person may see is asked anew.
                user = RoleGrant.objects.filter(role=role).order_by("user_id").select_related("user")[0].user
                began, worked = time.perf_counter(), time.process_time()
                finding.find(user, text)
                took.append((time.perf_counter() - began) * 1000)
                cpu.append((time.process_time() - worked) * 1000)
            for text in texts if role == ROLES[0] else ():
                began = time.perf_counter()
                with connection.cursor() as cursor:
                    cursor.execute(ILIKE, {"q": f"%{text.replace(' ', '%')}%"})
                plain.append((time.perf_counter() - began) * 1000)
            p95 = statistics.quantiles(took, n=20)[-1]
            beside = f"{statistics.median(plain):10.0f}" if plain else ""
            print(f"{role:14} {kind:20} {statistics.median(took):7.1f} {p95:7.1f} {p95 / LIMIT_MS:6.2f} {statistics.median(cpu):7.1f} {beside}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
