"""Recycling many leads at once, where deals and the holding queue have a say, and bringing them round again at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.people import User
from tasuki.crm import exit_reasons, leads
from tasuki.crm.bulk_verbs import all_leads
from tasuki.crm.leads import Lead
from tasuki.inside_sales import recycling
from tasuki.sales import opportunities

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _recycle(lead: Lead, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    """A lead with an open deal is recycled with its deal, one by one."""
    opportunities.refuse_while_open(lead)
    leads.recycle(lead, by=by, at=at, **exit_reasons.recycled_as(said, at=at))
    return {"left": recycling.mark_of(lead)}


def _take_back(lead: Lead, said: Said, *, by: By, at: datetime) -> None:
    recycling.take_back(lead, left=said["left"], by=by, at=at)


def _rows_back(user: User) -> QuerySet[Lead]:
    """What the queue holds now is not seen by everybody who carried it before."""
    seen = abilities.owned_by_scope(abilities.standing_of(user), "lead")
    # A condition that lets everything through says nothing, and would vanish beside another one.
    rows = Lead.objects.filter(seen | Q(holding__former_owner=user.pk)) if seen else Lead.objects.all()
    return rows.for_listing()


RECYCLE_LEADS = BulkVerb(
    "lead",
    "recycle",
    gettext_lazy("Recycle"),
    "recycle",
    Ability.WORK_LEADS,
    all_leads,
    _recycle,
    _take_back,
    rows_back=_rows_back,
    undo_says=gettext_lazy("Undo begins a new pass for each, in the stage where it stood and with whoever carried it. The ledger keeps that it was recycled."),
)
