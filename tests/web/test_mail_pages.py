"""Pages of mail: connecting a mailbox, writing about a lead, a thread, and what is decided of a mail in doubt; each beside who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.engage import bad_addresses, incoming, mailboxes, outbox, received
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message, MessageState
from tests.cast import Cast, hired
from tests.engage.mailing import ADDRESS, MORNING, PASSWORD, SERVERS, connected, written
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.meeting import lead_in_seoul
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

FORM = {"address": ADDRESS, "n_per_hour": 30, "n_per_day": 200, "smtp_password": PASSWORD, "signature": "Ivo", **SERVERS}


def text_of(client: Client, name: str, *args: int, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_mailbox_is_connected_and_its_password_is_on_no_page(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    assert client.post(reverse("mailbox"), FORM).status_code == 302
    mailbox = mailboxes.of(cast.ivo)
    assert mailbox is not None
    assert mailboxes.password(mailbox, side="send") == PASSWORD
    assert PASSWORD not in text_of(client, "mailbox")
    assert client.post(reverse("mailbox"), {**FORM, "smtp_password": "", "smtp_port": 26}).status_code == 302
    mailbox.refresh_from_db()
    assert (mailbox.smtp_port, mailboxes.password(mailbox, side="send")) == (26, PASSWORD)
    refused = client.post(reverse("mailbox"), {**FORM, "smtp_host": "a b", "n_per_day": 1})
    assert refused.status_code == 422
    assert PASSWORD not in refused.content.decode()
    assert client.post(reverse("mailbox_removal")).status_code == 302
    assert mailboxes.of(cast.ivo) is None


def test_whoever_manages_people_sees_who_has_one_and_whether_it_works(cast: Cast) -> None:
    box = connected(cast.ivo)
    mailboxes.failed(box, side="send", trouble=mailboxes.Trouble.LOGIN, words="535 no", at=now())
    text = text_of(signed_in(cast.ada), "mailboxes")
    assert ADDRESS in text
    assert "does not accept" in text
    assert signed_in(cast.ivo).get(reverse("mailboxes")).status_code == 403
    assert signed_in(cast.ruth).post(reverse("mailbox_removal_of", args=[box.pk])).status_code == 403
    assert signed_in(cast.ada).post(reverse("mailbox_removal_of", args=[box.pk])).status_code == 302
    assert not Mailbox.objects.get().is_active


def test_a_mail_is_written_about_a_lead_with_what_it_knows_filled_in(cast: Cast) -> None:
    lead, client = lead_in_seoul(cast), signed_in(cast.ivo)
    assert lead.contact
    address = reverse("mail_new", args=[lead.pk])
    assert "Connect a mailbox" in text_of(client, "mail_new", lead.pk)
    said = {"to": f"{lead.contact.pk} {lead.contact.emails.get().pk}", "subject": "To {account}", "text": "Hello {name},\n{sender}"}
    assert "not connected" in client.post(address, said).content.decode()
    connected(cast.ivo)
    message = Message.objects.get(pk=int(client.post(address, said)["Location"].rsplit("/", 1)[1]))
    assert (message.subject, message.words, message.address) == ("To 가온증권 1", "Hello 한 서윤1,\nIvo Horvat", HERS)
    for wrong, words in (({"text": "Hi {nmae}"}, "stands for nothing"), ({"to": "0 0"}, "Select a valid choice"), ({"text": "{product}"}, "would stay empty")):
        answer = client.post(address, {**said, **wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert Message.objects.count() == 1
    bad_addresses.mark(HERS, is_hard=True, status="5.1.1", words="", at=now())
    assert "came back" in text_of(client, "mail_new", lead.pk)
    assert "mail came back" in text_of(client, "contact", lead.contact.pk)


def test_files_go_along_and_what_may_not_go_is_refused_with_the_letter_kept(cast: Cast) -> None:
    lead, client = lead_in_seoul(cast), signed_in(cast.ivo)
    assert lead.contact
    connected(cast.ivo)
    address = reverse("mail_new", args=[lead.pk])
    said = {"to": f"{lead.contact.pk} {lead.contact.emails.get().pk}", "subject": "Terms", "text": "Here they are."}
    page = client.get(address).content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert "At most 10 files, 18 MB together; none that can be run." in page
    for files, words in (
        ([SimpleUploadedFile("run.exe", b"x")], "can be run"),
        ([SimpleUploadedFile("a.txt", b"MZ")], "can be run"),
        ([SimpleUploadedFile(f"{nth}.txt", b"x") for nth in range(11)], "at most 10 files"),
    ):
        answer = client.post(address, {**said, "file": files})
        text = answer.content.decode()
        assert answer.status_code == 422
        assert words in text.replace("At most", "at most")
        assert "Here they are." in text
        assert "Choose the files once more" in text
    assert not Message.objects.exists()
    made = client.post(address, {**said, "file": [SimpleUploadedFile("<b>terms.pdf", b"%PDF-1.7")]})
    message = Message.objects.get(pk=int(made["Location"].rsplit("/", 1)[1]))
    shown = text_of(client, "message", message.pk)
    assert "_b_terms.pdf" in shown
    file = message.enclosures.get().file
    assert reverse("file", args=[file.pk]) not in shown
    assert client.get(reverse("file", args=[file.pk])).status_code == 404, "it is the letter's until it is sent"
    assert message.send_at
    claimed = outbox.claim(at=message.send_at + timedelta(minutes=1))
    assert (claimed and claimed.state) == MessageState.SENDING
    outbox.mark_sent(message, at=message.send_at)
    assert reverse("file", args=[file.pk]) in text_of(client, "message", message.pk)
    assert reverse("file", args=[file.pk]) in text_of(client, "lead", lead.pk), "it stands on the timeline"
    sent = client.get(reverse("file", args=[file.pk]))
    assert (b"".join(sent), sent["Content-Type"]) == (b"%PDF-1.7", "application/octet-stream")  # type: ignore[call-overload]  # it streams
    sent.close()


def test_a_thread_is_read_and_answered_as_text_and_nothing_of_it_is_drawn(cast: Cast) -> None:
    message = written(cast)
    outbox.claim(at=MORNING)
    outbox.mark_sent(message, at=MORNING)
    head = f"From: {HERS}\nSubject: Re: <b>x</b>\nIn-Reply-To: <{message.message_id}>\nContent-Type: text/html\n\n"
    html = f"{head}<script>alert(1)</script><p>yes &lt;img src=x&gt;</p>"
    answer = received.take_in(incoming.read(html.encode()), mailbox=message.mailbox, at=now())
    assert answer is not None
    client = signed_in(cast.ivo)
    text = text_of(client, "message", answer.pk)
    assert "alert(1)" not in text
    assert "yes &lt;img src=x&gt;" in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert message.lead_id
    for name, pk in (("lead", message.lead_id), ("contact", message.contact_id), ("account", message.account_id)):
        assert reverse("message", args=[answer.pk]) in text_of(client, name, pk or 0), f"it stands on the timeline of the {name}"
    assert "Re: &lt;b&gt;x&lt;/b&gt;" in text_of(client, "mail_new", message.lead_id, query=f"?answer={answer.pk}")


def test_a_mail_in_doubt_is_decided_by_its_owner(cast: Cast) -> None:
    message = written(cast)
    outbox.claim(at=MORNING)
    outbox.doubt(message, words="", at=MORNING)
    text = text_of(signed_in(cast.ivo), "message", message.pk)
    assert "nobody can tell" in text
    assert signed_in(cast.mina).post(reverse("message_decision", args=[message.pk]), {"went": "yes"}).status_code == 403
    client = signed_in(cast.ivo)
    assert client.post(reverse("message_decision", args=[message.pk]), {"went": "no"}).status_code == 302
    assert Message.objects.get().state == MessageState.WAITING
    assert client.post(reverse("message_decision", args=[message.pk]), {"went": "yes"}).status_code == 409
    assert client.post(reverse("message_withdrawal", args=[message.pk])).status_code == 302
    assert client.post(reverse("message_withdrawal", args=[message.pk])).status_code == 409


def test_who_may_not_see_addresses_sees_that_there_was_a_mail_and_not_what_it_says(cast: Cast) -> None:
    message = written(cast, text="My number is 010-4747-5511")
    observer = signed_in(hired("ola", "Observer", "Ola", role=Role.OBSERVER))
    text = text_of(observer, "message", message.pk)
    assert message.subject in text
    assert HERS not in text
    assert "4747" not in text
    assert observer.get(reverse("mail_new", args=[message.lead_id])).status_code == 403
    assert observer.get(reverse("mailbox")).status_code == 403
    assert signed_in(cast.saori).get(reverse("message", args=[message.pk])).status_code == 404


def test_a_thread_costs_the_same_however_long_it_is(cast: Cast) -> None:
    first = written(cast)
    client = signed_in(cast.ivo)

    def n_queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("message", args=[first.pk]))
        return len(captured)

    n_queries()
    short = n_queries()
    for _nth in range(10):
        written(cast, first.lead, in_reply_to=first)
    assert n_queries() == short
