"""From when on a lead is counted as an opportunity (THE MODEL §1.4): a rule of the house, one for all of its numbers and for all periods.

Both answers are read from the ledger, where a hand-off that sales accepts is a stay in P1 of that moment. So whichever is in force, what lies before the
change is counted by it too, and periods compare. A meeting that was booked is never enough. The hand-offs that sales answered have their own
rate (`relay.handoff_rates`), which says what was answered; and what is won is measured of P2 and later, whatever stands here (R8).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, house_rows
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import stages
from tasuki.crm.ledger import Passage

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User


class Counted(models.TextChoices):
    """From when on it is one."""

    ACCEPTED = "accepted", _("sales took the lead over: it came to P1")
    BEYOND_P1 = "beyond_p1", _("it left P1: it came to P2 or later")

    @property
    def stages(self) -> tuple[str, ...]:
        """Whoever stood in one of these is an opportunity; of an imported history the first of them may be missing."""
        return stages.IN_SALES if self is Counted.ACCEPTED else stages.IN_PIPELINE


class CountedWrong(Refused):
    code = "opportunity_rules_wrong"

    def __init__(self) -> None:
        super().__init__(_("An opportunity is counted either when sales takes the lead over, or when it leaves P1."))


class OpportunityRulesRows(models.QuerySet["OpportunityRules"]):
    """Questions about the rule."""

    def visible_to(self, user: User) -> OpportunityRulesRows:
        return self if abilities.standing_of(user).roles else self.none()


class OpportunityRules(models.Model):
    """The rule of the house: exactly one row, or none while nobody has changed it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "opportunityrules"

    counted = models.CharField(_("a lead counts as an opportunity when"), max_length=9, choices=Counted.choices, default=Counted.ACCEPTED)

    objects = OpportunityRulesRows.as_manager()

    class Meta:
        verbose_name = _("definition of an opportunity")
        verbose_name_plural = _("definitions of an opportunity")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_opportunity_rules"),
            models.CheckConstraint(condition=Q(counted__in=["accepted", "beyond_p1"]), name="opportunity_is_counted_in_one_of_two_ways"),
        ]

    def __str__(self) -> str:
        return "1"


def in_force() -> Counted:
    return Counted(house_rows.in_force(OpportunityRules).counted)


def change(counted: str, *, by: By, at: datetime) -> Counted:
    """From now on all numbers are counted so, those of the past too. Raises Forbidden, CountedWrong."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    if counted not in Counted.values:
        raise CountedWrong
    return Counted(house_rows.change(OpportunityRules, said={"counted": counted}, by=by, at=at).counted)


def stays(counted: Counted) -> QuerySet[Passage, Any]:
    """The stays that make a lead an opportunity; the first of a lead says since when."""
    return Passage.objects.filter(stage__in=counted.stages)
