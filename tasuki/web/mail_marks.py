"""The marks of letters, asked for from outside: a picture of one dot, and links that lead to what stood in the letter. No sign-in, no cookie."""

from __future__ import annotations

from base64 import b64decode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from tasuki.core.organisation import the_organisation
from tasuki.engage.tracking import hits
from tasuki.web.outside import asks_too_often, private

_DOT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Always the dot: whoever tries tokens learns nothing."""
    if not asks_too_often(request, what="mail_open"):
        hits.opened(token, agent=_agent(request), method=request.method or "", at=now())
    return private(HttpResponse(_DOT, content_type="image/gif"))


@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """On to the address, which is taken from the letter and never from the token."""
    is_too_often = asks_too_often(request, what="mail_click")
    address = "" if is_too_often else hits.clicked(token, agent=_agent(request), method=request.method or "", at=now())
    if address:
        answer = HttpResponse(status=302)
        answer["Location"] = address
        return private(answer)
    context = {"is_too_often": is_too_often, "organisation": the_organisation().name}
    return private(render(request, "mail/link_over.jinja", context, status=429 if is_too_often else 410))


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")
