"""Whoever answers, books, opts out, bounces or moves on leaves at once; nothing of the sequence happens after that."""

from __future__ import annotations

from datetime import datetime

import pytest

from tasuki.core.audit import By, Door
from tasuki.crm import leads, merging, records, stages, tasks
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.tasks import Task
from tasuki.engage import blocks, calls, meetings
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meetings import Plan
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import acting, hearing, leaving
from tasuki.engage.sequences.acting import BY_THE_CLOCK
from tasuki.engage.sequences.enrolments import Deed, Enrolment, State, Why
from tasuki.engage.sequences.leaving import NotPaused, NotRunning, PauseWrong
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import (
    AGAIN,
    BY_HAND,
    CALL,
    LETTER,
    MAIL,
    SEOUL,
    TEN,
    company,
    days,
    done,
    enrolled,
    fresh,
    ivo,
    letters,
    person,
    sequence_of,
    tick,
    to_do,
)

pytestmark = pytest.mark.django_db


def assert_over(member: Enrolment, why: Why) -> None:
    """Stopped for that, with nothing left to do, and nothing to come."""
    over = fresh(member)
    assert (over.state, over.why, over.due_at, over.next_step) == (State.STOPPED, why, None, None)
    assert not Deed.objects.to_do().filter(enrolment=member).exists()
    assert not Task.objects.to_do().filter(lead=member.lead, kind="mail").exists()
    n = member.deeds.count()
    assert tick(days(60)) == 0
    assert member.deeds.count() == n


def replies(member: Enrolment, at: datetime = TEN) -> None:
    hearing.replied(member.contact_id, by=BY_THE_CLOCK, at=at)


def test_an_answer_stops_all_channels_connects_the_lead_and_credits_the_mail(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(MAIL, LETTER, AGAIN))
    tick()
    Message.objects.update(state="sent", settled_at=TEN)
    tick(days(1))
    replies(member, days(1.1))
    assert_over(member, Why.REPLY)
    assert fresh(member).replied_at == days(1.1)
    assert fresh(member).lead.stage_id == stages.CONNECTED
    assert member.deeds.get(step__kind="mail").replied_at == days(1.1)


def test_a_mail_that_still_waits_in_the_outbox_is_taken_back(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(MAIL, LETTER))
    tick()
    replies(member)
    assert [letter.state for letter in letters(member)] == ["withdrawn"]
    assert_over(member, Why.REPLY)


@pytest.mark.parametrize(("on_reply", "then"), [("pause", ("paused", "colleague")), ("stop", ("stopped", "colleague")), ("go_on", ("active", ""))])
def test_colleagues_of_whoever_answers_wait_or_stop_as_their_sequence_says(cast: Cast, on_reply: str, then: tuple[str, str]) -> None:
    account, sequence = company(cast), sequence_of(CALL, on_reply=on_reply)
    one, colleague, stranger = (enrolled(cast, person(cast, nth, account=of), sequence) for nth, of in enumerate((account, account, None), start=1))
    replies(one)
    assert (fresh(colleague).state, fresh(colleague).why) == then
    assert fresh(stranger).state == State.ACTIVE


def test_a_meeting_that_is_booked_stops_and_is_counted(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    meetings.book(member.lead, plan=Plan(cast.saori, days(3)), by=ivo(cast), at=TEN)
    assert_over(member, Why.MEETING)
    assert fresh(member).booked_at == TEN


def test_who_opts_out_between_enrolment_and_step_gets_nothing(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(MAIL))
    records.record_consent(member.contact, channel=Channel.MAIL, state=ConsentState.WITHDRAWN, how="link", by=ivo(cast), at=TEN)
    assert_over(member, Why.OPT_OUT)
    assert letters(member) == []


def test_an_address_that_is_blocked_meanwhile_is_found_at_the_moment_of_acting(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(MAIL))
    blocks.block("seoyun1@gaon1.example", by=ivo(cast), at=TEN)
    tick()
    assert_over(member, Why.OPT_OUT)


def test_a_letter_that_comes_back_stops_and_somebody_finds_the_right_address(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    hearing.bounced(member.contact_id, by=BY_THE_CLOCK, at=TEN)
    assert_over(member, Why.BOUNCE)
    assert Task.objects.to_do().get(lead=member.lead).owner == cast.ivo


def test_who_is_away_is_left_alone_until_they_are_back(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    tick(days(1))
    hearing.is_away(member.contact_id, until=days(9), by=BY_THE_CLOCK, at=days(1.2))
    paused = fresh(member)
    assert (paused.state, paused.why, paused.due_at) == (State.PAUSED, Why.AWAY, days(9))
    assert not Task.objects.to_do().filter(lead=member.lead).exists()
    assert tick(days(8)) == 0
    tick(days(9))
    assert fresh(member).state == State.ACTIVE
    assert to_do(member).task, "what waited comes again"


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (lambda lead, **by: leads.recycle(lead, reason="later", wake_when="autumn", **by), Why.RECYCLED),
        (lambda lead, **by: leads.disqualify(lead, reason="student", **by), Why.DISQUALIFIED),
        (lambda lead, **by: leads.lose(lead, reason="price", **by), Why.LOST),
    ],
)
def test_what_ends_the_pass_ends_the_sequence(cast: Cast, end: object, why: Why) -> None:
    member = enrolled(cast, person(cast), sequence_of(BY_HAND))
    tick()
    end(member.lead, by=ivo(cast), at=TEN)  # type: ignore[operator]  # a verb
    assert_over(member, why)


def test_an_opportunity_ends_it(cast: Cast) -> None:
    member = enrolled(cast, person(cast, stage=stages.CONNECTED), sequence_of(LETTER))
    opportunities.accept(member.lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales, name="Night", money=None), by=ivo(cast), at=TEN)
    assert_over(member, Why.OPPORTUNITY)


