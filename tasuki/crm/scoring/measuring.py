"""What the organisation's own past says: how many leads of each grade became opportunities, and what orders of each segment are worth."""

from __future__ import annotations

from typing import Any

from django.db import connection

from tasuki.crm import opportunity_rules, stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import computing
from tasuki.crm.scoring.versions import ScoreModel

# With fewer passes whose end is known, points order the list and no rate is claimed.
LEAST_LABELLED = 200
MOST_LABELLED = 5_000
# The fewest orders of a segment from which its worth is taken.
LEAST_ORDERS = 10
_MOST_ORDERS = 20_000

# Passes that inside sales has had and that are decided: an opportunity as the house counts them, else ended before it. Merged ones say nothing.
_LABELLED = f"""
SELECT lead.id, stay.entered_at AS until, opportunity.is_there AS is_opportunity
FROM (SELECT lead_id, entered_at FROM crm_passage WHERE stage_id = '{stages.READY}' AND left_at IS NOT NULL ORDER BY left_at DESC LIMIT {MOST_LABELLED}) AS stay
JOIN crm_lead lead ON lead.id = stay.lead_id
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM crm_passage later WHERE later.lead_id = lead.id AND later.stage_id IN ({{counted}})) AS is_there) AS opportunity
WHERE opportunity.is_there OR lead.ended_as IN ('recycled', 'lost', 'disqualified')
"""

_RATES = """
SELECT graded.band, graded.digit, count(*), count(*) FILTER (WHERE labelled.is_opportunity)
FROM graded JOIN ({labelled}) AS labelled ON labelled.id = graded.id
GROUP BY 1, 2
"""

_WORTHS = f"""
SELECT lead.segment, percentile_cont(0.5) WITHIN GROUP (ORDER BY won.amount), count(*)
FROM (SELECT lead_id, amount FROM crm_passage WHERE outcome = 'won' AND amount > 0 ORDER BY left_at DESC LIMIT {_MOST_ORDERS}) AS won
JOIN crm_lead lead ON lead.id = won.lead_id
GROUP BY GROUPING SETS ((), (lead.segment))
"""


def rates(model: ScoreModel) -> dict[str, Any]:
    """By grade (`4-1` is A1): [opportunities, of how many]; the grade is what the model says of them as they were when inside sales got them.

    `n` is how many there are, `overall` the rate of all; `is_measured` says whether they are enough to order a list by, `counted` what an
    opportunity was when they were counted.
    """
    counted = opportunity_rules.in_force()
    labelled = _LABELLED.format(counted=", ".join(f"'{stage}'" for stage in counted.stages))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM ({labelled}) AS labelled")
        ids = [pk for (pk,) in cursor.fetchall()]
        if len(ids) < LEAST_LABELLED:
            return {"n": len(ids), "is_measured": False, "counted": counted.value}
        text, values = computing.grading(model, Lead.objects.filter(pk__in=ids), until=f"SELECT id, until FROM ({labelled}) AS labelled")
        cursor.execute(text + _RATES.format(labelled=labelled), values)
        found = {f"{band}-{digit}": [n_became, n] for band, digit, n, n_became in cursor.fetchall()}
    n, n_became = sum(n for _became, n in found.values()), sum(became for became, _n in found.values())
    return {"n": n, "overall": n_became / n if n else 0, "of": found, "is_measured": n >= LEAST_LABELLED and n_became > 0, "counted": counted.value}


def worths() -> dict[str, Any]:
    """The median order of a segment, as a multiple of the median of all; segments with few orders are worth what all are."""
    with connection.cursor() as cursor:
        cursor.execute(_WORTHS)
        rows = cursor.fetchall()
    overall = next((float(median) for segment, median, _n in rows if segment is None and median), 0.0)
    if not overall:
        return {"of": {}}
    return {"of": {segment: round(float(median) / overall, 4) for segment, median, n in rows if segment and n >= LEAST_ORDERS}}
