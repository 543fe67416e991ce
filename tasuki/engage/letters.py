"""Letters: a row of the outbox as the bytes that go over the line, and nothing in them that somebody typed into another place."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from tasuki.core.organisation import the_organisation
from tasuki.engage import enclosures, mail, withdrawals
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message
from tasuki.engage.tracking import marking

_IDS = frozenset({"message-id", "in-reply-to", "references"})


class AddressUnusable(ValueError):
    """An address that cannot stand on an envelope: servers want the part before the @ in ASCII."""


class _Policy(EmailPolicy):
    """Python folds a long id as if it were words and so makes another one of it; ids are folded between each other only."""

    def fold(self, name: str, value: str) -> str:
        return self._ids(name, value) if name.casefold() in _IDS else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self._ids(name, value).encode("ascii") if name.casefold() in _IDS else super().fold_binary(name, value)

    def _ids(self, name: str, value: str) -> str:
        return f"{name}: {(self.linesep + ' ').join(value.split())}{self.linesep}"


_POLICY = _Policy(**{name: getattr(SMTP, name) for name in ("linesep", "raise_on_defect", "header_factory", "content_manager", "refold_source")})


def composed(message: Message, *, at: datetime, is_copy: bool = False) -> bytes:
    """The letter of a row that goes out now. A copy for ourselves carries no marks: who reads it is no reader. Raises AddressUnusable, EnclosureGone."""
    letter = _headed(message.mailbox, to=Address(mail.line(message.name), addr_spec=on_envelope(message.address)), message_id=message.message_id, at=at)
    letter["Subject"] = mail.line(message.subject)
    if message.in_reply_to:
        letter["In-Reply-To"] = f"<{message.in_reply_to.message_id}>"
    if message.references:
        letter["References"] = " ".join(f"<{one}>" for one in message.references.split())
    ending = withdrawals.line_of(message)
    if ending:
        ending = f"{_sender(message)}\n{ending}"
        # One press in a mail program (RFC 8058), and one link for whoever reads.
        letter["List-Unsubscribe"] = f"<{withdrawals.link_of(message)}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    marks = None if is_copy else marking.marked(message, ending=ending, at=at)
    if marks:
        letter.set_content(marks.text, charset="utf-8")
        letter.add_alternative(marks.html, subtype="html", charset="utf-8")
    else:
        letter.set_content(f"{message.text.rstrip()}\n\n{ending}\n" if ending else message.text, charset="utf-8")
    for name, kind, content in enclosures.read(message):
        main, _slash, sub = kind.partition("/")
        letter.add_attachment(content, maintype=main, subtype=sub, filename=mail.line(name))
    return letter.as_bytes()


def _sender(message: Message) -> str:
    """Who sends advertising, and from where."""
    house = the_organisation()
    return " · ".join(mail.line(part) for part in (house.name, house.postal_address, message.mailbox.address) if part)


def trial(mailbox: Mailbox, *, message_id: str, subject: str, text: str, at: datetime) -> bytes:
    """A letter to oneself. Raises AddressUnusable."""
    letter = _headed(mailbox, to=Address(addr_spec=on_envelope(mailbox.address)), message_id=message_id, at=at)
    letter["Subject"], letter["Auto-Submitted"] = subject, "auto-generated"
    letter.set_content(text, charset="utf-8")
    return letter.as_bytes()


def on_envelope(address: str) -> str:
    """With the host in ASCII, as servers want it. Raises AddressUnusable."""
    try:
        plain = validate_email(address, check_deliverability=False, test_environment=True).ascii_email
    except EmailNotValidError:
        plain = None
    if not plain:
        raise AddressUnusable(address)
    return plain


def _headed(mailbox: Mailbox, *, to: Address, message_id: str, at: datetime) -> EmailMessage:
    letter = EmailMessage(_POLICY)
    letter["From"] = Address(mail.line(mailbox.sender_name), addr_spec=on_envelope(mailbox.address))
    letter["To"] = to
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{message_id}>"
    return letter
