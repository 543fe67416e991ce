"""How a person hears of what they should know: chosen for each happening, and ended from a mail without signing in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tasuki.crm import notifications
from tasuki.crm.notifications import ABOUT_ME, Happening, Way
from tasuki.web import notification_letters
from tasuki.web.requests import UserRequest


class WaysForm(forms.Form):
    """One choice for each happening."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for happening in Happening:
            self.fields[happening.value] = forms.ChoiceField(label=happening.label, choices=Way.choices)

    @property
    def about_me(self) -> list[forms.BoundField]:
        return [self[happening.value] for happening in ABOUT_ME]

    @property
    def about_records(self) -> list[forms.BoundField]:
        return [self[happening.value] for happening in Happening if happening not in ABOUT_ME]


@require_http_methods(["GET", "POST"])
def ways(request: UserRequest) -> HttpResponse:
    form = WaysForm(request.POST or None, initial=notifications.ways_of(request.user))
    if request.method == "POST" and form.is_valid():
        notifications.choose(request.user, ways={Happening(name): Way(way) for name, way in form.cleaned_data.items()})
        messages.success(request, _("Saved."))
        return redirect("notification_ways")
    context = {"form": form, "may_mail": settings.MAIL is not None, "zone": request.user.time_zone}
    return render(request, "notifications/ways.jinja", context, status=422 if form.errors else 200)


# The token is the proof, and mail programs that end mails with one press know no token of our forms.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def silence(request: HttpRequest, token: str) -> HttpResponse:
    """End mails from a mail. Opening the page changes nothing: programs look at every address of a letter."""
    found = notification_letters.silenced(token, at=now())
    person, happenings = found or (None, [])
    if person and request.method == "POST":
        notification_letters.silence(person, happenings)
    with translation.override(person.language if person else translation.get_language()):
        context = {"person": person, "happenings": [one.label for one in happenings], "is_done": request.method == "POST"}
        response = render(request, "notifications/silence.jinja", context, status=200 if found else 410)
    response["Referrer-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    return response
