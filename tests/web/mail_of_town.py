"""The mail of the town: Ivo's mailbox, a letter of his in the outbox, and what somebody answered."""

from __future__ import annotations

from datetime import datetime

from tasuki.core.audit import By, Door
from tasuki.crm.leads import Lead
from tasuki.engage import incoming, mail, mailboxes, received
from tasuki.engage.mailboxes import Passwords
from tasuki.engage.message_rows import Message
from tests.cast import Cast


def posted(cast: Cast, lead: Lead, *, nth: int, at: datetime) -> Message:
    """One letter about the lead, and one reply to it."""
    by = By(cast.ivo, Door.WEB)
    said = {"address": "ivo@tasuki.example", "smtp_host": "mail.tasuki.example", "smtp_login": "ivo", "imap_host": "mail.tasuki.example"}
    mailbox = mailboxes.of(cast.ivo) or mailboxes.connect(cast.ivo, said=said, passwords=Passwords("a password"), by=by, at=at)
    assert lead.contact
    message = mail.write(lead, to_contact=lead.contact, mailbox=mailbox, subject=f"야간 점검 {nth}", text="안녕하세요.", by=by, at=at)
    answer = f"From: {message.address}\nMessage-ID: <{nth}@gaon.example>\nIn-Reply-To: <{message.message_id}>\nSubject: RE\n\nYes.\n\n> Hello\n"
    received.take_in(incoming.read(answer.encode()), mailbox=mailbox, at=at)
    return message
