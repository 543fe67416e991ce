"""A request of somebody who has signed in, and who it is that acts through it."""

from __future__ import annotations

from django.http import HttpRequest

from tasuki.core.audit import By, Door
from tasuki.core.people import User


class UserRequest(HttpRequest):
    """What a view gets: `require_sign_in` has turned everybody else away."""

    user: User


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def record_id(text: str) -> int | None:
    """The id that a query or a form names; None for anything else, however long."""
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def by(request: UserRequest) -> By:
    return By(request.user, Door.WEB)


def site(request: HttpRequest) -> str:
    """Where people reach us, as this request did: “https://tasuki.your.company/”. A host that is not ours was turned away before."""
    return request.build_absolute_uri("/")
