"""What an answer is proposed to be, by what, and what a person said of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from tasuki.engage.message_rows import Message
from tasuki.engage.triage.classes import OF_KIND, ReplyClass, Sign

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from tasuki.core.people import User, Users
    from tasuki.crm.leads import Lead
    from tasuki.engage.triage.classes import Proposal

# An answer is shown at the desk for so long; it stays on the timeline.
_SHOWN_FOR = timedelta(days=30)
# The id of whoever is told of an answer: see `Triages.waiting_for`.
WAITS_FOR = Coalesce("message__lead__owner", "message__mailbox__owner")


class Triages(models.QuerySet["ReplyTriage"]):
    """Questions about the classes of answers."""

    def visible_to(self, user: User) -> Triages:
        """Whoever sees the letter."""
        return self.filter(message__in=Message.objects.visible_to(user))

    def open(self) -> Triages:
        """Nobody has said what they are, and they do not say it by themselves."""
        return self.filter(said_at__isnull=True, is_clear=False)

    def acknowledgements(self) -> Triages:
        """Those in which a program only says that a letter has come in."""
        return self.filter(reply_class="", is_clear=True)

    def but_acknowledgements(self) -> Triages:
        """Without those in which a program only says that a letter has come in, as long as nobody says that they are something else."""
        return self.exclude(reply_class="", is_clear=True)

    def waiting_for(self, people: Iterable[User | int] | Users) -> Triages:
        """Those that one of these people is told of: whoever has the lead; where nobody has it, or there is none, whose mailbox it is."""
        return self.filter(Q(message__lead__owner__in=people) | Q(message__lead__owner__isnull=True, message__mailbox__owner__in=people))

    def behind(self, pk: int | None) -> Triages:
        """Those after a row in the order of `oldest_first`, whatever has been said of it in the meantime; all, behind none."""
        place = ReplyTriage.objects.filter(pk=pk).values_list("came_at", flat=True).first() if pk else None
        return self.filter(came_at__gte=place).exclude(came_at=place, pk__lte=pk) if place else self

    def oldest_first(self) -> Triages:
        return self.order_by("came_at", "pk")

    def for_page(self) -> Triages:
        return self.select_related("message__contact", "message__lead", "message__mailbox__owner", "said_by")

    def for_listing(self) -> Triages:
        return self.select_related("message__contact", "message__account", "message__lead__owner", "message__mailbox__owner")


class ReplyTriage(models.Model):
    """One for each answer. `reply_class` is what it counts as: what a person said, until then what is proposed; blank where nobody knows, and where a program
    only says that a letter has come in.

    `signs` are pairs (a `Sign`, its words). `enrolment` is the member of a sequence who answered. What `is_clear` acted by itself: see `OF_KIND`.
    """

    noun: ClassVar[str] = "replytriage"

    message = models.OneToOneField("engage.Message", models.CASCADE, related_name="triage", verbose_name=_("message"))
    enrolment = models.ForeignKey("engage.Enrolment", models.SET_NULL, null=True, related_name="triages", verbose_name=_("enrolment"))
    proposed = models.CharField(_("proposed"), max_length=13, choices=ReplyClass.choices, blank=True)
    reply_class = models.CharField(_("class of the answer"), max_length=13, choices=ReplyClass.choices, blank=True)
    signs = models.JSONField(_("told by"), default=list)
    wakes_on = models.DateField(_("asks to be asked again"), null=True)
    came_at = models.DateTimeField(_("came"))
    is_clear = models.BooleanField(_("clear by itself"), default=False, db_default=False)
    said_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("said by"))
    said_at = models.DateTimeField(_("said"), null=True)

    objects = Triages.as_manager()

    class Meta:
        verbose_name = _("class of an answer")
        verbose_name_plural = _("classes of answers")
        # Every page counts those that wait for its reader: what acted by itself, and all that was said, is not looked at for it.
        indexes = [models.Index(fields=["came_at", "id"], name="triage_waiting", condition=Q(said_at__isnull=True, is_clear=False))]
        constraints = [
            models.CheckConstraint(condition=models.Q(said_at__isnull=True) | ~models.Q(reply_class=""), name="triage_says_a_class"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.reply_class}"

    @property
    def is_open(self) -> bool:
        return self.said_at is None and not self.is_clear

    @property
    def is_acknowledgement(self) -> bool:
        return self.is_clear and not self.reply_class

    @property
    def waits_for_whom(self) -> User:
        """Of a row as `for_listing` loads it."""
        lead = self.message.lead
        return (lead.owner if lead else None) or self.message.mailbox.owner

    @property
    def told_by(self) -> list[tuple[Sign, str]]:
        return [(Sign(sign), words) for sign, words in self.signs]


def keep(message: Message, *, proposal: Proposal, wakes_on: date | None, at: datetime) -> ReplyTriage:
    """With the letter, in its transaction."""
    said = proposal.of_class.value if proposal.of_class else ""
    signs = [[sign.value, words] for sign, words in proposal.signs]
    is_clear = message.kind in OF_KIND
    return ReplyTriage.objects.create(message=message, proposed=said, reply_class=said, signs=signs, wakes_on=wakes_on, came_at=at, is_clear=is_clear)


def latest_answer(lead: Lead, *, user: User, at: datetime) -> ReplyTriage | None:
    """What a person wrote about a lead last, where that is not long ago."""
    rows = ReplyTriage.objects.visible_to(user).for_page().exclude(message__kind__in=OF_KIND)
    return rows.filter(message__lead=lead, message__at__gt=at - _SHOWN_FOR).order_by("-message__at", "-pk").first()
