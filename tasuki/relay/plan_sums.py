"""How many came to each step of the plan, from what is counted of each day, so that looking at a plan costs the same however many leads there are.

Everything is of the whole house: the chain is shared. Until the days are counted (`leg_days`) the leads themselves are (`plan_ways`), and say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.analytics import reverse_plan
from tasuki.analytics.reverse_plan import Months
from tasuki.core.organisation import the_organisation
from tasuki.relay import plan_ways
from tasuki.relay.leg_days import covering, facts
from tasuki.relay.leg_days.covering import Cover, Period
from tasuki.relay.leg_days.rows import Noun, Told, midnight
from tasuki.relay.plan_rows import PASSED, Step, first_day, month_of
from tasuki.relay.plan_ways import OLDEST

_NUMBERS = tuple(facts.STEPS.numbers)
# By what the counts are told apart, of kept rows and of rows that are counted now.
_BY = {Told.ALL: ("NULL::text", "NULL::text"), Told.PERSON: ("kept.person_id", "fact.person"), Told.SOURCE: ("kept.source", "fact.source")}

# A period by its number; whose, or None for all; how many, by the names in `facts.STEPS`.
Counts = dict[tuple[int, Any], dict[str, int]]


def flows(start: datetime, finish: datetime) -> dict[Step, Months]:
    """How many came to each step in [start, finish), by month of the house."""
    zone = ZoneInfo(the_organisation().time_zone)
    first, last = (month_of(one.astimezone(zone).date()) for one in (start, finish - timedelta(microseconds=1)))
    periods = {month: (max(start, midnight(first_day(month), zone)), min(finish, midnight(first_day(month + 1), zone))) for month in range(first, last + 1)}
    counted = _counted(periods, Told.ALL)
    if counted is None:
        return plan_ways.flows(start, finish)
    return {step: {month: n for (month, _), counts in counted.items() if (n := counts[step.value])} for step in Step}


def by_source(start: datetime, finish: datetime) -> dict[Step, dict[str, int]]:
    """How many came to each step in [start, finish), by the source of their lead; "" where it has none."""
    counted = _counted({1: (start, finish)}, Told.SOURCE)
    if counted is None:
        return plan_ways.by_source(start, finish)
    return {step: {source: n for (_, source), counts in counted.items() if (n := counts[step.value])} for step in Step}


def by_person(start: datetime, finish: datetime) -> dict[Step, dict[int | None, int]]:
    """How many leads came to the steps in which inside sales shares, by who carried them last there."""
    counted = _counted({1: (start, finish)}, Told.PERSON)
    if counted is None:
        return plan_ways.by_person(start, finish)
    return {step: {person: n for (_, person), counts in counted.items() if (n := counts[step.value])} for step in (Step.BOOKED, Step.HELD, Step.OPPORTUNITIES)}


def standing(*, at: datetime) -> dict[Step, Months]:
    """What is in hand now: of the leads that are neither won nor ended, how many stand at each step, by whole months since the day they came to it."""
    zone = ZoneInfo(the_organisation().time_zone)
    counted = _counted(_ages(at, zone), Told.ALL)
    if counted is None:
        return plan_ways.standing(at=at)
    return {step: {age: n for (age, _), counts in counted.items() if (n := counts[f"{step.value}_in_hand"])} for step in PASSED}


def _ages(at: datetime, zone: ZoneInfo) -> dict[int, Period]:
    """When those came that have stood somewhere for so many months; all older ones together."""
    today = at.astimezone(zone).date()

    def since(age: int) -> datetime:
        return midnight(today - timedelta(days=ceil(age * reverse_plan.DAYS_A_MONTH) - 1), zone)

    return {age: (since(age + 1) if age < OLDEST else None, since(age) if age else at) for age in range(OLDEST + 1)}


def _counted(periods: Mapping[int, Period], told: Told) -> Counts | None:
    """One question, and one before it for what is counted; None where it is quicker, or safer, to count the leads."""
    zone, known = ZoneInfo(the_organisation().time_zone), covering.counted().counted.get(Noun.STEP)
    covers: dict[int, Cover] = {}
    for nth, period in periods.items():
        cover = covering.cover(known, period, zone)
        if cover is None:
            return None
        covers[nth] = cover
    spans = [(nth, n_days, day) for nth, cover in covers.items() for n_days, day in cover.spans]
    left = [(nth, one.since, one.until) for nth, cover in covers.items() for one in cover.left]
    with connection.cursor() as cursor:
        known_as = _columns(spans, "of", "n_days", "starts") | _columns(left, "left", "since", "until")
        cursor.execute(_statement(told, has_left=bool(left)), {"zone": zone.key, **known_as})
        return {(nth, whose): dict(zip(_NUMBERS, counts, strict=True)) for nth, whose, *counts in cursor.fetchall()}


def _statement(told: Told, *, has_left: bool) -> str:
    kept, fact = _BY[told]
    lines = [
        f"""SELECT span.nth, {kept}, kept.counts FROM unnest(%(of)s::int[], %(n_days)s::int[], %(starts)s::date[]) AS span(nth, n_days, starts_on)
            JOIN relay_legcount kept ON kept.part = '{facts.STEPS.name}' AND kept.told = {told.value}
                AND kept.n_days = span.n_days AND kept.starts_on = span.starts_on"""
    ]
    if has_left:
        lines.append(
            f"""SELECT span.nth, {fact}, ARRAY[{", ".join(f"({number})::int" for number in facts.STEPS.numbers.values())}]
                FROM unnest(%(left)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS span(nth, since_at, until_at)
                CROSS JOIN LATERAL ({facts.rows(Noun.STEP, with_lead=True)}) AS fact GROUP BY 1, 2"""
        )
    sums = ", ".join(f"sum(counts[{nth}])::int" for nth in range(1, len(_NUMBERS) + 1))
    return f"SELECT nth, whose, {sums} FROM ({' UNION ALL '.join(lines)}) AS line(nth, whose, counts) GROUP BY nth, whose"


def _columns(rows: list[Any], *names: str) -> dict[str, list[Any]]:
    return {name: [row[nth] for row in rows] for nth, name in enumerate(names)}
