"""The first person of an installation: who holds the link that the command line printed becomes its administrator."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import founding
from tasuki.core.founding import Founder
from tasuki.core.people import AddressTaken, PasswordTooWeak, PersonRefused, User
from tasuki.core.set_up import Step
from tasuki.web.people import time_zones

_KEY = "founding_key"


class FounderForm(forms.Form):
    family_name = forms.CharField(label=_("family name"), max_length=120)
    given_name = forms.CharField(label=_("given name"), max_length=120, required=False)
    email = forms.EmailField(label=_("e-mail address"), help_text=_("You sign in with it."))
    password = forms.CharField(
        label=_("Password"),
        min_length=10,
        max_length=256,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("time zone"), choices=time_zones)


@require_GET
def link(request: HttpRequest, key: str) -> HttpResponse:
    """The link itself. The key moves into the session at once: the next address says nothing to a log or a Referer."""
    founding.check(key, at=now())
    request.session[_KEY] = key
    response = redirect("first_run")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Says where the link is; to whoever followed it, asks who they are."""
    if not founding.is_unclaimed():
        request.session.pop(_KEY, None)
        return redirect(settings.LOGIN_URL)
    key = request.session.get(_KEY, "")
    if not key:
        return _plain(render(request, "first_run/waiting.jinja"))
    founding.check(key, at=now())
    language = (translation.get_language() or "en")[:2]
    zone = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo"}.get(language, "UTC")
    form = FounderForm(request.POST or None, initial={"language": language, "time_zone": zone})
    if request.method == "POST" and form.is_valid() and (user := _claimed(key, form)):
        request.session.pop(_KEY, None)
        get_adapter(request).login(request, user)
        return redirect("set_up_step", Step.ORGANISATION.value)
    return _plain(render(request, "first_run/founder.jinja", {"form": form}, status=422 if form.errors else 200))


def _claimed(key: str, form: FounderForm) -> User | None:
    said: dict[str, Any] = form.cleaned_data
    try:
        user = founding.claim(key, founder=Founder(**said), at=now())
    except PasswordTooWeak as refusal:
        form.add_error("password", str(refusal))
    except AddressTaken as refusal:
        form.add_error("email", str(refusal))
    except PersonRefused as refusal:
        for field, sentences in refusal.fields.items():
            form.add_error(field if field in form.fields else None, sentences)
    else:
        # The one backend there is: Django asks which one vouches for a person who signs in without it.
        user.backend = settings.AUTHENTICATION_BACKENDS[0]
        return user
    return None


def _plain(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response
