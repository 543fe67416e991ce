"""What can be done to many leads or accounts at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext_lazy

from tasuki.core import meanwhile
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.edits.bulk import change_field_of
from tasuki.core.meanwhile import Seen
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import accounts, editable, leads
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Owned(Protocol):
    """Whatever has an owner and a team."""

    owner_id: int | None
    team_id: int


def receiver(said: Said) -> tuple[User | None, Team]:
    """Whom the form named: a person, or nobody for a team's queue."""
    owner = User.objects.get_queryset().get(pk=said["owner"]) if said["owner"] else None
    return owner, Team.objects.get(pk=said["team"])


def owner_of(record: Owned) -> dict[str, Any]:
    return {"before": {"owner": record.owner_id, "team": record.team_id}}


def marks_of(given: Said) -> Seen:
    """The marks of whom it was with, as the verbs that give compare them: they refuse what somebody has given to another since."""
    return {name: meanwhile.mark(given[name]) for name in ("owner", "team")}


def all_leads(user: User) -> QuerySet[Lead]:
    return Lead.objects.visible_to(user).for_listing()


def _give_lead(lead: Lead, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    before = owner_of(lead)
    to, team = receiver(said)
    leads.give(lead, to=to, team=team, reason=said["reason"], seen=marks_of(before["before"]), by=by, at=at)
    return before


def _give_lead_back(lead: Lead, said: Said, *, by: By, at: datetime) -> None:
    to, team = receiver(said["before"])
    leads.give(lead, to=to, team=team, reason=said["reason"], seen=marks_of(said), by=by, at=at)


def _accounts(user: User) -> QuerySet[Account]:
    return Account.objects.visible_to(user).for_listing()


def _give_account(account: Account, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    before = owner_of(account)
    to, team = receiver(said)
    accounts.give(account, to=to, team=team, reason=said["reason"], seen=marks_of(before["before"]), by=by, at=at)
    return before


def _give_account_back(account: Account, said: Said, *, by: By, at: datetime) -> None:
    to, team = receiver(said["before"])
    accounts.give(account, to=to, team=team, reason=said["reason"], seen=marks_of(said), by=by, at=at)


GIVE_LEADS = BulkVerb("lead", "give", gettext_lazy("Give to"), "user-share", Ability.ASSIGN_OWNERS, all_leads, _give_lead, _give_lead_back)
GIVE_ACCOUNTS = BulkVerb("account", "give", gettext_lazy("Give to"), "user-share", Ability.ASSIGN_OWNERS, _accounts, _give_account, _give_account_back)
CHANGE_LEADS = change_field_of(editable.LEADS)
CHANGE_ACCOUNTS = change_field_of(editable.ACCOUNTS)
CHANGE_CONTACTS = change_field_of(editable.CONTACTS)
