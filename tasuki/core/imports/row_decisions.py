"""What was chosen for single rows of a file whose record may be here already: it is this one, leave the row out, or make a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.runs import DuplicatePolicy

if TYPE_CHECKING:
    from tasuki.core.imports.runs import ImportRun


class Way(models.TextChoices):
    SAME = "same", _("it is this one")
    LEAVE = "leave", _("leave the row out")
    NEW = "new", _("make a new one")


# What a choice makes of the policy for its row.
_POLICIES = {Way.SAME: DuplicatePolicy.UPDATE, Way.LEAVE: DuplicatePolicy.SKIP, Way.NEW: DuplicatePolicy.CREATE}


@dataclass(frozen=True)
class Chosen:
    """The choice for one row; `target_id` is the record that it is, for `SAME`."""

    way: Way
    target_id: int | None = None

    @property
    def policy(self) -> DuplicatePolicy:
        return _POLICIES[self.way]


class RowDecision(models.Model):
    """The choice for one row of a file, as it is kept until the file is read anew."""

    # The constraint begins with it, so that it needs no index of its own.
    file = models.ForeignKey("core.ImportFile", models.CASCADE, related_name="decisions", db_index=False)
    row_no = models.PositiveIntegerField(_("row"))
    way = models.CharField(max_length=5, choices=Way.choices)
    target_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("choice for a row")
        verbose_name_plural = _("choices for rows")
        constraints = [models.UniqueConstraint(fields=["file", "row_no"], name="row_decided_once")]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.row_no}: {self.way}"

    @property
    def as_chosen(self) -> Chosen:
        return Chosen(Way(self.way), self.target_id)


def of_run(run: ImportRun) -> dict[int, Chosen]:
    """What was chosen for rows of the file that the run is of, by their numbers."""
    return {row.row_no: row.as_chosen for row in RowDecision.objects.filter(Q(file__run=run.pk) | Q(file__rehearsal=run.pk))}
