"""What follows from what: which happenings below the relay hears, and what it does about them. The whole list is this page."""

from __future__ import annotations

from django.db.models import Q

from tasuki.core import bus
from tasuki.core.audit import By, Door
from tasuki.core.bulk.running import Ended
from tasuki.core.imports import endings
from tasuki.crm import barred, notifications, stages, tasks
from tasuki.crm.lead_imports import Arrived
from tasuki.crm.leads import Lead, Moved
from tasuki.crm.merging import BecomeOne
from tasuki.crm.next_passes import Begun
from tasuki.crm.notifications import Happening
from tasuki.crm.ownership import Given
from tasuki.crm.records import OptedOut
from tasuki.crm.scoring import keeping
from tasuki.crm.wake_rules import Sign, Trigger
from tasuki.engage import blocks, mail
from tasuki.engage.calls import Called
from tasuki.engage.meeting_rows import MeetingState
from tasuki.engage.meetings import Met
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.moving import move
from tasuki.engage.received import Replied
from tasuki.engage.sequences import hearing
from tasuki.engage.talk_figures import Measured
from tasuki.engage.touches import Touched
from tasuki.engage.tracking.judging import Noticed
from tasuki.engage.triage.deciding import Triaged
from tasuki.inside_sales import qualification, recycling, routing, routing_sets, waking
from tasuki.inside_sales.call_lists import buckets
from tasuki.inside_sales.call_lists import lists as call_lists
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.coaching import talk_scores
from tasuki.inside_sales.routing import Routed
from tasuki.relay import arrivals, breaches, chains, clocks, handoffs, promises_due, reply_news
from tasuki.relay.agreements import Event
from tasuki.relay.handoff_rows import Handoff


def subscribe() -> None:
    """Called once, when all apps are loaded. Rules ask how a lead is scored, and clocks who owns it: in this order."""
    bus.listen(Moved, _hold_or_overtake)
    bus.listen(Sign, _wake)
    bus.listen(Moved, _carry_facts_over)
    bus.listen(Moved, _withdraw_what_is_offered)
    bus.listen(Moved, _score)
    bus.listen(Moved, _route_what_is_ready)
    bus.listen(Moved, clocks.follow_move)
    bus.listen(Touched, clocks.follow_touch)
    bus.listen(Called, clocks.follow_call)
    bus.listen(Met, _move_what_is_offered)
    bus.listen(Met, _miss_what_is_offered)
    bus.listen(Replied, _answer)
    bus.listen(Replied, reply_news.tell)
    bus.listen(Routed, breaches.take_in)
    bus.listen(Arrived, arrivals.begin)
    # After whoever gives a lead to somebody: it goes onto the list of that person.
    bus.listen(Moved, _put_on_the_lists)
    bus.listen(Moved, _worked_by_moving)
    bus.listen(Touched, _worked_by_touching)
    bus.listen(Routed, _put_on_the_list_of_who_got_it)
    bus.listen(Arrived, _put_new_ones_on_the_lists)
    # The same of many passes at once, in the order in which each alone would hear it.
    bus.listen(Begun, _begin_together)
    bus.listen(Moved, chains.tell)
    bus.listen(Given, chains.tell_who_joins)
    bus.listen(Given, _change_lists)
    bus.listen(Measured, _score_the_talk)
    # Whoever answers, or is not ours to reach any more, leaves the sequence that they are in.
    bus.listen(Moved, hearing.moved)
    bus.listen(Met, hearing.met)
    bus.listen(Replied, hearing.answered)
    bus.listen(Triaged, hearing.triaged)
    bus.listen(Noticed, hearing.noticed)
    bus.listen(Called, hearing.called)
    bus.listen(tasks.Closed, hearing.task_closed)
    bus.listen(tasks.Reopened, hearing.task_reopened)
    bus.listen(mail.Settled, hearing.settled)
    bus.listen(OptedOut, hearing.opted_out)
    bus.listen(BecomeOne, hearing.become_one)
    bus.listen(Ended, _tell_who_asked)
    bus.listen(endings.Ended, _tell_who_imports)
    buckets.add_source(Bucket.LATE, promises_due.late)
    barred.add_source(blocks.erased_among)


