"""What tests of mail set up: Ivo's mailbox, a lead of his in Seoul, and letters to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.engage import enclosures, incoming, mailboxes, received
from tasuki.engage.mailboxes import Mailbox, Passwords
from tasuki.engage.message_rows import Message
from tests.cast import MONDAY, Cast
from tests.engage.meeting import ADDRESS as HERS
from tests.engage.meeting import lead_in_seoul
from tests.engage.post_office import PASSWORD

# Monday, ten in the morning in Seoul: nobody's night.
MORNING = MONDAY.replace(hour=1)
ADDRESS = "ivo@tasuki.example"
SERVERS = {
    "smtp_host": "127.0.0.1", "smtp_port": 2525, "smtp_security": "none", "smtp_login": "ivo",
    "imap_host": "127.0.0.1", "imap_port": 1143, "imap_security": "none", "imap_login": "ivo",
}  # fmt: skip


def by(person: User) -> By:
    return By(person, Door.WEB)


def connected(person: User, *, address: str = ADDRESS, at: datetime = MORNING, password: str = PASSWORD, **said: Any) -> Mailbox:
    return mailboxes.connect(person, said={"address": address, **SERVERS, **said}, passwords=Passwords(password), by=by(person), at=at)


def written(cast: Cast, lead: Lead | None = None, *, mailbox: Mailbox | None = None, at: datetime = MORNING, **said: Any) -> Message:
    lead = lead or lead_in_seoul(cast)
    box = mailbox or mailboxes.of(cast.ivo) or connected(cast.ivo)
    assert lead.contact
    words = {"subject": "Night session", "text": "Hello,\nshall we talk?", "by": by(cast.ivo)} | said
    return enclosures.write(lead, files=words.pop("files", ()), to_contact=words.pop("to_contact", lead.contact), mailbox=box, at=at, **words)


def heard(cast: Cast, words: str = "Yes, call me.", *, at: datetime, header: str = "") -> Message:
    """What she wrote to Ivo, as it was read from his mailbox."""
    mailbox = mailboxes.of(cast.ivo) or connected(cast.ivo)
    raw = f"From: {HERS}\nMessage-ID: <{at.timestamp()}@gaon.example>\n{header}Subject: Re\n\n{words}\n"
    message = received.take_in(incoming.read(raw.encode()), mailbox=mailbox, at=at)
    assert message
    return message


def later(minutes: float, at: datetime = MORNING) -> datetime:
    return at + timedelta(minutes=minutes)
