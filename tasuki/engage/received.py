"""Received: a letter from outside is taken in: whose it is, what it is, and what follows from it.

Kept is what answers a letter of ours and what comes from a person whom we know, nothing else: the rest of a mailbox is its owner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from django.core.files.base import File as Content
from django.db import transaction

from tasuki.core import audit, bus
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.crm import attachments, emails
from tasuki.crm.contacts import Channel, Contact, ContactEmail
from tasuki.crm.emails import EmailInvalid
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import bad_addresses, bounces, mail, meeting_answers, outbox, replies, reply_kinds
from tasuki.engage.bounces import Bounce
from tasuki.engage.message_rows import Direction, Message, MessageKind, MessageState
from tasuki.engage.touches import LONGEST_WORDS
from tasuki.engage.triage import acknowledgements, classifying, deciding, rows, wake_days
from tasuki.engage.triage.classes import ReplyClass, Sign

if TYPE_CHECKING:
    from uuid import UUID

    from tasuki.engage.incoming import Attached, Incoming
    from tasuki.engage.mailboxes import Mailbox

BY_MAIL = By(None, Door.JOB)


@dataclass(frozen=True)
class Replied:
    """Said on the bus when somebody, or something, answers. `kind` is a MessageKind; only REPLY and UNSUBSCRIBE were written by a person."""

    lead_id: int | None
    contact_id: int | None
    message_id: int
    kind: str
    at: datetime


@dataclass(frozen=True)
class Whose:
    """What a letter belongs to: the letter of ours that it answers, if it does, and the person, and the pass."""

    before: Message | None
    contact: Contact | None
    lead: Lead | None


@transaction.atomic
def take_in(letter: Incoming, *, mailbox: Mailbox, at: datetime) -> Message | None:
    """Keep a letter that concerns us; None for one that does not, such as a newsletter, for one of our own, and for one that was kept already."""
    if _is_ours(letter, mailbox=mailbox, at=at) or Message.objects.filter(mailbox=mailbox, message_id=letter.message_id).exists():
        return None
    bounce = bounces.read(letter)
    if bounce is None and bounces.is_one(letter):
        # A server tries on, or has delivered it: nobody has written anything.
        return None
    whose = _whose(letter, mailbox=mailbox, bounce=bounce)
    if whose is None or (whose.before is None and reply_kinds.is_circular(letter)):
        return None
    kind = MessageKind.BOUNCE if bounce else reply_kinds.of(letter)
    message = _keep(letter, whose=whose, mailbox=mailbox, kind=kind, at=at)
    _classify(letter, message=message, bounce=bounce, at=at)
    # It was delivered, whatever we knew of it.
    if whose.before and whose.before.state in {MessageState.SENDING, MessageState.IN_DOUBT}:
        outbox.mark_sent(whose.before, at=at)
    if bounce:
        _came_back(bounce, whose=whose, at=at)
    else:
        bad_addresses.clear(letter.sender)
    if kind == MessageKind.UNSUBSCRIBE and whose.contact:
        deciding.withdraw_consent(message, by=BY_MAIL, at=at)
    if kind == MessageKind.CALENDAR:
        meeting_answers.hear(letter.calendars, sender=letter.sender, by=BY_MAIL, at=at)
    bus.say(Replied(message.lead_id, message.contact_id, message.pk, kind.value, at))
    return message


def concerns_us(header: Incoming, *, mailbox: Mailbox) -> bool:
    """By its headers alone, whether a letter is worth reading: from somebody we know, an answer to a letter of ours, or perhaps one that came back."""
    if bounces.may_be(header) or _answered(header.answers, mailbox=mailbox) is not None:
        return True
    key = _key(header.sender)
    return bool(key) and key != mailbox.key and ContactEmail.objects.filter(key=key).exists()


def _is_ours(letter: Incoming, *, mailbox: Mailbox, at: datetime) -> bool:
    """A copy of what we sent, or the trial letter."""
    own = Message.objects.filter(mailbox=mailbox, direction=Direction.OUT, message_id=letter.message_id).first()
    if own and own.state in {MessageState.SENDING, MessageState.IN_DOUBT}:
        outbox.mark_sent(own, at=at)
    return own is not None or _key(letter.sender) == mailbox.key


def _whose(letter: Incoming, *, mailbox: Mailbox, bounce: Bounce | None) -> Whose | None:
    before = _answered(bounce.original_ids if bounce else letter.answers, mailbox=mailbox)
    if bounce:
        return Whose(before, before.contact, before.lead) if before else None
    known = _known(letter.sender, before=before, mailbox=mailbox)
    if before is None and known is None:
        return None
    if before is not None:
        # A colleague of theirs may answer: the thread is that of the person to whom we wrote.
        contact = known or before.contact
        return Whose(before, contact, _lead_now(before.lead, contact=contact, mailbox=mailbox))
    return Whose(None, known, _lead_now(None, contact=known, mailbox=mailbox))


def _answered(ids: Sequence[str], *, mailbox: Mailbox) -> Message | None:
    """The nearest of the letters that are named and that we know in this mailbox."""
    if not ids:
        return None
    found = {one.message_id: one for one in Message.objects.for_page().filter(mailbox=mailbox, message_id__in=list(ids))}
    return next((found[one] for one in ids if one in found), None)


def _known(sender: str, *, before: Message | None, mailbox: Mailbox) -> Contact | None:
    """The person of an address; of several, the one we wrote to, else one whose lead is the owner's."""
    key = _key(sender)
    if not key:
        return None
    people = list(Contact.objects.select_related("account").filter(emails__key=key).order_by("pk")[:50])
    if before and before.contact in people:
        return before.contact
    if len(people) > 1:
        owned = set(Lead.objects.in_process().filter(contact__in=people, owner=mailbox.owner_id).values_list("contact", flat=True))
        people = [one for one in people if one.pk in owned] or people
    return people[0] if people else None


