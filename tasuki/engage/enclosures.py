"""Enclosures: the files that go out with a letter. Kept inert like every file, shut until the virus scanner has spoken, and on the timeline once sent."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import attachments
from tasuki.crm.attachments import Attachment
from tasuki.crm.files import File, Scan
from tasuki.crm.subjects import Subject
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import mail
from tasuki.engage.message_rows import Message

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead

MOST_FILES = 10
# Written in base64 a letter of this is a third larger; most servers take 25 MB.
MOST_BYTES = 18 * 1024 * 1024
# What programs of mail ask about by their type; everything else is bytes.
_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip"})
_BYTES = "application/octet-stream"


class EnclosuresRefused(Refused):
    code = "enclosures_refused"


class EnclosureGone(Exception):
    """The bytes of an enclosure are not there any more."""


class Enclosure(models.Model):
    """A file of a letter, in its place from 1."""

    noun: ClassVar[str] = "enclosure"

    message = models.ForeignKey(Message, models.CASCADE, related_name="enclosures", db_index=False)
    file = models.OneToOneField(File, models.CASCADE, related_name="enclosure")
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("enclosure")
        verbose_name_plural = _("enclosures")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="one_enclosure_in_a_place")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.file_id}"


@transaction.atomic
def write(lead: Lead, *, files: Sequence[Attachment], by: By, at: datetime, **said: Any) -> Message:
    """Write a letter as `mail.write` does, with files: all of them, or no letter and no byte of them.

    Raises what that raises, EnclosuresRefused for too many or too much, AttachmentRefused for what is empty, too large, or made to be run.
    """
    message = mail.write(lead, by=by, at=at, **said)
    if files:
        _enclose(message, files, by=by, at=at)
    return message


def _enclose(message: Message, files: Sequence[Attachment], *, by: By, at: datetime) -> None:
    if len(files) > MOST_FILES:
        raise EnclosuresRefused(_("A mail takes at most %(n)s files.") % {"n": MOST_FILES})
    if sum(one.n_bytes for one in files) > MOST_BYTES:
        raise EnclosuresRefused(_("The files of a mail come to at most %(n)s MB together. Send a link instead.") % {"n": MOST_BYTES // 1024 // 1024})
    on = Subject(message.lead, message.contact, message.account)
    with ExitStack() as otherwise:
        for nth, one in enumerate(files, start=1):
            file = attachments.keep_apart(one, on=on, kind_of=attachments.kind_of, by=by, at=at)
            otherwise.callback(default_storage.delete, file.stored_as)
            Enclosure.objects.create(message=message, file=file, position=nth)
        audit.record(message, action="attach", by=by, at=at, changes={"files": ("", ", ".join(one.name for one in files))})
        otherwise.pop_all()


def why_not_yet(message: Message) -> str:
    """Why the letter does not go out now because of its files: “scanning”, or for good “file”; "" when it may."""
    files = [one.file for one in Enclosure.objects.filter(message=message).select_related("file")]
    if any(file.scan == Scan.REFUSED or file.removed_at for file in files):
        return "file"
    return "" if all(file.is_open for file in files) else "scanning"


def read(message: Message) -> list[tuple[str, str, bytes]]:
    """(name, type, bytes) of each. Raises EnclosureGone."""
    found = []
    for one in Enclosure.objects.filter(message=message).select_related("file"):
        file = one.file
        try:
            with default_storage.open(file.stored_as) as stored:
                found.append((file.name, file.content_type if file.content_type in _TYPES else _BYTES, stored.read()))
        except FileNotFoundError:
            raise EnclosureGone(file.name) from None
    return found


def tell(message: Message, *, entry: TimelineEntry) -> None:
    """The letter is sent: its files stand with it on the timeline, for whoever sees the record."""
    File.objects.filter(enclosure__message=message.pk).update(note=entry, is_apart=False)


def not_sent(messages: Sequence[Message]) -> dict[int, list[File]]:
    """The files of letters that have not gone out, by the letter's id; one query."""
    found: dict[int, list[File]] = {}
    for one in Enclosure.objects.filter(message__in=[message.pk for message in messages], file__is_apart=True).select_related("file"):
        found.setdefault(one.message_id, []).append(one.file)
    return found
