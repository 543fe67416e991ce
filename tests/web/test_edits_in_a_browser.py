"""Changing facts and cells in a real browser: by keyboard alone, by two people at once, with an undo; clean to axe; on a phone; without script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.tasks import Task
from tasuki.sales.opportunities import Opportunity
from tests.cast import MONDAY, SET_UP, Cast, assemble
from tests.core.test_custom_fields import firm, key_of, made
from tests.web.browsing import out_of_reach, sign_in, violations
from tests.web.office import deal_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FORM = ".edit-form"
TOAST = "flash-toast"


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(browser: Any, live_server: Any, cast: Cast) -> Iterator[Any]:
    """Ada's browser. What it complains of fails the test, but for the refusals, which it notes down like a missing picture."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield sign_in(page, live_server, cast.ada)
    context.close()
    assert [one for one in complaints if "status of 409" not in one and "status of 422" not in one] == []


def cell(record: Any, field: str) -> str:
    return f'[data-edit="{record.noun}-{record.pk}-{field}"]'


def focused(page: Any) -> str:
    """The fact or cell in which the focus is."""
    return str(page.evaluate("document.activeElement.closest('[data-edit]')?.dataset.edit ?? ''"))


def test_a_cell_is_changed_by_keys_alone_and_the_next_one_after_it(desk: Any, live_server: Any, cast: Cast) -> None:
    account, other = firm(cast, "A"), firm(cast, "B")
    desk.goto(live_server.url + reverse("accounts") + "?columns=name,industry,country")
    desk.keyboard.press("j")
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("ArrowRight")
    assert focused(desk) == f"account-{account.pk}-industry"
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"{FORM} input:focus")
    desk.keyboard.type("banks")
    desk.keyboard.press("Tab")
    desk.wait_for_selector(f"{cell(account, 'country')} {FORM} input:focus")
    assert "banks" in desk.inner_text(cell(account, "industry"))
    assert desk.inner_text(f"{TOAST} [data-part=sentence]") == "Industry of A is changed."
    desk.keyboard.type("Atlantis")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"{FORM} [aria-invalid=true]:focus")
    desk.keyboard.press("Escape")
    assert focused(desk) == f"account-{account.pk}-country"
    assert not desk.locator(FORM).count()
    # The keys of the list go on from here.
    desk.keyboard.press("j")
    desk.keyboard.press("e")
    desk.wait_for_selector(f"{cell(other, 'name')} {FORM} input:focus")
    desk.keyboard.press("Tab")
    desk.wait_for_selector(f"{cell(other, 'industry')} {FORM} input:focus")
    desk.keyboard.press("Escape")
    desk.keyboard.press("u")
    desk.keyboard.press("Enter")
    desk.wait_for_function("text => [...document.querySelectorAll('flash-toast')].some((one) => one.textContent.includes(text))", arg="as it was before")
    assert "banks" not in desk.inner_text(cell(account, "industry"))
    fresh = Account.objects.get(pk=account.pk)
    assert (fresh.industry, fresh.country) == ("", "")


def test_what_cannot_be_sent_is_told_and_stays_typed(desk: Any, live_server: Any, cast: Cast) -> None:
    account = firm(cast, "A")
    desk.goto(live_server.url + reverse("account", args=[account.pk]))
    pen = desk.locator(f"{cell(account, 'industry')} .pen")
    with out_of_reach(desk):
        pen.press("Enter")
        desk.wait_for_selector(f"{TOAST}.toast-error")
    pen.press("Enter")
    desk.wait_for_selector(f"{FORM} input:focus")
    desk.keyboard.type("banks")
    with out_of_reach(desk):
        desk.keyboard.press("Enter")
        desk.wait_for_function("() => document.querySelectorAll('flash-toast.toast-error').length == 2")
    assert desk.input_value(f"{FORM} input[name=industry]") == "banks"
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"{TOAST}.toast-success")
    assert Account.objects.get().industry == "banks"


def test_a_fact_is_changed_and_the_page_follows(desk: Any, live_server: Any, cast: Cast) -> None:
    deal = deal_of(cast)
    tier = made(FieldKind.CHOICE, "Tier", noun=FieldNoun.OPPORTUNITY)
    desk.goto(live_server.url + reverse("opportunity", args=[deal.pk]))
    desk.focus(f"{cell(deal, 'money')} .pen")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"{FORM} input:focus")
    desk.keyboard.type("1억 2,000만")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(TOAST)
    assert "₩120M" in desk.inner_text(".head-facts"), "The head of the page follows."
    assert focused(desk) == f"opportunity-{deal.pk}-money"
    assert Opportunity.objects.get().amount == 120_000_000
    desk.focus(f"{cell(deal, tier.key)} .pen")
    desk.keyboard.press("e")
    desk.wait_for_selector(f"{FORM} select:focus")
    desk.keyboard.type("Gold")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(FORM, state="detached")
    assert "Gold" in desk.inner_text(cell(deal, tier.key))
    assert Opportunity.objects.get().custom == {tier.slot: key_of(tier, "Gold")}


