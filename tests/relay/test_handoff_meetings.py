"""A hand-off and the meeting that was booked for it say the same: when it is moved, and when nobody came."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.crm.tasks import Task
from tasuki.engage import meetings
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.engage.meetings import Plan
from tasuki.relay import handoffs
from tasuki.relay.handoff_rows import HandoffState
from tests.cast import MONDAY, Cast
from tests.relay.handing import AFTER, MEETING, OFFERED, by, offered
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def test_a_meeting_that_is_moved_takes_the_offer_along(cast: Cast) -> None:
    handoff = offered(cast)
    meeting = meetings.book(handoff.lead, plan=Plan(cast.saori, MEETING), by=by(cast.ivo), at=OFFERED)
    meetings.reschedule(meeting, starts_at=AFTER, by=by(cast.ivo), at=OFFERED)
    handoff.refresh_from_db()
    assert handoff.meeting_at == AFTER


def test_nobody_came_is_said_once_for_both(cast: Cast) -> None:
    handoff = offered(cast)
    meeting = meetings.book(handoff.lead, plan=Plan(cast.saori, MEETING), by=by(cast.ivo), at=OFFERED)
    before = Task.objects.filter(lead=handoff.lead).count()
    handoffs.miss(handoff, by=by(cast.saori), at=AFTER)
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.MISSED
    assert Task.objects.filter(lead=handoff.lead).count() == before + 1


def test_a_no_show_said_of_the_meeting_answers_the_offer_and_asks_once_to_book_again(cast: Cast) -> None:
    handoff = offered(cast)
    meeting = meetings.book(handoff.lead, plan=Plan(cast.saori, MEETING), by=by(cast.ivo), at=OFFERED)
    before = Task.objects.filter(lead=handoff.lead).count()
    meetings.miss(meeting, by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.answered_by, handoff.rebook_until_at) == (HandoffState.NO_SHOW, cast.saori, MEETING + timedelta(days=90))
    assert Task.objects.filter(lead=handoff.lead).count() == before + 1


def test_what_the_one_credited_says_of_the_meeting_answers_nothing_for_the_receiver(cast: Cast) -> None:
    handoff = offered(cast)
    meeting = meetings.book(handoff.lead, plan=Plan(cast.saori, MEETING), by=by(cast.ivo), at=OFFERED)
    meetings.miss(meeting, by=by(cast.ivo), at=AFTER)
    handoff.refresh_from_db()
    assert handoff.is_open
    before = Task.objects.filter(lead=handoff.lead).count()
    handoffs.miss(handoff, by=by(cast.saori), at=AFTER)
    assert Task.objects.filter(lead=handoff.lead).count() == before, "whoever booked it is asked already"


def test_a_meeting_that_was_held_answers_no_offer(cast: Cast) -> None:
    handoff = offered(cast)
    meetings.hold(meetings.book(handoff.lead, plan=Plan(cast.saori, MEETING), by=by(cast.ivo), at=OFFERED), by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    assert handoff.is_open


def test_an_offer_begins_with_the_meeting_that_is_booked(cast: Cast) -> None:
    lead = lead_of(cast)
    meetings.book(
        lead, plan=Plan(cast.saori, now() + (MEETING - MONDAY), agenda="night session", attendees="Kim <kim@gaon.example>"), by=by(cast.ivo), at=now()
    )
    page = signed_in(cast.ivo).get(reverse("handoff_new", args=[lead.pk])).content.decode()
    assert "night session" in page
    assert "kim@gaon.example" not in page
    assert f'value="u{cast.saori.pk}" selected' in page
    assert Meeting.objects.ahead().exists()
