"""Working out scores: one statement for however many leads, so that a version is applied to all of them chunk by chunk.

The order of a list is that of the expected value (docs/scoring.md):

    EV(t) = P(opportunity) · worth · reachability · freshness(t),   freshness(t) = 2^(−(t − s) / f)

with s the last sign of interest or, later, the moment at which the lead entered its stage, and f the half-life of freshness. What
depends on t is the factor 2^(−t / f), which is the same for all leads; `rank` is the logarithm of the rest and never needs rewriting.
P is measured where the past has enough to say (`measuring.rates`), by grade; otherwise the points stand for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, IntegerField, QuerySet, Value, When

from tasuki.analytics.forward_decay import DAY_SECONDS, LANDMARK, POWER
from tasuki.core.filters import compiling
from tasuki.core.filters.fields import Fields
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import conditions
from tasuki.crm.scoring.happenings import TOLD
from tasuki.crm.scoring.scores import N_REASONS
from tasuki.crm.scoring.versions import FitRule, ScoreModel

# How likely somebody is reached whose number we know, whose address only, or neither; until calls have measured it.
REACHED = {"phone": 1.0, "mail": 0.5, "nothing": 0.1}

# What few leads say of a grade is drawn towards what all say, as if so many had been like all.
SHRUNK_BY = 20

COLUMNS = ("lead_id", "model_id", "fit", "band", "engagement", "last_at", "rank", "reasons", "scored_at")

# Up to here it is asked of leads as they are, and of past ones as they were when inside sales got them: {facts} says `until` when.
_GRADED = f"""
WITH facts AS MATERIALIZED ({{facts}}),
rules(id, nth) AS (SELECT * FROM unnest(%(rule_ids)s::bigint[], %(rule_places)s::int[])),
fits AS (
    SELECT facts.id, coalesce(sum(facts.points[rules.nth]), 0)::int AS fit,
           coalesce(jsonb_agg(jsonb_build_array('fit', rules.id, facts.points[rules.nth], abs(facts.points[rules.nth])))
                    FILTER (WHERE facts.points[rules.nth] <> 0), '[]'::jsonb) AS why
    FROM facts LEFT JOIN rules ON true GROUP BY facts.id),
entries AS (
    SELECT facts.id, entry.at, {TOLD} AS happening
    FROM facts JOIN crm_timelineentry entry ON entry.lead_id = facts.id AND entry.at <= facts.until
    UNION ALL
    SELECT facts.id, entry.at, {TOLD}
    FROM facts JOIN crm_timelineentry entry ON entry.contact_id = facts.contact_id AND entry.lead_id IS NULL AND entry.at <= facts.until),
told AS (
    SELECT entries.id, entries.happening, entries.at, said.points, extract(epoch FROM entries.at - %(landmark)s) / %(half_life)s AS x
    FROM entries JOIN unnest(%(happenings)s::text[], %(happening_points)s::int[]) AS said(happening, points) ON said.happening = entries.happening),
tops AS (SELECT id, max(x) AS top, max(at) AS last_at FROM told GROUP BY id),
kinds AS (
    SELECT told.id, told.happening, count(*) AS n, sum(told.points * {POWER.format("told.x - tops.top")}) AS mass
    FROM told JOIN tops USING (id) GROUP BY told.id, told.happening),
warmth AS (
    SELECT kinds.id, tops.top, tops.last_at, sum(kinds.mass) AS mass,
           jsonb_agg(jsonb_build_array('did', kinds.happening, kinds.n, kinds.mass)) AS why
    FROM kinds JOIN tops USING (id) GROUP BY kinds.id, tops.top, tops.last_at),
graded AS (
    SELECT facts.*, fits.fit, warmth.last_at, coalesce(warmth.mass, 0) AS mass, fits.why || coalesce(warmth.why, '[]'::jsonb) AS why,
           coalesce(warmth.top + ln(warmth.mass) / ln(2::float8), '-infinity'::float8) AS engagement,
           CASE WHEN fits.fit >= %(fit_a)s THEN 4 WHEN fits.fit >= %(fit_b)s THEN 3 WHEN fits.fit >= %(fit_c)s THEN 2 ELSE 1 END AS band,
           CASE WHEN warmth.mass >= %(warm_1)s THEN 1 WHEN warmth.mass >= %(warm_2)s THEN 2 WHEN warmth.mass >= %(warm_3)s THEN 3 ELSE 4 END AS digit,
           greatest(facts.stage_since, warmth.last_at) AS fresh_since
    FROM facts JOIN fits USING (id) LEFT JOIN warmth USING (id))
