"""The figures of the house for its hand-offs: how long sales may take for a next step, and which share of acceptances is sound."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

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
CHANGEABLE = ("n_next_step_days", "n_grace_days", "n_wake_days", "low_percent", "high_percent")


class HandoffRulesWrong(Refused):
    code = "handoff_rules_wrong"


class HandoffRulesRows(models.QuerySet["HandoffRules"]):
    """Questions about the rules."""

    def visible_to(self, user: User) -> HandoffRulesRows:
        return self if abilities.standing_of(user).roles else self.none()


class HandoffRules(models.Model):
    """The rules of the house: exactly one row, or none while nobody has changed them. The defaults are those of THE MODEL."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "handoffrules"

    n_next_step_days = models.PositiveSmallIntegerField(_("days until a next step after acceptance"), default=60)
    n_grace_days = models.PositiveSmallIntegerField(_("days after that until it goes back by itself"), default=7)
    n_wake_days = models.PositiveSmallIntegerField(_("days until what went back wakes"), default=30)
    low_percent = models.PositiveSmallIntegerField(_("acceptance is too loose below, in percent"), default=70)
    high_percent = models.PositiveSmallIntegerField(_("acceptance is too cautious above, in percent"), default=90)

    objects = HandoffRulesRows.as_manager()

    class Meta:
        verbose_name = _("rules of hand-offs")
        verbose_name_plural = _("rules of hand-offs")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_handoff_rules"),
            models.CheckConstraint(condition=Q(n_next_step_days__gte=1, n_grace_days__gte=1, n_wake_days__gte=1), name="handoff_days_make_sense"),
            models.CheckConstraint(condition=Q(low_percent__lt=F("high_percent"), high_percent__lte=100), name="handoff_band_makes_sense"),
        ]

    def __str__(self) -> str:
        return "1"

    @property
    def next_step_within(self) -> timedelta:
        return timedelta(days=self.n_next_step_days)

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.n_grace_days)

    @property
    def wakes_after(self) -> timedelta:
        return timedelta(days=self.n_wake_days)

    @property
    def band(self) -> tuple[float, float]:
        """The shares between which the acceptance rate of a sender is sound (§1.6)."""
        return self.low_percent / 100, self.high_percent / 100


def in_force() -> HandoffRules:
    return house_rows.in_force(HandoffRules)


def change(*, by: By, at: datetime, **fields: Any) -> HandoffRules:
    """Write the `CHANGEABLE` fields given; a next step that has its day already keeps it. Raises HandoffRulesWrong; TypeError for any other field."""
    if unknown := set(fields) - set(CHANGEABLE):
        raise TypeError(f"handoff_rules.change does not write {', '.join(sorted(unknown))}")
    return house_rows.change(HandoffRules, said=fields, check=_check, by=by, at=at)


def _check(rules: HandoffRules) -> None:
    if not all(1 <= n <= LONGEST_DAYS for n in (rules.n_next_step_days, rules.n_grace_days, rules.n_wake_days)):
        raise HandoffRulesWrong(_("From 1 to %(n)s days.") % {"n": LONGEST_DAYS})
    if not 0 <= rules.low_percent < rules.high_percent <= 100:
        raise HandoffRulesWrong(_("A share is from 0 to 100 percent, and the lower one is below the higher one."))