def _lead_now(lead: Lead | None, *, contact: Contact | None, mailbox: Mailbox) -> Lead | None:
    """The pass about which it is now: that of the letter while it is in process, else an open one of the person, else the last."""
    if lead is not None and (lead.stage_id is not None or contact is None or lead.contact_id != contact.pk):
        return lead
    passes = Lead.objects.filter(contact=contact).newest_first() if contact else Lead.objects.none()
    open_ones = list(passes.in_process()[:20])
    own = [one for one in open_ones if one.owner_id == mailbox.owner_id]
    return next(iter(own or open_ones), None) or lead or passes.first()


def _keep(letter: Incoming, *, whose: Whose, mailbox: Mailbox, kind: MessageKind, at: datetime) -> Message:
    sent_at = min(letter.sent_at or at, at)
    before, contact, lead = whose.before, whose.contact, whose.lead
    words = replies.new_words(letter.text)
    account_id = (lead.account_id if lead else None) or (contact.account_id if contact else None)
    thread: dict[str, UUID] = {"thread": before.thread} if before else {}
    message = Message.objects.create(
        mailbox=mailbox, direction=Direction.IN, kind=kind, state=MessageState.RECEIVED, lead=lead, contact=contact, account_id=account_id,
        message_id=letter.message_id, in_reply_to=before, references=" ".join(reversed(letter.answers)), address=letter.sender,
        name=letter.sender_name, subject=letter.subject, text=letter.text, words=words, html=letter.html, at=sent_at, is_read_badly=not letter.is_whole,
        returns_on=reply_kinds.back_on(letter, today=sent_at.date()) if kind == MessageKind.AUTO_REPLY else None, **thread,
    )  # fmt: skip
    entry = TimelineEntry.objects.create(
        at=sent_at, kind=Kind.MAIL, lead=lead, contact=contact, account_id=account_id, text=words[:LONGEST_WORDS],
        detail={"message": message.pk, "subject": letter.subject, "direction": "in", "channel": Channel.MAIL.value, "what": kind.value},
    )  # fmt: skip
    n_refused = sum(not _attach(one, entry=entry, at=at) for one in letter.files) if contact or lead else 0
    Message.objects.filter(pk=message.pk).update(entry=entry, is_read_badly=message.is_read_badly or n_refused > 0)
    audit.record(message, action="receive", by=BY_MAIL, at=at, changes={"kind": (None, kind.value)})
    return message


def _attach(one: Attached, *, entry: TimelineEntry, at: datetime) -> bool:
    """Keep a file with its letter, as every file is kept; one that is made to be run is not."""
    try:
        with transaction.atomic():
            attachments.attach(Content(BytesIO(one.content)), name=one.name, n_bytes=len(one.content), by=BY_MAIL, at=at, note=entry)
    except Refused:
        return False
    return True


def _came_back(bounce: Bounce, *, whose: Whose, at: datetime) -> None:
    """The address does not work, for good or for now; the letter is none that anybody has read. Only an address to which we wrote is marked:
    anybody may write to us that another one does not work."""
    before = whose.before
    if before is None:
        return
    if not bounce.recipients or _key(before.address) in {_key(one) for one in bounce.recipients}:
        bad_addresses.mark(before.address, is_hard=bounce.is_hard, status=bounce.status, words=bounce.words, at=at)
    row = Message.objects.select_for_update(of=("self",)).get(pk=before.pk)
    if row.state in {MessageState.SENT, MessageState.SENDING, MessageState.IN_DOUBT}:
        mail.settle(row, state=MessageState.BOUNCED, by=BY_MAIL, at=at, why="hard" if bounce.is_hard else "soft", words=bounce.words)


def _classify(letter: Incoming, *, message: Message, bounce: Bounce | None, at: datetime) -> None:
    """What it is proposed to be, or is by itself, with what it is told by."""
    told_by = (Sign.REPORT, bounce.words[:80]) if bounce else reply_kinds.told_as_automatic(letter)
    acknowledged = acknowledgements.said_in(letter)
    proposal = classifying.proposed(letter, kind=MessageKind(message.kind), words=message.words, told_by=told_by, acknowledged=acknowledged)
    if proposal:
        later = wake_days.proposed(message.words, today=message.at.date()) if proposal.of_class == ReplyClass.NOT_NOW else None
        rows.keep(message, proposal=proposal, wakes_on=later, at=at)


def _key(address: str) -> str:
    try:
        return emails.normalise(address)[1]
    except EmailInvalid:
        return ""
