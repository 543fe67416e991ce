"""Mailboxes: the one through which a person writes to others and is answered. Its password is kept sealed, is never shown again, and is never logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, sealing
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import emails
from tasuki.crm.emails import EmailInvalid

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User

LONGEST_SIGNATURE, LONGEST_WORDS = 2_000, 300
MOST_A_DAY = 2_000
# A server that does not take or give anything is asked again after so many minutes, the longer the more often it did not.
_WAITS = (1, 2, 5, 15, 30, 60)
_PURPOSE = "tasuki.engage.mailbox"
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9])?")


class Security(models.TextChoices):
    """How the line to a server is kept private. Without any, only servers may be reached that the installation names itself."""

    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none")


class Trouble(models.TextChoices):
    """What keeps a mailbox from working, in words for its owner."""

    UNREACHABLE = "unreachable", _("The server does not answer.")
    FORBIDDEN = "forbidden", _("This server may not be reached from here. An administrator can allow it.")
    CERTIFICATE = "certificate", _("The certificate of the server cannot be trusted.")
    LOGIN = "login", _("The server does not accept the user name or the password.")
    REFUSED = "refused", _("The server refused it.")
    BROKEN = "broken", _("The server says things that cannot be understood.")
    SEALED = "sealed", _("The password cannot be read any more. Type it again.")


class MailboxWrong(Refused):
    """`field` is the one that is wrong, for a form to show it there."""

    code = "mailbox_wrong"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class NotYourMailbox(Forbidden):
    code = "not_your_mailbox"

    def __init__(self) -> None:
        super().__init__(_("This is the mailbox of somebody else."))


class NotConnected(Refused):
    code = "not_connected"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This mailbox is not connected. Connect it in your profile first."))


class Mailboxes(models.QuerySet["Mailbox"]):
    """Questions about mailboxes."""

    def visible_to(self, user: User) -> Mailboxes:
        """One's own; whoever manages people sees who has one, and whether it works."""
        if abilities.can(user, Ability.MANAGE_PEOPLE):
            return self
        return self.filter(owner=user.pk) if abilities.standing_of(user).roles else self.none()

    def connected(self) -> Mailboxes:
        return self.filter(is_active=True, owner__is_active=True)

    def that_read(self) -> Mailboxes:
        return self.connected().exclude(imap_host="")


class Mailbox(models.Model):
    """One address of one person, and the two servers behind it; without a host of IMAP it only sends. Ports and what stands in `*_secret` are
    as the servers want them, the latter sealed. `*_trouble` says what keeps it from sending or reading, until when it is left alone.
    """

    noun: ClassVar[str] = "mailbox"

    owner = models.ForeignKey("core.User", models.PROTECT, related_name="mailboxes", verbose_name=_("owner"))
    address = models.CharField(_("mail address"), max_length=320)
    key = models.CharField(max_length=320, editable=False)
    display_name = models.CharField(_("name that others see"), max_length=120, blank=True)
    signature = models.TextField(_("signature"), blank=True)
    smtp_host = models.CharField(_("server for sending (SMTP)"), max_length=253)
    smtp_port = models.PositiveIntegerField(_("port for sending"), default=465)
    smtp_security = models.CharField(_("security of sending"), max_length=8, choices=Security.choices, default=Security.TLS)
    smtp_login = models.CharField(_("user name for sending"), max_length=320, blank=True)
    smtp_secret = models.TextField(blank=True, editable=False)
    imap_host = models.CharField(_("server for reading (IMAP)"), max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(_("port for reading"), default=993)
    imap_security = models.CharField(_("security of reading"), max_length=8, choices=Security.choices, default=Security.TLS)
    imap_login = models.CharField(_("user name for reading"), max_length=320, blank=True)
    imap_secret = models.TextField(blank=True, editable=False)
    n_per_hour = models.PositiveIntegerField(_("mails an hour at most"), default=30)
    n_per_day = models.PositiveIntegerField(_("mails a day at most"), default=200)
    is_active = models.BooleanField(_("connected"), default=True)
    connected_at = models.DateTimeField(_("connected since"))
    disconnected_at = models.DateTimeField(_("disconnected"), null=True)
    send_trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True)
    send_words = models.CharField(max_length=LONGEST_WORDS, blank=True)
    send_retry_at = models.DateTimeField(null=True)
    n_send_failures = models.PositiveIntegerField(default=0)
    read_trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True)
    read_words = models.CharField(max_length=LONGEST_WORDS, blank=True)
    read_retry_at = models.DateTimeField(null=True)
    n_read_failures = models.PositiveIntegerField(default=0)
    # How far it has been read: a new UIDVALIDITY means that the numbers begin anew.
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(_("read"), null=True)
    # The letter to oneself by which it is tried out.
    trial_id = models.CharField(max_length=120, blank=True)
    trial_at = models.DateTimeField(null=True)
    trial_sent_at = models.DateTimeField(null=True)
    trial_read_at = models.DateTimeField(null=True)

    objects = Mailboxes.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=Q(is_active=True), name="one_mailbox_a_person"),
            models.UniqueConstraint(fields=["key"], condition=Q(is_active=True), name="mailbox_connected_once"),
            models.CheckConstraint(condition=Q(n_per_hour__gte=1, n_per_day__gte=1, n_per_day__lte=MOST_A_DAY), name="mailbox_has_its_pace"),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(disconnected_at__isnull=False, smtp_secret="", imap_secret=""), name="mailbox_disconnected_keeps_no_secret"
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def reads(self) -> bool:
        return bool(self.imap_host)

    @property
    def works(self) -> bool:
        return self.is_active and not self.send_trouble and not self.read_trouble

    @property
    def sender_name(self) -> str:
        return self.display_name or self.owner.display_name


