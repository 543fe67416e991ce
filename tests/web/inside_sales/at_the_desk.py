"""Somebody at the call desk in a real browser: leads that wait, and a hand that presses keys."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.cast import Cast
from tests.engage.calling import callable_lead
from tests.web.browsing import DESKTOP, sign_in


class Hand:
    """Presses keys, and counts those since the call ended."""

    def __init__(self, page: Any) -> None:
        self.page, self.n = page, 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.n += 1

    def dial(self) -> None:
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("call-timer[data-runs]")
        self.n = 0


def at_desk(page: Any, live_server: Any, cast: Cast, *, leads: int, size: dict[str, int] = DESKTOP) -> Hand:
    for n in range(leads):
        callable_lead(cast, n + 1, number=f"+82255501{n:02}", name="김")
    page.set_viewport_size(size)
    sign_in(page, live_server, cast.ivo)
    page.goto(live_server.url + reverse("desk"))
    return Hand(page)


def lead_on(page: Any) -> int:
    return int(page.locator(".desk-main").get_attribute("data-lead"))
