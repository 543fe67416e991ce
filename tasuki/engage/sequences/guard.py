"""The guard: what holds a step back at the moment of acting. Permission of the person, colleagues of the same company, and the pace of a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.crm.contacts import Channel
from tasuki.engage import mail, permission
from tasuki.engage.permission import Purpose
from tasuki.engage.sequences.definitions import StepKind
from tasuki.engage.sequences.enrolments import Deed, DeedState, Why

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.working_time import Hours
    from tasuki.engage.mailboxes import Mailbox
    from tasuki.engage.sequences.definitions import Step
    from tasuki.engage.sequences.enrolments import Enrolment

_CHANNELS = {StepKind.CALL: Channel.PHONE, StepKind.MAIL: Channel.MAIL, StepKind.LETTER: Channel.POST, StepKind.SOCIAL: Channel.MESSAGE}
_REACHING = [StepKind.CALL.value, StepKind.MAIL.value, StepKind.LETTER.value, StepKind.SOCIAL.value]


@dataclass(frozen=True)
class Barred:
    """`until`: not before then. Else it depends on the `code` whether it is the end, whether another channel may do, or a person's own hand."""

    code: str
    until: datetime | None = None

    @property
    def ends(self) -> Why | None:
        """The person has said no, which counts for all channels; or nobody lives at their address."""
        return {"blocked": Why.OPT_OUT, "refused": Why.OPT_OUT, "bad_address": Why.BOUNCE}.get(self.code)

    @property
    def is_without_address(self) -> bool:
        return self.code == "no_address"


def permitted(step: Step, enrolment: Enrolment, *, at: datetime) -> Barred | None:
    """What the person, their country and their clock say to the step now. A mail that nobody's hand writes is advertising, and needs its consent."""
    channel, contact = _CHANNELS.get(StepKind(step.kind)), enrolment.lead.contact
    if channel is None or contact is None:
        return None
    purpose = Purpose.MARKETING if step.kind == StepKind.MAIL and step.is_machines else Purpose.PERSONAL
    if channel is Channel.MAIL and contact.main_email:
        told = mail.refusal(contact, address=contact.main_email, purpose=purpose, at=at)
    else:
        answer = permission.may(contact, channel=channel, purpose=purpose, at=at)
        told = answer if isinstance(answer, permission.Refused) else None
    return Barred(told.code, told.until) if told else None


def company_is_full(enrolment: Enrolment, *, hours: Hours, at: datetime) -> bool:
    """Whether as many other people of the company as the sequence allows were reached today, by the clock there. Two workers count in turn."""
    account = enrolment.lead.account_id
    if account is None:
        return False
    _take_turns("company", account)
    midnight = at.astimezone(ZoneInfo(str(hours.zone))).replace(hour=0, minute=0, second=0, microsecond=0)
    reached = Deed.objects.filter(enrolment__lead__account=account, step__kind__in=_REACHING, begun_at__gte=midnight).exclude(state=DeedState.SKIPPED)
    n = reached.exclude(enrolment__contact=enrolment.contact_id).values("enrolment__contact").distinct().count()
    return n >= enrolment.sequence.n_people_a_day


def mailbox_is_full(enrolment: Enrolment, *, mailbox: Mailbox, owner: User, at: datetime) -> bool:
    """Whether so many mails of sequences left the mailbox today, by its owner's clock, as the sequence or the mailbox allows."""
    _take_turns("mailbox", mailbox.pk)
    midnight = at.astimezone(ZoneInfo(owner.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    sent = Deed.objects.filter(owner=owner, step__kind=StepKind.MAIL, state=DeedState.DONE, begun_at__gte=midnight)
    return sent.count() >= min(enrolment.sequence.n_mails_a_day, mailbox.n_per_day)


def _take_turns(what: str, pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [f"tasuki.sequences.{what}", pk % 2**31])
