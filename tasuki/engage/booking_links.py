"""Booking links: one person of one lead books, moves and cancels a meeting with one of us, without signing in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.errors import Gone, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import barred
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import NotInProcess
from tasuki.engage import availability, meetings
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan, SlotTaken

if TYPE_CHECKING:
    from tasuki.core.people import User

LASTS, WITHIN, NOTICE = timedelta(days=30), timedelta(days=21), timedelta(hours=3)
# So often a day somebody changes their mind; who does more is a program.
MOST_CHANGES_A_DAY = 10
_SALT = "tasuki.engage.booking_links"


class TooManyChanges(Refused):
    code = "too_many_changes"
    status = 429

    def __init__(self) -> None:
        super().__init__(_("There have been too many changes today. Try again tomorrow, or answer the mail that brought you here."))


class BookingLinks(models.QuerySet["BookingLink"]):
    """Questions about booking links."""

    def visible_to(self, user: User) -> BookingLinks:
        """Whoever sees the lead."""
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def open(self, at: datetime) -> BookingLinks:
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class BookingLink(models.Model):
    """Lets whoever has the address book one meeting about a lead with `held_by`. `nonce` makes the address; `n_changes` counts by day."""

    noun: ClassVar[str] = "bookinglink"

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="booking_links")
    held_by = models.ForeignKey("core.User", models.CASCADE, related_name="+")
    made_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    nonce = models.CharField(max_length=32)
    changes_on = models.DateField(null=True)
    n_changes = models.PositiveSmallIntegerField(default=0)

    objects = BookingLinks.as_manager()

    class Meta:
        verbose_name = _("booking link")
        verbose_name_plural = _("booking links")
        constraints = [
            models.UniqueConstraint(fields=["lead", "held_by"], condition=Q(revoked_at__isnull=True), name="one_booking_link_per_lead_and_seller"),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("made_at")), name="booking_link_lasts"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.held_by_id}"

    @property
    def token(self) -> str:
        return signing.Signer(salt=_SALT).sign_object([self.pk, self.nonce])


@transaction.atomic
def make(lead: Lead, *, held_by: User, by: By, at: datetime, good_from: datetime | None = None) -> BookingLink:
    """The link of the lead to this person: the one there is, with its time renewed, or a new one. It lasts from now, or from a day to come, on which
    the letter goes out that says it. Raises NotInProcess, ErasedPerson.
    """
    lead = held(lead)
    if lead.stage_id is None:
        raise NotInProcess
    barred.refuse_erased(lead)
    expires_at = max(at, good_from or at) + LASTS
    link = BookingLink.objects.select_for_update().filter(lead=lead, held_by=held_by, revoked_at__isnull=True).first()
    if link and link.expires_at > at:
        BookingLink.objects.filter(pk=link.pk).update(expires_at=max(link.expires_at, expires_at))
        link.refresh_from_db()
        return link
    if link:
        BookingLink.objects.filter(pk=link.pk).update(revoked_at=at)
    link = BookingLink.objects.create(lead=lead, held_by=held_by, made_by=by.actor, made_at=at, expires_at=expires_at, nonce=secrets.token_hex(16))
    audit.record(link, action="make", by=by, at=at, changes={"held_by": (None, held_by)})
    return link


def address_of(link: BookingLink) -> str:
    """Where people outside reach it."""
    return _before_the_token() + link.token


def example() -> str:
    """An address as those, that leads to nobody."""
    return f"{_before_the_token()}example"


def is_address_of_one(address: str) -> bool:
    return address.startswith(_before_the_token())


def _before_the_token() -> str:
    return settings.SITE.rstrip("/") + reverse("booking", args=["x"]).removesuffix("x")


@transaction.atomic
def revoke(link: BookingLink, *, by: By, at: datetime) -> BookingLink:
    """Its address leads nowhere from now on. Twice is once."""
    link = BookingLink.objects.select_for_update().get(pk=link.pk)
    if link.revoked_at is None:
        BookingLink.objects.filter(pk=link.pk).update(revoked_at=at)
        audit.record(link, action="revoke", by=by, at=at)
        link.refresh_from_db()
    return link


def found(token: str, *, at: datetime) -> BookingLink | None:
    """The link that a token opens; None for one that is forged, expired or revoked, or whose lead or seller is not there any more."""
    try:
        pk, nonce = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    links = BookingLink.objects.open(at).select_related("lead__contact", "lead__account", "held_by")
    return links.filter(pk=pk, nonce=nonce, held_by__is_active=True, lead__stage__isnull=False).first()


def meeting_of(link: BookingLink, *, at: datetime) -> Meeting | None:
    """The meeting to come that was booked between the two."""
    ahead = Meeting.objects.ahead().for_page().filter(lead=link.lead_id, held_by=link.held_by_id, starts_at__gt=at)
    return ahead.in_order().first()


def between(meeting: Meeting, *, at: datetime) -> BookingLink | None:
    """The open link of a meeting's lead to whoever holds it."""
    return BookingLink.objects.open(at).filter(lead=meeting.lead_id, held_by=meeting.held_by_id).first()


def offered(link: BookingLink, *, at: datetime, but: Meeting | None = None) -> list[datetime]:
    """The moments at which the person can book."""
    return availability.slots(link.held_by, start=at + NOTICE, end=at + WITHIN, but=but)


@transaction.atomic
def book(link: BookingLink, *, starts_at: datetime, zone: str, at: datetime) -> Meeting:
    """Book this time, or move the meeting there is to it; the same time twice is once. Raises SlotTaken, TooManyChanges, Gone, NotInProcess."""
    link = _counted(link, at=at)
    there = meeting_of(link, at=at)
    if there and there.starts_at == starts_at:
        return there
    meetings.hold_the_time_of(link.held_by)
    if starts_at not in offered(link, at=at, but=there):
        raise SlotTaken
    by = By(None, Door.WEB)
    if there:
        return meetings.reschedule(there, starts_at=starts_at, by=by, at=at)
    return meetings.book(link.lead, plan=Plan(link.held_by, starts_at, zone=zone), by=by, at=at)


@transaction.atomic
def cancel(link: BookingLink, *, at: datetime) -> Meeting | None:
    """The person cannot come; → the meeting, or None where there was none any more. Raises TooManyChanges, Gone."""
    link = _counted(link, at=at)
    there = meeting_of(link, at=at)
    return meetings.cancel(there, by=By(None, Door.WEB), at=at) if there else None


def _counted(link: BookingLink, *, at: datetime) -> BookingLink:
    """The link, held after its lead, with one more change written down: two presses come one after the other."""
    held(link.lead)
    links = BookingLink.objects.open(at).select_related("lead__contact", "lead__account", "held_by")
    fresh = links.select_for_update(of=("self",)).filter(pk=link.pk).first()
    if fresh is None:
        raise Gone
    n = fresh.n_changes if fresh.changes_on == at.date() else 0
    if n >= MOST_CHANGES_A_DAY:
        raise TooManyChanges
    BookingLink.objects.filter(pk=fresh.pk).update(changes_on=at.date(), n_changes=n + 1)
    return fresh