def test_what_an_import_moved_is_found_at_the_moment_of_acting(cast: Cast) -> None:
    """Imports say nothing on the bus."""
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    type(member.lead).objects.filter(pk=member.lead.pk).update(stage=stages.P2)
    tick(days(1))
    assert_over(member, Why.OPPORTUNITY)


@pytest.mark.parametrize(("stops_on_talk", "state"), [(True, State.STOPPED), (False, State.ACTIVE)])
def test_a_conversation_is_an_answer_unless_the_sequence_says_otherwise(cast: Cast, stops_on_talk: bool, state: str) -> None:
    member = enrolled(cast, person(cast), sequence_of(CALL, LETTER, stops_on_talk=stops_on_talk))
    tick(days(1))
    call = calls.begin(member.lead, call_type=CallType.objects.get(key="first"), by=ivo(cast), at=days(1))
    calls.dispose(call, outcome=Outcome(Disposition.TALK, note="likes it"), by=ivo(cast), at=days(1))
    assert fresh(member).state == state
    assert done(member) == ["call"]


def test_two_people_who_turn_out_to_be_one_are_in_one_sequence(cast: Cast) -> None:
    one, other = person(cast), person(cast, 2)
    type(other).objects.filter(pk=other.pk).update(product_line="another")
    first, second = enrolled(cast, one, sequence_of(LETTER)), enrolled(cast, other, sequence_of(CALL, name="Second"), at=days(0.1))
    assert one.contact
    assert other.contact
    merging.merge(one.contact, others=[other.contact], by=By(cast.ada, Door.WEB), at=days(0.2))
    assert fresh(first).state == State.ACTIVE
    assert (fresh(second).state, fresh(second).why, fresh(second).contact_id) == (State.STOPPED, Why.MERGED, one.contact.pk)


def test_by_hand_it_is_paused_goes_on_and_is_stopped_and_each_is_refused_out_of_turn(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    with pytest.raises(NotPaused):
        leaving.resume(member, by=ivo(cast), at=TEN)
    for until in (TEN, days(-1), days(800)):
        with pytest.raises(PauseWrong):
            leaving.pause(member, until=until, by=ivo(cast), at=TEN)
    leaving.pause(member, by=ivo(cast), at=TEN)
    assert tick(days(100)) == 0
    leaving.resume(member, by=ivo(cast), at=datetime(2026, 3, 7, 12, tzinfo=SEOUL))
    assert fresh(member).due_at == datetime(2026, 3, 9, 9, tzinfo=SEOUL), "the next business day, for it was a Saturday"
    leaving.stop(member, by=ivo(cast), at=days(6))
    assert_over(member, Why.BY_HAND)
    for verb in (leaving.stop, leaving.pause, leaving.resume):
        with pytest.raises(NotRunning):
            verb(member, by=ivo(cast), at=days(7))


def test_a_step_finished_after_a_stop_is_refused(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(CALL))
    tick(days(1))
    waiting = to_do(member)
    replies(member, days(1))
    with pytest.raises(acting.DeedOver):
        acting.finish(waiting, by=ivo(cast), at=days(1))


def test_a_task_that_stays_open_elsewhere_is_not_ours_to_close(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    own = tasks.add(Task(subject="Ask for the budget", owner=cast.ivo, lead=member.lead), by=ivo(cast), at=TEN)
    replies(member)
    own.refresh_from_db()
    assert own.done_at is None
