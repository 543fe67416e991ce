"""Leaving: a member is paused, goes on, or is stopped, by hand or by what happened. After a stop nothing of the sequence happens any more.

Who stops a member holds their row; the order is always lead, then rows by their ids, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.crm import tasks
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import recipients
from tasuki.engage.sequences import branches, sending, timing
from tasuki.engage.sequences.definitions import OnReply
from tasuki.engage.sequences.enrolments import Deed, Enrolment, State, Why

if TYPE_CHECKING:
    from tasuki.engage.sequences.definitions import Step

_LONGEST_PAUSE = timedelta(days=366)
_USUAL_ABSENCE = timedelta(days=7)


class NotRunning(Refused):
    code = "enrolment_over"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This person is in the sequence no more."))


class NotPaused(Refused):
    code = "enrolment_not_paused"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This person is not paused."))


class PauseWrong(Refused):
    code = "pause_wrong"

    def __init__(self) -> None:
        super().__init__(_("Pause until a day to come, within a year, or without one."))


@transaction.atomic
def stop(enrolment: Enrolment, *, by: By, at: datetime, why: Why = Why.BY_HAND) -> Enrolment:
    """Take the person out of the sequence. Raises NotRunning."""
    enrolment = locked(enrolment)
    if not enrolment.is_running:
        raise NotRunning
    end(enrolment, state=State.STOPPED, why=why, by=by, at=at)
    return enrolment


@transaction.atomic
def pause(enrolment: Enrolment, *, by: By, at: datetime, until: datetime | None = None, why: Why = Why.BY_HAND) -> Enrolment:
    """Nothing happens until somebody lets it go on, or until then. What waits to be done comes again afterwards. Raises NotRunning, PauseWrong."""
    enrolment = locked(enrolment)
    if not enrolment.is_running:
        raise NotRunning
    if until is not None and not at < until <= at + _LONGEST_PAUSE:
        raise PauseWrong
    hold_back(enrolment, until=until, why=why, by=by, at=at)
    return enrolment


@transaction.atomic
def resume(enrolment: Enrolment, *, by: By, at: datetime) -> Enrolment:
    """Go on where it was paused. Raises NotRunning, NotPaused."""
    enrolment = locked(enrolment)
    if not enrolment.is_running:
        raise NotRunning
    if enrolment.state != State.PAUSED:
        raise NotPaused
    go_on_again(enrolment, by=by, at=at)
    return enrolment


def locked(enrolment: Enrolment) -> Enrolment:
    """As it is now, held until the end of the transaction."""
    Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
    return with_everything(enrolment)


def with_everything(enrolment: Enrolment) -> Enrolment:
    """With what is asked of a member whenever it moves, and no more: planning a larger join takes longer than running it."""
    rows = Enrolment.objects.select_related("sequence", "next_step", "lead__account", "lead__contact")
    return rows.prefetch_related("lead__contact__phones").get(pk=enrolment.pk)


def end(enrolment: Enrolment, *, state: State, why: Why, by: By, at: datetime) -> None:
    """The caller holds the row of a member that runs."""
    _drop_what_waits(enrolment, by=by, at=at)
    before = enrolment.state
    enrolment.state, enrolment.why, enrolment.ended_at, enrolment.due_at, enrolment.next_step = state, why, at, None, None
    enrolment.stops_listening_at = None
    enrolment.save(update_fields=["state", "why", "ended_at", "due_at", "next_step", "stops_listening_at"])
    action = "stop" if state == State.STOPPED else "finish"
    audit.record(enrolment, action=action, by=by, at=at, changes={"state": (before, state.value), "why": ("", why.value)})
    _tell(enrolment, did=action, why=why, by=by, at=at)


def hold_back(enrolment: Enrolment, *, until: datetime | None, why: Why, by: By, at: datetime) -> None:
    """Pause a member that runs; the caller holds the row. Of two ends of a pause the later one holds, and a pause without end stays one."""
    _drop_what_waits(enrolment, by=by, at=at)
    before = enrolment.state
    if before == State.PAUSED:
        until = max(until, enrolment.due_at) if until and enrolment.due_at else None
    enrolment.state, enrolment.why, enrolment.due_at = State.PAUSED, why, until
    enrolment.paused_at = enrolment.paused_at or at
    enrolment.save(update_fields=["state", "why", "due_at", "paused_at", "next_step"])
    audit.record(enrolment, action="pause", by=by, at=at, changes={"state": (before, State.PAUSED.value), "why": ("", why.value)})


def go_on_again(enrolment: Enrolment, *, by: By, at: datetime) -> None:
    """The caller holds the row of a paused member."""
    enrolment.state, enrolment.why, enrolment.paused_at = State.ACTIVE, "", None
    enrolment.due_at = _due_again(enrolment, enrolment.next_step, at=at)
    enrolment.save(update_fields=["state", "why", "paused_at", "due_at"])
    audit.record(enrolment, action="resume", by=by, at=at, changes={"state": (State.PAUSED.value, State.ACTIVE.value)})


def wait_until(enrolment: Enrolment, *, until: datetime, by: By, at: datetime) -> None:
    """Somebody knows the day on which a person who is away is back: this holds, be it sooner or later than what was read. The caller holds the row."""
    if enrolment.state != State.PAUSED or enrolment.why != Why.AWAY or enrolment.due_at is None:
        return hold_back(enrolment, until=until, why=Why.AWAY, by=by, at=at)
    if enrolment.due_at != until:
        audit.record(enrolment, action="pause", by=by, at=at, changes={"due_at": (enrolment.due_at, until)})
        enrolment.due_at = until
        enrolment.save(update_fields=["due_at"])
    return None


def begin_again(enrolment: Enrolment, *, by: By, at: datetime) -> None:
    """What stopped the member, or made it wait at a branch, has not been: it goes on after what happened so far. The caller holds the row."""
    before = enrolment.state
    enrolment.state, enrolment.why, enrolment.ended_at, enrolment.paused_at, enrolment.stops_listening_at = State.ACTIVE, "", None, None, None
    enrolment.next_step = branches.next_after_all(enrolment)
    enrolment.due_at = _due_again(enrolment, enrolment.next_step, at=at)
    enrolment.save(update_fields=["state", "why", "ended_at", "paused_at", "stops_listening_at", "next_step", "due_at"])
    audit.record(enrolment, action="reopen", by=by, at=at, changes={"state": (before, State.ACTIVE.value)})
    if before != State.ACTIVE:
        _tell(enrolment, did="reopen", why=Why.AWAY, by=by, at=at)


def answered(contact_id: int, *, why: Why, by: By, at: datetime) -> list[Enrolment]:
    """The person answered: all channels stop, and of colleagues at the company what their sequences say. → who was stopped, or waits at a branch
    that listens to answers until a person has said what this one is.

    The caller holds the lead, or nothing.
    """
    mine = list(Enrolment.objects.running().filter(contact=contact_id).values_list("pk", "lead__account_id"))
    companies = {account for _pk, account in mine if account}
    ids = [pk for pk, _account in mine]
    if companies:
        ids += Enrolment.objects.running().filter(lead__account__in=companies).exclude(contact=contact_id).values_list("pk", flat=True)
    stopped = []
    for one in _held(ids):
        branch = branches.waits_for_class(one) if one.contact_id == contact_id and why == Why.REPLY else None
        if branch:
            _wait_for_class(one, branch, by=by, at=at)
            stopped.append(one)
        elif one.contact_id == contact_id:
            end(one, state=State.STOPPED, why=why, by=by, at=at)
            stopped.append(one)
        elif one.sequence.on_reply == OnReply.STOP:
            end(one, state=State.STOPPED, why=Why.COLLEAGUE, by=by, at=at)
        elif one.sequence.on_reply == OnReply.PAUSE:
            hold_back(one, until=None, why=Why.COLLEAGUE, by=by, at=at)
    return stopped


def look_again(enrolment: Enrolment, *, at: datetime) -> None:
    """Something came for which a branch may have listened: the clock looks at it next. The caller holds the row."""
    if enrolment.state == State.ACTIVE and enrolment.stops_listening_at:
        enrolment.due_at = at
        enrolment.save(update_fields=["due_at"])


def _wait_for_class(enrolment: Enrolment, branch: Step, *, by: By, at: datetime) -> None:
    """What was to be done is not to be done any more; what lies before the branch is left out. A pause is over: they have answered."""
    _drop_what_waits(enrolment, by=by, at=at)
    hours = timing.hours_of(enrolment.lead)
    enrolment.state, enrolment.why, enrolment.paused_at, enrolment.next_step = State.ACTIVE, "", None, branch
    enrolment.stops_listening_at = max(filter(None, (enrolment.stops_listening_at, timing.listens_until(branch, since=at, hours=hours))))
    enrolment.due_at = enrolment.stops_listening_at if branch.classes else at
    enrolment.save(update_fields=["state", "why", "paused_at", "next_step", "stops_listening_at", "due_at"])
    audit.record(enrolment, action="wait_for_class", by=by, at=at, changes={"next_step": (None, branch.position)})


def stop_all(*, why: Why, by: By, at: datetime, **of: object) -> list[Enrolment]:
    """Everybody of a lead (`lead`) or a person (`contact`) that runs."""
    rows = _held(Enrolment.objects.running().filter(**of).values_list("pk", flat=True))
    for one in rows:
        end(one, state=State.STOPPED, why=why, by=by, at=at)
    return rows


def running_of(contact_id: int) -> list[Enrolment]:
    """Of a person, held."""
    return _held(Enrolment.objects.running().filter(contact=contact_id).values_list("pk", flat=True))


def back_at(enrolment: Enrolment, *, until: datetime | None, at: datetime) -> datetime:
    """The morning on which a person who is away is back, by their calendar; without a day that makes sense, in a week."""
    known = until if until and at < until <= at + _LONGEST_PAUSE else at + _USUAL_ABSENCE
    hours = timing.hours_of(enrolment.lead)
    return recipients.at_work(known, hours=hours)


def keep_one(contact_ids: Iterable[int], *, by: By, at: datetime) -> None:
    """These people turn out to be one, who can be in one sequence: the one begun first goes on."""
    rows = _held(Enrolment.objects.running().filter(contact__in=list(contact_ids)).values_list("pk", flat=True))
    for one in sorted(rows, key=lambda row: (row.enrolled_at, row.pk))[1:]:
        end(one, state=State.STOPPED, why=Why.MERGED, by=by, at=at)


def _tell(enrolment: Enrolment, *, did: str, why: Why, by: By, at: datetime) -> None:
    detail = {"sequence": enrolment.sequence_id, "name": enrolment.sequence.name, "did": did, "why": why.value}
    TimelineEntry.objects.create(
        at=at, kind=Kind.SEQUENCE, lead_id=enrolment.lead_id, contact_id=enrolment.contact_id, account_id=enrolment.lead.account_id, actor=by.actor,
        detail=detail,
    )  # fmt: skip


def _held(ids: Iterable[int]) -> list[Enrolment]:
    """Those that still run, held in the order of their ids."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    rows = Enrolment.objects.running().filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(rows.select_related("sequence", "next_step", "lead__contact", "lead__account"))


def _due_again(enrolment: Enrolment, step: Step | None, *, at: datetime) -> datetime:
    if step is None:  # only the time to answer was left
        return at + timedelta(days=enrolment.sequence.n_days_to_answer)
    return timing.in_window(step, at=at, hours=timing.hours_of(enrolment.lead))


def _drop_what_waits(enrolment: Enrolment, *, by: By, at: datetime) -> None:
    """What a person was to do, and what waits in the outbox, is not to be done any more: it has not happened, and comes again after a pause.
    A task that somebody is finishing at this moment is left to them.
    """
    for deed in sending.take_back(enrolment, by=By(None, Door.JOB), at=at):
        enrolment.next_step = deed.step
        deed.delete()
    waiting = Deed.objects.to_do().filter(enrolment=enrolment).first()
    if waiting is None:
        return
    waiting.delete()
    task = Task.objects.select_for_update(skip_locked=True).filter(pk=waiting.task_id).first() if waiting.task_id else None
    if task is not None and task.done_at is None:
        tasks.remove(task, by=by, at=at)
