"""What fields that ask for a lead or a contact offer while a name is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.web.lists import named
from tasuki.web.name_widget import offered
from tasuki.web.requests import UserRequest

_OFFERED = 20


@require_GET
def leads(request: UserRequest) -> HttpResponse:
    """Leads that fit, best first: the person, and what tells the lead from others of theirs."""
    return _offered(request, "lead", _of_lead)


@require_GET
def contacts(request: UserRequest) -> HttpResponse:
    """Contacts that fit, best first: the person, and their company and place in it."""
    return _offered(request, "contact", _of_contact)


def _offered(request: UserRequest, noun: str, beside: Callable[[Any], str]) -> HttpResponse:
    there = named.of_noun(noun, request.user)
    found = there.found(request.GET.get("q", ""), most=_OFFERED).rows
    return offered(request, [(f"#{one.pk}", there.called(one), beside(one)) for one in found], n=len(found))


def _of_lead(lead: Lead) -> str:
    company = lead.account.name if lead.account and lead.contact else ""
    return _line(company, lead.stage.name if lead.stage else str(lead.get_ended_as_display()))


def _of_contact(contact: Contact) -> str:
    return _line(contact.account.name if contact.account else "", contact.title)


def _line(*words: str) -> str:
    return " · ".join(word for word in words if word)
