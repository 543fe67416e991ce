"""The numbers of the relay, counted from the ledger by the database: per stage, and per source, month, owner, team, segment.

Every number has a period form (what happened in [start, end)) and a cohort form (what became of those that came in it).
`tasuki.analytics.funnel` says the same in plain Python; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, models

from tasuki.core.organisation import the_organisation
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome

if TYPE_CHECKING:
    from tasuki.core.people import User

BLANK = "(blank)"
USUAL_PERIODS = 4
OUTCOMES = tuple(Outcome.values)


class Form(models.TextChoices):
    PERIOD = "period"
    COHORT = "cohort"


class Grouping(models.TextChoices):
    SOURCE = "source"
    MONTH = "month"
    OWNER = "owner"
    TEAM = "team"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Question:
    """What is asked. Without `viewer` the whole organisation is counted; without bounds, all time."""

    form: Form = Form.COHORT
    start: datetime | None = None
    end: datetime | None = None
    by: Grouping = Grouping.SOURCE
    viewer: User | None = None
    only: dict[str, Any] = field(default_factory=dict)

    def bounds(self) -> tuple[Any, Any]:
        return self.start or "-infinity", self.end or "infinity"

    def leads(self) -> tuple[str, tuple[Any, ...]]:
        """A query for the ids of the leads that count, with its parameters; ("", ()) when all do."""
        rows = Lead.objects.visible_to(self.viewer) if self.viewer else Lead.objects.all()
        rows = rows.filter(**self.only)
        if not rows.query.where:
            return "", ()
        statement, parameters = rows.order_by().values("pk").query.sql_with_params()
        return statement, tuple(parameters)


@dataclass(frozen=True)
class StageCount:
    """One stage. Days are those of the leads that left it in the period; `cohort_*` are of those that entered it then."""

    stage: str
    balance_start: int = 0
    inflow: int = 0
    outflow: dict[str, int] = field(default_factory=dict)
    balance_end: int = 0
    cohort_moved: int = 0
    cohort_left: int = 0
    median_days: float | None = None
    p90_days: float | None = None

    @property
    def left(self) -> int:
        return sum(self.outflow.values())

    @property
    def moved(self) -> int:
        return self.outflow.get(Outcome.ADVANCED, 0) + self.outflow.get(Outcome.WON, 0)

    def rate(self, form: Form) -> tuple[int, int]:
        """(moved on, n) in the form asked for."""
        return (self.moved, self.left) if form is Form.PERIOD else (self.cohort_moved, self.inflow)

    @property
    def maturity(self) -> float | None:
        """The share of those that entered in the period that has left by now."""
        return self.cohort_left / self.inflow if self.inflow else None


@dataclass(frozen=True)
class GroupCount:
    """One row of the table by source, month, owner, team or segment. Days from opened to won; amounts in the organisation's currency."""

    key: str
    leads: int
    won: int
    balance: int
    median_days_to_won: float | None
    mean_days_to_won: float | None
    p90_days_to_won: float | None
    won_amount: Decimal | None
    resolved: int

    @property
    def conversion(self) -> float | None:
        return self.won / self.leads if self.leads else None

    @property
    def maturity(self) -> float | None:
        return self.resolved / self.leads if self.leads else None


def by_stage(question: Question) -> dict[str, StageCount]:
    """Every stage of the relay in order, counted in one statement."""
    seen, parameters = question.leads()
    start, end = question.bounds()
    outcomes = ", ".join(f"count(*) FILTER (WHERE outcome = '{outcome}' AND left_at >= span.start AND left_at < span.finish)" for outcome in OUTCOMES)
    statement = f"""
        SELECT stage_id,
               count(*) FILTER (WHERE entered_at < span.start),
               count(*) FILTER (WHERE entered_at >= span.start),
               count(*) FILTER (WHERE left_at IS NULL OR left_at >= span.finish),
               count(*) FILTER (WHERE entered_at >= span.start AND outcome IN ('advanced', 'won')),
               count(*) FILTER (WHERE entered_at >= span.start AND left_at IS NOT NULL),
               percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM left_at - entered_at) / 86400)
                   FILTER (WHERE left_at >= span.start AND left_at < span.finish),
               {outcomes}
        FROM crm_passage, (SELECT %s::timestamptz AS start, %s::timestamptz AS finish) span
        WHERE entered_at < span.finish AND (left_at IS NULL OR left_at >= span.start) {_among(seen, "lead_id")}
        GROUP BY stage_id"""
    counted = {}
    for stage, before, inflow, after, moved, left, days, *outflow in _rows(statement, [start, end, *parameters]):
        median, p90 = days or (None, None)
        outcomes_of = {outcome: n for outcome, n in zip(OUTCOMES, outflow, strict=True) if n}
        counted[stage] = StageCount(stage, before, inflow, outcomes_of, after, moved, left, median, p90)
    return {stage: counted.get(stage) or StageCount(stage) for stage in stages.ORDER}


