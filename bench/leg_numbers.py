"""The page of the numbers of inside sales, with a year of calls, lists, meetings and first answers of a hundred people behind it.

Usage: TASUKI_HOME=… bin/bench leg_numbers [calls] [times]. The home holds the demo company, as large as you like. Everything it writes is rolled back.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import harness

FILL = """
CREATE TEMP TABLE bench_lead ON COMMIT DROP AS
SELECT id, contact_id, account_id, row_number() OVER (ORDER BY id DESC) AS nth FROM (SELECT * FROM crm_lead ORDER BY id DESC LIMIT %(n)s / 3) last;
CREATE TEMP TABLE bench_person ON COMMIT DROP AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth FROM core_user
WHERE EXISTS (SELECT FROM core_rolegrant WHERE user_id = core_user.id AND role = 'inside_seller');
INSERT INTO engage_call (lead_id, contact_id, account_id, caller_id, direction, call_type_id, number, started_at, answered_at, ended_at, disposition,
    disposed_at, note, reason, again_at, meeting_at, n_seconds_over, adapter, external_id)
SELECT lead.id, lead.contact_id, lead.account_id, person.id, 'out', kind.id, '', began.at, CASE WHEN result NOT IN ('na', 'vm', 'busy') THEN began.at END,
    began.at + interval '3 minutes', result, began.at + interval '4 minutes', '', '', CASE WHEN result = 'cb' THEN began.at + interval '1 day' END,
    CASE WHEN result = 'mtg' THEN began.at + interval '5 days' END, n %% 40 / 38, '', ''
FROM generate_series(1, %(n)s) AS n JOIN bench_lead lead ON lead.nth = 1 + n %% (%(n)s / 3)
JOIN bench_person person ON person.nth = lead.nth %% (SELECT count(*) FROM bench_person)
JOIN (SELECT id FROM engage_calltype ORDER BY id LIMIT 1) kind ON true
CROSS JOIN LATERAL (SELECT now() - interval '1 year' * (n::float / %(n)s) AS at,
    (ARRAY['na', 'na', 'na', 'vm', 'busy', 'gk', 'talk', 'cb', 'na', 'mtg'])[1 + (n::bigint * 7919) %% 10] AS result) began;
INSERT INTO inside_sales_calllist (owner_id, for_on, n_slots, built_at)
SELECT person.id, day, 16, day FROM bench_person person CROSS JOIN generate_series(now()::date - 365, now()::date - 1, interval '1 day') AS day
WHERE extract(isodow FROM day) < 6 ON CONFLICT DO NOTHING;
INSERT INTO inside_sales_calllistentry (call_list_id, lead_id, bucket, position, reasons, skip_reason, worked_at)
SELECT list.id, lead.id, 7, place, '[]', '', CASE WHEN place < 12 THEN list.built_at + interval '20 minutes' * place END
FROM inside_sales_calllist list CROSS JOIN generate_series(1, 16) AS place JOIN bench_lead lead ON lead.nth = 1 + (list.id * 16 + place) %% 1000
WHERE list.frozen_at IS NULL AND list.n_slots = 16 ON CONFLICT DO NOTHING;
INSERT INTO relay_clock (lead_id, agreement_id, owed, nth, counts, n_seconds, owner_id, team_id, since_at, started_at, due_at, n_paused_wall,
    n_paused_business, breached_at, stopped_at, stopped_because, is_answered, settled_at, wall_seconds, business_seconds)
SELECT lead.id, agreement.id, 'answer', 1, 'business', 900, person.id, person.team_id, at, at, at + interval '15 minutes', 0, 0,
    CASE WHEN lead.id %% 3 = 0 THEN at + interval '15 minutes' END, at + interval '1 hour', 'touched', true, at + interval '20 minutes', lead.id %% 9000,
    lead.id %% 9000