def _carry_facts_over(moved: Moved) -> None:
    """A pass that comes round again begins with what the one before knew, as hints."""
    if moved.before is None and moved.lead.previous:
        qualification.carry_over(moved.lead, previous=moved.lead.previous)


def _score(moved: Moved) -> None:
    """A lead that enters a stage is scored at once: whoever gets it sees why it is worth a call. What else happens is scored within seconds."""
    if moved.to in stages.BEFORE_SALES:
        keeping.score(moved.lead, at=moved.at)


def _route_what_is_ready(moved: Moved) -> None:
    """A lead that becomes ready and has nobody finds its owner at once."""
    if moved.to == stages.READY and moved.lead.owner_id is None:
        routing.route(moved.lead, by=moved.by, at=moved.at)


def _hold_or_overtake(moved: Moved) -> None:
    """What leaves the relay and may come round again is held; what begins again by itself is waited for no longer."""
    if moved.to is None:
        recycling.hold(moved.lead, by=moved.by, at=moved.at)
    elif moved.before is None:
        recycling.overtake(moved.lead, at=moved.at)


def _begin_together(begun: Begun) -> None:
    """All that a `Moved` of each would have: see above. What follows only from a move, from a hand that is raised or from the end of a pass is none of it."""
    leads, at = begun.leads, begun.at
    following = {lead.previous_id: lead for lead in leads if lead.previous_id}
    recycling.overtake_all(leads, at=at)
    qualification.carry_all_over(following)
    if begun.stage in stages.BEFORE_SALES:
        keeping.score_together([lead.pk for lead in leads], at=at)
    if begun.stage == stages.READY:
        routing_sets.route_together(leads, by=begun.by, at=at)
        arrivals.begin_promises([lead.pk for lead in leads], by=begun.by, at=at)
    call_lists.follow_all(following, at=at)


def _wake(sign: Sign) -> None:
    waking.hear(sign)


def _put_on_the_lists(moved: Moved) -> None:
    """Who raises a hand is called next: on top of the lists that whoever has the lead still works. A pass that wakes stands where the one before stood."""
    if moved.before is None and moved.lead.previous:
        call_lists.follow(moved.lead, before=moved.lead.previous, at=moved.at)
    if _is_hand_raise(moved):
        lead = Lead.objects.select_related("owner").get(pk=moved.lead.pk)
        call_lists.insert(lead, why=[["raised", moved.at.isoformat(), lead.source]], by=moved.by, at=moved.at, is_raised=True)


def _is_hand_raise(moved: Moved) -> bool:
    return moved.to == stages.READY and moved.lead.origin in clocks.CAME_TO_US


def _put_new_ones_on_the_lists(arrived: Arrived) -> None:
    """Likewise those of a file that are new to us, all of a chunk at once."""
    raised = Lead.objects.filter(pk__in=arrived.lead_ids, origin__in=clocks.CAME_TO_US).order_by("pk")
    call_lists.insert_new(list(raised.only("owner_id", "stage_since", "source")), by=arrived.by, at=arrived.at)


def _answer(replied: Replied) -> None:
    """Who writes to us is connected, is called next, and wakes what waits for it. What a program writes is no answer, nor is a wish for silence."""
    if replied.kind != MessageKind.REPLY:
        return
    by = By(None, Door.JOB)
    if replied.contact_id:
        bus.say(Sign(replied.contact_id, Trigger.REPLY, by=by, at=replied.at))
    passes = Lead.objects.select_related("owner").in_process()
    lead = passes.filter(Q(pk=replied.lead_id) | Q(previous=replied.lead_id)).first() if replied.lead_id else None
    if lead is None or lead.stage_id not in stages.BEFORE_SALES:
        return
    move(lead, to=stages.CONNECTED, by=by, at=replied.at)
    clocks.start(lead, event=Event.REPLIED, by=by, at=replied.at)
    call_lists.insert(lead, why=[["replied", replied.at.isoformat()]], by=by, at=replied.at, is_raised=True)


