"""Somebody says that an answer was none, that they are away: sequences wait and go on as if a program had said it, and stop again if it is taken back."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tasuki.core.abilities import Role
from tasuki.core.errors import Forbidden
from tasuki.crm import leads
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage.sequences import leaving
from tasuki.engage.sequences.definitions import Sequence
from tasuki.engage.sequences.enrolments import Enrolment, State, Why
from tasuki.engage.triage import deciding
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.deciding import ReturnWrong, StaysSaid
from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import Cast, hired
from tests.engage.mailing import by, connected
from tests.engage.sequences.test_branches import ASKS, answered, begun, leading
from tests.engage.sequences.writing import CALL, LETTER, MAIL, company, days, done, enrolled, fresh, person, sequence_of, tick, to_do

pytestmark = pytest.mark.django_db

AWAY = ReplyClass.OUT_OF_OFFICE
# Twelve days after the tenth hour of 3 March.
BACK = date(2026, 3, 16)
TWO_DAYS_ON = days(2)


@pytest.fixture
def mailbox(cast: Cast) -> None:
    connected(cast.ivo)


def said(cast: Cast, triage: ReplyTriage, what: str = AWAY, *, at: datetime = TWO_DAYS_ON, **more: date) -> ReplyTriage:
    return deciding.say(triage, reply_class=what, by=by(cast.ivo), at=at, **more)


def stopped(cast: Cast, words: str = "I am on leave and back on 16 March.", *, of: Sequence | None = None) -> tuple[Enrolment, ReplyTriage]:
    """Somebody whose first step is done and whose sequence an answer has stopped."""
    member = enrolled(cast, person(cast), of or sequence_of(MAIL, LETTER, CALL))
    begun(member)
    triage = answered(cast, member, words, at=days(1))
    assert (fresh(member).state, fresh(member).why) == (State.STOPPED, Why.REPLY)
    return member, triage


@pytest.mark.usefixtures("mailbox")
def test_what_the_answer_stopped_waits_for_the_day_that_its_words_name_and_goes_on_after_what_was_done(cast: Cast) -> None:
    member, triage = stopped(cast)
    said(cast, triage)
    waits = fresh(member)
    assert (waits.state, waits.why, waits.ended_at, waits.replied_at) == (State.PAUSED, Why.AWAY, None, None)
    assert waits.due_at
    assert waits.due_at.date() == BACK
    assert ReplyTriage.objects.get().message.returns_on == BACK
    assert TimelineEntry.objects.filter(kind="sequence", detail__did="reopen", lead=member.lead_id).count() == 1
    assert tick(days(12)) == 0
    tick(days(13.1))
    tick(days(14))
    assert done(member) == ["mail"], "nothing is done twice"
    assert to_do(member).step.kind == "letter"


@pytest.mark.usefixtures("mailbox")
def test_a_day_that_somebody_types_holds_sooner_or_later_than_what_was_read(cast: Cast) -> None:
    member, triage = stopped(cast)
    for day in (date(2026, 3, 20), date(2026, 3, 11)):
        said(cast, triage, returns_on=day)
        waits = fresh(member).due_at
        assert waits
        assert waits.date() == day


@pytest.mark.usefixtures("mailbox")
@pytest.mark.parametrize("day", [date(2026, 3, 5), date(2026, 1, 1), date(2027, 6, 1)])
def test_a_day_that_has_been_or_is_too_far_is_refused_and_changes_nothing(cast: Cast, day: date) -> None:
    member, triage = stopped(cast)
    with pytest.raises(ReturnWrong):
        said(cast, triage, returns_on=day)
    with pytest.raises(ReturnWrong):
        said(cast, triage, "positive", returns_on=BACK)
    assert ReplyTriage.objects.get().said_at is None
    assert fresh(member).state == State.STOPPED


@pytest.mark.usefixtures("mailbox")
def test_without_a_day_sequences_wait_for_a_week_from_the_letter_and_whoever_is_back_is_not_waited_for(cast: Cast) -> None:
    member, triage = stopped(cast, "I am on leave.")
    said(cast, triage)
    waits = fresh(member).due_at
    assert waits
    assert waits.date() == days(8).date()
    deciding.take_back(triage, by=by(cast.ivo), at=days(3))
    said(cast, triage, at=days(20))
    assert fresh(member).state == State.ACTIVE


@pytest.mark.usefixtures("mailbox")
def test_taken_back_it_is_an_answer_again_and_said_once_more_none(cast: Cast) -> None:
    member, triage = stopped(cast)
    said(cast, triage)
    deciding.take_back(triage, by=by(cast.ivo), at=days(2.1))
    over = fresh(member)
    assert (over.state, over.why, over.replied_at) == (State.STOPPED, Why.REPLY, days(2.1))
    assert (ReplyTriage.objects.get().said_at, ReplyTriage.objects.get().reply_class) == (None, "")
    said(cast, triage, at=days(2.2))
    assert (fresh(member).state, fresh(member).replied_at) == (State.PAUSED, None)
    said(cast, triage, "positive", at=days(2.3))
    assert fresh(member).state == State.STOPPED, "another word stops it as well"


@pytest.mark.usefixtures("mailbox")
def test_colleagues_whom_the_answer_held_back_go_on_and_others_do_not(cast: Cast) -> None:
    account, sequence = company(cast), sequence_of(MAIL, LETTER, n_days_apart=0)
    member, colleague, held = (enrolled(cast, person(cast, nth, account=account), sequence) for nth in (1, 2, 3))
    begun(member, colleague, held)
    leaving.pause(held, by=by(cast.ivo), at=days(0.5))
    triage = answered(cast, member, "I am on leave and back on 16 March.", at=days(1))
    assert fresh(colleague).why == Why.COLLEAGUE
    said(cast, triage)
    assert (fresh(member).state, fresh(colleague).state, fresh(held).state) == (State.PAUSED, State.ACTIVE, State.PAUSED)
    deciding.take_back(triage, by=by(cast.ivo), at=days(2.1))
    assert (fresh(member).why, fresh(colleague).why) == (Why.REPLY, Why.COLLEAGUE)


@pytest.mark.usefixtures("mailbox")
def test_whoever_has_answered_besides_or_is_in_another_sequence_stays_where_they_are(cast: Cast) -> None:
    member, triage = stopped(cast)
    answered(cast, member, "Please call me on Monday.", at=days(1.5))
    said(cast, triage)
    assert (fresh(member).state, fresh(member).why) == (State.STOPPED, Why.REPLY)
    ReplyTriage.objects.exclude(pk=triage.pk).delete()
    deciding.take_back(triage, by=by(cast.ivo), at=days(2.1))
    other = enrolled(cast, member.lead, sequence_of(LETTER, name="Second", n_days_apart=0), at=days(2.2))
    said(cast, triage, at=days(2.3))
    assert (fresh(member).state, fresh(other).state, fresh(other).why) == (State.STOPPED, State.PAUSED, Why.AWAY)


@pytest.mark.usefixtures("mailbox")
def test_a_pass_that_has_ended_is_not_begun_again(cast: Cast) -> None:
    member, triage = stopped(cast)
    leads.recycle(member.lead, reason="later", wake_when="autumn", by=by(cast.ivo), at=days(1.5))
    said(cast, triage)
    assert fresh(member).state == State.STOPPED


@pytest.mark.usefixtures("mailbox")
def test_whoever_waits_at_a_branch_for_the_word_goes_on_before_it(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=4))
    begun(member)
    triage = answered(cast, member, "I am on leave and back on 16 March.", at=days(0.2))
    assert fresh(member).stops_listening_at
    said(cast, triage)
    waits = fresh(member)
    assert (waits.state, waits.why, waits.stops_listening_at) == (State.PAUSED, Why.AWAY, None)
    tick(days(13.1))
    again = answered(cast, member, "Please send me a price list.", at=days(13.2))
    said(cast, again, "information", at=days(13.3))
    for n in (13.4, 14, 15):
        tick(days(n))
    assert done(member)[:2] == ["mail", "branch"], "an answer afterwards is heard as ever"


@pytest.mark.usefixtures("mailbox")
def test_a_real_answer_that_a_program_seemed_to_have_written_stops_as_answers_do(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(MAIL, LETTER))
    begun(member)
    triage = answered(cast, member, "Back on 16 March. But do call my colleague.", at=days(1), header="X-Autoreply: yes\n")
    assert fresh(member).why == Why.AWAY
    said(cast, triage, "referral")
    assert (fresh(member).state, fresh(member).why) == (State.STOPPED, Why.REPLY)
    deciding.take_back(triage, by=by(cast.ivo), at=days(2.1))
    assert (fresh(member).state, fresh(member).why) == (State.PAUSED, Why.AWAY)


@pytest.mark.usefixtures("mailbox")
def test_a_word_after_which_nobody_is_written_to_is_not_taken_back_and_strangers_take_back_nothing(cast: Cast) -> None:
    _member, triage = stopped(cast)
    said(cast, triage)
    for stranger in (cast.tomas, hired("olga", "Brandt", "Olga", role=Role.OBSERVER, team=cast.inside_sales)):
        with pytest.raises(Forbidden):
            deciding.take_back(triage, by=by(stranger), at=days(3))
    said(cast, triage, "unsubscribe")
    with pytest.raises(StaysSaid):
        deciding.take_back(triage, by=by(cast.ivo), at=days(3))
    assert ReplyTriage.objects.get().reply_class == "unsubscribe"
