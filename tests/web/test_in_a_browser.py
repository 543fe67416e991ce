"""Pages in a real browser: signed in, by keyboard, light and dark, on a phone, and clean to axe."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import leads, records, stages, tasks
from tasuki.crm.leads import Arrival
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import PASSWORD, Cast, assemble, with_password
from tests.remembering import written
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = datetime.now(UTC)


@pytest.fixture
def house() -> Cast:
    """The cast, with some months of business: enough for every part of the relay to be drawn."""
    cast = assemble()
    written(_business, cast)
    return cast


def _business(cast: Cast) -> None:
    by = By(cast.ivo, Door.WEB)
    for nth in range(24):
        at = NOW - timedelta(days=5 * nth + 1)
        account = records.add_account(records.Company(f"가온증권 {nth}", country="KR"), owner=cast.ivo, team=cast.inside_sales, by=by, at=at)
        contact = records.add_contact(records.Person("한", f"서윤{nth}", account=account, email=f"p{nth}@gaon.example"), by=by, at=at)
        arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source=("webinar", "referral")[nth % 2])
        lead = leads.capture(arrival, by=by, at=at)
        tasks.add(Task(subject="전화", owner=cast.ivo, lead=lead, due_on=at.date()), by=by, at=at)
        if nth % 3 == 0:
            leads.recycle(lead, reason="no budget", wake_when="next fiscal year", by=by, at=at + timedelta(hours=9))
        elif nth % 3 == 1:
            leads.advance(lead, to=stages.BOOKED, by=by, at=at + timedelta(hours=5))
            terms = Acceptance(owner=cast.saori, team=cast.field_sales, money=Money(Decimal(90_000_000), "KRW"))
            opportunities.win(opportunities.accept(lead, terms=terms, by=by, at=at + timedelta(hours=9)), by=by, at=at + timedelta(hours=20))


def signed_in(page: Any, live_server: Any, cast: Cast, *, language: str = "en", dark: bool = False) -> Any:
    User.objects.get_queryset().filter(pk=cast.ada.pk).update(language=language)
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size(DESKTOP)
    return sign_in(page, live_server, cast.ada)


def test_every_part_of_the_relay_is_clean_to_axe_and_fits_a_phone(page: Any, live_server: Any, house: Cast) -> None:
    """Every other page is walked, with fewer rows behind it, in test_every_page_in_a_browser.py."""
    signed_in(page, live_server, house)
    for address in ("relay", "leads"):
        page.set_viewport_size(DESKTOP)
        page.goto(live_server.url + reverse(address))
        assert violations(page) == []
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert violations(page) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_sign_in_page_is_clean_and_fits_a_phone(page: Any, live_server: Any, house: Cast) -> None:
    page.goto(live_server.url + reverse("account_login"))
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_keyboard_reaches_the_page_and_a_lead(page: Any, live_server: Any, house: Cast) -> None:
    signed_in(page, live_server, house)
    page.goto(live_server.url + reverse("leads"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    # Each heading that orders the list is a stop on the way; whoever goes through rows all day presses J.
    for _step in range(31):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('sheet-name')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads/*")
    assert page.locator("h1").inner_text()


def by_mouse(page: Any, names: list[str]) -> None:
    """The control that goes along with the mouse opens and closes the peek; so does a press on the free place of a row. The keys go on from there."""
    rows = page.locator("tbody tr")
    rows.nth(1).hover()
    rows.nth(1).get_by_role("button", name="At a glance").click()
    page.locator(".peek .lead-name", has_text=names[1]).wait_for()
    assert violations(page) == []
    page.keyboard.press("k")
    page.locator(".peek .lead-name", has_text=names[0]).wait_for()
    rows.nth(0).hover()
    assert page.locator(".row-peek").count() == 1
    rows.nth(0).get_by_role("button", name="At a glance").click()
    page.locator(".peek").wait_for(state="hidden")
    free = rows.nth(1).locator("td:not(.can-edit, .col-check)").last
    free.click()
    page.locator(".peek .lead-name", has_text=names[1]).wait_for()
    page.set_viewport_size(PHONE)
    free.click()
    assert page.locator(".row-peek:visible, .peek:visible").count() == 0, "on a phone rows lead to their pages"
    page.set_viewport_size(DESKTOP)
    page.keyboard.press("Escape")
    page.locator("a.sheet-name").first.focus()


def test_a_list_is_walked_filtered_and_peeked_into_by_keyboard_alone(page: Any, live_server: Any, house: Cast) -> None:
    signed_in(page, live_server, house)
    page.goto(live_server.url + reverse("leads") + "?view=all")
    names = page.locator("a.sheet-name").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.innerText") == names[1]
    page.keyboard.press("Space")
    page.locator(".peek .lead-name", has_text=names[1]).wait_for()
    assert violations(page) == []
    page.keyboard.press("k")
    page.locator(".peek .lead-name", has_text=names[0]).wait_for()
    page.keyboard.press("Escape")
    page.locator(".peek").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.innerText") == names[0]
    by_mouse(page, names)
    page.keyboard.press("?")
    page.locator("dialog.keys").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    assert page.locator(".bulk-count").inner_text() == "1 selected"
    assert violations(page) == []
    page.locator(".bulk summary", has_text="Recycle").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").last.select_option("no_budget")
    page.get_by_label("Wakes", exact=True).select_option("trigger")
    page.get_by_label("What must happen").fill("next fiscal year")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("a.sheet-name").first.focus()
    page.keyboard.press("x")
    page.locator(".bulk").wait_for(state="hidden")
    page.locator("#q").focus()
    page.keyboard.type("j?")
    assert page.locator("dialog.keys").is_hidden()
    page.locator("summary.clause-add").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="source", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**add=source*")
    page.get_by_label("referral").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**source%3Ais%28referral%29*")
    assert 0 < page.locator("a.sheet-name").count() < len(names)
    page.locator("a.sheet-name").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/leads/\d+$"))


def test_the_menu_of_a_phone_opens_without_script(browser: Any, live_server: Any, house: Cast) -> None:
    with_password(house.ada)
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(live_server.url + reverse("account_login"))
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.locator(".rail-button").wait_for()
    assert not page.locator(".rail-items").is_visible()
    page.locator(".rail-button").click()
    page.locator(".rail-items a", has_text="Leads").click()
    page.wait_for_url("**" + reverse("leads"))
    context.close()


def test_the_theme_is_chosen_and_kept(page: Any, live_server: Any, house: Cast) -> None:
    signed_in(page, live_server, house)
    page.locator("summary[aria-label='Appearance']").click()
    page.locator("button[value='dark']").click()
    page.locator("html[data-theme=dark]").wait_for()
    page.goto(live_server.url + reverse("leads"))
    assert page.get_attribute("html", "data-theme") == "dark"