# What the owner may change; the passwords besides, which are written and never read.
CHANGEABLE = (
    "address", "display_name", "signature", "smtp_host", "smtp_port", "smtp_security", "smtp_login",
    "imap_host", "imap_port", "imap_security", "imap_login", "n_per_hour", "n_per_day",
)  # fmt: skip


@dataclass(frozen=True)
class Passwords:
    """As somebody typed them; empty for what is to stay, or for one password for both servers."""

    smtp: str = ""
    imap: str = ""

    def __repr__(self) -> str:
        return "Passwords(…)"


def of(user: User) -> Mailbox | None:
    """The mailbox through which the person writes, if there is one."""
    return Mailbox.objects.connected().select_related("owner").filter(owner=user.pk).first()


@transaction.atomic
def connect(owner: User, *, said: Mapping[str, Any], passwords: Passwords, by: By, at: datetime) -> Mailbox:
    """Connect a mailbox, or change the one that is connected: fields by `CHANGEABLE`. Only its owner does. The trial follows as a job.

    Raises NotYourMailbox, MailboxWrong.
    """
    if by.actor is not None and by.actor.pk != owner.pk:
        raise NotYourMailbox
    columns = _checked(said)
    row = Mailbox.objects.select_for_update().filter(owner=owner, is_active=True).first()
    if Mailbox.objects.filter(key=columns["key"], is_active=True).exclude(owner=owner).exists():
        raise MailboxWrong("address", _("A colleague has connected this mailbox already."))
    former = row or Mailbox.objects.filter(owner=owner, key=columns["key"]).order_by("-pk").first()
    row = former or Mailbox(owner=owner, connected_at=at)
    changes = audit.difference(row, {name: value for name, value in columns.items() if name != "key"}) if former else {"address": ("", columns["address"])}
    # Another box begins to be read anew; numbers of one say nothing of another.
    is_other_box = (row.imap_host, row.imap_login, row.key) != (columns.get("imap_host"), columns.get("imap_login"), columns["key"])
    for name, value in columns.items():
        setattr(row, name, value)
    if is_other_box:
        row.uid_validity, row.last_uid = None, 0
    if not row.is_active:
        row.is_active, row.connected_at, row.disconnected_at = True, at, None
    _seal(row, passwords)
    row.send_trouble = row.read_trouble = row.send_words = row.read_words = ""
    row.send_retry_at = row.read_retry_at = None
    row.n_send_failures = row.n_read_failures = 0
    row.trial_id, row.trial_at, row.trial_sent_at, row.trial_read_at = "", at, None, None
    row.save()
    audit.record(row, action="change" if former else "connect", by=by, at=at, changes=changes | ({"password": ("", "•")} if passwords.smtp else {}))
    return row


@transaction.atomic
def disconnect(mailbox: Mailbox, *, by: By, at: datetime) -> Mailbox:
    """Forget the passwords, and neither send nor read any more; letters that were written stay. Doing it twice changes nothing.

    Its owner does, or whoever manages people. Raises NotYourMailbox.
    """
    if by.actor is not None and by.actor.pk != mailbox.owner_id and not abilities.can(by.actor, Ability.MANAGE_PEOPLE):
        raise NotYourMailbox
    row = Mailbox.objects.select_for_update(of=("self",)).get(pk=mailbox.pk)
    if row.is_active:
        Mailbox.objects.filter(pk=row.pk).update(is_active=False, disconnected_at=at, smtp_secret="", imap_secret="")
        audit.record(row, action="disconnect", by=by, at=at, changes={"is_active": (True, False)})
    return Mailbox.objects.select_related("owner").get(pk=row.pk)


