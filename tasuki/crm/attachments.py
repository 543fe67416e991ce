"""Attaching files: their bytes pass into the storage under a random name, and what they are called stays a label."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.core.files.base import File as Content
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.crm import file_names, notifications, subjects
from tasuki.crm.files import File, Scan
from tasuki.crm.following import About
from tasuki.crm.notifications import Happening
from tasuki.crm.subjects import Subject
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

# So long a removed file can be brought back; then its bytes go.
KEPT_AFTER_REMOVAL = timedelta(days=30)
_HEAD = 16
# What a program begins with, whatever it is called: Windows, Linux, macOS (four ways round), Java.
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_UNKNOWN = "application/octet-stream"


class AttachmentRefused(Refused):
    code = "attachment_refused"


class CannotBringBack(Refused):
    code = "cannot_bring_back"

    def __init__(self) -> None:
        super().__init__(_("This file was removed too long ago, or was not removed at all."))


class Upload(Protocol):
    """Bytes on their way in, in pieces."""

    def chunks(self) -> Iterable[bytes]: ...


@dataclass(frozen=True)
class Attachment:
    """A file that somebody sends, and what they call it."""

    upload: Upload
    name: str
    n_bytes: int


@transaction.atomic
def attach(
    upload: Upload,
    *,
    name: str,
    n_bytes: int,
    by: By,
    at: datetime,
    lead: Lead | None = None,
    contact: Contact | None = None,
    account: Account | None = None,
    note: TimelineEntry | None = None,
) -> File:
    """Keep a file with a record, or with a note on it. Raises AttachmentRefused for what is empty, too large, or made to be run,
    Gone for its record.

    With a virus scanner the file stays shut until that has spoken: see `tasuki.crm.scanning`.
    """

    def on() -> Subject:
        return Subject(note.lead, note.contact, note.account) if note else subjects.held(lead=lead, contact=contact, account=account)

    with _stored(Attachment(upload, name, n_bytes), on=on, kind_of=kind_of, by=by, at=at, note=note) as file:
        _tell(file, by=by, at=at)
    return file


@transaction.atomic
def keep_apart(attachment: Attachment, *, on: Subject, kind_of: Callable[[bytes], str], by: By, at: datetime) -> File:
    """Keep a file with a record whose page does not show it: what it belongs to says who reaches it. Nobody is told.

    `kind_of` says by the first bytes what it is, or raises. Raises AttachmentRefused as `attach` does.
    """
    with _stored(attachment, on=lambda: on, kind_of=kind_of, by=by, at=at, is_apart=True) as file:
        return file


def destroy(file: File) -> None:
    """Let the bytes and the row of a file go at once, within the caller's transaction: when it is killed between the two, the row is left, never the bytes."""
    default_storage.delete(file.stored_as)
    File.objects.filter(pk=file.pk).delete()


@contextmanager
def _stored(
    attachment: Attachment,
    *,
    on: Callable[[], Subject],
    kind_of: Callable[[bytes], str],
    by: By,
    at: datetime,
    note: TimelineEntry | None = None,
    is_apart: bool = False,
) -> Iterator[File]:
    """The file with its bytes stored; what was stored of a file that is refused after all does not stay. What it belongs to is held after that."""
    label = file_names.normalised(attachment.name)
    _check(label, attachment.n_bytes)
    with ExitStack() as otherwise:
        passing = _Passing(attachment.upload, kind_of)
        stored_as = f"attachments/{secrets.token_hex(16)}"
        otherwise.callback(default_storage.delete, stored_as)
        stored_as = default_storage.save(stored_as, passing)
        whose = on()
        yield File.objects.create(
            name=label,
            stored_as=stored_as,
            content_type=passing.kind,
            n_bytes=passing.n_bytes,
            sha256=passing.hash.hexdigest(),
            lead=whose.lead,
            contact=whose.contact,
            account=whose.account,
            note=note,
            added_by=by.actor,
            added_at=at,
            is_apart=is_apart,
            scan=Scan.WAITING if settings.SCANNER else Scan.UNSCANNED,
        )
        otherwise.pop_all()


