"""Acting: a member comes to a step. The machine does its own; what a person does is put onto their day, and the sequence goes on when it is done.

Each step is one transaction that writes one row of its own, a `Deed`, under a unique key: whatever is killed when, and however many ask, it
happens once or not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tasuki.core import audit, bus
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.core.organisation import the_day, the_organisation
from tasuki.crm import leads, stages, tasks
from tasuki.crm.contacts import Channel
from tasuki.crm.exit_reasons import Exit, ExitReason
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.wake_rules import WakeRule
from tasuki.engage.moving import move
from tasuki.engage.next_calls import NextCall
from tasuki.engage.sequences import branches, guard, leaving, sending, timing
from tasuki.engage.sequences.definitions import StepKind
from tasuki.engage.sequences.enrolments import Deed, DeedState, Enrolment, State, Why
from tasuki.engage.touches import Touched

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.working_time import Hours
    from tasuki.engage.sequences.definitions import Step, Variant
    from tasuki.engage.sequences.guard import Barred

BY_THE_CLOCK = By(None, Door.JOB)
_TASK_KINDS = {StepKind.MAIL: TaskKind.MAIL, StepKind.CALL: TaskKind.CALL}
_TOUCHING = {StepKind.LETTER: Channel.POST, StepKind.SOCIAL: Channel.MESSAGE}
# Where nobody has answered yet: what ends here without an answer is recycled.
_UNANSWERED = stages.BEFORE_SALES[: stages.BEFORE_SALES.index(stages.CONNECTED)]
_USUAL_WAIT = timedelta(days=60)


class DeedOver(Refused):
    code = "deed_over"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This step is not to be done any more."))


def come(enrolment: Enrolment, *, at: datetime) -> None:
    """What is due of a member, one thing at a time. The caller holds the row and its lead, and nothing of it waits for a person."""
    if enrolment.state == State.PAUSED:
        leaving.go_on_again(enrolment, by=BY_THE_CLOCK, at=at)
        if enrolment.due_at is None or enrolment.due_at > at:
            return
    if why := out_of_reach(enrolment):
        leaving.end(enrolment, state=State.STOPPED, why=why, by=BY_THE_CLOCK, at=at)
    elif enrolment.next_step is None:
        _finish(enrolment, at=at)
    else:
        _come_to(enrolment, enrolment.next_step, at=at)


def out_of_reach(enrolment: Enrolment) -> Why | None:
    """Why the lead is not ours to reach any more, whoever moved it by whatever door."""
    lead = enrolment.lead
    if lead.won_at is not None:
        return Why.CUSTOMER
    if lead.stage_id is None:
        return Why(lead.ended_as) if lead.ended_as in Why.values else Why.BY_HAND
    return None if lead.stage_id in stages.BEFORE_SALES else Why.OPPORTUNITY


def carrier_of(enrolment: Enrolment) -> User | None:
    """Who does the steps: the owner of the lead, else who was named when it was enrolled, as long as they work here."""
    return next((one for one in (enrolment.lead.owner, enrolment.owner) if one and one.is_active), None)


def _come_to(enrolment: Enrolment, step: Step, *, at: datetime) -> None:
    hours = timing.hours_of(enrolment.lead)
    opens_at = timing.in_window(step, at=at, hours=hours)
    if opens_at > at:
        return _put_off(enrolment, until=opens_at)
    if step.kind == StepKind.WAIT:
        return _go_on(enrolment, _write(enrolment, step, owner=None, at=at, is_done=True), at=at)
    if step.kind == StepKind.BRANCH:
        return _listen(enrolment, step, hours=hours, at=at)
    carrier = carrier_of(enrolment)
    if carrier is None:
        return leaving.end(enrolment, state=State.STOPPED, why=Why.NOBODY, by=BY_THE_CLOCK, at=at)
    if step.reaches and guard.company_is_full(enrolment, hours=hours, at=at):
        return _put_off(enrolment, until=timing.next_day(step, at=at, hours=hours))
    barred = guard.permitted(step, enrolment, at=at)
    if barred and barred.ends:
        return leaving.end(enrolment, state=State.STOPPED, why=barred.ends, by=BY_THE_CLOCK, at=at)
    if barred and barred.until:
        return _put_off(enrolment, until=timing.in_window(step, at=max(barred.until, at + timedelta(minutes=1)), hours=hours))
    return _do(enrolment, step, carrier=carrier, barred=barred, hours=hours, at=at)


def _listen(enrolment: Enrolment, step: Step, *, hours: Hours, at: datetime) -> None:
    """One way or the other, once it was heard or its time is over; an answer that is not the one that was listened to ends the sequence, as answers do."""
    heard = branches.heard(enrolment, step)
    if heard is None:
        enrolment.stops_listening_at = enrolment.stops_listening_at or timing.listens_until(step, since=at, hours=hours)
        if enrolment.stops_listening_at > at:
            return _put_off(enrolment, until=enrolment.stops_listening_at)
    if not heard and branches.has_answered(enrolment, step):
        return leaving.end(enrolment, state=State.STOPPED, why=Why.REPLY, by=BY_THE_CLOCK, at=at)
    deed = _write(enrolment, step, owner=None, at=at, is_done=True, result=branches.HEARD_IT if heard else "")
    return _go_on(enrolment, deed, at=at, branch=bool(heard))


def _do(enrolment: Enrolment, step: Step, *, carrier: User, barred: Barred | None, hours: Hours, at: datetime) -> None:
    if barred and (barred.is_without_address or step.kind != StepKind.MAIL):
        # There is no way to reach them by this channel: the next step may be by another.
        deed = _write(enrolment, step, owner=carrier, at=at, is_done=True, state=DeedState.SKIPPED, result=barred.code)
        return _go_on(enrolment, deed, at=at)
    if step.is_machines:
        ready = None if barred else sending.composed(enrolment, step, carrier=carrier)
        if ready and guard.mailbox_is_full(enrolment, mailbox=ready.mailbox, owner=carrier, at=at):
            return _put_off(enrolment, until=timing.next_day(step, at=at, hours=hours))
        if ready:
            deed = _write(enrolment, step, owner=carrier, at=at, is_done=True, variant=ready.variant)
            sending.post(deed, ready=ready, by=BY_THE_CLOCK, at=at)
            move(enrolment.lead, to=stages.WORKING, by=BY_THE_CLOCK, at=at)
            return _go_on(enrolment, deed, at=at)
    _put_on_the_day(enrolment, step, carrier=carrier, at=at)
    return None


def _put_on_the_day(enrolment: Enrolment, step: Step, *, carrier: User, at: datetime) -> None:
    """A call goes onto the call list, whatever else onto the tasks of who does it; the sequence waits for it."""
    variant = sending.variant_of(enrolment, step) if step.kind == StepKind.MAIL else None
    words = sending.worded_for(enrolment, step=step, carrier=carrier, by=BY_THE_CLOCK, at=at) if step.is_worded else ""
    deed = _write(enrolment, step, owner=carrier, at=at, variant=variant, words=words)
    if step.kind != StepKind.CALL:
        with translation.override(carrier.language):
            subject = f"{_called(step, words=words)} · {enrolment.lead.title}"[: tasks.LONGEST]
            details = _("Step %(n)s of the sequence “%(name)s”.") % {"n": step.position, "name": enrolment.sequence.name}
        kind = _TASK_KINDS.get(StepKind(step.kind), TaskKind.OTHER)
        about = {"lead": enrolment.lead, "contact": enrolment.lead.contact, "account": enrolment.lead.account}
        task = Task(subject=subject, kind=kind, details=f"{details}\n\n{deed.text}"[: tasks.LONGEST_DETAILS], due_on=deed.due_on, owner=carrier, **about)
        # By the person themselves, so that nobody is told by a notification what their day says.
        tasks.add(task, by=By(carrier, Door.JOB), at=at)
        Deed.objects.filter(pk=deed.pk).update(task=task)
    enrolment.due_at = None
    enrolment.save(update_fields=["due_at"])


def _called(step: Step, *, words: str) -> str:
    """How the day of a person calls the step. A letter and a message begin with a greeting, which says nothing."""
    first = (words or step.words).strip().partition("\n")[0]
    return first if first and step.kind not in (StepKind.LETTER, StepKind.SOCIAL) else capfirst(step.get_kind_display())


@transaction.atomic
def finish(deed: Deed, *, by: By, at: datetime, result: str = "") -> Deed:
    """A person has done it: the sequence goes on. Raises DeedOver for what is done already, or was stopped or paused meanwhile."""
    enrolment, deed = _held(deed)
    _settle(deed, state=DeedState.DONE, by=by, at=at, result=result)
    if by.actor and (channel := _TOUCHING.get(StepKind(deed.step.kind))):
        bus.say(Touched(enrolment.lead_id, by, at, channel))
    if deed.step.reaches:
        move(enrolment.lead, to=stages.WORKING, by=by, at=at)
    _go_on(enrolment, deed, at=at)
    return deed


@transaction.atomic
def write_by_hand(deed: Deed, *, subject: str, text: str, by: By, at: datetime) -> Deed:
    """Send what a person made of the template from their own mailbox: that is the step. Raises DeedOver, and what `sending.post_by_hand` raises."""
    if by.actor is None:
        raise DeedOver
    enrolment, deed = _held(deed)
    deed.enrolment = enrolment
    sending.post_by_hand(deed, me=by.actor, subject=subject, text=text, by=by, at=at)
    return finish(deed, by=by, at=at)


@transaction.atomic
def skip(deed: Deed, *, by: By, at: datetime) -> Deed:
    """Leave one step out: the sequence goes on with the next. Raises DeedOver."""
    enrolment, deed = _held(deed)
    _settle(deed, state=DeedState.SKIPPED, by=by, at=at, result="skipped")
    _go_on(enrolment, deed, at=at)
    return deed


class StaysDone(models.TextChoices):
    """Why a step that was done is not taken back."""

    GONE_ON = "gone_on", _("the sequence has gone on to its next step")
    WRITTEN = "written", _("its letter is written")
    OVER = "over", _("the person is not in the sequence any more, or it is paused")


def stays_done(deed: Deed) -> StaysDone | None:
    """Why a step that is done would stay so; None when it can be taken back: nothing came after it, and nothing went out with it."""
    if deed.enrolment.state != State.ACTIVE:
        return StaysDone.OVER
    if deed.enrolment.deeds.filter(pk__gt=deed.pk).exists():
        return StaysDone.GONE_ON
    return StaysDone.WRITTEN if sending.has_letter(deed) else None


@transaction.atomic
def reopen(deed: Deed, *, by: By, at: datetime) -> StaysDone | None:
    """Take back that a person has done the step: it waits for them again, and the sequence with it. → why it stays done, when it does.

    Where the lead stands, and that somebody tried to reach the person, is not taken back: the ledger says what happened.
    """
    held(deed.enrolment.lead)
    enrolment = leaving.locked(deed.enrolment)
    deed = Deed.objects.select_related("step", "task").select_for_update(of=("self",)).get(pk=deed.pk)
    deed.enrolment = enrolment
    if why := stays_done(deed):
        return why
    if deed.state != DeedState.DONE:
        return None
    Deed.objects.filter(pk=deed.pk).update(state=DeedState.WAITING, done_at=None, done_by=None, result="")
    enrolment.next_step, enrolment.due_at = deed.step, None
    enrolment.save(update_fields=["next_step", "due_at"])
    audit.record(deed, action="reopen", by=by, at=at)
    return None


def called(lead_id: int, *, disposition: str, by: By, at: datetime) -> None:
    """Heard when somebody has called the lead: a call that waits is done, and so is one that would have been due later on this day."""
    row = Enrolment.objects.running().filter(lead=lead_id).first()
    if row is None:
        return
    enrolment = leaving.locked(row)
    waiting = Deed.objects.to_do().filter(enrolment=enrolment, step__kind=StepKind.CALL).select_related("step").first()
    step = enrolment.next_step
    if waiting:
        finish(waiting, by=by, at=at, result=disposition)
    elif enrolment.stops_listening_at:
        leaving.look_again(enrolment, at=at)
    elif enrolment.state == State.ACTIVE and step and step.kind == StepKind.CALL and enrolment.due_at and _is_today(enrolment, enrolment.due_at, at=at):
        deed = _write(enrolment, step, owner=by.actor or carrier_of(enrolment), at=at, is_done=True, result=disposition)
        _go_on(enrolment, deed, at=at)


def _is_today(enrolment: Enrolment, moment: datetime, *, at: datetime) -> bool:
    zone = ZoneInfo(str(timing.hours_of(enrolment.lead).zone))
    return moment.astimezone(zone).date() <= at.astimezone(zone).date()


def _held(deed: Deed) -> tuple[Enrolment, Deed]:
    """The member and the step that waits, held; the lead first, as everybody who moves leads holds them. Raises DeedOver."""
    held(deed.enrolment.lead)
    enrolment = leaving.locked(deed.enrolment)
    found = Deed.objects.to_do().filter(pk=deed.pk).select_related("step", "task").select_for_update(of=("self",)).first()
    if found is None or enrolment.state != State.ACTIVE:
        raise DeedOver
    return enrolment, found


def _settle(deed: Deed, *, state: DeedState, by: By, at: datetime, result: str) -> None:
    deed.state, deed.done_at, deed.done_by, deed.result = state, at, by.actor, result[:40]
    deed.save(update_fields=["state", "done_at", "done_by", "result"])
    audit.record(deed, action="finish" if state == DeedState.DONE else "skip", by=by, at=at)
    if deed.task and deed.task.done_at is None and by.actor:
        if state == DeedState.DONE:
            tasks.finish(deed.task, by=by, at=at)
        else:
            tasks.remove(deed.task, by=by, at=at)


def _write(
    enrolment: Enrolment, step: Step, *, owner: User | None, at: datetime, is_done: bool = False,
    state: DeedState = DeedState.DONE, variant: Variant | None = None, result: str = "", words: str = "",
) -> Deed:  # fmt: skip
    zone = ZoneInfo(owner.time_zone if owner else the_organisation().time_zone)
    return Deed.objects.create(
        enrolment=enrolment, step=step, variant=variant, state=state if is_done else DeedState.WAITING, owner=owner, result=result[:40],
        due_on=at.astimezone(zone).date(), begun_at=at, done_at=at if is_done else None, words=words,
    )  # fmt: skip


def _put_off(enrolment: Enrolment, *, until: datetime) -> None:
    enrolment.due_at = until
    enrolment.save(update_fields=["due_at", "stops_listening_at"])


def _go_on(enrolment: Enrolment, deed: Deed, *, at: datetime, branch: bool = False) -> None:
    """To the next step; after the last, the person has some days to answer."""
    following = branches.following(deed.step, is_heard=branch)
    enrolment.next_step, enrolment.stops_listening_at = following, None
    if following:
        enrolment.due_at = timing.due(following, after=at, hours=timing.hours_of(enrolment.lead))
    else:
        enrolment.due_at = at + timedelta(days=enrolment.sequence.n_days_to_answer)
    enrolment.save(update_fields=["next_step", "due_at", "stops_listening_at"])


def _finish(enrolment: Enrolment, *, at: datetime) -> None:
    """Nobody answered until the end: the lead is recycled as such. One who was spoken to, or is promised a call, stays with its owner."""
    lead = enrolment.lead
    is_promised = NextCall.objects.filter(lead=lead, is_promised=True).exists()
    is_silent = lead.stage_id in _UNANSWERED and not is_promised
    leaving.end(enrolment, state=State.FINISHED, why=Why.NO_ANSWER if is_silent else Why.AT_THE_END, by=BY_THE_CLOCK, at=at)
    if not is_silent:
        return
    today = the_day(at)
    reason = ExitReason.objects.to_give(Exit.RECYCLED, stage=lead.stage_id).filter(key="no_response").first()
    with translation.override(the_organisation().language):
        words = _("no answer in the sequence “%(name)s”") % {"name": enrolment.sequence.name}
    rule = reason.rule(today) if reason else WakeRule(on=today + _USUAL_WAIT)
    leads.recycle(lead, because=reason, reason=words, rule=rule, by=BY_THE_CLOCK, at=at)
