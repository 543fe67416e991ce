"""While somebody types: what is probably there already, as a fragment for the form. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from tasuki.core import abilities, countries
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.crm import corporate_numbers, duplicates, emails, matching, phones
from tasuki.crm.duplicates import CompanyKeys, Match, PersonKeys
from tasuki.web import found_rows, known
from tasuki.web.contacts import separated
from tasuki.web.requests import UserRequest, record_id

_LONGEST, _SHOWN, _MOST_TYPED = 1_000, 3, 10


@require_POST
def hint(request: UserRequest, noun: str) -> HttpResponse:
    """By POST, so that nobody's mail address stands in the log of a server."""
    found = _FOUND.get(noun)
    if found is None:
        raise Http404
    if not abilities.can(request.user, Ability.WORK_LEADS):
        abilities.require(request.user, Ability.WORK_ACCOUNTS)
    but = record_id(request.GET.get("but", ""))  # the one that is changed
    matches = [match for match in found(request) if match.pk != but][:_SHOWN]
    rows = found_rows.rows(request.user, [(noun, match.pk) for match in matches])
    seen = [(rows[noun, match.pk], match.keys[0].label) for match in matches if (noun, match.pk) in rows]
    return render(
        request, "known/hint.jinja", {"seen": seen, "elsewhere": known.elsewhere(noun, [match.pk for match in matches if (noun, match.pk) not in rows])}
    )


def _companies(request: UserRequest) -> list[Match]:
    said = {name: request.POST.get(name, "")[:_LONGEST] for name in ("name", "domain", "country", "corporate_number")}
    country, number = countries.code_of(said["country"]), ""
    if said["corporate_number"].strip():
        with suppress(Refused):
            number = corporate_numbers.normalise(said["corporate_number"], country)
    folded = matching.fold_company(said["name"]) if said["name"].strip() else ""
    return duplicates.accounts_like(CompanyKeys(folded, matching.domain_of(said["domain"]), country, number))


def _people(request: UserRequest) -> list[Match]:
    abilities.require(request.user, Ability.SEE_CONTACT_DETAILS)
    keys, numbers = [], []
    for mail in _typed(request, "email", "emails"):
        with suppress(Refused):
            keys.append(emails.normalise(mail)[1])
    for number in _typed(request, "phone", "phones"):
        with suppress(Refused):
            numbers.append(phones.to_e164(number, the_organisation().country))
    return duplicates.contacts_like(PersonKeys(keys, numbers))


def _typed(request: UserRequest, *names: str) -> list[str]:
    """What stands in the fields: a form that adds a person asks for one, and one that changes them for several."""
    return [text for name in names for text in separated(request.POST.get(name, "")[:_LONGEST])][:_MOST_TYPED]


_FOUND: dict[str, Callable[[UserRequest], list[Match]]] = {"account": _companies, "contact": _people}
