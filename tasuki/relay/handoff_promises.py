"""What the two sides of a hand-off owe each other, as clocks of their agreements: sales a word after the meeting; inside sales what the hand-off
needs by the day of the plan, that it reads what came back, and that somebody goes on with what was given back at once. While inside sales has to
find something out, the clock of sales stands still. Time alone accepts nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from tasuki.core import calendars
from tasuki.relay import clocks
from tasuki.relay.agreements import Event, Owed
from tasuki.relay.clocks import Because, Clock
from tasuki.relay.handoff_rows import Handoff, HandoffState

if TYPE_CHECKING:
    from tasuki.core.audit import By
    from tasuki.crm.leads import Lead

NEEDS_MORE = "needs_more"


def owe_word(handoff: Handoff, *, by: By, at: datetime) -> datetime | None:
    """The receiver owes a word from the meeting on; what inside sales owed for this lead is done. → when it is due; None where nothing is agreed.

    Whoever asked for more goes on with the time that was left to them when they did; somebody else has all of it.
    """
    lead, begins_at = handoff.lead, max(handoff.meeting_at, at)
    for owed in (Owed.PLAN, Owed.TAKE_UP):
        clocks.stop(lead, owed=owed, because=Because.ANSWERED, by=by, at=at)
    stood = of_lead(lead, Owed.ACCEPTANCE)
    if stood and stood.handoff and (stood.handoff.to_owner_id, stood.handoff.to_team_id) == (handoff.to_owner_id, handoff.to_team_id):
        return _go_on(stood, handoff, begins_at=begins_at, by=by, at=at)
    clocks.stop(lead, owed=Owed.ACCEPTANCE, because=Because.WITHDRAWN, by=by, at=at)
    begun = clocks.start(lead, event=Event.MEETING, by=by, at=begins_at, handoff=handoff)
    return begun.due_at if begun else None


def _go_on(stood: Clock, handoff: Handoff, *, begins_at: datetime, by: By, at: datetime) -> datetime | None:
    """At once, or as the next meeting begins: until then it stands still."""
    Clock.objects.filter(pk=stood.pk).update(handoff=handoff)
    if begins_at > at:
        Clock.objects.filter(pk=stood.pk).update(goes_on_at=begins_at)
        return clocks.due_from(stood, begins_at)
    gone_on = clocks.resume(handoff.lead, owed=Owed.ACCEPTANCE, by=by, at=at)
    return gone_on.due_at if gone_on else None


def move(handoff: Handoff, *, meeting_at: datetime, by: By, at: datetime) -> datetime | None:
    """The meeting has another time: the word is due by that. → when; None where no clock runs."""
    begins_at, clock = max(meeting_at, at), of_lead(handoff.lead, Owed.ACCEPTANCE)
    if clock and clock.paused_at:
        return _go_on(clock, handoff, begins_at=begins_at, by=by, at=at)
    clocks.stop(handoff.lead, owed=Owed.ACCEPTANCE, because=Because.WITHDRAWN, by=by, at=at)
    begun = clocks.start(handoff.lead, event=Event.MEETING, by=by, at=begins_at, handoff=handoff)
    return begun.due_at if begun else None


def answered(handoff: Handoff, *, state: HandoffState, by: By, at: datetime) -> None:
    """The receiver has given their word. Who needs more has not decided: their clock stands still, unless its time was over already."""
    if state == HandoffState.NEEDS_MORE:
        stands = clocks.pause(handoff.lead, owed=Owed.ACCEPTANCE, reason=NEEDS_MORE, by=by, at=at)
        if stands and stands.paused_at:
            return
    because = Because.WITHDRAWN if state == HandoffState.WITHDRAWN else Because.ANSWERED
    clocks.stop(handoff.lead, owed=Owed.ACCEPTANCE, because=because, by=by, at=at)


def owe_more(handoff: Handoff, *, plan_on: date, by: By, at: datetime) -> None:
    """Inside sales reads what is missing, and owes it by a day: its time begins with that day, where the sender's team is."""
    owe_reading(handoff, by=by, at=at)
    zone = calendars.hours_of(calendars.of_team(handoff.from_team_id)).zone
    begins_at = datetime.combine(plan_on, time.min, zone).astimezone(UTC)
    clocks.start(handoff.lead, event=Event.PLANNED, by=by, at=begins_at, handoff=handoff)


def owe_reading(handoff: Handoff, *, by: By, at: datetime) -> None:
    clocks.start(handoff.lead, event=Event.FEEDBACK, by=by, at=at, handoff=handoff)


def owe_taking_up(handoff: Handoff, *, following: Lead, by: By, at: datetime) -> None:
    """Somebody in inside sales goes on with the pass that came of a return."""
    clocks.start(following, event=Event.RETURNED, by=by, at=at, handoff=handoff)


def read(handoff: Handoff, *, by: By, at: datetime) -> None:
    """The one credited has read what came back; the clock of this lead runs on while they have not read something else about it."""
    if by.actor and not Handoff.objects.with_unread_feedback(by.actor).filter(lead=handoff.lead_id).exists():
        clocks.stop(handoff.lead, owed=Owed.READING, because=Because.ANSWERED, by=by, at=at)


def leave_to_the_team(handoff: Handoff) -> None:
    """Nobody in person owes the word any more."""
    Clock.objects.running().filter(lead=handoff.lead_id, owed=Owed.ACCEPTANCE).update(owner=None)


def of_lead(lead: Lead, owed: Owed) -> Clock | None:
    """The promise that runs; the caller holds the lead."""
    return Clock.objects.running().filter(lead=lead, owed=owed).select_related("agreement__escalate_to", "handoff").first()