@transaction.atomic
def attach_all(
    files: Sequence[Attachment],
    *,
    by: By,
    at: datetime,
    lead: Lead | None = None,
    contact: Contact | None = None,
    account: Account | None = None,
    note: TimelineEntry | None = None,
) -> None:
    """Keep several, as `attach` keeps one: all of them, or none and no byte of them. Raises what that raises."""
    with ExitStack() as otherwise:
        for one in files:
            file = attach(one.upload, name=one.name, n_bytes=one.n_bytes, by=by, at=at, lead=lead, contact=contact, account=account, note=note)
            otherwise.callback(default_storage.delete, file.stored_as)
        otherwise.pop_all()


@transaction.atomic
def remove(file: File, *, by: By, at: datetime) -> None:
    """Take a file off its record; for `KEPT_AFTER_REMOVAL` it can be brought back. Doing it twice changes nothing."""
    file = held(file)
    if file.removed_at is None:
        File.objects.filter(pk=file.pk).update(removed_at=at, removed_by=by.actor)
        audit.record(file, action="remove", by=by, at=at, changes={"name": (file.name, None)})


@transaction.atomic
def bring_back(file: File, *, by: By, at: datetime) -> None:
    """Put a removed file back where it was. Raises CannotBringBack."""
    file = held(file)
    if file.removed_at is None or at - file.removed_at > KEPT_AFTER_REMOVAL:
        raise CannotBringBack
    File.objects.filter(pk=file.pk).update(removed_at=None, removed_by=None)
    audit.record(file, action="restore", by=by, at=at, changes={"name": (None, file.name)})


def forget_removed(*, at: datetime) -> int:
    """Let the bytes and the rows of files go that were removed long ago; → how many. The audit trail keeps what they were called."""
    gone = list(File.objects.filter(removed_at__lt=at - KEPT_AFTER_REMOVAL)[:1_000])
    for file in gone:
        File.objects.filter(pk=file.pk).delete()
        default_storage.delete(file.stored_as)
    return len(gone)


class _Passing(Content):  # type: ignore[type-arg]  # generic for the type checker only
    """Passes an upload on into the storage piece by piece, and hashes, counts and limits it on the way."""

    def __init__(self, upload: Upload, kind_of: Callable[[bytes], str]) -> None:
        super().__init__(None, name="")
        self.upload, self.kind_of = upload, kind_of
        self.hash, self.n_bytes, self.head, self.kind = hashlib.sha256(), 0, b"", _UNKNOWN

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 - the storage may name one
        for piece in self.upload.chunks():
            self.head = self.head or piece[:_HEAD]
            self.n_bytes += len(piece)
            if self.n_bytes > settings.FILES_LARGEST:
                raise _too_large()
            if self.head.startswith(_PROGRAMS):
                raise AttachmentRefused(_("Files that can be run are not kept here."))
            if self.n_bytes == len(piece):
                self.kind = self.kind_of(self.head)
            self.hash.update(piece)
            yield piece
        if not self.n_bytes:
            raise _too_large()


def _check(label: str, n_bytes: int) -> None:
    if not 0 < n_bytes <= settings.FILES_LARGEST:
        raise _too_large()
    if file_names.ending(label) in settings.FILES_REFUSED_ENDINGS:
        raise AttachmentRefused(_("Files that can be run are not kept here."))
    if File.objects.all().n_bytes_stored() + n_bytes > settings.FILES_QUOTA:
        raise AttachmentRefused(_("The storage for files is full. Remove some, or ask an administrator for more."))


def _too_large() -> AttachmentRefused:
    return AttachmentRefused(_("A file must have content, and at most %(n)s MB of it.") % {"n": settings.FILES_LARGEST // 1024 // 1024})


def kind_of(head: bytes) -> str:
    """What the first bytes of a file look like."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _KINDS if head.startswith(magic)), _UNKNOWN)


def _tell(file: File, *, by: By, at: datetime) -> None:
    """A file of a note is told with the note; another stands on the timeline itself."""
    cause = audit.record(file, action="attach", by=by, at=at, changes={"name": ("", file.name)})
    if file.note_id:
        return
    about = About(file.account_id, file.contact_id, file.lead_id)
    entry = TimelineEntry.objects.create(
        at=at,
        kind=Kind.FILE,
        lead_id=file.lead_id,
        contact_id=file.contact_id,
        account_id=file.account_id,
        actor=by.actor,
        text=file.name,
        detail={"file": file.pk},
    )
    notifications.tell_followers(about, happening=Happening.FILE, noun=file.noun, cause=cause, by=by, at=at, entry=entry)
