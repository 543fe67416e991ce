"""Custom fields in a real browser: made, filled in and found by keyboard; clean to axe in light and dark; no wider than a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.crm.accounts import Account
from tests.cast import MONDAY, SET_UP, Cast, assemble
from tests.core.test_custom_fields import ALL_KINDS, firm, made, some_value
from tests.web.browsing import sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    return sign_in(page, live_server, cast.ada)


@pytest.fixture
def account(cast: Cast) -> Account:
    """With a field of each kind, filled in, and one that is archived."""
    account = firm(cast)
    for kind in ALL_KINDS:
        field = made(kind, help_text="Ask the buyer")
        account = writing.write(account, said={field.pk: some_value(field, cast, account)}, by=SET_UP, at=MONDAY)
    defining.archive(made(FieldKind.TEXT, "Old wing"), by=SET_UP, at=MONDAY)
    return account


def test_a_field_is_made_and_filled_in_by_keys_alone(desk: Any, live_server: Any, cast: Cast) -> None:
    account = firm(cast)
    desk.goto(live_server.url + reverse("custom_field_new", args=["account"]))
    desk.focus("[name=label]")
    desk.keyboard.type("Tier")
    desk.keyboard.press("Tab")
    desk.keyboard.type("choice")  # a select finds what is typed
    desk.keyboard.press("Tab")
    desk.keyboard.type("Gold\nSilver")
    desk.focus("[name=label]")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**" + reverse("custom_fields", args=["account"]))
    assert CustomField.objects.get().get_kind_display() == "choice"
    desk.goto(live_server.url + reverse("account", args=[account.pk]))
    desk.focus(f'a[href="{reverse("custom_values", args=["account", account.pk])}"]')
    desk.keyboard.press("Enter")
    desk.wait_for_selector("h1:has-text('Custom fields')")
    desk.focus("select.field")
    desk.keyboard.type("Silver")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**" + reverse("account", args=[account.pk]))
    assert "Silver" in desk.inner_text(".facts")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_clean_to_axe(desk: Any, live_server: Any, account: Account, *, theme: str) -> None:
    desk.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    columns = ",".join(["name", *(field.key for field in CustomField.objects.in_use())])
    tier = CustomField.objects.get(kind=FieldKind.CHOICE)
    for address in (
        reverse("custom_fields", args=["account"]),
        reverse("custom_fields", args=["lead"]),
        reverse("custom_field_new", args=["lead"]),
        reverse("custom_field", args=[tier.pk]),
        reverse("custom_values", args=["account", account.pk]),
        reverse("account", args=[account.pk]),
        reverse("accounts") + f"?columns={columns}&filter={tier.key}:filled,custom.f0:filled",
    ):
        desk.goto(live_server.url + address)
        assert violations(desk) == [], address


def test_no_page_is_wider_than_a_phone(desk: Any, live_server: Any, account: Account) -> None:
    desk.set_viewport_size({"width": 390, "height": 800})
    tier = CustomField.objects.get(kind=FieldKind.CHOICE, noun=FieldNoun.ACCOUNT)
    for address in (
        reverse("custom_fields", args=["account"]),
        reverse("custom_field", args=[tier.pk]),
        reverse("custom_values", args=["account", account.pk]),
        reverse("account", args=[account.pk]),
    ):
        desk.goto(live_server.url + address)
        assert desk.evaluate("document.documentElement.scrollWidth") <= 390, address
