"""What sequences hear of: what the person did, what became of the lead, what one of us did. Called by the listeners of the relay, at once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.audit import By
from tasuki.crm import stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.engage.calls import Called, Direction
from tasuki.engage.dispositions import CONVERSATIONS, SPOKEN, Disposition
from tasuki.engage.meeting_rows import MeetingState
from tasuki.engage.message_rows import Message, MessageKind, MessageState
from tasuki.engage.moving import move
from tasuki.engage.sequences import acting, leaving, mistaken, sending
from tasuki.engage.sequences.definitions import StepKind
from tasuki.engage.sequences.enrolments import Deed, DeedState, Enrolment, State, Why
from tasuki.engage.tracking.rows import TrackedLetter
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.rows import ReplyTriage

if TYPE_CHECKING:
    from tasuki.crm.leads import Moved
    from tasuki.crm.merging import BecomeOne
    from tasuki.crm.records import OptedOut
    from tasuki.crm.tasks import Closed, Reopened
    from tasuki.engage.mail import Settled
    from tasuki.engage.meetings import Met
    from tasuki.engage.received import Replied
    from tasuki.engage.tracking.judging import Noticed
    from tasuki.engage.triage.deciding import Triaged

# A letter that was refused for one of these says something of the person, not of our mailbox.
_SAID_NO = {"blocked", "refused"}
_FOR_GOOD = "hard"
# An answer so long after the end of a sequence is one to something else.
_COUNTED_FOR = timedelta(days=30)
# After these the person has talked with us, and the sequence has nothing to add; what ends the pass is heard as its move.
_TALKS = {Disposition.CALL_BACK.value, Disposition.TALK.value, Disposition.MEETING.value}


def answered(told: Replied) -> None:
    """A letter came in. A colleague who answers for the person counts as they do; what a program writes is no answer, and nothing at all where it says
    only that our letter has come in; a bounce is heard when the letter that came back is settled, and who wants no mail has withdrawn their consent by it.
    """
    people = dict.fromkeys(filter(None, (told.contact_id, _person_of(told.lead_id))))
    for contact_id in people:
        if told.kind == MessageKind.REPLY:
            replied(contact_id, by=acting.BY_THE_CLOCK, at=told.at)
        elif told.kind == MessageKind.AUTO_REPLY and not _is_acknowledgement(told.message_id):
            is_away(contact_id, until=_back_on(told.message_id), by=acting.BY_THE_CLOCK, at=told.at)
    _say_who_answered(told.message_id, people=list(people), at=told.at)


def replied(contact_id: int, *, by: By, at: datetime) -> None:
    """An answer by whatever way: all channels stop, colleagues wait or stop, and the lead is connected."""
    _hold_leads(contact_id)
    stopped = leaving.answered(contact_id, why=Why.REPLY, by=by, at=at)
    last = stopped[0] if stopped else Enrolment.objects.filter(contact=contact_id).newest_first().select_related("lead").first()
    if last is None:
        return
    if last.replied_at is None:
        Enrolment.objects.filter(pk=last.pk).update(replied_at=at)
        _credit_the_mail(last, at=at)
    if last.lead.stage_id:
        move(last.lead, to=stages.CONNECTED, by=by, at=at)


def triaged(told: Triaged) -> None:
    """A person has said what an answer is. Being away is no answer: what it stopped goes on when they are back; nor is it that a letter has come in.
    What is said to be one after all stops as answers do; and a branch may have waited for the word.
    """
    letter = Message.objects.select_related("lead").get(pk=told.message_id)
    # Of what a program wrote no class says that it only acknowledges.
    is_by_program = letter.kind == MessageKind.AUTO_REPLY and "" in {told.reply_class, told.before}
    if is_by_program or ReplyClass.OUT_OF_OFFICE in {told.reply_class, told.before}:
        _said_no_answer_or_one(told, letter)
    if told.enrolment_id is None:
        return
    row = Enrolment.objects.running().filter(pk=told.enrolment_id, stops_listening_at__isnull=False).first()
    if row:
        _hold_leads(row.contact_id)
        leaving.look_again(leaving.locked(row), at=told.at)


def _said_no_answer_or_one(told: Triaged, letter: Message) -> None:
    people = dict.fromkeys(filter(None, (letter.contact_id, letter.lead.contact_id if letter.lead else None)))
    for contact_id in people:
        if told.reply_class == ReplyClass.OUT_OF_OFFICE:
            mistaken.take_back_answer(contact_id, since=told.came_at, by=told.by, at=told.at)
            _wait_for_return(contact_id, letter=letter, by=told.by, at=told.at)
        elif not told.reply_class and letter.kind == MessageKind.AUTO_REPLY:
            mistaken.take_back_answer(contact_id, since=told.came_at, by=told.by, at=told.at)
            if told.before == ReplyClass.OUT_OF_OFFICE:
                _wait_no_more(contact_id, by=told.by, at=told.at)
        elif told.reply_class == ReplyClass.BOUNCE:
            bounced(contact_id, by=told.by, at=told.at)
        elif told.reply_class != ReplyClass.UNSUBSCRIBE:
            # Who wants no mail has been stopped by the withdrawal of their consent.
            replied(contact_id, by=told.by, at=told.at)


def _wait_for_return(contact_id: int, *, letter: Message, by: By, at: datetime) -> None:
    """As for an automatic answer, counted from when the letter came: whoever is back by now is not waited for."""
    for one in leaving.running_of(contact_id):
        until = leaving.back_at(one, until=_back_on(letter.pk), at=letter.at)
        if until > at:
            leaving.wait_until(one, until=until, by=by, at=at)


def _wait_no_more(contact_id: int, *, by: By, at: datetime) -> None:
    """Nobody is away after all."""
    for one in leaving.running_of(contact_id):
        if one.state == State.PAUSED and one.why == Why.AWAY:
            leaving.go_on_again(one, by=by, at=at)


def noticed(told: Noticed) -> None:
    """A person, as far as can be told, opened a mail of a sequence or followed a link in it."""
    deed = sending.deed_of(told.cause)
    if deed is None:
        return
    name = "clicked_at" if told.what == "clicked" else "opened_at"
    Deed.objects.filter(pk=deed.pk, **{f"{name}__isnull": True}).update(**{name: told.at})
    row = Enrolment.objects.running().filter(pk=deed.enrolment_id, stops_listening_at__isnull=False).first()
    if row:
        _hold_leads(row.contact_id)
        leaving.look_again(leaving.locked(row), at=told.at)


def is_away(contact_id: int, *, until: datetime | None, by: By, at: datetime) -> None:
    """An automatic answer: nothing until they are back; where it does not say when, a week."""
    _hold_leads(contact_id)
    for one in leaving.running_of(contact_id):
        leaving.hold_back(one, until=leaving.back_at(one, until=until, at=at), why=Why.AWAY, by=by, at=at)


def bounced(contact_id: int, *, by: By, at: datetime) -> None:
    """The mail came back: the address is bad data, and somebody finds the right one."""
    _hold_leads(contact_id)
    for one in leaving.stop_all(contact=contact_id, why=Why.BOUNCE, by=by, at=at):
        owner = acting.carrier_of(one)
        if owner is not None:
            with translation.override(owner.language):
                subject = _("Find the right mail address: a letter came back")
            tasks.add(Task(subject=subject, owner=owner, due_on=at.astimezone(ZoneInfo(owner.time_zone)).date(), lead=one.lead), by=by, at=at)


def opted_out(told: OptedOut) -> None:
    """By one channel: it counts for all."""
    leaving.stop_all(contact=told.contact_id, why=Why.OPT_OUT, by=told.by, at=told.at)


def settled(told: Settled) -> None:
    """What became of a letter. One that came back for good says that nobody lives at the address, whoever wrote it; a letter of a sequence that was
    refused for what the person said ends the sequence.
    """
    why = Message.objects.filter(pk=told.message_id).values_list("why", flat=True).first() or ""
    if told.state == MessageState.BOUNCED and why == _FOR_GOOD and told.contact_id:
        bounced(told.contact_id, by=acting.BY_THE_CLOCK, at=told.at)
    deed = sending.deed_of(told.cause)
    if deed and told.state == MessageState.SENT:
        _say_what_is_counted(deed, message_id=told.message_id)
    if deed is None or told.state != MessageState.REFUSED:
        return
    Deed.objects.filter(pk=deed.pk).update(result=why[:40] or "refused")
    if why == "bad_address":
        bounced(deed.enrolment.contact_id, by=acting.BY_THE_CLOCK, at=told.at)
    elif why in _SAID_NO:
        leaving.stop_all(contact=deed.enrolment.contact_id, why=Why.OPT_OUT, by=acting.BY_THE_CLOCK, at=told.at)


def met(told: Met) -> None:
    """A meeting that is booked, and not one that is moved."""
    meeting = told.meeting
    if meeting.state != MeetingState.BOOKED or told.before is not None or meeting.contact_id is None:
        return
    leaving.answered(meeting.contact_id, why=Why.MEETING, by=told.by, at=told.at)
    last = Enrolment.objects.filter(lead=meeting.lead_id).newest_first().first()
    if last is not None and last.booked_at is None:
        Enrolment.objects.filter(pk=last.pk).update(booked_at=told.at)


def moved(told: Moved) -> None:
    """The pass ended, or is sales' or success's now. A member that begins with it is none of this pass."""
    if told.before is None:
        return
    if told.to is None:
        ended_as = told.lead.ended_as
        leaving.stop_all(lead=told.lead.pk, why=Why(ended_as) if ended_as in Why.values else Why.BY_HAND, by=told.by, at=told.at)
    elif told.to not in stages.BEFORE_SALES:
        why = Why.OPPORTUNITY if told.to in stages.IN_SALES else Why.CUSTOMER
        leaving.stop_all(lead=told.lead.pk, why=why, by=told.by, at=told.at)


def called(told: Called) -> None:
    """A call was made: its step is done; a conversation is an answer, unless the sequence says otherwise. That they called and we missed them is neither."""
    if told.call.direction == Direction.IN and told.call.disposition not in SPOKEN:
        return
    acting.called(told.call.lead_id, disposition=told.call.disposition, by=told.by, at=told.at)
    running = Enrolment.objects.running().filter(lead=told.call.lead_id).select_related("sequence").first()
    if running and told.call.disposition in CONVERSATIONS and told.call.disposition in _TALKS and running.sequence.stops_on_talk:
        leaving.answered(running.contact_id, why=Why.TALK, by=told.by, at=told.at)


def task_closed(told: Closed) -> None:
    """The task of a step was finished, or taken away: the step is done, or left out."""
    deed = Deed.objects.to_do().filter(task=told.task.pk).select_related("enrolment__lead").first()
    if deed is None:
        return
    if told.is_done:
        acting.finish(deed, by=told.by, at=told.at)
    else:
        Deed.objects.filter(pk=deed.pk).update(task=None)
        acting.skip(deed, by=told.by, at=told.at)


def task_reopened(told: Reopened) -> None:
    """The task of a step is to be done after all: so is the step, unless the sequence has gone on meanwhile (see `acting.stays_done`)."""
    deed = Deed.objects.filter(task=told.task.pk, state=DeedState.DONE).select_related("enrolment__lead").first()
    if deed:
        acting.reopen(deed, by=told.by, at=told.at)


def become_one(told: BecomeOne) -> None:
    leaving.keep_one(told.contact_ids, by=told.by, at=told.at)


def _hold_leads(contact_id: int) -> None:
    """The leads first, then the members: everybody holds them in this order."""
    ids = Enrolment.objects.running().filter(contact=contact_id).values("lead")
    list(Lead.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _say_who_answered(message_id: int, *, people: list[int], at: datetime) -> None:
    """The member whose mail is answered or came back, else the one who is in a sequence, or was until lately: in the numbers of its version."""
    before = Message.objects.filter(answers=message_id).values_list("cause", flat=True).first() or ""
    deed = sending.deed_of(before)
    rows = Enrolment.objects.filter(contact__in=people).filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at - _COUNTED_FOR))
    member = deed.enrolment_id if deed else rows.newest_first().values_list("pk", flat=True).first()
    if member:
        ReplyTriage.objects.filter(message=message_id).update(enrolment=member)


def _say_what_is_counted(deed: Deed, *, message_id: int) -> None:
    marks = TrackedLetter.objects.filter(pk=message_id).first()
    if marks:
        Deed.objects.filter(pk=deed.pk).update(counts_opens=marks.opens, counts_clicks=marks.clicks)


def _is_acknowledgement(message_id: int) -> bool:
    return ReplyTriage.objects.acknowledgements().filter(message=message_id).exists()


def _person_of(lead_id: int | None) -> int | None:
    return Lead.objects.filter(pk=lead_id).values_list("contact", flat=True).first() if lead_id else None


def _back_on(message_id: int) -> datetime | None:
    """Midnight, in UTC, of the day on which an automatic answer says that they are back."""
    day = Message.objects.filter(pk=message_id).values_list("returns_on", flat=True).first()
    return datetime.combine(day, time(0), UTC) if day else None


def _credit_the_mail(enrolment: Enrolment, *, at: datetime) -> None:
    """The last mail before the answer has it, in the numbers of its wording."""
    mails = enrolment.deeds.filter(step__kind=StepKind.MAIL, state=DeedState.DONE)
    Deed.objects.filter(pk__in=mails.order_by("-done_at", "-pk").values("pk")[:1]).update(replied_at=at)
