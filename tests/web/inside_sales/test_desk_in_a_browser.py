"""The call desk in a real browser: the limits of time, and what two people see of each other. A whole day of it is worked in `test_day_in_a_browser`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm.leads import Lead
from tasuki.engage import calls, meetings, next_calls
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan
from tasuki.inside_sales import leases, objections, qualification
from tasuki.inside_sales.objections import ObjectionUse, Response
from tasuki.web.meeting_times import read
from tests.cast import SET_UP, Cast, assemble, hired
from tests.engage.calling import type_of
from tests.web.browsing import DESKTOP, PHONE, violations
from tests.web.inside_sales.at_the_desk import at_desk, lead_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture(autouse=True)
def by_hand(settings: Any) -> None:
    """A link to a telephone that this machine has not would be one more thing that Chromium complains of."""
    settings.TELEPHONY = "manual"


def test_at_the_limits_the_desk_asks_what_is_open_and_then_says_that_it_is_too_long(page: Any, live_server: Any, cast: Cast) -> None:
    page.clock.install()
    hand = at_desk(page, live_server, cast, leads=1)
    hand.dial()
    desk, time = page.locator("call-desk"), page.locator("call-timer [data-part=time]")
    page.clock.run_for(timedelta(minutes=7, seconds=58) / timedelta(milliseconds=1))
    assert desk.get_attribute("data-limit") is None
    page.clock.run_for(3_000)
    assert (desk.get_attribute("data-limit"), time.text_content()[:2]) == ("soft", "8:")
    assert page.locator("call-timer [data-part=said]").inner_text() == "Ask what is still open."
    assert "Decision maker" in page.locator(".closing").inner_text()
    page.clock.run_for(timedelta(minutes=7) / timedelta(milliseconds=1))
    assert desk.get_attribute("data-limit") == "hard"
    # What the ring says is the browser's; what is kept is the server's.
    began = now()
    Call.objects.visible_to(cast.ivo).update(started_at=began - timedelta(minutes=16), answered_at=began - timedelta(minutes=16))
    hand.press("Escape")
    page.wait_for_selector("#hang-up", state="detached")
    assert 60 <= Call.objects.visible_to(cast.ivo).get().n_seconds_over <= 60 + (now() - began).total_seconds()


def test_an_objection_is_met_with_one_key_and_a_fact_is_kept_while_one_talks(page: Any, live_server: Any, cast: Cast) -> None:
    objections.add(Response("이번 기 예산이 없습니다", "ko", "no_hurry", question="언제입니까?"), by=SET_UP, at=now())
    hand = at_desk(page, live_server, cast, leads=1)
    hand.dial()
    page.keyboard.press("/")
    page.keyboard.type("예산")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.classList.contains('objection-use')")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#desk-note').value.includes('예산이 없습니다')")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.type("? the board knows")
    page.keyboard.press("Tab")
    page.wait_for_selector("#mark-situation .is-asked")
    assert ObjectionUse.objects.count() == 1
    assert qualification.of(Lead.objects.visible_to(cast.ivo).get())["situation"].state == "asked"


@pytest.mark.usefixtures("refusals")
def test_a_meeting_is_booked_by_digits_and_a_time_that_is_gone_gives_way_to_the_next(page: Any, live_server: Any, cast: Cast) -> None:
    hand = at_desk(page, live_server, cast, leads=2)
    here = lead_on(page)
    other = Lead.objects.visible_to(cast.ivo).exclude(pk=here).get()
    hand.dial()
    assert page.locator("[name=slot]").count() == 0, "times are loaded when they are wanted"
    hand.press("b")
    page.wait_for_function("() => document.activeElement.id === 'slot-1'")
    assert page.locator("#slot-1").is_checked()
    hand.press("ArrowRight")
    hand.press("4")
    assert page.evaluate("() => document.activeElement.id") == "slot-4"
    first = page.locator("#slot-1").input_value()
    hand.press("0")
    page.wait_for_function("was => document.querySelector('#slot-1').value !== was", arg=first)
    assert violations(page) == []
    page.locator("#held-by").focus()
    page.select_option("#held-by", str(cast.chika.pk))
    page.wait_for_function("was => document.querySelector('#slot-1').value === was", arg=first)
    page.wait_for_function("() => document.activeElement.id === 'held-by'")
    assert page.locator("#held-by").input_value() == str(cast.chika.pk), "whoever chooses somebody can go on choosing"
    page.locator("#slot-1").focus()
    hand.press("2")
    taken = read(page.locator("#slot-2").input_value())
    assert taken is not None
    meetings.book(other, plan=Plan(cast.chika, taken), by=By(cast.ada, Door.WEB), at=now())
    hand.press("Enter")
    page.wait_for_selector(".then [role=alert]")
    assert page.locator(".then [role=alert]").inner_text() == "This time has just been taken. Choose another."
    assert (lead_on(page), page.locator("#held-by").input_value()) == (here, str(cast.chika.pk))
    page.wait_for_function("() => document.activeElement.name === 'slot'")
    hand.press("3")
    slot = read(page.locator("#slot-3").input_value())
    with page.expect_response(lambda answer: answer.url.endswith("/outcome")) as written:
        hand.press("Enter")
    assert written.value.ok
    meeting = Meeting.objects.get(lead=here)
    assert (meeting.held_by, meeting.starts_at) == (cast.chika, slot)


@pytest.mark.usefixtures("refusals")
def test_a_refusal_stays_on_the_lead_with_what_was_typed(page: Any, live_server: Any, cast: Cast) -> None:
    hand = at_desk(page, live_server, cast, leads=2)
    here = lead_on(page)
    hand.dial()
    page.keyboard.press("n")
    page.keyboard.type("after the board")
    page.keyboard.press("Escape")
    hand.press("Escape")
    page.wait_for_selector("#hang-up", state="detached")
    assert page.locator("#desk-note").input_value() == "after the board", "what was typed while they talked is there after the end"
    hand.press("9")
    hand.press("Enter")
    page.wait_for_selector(".then [role=alert]")
    assert page.locator(".then [role=alert]").inner_text() == "Say why."
    assert (lead_on(page), page.locator("#desk-note").input_value()) == (here, "after the board")


def test_a_lead_that_a_colleague_takes_is_passed_over(page: Any, live_server: Any, cast: Cast) -> None:
    noa = hired("noa", "Noa", "Kim", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    hand = at_desk(page, live_server, cast, leads=3)
    first = lead_on(page)
    page.wait_for_function("() => performance.getEntriesByType('resource').some(one => one.name.endsWith('/lease'))")
    coming = int(page.locator(".desk-queue").get_attribute("data-next"))
    leases.take(Lead.objects.visible_to(noa).get(pk=coming), by=By(noa, Door.WEB), at=now())
    hand.press("s")
    page.keyboard.type("at a fair")
    hand.press("Enter")
    # What was loaded ahead may stand there until the server has answered.
    page.wait_for_function("others => !others.includes(document.querySelector('.desk-main').dataset.lead)", arg=[str(first), str(coming)])
    assert lead_on(page) not in {first, coming}
    assert "Kim Noa has it" in page.locator(".desk-queue").inner_text()


def promised_now(cast: Cast, lead: int) -> None:
    """Somebody promised to call the lead, and it is time."""
    at = now() - timedelta(minutes=1)
    call = calls.end(calls.begin(Lead.objects.visible_to(cast.ivo).get(pk=lead), call_type=type_of(), by=By(cast.ivo, Door.WEB), at=at), at=at)
    next_calls.plan(call, due_at=at, is_promised=True, zone=ZoneInfo("Asia/Seoul"), words="after lunch")


def test_whoever_becomes_more_pressing_follows_and_takes_nobodys_place_who_stands_there_already(page: Any, live_server: Any, cast: Cast) -> None:
    hand = at_desk(page, live_server, cast, leads=3)
    first, queue = lead_on(page), page.locator(".desk-queue")
    page.wait_for_function("() => performance.getEntriesByType('resource').some(one => one.name.endsWith('/lease'))")
    page.wait_for_load_state("networkidle")
    coming = int(queue.get_attribute("data-next"))
    (third,) = set(Lead.objects.visible_to(cast.ivo).values_list("pk", flat=True)) - {first, coming}
    promised_now(cast, third)
    hand.press("s")
    page.keyboard.type("at a fair")
    hand.press("Enter")
    page.wait_for_function("was => document.querySelector('.desk-queue').dataset.here !== was", arg=str(first))
    assert (lead_on(page), int(queue.get_attribute("data-here")), int(queue.get_attribute("data-next"))) == (coming, coming, third)


def test_while_one_talks_the_desk_looks_every_minute_who_is_to_follow(page: Any, live_server: Any, cast: Cast) -> None:
    page.clock.install()
    hand = at_desk(page, live_server, cast, leads=3)
    here, queue = lead_on(page), page.locator(".desk-queue")
    coming = int(queue.get_attribute("data-next"))
    (third,) = set(Lead.objects.visible_to(cast.ivo).values_list("pk", flat=True)) - {here, coming}
    promised_now(cast, third)
    hand.dial()
    page.keyboard.press("n")
    page.keyboard.type("after the board")
    page.clock.run_for(61_000)
    page.wait_for_function("next => document.querySelector('.desk-queue').dataset.next === next", arg=str(third))
    assert "after lunch" in queue.inner_text()
    assert (lead_on(page), page.locator("#desk-note").input_value()) == (here, "after the board")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_desk_is_clean_and_fits(page: Any, live_server: Any, cast: Cast, *, size: dict[str, int]) -> None:
    objections.add(Response("Too dear", "en", "unfit", question="Compared with what?"), by=SET_UP, at=now())
    at_desk(page, live_server, cast, leads=3, size=size)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    for what, shows in (("cb", ".then-fields.then-cb"), ("mtg", ".offer-times")):
        page.locator(f"label[for=result-{what}]").click()
        page.wait_for_selector(shows, state="visible")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
    for name in ("objections",):
        page.goto(live_server.url + reverse(name))
        assert violations(page) == []


BROKEN_WORDS = """() => [...document.querySelectorAll(".result .cap")].flatMap(one => {
  const text = one.firstChild, words = [...text.data.matchAll(/\\S+/g)];
  return words.filter(word => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(box => box.top)).size > 1;
  }).map(word => word[0]);
})"""


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_the_bar_of_the_call_is_two_rows_high_and_no_word_of_a_result_breaks(page: Any, live_server: Any, cast: Cast, *, language: str) -> None:
    cast.ivo.language = language
    cast.ivo.save(update_fields=["language"])
    at_desk(page, live_server, cast, leads=1, size={"width": 1440, "height": 900})
    assert page.evaluate("() => document.documentElement.lang") == language
    assert page.evaluate("() => new Set([...document.querySelectorAll('.result')].map(one => one.offsetTop)).size") == 2
    results, acts = page.locator(".results").bounding_box(), page.locator(".call-end").bounding_box()
    assert acts["x"] >= results["x"] + results["width"]
    assert page.locator(".callbar").bounding_box()["height"] < 100
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(BROKEN_WORDS) == []
