"""Talking about a hand-off: the sender reads the feedback and may answer, and may dispute a return. The managers of both sides decide that; when
they differ, somebody above both does. A return that does not stand is struck from the rates; credit comes from an acceptance and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Role, Scope
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.relay import handoff_clock, handoff_news, handoff_promises, handoff_recordings
from tasuki.relay.handoff_rows import LONGEST_TEXT, Handoff, HandoffDispute, HandoffState, HandoffVerdict, HandoffWord, Side

if TYPE_CHECKING:
    from tasuki.core.people import User


class NothingSaid(Refused):
    code = "nothing_said"

    def __init__(self) -> None:
        super().__init__(_("Write something first."))


class NothingToDispute(Refused):
    code = "nothing_to_dispute"

    def __init__(self) -> None:
        super().__init__(_("Only a return can be disputed, once, by the one credited."))


class NotYoursToJudge(Refused):
    code = "not_yours_to_judge"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("A dispute is decided by the managers of both sides, each once, and by nobody who is part of it."))


@transaction.atomic
def write(handoff: Handoff, *, text: str, by: By, at: datetime) -> HandoffWord:
    """Say something about a hand-off; the other side is told, and whoever answers has read the feedback. Raises NothingSaid."""
    if not text.strip():
        raise NothingSaid
    word = HandoffWord.objects.create(handoff=handoff, said_by=by.actor, said_at=at, text=text.strip()[:LONGEST_TEXT])
    if by.actor and by.actor.pk == handoff.credited_to_id:
        read(handoff, by=by, at=at)
    handoff_news.say(handoff, action="write", to=_both_sides(handoff), by=by, at=at, words=text)
    return word


@transaction.atomic
def read(handoff: Handoff, *, by: By, at: datetime) -> None:
    """The one credited has read what came back. Anybody else's reading, and reading twice, changes nothing."""
    if by.actor is None or by.actor.pk != handoff.credited_to_id:
        return
    if Handoff.objects.with_unread_feedback(by.actor).filter(pk=handoff.pk).update(feedback_read_at=at):
        handoff_promises.read(handoff, by=by, at=at)


def may_dispute(handoff: Handoff, user: User) -> bool:
    return handoff.state == HandoffState.RETURNED and handoff.credited_to_id == user.pk and not hasattr(handoff, "dispute")


@transaction.atomic
def dispute(handoff: Handoff, *, text: str, by: By, at: datetime) -> HandoffDispute:
    """Say that a return is wrong; the managers of both sides are told, and may hear the call until it is decided. Raises NothingToDispute, NothingSaid."""
    if not text.strip():
        raise NothingSaid
    handoff = held(handoff)
    if by.actor is None or not may_dispute(handoff, by.actor):
        raise NothingToDispute
    raised = HandoffDispute.objects.create(handoff=handoff, raised_by=by.actor, raised_at=at, text=text.strip()[:LONGEST_TEXT])
    Handoff.objects.filter(pk=handoff.pk).update(disputed_at=at)
    read(handoff, by=by, at=at)
    handoff_recordings.lend(handoff, by=by, at=at)
    parties = {handoff.answered_by_id}
    managers = {*handoff_clock.managers_over(handoff.from_team_id), *handoff_clock.managers_over(handoff.to_team_id)}
    handoff_news.say(handoff, action="dispute", to=parties | managers, by=by, at=at, words=text)
    return raised


def side_of(handoff: Handoff, user: User) -> Side | None:
    """For whom this person may judge a dispute; None for whoever leads neither side, and for the two whom it is about."""
    if user.pk in (handoff.credited_to_id, handoff.answered_by_id):
        return None
    standing = abilities.standing_of(user)
    leads = Role.MANAGER in standing.roles
    sender, receiver = leads and handoff.from_team_id in standing.tree, leads and handoff.to_team_id in standing.tree
    if (sender and receiver) or (Role.ADMINISTRATOR in standing.roles and standing.scope("handoff") is Scope.ALL):
        return Side.ABOVE
    return Side.SENDER if sender else Side.RECEIVER if receiver else None


def may_judge(handoff: Handoff, user: User) -> bool:
    found = getattr(handoff, "dispute", None)
    if found is None or found.decided_at is not None:
        return False
    side = side_of(handoff, user)
    return side is not None and not found.verdicts.filter(side=side).exists()


@transaction.atomic
def judge(found: HandoffDispute, *, stands: bool, text: str, by: By, at: datetime) -> HandoffDispute:
    """Say whether the return stands. Two managers who agree decide, one above both decides alone; when two differ, those above are told.

    Raises NotYoursToJudge.
    """
    found = held(found)
    handoff = found.handoff
    side = side_of(handoff, by.actor) if by.actor else None
    if by.actor is None or side is None or not may_judge(handoff, by.actor):
        raise NotYoursToJudge
    HandoffVerdict.objects.create(dispute=found, side=side, stands=stands, text=text.strip()[:LONGEST_TEXT], judged_by=by.actor, judged_at=at)
    said = dict(found.verdicts.values_list("side", "stands"))
    pair = [said[one] for one in (Side.SENDER, Side.RECEIVER) if one in said]
    if Side.ABOVE in said or (len(pair) == 2 and pair[0] == pair[1]):
        _decide(found, stands=stands, by=by, at=at)
    elif len(pair) == 2:
        HandoffDispute.objects.filter(pk=found.pk).update(escalated_at=at)
        handoff_news.say(handoff, action="differ", to=handoff_clock.above_both(handoff.from_team_id, handoff.to_team_id), by=by, at=at, words=text)
    found.refresh_from_db()
    return found


def _decide(found: HandoffDispute, *, stands: bool, by: By, at: datetime) -> None:
    HandoffDispute.objects.filter(pk=found.pk).update(decided_at=at, stands=stands)
    if not stands:
        Handoff.objects.filter(pk=found.handoff_id).update(struck_at=at)
    handoff_recordings.take_back(found.handoff, by=by, at=at)
    handoff_news.say(found.handoff, action="uphold" if stands else "strike", to=_both_sides(found.handoff), by=by, at=at)


def _both_sides(handoff: Handoff) -> set[int | None]:
    return {handoff.credited_to_id, handoff.to_owner_id or handoff.answered_by_id}
