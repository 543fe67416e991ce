"""Tomorrow's lists of 100 sellers of four time zones among many leads: scoring, building all lists at once from all sources, and building them again,
beside a bare read of the rows; and hands that are raised: captured, scored, routed by a claim or by the rules, and on the list of whoever got the lead.

Usage: TASUKI_HOME=… bin/bench call_lists [leads] [sellers]. A home with fewer leads is filled up with copies of its own, with other owners.
Everything it writes is rolled back at the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import call_list_rows
import harness

BUILD_LIMIT, PLACE_LIMIT_MS, N_HANDS = 5.0, 1_000.0, 100
# Copies come in hands of the sellers wherever inside sales has them; a copy has no contact, since a person has one open pass for a line.
FILL = """
-- Even, however the ids of copies follow each other.
CREATE FUNCTION pg_temp.chance(id bigint, of_how_many int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT (hashint8(id) & 1048575) %% of_how_many';
SET session_replication_role = replica;
INSERT INTO core_user (password, email, family_name, given_name, title, language, time_zone, team_id, is_active, hired_at, reference)
SELECT '', 'bench' || n || '@bench.example', 'Bench', n::text, '', 'en',
       (ARRAY['UTC', 'Asia/Seoul', 'America/Los_Angeles', 'Pacific/Auckland'])[1 + n %% 4], %(team)s, true, now(), '' FROM generate_series(1, %(sellers)s) AS n;
INSERT INTO core_rolegrant (user_id, role, granted_at) SELECT id, 'inside_seller', now() FROM core_user WHERE email LIKE '%%@bench.example';
INSERT INTO crm_lead (account_id, product_id, product_line, seq_no, origin, source, source_detail, segment, reference, owner_id, team_id, opened_at,
                      stage_id, stage_since, won_at, ended_at, ended_as, custom, updated_at)
SELECT lead.account_id, lead.product_id, lead.product_line, lead.seq_no, lead.origin, lead.source, lead.source_detail, lead.segment, '',
       lead.owner_id, lead.team_id, lead.opened_at + nth * interval '13 minutes', lead.stage_id, lead.stage_since + nth * interval '1 minute',
       lead.won_at + nth * interval '13 minutes', lead.ended_at, lead.ended_as, lead.custom, lead.updated_at
FROM crm_lead lead CROSS JOIN generate_series(1, %(copies)s) AS nth;
UPDATE crm_lead SET owner_id = (%(people)s::bigint[])[1 + pg_temp.chance(id, %(sellers)s)] WHERE stage_id IN ('ready', 'working', 'connected', 'booked');
INSERT INTO crm_task (subject, kind, details, due_on, owner_id, team_id, lead_id, created_at)
SELECT 'Call back', 'call', '', %(day)s::date - pg_temp.chance(id, 3), owner_id, team_id, id, now() FROM crm_lead
WHERE stage_id = 'connected' AND pg_temp.chance(id, 7) = 0;
INSERT INTO engage_message (direction, kind, state, thread, message_id, "references", address, name, subject, text, words, html, purpose, cause, at, n_tries,
                            n_looks, why, why_words, is_read_badly, is_filed, lead_id, contact_id, account_id, mailbox_id)
SELECT 'in', 'reply', 'received', gen_random_uuid(), 'bench' || id, '', '', '', 'Re: the night session', '', '', '', 'one_to_one', '',
       now() - interval '1 hour' * pg_temp.chance(id, 1500), 0, 0, '', '', false, false, id, contact_id, account_id, %(mailbox)s
FROM crm_lead WHERE stage_id IN ('ready', 'working', 'connected') AND pg_temp.chance(id, 3) = 0;
SET session_replication_role = DEFAULT;
ANALYZE crm_lead, crm_task, core_user, engage_message;
"""
BARE = """SELECT count(*), sum(score.rank) FROM crm_lead lead LEFT JOIN crm_leadscore score ON score.lead_id = lead.id
WHERE lead.owner_id = ANY(%s) AND lead.stage_id IN ('ready', 'working', 'connected', 'booked')"""


def main(n_leads: int, n_sellers: int) -> None:
    harness.ready()
    from django.db import connection, transaction
    from django.utils.timezone import now

    from tasuki.core.audit import By, Door
    from tasuki.core.people import User
    from tasuki.core.teams import Team
    from tasuki.crm.leads import Lead
    from tasuki.crm.scoring import keeping, suggestions, versions
    from tasuki.crm.scoring.scores import LeadScore, ScoreDue
    from tasuki.engage.mailboxes import Mailbox

    by, at = By(None, Door.COMMAND), now()
    day = (at + timedelta(days=7 - at.weekday())).date()
    with transaction.atomic(), connection.cursor() as cursor:
        team = Team.objects.filter(department="inside_sales").order_by("-pk")[0]
        here = Lead.objects.count()
        values = {"team": team.pk, "sellers": n_sellers, "copies": max(n_leads // here - 1, 0), "day": day, "people": [], "mailbox": 0}
        first, second = FILL.split("INSERT INTO crm_lead", 1)
        cursor.execute(first, values)
        sellers = list(User.objects.filter(email__endswith="@bench.example").order_by("pk"))
        values["people"] = [one.pk for one in sellers]
        values["mailbox"] = Mailbox.objects.create(owner=sellers[0], address="bench@bench.example", key="bench", smtp_host="127.0.0.1", connected_at=at).pk
        cursor.execute("INSERT INTO crm_lead" + second, values)
        cursor.execute(call_list_rows.DUE, values)
        print(f"{harness.machine()}; {Lead.objects.count():,} leads, {len(sellers)} sellers", flush=True)

        if versions.ScoreModel.objects.in_force() is None:
            keeping.publish(suggestions.fill(versions.begin(by=by, at=at), by=by, at=at), by=by, at=at)
        versions.ScoreModel.objects.update(rescored_up_to=0, rescored_at=None)
        ScoreDue.objects.all().delete()
        scoring = took(lambda: keeping.rescore(at=at))
        n_scored = LeadScore.objects.count()
        print(f"{'score all leads on their way to sales':44} {scoring:8.2f} s  {n_scored:,} leads, {n_scored / scoring:,.0f} a second", flush=True)

        reach_hours(at)
        bare = min(took(lambda: cursor.execute(BARE, [values["people"]])) for _ in range(3))
        built(day, sellers, by=by, at=at, bare=bare)

        raise_hands(sellers, by=by, at=at)
        transaction.set_rollback(True)


def reach_hours(at: datetime) -> None:
    """As if calls had taught that people are reached in the middle of the morning and of the afternoon: then lists are arranged by it."""
    from tasuki.engage.reach import ReachCell

    ReachCell.objects.all().delete()
    ReachCell.objects.bulk_create(
        ReachCell(country="", weekday=weekday, hour=hour, n=400, n_reached=120 if hour in (10, 15) else 40, counted_at=at)
        for weekday in range(1, 8)
        for hour in range(24)
    )


def built(day: date, sellers: list[Any], *, by: Any, at: datetime, bare: float) -> None:
    from django.db.models import Count

    from tasuki.inside_sales.call_lists import building
    from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry

    builds, works, server = [], [], harness.server()
    for _nth in range(3):
        CallList.objects.filter(for_on=day).delete()
        worked = harness.worked(server)
        builds.append(took(lambda: building.build(day, owners=sellers, by=by, at=at)))
        works.append((harness.worked(server) - worked) / 1000)
    n_lists, n_entries = CallList.objects.filter(for_on=day).count(), CallListEntry.objects.filter(call_list__for_on=day).count()
    beside = f"best {min(builds):.3f} s, {min(works):.3f} s of work, {min(builds) / bare:.1f} times a bare read of {bare:.3f} s"
    said(f"build {n_lists} lists of {n_entries:,} entries", max(builds), BUILD_LIMIT, beside=beside)
    buckets = CallListEntry.objects.filter(call_list__for_on=day).values_list("bucket").annotate(n=Count("pk")).order_by("bucket")
    print("entries by bucket:", ", ".join(f"{bucket}: {n:,}" for bucket, n in buckets), flush=True)
    said("build them again: nothing to do", took(lambda: building.build(day, owners=sellers, by=by, at=at)), BUILD_LIMIT)


def raise_hands(sellers: list[Any], *, by: Any, at: datetime) -> None:
    from django.db.models import Count

    from tasuki.crm import leads, stages
    from tasuki.inside_sales.call_lists.lists import CallListEntry
    from tasuki.inside_sales.routing_decisions import RoutingDecision

    waiting = iter(list(islice(call_list_rows.hands(sellers, by=by, at=at), N_HANDS + 1)))
    placed = harness.timed(lambda: leads.capture(next(waiting), by=by, at=at, stage=stages.READY), N_HANDS)
    late = CallListEntry.objects.filter(call_list__owner__in=sellers, inserted_at=at, lead__source="bench")
    n_late = late.values("lead").distinct().count()
    beside = f"{placed.p95 / PLACE_LIMIT_MS:.2f} of the limit, median {placed.p50:.0f} ms, {placed.cpu:.0f} ms own work, {n_late} on top"
    print(f"{'a hand-raise, scored, routed, on the list':44} {placed.p95:8.1f} ms p95 of {N_HANDS}  {beside}", flush=True)
    print(f"{'':44} by step: {dict(RoutingDecision.objects.filter(lead__source='bench').values_list('step').annotate(n=Count('pk')))}", flush=True)


def took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def said(what: str, seconds: float, limit: float, *, beside: str = "") -> None:
    print(f"{what:44} {seconds:8.3f} s {seconds / limit:6.2f} of the limit  {beside}", flush=True)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [1_000_000, 100][len(numbers) :]))
