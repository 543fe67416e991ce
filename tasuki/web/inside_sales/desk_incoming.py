"""Somebody calls us: found by number or name, their lead is taken to the call desk, where the call goes on like one of ours."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.search import finding
from tasuki.crm import phones
from tasuki.crm.leads import Lead, Leads
from tasuki.crm.phones import PhoneInvalid
from tasuki.engage.calls import Call
from tasuki.engage.next_types import type_of_next
from tasuki.inside_sales import call_desk
from tasuki.web.requests import UserRequest, by, record_id

_SHOWN, _REMEMBERED, _LONGEST = 8, 40, 100


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """Who is calling: `q` is a number or a name. Without it, the `lead` from which one comes, and whom one called last."""
    abilities.require(request.user, Ability.WORK_LEADS)
    q = " ".join(request.GET.get("q", "").split())[:_LONGEST]
    ids = _meant(request, q) if q else _likely(request)
    seen = {lead.pk: lead for lead in _seen(request).filter(pk__in=ids[:_SHOWN]).for_listing()}
    context: dict[str, Any] = {"q": q, "rows": [seen[pk] for pk in ids[:_SHOWN] if pk in seen], "number": _number(request, q)}
    return render(request, "inside_sales/desk/incoming.jinja", context)


@require_POST
def taking(request: UserRequest, pk: int) -> HttpResponse:
    """They are on the line: the call goes on at the desk. A number counts if it is one of theirs."""
    abilities.require(request.user, Ability.WORK_LEADS)
    lead, number = get_object_or_404(_seen(request).for_page(), pk=pk), _number(request, request.POST.get("number", ""))
    is_theirs = bool(number) and lead.contact is not None and lead.contact.phones.filter(e164=number).exists()
    call_desk.take_call(lead, call_type=type_of_next(lead), number=number if is_theirs else "", by=by(request), at=now())
    return redirect("desk_lead", pk)


def _seen(request: UserRequest) -> Leads:
    return Lead.objects.visible_to(request.user)


def _meant(request: UserRequest, q: str) -> list[int]:
    """By the number, else by what the search finds; whoever may not see numbers finds nobody by them."""
    number = _number(request, q)
    if not number:
        return finding.find(request.user, q, most=_SHOWN, of="lead").ids.get("lead", [])
    first = Case(When(stage__isnull=True, then=Value(2)), When(owner=request.user, then=Value(0)), default=Value(1))
    return list(_seen(request).filter(contact__phones__e164=number).order_by(first, "-opened_at", "-pk").values_list("pk", flat=True)[:_SHOWN])


def _likely(request: UserRequest) -> list[int]:
    last = Call.objects.visible_to(request.user).filter(caller=request.user).newest_first().values_list("lead", flat=True)[:_REMEMBERED]
    here = record_id(request.GET.get("lead", ""))
    return list(dict.fromkeys([*([here] if here is not None else []), *last]))


def _number(request: UserRequest, text: str) -> str:
    """In E.164; "" for what is none, and for whoever may not see numbers."""
    if "phones" in abilities.standing_of(request.user).hides("contact"):
        return ""
    try:
        return phones.to_e164(text, the_organisation().country)
    except PhoneInvalid:
        return ""
