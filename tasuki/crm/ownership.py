"""Ownership: who carries a lead or an account, and who carried it before. No record is ever ownerless: without a person, a team's queue owns it (R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from tasuki.core.audit import By
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead


@dataclass(frozen=True)
class Given:
    """Said on the bus: somebody else, or a team's queue (`to` is None), carries the lead from now on. `lead` is as it was before."""

    lead: Lead
    to: User | None
    by: By
    at: datetime


class Ownership(models.Model):
    """One person (or a team's queue) carried one record from a moment until another."""

    # What these name is checked for a whole statement: see core/references.py.
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="ownerships", db_constraint=False)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="ownerships", db_index=False, db_constraint=False)
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, verbose_name=_("owner"))
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", db_index=False, db_constraint=False, verbose_name=_("team"))
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True)
    given_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("ownership")
        verbose_name_plural = _("ownerships")
        indexes = [models.Index(fields=["account"], name="ownership_of_account", condition=Q(account__isnull=False))]
        constraints = [
            models.CheckConstraint(condition=Q(lead__isnull=True) ^ Q(account__isnull=True), name="ownership_of_one_record"),
            models.CheckConstraint(condition=Q(until_at__isnull=True) | Q(until_at__gte=F("from_at")), name="ownership_ends_after_it_starts"),
            models.UniqueConstraint(fields=["lead"], condition=Q(until_at__isnull=True), name="one_owner_of_a_lead"),
            models.UniqueConstraint(fields=["account"], condition=Q(until_at__isnull=True), name="one_owner_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id or self.team_id} {self.from_at:%Y-%m-%d}"
