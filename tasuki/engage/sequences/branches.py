"""Branches: what a member was heard to do, and whether it may still be heard. Answered from rows, so that asking twice is asking once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tasuki.engage.calls import Call
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.sequences.definitions import HEARD, Hears, Step, StepKind
from tasuki.engage.sequences.enrolments import DeedState
from tasuki.engage.triage.classes import ReplyClass

if TYPE_CHECKING:
    from tasuki.engage.sequences.enrolments import Enrolment
    from tasuki.engage.triage.rows import Triages


# What the step of a branch keeps as its result when it was heard.
HEARD_IT = "heard"
# An automatic one is none either, unless somebody says that a person wrote it.
_NO_ANSWERS = (MessageKind.BOUNCE, MessageKind.UNSUBSCRIBE)


def heard(enrolment: Enrolment, step: Step) -> bool | None:
    """True for what the branch listens to, False when it was something else for good, None while it may come yet."""
    if step.hears == Hears.REPLIED:
        return _answer(enrolment, step)
    return _call(enrolment, step) if step.hears in HEARD else _notice(enrolment, step)


def has_answered(enrolment: Enrolment, step: Step) -> bool:
    """Whether the branch listens to answers, and one came for which it waits: an answer that is not the one ends the sequence."""
    return step.hears == Hears.REPLIED and _answers(enrolment).exists()


def following(step: Step, *, is_heard: bool = False) -> Step | None:
    """The step after this one; after a branch that was heard, the one to which it leads."""
    later = Step.objects.filter(version=step.version_id, position__gt=step.position).order_by("position")
    target = later.filter(pk=step.goes_to_id) if step.goes_to_id else later.none()
    return (target if is_heard else later).first()


def next_after_all(enrolment: Enrolment) -> Step | None:
    """The step that comes after what happened so far; None after the last."""
    last = enrolment.deeds.exclude(state=DeedState.WAITING).select_related("step").order_by("-begun_at", "-pk").first()
    if last is None:
        return Step.objects.filter(version=enrolment.version_id).order_by("position").first()
    return following(last.step, is_heard=last.step.kind == StepKind.BRANCH and last.result == HEARD_IT)


def is_answered(enrolment: Enrolment) -> bool:
    """Whether an answer stands that no branch has heard yet."""
    return _answers(enrolment).exists()


def waits_for_class(enrolment: Enrolment) -> Step | None:
    """The next branch of a member that listens to answers, if its way has one yet: there they wait until a person has said what the answer is."""
    here = enrolment.next_step
    if here is None:
        return None
    ahead = Step.objects.filter(version=enrolment.version_id, position__gte=here.position, kind=StepKind.BRANCH, hears=Hears.REPLIED)
    return ahead.order_by("position").first()


def _call(enrolment: Enrolment, step: Step) -> bool | None:
    """How the last call of this sequence ended, or one that was made after it."""
    calls = enrolment.deeds.filter(step__kind=StepKind.CALL, state=DeedState.DONE).order_by("-done_at", "-pk")
    last = calls.values_list("done_at", "result").first()
    if last is None:
        return None
    since, result = last
    later = Call.objects.filter(lead=enrolment.lead_id, started_at__gt=since).exclude(disposition="").order_by("-started_at", "-pk")
    result = later.values_list("disposition", flat=True).first() or result
    return True if result in HEARD[step.hears] else None


def _notice(enrolment: Enrolment, step: Step) -> bool | None:
    """What became of the last mail of this sequence, as far as a person can be told from a program. A click is an opening too."""
    mails = enrolment.deeds.filter(step__kind=StepKind.MAIL, state=DeedState.DONE).order_by("-done_at", "-pk")
    last = mails.values_list("opened_at", "clicked_at").first()
    opened, clicked = last or (None, None)
    return True if clicked or (opened and step.hears == Hears.OPENED) else None


def _answer(enrolment: Enrolment, step: Step) -> bool | None:
    """By the class that a person said, or that is clear by itself: a proposal moves nobody."""
    last = _answers(enrolment).order_by("-came_at", "-pk").first()
    if last is None:
        return None
    if not step.classes:
        return True
    is_said = last.said_at is not None or last.is_clear
    return last.reply_class in step.classes if is_said else None


def _answers(enrolment: Enrolment) -> Triages:
    """What a person wrote since the branch before that listened to answers; being away is no answer, whoever says so."""
    taken = enrolment.deeds.filter(step__hears=Hears.REPLIED, done_at__isnull=False).order_by("-done_at").values_list("done_at", flat=True)
    since: datetime | None = taken.first()
    rows = (
        enrolment.triages.but_acknowledgements().select_related("message").exclude(message__kind__in=_NO_ANSWERS).exclude(reply_class=ReplyClass.OUT_OF_OFFICE)
    )
    return rows.filter(came_at__gt=since) if since else rows
