"""Files: what people attach to an account, a contact, a lead or a note. Stored inert: never rendered, always downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from tasuki.crm.timeline import around_visible_records

if TYPE_CHECKING:
    from tasuki.core.people import User


class Scan(models.TextChoices):
    """What the virus scanner said."""

    UNSCANNED = "unscanned", _("not scanned")
    WAITING = "waiting", _("being scanned")
    CLEAN = "clean", _("clean")
    REFUSED = "refused", _("refused by the virus scanner")


class Files(models.QuerySet["File"]):
    """Questions about files."""

    def visible_to(self, user: User) -> Files:
        return self.filter(around_visible_records(user), is_apart=False)

    def kept(self) -> Files:
        """Those that nobody has removed."""
        return self.filter(removed_at__isnull=True)

    def of_records(self) -> Files:
        """Those that hang on a record itself, newest first; a note shows its own."""
        return self.kept().filter(note__isnull=True, is_apart=False).order_by("-pk")

    def unsettled(self) -> Files:
        """Those about which a scanner has yet to speak."""
        return self.kept().filter(scan__in=[Scan.WAITING, Scan.UNSCANNED])

    def n_bytes_stored(self) -> int:
        return self.exclude(scan=Scan.REFUSED).aggregate(n=Sum("n_bytes"))["n"] or 0


class File(models.Model):
    """An attachment. Its bytes are in the file storage under a random name; what the sender called it is only a label.

    `content_type` is what its first bytes look like, for an icon; it is always sent as bytes. A file that was refused has no bytes any more.
    """

    noun: ClassVar[str] = "file"

    name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=255, unique=True)
    content_type = models.CharField(_("type"), max_length=100)
    n_bytes = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="files")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="files")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="files")
    note = models.ForeignKey("crm.TimelineEntry", models.SET_NULL, null=True, related_name="files")
    added_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    # Reached only by what it belongs to, which says to whom: never by its record.
    is_apart = models.BooleanField(default=False, db_default=False)
    scan = models.CharField(_("virus scan"), max_length=9, choices=Scan.choices, default=Scan.UNSCANNED, db_default=Scan.UNSCANNED.value)
    finding = models.CharField(_("finding"), max_length=200, blank=True, default="", db_default="")
    scanned_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(_("removed"), null=True)
    removed_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")

    objects = Files.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(fields=["id"], name="file_unsettled", condition=Q(scan__in=["waiting", "unscanned"], removed_at__isnull=True)),
            models.Index(fields=["removed_at"], name="file_removed", condition=Q(removed_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(account__isnull=False) | Q(contact__isnull=False) | Q(lead__isnull=False), name="file_attached_to_something")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether it may be downloaded: a file that a scanner should have seen stays shut until it has."""
        return self.scan == Scan.CLEAN or (self.scan == Scan.UNSCANNED and settings.SCANNER is None)