"""

_SCORED = f"""
, chances AS (
    SELECT graded.*,
           CASE WHEN %(is_measured)s THEN (coalesce((%(rates)s::jsonb -> (band || '-' || digit) ->> 0)::float8, 0) + {SHRUNK_BY} * %(overall)s)
                                          / (coalesce((%(rates)s::jsonb -> (band || '-' || digit) ->> 1)::float8, 0) + {SHRUNK_BY})
                ELSE (least(greatest(fit, 1), 100) + least(mass, 100)) / 200 END AS chance,
           coalesce((%(worths)s::jsonb ->> segment)::float8, %(worth)s) AS worth,
           CASE WHEN EXISTS (SELECT FROM crm_contactphone phone WHERE phone.contact_id = graded.contact_id) THEN {REACHED["phone"]}
                WHEN EXISTS (SELECT FROM crm_contactemail mail WHERE mail.contact_id = graded.contact_id) THEN {REACHED["mail"]}
                ELSE {REACHED["nothing"]} END AS reached
    FROM graded)
SELECT id AS lead_id, %(model)s AS model_id, least(greatest(fit, -32000), 32000) AS fit, band, engagement, last_at,
       ln(chance * worth * reached) / ln(2::float8) + extract(epoch FROM fresh_since - %(landmark)s) / %(fresh_half_life)s AS rank,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(said -> 0, said -> 1, said -> 2) ORDER BY (said ->> 3)::float8 DESC, said), '[]'::jsonb)
        FROM (SELECT said FROM jsonb_array_elements(why) AS said ORDER BY (said ->> 3)::float8 DESC, said LIMIT {N_REASONS}) AS best) AS reasons,
       %(at)s AS scored_at
FROM chances
"""


def statement(model: ScoreModel, leads: QuerySet[Lead], *, at: datetime) -> tuple[str, dict[str, Any]]:
    """The question for the scores of these leads by this model, `COLUMNS` of them, with its values.

    No more than a few thousand leads at once: each is read whole.
    """
    worths, rates = model.worths or {}, model.rates or {}
    graded, values = grading(model, leads)
    return graded + _SCORED, values | {
        "fresh_half_life": model.fresh_half_life_hours * 3_600.0,
        "is_measured": bool(rates.get("is_measured")),
        "rates": json.dumps(rates.get("of", {})),
        "overall": float(rates.get("overall", 0)),
        "worths": json.dumps(worths.get("of", {})),
        "worth": 1.0,
        "model": model.pk,
        "at": at,
    }


def grading(model: ScoreModel, leads: QuerySet[Lead], *, until: str = "", **more: Any) -> tuple[str, dict[str, Any]]:
    """The beginning of a statement: `graded` has a row for each of the leads. `until` is a table (id, until) of moments, "" for now."""
    among = conditions.fields()
    rules = [rule for rule in model.fit_rules.all() if conditions.is_readable(rule.condition, among)]
    facts, values = _facts(rules, leads, among)
    cut = f"JOIN ({until}) AS cut USING (id)" if until else "CROSS JOIN (SELECT 'infinity'::timestamptz AS until) AS cut"
    happenings = dict(model.engagement_rules.values_list("happening", "points"))
    said: dict[str, Any] = {
        "rule_ids": [rule.pk for rule in rules],
        "rule_places": list(range(1, len(rules) + 1)),
        "landmark": LANDMARK,
        "half_life": model.half_life_days * DAY_SECONDS,
        "happenings": list(happenings),
        "happening_points": list(happenings.values()),
        **{name: getattr(model, name) for name in ("fit_a", "fit_b", "fit_c", "warm_1", "warm_2", "warm_3")},
    }
    return _GRADED.format(facts=f"SELECT asked.*, cut.until FROM ({facts}) AS asked {cut}"), said | values | more


def _facts(rules: Sequence[FitRule], leads: QuerySet[Lead], among: Fields) -> tuple[str, dict[str, Any]]:
    """What is asked of each lead, as a statement with named values: Django writes %s, and a statement has values of one kind only."""
    rows = leads.order_by()
    for rule in rules:
        rows = rows.alias(**compiling.computed(conditions.read(rule.condition, among)))
    points = {f"points_{nth}": _points(rule, among) for nth, rule in enumerate(rules)}
    text, parameters = rows.annotate(**points).values_list("id", "contact_id", "stage_since", "segment", *points).query.sql_with_params()
    named = text.replace("%%", "%%%%") % tuple(f"%(fact_{nth})s" for nth in range(len(parameters)))
    columns = ", ".join(f"p{nth}" for nth in range(len(rules)))
    listed = ", ".join(["id", "contact_id", "stage_since", "segment", *(f"p{nth}" for nth in range(len(rules)))])
    wrapped = f"SELECT id, contact_id, stage_since, segment, ARRAY[{columns}]::int[] AS points FROM ({named}) AS read({listed})"
    return wrapped, {f"fact_{nth}": value for nth, value in enumerate(parameters)}


def _points(rule: FitRule, among: Fields) -> Case:
    return Case(When(conditions.compiled(rule.condition, among), then=Value(rule.points)), default=Value(0), output_field=IntegerField())


def scored(model: ScoreModel, leads: QuerySet[Lead], *, at: datetime) -> list[dict[str, Any]]:
    """The scores as rows, without writing them."""
    text, values = statement(model, leads, at=at)
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
