"""Whether what was counted by day is what the rows say: of some spans of days, so that it takes hardly longer where there are more of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.core.organisation import the_organisation
from tasuki.relay.leg_days import covering, facts, keeping
from tasuki.relay.leg_days.covering import Counted
from tasuki.relay.leg_days.rows import SPANS, Noun

# Of so many spans of each length, by their days: the first, the last, and others as far from each other.
SAMPLE = {1: 12, 8: 4, 64: 2}
_COLUMNS = "part, key, told, n_days, starts_on, owner_id, seen_id, person_id, team_id, source, counts, values, n_each"
_DIFFERENT = f"""
WITH said({_COLUMNS}) AS MATERIALIZED (SAID),
     kept AS MATERIALIZED (
        SELECT part::text, key::text, told::int, kept.n_days::int, kept.starts_on, owner_id, seen_id, person_id, team_id, source::text, counts, values, n_each
        FROM relay_legcount kept JOIN unnest(%(n_days)s::int[], %(starts_on)s::date[]) AS span(n_days, starts_on)
            ON kept.n_days = span.n_days AND kept.starts_on = span.starts_on
        WHERE kept.part = %(part)s AND kept.told = ANY(%(told)s))
SELECT DISTINCT starts_on FROM ((TABLE said EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE said)) AS different"""


def differing() -> list[tuple[Noun, int, date]]:
    """The spans looked at in which something counted differs from the rows, or from the shorter spans that it was added up from: what of, how many
    days, and the first of them. Days that something changed in are not looked at: they are counted again anyway.
    """
    zone, known = ZoneInfo(the_organisation().time_zone), covering.counted().counted
    found = []
    for noun in Noun:
        for n_days, smaller in zip(reversed(SPANS), (None, *reversed(SPANS)), strict=False):
            if noun in known and (starts := sample(known[noun], n_days)):
                spans = {**keeping.spans_as_columns(starts, n_days, zone), "smaller": smaller}
                days = {day for part in facts.of_noun(noun) for day in _different(part, spans)}
                found += [(noun, n_days, day) for day in sorted(days)]
    return found


def sample(counted: Counted, n_days: int) -> list[date]:
    """The first days of the spans of a length that are looked at: the same whenever it is asked, until more days are counted."""
    step, most = timedelta(days=n_days), SAMPLE[n_days]
    whole = [counted.from_on + step * nth for nth in range((counted.until_on - counted.from_on) // step)]
    quiet = [day for day in whole if not any(day <= one < day + step for one in counted.touched)]
    return [quiet[nth * (len(quiet) - 1) // (most - 1)] for nth in range(most)] if len(quiet) > most else quiet


def _different(part: facts.AnyPart, spans: dict[str, Any]) -> list[date]:
    said = " UNION ALL ".join(f"({statement})" for statement in keeping.statements(part, spans["smaller"]))
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT.replace("SAID", said), {**spans, "part": part.name})
        return [day for (day,) in cursor.fetchall()]
