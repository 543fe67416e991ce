"""Every page of the URL map in a real browser: clean to axe by day and by night, no wider than a phone, silent, and open to the keyboard.

One walk: the town stands once, and the pages are opened in one browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.people import User
from tests.cast import PASSWORD, assemble, with_password
from tests.web import town as towns
from tests.web.browsing import AXE, DESKTOP, PHONE, sign_in
from tests.web.test_every_page import ada_of, opened
from tests.web.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a first Tab shows: the link past the rail, where it can be seen, with a ring around it.
RING = """() => {
  const skip = document.querySelector("a.skip")
  if (!skip) return "no link past the rail"
  skip.focus({focusVisible: true})
  const box = skip.getBoundingClientRect(), style = getComputedStyle(skip)
  return box.top >= 0 && box.height > 0 && style.outlineStyle !== "none" && style.opacity !== "0" ? "" : "the link past the rail cannot be seen"
}"""
# By how much the page, or what scrolls within its frame, is wider than the window.
BEYOND = """() => Math.max(document.documentElement.scrollWidth - window.innerWidth,
  ...[...document.querySelectorAll("main, .list-main")].map((one) => one.scrollWidth - one.clientWidth))"""
LANGUAGES = ("en", "ko", "ja")
CONTRAST = "() => axe.run(document, {runOnly: ['color-contrast'], resultTypes: ['violations']})"


@pytest.fixture
def town() -> Town:
    return towns.settled(assemble())


def whole_pages(town: Town) -> list[str]:
    """Where a whole page is shown; what is only part of one is seen within its page by other tests."""
    return [address for address, _page, is_whole in opened(ada_of(town.cast), town) if is_whole and "/no/such/" not in address]


def signed_in(page: Any, live_server: Any, town: Town) -> None:
    """Ada, who has just given her password: nothing asks for it again."""
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    sign_in(page, live_server, with_password(town.cast.ada))
    page.goto(live_server.url + reverse("account_reauthenticate"))
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def seen(found: dict[str, Any], theme: str) -> list[str]:
    return [f"{theme}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]


def looked_at(page: Any) -> Iterator[str]:
    """What is wrong with the page that is open, by day and by night."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    yield from seen(page.evaluate("() => axe.run(document, {resultTypes: ['violations']})"), "light")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    yield from seen(page.evaluate(CONTRAST), "dark")
    if page.locator(".shell").count() and (unseen := page.evaluate(RING)):
        yield unseen


def held(page: Any, language: str) -> Iterator[str]:
    """What is wrong with the page on a phone."""
    if page.get_attribute("html", "lang") != language:
        yield f"is not in {language}"
    if (beyond := page.evaluate(BEYOND)) > 0:
        yield f"{beyond} px beyond the edge of a phone in {language}"


def test_every_page_is_clean_to_axe_by_day_and_by_night_and_fits_a_phone_in_three_languages(page: Any, live_server: Any, town: Town) -> None:
    addresses = whole_pages(town)
    assert len(addresses) > 50
    signed_in(page, live_server, town)
    found: dict[str, list[str]] = {}
    for language in LANGUAGES:
        User.objects.get_queryset().filter(pk=town.cast.ada.pk).update(language=language)
        for address in addresses:
            page.set_viewport_size(DESKTOP if language == "en" else PHONE)
            page.goto(live_server.url + address)
            # What is drawn how is the same in each language; how wide it is, is not.
            wrong = list(looked_at(page)) if language == "en" else []
            page.set_viewport_size(PHONE)
            if wrong := [*wrong, *held(page, language)]:
                found.setdefault(address, []).extend(wrong)
    assert not found, "\n".join(f"{address}: {wrong}" for address, wrong in found.items())
