"""Within how many days a meeting that was missed is booked again without a mark against anybody (R21): a rule of the house.

A meeting keeps the days that were in force when it was missed, so another rule changes no number of the past.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, house_rows
from tasuki.core.audit import By
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_DAYS = 365
# What `change` may write.
CHANGEABLE = ("n_rebook_from_days", "n_rebook_until_days")


class RebookRulesWrong(Refused):
    code = "rebook_rules_wrong"

    def __init__(self) -> None:
        super().__init__(_("A missed meeting is booked again from a day on until a later one, at most %(n)s days after it.") % {"n": LONGEST_DAYS})


class RebookRulesRows(models.QuerySet["RebookRules"]):
    """Questions about the rules."""

    def visible_to(self, user: User) -> RebookRulesRows:
        return self if abilities.standing_of(user).roles else self.none()


class RebookRules(models.Model):
    """The rules of the house: exactly one row, or none while nobody has changed them. The defaults are those of THE MODEL."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "rebookrules"

    n_rebook_from_days = models.PositiveSmallIntegerField(_("days after a no-show from which it is booked again"), default=30)
    n_rebook_until_days = models.PositiveSmallIntegerField(_("days after a no-show until which that leaves no mark"), default=90)

    objects = RebookRulesRows.as_manager()

    class Meta:
        verbose_name = _("rules of no-shows")
        verbose_name_plural = _("rules of no-shows")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_rebook_rules"),
            models.CheckConstraint(condition=Q(n_rebook_until_days__gt=F("n_rebook_from_days")), name="rebook_days_make_sense"),
        ]

    def __str__(self) -> str:
        return "1"

    @property
    def begins_after(self) -> timedelta:
        return timedelta(days=self.n_rebook_from_days)

    @property
    def ends_after(self) -> timedelta:
        return timedelta(days=self.n_rebook_until_days)


def in_force() -> RebookRules:
    return house_rows.in_force(RebookRules)


def change(*, n_rebook_from_days: int, n_rebook_until_days: int, by: By, at: datetime) -> RebookRules:
    """From now on; what was missed already keeps its days. Raises RebookRulesWrong."""
    if not 0 <= n_rebook_from_days < n_rebook_until_days <= LONGEST_DAYS:
        raise RebookRulesWrong
    said = {"n_rebook_from_days": n_rebook_from_days, "n_rebook_until_days": n_rebook_until_days}
    return house_rows.change(RebookRules, said=said, by=by, at=at)
