"""A member goes from step to step: what the machine does, what a person does, when each is due, and that each happens once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from tasuki.core.audit import AuditEntry
from tasuki.crm import records, stages, tasks
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.leads import Lead
from tasuki.engage import blocks, calls
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Direction, Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.sequences import acting, leaving, writing
from tasuki.engage.sequences.acting import DeedOver
from tasuki.engage.sequences.enrolments import Deed, State, Why
from tasuki.engage.sequences.writing import Wording
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import (
    AGAIN,
    BY_HAND,
    CALL,
    LETTER,
    MAIL,
    SEOUL,
    SOCIAL,
    TEN,
    WAIT,
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


@pytest.fixture
def mailbox(cast: Cast) -> None:
    connected(cast.ivo)


@pytest.mark.usefixtures("mailbox")
def test_the_machine_writes_a_mail_in_the_words_for_the_person_and_the_lead_is_worked(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(MAIL, CALL, texts={1: [("{account}의 야간", "{name}님 안녕하세요")]}))
    assert tick() == 1
    (letter,) = letters(member)
    assert (letter.subject, letter.words, letter.written_by) == ("(광고) 가온증권 1의 야간", "한 서윤1님 안녕하세요", None)
    assert fresh(member).lead.stage_id == stages.WORKING
    assert tick() == 0, "nothing more is due"


@pytest.mark.usefixtures("mailbox")
def test_a_mail_without_a_subject_answers_the_one_before(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(MAIL, AGAIN, texts={2: [("", "Did you see it?")]}))
    tick()
    tick(days(2))
    first, second = letters(member)
    assert (second.subject, second.in_reply_to_id, second.thread) == ("(광고) Re: Mail 1", first.pk, first.thread)


def test_delays_are_business_days_of_the_person(cast: Cast) -> None:
    # Friday 27 February; Monday 2 March 2026 is a holiday in Korea (for the first), Tuesday is open.
    friday = datetime(2026, 2, 27, 15, tzinfo=SEOUL)
    member = enrolled(cast, person(cast), sequence_of(CALL), at=friday)
    due = fresh(member).due_at
    assert due
    assert due.astimezone(SEOUL) == datetime(2026, 3, 3, 9, tzinfo=SEOUL)


def test_a_step_waits_for_the_hours_of_the_day_that_it_names(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(Wording("call", n_days=0, from_minute=14 * 60, until_minute=16 * 60)))
    assert tick() == 0
    assert tick(TEN.replace(hour=14)) == 1
    assert to_do(member).step.kind == "call"


def test_a_mail_by_hand_is_a_task_of_today_and_done_with_it(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(BY_HAND, CALL))
    tick()
    deed = to_do(member)
    assert deed.task
    assert (deed.task.kind, deed.task.due_on, deed.task.owner) == ("mail", TEN.astimezone(UTC).date(), cast.ivo)
    assert letters(member) == []
    tasks.finish(deed.task, by=ivo(cast), at=days(0.1))
    assert done(member) == ["mail"]
    assert fresh(member).due_at == datetime(2026, 3, 4, 9, tzinfo=SEOUL)


def test_without_a_mailbox_or_a_word_that_is_known_the_mail_is_written_by_hand(cast: Cast) -> None:
    assert Lead.objects.count() == 0
    member = enrolled(cast, person(cast), sequence_of(MAIL))
    tick()
    assert to_do(member).task
    connected(cast.ivo)
    other = enrolled(cast, person(cast, 2), sequence_of(MAIL, name="Product", texts={1: [("About {product}", "…")]}))
    tick()
    assert to_do(other).task
    assert letters(other) == []


@pytest.mark.usefixtures("mailbox")
def test_who_never_agreed_to_advertising_is_written_to_by_hand_only(cast: Cast) -> None:
    member = enrolled(cast, person(cast, agreed=False), sequence_of(MAIL))
    tick()
    assert letters(member) == []
    assert to_do(member).task, "their country asks for a consent to advertising, not for one to a personal letter"


def test_a_letter_that_is_sent_is_a_touch_and_a_task_that_is_taken_away_leaves_the_step_out(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER, LETTER))
    tick(days(1))
    tasks.finish(_task(member), by=ivo(cast), at=days(1))
    assert fresh(member).lead.stage_id == stages.WORKING
    tick(days(2))
    tasks.remove(_task(member), by=ivo(cast), at=days(2))
    assert list(member.deeds.order_by("pk").values_list("state", flat=True)) == ["done", "skipped"]


def _task(member: object) -> tasks.Task:
    task = to_do(member).task  # type: ignore[arg-type]  # an enrolment
    assert task
    return task


def test_a_call_is_done_by_calling_and_a_branch_hears_how_it_ended(cast: Cast) -> None:
    sequence = sequence_of(CALL, WAIT, LETTER, CALL)
    draft = writing.draft(sequence, by=SET_UP, at=MONDAY)
    last = draft.steps.get(position=4)
    branch = writing.add_step(draft, wording=Wording("branch", n_days=0, hears="voicemail"), by=SET_UP, at=MONDAY)
    writing.move_step(branch, to=2, by=SET_UP, at=MONDAY)
    branch.refresh_from_db()
    writing.change_step(branch, wording=Wording("branch", n_days=0, hears="voicemail", goes_to=5), by=SET_UP, at=MONDAY)
    writing.publish(draft, by=SET_UP, at=MONDAY)
    heard, unheard = enrolled(cast, person(cast), sequence), enrolled(cast, person(cast, 2), sequence)
    tick(days(1))
    call(cast, heard.lead, Disposition.VOICEMAIL)
    call(cast, unheard.lead, Disposition.NO_ANSWER)
    tick(days(1.01))
    assert fresh(heard).next_step == last
    assert fresh(unheard).next_step.kind == "wait"  # type: ignore[union-attr]  # it is not at its end


def call(cast: Cast, lead: Lead, what: Disposition, *, direction: Direction = Direction.OUT) -> None:
    started = calls.begin(lead, call_type=CallType.objects.get(key="first"), direction=direction, by=ivo(cast), at=days(1))
    calls.dispose(started, outcome=Outcome(what), by=ivo(cast), at=days(1))


def test_a_call_made_before_the_hour_of_its_step_is_that_step(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(Wording("call", n_days=1, from_minute=16 * 60), LETTER))
    call(cast, member.lead, Disposition.NO_ANSWER)
    assert done(member) == ["call"]
    assert tick(days(1).replace(hour=16)) == 0, "it is not due a second time"


def test_that_they_called_and_were_missed_is_no_step_of_ours(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(Wording("call", n_days=1, from_minute=16 * 60), LETTER))
    call(cast, member.lead, Disposition.NO_ANSWER, direction=Direction.IN)
    assert done(member) == []
    call(cast, member.lead, Disposition.GATEKEEPER, direction=Direction.IN)
    assert done(member) == ["call"], "we have talked"


def test_after_the_last_step_they_have_a_week_to_answer_and_are_recycled_for_no_response(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER))
    tick(days(1))
    acting.finish(to_do(member), by=ivo(cast), at=days(1))
    assert tick(days(7.9)) == 0
    assert tick(days(8.1)) == 1
    over = fresh(member)
    assert (over.state, over.why, over.lead.ended_as) == (State.FINISHED, Why.NO_ANSWER, "recycled")
    passage = over.lead.passages.latest("seq")
    assert passage.because
    assert (passage.because.key, passage.wake_every) == ("no_response", 60)


def test_who_was_spoken_to_stays_with_their_owner_at_the_end(cast: Cast) -> None:
    member = enrolled(cast, person(cast, stage=stages.CONNECTED), sequence_of(WAIT, LETTER))
    tick(days(2))
    tick(days(3))
    acting.skip(to_do(member), by=ivo(cast), at=days(3))
    tick(days(11))
    assert (fresh(member).why, fresh(member).lead.stage_id) == (Why.AT_THE_END, stages.CONNECTED)


def test_no_step_happens_twice_and_none_that_is_over_is_done(cast: Cast) -> None:
    member = enrolled(cast, person(cast), sequence_of(LETTER, CALL))
    tick(days(1))
    deed = to_do(member)
    acting.finish(deed, by=ivo(cast), at=days(1))
    with pytest.raises(DeedOver):
        acting.finish(deed, by=ivo(cast), at=days(1))
    with pytest.raises(IntegrityError, match="a_step_happens_once"), transaction.atomic():
        Deed.objects.create(enrolment=member, step=deed.step, state="done", due_on=TEN.date(), begun_at=TEN, done_at=TEN)


def test_whoever_is_in_a_version_finishes_it_when_another_is_published(cast: Cast) -> None:
    sequence = sequence_of(LETTER, CALL)
    member = enrolled(cast, person(cast), sequence)
    draft = writing.draft(sequence, by=SET_UP, at=MONDAY)
    writing.remove_step(draft.steps.get(position=2), by=SET_UP, at=MONDAY)
    writing.publish(draft, by=SET_UP, at=MONDAY)
    tick(days(1))
    acting.finish(to_do(member), by=ivo(cast), at=days(1))
    tick(days(2))
    assert to_do(member).step.kind == "call"
    assert enrolled(cast, person(cast, 2), sequence).version == draft


def test_wordings_of_a_mail_go_out_in_turn(cast: Cast) -> None:
    sequence = sequence_of(BY_HAND, texts={1: [("A", "one"), ("B", "two")]})
    members = [enrolled(cast, person(cast, nth), sequence) for nth in range(1, 5)]
    tick()
    assert sorted(deed.variant.letter for deed in map(to_do, members) if deed.variant) == ["A", "A", "B", "B"]


def test_a_task_that_is_opened_again_takes_its_step_back_and_nothing_is_sent_twice(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(BY_HAND, LETTER, AGAIN))
    tick()
    step = to_do(member)
    task = step.task
    assert task
    tasks.finish(task, by=ivo(cast), at=TEN)
    assert fresh(member).next_step != step.step
    tasks.reopen(task, by=ivo(cast), at=days(0.01))
    back, again = fresh(member), to_do(member)
    assert (again.pk, again.done_at, again.done_by) == (step.pk, None, None)
    assert (back.next_step, back.due_at) == (step.step, None), "the sequence waits for it again"
    assert (tick(days(5)), letters(member)) == (0, []), "nothing goes on while it waits"
    assert list(AuditEntry.objects.filter(noun="deed", record_id=step.pk).order_by("pk").values_list("action", flat=True)) == ["finish", "reopen"]
    tasks.reopen(task, by=ivo(cast), at=days(0.02))
    tasks.finish(task, by=ivo(cast), at=days(0.03))
    assert done(member) == ["mail"]
    assert fresh(member).next_step


def test_a_step_stays_done_when_the_sequence_has_gone_on_is_over_or_its_letter_is_written(cast: Cast) -> None:
    connected(cast.ivo)
    gone_on = enrolled(cast, person(cast), sequence_of(BY_HAND, LETTER, name="A"))
    over = enrolled(cast, person(cast, 2), sequence_of(LETTER, name="B"))
    paused = enrolled(cast, person(cast, 3), sequence_of(LETTER, name="C"))
    written = enrolled(cast, person(cast, 4), sequence_of(BY_HAND, name="D"))
    tick()
    tick(days(1))
    first = {member.pk: to_do(member) for member in (gone_on, over, paused, written)}
    acting.write_by_hand(first.pop(written.pk), subject="Night", text="Hello", by=ivo(cast), at=days(1))
    for step in first.values():
        acting.finish(step, by=ivo(cast), at=days(1))
    tick(days(3))
    leaving.stop(over, by=ivo(cast), at=days(3))
    leaving.pause(paused, by=ivo(cast), at=days(3))
    for member, why in ((gone_on, "gone_on"), (over, "over"), (paused, "over"), (written, "written")):
        deed, before = member.deeds.get(state="done"), fresh(member)
        assert deed.task
        tasks.reopen(deed.task, by=ivo(cast), at=days(3))
        deed = Deed.objects.select_related("enrolment", "task").get(pk=deed.pk)
        assert (deed.state, acting.stays_done(deed)) == ("done", why)
        assert (fresh(member).next_step, fresh(member).due_at, fresh(member).state) == (before.next_step, before.due_at, before.state)
        assert deed.task
        assert deed.task.done_at is None, "the task itself is open again"
        tasks.finish(deed.task, by=ivo(cast), at=days(3.1))
    assert len(letters(written)) == 1, "and finishing it once more writes nothing"


def test_a_social_message_asks_the_person_their_country_and_their_clock_as_any_other_step(cast: Cast) -> None:
    sequence = sequence_of(SOCIAL, LETTER)
    asked, refused, blocked, without = (enrolled(cast, person(cast, nth), sequence) for nth in (1, 2, 3, 4))
    say_no = {"state": ConsentState.REFUSED, "how": "said so", "by": SET_UP, "at": MONDAY}
    records.record_consent(refused.lead.contact, channel=Channel.MESSAGE, **say_no)
    blocks.block(blocked.lead.contact.main_phone, by=SET_UP, at=MONDAY)
    for phone in without.lead.contact.phones.all():
        phone.delete()
    night = TEN.replace(hour=22)
    tick(night)
    assert not Deed.objects.exists(), "nobody is written to at night"
    tick(days(1))
    assert [to_do(one).step.kind for one in (asked, without)] == ["social", "social"], "a network needs no number"
    assert {(fresh(one).state, fresh(one).why) for one in (refused, blocked)} == {("stopped", "opt_out")}
