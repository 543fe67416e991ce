"""Consequences: what follows from the result of a call, in the same transaction. Nobody has to remember it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.audit import By
from tasuki.core.organisation import the_day
from tasuki.crm import leads, records, stages, tasks
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage import blocks, meetings, next_calls, recipients
from tasuki.engage.blocks import BlockKind
from tasuki.engage.dispositions import CONVERSATIONS, RETRIED, Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan, SlotTaken
from tasuki.engage.moving import move
from tasuki.engage.next_calls import NextCall, RetryRule

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead
    from tasuki.crm.wake_rules import WakeRule
    from tasuki.engage.calls import Call, Outcome


def follow(call: Call, *, lead: Lead, outcome: Outcome, by: By, at: datetime) -> tuple[str, ...]:
    """Let follow what follows; → sentences about what could not. The caller holds the lead. Raises ReasonNotForThis, SlotTaken, TooClose."""
    what = Disposition(call.disposition)
    zone = recipients.zone_of(lead, number=call.number)
    if what in RETRIED:
        _try_again(call, lead, zone=zone, at=at)
        return ()
    _keep_promise(lead, by=by, at=at)
    held_back = [move(lead, to=stages.CONNECTED, by=by, at=at)] if what in CONVERSATIONS and lead.stage_id else []
    if what == Disposition.CALL_BACK:
        _promise(call, lead, zone=zone, by=by, at=at)
    elif what == Disposition.MEETING:
        held_back += [move(lead, to=stages.BOOKED, by=by, at=at), _book(call, lead, outcome=outcome, zone=zone, by=by, at=at)]
    elif what == Disposition.BAD_NUMBER:
        _ask_for_number(call, lead, by=by, at=at)
    elif what == Disposition.DO_NOT_CALL and lead.contact:
        _block(call, lead.contact, by=by, at=at)
    else:
        held_back += _end(call, lead, rule=outcome.rule, by=by, at=at)
    return tuple(filter(None, dict.fromkeys(held_back)))


def _try_again(call: Call, lead: Lead, *, zone: ZoneInfo, at: datetime) -> None:
    """Nobody was reached: again by the rule. What was promised stays promised, with its task."""
    rule = RetryRule.objects.get(disposition=call.disposition)
    promise = NextCall.objects.filter(lead=lead, is_promised=True).first()
    due_at = next_calls.after(rule, lead=lead, at=at, zone=zone)
    next_calls.plan(call, due_at=due_at, is_promised=promise is not None, zone=zone, words=promise.words if promise else "")


def _keep_promise(lead: Lead, *, by: By, at: datetime) -> None:
    """They talked, or never will: the call that was planned is made."""
    planned = NextCall.objects.filter(lead=lead).select_related("task").first()
    if planned and planned.task and planned.task.done_at is None:
        tasks.finish(planned.task, by=by, at=at)
    next_calls.forget(lead)


def _promise(call: Call, lead: Lead, *, zone: ZoneInfo, by: By, at: datetime) -> None:
    """A call back at a time, said by the recipient's clock, as a task due on the day that it is there."""
    if call.again_at is None:
        return
    there = call.again_at.astimezone(zone)
    planned = next_calls.plan(call, due_at=call.again_at, is_promised=True, zone=zone, words=call.note[:200])
    owner = _carrier(call, lead, by=by)
    if owner is None:
        return
    with translation.override(owner.language):
        subject = _("Call back at %(time)s (%(zone)s)") % {"time": there.strftime("%H:%M"), "zone": zone}
    task = tasks.add(Task(subject=subject, kind=TaskKind.CALL, due_on=there.date(), details=call.note, owner=owner, lead=lead), by=by, at=at)
    NextCall.objects.filter(pk=planned.pk).update(task=task)


def _book(call: Call, lead: Lead, *, outcome: Outcome, zone: ZoneInfo, by: By, at: datetime) -> str:
    """The meeting, held by who called unless somebody else is named; → why it could not be booked, or nothing.

    The one that was agreed before is moved. Where the time is taken by another meeting, a task says to find one; whoever names who holds it
    still has the person on the telephone, and is refused instead (SlotTaken), or warned where it is close to another (TooClose).
    """
    owner, held_by = _carrier(call, lead, by=by), outcome.held_by
    is_close_knowingly = outcome.is_close_knowingly or held_by is None
    if call.meeting_at is None or owner is None or lead.stage_id is None:
        return ""
    there = Meeting.objects.ahead().filter(lead=lead, starts_at__gt=at).in_order().first()
    try:
        if there:
            meetings.reschedule(there, starts_at=call.meeting_at, held_by=held_by, is_close_knowingly=is_close_knowingly, by=by, at=at)
        else:
            plan = Plan(held_by or owner, call.meeting_at, zone=str(zone), is_close_knowingly=is_close_knowingly)
            meetings.book(lead, plan=plan, by=by, at=at)
    except SlotTaken:
        if held_by:
            raise
        with translation.override(owner.language):
            subject = _("Find a time for the meeting: %(time)s is taken") % {"time": call.meeting_at.astimezone(zone).strftime("%H:%M")}
        tasks.add(Task(subject=subject, kind=TaskKind.MEETING, due_on=at.astimezone(zone).date(), details=call.note, owner=owner, lead=lead), by=by, at=at)
        return _("There is another meeting at that time, so none was booked. A task says to find a time.")
    return ""


def _ask_for_number(call: Call, lead: Lead, *, by: By, at: datetime) -> None:
    """The number itself stands with the call: a task is read by people who may not see it."""
    owner = _carrier(call, lead, by=by)
    if owner is None:
        return
    with translation.override(owner.language):
        subject = _("Find the right number: the one that was called is wrong")
    tasks.add(Task(subject=subject, owner=owner, due_on=at.astimezone(ZoneInfo(owner.time_zone)).date(), lead=lead), by=by, at=at)


def _block(call: Call, contact: Contact, *, by: By, at: datetime) -> None:
    """At once, for everybody, and for whoever else has the number."""
    said = _said_on_the_phone(call)
    records.record_consent(contact, channel=Channel.PHONE, state=ConsentState.WITHDRAWN, how=said, by=by, at=at)
    numbers = contact.phones.values_list("e164", flat=True) if not call.number else [call.number]
    for number in numbers:
        blocks.block_known(number, kind=BlockKind.PHONE, reason=said, by=by, at=at)


def _end(call: Call, lead: Lead, *, rule: WakeRule | None, by: By, at: datetime) -> list[str]:
    """The pass is over: it sleeps until its rule wakes it, or for good. One that sales works is not ended from the telephone."""
    what = Disposition(call.disposition)
    if call.because is None or what not in {Disposition.NOT_NOW, Disposition.NOT_INTERESTED, Disposition.DISQUALIFIED}:
        return []
    lead = leads.locked(lead)
    if lead.stage_id not in stages.BEFORE_SALES:
        return [_("The lead is with sales by now: tell its owner, who decides how it goes on.")]
    if what == Disposition.DISQUALIFIED:
        leads.disqualify(lead, because=call.because, reason=call.reason, by=by, at=at)
    else:
        leads.recycle(lead, because=call.because, rule=rule or call.because.rule(the_day(at)), reason=call.reason, by=by, at=at)
    return []


def _said_on_the_phone(call: Call) -> str:
    return _("said on the telephone: %(words)s") % {"words": call.note} if call.note else _("said on the telephone")


def _carrier(call: Call, lead: Lead, *, by: By) -> User | None:
    """Who does what was promised: who called, else who owns the lead."""
    return by.actor or call.caller or lead.owner
