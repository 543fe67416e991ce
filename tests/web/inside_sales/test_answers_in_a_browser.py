"""The queue of answers by keys alone: to the neighbours, a word, the next one, a word taken back, the whole mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import assemble
from tests.engage.sequences.writing import person
from tests.web.browsing import sign_in, violations
from tests.web.test_triage import answer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("refusals")
def test_three_answers_are_sorted_by_keys_alone(page: Any, live_server: Any) -> None:
    cast = assemble()
    leads = [person(cast, nth) for nth in (1, 2, 3)]
    for nth, (lead, words) in enumerate(zip(leads, ("Too expensive for us.", "Sounds good", "…"), strict=True), 1):
        answer(cast, lead, words, nth=nth)
    first, second, third = (one.contact.display_name for one in leads if one.contact)
    sign_in(page, live_server, cast.ivo).goto(live_server.url + reverse("answers"))
    assert page.locator("#at-hand").inner_text() == first
    assert violations(page) == []
    for pressed, named in (("j", second), ("j", third), ("k", second), ("k", first)):
        _press(page, pressed, named)
    _press(page, "4", second)
    assert _said() == ["not_now"]
    _press(page, "y", third)
    assert _said() == ["not_now", "positive"]
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    page.locator(".answers-queue li", has_text=second).wait_for()
    page.wait_for_load_state()
    assert _said() == ["not_now"]
    _press(page, "k", second)
    _press(page, "j", third)
    page.keyboard.press("Enter")
    page.locator(".mail-thread").wait_for()


def _press(page: Any, key: str, named: str) -> None:
    """A key, and whose answer is at hand then; a page hears keys when its scripts are there."""
    page.keyboard.press(key)
    page.locator("#at-hand", has_text=named).wait_for()
    page.wait_for_load_state()


def _said() -> list[str]:
    return list(ReplyTriage.objects.filter(said_at__isnull=False).order_by("message__at").values_list("reply_class", flat=True))
