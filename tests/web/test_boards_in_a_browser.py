"""The board in a real browser: walked and worked by keys alone, by dragging, without script, light and dark, on a phone, and clean to axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tests.cast import Cast, assemble
from tests.web.browsing import PHONE, out_of_reach
from tests.web.office import MONDAY, deal_of, lead_of
from tests.web.test_in_a_browser import signed_in
from tests.web.test_keys_in_a_browser import clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """As every page, but a refusal is expected here, and the browser writes down each answer of 409 or 422."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    opened, complaints = context.new_page(), []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not [one for one in complaints if "status of 409" not in one and "status of 422" not in one]


@pytest.fixture
def board(page: Any, live_server: Any, cast: Cast) -> Any:
    """Ada before a board of leads: two in working, one in connected, one in sales."""
    for nth, stage in enumerate([stages.WORKING, stages.WORKING, stages.CONNECTED]):
        lead_of(cast, nth, name=("한", ("윤서", "도현", "하린")[nth]), stage=stage)
    deal_of(cast, 9)
    signed_in(page, live_server, cast)
    page.goto(live_server.url + "/leads?as=board")
    return page


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def lane(page: Any, key: str) -> Any:
    return page.locator(f'[data-lane="{key}"]')


def stages_of(cast: Cast) -> dict[str, str | None]:
    return {str(lead): lead.stage_id for lead in Lead.objects.visible_to(cast.ada).select_related("contact")}


def test_a_board_is_walked_and_a_card_is_moved_by_keys_alone(board: Any, cast: Cast) -> None:
    board.keyboard.press("j")
    assert focused(board) == "한도현"
    board.keyboard.press("ArrowDown")
    assert focused(board) == "한윤서"
    board.keyboard.press("ArrowRight")
    assert focused(board) == "한하린"
    board.keyboard.press("ArrowLeft")
    board.keyboard.press("Space")
    board.wait_for_selector(".peek:not([hidden]) .lead-name")
    board.keyboard.press("Escape")
    assert focused(board) == "한도현"
    board.keyboard.press("m")
    board.wait_for_selector("dialog[open] .place")
    clean(board)
    assert focused(board) == "Captured", "the first lane that it could be put into"
    board.get_by_role("button", name="Booked").focus()
    board.keyboard.press("Enter")
    board.wait_for_selector('[data-lane="booked"] [data-card]')
    assert focused(board) == "한도현", "the focus goes along with the card"
    assert "is in “Booked” now" in board.locator("flash-toast").inner_text()
    board.wait_for_selector("#said p:has-text('Booked')", state="attached")
    assert stages_of(cast)["한도현"] == stages.BOOKED
    clean(board)


def test_a_reason_is_asked_in_place(board: Any, cast: Cast) -> None:
    board.keyboard.press("j")
    board.keyboard.press("m")
    board.wait_for_selector("dialog[open] .place")
    board.get_by_role("link", name="Recycle…").press("Enter")
    board.wait_for_selector("dialog [name=because]")
    board.select_option("dialog [name=because]", "no_budget")
    board.select_option("dialog [name=wakes]", "trigger")
    board.fill("dialog [name=reason]", "a new budget")
    board.keyboard.press("Enter")
    board.wait_for_selector("dialog .form-problems, dialog .form-error")
    assert board.input_value("dialog [name=because]") == "no_budget", "what was said is still there"
    board.select_option("dialog [name=trigger]", "event")
    board.fill("dialog [name=words]", "next year")
    board.keyboard.press("Enter")
    board.wait_for_selector("flash-toast")
    assert board.locator(".place-dialog[open]").count() == 0
    assert "It wakes by its rule" in board.locator("flash-toast").inner_text()
    assert stages_of(cast)["한도현"] is None


def test_a_card_is_dragged_and_goes_back_when_it_is_refused(board: Any, cast: Cast) -> None:
    card = board.locator("[data-card]", has_text="한하린")
    card.drag_to(lane(board, "booked"))
    board.wait_for_selector("flash-toast")
    assert stages_of(cast)["한하린"] == stages.BOOKED
    board.locator("flash-toast [data-part=close]").click()
    board.locator("[data-card]", has_text="한윤서").drag_to(lane(board, "captured"))
    board.wait_for_selector("flash-toast.toast-error")
    assert "only moves forward" in board.locator("flash-toast").inner_text()
    assert lane(board, "working").locator("[data-card]").count() == 2
    assert stages_of(cast)["한윤서"] == stages.WORKING


def test_whoever_is_slower_is_told_and_sees_where_the_card_is(board: Any, cast: Cast) -> None:
    lead = next(one for one in Lead.objects.visible_to(cast.ada) if str(one) == "한윤서")
    leads.advance(lead, to=stages.BOOKED, by=By(cast.ivo, Door.WEB), at=MONDAY.replace(month=4))
    board.locator("[data-card]", has_text="한윤서").drag_to(lane(board, "connected"))
    board.wait_for_selector("flash-toast.toast-error")
    assert "Somebody has moved it meanwhile" in board.locator("flash-toast").inner_text()
    board.wait_for_selector('[data-lane="booked"] [data-card]')


