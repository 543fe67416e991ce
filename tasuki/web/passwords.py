"""The way back in: asking for a link when the password is forgotten, and setting a password with a link that was mailed or handed over.

Open to the world. Whoever asks learns nothing about who is here: known and unknown addresses get the same answer in the same time.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import people
from tasuki.core.audit import Door
from tasuki.web import letters
from tasuki.web.requests import site

_TOKEN = "password_link"  # noqa: S105 - the name of a place in the session


class AddressForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}))


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. allauth counts how often, by machine and by address, and links here from its own pages."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and settings.MAIL is not None and form.is_valid():
        email: str = form.cleaned_data["email"].strip().lower()
        too_often: HttpResponse | None = ratelimit.consume_or_429(request, action="reset_password", key=email)
        if too_often:
            return too_often
        person = people.with_address(email)
        until = int((now() + people.FORGOTTEN_LASTS).timestamp())
        letters.mail_password_link.defer(user_id=person.pk if person else None, until=until, site=site(request), was_forgotten=True)
        messages.success(request, _("If this address belongs to somebody here, a link is on its way. It may take a minute; look among unwanted mail too."))
        return redirect(settings.LOGIN_URL)
    context = {"form": form, "may_mail": settings.MAIL is not None}
    return render(request, "passwords/forgotten.jinja", context, status=422 if form.errors else 200)


@require_GET
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The link itself. The token moves into the session at once: the next address says nothing to a log or a Referer."""
    people.invited(token, at=now())
    request.session[_TOKEN] = token
    response = redirect("new_password")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Open to whoever followed the link, until it is used. A refusal of the password is shown on the page."""
    token = request.session.get(_TOKEN, "")
    whom = people.invited(token, at=now())
    problem = ""
    if request.method == "POST":
        try:
            people.accept_invitation(token, password=request.POST.get("password", ""), door=Door.WEB, at=now())
        except people.PasswordTooWeak as refusal:
            problem = str(refusal)
        else:
            # Who guessed until the door was shut, and then asked for a link, need not wait any more.
            get_adapter().forgive_wrong_guesses(request, whom)
            request.session.flush()
            messages.success(request, _("The password is set. Sign in with it."))
            return redirect(settings.LOGIN_URL)
    response = render(request, "passwords/new.jinja", {"person": whom, "problem": problem}, status=422 if problem else 200)
    response["Cache-Control"] = "no-store"
    return response
