"""The erasure of a person as a row: who asked for it and why, who confirmed it, and what was done. Done, it is the certificate, without a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_WORDS = 300


class Ground(models.TextChoices):
    """Why somebody is erased."""

    ASKED = "asked", _("the person asked for it")
    WITHDRAWN = "withdrawn", _("they took their consent back")
    OVER = "over", _("the time for which it was kept is over")
    UNLAWFUL = "unlawful", _("it should not have been collected")


class ErasureState(models.TextChoices):
    ASKED = "asked", _("waits for a second person")
    CONFIRMED = "confirmed", _("being erased")
    DONE = "done", _("erased")
    WITHDRAWN = "withdrawn", _("withdrawn")


OPEN = (ErasureState.ASKED.value, ErasureState.CONFIRMED.value)


class Erasures(models.QuerySet["Erasure"]):
    """Questions about erasures."""

    def visible_to(self, user: User) -> Erasures:
        return self if abilities.can(user, Ability.ERASE_PEOPLE) else self.none()

    def open(self) -> Erasures:
        return self.filter(state__in=OPEN)

    def for_listing(self) -> Erasures:
        return self.select_related("contact", "asked_by", "confirmed_by").order_by("-pk")


class Erasure(models.Model):
    """One erasure. `words` is what was said about it and goes with the rest; `kept_ids` are files that the law wants kept, `kept_because` by which.

    `counts` says, by table, how many rows were rewritten or removed; `stored` are the bytes that still have to go from the disk.
    """

    noun: ClassVar[str] = "erasure"

    contact = models.ForeignKey("crm.Contact", models.PROTECT, related_name="erasures", verbose_name=_("contact"))
    ground = models.CharField(_("why"), max_length=9, choices=Ground.choices)
    words = models.CharField(_("in words"), max_length=LONGEST_WORDS, blank=True)
    kept_ids = models.JSONField(default=list)
    kept_because = models.CharField(_("by which law files are kept"), max_length=LONGEST_WORDS, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=ErasureState.choices, default=ErasureState.ASKED)
    asked_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"))
    confirmed_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    done_at = models.DateTimeField(_("erased"), null=True)
    counts = models.JSONField(default=dict)
    stored = models.JSONField(default=list)

    objects = Erasures.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.CheckConstraint(condition=~Q(state="done") | Q(done_at__isnull=False, words=""), name="erasure_done_says_nothing"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def n_rows(self) -> int:
        return sum(self.counts.values())
