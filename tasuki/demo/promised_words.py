"""The words that the demo company's hand-offs are owed: the clocks of sales for the last months, and those of what came back and is to be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasuki.core import calendars
from tasuki.core.calendars import hours_of
from tasuki.core.teams import Team
from tasuki.core.working_time import Hours, business_seconds_between
from tasuki.demo.promises import happenings
from tasuki.relay import agreements, clocks
from tasuki.relay.agreements import Agreement, Event, Owed
from tasuki.relay.clocks import Because, Clock, ClockEvent
from tasuki.relay.handoff_rows import Handoff, HandoffState

_SINCE = timedelta(days=120)
_MOST = 2_000
_SECONDS = timedelta(seconds=1)
_WITH_WORDS = [HandoffState.OFFERED, HandoffState.ACCEPTED, HandoffState.RETURNED]


def owed(*, until: datetime) -> None:
    """Write the clocks as they would stand at `until`; a hand-off is due when its clock is."""
    agreed = {agreement.event: agreement for agreement in Agreement.objects.in_force().order_by("-position")}
    by_team = calendars.of_teams(Team.objects.values_list("pk", flat=True))
    hours = {team_id: hours_of(calendar) for team_id, calendar in by_team.items()}
    rows = Handoff.objects.filter(is_own=False, state__in=_WITH_WORDS, meeting_at__gte=until - _SINCE).select_related("lead").order_by("-meeting_at", "-pk")
    made: list[Clock] = []
    handoffs = list(rows[:_MOST])
    for handoff in handoffs:
        begins_at = max(handoff.meeting_at, handoff.offered_at)
        word = _clock(handoff, agreed[Event.MEETING], since=begins_at, ends_at=handoff.answered_at, until=until, hours=hours)
        word.calendar_id = by_team[word.team_id].pk
        handoff.due_at = word.due_at or handoff.due_at
        handoff.escalated_at = word.breached_at if handoff.is_open else None
        made.append(word)
        if handoff.state == HandoffState.RETURNED and handoff.answered_at:
            reading = _clock(handoff, agreed[Event.FEEDBACK], since=handoff.answered_at, ends_at=handoff.feedback_read_at, until=until, hours=hours)
            reading.calendar_id = by_team[reading.team_id].pk
            made.append(reading)
    Handoff.objects.bulk_update(handoffs, ["due_at", "escalated_at"], batch_size=500)
    Clock.objects.bulk_create(made, batch_size=1_000)
    ClockEvent.objects.bulk_create((event for clock in made for event in happenings(clock)), batch_size=1_000)


def _clock(handoff: Handoff, agreement: Agreement, *, since: datetime, ends_at: datetime | None, until: datetime, hours: dict[int, Hours]) -> Clock:
    owner_id, team_id = clocks.owing(agreement.owes, lead=handoff.lead, handoff=handoff)
    seconds = agreements.promised_seconds(agreement, at=since, hours=hours[team_id])
    due_at = agreements.moment_after(since, seconds, counts=agreement.counts, hours=hours[team_id])
    is_late = due_at is not None and due_at < (ends_at or until)
    clock = Clock(
        lead=handoff.lead, handoff=handoff, agreement=agreement, owed=agreement.owes, counts=agreement.counts, n_seconds=seconds, owner_id=owner_id,
        team_id=team_id, since_at=since, started_at=since, due_at=due_at, breached_at=due_at if is_late else None,
        settled_at=due_at if is_late else ends_at,
    )  # fmt: skip
    if ends_at:
        by = handoff.credited_to_id if agreement.owes is Owed.READING else handoff.answered_by_id
        clock.stopped_at, clock.stopped_because, clock.stopped_by_id, clock.is_answered = max(ends_at, since), Because.ANSWERED, by, True
        clock.wall_seconds = max(0, int((ends_at - since) / _SECONDS))
        clock.business_seconds = max(0, int(business_seconds_between(since, ends_at, hours[team_id])))
    return clock
