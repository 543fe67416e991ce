"""What a sequence is made of: versions, their steps, and the wordings of a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Role
from tasuki.engage.dispositions import CONNECTS, Disposition
from tasuki.engage.triage.classes import OF_KIND, ReplyClass

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User

LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT = 80, 200, 10_000
MOST_STEPS, MOST_VARIANTS, MOST_DAYS = 40, 4, 90
# The hours in which a step reaches people, by their own clock, unless it says others.
FROM_MINUTE, UNTIL_MINUTE = 9 * 60, 18 * 60


class StepKind(models.TextChoices):
    """What a step does. The value is stored."""

    CALL = "call", _("call")
    MAIL = "mail", _("mail")
    LETTER = "letter", _("letter")
    SOCIAL = "social", _("social message")
    TASK = "task", _("task")
    WAIT = "wait", _("wait")
    BRANCH = "branch", _("branch")


class Hears(models.TextChoices):
    """What a branch listens to: how the last call of this sequence ended, or an answer by mail of some classes."""

    ANSWERED = "answered", _("somebody answered the last call")
    VOICEMAIL = "voicemail", _("the last call ended in a voicemail")
    UNANSWERED = "unanswered", _("nobody answered the last call")
    REPLIED = "replied", _("they answered by mail")
    OPENED = "opened", _("they seem to have opened the last mail")
    CLICKED = "clicked", _("they followed a link of the last mail")


# The classes of an answer that a branch can ask for: the others never wait for one.
ANSWERS = [one for one in ReplyClass if one not in OF_KIND.values()]
# Which results of a call each of them hears.
HEARD: dict[str, frozenset[str]] = {
    Hears.ANSWERED: frozenset(CONNECTS),
    Hears.VOICEMAIL: frozenset({Disposition.VOICEMAIL.value}),
    Hears.UNANSWERED: frozenset({Disposition.NO_ANSWER.value, Disposition.BUSY.value, Disposition.BAD_NUMBER.value}),
}


class OnReply(models.TextChoices):
    """What becomes of colleagues at the same company when one of them answers."""

    PAUSE = "pause", _("pause them")
    STOP = "stop", _("stop them")
    GO_ON = "go_on", _("go on with them")


class Sequences(models.QuerySet["Sequence"]):
    """Questions about sequences."""

    def visible_to(self, user: User) -> Sequences:
        """Whoever has a role sees how we reach people; whose members one sees is another question."""
        return self if abilities.standing_of(user).roles else self.none()

    def in_use(self) -> Sequences:
        return self.filter(archived_at__isnull=True)

    def open_to_members(self) -> Sequences:
        return self.in_use().filter(versions__published_at__isnull=False, versions__replaced_at__isnull=True)

    def by_name(self) -> Sequences:
        return self.order_by("name", "pk")


class Sequence(models.Model):
    """What holds for all its versions: how many people of one company a day, how many mails of one mailbox, what a reply does to colleagues."""

    noun: ClassVar[str] = "sequence"

    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    about = models.CharField(_("whom it is for, and what for"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    n_people_a_day = models.PositiveSmallIntegerField(_("people of one company a day"), default=2)
    n_mails_a_day = models.PositiveSmallIntegerField(_("mails of one mailbox a day"), default=50)
    n_days_apart = models.PositiveSmallIntegerField(_("days until a person may be in a sequence again"), default=14)
    n_days_to_answer = models.PositiveSmallIntegerField(_("days to answer after the last step"), default=7)
    on_reply = models.CharField(_("when a colleague answers"), max_length=6, choices=OnReply.choices, default=OnReply.PAUSE)
    stops_on_talk = models.BooleanField(_("a conversation on the telephone is an answer"), default=True)
    added_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    objects = Sequences.as_manager()

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(archived_at__isnull=True), name="sequence_name_once"),
            models.CheckConstraint(condition=Q(n_people_a_day__gte=1, n_mails_a_day__gte=1), name="sequence_reaches_somebody"),
        ]

    def __str__(self) -> str:
        return self.name


class SequenceVersion(models.Model):
    """One wording of the steps. It is a draft until it is published, and from then on as it is."""

    noun: ClassVar[str] = "sequenceversion"

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    begun_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField()
    published_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("version of a sequence")
        verbose_name_plural = _("versions of sequences")
        constraints = [
            models.UniqueConstraint(fields=["sequence", "number"], name="sequence_version_once"),
            models.UniqueConstraint(fields=["sequence"], condition=Q(published_at__isnull=True), name="one_draft_of_a_sequence"),
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(published_at__isnull=False, replaced_at__isnull=True), name="one_sequence_version_in_force"
            ),
            models.CheckConstraint(condition=Q(replaced_at__isnull=True) | Q(published_at__isnull=False), name="sequence_version_replaced_after_published"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence_id} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class Steps(models.QuerySet["Step"]):
    """Questions about steps."""

    def visible_to(self, user: User) -> Steps:
        return self if abilities.standing_of(user).roles else self.none()


class Step(models.Model):
    """One step. It is due `n_days` business days after the one before, within the window of the day, all by the member's calendar.

    `words` say what a person does, or what a mail by hand minds; of a letter, a social message and a task they are the text, with variables.
    A branch that hears something goes on at `goes_to`, a later step, or ends the sequence without one; what it listens to may come within
    `n_days_to_listen` business days, after which it goes on with the next step. Of answers it hears those of `classes`, none for all.
    """

    noun: ClassVar[str] = "step"

    version = models.ForeignKey(SequenceVersion, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("what"), max_length=6, choices=StepKind.choices)
    is_by_hand = models.BooleanField(_("written by hand from the template"), default=False)
    n_days = models.PositiveSmallIntegerField(_("business days after the step before"), default=1)
    from_minute = models.PositiveSmallIntegerField(_("not before"), default=FROM_MINUTE)
    until_minute = models.PositiveSmallIntegerField(_("not after"), default=UNTIL_MINUTE)
    words = models.TextField(_("what to do"), blank=True)
    hears = models.CharField(_("if"), max_length=10, choices=Hears.choices, blank=True)
    classes = ArrayField(models.CharField(max_length=13, choices=ReplyClass.choices), verbose_name=_("of the classes"), default=list, blank=True)
    n_days_to_listen = models.PositiveSmallIntegerField(_("business days to listen"), default=0)
    goes_to = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("go on at"))

    objects = Steps.as_manager()

    class Meta:
        verbose_name = _("step of a sequence")
        verbose_name_plural = _("steps of sequences")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], deferrable=models.Deferrable.DEFERRED, name="one_step_at_a_place"),
            models.CheckConstraint(condition=Q(from_minute__lt=F("until_minute"), until_minute__lte=24 * 60), name="step_has_a_window"),
            models.CheckConstraint(condition=Q(n_days__lte=MOST_DAYS, n_days_to_listen__lte=MOST_DAYS), name="step_waits_reasonably"),
            models.CheckConstraint(condition=Q(kind="mail") | Q(is_by_hand=False), name="only_mail_is_by_hand"),
            models.CheckConstraint(
                condition=(Q(kind="branch") & ~Q(hears="")) | (~Q(kind="branch") & Q(hears="", goes_to__isnull=True, classes=[], n_days_to_listen=0)),
                name="branch_hears",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.get_kind_display()}"

    @property
    def is_machines(self) -> bool:
        """Whether nobody has to do anything."""
        return self.kind in (StepKind.WAIT, StepKind.BRANCH) or (self.kind == StepKind.MAIL and not self.is_by_hand)

    @property
    def is_worded(self) -> bool:
        """Whether its words are a text for one person, filled from the lead when the step comes."""
        return self.kind in (StepKind.LETTER, StepKind.SOCIAL, StepKind.TASK)

    @property
    def heard_classes(self) -> list[_StrOrPromise]:
        """In words, those that a branch on answers asks for."""
        return [ReplyClass(one).label for one in self.classes]

    @property
    def reaches(self) -> bool:
        """Whether it reaches the person, so that the guard of the company counts it."""
        return self.kind in (StepKind.CALL, StepKind.MAIL, StepKind.LETTER, StepKind.SOCIAL)


class Variant(models.Model):
    """One wording of a mail. Without a subject it answers the mail of the sequence before it. Of several, members get one in turn."""

    noun: ClassVar[str] = "variant"

    step = models.ForeignKey(Step, models.CASCADE, related_name="variants")
    letter = models.CharField(_("variant"), max_length=1)
    subject = models.CharField(_("subject"), max_length=LONGEST_SUBJECT, blank=True)
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("variant of a mail")
        verbose_name_plural = _("variants of mails")
        ordering = ["letter"]
        constraints = [
            models.UniqueConstraint(fields=["step", "letter"], name="variant_once"),
            models.CheckConstraint(condition=~Q(text=""), name="variant_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.letter}: {self.subject}"


def may_edit(user: User) -> bool:
    """Operations, and managers: how their people reach others is theirs to say."""
    standing = abilities.standing_of(user)
    return Ability.EDIT_PROCESS in standing.abilities or Role.MANAGER in standing.roles
