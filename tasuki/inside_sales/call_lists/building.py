"""Building: the lists of all sellers for a day in one statement.

A lead stands on a list once, in the first bucket that has it; the buckets come strictly in their order, and within one the rows by their key.
What was promised (buckets 1 to 4) is on the list whether or not it fits; the backlog is sure of its share of the places, as far as there is any,
and has what the others leave free; the rest is filled bucket by bucket.

All of it is one transaction that builds take in turns: whoever is killed in the middle leaves nothing, and a list that is there is not built again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Count

from tasuki.core.audit import By
from tasuki.inside_sales.call_lists import arranging, buckets, rules, turns
from tasuki.inside_sales.call_lists.buckets import PROMISED, Asked, Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry

if TYPE_CHECKING:
    from tasuki.core.people import User

_N_REASONS = 3

_MADE = """
INSERT INTO inside_sales_calllist (owner_id, for_on, n_slots, built_at)
SELECT owner_id, %(day)s, slots, %(at)s FROM unnest(%(owners)s::bigint[], %(slots)s::int[]) AS asked(owner_id, slots)
ON CONFLICT DO NOTHING RETURNING id, owner_id
"""

_FILLED = f"""
WITH asked AS (
    SELECT * FROM unnest(
        %(lists)s::bigint[], %(owners)s::bigint[], %(slots)s::int[], %(quotas)s::int[], %(begins)s::timestamptz[], %(ends)s::timestamptz[],
        %(zones)s::text[])
    AS asked(list_id, owner_id, slots, quota, begins_at, ends_at, zone)),
found AS ({{found}}),
once AS (
    SELECT DISTINCT ON (lead_id) owner_id, lead_id, bucket, key, why FROM found ORDER BY lead_id, bucket, key DESC, owner_id),
placed AS (
    SELECT once.*, row_number() OVER (PARTITION BY owner_id, bucket = {Bucket.BACKLOG.value} ORDER BY bucket, key DESC, lead_id) AS nth,
           count(*) FILTER (WHERE bucket = {Bucket.BACKLOG.value}) OVER (PARTITION BY owner_id) AS n_backlog,
           count(*) FILTER (WHERE bucket < {Bucket.BACKLOG.value}) OVER (PARTITION BY owner_id) AS n_others,
           count(*) FILTER (WHERE bucket <= {PROMISED}) OVER (PARTITION BY owner_id) AS n_promised
    FROM once),
taken AS (
    SELECT placed.*, asked.list_id, asked.slots,
           least(asked.quota, n_backlog) AS kept,
           least(n_others, greatest(asked.slots - least(asked.quota, n_backlog), n_promised)) AS n_taken
    FROM placed JOIN asked USING (owner_id)),
chosen AS (
    SELECT * FROM taken
    WHERE CASE WHEN bucket < {Bucket.BACKLOG.value} THEN nth <= n_taken ELSE nth <= greatest(kept, slots - n_taken) END)
INSERT INTO inside_sales_calllistentry (call_list_id, lead_id, bucket, position, reasons, skip_reason)
SELECT list_id, chosen.lead_id, bucket, row_number() OVER (PARTITION BY list_id ORDER BY bucket, key DESC, chosen.lead_id),
       (SELECT jsonb_agg(one ORDER BY nth) FROM (
            SELECT one, nth FROM jsonb_array_elements(why || coalesce(score.reasons, '[]'::jsonb)) WITH ORDINALITY AS said(one, nth)
            ORDER BY nth LIMIT {_N_REASONS}) AS first), ''
FROM chosen LEFT JOIN crm_leadscore score ON score.lead_id = chosen.lead_id
"""

_TOLD = """
INSERT INTO core_auditentry (at, actor_id, door, noun, record_id, action, changes)
SELECT %(at)s, %(actor)s, %(door)s, 'calllist', list.id, 'build',
       jsonb_build_object('entries', jsonb_build_array(NULL, (SELECT count(*) FROM inside_sales_calllistentry entry WHERE entry.call_list_id = list.id)))
