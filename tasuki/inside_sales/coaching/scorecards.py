"""Scorecards: what a call is scored by, in versions. A version that scored something stays as it was; the next one begins as its copy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

LANGUAGES = ("en", "ko", "ja")
HEAVIEST, LONGEST_SCALE, MOST_CRITERIA = 10, 10, 12
LONGEST_NAME, LONGEST_ANCHORS = 80, 1_000
_ANCHOR = re.compile(r"(\d{1,2})\s*[:=.–-]\s*(\S.*)")


class ScorecardRefused(Refused):
    code = "scorecard_refused"


class Scorecards(models.QuerySet["Scorecard"]):
    """Questions about scorecards."""

    def visible_to(self, user: User) -> Scorecards:
        """Whoever works here may know by what calls are scored."""
        return self if abilities.standing_of(user).roles else self.none()

    def published(self) -> Scorecards:
        return self.filter(published_at__isnull=False)


class Scorecard(models.Model):
    """One version; without `published_at` the draft of the next. Who wrote it is in the trail."""

    noun: ClassVar[str] = "scorecard"

    version = models.PositiveIntegerField(_("version"), unique=True)
    begun_at = models.DateTimeField(_("begun"))
    published_at = models.DateTimeField(_("published"), null=True)

    objects = Scorecards.as_manager()

    class Meta:
        verbose_name = _("scorecard")
        verbose_name_plural = _("scorecards")
        constraints = [
            models.UniqueConstraint(fields=["published_at"], condition=Q(published_at__isnull=True), nulls_distinct=False, name="one_draft_of_the_scorecard")
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class Criteria(models.QuerySet["Criterion"]):
    def visible_to(self, user: User) -> Criteria:
        return self.filter(scorecard__in=Scorecard.objects.visible_to(user))


class Criterion(models.Model):
    """One skill: from 1 to `scale` points. Anchors say in words what some of the points mean, a line for each: “1: …”."""

    noun: ClassVar[str] = "criterion"

    scorecard = models.ForeignKey(Scorecard, models.CASCADE, related_name="criteria", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    name_en = models.CharField(_("name in English"), max_length=LONGEST_NAME)
    name_ko = models.CharField(_("name in Korean"), max_length=LONGEST_NAME)
    name_ja = models.CharField(_("name in Japanese"), max_length=LONGEST_NAME)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    scale = models.PositiveSmallIntegerField(_("highest score"), default=5)
    anchors_en = models.TextField(_("anchors in English"), blank=True)
    anchors_ko = models.TextField(_("anchors in Korean"), blank=True)
    anchors_ja = models.TextField(_("anchors in Japanese"), blank=True)

    objects = Criteria.as_manager()

    class Meta:
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["scorecard", "position"], name="criteria_of_scorecard")]
        constraints = [
            models.CheckConstraint(condition=Q(weight__gte=1, weight__lte=HEAVIEST, scale__gte=2, scale__lte=LONGEST_SCALE), name="criterion_makes_sense")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return str(_in_language(self, "name"))

    @property
    def anchors(self) -> list[tuple[int, str]]:
        """(points, what they mean), in the reader's language."""
        return _read(str(_in_language(self, "anchors")))


@dataclass(frozen=True)
class Skill:
    """What a criterion says."""

    name_en: str
    name_ko: str
    name_ja: str
    weight: int = 1
    scale: int = 5
    anchors_en: str = ""
    anchors_ko: str = ""
    anchors_ja: str = ""


def in_force() -> Scorecard | None:
    """The newest that was published, with its criteria."""
    return Scorecard.objects.published().prefetch_related("criteria").order_by("-version").first()


def draft() -> Scorecard | None:
    return Scorecard.objects.filter(published_at__isnull=True).prefetch_related("criteria").first()


@transaction.atomic
def begin(*, by: By, at: datetime) -> Scorecard:
    """The draft of the next version: the one that there is, or a copy of what is in force. Raises Forbidden."""
    _require(by)
    last = _hold()
    if found := draft():
        return found
    begun = Scorecard.objects.create(version=last + 1, begun_at=at)
    if current := in_force():
        copied = [field.name for field in fields(Skill)]
        Criterion.objects.bulk_create(
            Criterion(scorecard=begun, position=one.position, **{name: getattr(one, name) for name in copied}) for one in current.criteria.all()
        )
    audit.record(begun, action="begin", by=by, at=at)
    return begun


@transaction.atomic
def write(criterion: Criterion | None, *, scorecard: Scorecard, skill: Skill, by: By, at: datetime) -> Criterion:
    """Add a criterion to a draft, or write one of it anew. Raises Forbidden, ScorecardRefused."""
    _require(by)
    _hold()
    scorecard = _drafted(scorecard)
    said = _checked(skill)
    if criterion is None:
        n = scorecard.criteria.count()
        if n >= MOST_CRITERIA:
            raise ScorecardRefused(_("Nobody scores more than %(n)s skills while listening. Five to seven are usual.") % {"n": MOST_CRITERIA})
        criterion = Criterion.objects.create(scorecard=scorecard, position=n + 1, **said)
        audit.record(scorecard, action="add", by=by, at=at, changes={"criterion": ("", criterion.name_en)})
        return criterion
    criterion = scorecard.criteria.get(pk=criterion.pk)
    if changes := audit.difference(criterion, said):
        Criterion.objects.filter(pk=criterion.pk).update(**said)
        audit.record(scorecard, action="change", by=by, at=at, changes=changes)
        criterion.refresh_from_db()
    return criterion


