"""How far leads came and when: what the rates of a plan are measured by, and what it is compared with. Of the whole house, without expansions.

A lead comes to a step once, the first time: **booked** when it stands in that stage, **held** with the first meeting that was held, or when sales took
it over, **opportunity** in P2, **order** when it was won. Whoever reached a later step has passed those before it. What was merged into another
lead is no part, and what existing customers buy on top is planned as an amount.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.analytics import reverse_plan
from tasuki.analytics.reverse_plan import Months, Passing
from tasuki.analytics.survival import Tally, incidence
from tasuki.core.organisation import the_organisation
from tasuki.crm import stages
from tasuki.relay import book
from tasuki.relay.leg_days.rows import midnight
from tasuki.relay.plan_rows import PASSED, Step, month_of
from tasuki.relay.questions import Question

# Those that came within this time before are counted.
WINDOW = timedelta(days=730)
# Whoever stands somewhere for so many months or longer is not going on any more, as far as a plan looks.
OLDEST = reverse_plan.MOST_MONTHS + 1

# {among} narrows the leads. A meeting that was held before the pass began is none of it.
_FIRSTS = """
sold AS (SELECT lead_id, min(entered_at) AS booked_at, min(entered_at) FILTER (WHERE stage_id <> 'booked') AS taken_at,
                min(entered_at) FILTER (WHERE stage_id = ANY(%(pipeline)s)) AS pipeline_at
         FROM crm_passage WHERE stage_id = ANY(%(from_booked)s) {among} GROUP BY lead_id),
met AS (SELECT lead_id, min(starts_at) AS held_at FROM engage_meeting meeting JOIN crm_lead ON crm_lead.id = lead_id
        WHERE meeting.state = 'held' AND starts_at >= opened_at {among} GROUP BY lead_id),
way AS (SELECT lead.id, lead.source, lead.opened_at AS leads, lead.ended_at, lead.won_at AS wins, least(pipeline_at, won_at) AS opportunities,
               least(held_at, taken_at, won_at) AS held, least(booked_at, held_at, won_at) AS booked
        FROM crm_lead lead {join} JOIN (sold FULL JOIN met USING (lead_id)) further ON further.lead_id = lead.id
        WHERE lead.origin <> 'expansion' AND lead.ended_as <> 'merged')
"""
_WAYS = f"WITH {_FIRSTS.format(among='', join='LEFT')}"
# Of those alone to which something happened in a time: a step that was come to then is one of these moments.
_WAYS_WITHIN = f"""WITH touched AS MATERIALIZED (
    SELECT lead_id FROM crm_passage WHERE stage_id = ANY(%(from_booked)s) AND entered_at >= %(start)s AND entered_at < %(finish)s
    UNION SELECT lead_id FROM crm_passage WHERE outcome = 'won' AND left_at >= %(start)s AND left_at < %(finish)s
    UNION SELECT lead_id FROM engage_meeting WHERE state = 'held' AND starts_at >= %(start)s AND starts_at < %(finish)s),
{_FIRSTS.format(among="AND lead_id IN (SELECT lead_id FROM touched)", join="")}"""

_TALLIES = f"""{_WAYS}
SELECT step, floor(extract(epoch FROM least(went, ended, %(at)s::timestamptz) - came) / 86400)::int AS days,
       count(*) FILTER (WHERE went < %(at)s AND (ended IS NULL OR went <= ended)),
       count(*) FILTER (WHERE NOT coalesce(went < %(at)s AND (ended IS NULL OR went <= ended), false) AND ended < %(at)s),
       count(*) FILTER (WHERE NOT coalesce(went < %(at)s AND (ended IS NULL OR went <= ended), false) AND NOT coalesce(ended < %(at)s, false))
FROM way CROSS JOIN LATERAL (VALUES ('leads', leads, booked), ('booked', booked, held), ('held', held, opportunities), ('opportunities', opportunities, wins))
    one (step, came, went)
CROSS JOIN LATERAL (SELECT CASE WHEN way.ended_at < came THEN came ELSE way.ended_at END AS ended) gone
WHERE came >= %(since)s AND came < %(at)s GROUP BY step, days ORDER BY step, days
"""
_STANDING = f"""{_WAYS}
SELECT step, least(floor(((%(at)s::timestamptz AT TIME ZONE %(zone)s)::date - (came AT TIME ZONE %(zone)s)::date) / %(month)s), %(oldest)s)::int AS age,
       count(*)
