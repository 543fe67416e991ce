"""Branches on answers: a member waits there until a person has said what the answer is, goes on if it is the one, and stops for any other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tasuki.core.audit import By
from tasuki.crm.leads import Lead
from tasuki.engage import calls, incoming, mailboxes, outbox, received
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import leaving, writing
from tasuki.engage.sequences.definitions import Sequence, Step
from tasuki.engage.sequences.enrolments import Enrolment, Why
from tasuki.engage.sequences.writing import CannotPublish, SequenceRefused, Settings, Wording
from tasuki.engage.triage import deciding
from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import CALL, LETTER, MAIL, SOCIAL, TEN, days, done, enrolled, fresh, ivo, person, sequence_of, tick, to_do

pytestmark = pytest.mark.django_db

ASKS = Wording("branch", n_days=1, hears="replied", classes=("information", "referral"), n_days_to_listen=3)


@pytest.fixture
def mailbox(cast: Cast) -> None:
    connected(cast.ivo)


def leading(branch: Wording, *, to: int, among: tuple[Wording, ...] = (MAIL, LETTER, LETTER, CALL), at: int = 2, name: str = "Night session") -> Sequence:
    """In force: those steps with the branch put into place `at`; what it hears goes on at `to`."""
    sequence = sequence_of(*among, name=name)
    draft = writing.draft(sequence, by=SET_UP, at=MONDAY)
    step = writing.add_step(draft, wording=branch, by=SET_UP, at=MONDAY)
    writing.move_step(step, to=at, by=SET_UP, at=MONDAY)
    step.refresh_from_db()
    writing.change_step(step, wording=Wording(**{**branch.__dict__, "goes_to": to}), by=SET_UP, at=MONDAY)
    writing.publish(draft, by=SET_UP, at=MONDAY)
    return sequence


def answered(cast: Cast, member: Enrolment, words: str, *, at: datetime, header: str = "") -> ReplyTriage:
    mailbox = mailboxes.of(cast.ivo)
    contact = Lead.objects.get(pk=member.lead_id).contact
    assert mailbox
    assert contact
    raw = f"From: {contact.main_email}\nMessage-ID: <{at.timestamp()}.{member.pk}@gaon.example>\n{header}Subject: Re\n\n{words}\n"
    message = received.take_in(incoming.read(raw.encode()), mailbox=mailbox, at=at)
    assert message
    return ReplyTriage.objects.get(message=message)


def begun(*members: Enrolment) -> None:
    """The first mail of each is on its way, and not to be taken back."""
    assert tick() >= len(members)
    for message in Message.objects.filter(direction="out"):
        outbox.claim(at=TEN)
        outbox.mark_sent(message, at=TEN)


def place_of(member: Enrolment) -> int | None:
    step = fresh(member).next_step
    return step.position if step else None


@pytest.mark.usefixtures("mailbox")
def test_an_answer_that_is_listened_to_leads_on_once_a_person_has_said_so(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    triage = answered(cast, member, "How much does it cost?", at=days(0.1))
    assert triage.reply_class == "information"
    tick(days(0.2))
    assert (fresh(member).state, place_of(member), done(member)) == ("active", 2, ["mail"]), "a proposal moves nobody"
    deciding.say(triage, reply_class="information", by=ivo(cast), at=days(0.2))
    tick(days(0.2))
    assert (place_of(member), done(member)) == (5, ["mail", "branch"])
    tick(days(2))
    assert to_do(member).step.kind == "call"
    answered(cast, member, "And how long does it take?", at=days(2.1))
    assert (fresh(member).state, fresh(member).why) == ("stopped", Why.REPLY), "no branch lies ahead: an answer ends it as ever"


@pytest.mark.usefixtures("mailbox")
@pytest.mark.parametrize("said", ["positive", "objection", "not_now", "wrong_person", "unsubscribe", "bounce"])
def test_any_other_answer_ends_it(cast: Cast, said: str) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    triage = answered(cast, member, "Hm.", at=days(0.1))
    deciding.say(triage, reply_class=said, by=ivo(cast), at=days(0.2))
    tick(days(0.2))
    assert fresh(member).state == "stopped"
    assert "branch" not in done(member)


@pytest.mark.usefixtures("mailbox")
def test_an_answer_that_nobody_looked_at_in_time_ends_it(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    answered(cast, member, "How much does it cost?", at=days(0.1))
    tick(days(2))
    assert fresh(member).state == "active"
    tick(days(8))
    assert (fresh(member).state, fresh(member).why) == ("stopped", Why.REPLY)


@pytest.mark.usefixtures("mailbox")
def test_without_an_answer_the_next_step_comes_when_its_time_is_over(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    for day in (1, 2, 3):
        tick(days(day))
        assert place_of(member) == 2, "it listens"
    # Reached on Wednesday; Thursday, Friday and Monday are its three business days.
    tick(days(6))
    assert (place_of(member), done(member)) == (3, ["mail", "branch"])
    assert fresh(member).stops_listening_at is None


@pytest.mark.usefixtures("mailbox")
def test_what_waits_is_taken_back_by_an_answer_before_the_branch(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5, at=3))
    begun(member)
    tick(days(1))
    task = to_do(member).task
    assert task
    triage = answered(cast, member, "How does it work?", at=days(1.1))
    assert not member.deeds.filter(state="waiting").exists()
    deciding.say(triage, reply_class="referral", by=ivo(cast), at=days(1.1))
    tick(days(1.1))
    assert (place_of(member), done(member)) == (5, ["mail", "branch"]), "what lay between was left out, and nothing came twice"


@pytest.mark.usefixtures("mailbox")
def test_a_branch_without_classes_hears_any_answer_at_once_and_no_program(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(Wording("branch", n_days=0, hears="replied", n_days_to_listen=2), to=5))
    begun(member)
    answered(cast, member, "Back on 6 March.", at=days(0.1), header="Auto-Submitted: auto-replied\n")
    assert (fresh(member).state, fresh(member).why) == ("paused", Why.AWAY)
    answered(cast, member, "…", at=days(0.2))
    tick(days(0.2))
    assert (fresh(member).state, place_of(member)) == ("active", 5)


@pytest.mark.usefixtures("mailbox")
def test_a_wish_for_silence_stops_it_at_the_branch_too(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    answered(cast, member, "How does it work?", at=days(0.1))
    answered(cast, member, "Please unsubscribe me.", at=days(0.2))
    assert (fresh(member).state, fresh(member).why, fresh(member).stops_listening_at) == ("stopped", Why.OPT_OUT, None)


@pytest.mark.usefixtures("mailbox")
def test_a_colleague_waits_and_the_lead_is_connected_as_for_every_answer(cast: Cast) -> None:
    sequence, first = leading(ASKS, to=5), person(cast)
    member = enrolled(cast, first, sequence)
    other = enrolled(cast, person(cast, 2, account=first.account), sequence)
    begun(member, other)
    answered(cast, member, "How does it work?", at=days(0.1))
    assert (fresh(other).state, fresh(other).why) == ("paused", Why.COLLEAGUE)
    assert (fresh(member).lead.stage_id, fresh(member).replied_at) == ("connected", days(0.1))


@pytest.mark.usefixtures("mailbox")
def test_two_branches_hear_two_answers_and_not_one_twice(cast: Cast) -> None:
    sequence = leading(ASKS, to=4, among=(MAIL, LETTER, Wording("branch", n_days=0, hears="replied", classes=("positive",), n_days_to_listen=2), CALL))
    member = enrolled(cast, person(cast), sequence)
    begun(member)
    deciding.say(answered(cast, member, "How?", at=days(0.1)), reply_class="information", by=ivo(cast), at=days(0.1))
    tick(days(0.1))
    tick(days(0.15))
    assert (fresh(member).state, place_of(member)) == ("active", 4), "it listens for the next one"
    deciding.say(answered(cast, member, "Good!", at=days(0.2)), reply_class="positive", by=ivo(cast), at=days(0.2))
    tick(days(0.2))
    assert done(member) == ["mail", "branch", "branch"]


@pytest.mark.usefixtures("mailbox")
def test_a_pause_at_the_branch_does_not_lengthen_it(cast: Cast) -> None:
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    tick(days(1))
    until = fresh(member).stops_listening_at
    leaving.pause(member, by=ivo(cast), at=days(1.1))
    leaving.resume(member, by=ivo(cast), at=days(1.2))
    tick(days(1.2))
    assert (place_of(member), fresh(member).stops_listening_at) == (2, until)


def test_a_branch_that_listens_hears_a_call_of_these_days(cast: Cast) -> None:
    branch = Wording("branch", n_days=0, hears="voicemail", n_days_to_listen=5)
    member = enrolled(cast, person(cast), leading(branch, to=4, among=(CALL, LETTER, SOCIAL)))
    tick(days(1))
    call(member.lead, Disposition.NO_ANSWER, by=ivo(cast), at=days(1))
    tick(days(1.01))
    assert place_of(member) == 2, "it may be heard yet"
    call(member.lead, Disposition.VOICEMAIL, by=ivo(cast), at=days(2))
    tick(days(2.01))
    assert place_of(member) == 4


def call(lead: Lead, what: Disposition, *, by: By, at: datetime) -> None:
    started = calls.begin(lead, call_type=CallType.objects.get(key="first"), by=by, at=at)
    calls.dispose(started, outcome=Outcome(what), by=by, at=at + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("hears", {"hears": "fax"}),
        ("n_days_to_listen", {"n_days_to_listen": 0}),
        ("n_days_to_listen", {"n_days_to_listen": 91}),
        ("n_days_to_listen", {"n_days_to_listen": -1}),
        ("classes", {"classes": ("brilliant",)}),
        ("classes", {"classes": ("out_of_office",)}),
    ],
)
def test_a_branch_that_cannot_hear_is_refused(cast: Cast, field: str, wrong: dict[str, object]) -> None:
    sequence = writing.add(Settings("One"), by=SET_UP, at=MONDAY)
    with pytest.raises(SequenceRefused) as refusal:
        writing.add_step(writing.draft(sequence, by=SET_UP, at=MONDAY), wording=Wording(**{**ASKS.__dict__, **wrong}), by=SET_UP, at=MONDAY)
    assert refusal.value.field == field


@pytest.mark.usefixtures("mailbox")
def test_what_a_branch_listens_to_goes_along_into_the_next_version_and_needs_a_mail_before_it(cast: Cast) -> None:
    sequence = leading(ASKS, to=5)
    member = enrolled(cast, person(cast), sequence)
    copied = writing.draft(sequence, by=SET_UP, at=MONDAY).steps.get(kind="branch")
    assert (copied.hears, copied.classes, copied.n_days_to_listen, copied.goes_to and copied.goes_to.position) == ("replied", list(ASKS.classes), 3, 5)
    writing.change_step(copied, wording=Wording("branch", hears="answered"), by=SET_UP, at=MONDAY)
    copied.refresh_from_db()
    assert (copied.classes, copied.n_days_to_listen) == ([], 0)
    old = Step.objects.get(version=member.version_id, kind="branch")
    assert old.hears == "replied", "who is in the version before finishes it"
    other = writing.add(Settings("Deaf"), by=SET_UP, at=MONDAY)
    draft = writing.draft(other, by=SET_UP, at=MONDAY)
    for wording in (ASKS, CALL):
        writing.add_step(draft, wording=wording, by=SET_UP, at=MONDAY)
    with pytest.raises(CannotPublish, match="no mail comes before it"):
        writing.publish(draft, by=SET_UP, at=MONDAY)
    assert not Message.objects.filter(direction="in").exists()
