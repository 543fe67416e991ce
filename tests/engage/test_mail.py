"""A letter is written into the outbox: once for one cause, by whom it is to be written, to whom it may go; each beside what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tasuki.core import bus, people
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.crm import leads
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.ledger import NotInProcess
from tasuki.engage import bad_addresses, blocks, consents, mail, mailboxes, variables
from tasuki.engage.consents import Word
from tasuki.engage.mail import MailNotAllowed, MailOver, MailWrong, Settled
from tasuki.engage.mailboxes import Mailbox, MailboxWrong, NotConnected, NotYourMailbox, Passwords
from tasuki.engage.message_rows import Message, MessageState
from tests.cast import SET_UP, Cast, hired
from tests.engage.mailing import ADDRESS, MORNING, PASSWORD, by, connected, later, written
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.meeting import lead_in_seoul

pytestmark = pytest.mark.django_db


def test_a_letter_waits_in_the_outbox_signed_and_with_an_id_of_its_own(cast: Cast) -> None:
    box = connected(cast.ivo, signature="Ivo Horvat\n+385 1 555")
    first = written(cast, mailbox=box, subject=" Night\r\nBcc: all@x.example\tsession ")
    assert (first.state, first.send_at, first.address, first.written_by) == (MessageState.WAITING, MORNING, HERS, cast.ivo)
    assert first.subject == "Night Bcc: all@x.example session", "a line break in a subject begins no header"
    assert first.text == "Hello,\nshall we talk?\n\n-- \nIvo Horvat\n+385 1 555\n"
    assert first.message_id.endswith("@tasuki.example")
    answer = written(cast, first.lead, in_reply_to=first, subject=mail.answer_subject(first))
    assert (answer.thread, answer.references, answer.subject) == (first.thread, first.message_id, f"Re: {first.subject}")
    assert mail.answer_subject(answer) == answer.subject
    assert AuditEntry.objects.filter(noun="message", record_id=first.pk).get().action == "write"


def test_one_cause_writes_once(cast: Cast) -> None:
    lead, job = lead_in_seoul(cast), By(None, Door.JOB)
    first = written(cast, lead, by=job, cause="sequence_step:7:1")
    assert written(cast, lead, by=job, cause="sequence_step:7:1", subject="Other words") == first
    assert written(cast, lead, by=job, cause="sequence_step:7:2") != first
    assert first.by_itself
    assert Message.objects.count() == 2


def test_what_would_wake_somebody_waits_for_the_morning(cast: Cast) -> None:
    night = MORNING + timedelta(hours=12)
    assert written(cast, at=night).send_at == MORNING.replace(hour=23), "eight in the morning in Seoul"


def test_nobody_writes_to_who_does_not_want_it(cast: Cast) -> None:
    lead = lead_in_seoul(cast)
    contact = lead.contact
    assert contact is not None
    bad_addresses.mark(HERS, is_hard=True, status="5.1.1", words="no such user", at=MORNING)
    with pytest.raises(MailNotAllowed) as refusal:
        written(cast, lead)
    assert refusal.value.why == "bad_address"
    bad_addresses.clear(HERS)
    blocks.block("gaon.example", by=SET_UP, at=MORNING)
    with pytest.raises(MailNotAllowed) as refusal:
        written(cast, lead)
    assert refusal.value.why == "blocked"
    other = lead_in_seoul(cast, 2, email="other@elsewhere.example")
    assert other.contact is not None
    consents.record(other.contact, word=Word(Channel.MAIL, ConsentState.WITHDRAWN, "said so"), by=by(cast.ivo), at=MORNING)
    with pytest.raises(MailNotAllowed) as refusal:
        written(cast, other)
    assert refusal.value.why == "refused"
    assert not Message.objects.exists()


def test_soft_bounces_count_only_while_they_are_fresh(db: None) -> None:
    for nth in range(bad_addresses.MOST_SOFT - 1):
        bad_addresses.mark("a@b.example", is_hard=False, status="4.2.2", words="full", at=MORNING + timedelta(days=nth))
    assert not bad_addresses.is_bad("A@b.example")
    bad_addresses.mark("a@b.example", is_hard=False, status="4.2.2", words="full", at=MORNING + timedelta(days=90))
    assert not bad_addresses.is_bad("a@b.example")
    for nth in range(bad_addresses.MOST_SOFT):
        bad_addresses.mark("a@b.example", is_hard=False, status="4.2.2", words="full", at=MORNING + timedelta(days=91 + nth))
    assert bad_addresses.is_bad("A@b.example")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("subject", {"subject": " \r\n "}),
        ("subject", {"subject": "x" * 501}),
        ("text", {"text": "  "}),
        ("text", {"text": "a\0b"}),
        ("address", {"address": "somebody@else.example"}),
        ("address", {"address": "x@y.example>\r\nBcc: z@y.example"}),
        ("send_at", {"send_at": MORNING + timedelta(days=400)}),
    ],
)
def test_a_letter_that_is_none_is_refused(cast: Cast, field: str, said: dict[str, Any]) -> None:
    with pytest.raises(MailWrong) as refusal:
        written(cast, **said)
    assert refusal.value.field == field
    assert not Message.objects.exists()


def test_a_letter_goes_through_ones_own_mailbox_about_a_lead_in_process_to_its_people(cast: Cast) -> None:
    lead, box = lead_in_seoul(cast), connected(cast.ivo)
    with pytest.raises(NotYourMailbox):
        written(cast, lead, mailbox=box, by=by(cast.ruth))
    observer = hired("ola", "Observer", "Ola", role=Role.OBSERVER)
    with pytest.raises(Forbidden):
        written(cast, lead, mailbox=box, by=by(observer))
    stranger = lead_in_seoul(cast, 2).contact
    with pytest.raises(MailWrong):
        written(cast, lead, to_contact=stranger)
    mailboxes.disconnect(box, by=by(cast.ivo), at=MORNING)
    with pytest.raises(NotConnected):
        written(cast, lead, mailbox=box)
    box = connected(cast.ivo)
    leads.disqualify(lead, reason="a student", by=SET_UP, at=MORNING)
    with pytest.raises(NotInProcess):
        written(cast, lead, mailbox=box)


def test_a_letter_that_waits_is_taken_back_and_all_who_listen_hear_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Settled] = []
    monkeypatch.setitem(bus._listeners, Settled, [heard.append])
    message = written(cast)
    with pytest.raises(Forbidden):
        mail.withdraw(message, by=by(cast.saori), at=MORNING)
    mail.withdraw(message, by=by(cast.ivo), at=later(1))
    assert heard == [Settled(message.pk, message.lead_id, message.contact_id, "", "withdrawn", later(1))]
    with pytest.raises(MailOver):
        mail.withdraw(message, by=by(cast.ivo), at=later(2))


def test_messages_are_seen_as_their_lead_is(cast: Cast) -> None:
    message = written(cast)
    assert [name for name in ("ivo", "ruth", "ada", "mina") if message in Message.objects.visible_to(getattr(cast, name))] == ["ivo", "ruth", "ada", "mina"]
    assert not Message.objects.visible_to(cast.tomas).exists()
    assert not Message.objects.visible_to(cast.saori).exists()


def test_a_password_is_sealed_never_shown_and_forgotten_at_the_end(cast: Cast) -> None:
    box = connected(cast.ivo)
    stored = str(Mailbox.objects.values().get()) + str(list(AuditEntry.objects.values())) + repr(Passwords(PASSWORD)) + repr(box)
    assert PASSWORD not in stored
    assert mailboxes.password(box, side="send") == mailboxes.password(box, side="read") == PASSWORD
    changed = mailboxes.connect(cast.ivo, said={"address": ADDRESS, "smtp_host": "mail.tasuki.example"}, passwords=Passwords(), by=by(cast.ivo), at=MORNING)
    assert (changed.pk, mailboxes.password(changed, side="send")) == (box.pk, PASSWORD), "who leaves the password empty keeps it"
    gone = mailboxes.disconnect(box, by=by(cast.ada), at=MORNING)
    assert (gone.is_active, gone.smtp_secret, gone.imap_secret) == (False, "", "")
    assert mailboxes.of(cast.ivo) is None


def test_a_mailbox_is_connected_by_its_owner_and_by_one_person(cast: Cast) -> None:
    connected(cast.ivo)
    with pytest.raises(NotYourMailbox):
        mailboxes.connect(cast.ivo, said={"address": ADDRESS, "smtp_host": "a.example"}, passwords=Passwords("x"), by=by(cast.ada), at=MORNING)
    for field, said in (
        ("address", {"address": ADDRESS.upper()}),
        ("address", {"address": "nobody"}),
        ("smtp_host", {"smtp_host": "a b"}),
        ("smtp_host", {"smtp_host": ""}),
        ("imap_host", {"imap_host": "x\r\ny"}),
        ("smtp_port", {"smtp_port": 0}),
        ("smtp_login", {"smtp_login": "saori\r\nQUIT"}),
        ("n_per_day", {"n_per_day": 3, "n_per_hour": 4}),
        ("signature", {"signature": "x" * 3_000}),
    ):
        with pytest.raises(MailboxWrong) as refusal:
            connected(cast.saori, **({"address": "saori@tasuki.example"} | said))  # type: ignore[arg-type]  # a test of wrong ones
        assert refusal.value.field == field
    assert [box.owner for box in Mailbox.objects.visible_to(cast.ada)] == [cast.ivo]
    assert not Mailbox.objects.visible_to(cast.saori).exists()


def test_who_leaves_writes_no_more(cast: Cast) -> None:
    connected(cast.ivo)
    people.User.objects.filter(pk=cast.ivo.pk).update(is_active=False)
    assert mailboxes.of(cast.ivo) is None


def test_variables_are_filled_once_and_unknown_or_empty_ones_are_refused(cast: Cast) -> None:
    lead = lead_in_seoul(cast)
    assert lead.contact
    assert lead.account
    lead.account.name = "{sender} & Co"
    text = variables.filled("{name}, { account }: {sender} {{name}", lead=lead, contact=lead.contact, sender=cast.ivo)
    assert text == "한 서윤1, {sender} & Co: Ivo Horvat {한 서윤1"
    for wrong, error in (("Hello {nme}", variables.VariableUnknown), ("{}", variables.VariableUnknown), ("about {product}", variables.VariableEmpty)):
        with pytest.raises(error):
            variables.filled(wrong, lead=lead, contact=lead.contact, sender=cast.ivo)
