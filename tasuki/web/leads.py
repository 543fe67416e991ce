"""Leads: the list, the page of one, and every move that it can make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, names
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.crm import barred, exit_reasons, lead_companies, leads, records, requirements, stages
from tasuki.crm import merging as merging_verbs
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, Contact
from tasuki.crm.duplicates import AlreadyKnown, Key, Match
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.crm.merges.rows import Merge
from tasuki.crm.products import Product
from tasuki.crm.scoring import scores
from tasuki.engage import mail, touches
from tasuki.inside_sales import holdings, qualification
from tasuki.inside_sales import recycling as recycling_verbs
from tasuki.relay import handoffs
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity, Terms
from tasuki.web import meetings, moves, new_record
from tasuki.web.allowed_edits import allowed
from tasuki.web.custom_forms import CustomForm
from tasuki.web.custom_values import facts_of
from tasuki.web.exit_forms import DisqualifyForm, HandRaiseForm, RecycleForm, RuleForm
from tasuki.web.inside_sales import enrolments
from tasuki.web.inside_sales.facts import may_learn
from tasuki.web.inside_sales.routing import routed
from tasuki.web.known import Ways, answered, tried
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import LEADS
from tasuki.web.records import carried_out, common, done, owners_of
from tasuki.web.requests import UserRequest, by
from tasuki.web.teams_of import team_for
from tasuki.web.typed_fields import typed


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, LEADS, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return shown(request, get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk))


def shown(request: UserRequest, lead: Lead, **sent: forms.Form) -> HttpResponse:
    """The page of a lead; with a form that was refused, in its place and with the reason."""
    custom = facts_of(request, lead)
    score = scores.score_of(lead)
    context: dict[str, Any] = {
        "lead": lead,
        "custom": custom,
        "edits": allowed("lead", request.user),
        "person_edits": allowed("contact", request.user),
        "missing": custom.missing_for(requirements.stage_after(lead)),
        "chain": leads.chain(lead),
        "qualification": qualification.of(lead),
        "may_learn": may_learn(request, lead),
        **_handed_off(request, lead),
        "may_mail": lead.stage_id is not None and lead.contact_id is not None and not barred.is_erased(lead) and mail.may_write(request.user),
        "definition": stages.in_force().get(lead.stage_id or ""),
        "following": Lead.objects.visible_to(request.user).filter(previous=lead).first(),
        "opportunity": Opportunity.objects.visible_to(request.user).filter(lead=lead).first(),
        "ownerships": owners_of(lead),
        "score": score,
        **routed(request, lead),
        **enrolments.of_lead(request, lead),
        "touch_form": moves.TouchForm(),
        "score_reasons": scores.reasons_of([score])[lead.pk] if score else [],
        "advance_form": moves.AdvanceForm(present=lead.stage_id, allowed=_reachable(lead)),
        "recycle_form": RecycleForm(stage=lead.stage_id),
        "lose_form": moves.LoseLeadForm(),
        "disqualify_form": DisqualifyForm(stage=lead.stage_id),
        "wake_form": moves.Press(),
        "holding": holdings.of(lead),
        "rule_form": RuleForm(),
        "hand_form": HandRaiseForm(),
        "give_form": moves.GiveForm(reader=request.user, record=lead),
        "merge_form": moves.MergeForm(reader=request.user, lead=lead),
        "accept_form": moves.OpportunityForm(reader=request.user, initial={"currency": the_organisation().currency, "product": lead.product_id}),
        "hidden": abilities.standing_of(request.user).hides("contact"),
        "now": now(),
        **meetings.of_lead(request, lead),
        **common(request, lead=lead),
        **sent,
        "sent": sent.values(),
    }
    return render(request, "leads/page.jinja", context, status=422 if sent else 200)


def _handed_off(request: UserRequest, lead: Lead) -> dict[str, Any]:
    """The offer that waits, or the last one; and whether this person may take the lead up, or has to offer it."""
    last = Handoff.objects.visible_to(request.user).filter(lead=lead).for_listing().order_by("-pk").first()
    is_offered = last is not None and last.is_open
    may_offer = lead.stage_id in stages.BEFORE_SALES and not is_offered
    may_take_up = lead.stage_id in stages.BEFORE_SALES and (
        handoffs.may_answer(last, request.user) if last and is_offered else not handoffs.passed_inside_sales(lead) or handoffs.stands_alone(request.user)
    )
    return {"handoff": last, "may_offer": may_offer, "may_take_up": may_take_up}


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
        field = typed(self.fields["product"], forms.ModelChoiceField)
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
    at, team, domain = now(), team_for(request.user), ""
    account = contact.account if contact else None
    if account is None and said["account"].strip():
        known = Account.objects.visible_to(request.user).called(said["account"])
        company = records.Company(said["account"])
        account = known.first() or records.add_account(company, owner=request.user, team=team, another=another, by=by(request), at=at)
    elif account is None:
        account, domain = _company_of_the_mail(request, said["email"] or (contact.main_email if contact else ""), another=another)
    family, given = names.split(said["full_name"])
    person = records.Person(family, given, account=account, email=said["email"], phone=said["phone"], country=the_organisation().country)
    if contact:
        records.supplement_contact(contact, person=person, by=by(request), at=at)
    else:
        contact = records.add_contact(person, another=another, by=by(request), at=at)
    arrival = Arrival(
        team=team, origin=Origin(said["origin"]), contact=contact, account=account, product=said["product"], owner=request.user, source=said["source"]
    )
    lead = leads.capture(arrival, by=by(request), at=at)
    lead_companies.note(lead, domain=domain, at=at)
    return lead


def _company_of_the_mail(request: UserRequest, address: str, *, another: str) -> tuple[Account | None, str]:
    """The company that the domain of the address names, and the domain. Of one that the person must not see they learn no more than of any that
    they would type: who carries it, to be asked. Whoever says why theirs is another goes on without. Raises AlreadyKnown."""
    found = lead_companies.of_addresses([address])
    if found is None or Account.objects.visible_to(request.user).filter(pk=found[0].pk).exists():
        return found or (None, "")
    if not another:
        raise AlreadyKnown("account", [Match(found[0].pk, (Key.DOMAIN,))])
    return None, ""


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
        return shown(request, lead, advance_form=form)
    return done(request, _("The lead has moved on."), name="lead", pk=pk)


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk)
    form = RecycleForm(request.POST, stage=lead.stage_id)
    if not carried_out(form, lambda said: _ending(lead, leads.recycle, by=by(request), at=now(), **exit_reasons.recycled_as(said, at=now()))):
        return shown(request, lead, recycle_form=form)
    return _left(request, _("The lead is recycled. It wakes by its rule."), pk=pk)


def _left(request: UserRequest, sentence: str, *, pk: int) -> HttpResponse:
    """To the page of the lead; whoever does not see it any more, now that a queue holds it, goes on with the list."""
    if Lead.objects.visible_to(request.user).filter(pk=pk).exists():
        return done(request, sentence, name="lead", pk=pk)
    messages.success(request, sentence)
    return redirect("leads")


@require_POST
def waking(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.Press(request.POST)
    following = carried_out(form, lambda _said: recycling_verbs.wake(lead, by=by(request), at=now()))
    if not following:
        return shown(request, lead, wake_form=form)
    return done(request, _("The lead is awake: this is its next pass."), name="lead", pk=following.pk)


@require_POST
def loss(request: UserRequest, pk: int) -> HttpResponse:
    lead, form = _found(request, pk), moves.LoseLeadForm(request.POST)
    if not carried_out(form, lambda said: _ending(lead, leads.lose, reason=said["because"], by=by(request), at=now())):
        return shown(request, lead, lose_form=form)
    return done(request, _("The lead is closed as lost."), name="lead", pk=pk)


@require_POST
def disqualification(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk)
    form = DisqualifyForm(request.POST, stage=lead.stage_id)
    if not carried_out(form, lambda said: _ending(lead, leads.disqualify, by=by(request), at=now(), **exit_reasons.disqualified_as(said))):
        return shown(request, lead, disqualify_form=form)
    return done(request, _("The lead is disqualified."), name="lead", pk=pk)


@require_POST
def merging(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk, Ability.MERGE_RECORDS)
    form = moves.MergeForm(request.POST, reader=request.user, lead=lead)
    if not carried_out(form, lambda said: _merged(lead, said["into"], request)):
        return shown(request, lead, merge_form=form)
    return done(request, _("The lead is merged into this one."), name="lead", pk=form.cleaned_data["into"].pk)


def _merged(lead: Lead, into: Lead, request: UserRequest) -> Merge:
    opportunities.refuse_while_open(lead)
    return merging_verbs.merge(into, others=[lead], by=by(request), at=now())


@require_POST
def owner(request: UserRequest, pk: int) -> HttpResponse:
    lead = _found(request, pk, Ability.ASSIGN_OWNERS)
    form = moves.GiveForm(request.POST, reader=request.user, record=lead)
    if not carried_out(form, lambda _said: leads.give(lead, by=by(request), at=now(), **form.given())):
        return shown(request, lead, give_form=form)
    return done(request, _("The lead has a new owner."), name="lead", pk=pk)


@require_POST
def attempts(request: UserRequest, pk: int) -> HttpResponse:
    """Somebody tried to reach the person: it is written down, and the clock of the first answer stops."""
    lead, form = _found(request, pk), moves.TouchForm(request.POST)
    if not carried_out(form, lambda said: touches.touch(lead, channel=Channel(said["channel"]), words=said["words"], by=by(request), at=now())):
        return shown(request, lead, touch_form=form)
    return done(request, _("The attempt is written down."), name="lead", pk=pk)


@require_POST
def acceptance(request: UserRequest, pk: int) -> HttpResponse:
    """Sales takes over what is offered to it, or what inside sales never had: the opportunity opens, and the one who accepts carries it."""
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    lead, form = _found(request, pk), moves.OpportunityForm(request.POST, reader=request.user)
    opportunity = carried_out(form, lambda said: _accepted(request, lead, moves.terms_of(said)))
    if not opportunity:
        return shown(request, lead, accept_form=form)
    return done(request, _("Accepted: the opportunity is open."), name="opportunity", pk=opportunity.pk)


def _accepted(request: UserRequest, lead: Lead, terms: Terms) -> Opportunity:
    return handoffs.take_up(lead, terms=terms, owner=request.user, team=team_for(request.user), by=by(request), at=now())
