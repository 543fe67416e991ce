"""Leads: the list, the page of one, and every move that it can make."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, names
from tasuki.core.abilities import Ability
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, matching, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.products import Product
from tasuki.crm.stages import StageDefinition
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tasuki.web import lists, moves
from tasuki.web.records import common, done, valid
from tasuki.web.requests import UserRequest, by
from tasuki.web.teams_of import team_for

SORTS = (
    lists.Sort("newest", gettext_lazy("newest first"), "opened_at", falling=True),
    lists.Sort("oldest", gettext_lazy("oldest first"), "opened_at"),
    lists.Sort("waiting", gettext_lazy("longest in its stage"), "stage_since"),
)


def spec(request: UserRequest) -> lists.Spec:
    in_leg = {leg: tuple(key for key in stages.ORDER if key in keys) for leg, keys in (("marketing", stages.ORDER[:3]), ("inside_sales", stages.ORDER[3:6]))}
    tabs = (
        lists.Tab("", gettext_lazy("In process"), Q(stage__isnull=False, won_at__isnull=True)),
        lists.Tab("mine", gettext_lazy("Mine"), Q(owner=request.user)),
        lists.Tab("ready", gettext_lazy("Ready"), Q(stage=stages.READY)),
        lists.Tab("marketing", gettext_lazy("Marketing"), Q(stage__in=in_leg["marketing"])),
        lists.Tab("inside_sales", gettext_lazy("Inside sales"), Q(stage__in=in_leg["inside_sales"])),
        lists.Tab("recycled", gettext_lazy("Recycled"), Q(ended_as="recycled")),
        lists.Tab("all", gettext_lazy("All"), Q()),
    )
    searched = ("contact__family_name", "contact__given_name", "account__name", "reference")
    return lists.Spec(SORTS, tabs, searched, filters=("source", "segment", "stage"))


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    rows = Lead.objects.visible_to(request.user).for_listing()
    return render(request, "leads/list.jinja", {"page": lists.page(request, rows, spec(request)), "now": now()})


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    definition = StageDefinition.objects.filter(stage=lead.stage_id).order_by("-version").first() if lead.stage_id else None
    context: dict[str, Any] = {
        "lead": lead,
        "chain": leads.chain(lead),
        "definition": definition,
        "following": Lead.objects.visible_to(request.user).filter(previous=lead).first(),
        "opportunity": Opportunity.objects.visible_to(request.user).filter(lead=lead).first(),
        "ownerships": lead.ownerships.select_related("owner", "team").order_by("-from_at", "-pk")[:10],
        "files": lead.files.order_by("-pk")[:20],
        "advance_form": moves.AdvanceForm(present=lead.stage_id, allowed=stages.BEFORE_SALES),
        "recycle_form": moves.RecycleForm(),
        "reason_form": moves.ReasonForm(),
        "give_form": moves.GiveForm(reader=request.user, initial={"owner": lead.owner_id, "team": lead.team_id}),
        "merge_form": moves.MergeForm(),
        "accept_form": moves.OpportunityForm(initial={"currency": the_organisation().currency}),
        "hidden": abilities.standing_of(request.user).hides("contact"),
        "now": now(),
        **common(request, lead=lead),
    }
    return render(request, "leads/page.jinja", context)


class NewLeadForm(forms.Form):
    full_name = forms.CharField(label=gettext_lazy("Person"), max_length=200)
    email = forms.CharField(label=gettext_lazy("Mail address"), max_length=320, required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=64, required=False)
    account = forms.CharField(label=gettext_lazy("Account"), max_length=200, required=False)
    product = forms.ModelChoiceField(Product.objects.none(), label=gettext_lazy("Product"), required=False)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=80, required=False)
    origin = forms.ChoiceField(
        label=gettext_lazy("Origin"), choices=[(Origin.INBOUND.value, Origin.INBOUND.label), (Origin.OUTBOUND.value, Origin.OUTBOUND.label)]
    )

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["product"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - says which field it is to the type checker
        field.queryset = Product.objects.visible_to(reader).order_by("name")


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """A lead typed in: its person and company are written with it, in one transaction."""
    abilities.require(request.user, Ability.WORK_LEADS)
    form = NewLeadForm(request.POST or None, reader=request.user)
    if request.method == "POST" and form.is_valid():
        lead = _captured(request, form.cleaned_data)
        return done(request, _("The lead is captured."), name="lead", pk=lead.pk)
    return render(request, "leads/new.jinja", {"form": form}, status=422 if form.errors else 200)


@transaction.atomic
def _captured(request: UserRequest, said: dict[str, Any]) -> Lead:
    at, team = now(), team_for(request.user)
    account = None
    if said["account"].strip():
        folded = matching.fold_company(said["account"])
        account = Account.objects.visible_to(request.user).filter(folded_name=folded).first() or records.add_account(
            records.Company(said["account"]), owner=request.user, team=team, by=by(request), at=at
        )
    family, given = names.split(said["full_name"])
    person = records.Person(family, given, account=account, email=said["email"], phone=said["phone"], country=the_organisation().country)
    contact = records.add_contact(person, by=by(request), at=at)
    arrival = Arrival(
        team=team, origin=Origin(said["origin"]), contact=contact, account=account, product=said["product"], owner=request.user, source=said["source"]
    )
    return leads.capture(arrival, by=by(request), at=at)


def _mine(request: UserRequest, pk: int, ability: Ability = Ability.WORK_LEADS) -> Lead:
    abilities.require(request.user, ability)
    return get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)


@require_POST
def advance(request: UserRequest, pk: int) -> HttpResponse:
    lead = _mine(request, pk)
    form = moves.AdvanceForm(request.POST, present=lead.stage_id, allowed=stages.BEFORE_SALES)
    if not valid(request, form):
        return redirect("lead", pk)
    leads.advance(lead, to=form.cleaned_data["to"], by=by(request), at=now())
    return done(request, _("The lead has moved on."), name="lead", pk=pk)


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _mine(request, pk), moves.RecycleForm(request.POST)
    if not valid(request, form):
        return redirect("lead", pk)
    leads.recycle(lead, by=by(request), at=now(), **form.cleaned_data)
    return done(request, _("The lead is recycled. It wakes by its rule."), name="lead", pk=pk)


@require_POST
def waking(request: UserRequest, pk: int) -> HttpResponse:
    following = leads.wake(_mine(request, pk), by=by(request), at=now())
    return done(request, _("The lead is awake: this is its next pass."), name="lead", pk=following.pk)


@require_POST
def disqualification(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _mine(request, pk), moves.ReasonForm(request.POST)
    if not valid(request, form):
        return redirect("lead", pk)
    leads.disqualify(lead, reason=form.cleaned_data["reason"], by=by(request), at=now())
    return done(request, _("The lead is disqualified."), name="lead", pk=pk)


@require_POST
def merging(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _mine(request, pk, Ability.MERGE_RECORDS), moves.MergeForm(request.POST)
    if not valid(request, form):
        return redirect("lead", pk)
    survivor = form.survivor(request.user)
    if survivor is None:
        raise leads.CannotMerge
    leads.merge(lead, into=survivor, by=by(request), at=now())
    return done(request, _("The lead is merged into this one."), name="lead", pk=survivor.pk)


@require_POST
def owner(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _mine(request, pk, Ability.ASSIGN_OWNERS), moves.GiveForm(request.POST, reader=request.user)
    if not valid(request, form):
        return redirect("lead", pk)
    said = form.cleaned_data
    leads.give(lead, to=said["owner"], team=said["team"], reason=said["reason"], by=by(request), at=now())
    return done(request, _("The lead has a new owner."), name="lead", pk=pk)


@require_POST
def acceptance(request: UserRequest, pk: int) -> HttpResponse:
    """Sales takes the meeting over: the opportunity opens, and the one who accepts carries it."""
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    lead, form = _mine(request, pk), moves.OpportunityForm(request.POST)
    if not valid(request, form):
        return redirect("lead", pk)
    said = form.cleaned_data
    currency = said["currency"] or the_organisation().currency
    money = Money(said["amount"], currency) if said["amount"] is not None else None
    terms = Acceptance(owner=request.user, team=team_for(request.user), name=said["name"], money=money, close_on=said["close_on"])
    opportunity = opportunities.accept(lead, terms=terms, by=by(request), at=now())
    return done(request, _("Accepted: the opportunity is open."), name="opportunity", pk=opportunity.pk)