def ask_for_trial(mailbox: Mailbox, *, by: By, at: datetime) -> None:
    """Have the mailbox tried out anew: a letter to itself, read back. Raises NotYourMailbox, NotConnected."""
    if by.actor is not None and by.actor.pk != mailbox.owner_id:
        raise NotYourMailbox
    if not Mailbox.objects.filter(pk=mailbox.pk, is_active=True).update(
        trial_id="", trial_at=at, trial_sent_at=None, trial_read_at=None, send_retry_at=None, read_retry_at=None
    ):
        raise NotConnected


def failed(mailbox: Mailbox, *, side: str, trouble: Trouble, words: str, at: datetime) -> None:
    """Write down that it cannot send (`side` is “send”) or read (“read”), and leave its server alone for a while."""
    n_failures = getattr(mailbox, f"n_{side}_failures")
    retry_at = at + timedelta(minutes=_WAITS[min(n_failures, len(_WAITS) - 1)])
    _write(mailbox, side, trouble=trouble.value, words=" ".join(words.split())[:LONGEST_WORDS], retry_at=retry_at, n=n_failures + 1)


def worked(mailbox: Mailbox, *, side: str) -> None:
    """It sends, or reads, again."""
    if getattr(mailbox, f"{side}_trouble") or getattr(mailbox, f"n_{side}_failures"):
        _write(mailbox, side, trouble="", words="", retry_at=None, n=0)


def password(mailbox: Mailbox, *, side: str) -> str:
    """For whoever opens a line to the server, and nobody else. Raises sealing.SealBroken."""
    secret = mailbox.smtp_secret if side == "send" else mailbox.imap_secret or mailbox.smtp_secret
    return sealing.opened(secret, purpose=_PURPOSE) if secret else ""


def _write(mailbox: Mailbox, side: str, *, trouble: str, words: str, retry_at: datetime | None, n: int) -> None:
    said = {f"{side}_trouble": trouble, f"{side}_words": words, f"{side}_retry_at": retry_at, f"n_{side}_failures": n}
    Mailbox.objects.filter(pk=mailbox.pk).update(**said)
    for name, value in said.items():
        setattr(mailbox, name, value)


def _seal(row: Mailbox, passwords: Passwords) -> None:
    if passwords.smtp:
        row.smtp_secret = sealing.seal(passwords.smtp, purpose=_PURPOSE)
        row.imap_secret = ""
    if passwords.imap:
        row.imap_secret = sealing.seal(passwords.imap, purpose=_PURPOSE)
    if row.smtp_login and not row.smtp_secret:
        raise MailboxWrong("smtp_password", _("Type the password."))


def _checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, trimmed and read. Raises MailboxWrong."""
    columns = {name: said[name].strip() if isinstance(said[name], str) else said[name] for name in CHANGEABLE if name in said}
    try:
        columns["address"], columns["key"] = emails.normalise(columns.get("address", ""))
    except EmailInvalid as error:
        raise MailboxWrong("address", error.message) from None
    for name in ("display_name", "smtp_login", "imap_login"):
        if any(ord(character) < 32 or ord(character) == 127 for character in columns.get(name, "")):
            raise MailboxWrong(name, _("This holds characters that do not belong here."))
    for side, is_needed in (("smtp", True), ("imap", False)):
        host, port = columns.get(f"{side}_host", ""), columns.get(f"{side}_port", 1)
        if (host or is_needed) and not _HOST.fullmatch(host):
            raise MailboxWrong(f"{side}_host", _("This is not the name of a server."))
        if not 1 <= port <= 65535:
            raise MailboxWrong(f"{side}_port", _("A port is a number from 1 to 65535."))
    if len(columns.get("signature", "")) > LONGEST_SIGNATURE:
        raise MailboxWrong("signature", _("Say it in fewer words."))
    if not (1 <= columns.get("n_per_hour", 1) <= columns.get("n_per_day", MOST_A_DAY) <= MOST_A_DAY):
        raise MailboxWrong("n_per_day", _("At least one mail an hour, and at most %(n)s a day.") % {"n": MOST_A_DAY})
    return columns
