"""Files: what people attach to an account, a contact or a lead. Stored inert: never rendered, always downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.crm.timeline import around_visible_records

if TYPE_CHECKING:
    from tasuki.core.people import User


class Files(models.QuerySet["File"]):
    """Questions about files."""

    def visible_to(self, user: User) -> Files:
        return self.filter(around_visible_records(user))


class File(models.Model):
    """An attachment. Its bytes are in the file storage under a random name; what the sender called it is only a label."""

    noun: ClassVar[str] = "file"

    name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=255, unique=True)
    content_type = models.CharField(_("type"), max_length=100)
    n_bytes = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="files")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="files")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="files")
    added_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    objects = Files.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.CheckConstraint(condition=Q(account__isnull=False) | Q(contact__isnull=False) | Q(lead__isnull=False), name="file_attached_to_something")
        ]

    def __str__(self) -> str:
        return self.name
