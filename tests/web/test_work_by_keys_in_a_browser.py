"""A day's work with nothing but keys: a list is ordered, widened, kept and turned; a lead is noted on, planned, moved and recycled."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_day
from tasuki.core.saved_views import SavedView
from tasuki.crm import following, leads, stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, Cast, assemble
from tests.web.browsing import sign_in
from tests.web.keyboard import CHOSEN, HERE, reach
from tests.web.office import lead_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    """Ruth's browser."""
    return sign_in(page, live_server, cast.ruth)


def choose_no_budget(page: Any) -> None:
    """In the form that recycles: the reason by its first letters; when it wakes stays as the reason proposes."""
    reach(page, "Reason *", most=1)
    page.keyboard.type("No bud")
    assert page.evaluate(CHOSEN) == "No budget · after 90 days"
    reach(page, "Wakes", most=1)
    assert page.evaluate(CHOSEN) == "as the reason proposes"


def assert_waits_for_budget(lead: Lead) -> None:
    """It left for the reason that was chosen, with the words that were typed, and wakes on the day that the reason proposes."""
    passage = Passage.objects.get(lead=lead, outcome="recycled")
    reason = ExitReason.objects.get(name_en="No budget")
    assert (passage.because, passage.reason) == (reason, "next fiscal year")
    assert passage.wake_on == reason.rule(the_day(passage.left_at)).on is not None


def test_a_list_is_ordered_widened_kept_as_a_view_and_turned(desk: Any, live_server: Any, cast: Cast) -> None:
    for nth in range(55):
        leads.capture(Arrival(team=cast.inside_sales, source="web"), by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(minutes=nth))
    desk.goto(live_server.url + reverse("leads"))
    reach(desk, "Source")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**sort=source**")
    reach(desk, "Display")
    desk.keyboard.press("Enter")
    reach(desk, "Segment")
    desk.keyboard.press("Space")
    reach(desk, "Apply")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**columns=**segment**")
    assert "Segment" in desk.locator("thead").inner_text()
    reach(desk, "Save this as a view")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Tab")
    desk.keyboard.type("By source")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile(r"view=\d+"))
    assert SavedView.objects.get().columns[-1] == "segment"
    reach(desk, "Older", key="Shift+Tab")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**after=**")
    assert desk.locator("a.sheet-name").count() == 5


def test_rows_are_walked_seen_through_chosen_and_recycled(desk: Any, live_server: Any, cast: Cast) -> None:
    for nth in (1, 2, 3):
        lead_of(cast, nth, name=("한", f"서윤{nth}"), source=("webinar", "referral")[nth % 2])
    desk.goto(live_server.url + reverse("leads"))
    desk.keyboard.press("?")
    desk.locator("dialog.keys").wait_for()
    desk.keyboard.press("Escape")
    reach(desk, "and")
    desk.keyboard.press("Enter")
    reach(desk, "source")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**add=source**")
    reach(desk, "referral")
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**source%3Ais%28referral%29**")
    names = desk.locator("a.sheet-name").all_inner_texts()
    assert len(names) == 2
    for key, name in (("j", names[0]), ("j", names[1]), ("k", names[0])):
        desk.keyboard.press(key)
        assert desk.evaluate(HERE) == name
    desk.keyboard.press("Space")
    desk.locator(".peek .lead-name", has_text=names[0]).wait_for()
    desk.keyboard.press("Escape")
    desk.locator(".peek").wait_for(state="hidden")
    desk.keyboard.press("x")
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    assert desk.locator(".bulk-count").inner_text() == "2 selected"
    # Before the menus have come the same words lead to a page.
    desk.locator("summary#bulk-recycle").wait_for()
    reach(desk, "Recycle")
    desk.keyboard.press("Enter")
    choose_no_budget(desk)
    reach(desk, "What would change it", most=1)
    desk.keyboard.type("next fiscal year")
    reach(desk, "Recycle", most=1)
    desk.keyboard.press("Enter")
    desk.locator("flash-toast", has_text="2 rows are changed.").wait_for()
    assert sorted(Lead.objects.values_list("source", "ended_as")) == [("referral", "recycled"), ("referral", "recycled"), ("webinar", "")]
    for lead in Lead.objects.filter(source="referral"):
        assert_waits_for_budget(lead)
    desk.goto(live_server.url + reverse("leads"))
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile(r"/leads/\d+$"))


def test_a_fact_is_changed_and_the_record_followed(desk: Any, live_server: Any, cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.WORKING)
    desk.goto(live_server.url + reverse("lead", args=[lead.pk]))
    reach(desk, "Follow")
    desk.keyboard.press("Enter")
    desk.locator(".record-acts", has_text="You follow this").wait_for()
    assert following.is_followed(lead, person=cast.ruth)
    for key, word in (("Enter", "banks"), ("e", "exchanges")):
        reach(desk, "Change “Segment” of 한서윤")
        desk.keyboard.press(key)
        desk.wait_for_selector(".edit-form input:focus")
        desk.keyboard.press("ControlOrMeta+a")
        desk.keyboard.type(word)
        desk.keyboard.press("Enter")
        desk.locator(".facts", has_text=word).wait_for()
        lead.refresh_from_db()
        assert lead.segment == word
        desk.goto(live_server.url + reverse("lead", args=[lead.pk]))


def test_a_lead_is_noted_on_planned_moved_on_and_recycled(desk: Any, live_server: Any, cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.WORKING)
    desk.goto(live_server.url + reverse("lead", args=[lead.pk]))
    reach(desk, "Note *")
    desk.keyboard.type("Budget is settled in April.")
    reach(desk, "Keep the note")
    desk.keyboard.press("Enter")
    desk.locator(".note-text", has_text="Budget is settled").wait_for()
    reach(desk, "Add a task")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Tab")
    desk.keyboard.type("Send the offer")
    desk.keyboard.press("Enter")
    desk.locator("a.link", has_text="Send the offer").wait_for()
    assert Task.objects.get().lead == lead
    reach(desk, "Move on")
    desk.keyboard.press("Enter")
    reach(desk, "Move on")
    desk.keyboard.press("Enter")
    desk.wait_for_load_state()
    desk.wait_for_function("() => !document.querySelector('details.act[open]')")
    lead.refresh_from_db()
    assert lead.stage_id == stages.CONNECTED
    reach(desk, "Recycle")
    desk.keyboard.press("Enter")
    choose_no_budget(desk)
    reach(desk, "What would change it", most=1)
    desk.keyboard.type("next fiscal year")
    desk.keyboard.press("Enter")
    desk.locator(".record-head .tag", has_text="recycled").wait_for()
    assert Lead.objects.get(pk=lead.pk).ended_as == "recycled"
    assert_waits_for_budget(lead)
