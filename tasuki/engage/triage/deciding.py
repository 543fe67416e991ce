"""Deciding: a person says what an answer is. What costs something follows from this word and never from a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
from tasuki.engage.message_rows import Message, MessageKind
from tasuki.engage.triage import returns
from tasuki.engage.triage.classes import AS_KIND, ReplyClass
from tasuki.engage.triage.rows import ReplyTriage

if TYPE_CHECKING:
    from tasuki.core.people import User

_FURTHEST_RETURN = timedelta(days=366)
# What follows from these at once is not taken back by another word.
FOR_GOOD = frozenset({ReplyClass.UNSUBSCRIBE, ReplyClass.BOUNCE})


class NoSuchClass(Refused):
    code = "no_such_class"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("An answer is one of the nine classes that stand here."))


class ReturnWrong(Refused):
    code = "return_wrong"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Name a day to come, within a year, on which they are back."))


class StaysSaid(Refused):
    code = "class_stays_said"
    status = 409

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Nobody is written to any more after this word. It is not taken back; say what else the answer is."))


@dataclass(frozen=True)
class Triaged:
    """Said on the bus when a person has said what an answer is, or has taken that back: `reply_class` is what it counts as now, and `before` what it
    counted as until then. It came at `came_at`.
    """

    message_id: int
    enrolment_id: int | None
    before: str
    reply_class: str
    came_at: datetime
    by: By
    at: datetime


def may_say(user: User) -> bool:
    """Whoever works leads or opportunities, and reads what people write."""
    able = abilities.standing_of(user).abilities
    return bool({Ability.WORK_LEADS, Ability.WORK_OPPORTUNITIES} & able) and Ability.SEE_CONTACT_DETAILS in able


@transaction.atomic
def say(triage: ReplyTriage, *, reply_class: str, by: By, at: datetime, returns_on: date | None = None) -> ReplyTriage:
    """Confirm what is proposed, or say what it is; saying the same twice changes nothing. A wish for silence withdraws the consent at once, an address
    that is said to be dead is written to no more; neither is taken back by saying something else afterwards. Of somebody who is away, `returns_on`
    says when they are back, better than what is read in their words.

    Raises Forbidden, NoSuchClass, ReturnWrong, Gone.
    """
    if by.actor is None or not may_say(by.actor):
        raise Forbidden(_("You may not say what an answer is. Ask an administrator."))
    if reply_class not in ReplyClass.values:
        raise NoSuchClass
    if returns_on and (reply_class != ReplyClass.OUT_OF_OFFICE or not at.date() < returns_on <= at.date() + _FURTHEST_RETURN):
        raise ReturnWrong
    row = _held(triage)
    if row.reply_class == reply_class and row.said_at and returns_on in (None, row.message.returns_on):
        return row
    if reply_class == ReplyClass.OUT_OF_OFFICE:
        _know_return(row.message, returns_on=returns_on, by=by, at=at)
    before, row.reply_class, row.said_by, row.said_at = row.reply_class, reply_class, by.actor, at
    row.save(update_fields=["reply_class", "said_by", "said_at"])
    audit.record(row.message, action="classify", by=by, at=at, changes={"reply_class": (before, reply_class)})
    _say_on_the_timeline(row.message, AS_KIND.get(ReplyClass(reply_class), MessageKind.REPLY))
    if reply_class == ReplyClass.UNSUBSCRIBE and not is_withdrawn(row.message):
        withdraw_consent(row.message, by=by, at=at)
    elif reply_class == ReplyClass.BOUNCE and row.message.in_reply_to:
        bad_addresses.mark(row.message.in_reply_to.address, is_hard=True, status="", words=row.message.words, at=at)
    bus.say(Triaged(row.message_id, row.enrolment_id, before, reply_class, row.came_at, by, at))
    return row


def _say_on_the_timeline(message: Message, kind: MessageKind) -> None:
    """What it is worth to whoever counts interest: an answer, or one that is none."""
    if message.entry:
        message.entry.detail["what"] = kind.value
        message.entry.save(update_fields=["detail"])


@transaction.atomic
def take_back(triage: ReplyTriage, *, by: By, at: datetime) -> ReplyTriage:
    """Nobody has said anything: the answer counts as what is proposed. Raises Forbidden, Gone, StaysSaid after a word for good."""
    if by.actor is None or not may_say(by.actor):
        raise Forbidden(_("You may not say what an answer is. Ask an administrator."))
    row = _held(triage)
    if row.said_at is None:
        return row
    if row.reply_class in FOR_GOOD:
        raise StaysSaid
    before, row.reply_class, row.said_by, row.said_at = row.reply_class, row.proposed, None, None
    row.save(update_fields=["reply_class", "said_by", "said_at"])
    audit.record(row.message, action="classify", by=by, at=at, changes={"reply_class": (before, row.reply_class)})
    _say_on_the_timeline(row.message, MessageKind(row.message.kind))
    bus.say(Triaged(row.message_id, row.enrolment_id, before, row.reply_class, row.came_at, by, at))
    return row


def _held(triage: ReplyTriage) -> ReplyTriage:
    """As it is now; the person before what is written about them, as everybody holds them."""
    if triage.message.contact:
        held(triage.message.contact)
    return ReplyTriage.objects.select_for_update(of=("self",), no_key=True).for_page().get(pk=triage.pk)


def _know_return(message: Message, *, returns_on: date | None, by: By, at: datetime) -> None:
    """The day on which they are back, as somebody says, else as their words do."""
    known = message.returns_on
    day = returns_on or known or returns.back_on(message.subject, message.text, today=message.at.date())
    if day != known:
        Message.objects.filter(pk=message.pk).update(returns_on=day)
        message.returns_on = day
        audit.record(message, action="change", by=by, at=at, changes={"returns_on": (known, day)})


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
