"""Breaches: promises whose time is over, found by one look into an index; who has to know is told, and the lead goes to somebody else.

A promise is broken once, however many look for it at once: each is taken with its lead and its clock held, and looked at again.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tasuki.core import audit, roles
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import following, lead_imports, notifications, stages
from tasuki.crm.lead_imports import Promises
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening
from tasuki.inside_sales import routing
from tasuki.inside_sales.routing import Routed
from tasuki.inside_sales.routing_decisions import Cause
from tasuki.relay import clocks, handoff_clock, handoff_news
from tasuki.relay.agreements import Event, Owed
from tasuki.relay.clocks import Because, Clock, Turn
from tasuki.relay.handoff_rows import Handoff

_US = By(None, Door.JOB)


def go_on(*, at: datetime, most: int = 500) -> int:
    """Let go on what stood still until a moment that has come; → how many."""
    ready = list(Clock.objects.to_go_on(at).values_list("pk", "lead_id")[:most])
    return sum(_gone_on(clock_id, lead_id, at=at) for clock_id, lead_id in ready)


@transaction.atomic
def _gone_on(clock_id: int, lead_id: int, *, at: datetime) -> bool:
    lead, clock = _held(clock_id, lead_id)
    if lead is None or clock is None or clock.goes_on_at is None or clock.goes_on_at > at:
        return False
    clocks.resume(lead, owed=Owed(clock.owed), by=_US, at=clock.goes_on_at)
    return True


def find(*, at: datetime, most: int = 500) -> int:
    """Break the promises that are over; → how many. What somebody works at just now is left for the next time.

    A hand-off without a word is escalated with its clock: see `handoff_clock`.
    """
    due = list(Clock.objects.due_by(at).exclude(owed=Owed.ACCEPTANCE).values_list("pk", "lead_id")[:most])
    return sum(_broken(clock_id, lead_id, at=at) for clock_id, lead_id in due)


def warn(*, at: datetime, most: int = 500) -> int:
    """Remind those whose promise is soon due; → how many."""
    soon = list(Clock.objects.to_warn_of(at).values_list("pk", "lead_id")[:most])
    return sum(_warned(clock_id, lead_id, at=at) for clock_id, lead_id in soon)


def take_in(routed: Routed) -> None:
    """A lead that came without a word waits for its answer from the moment it was found; one of a file, if it was said that it is new."""
    if routed.decision.cause != Cause.SWEEP or routed.lead.stage_id != stages.READY:
        return
    said = lead_imports.promises_to(routed.lead)
    if said is None:
        event = Event.READY if routed.lead.origin in clocks.CAME_TO_US else Event.OTHER
        clocks.start(routed.lead, event=event, by=_US, at=routed.at)
    elif said == Promises.BEGIN:
        clocks.start(routed.lead, event=clocks.event_of_arrival(routed.lead.origin), by=_US, at=routed.at)


@transaction.atomic
def _broken(clock_id: int, lead_id: int, *, at: datetime) -> bool:
    lead, clock = _held(clock_id, lead_id)
    if lead is None or clock is None or clock.breached_at or not clock.due_at or clock.due_at > at:
        return False
    clocks.break_now(clock, by=_US, at=at)
    if clock.handoff:
        _escalate_handoff(clock, clock.handoff, lead, at=at)
    else:
        _escalate(clock, lead, cause=audit.record(lead, action="breach", by=_US, at=at), at=at)
    if clock.owed == Owed.ANSWER and clock.agreement.reassigns and clock.paused_at is None:
        _give_on(clock, lead, at=at)
    return True


def _escalate_handoff(clock: Clock, handoff: Handoff, lead: Lead, *, at: datetime) -> None:
    """Inside sales is late: whom the agreement names or else who answers for the sender's team; the person; and whoever waits for it in sales."""
    owner_id, team_id = clocks.owing(clock.owed, lead=lead, handoff=handoff)
    people = [clock.agreement.escalate_to] if clock.agreement.escalate_to else roles.managers_of(Team.objects.get(pk=team_id))
    for person in people:
        clocks.tell(clock, turn=Turn.ESCALATED, by=_US, at=at, person=person)
    waits = handoff.answered_by_id if clock.owed == Owed.PLAN else None
    handoff_news.say(handoff, action=f"late_{clock.owed}", to=[*(person.pk for person in people), owner_id, waits], by=_US, at=at)


def _escalate(clock: Clock, lead: Lead, *, cause: AuditEntry, at: datetime) -> None:
    """Whoever the agreement names, else who answers for the team; and the person themselves."""
    people = [clock.agreement.escalate_to] if clock.agreement.escalate_to else roles.managers_of(lead.team)
    for person in people:
        clocks.tell(clock, turn=Turn.ESCALATED, by=_US, at=at, person=person)
    told = {person.pk for person in people} | ({lead.owner_id} if lead.owner_id else set())
    notifications.tell(told, happening=Happening.BREACH, noun=lead.noun, cause=cause, by=_US, at=at, about=following.about(lead))


def _give_on(clock: Clock, lead: Lead, *, at: datetime) -> None:
    """To somebody who never had it; what was promised begins anew for them, counted from the same event."""
    before = lead.owner_id
    decision = routing.reassign(lead, breach=clock.pk, by=_US, at=at)
    if decision is None or decision.owner_id == before:
        return
    clocks.tell(clock, turn=Turn.REASSIGNED, by=_US, at=at, person=decision.owner)
    clocks.stop(lead, owed=Owed.ANSWER, because=Because.REASSIGNED, by=_US, at=at)
    given = Lead.objects.for_page().get(pk=lead.pk)
    clocks.start_again(given, before=clock, by=_US, at=at)


@transaction.atomic
def _warned(clock_id: int, lead_id: int, *, at: datetime) -> bool:
    lead, clock = _held(clock_id, lead_id)
    if lead is None or clock is None or clock.warned_at or clock.breached_at or not clock.warn_at or clock.warn_at > at:
        return False
    Clock.objects.filter(pk=clock.pk).update(warned_at=at)
    owner_id, team_id = clocks.owing(clock.owed, lead=lead, handoff=clock.handoff)
    if clock.handoff:
        ids = handoff_clock.receivers_of(clock.handoff) if clock.owed == Owed.ACCEPTANCE else [owner_id] if owner_id else handoff_clock.managers_over(team_id)
        handoff_news.remind(clock.handoff, action=f"soon_{clock.owed}", to=ids, by=_US, at=at)
    else:
        ids = [owner_id] if owner_id else handoff_clock.managers_over(team_id)
        _remind(lead, ids, at=at)
    clocks.tell(clock, turn=Turn.WARNED, by=_US, at=at, person=User.objects.get(pk=ids[0]) if ids else None)
    return True


def _remind(lead: Lead, ids: list[int], *, at: datetime) -> None:
    cause = audit.record(lead, action="warn", by=_US, at=at)
    notifications.tell(ids, happening=Happening.DUE, noun=lead.noun, cause=cause, by=_US, at=at, about=following.about(lead))


def _held(clock_id: int, lead_id: int) -> tuple[Lead | None, Clock | None]:
    """The lead first, as everybody takes them. None for what somebody else holds: they may be answering."""
    lead = Lead.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner", "team", "contact", "account").filter(pk=lead_id).first()
    if lead is None:
        return None, None
    rows = Clock.objects.select_for_update(skip_locked=True, of=("self",)).running().filter(pk=clock_id)
    return lead, rows.select_related("agreement__escalate_to", "handoff__lead", "handoff__to_team").first()
