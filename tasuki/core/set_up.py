"""Setting up: the steps from an empty installation to a working one. Each is done or skipped by somebody; what is neither is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Refused


class Step(models.TextChoices):
    """In the order in which a house is set up."""

    ORGANISATION = "organisation", _("Organisation")
    HOURS = "hours", _("Business hours")
    TEAMS = "teams", _("Teams")
    PEOPLE = "people", _("People")
    MAIL = "mail", _("Outgoing mail")
    DATA = "data", _("Data")
    STAGES = "stages", _("Stages")


class StepState(models.TextChoices):
    DONE = "done", _("done")
    SKIPPED = "skipped", _("skipped")


class UnknownStep(Refused):
    code = "unknown_step"

    def __init__(self) -> None:
        super().__init__(_("There is no such step."))


# Not a step: whoever wants to see no more of them.
_DISMISSED = "dismissed"


class SetUpStep(models.Model):
    """What became of one step, and by whom. The row of a step that is taken up again is written anew."""

    noun: ClassVar[str] = "setupstep"

    key = models.CharField(_("step"), max_length=16, unique=True)
    state = models.CharField(_("state"), max_length=8, choices=StepState.choices)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of the set-up")
        verbose_name_plural = _("steps of the set-up")

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"


@dataclass(frozen=True)
class Progress:
    """All steps in order, each with its row or None, and whether anybody wants to see them on their workspace."""

    steps: tuple[tuple[Step, SetUpStep | None], ...]
    is_dismissed: bool

    @property
    def n_over(self) -> int:
        return sum(row is not None for _step, row in self.steps)

    @property
    def next(self) -> Step | None:
        """The first that is neither done nor skipped."""
        return next((step for step, row in self.steps if row is None), None)


def progress() -> Progress:
    """One query."""
    rows = {row.key: row for row in SetUpStep.objects.select_related("by")}
    return Progress(tuple((step, rows.get(step.value)) for step in Step), _DISMISSED in rows)


def is_as_made(record: models.Model) -> bool:
    """Whether nobody has changed the record that every installation begins with."""
    return not AuditEntry.objects.of(record).exists()


def invention() -> AuditEntry | None:
    """What was written down when the invented company came that this house holds; None for a house that is real."""
    return AuditEntry.objects.filter(noun="organisation", action="simulate").order_by("-id").first()


def n_changes_since(entry: AuditEntry) -> int:
    """How much people changed on their pages since this was written down."""
    return AuditEntry.objects.filter(door=Door.WEB, at__gt=entry.at).count()


def named(key: str) -> Step:
    """Raises UnknownStep."""
    if key not in Step.values:
        raise UnknownStep
    return Step(key)


def finish(step: Step, *, by: By, at: datetime) -> SetUpStep:
    return _write(step.value, StepState.DONE, by=by, at=at)


def skip(step: Step, *, by: By, at: datetime) -> SetUpStep:
    """It can still be done later. What is done stays done."""
    done = SetUpStep.objects.filter(key=step.value, state=StepState.DONE).first()
    return done or _write(step.value, StepState.SKIPPED, by=by, at=at)


def dismiss(*, by: By, at: datetime) -> None:
    """Show the steps on no workspace any more; the settings lead to them still."""
    _write(_DISMISSED, StepState.SKIPPED, by=by, at=at)


@transaction.atomic
def _write(key: str, state: StepState, *, by: By, at: datetime) -> SetUpStep:
    row, _is_new = SetUpStep.objects.update_or_create(key=key, defaults={"state": state, "by": by.actor, "at": at})
    audit.record(row, action="set_up", by=by, at=at, changes={"key": ("", key), "state": ("", state.value)})
    return row
