"""Deciding: a person says what an answer is. What costs something follows from this word and never from a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import abilities, audit, bus
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.engage import bad_addresses, consents
from tasuki.engage.consents import Word
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.triage.classes import AS_KIND, ReplyClass
from tasuki.engage.triage.rows import ReplyTriage

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.engage.message_rows import Message


class NoSuchClass(Refused):
    code = "no_such_class"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("An answer is one of the nine classes that stand here."))


@dataclass(frozen=True)
class Triaged:
    """Said on the bus when a person has said what an answer is."""

    message_id: int
    enrolment_id: int | None
    reply_class: str
    by: By
    at: datetime


def may_say(user: User) -> bool:
    """Whoever works leads or opportunities, and reads what people write."""
    able = abilities.standing_of(user).abilities
    return bool({Ability.WORK_LEADS, Ability.WORK_OPPORTUNITIES} & able) and Ability.SEE_CONTACT_DETAILS in able


@transaction.atomic
def say(triage: ReplyTriage, *, reply_class: str, by: By, at: datetime) -> ReplyTriage:
    """Confirm what is proposed, or say what it is; saying the same twice changes nothing. A wish for silence withdraws the consent at once, an address
    that is said to be dead is written to no more; neither is taken back by saying something else afterwards.

    Raises Forbidden, NoSuchClass, Gone.
    """
    if by.actor is None or not may_say(by.actor):
        raise Forbidden(_("You may not say what an answer is. Ask an administrator."))
    if reply_class not in ReplyClass.values:
        raise NoSuchClass
    contact = triage.message.contact
    if contact:
        # The person before what is written about them, as everybody holds them.
        held(contact)
    row = ReplyTriage.objects.select_for_update(of=("self",), no_key=True).for_page().get(pk=triage.pk)
    if row.reply_class == reply_class and row.said_at:
        return row
    before, row.reply_class, row.said_by, row.said_at = row.reply_class, reply_class, by.actor, at
    row.save(update_fields=["reply_class", "said_by", "said_at"])
    audit.record(row.message, action="classify", by=by, at=at, changes={"reply_class": (before, reply_class)})
    _say_on_the_timeline(row.message, ReplyClass(reply_class))
    if reply_class == ReplyClass.UNSUBSCRIBE and not is_withdrawn(row.message):
        withdraw_consent(row.message, by=by, at=at)
    elif reply_class == ReplyClass.BOUNCE and row.message.in_reply_to:
        bad_addresses.mark(row.message.in_reply_to.address, is_hard=True, status="", words=row.message.words, at=at)
    bus.say(Triaged(row.message_id, row.enrolment_id, reply_class, by, at))
    return row


def _say_on_the_timeline(message: Message, said: ReplyClass) -> None:
    """What it is worth to whoever counts interest: an answer, or one that is none."""
    if message.entry:
        message.entry.detail["what"] = AS_KIND.get(said, MessageKind.REPLY).value
        message.entry.save(update_fields=["detail"])


def is_withdrawn(message: Message) -> bool:
    """Whether the last word of the person about mail is that they do not want it."""
    last = message.contact.consents.filter(channel=Channel.MAIL).first() if message.contact else None
    return last is not None and last.state == ConsentState.WITHDRAWN


def withdraw_consent(message: Message, *, by: By, at: datetime) -> None:
    """They want no mail: the ledger says so, with their words as evidence."""
    contact = message.contact
    if contact is None:
        return
    with translation.override(message.mailbox.owner.language):
        how = _("asked for it by mail")
    word = Word(Channel.MAIL, ConsentState.WITHDRAWN, how, evidence=f"{message.message_id}: {message.words}"[:500])
    consents.record(contact, word=word, by=by, at=at)
