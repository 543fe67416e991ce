"""Decisions: for every lead, by which step and rule it went where, who was looked at, and for each of them the reason why not. Never rewritten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.crm.leads import Lead
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_pools import RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion

if TYPE_CHECKING:
    from tasuki.core.people import User


class Cause(models.TextChoices):
    """What asked for the decision."""

    ARRIVAL = "arrival", _("it became ready")
    SWEEP = "sweep", _("it was found without an owner")
    OPENING = "opening", _("somebody came to work")
    BREACH = "breach", _("its time was over")
    HAND = "hand", _("somebody asked for it")


class Decisions(models.QuerySet["RoutingDecision"]):
    def visible_to(self, user: User) -> Decisions:
        """Those of the leads that the person sees."""
        standing = abilities.standing_of(user)
        if standing.scope("lead") is abilities.Scope.ALL:
            return self
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def newest_first(self) -> Decisions:
        return self.order_by("-at", "-pk")

    def older_than(self, last: RoutingDecision) -> Decisions:
        """The page after one that ended with this one: keyset paging."""
        return self.filter(at__lte=last.at).exclude(at=last.at, pk__gte=last.pk)

    def for_listing(self) -> Decisions:
        return self.select_related("lead__contact", "lead__account", "rule", "version", "pool", "owner", "team")


class RoutingDecision(models.Model):
    """One decision. `candidates` has, in the order in which they were looked at, {user, why, for}; without an owner the team's queue has it."""

    noun: ClassVar[str] = "routingdecision"

    # The database takes decisions away with their lead: see the migration.
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="routing", db_index=False, db_constraint=False, verbose_name=_("lead"))
    at = models.DateTimeField()
    cause = models.CharField(_("because"), max_length=8, choices=Cause.choices)
    step = models.CharField(_("step"), max_length=13, choices=Step.choices)
    version = models.ForeignKey(RoutingVersion, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("version"))
    rule = models.ForeignKey(RoutingRule, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("rule"))
    pool = models.ForeignKey(RoutingPool, models.PROTECT, null=True, related_name="+", verbose_name=_("pool"))
    # The number of the lead by which somebody had a claim; it may be gone by now.
    because_of = models.BigIntegerField(null=True)
    # By which domain of a mail address the company was found that the steps before the rules ask about; "" for one that came with the lead.
    domain = models.CharField(_("domain"), max_length=253, blank=True, default="", db_default="")
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("owner"))
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", db_index=False, verbose_name=_("team"))
    opens_at = models.DateTimeField(null=True)
    candidates = models.JSONField(default=list)
    # The promise that was not kept, by its number: it stands above this module. One promise, one decision.
    breach_of = models.BigIntegerField(null=True, unique=True)
    asked_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)

    objects = Decisions.as_manager()

    class Meta:
        verbose_name = _("routing decision")
        verbose_name_plural = _("routing decisions")
        indexes = [
            models.Index(fields=["lead", "-at", "-id"], name="routing_of_lead"),
            models.Index(fields=["owner", "at"], name="routing_to_owner", condition=Q(owner__isnull=False)),
            models.Index(fields=["-at", "-id"], name="routing_latest"),
        ]
        constraints = [models.CheckConstraint(condition=Q(opens_at__isnull=True) | Q(owner__isnull=True), name="routing_waits_or_gives")]

    def __str__(self) -> str:
        return f"#{self.lead_id} {self.step} {self.at:%Y-%m-%d %H:%M}"


class RoutingWait(models.Model):
    """A lead that waits in a queue until the first who could have it is at work."""

    lead = models.OneToOneField("crm.Lead", models.CASCADE, related_name="routing_wait", db_constraint=False)
    pool = models.ForeignKey(RoutingPool, models.PROTECT, related_name="+", db_index=False)
    opens_at = models.DateTimeField()

    class Meta:
        verbose_name = _("waiting lead")
        verbose_name_plural = _("waiting leads")
        indexes = [models.Index(fields=["opens_at"], name="routing_wait_opens")]

    def __str__(self) -> str:
        return f"#{self.lead_id} {self.opens_at:%Y-%m-%d %H:%M}"


def n_given(since: Mapping[datetime, Collection[int]], *, until: datetime) -> dict[int, int]:
    """How many leads each person got, from the moment on under which they stand; of those who got none nothing."""
    theirs = [Q(owner__in=users, at__gte=moment) for moment, users in since.items()]
    if not theirs:
        return {}
    rows = RoutingDecision.objects.filter(reduce(or_, theirs), at__lte=until)
    return {owner: n for owner, n in rows.order_by().values_list("owner_id").annotate(n=Count("pk")) if owner is not None}
