"""A field of a form that names a country, as its reader calls it or by its code; it offers those that fit what is typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import countries
from tasuki.web import formats
from tasuki.web.name_widget import NameInput, offered
from tasuki.web.organisation import countries as all_countries

_ROWS = 8


class CountryField(forms.CharField):
    """Cleans to the ISO 3166 code of two letters; the name in any of our languages is read, and the one in the reader's is shown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, widget=NameInput(reverse_lazy("country_names")), **options)

    def prepare_value(self, value: Any) -> Any:
        return formats.country(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        said = super().clean(value)
        code = countries.code_of(said) if said else ""
        if said and not code:
            raise ValidationError(_("There is no country “%(name)s”. Write its name, or its code of two letters.") % {"name": said})
        return code


@require_GET
def names(request: HttpRequest) -> HttpResponse:
    """Countries whose name or code begins with, or else holds, what is typed, as the options of a field that asks for one."""
    typed = countries.folded(request.GET.get("q", "")[:60])
    fitting = [(code, name) for code, name in all_countries() if typed and (typed == code.lower() or typed in countries.folded(name))]
    fitting.sort(key=lambda pair: (pair[0].lower() != typed, not countries.folded(pair[1]).startswith(typed)))
    return offered(request, [("", name, code) for code, name in fitting[:_ROWS]], n=len(fitting))
