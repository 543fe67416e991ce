"""Departures: when a person leaves, nothing they carried is left without a carrier (R5): it goes to its team's queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from tasuki.core import people
from tasuki.core.audit import AuditEntry
from tasuki.crm import accounts, leads
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.relay import handoffs
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.audit import By
    from tasuki.core.people import User


@dataclass(frozen=True)
class Carried:
    """How much a person carries now: what their leaving would hand over. Tasks stay with their name, to be seen by the team."""

    n_leads: int
    n_accounts: int
    n_opportunities: int
    n_tasks: int


def carried_by(user: User) -> Carried:
    return Carried(
        n_leads=_leads(user).count(),
        n_accounts=_accounts(user).count(),
        n_opportunities=_opportunities(user).count(),
        n_tasks=Task.objects.to_do().filter(owner=user).count(),
    )


@transaction.atomic
def depart(user: User, *, by: By, at: datetime) -> User:
    """Hand over what the person carries and close the door behind them. Raises LastAdministrator; then nothing is handed over."""
    user = people.leave(user, by=by, at=at)
    # What one departure hands over is one thing to be told of, however much it is.
    by = replace(by, as_one=AuditEntry.objects.of(user).filter(action="leave").order_by("pk").values_list("pk", flat=True).last())
    reason = _("%(name)s has left.") % {"name": user.display_name}
    handoffs.leave_to_the_team(user, by=by, at=at)
    for opportunity in _opportunities(user).select_related("team"):
        opportunities.give(opportunity, to=None, team=opportunity.team, by=by, at=at)
    for lead in _leads(user).select_related("team"):
        leads.give(lead, to=None, team=lead.team, by=by, at=at, reason=reason)
    for account in _accounts(user).select_related("team"):
        accounts.give(account, to=None, team=account.team, by=by, at=at, reason=reason)
    return user


def _leads(user: User) -> QuerySet[Lead]:
    return Lead.objects.in_process().filter(owner=user)


def _accounts(user: User) -> QuerySet[Account]:
    return Account.objects.filter(owner=user)


def _opportunities(user: User) -> QuerySet[Opportunity]:
    return Opportunity.objects.open().filter(owner=user)
