"""Messages: letters from one person to another, out and in, in threads, as rows. A row that waits is a place in the outbox."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.engage.permission import Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from tasuki.core.people import User

LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_ID, LONGEST_CAUSE = 500, 200_000, 250, 100
LONGEST_WORDS = 300


class Direction(models.TextChoices):
    OUT = "out", _("sent")
    IN = "in", _("received")


class MessageState(models.TextChoices):
    """Of a letter of ours: it waits until a worker takes it (sending), and then it is sent, or refused by somebody. When nobody can tell
    whether the server has it, it is in doubt. Bounced is what was sent and came back. What others wrote is received.
    """

    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    IN_DOUBT = "in_doubt", _("in doubt")
    REFUSED = "refused", _("not sent")
    BOUNCED = "bounced", _("came back")
    WITHDRAWN = "withdrawn", _("withdrawn")
    RECEIVED = "received", _("received")


class MessageKind(models.TextChoices):
    """What a letter is. `letter` is one of ours."""

    LETTER = "letter", _("mail")
    REPLY = "reply", _("reply")
    AUTO_REPLY = "auto_reply", _("automatic reply")
    BOUNCE = "bounce", _("came back")
    UNSUBSCRIBE = "unsubscribe", _("wants no mail")
    CALENDAR = "calendar", _("answer to an invitation")


# The address may have got it.
GONE_OUT = [MessageState.SENT.value, MessageState.SENDING.value, MessageState.IN_DOUBT.value, MessageState.BOUNCED.value]


class Messages(models.QuerySet["Message"]):
    """Questions about messages."""

    def visible_to(self, user: User) -> Messages:
        """Whoever sees the pass, or the person where there is none, and whose mailbox it is."""
        if not abilities.standing_of(user).roles:
            return self.none()
        of_nobodys_pass = Q(lead__isnull=True, contact__in=Contact.objects.visible_to(user))
        return self.filter(Q(lead__in=Lead.objects.visible_to(user)) | of_nobodys_pass | Q(mailbox__owner=user.pk))

    def ours(self) -> Messages:
        return self.filter(direction=Direction.OUT)

    def due(self, at: datetime) -> Messages:
        """Those that are to go out by then, the longest waiting first."""
        return self.filter(state=MessageState.WAITING, send_at__lte=at).order_by("send_at", "pk")

    def in_doubt(self) -> Messages:
        return self.filter(state=MessageState.IN_DOUBT)

    def in_order(self) -> Messages:
        return self.order_by("at", "pk")

    def newest_first(self) -> Messages:
        return self.order_by("-at", "-pk")

    def for_page(self) -> Messages:
        return self.select_related("lead__contact", "lead__account", "contact", "account", "mailbox__owner", "written_by", "in_reply_to")


class Message(models.Model):
    """One letter. `message_id` stands without its brackets; `at` is its moment on the timeline; `address` is the other side's. `html` is kept
    as it came and never drawn. `words` are the new words of a reply, without what it quotes. `cause` names what wrote it where no person
    did: the same cause writes once. `purpose` is what is asked of `engage.permission`.
    """

    noun: ClassVar[str] = "message"

    mailbox = models.ForeignKey("engage.Mailbox", models.PROTECT, related_name="messages", verbose_name=_("mailbox"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    kind = models.CharField(_("kind"), max_length=11, choices=MessageKind.choices, default=MessageKind.LETTER)
    state = models.CharField(_("state"), max_length=9, choices=MessageState.choices)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="messages", verbose_name=_("lead"))
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="messages", verbose_name=_("contact"))
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="messages", verbose_name=_("account"))
    thread = models.UUIDField(default=uuid.uuid4, editable=False)
    message_id = models.CharField(max_length=LONGEST_ID)
    in_reply_to = models.ForeignKey("self", models.SET_NULL, null=True, related_name="answers", verbose_name=_("answers"))
    references = models.TextField(blank=True)
    address = models.CharField(_("mail address"), max_length=320)
    name = models.CharField(_("name"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=LONGEST_SUBJECT, blank=True)
    text = models.TextField(_("text"), blank=True)
    words = models.TextField(_("new words"), blank=True)
    html = models.TextField(blank=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices, default=Purpose.PERSONAL)
    cause = models.CharField(max_length=LONGEST_CAUSE, blank=True)
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("written by"))
    at = models.DateTimeField(_("when"))
    send_at = models.DateTimeField(_("goes out"), null=True)
    claimed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    n_tries = models.PositiveSmallIntegerField(default=0)
    look_at = models.DateTimeField(null=True)
    n_looks = models.PositiveSmallIntegerField(default=0)
    # Why it waits, was refused or came back: a code of ours and the words for it, or those of a server.
    why = models.CharField(max_length=24, blank=True)
    why_words = models.CharField(_("why"), max_length=LONGEST_WORDS, blank=True)
    returns_on = models.DateField(_("back on"), null=True)
    is_read_badly = models.BooleanField(_("cannot be read in full"), default=False)
    is_filed = models.BooleanField(default=False)
    entry = models.ForeignKey("crm.TimelineEntry", models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = Messages.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["mailbox", "send_at", "id"], name="message_waiting", condition=Q(state="waiting")),
            models.Index(fields=["claimed_at"], name="message_sending", condition=Q(state="sending")),
            models.Index(fields=["look_at"], name="message_in_doubt", condition=Q(state="in_doubt")),
            models.Index(fields=["mailbox", "claimed_at"], name="message_pace", condition=Q(direction="out", claimed_at__isnull=False)),
            models.Index(fields=["mailbox", "settled_at"], name="message_to_file", condition=Q(state="sent", is_filed=False)),
            models.Index(fields=["at"], name="message_reply", condition=Q(kind="reply")),
            models.Index(fields=["thread", "at"], name="message_of_thread"),
            models.Index(fields=["message_id"], name="message_by_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "message_id"], name="message_once_a_mailbox"),
            models.UniqueConstraint(fields=["cause"], condition=~Q(cause=""), name="message_once_a_cause"),
            models.CheckConstraint(
                condition=Q(direction="in", state="received") | Q(direction="out") & ~Q(state="received"), name="message_state_of_direction"
            ),
            models.CheckConstraint(condition=~Q(state="waiting") | Q(send_at__isnull=False), name="message_waiting_for_its_time"),
            models.CheckConstraint(condition=~Q(state__in=["sending", "in_doubt"]) | Q(claimed_at__isnull=False), name="message_sending_was_claimed"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "refused", "bounced", "withdrawn"]) | Q(settled_at__isnull=False), name="message_settled_at_a_time"
            ),
            models.CheckConstraint(condition=Q(direction="in") | Q(kind="letter"), name="message_of_ours_is_a_letter"),
            models.CheckConstraint(condition=Q(in_reply_to__isnull=True) | ~Q(in_reply_to=F("id")), name="message_answers_another"),
        ]

    def __str__(self) -> str:
        return self.subject or f"#{self.pk}"

    @property
    def is_ours(self) -> bool:
        return self.direction == Direction.OUT

    @property
    def by_itself(self) -> bool:
        """No person wrote it."""
        return self.is_ours and self.written_by_id is None
