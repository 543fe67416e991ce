"""Erasing a person: it is asked for on the page of their rights, confirmed by a second person, and what was done stays as a list without names."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm.contacts import Contact
from tasuki.relay.personal_data import erasures
from tasuki.relay.personal_data.erasure_rows import Erasure
from tasuki.web import disclosures, toasts
from tasuki.web.erasure_forms import ErasureForm
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

PAGE = 50


@require_POST
def asking(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    form = ErasureForm(request.POST, contact=contact, reader=request.user)
    said = form.cleaned_data if form.is_valid() else {}
    words = {"ground": said.get("ground", ""), "words": said.get("words", ""), "kept_because": said.get("kept_because", "")}
    if not carried_out(form, lambda _said: erasures.ask(contact, kept=list(said.get("kept", ())), by=by(request), at=now(), **words)):
        return disclosures.shown(request, contact, erasure_form=form, status=422)
    toasts.say(request, _("Asked. It is erased when a second person confirms it."))
    return redirect("contact_rights", pk)


@require_POST
def confirmation(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    erasure = get_object_or_404(Erasure.objects.visible_to(request.user), pk=pk)
    erasures.confirm(erasure, by=by(request), at=now())
    toasts.say(request, _("Confirmed. It is being erased."))
    return redirect("erasures")


@require_POST
def withdrawal(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    erasure = get_object_or_404(Erasure.objects.visible_to(request.user), pk=pk)
    erasures.withdraw(erasure, by=by(request), at=now())
    toasts.say(request, _("It is withdrawn."))
    return redirect("contact_rights", erasure.contact_id)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """What was asked for, and what was done: the certificates."""
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    rows = Erasure.objects.visible_to(request.user).for_listing()
    before = record_id(request.GET.get("before", ""))
    window = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    older = f"{reverse('erasures')}?before={window[PAGE - 1].pk}" if len(window) > PAGE else ""
    return render(request, "erasures/list.jinja", {"rows": window[:PAGE], "older": older})
