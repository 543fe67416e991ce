"""A member's way through a sequence, and the steps of it that were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.crm.leads import Lead
from tasuki.engage import variables
from tasuki.engage.sequences.definitions import Sequence, SequenceVersion, Step, StepKind, Variant

if TYPE_CHECKING:
    from datetime import date

    from tasuki.core.people import User


class State(models.TextChoices):
    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    FINISHED = "finished", _("all steps done")
    STOPPED = "stopped", _("stopped")


RUNNING = (State.ACTIVE.value, State.PAUSED.value)


class Why(models.TextChoices):
    """Why a member was stopped or paused, or went through to the end."""

    REPLY = "reply", _("they answered")
    TALK = "talk", _("they talked on the telephone")
    MEETING = "meeting", _("a meeting is booked")
    OPT_OUT = "opt_out", _("they do not want it")
    BOUNCE = "bounce", _("the mail came back")
    OPPORTUNITY = "opportunity", _("an opportunity is open")
    CUSTOMER = "customer", _("they became a customer")
    RECYCLED = "recycled", _("the lead was recycled")
    LOST = "lost", _("the lead was lost")
    DISQUALIFIED = "disqualified", _("the lead was disqualified")
    ERASED = "erased", _("the person is erased")
    MERGED = "merged", _("merged with another")
    COLLEAGUE = "colleague", _("a colleague answered")
    AWAY = "away", _("they are away")
    BY_HAND = "by_hand", _("by hand")
    NOBODY = "nobody", _("nobody of us carries the lead")
    NO_ANSWER = "no_answer", _("no answer until the end")
    AT_THE_END = "at_the_end", _("through to the end")


class Enrolments(models.QuerySet["Enrolment"]):
    """Questions about members."""

    def visible_to(self, user: User) -> Enrolments:
        """Whoever sees the lead."""
        return self if abilities.standing_of(user).scope("lead") is Scope.ALL else self.filter(lead__in=Lead.objects.visible_to(user))

    def running(self) -> Enrolments:
        return self.filter(state__in=RUNNING)

    def newest_first(self) -> Enrolments:
        return self.order_by("-enrolled_at", "-pk")

    def for_listing(self) -> Enrolments:
        return self.select_related("lead__contact", "lead__account", "lead__stage", "lead__owner", "next_step", "version", "sequence")


class Enrolment(models.Model):
    """One person in one sequence, by one pass of theirs. A person is in one at a time: see the constraint.

    `next_step` is the one to be taken, none after the last; `due_at` is when the clock looks at it again: when the step is due, when a pause
    ends by itself, or when the time to answer is over. None while people have something to do, and for good once it ended.
    At a branch that listens, `stops_listening_at` is when it stops listening.
    """

    noun: ClassVar[str] = "enrolment"

    sequence = models.ForeignKey(Sequence, models.PROTECT, related_name="enrolments", db_index=False)
    version = models.ForeignKey(SequenceVersion, models.PROTECT, related_name="enrolments", db_index=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="enrolments")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="enrolments")
    owner = models.ForeignKey("core.User", models.PROTECT, related_name="+", db_index=False, verbose_name=_("who does the steps of a lead without an owner"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    why = models.CharField(_("why"), max_length=12, choices=Why.choices, blank=True)
    next_step = models.ForeignKey(Step, models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True)
    stops_listening_at = models.DateTimeField(null=True)
    enrolled_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    enrolled_at = models.DateTimeField(_("enrolled since"))
    paused_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    replied_at = models.DateTimeField(_("replied"), null=True)
    booked_at = models.DateTimeField(_("meeting booked"), null=True)

    objects = Enrolments.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        indexes = [
            models.Index(fields=["due_at", "id"], name="enrolment_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["sequence", "state", "id"], name="enrolment_of_sequence", include=["next_step", "replied_at", "booked_at"]),
            models.Index(fields=["version", "state"], name="enrolment_of_version"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=Q(state__in=["active", "paused"]), name="one_active_sequence_per_person"),
            models.CheckConstraint(
                condition=Q(state__in=["active", "paused"], ended_at__isnull=True)
                | Q(state__in=["finished", "stopped"], ended_at__isnull=False, due_at__isnull=True, next_step__isnull=True),
                name="nothing_is_due_after_the_end",
            ),
            models.CheckConstraint(condition=Q(state="active") | ~Q(why=""), name="enrolment_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.sequence_id}"

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING


class DeedState(models.TextChoices):
    WAITING = "waiting", _("to do")
    DONE = "done", _("done")
    SKIPPED = "skipped", _("left out")


class Deeds(models.QuerySet["Deed"]):
    """Questions about the steps that were taken."""

    def visible_to(self, user: User) -> Deeds:
        return self if abilities.standing_of(user).scope("lead") is Scope.ALL else self.filter(enrolment__lead__in=Lead.objects.visible_to(user))

    def to_do(self) -> Deeds:
        return self.filter(state=DeedState.WAITING)

    def due_of(self, user: User, *, day: date) -> Deeds:
        """What the person has to do by then, the oldest first."""
        return self.to_do().filter(owner=user, due_on__lte=day).order_by("due_on", "pk")

    def calls_of(self, user: User, *, day: date) -> Deeds:
        return self.due_of(user, day=day).filter(step__kind=StepKind.CALL).select_related("step", "enrolment__sequence")

    def for_listing(self) -> Deeds:
        people = ("enrolment__contact__account", "enrolment__lead__contact", "enrolment__lead__account", "enrolment__sequence", "enrolment__version")
        return self.select_related("step", "variant", "task", "owner", *people)


class Deed(models.Model):
    """A step that a member came to: one row, whatever happens, so that it happens once. What a person does waits here until it is done."""

    noun: ClassVar[str] = "deed"

    # The constraint below begins with it.
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="deeds", db_index=False)
    step = models.ForeignKey(Step, models.PROTECT, related_name="deeds")
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, related_name="deeds")
    state = models.CharField(_("state"), max_length=8, choices=DeedState.choices)
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    due_on = models.DateField(_("due"))
    begun_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    task = models.OneToOneField("crm.Task", models.SET_NULL, null=True, related_name="deed")
    result = models.CharField(max_length=40, blank=True)
    # The words of a letter, a social message or a task as they were filled when the step came: they stay so, whatever becomes of the lead.
    words = models.TextField(_("text"), blank=True, default="", db_default="")
    replied_at = models.DateTimeField(null=True)
    # Of a mail: whether it carried marks, and when a person first opened it, or followed a link.
    counts_opens = models.BooleanField(default=False)
    counts_clicks = models.BooleanField(default=False)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)

    objects = Deeds.as_manager()

    class Meta:
        verbose_name = _("step taken")
        verbose_name_plural = _("steps taken")
        indexes = [
            models.Index(fields=["owner", "due_on", "id"], name="deed_to_do", condition=Q(state="waiting")),
            models.Index(fields=["owner", "begun_at"], name="deed_of_owner", condition=Q(state="done")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "step"], name="a_step_happens_once"),
            models.UniqueConstraint(fields=["enrolment"], condition=Q(state="waiting"), name="one_step_waits_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="waiting", done_at__isnull=True) | (~Q(state="waiting") & Q(done_at__isnull=False)), name="deed_done_or_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.step_id}"

    @property
    def text(self) -> str:
        """What is to be done, or sent: as it was filled, else the words of the step."""
        return self.words or self.step.words

    @property
    def left_open(self) -> list[str]:
        """The variables of which nothing was known."""
        return variables.left_in(self.text) if self.step.is_worded else []
