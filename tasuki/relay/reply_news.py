"""News of replies: whoever has a lead hears that somebody answered. One notice for a thread until it is read, however many letters come at once."""

from __future__ import annotations

from datetime import timedelta

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import following, notifications
from tasuki.crm.notifications import Happening, Notification
from tasuki.engage.message_rows import Message, MessageKind
from tasuki.engage.received import Replied

# What nobody has read for so long is told again when more comes.
BURST = timedelta(days=1)


def tell(replied: Replied) -> None:
    """Tell the owner of the lead; where there is none, whoever was written to."""
    if replied.kind != MessageKind.REPLY:
        return
    message = Message.objects.select_related("lead", "contact", "entry", "mailbox").get(pk=replied.message_id)
    record = message.lead or message.contact
    person = message.lead.owner_id if message.lead and message.lead.owner_id else message.mailbox.owner_id
    if record is None or _is_told(message, person=person, replied=replied):
        return
    cause = AuditEntry.objects.of(message).filter(action="receive").latest("pk")
    about, by = following.about(record), By(None, Door.JOB)
    notifications.tell([person], happening=Happening.REPLY, noun=record.noun, cause=cause, by=by, at=replied.at, about=about, entry=message.entry)


def _is_told(message: Message, *, person: int, replied: Replied) -> bool:
    """Whether the person has heard of this thread, and has not looked yet."""
    thread = Message.objects.filter(thread=message.thread).exclude(pk=message.pk).values("entry")
    rows = Notification.objects.filter(person=person, happening=Happening.REPLY, read_at__isnull=True, at__gt=replied.at - BURST)
    return rows.filter(entry__in=thread).exists()
