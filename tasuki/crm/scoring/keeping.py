"""Keeping scores current: all leads by a version that was published, chunk by chunk, and each lead about which something changed.

What changed is written down by triggers of the database (`ScoreDue`), whoever wrote it and by which door, imports too; so nothing is
forgotten, and whatever is killed when, a lead whose change was committed is scored after it. Chunks are scored one at a time, by whichever
worker comes first: a score that was worked out from older rows never lands on one that was worked out from newer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import computing, measuring, versions
from tasuki.crm.scoring.versions import ScoreModel, ScoringRefused

CHUNK = 2_000
# Which of PostgreSQL's advisory locks is ours.
_LOCK = 7_010_001

_COLUMNS = ", ".join(computing.COLUMNS)
_KEEP_FORMER = """
INSERT INTO crm_formerscore (lead_id, model_id, fit, band, engagement, last_at, rank, reasons, scored_at, replaced_at)
SELECT lead_id, model_id, fit, band, engagement, last_at, rank, reasons, scored_at, %(at)s FROM crm_leadscore
WHERE lead_id = ANY(%(leads)s) AND model_id <> %(model)s ON CONFLICT DO NOTHING
"""
_WRITE = f"""
INSERT INTO crm_leadscore ({_COLUMNS}) SELECT {_COLUMNS} FROM ({{scored}}) AS scored ON CONFLICT (lead_id) DO UPDATE
SET {", ".join(f"{column} = excluded.{column}" for column in computing.COLUMNS[1:])}
"""


@transaction.atomic
def publish(draft: ScoreModel, *, by: By, at: datetime) -> ScoreModel:
    """Put a draft in force. All leads on their way to sales are scored by it after this, by `rescore`. Raises NoDraft, ScoringRefused."""
    draft = versions.held_draft(draft)
    if not draft.fit_rules.exists() or not draft.engagement_rules.exists():
        raise ScoringRefused(_("A score model needs a rule of fit, and points for at least one thing that people do."))
    measured = {"rates": measuring.rates(draft), "worths": measuring.worths()}
    ScoreModel.objects.filter(pk=draft.pk).update(published_by=by.actor, published_at=at, **measured)
    audit.record(draft, action="publish", by=by, at=at, changes={"version": (None, draft.version)})
    draft.refresh_from_db()
    return draft


def rescore(*, at: datetime) -> None:
    """Score all leads by the version in force, as far as that was not done; safe to call again after it was interrupted, and twice at once."""
    while _next_chunk(at=at):
        pass


@transaction.atomic
def _next_chunk(*, at: datetime) -> bool:
    _one_at_a_time()
    model = ScoreModel.objects.in_force()
    if model is None or model.rescored_at is not None:
        return False
    rows = Lead.objects.filter(pk__gt=model.rescored_up_to, stage__in=stages.BEFORE_SALES).order_by("pk")
    leads = list(rows.values_list("pk", flat=True)[:CHUNK])
    if leads:
        write(model, leads, at=at)
    done = {"rescored_up_to": leads[-1]} if len(leads) == CHUNK else {"rescored_at": at}
    ScoreModel.objects.filter(pk=model.pk).update(**done)
    return len(leads) == CHUNK


def absorb(*, at: datetime) -> int:
    """Score the leads about which something changed; returns how many changes that were."""
    n = 0
    while taken := _absorb_some(at=at):
        n += taken
    return n


@transaction.atomic
def _absorb_some(*, at: datetime) -> int:
    _one_at_a_time()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_scoredue WHERE id IN (SELECT id FROM crm_scoredue ORDER BY id LIMIT %s) RETURNING lead_id", [CHUNK])
        changed = [pk for (pk,) in cursor.fetchall()]
    model = ScoreModel.objects.in_force()
    if changed and model:
        write(model, sorted(set(changed)), at=at)
    return len(changed)


def score(lead: Lead, *, at: datetime) -> None:
    """Score one lead at once, within the transaction of what happened to it; nothing without a model in force."""
    score_together([lead.pk], at=at)


def score_together(leads: Sequence[int], *, at: datetime) -> None:
    """Likewise of leads that come in one transaction."""
    model = ScoreModel.objects.in_force()
    if model:
        write(model, leads, at=at)


def write(model: ScoreModel, leads: Sequence[int], *, at: datetime) -> None:
    """Score those of the leads that are on their way to sales; what another version said of them is kept beside."""
    there = Lead.objects.filter(pk__in=leads, stage__in=stages.BEFORE_SALES)
    text, values = computing.statement(model, there, at=at)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_FORMER, {"leads": list(leads), "model": model.pk, "at": at})
        cursor.execute(_WRITE.format(scored=text), values)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
