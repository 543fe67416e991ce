"""Inside sales in the two forms of the ledger: what flowed through each of its stages in a period, by edge, and what stood there at its ends.

balance at the start + came in − left = balance at the end, to the unit, for every stage, whoever looks and whatever is asked for (R2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from tasuki.crm.leads import Lead
from tasuki.crm.ledger import MOVED_ON, Passage
from tasuki.relay import kpis, leg_rows
from tasuki.relay.kpis import StageCount
from tasuki.relay.leg_days import covering, facts
from tasuki.relay.leg_days.covering import Known
from tasuki.relay.leg_days.reading import Reading
from tasuki.relay.leg_days.rows import Noun
from tasuki.relay.leg_rows import Asked
from tasuki.relay.questions import Form, Question

STAGES = leg_rows.STAGES
_TEAMS = "team__in"
_DAY = timedelta(days=1).total_seconds()
# As percentile_cont says it: of n in the order of their days the one after share × (n − 1), or between that one and the next. Who came last is first.
_IN_ORDER = f"""
SELECT stage, n, ARRAY(
    SELECT coalesce(low, high) + (rank - floor(rank)) * (high - coalesce(low, high))
    FROM unnest(%(shares)s::float[]) AS share CROSS JOIN LATERAL (SELECT share * (n - 1) AS rank) placed
    CROSS JOIN LATERAL (
        SELECT max(days) AS high, CASE WHEN count(*) = 2 THEN min(days) END AS low
        FROM (SELECT (extract(epoch FROM %(end)s::timestamptz - entered_at) / {_DAY})::float AS days FROM crm_passage
              WHERE stage_id = stage AND left_at IS NULL AND entered_at < %(end)s
              ORDER BY entered_at OFFSET n - 1 - ceil(rank)::int LIMIT (ceil(rank) - floor(rank) + 1)::int) beside) found
    ORDER BY share)
FROM unnest(%(stages)s::text[]) AS stage
CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM crm_passage WHERE stage_id = stage AND left_at IS NULL AND entered_at < %(end)s) here
WHERE n > 0"""
# Where a pass comes from that begins in the stage.
OPENED = facts.NOWHERE


@dataclass(frozen=True)
class Standing:
    """Who stood in a stage at the end: how many, and for how many days by then, in the middle and of the oldest tenth."""

    n: int = 0
    p50: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Flow:
    """One stage in the period. `came` and `went` count the edges: from where ("" for a pass that began there), and to which stage."""

    count: StageCount
    came: dict[str, int]
    went: dict[str, int]
    standing: Standing

    @property
    def is_balanced(self) -> bool:
        one = self.count
        adds_up = one.balance_start + one.inflow - one.left == one.balance_end == self.standing.n
        return adds_up and sum(self.came.values()) == one.inflow and sum(self.went.values()) == one.moved


Edges = dict[str, dict[str, int]]


def flows(asked: Asked, *, known: Known | None = None) -> dict[str, Flow]:
    """Each stage of inside sales in order. Narrowed to a person or a team, a lead counts for whoever carries it now."""
    known = covering.counted() if known is None else known
    question = _question(asked, known)
    counts, standing = kpis.balances(question), _standing(question)
    reading = Reading(asked, {1: (asked.start, asked.end)}, None, known)
    came, went = _edges_of_days(reading) if reading.tells(facts.MOVES) else (_came(question), _went(question))
    return {stage: Flow(counts[stage], came.get(stage, {}), went.get(stage, {}), standing.get(stage, Standing())) for stage in STAGES}


def _question(asked: Asked, known: Known) -> Question:
    """Whoever sees the leads of some teams and no others, or their own and no others, asks for those, of which there are sums."""
    only = leg_rows.narrowed({"owner": asked.person, "team": asked.team}) | ({"source": asked.source} if asked.source is not None else {})
    seen = known.seen_by(asked.viewer).get(Noun.EDGE) if known.counted else None
    if seen is None or (seen.teams and seen.owns):
        return Question(Form.PERIOD, asked.start, asked.end, viewer=asked.viewer, only=only)
    if seen.teams and asked.team not in seen.teams:
        only[_TEAMS] = sorted(seen.teams) if asked.team is None else []
    elif seen.teams is not None and not seen.teams:
        only |= dict[str, Any](owner=asked.viewer.pk) if asked.person in (None, asked.viewer.pk) else {"owner__in": []}
    return Question(Form.PERIOD, asked.start, asked.end, only=only)


def _edges_of_days(reading: Reading) -> tuple[Edges, Edges]:
    came: Edges = {}
    went: Edges = {}
    for (_nth, _told_by, stage), told in reading.numbers(facts.MOVES).items():
        for edges, way in ((came, "came"), (went, "went")):
            edges[stage] = {edge: n for nth, edge in enumerate(facts.EDGES) if (n := told[f"{way}_{nth}"])}
    return came, went


def _passages(question: Question) -> Any:
    rows = Passage.objects.visible_to(question.viewer) if question.viewer else Passage.objects.all()
    return rows.filter(stage__in=STAGES, **{f"lead__{name}": value for name, value in question.only.items()}).order_by()


def _beside(step: int) -> Any:
    """The stage of the passage before (−1) or after (1)."""
    return Subquery(Passage.objects.filter(lead=OuterRef("lead"), seq=OuterRef("seq") + step).values("stage")[:1])


def _came(question: Question) -> Edges:
    rows = _passages(question).filter(entered_at__lt=question.end, **({"entered_at__gte": question.start} if question.start else {}))
    return _edges(rows.annotate(edge=Coalesce(_beside(-1), Value(OPENED), output_field=CharField())))


def _went(question: Question) -> Edges:
    rows = _passages(question).filter(outcome__in=MOVED_ON, left_at__lt=question.end, **({"left_at__gte": question.start} if question.start else {}))
    return _edges(rows.annotate(edge=Coalesce(_beside(1), Value(OPENED), output_field=CharField())))


def _edges(rows: Any) -> Edges:
    found: Edges = {}
    for stage, edge, n in rows.values_list("stage", "edge").annotate(n=Count("pk")):
        found.setdefault(stage, {})[edge] = n
    return found


def _standing(question: Question) -> dict[str, Standing]:
    if question.viewer is None and not question.only and not Passage.objects.filter(stage__in=STAGES, left_at__gte=question.end).exists():
        return _standing_of_all(question)
    return _standing_of_rows(question)


def _standing_of_rows(question: Question) -> dict[str, Standing]:
    """Of those that stand there still and those that have left since: each is found by an index."""
    try:
        (here, of_here), (left, of_left) = _here(question), _left_since(question)
    except EmptyResultSet:
        return {}
    statement = f"""
        SELECT stage, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY days), percentile_cont(0.9) WITHIN GROUP (ORDER BY days)
        FROM (SELECT stage, extract(epoch FROM %s - since) / {_DAY} AS days FROM ({here} UNION ALL {left}) AS stay(stage, since)) AS spent
        GROUP BY stage"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [question.end, *of_here, *of_left])
        return {stage: Standing(n, p50, p90) for stage, n, p50, p90 in cursor.fetchall()}


