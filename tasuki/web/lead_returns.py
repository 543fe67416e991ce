"""How a pass that is over comes round again: by another wake rule, or because a disqualified person raised their hand."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_day
from tasuki.crm import leads as lead_verbs
from tasuki.crm.leads import Lead
from tasuki.inside_sales import recycling
from tasuki.inside_sales.holdings import Holding
from tasuki.web import leads
from tasuki.web.exit_forms import HandRaiseForm, RuleForm
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by


@require_POST
def rule(request: UserRequest, pk: int) -> HttpResponse:
    """Another rule for a pass that is held, or one for a pass that was lost: to be won back."""
    lead, form = _found(request, pk), RuleForm(request.POST)
    if not carried_out(form, lambda _said: _ruled(request, lead, form)):
        return leads.shown(request, lead, rule_form=form)
    return done(request, _("It wakes by this rule now."), name="lead", pk=pk)


def _ruled(request: UserRequest, lead: Lead, form: RuleForm) -> Holding:
    at = now()
    return recycling.set_rule(lead, rule=form.rule(the_day(at)), words=form.cleaned_data["note"], by=by(request), at=at)


@require_POST
def hand_raise(request: UserRequest, pk: int) -> HttpResponse:
    """A disqualified person came to us of their own accord: the only way back (R4)."""
    lead, form = _found(request, pk), HandRaiseForm(request.POST)
    following = carried_out(form, lambda said: lead_verbs.raise_hand(lead, words=said["words"], by=by(request), at=now()))
    if not following:
        return leads.shown(request, lead, hand_form=form)
    return done(request, _("They are back: this is their next pass."), name="lead", pk=following.pk)


def _found(request: UserRequest, pk: int) -> Lead:
    abilities.require(request.user, Ability.WORK_LEADS)
    return get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
