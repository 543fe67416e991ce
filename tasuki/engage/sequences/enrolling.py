"""Enrolling: leads into a sequence, one or thousands, each refused with its reason. What is asked of all is asked in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, By
from tasuki.core.errors import Refused
from tasuki.crm import stages
from tasuki.crm.contacts import Channel, Consent, ConsentState, ContactEmail
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.sequences import timing, writing
from tasuki.engage.sequences.definitions import Sequence, SequenceVersion, Step, StepKind
from tasuki.engage.sequences.enrolments import Enrolment

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.working_time import Hours

MOST = 5_000
_BATCH = 1_000


class Reason(models.TextChoices):
    """Why a lead is not enrolled."""

    NO_PERSON = "no_person", _("the lead names no person")
    OVER = "over", _("the lead is not in process any more")
    IN_SALES = "in_sales", _("sales works on it already")
    BOOKED = "booked", _("a meeting is booked")
    IN_ONE = "in_one", _("the person is in a sequence already")
    TOO_SOON = "too_soon", _("the person was in a sequence not long ago")
    SAID_NO = "said_no", _("the person does not want to be reached")
    NO_ADDRESS = "no_address", _("no mail address is known, and the sequence writes")
    GONE = "gone", _("the lead is not there any more")


class NotEnrolled(Refused):
    code = "not_enrolled"

    def __init__(self, reason: Reason) -> None:
        super().__init__(_("Not enrolled: %(reason)s.") % {"reason": reason.label})
        self.reason = reason


class NothingPublished(Refused):
    code = "nothing_published"

    def __init__(self) -> None:
        super().__init__(_("This sequence is archived, or has no published version yet."))


class TooManyAtOnce(Refused):
    code = "too_many_at_once"

    def __init__(self) -> None:
        super().__init__(_("At most %(n)s leads are enrolled at once. Narrow the list.") % {"n": f"{MOST:,}"})


@dataclass(frozen=True)
class Enrolled:
    """What became of all that were asked for."""

    enrolments: list[Enrolment] = field(default_factory=list)
    refused: Mapping[int, Reason] = field(default_factory=dict)


def enrol(lead: Lead, *, into: Sequence, by: By, at: datetime, owner: User | None = None) -> Enrolment:
    """One lead; `owner` does the steps where the lead has no owner, else whoever enrols it. Raises Forbidden, NotEnrolled, NothingPublished."""
    result = enrol_all([lead.pk], into=into, by=by, at=at, owner=owner)
    if not result.enrolments:
        raise NotEnrolled(result.refused[lead.pk])
    return result.enrolments[0]


@transaction.atomic
def enrol_all(lead_ids: Iterable[int], *, into: Sequence, by: By, at: datetime, owner: User | None = None) -> Enrolled:
    """Many leads in few statements. Of several leads of one person the first is enrolled. Raises Forbidden, NothingPublished, TooManyAtOnce."""
    if by.actor:
        abilities.require(by.actor, Ability.WORK_LEADS)
    wanted = list(dict.fromkeys(lead_ids))
    if len(wanted) > MOST:
        raise TooManyAtOnce
    sequence = Sequence.objects.select_for_update(no_key=True).get(pk=into.pk)
    version = writing.version_in_force(sequence)
    first = version.steps.order_by("position").first() if version else None
    if sequence.archived_at or version is None or first is None:
        raise NothingPublished
    refused: dict[int, Reason] = {}
    made: list[Enrolment] = []
    asked = _Asked(sequence, version, first, owner or by.actor, by, at)
    for start in range(0, len(wanted), _BATCH):
        made += _enrolled(wanted[start : start + _BATCH], asked, refused=refused)
    _record(made, into=sequence, by=by, at=at)
    return Enrolled(made, refused)


@dataclass(frozen=True)
class _Asked:
    sequence: Sequence
    version: SequenceVersion
    first: Step
    owner: User | None
    by: By
    at: datetime


def _enrolled(ids: list[int], asked: _Asked, *, refused: dict[int, Reason]) -> list[Enrolment]:
    # Whoever moves or merges a lead waits until it is written, and sees it then.
    list(Lead.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))
    rows = {lead.pk: lead for lead in _with_reasons(ids, asked)}
    fitting: dict[int, Lead] = {}
    for pk in ids:
        lead = rows.get(pk)
        reason = Reason.GONE if lead is None else _reason(lead)
        if reason is None and lead and lead.contact_id in fitting:
            reason = Reason.IN_ONE
        if reason is not None:
            refused[pk] = reason
        elif lead and lead.contact_id:
            fitting[lead.contact_id] = lead
    calendars: dict[tuple[str, str], Hours] = {}
    new = [one for lead in fitting.values() if (one := _begun(lead, asked, calendars)) is not None]
    # Two who enrol one person at the same moment are told apart by the database alone.
    Enrolment.objects.bulk_create(new, ignore_conflicts=True)
    people = [one.contact_id for one in new]
    there = {one.lead_id: one for one in Enrolment.objects.running().filter(contact__in=people, sequence=asked.sequence, enrolled_at=asked.at)}
    refused |= {one.lead_id: Reason.IN_ONE for one in new if one.lead_id not in there}
    return [there[one.lead_id] for one in new if one.lead_id in there]


def _with_reasons(ids: list[int], asked: _Asked) -> models.QuerySet[Lead]:
    """The leads, with what speaks against each of them."""
    person = OuterRef("contact")
    ended = Enrolment.objects.filter(contact=person, ended_at__gt=asked.at - timedelta(days=asked.sequence.n_days_apart))
    writes = asked.version.steps.filter(kind=StepKind.MAIL).exists() and not asked.version.steps.exclude(kind__in=_SILENT).exists()
    last_word = Consent.objects.filter(contact=person, channel=Channel.MAIL).order_by("-at", "-pk").values("state")[:1]
    return (
        Lead.objects.filter(pk__in=ids)
        .select_related("contact", "account", "owner")
        .prefetch_related("contact__phones")
        .annotate(
            is_in_one=Exists(Enrolment.objects.running().filter(contact=person)),
            was_in_one=Exists(ended),
            is_met=Exists(Meeting.objects.ahead().filter(lead=OuterRef("pk"), starts_at__gt=asked.at)),
            mail_word=Subquery(last_word),
            is_unwritable=Q(pk__isnull=True) if not writes else ~Exists(ContactEmail.objects.filter(contact=person)),
        )
    )


# What a sequence of nothing but mail may hold besides.
_SILENT = [StepKind.MAIL.value, StepKind.WAIT.value, StepKind.BRANCH.value]
_NO = (ConsentState.REFUSED.value, ConsentState.WITHDRAWN.value)


def _reason(lead: Lead) -> Reason | None:
    """The first that speaks against it, of what `_with_reasons` asked."""
    told = {
        Reason.NO_PERSON: lead.contact_id is None,
        Reason.OVER: lead.stage_id is None or lead.won_at is not None,
        Reason.IN_SALES: lead.stage_id is not None and lead.stage_id not in stages.BEFORE_SALES,
        Reason.BOOKED: lead.stage_id == stages.BOOKED or getattr(lead, "is_met", False),
        Reason.IN_ONE: getattr(lead, "is_in_one", False),
        Reason.TOO_SOON: getattr(lead, "was_in_one", False),
        Reason.SAID_NO: getattr(lead, "mail_word", None) in _NO,
        Reason.NO_ADDRESS: getattr(lead, "is_unwritable", False),
    }
    return next((reason for reason, speaks in told.items() if speaks), None)


def _begun(lead: Lead, asked: _Asked, calendars: dict[tuple[str, str], Hours]) -> Enrolment | None:
    owner = asked.owner or lead.owner
    if lead.contact is None or owner is None:
        return None
    # A number says by its first digits where it is.
    key = (lead.account.country if lead.account else "", lead.contact.main_phone[:7])
    hours = calendars.get(key) or timing.hours_of(lead)
    calendars[key] = hours
    return Enrolment(
        sequence=asked.sequence, version=asked.version, lead=lead, contact=lead.contact, owner=owner, next_step=asked.first,
        due_at=timing.due(asked.first, after=asked.at, hours=hours), enrolled_by=asked.by.actor, enrolled_at=asked.at,
    )  # fmt: skip


def _record(made: list[Enrolment], *, into: Sequence, by: By, at: datetime) -> None:
    """The trail and the line on the timeline of each, in three statements."""
    accounts = dict(Lead.objects.filter(pk__in=[one.lead_id for one in made]).values_list("pk", "account_id"))
    detail = {"sequence": into.pk, "name": into.name, "did": "enrol"}
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            at=at, kind=Kind.SEQUENCE, lead_id=one.lead_id, contact_id=one.contact_id, account_id=accounts.get(one.lead_id), actor=by.actor, detail=detail
        )
        for one in made
    )
    noun = Enrolment._meta.model_name or ""
    AuditEntry.objects.bulk_create(
        AuditEntry(at=at, actor=by.actor, door=by.door, noun=noun, record_id=one.pk, action="enrol", changes={"lead": [None, one.lead_id]}) for one in made
    )
