"""How a record is shown where something was looked for: what it is called, what is known of it in one line, and its page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from tasuki.core import abilities
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web import formats


@dataclass(frozen=True)
class Row:
    """One line of what was found. `side` stands at its end."""

    name: str
    detail: str
    href: str
    icon: str
    side: str = ""


def rows(user: User, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Row]:
    """Those of the records that the person may see, by noun and id: one query for each noun."""
    ids: dict[str, list[int]] = defaultdict(list)
    for noun, pk in wanted:
        ids[noun].append(pk)
    return {(noun, one.pk): _SHOWN[noun](user, one) for noun, some in ids.items() for one in _ROWS[noun](user).filter(pk__in=some)}


def _lead(_user: User, lead: Lead) -> Row:
    state = lead.stage.name if lead.stage else lead.get_ended_as_display()
    return Row(lead.title, _line(lead.account.name if lead.account and lead.contact else "", lead.source), _page(lead), "arrow-right", state)


def _account(_user: User, account: Account) -> Row:
    owner = account.owner.display_name if account.owner else account.team.name
    return Row(account.name, _line(account.industry, account.domain), _page(account), "building", owner)


def _contact(_user: User, contact: Contact) -> Row:
    return Row(contact.display_name, _line(contact.account.name if contact.account else "", contact.title), _page(contact), "user")


def _opportunity(user: User, one: Opportunity) -> Row:
    sees_amount = "amount" not in abilities.standing_of(user).hides("opportunity")
    amount = formats.money(one.amount, one.currency) if sees_amount and one.amount is not None else ""
    stage = one.lead.stage.name if one.lead.stage else one.lead.get_ended_as_display()
    return Row(one.title, _line(stage, amount), _page(one), "briefcase", formats.day(one.close_on) if one.close_on else "")


def _handoff(_user: User, one: Handoff) -> Row:
    hands = f"{one.credited_to.display_name} → {one.receiver}"
    return Row(one.title, _line(hands, str(one.get_state_display())), _page(one), "transfer", formats.day(one.offered_at))


def _task(_user: User, task: Task) -> Row:
    about = task.lead or task.contact or task.account
    return Row(task.subject, str(about or ""), _page(task), "checkbox", formats.day(task.due_on) if task.due_on else "")


def _product(_user: User, product: Product) -> Row:
    return Row(product.name, _line(product.code, product.line), _page(product), "package")


def _person(_user: User, person: User) -> Row:
    return Row(person.display_name, _line(person.team.name if person.team else "", person.title), reverse("person", args=[person.pk]), "users")


def _team(_user: User, team: Team) -> Row:
    return Row(team.name, team.get_department_display(), reverse("teams"), "sitemap")


def _page(record: Any) -> str:
    return reverse(record.noun, args=[record.pk])


def _line(*words: str) -> str:
    return " · ".join(word for word in words if word)


# Each with what its line says joined, and nothing else: a palette asks for all of them at each letter.
_ROWS: dict[str, Callable[[User], QuerySet[Any]]] = {
    "lead": lambda user: Lead.objects.visible_to(user).select_related("contact", "account", "stage"),
    "account": lambda user: Account.objects.visible_to(user).select_related("owner", "team"),
    "contact": lambda user: Contact.objects.visible_to(user).select_related("account"),
    "opportunity": lambda user: Opportunity.objects.visible_to(user).select_related("lead__contact", "lead__account", "lead__stage"),
    "handoff": lambda user: Handoff.objects.visible_to(user).select_related("lead__contact", "lead__account", "credited_to", "to_owner", "to_team"),
    "task": lambda user: Task.objects.visible_to(user).select_related("lead__contact", "lead__account", "account", "contact"),
    "product": lambda user: Product.objects.visible_to(user).all(),
    "user": lambda user: User.objects.visible_to(user).select_related("team"),
    "team": lambda user: Team.objects.visible_to(user).all(),
}
_SHOWN: dict[str, Callable[[User, Any], Row]] = {
    "lead": _lead,
    "account": _account,
    "contact": _contact,
    "opportunity": _opportunity,
    "handoff": _handoff,
    "task": _task,
    "product": _product,
    "user": _person,
    "team": _team,
}
