"""An import run and its rows: what was asked, how far it came, and what became of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities

if TYPE_CHECKING:
    from tasuki.core.people import User


class DuplicatePolicy(models.TextChoices):
    """What to do with a row whose record is here already."""

    SKIP = "skip", _("skip it")
    UPDATE = "update", _("update the record")
    CREATE = "create", _("create another record")


class RunState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")
    STOPPED = "stopped", _("stopped")


class RowState(models.TextChoices):
    REJECTED = "rejected", _("rejected")
    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    SKIPPED = "skipped", _("skipped")


class ImportRuns(models.QuerySet["ImportRun"]):
    def visible_to(self, user: User) -> ImportRuns:
        return self if abilities.can(user, abilities.Ability.IMPORT_DATA) else self.none()

    def for_listing(self) -> ImportRuns:
        return self.select_related("started_by").order_by("-id")


class ImportRun(models.Model):
    """One file, one noun, one mapping. Counts are written with the chunk that they count."""

    noun: ClassVar[str] = "import"
    UNCLEAR: ClassVar[str] = "unclear"

    target = models.CharField(_("noun"), max_length=32)
    file_name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=255, blank=True)
    mapping = models.JSONField(_("mapping"))
    on_duplicate = models.CharField(_("duplicates"), max_length=8, choices=DuplicatePolicy.choices, default=DuplicatePolicy.SKIP)
    read_as = models.JSONField(default=dict)  # encoding and delimiter of the file, and its columns that no field takes: ignored
    is_dry = models.BooleanField(_("dry run"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.WAITING)
    state_before = models.CharField(max_length=10, blank=True)  # where a run goes back to whose undo was refused
    failure = models.TextField(_("why it failed"), blank=True)
    n_rows = models.PositiveIntegerField(_("rows"), default=0)
    n_applied = models.PositiveIntegerField(_("rows done"), default=0)
    n_created = models.PositiveIntegerField(_("created"), default=0)
    n_updated = models.PositiveIntegerField(_("updated"), default=0)
    n_skipped = models.PositiveIntegerField(_("skipped"), default=0)
    n_rejected = models.PositiveIntegerField(_("rejected"), default=0)
    n_warnings = models.PositiveIntegerField(_("warnings"), default=0)
    # How many rows are about a record that was here before, by the field that it was known by; and, as UNCLEAR, how many may be about several.
    known = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    started_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("started by"))
    door = models.CharField(_("door"), max_length=8, default="import")
    created_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    undone_at = models.DateTimeField(_("undone"), null=True)

    objects = ImportRuns.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.target}: {self.file_name}"

    @property
    def n_known(self) -> int:
        """Rows about a record that was here before."""
        return sum(n for by, n in self.known.items() if by != self.UNCLEAR)

    @property
    def n_unclear(self) -> int:
        """Rows that may be about several of them."""
        return int(self.known.get(self.UNCLEAR, 0))


class ImportRow(models.Model):
    """What became of one row of the file. `trace` holds what an undo needs; `values` the cells of a row with something to say."""

    # The run itself writes its rows: the database need not look for it once for each.
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows", db_index=False, db_constraint=False)
    row_no = models.PositiveIntegerField(_("row"))
    state = models.CharField(_("state"), max_length=8, choices=RowState.choices)
    target_id = models.BigIntegerField(null=True)
    trace = models.JSONField(null=True)
    values = models.JSONField(null=True)
    messages = models.JSONField(null=True)

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        constraints = [models.UniqueConstraint(fields=["run", "row_no"], name="import_row_once")]
        indexes = [models.Index(fields=["run", "row_no"], name="import_rows_with_messages", condition=Q(messages__isnull=False))]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.row_no}"
