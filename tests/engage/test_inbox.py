"""A real mailbox is read: what concerns us lands where it belongs, once; what does not is left alone; whatever letters look like, reading goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest

from tasuki.core import bus
from tasuki.crm import leads, records, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import bad_addresses, doubts, inbox, invitations, mail, meetings, outbox, permission
from tasuki.engage.mailboxes import Mailbox, Trouble
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.message_rows import Message, MessageKind, MessageState
from tasuki.engage.permission import Allowed
from tasuki.engage.received import Replied
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage import post_office
from tests.engage.mailing import MORNING, by, connected, later, written
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.meeting import booked, lead_in_seoul
from tests.engage.post_office import Dovecot, Exchange

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Desk:
    """Ivo at his desk: his mailbox, and the post office behind it."""

    cast: Cast
    box: Mailbox
    office: Exchange
    dovecot: Dovecot

    def put(self, letter: bytes, *, folder: str = "") -> None:
        self.dovecot.put("ivo", letter, folder=folder)


@pytest.fixture
def desk(cast: Cast, dovecot: Dovecot) -> Iterator[Desk]:
    with post_office.exchange(dovecot) as office:
        yield Desk(cast, connected(cast.ivo, smtp_port=office.port, imap_port=dovecot.port), office, dovecot)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Replied]:
    said: list[Replied] = []
    for listener in bus._listeners[Replied]:
        assert listener
    monkeypatch.setitem(bus._listeners, Replied, [*bus._listeners[Replied], said.append])
    return said


def letter(words: str = "Yes, on Tuesday.", *, sender: str = HERS, answers: Message | None = None, message_id: str = "", **more: str) -> bytes:
    mime = EmailMessage()
    mime["From"], mime["To"], mime["Subject"] = f"Seoyun <{sender}>", "ivo@tasuki.example", more.pop("subject", "Re: Night session")
    mime["Message-ID"] = f"<{message_id or f'{abs(hash((words, sender)))}@gaon.example'}>"
    mime["Date"] = format_datetime(MORNING)
    if answers:
        mime["In-Reply-To"] = f"<{answers.message_id}>"
    for name, value in more.items():
        mime[name.replace("_", "-")] = value
    mime.set_content(words)
    return mime.as_bytes()


def read(at: Any = None) -> None:
    Mailbox.objects.update(read_retry_at=None)
    while inbox.read_next(at=at or later(10)):
        pass


def sent(desk: Desk, lead: Lead | None = None, **said: Any) -> Message:
    message = written(desk.cast, lead, mailbox=desk.box, **said)
    while outbox.send_next(at=later(1)):
        pass
    return Message.objects.for_page().get(pk=message.pk)


def test_a_reply_lands_on_the_right_timeline_without_what_it_quotes_and_the_lead_is_connected(desk: Desk, heard: list[Replied]) -> None:
    message = sent(desk)
    desk.dovecot.put(
        "ivo", letter("Gern. Dienstag?\n\nOn Mon, Mar 2, 2026 Ivo Horvat <ivo@tasuki.example> wrote:\n> Hello,\n> shall we talk?\n", answers=message)
    )
    read()
    answer = Message.objects.get(direction="in")
    assert (answer.kind, answer.in_reply_to, answer.thread, answer.lead, answer.contact) == ("reply", message, message.thread, message.lead, message.contact)
    assert (answer.words, "shall we talk" in answer.text) == ("Gern. Dienstag?", True)
    entry = TimelineEntry.objects.get(kind=Kind.MAIL, detail__direction="in")
    assert (entry.lead, entry.contact, entry.account, entry.text) == (message.lead, message.contact, message.account, "Gern. Dienstag?")
    assert heard == [Replied(message.lead_id, message.contact_id, answer.pk, "reply", later(10))]
    assert message.lead
    assert leads.locked(message.lead).stage_id == stages.CONNECTED
    read(later(20))
    desk.put(letter("Gern. Dienstag?", answers=message, message_id=answer.message_id))
    read(later(30))
    assert len(heard) == 1, "the same letter is kept once, however often it lies there"


def test_other_peoples_mail_is_left_alone(desk: Desk) -> None:
    lead_in_seoul(desk.cast)
    for words, sender in (("Dinner on Friday?", "mother@home.example"), ("Your invoice", "billing@shop.example"), ("to myself", "ivo@tasuki.example")):
        desk.put(letter(words, sender=sender))
    desk.put(letter("A question about your product", sender=HERS))
    read()
    assert [one.words for one in Message.objects.all()] == ["A question about your product"]
    assert not [name for name in desk.dovecot.letters("ivo") if b"\\Seen" in name]


def test_out_of_office_is_no_answer_and_says_when_somebody_is_back(desk: Desk, heard: list[Replied]) -> None:
    message = sent(desk)
    desk.put(letter("3월 9일(월)부터 복귀합니다. 급한 용무는 대표번호로.", answers=message, Auto_Submitted="auto-replied", subject="부재중"))
    read()
    answer = Message.objects.get(direction="in")
    assert (answer.kind, answer.returns_on, heard[0].kind) == (MessageKind.AUTO_REPLY, date(2026, 3, 9), "auto_reply")
    assert message.lead
    assert leads.locked(message.lead).stage_id == stages.WORKING


def test_a_letter_that_comes_back_marks_the_address(desk: Desk) -> None:
    message = sent(desk)
    desk.put(returned(message))
    read()
    message.refresh_from_db()
    assert (message.state, message.why) == (MessageState.BOUNCED, "hard")
    assert bad_addresses.is_bad(HERS)
    with pytest.raises(mail.MailNotAllowed):
        written(desk.cast, message.lead, mailbox=desk.box)
    desk.put(letter("It works again"))
    read(later(20))
    assert not bad_addresses.is_bad(HERS), "somebody wrote from there"


def test_nobody_can_have_an_address_marked_to_which_we_did_not_write(desk: Desk) -> None:
    message = sent(desk)
    desk.put(returned(message, whose="rival@other.example"))
    desk.put(returned(message, original="nothing@of.ours"))
    read()
    assert not bad_addresses.among([HERS, "rival@other.example"])


def returned(message: Message, *, whose: str = HERS, original: str = "") -> bytes:
    return f"""From: MAILER-DAEMON@gaon.example
