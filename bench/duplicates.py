"""Finding duplicates among many records, as a ratio to one bare scan of the same tables; asking for them on a form; merging a long timeline.

Usage: TASUKI_HOME=… bin/bench duplicates [records] [timeline rows]. Everything it writes is rolled back at the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import harness

FIND_LIMIT, ASK_LIMIT, MERGE_LIMIT = 60.0, 0.020, 5.0
FILL = """
INSERT INTO crm_account (name, folded_name, domain, industry, country, corporate_number, reference, team_id, created_at, updated_at)
SELECT 'Bench ' || n / 20 * 20 + n %% 19, 'bench' || n / 20 * 20 + n %% 19, CASE WHEN n %% 3 = 0 THEN 'bench' || n / 7 || '.example' ELSE '' END, '', '', '',
       '', %(team)s, now(), now() FROM generate_series(1, %(n)s) AS n;
INSERT INTO crm_contact (account_id, family_name, given_name, title, department, roles, language, reference, created_at, updated_at)
SELECT account.id, 'Family ' || account.id %% 977, 'Given ' || account.id %% 17, '', '', '', '', '', now(), now()
FROM crm_account account WHERE account.folded_name LIKE 'bench%%';
INSERT INTO crm_contactemail (contact_id, address, key, is_primary)
SELECT id, 'p' || id / 20 * 20 + id %% 19 || '@bench.example', 'p' || id / 20 * 20 + id %% 19 || '@bench.example', true
FROM crm_contact WHERE family_name LIKE 'Family %%';
INSERT INTO crm_contactphone (contact_id, e164, written, is_primary)
SELECT id, '+8210' || 10000000 + id / 50 * 50 + id %% 49, '', true FROM crm_contact WHERE family_name LIKE 'Family %%';
ANALYZE crm_account, crm_contact, crm_contactemail, crm_contactphone;
"""
SCAN = [f"SELECT count({column}) FROM {table}" for table, column in (
    ("crm_account", "folded_name"), ("crm_account", "domain"), ("crm_contact", "family_name"), ("crm_contactemail", "key"), ("crm_contactphone", "e164"),
)]  # fmt: skip


def main(n_records: int, n_entries: int) -> None:
    harness.ready()
    from django.db import connection, transaction
    from django.utils.timezone import now

    from tasuki.core.audit import By, Door
    from tasuki.core.teams import Team
    from tasuki.crm import duplicate_groups, merging, unmerging
    from tasuki.crm.accounts import Account
    from tasuki.crm.duplicates import CompanyKeys, PersonKeys, accounts_like, contacts_like
    from tasuki.crm.ownership import Ownership

    by, at = By(None, Door.COMMAND), now()
    with transaction.atomic(), connection.cursor() as cursor:
        team = Team.objects.order_by("pk")[0]
        cursor.execute(FILL, {"n": n_records, "team": team.pk})
        # A merge looks at all that its transaction left to be checked: not at the rows of the bench.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        print(f"{harness.machine()}; {Account.objects.count():,} accounts and as many contacts")
        scan = took(lambda: [cursor.execute(statement) for statement in SCAN])
        find = took(lambda: duplicate_groups.find(at=at))
        n_groups = duplicate_groups.DuplicateGroup.objects.filter(state="open").count()
        again = took(lambda: duplicate_groups.find(at=at))
        said(f"find {n_groups:,} groups", find, FIND_LIMIT, beside=f"{find / scan:.0f} times a scan of {scan:.2f} s")
        said("find again", again, FIND_LIMIT, beside=f"{again / scan:.0f} times the scan")
        numbers = iter(range(0, 4_020, 20))

        def ask() -> None:
            nth = next(numbers)
            accounts_like(CompanyKeys(f"bench{nth}", f"bench{nth}.example"))
            contacts_like(PersonKeys([f"p{nth}@bench.example"], ["+821010000000"]))

        said("ask on a form, p95 of 200", harness.timed(ask, 200).p95 / 1000, ASK_LIMIT)
        pair = [Account.objects.create(name=f"Long {nth}", folded_name=f"long{nth}", team=team, created_at=at, updated_at=at) for nth in range(2)]
        Ownership.objects.bulk_create(Ownership(account=one, team=team, from_at=at) for one in pair)
        statement = "INSERT INTO crm_timelineentry (at, kind, account_id, text, detail) SELECT now(), 'note', %s, 'A note.', '{}' FROM generate_series(1, %s)"
        cursor.execute(statement, [pair[1].pk, n_entries])
        merges = []
        merge = took(lambda: merges.append(merging.merge(pair[0], others=[pair[1]], by=by, at=at)))
        said(f"merge with {n_entries:,} timeline rows", merge, MERGE_LIMIT)
        said("undo it", took(lambda: unmerging.undo(merges[0], by=by, at=at)), MERGE_LIMIT)
        transaction.set_rollback(True)


def took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def said(what: str, seconds: float, limit: float, *, beside: str = "") -> None:
    print(f"{what:40} {seconds:8.3f} s {seconds / limit:6.2f} of the limit  {beside}", flush=True)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [300_000, 50_000][len(numbers) :]))
