"""The bar below a list: its menus come with the first row that is ticked and take the focus over; without script, and until then, each verb is a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.bulk.runs import BulkRun
from tasuki.crm.leads import Lead
from tests.cast import Cast, assemble
from tests.web.browsing import sign_in, violations
from tests.web.office import lead_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOCUS = "document.activeElement.id + ' ' + document.activeElement.tagName"


@pytest.fixture
def cast() -> Cast:
    return assemble()


def test_the_menus_come_with_the_first_row_and_keep_the_focus(page: Any, live_server: Any, cast: Cast) -> None:
    lead_of(cast)
    sign_in(page, live_server, cast.ruth)
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**" + reverse("bulk_menus", args=["lead"]), hold)
    page.goto(live_server.url + reverse("leads") + "?view=all")
    assert (held, page.locator(".bulk-said").inner_text()) == ([], "")
    page.keyboard.press("j")
    with page.expect_request("**" + reverse("bulk_menus", args=["lead"])):
        page.keyboard.press("x")
    assert page.locator(".bulk-said").inner_text() == "1 selected"
    page.locator("#bulk-recycle").focus()
    assert page.evaluate(FOCUS) == "bulk-recycle BUTTON"
    assert len(held) == 1
    held[0].continue_()
    page.locator("summary#bulk-recycle").wait_for()
    assert page.evaluate(FOCUS) == "bulk-recycle SUMMARY"
    page.keyboard.press("Enter")
    page.locator("[name=recycle-because]").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS) == "bulk-recycle SUMMARY"
    page.locator("tbody input.check").uncheck()
    page.locator("tbody input.check").check()
    assert len(held) == 1, "the menus are asked for once"
    page.locator(".bulk .btn", has_text="Merge").click()
    page.locator("flash-toast", has_text="Choose 2 to").wait_for()
    assert page.url.endswith("/leads?view=all")


def test_without_script_the_bar_asks_by_a_page(browser: Any, live_server: Any, cast: Cast) -> None:
    given = [lead_of(cast, 1), lead_of(cast, 2)]
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context.new_page(), live_server, cast.ruth)
    page.goto(live_server.url + reverse("leads") + "?view=all")
    for lead in given:
        page.locator(f"#lead-{lead.pk} input.check").check()
    page.locator("#bulk-give").click()
    page.wait_for_url("**/bulk/lead/give?**")
    assert "2 rows are chosen." in page.inner_text("main")
    page.locator("main .btn-fill").click()
    page.locator(".form-error").first.wait_for()
    assert "2 rows are chosen." in page.inner_text("main")
    page.locator("[name=give-owner]").select_option(label=cast.saori.display_name)
    page.locator("[name=give-team]").select_option(label=cast.field_sales.name)
    page.locator("main .btn-fill").click()
    page.wait_for_url("**/leads?view=all")
    assert set(Lead.objects.values_list("owner", flat=True)) == {cast.saori.pk}
    assert BulkRun.objects.get().n_done == 2
    context.close()
