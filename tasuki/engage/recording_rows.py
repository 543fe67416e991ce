"""Recordings as rows: of which call, how the other side was told, who heard it, and that it is gone. The bytes are a file that only these rows lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Scope
from tasuki.engage.lent_calls import LentCall

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_KEPT_DAYS = 3_650
LONGEST_SITUATION, LONGEST_WHY = 80, 500


class Notice(models.TextChoices):
    """How the other side knew. Without either nothing is kept."""

    AGREED = "agreed", _("they agreed to it")
    TOLD = "told", _("they were told, and went on")


class Removal(models.TextChoices):
    OVER = "over", _("its time was over")
    ASKED = "asked", _("somebody asked for it")


class Recordings(models.QuerySet["Recording"]):
    """Questions about recordings."""

    def visible_to(self, user: User) -> Recordings:
        """Those that the person may hear: their own calls, those of the people they lead or coach, and model calls for whoever works leads."""
        standing = abilities.standing_of(user)
        scope = standing.scope("recording")
        heard = abilities.owned_by_scope(standing, "recording", owner="call__caller", team="call__caller__team")
        lends = Ability.WORK_LEADS in standing.abilities and scope not in (Scope.ALL, Scope.NOTHING)
        return self.filter(heard | ~Q(model_for="") if lends else heard)

    def heard_by(self, user: User) -> Recordings:
        """Those above, and what is lent to the person: it is heard, and nothing else is done or read about it."""
        return self.filter(Q(pk__in=self.visible_to(user).values("pk")) | Q(call__in=LentCall.objects.visible_to(user).values("call")))

    def kept(self) -> Recordings:
        """Those whose bytes are there."""
        return self.filter(file__isnull=False)

    def model_calls(self) -> Recordings:
        return self.kept().exclude(model_for="").order_by("model_for", "-model_at", "pk")

    def for_listing(self) -> Recordings:
        return self.select_related("file", "call", "call__caller", "call__lead", "call__lead__contact", "call__lead__account", "call__call_type")


class Recording(models.Model):
    """What was said in a call. `media_type` is what its first bytes are, `n_seconds` how long it is where the file says so.

    The row stays when the bytes go, and says when and why. `model_for` names the situation for which it is a model that colleagues may hear.
    """

    noun: ClassVar[str] = "recording"

    call = models.OneToOneField("engage.Call", models.CASCADE, related_name="recording", verbose_name=_("call"))
    file = models.OneToOneField("crm.File", models.SET_NULL, null=True, related_name="recording", verbose_name=_("file"))
    media_type = models.CharField(_("type"), max_length=16)
    n_seconds = models.PositiveIntegerField(_("length in seconds"), null=True)
    notice = models.CharField(_("how the other side knew"), max_length=6, choices=Notice.choices)
    adapter = models.CharField(max_length=16, blank=True)
    added_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("kept by"))
    added_at = models.DateTimeField(_("kept"))
    removed_at = models.DateTimeField(_("removed"), null=True)
    removed_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("removed by"))
    removed_because = models.CharField(_("removed because"), max_length=5, choices=Removal.choices, blank=True)
    model_for = models.CharField(_("model for"), max_length=LONGEST_SITUATION, blank=True)
    model_why = models.CharField(_("what to listen for"), max_length=LONGEST_WHY, blank=True)
    model_at = models.DateTimeField(_("shown since"), null=True)

    objects = Recordings.as_manager()

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        indexes = [models.Index(fields=["model_for", "-model_at"], name="recording_model", condition=~Q(model_for=""))]
        constraints = [
            models.CheckConstraint(condition=Q(notice__in=Notice.values), name="recording_with_notice"),
            models.CheckConstraint(condition=Q(removed_at__isnull=True) | Q(file__isnull=True), name="recording_removed_has_no_bytes"),
            models.CheckConstraint(condition=Q(removed_at__isnull=True, removed_because="") | ~Q(removed_because=""), name="recording_removed_says_why"),
            models.CheckConstraint(condition=Q(model_for="", model_at__isnull=True) | Q(model_at__isnull=False), name="recording_model_since"),
        ]

    def __str__(self) -> str:
        return str(self.call)

    @property
    def is_open(self) -> bool:
        """Whether it can be heard: what a scanner should have seen stays shut until it has."""
        return self.file is not None and self.file.is_open


class Hearings(models.QuerySet["Hearing"]):
    def visible_to(self, user: User) -> Hearings:
        return self.filter(recording__in=Recording.objects.visible_to(user))

    def of_colleagues(self) -> Hearings:
        """By somebody else than whoever called: what counts as listening."""
        return self.exclude(recording__call__caller=models.F("heard_by"))


class Hearing(models.Model):
    """Somebody played a recording."""

    recording = models.ForeignKey(Recording, models.CASCADE, related_name="hearings", db_index=False)
    heard_by = models.ForeignKey("core.User", models.PROTECT, related_name="+", db_index=False, verbose_name=_("heard by"))
    heard_at = models.DateTimeField(_("heard"))

    objects = Hearings.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["recording", "heard_by", "-heard_at"], name="hearing_of_recording"),
            models.Index(fields=["heard_by", "-heard_at"], name="hearing_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.recording_id} by {self.heard_by_id}"


class RecordingRules(models.Model):
    """The rules of the house: one row, or none while nobody has changed them."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    keep_days = models.PositiveSmallIntegerField(_("days a recording is kept"), default=90)

    class Meta:
        verbose_name = _("rules of recordings")
        verbose_name_plural = _("rules of recordings")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_recording_rules"),
            models.CheckConstraint(condition=Q(keep_days__gte=1, keep_days__lte=LONGEST_KEPT_DAYS), name="recordings_are_not_kept_for_ever"),
        ]

    def __str__(self) -> str:
        return "1"