FROM inside_sales_calllist list WHERE list.id = ANY(%(lists)s)
"""


@transaction.atomic
def build(for_on: date, *, owners: Iterable[User], by: By, at: datetime) -> int:
    """Propose the lists of these people for a day, as far as they are not there; returns how many were made. Who has no time that day gets none."""
    turns.build()
    people = list(owners)
    slots = rules.slots_of(people, day=for_on, planned_in_week=_planned_in_week(people, day=for_on))
    asked = [(pk, said) for pk, said in slots.items() if said.n]
    if not asked:
        return 0
    values: dict[str, Any] = {"day": for_on, "at": at, "owners": [pk for pk, _said in asked], "slots": [said.n for _pk, said in asked]}
    with connection.cursor() as cursor:
        cursor.execute(_MADE, values)
        made = dict(cursor.fetchall())
    by_id = {one.pk: one for one in people}
    whose = {pk: by_id[owner] for pk, owner in made.items()}
    _fill({pk: slots[owner.pk] for pk, owner in whose.items()}, owners=whose, day=for_on, by=by, at=at)
    return len(made)


@transaction.atomic
def propose_again(call_list: CallList, *, by: By, at: datetime) -> bool:
    """Build a list anew that is not frozen; False for one that is."""
    turns.build()
    held = CallList.objects.select_for_update(of=("self",)).select_related("owner").get(pk=call_list.pk)
    if held.frozen_at is not None:
        return False
    planned = _planned_in_week([held.owner], day=held.for_on)
    said = rules.slots_of([held.owner], day=held.for_on, planned_in_week=planned)[held.owner_id]
    CallListEntry.objects.filter(call_list=held).delete()
    CallList.objects.filter(pk=held.pk).update(n_slots=said.n, built_at=at)
    _fill({held.pk: said}, owners={held.pk: held.owner}, day=held.for_on, by=by, at=at)
    return True


def _fill(lists: dict[int, rules.Slots], *, owners: dict[int, User], day: date, by: By, at: datetime) -> None:
    """The day of a list is a day of its owner: its edges are moments by their clock."""
    if not lists:
        return
    found, more = _found(Asked(day, at, rules.in_force()))
    values: dict[str, Any] = {
        "day": day,
        "at": at,
        "lists": list(lists),
        "owners": [owners[pk].pk for pk in lists],
        "begins": [rules.begins_at(day, person=owners[pk]) for pk in lists],
        "ends": [rules.begins_at(day + timedelta(days=1), person=owners[pk]) for pk in lists],
        "zones": [owners[pk].time_zone for pk in lists],
        "slots": [said.n for said in lists.values()],
        "quotas": [said.quota for said in lists.values()],
        "actor": by.actor.pk if by.actor else None,
        "door": by.door.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILLED.format(found=found), values | more)
        cursor.execute(_TOLD, values)
    arranging.arrange(lists)


def _found(asked: Asked) -> tuple[str, dict[str, Any]]:
    """All sources, one after the other."""
    parts, values = [], dict[str, Any]()
    for bucket, source in buckets.sources():
        if rows := source(asked):
            parts.append(f"SELECT {bucket.value} AS bucket, owner_id, lead_id, key, why FROM ({rows[0]}) AS source")
            values |= rows[1]
    return " UNION ALL ".join(parts), values


def _planned_in_week(people: list[User], *, day: date) -> dict[int, int]:
    """How many calls are on the other lists of the week, by person."""
    monday = day - timedelta(days=day.weekday())
    entries = CallListEntry.objects.filter(call_list__owner__in=people, call_list__for_on__range=(monday, monday + timedelta(days=6))).exclude(
        call_list__for_on=day
    )
    return dict(entries.values_list("call_list__owner").annotate(n=Count("pk")).order_by())
