"""The page at which somebody outside ends advertising by mail: one link, one press, no sign-in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_organisation
from tasuki.engage import recipients, withdrawals
from tasuki.engage.triage import deciding
from tasuki.web.outside import asks_too_often, private


# The token is the proof, and mail programs that end mails with one press (RFC 8058) know no token of our forms.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the page changes nothing: programs look at every address of a letter."""
    if asks_too_often(request, what="withdrawal"):
        return private(render(request, "consents/withdrawal.jinja", {"is_too_often": True, "message": None}, status=429))
    message = withdrawals.found(token)
    if message and request.method == "POST":
        withdrawals.withdraw(message, by=By(None, Door.WEB), at=now(), is_one_click="List-Unsubscribe" in request.POST)
    # Whoever has chosen a language here reads on in it.
    said = translation.get_language() if request.COOKIES.get("django_language") or not message else None
    language = said or (recipients.language_of(message.contact) if message and message.contact else "en")
    with translation.override(language):
        context = {
            "is_too_often": False,
            "message": message,
            "is_done": bool(message and deciding.is_withdrawn(message)),
            "organisation": the_organisation().name,
            "address": _veiled(message.address) if message else "",
        }
        return private(render(request, "consents/withdrawal.jinja", context, status=200 if message else 410))


def _veiled(address: str) -> str:
    """Enough for whoever has it to know it: letters are forwarded."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"
