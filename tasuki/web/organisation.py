"""The organisation: its name, and what every number and every form starts from."""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.numbers import get_territory_currencies
from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.dates import MONTHS
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import CHANGEABLE, Organisation, OrganisationRefused, the_organisation
from tasuki.crm import base_currency
from tasuki.crm.base_currency import CurrencyInUse
from tasuki.web import toasts
from tasuki.web.people import time_zones
from tasuki.web.requests import UserRequest, by

# What stands among the countries and is none: unions, the unknown, and locales for trying things out.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ"})
# Where most of our readers are: offered before the long list.
_NEAR_COUNTRIES, _NEAR_CURRENCIES = ("KR", "JP", "US"), ("KRW", "JPY", "USD", "EUR")


def countries() -> list[tuple[str, str]]:
    """Codes with their names in the reader's language, by name; those nearby first."""
    names = {code: name for code, name in _locale().territories.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES}
    return _near_first(names, _NEAR_COUNTRIES)


def currencies() -> list[tuple[str, str]]:
    """Currencies that some country pays with today."""
    used = {currency for code, _name in countries() for currency in get_territory_currencies(code)}
    names = {code: f"{name} ({code})" for code, name in _locale().currencies.items() if code in used}
    return _near_first(names, _NEAR_CURRENCIES)


def months() -> list[tuple[int, Any]]:
    return [(number, name) for number, name in MONTHS.items()]


class OrganisationForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=200)
    country = forms.ChoiceField(label=gettext_lazy("country"), choices=countries)
    currency = forms.ChoiceField(label=gettext_lazy("currency"), choices=currencies)
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=gettext_lazy("time zone"), choices=time_zones)
    fiscal_year_starts_in = forms.TypedChoiceField(label=gettext_lazy("first month of the fiscal year"), choices=months, coerce=int)
    postal_address = forms.CharField(label=gettext_lazy("postal address"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        helps = {
            "country": _("For new companies, telephone numbers and holidays."),
            "currency": _("The ledger is kept in it. Once an order is counted, it stays."),
            "language": _("For new people; each chooses their own later."),
            "time_zone": _("Days and months of all numbers are those of this zone."),
            "postal_address": _("Below every letter of advertising, as Korea, Japan and the United States ask."),
        }
        for field, text in helps.items():
            self.fields[field].help_text = text


def form_of(organisation: Organisation, said: Any = None) -> OrganisationForm:
    initial = {field: getattr(organisation, field) for field in CHANGEABLE}
    return OrganisationForm(said, initial=initial)


def saved(request: UserRequest, form: OrganisationForm) -> bool:
    """Whether it could be written; what is wrong stands on the form."""
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    if not form.is_valid():
        return False
    try:
        base_currency.change_organisation(the_organisation(), by=by(request), at=now(), **form.cleaned_data)
    except CurrencyInUse as refusal:
        form.add_error("currency", str(refusal))
    except OrganisationRefused as refusal:
        for field, sentences in refusal.fields.items():
            form.add_error(field, sentences)
    return not form.errors


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    """To read for everybody who works here, to change for whoever may."""
    may_change = abilities.can(request.user, Ability.MANAGE_SETTINGS)
    form = form_of(the_organisation(), request.POST or None)
    if request.method == "POST" and saved(request, form):
        toasts.say(request, _("Saved."))
        return redirect("organisation")
    facts = [(bound.label, _said(bound)) for bound in form]
    context = {"form": form if may_change else None, "facts": facts, "organisation": the_organisation()}
    return render(request, "settings/organisation.jinja", context, status=422 if form.errors else 200)


def _said(bound: forms.BoundField) -> Any:
    """The value in words: a choice by its name."""
    choices = getattr(bound.field, "choices", ())
    return next((name for value, name in choices if value == bound.initial), bound.initial)


def _locale() -> Locale:
    return Locale.parse((translation.get_language() or "en").replace("-", "_"))


def _near_first(names: dict[str, str], near: tuple[str, ...]) -> list[tuple[str, str]]:
    return [*((code, names[code]) for code in near), *sorted(((code, name) for code, name in names.items() if code not in near), key=lambda pair: pair[1])]
