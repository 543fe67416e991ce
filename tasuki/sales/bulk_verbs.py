"""What can be done to many opportunities at once, and to many leads where their deals have a say."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.edits.bulk import change_field_of
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.bulk_verbs import all_leads, marks_of, owner_of, receiver
from tasuki.sales import editable, opportunities
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.crm.leads import Lead


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


def _recycle_lead(lead: Lead, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    """A lead with an open deal is recycled with its deal, one by one."""
    opportunities.refuse_while_open(lead)
    wake_on = date.fromisoformat(said["wake_on"]) if said["wake_on"] else None
    leads.recycle(lead, reason=said["reason"], wake_on=wake_on, wake_when=said["wake_when"], by=by, at=at)
    return {}


RECYCLE_LEADS = BulkVerb("lead", "recycle", gettext_lazy("Recycle"), "recycle", Ability.WORK_LEADS, all_leads, _recycle_lead)
GIVE_OPPORTUNITIES = BulkVerb("opportunity", "give", gettext_lazy("Give to"), "user-share", Ability.ASSIGN_OWNERS, _rows, _give, _give_back)
CHANGE_OPPORTUNITIES = change_field_of(editable.OPPORTUNITIES)
