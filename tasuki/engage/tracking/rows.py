"""What is kept of opens and clicks: whether the house wants to know, which letters carry marks, which addresses stood in them, and what came.

Nothing of whoever asks is kept: no address of a machine, no name of a program; only what the hit is told from a person's by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, house_rows
from tasuki.core.abilities import Ability

if TYPE_CHECKING:
    from datetime import datetime

    from tasuki.core.audit import By
    from tasuki.engage.message_rows import Message

# Nobody opens a letter more often; what comes after says nothing any more.
MOST_HITS, MOST_LINKS = 200, 50


class TrackingRules(models.Model):
    """What the house wants to know: one row, or none while nobody has asked for anything."""

    noun: ClassVar[str] = "trackingrules"

    id = models.SmallIntegerField(primary_key=True, default=1)
    opens = models.BooleanField(_("count which mails are opened"), default=False)
    clicks = models.BooleanField(_("count which links are followed"), default=False)

    class Meta:
        verbose_name = _("rules of mail tracking")
        verbose_name_plural = _("rules of mail tracking")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_tracking_rules")]

    def __str__(self) -> str:
        return "1"


class TrackedLetter(models.Model):
    """A letter that went out with marks. Counts and moments are those of people, as far as they can be told from programs."""

    noun: ClassVar[str] = "trackedletter"

    message = models.OneToOneField("engage.Message", models.CASCADE, primary_key=True, related_name="tracked", verbose_name=_("message"))
    opens = models.BooleanField(_("its opens are counted"))
    clicks = models.BooleanField(_("its clicks are counted"))
    opened_at = models.DateTimeField(_("first opened by a person"), null=True)
    clicked_at = models.DateTimeField(_("first click of a person"), null=True)
    n_opens = models.PositiveSmallIntegerField(_("opened by people"), default=0)
    n_clicks = models.PositiveSmallIntegerField(_("clicked by people"), default=0)
    n_by_programs = models.PositiveSmallIntegerField(_("by programs"), default=0)

    class Meta:
        verbose_name = _("tracked letter")
        verbose_name_plural = _("tracked letters")

    def __str__(self) -> str:
        return f"{self.message_id}"


class SentLink(models.Model):
    """An address that stood in a letter: a click leads there and nowhere else."""

    letter = models.ForeignKey(TrackedLetter, models.CASCADE, related_name="links", db_index=False, verbose_name=_("tracked letter"))
    number = models.PositiveSmallIntegerField()
    address = models.TextField(_("address"))

    class Meta:
        verbose_name = _("sent link")
        verbose_name_plural = _("sent links")
        constraints = [models.UniqueConstraint(fields=["letter", "number"], name="sent_link_once")]

    def __str__(self) -> str:
        return f"{self.letter_id}.{self.number}"


class Told(models.TextChoices):
    """By what a hit is told to be a program's."""

    HEAD = "head", _("it asked for the headers alone")
    AGENT = "agent", _("it calls itself a program")
    AT_ONCE = "at_once", _("within seconds of the sending")
    ALL_LINKS = "all_links", _("every link of the letter within seconds")


class MailHit(models.Model):
    """One request for a mark. A click has its link. Until it is judged it counts for nobody."""

    letter = models.ForeignKey(TrackedLetter, models.CASCADE, related_name="hits", verbose_name=_("tracked letter"))
    link = models.ForeignKey(SentLink, models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("sent link"))
    at = models.DateTimeField(_("when"))
    told_by = models.CharField(_("a program's, told by"), max_length=9, choices=Told.choices, blank=True)
    is_judged = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("hit on a letter")
        verbose_name_plural = _("hits on letters")
        indexes = [models.Index(fields=["at", "id"], name="mail_hit_to_judge", condition=Q(is_judged=False))]

    def __str__(self) -> str:
        return f"{self.letter_id} {self.at:%Y-%m-%d %H:%M}"


def tracked_letter(message: Message) -> TrackedLetter | None:
    """What is known of a letter that carried marks."""
    return TrackedLetter.objects.filter(pk=message.pk).first()


def in_force() -> TrackingRules:
    return house_rows.in_force(TrackingRules)


def change(*, opens: bool, clicks: bool, by: By, at: datetime) -> TrackingRules:
    """For letters that go out from now on. Raises Forbidden."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    return house_rows.change(TrackingRules, said={"opens": opens, "clicks": clicks}, by=by, at=at)
