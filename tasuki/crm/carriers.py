"""Who carries a record that a person must not see: so much may be said to whoever is about to write it a second time, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.audit import By
from tasuki.crm import tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team


@dataclass(frozen=True)
class Carrier:
    """The person, if there is one, and the team; a contact is carried by whom its company or else its latest lead belongs to."""

    owner: User | None
    team: Team | None


def of_accounts(ids: Iterable[int]) -> dict[int, Carrier]:
    rows = Account.objects.filter(pk__in=list(ids)).select_related("owner", "team")
    return {one.pk: Carrier(one.owner, one.team) for one in rows}


def of_contacts(ids: Iterable[int]) -> dict[int, Carrier]:
    wanted = list(ids)
    found = {pk: Carrier(None, None) for pk in wanted}
    for lead in Lead.objects.filter(contact__in=wanted).select_related("owner", "team").order_by("opened_at", "pk"):
        if lead.contact_id:
            found[lead.contact_id] = Carrier(lead.owner, lead.team)
    for one in Contact.objects.filter(pk__in=wanted, account__isnull=False).select_related("account__owner", "account__team"):
        if one.account:
            found[one.pk] = Carrier(one.account.owner, one.account.team)
    return found


@transaction.atomic
def ask(record_id: int, *, noun: str, by: By, at: datetime) -> Task | None:
    """Ask whoever carries an account or a contact for it, by a task of theirs; None where only a team's queue does."""
    carrier = (of_accounts if noun == "account" else of_contacts)([record_id]).get(record_id)
    if carrier is None or carrier.owner is None or by.actor is None:
        return None
    record = {f"{noun}_id": record_id}
    with translation.override(carrier.owner.language):
        subject = _("%(name)s asks to work on this") % {"name": by.actor.display_name}
    return tasks.add(Task(subject=subject, owner=carrier.owner, **record), by=by, at=at)
