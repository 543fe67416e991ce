"""Stages: where a lead can stand, leg by leg; and their written definitions, versioned when edited."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.teams import Department

if TYPE_CHECKING:
    from tasuki.core.people import User

LEGS = (Department.MARKETING, Department.INSIDE_SALES, Department.SALES, Department.SUCCESS)

CAPTURED, NURTURING, READY = "captured", "nurturing", "ready"
WORKING, CONNECTED, BOOKED = "working", "connected", "booked"
P1, P2, P3, P4 = "p1", "p2", "p3", "p4"
ONBOARDING, ADOPTION, LIVE = "onboarding", "adoption", "live"

# In the order of the relay. P1 is more than a lead and less than an opportunity: never part of the pipeline (R8).
ORDER = (CAPTURED, NURTURING, READY, WORKING, CONNECTED, BOOKED, P1, P2, P3, P4, ONBOARDING, ADOPTION, LIVE)
BEFORE_SALES = ORDER[:6]
IN_SALES = (P1, P2, P3, P4)
IN_PIPELINE = (P2, P3, P4)
IN_SUCCESS = (ONBOARDING, ADOPTION, LIVE)


# The six texts of a definition, by field name.
TEXTS = ("state_en", "state_ko", "state_ja", "exit_en", "exit_ko", "exit_ja")


class DefinitionIncomplete(Refused):
    code = "definition_incomplete"

    def __init__(self) -> None:
        super().__init__(_("Write the state and the condition for moving on in all three languages."))


class UnknownStage(Refused):
    code = "unknown_stage"

    def __init__(self, key: str) -> None:
        super().__init__(_("There is no stage “%(key)s”.") % {"key": key[:40]})


class Stages(models.QuerySet["Stage"]):
    """Questions about stages."""

    def visible_to(self, user: User) -> Stages:
        return self if abilities.standing_of(user).scope("stage") is abilities.Scope.ALL else self.none()


class StageDefinitions(models.QuerySet["StageDefinition"]):
    """Questions about definitions."""

    def visible_to(self, user: User) -> StageDefinitions:
        return self if abilities.standing_of(user).scope("stage") is abilities.Scope.ALL else self.none()

    def newest_first(self) -> StageDefinitions:
        return self.select_related("written_by").order_by("-version")


class Stage(models.Model):
    """A stage of the relay. The keys and their order are the process; names and definitions are the organisation's."""

    key = models.CharField(_("key"), max_length=12, primary_key=True)
    leg = models.CharField(_("leg"), max_length=16, choices=[(leg.value, leg.label) for leg in LEGS])
    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    name_en = models.CharField(_("name in English"), max_length=40)
    name_ko = models.CharField(_("name in Korean"), max_length=40)
    name_ja = models.CharField(_("name in Japanese"), max_length=40)

    objects = Stages.as_manager()

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return _in_language(self, "name")


class StageDefinition(models.Model):
    """What is true of a lead in this stage, and what must be true for it to move on (R1). The latest version is in force."""

    stage = models.ForeignKey(Stage, models.PROTECT, related_name="definitions")
    version = models.PositiveIntegerField(_("version"))
    state_en = models.TextField(_("state in English"))
    state_ko = models.TextField(_("state in Korean"))
    state_ja = models.TextField(_("state in Japanese"))
    exit_en = models.TextField(_("condition for moving on in English"))
    exit_ko = models.TextField(_("condition for moving on in Korean"))
    exit_ja = models.TextField(_("condition for moving on in Japanese"))
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()

    objects = StageDefinitions.as_manager()

    class Meta:
        verbose_name = _("stage definition")
        verbose_name_plural = _("stage definitions")
        constraints = [models.UniqueConstraint(fields=["stage", "version"], name="stage_definition_version_once")]

    def __str__(self) -> str:
        return f"{self.stage_id} v{self.version}"

    @property
    def state(self) -> str:
        return _in_language(self, "state")

    @property
    def exit(self) -> str:
        return _in_language(self, "exit")


def _in_language(row: models.Model, field: str) -> str:
    language = (translation.get_language() or "en")[:2]
    return str(getattr(row, f"{field}_{language}", "") or getattr(row, f"{field}_en"))


def in_force() -> dict[str, StageDefinition]:
    """The latest definition of each stage, by stage key."""
    rows = StageDefinition.objects.order_by("stage_id", "-version").distinct("stage_id").select_related("stage")
    return {row.stage_id: row for row in rows}


@transaction.atomic
def define(stage: Stage, *, texts: dict[str, str], by: By, at: datetime) -> StageDefinition:
    """Write the next version of a stage's definition. `texts` holds all six `TEXTS`. Raises DefinitionIncomplete.

    The same words again make no new version.
    """
    texts = {field: texts.get(field, "").strip() for field in TEXTS}
    if not all(texts.values()):
        raise DefinitionIncomplete
    Stage.objects.select_for_update().get(pk=stage.pk)
    last = stage.definitions.order_by("-version").first()
    if last and not audit.difference(last, texts):
        return last
    definition = StageDefinition.objects.create(stage=stage, version=last.version + 1 if last else 1, written_by=by.actor, written_at=at, **texts)
    changes = audit.difference(last, texts) if last else {}
    audit.record(definition, action="define", by=by, at=at, changes=changes)
    return definition