def by_group(question: Question) -> list[GroupCount]:
    """The table by one grouping, the largest first (months in order)."""
    rows = _grouped(question, _keys(question))
    return sorted(rows, key=lambda row: row.key) if question.by is Grouping.MONTH else sorted(rows, key=lambda row: (-row.leads, -row.won, row.key))


def total(question: Question) -> GroupCount:
    """The same counts over everything."""
    rows = _grouped(question, _Keys("'total'", "'total'", "'total'"))
    return rows[0] if rows else GroupCount("total", 0, 0, 0, None, None, None, None, 0)


@dataclass(frozen=True)
class Usual:
    """What a stage usually does in a period of the same length: the mean of the periods before that hold anything."""

    inflow: float
    moved: int
    left: int
    n_periods: int

    @property
    def rate(self) -> float | None:
        return self.moved / self.left if self.left else None


def usual(question: Question) -> dict[str, Usual]:
    """Per stage, the four periods of equal length before this one; a stage without history is missing."""
    if question.start is None or question.end is None:
        return {}
    seen, parameters = question.leads()
    length = (question.end - question.start).total_seconds()
    first_at = _first_entry(seen, parameters)
    if first_at is None:
        return {}
    # Only whole periods count: half a period of history would make the usual look small.
    n_periods = min(USUAL_PERIODS, int((question.start - first_at).total_seconds() // length))
    if n_periods < 1:
        return {}
    statement = f"""
        WITH span AS (SELECT %s::timestamptz AS finish, %s::timestamptz - make_interval(secs => %s) AS start)
        SELECT stage_id,
               count(*) FILTER (WHERE entered_at >= span.start AND entered_at < span.finish),
               count(*) FILTER (WHERE left_at >= span.start AND left_at < span.finish AND outcome IN ('advanced', 'won')),
               count(*) FILTER (WHERE left_at >= span.start AND left_at < span.finish)
        FROM crm_passage, span
        WHERE entered_at < span.finish AND (left_at IS NULL OR left_at >= span.start) {_among(seen, "lead_id")}
        GROUP BY stage_id"""
    rows = _rows(statement, [question.start, question.start, length * n_periods, *parameters])
    return {stage: Usual(inflow / n_periods, moved, left, n_periods) for stage, inflow, moved, left in rows}


def aged(question: Question, medians: dict[str, float | None]) -> dict[str, int]:
    """Per stage, how many of the balance at the end have waited longer than the median of those that moved on."""
    known = {stage: median for stage, median in medians.items() if median is not None}
    if not known or question.end is None:
        return {}
    seen, parameters = question.leads()
    statement = f"""
        SELECT passage.stage_id, count(*)
        FROM crm_passage passage JOIN unnest(%s::text[], %s::float[]) AS usual(stage, days) ON usual.stage = passage.stage_id
        WHERE passage.entered_at < %s - make_interval(secs => usual.days * 86400) AND (passage.left_at IS NULL OR passage.left_at >= %s)
              {_among(seen, "passage.lead_id")}
        GROUP BY passage.stage_id"""
    return dict(_rows(statement, [list(known), list(known.values()), question.end, question.end, *parameters]))


@dataclass(frozen=True)
class Recycling:
    """What flowed back in the period: recycled passes, those of them woken by now, wins that came round at least once."""

    recycled: int
    came_round: int
    wins: int
    wins_that_came_round: int


def recycling(question: Question) -> Recycling:
    seen, parameters = question.leads()
    start, end = question.bounds()
    statement = f"""
        SELECT count(*) FILTER (WHERE passage.outcome = 'recycled'), count(next.id) FILTER (WHERE passage.outcome = 'recycled'),
               count(*) FILTER (WHERE passage.outcome = 'won'), count(*) FILTER (WHERE passage.outcome = 'won' AND lead.seq_no > 1)
        FROM crm_passage passage JOIN crm_lead lead ON lead.id = passage.lead_id LEFT JOIN crm_lead next ON next.previous_id = lead.id
        WHERE passage.outcome IN ('recycled', 'won') AND passage.left_at >= %s AND passage.left_at < %s {_among(seen, "passage.lead_id")}"""
    (row,) = _rows(statement, [start, end, *parameters])
    return Recycling(*row)


def rate_by_week(question: Question, stage: str, weeks: int = 13) -> list[tuple[datetime, int, int]]:
    """(Monday, moved on, left) of one stage for the last weeks before the end."""
    seen, parameters = question.leads()
    zone = the_organisation().time_zone
    statement = f"""
        SELECT date_trunc('week', left_at AT TIME ZONE %s) AS monday, count(*) FILTER (WHERE outcome IN ('advanced', 'won')), count(*)
        FROM crm_passage
        WHERE stage_id = %s AND left_at >= date_trunc('week', %s::timestamptz AT TIME ZONE %s) AT TIME ZONE %s - make_interval(weeks => %s)
              AND left_at < %s {_among(seen, "lead_id")}
        GROUP BY monday ORDER BY monday"""
    return [tuple(row) for row in _rows(statement, [zone, stage, question.end, zone, zone, weeks - 1, question.end, *parameters])]


def mean_won_amount(question: Question) -> Decimal | None:
    """The average order of the two years before the end, in the organisation's currency."""
    seen, parameters = question.leads()
    statement = f"SELECT avg(amount) FROM crm_passage WHERE outcome = 'won' AND left_at < %s AND left_at >= %s::timestamptz - interval '2 years' {_among(seen, 'lead_id')}"
    ((mean,),) = _rows(statement, [question.end, question.end, *parameters])
    return mean


@dataclass(frozen=True)
class _Keys:
    """The group of a lead that came, of a win, and of a lead that stands: SQL over `lead`, `won` and their people and teams."""

    came: str
    won: str
    stands: str


def _keys(question: Question) -> _Keys:
    zone = "(SELECT time_zone FROM core_organisation)"
    match question.by:
        case Grouping.MONTH:
            opened = f"to_char(lead.opened_at AT TIME ZONE {zone}, 'YYYY-MM')"
            won = f"to_char(won.left_at AT TIME ZONE {zone}, 'YYYY-MM')" if question.form is Form.PERIOD else opened
            return _Keys(opened, won, opened)
        case Grouping.OWNER:
            who = "(SELECT CASE WHEN u.reference <> '' THEN u.reference ELSE trim(u.given_name || ' ' || u.family_name) END FROM core_user u WHERE u.id = {})"
            key = who.format("coalesce(won.owner_id, lead.owner_id)")
            return _Keys(key, key, key)
        case Grouping.TEAM:
            key = "(SELECT t.name FROM core_team t WHERE t.id = coalesce(won.team_id, lead.team_id))"
            return _Keys(key, key, key)
        case _:
            key = f"lead.{question.by.value}"
            return _Keys(key, key, key)


def _grouped(question: Question, keys: _Keys) -> list[GroupCount]:
    seen, parameters = question.leads()
    start, end = question.bounds()
    # A win belongs to the cohort in which its lead came, or to the period in which it was won.
    when_won = "lead.opened_at" if question.form is Form.COHORT else "won.left_at"
    statement = f"""
        WITH span AS (SELECT %s::timestamptz AS start, %s::timestamptz AS finish),
        counted AS (
            SELECT lead.*, won.left_at AS won_left_at, won.amount AS won_amount, {keys.came} AS came_key, {keys.won} AS won_key, {keys.stands} AS stands_key,
                   lead.opened_at >= span.start AND lead.opened_at < span.finish AS came,
                   won.id IS NOT NULL AND {when_won} >= span.start AND {when_won} < span.finish AS won,
                   lead.opened_at < span.finish AND coalesce(lead.ended_at >= span.finish, true) AND coalesce(won.left_at >= span.finish, true) AS stands
            FROM crm_lead lead LEFT JOIN crm_passage won ON won.lead_id = lead.id AND won.outcome = 'won', span
            WHERE lead.opened_at < span.finish {_among(seen, "lead.id")}
        ),
        events AS (
            SELECT came_key AS key, 1 AS came, 0 AS won, 0 AS stands, NULL::float AS days, NULL::numeric AS amount,
                   (won_left_at IS NOT NULL OR ended_at IS NOT NULL)::int AS resolved FROM counted WHERE came
            UNION ALL SELECT won_key, 0, 1, 0, extract(epoch FROM won_left_at - opened_at) / 86400, won_amount, 0 FROM counted WHERE won
            UNION ALL SELECT stands_key, 0, 0, 1, NULL, NULL, 0 FROM counted WHERE stands
        )
        SELECT coalesce(nullif(key, ''), %s), sum(came), sum(won), sum(stands),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY days), avg(days), percentile_cont(0.9) WITHIN GROUP (ORDER BY days), sum(amount), sum(resolved)
        FROM events GROUP BY 1"""
    return [
        GroupCount(key, int(leads), int(won), int(stands), median, mean, p90, amount, int(resolved))
        for key, leads, won, stands, median, mean, p90, amount, resolved in _rows(statement, [start, end, *parameters, BLANK])
    ]


def _first_entry(seen: str, parameters: tuple[Any, ...]) -> datetime | None:
    ((first,),) = _rows(f"SELECT min(entered_at) FROM crm_passage WHERE true {_among(seen, 'lead_id')}", parameters)
    return first


def _among(seen: str, column: str) -> str:
    return f"AND {column} IN ({seen})" if seen else ""


def _rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
