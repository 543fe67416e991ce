"""The score of how a call was talked: by a rule with a number. Another rule gives new scores; those of the old one stay beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.analytics.talk_score import MIITEL, TalkRule, score
from tasuki.engage.call_types import TALK_TARGET
from tasuki.engage.talk_figures import TalkFigures

if TYPE_CHECKING:
    from tasuki.engage.calls import Call

# Never change a rule that has given scores: add the next number.
RULES: dict[int, TalkRule] = {1: MIITEL}
IN_FORCE = max(RULES)


class TalkScore(models.Model):
    """What one rule gave one call, by the share of the talking that was aimed at in calls of its kind."""

    call = models.ForeignKey("engage.Call", models.CASCADE, related_name="talk_scores", db_index=False)
    rule = models.PositiveSmallIntegerField(_("rule"))
    score = models.DecimalField(_("score"), max_digits=4, decimal_places=1)
    talk_target_percent = models.PositiveSmallIntegerField(_("our share of the talking, in percent"), default=TALK_TARGET, db_default=TALK_TARGET)
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "rule"], name="talk_score_once_for_a_rule")]

    def __str__(self) -> str:
        return f"{self.call_id}: {self.score}"


def keep(call: Call, *, at: datetime) -> TalkScore | None:
    """Score a call by the rule in force, once; None for one without figures."""
    figures = TalkFigures.objects.filter(call=call).first()
    if figures is None or not call.talked:
        return None
    minutes, target = call.talked.total_seconds() / 60, call.call_type.talk_target_percent
    rule = replace(RULES[IN_FORCE], talk_target=target)
    found = score(minutes=minutes, talk_percent=figures.talk_percent, n_overlaps=figures.n_overlaps, n_silences=figures.n_silences, rule=rule)
    told = {"score": str(found), "talk_target_percent": target, "scored_at": at}
    kept, _is_new = TalkScore.objects.get_or_create(call=call, rule=IN_FORCE, defaults=told)
    return kept


def of(call: Call) -> TalkScore | None:
    """By the newest rule that scored it."""
    return TalkScore.objects.filter(call=call).order_by("-rule").first()