def _standing_of_all(question: Question) -> dict[str, Standing]:
    """Of all there are, where nobody has left since: the index has them in the order in which they came, so it is walked up to the one in the middle."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_ORDER, {"stages": list(STAGES), "end": question.end, "shares": [0.5, 0.9]})
        return {stage: Standing(n, p50, p90) for stage, n, (p50, p90) in cursor.fetchall()}


Statement = tuple[str, Sequence[Any]]


def _here(question: Question) -> Statement:
    """Whose passage is not over. A lead says since when it stands where it does; of all there are, an index of passages says it."""
    leads = Lead.objects.visible_to(question.viewer) if question.viewer else Lead.objects.all()
    leads = leads.filter(**question.only)
    if not leads.query.where:
        return _compiled(_passages(question).filter(left_at__isnull=True, entered_at__lt=question.end).values_list("stage", "entered_at"))
    return _compiled(leads.filter(stage__in=STAGES, stage_since__lt=question.end).order_by().values_list("stage", "stage_since"))


def _left_since(question: Question) -> Statement:
    if question.only.keys() != {_TEAMS}:
        return _compiled(_passages(question).filter(left_at__gte=question.end, entered_at__lt=question.end).values_list("stage", "entered_at"))
    # Several teams have most leads there are: the planner would begin with all of theirs, so each lead is looked up.
    statement = """SELECT stage_id, entered_at FROM crm_passage stay CROSS JOIN LATERAL (SELECT team_id FROM crm_lead WHERE id = stay.lead_id OFFSET 0) lead
        WHERE stay.stage_id = ANY(%s) AND stay.left_at >= %s AND stay.entered_at < %s AND lead.team_id = ANY(%s)"""
    return statement, [list(STAGES), question.end, question.end, question.only[_TEAMS]]


def _compiled(rows: Any) -> Statement:
    statement, values = rows.query.sql_with_params()
    return str(statement), list(values)
