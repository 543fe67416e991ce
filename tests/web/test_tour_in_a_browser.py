"""The guided tour in a browser: by keyboard and palette, sound to axe, never over the page, and out of the way on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.cast import Cast, assemble
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations
from tests.web.test_tour import ALL, won_deal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_is_walked_by_keyboard_and_every_page_of_it_is_sound(page: Any, live_server: Any, cast: Cast, *, dark: bool) -> None:
    won_deal(cast)
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ada)
    page.goto(live_server.url + reverse("tour"))
    for key in ALL[1:]:
        assert violations(page) == [], page.url
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the skip link leads past the rail, to what begins with the tour
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.textContent.trim()") != "Next":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**tour={key}")
    assert violations(page) == []
    page.get_by_role("region", name="Find or do anything").get_by_role("button", name="Finish the tour").press("Enter")
    page.locator("flash-toast", has_text="That was the tour").wait_for()
    assert page.locator(".tour").count() == 0


def test_the_palette_goes_on_and_takes_it_up_again(page: Any, live_server: Any, cast: Cast) -> None:
    won_deal(cast)
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ada)
    page.keyboard.press("Control+k")
    page.locator("command-palette [role=combobox]:focus").wait_for()
    page.keyboard.type("guided tour")
    page.locator("[role=option]", has_text="Guided tour").first.click()
    page.wait_for_url("**tour=won")
    page.keyboard.press("Control+k")
    page.locator("command-palette [role=combobox]:focus").wait_for()
    page.keyboard.type("tour: the next")
    page.locator("[role=option]", has_text="Tour: the next step").click()
    page.wait_for_url("**tour=desk")


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).bounding_box()
    return found


def test_it_stands_above_the_page_and_not_over_it(page: Any, live_server: Any, cast: Cast) -> None:
    won_deal(cast)
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ada)
    for key in ALL:
        page.goto(live_server.url + reverse("tour_stop", args=[key]))
        panel, title = box(page, ".tour"), box(page, "main h1")
        assert panel["y"] + panel["height"] <= title["y"], key
        assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"], key
    page.goto(live_server.url + reverse("tour_stop", args=["desk"]))
    foot = box(page, ".list-foot")
    assert foot["y"] + foot["height"] <= DESKTOP["height"], "the list leaves room for it, and its foot is on the screen"


def test_on_a_phone_it_scrolls_away_with_the_page(page: Any, live_server: Any, cast: Cast) -> None:
    won_deal(cast)
    page.set_viewport_size(PHONE)
    sign_in(page, live_server, cast.ada)
    for key in ALL:
        page.goto(live_server.url + reverse("tour_stop", args=[key]))
        assert violations(page) == [], key
        assert box(page, ".tour")["height"] < PHONE["height"] / 3, key
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], key
        small = page.locator(".tour :is(a, button)").evaluate_all("all => all.filter((one) => one.getBoundingClientRect().height < 44).length")
        assert small == 0, key
    page.goto(live_server.url + reverse("tour_stop", args=["won"]))
    page.evaluate("document.querySelector('main').scrollTo(0, 600)")
    assert box(page, ".tour")["y"] < 0


def test_it_works_without_script(browser: Any, live_server: Any, cast: Cast) -> None:
    won_deal(cast)
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    sign_in(page, live_server, cast.ada)
    page.goto(live_server.url + reverse("tour"))
    for key in ALL[1:]:
        page.get_by_role("link", name="Next", exact=True).click()
        page.wait_for_url(f"**tour={key}")
    page.get_by_role("link", name="Back", exact=True).click()
    page.wait_for_url("**tour=numbers")
    page.get_by_role("button", name="Leave the tour").click()
    page.get_by_text("You have left the tour.").wait_for()
    context.close()
