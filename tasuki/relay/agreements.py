"""Agreements between departments: what one promises the other to do, from which event on, by when, and who hears of it if it is not done.

A clock is one such promise for one lead. It counts seconds as they pass or, as agreed, only those in which the team that owes the
answer is at work; when it is due is computed as it starts, so that what is over is found by one look into an index.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.teams import Department
from tasuki.core.working_time import Hours, after_business_seconds
from tasuki.crm.conditions import Conditions
from tasuki.crm.leads import Lead

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_NAME = 80
LONGEST_CONDITION = 4_000
MOST = 999


class Event(models.TextChoices):
    """From which moment on something is owed."""

    RAISED = "raised", _("a lead raises its hand")
    READY = "ready", _("a lead becomes ready")
    OTHER = "other", _("a lead comes back, or from a list")
    REPLIED = "replied", _("a lead answers by mail")
    MEETING = "meeting", _("a meeting was held")
    PLANNED = "planned", _("the day has come by which a hand-off gets what it needs")
    RETURNED = "returned", _("sales gives a lead back, to go on at once")
    FEEDBACK = "feedback", _("sales says what a hand-off lacked")


class Owed(models.TextChoices):
    """What is owed: one promise of each is running for a lead at most."""

    ANSWER = "answer", _("the first attempt to reach the person")
    REPLY = "reply", _("a word to whoever wrote to us")
    ACCEPTANCE = "acceptance", _("a word whether the hand-off is accepted")
    PLAN = "plan", _("what the hand-off needs, and the next offer")
    TAKE_UP = "take_up", _("somebody goes on with the lead that was given back")
    READING = "reading", _("the feedback is read")


OWED = {
    Event.RAISED: Owed.ANSWER, Event.READY: Owed.ANSWER, Event.OTHER: Owed.ANSWER, Event.REPLIED: Owed.REPLY, Event.MEETING: Owed.ACCEPTANCE,
    Event.PLANNED: Owed.PLAN, Event.RETURNED: Owed.TAKE_UP, Event.FEEDBACK: Owed.READING,
}  # fmt: skip
# To whom it is promised, and by whom.
_BETWEEN = {
    Owed.ANSWER: (Department.MARKETING, Department.INSIDE_SALES), Owed.REPLY: (Department.MARKETING, Department.INSIDE_SALES),
    Owed.ACCEPTANCE: (Department.INSIDE_SALES, Department.SALES), Owed.PLAN: (Department.SALES, Department.INSIDE_SALES),
    Owed.TAKE_UP: (Department.SALES, Department.INSIDE_SALES), Owed.READING: (Department.SALES, Department.INSIDE_SALES),
}  # fmt: skip


class Counts(models.TextChoices):
    BUSINESS = "business", _("business time of the team that owes it")
    WALL = "wall", _("time as it passes")


class Unit(models.TextChoices):
    MINUTES = "minutes", _("minutes")
    HOURS = "hours", _("hours")
    DAYS = "days", _("days")


class AgreementRefused(Refused):
    code = "agreement_refused"


class Agreements(models.QuerySet["Agreement"]):
    def visible_to(self, user: User) -> Agreements:
        """Both sides of an agreement, and everybody else here, may read it."""
        return self if abilities.standing_of(user).roles else self.none()

    def in_order(self) -> Agreements:
        """Of several for one event the first one holds that is meant."""
        return self.order_by("position", "pk")

    def in_force(self) -> Agreements:
        return self.filter(is_active=True)


class Agreement(models.Model):
    """A promise of one department to another."""

    noun: ClassVar[str] = "agreement"

    event = models.CharField(_("when"), max_length=8, choices=Event.choices)
    name = models.CharField(_("name"), max_length=LONGEST_NAME, blank=True)
    condition = models.CharField(_("only for leads that"), max_length=LONGEST_CONDITION, blank=True)
    position = models.PositiveSmallIntegerField()
    from_department = models.CharField(_("promised to"), max_length=16, choices=Department.choices)
    to_department = models.CharField(_("promised by"), max_length=16, choices=Department.choices)
    counts = models.CharField(_("counted in"), max_length=8, choices=Counts.choices, default=Counts.BUSINESS)
    n_due = models.PositiveSmallIntegerField(_("due after"), validators=[MinValueValidator(1), MaxValueValidator(MOST)])
    due_unit = models.CharField(_("unit"), max_length=8, choices=Unit.choices)
    n_warn_minutes = models.PositiveSmallIntegerField(
        _("warn so many minutes before"), default=0, help_text=_("0 for no warning."), validators=[MaxValueValidator(9_999)]
    )
    escalate_to = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tell when it is not kept"))
    reassigns = models.BooleanField(_("give the lead to somebody else when it is not kept"), default=False)
    is_active = models.BooleanField(_("in force"), default=True)

    objects = Agreements.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [models.CheckConstraint(condition=Q(n_due__gte=1), name="agreement_due_after_something")]

    def __str__(self) -> str:
        return self.name or str(Event(self.event).label)

    @property
    def owes(self) -> Owed:
        return OWED[Event(self.event)]


@dataclass(frozen=True)
class Terms:
    """What an agreement says."""

    event: Event
    counts: Counts
    n_due: int
    due_unit: Unit
    n_warn_minutes: int = 0
    name: str = ""
    condition: str = ""
    escalate_to: User | None = None
    reassigns: bool = False
    is_active: bool = True


@transaction.atomic
def keep(agreement: Agreement | None, *, terms: Terms, by: By, at: datetime) -> Agreement:
    """Write a new agreement (None) or other terms of one. What runs already goes on as it was promised.

    Raises AgreementRefused, FilterWrong for its condition.
    """
    columns = _checked(terms, at=at)
    if agreement is None:
        last = Agreement.objects.aggregate(last=Max("position"))["last"] or 0
        agreement = Agreement.objects.create(position=last + 1, **columns)
        audit.record(agreement, action="add", by=by, at=at, changes={"event": ("", terms.event.value), "name": ("", terms.name)})
        return agreement
    agreement = Agreement.objects.select_for_update(of=("self",)).select_related("escalate_to").get(pk=agreement.pk)
    if changes := audit.difference(agreement, columns):
        Agreement.objects.filter(pk=agreement.pk).update(**columns)
        audit.record(agreement, action="change", by=by, at=at, changes=changes)
        agreement.refresh_from_db()
    return agreement


def _checked(terms: Terms, *, at: datetime) -> dict[str, object]:
    if not 1 <= terms.n_due <= MOST:
        raise AgreementRefused(_("Say after how much time it is due: 1 to %(n)s.") % {"n": MOST})
    if terms.reassigns and OWED[terms.event] is not Owed.ANSWER:
        raise AgreementRefused(_("Only a lead that waits for its first answer can be given to somebody else."))
    if terms.condition:
        Conditions(at=at).meaning(terms.condition)
    from_leg, to_leg = _BETWEEN[OWED[terms.event]]
    return {**vars(terms), "name": terms.name.strip()[:LONGEST_NAME], "from_department": from_leg.value, "to_department": to_leg.value}


@transaction.atomic
def move(agreement: Agreement, *, up: bool, by: By, at: datetime) -> None:
    """Ask it earlier, or later, than its neighbour."""
    rows = list(Agreement.objects.select_for_update().in_order())
    here = next(nth for nth, one in enumerate(rows) if one.pk == agreement.pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
        for position, one in enumerate(rows, start=1):
            Agreement.objects.filter(pk=one.pk).update(position=position)
        audit.record(agreement, action="move", by=by, at=at)


def meant_for(lead: Lead, *, event: Event, at: datetime) -> Agreement | None:
    """The first agreement in force for the event whose condition the lead meets."""
    agreed = list(Agreement.objects.in_force().in_order().filter(event=event).select_related("escalate_to"))
    if not any(one.condition for one in agreed):
        return agreed[0] if agreed else None
    asked = Conditions(at=at)
    loaded = Lead.objects.for_page().get(pk=lead.pk)
    return next((one for one in agreed if not one.condition or asked.holds(one.condition, loaded)), None)


def meant_for_each(lead_ids: Iterable[int], *, event: Event, at: datetime) -> dict[int, Agreement]:
    """Likewise of many leads, one question for each condition; a lead that meets none is missing in the answer."""
    left, asked, found = set(lead_ids), Conditions(at=at), dict[int, Agreement]()
    for one in Agreement.objects.in_force().in_order().filter(event=event).select_related("escalate_to"):
        met = set(asked.among(one.condition, Lead.objects.filter(pk__in=left)).values_list("pk", flat=True)) if one.condition else left
        found |= dict.fromkeys(met, one)
        left = left - met
    return found


def promised_seconds(agreement: Agreement, *, at: datetime, hours: Hours) -> int:
    """What was agreed, in seconds of the kind that it counts. A business day has as many as the first open day after the moment."""
    if agreement.due_unit != Unit.DAYS:
        return agreement.n_due * (60 if agreement.due_unit == Unit.MINUTES else 3600)
    if agreement.counts == Counts.WALL:
        return agreement.n_due * 24 * 3600
    return agreement.n_due * _seconds_of_a_day(at, hours)


def _seconds_of_a_day(at: datetime, hours: Hours) -> int:
    opens, _closes = next(hours.spans(at, at + timedelta(days=366)), (at, at))
    return 60 * sum(shift.until_minute - shift.from_minute for shift in hours.shifts_on(opens.astimezone(hours.zone).date()))


def moment_after(start: datetime, seconds: float, *, counts: str, hours: Hours) -> datetime | None:
    """When so many seconds of the kind are over; None for a calendar that never opens so long."""
    return start + timedelta(seconds=seconds) if counts == Counts.WALL else after_business_seconds(start, seconds, hours)
