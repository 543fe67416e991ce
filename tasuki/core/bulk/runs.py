"""A bulk run and its rows: what was asked, of whom, how far it came, and what an undo will need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities

if TYPE_CHECKING:
    from tasuki.core.people import User


class BulkState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")
    STOPPED = "stopped", _("stopped")


class BulkRowState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    UNDONE = "undone", _("undone")
    KEPT = "kept", _("kept as it is")


class BulkRuns(models.QuerySet["BulkRun"]):
    """Questions about bulk runs."""

    def visible_to(self, user: User) -> BulkRuns:
        """One's own; those who read the audit log see all."""
        if abilities.can(user, abilities.Ability.READ_AUDIT_LOG):
            return self
        return self.filter(started_by=user.pk) if abilities.standing_of(user).roles else self.none()

    def of(self, user: User) -> BulkRuns:
        """Those that a person started, the latest first."""
        return self.filter(started_by=user.pk).order_by("-started_at", "-pk")


class BulkRun(models.Model):
    """One verb for many records of one noun. Counts are written with the batch that they count."""

    of = models.CharField(_("noun"), max_length=32)
    verb = models.CharField(_("verb"), max_length=32)
    said = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=BulkState.choices, default=BulkState.RUNNING)
    n_rows = models.PositiveIntegerField(default=0)
    n_done = models.PositiveIntegerField(default=0)
    n_refused = models.PositiveIntegerField(default=0)
    n_undone = models.PositiveIntegerField(default=0)
    started_by = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("who"))
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = BulkRuns.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")

    def __str__(self) -> str:
        return f"{self.verb} {self.n_rows} {self.of}"

    @property
    def is_over(self) -> bool:
        return self.state not in (BulkState.RUNNING, BulkState.UNDOING)

    @property
    def n_left(self) -> int:
        """How many rows nothing was done to yet, or nothing any more."""
        return self.n_rows - self.n_done - self.n_refused


class BulkRows(models.QuerySet["BulkRow"]):
    """Questions about the rows of a run."""

    def not_done(self) -> BulkRows:
        """Those that were refused, or that an undo kept as they are; each has its reason."""
        return self.exclude(reason="").order_by("pk")


class BulkRow(models.Model):
    """One record of a run. `before` is what its undo needs, `reason` why it was refused or kept."""

    run = models.ForeignKey(BulkRun, models.CASCADE, related_name="rows")
    record_id = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=BulkRowState.choices, default=BulkRowState.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict)

    objects = BulkRows.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["run", "state", "id"], name="bulk_row_of_run"),
            models.Index(fields=["run", "id"], name="bulk_row_not_done", condition=~models.Q(reason="")),
        ]
        constraints = [models.UniqueConstraint(fields=["run", "record_id"], name="bulk_row_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.record_id}"
