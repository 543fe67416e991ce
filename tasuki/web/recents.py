"""Remembering which records a person opens, on the way out: the pages of the records need not know."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.timezone import now

from tasuki.core import recents
from tasuki.core.people import User
from tasuki.web.requests import is_htmx

# Name of the page → noun of the record that it shows.
_PAGES = {"lead": "lead", "account": "account", "contact": "contact", "opportunity": "opportunity", "person": "user"}


def remember_what_was_opened(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Note each page of a record that was shown to somebody who asked for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        match = request.resolver_match
        noun = _PAGES.get(match.url_name or "") if match else None
        if match and noun and request.method == "GET" and response.status_code == 200 and isinstance(request.user, User) and not is_htmx(request):
            recents.opened(request.user, noun=noun, record_id=match.kwargs["pk"], at=now())
        return response

    return middleware