def test_of_two_people_one_is_told_and_nothing_is_lost(desk: Any, browser: Any, live_server: Any, *, cast: Cast) -> None:
    account = firm(cast)
    other = browser.new_context()
    other.set_default_timeout(60_000)
    theirs = sign_in(other.new_page(), live_server, cast.ruth)
    for page in (desk, theirs):
        page.goto(live_server.url + reverse("account", args=[account.pk]))
        page.focus(f"{cell(account, 'industry')} .pen")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{FORM} input:focus")
    theirs.keyboard.type("brokers")
    theirs.keyboard.press("Enter")
    theirs.wait_for_selector(TOAST)
    desk.keyboard.type("banks")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"{FORM} .form-error")
    assert "Ruth Adeyemi changed this" in desk.inner_text(FORM)
    assert "from “nothing” to “brokers”" in desk.inner_text(FORM)
    assert desk.input_value(f"{FORM} [name=industry]") == "banks"
    assert violations(desk) == []
    desk.click(f"{FORM} [name=theirs]")
    desk.wait_for_selector(FORM, state="detached")
    assert "brokers" in desk.inner_text(cell(account, "industry"))
    assert Account.objects.get().industry == "brokers"
    other.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_clean_to_axe_while_one_writes(desk: Any, live_server: Any, cast: Cast, *, theme: str) -> None:
    desk.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    account = firm(cast)
    records.change_account(account, said={"industry": "banks"}, by=SET_UP, at=MONDAY)
    for address in (reverse("account", args=[account.pk]), reverse("accounts")):
        desk.goto(live_server.url + address)
        desk.hover(cell(account, "industry"))
        assert violations(desk) == [], address
        desk.click(f"{cell(account, 'industry')} .pen")
        desk.wait_for_selector(f"{FORM} input:focus")
        assert violations(desk) == [], address
    desk.goto(live_server.url + reverse("edit", args=["account", account.pk, "owner"]))
    assert violations(desk) == []


def test_on_a_phone_a_fact_is_touched_and_nothing_is_wider(desk: Any, live_server: Any, cast: Cast) -> None:
    account = firm(cast)
    desk.set_viewport_size({"width": 390, "height": 800})
    desk.goto(live_server.url + reverse("account", args=[account.pk]))
    desk.click(cell(account, "country"))
    desk.wait_for_selector(f"{FORM} input:focus")
    assert desk.evaluate("document.documentElement.scrollWidth") <= 390
    desk.fill(f"{FORM} [name=country]", "kr")
    desk.click(f"{FORM} .btn-fill")
    desk.wait_for_selector(FORM, state="detached")
    assert "South Korea" in desk.inner_text(cell(account, "country"))
    desk.goto(live_server.url + reverse("edit", args=["account", account.pk, "country"]))
    assert desk.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_script_the_pencil_is_a_link_there_and_back(browser: Any, live_server: Any, cast: Cast) -> None:
    account = firm(cast)
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(60_000)
    page = sign_in(context.new_page(), live_server, cast.ada)
    page.goto(live_server.url + reverse("accounts") + "?columns=name,industry")
    page.focus(f"{cell(account, 'industry')} .pen")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + reverse("edit", args=["account", account.pk, "industry"]))
    page.fill("[name=industry]", "banks")
    page.press("[name=industry]", "Enter")
    page.wait_for_url("**/accounts?columns=name,industry")
    assert "banks" in page.inner_text("tbody")
    page.click(f"{TOAST} .toast-act")
    page.locator(TOAST, has_text="as it was before").wait_for()
    assert "banks" not in page.inner_text("tbody")
    context.close()


def test_a_task_is_changed_where_it_stands_and_its_page_follows(desk: Any, live_server: Any, cast: Cast) -> None:
    task = Task.objects.create(subject="Call", details="At nine", owner=cast.ada, created_at=MONDAY)
    desk.goto(live_server.url + reverse("task", args=[task.pk]))
    assert violations(desk) == []
    for field, typed in (("subject", "Call again"), ("details", "At ten")):
        desk.locator(cell(task, field)).locator("a[href*='/edits/']").click()
        desk.locator(f"{FORM} :is(input[type=text], textarea)").fill(typed)
        desk.locator(f"{FORM} .btn-fill").click()
        desk.locator(cell(task, field), has_text=typed).wait_for()
    assert desk.locator("h1").inner_text() == "Call again"
    assert violations(desk) == []
    # The form for all of it knows what was saved meanwhile, so that it overtakes nobody.
    desk.locator("details.fold summary", has_text="Change").click()
    assert desk.locator("details.fold [name=subject]").input_value() == "Call again"
    desk.locator("details.fold [name=details]").fill("At eleven")
    desk.locator("details.fold .btn-fill").click()
    desk.locator(TOAST, has_text="The task is changed.").wait_for()
    assert Task.objects.values_list("subject", "details").get() == ("Call again", "At eleven")