To: ivo@tasuki.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{whose}{original}@daemon>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.gaon.example

Final-Recipient: rfc822; {whose}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: message/rfc822

Message-ID: <{original or message.message_id}>
Subject: Night session

hello
--b--
""".encode()


def test_who_wants_no_mail_gets_none(desk: Desk) -> None:
    message = sent(desk)
    desk.put(letter("今後のメールは不要です。配信停止をお願いします。", answers=message))
    read()
    assert message.contact
    assert Message.objects.get(direction="in").kind == MessageKind.UNSUBSCRIBE
    consent = message.contact.consents.get(channel=Channel.MAIL)
    assert (consent.state, consent.how) == ("withdrawn", "asked for it by mail")
    assert not isinstance(permission.may(message.contact, channel=Channel.MAIL, at=later(20), purpose="personal"), Allowed)


def test_a_calendar_answers_an_invitation(desk: Desk) -> None:
    first, second = booked(desk.cast), booked(desk.cast, lead_in_seoul(desk.cast, 2, email="lee@lee.example"), held_by=desk.cast.ruth)
    third = booked(desk.cast, lead_in_seoul(desk.cast, 3, email="park@park.example"), held_by=desk.cast.ivo)
    fourth = booked(desk.cast, lead_in_seoul(desk.cast, 4, email="choi@choi.example"), held_by=desk.cast.chika)
    fifth = booked(desk.cast, lead_in_seoul(desk.cast, 5, email="jung@jung.example"), held_by=desk.cast.mina)
    meetings.reschedule(third, starts_at=third.starts_at + timedelta(hours=3), by=SET_UP, at=MONDAY)
    for meeting, sender, said in (
        (first, HERS, "ACCEPTED"),
        (second, "lee@lee.example", "DECLINED"),
        (third, "park@park.example", "ACCEPTED"),
        (second, HERS, "ACCEPTED"),
        (fourth, "choi@choi.example", "ACCEPTED"),
        (fourth, "choi@choi.example", "TENTATIVE"),
        (fifth, "jung@jung.example", "TENTATIVE"),
        (fifth, HERS, "ACCEPTED"),
    ):
        assert meeting.contact
        text = invitations.invitation(meeting, name="", to=sender, at=MONDAY).decode().replace("METHOD:REQUEST", "METHOD:REPLY")
        text = text.replace("PARTSTAT=NEEDS-ACTION", f"PARTSTAT={said}")
        mime = EmailMessage()
        mime["From"], mime["Message-ID"] = sender, f"<{meeting.pk}{said}@x>"
        mime.set_content("accepted")
        mime.add_alternative(text, subtype="calendar", params={"method": "REPLY"})
        desk.put(mime.as_bytes())
    read(MONDAY)
    states = [Meeting.objects.filter(uid=one.uid).latest("sequence").state for one in (first, second, third)]
    assert states == ["confirmed", "cancelled", "booked"], "an answer to a time that was moved, and one by who was not invited, say nothing"
    assert set(Message.objects.values_list("kind", flat=True)) == {"calendar"}
    perhaps = [Meeting.objects.get(pk=one.pk) for one in (fourth, fifth)]
    assert [(one.state, one.tentative_at is not None) for one in perhaps] == [("booked", True)] * 2, "to be confirmed, and it says so"
    assert meetings.confirm(perhaps[0], by=SET_UP, at=MONDAY).tentative_at is None


def test_a_letter_in_doubt_is_found_among_what_was_sent_and_else_its_owner_decides(desk: Desk) -> None:
    there, not_there = written(desk.cast, mailbox=desk.box), written(desk.cast, lead_in_seoul(desk.cast, 2, email="lee@lee.example"), mailbox=desk.box)
    for message in (there, not_there):
        assert outbox.claim(at=MORNING)
        outbox.doubt(message, words="", at=MORNING)
    # Its id is a piece of another one.
    Message.objects.filter(pk=not_there.pk).update(message_id=there.message_id[1:])
    desk.put(letter(message_id=there.message_id), folder=".Sent")
    assert doubts.look(at=MORNING) == 2
    assert [Message.objects.get(pk=one.pk).state for one in (there, not_there)] == [MessageState.SENT, MessageState.IN_DOUBT]
    with pytest.raises(doubts.NotInDoubt):
        doubts.decide(there, went=False, by=by(desk.cast.ivo), at=later(1))
    assert doubts.decide(not_there, went=False, by=by(desk.cast.ivo), at=later(1)).state == MessageState.WAITING


def test_what_was_sent_is_filed_where_the_server_does_not_do_so(desk: Desk) -> None:
    desk.office.files_copies = False
    sent(desk)
    desk.office.files_copies = True
    sent(desk, lead_in_seoul(desk.cast, 2, email="lee@lee.example"))
    read(later(10))
    read(later(12))
    assert len(desk.dovecot.letters("ivo", folder=".Sent")) == 2
    assert not Message.objects.filter(is_filed=False).exists()


def test_a_mailbox_is_tried_out_by_a_letter_to_itself_over_tls(desk: Desk, settings: Any) -> None:
    connected(desk.cast.ivo, smtp_port=desk.office.port, imap_host="localhost", imap_port=desk.dovecot.tls_port, imap_security="tls")
    assert inbox.try_out(at=later(0))
    assert not inbox.try_out(at=later(0))
    read(later(1))
    desk.box.refresh_from_db()
    assert (desk.box.trial_sent_at, desk.box.trial_read_at, desk.box.read_trouble) == (later(0), None, Trouble.CERTIFICATE)
    settings.MAIL_CA = str(desk.dovecot.certificate)
    read(later(2))
    desk.box.refresh_from_db()
    assert (desk.box.trial_read_at, desk.box.read_trouble) == (later(2), "")
    assert not Message.objects.exists()


def test_a_box_that_begins_anew_is_read_anew_and_nothing_is_kept_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH", 3)
    lead_in_seoul(desk.cast)
    for nth in range(7):
        desk.put(letter(f"question {nth}"))
    read()
    assert Message.objects.count() == 7, "more than one batch"
    Mailbox.objects.update(uid_validity=1)
    desk.put(letter("one more"))
    read(later(20))
    assert Message.objects.count() == 8


@pytest.mark.parametrize(
    ("words", "raw"),
    [
        ("", b"From: %b\r\nMessage-ID: <1@x>\r\n\r\n" % HERS.encode()),
        ("hello", b"From: %b\r\nSubject: =?utf-8?q?\x00=00?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\nhello" % HERS.encode()),
        ("안녕", b"From: %b\r\nContent-Type: text/plain\r\n\r\n" % HERS.encode() + "안녕".encode("cp949")),
        ("hi", b"From: %b\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><script>alert(1)</script><p onclick=x>hi</p>" % HERS.encode()),
        ("", b"From: %b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n====!\r\n" % HERS.encode()),
        ("", b"From: %b\r\n" % HERS.encode() + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3_000))),
        ("ok", b"From: %b\r\nDate: yesterday\r\nReferences: %b\r\n\r\nok" % (HERS.encode(), b"<x@y> " * 5_000)),
        ("ok", b"From: %b\r\nMessage-ID: <%b@x>\r\n\r\nok" % (HERS.encode(), b"x" * 950)),
    ],
)
def test_a_broken_letter_is_kept_and_reading_goes_on(desk: Desk, words: str, raw: bytes) -> None:
    lead_in_seoul(desk.cast)
    desk.put(raw)
    desk.put(letter("the next one"))
    read()
    assert {one.words for one in Message.objects.all()} == {words, "the next one"}


def test_a_letter_of_twenty_megabytes_is_kept_with_its_file_and_what_runs_is_not(desk: Desk) -> None:
    lead_in_seoul(desk.cast)
    mime = EmailMessage()
    mime["From"], mime["Subject"] = HERS, "Plans"
    mime.set_content("See the plans.")
    mime.add_attachment(b"\0" * 15 * 1024 * 1024, maintype="application", subtype="octet-stream", filename="../../plans.bin")
    mime.add_attachment(b"MZ\x90\0", maintype="application", subtype="pdf", filename="invoice.pdf")
    raw = mime.as_bytes()
    assert len(raw) > 19 * 1024 * 1024
    desk.put(raw)
    read()
    message = Message.objects.get()
    assert (message.words, message.is_read_badly) == ("See the plans.", True)
    file = File.objects.get()
    assert (file.name, file.n_bytes, file.note) == ("plans.bin", 15 * 1024 * 1024, message.entry)


def test_a_person_without_a_pass_writes_and_it_stands_with_them(desk: Desk) -> None:
    contact = records.add_contact(records.Person("Moss", "Ada", email="ada@moss.example"), by=SET_UP, at=MONDAY)
    desk.put(letter("Do you deliver to Malta?", sender="ada@moss.example"))
    read()
    message = Message.objects.get()
    assert (message.contact, message.lead) == (contact, None)
    assert message in Message.objects.visible_to(desk.cast.ada)
    assert message in Message.objects.visible_to(desk.cast.ivo)


def test_a_mailbox_whose_server_is_away_is_left_alone_for_a_while(desk: Desk) -> None:
    Mailbox.objects.update(imap_port=post_office.postbox.free_port())
    assert inbox.read_next(at=MORNING)
    desk.box.refresh_from_db()
    assert (desk.box.read_trouble, desk.box.read_retry_at) == (Trouble.UNREACHABLE, later(1))
    assert not inbox.read_next(at=later(0.5))
