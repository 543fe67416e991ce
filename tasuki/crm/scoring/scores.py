"""Scores: what the model in force says of each lead that is on its way to sales, and what earlier versions said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Case, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.analytics import forward_decay
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.versions import FitRule, ScoreModel

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead

N_REASONS = 3


class LeadScore(models.Model):
    """One lead by the model in force. A pass that has left inside sales keeps what was said of it last.

    `band` is the letter of its fit as a number that orders: 4 for an A to 1 for a D. `engagement` is the logarithm of the forward sum
    (see `analytics.forward_decay`), −∞ for nothing. `rank` is the logarithm of the expected value, but for the factor that is the same for
    all leads at any moment: its order is the order of the expected value whenever it is read.
    `reasons` are what counted most, as [code, of what, points]: ["fit", id of the rule, points] or ["did", happening, how often].
    """

    noun: ClassVar[str] = "leadscore"

    lead = models.OneToOneField("crm.Lead", models.CASCADE, related_name="score", db_constraint=False)
    model = models.ForeignKey(ScoreModel, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    fit = models.SmallIntegerField(gettext_lazy("fit"))
    band = models.PositiveSmallIntegerField()
    letter = models.GeneratedField(
        expression=Case(When(band=4, then=Value("A")), When(band=3, then=Value("B")), When(band=2, then=Value("C")), default=Value("D")),
        output_field=models.CharField(gettext_lazy("grade of fit"), max_length=1),
        db_persist=True,
    )
    engagement = models.FloatField(gettext_lazy("engagement"))
    last_at = models.DateTimeField(gettext_lazy("last sign of interest"), null=True)
    rank = models.FloatField()
    reasons = models.JSONField(default=list)
    scored_at = models.DateTimeField()

    class Meta:
        verbose_name = gettext_lazy("score of a lead")
        verbose_name_plural = gettext_lazy("scores of leads")
        indexes = [
            # Lists are ordered by these, and walked both ways.
            models.Index(fields=["fit", "id"], name="score_by_fit"),
            models.Index(fields=["engagement", "id"], name="score_by_engagement"),
            models.Index(fields=["band", "engagement", "id"], name="score_by_grade"),
            models.Index(fields=["rank", "id"], name="score_by_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.letter}"

    def points_left(self, at: datetime) -> float:
        """The points of engagement that are left at a moment."""
        return forward_decay.left(self.engagement, at=at, half_life_days=self.model.half_life_days)

    def grade(self, at: datetime) -> str:
        """Fit and engagement side by side: A1 fits best and is warmest, D4 neither."""
        return f"{self.letter}{self.model.digit(self.points_left(at))}"


class FormerScore(models.Model):
    """What an earlier version said of a lead, when a later one took its place. Append-only by use: nothing rewrites it."""

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="former_scores", db_constraint=False)
    model = models.ForeignKey(ScoreModel, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    fit = models.SmallIntegerField()
    band = models.PositiveSmallIntegerField()
    engagement = models.FloatField()
    last_at = models.DateTimeField(null=True)
    rank = models.FloatField()
    reasons = models.JSONField(default=list)
    scored_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        verbose_name = gettext_lazy("former score of a lead")
        verbose_name_plural = gettext_lazy("former scores of leads")
        constraints = [models.UniqueConstraint(fields=["lead", "model"], name="former_score_once")]

    def __str__(self) -> str:
        return f"{self.lead_id}: v{self.model_id}"


class ScoreDue(models.Model):
    """A lead about which something changed since it was scored. Triggers of the database write it, whoever changes what and by which door."""

    # Which lead it is: not checked, since a lead that is gone needs no score.
    lead_id = models.BigIntegerField()

    class Meta:
        verbose_name = gettext_lazy("score that is due")
        verbose_name_plural = gettext_lazy("scores that are due")

    def __str__(self) -> str:
        return str(self.lead_id)


@dataclass(frozen=True)
class Reason:
    """One reason in the reader's words; `points` is 0 for what was done several times."""

    words: str
    points: int = 0


def score_of(lead: Lead) -> LeadScore | None:
    """What is said of the lead, with the model that says it; None where none was published, or the lead had left inside sales before."""
    return LeadScore.objects.select_related("model").filter(lead=lead).first()


def reasons_of(scores: list[LeadScore]) -> Mapping[int, list[Reason]]:
    """The reasons of several scores in the reader's language, by lead; one query for all."""
    rules = rules_of(said for score in scores for said in score.reasons)
    return {score.lead_id: [reason for said in score.reasons if (reason := in_words(said, rules=rules))] for score in scores}


def rules_of(reasons: Iterable[Sequence[Any]]) -> Mapping[int, FitRule]:
    """The rules that these reasons name; one query, or none."""
    ids = {said[1] for said in reasons if said[0] == "fit"}
    return FitRule.objects.in_bulk(ids) if ids else {}


def in_words(said: Sequence[Any], *, rules: Mapping[int, FitRule]) -> Reason | None:
    """One reason by its code, of the two that a score has. A rule that was taken away with its version says nothing any more."""
    code, what, number = said
    if code == "fit":
        rule = rules.get(what)
        return Reason(rule.words, number) if rule else None
    happening, times = Happening(what).label, number
    return Reason(str(happening) if times == 1 else _("%(what)s %(n)s times") % {"what": happening, "n": times})