def test_a_card_goes_back_when_the_server_is_out_of_reach(board: Any, cast: Cast) -> None:
    card, lost = board.locator("[data-card]", has_text="한하린"), "flash-toast.toast-error"
    with out_of_reach(board):
        card.drag_to(lane(board, "booked"))
        board.wait_for_selector(lost)
        assert lane(board, "connected").locator("[data-card]").count() == 1
        board.locator(f"{lost} [data-part=close]").click()
    # It was refused, and then the lanes cannot be asked for: only what was refused is told.
    lead = next(one for one in Lead.objects.visible_to(cast.ada) if str(one) == "한윤서")
    leads.advance(lead, to=stages.BOOKED, by=By(cast.ivo, Door.WEB), at=MONDAY.replace(month=4))
    board.evaluate("""() => {
        const reach = window.fetch;
        window.fetch = (address, how) => {
            if (how?.method === "POST") return reach(address, how);
            window.answers = [...(window.answers ?? []), new Response("<p>Elsewhere</p>")];
            return Promise.resolve(window.answers.at(-1));
        };
    }""")
    board.locator("[data-card]", has_text="한윤서").drag_to(lane(board, "connected"))
    board.wait_for_selector(lost)
    # The lanes were asked for, what came was read, and whoever read it had a turn.
    board.wait_for_function("() => window.answers?.every((answer) => answer.bodyUsed)")
    board.evaluate("() => new Promise((next) => setTimeout(next))")
    assert "Somebody has moved it meanwhile" in board.locator("flash-toast").inner_text()
    assert lane(board, "working").locator("[data-card]").count() == 2


@pytest.mark.parametrize("dark", [False, True])
def test_a_board_is_clean_light_and_dark_and_scrolls_in_itself_on_a_phone(board: Any, live_server: Any, *, dark: bool) -> None:
    board.emulate_media(color_scheme="dark" if dark else "light")
    for address in ("/leads?as=board", "/opportunities?as=board", "/tasks?as=board", "/leads?group=stage"):
        board.goto(live_server.url + address)
        clean(board)
    board.set_viewport_size(PHONE)
    for address in ("/leads?as=board", "/opportunities?as=board", "/leads?group=stage"):
        board.goto(live_server.url + address)
        clean(board)
        assert board.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_script_a_card_is_moved_by_a_page(board: Any, browser: Any, live_server: Any, *, cast: Cast) -> None:
    with_cookies = board.context.storage_state()
    context = browser.new_context(storage_state=with_cookies, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(live_server.url + "/leads?as=board")
    plain.get_by_role("link", name="Move 한하린").click()
    plain.get_by_role("button", name="Booked").click()
    plain.wait_for_url("**/leads?as=board")
    assert plain.locator('[data-lane="booked"] [data-card]').count() == 1
    assert stages_of(cast)["한하린"] == stages.BOOKED
    plain.goto(live_server.url + reverse("leads") + "?group=stage")
    plain.locator("summary", has_text="Working").click()
    assert not plain.get_by_role("link", name="한윤서").is_visible()
    context.close()


def test_a_calendar_is_walked_and_a_task_is_moved_by_keys_and_by_dragging(board: Any, live_server: Any, cast: Cast) -> None:
    for subject, due_on in (("Call", date(2026, 3, 4)), ("Write", date(2026, 3, 4)), ("Meet", date(2026, 3, 12))):
        tasks.add(Task(subject=subject, due_on=due_on, owner=cast.ivo), by=By(cast.ivo, Door.WEB), at=MONDAY)
    board.goto(live_server.url + "/tasks?as=calendar&on=2026-03-01")
    board.keyboard.press("j")
    assert focused(board) == "Call"
    board.keyboard.press("ArrowDown")
    assert focused(board) == "Write"
    board.keyboard.press("ArrowDown")
    assert focused(board) == "Meet", "down goes on with the next day that has something"
    board.keyboard.press("m")
    board.wait_for_selector("dialog[open] [name=to][type=date]")
    clean(board)
    board.fill("dialog [type=date]", "2026-03-20")
    board.locator("dialog [type=date]").press("Enter")
    board.wait_for_selector('[data-lane="2026-03-20"] [data-card]')
    assert focused(board) == "Meet"
    board.locator("[data-card]", has_text="Call").drag_to(lane(board, "2026-03-05"))
    board.wait_for_selector("flash-toast >> text=Mar 5")
    assert Task.objects.visible_to(cast.ada).get(subject="Call").due_on == date(2026, 3, 5)
    board.locator("flash-toast", has_text="Mar 5").get_by_role("button", name="Undo").click()
    board.wait_for_selector('[data-lane="2026-03-04"] [data-card] >> text=Call')
    for dark in (False, True):
        board.emulate_media(color_scheme="dark" if dark else "light")
        clean(board)
    board.set_viewport_size(PHONE)
    for span in ("calendar", "week"):
        board.goto(live_server.url + f"/tasks?as={span}&on=2026-03-04")
        clean(board)
        assert board.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
