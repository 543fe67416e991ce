"""A sequence sends through a real server, and what comes back by a real one stops it: an answer, an absence, an address that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tasuki.crm import stages
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import inbox, outbox
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import sending
from tasuki.engage.sequences.enrolments import Deed, Enrolment, State, Why
from tests.cast import Cast
from tests.engage import post_office
from tests.engage.mailing import connected
from tests.engage.post_office import Dovecot
from tests.engage.sequences.writing import AGAIN, CALL, MAIL, TEN, company, days, enrolled, fresh, person, sequence_of, tick, to_do
from tests.engage.test_inbox import letter

pytestmark = pytest.mark.django_db
HERS = "seoyun1@gaon1.example"


@dataclass(frozen=True)
class Begun:
    """Two colleagues in a sequence whose first mail was sent to one of them, and the box of who wrote it."""

    member: Enrolment
    colleague: Enrolment
    sent: Message
    dovecot: Dovecot

    def comes(self, raw: bytes) -> None:
        """A letter lies in the box a day later, and is read."""
        self.dovecot.put("ivo", raw)
        Mailbox.objects.update(read_retry_at=None)
        while inbox.read_next(at=days(1)):
            pass


@pytest.fixture
def begun(cast: Cast, dovecot: Dovecot) -> Iterator[Begun]:
    with post_office.exchange(dovecot) as office:
        connected(cast.ivo, smtp_port=office.port, imap_port=dovecot.port)
        account, sequence = company(cast), sequence_of(MAIL, CALL, AGAIN)
        members = [enrolled(cast, person(cast, nth, account=account, email=f"seoyun{nth}@gaon1.example"), sequence) for nth in (1, 2)]
        tick()
        while outbox.send_next(at=days(0.001)):
            pass
        yield Begun(*members, sent=Message.objects.for_page().get(contact=members[0].contact_id), dovecot=dovecot)


def test_an_answer_lands_on_the_timeline_and_stops_every_channel_and_the_colleague_waits(begun: Begun) -> None:
    assert begun.sent.state == "sent"
    tick(days(0.98))
    assert to_do(begun.member).step.kind == "call", "a call is due when the answer comes"
    begun.comes(letter("다음 주 화요일 어떠세요?", sender=HERS, answers=begun.sent))
    member = fresh(begun.member)
    assert (member.state, member.why, member.lead.stage_id) == (State.STOPPED, Why.REPLY, stages.CONNECTED)
    assert not Deed.objects.to_do().filter(enrolment=member).exists()
    assert (fresh(begun.colleague).state, fresh(begun.colleague).why) == (State.PAUSED, Why.COLLEAGUE)
    entry = TimelineEntry.objects.get(kind=Kind.MAIL, detail__direction="in")
    assert (entry.lead_id, entry.text) == (member.lead_id, "다음 주 화요일 어떠세요?")
    tick(days(30))
    assert Message.objects.filter(direction="out").count() == 2
    deed = sending.deed_of(begun.sent.cause)
    assert deed
    assert deed.replied_at, "the wording of that mail has it"


def test_who_is_away_is_written_to_when_they_are_back(begun: Begun) -> None:
    begun.comes(letter("3월 9일(월)부터 복귀합니다.", sender=HERS, answers=begun.sent, Auto_Submitted="auto-replied", subject="부재중"))
    member = fresh(begun.member)
    assert (member.state, member.why) == (State.PAUSED, Why.AWAY)
    assert member.due_at
    assert member.due_at.date().isoformat() == "2026-03-09"
    assert fresh(begun.colleague).state == State.ACTIVE


def test_who_asks_for_no_more_mail_gets_none(begun: Begun) -> None:
    begun.comes(letter("Please unsubscribe me", sender=HERS, answers=begun.sent))
    assert (fresh(begun.member).state, fresh(begun.member).why) == (State.STOPPED, Why.OPT_OUT)


def test_an_answer_long_after_the_end_is_counted_with_the_sequence(begun: Begun) -> None:
    Enrolment.objects.filter(pk=begun.member.pk).update(state=State.FINISHED, why=Why.AT_THE_END, ended_at=TEN, due_at=None, next_step=None)
    begun.comes(letter("Sorry, late", sender=HERS, answers=begun.sent))
    assert fresh(begun.member).replied_at == days(1)
