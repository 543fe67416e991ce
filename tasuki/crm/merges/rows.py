"""A merge, the steps it was done in, and the records that are gone by it and lead to another now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities

if TYPE_CHECKING:
    from tasuki.core.people import User


class MergeNoun(models.TextChoices):
    """What can be merged. Merged accounts and contacts are gone; a merged lead stays in the ledger, ended as merged."""

    ACCOUNT = "account", _("account")
    CONTACT = "contact", _("contact")
    LEAD = "lead", _("lead")


class StepKind(models.TextChoices):
    MOVED = "moved"
    CHANGED = "changed"
    REMOVED = "removed"
    MADE = "made"
    HANDED = "handed"


class Merges(models.QuerySet["Merge"]):
    """Questions about merges."""

    def visible_to(self, user: User) -> Merges:
        """Those whose survivor the person sees, as long as they may merge themselves."""
        if not abilities.can(user, abilities.Ability.MERGE_RECORDS):
            return self.none()
        seen = Q(pk__in=[])
        for noun, model in MODELS.items():
            rows = apps.get_model("crm", model)._default_manager.get_queryset().visible_to(user)
            seen |= Q(of=noun, survivor_id__in=rows.values("pk"))
        return self.filter(seen)

    def standing(self) -> Merges:
        """Those that were not taken back."""
        return self.filter(undone_at__isnull=True)


# The models stand above us in the import graph; Django's registry knows them by name.
MODELS = {MergeNoun.ACCOUNT: "Account", MergeNoun.CONTACT: "Contact", MergeNoun.LEAD: "Lead"}


class Merge(models.Model):
    """Others became one with the survivor. `names` are what each was called, by its id; the survivor's is the one it had before.

    `last_ids` holds, by table, the last id there was: what is younger was added since.
    """

    noun: ClassVar[str] = "merge"

    of = models.CharField(_("noun"), max_length=8, choices=MergeNoun.choices)
    survivor_id = models.BigIntegerField(_("record that stays"))
    other_ids = ArrayField(models.BigIntegerField())
    names = models.JSONField(default=dict)
    last_ids = models.JSONField(default=dict)
    merged_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    merged_at = models.DateTimeField(_("merged"))
    undone_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True)
    # Somebody in it was erased: what its undo would need is gone.
    is_final = models.BooleanField(default=False, db_default=False)

    objects = Merges.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        indexes = [
            models.Index(fields=["of", "survivor_id"], name="merge_of_survivor"),
            models.Index(fields=["-merged_at", "-id"], name="merge_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.survivor_id}"

    @property
    def survivor_name(self) -> str:
        return str(self.names.get(str(self.survivor_id), f"#{self.survivor_id}"))

    @property
    def other_names(self) -> list[str]:
        return [str(self.names.get(str(pk), f"#{pk}")) for pk in self.other_ids]


class MergeStep(models.Model):
    """One step of a merge, and what its way back needs. Undone in the reverse order of `position`, and forgotten then.

    moved: `row_ids` pointed at `from_id` by `column_name`, and point at `to_id` now. removed: the rows as they `was`. made: `row_ids` are new.
    changed, handed: what differs between before (`was`) and after (`became`), by row.
    """

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=7)
    table_name = models.CharField(max_length=63)
    column_name = models.CharField(max_length=63, blank=True)
    from_id = models.BigIntegerField(null=True)
    to_id = models.BigIntegerField(null=True)
    row_ids = ArrayField(models.BigIntegerField(), default=list)
    was = models.JSONField(null=True)
    became = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "position"], name="merge_step_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.table_name}"


class FormerRecords(models.QuerySet["FormerRecord"]):
    """Questions about records that were merged away."""

    def visible_to(self, user: User) -> FormerRecords:
        """Those that lead to a record which the person sees."""
        seen = Q(pk__in=[])
        for field, model in (("account", "Account"), ("contact", "Contact")):
            rows = apps.get_model("crm", model)._default_manager.get_queryset().visible_to(user)
            seen |= Q(**{f"{field}__in": rows.values("pk")})
        return self.filter(seen)


class FormerRecord(models.Model):
    """A record that was merged away: its number and its reference lead to the survivor, however often that is merged further."""

    of = models.CharField(max_length=8, choices=MergeNoun.choices)
    former_id = models.BigIntegerField()
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    account = models.ForeignKey("crm.Account", models.PROTECT, null=True, related_name="former")
    contact = models.ForeignKey("crm.Contact", models.PROTECT, null=True, related_name="former")
    merge = models.ForeignKey(Merge, models.CASCADE, related_name="former")

    objects = FormerRecords.as_manager()

    class Meta:
        verbose_name = _("merged record")
        verbose_name_plural = _("merged records")
        indexes = [models.Index(fields=["of", "reference"], name="former_reference", condition=~Q(reference=""))]
        constraints = [
            models.UniqueConstraint(fields=["of", "former_id"], name="former_record_once"),
            models.CheckConstraint(condition=Q(account__isnull=True) ^ Q(contact__isnull=True), name="former_leads_to_one"),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.former_id}"

    @property
    def leads_to(self) -> int:
        pk: int = getattr(self, f"{self.of}_id")
        return pk
