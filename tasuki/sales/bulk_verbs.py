"""What can be done to many opportunities at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.edits.bulk import change_field_of
from tasuki.core.people import User
from tasuki.crm.bulk_verbs import marks_of, owner_of, receiver
from tasuki.sales import editable, opportunities
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _rows(user: User) -> QuerySet[Opportunity]:
    return Opportunity.objects.visible_to(user).for_listing()


def _give(opportunity: Opportunity, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    before = owner_of(opportunity)
    to, team = receiver(said)
    opportunities.hand_over(opportunity, to=to, team=team, reason=said["reason"], seen=marks_of(before["before"]), by=by, at=at)
    return before


def _give_back(opportunity: Opportunity, said: Said, *, by: By, at: datetime) -> None:
    to, team = receiver(said["before"])
    opportunities.hand_over(opportunity, to=to, team=team, reason=said["reason"], seen=marks_of(said), by=by, at=at)


GIVE_OPPORTUNITIES = BulkVerb("opportunity", "give", gettext_lazy("Give to"), "user-share", Ability.ASSIGN_OWNERS, _rows, _give, _give_back)
CHANGE_OPPORTUNITIES = change_field_of(editable.OPPORTUNITIES)
