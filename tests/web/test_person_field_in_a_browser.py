"""Choosing one of many people in a real browser, by keyboard alone: typed, walked, taken, emptied; read out; in a dialog, a cell and a filter; on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.crm.leads import Lead
from tests.cast import Cast, assemble
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations
from tests.web.office import lead_of
from tests.web.test_person_field import crowded

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OWNER = "#giveform-owner"


@pytest.fixture(name="lead")
def _lead(cast: Cast) -> Lead:
    crowded(20)
    return lead_of(cast, 1)


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    return sign_in(page, live_server, cast.ruth)


def typed(page: Any, text: str) -> None:
    # What was said of the text before says nothing of this one.
    page.evaluate("() => { document.activeElement.closest('name-field').querySelector('[role=status]').textContent = '' }")
    with page.expect_response(lambda answer: "/people/names" in answer.url and answer.url.endswith("q=" + page.evaluate("encodeURIComponent", text))):
        page.keyboard.type(text)
    page.wait_for_function("() => document.activeElement.closest('name-field').querySelector('[role=status]').textContent !== ''")


def state(page: Any) -> dict[str, Any]:
    """What the field that has the focus says of itself, and what would be sent."""
    return page.evaluate(
        """() => {
            const field = document.activeElement, around = field.closest("name-field");
            const marked = document.getElementById(field.getAttribute("aria-activedescendant"));
            return {
                role: field.getAttribute("role"), open: field.getAttribute("aria-expanded"), marked: marked?.dataset.name ?? null,
                n: around.querySelectorAll("[role=option]").length, said: around.querySelector("[role=status]").textContent,
                text: field.value, sent: around.querySelector("input[type=hidden]").value,
            };
        }"""
    )


def test_a_receiver_is_found_walked_to_taken_and_emptied_by_keys_alone(desk: Any, cast: Cast, lead: Lead) -> None:
    page, home = desk, "/".join(desk.url.split("/")[:3])
    page.set_viewport_size(DESKTOP)
    page.goto(home + reverse("lead", args=[lead.pk]))
    page.evaluate("document.querySelectorAll('details:has(#giveform-owner)').forEach(fold => { fold.open = true })")
    page.focus(OWNER)
    assert state(page) == {"role": "combobox", "open": "false", "marked": None, "n": 0, "said": "", "text": "Ivo Horvat", "sent": str(cast.ivo.pk)}
    page.keyboard.press("Control+a")
    typed(page, "wanda")
    first = state(page)
    assert (first["open"], first["marked"], first["n"], first["said"]) == ("true", "Wanda Worker000", 8, "8 of 20 are shown. Type more of the name.")
    assert first["sent"] == "wanda", "what is only typed is what the server is asked to understand"
    assert violations(page) == []
    page.keyboard.press("ArrowUp")
    assert state(page)["marked"] == "Wanda Worker007"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert state(page)["marked"] == "Wanda Worker001"
    page.keyboard.press("Escape")
    assert (state(page)["open"], state(page)["text"]) == ("false", "wanda")
    page.keyboard.press("Control+a")
    typed(page, "沙織")
    page.keyboard.press("Enter")
    taken = state(page)
    assert (taken["open"], taken["text"], taken["sent"]) == ("false", "西野 沙織", str(cast.saori.pk))
    assert page.url.endswith(reverse("lead", args=[lead.pk])), "Enter took a name and sent nothing"
    page.click(f"name-field:has({OWNER}) button")
    assert (state(page)["text"], state(page)["sent"]) == ("", "")
    with page.expect_response("**/people/names*"):
        page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.getAttribute('aria-expanded') === 'true'")
    assert state(page)["marked"] is None, "nobody is taken by Tab where nothing was typed"
    page.keyboard.press("Escape")
    typed(page, "zzz")
    assert (state(page)["open"], state(page)["said"]) == ("false", "Nothing of that name is found.")
    assert page.is_visible("text=Nothing of that name is found.")
    page.keyboard.press("Control+a")
    typed(page, "ruth")
    page.keyboard.press("Tab")
    assert page.input_value(OWNER) == "Ruth Adeyemi"
    page.select_option("#giveform-team", str(cast.field_sales.pk))
    with page.expect_navigation():
        page.press("#giveform-reason", "Enter")
    lead.refresh_from_db()
    assert lead.owner == cast.ruth


def test_the_field_works_in_a_filter_in_quick_add_and_under_a_finger(desk: Any, cast: Cast, lead: Lead) -> None:
    page, home = desk, "/".join(desk.url.split("/")[:3])
    page.set_viewport_size(PHONE)
    page.goto(home + reverse("leads") + "?view=all&add=owner")
    page.click("name-field input")
    typed(page, "ivo")
    page.click("name-field [role=option]")
    assert state(page)["sent"] == str(cast.ivo.pk)
    with page.expect_navigation():
        page.click(".clause-form:has(name-field) .btn")
    assert f"owner%3Ais%28{cast.ivo.pk}%29" in page.url
    page.goto(home + reverse("quick_add", args=["task"]))
    page.click("name-field input")
    typed(page, "jiwoo1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
