"""A call is heard in a real browser: a click plays from its moment, a moment is taken into a score, and the pages are clean to axe by day and night."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.engage.recording_rows import Hearing
from tasuki.inside_sales.coaching import cards, comments, scorecards
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.inside_sales.coaching.reviews import Review
from tests.cast import Cast, assemble
from tests.inside_sales.coaching.hearing import by, recorded
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAYED = "() => document.querySelector('audio').currentTime"


@pytest.fixture
def cast() -> Cast:
    return assemble()


def settled(page: Any, second: float) -> None:
    page.wait_for_function(f"() => document.querySelector('audio').currentTime >= {second}")


def test_a_call_is_heard_from_its_moments_commented_and_scored_and_its_pages_are_clean(page: Any, live_server: Any, cast: Cast) -> None:
    recording = recorded(cast, at=now() - timedelta(hours=1), seconds=6)
    comments.say(recording, second=3, text="Here she waits.", by=by(cast.ivo), at=now())
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ruth)
    address = live_server.url + reverse("call", args=[recording.call_id])
    page.goto(address)
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    assert page.evaluate("() => document.querySelector('audio').duration") == pytest.approx(6, abs=0.1), "it is really audio"
    page.click(".said .moment")
    settled(page, 3)
    assert page.url == address, "no page was loaded anew"
    page.evaluate("() => { const audio = document.querySelector('audio'); audio.pause(); audio.currentTime = 5; }")
    settled(page, 5)
    page.click("[data-take]")
    assert page.input_value("input[name=at]") == "0:05"
    page.fill("textarea[name=text]", "And here she answers.")
    page.click(".form-moment button:has-text('Say it')")
    page.wait_for_selector("text=And here she answers.")
    assert CallComment.objects.get(said_by=cast.ruth).second == 5
    assert Hearing.objects.get().heard_by == cast.ruth
    _score_by_keys(page, recording)
    _clean(page, live_server, cast)


def _score_by_keys(page: Any, recording: Any) -> None:
    """All skills by the keyboard: the points with an arrow, the evidence with words."""
    page.click("a:has-text('Review this call')")
    page.wait_for_selector(".criterion")
    card = scorecards.in_force()
    assert card
    for criterion in card.criteria.all():
        page.focus(f"input[name='points-{criterion.pk}'][value='1']")
        for _nth in range(3):
            page.keyboard.press("ArrowRight")
        page.focus(f"input[name='words-{criterion.pk}']")
        page.keyboard.type("as one hears")
    page.fill("textarea[name=good]", "She was given time.")
    page.fill("textarea[name=next_action]", "Ask for the day.")
    page.click("button:has-text('Give the review')")
    page.wait_for_selector("h1:has-text('Review:')")
    review = Review.objects.get(call=recording.call)
    assert {score.points for score in review.scores.all()} == {4}
    assert review.result == pytest.approx(0.75)


def _clean(page: Any, live_server: Any, cast: Cast) -> None:
    cards.begin(cast.ivo, skill="Asking for the day", next_on=now().date(), by=by(cast.ruth), at=now())
    review = Review.objects.get()
    addresses = [
        reverse("call", args=[review.call_id]),
        reverse("review", args=[review.pk]),
        reverse("coaching"),
        reverse("coaching_person", args=[cast.ivo.pk]),
    ]
    for address in (*addresses, reverse("praises"), reverse("wins"), reverse("handoffs_followed")):
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            page.goto(live_server.url + address)
            assert violations(page) == [], (address, size, scheme)
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), (address, size)
