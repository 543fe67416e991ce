"""Letters go out through a real server: once, at their pace, as somebody allowed them; and what servers and lines do wrong is told."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tasuki.core import bus, named_hosts
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Refused
from tasuki.core.named_hosts import HostForbidden
from tasuki.crm import leads, stages
from tasuki.crm.attachments import Attachment
from tasuki.crm.contacts import Channel
from tasuki.crm.files import File
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import blocks, enclosures, mail, mailboxes, outbox
from tasuki.engage.mail import Settled
from tasuki.engage.mailboxes import Mailbox, Trouble
from tasuki.engage.message_rows import Message, MessageState
from tasuki.engage.touches import Touched
from tests.cast import SET_UP, Cast
from tests.crm.test_attachments import stored
from tests.engage import post_office
from tests.engage.mailing import MORNING, by, connected, later, written
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.meeting import lead_in_seoul
from tests.engage.post_office import Exchange

pytestmark = pytest.mark.django_db
SUBJECT = "밤 세션에 대하여 – a very long subject that has to be folded somewhere, as long as it is"


def box_at(cast: Cast, exchange: Exchange, **said: object) -> Mailbox:
    return connected(cast.ivo, smtp_port=exchange.port, **said)


def again(message: Message) -> Message:
    return Message.objects.for_page().get(pk=message.pk)


def test_a_letter_goes_out_once_and_is_told(cast: Cast, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[Touched] = []
    settled: list[Settled] = []
    monkeypatch.setitem(bus._listeners, Touched, [touched.append])
    monkeypatch.setitem(bus._listeners, Settled, [settled.append])
    box = box_at(cast, exchange, display_name="이보 Horvat", signature="Ivo")
    lead = lead_in_seoul(cast, stage=stages.READY)
    message = written(cast, lead, mailbox=box, subject=SUBJECT, text="안녕하세요")
    assert not outbox.send_next(at=later(-1)), "it is not due yet"
    assert outbox.send_next(at=later(1))
    assert not outbox.send_next(at=later(1))
    (letter,) = exchange.letters
    assert (str(letter["From"]), str(letter["To"])) == ("이보 Horvat <ivo@tasuki.example>", f"한 서윤1 <{HERS}>")
    assert letter["Subject"] == message.subject
    assert letter["Message-ID"] == f"<{message.message_id}>"
    assert letter.get_content().replace("\r\n", "\n") == "안녕하세요\n\n-- \nIvo\n"
    assert again(message).state == MessageState.SENT
    assert touched == [Touched(lead.pk, By(cast.ivo, Door.JOB), later(1), Channel.MAIL)]
    assert [one.state for one in settled] == ["sent"]
    assert leads.locked(lead).stage_id == stages.WORKING
    entry = TimelineEntry.objects.get(kind=Kind.MAIL)
    assert (entry.lead, entry.contact, entry.account, entry.actor, entry.text) == (lead, lead.contact, lead.account, cast.ivo, "안녕하세요")
    assert (entry.detail["message"], entry.detail["subject"]) == (message.pk, message.subject)


def test_a_letter_of_a_job_touches_nobody_by_hand(cast: Cast, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[Touched] = []
    monkeypatch.setitem(bus._listeners, Touched, [touched.append])
    written(cast, mailbox=box_at(cast, exchange), by=By(None, Door.JOB), cause="step:1")
    outbox.send_next(at=later(1))
    assert [one.by.actor for one in touched] == [None]


def test_answers_name_what_they_answer_however_long_its_id(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    first = written(cast, mailbox=box)
    Message.objects.filter(pk=first.pk).update(message_id="x" * 200 + "@gaon.example", references=" ".join(f"{n}{'y' * 60}@a.example" for n in range(20)))
    answer = written(cast, first.lead, mailbox=box, in_reply_to=again(first))
    outbox.send_next(at=later(1))
    outbox.send_next(at=later(1))
    letter = next(one for one in exchange.letters if one["In-Reply-To"])
    assert letter["In-Reply-To"] == f"<{'x' * 200}@gaon.example>"
    assert [one.strip("<>") for one in letter["References"].split()] == answer.references.split()
    assert b"=?" not in exchange.said[-1].partition(b"In-Reply-To")[2]


def test_nothing_that_somebody_types_begins_a_header(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    lead = lead_in_seoul(cast)
    assert lead.contact
    lead.contact.family_name = "Kim\r\nBcc: all@x.example"
    message = written(cast, lead, mailbox=box, subject="a\r\nBcc: all@x.example", text="one\r\n.\r\nMAIL FROM:<x@y.example>\r\n.two")
    Message.objects.filter(pk=message.pk).update(subject="a\r\nBcc: all@x.example", name="Kim\r\nBcc: all@x.example")
    outbox.send_next(at=later(1))
    (letter,) = exchange.letters
    assert letter["Bcc"] is None
    assert letter.get_content().splitlines() == ["one", ".", "MAIL FROM:<x@y.example>", ".two"]


def test_a_mailbox_keeps_its_pace(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange, n_per_hour=2, n_per_day=3)
    for nth in range(5):
        written(cast, lead_in_seoul(cast, nth + 1), mailbox=box)

    def sent(minutes: float) -> int:
        while outbox.send_next(at=later(minutes)):
            pass
        return len(exchange.letters)

    assert [sent(0), sent(59), sent(61), sent(200), sent(24 * 60 + 1)] == [2, 2, 3, 3, 5]


def test_permission_is_asked_again_when_it_goes_out(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    first, second = written(cast, mailbox=box), written(cast, lead_in_seoul(cast, 2, email="lee@other.example"), mailbox=box)
    night = MORNING + timedelta(hours=12)
    while outbox.send_next(at=night):
        pass
    assert not exchange.letters
    assert {again(one).send_at for one in (first, second)} == {MORNING.replace(hour=23)}, "the night of the person came in between"
    blocks.block(HERS, by=SET_UP, at=night)
    assert second.lead
    leads.disqualify(second.lead, reason="a student", by=SET_UP, at=night)
    while outbox.send_next(at=night + timedelta(hours=12)):
        pass
    assert [(again(one).state, again(one).why) for one in (first, second)] == [("refused", "blocked"), ("refused", "over")]
    assert not exchange.letters


def test_what_a_server_refuses_for_good_is_not_tried_again_and_what_it_refuses_for_now_is(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    message = written(cast, mailbox=box)
    exchange.rcpt_answers = ["450 Greylisted", "550 5.1.1 No such user"]
    outbox.send_next(at=later(0))
    waits = again(message)
    assert (waits.state, waits.why_words, waits.send_at) == (MessageState.WAITING, "450 Greylisted", later(2))
    outbox.send_next(at=later(3))
    refused = again(message)
    assert (refused.state, refused.why_words) == (MessageState.REFUSED, "550 5.1.1 No such user")
    assert not exchange.letters


def test_a_letter_that_no_server_ever_takes_is_given_up(cast: Cast, exchange: Exchange) -> None:
    message = written(cast, mailbox=box_at(cast, exchange))
    exchange.before_answer = lambda _message_id: "451 Try later"
    at = MORNING
    for _nth in range(len(outbox.WAITS) + 1):
        Message.objects.filter(pk=message.pk, state="waiting").update(send_at=at)
        outbox.send_next(at=at)
    assert again(message).state == MessageState.REFUSED


def test_a_line_that_breaks_while_the_letter_is_on_it_leaves_it_in_doubt(cast: Cast) -> None:
    """A server that takes the letter and dies before it says so: it may have it."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]

        def serve() -> None:
            line, _address = door.accept()
            with line, line.makefile("rwb") as said:
                said.write(b"220 hello\r\n")
                said.flush()
                for heard in said:
                    word = heard[:4].upper()
                    said.write(b"354 go on\r\n" if word == b"DATA" else b"250 OK\r\n")
                    said.flush()
                    if word == b"DATA":
                        while said.readline() != b".\r\n":
                            pass
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.conf.settings.MAIL_HOSTS", frozenset({"127.0.0.1"}))
            box = connected(cast.ivo, smtp_port=port, smtp_login="")
            message = written(cast, mailbox=box)
            outbox.send_next(at=later(0))
        thread.join()
    assert again(message).state == MessageState.IN_DOUBT
    assert not outbox.send_next(at=later(1000)), "nobody sends it again by themselves"


