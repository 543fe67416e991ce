"""A lead in sequences: enrolled, paused, going on, stopped; and what of it stands on the page of the lead."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.engage.sequences import enrolling, leaving
from tasuki.engage.sequences.enrolments import Enrolment
from tasuki.web import toasts
from tasuki.web.enrol_form import EnrolForm
from tasuki.web.inside_sales.sequence_forms import PauseForm
from tasuki.web.records import carried_out, next_page, valid
from tasuki.web.requests import UserRequest, by

_MOST_SHOWN = 5


def of_lead(request: UserRequest, lead: Lead) -> dict[str, Any]:
    """The sequences that the lead has been in, latest first, with the steps that were taken; and the forms of whoever may act."""
    rows = Enrolment.objects.visible_to(request.user).filter(lead=lead).select_related("sequence", "version", "next_step", "enrolled_by")
    found = list(rows.prefetch_related("deeds__step", "deeds__variant", "deeds__done_by").newest_first()[:_MOST_SHOWN])
    is_running = bool(found) and found[0].is_running
    may = abilities.can(request.user, Ability.WORK_LEADS)
    may_enrol = may and not is_running and lead.contact_id is not None and lead.won_at is None and lead.stage_id in stages.BEFORE_SALES
    form = EnrolForm(reader=request.user) if may_enrol else None
    return {
        "enrolments": found,
        "enrol_form": form if form and form.fields["sequence"].queryset.exists() else None,  # type: ignore[attr-defined]  # of a choice of records
        "pause_form": PauseForm() if may and is_running else None,
    }


@require_POST
def enrol(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    form = EnrolForm(request.POST, reader=request.user)
    if valid(request, form):
        member = enrolling.enrol(lead, into=form.cleaned_data["sequence"], by=by(request), at=now())
        toasts.say(request, _("Enrolled in “%(name)s”.") % {"name": member.sequence.name})
    return redirect("lead", pk)


@require_POST
def pausing(request: UserRequest, pk: int) -> HttpResponse:
    member, form = _found(request, pk), PauseForm(request.POST)
    if carried_out(form, lambda _said: leaving.pause(member, until=form.until(request.user), by=by(request), at=now())) is None:
        valid(request, form)
    return _back(request, member)


@require_POST
def resuming(request: UserRequest, pk: int) -> HttpResponse:
    member = _found(request, pk)
    leaving.resume(member, by=by(request), at=now())
    return _back(request, member)


@require_POST
def stopping(request: UserRequest, pk: int) -> HttpResponse:
    member = _found(request, pk)
    leaving.stop(member, by=by(request), at=now())
    toasts.say(request, _("Stopped: nothing of the sequence happens any more."))
    return _back(request, member)


def _found(request: UserRequest, pk: int) -> Enrolment:
    abilities.require(request.user, Ability.WORK_LEADS)
    return get_object_or_404(Enrolment.objects.visible_to(request.user).select_related("lead"), pk=pk)


def _back(request: UserRequest, member: Enrolment) -> HttpResponse:
    address = next_page(request.POST.get("next", ""))
    return redirect(address) if address else redirect("lead", member.lead_id)
