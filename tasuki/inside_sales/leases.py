"""Leases: who has a lead before them at the desk, so that no two people call the same person at once. One runs out by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.crm.leads import Lead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasuki.core.people import User

# The desk renews it every minute; who closed the browser lets go so soon after.
LASTS = timedelta(minutes=3)
# Without script nobody renews it: what was begun holds as long as a long call.
LASTS_IN_A_CALL = timedelta(minutes=30)


class LeadTaken(Refused):
    code = "lead_taken"
    status = 409

    def __init__(self, holder: User) -> None:
        super().__init__(_("%(name)s has this lead at the desk right now.") % {"name": holder.display_name})


class Leases(models.QuerySet["Lease"]):
    """Questions about leases."""

    def visible_to(self, user: User) -> Leases:
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def running(self, at: datetime) -> Leases:
        return self.filter(until_at__gt=at)


class Lease(models.Model):
    """One for each lead: somebody had it until a moment."""

    lead = models.OneToOneField("crm.Lead", models.CASCADE, related_name="lease", db_constraint=False)
    holder = models.ForeignKey("core.User", models.CASCADE, related_name="+")
    until_at = models.DateTimeField()

    objects = Leases.as_manager()

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.holder_id} until {self.until_at:%H:%M}"


@transaction.atomic
def take(lead: Lead, *, by: By, at: datetime, lasts: timedelta = LASTS) -> None:
    """Have the lead before oneself, or keep it for longer. Raises LeadTaken while another has it, Gone."""
    if by.actor is None:
        return
    held(lead)
    lease = Lease.objects.filter(lead=lead).select_related("holder").first()
    if lease and lease.holder_id != by.actor.pk and lease.until_at > at:
        raise LeadTaken(lease.holder)
    until = max(at + lasts, lease.until_at) if lease and lease.holder_id == by.actor.pk else at + lasts
    Lease.objects.update_or_create(lead=lead, defaults={"holder": by.actor, "until_at": until})


@transaction.atomic
def let_go(lead: Lead, *, by: By, at: datetime) -> None:
    """Whoever waits for it may have it. Nothing happens to the lease of another."""
    Lease.objects.filter(lead=lead, holder=by.actor, until_at__gt=at).update(until_at=at)


def holders(leads: Iterable[int], *, at: datetime, but: User) -> dict[int, User]:
    """Who else has which of these leads now; one query."""
    rows = Lease.objects.running(at).filter(lead__in=list(leads)).exclude(holder=but).select_related("holder")
    return {row.lead_id: row.holder for row in rows}
