"""Adding up what was counted of days, for one period or many, for all or by person, team or source. What is left of today is counted besides."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate
from typing import Any

from django.db import connection

from tasuki.relay.leg_days import covering, facts, lines
from tasuki.relay.leg_days.covering import Cover, Known, Period
from tasuki.relay.leg_days.facts import AnyPart, Days, Part, People, Times
from tasuki.relay.leg_days.lines import Line
from tasuki.relay.leg_days.rows import Noun, midnight
from tasuki.relay.leg_days.seeing import Seeing
from tasuki.relay.leg_rows import Asked, Each

# A period by its number; the id of a person or team, or a source, or None where nothing is told apart; a result or stage, or "".
Place = tuple[int, Any, str]
_SPANS = "unnest(%(nths)s::int[], %(n_days)s::int[], %(starts)s::date[], %(firsts)s::date[]) AS span(nth, n_days, starts_on, first_on)"
_LEFT = """unnest(%(left)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[], %(other_since)s::timestamptz[], %(other_until)s::timestamptz[])
           AS span(nth, since_at, until_at, other_since_at, other_until_at)"""
_WHOLE = """unnest(%(periods)s::int[], %(begins)s::timestamptz[], %(ends)s::timestamptz[], %(ends)s::timestamptz[], %(ends)s::timestamptz[])
           AS span(nth, since_at, until_at, other_since_at, other_until_at)"""
_SOUGHT = """unnest(%(ids)s::int[], %(in_nth)s::int[], %(of_key)s::text[], %(of_told)s::text[], %(above)s::int[], %(up_to)s::int[], %(low)s::int[],
                    %(high)s::int[]) AS sought(id, nth, key, told_by, above, up_to, low, high)"""
_VALUES = """unnest(%(fact_nth)s::int[], %(fact_told)s::text[], %(fact_key)s::text[], %(fact_value)s::int[], %(fact_n)s::int[])
            AS fact(nth, told_by, key, value, n)"""
_SHARES = (0.5, 0.9)
_BEYOND = 2**31 - 1
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    """Periods [start, end) by their numbers, narrowed as `asked` is and told apart by `each` unless that is weeks. `known` is what was counted."""

    asked: Asked
    periods: Mapping[int, Period]
    each: Each | None
    known: Known

    def tells(self, *parts: AnyPart) -> bool:
        """Whether it can say all of this to whoever asks, quicker than by counting rows."""
        return all(self._covers[part.noun] is not None and part.noun in self._seeing and self._keeps(part) for part in parts)

    def sees_all(self, part: AnyPart) -> bool:
        return self._seeing[part.noun].teams is None

    def numbers(self, part: Part) -> dict[Place, dict[str, int]]:
        """What a part counts, where it counts anything: one question."""
        counts = ", ".join(f"coalesce({number}, 0)::int" for number in part.numbers.values())
        left = f"SELECT nth, {self._told_by('fact')}, {part.key}, ARRAY[{counts}] FROM LEFT_ROWS WHERE {part.where} GROUP BY 1, 2, 3"
        found = self._summed(part, kept="kept.key, kept.counts", left=left, width=len(part.numbers))
        return {place: dict(zip(part.numbers, counted, strict=True)) for place, counted in found.items()}

    def people(self, people: People) -> dict[Place, int]:
        """Leads with one of the results, each once in a period and group: one question."""
        counts = "'', ARRAY[kept.counts[1] - coalesce(kept.n_each[width_bucket(span.starts_on - span.first_on, kept.values)], 0)]"
        apart, same = self._apart(people), "true"
        if "person" in apart:
            same = "other.caller_id IS NOT DISTINCT FROM fact.person"
        elif "team" in apart:
            same = "colleague.team_id IS NOT DISTINCT FROM fact.team"
        if not self.sees_all(people):
            # To leads of others nobody's calls are seen but one's own.
            same += f" AND (({lines.seen_in_rows(people, self._seeing[people.noun], 'fact', with_mine=False)}) IS TRUE OR other.caller_id = %(me)s)"
        there = facts.called(people, "fact.lead", since="fact.other_since_at", until="fact.other_until_at", scope=same)
        left = f"""SELECT nth, {self._told_by("fact")}, '', ARRAY[count(DISTINCT lead)::int] FROM LEFT_ROWS
                   WHERE {facts.with_results(people)} AND NOT EXISTS (SELECT {there}) GROUP BY 1, 2"""
        return {place: n for place, (n,) in self._summed(people, kept=counts, left=left, width=1).items()}

    def n_days(self, days: Days) -> dict[int, int]:
        """On how many days somebody did it, counted for each person; by period: one question."""
        found = " UNION ALL ".join(f"SELECT span.nth, kept.person_id, unnest(kept.values) FROM {self._kept(days, line)}" for line in self._lines(days))
        if self._has_left(days):
            found += f" UNION ALL SELECT nth, person, day - date '0001-01-01' FROM {self._left_rows(days)} WHERE {days.where}"
        statement = (
            f"SELECT nth, count(*)::int FROM (SELECT DISTINCT nth, coalesce(person, 0), day FROM ({found}) AS line(nth, person, day)) AS done GROUP BY nth"
        )
        return dict(self._ask(days, statement))

    def percentiles(self, times: Times) -> dict[Place, tuple[float, float]]:
        """The median and the ninth tenth in seconds, between two values where they fall so: two questions, and one for what is left.

        How many lie up to each bound says between which two of them a value is; only what lies there is put in order.
        """
        return self._percentiles(times, self._left_values(times))

    def numbers_and_percentiles(self, part: Part, times: Times) -> dict[Place, tuple[dict[str, int], tuple[float, float]]]:
        """Of a part that counts the rows of which these are the times: what is left of them is read once."""
        left = self._left_values(times, part)
        found = self._summed(part, kept="kept.key, kept.counts", left=None, width=len(part.numbers))
        for one in left:
            found[one.place] = [n + more for n, more in zip(found.get(one.place) or [0] * len(part.numbers), one.counts, strict=True)]
        took = self._percentiles(times, left)
        return {place: (dict(zip(part.numbers, counted, strict=True)), took[place]) for place, counted in found.items()}

    def _percentiles(self, times: Times, left: list[_Value]) -> dict[Place, tuple[float, float]]:
        counted = self._summed(times, kept="kept.key, kept.counts", left=None, width=len(times.bounds) + 1)
        below: dict[Place, list[int]] = {}
        for one in left:
            below.setdefault(one.place, [0] * (len(times.bounds) + 1))[bisect_left(times.bounds, one.value)] += one.n
        for place, n_each in below.items():
            *up_to, n = accumulate(n_each)
            counted[place] = [n + more for n, more in zip(counted.get(place) or [0] * (len(times.bounds) + 1), (n, *up_to), strict=True)]
        sought = [(place, _Sought.of(n, up_to, share=share, bounds=times.bounds)) for place, (n, *up_to) in counted.items() for share in _SHARES]
        found = self._values(times, sought, left) if sought else {}
        return {place: (found[2 * nth], found[2 * nth + 1]) for nth, place in enumerate(counted)}

    def _left_values(self, times: Times, part: Part | None = None) -> list[_Value]:
        """What is left of the times, each value once; with the numbers of the part that has the same rows."""
        if not self._has_left(times):
            return []
        counts = ", ".join(f"({number})::int" for number in part.numbers.values()) if part else ""
        rows = self._ask(
            times,
            f"""SELECT nth, {self._told_by("fact")}, {times.key} AS key, {times.value} AS value, count(*)::int, ARRAY[{counts}]::int[]
                FROM {self._left_rows(times)} WHERE {times.where} GROUP BY 1, 2, 3, 4""",
        )
        return [_Value((nth, told_by, key), value, n, counts) for nth, told_by, key, value, n, counts in rows]

    def _summed(self, part: AnyPart, *, kept: str, left: str | None, width: int) -> dict[Place, list[int]]:
        said = [(f"SELECT span.nth, {self._told_by('kept')}, {kept} FROM {self._kept(part, line)}", line.sign) for line in self._lines(part)]
        if left and self._has_left(part):
            said.append((left.replace("LEFT_ROWS", self._left_rows(part)), 1))
        signed = "sign * " if any(sign < 0 for _line, sign in said) else ""
        sums = ", ".join(f"sum({signed}counts[{nth}])::int" for nth in range(1, width + 1))
        both = " UNION ALL ".join(f"SELECT *, {sign} FROM ({line}) AS one(nth, told_by, key, counts)" for line, sign in said)
        rows = self._ask(part, f"SELECT nth, told_by, key, {sums} FROM ({both}) AS line(nth, told_by, key, counts, sign) GROUP BY nth, told_by, key")
        return {(nth, told_by, key): counts for nth, told_by, key, *counts in rows}

    def _values(self, times: Times, sought: list[tuple[Place, _Sought]], left: list[_Value]) -> dict[int, float]:
        """The two values that each is between, by its place in the list; and how far between them."""
        inside = ", ".join(f"kept.{column}[width_bucket(above, kept.values) + 1:width_bucket(up_to, kept.values)]" for column in ("values", "n_each"))
        # Long arrays are unpacked once for each row, and not for each of the values that are sought in it.
        unpacked = "CROSS JOIN LATERAL (SELECT kept.values || '{}'::int[] AS values, kept.n_each || '{}'::int[] AS n_each OFFSET 0) AS long WHERE"
        kept = " UNION ALL ".join(
            f"SELECT span.nth, {self._told_by('kept')}, kept.key, long.values, long.n_each FROM {self._kept(times, line)}".replace("WHERE", unpacked, 1)
            for line in self._lines(times)
        )
        among = f"""SELECT sought.id, sought.low, sought.high, one.value, one.n FROM ({kept} OFFSET 0) AS kept JOIN {_SOUGHT}
                ON sought.nth = kept.nth AND sought.told_by = coalesce(kept.told_by::text, '') AND sought.key = kept.key
                CROSS JOIN LATERAL unnest({inside}) AS one(value, n)
            UNION ALL SELECT sought.id, sought.low, sought.high, fact.value, fact.n FROM {_SOUGHT} JOIN {_VALUES}
                ON sought.nth = fact.nth AND sought.told_by = fact.told_by AND sought.key = fact.key WHERE fact.value > above AND fact.value <= up_to"""
        statement = f"""SELECT id, min(value) FILTER (WHERE n_until > low), min(value) FILTER (WHERE n_until > high)
            FROM (SELECT id, low, high, value, sum(n) OVER (PARTITION BY id ORDER BY value ROWS UNBOUNDED PRECEDING) AS n_until
                  FROM ({among}) AS line) AS placed GROUP BY id"""
        ranges: dict[Place, list[_Sought]] = {}
        for place, one in sought:
            ranges.setdefault(place, []).append(one)
        # Thousands of values of today are written into the statement slower than they are counted: only those that lie where one is sought.
        near = [one for one in left if any(each.above < one.value <= each.up_to for each in ranges[one.place])]
        found = {nth: (low, high) for nth, low, high in self._ask(times, statement, **_Sought.columns(sought), **_Value.columns(near))}
        return {nth: low + (high - low) * sought[nth][1].between for nth, (low, high) in found.items()}

    def _kept(self, part: AnyPart, line: Line) -> str:
        """The spans of days, and what was counted of them. They are few: each is looked up."""
        return f"""{_SPANS} JOIN relay_legcount kept ON kept.part = '{part.name}' AND kept.told = {line.told}
            AND kept.n_days = span.n_days AND kept.starts_on = span.starts_on WHERE {self._asked_for("kept.{}_id", "kept.source")} AND {line.where}"""

    def _left_rows(self, part: AnyPart) -> str:
        """Those of the hours of which nothing was counted; and what they did, where nothing that is kept tells that apart, from the whole periods."""
        seen, asked_for, adds_mine = self._seeing[part.noun], self._asked_for("one.{}", "one.source"), self._adds_mine(part)
        with_lead = self._is_by_source or seen.teams is not None or (part.noun in facts.PASSES and bool(self._apart(part)))
        rows = facts.rows(part.noun, with_lead=with_lead)
        left = f"""SELECT span.*, one.* FROM {_LEFT} CROSS JOIN LATERAL ({rows}) AS one
            WHERE {asked_for} AND {lines.seen_in_rows(part, seen, "one", with_mine=not adds_mine)}"""
        if adds_mine:
            left += f" UNION ALL SELECT span.*, one.* FROM {_WHOLE} CROSS JOIN LATERAL ({facts.done_by_me(part.noun)}) AS one WHERE {asked_for}"
        return f"({left}) AS fact"

    def _ask(self, part: AnyPart, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        covers = self._covers[part.noun] or {}
        spans = [(nth, n_days, day, cover.first) for nth, cover in covers.items() for n_days, day in cover.spans]
        left = [(nth, one.since, one.until, one.other_since, one.other_until) for nth, cover in covers.items() for one in cover.left]
        known: dict[str, Any] = _columns(("nths", "n_days", "starts", "firsts"), spans) | _columns(
            ("left", "since", "until", "other_since", "other_until"), left
        )
        known |= _columns(("periods", "begins", "ends"), [(nth, start or _EVER, end) for nth, (start, end) in self.periods.items()])
        asked = self.asked
        known |= {
            "me": asked.viewer.pk,
            "zone": asked.zone.key,
            "person": asked.person,
            "team": asked.team,
            "source": asked.source,
            "teams": sorted(self._seeing[part.noun].teams or ()),
            **more,
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, known)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _has_left(self, part: AnyPart) -> bool:
        return self._adds_mine(part) or any(cover.left for cover in (self._covers[part.noun] or {}).values())

    @cached_property
    def _covers(self) -> dict[str, dict[int, Cover] | None]:
        return {noun: self._cover(noun) for noun in Noun}

    def _cover(self, noun: Noun) -> dict[int, Cover] | None:
        zone, found = self.asked.zone, {}
        for nth, (start, end) in self.periods.items():
            if noun is Noun.LIST:
                # A list is of a whole day, and counts once that is over.
                days = midnight(start.astimezone(zone).date(), zone) if start else None, midnight(end.astimezone(zone).date(), zone)
            else:
                days = start, end
            cover = covering.cover(self.known.counted.get(noun), days, zone)
            if cover is None:
                return None
            found[nth] = cover
        return found

    @property
    def _is_by_source(self) -> bool:
        return self.each is Each.SOURCE or self.asked.source is not None

    @cached_property
    def _seeing(self) -> Seeing:
        return self.known.seen_by(self.asked.viewer)

    def _keeps(self, part: AnyPart) -> bool:
        return all(line.told in part.sets for line in self._lines(part))

    def _lines(self, part: AnyPart) -> list[Line]:
        return lines.of(part, self._seeing[part.noun], self._apart(part))

    def _adds_mine(self, part: AnyPart) -> bool:
        """Whether what they did for leads of others is looked up in the rows."""
        return self._seeing[part.noun].did and not lines.keeps_what_i_did(part, self._apart(part))

    def _apart(self, part: AnyPart) -> frozenset[str]:
        """By which columns that is told apart which is asked for."""
        apart = {"source"} if self._is_by_source else set()
        if self.each is Each.PERSON or self.asked.person is not None or isinstance(part, Days):
            apart |= {"person", "team"}
        elif self.each is Each.TEAM or self.asked.team is not None:
            apart.add("team")
        return frozenset(apart)

    def _told_by(self, table: str) -> str:
        person, team = ("person_id", "team_id") if table == "kept" else ("person", "team")
        columns = {Each.PERSON: f"{table}.{person}", Each.TEAM: f"{table}.{team}", Each.SOURCE: f"{table}.source"}
        return f"{columns.get(self.each, 'NULL::bigint') if self.each else 'NULL::bigint'} AS told_by"

    def _asked_for(self, whose: str, source: str) -> str:
        """Columns of ids are named by what they are of; 0 asks for what is nobody's."""
        asked = self.asked
        said = [
            f"{whose.format(name)} = %({name})s" if value else f"{whose.format(name)} IS NULL"
            for name, value in (("person", asked.person), ("team", asked.team))
            if value is not None
        ]
        return " AND ".join([*said, *([f"{source} = %(source)s"] if asked.source is not None else [])]) or "true"


