"""Notes: somebody's words about an account, a contact or a lead. They live on the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

LONGEST = 20_000


class NoteRefused(Refused):
    code = "note_refused"


@transaction.atomic
def write(text: str, *, by: By, at: datetime, lead: Lead | None = None, contact: Contact | None = None, account: Account | None = None) -> TimelineEntry:
    """Keep a note. A note on a lead stands with its contact and account too. Raises NoteRefused for an empty or endless one."""
    text = text.strip()
    if not text:
        raise NoteRefused(_("The note is empty."))
    if len(text) > LONGEST:
        raise NoteRefused(_("The note is longer than %(n)s characters.") % {"n": LONGEST})
    if lead:
        contact, account = lead.contact, lead.account
    elif contact:
        account = contact.account
    entry = TimelineEntry.objects.create(at=at, kind=Kind.NOTE, lead=lead, contact=contact, account=account, actor=by.actor, text=text)
    audit.record(entry, action="note", by=by, at=at)
    return entry