def _put_on_the_list_of_who_got_it(routed: Routed) -> None:
    """Likewise where it finds its owner only when somebody is at work, or somebody else gets it because the first was too late."""
    if routed.lead.origin not in clocks.CAME_TO_US:
        return
    lead = Lead.objects.select_related("owner").get(pk=routed.lead.pk)
    if lead.stage_id == stages.READY:
        call_lists.insert(lead, why=[["raised", lead.stage_since.isoformat(), lead.source]], by=routed.by, at=routed.at)


def _change_lists(given: Given) -> None:
    """It leaves the lists of who had it. Whom a person gives it to finds it on the next list, if that is made already: at its end; and a hand that is
    raised on top of today's too. Where Tasuki gives it, it says so itself: see `Routed`. What the queue of recycled leads takes was on the list rightly."""
    if given.lead.owner_id is not None and (given.to is not None or Lead.objects.in_process().filter(pk=given.lead.pk).exists()):
        call_lists.leave(given.lead, by=given.by, at=given.at)
    if given.to is None or given.by.actor is None or given.to == given.by.actor or given.lead.stage_id not in stages.BEFORE_SALES:
        return
    lead = Lead.objects.select_related("owner").get(pk=given.lead.pk)
    if lead.stage_id == stages.READY and lead.origin in clocks.CAME_TO_US:
        call_lists.insert(lead, why=[["raised", lead.stage_since.isoformat(), lead.source]], by=given.by, at=given.at, is_raised=True)
    else:
        call_lists.join(lead, to=given.to, by=given.by, at=given.at)


def _worked_by_moving(moved: Moved) -> None:
    """But for the move that says that a hand was raised: whom it puts on a list is still to be called."""
    if moved.before is not None and not _is_hand_raise(moved):
        call_lists.work(moved.lead.pk, by=moved.by, at=moved.at)


def _worked_by_touching(touched: Touched) -> None:
    call_lists.work(touched.lead_id, by=touched.by, at=touched.at)


def _withdraw_what_is_offered(moved: Moved) -> None:
    """A lead that left inside sales by another way than its hand-off is not offered any more."""
    if moved.before in stages.BEFORE_SALES and moved.to not in stages.BEFORE_SALES:
        handoffs.withdraw_open(moved.lead, by=moved.by, at=moved.at)


def _move_what_is_offered(met: Met) -> None:
    """A meeting that is moved takes along the hand-off that was offered with it."""
    if met.before:
        for handoff in Handoff.objects.open().filter(lead=met.meeting.lead_id, meeting_at=met.before.starts_at).select_related("lead"):
            handoffs.move_meeting(handoff, meeting_at=met.meeting.starts_at, by=met.by, at=met.at)


def _miss_what_is_offered(met: Met) -> None:
    """Nobody came, and whoever says so may answer the hand-off: it is answered by it. What another says of the meeting answers nothing for them."""
    if met.meeting.state != MeetingState.MISSED or met.by.actor is None:
        return
    for handoff in Handoff.objects.open().filter(lead=met.meeting.lead_id, meeting_at=met.meeting.starts_at).select_related("lead"):
        if handoffs.may_answer(handoff, met.by.actor):
            handoffs.miss(handoff, by=met.by, at=met.at)


def _score_the_talk(measured: Measured) -> None:
    """A call that was measured has its score at once, by the rule in force."""
    talk_scores.keep(measured.call, at=measured.at)


def _tell_who_imports(ended: endings.Ended) -> None:
    """Whoever started an import, unless they stopped it themselves."""
    started_by = [ended.run.started_by_id] if ended.run.started_by_id else []
    notifications.tell(started_by, happening=Happening.IMPORT, noun="import", cause=ended.cause, by=ended.by, at=ended.at)


def _tell_who_asked(ended: Ended) -> None:
    """Whoever asked for a change of many rows, or for its undo, has long gone to another page."""
    asked = [ended.cause.actor_id] if ended.cause.actor_id else []
    notifications.tell(asked, happening=Happening.BULK, noun=ended.run.of, cause=ended.cause, by=By(None, Door.JOB), at=ended.at)
