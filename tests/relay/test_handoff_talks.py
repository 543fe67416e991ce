"""Feedback is read and answered; a dispute goes to the managers of both sides, and above them when they differ. Nobody is credited twice."""

from __future__ import annotations

import pytest

from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tasuki.relay import handoff_talks, handoffs
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoff_rows import Handoff, HandoffDispute
from tasuki.relay.handoff_talks import NothingSaid, NothingToDispute, NotYoursToJudge
from tasuki.relay.handoffs import Return
from tests.cast import Cast, hired
from tests.relay.handing import AFTER, by, offered, package, qualified

pytestmark = pytest.mark.django_db


def returned(cast: Cast) -> Handoff:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=Return(Reason.NO_PROBLEM, "Nothing hurts them."), by=by(cast.saori), at=AFTER)
    return Handoff.objects.get(pk=handoff.pk)


def disputed(cast: Cast) -> HandoffDispute:
    return handoff_talks.dispute(returned(cast), text="Hear minute four.", by=by(cast.ivo), at=AFTER)


def told(user: User) -> list[str]:
    rows = Notification.objects.filter(person=user, happening=Happening.HANDOFF).select_related("cause").order_by("pk")
    return [row.cause.action for row in rows]


def test_feedback_waits_until_the_one_credited_has_read_it(cast: Cast) -> None:
    handoff = returned(cast)
    handoff_talks.read(handoff, by=by(cast.ruth), at=AFTER)
    assert Handoff.objects.with_unread_feedback(cast.ivo).exists(), "somebody else's reading is not theirs"
    handoff_talks.read(handoff, by=by(cast.ivo), at=AFTER)
    assert not Handoff.objects.with_unread_feedback(cast.ivo).exists()


def test_an_answer_to_the_feedback_has_read_it_and_tells_the_other_side(cast: Cast) -> None:
    handoff = returned(cast)
    with pytest.raises(NothingSaid):
        handoff_talks.write(handoff, text=" ", by=by(cast.ivo), at=AFTER)
    handoff_talks.write(handoff, text="Understood, I ask about the nights.", by=by(cast.ivo), at=AFTER)
    assert not Handoff.objects.with_unread_feedback(cast.ivo).exists()
    assert told(cast.saori)[-1] == "write"


def test_only_a_return_is_disputed_once_and_by_the_one_credited(cast: Cast) -> None:
    waiting = offered(cast, 5)
    with pytest.raises(NothingToDispute):
        handoff_talks.dispute(waiting, text="x", by=by(cast.ivo), at=AFTER)
    handoff = returned(cast)
    with pytest.raises(NothingToDispute):
        handoff_talks.dispute(handoff, text="x", by=by(cast.ruth), at=AFTER)
    with pytest.raises(NothingSaid):
        handoff_talks.dispute(handoff, text=" ", by=by(cast.ivo), at=AFTER)
    handoff_talks.dispute(handoff, text="Hear minute four.", by=by(cast.ivo), at=AFTER)
    with pytest.raises(NothingToDispute):
        handoff_talks.dispute(Handoff.objects.get(pk=handoff.pk), text="x", by=by(cast.ivo), at=AFTER)


def test_one_who_leads_both_sides_decides_alone_and_the_struck_return_is_not_counted(cast: Cast) -> None:
    found = disputed(cast)
    for party in (cast.ivo, cast.saori, cast.mina):
        with pytest.raises(NotYoursToJudge):
            handoff_talks.judge(found, stands=True, text="", by=by(party), at=AFTER)
    found = handoff_talks.judge(found, stands=False, text="They do lose orders.", by=by(cast.ruth), at=AFTER)
    assert (found.stands, found.decided_at) == (False, AFTER)
    handoff = Handoff.objects.get(pk=found.handoff_id)
    assert (handoff.state, handoff.struck_at) == ("returned", AFTER), "it stays a return; it is only not counted"
    assert not Handoff.objects.counted().filter(pk=handoff.pk).exists()
    assert told(cast.ivo)[-1] == told(cast.saori)[-1] == "strike"


def test_two_managers_who_agree_decide_and_when_they_differ_those_above_do(cast: Cast) -> None:
    mine = hired("kira", "Sato", "Kira", role=Role.MANAGER, team=cast.inside_sales)
    theirs = hired("nina", "Roth", "Nina", role=Role.MANAGER, team=cast.field_sales)
    found = disputed(cast)
    found = handoff_talks.judge(found, stands=False, text="", by=by(mine), at=AFTER)
    assert found.decided_at is None
    with pytest.raises(NotYoursToJudge):
        handoff_talks.judge(found, stands=True, text="", by=by(mine), at=AFTER)
    found = handoff_talks.judge(found, stands=True, text="Minute four is small talk.", by=by(theirs), at=AFTER)
    assert (found.decided_at, found.escalated_at) == (None, AFTER)
    assert told(cast.ruth)[-1] == "differ"
    found = handoff_talks.judge(found, stands=True, text="", by=by(cast.ruth), at=AFTER)
    assert (found.stands, Handoff.objects.get(pk=found.handoff_id).struck_at) == (True, None)
    with pytest.raises(NotYoursToJudge):
        handoff_talks.judge(found, stands=False, text="", by=by(cast.ada), at=AFTER)


def test_a_return_that_was_struck_gives_no_credit_before_somebody_accepts_and_then_once(cast: Cast) -> None:
    found = disputed(cast)
    handoff_talks.judge(found, stands=False, text="", by=by(cast.ruth), at=AFTER)
    assert not Handoff.objects.filter(state="accepted").exists()
    again = qualified(Lead.objects.get(previous=found.handoff.lead_id), user=cast.ivo)
    offer = handoffs.offer(again, package=package(), to=cast.saori, by=by(cast.ivo), at=AFTER)
    handoffs.accept(offer, by=by(cast.saori), at=AFTER)
    assert Handoff.objects.filter(state="accepted", credited_to=cast.ivo).count() == 1
