"""Every page of the URL map in a real browser: clean to axe by day and by night, no wider than a phone, silent, and open to the keyboard.

One walk: the town stands once, and the pages are opened in one browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Error

from tasuki.core.people import User
from tests.cast import PASSWORD, assemble, with_password
from tests.web import town as towns
from tests.web.browsing import AXE, DESKTOP, PHONE, sign_in
from tests.web.contrast import CONTRAST, too_faint
from tests.web.test_every_page import ada_of, every_address, taken
from tests.web.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]

LANGUAGES = ("ko", "ja", "en")
# What a first Tab shows: the link past the rail, where it can be seen, with a ring around it.
RING = """() => {
  const skip = document.querySelector("a.skip")
  if (!skip) return "no link past the rail"
  skip.focus({focusVisible: true})
  const box = skip.getBoundingClientRect(), style = getComputedStyle(skip)
  return box.top >= 0 && box.height > 0 && style.outlineStyle !== "none" && style.opacity !== "0" ? "" : "the link past the rail cannot be seen"
}"""
# Whether a whole page is open, in which language, whether it has an icon, and by how much it, or what scrolls within its frame, is wider than the window.
HELD = """() => [
  document.doctype !== null, document.documentElement.lang, document.querySelector("link[rel=icon]") !== null,
  Math.max(document.documentElement.scrollWidth - window.innerWidth,
    ...[...document.querySelectorAll("main, .list-main")].map((one) => one.scrollWidth - one.clientWidth))]"""
# All rules but the colours, of which contrast.py asks by day and by night; then the ring.
LOOK = f"""async () => {{
  const tooFaint = {CONTRAST}, ring = {RING}
  const {{violations}} = await axe.run(document, {{rules: {{"color-contrast": {{enabled: false}}}}, resultTypes: ["violations"]}})
  const seen = {{light: [...violations, ...await tooFaint("light")]}}
  document.documentElement.dataset.theme = "dark"
  seen.dark = await tooFaint("dark")
  return [seen, document.querySelector(".shell") ? ring() : ""]
}}"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """As every page, but for what has no icon, since it is only part of a page: the browser asks for one and finds none."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    opened, complaints = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" and not said.location["url"].endswith("/favicon.ico") else None)
    yield opened
    context.close()
    assert not complaints, f"The browser complained: {complaints}"


@pytest.fixture
def town() -> Town:
    return towns.settled(assemble())


def signed_in(page: Any, live_server: Any, town: Town) -> None:
    """Ada, who has just given her password: nothing asks for it again."""
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    sign_in(page, live_server, with_password(town.cast.ada))
    page.goto(live_server.url + reverse("account_reauthenticate"))
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def opened(page: Any, address: str) -> bool:
    """Whether a whole page is shown there; what is only part of one is seen within its page by other tests."""
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return False
        raise
    assert answer.status == 200, address
    return answer.headers["content-type"].startswith("text/html") and page.evaluate(HELD)[0]


def looked_at(page: Any) -> Iterator[str]:
    """What is wrong with the page that is open, by day and by night."""
    seen, unseen = page.evaluate(LOOK)
    for theme, violations in seen.items():
        yield from (f"{theme}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in violations)
    if unseen:
        yield unseen


def held(page: Any, language: str) -> Iterator[str]:
    """What is wrong with the page on a phone."""
    _is_whole, spoken, has_icon, beyond = page.evaluate(HELD)
    if spoken != language:
        yield f"is not in {language}"
    if not has_icon:
        yield "has no icon"
    if beyond > 0:
        yield f"{beyond} px beyond the edge of a phone in {language}"


def test_every_page_is_clean_to_axe_by_day_and_by_night_and_fits_a_phone_in_three_languages(page: Any, live_server: Any, town: Town) -> None:
    client = ada_of(town.cast)
    addresses = [address for address in every_address(town) if "/no/such/" not in address and "GET" in taken(client, address)]
    signed_in(page, live_server, town)
    found: dict[str, list[str]] = {}
    for language in LANGUAGES:
        User.objects.get_queryset().filter(pk=town.cast.ada.pk).update(language=language)
        page.set_viewport_size(PHONE)
        # What is drawn how is the same in each language; how wide it is, is not.
        if is_looked_at := language == LANGUAGES[-1]:
            page.add_init_script(path=AXE)
        shown = []
        for address in addresses:
            if is_looked_at:
                page.set_viewport_size(DESKTOP)
            if opened(page, live_server.url + address):
                shown.append(address)
                wrong = list(looked_at(page)) if is_looked_at else []
                page.set_viewport_size(PHONE)
                if wrong := [*wrong, *held(page, language)]:
                    found.setdefault(address, []).extend(wrong)
        addresses = shown
    assert len(addresses) > 150
    assert not found, "\n".join(f"{address}: {wrong}" for address, wrong in found.items())


def test_what_is_too_faint_is_found_once_for_all_that_is_drawn_alike(page: Any, live_server: Any) -> None:
    page.goto(live_server.url + reverse("account_login"))
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert too_faint(page, "light") == []
    add = """(colours) => { for (const colour of colours) { const text = document.createElement("p")
      Object.assign(text.style, {color: colour, backgroundColor: "#888"})
      text.append("Faint"), document.querySelector("main").append(text) } }"""
    page.evaluate(add, ["#000", "#999", "#999", "#777"])
    assert [len(one["nodes"]) for one in too_faint(page, "light")] == [2]
    assert too_faint(page, "light") == []
    assert [len(one["nodes"]) for one in too_faint(page, "dark")] == [2]
