"""What a hand-off is made of: the offer with its frozen package, the one answer to it, what was said about it, and a dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.inside_sales.qualification import LETTER, Fact, FactState
from tasuki.relay.handoff_reasons import Destination, Reason

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_TEXT = 2_000


class HandoffState(models.TextChoices):
    """Open, or one of five ends. Nothing but somebody's word brings it to one of them."""

    OFFERED = "offered", _("offered")
    ACCEPTED = "accepted", _("accepted")
    NEEDS_MORE = "needs_more", _("needs more")
    RETURNED = "returned", _("returned")
    NO_SHOW = "no_show", _("no-show")
    WITHDRAWN = "withdrawn", _("withdrawn")


ANSWERS = (HandoffState.ACCEPTED, HandoffState.NEEDS_MORE, HandoffState.RETURNED, HandoffState.NO_SHOW)


class Handoffs(models.QuerySet["Handoff"]):
    """Questions about hand-offs."""

    def visible_to(self, user: User) -> Handoffs:
        """One's own on either side, and those of one's team or tree on either side."""
        standing = abilities.standing_of(user)
        if standing.sees_all("handoff"):
            return self
        if standing.scope("handoff") is Scope.NOTHING:
            return self.none()
        me = standing.user_id
        seen = Q(credited_to=me) | Q(offered_by=me) | Q(to_owner=me) | Q(answered_by=me)
        teams = abilities.teams_of_scope(standing, "handoff")
        return self.filter(seen | Q(from_team__in=teams) | Q(to_team__in=teams))

    def open(self) -> Handoffs:
        return self.filter(state=HandoffState.OFFERED)

    def overdue(self, at: datetime) -> Handoffs:
        return self.open().filter(due_at__lte=at)

    def counted(self) -> Handoffs:
        """Those that rates count: taken by oneself or struck after a dispute, they say nothing of how two people work together."""
        return self.filter(is_own=False, struck_at__isnull=True)

    def with_unread_feedback(self, user: User) -> Handoffs:
        """Answers with words that the one credited has to read."""
        return self.filter(credited_to=user.pk, state__in=[HandoffState.NEEDS_MORE, HandoffState.RETURNED], feedback_read_at__isnull=True)

    def for_listing(self) -> Handoffs:
        joined = self.select_related("lead", "lead__contact", "lead__account")
        return joined.prefetch_related("credited_to", "to_owner", "to_team", "answered_by", "from_team", "answer")

    def for_page(self) -> Handoffs:
        joined = self.select_related("lead", "lead__contact", "lead__account", "lead__stage", "lead__product", "credited_to", "offered_by", "from_team")
        return joined.select_related(
            "to_owner", "to_team", "answered_by", "answer", "answer__answered_by", "previous", "dispute", "dispute__raised_by", "call__caller"
        )


