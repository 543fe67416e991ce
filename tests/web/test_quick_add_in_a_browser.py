"""Quick add by keyboard alone: opened by C, kept open by what is wrong, gone on with another, closed by Escape; and without script."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.crm.contacts import Contact
from tasuki.crm.tasks import Task
from tests.cast import Cast, assemble
from tests.web.browsing import PHONE, out_of_reach, sign_in, violations
from tests.web.office import lead_of
from tests.web.test_in_a_browser import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.name || document.activeElement.id || document.activeElement.innerText"))


@pytest.mark.usefixtures("refusals")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_contact_is_added_where_one_is(page: Any, live_server: Any, cast: Cast, *, dark: bool) -> None:
    account = lead_of(cast).account
    signed_in(page, live_server, cast, dark=dark)
    page.goto(live_server.url + reverse("account", args=[account.pk]))
    press(page, "c")
    page.locator("dialog.quick form").wait_for()
    assert focused(page) == "family_name"
    assert page.input_value("#quick-account") == account.name
    assert violations(page) == []
    page.keyboard.type("박")
    page.fill("#quick-account", "Nobody Ltd.")
    press(page, "Enter")
    page.locator("dialog.quick .form-error").wait_for()
    assert focused(page) == "account"
    assert page.locator("dialog.quick [name=family_name]").input_value() == "박"
    assert violations(page) == []
    press(page, "Control+a")
    page.keyboard.type(account.name)
    press(page, "Enter")
    page.locator("flash-toast", has_text="The contact is saved.").wait_for()
    page.wait_for_load_state()
    assert page.url.endswith(reverse("account", args=[account.pk]))
    contact = Contact.objects.get(family_name="박")
    assert page.locator("main a", has_text=contact.display_name).count() > 0
    press(page, "u", "Enter")
    page.wait_for_url("**" + reverse("contact", args=[contact.pk]))


def test_one_after_the_other(page: Any, live_server: Any, cast: Cast) -> None:
    signed_in(page, live_server, cast)
    page.goto(live_server.url + reverse("tasks"))
    press(page, "c")
    page.locator("dialog.quick form").wait_for()
    for subject in ("Call 한서윤", "Send the offer"):
        page.keyboard.type(subject)
        page.locator("dialog.quick button[value=another]").focus()
        press(page, "Enter")
        page.locator("dialog.quick flash-toast").wait_for()
        page.locator("dialog.quick flash-toast [data-part=close]").click()
        page.locator("dialog.quick flash-toast").wait_for(state="detached")
        page.locator("#quick-subject").focus()
        assert page.input_value("#quick-subject") == ""
    assert violations(page) == []
    press(page, "Escape")
    page.locator("dialog.quick[open]").wait_for(state="detached")
    page.locator("main", has_text="Send the offer").wait_for()
    assert set(Task.objects.values_list("subject", flat=True)) == {"Call 한서윤", "Send the offer"}


def test_what_cannot_be_sent_is_told_and_sent_again(page: Any, live_server: Any, cast: Cast) -> None:
    signed_in(page, live_server, cast)
    page.goto(live_server.url + reverse("tasks"))
    with out_of_reach(page):
        press(page, "c")
        page.locator("#toasts flash-toast.toast-error", has_text="The server did not answer").wait_for()
    press(page, "c")
    page.locator("dialog.quick form").wait_for()
    page.keyboard.type("Send the offer")
    with out_of_reach(page):
        press(page, "Enter")
        page.locator("dialog.quick flash-toast.toast-error", has_text="The server did not answer").wait_for()
    assert violations(page) == []
    page.locator("dialog.quick button[value=stay]").click()
    page.locator("main", has_text="Send the offer").wait_for()
    assert Task.objects.count() == 1


def test_a_c_that_is_typed_is_a_letter(page: Any, live_server: Any, cast: Cast) -> None:
    signed_in(page, live_server, cast)
    page.goto(live_server.url + reverse("leads"))
    page.locator("#q").focus()
    press(page, "c")
    press(page, "Control+c")
    assert page.locator("dialog.quick[open]").count() == 0
    assert page.input_value("#q") == "c"


def test_the_palette_offers_it(page: Any, live_server: Any, cast: Cast) -> None:
    signed_in(page, live_server, cast)
    press(page, "Control+k")
    page.locator("command-palette [role=combobox]:focus").wait_for()
    page.keyboard.type("add")
    page.locator("#do-0", has_text="Add…").wait_for()
    press(page, "Enter")
    page.locator("dialog.quick form").wait_for()


def test_on_a_phone_it_is_the_page(page: Any, live_server: Any, cast: Cast) -> None:
    signed_in(page, live_server, cast)
    page.set_viewport_size(PHONE)
    page.locator("quick-add a").click()
    page.locator("dialog.quick form").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert violations(page) == []
    assert min(box.bounding_box()["height"] for box in page.locator("dialog.quick :is(a, button, input:not([type=hidden]))").all()) >= 44


def test_without_script_it_is_a_page_of_its_own(browser: Any, live_server: Any, cast: Cast) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context.new_page(), live_server, cast.ruth)
    page.goto(live_server.url + reverse("tasks"))
    page.locator("quick-add a").click()
    page.fill("[name=subject]", "Call 한서윤")
    with page.expect_navigation():
        page.locator("button[value=another]").click()
    assert page.locator("main form [name=subject]").input_value() == ""
    page.fill("[name=subject]", "Send the offer")
    page.locator("button[value=stay]").click()
    page.wait_for_url("**" + reverse("tasks"))
    assert Task.objects.count() == 2
    context.close()
