"""Mail: one person writes to another through their own mailbox. A letter is a row first (see `outbox` for how it goes out), so that none is lost.

Whoever writes asks for permission twice: when it is written, and again when it goes out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, bus
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import barred, emails
from tasuki.crm.contacts import Channel
from tasuki.crm.ledger import NotInProcess
from tasuki.engage import bad_addresses, contact_rules, mailboxes, permission
from tasuki.engage.mailboxes import Mailbox, NotYourMailbox
from tasuki.engage.message_rows import LONGEST_CAUSE, LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_WORDS, Direction, Message, MessageState
from tasuki.engage.permission import Purpose

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

FURTHEST = timedelta(days=366)
# Why a mail did not go out or came back, by the code that its row keeps; what keeps a mailbox from working is said there.
REASONS: dict[str, _StrOrPromise] = {
    "address": _("No server takes mail for such an address."),
    "server": _("The server refused it."),
    "over": _("The lead was not in process any more."),
    "disconnected": _("The mailbox is not connected any more."),
    "blocked": _("The address is blocked."),
    "bad_address": _("Mail to this address came back before."),
    "refused": _("The person does not want it."),
    "unknown": _("Nothing is known of a consent, and their country asks for one."),
    "expired": _("What allowed it has expired."),
    "basis": _("Their country asks for a consent; another basis does not do."),
    "no_address": _("No address is known."),
    "hard": _("Nobody is at this address."),
    "file": _("A file of it was refused by the virus scanner, or is not there any more."),
    "scanning": _("Its files are being scanned for viruses."),
    "soft": _("Their server could not take it for now."),
}
_MOST_REFERENCES = 30
_REPLY = re.compile(r"^\s*(re|aw|sv|antw|회신|답장|返信)\s*[:：]", re.IGNORECASE)


class MailWrong(Refused):
    """`field` is the one that is wrong, for a form to show it there."""

    code = "mail_wrong"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class MailNotAllowed(Refused):
    """The person may not be written to."""

    code = "mail_not_allowed"

    def __init__(self, reason: _StrOrPromise, *, why: str) -> None:
        super().__init__(reason)
        self.why = why


class MailOver(Refused):
    code = "mail_over"
    status = 409

    def __init__(self, message: Message) -> None:
        super().__init__(_("This mail is %(state)s already.") % {"state": message.get_state_display()})


@dataclass(frozen=True)
class Settled:
    """Said on the bus when a letter of ours is sent, in doubt, refused, withdrawn, or came back. `cause` is what wrote it."""

    message_id: int
    lead_id: int | None
    contact_id: int | None
    cause: str
    state: str
    at: datetime


@transaction.atomic
def write(
    lead: Lead,
    *,
    to_contact: Contact,
    mailbox: Mailbox,
    subject: str,
    text: str,
    by: By,
    at: datetime,
    send_at: datetime | None = None,
    in_reply_to: Message | None = None,
    address: str = "",
    purpose: Purpose = Purpose.PERSONAL,
    cause: str = "",
) -> Message:
    """Put a letter to the contact into the outbox, to go out at `send_at`, or when the quiet hours of the person are over.

    It goes to their main address, or to another of theirs. The signature of the mailbox is put below. By a job, nobody's hand wrote it:
    `cause` says what did, and the same cause writes once, whoever asks how often; → the row that is there then.

    Raises NotInProcess, ErasedPerson, Forbidden, NotYourMailbox, NotConnected, MailWrong, MailNotAllowed.
    """
    lead = held(lead)
    barred.refuse_erased(to_contact)
    if cause and (there := Message.objects.for_page().filter(cause=cause[:LONGEST_CAUSE]).first()):
        return there
    if lead.stage_id is None:
        raise NotInProcess
    mailbox = _usable(mailbox, by=by)
    subject = marked(line(subject), contact=to_contact, purpose=purpose)
    _refuse_wrong(lead, contact=to_contact, subject=subject, text=text, in_reply_to=in_reply_to)
    if send_at and send_at > at + FURTHEST:
        raise MailWrong("send_at", _("Mail is written for a year ahead at most."))
    address = address or to_contact.main_email
    send_at = max(send_at or at, at)
    send_at = _refuse_forbidden(to_contact, address, purpose=purpose, at=send_at)
    message = Message.objects.create(
        mailbox=mailbox, direction=Direction.OUT, state=MessageState.WAITING, lead=lead, contact=to_contact, account_id=lead.account_id,
        message_id=new_id(mailbox), in_reply_to=in_reply_to, references=_references(in_reply_to), address=address, name=to_contact.display_name[:200],
        subject=subject, text=signed(text, mailbox), words=text.strip(), purpose=purpose, cause=cause[:LONGEST_CAUSE], written_by=by.actor,
        at=at, send_at=send_at, **({"thread": in_reply_to.thread} if in_reply_to else {}),
    )  # fmt: skip
    audit.record(message, action="write", by=by, at=at, changes={"lead": (None, lead.pk)})
    return message


@transaction.atomic
def withdraw(message: Message, *, by: By, at: datetime) -> Message:
    """Take back a letter that still waits. Raises MailOver once a worker has taken it, Forbidden for the letter of another."""
    row = Message.objects.select_for_update(of=("self",)).select_related("mailbox").get(pk=message.pk)
    refuse_other(row, person=by.actor)
    if row.state != MessageState.WAITING:
        raise MailOver(row)
    settle(row, state=MessageState.WITHDRAWN, by=by, at=at)
    return row


def settle(message: Message, *, state: MessageState, by: By, at: datetime, why: str = "", words: str = "") -> None:
    """For the outbox and the inbox: a letter of ours enters a state, and all who listen hear of it. The caller is in a transaction."""
    before = message.state
    said = {"state": state.value, "settled_at": at, "why": why[:24], "why_words": " ".join(words.split())[:LONGEST_WORDS]}
    Message.objects.filter(pk=message.pk).update(**said)
    for name, value in said.items():
        setattr(message, name, value)
    audit.record(message, action=state.value, by=by, at=at, changes={"state": (before, state.value)})
    bus.say(Settled(message.pk, message.lead_id, message.contact_id, message.cause, state.value, at))


def refuse_other(message: Message, *, person: User | None) -> None:
    """What becomes of a letter is said by whose mailbox it is, or by somebody who may give leads to others. Raises Forbidden."""
    if person and message.mailbox.owner_id != person.pk and not abilities.can(person, Ability.ASSIGN_OWNERS):
        raise Forbidden(_("This is a colleague's mail."))


def may_write(person: User) -> bool:
    """Whoever works leads or opportunities and sees mail addresses."""
    able = abilities.standing_of(person).abilities
    return bool({Ability.WORK_LEADS, Ability.WORK_OPPORTUNITIES} & able) and Ability.SEE_CONTACT_DETAILS in able


def refusal(contact: Contact, *, address: str, purpose: str, at: datetime) -> permission.Refused | None:
    """Why nobody writes to the address now; None when they may. An address at which nobody lives is refused like one that is blocked."""
    if bad_addresses.is_bad(address):
        return permission.Refused("bad_address", _("Mail to this address came back: it does not work."))
    answer = permission.may(contact, channel=Channel.MAIL, value=address, purpose=purpose, at=at)
    return answer if isinstance(answer, permission.Refused) else None


def line(text: str) -> str:
    """A text in one line, as a header holds it: nothing in it begins another one."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def answer_subject(message: Message) -> str:
    return message.subject if _REPLY.match(message.subject) else f"Re: {message.subject}"[:LONGEST_SUBJECT]


