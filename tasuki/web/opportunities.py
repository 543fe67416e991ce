"""Opportunities: the list, the page of one, and its moves."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import leads, stages
from tasuki.crm.stages import StageDefinition
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tasuki.web import lists, moves
from tasuki.web.records import common, done, valid
from tasuki.web.requests import UserRequest, by

SORTS = (
    lists.Sort("newest", gettext_lazy("newest first"), "opened_at", falling=True),
    lists.Sort("oldest", gettext_lazy("oldest first"), "opened_at"),
)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    tabs = (
        lists.Tab("", gettext_lazy("Open"), Q(closed_at__isnull=True)),
        lists.Tab("mine", gettext_lazy("Mine"), Q(owner=request.user)),
        lists.Tab("pipeline", gettext_lazy("Pipeline"), Q(closed_at__isnull=True, lead__stage__in=stages.IN_PIPELINE)),
        lists.Tab("won", gettext_lazy("Won"), Q(won_at__isnull=False)),
        lists.Tab("lost", gettext_lazy("Lost"), ~Q(lost_because="")),
        lists.Tab("all", gettext_lazy("All"), Q()),
    )
    spec = lists.Spec(SORTS, tabs, ("name", "lead__account__name", "lead__contact__family_name", "reference"))
    rows = Opportunity.objects.visible_to(request.user).for_listing()
    hidden = abilities.standing_of(request.user).hides("opportunity")
    return render(request, "opportunities/list.jinja", {"page": lists.page(request, rows, spec), "hidden": hidden, "now": now()})


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    opportunity = get_object_or_404(Opportunity.objects.visible_to(request.user).for_page(), pk=pk)
    lead = opportunity.lead
    context = {
        "opportunity": opportunity,
        "lead": lead,
        "chain": leads.chain(lead),
        "definition": StageDefinition.objects.filter(stage=lead.stage_id).order_by("-version").first() if lead.stage_id else None,
        "advance_form": moves.AdvanceForm(present=lead.stage_id, allowed=stages.IN_SALES),
        "recycle_form": moves.RecycleForm(),
        "lose_form": moves.LoseForm(),
        "hidden": abilities.standing_of(request.user).hides("opportunity"),
        "now": now(),
        **common(request, lead=lead),
    }
    return render(request, "opportunities/page.jinja", context)


def _mine(request: UserRequest, pk: int) -> Opportunity:
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    return get_object_or_404(Opportunity.objects.visible_to(request.user).for_page(), pk=pk)


@require_POST
def advance(request: UserRequest, pk: int) -> HttpResponse:
    opportunity = _mine(request, pk)
    form = moves.AdvanceForm(request.POST, present=opportunity.lead.stage_id, allowed=stages.IN_SALES)
    if not valid(request, form):
        return redirect("opportunity", pk)
    opportunities.advance(opportunity, to=form.cleaned_data["to"], by=by(request), at=now())
    return done(request, _("The opportunity has moved on."), name="opportunity", pk=pk)


@require_POST
def win(request: UserRequest, pk: int) -> HttpResponse:
    opportunities.win(_mine(request, pk), by=by(request), at=now())
    return done(request, _("Won. The customer is in onboarding now."), name="opportunity", pk=pk)


@require_POST
def loss(request: UserRequest, pk: int) -> HttpResponse:
    opportunity, form = _mine(request, pk), moves.LoseForm(request.POST)
    if not valid(request, form):
        return redirect("opportunity", pk)
    said = form.cleaned_data
    opportunities.lose(opportunity, because=LostBecause(said["because"]), lost_to=said["lost_to"], by=by(request), at=now())
    return done(request, _("The opportunity is closed as lost."), name="opportunity", pk=pk)


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    opportunity, form = _mine(request, pk), moves.RecycleForm(request.POST)
    if not valid(request, form):
        return redirect("opportunity", pk)
    opportunities.recycle(opportunity, by=by(request), at=now(), **form.cleaned_data)
    return done(request, _("The lead is recycled. It wakes by its rule."), name="opportunity", pk=pk)
