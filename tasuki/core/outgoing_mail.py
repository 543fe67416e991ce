"""Outgoing mail: one address of one server, in one setting. Without it nothing is mailed, and the pages say what to do instead."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import make_msgid
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from tasuki.core.errors import Refused

# Scheme → port unless one is named.
_SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_TIMEOUT_SECONDS = 15


class MailSettingWrong(Refused):
    """Said before the settings are read, so in English."""

    code = "mail_setting_wrong"

    def __init__(self, why: str) -> None:
        super().__init__(f"TASUKI_MAIL cannot be used: {why} It reads smtps://user:password@mail.your.company?from=tasuki@your.company")


@dataclass(frozen=True)
class MailServer:
    """How to reach the server that takes our mail, and the address it comes from."""

    host: str
    port: int
    sender: str
    scheme: str = "smtp"
    user: str = ""
    password: str = field(default="", repr=False)

    def post(self, letter: Letter) -> None:
        """Give the letter to the server; returns when it has taken it. Raises OSError (`smtplib.SMTPException` is one) when it does not."""
        sender = Address("Tasuki", addr_spec=self.sender)
        headers = {"Message-ID": make_msgid(domain=sender.domain), "Auto-Submitted": "auto-generated"}
        if letter.unsubscribe:
            # RFC 8058: mail programs offer to end such mails with one press.
            headers |= {"List-Unsubscribe": f"<{letter.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        answers_to = [letter.answers_to] if letter.answers_to else None
        with self._connection() as connection:
            message = EmailMultiAlternatives(letter.subject, letter.text, str(sender), [letter.to], headers=headers, connection=connection, reply_to=answers_to)
            message.attach_alternative(letter.html, "text/html")
            if letter.calendar:
                # RFC 6047: the method stands with the type, so that programs offer to accept without opening anything.
                message.attach_alternative(letter.calendar, f"text/calendar; method={letter.method}")
            message.send()

    def _connection(self) -> EmailBackend:
        return EmailBackend(
            host=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.scheme == "smtp+starttls",
            use_ssl=self.scheme == "smtps",
            timeout=_TIMEOUT_SECONDS,
        )


@dataclass(frozen=True)
class Letter:
    """One mail to one person, as plain text and as HTML. `unsubscribe`: the address that ends mails of this kind, where there is one.

    `calendar` is an iCalendar object of this `method`; `answers_to` the address that answers go to.
    """

    to: str
    subject: str
    text: str
    html: str
    unsubscribe: str = ""
    calendar: str = ""
    method: str = ""
    answers_to: str = ""


def server(setting: str) -> MailServer | None:
    """The server that `TASUKI_MAIL` names; None for an empty setting. Raises MailSettingWrong."""
    if not setting:
        return None
    try:
        address = urlsplit(setting)
        port = address.port
    except ValueError as error:
        raise MailSettingWrong(f"{error}.") from None
    if address.scheme not in _SCHEMES or not address.hostname:
        raise MailSettingWrong("it must begin with smtps://, smtp+starttls:// or smtp://, and name a server.")
    if address.password and address.scheme == "smtp" and not _is_this_machine(address.hostname):
        raise MailSettingWrong("smtp:// would send the password unencrypted.")
    return MailServer(
        host=address.hostname,
        port=port or _SCHEMES[address.scheme],
        sender=_sender(address),
        scheme=address.scheme,
        user=unquote(address.username or ""),
        password=unquote(address.password or ""),
    )


def _sender(address: SplitResult) -> str:
    named = parse_qs(address.query).get("from", [""])[0]
    try:
        Address(addr_spec=named)
    except (ValueError, IndexError):
        named = ""
    if "@" not in named:
        raise MailSettingWrong("it must say from=, the address that the mail comes from.")
    return named


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