def marked(subject: str, *, contact: Contact, purpose: str) -> str:
    """The subject beginning with the mark that the country of the person asks of advertising; in an answer too, and once."""
    mark = contact_rules.of(permission.country_of(contact)).subject_mark if purpose == Purpose.MARKETING else ""
    return line(f"{mark} {subject.replace(mark, ' ')}")[:LONGEST_SUBJECT] if mark else subject


def signed(text: str, mailbox: Mailbox) -> str:
    """With the signature of the mailbox below, after the line by which programs know one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    return f"{text}\n\n-- \n{mailbox.signature.strip()}\n" if mailbox.signature.strip() else f"{text}\n"


def new_id(mailbox: Mailbox) -> str:
    """A Message-ID, without its brackets."""
    return make_msgid(domain=mailbox.key.rpartition("@")[2]).strip("<>")


def _usable(mailbox: Mailbox, *, by: By) -> Mailbox:
    """The mailbox as it is now. A person writes through their own; a job through that of anybody who works here."""
    if by.actor and not may_write(by.actor):
        raise Forbidden(_("You may not write to people. Ask an administrator."))
    found = Mailbox.objects.connected().select_related("owner").filter(pk=mailbox.pk).first()
    if found is None:
        raise mailboxes.NotConnected
    if by.actor and found.owner_id != by.actor.pk:
        raise NotYourMailbox
    return found


def _refuse_wrong(lead: Lead, *, contact: Contact, subject: str, text: str, in_reply_to: Message | None) -> None:
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise MailWrong("subject", _("Give it a subject of at most %(n)s characters.") % {"n": LONGEST_SUBJECT})
    if not text.strip() or len(text) > LONGEST_TEXT or "\0" in text:
        raise MailWrong("text", _("Write something, of at most %(n)s characters.") % {"n": LONGEST_TEXT})
    if contact.pk != lead.contact_id and (contact.account_id is None or contact.account_id != lead.account_id):
        raise MailWrong("contact", _("This person belongs neither to the lead nor to its company."))
    if in_reply_to and in_reply_to.contact_id not in (None, contact.pk):
        raise MailWrong("contact", _("This answers the mail of somebody else."))


def _refuse_forbidden(contact: Contact, address: str, *, purpose: Purpose, at: datetime) -> datetime:
    """When it may go out: then, or when the quiet hours are over. Raises MailNotAllowed, MailWrong for an address that is not theirs."""
    try:
        key = emails.normalise(address)[1] if address else ""
    except emails.EmailInvalid as error:
        raise MailWrong("address", error.message) from None
    if not key or key not in {one.key for one in contact.emails.all()}:
        raise MailWrong("address", _("This person has no such mail address."))
    told = refusal(contact, address=address, purpose=purpose, at=at)
    if told and told.until is None:
        raise MailNotAllowed(told.reason, why=told.code)
    return told.until if told and told.until else at


def _references(message: Message | None) -> str:
    """The ids of the letters before, as the header lists them; of a long talk the first and the latest."""
    if message is None:
        return ""
    ids = [*message.references.split(), message.message_id]
    return " ".join(ids if len(ids) <= _MOST_REFERENCES else [ids[0], *ids[-_MOST_REFERENCES + 1 :]])
