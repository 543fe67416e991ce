"""Versions of the score model: its rules are written in a draft, tried, and published; what was in force before is kept as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm.scoring import conditions
from tasuki.crm.scoring.happenings import Happening

if TYPE_CHECKING:
    from tasuki.core.people import User

MOST_RULES = 40
LONGEST_WORDS, LONGEST_CONDITION = 120, 1_000
# What a draft may say of itself, beside its rules.
MEASURES = ("fit_a", "fit_b", "fit_c", "warm_1", "warm_2", "warm_3", "half_life_days", "fresh_half_life_hours")


class ScoringRefused(Refused):
    code = "scoring_refused"


class NoDraft(Refused):
    code = "no_draft"

    def __init__(self) -> None:
        super().__init__(_("There is no draft of the score model. Begin one first."))


class ScoreModels(models.QuerySet["ScoreModel"]):
    """Questions about versions."""

    def visible_to(self, user: User) -> ScoreModels:
        return self if abilities.can(user, Ability.EDIT_PROCESS) else self.none()

    def in_force(self) -> ScoreModel | None:
        return self.filter(published_at__isnull=False).order_by("-version").first()

    def draft(self) -> ScoreModel | None:
        return self.filter(published_at__isnull=True).first()


class ScoreModel(models.Model):
    """One version. Fit of at least `fit_a` points is an A, and so on; at least `warm_1` points of engagement, as much as is left, are a 1.

    `rates` and `worths` are what was counted of the past when it was published (see `measuring`). `rescored_up_to` is the last lead that
    was scored by it after that, and `rescored_at` when all were.
    """

    noun: ClassVar[str] = "scoremodel"

    version = models.PositiveIntegerField(_("version"), unique=True)
    fit_a = models.SmallIntegerField(_("fit of an A, at least"), default=60)
    fit_b = models.SmallIntegerField(_("fit of a B, at least"), default=40)
    fit_c = models.SmallIntegerField(_("fit of a C, at least"), default=20)
    warm_1 = models.SmallIntegerField(_("engagement of a 1, at least"), default=40)
    warm_2 = models.SmallIntegerField(_("engagement of a 2, at least"), default=20)
    warm_3 = models.SmallIntegerField(_("engagement of a 3, at least"), default=5)
    half_life_days = models.FloatField(
        _("days until half of the engagement is forgotten"), default=14, validators=[MinValueValidator(0.5), MaxValueValidator(730)]
    )
    fresh_half_life_hours = models.FloatField(
        _("hours until a lead is half as fresh"), default=72, validators=[MinValueValidator(0.5), MaxValueValidator(8_760)]
    )
    rates = models.JSONField(default=dict)
    worths = models.JSONField(default=dict)
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    published_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    rescored_up_to = models.BigIntegerField(default=0)
    rescored_at = models.DateTimeField(null=True)

    objects = ScoreModels.as_manager()

    class Meta:
        verbose_name = _("score model")
        verbose_name_plural = _("score models")
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(published_at__isnull=True), name="one_draft_of_the_score_model"),
            models.CheckConstraint(condition=Q(fit_a__gt=F("fit_b"), fit_b__gt=F("fit_c")), name="score_model_letters_in_order"),
            models.CheckConstraint(condition=Q(warm_1__gt=F("warm_2"), warm_2__gt=F("warm_3"), warm_3__gt=0), name="score_model_digits_in_order"),
            models.CheckConstraint(condition=Q(half_life_days__gte=0.5, fresh_half_life_hours__gte=0.5), name="score_model_forgets_in_time"),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"

    def digit(self, points: float) -> int:
        """1 for the warmest to 4, for points of engagement that are left."""
        return next((nth for nth, least in enumerate((self.warm_1, self.warm_2, self.warm_3), start=1) if points >= least), 4)


class FitRule(models.Model):
    """So many points, or so many less, for every lead for which a condition holds. Words say why, in three languages."""

    model = models.ForeignKey(ScoreModel, models.CASCADE, related_name="fit_rules")
    position = models.PositiveSmallIntegerField()
    condition = models.CharField(_("condition"), max_length=LONGEST_CONDITION)
    points = models.SmallIntegerField(_("points"), validators=[MinValueValidator(-100), MaxValueValidator(100)])
    words_en = models.CharField(_("words in English"), max_length=LONGEST_WORDS)
    words_ko = models.CharField(_("words in Korean"), max_length=LONGEST_WORDS)
    words_ja = models.CharField(_("words in Japanese"), max_length=LONGEST_WORDS)

    class Meta:
        verbose_name = _("rule of fit")
        verbose_name_plural = _("rules of fit")
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(points__gte=-100, points__lte=100) & ~Q(points=0), name="fit_rule_has_points")]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        return str(getattr(self, f"words_{(translation.get_language() or 'en')[:2]}", "") or self.words_en)


class EngagementRule(models.Model):
    """So many points for each happening of a kind, forgotten by half-lives."""

    model = models.ForeignKey(ScoreModel, models.CASCADE, related_name="engagement_rules")
    happening = models.CharField(_("what happened"), max_length=16, choices=Happening.choices)
    points = models.PositiveSmallIntegerField(_("points"), validators=[MinValueValidator(1), MaxValueValidator(100)])

    class Meta:
        verbose_name = _("rule of engagement")
        verbose_name_plural = _("rules of engagement")
        constraints = [
            models.UniqueConstraint(fields=["model", "happening"], name="engagement_rule_once"),
            models.CheckConstraint(condition=Q(points__gte=1, points__lte=100), name="engagement_rule_has_points"),
        ]

    def __str__(self) -> str:
        return f"{self.happening} +{self.points}"


@transaction.atomic
def begin(*, by: By, at: datetime) -> ScoreModel:
    """A draft with the rules that are in force, to be changed and published. If there is one already, that."""
    _hold()
    if draft := ScoreModel.objects.draft():
        return draft
    last = ScoreModel.objects.in_force()
    measures = {name: getattr(last, name) for name in MEASURES} if last else {}
    draft = ScoreModel.objects.create(version=last.version + 1 if last else 1, written_by=by.actor, written_at=at, **measures)
    if last:
        fit, engagement = list(last.fit_rules.all()), list(last.engagement_rules.all())
        for rule in fit:
            rule.pk, rule.model = None, draft
        for points in engagement:
            points.pk, points.model = None, draft
        FitRule.objects.bulk_create(fit)
        EngagementRule.objects.bulk_create(engagement)
    audit.record(draft, action="add", by=by, at=at, changes={"version": (None, draft.version)})
    return draft


@transaction.atomic
def discard(draft: ScoreModel, *, by: By, at: datetime) -> None:
    """Throw a draft away. Raises NoDraft for what was published."""
    draft = _held_draft(draft)
    audit.record(draft, action="remove", by=by, at=at, changes={"version": (draft.version, None)})
    draft.delete()


@transaction.atomic
def measure(draft: ScoreModel, *, measures: Mapping[str, Any], points: Mapping[str, int], by: By, at: datetime) -> ScoreModel:
    """Write the `MEASURES`, and the points of each happening; 0 for one that says nothing. Raises NoDraft, ScoringRefused."""
    draft = _held_draft(draft)
    if set(measures) - set(MEASURES) or set(points) - set(Happening.values):
        raise TypeError("versions.measure writes MEASURES, and points of Happenings")
    changes = audit.difference(draft, dict(measures))
    for name, value in measures.items():
        setattr(draft, name, value)
    _check(draft, points)
    ScoreModel.objects.filter(pk=draft.pk).update(**measures)
    before = dict(draft.engagement_rules.values_list("happening", "points"))
    for happening, value in points.items():
        if value != before.get(happening, 0):
            changes[happening] = (before.get(happening, 0), value)
    draft.engagement_rules.filter(happening__in=points).delete()
    EngagementRule.objects.bulk_create(EngagementRule(model=draft, happening=one, points=value) for one, value in points.items() if value)
    if changes:
        audit.record(draft, action="change", by=by, at=at, changes=changes)
    return draft


@transaction.atomic
def write_rule(rule: FitRule, *, by: By, at: datetime) -> FitRule:
    """Write a rule of fit into the draft, a new one at its end or one that is there. Raises NoDraft, ScoringRefused, FilterWrong."""
    draft = _held_draft(rule.model)
    rule.condition, texts = rule.condition.strip(), [" ".join(text.split()) for text in (rule.words_en, rule.words_ko, rule.words_ja)]
    rule.words_en, rule.words_ko, rule.words_ja = texts
    if not all(texts) or any(len(text) > LONGEST_WORDS for text in texts):
        raise ScoringRefused(_("Say why in all three languages, in at most %(n)s characters each.") % {"n": LONGEST_WORDS})
    if not rule.points or abs(rule.points) > 100:
        raise ScoringRefused(_("A rule gives from 1 to 100 points, or takes as many."))
    if len(rule.condition) > LONGEST_CONDITION:
        raise ScoringRefused(_("The condition is longer than %(n)s characters.") % {"n": LONGEST_CONDITION})
    conditions.read(rule.condition)
    before = draft.fit_rules.filter(pk=rule.pk).first() if rule.pk else None
    if before is None:
        if draft.fit_rules.count() >= MOST_RULES:
            raise ScoringRefused(_("A score model has %(n)s rules at most.") % {"n": MOST_RULES})
        last = draft.fit_rules.aggregate(last=models.Max("position"))["last"]
        rule.pk, rule.position = None, (last or 0) + 1
        FitRule.objects.bulk_create([rule])
    else:
        rule.position = before.position
        FitRule.objects.bulk_update([rule], ["condition", "points", "words_en", "words_ko", "words_ja"])
    audit.record(draft, action="change", by=by, at=at, changes={"fit_rules": (str(_in_words(before)), _in_words(rule))})
    return rule


@transaction.atomic
def drop_rule(rule: FitRule, *, by: By, at: datetime) -> None:
    """Take a rule of fit out of the draft. Raises NoDraft."""
    draft = _held_draft(rule.model)
    audit.record(draft, action="change", by=by, at=at, changes={"fit_rules": (_in_words(rule), "")})
    draft.fit_rules.filter(pk=rule.pk).delete()


def held_draft(draft: ScoreModel) -> ScoreModel:
    """The draft, held until the end of the transaction. Raises NoDraft for what was published or thrown away."""
    return _held_draft(draft)


def _held_draft(draft: ScoreModel) -> ScoreModel:
    held = ScoreModel.objects.select_for_update().filter(pk=draft.pk, published_at__isnull=True).first()
    if held is None:
        raise NoDraft
    return held


def _hold() -> None:
    """One draft is begun at a time."""
    list(ScoreModel.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def _check(draft: ScoreModel, points: Mapping[str, int]) -> None:
    if not draft.fit_a > draft.fit_b > draft.fit_c or not draft.warm_1 > draft.warm_2 > draft.warm_3 > 0:
        raise ScoringRefused(_("Each better grade needs more points than the one below it."))
    if not 0.5 <= draft.half_life_days <= 730 or not 0.5 <= draft.fresh_half_life_hours <= 8_760:
        raise ScoringRefused(_("A half-life is between half a day and two years, that of freshness between half an hour and a year."))
    if any(not 0 <= value <= 100 for value in points.values()):
        raise ScoringRefused(_("A happening has from 0 to 100 points."))


def _in_words(rule: FitRule | None) -> str:
    return f"{rule.condition} {rule.points:+}" if rule else ""
