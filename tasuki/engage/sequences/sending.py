"""Sending: the mail of a step, in the words for one person, through the mailbox of whoever carries the lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tasuki.core.audit import By
from tasuki.engage import mail, mailboxes, variables
from tasuki.engage.message_rows import GONE_OUT, Message, MessageState
from tasuki.engage.permission import Purpose
from tasuki.engage.sequences.definitions import StepKind
from tasuki.engage.sequences.enrolments import Deed
from tasuki.engage.variables import NobodyToBook, VariableWrong

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.engage.mailboxes import Mailbox
    from tasuki.engage.sequences.definitions import Step, Variant
    from tasuki.engage.sequences.enrolments import Enrolment

_CAUSE = "deed:"


@dataclass(frozen=True)
class Letter:
    """A mail as it would go out. `problem` says why it cannot go out as it is: a variable of which nothing is known stays in its braces."""

    subject: str
    text: str
    problem: str = ""


@dataclass(frozen=True)
class Ready:
    """A letter that the machine may send."""

    letter: Letter
    variant: Variant
    mailbox: Mailbox
    answers: Message | None


def variant_of(enrolment: Enrolment, step: Step) -> Variant | None:
    """Which wording a member gets: of several, one in turn, and always the same one."""
    found = list(step.variants.all())
    return found[enrolment.pk % len(found)] if found else None


def letter_of(variant: Variant, *, lead: Lead, me: User, answers: Message | None = None, booking: str = "") -> Letter:
    """In the words for one lead, as `me` would send it. Without a subject of its own it answers the mail before. `booking`: see `variables.filled`."""
    subject = mail.answer_subject(answers) if answers and not variant.subject else variant.subject
    if lead.contact is None:
        return Letter(subject, variant.text)
    try:
        line = subject if answers and not variant.subject else variables.filled(subject, lead=lead, contact=lead.contact, sender=me, booking=booking)
        text = variables.filled(variant.text, lead=lead, contact=lead.contact, sender=me, booking=booking)
    except VariableWrong as refusal:
        return Letter(subject, variant.text, str(refusal))
    return Letter(mail.line(line), text)


def shown(variant: Variant, *, lead: Lead, me: User, answers: Message | None = None) -> Letter:
    """The same where nothing goes out: the address for booking is an example, and no link is made."""
    booking = variables.example_booking(variant.subject, variant.text, sender=me)
    return letter_of(variant, lead=lead, me=me, answers=answers, booking=booking)


def worded(step: Step, *, lead: Lead, me: User, booking: str) -> str:
    """The words of a letter, a social message or a task for one lead; what is not known stays in its braces for whoever does the step."""
    if lead.contact is None:
        return step.words
    return variables.filled_as_far(step.words, lead=lead, contact=lead.contact, sender=me, booking=booking)


def worded_for(enrolment: Enrolment, *, step: Step, carrier: User, by: By, at: datetime) -> str:
    """Likewise when the step comes, with an address for booking where the words ask for one and the carrier holds meetings."""
    try:
        booking = variables.booking_for(enrolment.lead, step.words, sender=carrier, by=by, at=at)
    except NobodyToBook:
        booking = ""
    return worded(step, lead=enrolment.lead, me=carrier, booking=booking)


def composed(enrolment: Enrolment, step: Step, *, carrier: User) -> Ready | None:
    """What the machine would send; None where a person has to: no mailbox, or something is not known that the letter says."""
    variant, mailbox = variant_of(enrolment, step), mailboxes.of(carrier)
    if variant is None or mailbox is None:
        return None
    answers = last_letter(enrolment) if not variant.subject else None
    letter = shown(variant, lead=enrolment.lead, me=carrier, answers=answers)
    return Ready(letter, variant, mailbox, answers) if letter.subject and not letter.problem else None


def post(deed: Deed, *, ready: Ready, by: By, at: datetime) -> Message:
    """Into the outbox, once: the step is its cause. It is advertising, whose permission is asked again when it goes out."""
    lead, letter, me = deed.enrolment.lead, ready.letter, ready.mailbox.owner
    if booking := variables.booking_for(lead, ready.variant.subject, ready.variant.text, sender=me, by=by, at=at):
        letter = letter_of(ready.variant, lead=lead, me=me, answers=ready.answers, booking=booking)
    return mail.write(
        lead, to_contact=deed.enrolment.contact, mailbox=ready.mailbox, subject=letter.subject, text=letter.text,
        in_reply_to=ready.answers, purpose=Purpose.MARKETING, cause=f"{_CAUSE}{deed.pk}", by=by, at=at,
    )  # fmt: skip


def post_by_hand(deed: Deed, *, me: User, subject: str, text: str, by: By, at: datetime) -> Message:
    """What a person made of the template, from their own mailbox. Raises what `mail.write` raises, NotConnected, VariableWrong."""
    lead, contact = deed.enrolment.lead, deed.enrolment.contact
    mailbox = mailboxes.of(me)
    if mailbox is None:
        raise mailboxes.NotConnected
    answers = last_letter(deed.enrolment) if deed.variant and not deed.variant.subject else None
    booking = variables.booking_for(lead, subject, text, sender=me, by=by, at=at)
    subject, text = (variables.filled(one, lead=lead, contact=contact, sender=me, booking=booking) for one in (subject, text))
    return mail.write(
        lead, to_contact=contact, mailbox=mailbox, subject=subject, text=text, in_reply_to=answers, cause=f"{_CAUSE}{deed.pk}", by=by, at=at
    )  # fmt: skip


def last_letter(enrolment: Enrolment) -> Message | None:
    """The last mail of this sequence that has gone out, or will."""
    causes = [f"{_CAUSE}{pk}" for pk in enrolment.deeds.filter(step__kind=StepKind.MAIL).values_list("pk", flat=True)]
    there = Message.objects.for_page().filter(cause__in=causes, state__in=[*GONE_OUT, MessageState.WAITING])
    return there.order_by("-at", "-pk").first()


def deed_of(cause: str) -> Deed | None:
    """The step that wrote a letter, by what the letter names as its cause."""
    number = cause.removeprefix(_CAUSE)
    return Deed.objects.select_related("enrolment__lead").filter(pk=int(number)).first() if cause.startswith(_CAUSE) and number.isdecimal() else None


def has_letter(deed: Deed) -> bool:
    """Whether the letter of this step is written, whatever became of it: a step writes once."""
    return Message.objects.filter(cause=f"{_CAUSE}{deed.pk}").exists()


def take_back(enrolment: Enrolment, *, by: By, at: datetime) -> list[Deed]:
    """Withdraw what waits in the outbox; → the steps that have not happened, after all. What a worker is sending at this moment is on its way."""
    deeds = {f"{_CAUSE}{deed.pk}": deed for deed in enrolment.deeds.filter(step__kind=StepKind.MAIL).select_related("step")}
    waiting = Message.objects.filter(cause__in=deeds, state=MessageState.WAITING).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    taken = []
    for message in waiting:
        mail.withdraw(message, by=by, at=at)
        taken.append(deeds[message.cause])
    return taken
