"""The numbers of the relay, counted from the ledger by the database, stage by stage.

Every number has a period form (what happened in [start, end)) and a cohort form (what became of those that came in it).
`tasuki.analytics.funnel` says the same in plain Python; a test holds the two together. docs/numbers.md defines each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tasuki.crm import stages
from tasuki.crm.ledger import Outcome
from tasuki.relay import book, groups, questions, stays
from tasuki.relay.groups import GroupCount
from tasuki.relay.questions import MOVED, Form, Question, ask

DAY = 86_400


@dataclass(frozen=True)
class Usual:
    """What a stage did in the whole periods of equal length before: their sums, and how many they were."""

    entered: int
    moved: int
    left: int
    n_periods: int

    @property
    def inflow(self) -> float:
        """The average inflow of one such period."""
        return self.entered / self.n_periods

    @property
    def rate(self) -> float | None:
        return self.moved / self.entered if self.entered else None

    @property
    def taken_over(self) -> float | None:
        return self.moved / self.left if self.left else None


@dataclass(frozen=True)
class Days:
    """Days in the stage: of all that left it in the period, and of those of them that moved on."""

    median: float | None = None
    p90: float | None = None
    median_moved: float | None = None
    p90_moved: float | None = None


@dataclass(frozen=True)
class StageCount:
    """One stage in one period, in leads. `cohort_*` count those that entered in the period; `n_aged` is of the balance at the end."""

    stage: str
    balance_start: int = 0
    inflow: int = 0
    outflow: dict[str, int] = field(default_factory=dict)
    balance_end: int = 0
    cohort_moved: int = 0
    cohort_left: int = 0
    days: Days = Days()
    n_aged: int = 0
    usual: Usual | None = None

    @property
    def left(self) -> int:
        return sum(self.outflow.values())

    @property
    def moved(self) -> int:
        return sum(self.outflow.get(outcome, 0) for outcome in MOVED)

    def rate(self, form: Form) -> tuple[int, int]:
        """Conversion as (moved on, n that came in), in the form asked for."""
        return (self.moved if form is Form.PERIOD else self.cohort_moved), self.inflow

    def taken_over(self, form: Form) -> tuple[int, int]:
        """Of those decided, how many moved on: what a hand-off is judged by."""
        return (self.moved, self.left) if form is Form.PERIOD else (self.cohort_moved, self.cohort_left)

    @property
    def maturity(self) -> float | None:
        """The share of those that entered in the period that has left by now."""
        return self.cohort_left / self.inflow if self.inflow else None


@dataclass(frozen=True)
class Answer:
    question: Question
    stages: dict[str, StageCount]
    rows: list[GroupCount]
    total: GroupCount


def count(question: Question) -> Answer:
    """Everything that `tasuki kpis` prints."""
    rows, total = groups.count(question)
    return Answer(question, by_stage(question), rows, total)


def by_stage(question: Question, *, days_of_all: bool = True) -> dict[str, StageCount]:
    """Every stage of the relay in order, with what is usual for it. Without `days_of_all`, only the days of those that moved on are counted."""
    flows = _flows(question, questions.before(question))
    days = _days(question, of_all=days_of_all)
    counts = {}
    for stage in stages.ORDER:
        spent, n_aged = days.get(stage, (Days(), 0))
        counts[stage] = replace(flows.get(stage, StageCount(stage)), days=spent, n_aged=n_aged)
    return counts


def balances(question: Question) -> dict[str, StageCount]:
    """The flows and balances of every stage in order, without what is usual and how long anybody stayed."""
    flows = _flows(question, questions.Before(question.start or "-infinity", 0))
    return {stage: flows.get(stage, StageCount(stage)) for stage in stages.ORDER}


def _flows(question: Question, before: questions.Before) -> dict[str, StageCount]:
    rows = _flows_of_days(question, before) if book.narrowed(question) else _flows_of_passages(question, before)
    by_outcome: dict[str, dict[str, list[int]]] = {}
    for stage, outcome, *numbers in rows:
        by_outcome.setdefault(stage, {})[outcome] = numbers
    return {stage: _folded(stage, counts, before.n_periods) for stage, counts in by_outcome.items()}


def _flows_of_passages(question: Question, before: questions.Before) -> list[tuple[Any, ...]]:
    return ask(
        question,
        """SELECT stage_id, outcome,
               count(*) FILTER (WHERE entered_at < %(start)s AND (left_at IS NULL OR left_at >= %(start)s)),
               count(*) FILTER (WHERE entered_at >= %(start)s),
               count(*) FILTER (WHERE left_at >= %(start)s AND left_at < %(finish)s),
               count(*) FILTER (WHERE left_at IS NULL OR left_at >= %(finish)s),
               count(*) FILTER (WHERE entered_at >= %(before)s AND entered_at < %(start)s),
               count(*) FILTER (WHERE left_at >= %(before)s AND left_at < %(start)s)
           FROM crm_passage
           WHERE entered_at < %(finish)s AND (left_at IS NULL OR left_at >= %(before)s) AND AMONG(lead_id)
           GROUP BY stage_id, outcome""",
        before=before.start,
    )


def _flows_of_days(question: Question, before: questions.Before) -> list[tuple[Any, ...]]:
    """The same numbers from the daybook: whoever stands in a stage at a moment entered before it, less whoever left before it."""
    start, finish = question.bounds()
    return book.ask(
        question,
        """SELECT stage_id, outcome,
               coalesce(sum(n_entered - n_left) FILTER (WHERE BEFORE(start)), 0)::int,
               coalesce(sum(n_entered) FILTER (WHERE NOT BEFORE(start)), 0)::int,
               coalesce(sum(n_left) FILTER (WHERE NOT BEFORE(start)), 0)::int,
               sum(n_entered - n_left)::int,
               coalesce(sum(n_entered) FILTER (WHERE BEFORE(start) AND NOT BEFORE(before)), 0)::int,
               coalesce(sum(n_left) FILTER (WHERE BEFORE(start) AND NOT BEFORE(before)), 0)::int
           FROM LINES WHERE BEFORE(finish) GROUP BY stage_id, outcome""",
        edges={"ever": "-infinity", "before": before.start, "start": start, "finish": finish},
    )


def _folded(stage: str, counts: dict[str, list[int]], n_periods: int) -> StageCount:
    """The six numbers of each outcome ("" still stands), in one row of the stage."""
    start, inflow, _left, end, entered, left = (sum(column) for column in zip(*counts.values(), strict=True))
    moved = [counts[outcome] for outcome in MOVED if outcome in counts]
    return StageCount(
        stage,
        balance_start=start,
        inflow=inflow,
        outflow={outcome: counts[outcome][2] for outcome in Outcome.values if outcome in counts and counts[outcome][2]},
        balance_end=end,
        cohort_moved=sum(numbers[1] for numbers in moved),
        cohort_left=sum(numbers[1] for outcome, numbers in counts.items() if outcome),
        usual=Usual(entered, sum(numbers[5] for numbers in moved), left, n_periods) if n_periods and (entered or left) else None,
    )


def _days(question: Question, *, of_all: bool) -> dict[str, tuple[Days, int]]:
    """Days of those that left, and how many of those still there have waited longer than the median of those that moved on."""
    took = None if of_all else stays.moved_on(question)
    if took is not None:
        aged = _aged(question, {stage: median for stage, (median, _p90) in took.items()})
        return {stage: (Days(None, None, median / DAY, p90 / DAY), aged[stage]) for stage, (median, p90) in took.items()}
    shares = "percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY days)"
    every, which = (shares, "true") if of_all else ("NULL::float[]", "outcome = ANY(%(moved)s)")
    rows = ask(
        question,
        f"""SELECT stage_id, {every}, {shares} FILTER (WHERE outcome = ANY(%(moved)s))
            FROM (SELECT stage_id, outcome, date_part('epoch', left_at - entered_at) / 86400 AS days
                  FROM crm_passage
                  WHERE stage_id = ANY(%(stages)s) AND left_at >= %(start)s AND left_at < %(finish)s AND {which} AND AMONG(lead_id)) spans
            GROUP BY stage_id""",
        stages=list(stages.ORDER),
    )
    found = {stage: Days(*(every or (None, None)), *(moved or (None, None))) for stage, every, moved in rows}
    aged = _aged(question, {stage: days.median_moved * DAY for stage, days in found.items() if days.median_moved is not None}) if question.end else {}
    return {stage: (days, aged.get(stage, 0)) for stage, days in found.items()}


def _aged(question: Question, seconds: dict[str, float]) -> dict[str, int]:
    """Those of each stage that stood there at the end of the period for longer than so many seconds."""
    end = question.end
    assert end is not None  # noqa: S101 - days are counted up to one
    since = {stage: end - timedelta(seconds=waited) for stage, waited in seconds.items()}
    found = book.standing(question, since)
    return {stage: found.get(stage, 0) for stage in since}


@dataclass(frozen=True)
class Recycling:
    """What flowed back in the period: recycled, those of them that came round by its end, wins, wins that had come round at least once."""

    recycled: int
    came_round: int
    wins: int
    wins_that_came_round: int


def recycling(question: Question) -> Recycling:
    """A lead was recycled when its last passage was, and won when one was; a test holds them together."""
    within = {name: bound for name, bound in (("gte", question.start), ("lt", question.end)) if bound}
    gone = questions.leads(question).filter(ended_as=Outcome.RECYCLED, **{f"ended_at__{name}": bound for name, bound in within.items()})
    recycled, names = questions.named(gone, "gone")
    # The LIMIT has each pass before looked up by its number: the planner expects far more of them, and would read all leads there are. Which leads
    # came after another is counted by what their index holds, for the same reason.
    (row,) = ask(
        question,
        f"""SELECT * FROM (
                SELECT count(*), count(next.previous_id) FROM ({recycled}) AS gone(id) LEFT JOIN crm_lead next ON next.previous_id = gone.id
                    AND next.opened_at < %(finish)s) recycled,
            (WITH RECURSIVE wins AS MATERIALIZED (
                SELECT id, previous_id, ended_as FROM crm_lead lead WHERE won_at >= %(start)s AND won_at < %(finish)s AND AMONG(lead.id)),
            chain AS (
                SELECT id, previous_id, ended_as FROM wins
                UNION ALL SELECT chain.id, before.previous_id, before.ended_as
                FROM chain CROSS JOIN LATERAL (SELECT previous_id, ended_as FROM crm_lead WHERE id = chain.previous_id LIMIT 1) before
                WHERE chain.previous_id IS NOT NULL)
            SELECT (SELECT count(*) FROM wins), (SELECT count(DISTINCT id) FROM chain WHERE ended_as = 'recycled')) won""",
        **names,
    )
    return Recycling(*row)


@dataclass(frozen=True)
class Week:
    """One week of one stage: what came in and what moved on."""

    monday: datetime
    moved: int
    n: int

    @property
    def share(self) -> float | None:
        return self.moved / self.n if self.n else None


def by_week(question: Question, stage: str, *, until: datetime, weeks: int = 13) -> list[Week]:
    """Each of the last weeks before `until`, the running one included, whatever the question's start; `monday` is a local day of the organisation."""
    zone = question.zone
    last = (until.astimezone(zone) - timedelta(microseconds=1)).date()
    first = last - timedelta(days=last.weekday(), weeks=weeks - 1)
    rows = book.ask(
        question,
        """SELECT date_trunc('week', coalesce(day, at AT TIME ZONE %(zone)s)) AS monday,
               coalesce(sum(n_left) FILTER (WHERE outcome = ANY(%(moved)s)), 0)::int, sum(n_entered)::int
           FROM LINES WHERE stage_id = %(stage)s AND BEFORE(until) GROUP BY monday ORDER BY monday""",
        edges={"since": datetime.combine(first, time(), zone), "until": until},
        stage=stage,
    )
    found = {monday.date(): Week(monday, moved, n) for monday, moved, n in rows}
    mondays = [first + timedelta(weeks=i) for i in range(weeks)]
    return [found.get(monday) or Week(datetime.combine(monday, time()), 0, 0) for monday in mondays]


def mean_order(question: Question) -> Decimal | None:
    """The average order of the two years before the end, in the organisation's currency."""
    ((mean,),) = ask(
        question,
        """SELECT avg(amount) FROM crm_passage
           WHERE outcome = 'won' AND left_at < %(finish)s AND left_at >= %(finish)s::timestamptz - interval '2 years' AND AMONG(lead_id)""",
    )
    return None if mean is None else Decimal(mean)
