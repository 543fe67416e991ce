"""Opportunities: the list, the page of one, and its moves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.custom_fields import definitions
from tasuki.crm import exit_reasons, leads, requirements, stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tasuki.web import moves
from tasuki.web.allowed_edits import allowed
from tasuki.web.custom_values import facts_of, missing_for
from tasuki.web.exit_forms import RecycleForm
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import OPPORTUNITIES
from tasuki.web.records import carried_out, common, done, owners_of
from tasuki.web.requests import UserRequest, by


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, OPPORTUNITIES, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, get_object_or_404(Opportunity.objects.visible_to(request.user).for_page(), pk=pk))


def _shown(request: UserRequest, opportunity: Opportunity, **sent: forms.Form) -> HttpResponse:
    """The page of a deal; with a form that was refused, in its place and with the reason."""
    lead = opportunity.lead
    custom, after = facts_of(request, opportunity), requirements.stage_after(lead)
    context = {
        "opportunity": opportunity,
        "custom": custom,
        "edits": allowed("opportunity", request.user),
        "missing": [*custom.missing_for(after), *missing_for(after, lead, definitions.seen_by(request.user, "lead"))],
        "lead": lead,
        "chain": leads.chain(lead),
        "definitions": stages.in_force(),
        "in_sales": stages.IN_SALES,
        "advance_form": moves.AdvanceForm(present=lead.stage_id, allowed=stages.IN_SALES),
        "change_form": moves.DealForm(reader=request.user, record=opportunity),
        "win_form": moves.Press(),
        "recycle_form": RecycleForm(stage=lead.stage_id),
        "lose_form": moves.LoseForm(),
        "give_form": moves.GiveForm(reader=request.user, record=opportunity),
        "ownerships": owners_of(lead),
        "hidden": abilities.standing_of(request.user).hides("opportunity"),
        "today": localdate(),
        "now": now(),
        "may_follow": Lead.objects.visible_to(request.user).filter(pk=lead.pk).exists(),
        **common(request, lead=lead),
        **sent,
        "sent": sent.values(),
    }
    return render(request, "opportunities/page.jinja", context, status=422 if sent else 200)


def _found(request: UserRequest, pk: int, ability: Ability = Ability.WORK_OPPORTUNITIES) -> Opportunity:
    abilities.require(request.user, ability)
    return get_object_or_404(Opportunity.objects.visible_to(request.user).for_page(), pk=pk)


@require_POST
def advance(request: UserRequest, pk: int) -> HttpResponse:
    opportunity = _found(request, pk)
    form = moves.AdvanceForm(request.POST, present=opportunity.lead.stage_id, allowed=stages.IN_SALES)
    if not carried_out(form, lambda said: opportunities.advance(opportunity, to=said["to"], by=by(request), at=now())):
        return _shown(request, opportunity, advance_form=form)
    return done(request, _("The opportunity has moved on."), name="opportunity", pk=pk)


@require_POST
def terms(request: UserRequest, pk: int) -> HttpResponse:
    """What is known of the deal: its name, product, amount and expected close date."""
    opportunity = _found(request, pk)
    form = moves.DealForm(request.POST, reader=request.user, record=opportunity)
    if not carried_out(form, lambda _said: opportunities.change(opportunity, said=form.said(), seen=form.seen, by=by(request), at=now())):
        return _shown(request, opportunity, change_form=form)
    return done(request, _("The opportunity is changed."), name="opportunity", pk=pk)


@require_POST
def win(request: UserRequest, pk: int) -> HttpResponse:
    opportunity, form = _found(request, pk), moves.Press(request.POST)
    if not carried_out(form, lambda _said: opportunities.win(opportunity, by=by(request), at=now())):
        return _shown(request, opportunity, win_form=form)
    return done(request, _("Won. The customer is in onboarding now."), name="opportunity", pk=pk)


@require_POST
def loss(request: UserRequest, pk: int) -> HttpResponse:
    opportunity, form = _found(request, pk), moves.LoseForm(request.POST)
    if not carried_out(form, lambda said: _lost(request, opportunity, said)):
        return _shown(request, opportunity, lose_form=form)
    return done(request, _("The opportunity is closed as lost."), name="opportunity", pk=pk)


def _lost(request: UserRequest, opportunity: Opportunity, said: dict[str, Any]) -> Passage:
    return opportunities.lose(opportunity, because=LostBecause(said["because"]), lost_to=said["lost_to"], by=by(request), at=now())


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    opportunity = _found(request, pk)
    form = RecycleForm(request.POST, stage=opportunity.lead.stage_id)
    if not carried_out(form, lambda said: opportunities.recycle(opportunity, by=by(request), at=now(), **exit_reasons.recycled_as(said, at=now()))):
        return _shown(request, opportunity, recycle_form=form)
    return done(request, _("The lead is recycled. It wakes by its rule."), name="opportunity", pk=pk)


@require_POST
def owner(request: UserRequest, pk: int) -> HttpResponse:
    opportunity = _found(request, pk, Ability.ASSIGN_OWNERS)
    form = moves.GiveForm(request.POST, reader=request.user, record=opportunity)
    if not carried_out(form, lambda _said: opportunities.hand_over(opportunity, by=by(request), at=now(), **form.given())):
        return _shown(request, opportunity, give_form=form)
    return done(request, _("The opportunity has a new owner."), name="opportunity", pk=pk)
