"""A toast that can be pressed: by keyboard alone, long enough, paused while one is at it, told to a screen reader, gone when pressed."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tests.cast import Cast, assemble
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations
from tests.web.office import lead_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


def given_away(page: Any, live_server: Any, cast: Cast, *, dark: bool = False) -> None:
    """Ruth gave a lead of Ivo's to Saori, and the list tells her so."""
    lead_of(cast)
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ruth)
    page.goto(live_server.url + reverse("leads") + "?view=all")
    page.clock.install()
    page.locator("tbody input.check").check()
    page.locator(".bulk summary", has_text="Give to").click()
    page.get_by_label("Owner").last.select_option(label=cast.saori.display_name)
    page.get_by_label("Team").last.select_option(label=cast.field_sales.name)
    page.locator(".bulk details[open] button.btn-fill").click()
    page.locator("flash-toast").wait_for()
    page.wait_for_load_state()


def owner() -> User | None:
    return Lead.objects.get().owner


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_undo_is_reached_and_pressed_by_keyboard(page: Any, live_server: Any, cast: Cast, *, dark: bool) -> None:
    given_away(page, live_server, cast, dark=dark)
    assert owner() == cast.saori
    assert violations(page) == []
    page.keyboard.press("u")
    assert page.evaluate("document.activeElement.innerText") == "Undo"
    page.keyboard.press("Enter")
    page.locator("flash-toast", has_text="1 row is brought back.").wait_for()
    assert owner() == cast.ivo
    assert page.url.endswith("?view=all")


def test_it_is_read_to_whoever_does_not_see_it(page: Any, live_server: Any, cast: Cast) -> None:
    given_away(page, live_server, cast)
    page.clock.run_for(200)
    assert page.locator("#said").inner_text() == "1 row is changed. Undo"


def test_it_waits_while_one_is_at_it_and_leaves_after(page: Any, live_server: Any, cast: Cast) -> None:
    given_away(page, live_server, cast)
    page.clock.run_for(10_000)
    assert page.locator("flash-toast").count() == 1
    page.keyboard.press("u")
    page.clock.run_for(60_000)
    assert page.locator("flash-toast").count() == 1
    page.locator("#q").focus()
    page.clock.run_for(14_000)
    assert page.locator("flash-toast").count() == 1
    page.clock.run_for(2_000)
    assert page.locator("flash-toast").count() == 0


def test_escape_closes_it_and_gives_the_focus_back(page: Any, live_server: Any, cast: Cast) -> None:
    given_away(page, live_server, cast)
    page.locator("a.sheet-name").focus()
    page.keyboard.press("u")
    page.keyboard.press("Escape")
    assert page.locator("flash-toast").count() == 0
    assert page.evaluate("document.activeElement.className") == "sheet-name"


def test_it_fits_a_phone(page: Any, live_server: Any, cast: Cast) -> None:
    given_away(page, live_server, cast)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    box = page.locator("flash-toast [data-part=act]").bounding_box()
    assert box["height"] >= 44