def test_a_worker_that_dies_leaves_its_letter_in_doubt(cast: Cast, exchange: Exchange) -> None:
    box_at(cast, exchange)
    message = written(cast)
    claimed = outbox.claim(at=later(0))
    assert claimed == message
    assert outbox.claim(at=later(0)) is None
    assert outbox.doubt_the_lost(at=later(10)) == 0, "it may be at it still"
    assert outbox.doubt_the_lost(at=later(16)) == 1
    assert again(message).state == MessageState.IN_DOUBT
    outbox.mark_sent(message, at=later(17))
    outbox.mark_sent(message, at=later(18))
    assert TimelineEntry.objects.filter(kind=Kind.MAIL).count() == 1, "it lived after all, and said so twice"


def test_a_server_that_is_away_or_knows_no_password_is_left_alone_for_a_while_and_its_owner_is_told(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    message = written(cast, mailbox=box)
    for port, password, trouble in ((post_office.postbox.free_port(), "", Trouble.UNREACHABLE), (exchange.port, "wrong-secret", Trouble.LOGIN)):
        connected(cast.ivo, smtp_port=port, password=password)
        Message.objects.filter(pk=message.pk).update(send_at=later(0))
        outbox.send_next(at=later(0))
        box.refresh_from_db()
        assert (box.send_trouble, box.send_retry_at) == (trouble, later(1))
        assert "wrong-secret" not in box.send_words
        assert not outbox.send_next(at=later(0.5))
    connected(cast.ivo, smtp_port=exchange.port)
    while outbox.send_next(at=later(60)):
        pass
    box.refresh_from_db()
    assert (again(message).state, box.send_trouble, box.works) == (MessageState.SENT, "", True)


def test_letters_of_a_mailbox_that_is_gone_do_not_wait_for_ever(cast: Cast, exchange: Exchange) -> None:
    box = box_at(cast, exchange)
    message = written(cast, mailbox=box)
    mailboxes.disconnect(box, by=by(cast.ivo), at=later(0))
    assert outbox.refuse_the_stranded(at=later(1)) == 1
    assert (again(message).state, again(message).why) == (MessageState.REFUSED, "disconnected")


def test_a_line_is_private_by_a_certificate_that_somebody_trusts(cast: Cast, certificate: Path, settings: object) -> None:
    settings.MAIL_HOSTS = frozenset({"localhost"})  # type: ignore[attr-defined]  # pytest-django's fixture
    with post_office.exchange(tls=certificate) as server:
        box = connected(cast.ivo, smtp_host="localhost", smtp_port=server.port, smtp_security="tls")
        message = written(cast, mailbox=box)
        outbox.send_next(at=later(0))
        box.refresh_from_db()
        assert (box.send_trouble, server.letters) == (Trouble.CERTIFICATE, []), "nobody vouches for it"
        settings.MAIL_CA = str(certificate)  # type: ignore[attr-defined]  # pytest-django's fixture
        outbox.send_next(at=later(5))
        assert again(message).state == MessageState.SENT


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1",
     "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::"],
)  # fmt: skip
def test_no_line_goes_inside(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not named_hosts.is_outside(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # A name of the outside that means something inside, beside something outside.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_said, **_more: [(family, 1, 6, "", ("203.0.113.5", 25)), (family, 1, 6, "", (address, 25))])
    with pytest.raises(HostForbidden):
        named_hosts.connected("mail.attacker.example", 25, among=named_hosts.MAIL, timeout=1)


def test_only_the_ports_of_mail_are_reached(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert named_hosts.is_outside("8.8.8.8")
    with pytest.raises(HostForbidden):
        named_hosts.connected("8.8.8.8", 22, among=named_hosts.MAIL, timeout=1)
    box = connected(cast.ivo, smtp_host="127.0.0.1", smtp_port=25)
    written(cast, mailbox=box)
    outbox.send_next(at=later(0))
    box.refresh_from_db()
    assert box.send_trouble == Trouble.FORBIDDEN


def test_a_letter_is_taken_back_until_a_worker_has_it(cast: Cast, exchange: Exchange) -> None:
    message = written(cast, mailbox=box_at(cast, exchange))
    outbox.claim(at=later(0))
    with pytest.raises(mail.MailOver):
        mail.withdraw(message, by=by(cast.ivo), at=later(0))


def enclosed(content: bytes, name: str) -> Attachment:
    return Attachment(ContentFile(content), name, len(content))


def test_files_go_out_with_a_letter_as_they_are_and_stand_on_the_timeline(cast: Cast, exchange: Exchange) -> None:
    pdf, text = b"%PDF-1.7 \x00\xff terms", "세션,값\r\n1,2\r\n".encode()
    files = [enclosed(pdf, "견적서 2026년 3월, 최종 (아주 긴 이름을 가진 파일입니다).pdf"), enclosed(text, "../../etc/pass\r\nX-Evil: 1.csv")]
    message = written(cast, mailbox=box_at(cast, exchange), files=files)
    assert not File.objects.visible_to(cast.ivo).exists(), "before it is sent they are the letter's alone"
    assert outbox.send_next(at=later(1))
    (letter,) = exchange.letters
    assert letter.get_body().get_content().replace("\r\n", "\n") == "Hello,\nshall we talk?\n"
    parts = list(letter.iter_attachments())
    assert [(part.get_content_type(), part.get_content_disposition()) for part in parts] == [
        ("application/pdf", "attachment"), ("application/octet-stream", "attachment"),
    ]  # fmt: skip
    assert [part.get_payload(decode=True) for part in parts] == [pdf, text]
    assert parts[0].get_filename() == "견적서 2026년 3월, 최종 (아주 긴 이름을 가진 파일입니다).pdf"
    assert "/" not in (parts[1].get_filename() or "/")
    assert letter["X-Evil"] is None
    sent = again(message)
    assert (sent.state, sent.entry is not None) == (MessageState.SENT, True)
    assert [file.note for file in File.objects.visible_to(cast.ivo).order_by("pk")] == [sent.entry, sent.entry]
    assert not File.objects.visible_to(cast.tomas).exists()
    assert AuditEntry.objects.of(message).get(action="attach").changes["files"][1].startswith("견적서")


@pytest.mark.usefixtures("storage_of_its_own")
@pytest.mark.parametrize("wrong", ["program", "empty", "many", "much", "ending"])
def test_a_letter_with_files_that_may_not_go_is_not_written_and_no_byte_is_kept(cast: Cast, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = enclosed(b"fine", "fine.txt")
    files = {
        "program": [good, enclosed(b"MZ\x90", "notes.txt")],
        "empty": [good, enclosed(b"", "empty.txt")],
        "many": [enclosed(b"x", f"{nth}.txt") for nth in range(enclosures.MOST_FILES + 1)],
        "much": [good, good],
        "ending": [good, enclosed(b"echo", "run.exe")],
    }[wrong]
    if wrong == "much":
        monkeypatch.setattr(enclosures, "MOST_BYTES", 7)
    connected(cast.ivo)
    before = stored()
    with pytest.raises(Refused):
        written(cast, files=files)
    assert not Message.objects.exists()
    assert not File.objects.exists()
    assert stored() == before


def test_a_letter_waits_for_the_virus_scanner_and_does_not_go_with_what_that_refuses(cast: Cast, exchange: Exchange, settings: Any) -> None:
    settings.SCANNER = object()
    box = box_at(cast, exchange)
    clean, ill = written(cast, mailbox=box, files=[enclosed(b"clean", "a.txt")]), None
    outbox.send_next(at=later(1))
    assert (again(clean).state, again(clean).why, exchange.letters) == (MessageState.WAITING, "scanning", [])
    File.objects.update(scan="clean")
    outbox.send_next(at=later(3))
    assert again(clean).state == MessageState.SENT
    ill = written(cast, again(clean).lead, mailbox=box, files=[enclosed(b"ill", "b.txt")])
    File.objects.filter(enclosure__message=ill).update(scan="refused")
    outbox.send_next(at=later(5))
    assert (again(ill).state, again(ill).why, len(exchange.letters)) == (MessageState.REFUSED, "file", 1)


def test_a_letter_whose_file_is_gone_is_refused_and_not_sent_without_it(cast: Cast, exchange: Exchange) -> None:
    message = written(cast, mailbox=box_at(cast, exchange), files=[enclosed(b"fine", "fine.txt")])
    default_storage.delete(File.objects.get().stored_as)
    outbox.send_next(at=later(1))
    assert (again(message).state, again(message).why, exchange.letters) == (MessageState.REFUSED, "file", [])
