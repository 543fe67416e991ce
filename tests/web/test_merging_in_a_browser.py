"""Duplicates in a real browser: told while adding, compared, merged and undone by keys alone; clean to axe; no wider than a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from tasuki.crm import duplicate_groups, merging
from tasuki.crm.contacts import Contact
from tests.cast import MONDAY, PASSWORD, SET_UP, Cast, assemble, with_password
from tests.web.browsing import sign_in, violations
from tests.web.test_merge_pages import firm, someone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    return sign_in(page, live_server, cast.ada)


def typed(page: Any, live_server: Any) -> None:
    """A contact whose mail address is known, sent by Enter."""
    page.goto(live_server.url + reverse("contact_new"))
    page.focus("[name=family_name]")
    page.keyboard.type("Ahn Jisu")
    page.focus("[name=email]")
    page.keyboard.type("AHN@gaon.example")
    page.keyboard.press("Enter")
    page.wait_for_selector(".known")


def test_what_is_known_is_told_compared_merged_and_undone_by_keys_alone(desk: Any, live_server: Any, cast: Cast) -> None:
    account = firm(cast, "Gaon")
    one, two = someone(cast, "Ahn", account, email="ahn@gaon.example"), someone(cast, "Ahn", account, phone="+82 2 555 0142")
    desk.goto(live_server.url + reverse("merge_new") + f"?of=contact&id={one.pk}&id={two.pk}")
    desk.focus(f'[name=survivor][value="{one.pk}"]')
    desk.keyboard.press("ArrowRight")
    assert desk.is_checked(f'[name=survivor][value="{two.pk}"]')
    desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**" + reverse("contact", args=[one.pk]))
    contact = Contact.objects.get()
    assert (contact.main_email, contact.main_phone) == ("ahn@gaon.example", "+8225550142")
    desk.get_by_role("link", name="See or undo").focus()
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Undo the merge").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_url("**" + reverse("contact", args=[one.pk]))
    assert set(Contact.objects.values_list("pk", flat=True)) == {one.pk, two.pk}


def test_while_one_types_a_hint_appears(desk: Any, live_server: Any, cast: Cast) -> None:
    someone(cast, "Ahn", firm(cast, "Gaon"), email="ahn@gaon.example")
    desk.goto(live_server.url + reverse("contact_new"))
    desk.focus("[name=email]")
    desk.keyboard.type("ahn@gaon.example")
    desk.wait_for_selector("known-hint >> text=same mail address")
    assert violations(desk) == []


def test_without_network_or_signed_out_there_is_no_hint_and_the_form_stays(desk: Any, live_server: Any) -> None:
    desk.goto(live_server.url + reverse("contact_new"))
    desk.evaluate(
        """() => {
            const signedOut = new Response("<p>Sign in</p>", { headers: { "HX-Redirect": "/sign-in/" } });
            window.asked = [];
            window.fetch = (address, how) => {
                window.asked.push(how.headers["HX-Request"]);
                return window.asked.length === 1 ? Promise.resolve(signedOut) : Promise.reject(new TypeError("Failed to fetch"));
            };
        }"""
    )
    desk.focus("[name=email]")
    for n_asked, letter in enumerate("ah", start=1):
        desk.keyboard.type(letter)
        desk.wait_for_function("n => window.asked.length === n", arg=n_asked)
    assert desk.evaluate("window.asked") == ["true", "true"]
    assert desk.inner_html("known-hint") == ""
    assert desk.input_value("[name=email]") == "ah"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_clean_to_axe(desk: Any, live_server: Any, cast: Cast, *, theme: str) -> None:
    desk.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    for address in addresses(cast):
        desk.goto(live_server.url + address)
        assert violations(desk) == [], address


def test_no_page_is_wider_than_a_phone(desk: Any, live_server: Any, cast: Cast) -> None:
    desk.set_viewport_size({"width": 390, "height": 800})
    for address in addresses(cast):
        desk.goto(live_server.url + address)
        assert desk.evaluate("document.documentElement.scrollWidth") <= 390, address


def addresses(cast: Cast) -> list[str]:
    a, b, c = firm(cast, "Gaon", industry="exchange"), firm(cast, "Gaon Ltd.", 1, industry="securities"), firm(cast, "Gaon Inc.", 2)
    duplicate_groups.find(at=MONDAY)
    merge = merging.merge(a, others=[c], by=SET_UP, at=MONDAY)
    return [
        reverse("duplicates"),
        reverse("merge_new") + f"?of=account&id={a.pk}&id={b.pk}",
        reverse("merge_new") + f"?of=account&id={a.pk}",
        reverse("merge", args=[merge.pk]),
        reverse("account", args=[a.pk]),
    ]


def test_the_form_that_comes_back_is_clean_and_enter_takes_none_of_the_ways(browser: Any, live_server: Any, cast: Cast) -> None:
    """In a browser of its own: it notes the answer 422 of the form as an error."""
    with_password(cast.ada)
    there = someone(cast, "Ahn", firm(cast, "Gaon"), email="ahn@gaon.example")
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(live_server.url + reverse("account_login"))
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**" + reverse("relay"))
    typed(page, live_server)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.focus("[name=title]")
    page.keyboard.type("head of buying")
    page.keyboard.press("Enter")
    page.wait_for_selector(".known >> text=head of buying")
    assert Contact.objects.get().title == ""
    page.get_by_role("button", name="Add what is new to it").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(re.escape(reverse("contact", args=[there.pk])) + "$"))
    assert Contact.objects.get().title == "head of buying"
    context.close()