FROM way CROSS JOIN LATERAL (SELECT CASE WHEN opportunities < %(at)s THEN 'opportunities' WHEN held < %(at)s THEN 'held' WHEN booked < %(at)s THEN 'booked'
                                    ELSE 'leads' END AS step) furthest
CROSS JOIN LATERAL (SELECT CASE step WHEN 'opportunities' THEN opportunities WHEN 'held' THEN held WHEN 'booked' THEN booked ELSE leads END AS came) since
WHERE leads < %(at)s AND (wins IS NULL OR wins >= %(at)s) AND (ended_at IS NULL OR ended_at >= %(at)s)
GROUP BY step, age
"""
_CAME = """SELECT date_trunc('month', opened_at AT TIME ZONE %(zone)s)::date AS month, count(*)
FROM crm_lead WHERE opened_at >= %(start)s AND opened_at < %(finish)s AND origin <> 'expansion' AND ended_as <> 'merged' GROUP BY month
"""
_FLOWS = f"""{_WAYS_WITHIN}
SELECT step, date_trunc('month', came AT TIME ZONE %(zone)s)::date AS month, count(*)
FROM way CROSS JOIN LATERAL (VALUES ('booked', booked), ('held', held), ('opportunities', opportunities), ('wins', wins)) one (step, came)
WHERE came >= %(start)s AND came < %(finish)s GROUP BY step, month
"""
_CAME_BY_SOURCE = """SELECT 'leads', source, count(*)
FROM crm_lead WHERE opened_at >= %(start)s AND opened_at < %(finish)s AND origin <> 'expansion' AND ended_as <> 'merged' GROUP BY source
"""
_BY_SOURCE = f"""{_WAYS_WITHIN}
SELECT step, source, count(*)
FROM way CROSS JOIN LATERAL (VALUES ('booked', booked), ('held', held), ('opportunities', opportunities), ('wins', wins)) one (step, came)
WHERE came >= %(start)s AND came < %(finish)s GROUP BY step, source
"""
_BY_PERSON = f"""{_WAYS_WITHIN}
SELECT step, carried.owner_id, count(*)
FROM way CROSS JOIN LATERAL (VALUES ('booked', booked), ('held', held), ('opportunities', opportunities)) one (step, came)
LEFT JOIN LATERAL (SELECT owner_id FROM crm_passage WHERE lead_id = way.id AND stage_id = ANY(%(inside)s) ORDER BY seq DESC LIMIT 1) carried ON true
WHERE came >= %(start)s AND came < %(finish)s GROUP BY step, carried.owner_id
"""
_ORDERS = """SELECT date_trunc('month', coalesce(day, (at AT TIME ZONE %(zone)s)::date))::date AS month, coalesce(sum(amount_left), 0)
FROM LINES WHERE outcome = 'won' AND NOT BEFORE(first) AND BEFORE(until) GROUP BY month
"""
_ORDER = """SELECT avg(amount), count(amount) FROM crm_passage JOIN crm_lead lead ON lead.id = lead_id
WHERE outcome = 'won' AND amount > 0 AND left_at >= %(since)s AND left_at < %(at)s AND lead.origin <> 'expansion'
"""
_RECYCLED = """SELECT count(*) FILTER (WHERE origin = 'recycled'), count(*) FROM crm_lead
WHERE opened_at >= %(since)s AND opened_at < %(at)s AND origin <> 'expansion' AND ended_as <> 'merged'
"""
_WAKING = """SELECT count(*) FROM crm_passage WHERE outcome = 'recycled' AND wake_on >= %(first)s AND wake_on < %(until)s
    AND NOT EXISTS (SELECT FROM crm_lead WHERE previous_id = lead_id)
