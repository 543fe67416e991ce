"""Counting the days: those that are over and not counted yet, and those in which something changed since.

What changed is written down by triggers, in the transaction that changes it, so a late fact lands on its day: a meeting on that of the meeting,
an acceptance on that of the answer, a reach on that of the first answer it followed. A batch is one transaction: its notes are taken first and
its days counted after, so what is committed in between leaves its note for the next. Batches come one at a time, by whichever worker is first,
and one that is killed has done nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from tasuki.core.organisation import the_organisation
from tasuki.relay.leg_days import facts
from tasuki.relay.leg_days.facts import AnyPart, Days, Part, People, Times
from tasuki.relay.leg_days.rows import BITS, LARGEST, SPANS, VERSION, LegCount, LegCounted, LegTouched, Noun, Told, midnight, number

# Which of PostgreSQL's advisory locks is ours.
_LOCK = 7_010_011
# So many days that something changed in, or that are new, are counted in one transaction.
DAYS_AT_ONCE = 64

_FIRST = {
    Noun.CALL: "SELECT min(started_at) FROM engage_call",
    Noun.MEETING: "SELECT min(starts_at) FROM engage_meeting",
    Noun.HANDOFF: "SELECT min(answered_at) FROM relay_handoff",
    Noun.PROMISE: "SELECT min(settled_at) FROM relay_clock",
    Noun.GIVEN_UP: "SELECT min(entered_at) FROM crm_passage",
    Noun.LIST: "SELECT min(for_on) FROM inside_sales_calllist",
    Noun.EDGE: "SELECT min(entered_at) FROM crm_passage",
    Noun.STAY: "SELECT min(entered_at) FROM crm_passage",
    Noun.STEP: "SELECT least((SELECT min(opened_at) FROM crm_lead), (SELECT min(entered_at) FROM crm_passage))",
}
_SPAN = "unnest(%(n_days)s::int[], %(starts_on)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS span(n_days, starts_on, since_at, until_at)"
_FORGET = """
DELETE FROM relay_legcount kept USING unnest(%(n_days)s::int[], %(starts_on)s::date[]) AS span(n_days, starts_on)
WHERE kept.part = %(part)s AND kept.told = ANY(%(told)s) AND kept.n_days = span.n_days AND kept.starts_on = span.starts_on"""
_SMALLER = """
unnest(%(n_days)s::int[], %(starts_on)s::date[]) AS span(n_days, starts_on)
JOIN relay_legcount kept ON kept.n_days = %(smaller)s AND kept.starts_on >= span.starts_on AND kept.starts_on < span.starts_on + span.n_days"""
_INTO = "INSERT INTO relay_legcount (part, key, told, n_days, starts_on, owner_id, seen_id, person_id, team_id, source, counts, values, n_each)"


def keep(*, at: datetime) -> int:
    """Count whatever is to be counted, up to the day before this one; returns how many batches that took."""
    n = 0
    for noun in Noun:
        while _next_batch(noun, at=at):
            n += 1
    return n


@transaction.atomic
def count_anew(first: date, last: date) -> None:
    """Have the next batches count these days again, as if something had changed in each of them; both are among them."""
    for one in LegCounted.objects.filter(version=VERSION):
        begin, until = max(first, one.from_on), min(last, one.until_on - timedelta(days=1)) + timedelta(days=1)
        LegTouched.objects.bulk_create(LegTouched(noun=one.noun, touched_on=begin + timedelta(days=nth)) for nth in range((until - begin).days))


@transaction.atomic
def count_everything_anew() -> None:
    """Forget what was counted: pages are counted from the rows until it is counted again."""
    LegCounted.objects.get_queryset().delete()


@transaction.atomic
def _next_batch(noun: Noun, *, at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    zone = ZoneInfo(the_organisation().time_zone)
    today = at.astimezone(zone).date()
    counted = LegCounted.objects.filter(noun=noun, version=VERSION).first() or _begin(noun, today, zone)
    if counted is None:
        return False
    touched = _take(noun)
    if touched and touched[0] < counted.from_on:
        # Older than all that was known: whoever asks is told from the rows until it is counted anew.
        LegCounted.objects.filter(noun=noun).delete()
        return True
    changed = {day for day in touched if day < counted.until_on}
    until = min(today, counted.until_on + timedelta(days=DAYS_AT_ONCE))
    new = [counted.until_on + timedelta(days=nth) for nth in range((until - counted.until_on).days)] if not changed else []
    if not changed and not new:
        return False
    _count(noun, _spans_of({*changed, *new}, counted.from_on, max(until, counted.until_on) if new else counted.until_on), zone)
    LegCounted.objects.filter(noun=noun).update(until_on=until if new else counted.until_on)
    return True


def _begin(noun: Noun, today: date, zone: ZoneInfo) -> LegCounted | None:
    """Nothing of the noun is counted: from its first day on; None where there is nothing to count."""
    LegCounted.objects.filter(noun=noun).delete()
    LegCount.objects.filter(part__in=[part.name for part in facts.of_noun(noun)]).delete()
    with connection.cursor() as cursor:
        cursor.execute(_FIRST[noun])
        ((first,),) = cursor.fetchall()
    if first is None:
        return None
    day = min(first.astimezone(zone).date() if isinstance(first, datetime) else first, today)
    day -= timedelta(days=number(day) % LARGEST)
    return LegCounted.objects.create(noun=noun, from_on=day, until_on=day, version=VERSION)


def _take(noun: Noun) -> list[date]:
    """The oldest days in which something changed, without their notes; some of many, so that a batch stays one of a moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH oldest AS (SELECT DISTINCT touched_on FROM relay_legtouched WHERE noun = %(noun)s ORDER BY touched_on LIMIT %(most)s),
                    taken AS (DELETE FROM relay_legtouched WHERE noun = %(noun)s AND touched_on IN (SELECT touched_on FROM oldest) RETURNING touched_on)
               SELECT DISTINCT touched_on FROM taken ORDER BY touched_on""",
            {"noun": noun, "most": DAYS_AT_ONCE},
        )
        return [day for (day,) in cursor.fetchall()]


def _spans_of(days: Iterable[date], from_on: date, until_on: date) -> list[tuple[int, date]]:
    """The spans that hold one of the days, as far as they are over."""
    found = {(n_days, day - timedelta(days=number(day) % n_days)) for day in days for n_days in SPANS}
    return sorted((n_days, first) for n_days, first in found if first >= from_on and first + timedelta(days=n_days) <= until_on)


def _count(noun: Noun, spans: list[tuple[int, date]], zone: ZoneInfo) -> None:
    """The shortest spans from the rows, the longer ones from those a size smaller: but leads, which do not add up."""
    with connection.cursor() as cursor:
        for n_days, smaller in zip(reversed(SPANS), (None, *reversed(SPANS)), strict=False):
            known = spans_as_columns([first for length, first in spans if length == n_days], n_days, zone)
            for part in facts.of_noun(noun):
                cursor.execute(_FORGET, {**known, "part": part.name})
                for statement in statements(part, smaller):
                    cursor.execute(f"{_INTO} {statement}", {**known, "smaller": smaller})


def spans_as_columns(starts: list[date], n_days: int, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "zone": zone.key,
        "n_days": [n_days] * len(starts),
        "starts_on": starts,
        "told": Told.values,
        "since": [midnight(first, zone) for first in starts],
        "until": [midnight(first + timedelta(days=n_days), zone) for first in starts],
    }


def statements(part: AnyPart, smaller: int | None) -> list[str]:
    """SELECTs of all that is kept of some spans (`spans_as_columns`), from the rows, or from spans of `smaller` days."""
    if isinstance(part, People):
        return [_people(part, scope) for scope in ("", "team", "person")]
    if isinstance(part, Days):
        return [_days(part) if smaller is None else _days_added(part)]
    if smaller is None:
        return [_times(part) if isinstance(part, Times) else _numbers(part)]
    return [_times_added(part) if isinstance(part, Times) else _numbers_added(part)]


def _rows(part: AnyPart, where: str) -> str:
    rows = facts.rows(part.noun, with_lead=True)
    return f"(SELECT span.n_days, span.starts_on, span.since_at, one.* FROM {_SPAN} CROSS JOIN LATERAL ({rows}) one) AS fact WHERE {where}"


def _sets(part: AnyPart, of: str) -> str:
    made = (", ".join([of, *(column for column, bit in BITS.items() if not told & bit)]) for told in part.sets)
    return f"GROUPING SETS ({', '.join(f'({columns})' for columns in made)})"


def _told(part: Part | Times | Days) -> str:
    """By what a row is told apart, and of what: PostgreSQL speaks only of what some set has."""
    apart = [column for column, bit in BITS.items() if any(not told & bit for told in part.sets)]
    told = " + ".join(f"{bit} * GROUPING({column})" if column in apart else str(bit) for column, bit in BITS.items())
    return ", ".join(
        [
            f"{told} AS told",
            "n_days",
            "starts_on",
            *(column if column in apart else f"NULL::{'text' if column == 'source' else 'bigint'} AS {column}" for column in BITS),
        ]
    )


def _numbers(part: Part) -> str:
    return f"""
        SELECT '{part.name}', key, {_told(part)},
               ARRAY[{", ".join(f"coalesce({number}, 0)::int" for number in part.numbers.values())}], NULL::int[], NULL::int[]
        FROM (SELECT *, {part.key} AS key FROM {_rows(part, part.where)}) AS fact GROUP BY {_sets(part, "n_days, starts_on, key")}"""


def _numbers_added(part: Part) -> str:
    sums = ", ".join(f"sum(counts[{nth}])::int" for nth in range(1, len(part.numbers) + 1))
    return f"""
        SELECT '{part.name}', key, told, span.n_days, span.starts_on, owner_id, seen_id, person_id, team_id, source, ARRAY[{sums}], NULL::int[], NULL::int[]
        FROM {_SMALLER} AND kept.part = '{part.name}' AND kept.told = ANY(%(told)s)
        GROUP BY key, told, span.n_days, span.starts_on, owner_id, seen_id, person_id, team_id, source"""


def _days(part: Days) -> str:
    """The day, for each person who did it."""
    return f"""
        SELECT '{part.name}', '', {_told(part)}, '{{}}'::int[], ARRAY[starts_on - date '0001-01-01'], NULL::int[]
        FROM {_rows(part, part.where)} GROUP BY {_sets(part, "n_days, starts_on")}"""


def _days_added(part: Days) -> str:
    return f"""
        SELECT '{part.name}', '', told, span.n_days, span.starts_on, owner_id, seen_id, person_id, team_id, source, '{{}}'::int[], array_agg(day ORDER BY day),
               NULL::int[]
        FROM {_SMALLER} AND kept.part = '{part.name}' AND kept.told = ANY(%(told)s) CROSS JOIN LATERAL unnest(kept.values) AS day
        GROUP BY told, span.n_days, span.starts_on, owner_id, seen_id, person_id, team_id, source"""


def _times(part: Times) -> str:
    """How often each value came."""
    return _gathered(
        part,
        f"""SELECT key, {_told(part)}, value, count(*)::int AS n
            FROM (SELECT *, {part.key} AS key, {part.value} AS value FROM {_rows(part, part.where)}) AS fact
            GROUP BY {_sets(part, "n_days, starts_on, key, value")}""",
    )


def _times_added(part: Times) -> str:
    return _gathered(
        part,
        f"""SELECT key, told, span.n_days, span.starts_on, owner_id AS owner, seen_id AS seen, person_id AS person, team_id AS team, source, one.value,
                   sum(one.n)::int AS n
            FROM {_SMALLER} AND kept.part = '{part.name}' AND kept.told = ANY(%(told)s) CROSS JOIN LATERAL unnest(kept.values, kept.n_each) AS one(value, n)
            GROUP BY key, told, span.n_days, span.starts_on, owner_id, seen_id, person_id, team_id, source, one.value""",
    )


def _gathered(part: Times, often: str) -> str:
    """The values of each span and group in their order; and, to find one sooner, how many lie up to each bound."""
    up_to = ", ".join(f"(coalesce(sum(n) FILTER (WHERE value <= {bound}), 0))::int" for bound in part.bounds)
    return f"""
        SELECT '{part.name}', key, told, n_days, starts_on, owner, seen, person, team, source, ARRAY[sum(n)::int, {up_to}],
               array_agg(value ORDER BY value), array_agg(n ORDER BY value)
        FROM ({often}) AS often GROUP BY key, told, n_days, starts_on, owner, seen, person, team, source"""


def _people(part: People, scope: str) -> str:
    """Leads of a span, and when each of them was tried last before it by the same person, the same team, or anybody."""
    same = {"": "true", "team": "colleague.team_id IS NOT DISTINCT FROM lead.team", "person": "other.caller_id IS NOT DISTINCT FROM lead.person"}[scope]
    whose = {"": "NULL::bigint AS person, NULL::bigint AS team", "team": "NULL::bigint AS person, team", "person": "person, team"}[scope]
    of_all = {"": BITS["person"] | BITS["team"], "team": BITS["person"], "person": 0}[scope]
    apart = " + ".join(f"{BITS[column]} * GROUPING({column})" for column in ("owner", "seen", "source"))
    before = facts.called(part, "lead.lead", since="'-infinity'", until="lead.since_at", scope=same)
    each = "n_days, starts_on, owner, seen, person, team, source, told"
    sets = ", ".join(
        ", ".join(["(n_days, starts_on, person, team, days", *(column for column in ("owner", "seen", "source") if not told & BITS[column])]) + ")"
        for told in part.sets
        if told & (BITS["person"] | BITS["team"]) == of_all
    )
    return f"""
        SELECT '{part.name}', '', told, n_days, starts_on, owner, seen, person, team, source, ARRAY[sum(n)::int],
               coalesce(array_agg(days ORDER BY days) FILTER (WHERE days IS NOT NULL), '{{}}'),
               coalesce(array_agg(n_until ORDER BY days) FILTER (WHERE days IS NOT NULL), '{{}}')
        FROM (SELECT {each}, days, n, (sum(n) OVER (PARTITION BY {each} ORDER BY days))::int AS n_until
              FROM (SELECT n_days, starts_on, owner, seen, person, team, source, {of_all} + {apart} AS told, days, count(*)::int AS n
                    FROM (SELECT lead.*, lead.starts_on - ((SELECT max(other.started_at) {before}) AT TIME ZONE %(zone)s)::date AS days
                          FROM (SELECT DISTINCT n_days, starts_on, since_at, lead, source, owner, seen, {whose}
                                FROM {_rows(part, facts.with_results(part))}) AS lead
                         ) AS tried
                    GROUP BY GROUPING SETS ({sets})) AS often) AS summed
        GROUP BY {each}"""
