"""What a test does in a real browser before it begins: sign in as somebody of the cast; and what axe says of the page that is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from tasuki.core.people import User

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def sign_in(page: Any, live_server: Any, person: User) -> Any:
    """The page, with the person signed in, at what comes first for them. The form itself is filled in by `test_keys_in_a_browser`."""
    client = Client()
    client.force_login(person)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": live_server.url}])
    page.goto(live_server.url + reverse("home"))
    return page


def violations(page: Any) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]


@contextmanager
def out_of_reach(page: Any) -> Iterator[None]:
    """While the scripts of the page cannot reach the server; an abort on the way would be one more thing that Chromium complains of."""
    page.evaluate("() => { window.reaching = window.fetch; window.fetch = () => Promise.reject(new TypeError('Failed to fetch')); }")
    yield
    page.evaluate("() => { window.fetch = window.reaching; }")
