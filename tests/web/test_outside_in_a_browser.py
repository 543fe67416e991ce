"""What people outside open, in a real browser: it sends what the test client does not, such as where a form stands."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import By, Door
from tasuki.engage import booking_links
from tasuki.engage.meeting_rows import Meeting
from tests.cast import assemble
from tests.engage.meeting import lead_in_seoul
from tests.web.browsing import PHONE, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_whoever_has_the_link_books_on_a_phone_and_reads_it_in_another_language(page: Any, live_server: Any) -> None:
    cache.clear()
    cast = assemble()
    link = booking_links.make(lead_in_seoul(cast, 1), held_by=cast.saori, by=By(cast.ivo, Door.WEB), at=now())
    page.set_viewport_size(PHONE)
    page.goto(live_server.url + reverse("booking", args=[link.token]))
    assert violations(page) == []
    page.locator(".time-pick").first.click()
    page.get_by_role("button", name="Book this time").click()
    page.locator("[role=status]", has_text="Your meeting").wait_for()
    assert Meeting.objects.ahead().get().held_by == cast.saori
    page.get_by_role("button", name="한국어").click()
    page.wait_for_function("() => document.documentElement.lang === 'ko'")
