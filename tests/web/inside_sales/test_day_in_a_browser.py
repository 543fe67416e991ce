"""A day of inside sales in a real browser, by keys alone: the list of tomorrow is frozen, its sixteen leads are called, a meeting is booked,
confirmed and held, two leads are handed off; sales takes one and gives one back, which is recycled, wakes, and stands on the list again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.engage.calls import Call
from tasuki.engage.dispositions import MEANINGS, Disposition
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.inside_sales import holding_queue, qualification, waking
from tasuki.inside_sales.call_lists import rules
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.holdings import Holding
from tasuki.inside_sales.qualification import Fact, FactState
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast, assemble
from tests.engage.calling import callable_lead
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations
from tests.web.inside_sales.at_the_desk import Hand, lead_on
from tests.web.keyboard import choose, do, fill, follow, go, open_row, press, reach

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]

# What Ivo hears in sixteen calls; the last says what another said before.
HEARD = [*Disposition, Disposition.NO_ANSWER, Disposition.BUSY, Disposition.CALL_BACK, Disposition.NOT_NOW]
# Who ends a pass for the first time chooses the reason by its first letter.
REASONS = {Disposition.NOT_NOW: ("n", "no_budget"), Disposition.NOT_INTERESTED: ("d", "no_value"), Disposition.DISQUALIFIED: ("s", "student")}
MOST_STROKES = 3
SAID = "in-house, built in 2017"
MISSING = "They only wanted a brochure."


@pytest.fixture
def cast(settings: Any) -> Cast:
    # A link to a telephone that this machine has not would be one more thing that Chromium complains of.
    settings.TELEPHONY = "manual"
    cast = assemble()
    for nth in range(1, 17):
        callable_lead(cast, nth, number=f"+82255501{nth:02}", name="김")
    return cast


def test_a_day_of_inside_sales_is_worked_by_keys_alone(page: Any, browser: Any, live_server: Any, *, cast: Cast) -> None:
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, cast.ivo)
    freeze_tomorrow(page)
    a_night_passes(cast.ivo)
    called = work_the_list(page, cast)
    booked, talked = (Lead.objects.get(pk=called[HEARD.index(what)]) for what in (Disposition.MEETING, Disposition.TALK))
    confirm_the_meeting(page, booked)
    learn_all_by_keys(page, booked)
    offer(page, booked, to=cast.saori)
    learn_the_rest(talked, cast)
    open_lead(page, live_server, talked)
    offer(page, talked, to=cast.saori, on="06152027")
    the_meeting_begins(booked)
    hold_the_meeting(page, booked)
    with at_another_desk(browser, live_server, cast.saori) as sales:
        accept(sales, booked)
        give_back(sales, talked)
    recycle_what_came_back(page, talked)
    its_day_comes(talked)
    stands_on_the_list_again(page, cast, talked)


# In the evening, and the next morning


def freeze_tomorrow(page: Any) -> None:
    go(page, "m", "call_list")
    follow(page, page.locator(".seg-item").last.inner_text())
    press(page, "Propose it now")
    page.locator(".tag", has_text="proposed").wait_for()
    assert violations(page) == []
    press(page, "Confirm and freeze")
    page.locator(".tag", has_text="frozen").wait_for()
    page.wait_for_load_state()
    assert page.locator("tr[id^=entry-]").count() == 16


def a_night_passes(person: User) -> None:
    """What was made for tomorrow was made yesterday, for today."""
    today = rules.local(now(), person).date()
    CallList.objects.update(for_on=today, built_at=F("built_at") - timedelta(days=1), frozen_at=F("frozen_at") - timedelta(days=1))


def work_the_list(page: Any, cast: Cast) -> list[int]:
    """→ the leads in the order in which they were called."""
    go(page, "k", "desk")
    page.wait_for_selector("call-desk:defined")
    hand, strokes, called = Hand(page), [], list[int]()
    for what in HEARD:
        called.append(lead_on(page))
        hand.dial()
        if what is Disposition.TALK:
            page.keyboard.press("f")
            page.keyboard.type(SAID)
            page.keyboard.press("Enter")
            page.keyboard.press("Escape")
        is_chosen = what in REASONS and what in HEARD[: len(called) - 1]
        if what not in REASONS or is_chosen:
            hand.press("Escape")
            page.wait_for_selector("#hang-up", state="detached")
        hand.press(MEANINGS[what].key)
        if what in REASONS and not is_chosen:
            # The result ends the call, so that one stroke is left for why.
            hand.press(REASONS[what][0])
        hand.press("Enter")
        strokes.append(hand.n)
        if len(called) < len(HEARD):
            page.wait_for_function("was => document.querySelector('.desk-main').dataset.lead !== was", arg=str(called[-1]))
    page.wait_for_function("() => document.querySelector('.slots')?.innerText.includes('Today 16 / 16')")
    assert max(strokes) <= MOST_STROKES
    _assert_all_is_written(called, cast)
    return called


def _assert_all_is_written(called: list[int], cast: Cast) -> None:
    planned = CallListEntry.objects.filter(inserted_at__isnull=True).order_by("position").values_list("lead", flat=True)
    assert called == list(planned), "the desk follows the list"
    told = Call.objects.visible_to(cast.ivo).order_by("started_at", "pk")
    assert [(one.lead_id, one.disposition) for one in told] == list(zip(called, HEARD, strict=True))
    ended = {one.disposition: one.because and one.because.key for one in told if one.disposition in REASONS}
    assert ended == {what: reason for what, (_letter, reason) in REASONS.items()}
    talked = Lead.objects.get(pk=called[HEARD.index(Disposition.TALK)])
    assert qualification.of(talked)["situation"].words == SAID


# The meeting, and two hand-offs


def confirm_the_meeting(page: Any, lead: Lead) -> None:
    go(page, "e", "meetings")
    follow(page, page.locator(".meeting a").inner_text())
    press(page, "They confirmed")
    page.locator(".tag", has_text="confirmed").wait_for()
    follow(page, lead.title)


def learn_all_by_keys(page: Any, lead: Lead) -> None:
    """Where the lead is offered: one fact after the other, without a mouse; the budget was asked in vain."""
    do(page, "Hand off to sales")
    page.wait_for_url("**" + reverse("handoff_new", args=[lead.pk]))
    press(page, f"Change “{Fact.SITUATION.label}” of {lead.title}")
    for nth, fact in enumerate(Fact):
        page.wait_for_selector(f"[data-edit=fact-{fact.value}] .edit-form input:focus")
        if fact is Fact.BUDGET:  # the tick, and on
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
        else:
            page.keyboard.type(f"said {nth}")
            page.keyboard.press("Tab")
        page.keyboard.press("Enter" if fact is Fact.COMPETITORS else "Tab")
    page.wait_for_selector("text=All seven facts are known or asked.")
    facts = qualification.of(lead)
    assert (facts.n_known, facts["budget"].state) == (6, FactState.ASKED)
    assert violations(page) == []


def learn_the_rest(lead: Lead, cast: Cast) -> None:
    from tests.relay.handing import qualified

    qualified(lead, user=cast.ivo)


def open_lead(page: Any, live_server: Any, lead: Lead) -> None:
    page.goto(live_server.url + reverse("lead", args=[lead.pk]))


def offer(page: Any, lead: Lead, *, to: User, on: str = "") -> None:
    """`on`: the day that is typed where no meeting says it."""
    if "/handoff" not in page.url:
        do(page, "Hand off to sales")
        page.wait_for_url("**" + reverse("handoff_new", args=[lead.pk]))
    choose(page, "Offer to *", to.display_name, most=60)
    if on:
        reach(page, "Meeting *", most=1)
        page.keyboard.type(on)
        page.keyboard.press("Tab")
        page.keyboard.type("0300PM")
    for label in ("Attendees", "Agreed agenda", "Summary"):
        fill(page, f"{label} *", f"the {label}")
    press(page, "Offer it")
    page.wait_for_url(re.compile(r"/handoffs/\d+$"))
    assert (Handoff.objects.get(lead=lead).to_owner, Lead.objects.get(pk=lead.pk).stage_id) == (to, "booked")


def the_meeting_begins(lead: Lead) -> None:
    begun = now() - timedelta(minutes=40)
    Meeting.objects.filter(lead=lead).update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    Handoff.objects.filter(lead=lead).update(meeting_at=begun)


def hold_the_meeting(page: Any, lead: Lead) -> None:
    go(page, "e", "meetings")
    follow(page, page.locator(".meeting a").inner_text())
    press(page, "It took place")
    page.locator(".record-head .tag", has_text="held").wait_for()
    assert Meeting.objects.get(lead=lead).state == MeetingState.HELD


# At the desk of sales


@contextmanager
def at_another_desk(browser: Any, live_server: Any, person: User) -> Iterator[Any]:
    with browser.new_context(viewport=DESKTOP) as context:
        other = context.new_page()
        other.set_default_timeout(10_000)
        User.objects.filter(pk=person.pk).update(language="en")
        yield sign_in(other, live_server, person)


def accept(page: Any, lead: Lead) -> None:
    go(page, "n", "handoffs")
    open_row(page, lead.title)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.set_viewport_size(DESKTOP)
    press(page, "Accept")
    press(page, "Accept")
    page.wait_for_url("**/opportunities/*")
    deal = Opportunity.objects.get(lead=lead)
    assert (deal.owner, deal.lead.stage_id, deal.lead.owner) == (Handoff.objects.get(lead=lead).answered_by, "p1", deal.owner)


def give_back(page: Any, lead: Lead) -> None:
    go(page, "n", "handoffs")
    open_row(page, lead.title)
    press(page, "Give back")
    choose(page, "Reason *", "no business problem")
    fill(page, "What was missing *", MISSING)
    press(page, "Give back")
    page.locator(".record-head .tag", has_text="returned").wait_for()


# And back


def recycle_what_came_back(page: Any, lead: Lead) -> None:
    """Ivo reads why, and lets the pass that came of it sleep until the next budget."""
    go(page, "n", "handoffs")
    follow(page, " ".join(page.locator(".view", has_text="Feedback for me").inner_text().split()))
    open_row(page, lead.title)
    page.locator("main", has_text=MISSING).wait_for()
    follow(page, lead.title)
    follow(page, "the next one")
    press(page, "Recycle")
    choose(page, "Reason *", "No budget")
    fill(page, "What would change it", "next fiscal year")
    page.keyboard.press("Enter")
    page.locator(".record-head .tag", has_text="recycled").wait_for()
    left = Passage.objects.get(lead__previous=lead, outcome="recycled")
    assert (left.because and left.because.key, left.reason, left.wake_on is not None) == ("no_budget", "next fiscal year", True)


def its_day_comes(lead: Lead) -> None:
    """The rule names a day; it is today. The worker wakes what has its day when the day of the queue begins."""
    at = now()
    held = Holding.objects.get(lead__previous=lead)
    morning = holding_queue.morning(at, hours=holding_queue.hours(holding_queue.rules()))
    Holding.objects.filter(pk=held.pk).update(wake_on=at.date())
    begins = at if morning.day else morning.next_at
    assert begins
    assert waking.wake_due(at=begins) == 1


def stands_on_the_list_again(page: Any, cast: Cast, lead: Lead) -> None:
    again = Lead.objects.get(previous__previous=lead)
    assert (again.origin, again.stage_id, again.owner, again.seq_no) == ("recycled", "ready", cast.ivo, 3)
    assert qualification.of(again)["situation"].state == FactState.BEFORE, "what was known is there, to be confirmed"
    go(page, "m", "call_list")
    follow(page, page.locator(".seg-item").last.inner_text())
    press(page, "Propose it now")
    page.locator(".tag", has_text="proposed").wait_for()
    page.wait_for_load_state()
    entry = CallListEntry.objects.get(lead=again, call_list__frozen_at__isnull=True)
    # It woke, so that somebody is owed a call within a business day: what is promised for that day comes before what only woke.
    assert (entry.call_list.owner, entry.bucket in (Bucket.LATE, Bucket.WOKEN)) == (cast.ivo, True)
    group = page.locator("tbody", has_text=re.compile(str(Bucket(entry.bucket).label), re.IGNORECASE))
    assert lead.title in group.locator("a.sheet-name").all_inner_texts()
    assert violations(page) == []
