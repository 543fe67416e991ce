"""Quick add: a few fields, from wherever one is, with what is known from there filled in.

What has a form of its own (a lead, an account, a contact) is sent to that form's address: so everything that is asked, checked and
warned of there holds here too. A task, a note and an opportunity are written here. `after` says where to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, notes, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Origin
from tasuki.relay import handoffs
from tasuki.sales.opportunities import Opportunity, Terms
from tasuki.web.quick_kinds import KINDS, Here, Kind, here_of, likely, offered
from tasuki.web.records import added, carried_out
from tasuki.web.requests import UserRequest, by, is_htmx
from tasuki.web.teams_of import team_for


@require_GET
def first(request: UserRequest) -> HttpResponse:
    """What one most likely adds from where one is."""
    here = here_of(request.user, request.GET.get("from", ""))
    return _shown(request, likely(offered(request.user, here), here), here)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, key: str) -> HttpResponse:
    here = here_of(request.user, request.POST.get("next", "") or request.GET.get("from", ""))
    kind = next((kind for kind in KINDS if kind.key == key), None)
    if kind is None or (request.method == "POST" and kind.full):
        raise Http404
    for ability in kind.needs:
        abilities.require(request.user, ability)
    kinds = offered(request.user, here)
    if request.method == "GET" or kind not in kinds:
        # A note wants a record: from a page without one there is something else to add.
        return _shown(request, kind if kind in kinds else likely(kinds, here), here)
    form = kind.form(request, here)
    answer = carried_out(form, lambda _said: _WRITTEN[kind.key](request, here, form))
    return answer or _shown(request, kind, here, form=form)


def _shown(request: UserRequest, kind: Kind, here: Here, *, form: forms.Form | None = None) -> HttpResponse:
    """The page, or the same form for the dialog that asked for it; with a form that was refused, what was typed."""
    status = 422 if form and form.errors else 200
    form = form or kind.form(request, here)
    # The page below the dialog may hold the same form.
    form.auto_id = "quick-%s"
    for name, field in form.fields.items():
        if name not in kind.fields:
            field.widget = forms.HiddenInput()
    context = {
        "kind": kind,
        "here": here,
        "form": form,
        "action": reverse(kind.full) if kind.full else reverse("quick_add", args=[kind.key]),
        "tabs": [(one, f"{reverse('quick_add', args=[one.key])}?{urlencode({'from': here.address})}") for one in offered(request.user, here)],
    }
    return render(request, "quick_add/fragment.jinja" if is_htmx(request) else "quick_add/page.jinja", context, status=status)


def _task(request: UserRequest, here: Here, form: Any) -> HttpResponse:
    task = tasks.add(form.task(request.user, **here.about), by=by(request), at=now())
    return added(request, _("The task is added."), kind="task", href=reverse("task", args=[task.pk]))


def _note(request: UserRequest, here: Here, form: forms.Form) -> HttpResponse:
    notes.write(form.cleaned_data["text"], by=by(request), at=now(), **here.about)
    return added(request, _("The note is kept."), kind="note")


def _opportunity(request: UserRequest, here: Here, form: forms.Form) -> HttpResponse:
    opportunity = _opened(request, here, form.cleaned_data)
    return added(request, _("The opportunity is open."), kind="opportunity", href=reverse("opportunity", args=[opportunity.pk]))


@transaction.atomic
def _opened(request: UserRequest, here: Here, said: dict[str, Any]) -> Opportunity:
    """The deal of the lead one looks at; without one, sales found it itself: then its lead is captured in the same moment."""
    at, team, lead = now(), team_for(request.user), here.lead_to_accept
    if lead is None:
        known = Account.objects.visible_to(request.user).called(said["account"])
        account = known.first() or records.add_account(records.Company(said["account"]), owner=request.user, team=team, by=by(request), at=at)
        contact = here.contact if here.contact and here.contact.account == account else None
        arrival = Arrival(team=team, origin=Origin.OUTBOUND, contact=contact, account=account, owner=request.user)
        lead = leads.capture(arrival, by=by(request), at=at, stage=stages.BOOKED)
    money = Money(said["amount"], the_organisation().currency) if said["amount"] is not None else None
    terms = Terms(name=said["name"], money=money, close_on=said["close_on"])
    return handoffs.take_up(lead, terms=terms, owner=request.user, team=team, by=by(request), at=at)


_WRITTEN: dict[str, Callable[[UserRequest, Here, Any], HttpResponse]] = {"task": _task, "note": _note, "opportunity": _opportunity}
