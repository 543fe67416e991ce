"""The audit trail: every change says who, when, from what, to what, and through which door. Append-only by a database rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities

if TYPE_CHECKING:
    from tasuki.core.people import User


class Door(models.TextChoices):
    """The way a change came in."""

    WEB = "web", _("web")
    API = "api", _("API")
    IMPORT = "import", _("import")
    JOB = "job", _("job")
    COMMAND = "command", _("command line")


class AuditEntries(models.QuerySet["AuditEntry"]):
    """Questions to the trail."""

    def visible_to(self, user: User) -> AuditEntries:
        return self if abilities.can(user, abilities.Ability.READ_AUDIT_LOG) else self.none()

    def of(self, record_: models.Model) -> AuditEntries:
        return self.filter(noun=record_._meta.model_name, record_id=record_.pk)

    def newest_first(self) -> AuditEntries:
        return self.order_by("-at", "-id")

    def for_listing(self) -> AuditEntries:
        return self.select_related("actor")


class AuditEntry(models.Model):
    """One change of one record. `changes` maps a field to [from, to], as JSON values."""

    at = models.DateTimeField()
    actor = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, verbose_name=_("who"))
    door = models.CharField(_("door"), max_length=8, choices=Door.choices)
    noun = models.CharField(_("noun"), max_length=32)
    record_id = models.BigIntegerField()
    action = models.CharField(_("action"), max_length=32)
    changes = models.JSONField(default=dict)

    objects = AuditEntries.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["noun", "record_id", "-at"], name="audit_of_record"),
            models.Index(fields=["-at", "-id"], name="audit_latest"),
            # The entries that an import writes by the million stand in the last of these alone, and each at its end.
            models.Index(fields=["actor", "at", "id"], name="audit_by_actor", condition=~Q(door="import")),
            models.Index(fields=["action", "at", "id"], name="audit_by_action", condition=~Q(door="import")),
            models.Index(fields=["door", "at", "id"], name="audit_by_door", condition=~Q(door="import")),
            models.Index(fields=["id"], name="audit_of_imports", condition=Q(door="import")),
            # An import has one person and few actions: each stands once before all entries of both, and whether there is one of a rare action is seen at once.
            models.Index(fields=["actor", "action"], name="audit_of_imports_by_whom", condition=Q(door="import")),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.record_id}: {self.action}"


@dataclass(frozen=True)
class By:
    """Who acts, and through which door: the first thing every verb that changes something is told.

    `as_one` is the id of the audit entry of a larger change that this one is part of: people are told of that once, with a count.
    """

    actor: User | None
    door: Door
    as_one: int | None = None


Changes = dict[str, tuple[Any, Any]]


def record(record_: models.Model, *, action: str, by: By, at: datetime, changes: Changes | None = None) -> AuditEntry:
    """Write one entry for one record, in the caller's transaction."""
    entry = _unwritten(record_, action=action, by=by, at=at, changes=changes or {})
    entry.save(force_insert=True)
    return entry


def record_each(records: Iterable[models.Model], *, action: str, by: By, at: datetime, changes: Iterable[Changes]) -> list[AuditEntry]:
    """Write one entry for each record, with what changed of it, in one statement; → in their order."""
    return AuditEntry.objects.bulk_create(
        [_unwritten(one, action=action, by=by, at=at, changes=changed) for one, changed in zip(records, changes, strict=True)]
    )


def _unwritten(record_: models.Model, *, action: str, by: By, at: datetime, changes: Changes) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor=by.actor,
        door=by.door,
        noun=record_._meta.model_name or "",
        record_id=record_.pk,
        action=action,
        changes={field: [_plain(before), _plain(after)] for field, (before, after) in changes.items()},
    )


def difference(record_: models.Model, after: dict[str, Any]) -> Changes:
    """The fields of `after` whose value is not the record's present one."""
    return {field: (getattr(record_, field), value) for field, value in after.items() if getattr(record_, field) != value}


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return str(value)