FROM bench_lead lead JOIN LATERAL (SELECT id, team_id FROM core_user WHERE team_id IS NOT NULL ORDER BY id OFFSET lead.nth %% 5 LIMIT 1) person ON true
JOIN (SELECT id FROM relay_agreement ORDER BY id LIMIT 1) agreement ON true
CROSS JOIN LATERAL (SELECT now() - interval '1 year' * (lead.nth::float / %(n)s * 3) AS at) began;
ANALYZE engage_call, inside_sales_calllist, inside_sales_calllistentry, relay_clock;
"""
PAGES = {
    "13 weeks, by person": "/inside-sales/numbers",
    "13 weeks, by team": "/inside-sales/numbers?each=team",
    "13 weeks, by source": "/inside-sales/numbers?each=source",
    "13 weeks, by week": "/inside-sales/numbers?each=week",
    "this month": "/inside-sales/numbers?period=month",
    "last quarter": "/inside-sales/numbers?period=last_quarter",
    "12 months, by person": "/inside-sales/numbers?period=year",
    "12 months, by week": "/inside-sales/numbers?period=year&each=week",
    "all time, by person": "/inside-sales/numbers?period=all",
    "one person": "/inside-sales/numbers?owner={person}",
    "one person, 12 months": "/inside-sales/numbers?owner={person}&period=year&each=week",
    "one team": "/inside-sales/numbers?team={team}",
    "one team, 12 months": "/inside-sales/numbers?team={team}&period=year",
}
ROWS = {"rows: dials": "/inside-sales/numbers/rows?what=dials", "rows: given up": "/inside-sales/numbers/rows?what=given_up"}


def main(n_calls: int, times: int) -> None:
    harness.ready()
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(FILL, {"n": n_calls})
        print(f"{n_calls:,} calls and what belongs to them, in {time.perf_counter() - began:.0f} s; {harness.machine()}", flush=True)
        client = harness.signed_in(harness.holder_of("administrator"))
        print("Counted from the rows, as before any day is counted:")
        asked(client, {"13 weeks, by person": PAGES["13 weeks, by person"]}, 1)
        counted()
        print("Added up from what was counted by day:")
        asked(client, PAGES | ROWS, times)
        pages = {name: PAGES[name] for name in PAGES if "one" not in name}
        for who, user in readers().items():
            print(f"For {who}:")
            asked(harness.signed_in(user), pages, times)
        transaction.set_rollback(True)


def readers() -> dict[str, Any]:
    """Who sees part of the leads: of some teams, of one, and of none but what they own themselves."""
    from tasuki.core.people import User

    people = User.objects.filter(is_active=True, team__isnull=False)
    return {
        "whoever manages a team of inside sales and those below it": people.filter(
            role_grants__role="manager", team__parent__isnull=False, team__department="inside_sales"
        ).order_by("pk")[0],
        "an inside seller": harness.holder_of("inside_seller"),
        "a field seller": harness.holder_of("field_seller"),
    }


def counted() -> None:
    """What the worker does every ten seconds, for all that there is."""
    from django.db import connection
    from django.utils.timezone import now

    from tasuki.relay.leg_days import keeping

    began = time.perf_counter()
    n = keeping.keep(at=now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE relay_legcount")
        cursor.execute("SELECT count(*), pg_total_relation_size('relay_legcount') / 1e6 FROM relay_legcount")
        ((rows, size),) = cursor.fetchall()
    print(f"counted by day in {time.perf_counter() - began:.0f} s, {n} batches: {rows:,} rows, {size:.0f} MB", flush=True)


def asked(client: Any, pages: dict[str, str], times: int) -> None:
    """Each page so many times, and the slowest of its questions."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tasuki.core.people import User
    from tasuki.relay.clocks import Clock

    person = Clock.objects.filter(owner__isnull=False).order_by("owner").values_list("owner", flat=True)[0]
    known = {"person": person, "team": User.objects.get(pk=person).team_id}
    server = harness.server()
    print(f"{'':24}{harness.HEAD} {'both':>7}")
    for name, address in pages.items():
        work: list[float] = []

        def ask(address: str = address.format(**known), work: list[float] = work) -> None:
            began = harness.worked(server)
            if (answer := client.get(address)).status_code != 200:
                sys.exit(f"{address} answered {answer.status_code}")
            work.append(harness.worked(server) - began)

        took = harness.timed(ask, times) if times > 1 else None
        with CaptureQueriesContext(connection) as questions:
            began = time.perf_counter()
            ask()
            once = (time.perf_counter() - began) * 1000
        slowest = max(questions.captured_queries, key=lambda one: float(one["time"]))
        said = f"slowest of {len(questions)} questions {float(slowest['time']) * 1000:.0f} ms: {' '.join(slowest['sql'].split())[:70]}"
        print(f"{name:24}{took or f'{once:8.1f}'} {statistics.median(work):7.1f} {said}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
