"""Meetings as rows: with whom, when, held by whom, and how it went. A meeting that is moved is a new row that names the old one."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.crm.leads import Lead

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_PLACE, LONGEST_TEXT, MOST_GUESTS = 300, 4_000, 30
# Who did not come is invited again within this time, without a mark against anybody (R21), where the row does not say otherwise.
REBOOK_FROM, REBOOK_UNTIL = timedelta(days=30), timedelta(days=90)
# What lies between two meetings of one person, unless somebody books them closer knowingly.
BETWEEN = timedelta(minutes=15)


_BOOKED_AGAIN = Q(next__booked_at__lte=Coalesce(F("rebook_until_at"), F("starts_at") + REBOOK_UNTIL))


class MeetingKind(models.TextChoices):
    VIDEO = "video", _("video call")
    PHONE = "phone", _("telephone")
    VISIT = "visit", _("visit")


class MeetingState(models.TextChoices):
    BOOKED = "booked", _("booked")
    CONFIRMED = "confirmed", _("confirmed")
    HELD = "held", pgettext_lazy("meeting", "held")
    MISSED = "missed", _("no-show")
    CANCELLED = "cancelled", _("cancelled")
    MOVED = "moved", _("moved")


# To come, and in somebody's calendar.
AHEAD = [MeetingState.BOOKED.value, MeetingState.CONFIRMED.value]
# What takes the time of whoever holds it.
TAKING_TIME = [*AHEAD, MeetingState.HELD.value]


class Meetings(models.QuerySet["Meeting"]):
    """Questions about meetings."""

    def visible_to(self, user: User) -> Meetings:
        """Whoever sees the pass, and whoever holds or booked the meeting."""
        standing = abilities.standing_of(user)
        if standing.scope("lead") is Scope.ALL:
            return self
        if not standing.roles:
            return self.none()
        return self.filter(Q(lead__in=Lead.objects.visible_to(user)) | Q(held_by=user.pk) | Q(booked_by=user.pk))

    def ahead(self) -> Meetings:
        """Booked or confirmed, and not yet said how it went."""
        return self.filter(state__in=AHEAD)

    def between(self, start: datetime, end: datetime) -> Meetings:
        """Those that have begun before `end` and not ended by `start`."""
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def to_confirm(self, start: datetime, end: datetime) -> Meetings:
        """Those that begin in this time and that nobody has confirmed yet: what a list of calls begins its day with."""
        return self.filter(state=MeetingState.BOOKED, starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk")

    def missed(self) -> Meetings:
        """No-shows that count: what was booked again in time is nobody's fault (R21)."""
        return self.filter(Q(next__isnull=True) | ~_BOOKED_AGAIN, state=MeetingState.MISSED)

    def in_order(self) -> Meetings:
        return self.order_by("starts_at", "pk")

    def for_page(self) -> Meetings:
        return self.select_related("lead__contact", "lead__account", "contact", "account", "held_by", "booked_by", "close_by", "previous")


@dataclass(frozen=True)
class Guest:
    """Somebody invited; without an address they are only named."""

    name: str
    address: str = ""