@dataclass(frozen=True)
class _Value:
    """How often a value came in the hours of which nothing was counted; and what else was counted of the same rows."""

    place: Place
    value: int
    n: int
    counts: list[int]

    @staticmethod
    def columns(values: list[_Value]) -> dict[str, list[Any]]:
        rows = [(nth, str(told or ""), key, one.value, one.n) for one in values for nth, told, key in [one.place]]
        return _columns(("fact_nth", "fact_told", "fact_key", "fact_value", "fact_n"), rows)


@dataclass(frozen=True)
class _Sought:
    """A value that lies above one bound and up to another: there it is the one after `low` others, or between it and the one after `high`."""

    above: int
    up_to: int
    low: int
    high: int
    between: float

    @classmethod
    def of(cls, n: int, up_to: list[int], *, share: float, bounds: tuple[int, ...]) -> _Sought:
        rank = share * (n - 1)
        low, high = math.floor(rank), math.ceil(rank)
        # Bounds up to which there are no more than `low` values, and the first up to which there are more than `high`.
        under, over = bisect_right(up_to, low), bisect_right(up_to, high)
        skipped = up_to[under - 1] if under else 0
        return cls(bounds[under - 1] if under else -1, bounds[over] if over < len(bounds) else _BEYOND, low - skipped, high - skipped, rank - low)

    @staticmethod
    def columns(sought: list[tuple[Place, _Sought]]) -> dict[str, list[Any]]:
        rows = [(i, nth, key, str(told or ""), one.above, one.up_to, one.low, one.high) for i, ((nth, told, key), one) in enumerate(sought)]
        return _columns(("ids", "in_nth", "of_key", "of_told", "above", "up_to", "low", "high"), rows)


def _columns(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    made: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            made[name].append(value)
    return made