@transaction.atomic
def leave_out(criterion: Criterion, *, by: By, at: datetime) -> None:
    """Take a criterion out of the draft. Raises Forbidden, ScorecardRefused."""
    _require(by)
    _hold()
    scorecard = _drafted(criterion.scorecard)
    Criterion.objects.filter(pk=criterion.pk).delete()
    for position, one in enumerate(scorecard.criteria.order_by("position", "pk"), start=1):
        Criterion.objects.filter(pk=one.pk).update(position=position)
    audit.record(scorecard, action="remove", by=by, at=at, changes={"criterion": (criterion.name_en, None)})


@transaction.atomic
def publish(scorecard: Scorecard, *, by: By, at: datetime) -> Scorecard:
    """Reviews from now on score by it; those that were given keep their version. Raises Forbidden, ScorecardRefused."""
    _require(by)
    _hold()
    scorecard = _drafted(scorecard)
    if not scorecard.criteria.exists():
        raise ScorecardRefused(_("A scorecard has at least one criterion."))
    Scorecard.objects.filter(pk=scorecard.pk).update(published_at=at)
    scorecard.refresh_from_db()
    audit.record(scorecard, action="publish", by=by, at=at, changes={"version": (None, scorecard.version)})
    return scorecard


@transaction.atomic
def discard(scorecard: Scorecard, *, by: By, at: datetime) -> None:
    """Throw the draft away. Raises Forbidden, ScorecardRefused."""
    _require(by)
    _hold()
    scorecard = _drafted(scorecard)
    audit.record(scorecard, action="remove", by=by, at=at)
    scorecard.delete()


def result(pairs: Sequence[tuple[Criterion, int]]) -> float | None:
    """The share of what could be reached, by weight: all ones are 0, all highest 1. None without any."""
    weight = sum(criterion.weight for criterion, _points in pairs)
    if not weight:
        return None
    return sum(criterion.weight * share(criterion, points) for criterion, points in pairs) / weight


def share(criterion: Criterion, points: int) -> float:
    """Where on its scale a score stands, from 0 to 1."""
    return (points - 1) / (criterion.scale - 1)


def _in_language(criterion: Criterion, name: str) -> str:
    language = (translation.get_language() or "en")[:2]
    return str(getattr(criterion, f"{name}_{language}", "") or getattr(criterion, f"{name}_en"))


def _read(anchors: str) -> list[tuple[int, str]]:
    found = [_ANCHOR.fullmatch(line.strip()) for line in anchors.splitlines()]
    return [(int(one[1]), one[2].strip()) for one in found if one]


def _checked(skill: Skill) -> dict[str, str | int]:
    said = {name: value.strip() if isinstance(value, str) else value for name, value in asdict(skill).items()}
    names = [str(said[f"name_{language}"]) for language in LANGUAGES]
    if not all(names) or max(map(len, names)) > LONGEST_NAME:
        raise ScorecardRefused(_("Name the skill in all three languages."))
    if not 1 <= skill.weight <= HEAVIEST or not 2 <= skill.scale <= LONGEST_SCALE:
        raise ScorecardRefused(_("A weight is from 1 to %(weight)s, the highest score from 2 to %(scale)s.") % {"weight": HEAVIEST, "scale": LONGEST_SCALE})
    for language in LANGUAGES:
        anchors = str(said[f"anchors_{language}"])
        lines = [line for line in anchors.splitlines() if line.strip()]
        points = [number for number, _words in _read(anchors)]
        if len(anchors) > LONGEST_ANCHORS or len(points) != len(lines) or any(not 1 <= number <= skill.scale for number in points):
            raise ScorecardRefused(_("Write each anchor on a line of its own, as “1: what one point means”, within the scale."))
        if not {1, skill.scale} <= set(points):
            raise ScorecardRefused(_("Say in all three languages what the lowest and what the highest score mean."))
    return said


def _require(by: By) -> None:
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)


def _hold() -> int:
    """Nobody else changes scorecards until the transaction ends; → the newest number."""
    held = list(Scorecard.objects.select_for_update().order_by("version").values_list("version", flat=True))
    return held[-1] if held else 0


def _drafted(scorecard: Scorecard) -> Scorecard:
    found = Scorecard.objects.filter(pk=scorecard.pk, published_at__isnull=True).first()
    if found is None:
        raise ScorecardRefused(_("This version is published, or gone. Begin the next one."))
    return found
