"""The palette in a real browser, by keyboard alone: opened, walked, followed; read out; clean to axe; on a phone; and its verbs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse

from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tests.cast import Cast, assemble
from tests.web.browsing import sign_in, violations
from tests.web.office import deal_of, lead_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIELD = "command-palette [role=combobox]"
CHOSEN = "command-palette [aria-selected=true]"


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def lead(cast: Cast) -> Lead:
    deal_of(cast, 2)
    return lead_of(cast, 1, name=("남궁", "솔"))


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    return sign_in(page, live_server, cast.ada)


def asked(page: Any, text: str) -> None:
    """Type, and wait until the answer to the last letter is shown: what was said of another is gone once the server is asked about this one."""
    page.evaluate(
        """() => {
            const reach = window.fetch, said = document.querySelector("command-palette [data-part=count]");
            window.fetch = (address, how) => { said.textContent = ""; return reach(address, how); };
        }"""
    )
    with page.expect_request(lambda request: request.url.endswith("q=" + quote(text))):
        page.keyboard.type(text)
    page.wait_for_function("() => document.querySelector('command-palette [data-part=count]').textContent !== ''")


def opened(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_selector(f"{FIELD}:focus")
    page.wait_for_selector("command-palette [role=option]")


def test_a_record_is_found_walked_to_and_opened_by_keys_alone(desk: Any, live_server: Any, lead: Lead) -> None:
    opened(desk)
    asked(desk, "남궁")
    assert desk.inner_text("command-palette [data-part=count]") == "2 found"
    assert desk.inner_text(CHOSEN + " mark") == "남궁"
    first = desk.get_attribute(CHOSEN, "id")
    assert desk.get_attribute(FIELD, "aria-activedescendant") == first
    desk.keyboard.press("ArrowDown")
    assert desk.get_attribute(FIELD, "aria-activedescendant") == desk.get_attribute(CHOSEN, "id") != first
    desk.keyboard.press("ArrowDown")
    assert desk.get_attribute(CHOSEN, "id") == first, "round and round"
    desk.keyboard.press("Enter")
    desk.wait_for_url(f"**/leads/{lead.pk}")


def test_control_enter_opens_a_new_tab_and_escape_gives_the_focus_back(desk: Any, live_server: Any, lead: Lead) -> None:
    desk.focus(".rail-item[href='/leads']")
    opened(desk)
    asked(desk, "남궁")
    with desk.context.expect_page() as tab:
        desk.keyboard.press("Control+Enter")
    tab.value.wait_for_url(f"**/leads/{lead.pk}")
    assert desk.url == live_server.url + reverse("home"), "where one was"
    desk.keyboard.press("Escape")
    desk.wait_for_selector("command-palette dialog", state="hidden")
    assert desk.evaluate("document.activeElement.getAttribute('href')") == "/leads"


def test_what_the_page_offers_is_done_from_the_palette(desk: Any, live_server: Any, lead: Lead) -> None:
    desk.goto(live_server.url + reverse("lead", args=[lead.pk]))
    opened(desk)
    desk.keyboard.type("recyc")
    desk.wait_for_selector("command-palette [role=option][id^=do-] >> text=Recycle")
    elsewhere = "[data-part=handbook] *, [data-part=pages] *"
    desk.wait_for_function(f"() => document.querySelectorAll('command-palette [role=option]:not({elsewhere})').length === 1")
    assert desk.get_attribute(CHOSEN, "id") == "do-0"
    assert desk.locator("command-palette [role=group]").last.get_attribute("data-part") == "handbook", "one may read about it, but it comes last"
    desk.keyboard.press("Enter")
    desk.wait_for_selector("details.act[data-do=Recycle][open]")
    assert desk.evaluate("document.activeElement.closest('form').action").endswith(f"/leads/{lead.pk}/recycling")
    opened(desk)
    # Enter before the answer is there means the answer, not what stood there before.
    desk.keyboard.type("write a note")
    desk.keyboard.press("Enter")
    desk.wait_for_function("() => document.activeElement.name === 'text'")


def test_on_a_list_it_does_what_can_be_done_to_the_row_and_to_what_is_ticked(desk: Any, live_server: Any, lead: Lead) -> None:
    desk.goto(live_server.url + reverse("accounts"))
    name = desk.locator("a.sheet-name").first.inner_text()
    desk.keyboard.press("j")
    opened(desk)
    row = desk.locator("command-palette [role=group]", has=desk.locator(f".palette-group >> text={name}"))
    assert "At a glance" in row.inner_text()
    assert violations(desk) == []
    desk.keyboard.type("ｇｌａｎｃｅ")
    desk.wait_for_function(f"() => document.querySelector('{CHOSEN}')?.innerText.includes('At a glance')")
    desk.keyboard.press("Enter")
    desk.locator(".peek .lead-name", has_text=name).wait_for()
    opened(desk)
    desk.keyboard.type("industry change")
    desk.wait_for_function(f"() => document.querySelector('{CHOSEN}')?.innerText.includes('Industry')")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".edit-form :focus")
    desk.keyboard.press("Escape")
    opened(desk)
    desk.keyboard.type("selec")
    desk.wait_for_function(f"() => document.querySelector('{CHOSEN}')?.innerText.startsWith('Select ')")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".bulk:visible details[data-do='Give to']")
    opened(desk)
    assert desk.locator("command-palette .palette-group >> text=1 selected").count() == 1
    desk.keyboard.type("ｇｉｖｅ ")
    desk.wait_for_function(f"() => document.querySelector('{CHOSEN}')?.innerText.includes('Give to')")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".bulk details[data-do='Give to'][open]")


def test_a_verb_is_found_by_its_initial_consonants(desk: Any, cast: Cast, lead: Lead) -> None:
    User.objects.get_queryset().filter(pk=cast.ada.pk).update(language="ko")
    desk.goto(desk.url.removesuffix(reverse("relay")) + reverse("lead", args=[lead.pk]))
    opened(desk)
    desk.keyboard.type("ㅈㅎㅇ")
    desk.wait_for_function(f"() => document.querySelector('{CHOSEN}')?.innerText.includes('재활용')")
    assert desk.get_attribute(CHOSEN, "id").startswith("do-")


def test_recents_and_pages_stand_ready_before_anything_is_typed(desk: Any, live_server: Any, lead: Lead) -> None:
    desk.goto(live_server.url + reverse("lead", args=[lead.pk]))
    opened(desk)
    assert desk.inner_text(f"{CHOSEN} b") != "남궁솔", "that is where one is"
    desk.keyboard.press("Escape")
    desk.goto(live_server.url + reverse("leads"))
    opened(desk)
    assert desk.inner_text(f"{CHOSEN} b") == "남궁솔"
    asked(desk, "audit")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**" + reverse("audit"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_palette_and_the_page_are_clean_to_axe(desk: Any, live_server: Any, lead: Lead, *, dark: bool) -> None:
    desk.emulate_media(color_scheme="dark" if dark else "light")
    opened(desk)
    assert violations(desk) == []
    asked(desk, "firm")
    assert violations(desk) == []
    desk.keyboard.press("Escape")
    desk.goto(live_server.url + reverse("search") + "?q=firm")
    assert violations(desk) == []


def test_on_a_phone_a_touch_of_the_glass_opens_it_over_the_whole_screen(desk: Any, live_server: Any, lead: Lead) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.click(".omni")
    desk.wait_for_selector("command-palette [role=option]")
    box = desk.locator("command-palette dialog").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert desk.evaluate("document.documentElement.scrollWidth") == 390
    assert min(option.bounding_box()["height"] for option in desk.locator("command-palette [role=option]").all()) >= 44
    desk.click("command-palette [data-part=close]")
    desk.wait_for_selector("command-palette dialog", state="hidden")


def test_without_a_script_the_field_leads_to_the_page(browser: Any, desk: Any, lead: Lead) -> None:
    plain = browser.new_context(java_script_enabled=False, storage_state=desk.context.storage_state())
    try:
        page = plain.new_page()
        page.goto(desk.url.removesuffix(reverse("relay")) + reverse("leads"))
        page.fill(".omni-input", "남궁")
        page.press(".omni-input", "Enter")
        page.wait_for_url("**/search?q=*")
        page.click(".found .palette-item")
        page.wait_for_url(f"**/leads/{lead.pk}")
    finally:
        plain.close()
