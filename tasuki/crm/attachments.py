"""Attaching files: their bytes go into the storage under a random name, and what they are called stays a label."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm.files import File
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

LARGEST = 25 * 1024 * 1024
# What runs when it is opened is not kept; the rest is inert as long as it is only downloaded.
REFUSED_ENDINGS = frozenset({".exe", ".com", ".bat", ".cmd", ".scr", ".pif", ".msi", ".vbs", ".js", ".jse", ".wsf", ".ps1", ".lnk", ".hta", ".jar", ".reg"})


class AttachmentRefused(Refused):
    code = "attachment_refused"


class Upload(Protocol):
    """Bytes on their way in, in pieces."""

    def chunks(self) -> Iterable[bytes]: ...


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
) -> File:
    """Keep a file with a record. Raises AttachmentRefused for what is empty, too large, or made to be run."""
    label = PurePath(name.replace("\\", "/")).name[:255]
    if not 0 < n_bytes <= LARGEST:
        raise AttachmentRefused(_("A file must have content, and at most %(n)s MB of it.") % {"n": LARGEST // 1024 // 1024})
    if PurePath(label).suffix.lower() in REFUSED_ENDINGS:
        raise AttachmentRefused(_("Files that can be run are not kept here."))
    content = b"".join(upload.chunks())
    stored = default_storage.save(f"attachments/{secrets.token_hex(16)}", ContentFile(content))
    file = File.objects.create(
        name=label,
        stored_as=stored,
        content_type="application/octet-stream",
        n_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        lead=lead,
        contact=contact,
        account=account,
        added_by=by.actor,
        added_at=at,
    )
    TimelineEntry.objects.create(at=at, kind=Kind.FILE, lead=lead, contact=contact, account=account, actor=by.actor, text=label)
    audit.record(file, action="attach", by=by, at=at, changes={"name": ("", label)})
    return file
