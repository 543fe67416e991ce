"""A record at a glance, beside the list: what it is, where it stands, what is next, and the last things that happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities, absences
from tasuki.core.audit import AuditEntry
from tasuki.core.people import User
from tasuki.crm import phones, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.engage.blocks import Block
from tasuki.inside_sales import qualification
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web import audit, formats
from tasuki.web.custom_values import facts_of
from tasuki.web.products import open_deals
from tasuki.web.records import about_of, open_tasks, timeline
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
        (_("Missing facts"), _missing_facts(one)),
    )
    return _shown(request, Peek(one.title, one.account.name if one.account else "", reverse("lead", args=[pk]), one, facts), one, lead=one)


@require_GET
def handoff(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Handoff.objects.visible_to(request.user).for_page(), pk=pk)
    facts = (
        (_("State"), str(one.get_state_display())),
        (_("Credited to"), one.credited_to.display_name),
        (_("Offered to"), one.receiver),
        (_("Meeting"), formats.moment(one.meeting_at)),
        (_("Answer due"), formats.moment(one.due_at) if one.is_open else ""),
        (_("Reason"), str(one.get_reason_display())),
        *((str(fact.label), fact.words or str(fact.state_label)) for fact in one.package_facts),
        (_("Agreed agenda"), one.agenda),
    )
    account = one.lead.account.name if one.lead.account else ""
    return _shown(request, Peek(one.title, account, reverse("handoff", args=[pk]), one.lead, facts), one.lead, lead=one.lead)


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


@require_GET
def task(request: UserRequest, pk: int) -> HttpResponse:
    """The task, whom it is about, how they are reached, and what happened with them last."""
    one = get_object_or_404(Task.objects.visible_to(request.user).for_page(), pk=pk)
    of = about_of(request, one)
    about = next(iter(of.values()), None)
    lead = about if isinstance(about, Lead) else None
    whom = about if isinstance(about, Contact) else lead.contact if lead else None
    facts = (
        (_("Details"), one.details),
        (_("Kind"), str(one.get_kind_display())),
        (_("Due"), formats.day(one.due_on) if one.due_on else ""),
        (_("Who"), one.owner.display_name),
        (_("Given by"), one.created_by.display_name if one.created_by and one.created_by_id != one.owner_id else ""),
        (_("Done"), formats.day(one.done_at) if one.done_at else ""),
        *(_reached(request, whom) if whom else ()),
    )
    return _answered(request, Peek(one.subject, str(about or ""), reverse("task", args=[pk]), lead, facts), **_story(request, **of))


@require_GET
def product(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    sees_price = "price" not in abilities.standing_of(request.user).hides("product")
    facts = (
        (_("Code"), one.code),
        (_("Price"), formats.money(one.price, one.currency) if one.price is not None and sees_price else ""),
        (_("State"), _("On sale") if one.is_active else _("Not on sale")),
    )
    peek = Peek(one.name, one.line, reverse("product", args=[pk]), facts=facts)
    return _answered(request, peek, deals=open_deals(request.user, one, most=_ENTRIES))


@require_GET
def person(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(User.objects.visible_to(request.user).for_listing(), pk=pk)
    absence = absences.by_person([one], seen_by=request.user).get(pk)
    facts = (
        (_("Team"), one.team.name if one.team else ""),
        (_("Roles"), ", ".join(str(grant.get_role_display()) for grant in one.role_grants.all())),
        (_("Away"), _("until %(day)s") % {"day": formats.day(absence.last_on)} if absence else ""),
        (_("E-mail address"), one.email or ""),
        (_("Language"), str(one.get_language_display())),
        (_("Time zone"), one.time_zone),
        (_("Joined"), formats.day(one.hired_at)),
    )
    return _answered(request, Peek(one.display_name, one.title, reverse("person", args=[pk]), facts=facts))


@require_GET
def block(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Block.objects.visible_to(request.user).for_listing(), pk=pk)
    facts = (
        (_("Reason"), one.reason),
        (_("Blocked by"), one.blocked_by.display_name if one.blocked_by else ""),
        (_("Blocked"), formats.moment(one.blocked_at)),
        (_("Lifted"), formats.moment(one.lifted_at) if one.lifted_at else ""),
        (_("Lifted by"), one.lifted_by.display_name if one.lifted_by else ""),
        (_("Lifted because"), one.lifted_because),
    )
    return _answered(request, Peek(one.shown, str(one.get_kind_display()), reverse("block", args=[pk]), facts=facts))


@require_GET
def entry(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(AuditEntry.objects.visible_to(request.user).for_listing(), pk=pk)
    [line] = audit.lines([one], reader=request.user)
    facts = (
        (_("When"), formats.moment(one.at)),
        (_("Who"), one.actor.display_name if one.actor else "Tasuki"),
        (_("Door"), str(line.door)),
        *((str(change.field), f"{change.before} → {change.after}") for change in line.changes),
    )
    return _answered(request, Peek(f"{line.noun} {one.record_id}", str(line.action), reverse("auditentry", args=[pk]), facts=facts))


def _missing_facts(lead: Lead) -> str:
    """What inside sales does not know yet; of a lead that left inside sales nobody asks any more."""
    if lead.stage_id not in stages.BEFORE_SALES:
        return ""
    return ", ".join(str(fact.label) for fact in qualification.of(lead).missing)


def _reached(request: UserRequest, person: Contact) -> list[tuple[str, str]]:
    hidden = abilities.standing_of(request.user).hides("contact")
    mails = [] if "emails" in hidden else [one.address for one in person.emails.all()[:2]]
    numbers = [] if "phones" in hidden else [phones.display(one.e164) for one in person.phones.all()[:2]]
    return [(_("Mail"), ", ".join(mails)), (_("Telephone"), ", ".join(numbers))]


def _shown(request: UserRequest, peek: Peek, record: Any, **of: Any) -> HttpResponse:
    custom = [(one.name, said.text) for one, said in facts_of(request, record).facts]
    return _answered(request, replace(peek, facts=(*peek.facts, *custom)), tasks=open_tasks(request, **of), **_story(request, **of))


def _story(request: UserRequest, **of: Any) -> dict[str, Any]:
    """What happened last with a record; nothing without one."""
    if not of:
        return {}
    story = timeline(request, **of)
    return {"timeline": story, "entries": story.entries[:_ENTRIES]}


def _answered(request: UserRequest, peek: Peek, **more: Any) -> HttpResponse:
    context = {
        "peek": peek,
        "facts": [(label, text) for label, text in peek.facts if text],
        "tasks": None,
        "timeline": None,
        "deals": None,
        "running": Clock.objects.visible_to(request.user).of_leads([peek.lead.pk]).get(peek.lead.pk) if peek.lead else None,
        "definition": stages.in_force().get(peek.lead.stage_id or "") if peek.lead else None,
        "now": now(),
        "today": localdate(),
        **more,
    }
    return render(request, "records/peek.jinja", context)
