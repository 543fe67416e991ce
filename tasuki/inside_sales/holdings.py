"""Holdings: what has left the relay and may come round again, one row for each such pass, with the rule by which it wakes and what became of it.

The rule that was given stands in the ledger and is never rewritten; here stands what is done about it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.crm import wake_rules
from tasuki.crm.contacts import Channel
from tasuki.crm.wake_rules import Trigger, WakeRule

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead


class HoldingState(models.TextChoices):
    """What became of it. `overtaken`: the person came round by another way before."""

    WAITING = "waiting", _("waits")
    WOKEN = "woken", _("woken")
    OVERTAKEN = "overtaken", _("came by another way")
    ARCHIVED = "archived", _("archived")


class Holdings(models.QuerySet["Holding"]):
    """Questions about what is held."""

    def visible_to(self, user: User) -> Holdings:
        """Those of leads that the person sees."""
        return self.filter(abilities.owned_by_scope(abilities.standing_of(user), "lead", owner="lead__owner", team="lead__team"))

    def waiting(self) -> Holdings:
        return self.filter(state=HoldingState.WAITING)

    def due(self, day: date) -> Holdings:
        """Those that wake on that day, or should have before."""
        return self.waiting().filter(wake_on__lte=day)

    def for_listing(self) -> Holdings:
        return self.select_related("lead", "lead__contact", "lead__account").prefetch_related("because", "team", "former_owner", "lead__owner", "lead__team")


class Holding(models.Model):
    """One pass that was recycled, or lost and is to be won back. `amount` is in the organisation's currency."""

    noun: ClassVar[str] = "holding"

    # The database lets it go with its lead (see the migration), which only the undo of an import takes away.
    lead = models.OneToOneField("crm.Lead", models.CASCADE, related_name="holding", db_constraint=False, verbose_name=_("lead"))
    because = models.ForeignKey("crm.ExitReason", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("reason"))
    reason = models.CharField(_("in words"), max_length=200, blank=True)
    ended_as = models.CharField(_("ended as"), max_length=12)
    ended_in = models.CharField(_("left in"), max_length=12)
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", db_index=False, verbose_name=_("held by"))
    former_owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("owner before"))
    wake_on = models.DateField(_("wakes on"), null=True)
    wake_when = models.CharField(_("wakes when"), max_length=200, blank=True)
    wake_trigger = models.CharField(_("wakes when the person"), max_length=8, choices=Trigger.choices, blank=True)
    wake_channel = models.CharField(_("by which channel"), max_length=8, choices=Channel.choices, blank=True)
    wake_every = models.PositiveSmallIntegerField(_("every so many days"), null=True)
    wake_until_on = models.DateField(_("until"), null=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True)
    held_at = models.DateTimeField(_("held"))
    state = models.CharField(_("state"), max_length=9, choices=HoldingState.choices, default=HoldingState.WAITING)
    settled_at = models.DateTimeField(_("settled"), null=True)
    settled_as = models.CharField(_("what became of it"), max_length=200, blank=True)

    objects = Holdings.as_manager()

    class Meta:
        verbose_name = _("held lead")
        verbose_name_plural = _("held leads")
        indexes = [
            # What a morning wakes, what a trigger wakes, and what the board counts.
            models.Index(fields=["wake_on", "id"], name="holding_due", condition=Q(state="waiting", wake_on__isnull=False)),
            models.Index(fields=["wake_trigger", "lead"], name="holding_by_trigger", condition=Q(state="waiting") & ~Q(wake_trigger="")),
            models.Index(fields=["because", "wake_on"], name="holding_board", condition=Q(state="waiting"), include=["wake_trigger", "amount", "lead"]),
            models.Index(fields=["held_at", "because"], name="holding_yield", include=["state", "lead", "ended_as"]),
            models.Index(fields=["settled_at"], name="holding_dug", condition=Q(state="woken", ended_as="lost")),
        ]
        constraints = [
            models.CheckConstraint(condition=wake_rules.valid(), name="held_with_a_wake_rule"),
            models.CheckConstraint(condition=~Q(state="waiting") | Q(wake_on__isnull=False), name="waits_for_a_day_at_the_latest"),
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at__isnull=True) | (~Q(state="waiting") & Q(settled_at__isnull=False)), name="settled_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state == HoldingState.WAITING

    @property
    def wake_rule(self) -> WakeRule:
        return WakeRule(self.wake_on, self.wake_trigger, self.wake_channel, self.wake_when, self.wake_every, self.wake_until_on)


def of(lead: Lead) -> Holding | None:
    """How a pass that left is held, if it is."""
    return Holding.objects.filter(lead=lead).select_related("because", "team", "former_owner").first()
