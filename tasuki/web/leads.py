"""Leads: the list, the page of one, and every move that it can make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, names
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, records, requirements, stages
from tasuki.crm import merging as merging_verbs
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.crm.merges.rows import Merge
from tasuki.crm.products import Product
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity, Terms
from tasuki.web import moves, new_record
from tasuki.web.allowed_edits import allowed
from tasuki.web.custom_forms import CustomForm
from tasuki.web.custom_values import facts_of
from tasuki.web.known import Ways, answered, tried
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import LEADS
from tasuki.web.records import carried_out, common, done
from tasuki.web.requests import UserRequest, by
from tasuki.web.teams_of import team_for


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, LEADS, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk))


def _shown(request: UserRequest, lead: Lead, **sent: forms.Form) -> HttpResponse:
    """The page of a lead; with a form that was refused, in its place and with the reason."""
    custom = facts_of(request, lead)
    context: dict[str, Any] = {
        "lead": lead,
        "custom": custom,
        "edits": allowed("lead", request.user),
        "person_edits": allowed("contact", request.user),
        "missing": custom.missing_for(requirements.stage_after(lead)),
        "chain": leads.chain(lead),
        "definition": stages.in_force().get(lead.stage_id or ""),
        "following": Lead.objects.visible_to(request.user).filter(previous=lead).first(),
        "opportunity": Opportunity.objects.visible_to(request.user).filter(lead=lead).first(),
        "ownerships": lead.ownerships.select_related("owner", "team").order_by("-from_at", "-pk")[:10],
        "files": lead.files.of_records()[:20],
        "advance_form": moves.AdvanceForm(present=lead.stage_id, allowed=_reachable(lead)),
        "recycle_form": moves.RecycleForm(),
        "lose_form": moves.LoseLeadForm(),
        "disqualify_form": moves.DisqualifyForm(),
        "wake_form": moves.Press(),
        "give_form": moves.GiveForm(reader=request.user, record=lead),
        "merge_form": moves.MergeForm(reader=request.user, lead=lead),
        "accept_form": moves.OpportunityForm(reader=request.user, initial={"currency": the_organisation().currency, "product": lead.product_id}),
        "hidden": abilities.standing_of(request.user).hides("contact"),
        "now": now(),
        **common(request, lead=lead),
        **sent,
        "sent": sent.values(),
    }
    return render(request, "leads/page.jinja", context, status=422 if sent else 200)


def _reachable(lead: Lead) -> tuple[str, ...]:
    """Stages that the lead itself can be moved to: those of sales are reached by its opportunity."""
    return stages.IN_SUCCESS if lead.won_at else stages.BEFORE_SALES


class NewLeadForm(forms.Form):
    full_name = forms.CharField(label=gettext_lazy("Person"), max_length=200)
    email = forms.CharField(label=gettext_lazy("Mail address"), max_length=320, required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=64, required=False)
    account = forms.CharField(label=gettext_lazy("Account"), max_length=200, required=False)
    product = forms.ModelChoiceField(Product.objects.none(), label=gettext_lazy("Product"), required=False, empty_label="–")
    source = forms.CharField(label=gettext_lazy("Source"), max_length=80, required=False)
    origin = forms.ChoiceField(
        label=gettext_lazy("Origin"), choices=[(Origin.INBOUND.value, Origin.INBOUND.label), (Origin.OUTBOUND.value, Origin.OUTBOUND.label)]
    )

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["product"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - says which field it is to the type checker
        field.queryset = Product.objects.visible_to(reader).on_sale().order_by("name")


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """A lead typed in: its person and company are written with it, in one transaction."""
    abilities.require(request.user, Ability.WORK_LEADS)
    form = NewLeadForm(request.POST or None, reader=request.user)
    more, there = new_record.form_of(request, "lead"), None
    if request.method == "POST" and more.is_valid():
        ways = Ways(use=lambda one: new_record.added(request, more, lambda: _captured(request, form.cleaned_data, contact=one)))
        lead, there = tried(request, form, lambda another: _with_more(request, form, more, another=another), ways=ways)
        if lead:
            return answered(request, lead, _("The lead is captured."))
    context = {"form": form, "more": more, "known": there}
    return render(request, "leads/new.jinja", context, status=422 if form.errors or more.errors or there else 200)


def _with_more(request: UserRequest, form: NewLeadForm, more: CustomForm, *, another: str) -> Lead:
    lead: Lead = new_record.added(request, more, lambda: _captured(request, form.cleaned_data, another=another))
    return lead


@transaction.atomic
def _captured(request: UserRequest, said: dict[str, Any], *, contact: Contact | None = None, another: str = "") -> Lead:
    """`contact` is somebody who is known already; `another` says why the person or the company is another than those that are known."""
    at, team = now(), team_for(request.user)
    account = contact.account if contact else None
    if account is None and said["account"].strip():
        known = Account.objects.visible_to(request.user).called(said["account"])
        company = records.Company(said["account"])
        account = known.first() or records.add_account(company, owner=request.user, team=team, another=another, by=by(request), at=at)
    family, given = names.split(said["full_name"])
    person = records.Person(family, given, account=account, email=said["email"], phone=said["phone"], country=the_organisation().country)
    if contact:
        records.supplement_contact(contact, person=person, by=by(request), at=at)
    else:
        contact = records.add_contact(person, another=another, by=by(request), at=at)
    arrival = Arrival(
        team=team, origin=Origin(said["origin"]), contact=contact, account=account, product=said["product"], owner=request.user, source=said["source"]
    )
    return leads.capture(arrival, by=by(request), at=at)


def _found(request: UserRequest, pk: int, ability: Ability = Ability.WORK_LEADS) -> Lead:
    abilities.require(request.user, ability)
    return get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)


def _ending(lead: Lead, verb: Callable[..., Passage], **said: Any) -> Passage:
    """End a pass, unless a deal would be left behind."""
    opportunities.refuse_while_open(lead)
    return verb(lead, **said)


@require_POST
def advance(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk)
    form = moves.AdvanceForm(request.POST, present=lead.stage_id, allowed=_reachable(lead))
    if not carried_out(form, lambda said: leads.advance(lead, to=said["to"], by=by(request), at=now())):
        return _shown(request, lead, advance_form=form)
    return done(request, _("The lead has moved on."), name="lead", pk=pk)


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.RecycleForm(request.POST)
    if not carried_out(form, lambda said: _ending(lead, leads.recycle, by=by(request), at=now(), **said)):
        return _shown(request, lead, recycle_form=form)
    return done(request, _("The lead is recycled. It wakes by its rule."), name="lead", pk=pk)


@require_POST
def waking(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.Press(request.POST)
    following = carried_out(form, lambda _said: leads.wake(lead, by=by(request), at=now()))
    if not following:
        return _shown(request, lead, wake_form=form)
    return done(request, _("The lead is awake: this is its next pass."), name="lead", pk=following.pk)


@require_POST
def loss(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.LoseLeadForm(request.POST)
    if not carried_out(form, lambda said: _ending(lead, leads.lose, reason=said["because"], by=by(request), at=now())):
        return _shown(request, lead, lose_form=form)
    return done(request, _("The lead is closed as lost."), name="lead", pk=pk)


@require_POST
def disqualification(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.DisqualifyForm(request.POST)
    if not carried_out(form, lambda said: _ending(lead, leads.disqualify, reason=said["reason"], by=by(request), at=now())):
        return _shown(request, lead, disqualify_form=form)
    return done(request, _("The lead is disqualified."), name="lead", pk=pk)


@require_POST
def merging(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk, Ability.MERGE_RECORDS)
    form = moves.MergeForm(request.POST, reader=request.user, lead=lead)
    if not carried_out(form, lambda said: _merged(lead, said["into"], request)):
        return _shown(request, lead, merge_form=form)
    return done(request, _("The lead is merged into this one."), name="lead", pk=form.cleaned_data["into"].pk)


def _merged(lead: Lead, into: Lead, request: UserRequest) -> Merge:
    opportunities.refuse_while_open(lead)
    return merging_verbs.merge(into, others=[lead], by=by(request), at=now())


@require_POST
def owner(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk, Ability.ASSIGN_OWNERS)
    form = moves.GiveForm(request.POST, reader=request.user, record=lead)
    if not carried_out(form, lambda _said: leads.give(lead, by=by(request), at=now(), **form.given())):
        return _shown(request, lead, give_form=form)
    return done(request, _("The lead has a new owner."), name="lead", pk=pk)


@require_POST
def acceptance(request: UserRequest, pk: int) -> HttpResponse:
    """Sales takes the meeting over: the opportunity opens, and the one who accepts carries it."""
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    lead, form = _found(request, pk), moves.OpportunityForm(request.POST, reader=request.user)
    opportunity = carried_out(form, lambda said: _accepted(request, lead, moves.terms_of(said)))
    if not opportunity:
        return _shown(request, lead, accept_form=form)
    return done(request, _("Accepted: the opportunity is open."), name="opportunity", pk=opportunity.pk)


def _accepted(request: UserRequest, lead: Lead, terms: Terms) -> Opportunity:
    acceptance = Acceptance(owner=request.user, team=team_for(request.user), name=terms.name, product=terms.product, money=terms.money, close_on=terms.close_on)
    return opportunities.accept(lead, terms=acceptance, by=by(request), at=now())
