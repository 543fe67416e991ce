"""The meetings of the demo company: a week that is alive around today, and hand-offs that are about meetings to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.demo import load
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.relay.handoff_rows import Handoff, HandoffState

# A Sunday: what is over was on Friday at the latest, what is to come is from Monday on.
UNTIL = datetime(2026, 3, 22, 9, 30, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_whoever_sells_has_a_week_behind_and_a_week_ahead() -> None:
    load.load(n_leads=700, until=UNTIL)
    near = Meeting.objects.filter(starts_at__range=(UNTIL - timedelta(days=9), UNTIL + timedelta(days=9)))
    ahead = [meeting for meeting in near.ahead() if meeting.starts_at > UNTIL]
    days = {meeting.starts_at.astimezone(ZoneInfo(meeting.held_by.time_zone)).date() for meeting in ahead}
    assert len(days) >= 4
    assert all(day.weekday() < 5 for day in days)
    assert near.filter(state=MeetingState.HELD).exists()
    assert all(meeting.agenda and (meeting.place or meeting.kind == "phone") for meeting in ahead)
    offered = Handoff.objects.filter(state=HandoffState.OFFERED, lead__meetings__state__in=["booked", "confirmed"], lead__meetings__held_by=F("to_owner"))
    assert all(handoff.meeting_at == handoff.lead.meetings.ahead().get().starts_at for handoff in offered)
    assert TimelineEntry.objects.filter(kind=Kind.MEETING, detail__meeting__in=[meeting.pk for meeting in ahead]).exists()
