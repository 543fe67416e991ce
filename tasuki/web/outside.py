"""What pages that are open to people outside have in common: nobody asks too often, and nothing of them is kept or told on."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now

# So often a minute one machine may ask: a person with a phone never does, whoever tries addresses does.
_PER_MINUTE = 60


def asks_too_often(request: HttpRequest, *, what: str) -> bool:
    """Counted by machine and minute; the count goes away by itself."""
    key = f"{what}:{get_adapter().get_client_ip(request)}:{now():%Y%m%d%H%M}"
    n = int(cache.get(key, 0)) + 1
    cache.set(key, n, timeout=120)
    return n > _PER_MINUTE


def private(response: HttpResponse) -> HttpResponse:
    """The secret address is told to no other site. Not "no-referrer": with it browsers send `Origin: null`, and the form of the page is refused."""
    response["Referrer-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
