"""One's own account: language, time zone, appearance, and the ways one signs in. Open to everybody who has signed in."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities, people
from tasuki.core.absences import Absence
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.web.people import time_zones
from tasuki.web.requests import UserRequest, by
from tasuki.web.shell import THEMES

_YEAR = 365 * 24 * 60 * 60


class ProfileForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=gettext_lazy("time zone"), choices=time_zones)


@require_http_methods(["GET", "POST"])
def profile(request: UserRequest) -> HttpResponse:
    me = request.user
    form = ProfileForm(request.POST or None, initial={"language": me.language, "time_zone": me.time_zone})
    if request.method == "POST" and form.is_valid():
        people.change(me, by=by(request), at=now(), **form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Saved."))
        return redirect("profile")
    ways = set(Authenticator.objects.filter(user=me).values_list("type", flat=True))
    context = {
        "form": form,
        "person": me,
        "held": [abilities.label(role) for role in sorted(abilities.standing_of(me).roles)],
        "absences": Absence.objects.visible_to(me).filter(user=me).not_over(timezone.localdate()).for_listing(),
        "has_totp": Authenticator.Type.TOTP in ways,
        "has_passkey": Authenticator.Type.WEBAUTHN in ways,
    }
    return render(request, "profile/page.jinja", context, status=422 if form.errors else 200)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language: remembered with the person, and in a cookie for the page before signing in."""
    chosen = request.POST.get("language", "")
    response = _back(request)
    if chosen not in dict(settings.LANGUAGES):
        return response
    if isinstance(request.user, User):
        people.change(request.user, language=chosen, by=By(request.user, Door.WEB), at=now())
    _remember(response, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system: a matter of this screen, so it stays in this browser."""
    chosen = request.POST.get("theme", "")
    response = _back(request)
    if chosen in THEMES:
        _remember(response, "theme", chosen)
    return response


@require_POST
def keys(request: HttpRequest) -> HttpResponse:
    """Whether letters act alone: a matter of this browser, off for whoever steers by voice."""
    chosen = request.POST.get("keys", "")
    response = _back(request)
    if chosen in ("on", "off"):
        _remember(response, "keys", chosen)
    return response


def _back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next", "")
    # Only to our own pages: an address from a form may lead anywhere.
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return HttpResponseRedirect(target)


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")
