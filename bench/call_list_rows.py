"""What the bench of tomorrow's lists sets up: rows for every source of a list, copied from one that the home has, and hands to be raised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

# After the leads. Everything falls within a day or two of the day whose lists are built; a contact of a copied enrolment is nobody.
DUE = """
SET session_replication_role = replica;
UPDATE crm_lead SET stage_id = 'booked' WHERE stage_id = 'connected' AND pg_temp.chance(id, 6) = 0;
INSERT INTO engage_nextcall (lead_id, due_at, is_promised, zone, words)
SELECT id, %(day)s::date + (pg_temp.chance(id, 60) - 24) * interval '1 hour', false, 'Asia/Seoul', ''
FROM crm_lead WHERE stage_id = 'working' AND pg_temp.chance(id, 9) = 0
ON CONFLICT DO NOTHING;
INSERT INTO engage_nextcall (lead_id, due_at, is_promised, zone, words, task_id)
SELECT DISTINCT ON (lead_id) lead_id, due_on + interval '10 hours', true, 'UTC', '', id FROM crm_task WHERE subject = 'Call back' AND pg_temp.chance(id, 2) = 0
ON CONFLICT DO NOTHING;
INSERT INTO engage_meeting (lead_id, held_by_id, booked_by_id, kind, place, agenda, attendees, starts_at, ends_at, zone, state, booked_at, reason, uid,
    sequence)
SELECT id, owner_id, owner_id, 'video', '', '', '', starts_at, starts_at + interval '10 minutes', 'Asia/Seoul', 'booked', now(), '', gen_random_uuid(), 0
FROM (SELECT id, owner_id, %(day)s::date + (row_number() OVER (PARTITION BY owner_id ORDER BY id) - 24) * interval '1 hour' AS starts_at
      FROM crm_lead WHERE stage_id = 'booked' AND owner_id = ANY(%(people)s::bigint[])) AS booked
WHERE starts_at < %(day)s::date + 2;
INSERT INTO engage_enrolment (state, why, enrolled_at, contact_id, lead_id, owner_id, sequence_id, version_id, next_step_id, due_at)
SELECT 'active', '', now(), -lead.id, lead.id, lead.owner_id, call.sequence_id, call.version_id, call.id,
       CASE WHEN pg_temp.chance(lead.id, 2) = 0 THEN %(day)s::date + (pg_temp.chance(lead.id, 60) - 24) * interval '1 hour' END
FROM crm_lead lead CROSS JOIN (SELECT step.*, version.sequence_id FROM engage_step step JOIN engage_sequenceversion version ON version.id = step.version_id
    WHERE step.kind = 'call' LIMIT 1) AS call
WHERE lead.stage_id = 'working' AND pg_temp.chance(lead.id, 11) = 0;
INSERT INTO engage_deed (state, due_on, begun_at, result, enrolment_id, step_id, owner_id, counts_opens, counts_clicks)
SELECT 'waiting', %(day)s::date - pg_temp.chance(id, 3), now(), '', id, next_step_id, owner_id, false, false FROM engage_enrolment
WHERE contact_id < 0 AND due_at IS NULL;
INSERT INTO relay_clock (lead_id, agreement_id, owed, nth, counts, n_seconds, owner_id, team_id, since_at, started_at, due_at, n_paused_wall,
    n_paused_business, stopped_because, is_answered)
SELECT id, (SELECT id FROM relay_agreement LIMIT 1), 'answer', 1, 'business', 300, owner_id, team_id, stage_since, stage_since,
    %(day)s::date + (pg_temp.chance(id, 60) - 24) * interval '1 hour', 0, 0, '', false FROM crm_lead WHERE stage_id = 'ready' AND pg_temp.chance(id, 17) = 0
ON CONFLICT DO NOTHING;
UPDATE crm_lead SET origin = 'recycled', opened_at = %(day)s::date - 2 WHERE stage_id = 'ready' AND pg_temp.chance(id, 19) = 0;
UPDATE crm_lead SET origin = 'inbound', opened_at = %(day)s::date - 1 WHERE stage_id = 'ready' AND pg_temp.chance(id, 101) = 0;
SET session_replication_role = DEFAULT;
ANALYZE crm_lead, crm_task, engage_nextcall, engage_meeting, engage_enrolment, engage_deed, relay_clock;
"""


def hands(sellers: list[Any], *, by: Any, at: datetime) -> Iterator[Any]:
    """Arrivals of people whom nobody has: one belongs to whoever works their company, the next goes round by the rules."""
    from tasuki.core.audit import By, Door
    from tasuki.core.teams import Team
    from tasuki.crm import leads, records, stages
    from tasuki.crm.leads import Arrival, Origin
    from tasuki.inside_sales import routing_pools, routing_rules
    from tasuki.inside_sales.routing_methods import Method
    from tasuki.inside_sales.routing_pools import OffHours, PoolMember

    team, marketing = sellers[0].team, Team.objects.filter(department="marketing").order_by("pk")[0]
    pool = routing_pools.keep(None, name="Bench", team=team, method=Method.ROUND_ROBIN, off_hours=OffHours.GIVE, by=by, at=at)
    PoolMember.objects.bulk_create(PoolMember(pool=pool, user=one) for one in sellers)
    draft = routing_rules.draft(by=by, at=at)
    draft.rules.all().delete()
    routing_rules.add(draft, name="Bench", condition="", pool=pool, by=by, at=at)
    routing_rules.publish(draft, by=by, at=at)
    for nth in count():
        account = records.add_account(records.Company(f"Bench Exchange {nth}"), owner=None, team=marketing, another="one more", by=by, at=at)
        if nth % 2:
            owner = sellers[nth % len(sellers)]
            leads.capture(Arrival(team=team, owner=owner, account=account), by=By(owner, Door.COMMAND), at=at, stage=stages.WORKING)
        contact = records.add_contact(records.Person("Bench", f"{nth}", account=account), another="one more", by=by, at=at)
        yield Arrival(team=marketing, account=account, contact=contact, origin=Origin.INBOUND, source="bench")
