"""That a help desk has received our letter is an automatic reply, and nothing more: nobody has answered, nobody is away, and sequences go on."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from tasuki.engage import incoming, reply_kinds
from tasuki.engage.incoming import Incoming
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.sequences import numbers
from tasuki.engage.sequences.enrolments import Enrolment, State, Why
from tasuki.engage.triage import acknowledgements, deciding
from tasuki.engage.triage.classes import ReplyClass, Sign
from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import Cast
from tests.engage.mailing import by, connected
from tests.engage.sequences.test_branches import ASKS, answered, begun, leading, place_of
from tests.engage.sequences.writing import CALL, LETTER, MAIL, days, done, enrolled, fresh, person, sequence_of, tick, to_do
from tests.web.office import signed_in

AUTOMATIC = "Auto-Submitted: auto-replied\n"
# (subject, text): what a help desk says of a letter that came in.
RECEIVED = [
    ("[Ticket #48213] Night session", "Hello,\n\nwe have received your request and gave it the number 48213. Our team gets back to you by 5 March."),
    ("Your enquiry has been registered", "Your enquiry SUP-1044 was registered. We return to it within two business days."),
    ("Case 77120", "A new support case (77120) has been created from your mail. Please keep the number in the subject."),
    ("문의 접수 안내 [#20931]", "안녕하세요.\n보내 주신 문의가 정상적으로 접수되었습니다. 접수번호는 20931이고 3월 5일까지 회신드리겠습니다."),
    ("Night session", "고객님의 요청이 등록되었습니다. 담당 부서에서 확인한 뒤 연락드립니다."),
    ("【受付完了】お問い合わせ番号 20931", "お問い合わせを受け付けました。担当より3月5日までにご連絡いたします。"),
    ("Night session", "メールを受領いたしました。受付番号は20931です。3月5日より対応いたします。"),
]
# The same without any header, by a program that says of itself that it is one.
BY_THEMSELVES = [
    ("[Ticket #48213] Night session", "This is an automated message. We have received your request; please do not reply to this mail."),
    ("Request 48213", "Your request has been received. This message was automatically generated."),
    ("문의 접수 안내", "문의가 접수되었습니다. 접수번호: 20931\n본 메일은 발신 전용입니다."),
    ("お問い合わせありがとうございます", "お問い合わせを受け付けました。受付番号: 20931\nこのメールは自動送信です。"),
]
# What people write.
PEOPLE = [
    (
        "Re: Night session [Ticket #48213]",
        "We have received your request. I am Jane of the service desk: what does it cost? Do not reply to this address, use mine.",
    ),
    ("Night session", "We have received your message and like it. Can we talk on Tuesday?"),
    ("Ticket 48213", "Your request was received by our board. They ask for a price list."),
    ("회신: Night session", "문의 주신 내용은 접수되었습니다. 접수번호는 모르지만 다음 주에 통화 가능합니다."),
    ("Night session", "総務でメールを受領しました。火曜日にお話しできますか。"),
]
AWAY = [
    ("Night session", "We have received your mail. I am out of the office until 5 March.", date(2026, 3, 6)),
    ("Night session", "We have received your message. I am away and back on March 9.", date(2026, 3, 9)),
    ("Night session", "메일이 수신되었습니다. 휴가 중이며 3월 5일에 복귀합니다.", date(2026, 3, 5)),
    ("Night session", "メールを受領いたしました。不在にしており、3月5日に戻ります。", date(2026, 3, 5)),
]


def letter(subject: str, text: str, header: str = "") -> Incoming:
    return incoming.read(f"Subject: {subject}\nFrom: help@gaon.example\nContent-Type: text/plain; charset=utf-8\n{header}\n{text}".encode())


@pytest.mark.parametrize(("subject", "text"), [*RECEIVED, *BY_THEMSELVES])
def test_a_program_that_acknowledges_is_known_by_its_words_and_says_of_no_day_that_somebody_is_back(subject: str, text: str) -> None:
    said = letter(subject, text, AUTOMATIC)
    assert reply_kinds.of(said) == MessageKind.AUTO_REPLY
    assert acknowledgements.said_in(said)
    assert reply_kinds.back_on(said, today=date(2026, 3, 2)) is None


@pytest.mark.parametrize(("subject", "text"), BY_THEMSELVES)
def test_without_a_header_it_is_one_by_its_number_and_by_what_it_says_of_itself(subject: str, text: str) -> None:
    assert reply_kinds.of(letter(subject, text)) == MessageKind.AUTO_REPLY
    assert reply_kinds.of(letter(f"Re: {subject}", text)) == MessageKind.REPLY, "behind Re people write"


@pytest.mark.parametrize(("subject", "text"), PEOPLE)
def test_what_people_write_about_receiving_something_is_an_answer(subject: str, text: str) -> None:
    assert reply_kinds.of(letter(subject, text)) == MessageKind.REPLY


@pytest.mark.parametrize(("subject", "text", "back"), AWAY)
def test_whoever_is_away_is_away_whatever_else_was_received(subject: str, text: str, back: date) -> None:
    said = letter(subject, text, AUTOMATIC)
    assert acknowledgements.said_in(said) == ""
    assert reply_kinds.back_on(said, today=date(2026, 3, 2)) == back


@pytest.mark.parametrize("noise", ["your request " * 60_000, "[" * 200_000, "문의" * 90_000, "#1" * 90_000])
def test_noise_of_any_length_is_read_to_an_end(noise: str) -> None:
    assert acknowledgements.said_in(letter(noise, noise)) == ""


def in_a_sequence(cast: Cast) -> Enrolment:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(MAIL, LETTER, CALL))
    begun(member)
    return member


@pytest.mark.django_db
@pytest.mark.parametrize("words", [text for _subject, text in RECEIVED])
def test_a_sequence_goes_on_as_if_nothing_had_come_and_nothing_waits_for_a_word(cast: Cast, words: str) -> None:
    member = in_a_sequence(cast)
    due = fresh(member).due_at
    triage = answered(cast, member, words, at=days(0.1), header=AUTOMATIC)
    assert (fresh(member).state, fresh(member).due_at, fresh(member).replied_at) == (State.ACTIVE, due, None)
    assert (triage.reply_class, triage.is_acknowledgement, triage.message.returns_on) == ("", True, None)
    assert {sign for sign, _words in triage.told_by} == {Sign.HEADER, Sign.PHRASE}
    assert not ReplyTriage.objects.open().exists()
    assert numbers.answers(member.sequence, user=cast.ada) == {}
    tick(days(3))
    assert (done(member), to_do(member).step.kind) == (["mail"], "letter")


@pytest.mark.django_db
def test_a_branch_that_listens_to_answers_hears_none(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), leading(ASKS, to=5))
    begun(member)
    answered(cast, member, RECEIVED[0][1], at=days(0.1), header=AUTOMATIC)
    tick(days(1.1))
    listens = fresh(member)
    assert (listens.state, listens.replied_at, listens.stops_listening_at is None, place_of(member)) == (State.ACTIVE, None, False, 2)
    tick(days(8))
    assert place_of(member) == 3, "nobody has answered in its time"


@pytest.mark.django_db
def test_somebody_may_say_that_it_is_an_answer_or_that_they_are_away_and_take_it_back(cast: Cast) -> None:
    member = in_a_sequence(cast)
    triage = answered(cast, member, RECEIVED[0][1], at=days(0.1), header=AUTOMATIC)
    assert "acknowledgement of receipt" in signed_in(cast.ivo).get(reverse("message", args=[triage.message_id])).content.decode()
    deciding.say(triage, reply_class=ReplyClass.POSITIVE, by=by(cast.ivo), at=days(0.2))
    assert (fresh(member).state, fresh(member).why) == (State.STOPPED, Why.REPLY)
    deciding.take_back(triage, by=by(cast.ivo), at=days(0.3))
    assert (fresh(member).state, fresh(member).replied_at) == (State.ACTIVE, None)
    deciding.say(triage, reply_class=ReplyClass.OUT_OF_OFFICE, by=by(cast.ivo), at=days(0.4))
    assert (fresh(member).state, fresh(member).why) == (State.PAUSED, Why.AWAY)
    deciding.take_back(triage, by=by(cast.ivo), at=days(0.5))
    assert fresh(member).state == State.ACTIVE
