"""The pages for what cannot be shown or done: what happened, and what to do now, in the reader's language and in our look.

Inside the shell for whoever is signed in; bare for whoever is not known, or when nothing of the house can be relied on.
"""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.people import User
from tasuki.web.requests import is_htmx
from tasuki.web.shell import theme_of
from tasuki.web.toasts import Toast


def answer(request: HttpRequest, title: str, sentence: str, *, status: int) -> HttpResponse:
    """A toast for htmx, else a page: inside the shell for whoever is signed in."""
    if is_htmx(request):
        response = render(request, "errors/toast.jinja", {"flash": Toast(sentence, "error")}, status=status)
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
        return response
    # An error may come before anybody asked who this is.
    if not isinstance(getattr(request, "user", None), User):
        return bare(title, sentence, status=status, theme=theme_of(request))
    return render(request, "errors/refused.jinja", {"title": title, "message": sentence}, status=status)


def bare(title: str, sentence: str, *, status: int, theme: str = "system") -> HttpResponse:
    """Asks nothing of the person or the database; light or dark comes from a cookie, where somebody has the request."""
    words = {"title": title, "message": sentence, "language": (translation.get_language() or "en")[:2], "theme": theme}
    return HttpResponse(loader.render_to_string("errors/bare.jinja", words), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400. Our own sentences are shown; what Django says of suspicious requests is for the log."""
    sentence = str(exception) if type(exception) is BadRequest and str(exception) else _("The address or the form holds something that cannot be read.")
    return answer(request, _("This request cannot be read"), sentence, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it
    return answer(request, _("This is not yours to open"), _("Ask an administrator if you need it."), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it
    return answer(request, _("Nothing is here"), _("There is nothing at this address, or it is not yours to see."), status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500. The log knows more; the page relies on nothing that may be what broke."""
    return bare(
        _("Something broke here"),
        _("It is our fault and it is written down. Nothing was half done. Try again in a moment."),
        status=500,
        theme=theme_of(request),
    )


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes it
    """403 for a form without the token that the page gave it: mostly a page left open while somebody signed in or out."""
    sentence = _("Somebody signed in or out since it was opened. Go back, load it again, and send the form once more.")
    return answer(request, _("This page has grown old"), sentence, status=403)


def too_many(request: HttpRequest) -> HttpResponse:
    """429 of allauth: too many attempts to sign in."""
    return answer(request, _("Too many attempts"), _("Wait a few minutes, then try again."), status=429)