class Meeting(models.Model):
    """One appointment about one pass. `zone` is the clock by which the other side reads the time. `uid` and `sequence` name it in their
    calendars: a meeting that is moved keeps the first and counts the second up. One that was missed keeps by which rule it may be booked again.
    """

    noun: ClassVar[str] = "meeting"

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="meetings", verbose_name=_("lead"))
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="meetings", verbose_name=_("contact"))
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="meetings", verbose_name=_("account"))
    held_by = models.ForeignKey("core.User", models.PROTECT, related_name="meetings", db_index=False, verbose_name=_("who holds it"))
    booked_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("booked by"))
    kind = models.CharField(_("kind"), max_length=8, choices=MeetingKind.choices, default=MeetingKind.VIDEO)
    place = models.CharField(_("place or link"), max_length=LONGEST_PLACE, blank=True)
    agenda = models.TextField(_("agenda"), blank=True)
    attendees = models.TextField(_("who else comes"), blank=True)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    zone = models.CharField(_("time zone"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=MeetingState.choices, default=MeetingState.BOOKED)
    booked_at = models.DateTimeField(_("booked"))
    # Who was told that it lies close to another, and booked it so.
    close_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("booked so close by"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    tentative_at = models.DateTimeField(_("perhaps, they said"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    rebook_from_at = models.DateTimeField(_("to be booked again from"), null=True)
    rebook_until_at = models.DateTimeField(_("to be booked again until"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    previous = models.OneToOneField("self", models.SET_NULL, null=True, related_name="next", verbose_name=_("the one before"))
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    sequence = models.PositiveIntegerField(default=0)

    objects = Meetings.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        indexes = [
            models.Index(fields=["held_by", "starts_at"], name="meeting_of_seller"),
            models.Index(fields=["starts_at"], name="meeting_to_confirm", condition=Q(state="booked")),
            models.Index(fields=["starts_at"], name="meeting_that_went", condition=Q(state__in=["held", "missed"])),
        ]
        constraints = [
            models.UniqueConstraint(fields=["uid", "sequence"], name="meeting_sequence_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(state__in=AHEAD, closed_at__isnull=True) | ~Q(state__in=AHEAD) & Q(closed_at__isnull=False), name="meeting_closed_or_ahead"
            ),
            models.CheckConstraint(condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False), name="meeting_confirmed_at_a_time"),
            models.CheckConstraint(condition=~Q(state__in=["held", "missed"]) | Q(closed_at__gte=F("starts_at")), name="meeting_went_after_it_began"),
            ExclusionConstraint(
                name="seller_in_one_meeting_at_a_time",
                expressions=[
                    # A range of one number, so that the constraint needs no extension of PostgreSQL.
                    (Func(F("held_by"), F("held_by"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField()), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=TAKING_TIME),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_ahead(self) -> bool:
        return self.state in AHEAD

    @property
    def title(self) -> str:
        """With whom."""
        return (self.account.name if self.account else "") or self.lead.title

    @property
    def starts_there(self) -> datetime:
        """By the clock of the other side."""
        return self.starts_at.astimezone(ZoneInfo(self.zone))

    @property
    def ends_there(self) -> datetime:
        return self.ends_at.astimezone(ZoneInfo(self.zone))

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    @property
    def rebook_from_on(self) -> date:
        return (self.rebook_from_at or self.starts_at + REBOOK_FROM).date()

    @property
    def rebook_until_on(self) -> date:
        return (self.rebook_until_at or self.starts_at + REBOOK_UNTIL).date()

    @property
    def guests(self) -> list[Guest]:
        """Who else comes: one a line or by commas, as a name, an address, or “name <address>”."""
        return guests_in(self.attendees)


def guests_in(text: str) -> list[Guest]:
    found = []
    for part in re.split(r"[\n,;，、；]", text):
        name, address = parseaddr(part) if "@" in part else (part, "")
        if "@" in part and not address:
            address = part.strip()  # what cannot be read is shown as it is to whoever wrote it
        if words := " ".join(name.split()) or address:
            found.append(Guest(words, address))
    return found


@dataclass(frozen=True)
class Rates:
    """How meetings went. Moved and cancelled ones count as nothing, nor does a no-show that was booked again in time (R21)."""

    n_held: int
    n_missed: int

    @property
    def n(self) -> int:
        return self.n_held + self.n_missed

    @property
    def show_rate(self) -> float | None:
        """Held ÷ held and missed; None before there is any."""
        return self.n_held / self.n if self.n else None


def counts() -> dict[str, models.Count]:
    """What `Rates` holds, to be counted of meetings."""
    return {
        "n_held": models.Count("pk", filter=Q(state=MeetingState.HELD)),
        "n_missed": models.Count("pk", filter=Q(state=MeetingState.MISSED) & (Q(next__isnull=True) | ~_BOOKED_AGAIN)),
    }


def rates(meetings: Meetings) -> Rates:
    """One query."""
    return Rates(**meetings.order_by().aggregate(**counts()))
