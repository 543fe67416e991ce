"""Answers are sorted: rules propose what each is and say by what; only what is clear acts; the word is a person's, and what costs follows from that."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.crm.contacts import Consent, ConsentState
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import keeping, scores
from tasuki.crm.scoring.scores import LeadScore
from tasuki.engage import bad_addresses, incoming, received, reply_kinds
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import numbers
from tasuki.engage.sequences.enrolments import Enrolment
from tasuki.engage.triage import classifying, deciding, phrases, wake_days
from tasuki.engage.triage.classes import ReplyClass, Sign
from tasuki.engage.triage.deciding import NoSuchClass
from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import Cast, hired
from tests.crm.scoring.desk import in_force
from tests.engage.mailing import by, connected, heard
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.sequences.writing import CALL, MAIL, TEN, days, enrolled, fresh, person, sequence_of, tick

TODAY = date(2026, 3, 2)

SAID = [
    ("Sounds good. Let's talk on Tuesday.", "positive"),
    ("I'm interested, call me tomorrow", "positive"),
    ("Yes, Tuesday at ten works for me.", "positive"),
    ("Can you send me a price list?", "information"),
    ("How does it work with SAP?", "information"),
    ("We are not interested, thank you.", "objection"),
    ("Too expensive for us.", "objection"),
    ("We already use another product and are happy with it.", "objection"),
    ("Not right now. Please come back next quarter.", "not_now"),
    ("Interesting, but our budget is frozen. Circle back in three months?", "not_now"),
    ("Please contact my colleague Jane Doe, jane@gaon.example.", "referral"),
    ("I am no longer responsible for this; the right person is Ms Han.", "referral"),
    ("You have the wrong person.", "wrong_person"),
    ("I no longer work with this team.", "wrong_person"),
    ("This is spam. I will report you.", "unsubscribe"),
    ("Leave me alone or you hear from my lawyer", "unsubscribe"),
    ("관심 있습니다. 화요일 오전에 통화 가능합니다.", "positive"),
    ("자료를 보내주세요.", "information"),
    ("가격이 얼마인가요?", "information"),
    ("관심 없습니다.", "objection"),
    ("이미 타사 제품을 사용하고 있습니다.", "objection"),
    ("올해는 예산이 없어서 어렵습니다. 내년에 다시 연락 주세요.", "not_now"),
    ("이 건 담당자는 김민수 과장입니다. minsu@gaon.example", "referral"),
    ("저는 담당자가 아닙니다.", "wrong_person"),
    ("스팸으로 신고하겠습니다.", "unsubscribe"),
    ("ぜひ一度お話を伺いたいです。", "positive"),
    ("資料を送っていただけますか。", "information"),
    ("興味がありません。", "objection"),
    ("他社のサービスを契約しております。", "objection"),
    ("今期は予算の都合で見送ります。来期に改めてご連絡ください。", "not_now"),
    ("担当は営業部の佐藤です。sato@gaon.example へご連絡ください。", "referral"),
    ("私は担当ではありません。", "wrong_person"),
    ("迷惑です。弁護士に相談します。", "unsubscribe"),
    ("Ok thx", "positive"),
    ("…", ""),
    ("", ""),
    ("Seoyun", ""),
]


@pytest.mark.parametrize(("words", "expected"), SAID)
def test_what_an_answer_probably_is_and_by_which_words(words: str, expected: str) -> None:
    told = classifying.by_words(words, sender=HERS)
    assert (told.of_class or "") == expected
    assert bool(told.signs) == bool(expected), "whoever reads it is told why"
    for sign, said in told.signs:
        assert sign in (Sign.PHRASE, Sign.ADDRESS)
        assert said.casefold() in classifying.plain(words).casefold()


def test_full_width_curly_quotes_and_line_ends_change_nothing() -> None:
    assert classifying.by_words("We’re not\n  interested").of_class == ReplyClass.OBJECTION
    assert classifying.by_words("ＮＯＴ　ＩＮＴＥＲＥＳＴＥＤ").of_class == ReplyClass.OBJECTION
    assert classifying.by_words("㈱ 興味がありません").of_class == ReplyClass.OBJECTION


def test_the_address_of_the_sender_and_of_ours_names_nobody() -> None:
    told = classifying.by_words(f"Wrong person. {HERS} ivo@tasuki.example", sender=HERS, known=("ivo@tasuki.example",))
    assert told.of_class == ReplyClass.WRONG_PERSON
    assert classifying.by_words("Wrong person. Try jane@gaon.example", sender=HERS).of_class == ReplyClass.REFERRAL


@pytest.mark.parametrize("noise", ["a" * 300_000, "not " * 90_000, "@" * 200_000, "담당" * 90_000, "((((" * 60_000, "(?P<n>", "\0\uffff", "x@y." * 60_000])
def test_noise_of_any_length_is_read_to_an_end(noise: str) -> None:
    assert classifying.by_words(noise).of_class in (*ReplyClass, None)
    assert wake_days.proposed(noise, today=TODAY) is None


def test_every_language_has_every_class_and_every_phrase_finds_something_short() -> None:
    there = phrases.files_read()
    for language in ("en", "ko", "ja"):
        assert set(there[language]["classes"]) == {"unsubscribe", "referral", "wrong_person", "not_now", "objection", "positive", "information"}
        assert set(there[language]["later"]) == {"in_weeks", "in_months", "next_week", "next_month", "next_quarter", "next_year"}
    for language in there.values():
        for section in language.values():
            for one in section.values():
                assert isinstance(one, int) or not any(("*" in phrase or "+" in phrase) for phrase in one), "bounded, so that reading ends soon"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Not now, maybe in three months.", TODAY + timedelta(days=90)),
        ("Ask me again on 15 September.", date(2026, 9, 15)),
        ("next quarter", date(2026, 4, 1)),
        ("next year", date(2027, 1, 15)),
        ("3개월 뒤에 다시 연락 주세요", TODAY + timedelta(days=90)),
        ("내년에 연락 주세요", date(2027, 1, 15)),
        ("来月また連絡ください", date(2026, 4, 1)),
        ("二ヶ月後にお願いします", TODAY + timedelta(days=60)),
        ("Maybe later.", None),
        ("After 3/4, perhaps", None),
        ("5/4 이후에 연락 주세요", date(2026, 5, 4)),
        ("in 99 months", None),
    ],
)
def test_when_somebody_asks_to_be_asked_again(words: str, expected: date | None) -> None:
    assert wake_days.proposed(words, today=TODAY) == expected


def test_a_return_that_two_people_read_differently_is_not_read() -> None:
    def away(words: str) -> date | None:
        raw = f"From: {HERS}\nSubject: Out of office\nAuto-Submitted: auto-replied\n\n{words}\n"
        return reply_kinds.back_on(incoming.read(raw.encode()), today=TODAY)

    assert away("I am back on 4/3.") is None
    assert away("I am back on 9 March.") == date(2026, 3, 9)
    assert away("I am back on 3/25.") == date(2026, 3, 25)
    assert away("I am back on 25/3.") == date(2026, 3, 25)


@pytest.mark.django_db
def test_an_answer_is_kept_with_what_is_proposed_and_nothing_follows_from_that(cast: Cast) -> None:
    person(cast, email=HERS)
    n = Consent.objects.count()
    message = heard(cast, "How did you get my address? This is spam!", at=days(5 / 24))
    triage = ReplyTriage.objects.get(message=message)
    assert (triage.proposed, triage.reply_class, triage.said_at, triage.is_open) == ("unsubscribe", "unsubscribe", None, True)
    assert Consent.objects.count() == n, "only a person's word costs something"


@pytest.mark.django_db
def test_what_is_clear_acts_at_once_and_asks_nobody(cast: Cast) -> None:
    lead = person(cast, email=HERS)
    silent = ReplyTriage.objects.get(message=heard(cast, "Please unsubscribe me", at=days(5 / 24)))
    assert (silent.reply_class, silent.is_open) == ("unsubscribe", False)
    assert Consent.objects.filter(contact=lead.contact, channel="mail").latest("pk").state == ConsentState.WITHDRAWN
    away = ReplyTriage.objects.get(message=heard(cast, "Back on 9 March.", at=days(6 / 24), header="X-Autoreply: yes\n"))
    assert (away.reply_class, away.signs) == ("out_of_office", [["header", "X-Autoreply: yes"]])


@pytest.mark.django_db
def test_a_person_says_what_it_is_and_the_trail_says_who(cast: Cast) -> None:
    person(cast, email=HERS)
    triage = ReplyTriage.objects.get(message=heard(cast, "Not now.", at=days(5 / 24)))
    for stranger in (cast.tomas, hired("olga", "Brandt", "Olga", role=Role.OBSERVER, team=cast.inside_sales)):
        with pytest.raises(Forbidden):
            deciding.say(triage, reply_class="positive", by=by(stranger), at=days(6 / 24))
    with pytest.raises(NoSuchClass):
        deciding.say(triage, reply_class="brilliant", by=by(cast.ivo), at=days(6 / 24))
    said = deciding.say(triage, reply_class="objection", by=by(cast.ivo), at=days(6 / 24))
    assert (said.proposed, said.reply_class, said.said_by) == ("not_now", "objection", cast.ivo)
    deciding.say(triage, reply_class="objection", by=by(cast.ivo), at=days(7 / 24))
    trail = AuditEntry.objects.filter(action="classify")
    assert [entry.changes for entry in trail] == [{"reply_class": ["not_now", "objection"]}], "the same twice is once"
    assert not ReplyTriage.objects.visible_to(cast.tomas).exists()


@pytest.mark.django_db
def test_a_wish_that_a_person_reads_in_an_answer_withdraws_once(cast: Cast) -> None:
    person(cast, email=HERS)
    triage = ReplyTriage.objects.get(message=heard(cast, "You again?", at=days(5 / 24)))
    n = Consent.objects.count()
    deciding.say(triage, reply_class="unsubscribe", by=by(cast.ivo), at=days(6 / 24))
    deciding.say(triage, reply_class="positive", by=by(cast.ivo), at=days(7 / 24))
    deciding.say(triage, reply_class="unsubscribe", by=by(cast.ivo), at=days(8 / 24))
    added = list(Consent.objects.order_by("pk"))[n:]
    assert [one.state for one in added] == ["withdrawn"], "what is taken back stays so, whatever is said afterwards"
    assert "You again?" in added[0].evidence


@pytest.mark.django_db
def test_an_address_that_a_person_says_is_dead_is_written_to_no_more(cast: Cast) -> None:
    member = enrolled(cast, person(cast, email=HERS), sequence_of(MAIL, CALL))
    connected(cast.ivo)
    tick()
    ours = Message.objects.get(direction="out")
    answer = _answer(ours, "This mailbox is not read any more.")
    deciding.say(ReplyTriage.objects.get(message=answer), reply_class="bounce", by=by(cast.ivo), at=days(1))
    assert bad_addresses.is_bad(HERS)
    assert fresh(member).state == "stopped"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "header", "said", "counts"),
    [
        ("Sounds good.", "", "", True),
        ("Not interested.", "", "objection", True),
        ("Back on 9 March.", "X-Autoreply: yes\n", "", False),
        ("Please unsubscribe me", "", "", False),
        ("You again?", "", "unsubscribe", False),
        ("I am away till Monday.", "", "out_of_office", False),
        ("Back on 9 March.", "X-Autoreply: yes\n", "positive", True),
    ],
)
def test_only_an_answer_of_a_person_has_the_points_of_one(cast: Cast, *, words: str, header: str, said: str, counts: bool) -> None:
    lead = person(cast, email=HERS)
    in_force(cast, at=days(0))
    message = heard(cast, words, header=header, at=days(5 / 24))
    if said:
        deciding.say(ReplyTriage.objects.get(message=message), reply_class=said, by=by(cast.ivo), at=days(6 / 24))
    keeping.absorb(at=days(1))
    assert ("answered a mail" in _reasons(lead)) is counts


def _reasons(lead: Lead) -> list[str]:
    return [reason.words for reason in scores.reasons_of([LeadScore.objects.select_related("model").get(lead=lead)])[lead.pk]]


@pytest.mark.django_db
def test_answers_are_counted_by_member_version_and_class_with_their_n(cast: Cast) -> None:
    connected(cast.ivo)
    sequence = sequence_of(MAIL, CALL)
    people = [person(cast, nth) for nth in range(4)]
    members = [enrolled(cast, one, sequence) for one in people]
    tick()
    letters = {one.contact_id: one for one in Message.objects.filter(direction="out")}
    for member, words in zip(members, ("Sounds good!", "Sounds good!", "Not interested.", ""), strict=True):
        if words:
            _answer(letters[member.contact_id], words)
    _answer(letters[members[1].contact_id], "Not now, in three months.", nth=2)
    first = ReplyTriage.objects.get(message__contact=members[0].contact_id)
    deciding.say(first, reply_class="positive", by=by(cast.ivo), at=days(1))
    told = numbers.answers(sequence, user=cast.ivo)
    assert told[0] == told[1]
    assert (told[0].n, told[0].n_said, told[0].by_class) == (3, 1, {"positive": 1, "not_now": 1, "objection": 1})
    assert list(numbers.members(sequence, user=cast.ivo, answer="not_now")) == [members[1]], "the last word of each counts"
    assert numbers.answers(sequence, user=cast.tomas) == {}
    assert Enrolment.objects.filter(replied_at__isnull=False).count() == 3


def _answer(ours: Message, words: str, *, nth: int = 1, at: Any = None) -> Message:
    raw = f"From: {ours.address}\nMessage-ID: <{ours.pk}.{nth}@gaon.example>\nIn-Reply-To: <{ours.message_id}>\nSubject: Re: x\n\n{words}\n"
    message = received.take_in(incoming.read(raw.encode()), mailbox=ours.mailbox, at=at or TEN + timedelta(hours=nth))
    assert message
    return message