class Handoff(models.Model):
    """A lead is offered from inside sales to a person in sales, or to the queue of a team.

    The package is frozen: `facts` are the seven as they stood; `call` was recorded here, `recording` is the address of one that is kept
    elsewhere. `state`, `answered_by`, `answered_at`, `reason` repeat the answer, written by the same verb.
    `is_own`: one person does both, took it themselves, and no rate counts it. `next_step_due_at` runs after acceptance (R22).
    """

    noun: ClassVar[str] = "handoff"

    lead = models.ForeignKey("crm.Lead", models.PROTECT, related_name="handoffs", verbose_name=_("lead"))
    previous = models.ForeignKey("self", models.PROTECT, null=True, related_name="following", verbose_name=_("the offer before"))
    offered_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("offered by"))
    credited_to = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("credited to"))
    from_team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", verbose_name=_("from the team"))
    to_owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("offered to"))
    to_team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", verbose_name=_("offered to the team"))
    offered_at = models.DateTimeField(_("offered"))
    meeting_at = models.DateTimeField(_("meeting"))
    summary = models.TextField(_("summary"), blank=True)
    agenda = models.TextField(_("agreed agenda"), blank=True)
    attendees = models.TextField(_("attendees"), blank=True)
    why = models.TextField(_("why now"), blank=True)
    call = models.ForeignKey("engage.Call", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("recorded call"))
    recording = models.URLField(_("recording"), max_length=500, blank=True)
    facts = models.JSONField(_("seven facts"), default=list)
    n_settled = models.PositiveSmallIntegerField(_("facts known or asked"))
    due_at = models.DateTimeField(_("answer due"))
    escalated_at = models.DateTimeField(_("escalated"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=HandoffState.choices, default=HandoffState.OFFERED)
    answered_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("answered by"))
    answered_at = models.DateTimeField(_("answered"), null=True)
    reason = models.CharField(_("reason"), max_length=13, choices=Reason.choices, blank=True)
    is_own = models.BooleanField(_("taken by oneself"), default=False)
    disputed_at = models.DateTimeField(_("disputed"), null=True)
    feedback_read_at = models.DateTimeField(_("feedback read"), null=True)
    struck_at = models.DateTimeField(_("struck after a dispute"), null=True)
    next_step_due_at = models.DateTimeField(_("next step due"), null=True)
    next_step_told_at = models.DateTimeField(_("told that the next step is missing"), null=True)
    lapsed_at = models.DateTimeField(_("given back after acceptance"), null=True)
    rebook_until_at = models.DateTimeField(_("to be booked again until"), null=True)
    rebook_told_at = models.DateTimeField(null=True)
    # What stands on the lead, for lists to order and ask by; only the database writes it (see migrations/0024_handoffs_follow_the_lead.py).
    lead_contact = models.ForeignKey("crm.Contact", models.DO_NOTHING, null=True, editable=False, related_name="+", db_index=False, db_constraint=False)
    lead_account = models.ForeignKey("crm.Account", models.DO_NOTHING, null=True, editable=False, related_name="+", db_index=False, db_constraint=False)

    objects = Handoffs.as_manager()

    class Meta:
        verbose_name = _("hand-off")
        verbose_name_plural = _("hand-offs")
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="handoff_in_state"),
            models.Index(fields=["-offered_at", "-id"], name="handoff_newest"),
            models.Index(fields=["answered_at", "id"], name="handoff_by_answer"),
            models.Index(fields=["due_at", "id"], name="handoff_by_due"),
            models.Index(fields=["meeting_at", "id"], name="handoff_by_meeting"),
            # Those decided, for how many of them are taken over: counted without reading a row.
            models.Index(
                fields=["answered_at"],
                include=["offered_at", "state", "lead"],
                condition=Q(state__in=["accepted", "returned"], is_own=False, struck_at__isnull=True),
                name="handoff_decided",
            ),
            models.Index(fields=["lead_contact", "id"], name="handoff_by_person"),
            models.Index(fields=["lead_account", "id"], name="handoff_by_account"),
            # To walk the list in the order of people and teams, one after the other.
            models.Index(fields=["credited_to", "offered_at", "id"], name="handoff_by_credited"),
            models.Index(fields=["to_owner", "offered_at", "id"], name="handoff_by_receiver"),
            models.Index(fields=["answered_by", "id"], name="handoff_by_answerer"),
            models.Index(fields=["from_team", "id"], name="handoff_by_from_team"),
            models.Index(fields=["to_team", "id"], name="handoff_by_to_team"),
            models.Index(fields=["next_step_due_at"], name="handoff_next_step", condition=Q(next_step_due_at__isnull=False)),
            models.Index(fields=["rebook_until_at"], name="handoff_to_rebook", condition=Q(rebook_until_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(state="offered"), name="one_open_offer_per_lead"),
            models.UniqueConstraint(fields=["lead"], condition=Q(state="accepted"), name="one_acceptance_per_lead"),
            # Qualifying and accepting are two acts of two people (R16).
            models.CheckConstraint(condition=~Q(state="accepted", answered_by=F("credited_to"), is_own=False), name="accepted_by_another"),
            models.CheckConstraint(condition=Q(is_own=False) | Q(state="accepted", answered_by=F("credited_to")), name="own_is_taken_by_oneself"),
            models.CheckConstraint(condition=Q(to_owner__isnull=True) | Q(is_own=True) | ~Q(to_owner=F("credited_to")), name="offered_to_another"),
            # The package is complete: seven facts known or asked, and the words (R17).
            models.CheckConstraint(condition=Q(is_own=True) | (Q(n_settled=7) & ~Q(summary="") & ~Q(agenda="") & ~Q(attendees="")), name="package_is_complete"),
            models.CheckConstraint(condition=Q(state="offered") ^ Q(answered_at__isnull=False), name="open_or_ended"),
            # Silence never ends it: accepting, needing more and giving back have somebody who did it.
            models.CheckConstraint(condition=Q(state__in=["offered", "withdrawn"]) | Q(answered_by__isnull=False), name="answered_by_somebody"),
            models.CheckConstraint(condition=Q(struck_at__isnull=True) | Q(state="returned"), name="only_a_return_is_struck"),
            models.CheckConstraint(condition=Q(lapsed_at__isnull=True) | Q(state="accepted"), name="only_an_acceptance_lapses"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.lead.title

    @property
    def is_open(self) -> bool:
        return self.state == HandoffState.OFFERED

    @property
    def receiver(self) -> str:
        """Whom it was offered to, by name."""
        return self.to_owner.display_name if self.to_owner else self.to_team.name

    @property
    def package_facts(self) -> list[FrozenFact]:
        return [FrozenFact(**said) for said in self.facts]


@dataclass(frozen=True)
class FrozenFact:
    """One of the seven as it stood when the lead was offered."""

    fact: str
    state: str
    words: str

    @property
    def label(self) -> Any:
        return Fact(self.fact).label

    @property
    def state_label(self) -> Any:
        return FactState(self.state).label

    @property
    def letter(self) -> str:
        return LETTER.get(self.fact, "")


class HandoffAnswer(models.Model):
    """What the receiver said. One for each hand-off, never changed; `credited_to` is the hand-off's own (a foreign key on both columns says so)."""

    handoff = models.OneToOneField(Handoff, models.PROTECT, related_name="answer")
    credited_to = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    answer = models.CharField(_("answer"), max_length=10, choices=[(one.value, one.label) for one in ANSWERS])
    answered_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    is_own = models.BooleanField(default=False)
    words = models.TextField(_("feedback"), blank=True)
    reason = models.CharField(_("reason"), max_length=13, choices=Reason.choices, blank=True)
    destination = models.CharField(_("where it goes"), max_length=10, choices=Destination.choices, blank=True)
    would_change = models.TextField(_("what would change it"), blank=True)
    plan_on = models.DateField(_("by"), null=True)

    class Meta:
        verbose_name = _("answer to a hand-off")
        verbose_name_plural = _("answers to hand-offs")
        constraints = [
            models.CheckConstraint(condition=~Q(answer="accepted", answered_by=F("credited_to"), is_own=False), name="nobody_accepts_their_own"),
            models.CheckConstraint(condition=~Q(answer="returned") | (~Q(reason="") & ~Q(words="") & ~Q(destination="")), name="return_says_why"),
            models.CheckConstraint(condition=~Q(answer="needs_more") | (~Q(words="") & Q(plan_on__isnull=False)), name="more_by_a_plan_with_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.answer}"


class HandoffWord(models.Model):
    """Something said about a hand-off by one of its sides."""

    handoff = models.ForeignKey(Handoff, models.PROTECT, related_name="words", db_index=False)
    said_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    said_at = models.DateTimeField()
    text = models.TextField(_("words"))

    class Meta:
        verbose_name = _("word on a hand-off")
        verbose_name_plural = _("words on hand-offs")
        indexes = [models.Index(fields=["handoff", "id"], name="words_of_handoff")]

    def __str__(self) -> str:
        return self.text[:80]


class HandoffDispute(models.Model):
    """The one credited does not agree with a return. The managers of both sides decide; if they differ, somebody above both."""

    handoff = models.OneToOneField(Handoff, models.PROTECT, related_name="dispute")
    raised_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    text = models.TextField(_("words"))
    escalated_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    stands = models.BooleanField(_("the return stands"), null=True)

    class Meta:
        verbose_name = _("dispute of a return")
        verbose_name_plural = _("disputes of returns")
        constraints = [models.CheckConstraint(condition=Q(decided_at__isnull=True) ^ Q(stands__isnull=False), name="decided_one_way")]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.text[:60]}"


class Side(models.TextChoices):
    """For whom a manager judges. Whoever leads both sides, or the installation, judges alone."""

    SENDER = "sender", _("for inside sales")
    RECEIVER = "receiver", _("for sales")
    ABOVE = "above", _("for both")


class HandoffVerdict(models.Model):
    """What one manager says of a dispute."""

    dispute = models.ForeignKey(HandoffDispute, models.PROTECT, related_name="verdicts", db_index=False)
    side = models.CharField(max_length=8, choices=Side.choices)
    stands = models.BooleanField(_("the return stands"))
    text = models.TextField(_("words"), blank=True)
    judged_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    judged_at = models.DateTimeField()

    class Meta:
        verbose_name = _("verdict on a dispute")
        verbose_name_plural = _("verdicts on disputes")
        constraints = [
            models.UniqueConstraint(fields=["dispute", "side"], name="one_verdict_per_side"),
            models.UniqueConstraint(fields=["dispute", "judged_by"], name="one_verdict_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.side}"
