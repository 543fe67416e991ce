"""Mail servers: the lines to them, for sending (SMTP) and for reading (IMAP), and what goes wrong with them in words.

By the libraries that Python brings: both let us open the line ourselves, which is how a host that somebody typed is looked at first
(`core.named_hosts`). Certificates are always checked; an authority of one's own is named by `TASUKI_MAIL_CA`.
"""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tasuki.core import named_hosts
from tasuki.core.named_hosts import HostForbidden
from tasuki.core.sealing import SealBroken
from tasuki.engage import mailboxes
from tasuki.engage.mailboxes import Mailbox, Security, Trouble

_TIMEOUT_SECONDS = 30.0
# The largest thing that a server may give us in one piece.
LARGEST = 32 * 1024 * 1024
# Nobody needs more of them for one letter; a server that never stops answering would hold a worker for ever.
_MOST_ANSWERS = 200


class ServerTrouble(Exception):
    """The line could not be used; nothing was handed over on it. `words` are the server's, or the system's."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(words)
        self.trouble, self.words = trouble, words


class Rejected(Exception):
    """The server said no to this one letter: for good (5xx), or for now (4xx). `is_final` says which."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words, self.is_final = code, words, code >= 500


class Unclear(Exception):
    """The line broke while the letter was on it: the server may have it or not."""


class Smtp(smtplib.SMTP):
    """A line for sending, opened by our rule."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._security, self._n_answers = mailbox.smtp_security, 0
        super().__init__(mailbox.smtp_host, mailbox.smtp_port, timeout=_TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _line(host, port, security=self._security, timeout=timeout)

    def getreply(self) -> tuple[int, bytes]:
        self._n_answers += 1
        if self._n_answers > _MOST_ANSWERS:
            raise smtplib.SMTPServerDisconnected("too many answers")
        return super().getreply()


class Imap(imaplib.IMAP4):
    """A line for reading, opened by our rule; a piece that is too large is not read."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._security = mailbox.imap_security
        super().__init__(mailbox.imap_host, mailbox.imap_port, timeout=_TIMEOUT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return _line(self.host, self.port, security=self._security, timeout=timeout or _TIMEOUT_SECONDS)

    def read(self, size: int) -> bytes:
        if size > LARGEST:
            raise self.abort("a piece that is too large")
        return super().read(size)


@contextmanager
def sending(mailbox: Mailbox) -> Iterator[Smtp]:
    """A line on which letters can be handed over. Raises ServerTrouble; what goes wrong within is the caller's."""
    password = _password(mailbox, side="send")
    with _in_words(password):
        line = Smtp(mailbox)
        with ExitStack() as otherwise:
            otherwise.callback(line.close)
            if mailbox.smtp_security == Security.STARTTLS:
                line.starttls(context=named_hosts.tls())
            line.ehlo_or_helo_if_needed()
            if mailbox.smtp_login:
                line.login(mailbox.smtp_login, password)
            otherwise.pop_all()
    try:
        yield line
    finally:
        with suppress(OSError, smtplib.SMTPException):
            line.quit()
        line.close()


@contextmanager
def reading(mailbox: Mailbox) -> Iterator[Imap]:
    """A line on which the mailbox can be read. Raises ServerTrouble, also for what goes wrong while it is read."""
    password = _password(mailbox, side="read")
    with _in_words(password):
        line = Imap(mailbox)
        try:
            if mailbox.imap_security == Security.STARTTLS:
                line.starttls(ssl_context=named_hosts.tls())
            try:
                line.login(mailbox.imap_login or mailbox.smtp_login, password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise ServerTrouble(Trouble.LOGIN, _plain(error, password)) from None
            yield line
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                line.logout()


def hand_over(mailbox: Mailbox, *, letter: bytes, sender: str, to: str) -> None:
    """Give one letter to the server; returns when it has said that it has it. Raises ServerTrouble, Rejected, Unclear."""
    with sending(mailbox) as line:
        try:
            for code, words in (line.mail(sender), line.rcpt(to)):
                if code not in {250, 251}:
                    raise Rejected(code, _plain(words, ""))
        except (OSError, smtplib.SMTPException) as error:
            raise ServerTrouble(Trouble.UNREACHABLE, _plain(error, "")) from None
        try:
            code, words = line.data(letter)
        except smtplib.SMTPDataError as error:
            # It did not even want to see the letter.
            raise Rejected(error.smtp_code, _plain(error.smtp_error, "")) from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(_plain(error, "")) from None
        if code != 250:
            raise Rejected(code, _plain(words, ""))


def _line(host: str, port: int, *, security: str, timeout: float) -> socket.socket:
    if security == Security.NONE and not named_hosts.MAIL.names(host):
        raise HostForbidden(host)
    line = named_hosts.connected(host, port, among=named_hosts.MAIL, timeout=timeout)
    if security != Security.TLS:
        return line
    with ExitStack() as otherwise:
        otherwise.callback(line.close)
        private = named_hosts.tls().wrap_socket(line, server_hostname=host)
        otherwise.pop_all()
    return private


def _password(mailbox: Mailbox, *, side: str) -> str:
    try:
        return mailboxes.password(mailbox, side=side)
    except SealBroken:
        raise ServerTrouble(Trouble.SEALED, "") from None


@contextmanager
def _in_words(password: str) -> Iterator[None]:
    """What goes wrong on a line, as one kind of error that never holds the password."""
    try:
        yield
    except HostForbidden as error:
        raise ServerTrouble(Trouble.FORBIDDEN, _plain(error, password)) from None
    except ssl.SSLError as error:
        raise ServerTrouble(Trouble.CERTIFICATE, _plain(error, password)) from None
    except (smtplib.SMTPAuthenticationError, UnicodeEncodeError) as error:
        words = error.smtp_error if isinstance(error, smtplib.SMTPAuthenticationError) else ""
        raise ServerTrouble(Trouble.LOGIN, _plain(words, password)) from None
    except (smtplib.SMTPServerDisconnected, imaplib.IMAP4.abort, smtplib.SMTPConnectError) as error:
        raise ServerTrouble(Trouble.UNREACHABLE, _plain(error, password)) from None
    except (smtplib.SMTPException, imaplib.IMAP4.error) as error:
        raise ServerTrouble(Trouble.REFUSED, _plain(error, password)) from None
    except OSError as error:
        raise ServerTrouble(Trouble.UNREACHABLE, _plain(error, password)) from None


def _plain(said: object, password: str) -> str:
    """In one line, in letters, without the password, whatever a server says of it."""
    if isinstance(said, BaseException) and said.args and isinstance(said.args[-1], bytes):
        said = said.args[-1]
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return (text.replace(password, "•") if password else text)[: mailboxes.LONGEST_WORDS]