"""


@dataclass(frozen=True)
class Measured:
    """The way from a step to the next, of the `n` that came to it in the window; `days` is the median of those that went on."""

    passing: Passing
    n: int
    n_decided: int
    days: float | None


@dataclass(frozen=True)
class Order:
    mean: Decimal | None
    n: int


def measured(*, at: datetime) -> dict[Step, Measured]:
    """The rates of the house as they were known at a moment, by cumulative incidence: what has not been decided is no loss."""
    tallies: dict[str, list[Tally]] = defaultdict(list)
    for step, *numbers in _ask(_TALLIES, since=at - WINDOW, at=at):
        tallies[step].append(Tally(*numbers))
    return {step: _measured(tallies[step]) for step in PASSED}


def _measured(tallies: list[Tally]) -> Measured:
    n, decided = sum(one.won + one.lost + one.open for one in tallies), sum(one.won + one.lost for one in tallies)
    return Measured(reverse_plan.passing(incidence(tallies)), n, decided, _median(tallies))


def _median(tallies: list[Tally]) -> float | None:
    half, so_far = sum(one.won for one in tallies) / 2, 0
    for one in tallies:
        so_far += one.won
        if half and so_far >= half:
            return one.days
    return None


def order(*, at: datetime) -> Order:
    """The average order of the two years before, without expansions."""
    ((mean, n),) = _ask(_ORDER, since=at - WINDOW, at=at)
    return Order(None if mean is None else Decimal(mean), n)


def recycled(*, at: datetime) -> tuple[int, int]:
    """Of the leads of the two years before, how many had come round, and how many there were."""
    ((part, n),) = _ask(_RECYCLED, since=at - WINDOW, at=at)
    return part, n


def sold(first: date, until: date) -> dict[int, Decimal]:
    """What was ordered in each month, expansions too: the sums of the daybook."""
    zone = ZoneInfo(the_organisation().time_zone)
    return {month_of(month): amount for month, amount in book.ask(Question(), _ORDERS, edges={"first": midnight(first, zone), "until": midnight(until, zone)})}


def flows(start: datetime, finish: datetime) -> dict[Step, Months]:
    """How many came to each step in [start, finish), by month of the house."""
    bounds = {"zone": the_organisation().time_zone, "start": start, "finish": finish}
    found: dict[Step, Months] = {step: {} for step in Step}
    for month, n in _ask(_CAME, **bounds):
        found[Step.LEADS][month_of(month)] = n
    for step, month, n in _ask(_FLOWS, **bounds):
        found[Step(step)][month_of(month)] = n
    return found


def by_source(start: datetime, finish: datetime) -> dict[Step, dict[str, int]]:
    """How many came to each step in [start, finish), by the source of their lead; "" where it has none."""
    found: dict[Step, dict[str, int]] = {step: {} for step in Step}
    for statement in (_CAME_BY_SOURCE, _BY_SOURCE):
        for step, source, n in _ask(statement, start=start, finish=finish):
            found[Step(step)][source] = n
    return found


def by_person(start: datetime, finish: datetime) -> dict[Step, dict[int | None, int]]:
    """How many leads came to the steps in which inside sales shares, by who carried them last there."""
    found: dict[Step, dict[int | None, int]] = {step: {} for step in (Step.BOOKED, Step.HELD, Step.OPPORTUNITIES)}
    for step, person, n in _ask(_BY_PERSON, start=start, finish=finish, inside=[stages.READY, stages.WORKING, stages.CONNECTED, stages.BOOKED]):
        found[Step(step)][person] = n
    return found


def standing(*, at: datetime) -> dict[Step, Months]:
    """What is in hand: of the leads that are neither won nor ended, how many stand at each step, by whole months since the day they came to it, up to
    `OLDEST`.
    """
    found: dict[Step, Months] = {step: {} for step in PASSED}
    for step, age, n in _ask(_STANDING, at=at, zone=the_organisation().time_zone, month=reverse_plan.DAYS_A_MONTH, oldest=OLDEST):
        found[Step(step)][age] = n
    return found


def waking(first: date, until: date) -> int:
    """Recycled leads whose day comes then."""
    ((n,),) = _ask(_WAKING, first=first, until=until)
    return int(n)


def _ask(statement: str, **parameters: Any) -> Iterable[tuple[Any, ...]]:
    known = {"pipeline": list(stages.IN_PIPELINE), "from_booked": [stages.BOOKED, *stages.IN_SALES], **parameters}
    with connection.cursor() as cursor:
        cursor.execute(statement, known)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
