"""A record at a glance, beside the list: what it is, where it stands, what is next, and the last things that happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.crm import phones, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.sales.opportunities import Opportunity
from tasuki.web import formats
from tasuki.web.custom_values import facts_of
from tasuki.web.records import open_tasks, timeline
from tasuki.web.requests import UserRequest

_ENTRIES = 6


@dataclass(frozen=True)
class Peek:
    """What the panel shows. `facts` are (label, text); those without a text are left out."""

    title: str
    subtitle: str
    href: str
    lead: Lead | None = None
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)


@require_GET
def lead(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    facts = (
        *(_reached(request, one.contact) if one.contact else ()),
        (_("Source"), one.source),
        (_("Segment"), one.segment),
        (_("Product"), one.product.name if one.product else ""),
        (_("Owner"), one.owner.display_name if one.owner else one.team.name),
        (_("Pass"), str(one.seq_no)),
    )
    return _shown(request, Peek(one.title, one.account.name if one.account else "", reverse("lead", args=[pk]), one, facts), one, lead=one)


@require_GET
def opportunity(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Opportunity.objects.visible_to(request.user).for_page(), pk=pk)
    sees_amount = "amount" not in abilities.standing_of(request.user).hides("opportunity")
    facts = (
        (_("Amount"), formats.money(one.amount, one.currency) if one.amount is not None and sees_amount else ""),
        (_("Close date"), formats.day(one.close_on) if one.close_on else ""),
        (_("Product"), one.product.name if one.product else ""),
        (_("Owner"), one.owner.display_name if one.owner else one.team.name),
        (_("Source"), one.lead.source),
    )
    account = one.lead.account.name if one.lead.account else ""
    return _shown(request, Peek(one.title, account, reverse("opportunity", args=[pk]), one.lead, facts), one, lead=one.lead)


@require_GET
def account(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Account.objects.visible_to(request.user).for_page(), pk=pk)
    facts = (
        (_("Domain"), one.domain),
        (_("Country"), one.country),
        (_("Employees"), formats.number(one.n_employees) if one.n_employees is not None else ""),
        (_("Corporate number"), one.corporate_number),
        (_("Owner"), one.owner.display_name if one.owner else one.team.name),
    )
    return _shown(request, Peek(one.name, one.industry, reverse("account", args=[pk]), facts=facts), one, account=one)


@require_GET
def contact(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    facts = ((_("Job title"), one.title), (_("Department"), one.department), *_reached(request, one))
    return _shown(request, Peek(one.display_name, one.account.name if one.account else "", reverse("contact", args=[pk]), facts=facts), one, contact=one)


def _reached(request: UserRequest, person: Contact) -> list[tuple[str, str]]:
    hidden = abilities.standing_of(request.user).hides("contact")
    mails = [] if "emails" in hidden else [one.address for one in person.emails.all()[:2]]
    numbers = [] if "phones" in hidden else [phones.display(one.e164) for one in person.phones.all()[:2]]
    return [(_("Mail"), ", ".join(mails)), (_("Telephone"), ", ".join(numbers))]


def _shown(request: UserRequest, peek: Peek, record: Any, **of: Any) -> HttpResponse:
    story = timeline(request, **of)
    custom = [(one.name, said.text) for one, said in facts_of(request, record).facts]
    context = {
        "peek": peek,
        "facts": [(label, text) for label, text in (*peek.facts, *custom) if text],
        "tasks": open_tasks(request, **of),
        "timeline": story,
        "entries": story.entries[:_ENTRIES],
        "definition": stages.in_force().get(peek.lead.stage_id or "") if peek.lead else None,
        "now": now(),
        "today": localdate(),
    }
    return render(request, "records/peek.jinja", context)
