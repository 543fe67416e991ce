"""Skill cards: show → explain → let do → praise, one card for a skill of a person. No step is left out, and none ends but with praise (R50).

“Show them, tell them, have them do it, and praise them; otherwise people will not do things” is how Yamamoto Isoroku is quoted.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import notifications
from tasuki.crm.notifications import Happening
from tasuki.inside_sales.coaching import praises, whom

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.engage.calls import Call
    from tasuki.inside_sales.coaching.praises import Praise

LONGEST_SKILL, LONGEST = 120, 1_000


class Step(models.IntegerChoices):
    SHOW = 1, pgettext_lazy("step of coaching", "show")
    EXPLAIN = 2, pgettext_lazy("step of coaching", "explain")
    LET_DO = 3, pgettext_lazy("step of coaching", "let do")
    PRAISE = 4, pgettext_lazy("step of coaching", "praise")


class CardRefused(Refused):
    code = "card_refused"


class SkillCards(models.QuerySet["SkillCard"]):
    """Questions about cards."""

    def visible_to(self, user: User) -> SkillCards:
        """One's own, those one coaches by, and those of the people one coaches."""
        return self.filter(Q(person=user.pk) | Q(coach=user.pk) | Q(person__in=whom.people_of(user)))

    def open(self) -> SkillCards:
        return self.filter(finished_at__isnull=True)

    def with_their_step(self) -> SkillCards:
        """With `n_steps`, how many were taken."""
        return self.annotate(n_steps=Count("steps"))

    def for_listing(self) -> SkillCards:
        return self.select_related("person", "coach").prefetch_related("steps__taken_by", "steps__call")


class SkillCard(models.Model):
    """A skill that a person practises with a coach; `next_on` is when the next step is due."""

    noun: ClassVar[str] = "skillcard"

    person = models.ForeignKey("core.User", models.PROTECT, related_name="skill_cards", db_index=False, verbose_name=_("person"))
    coach = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("coach"))
    skill = models.CharField(_("skill"), max_length=LONGEST_SKILL)
    next_on = models.DateField(_("next step on"))
    opened_at = models.DateTimeField(_("opened"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = SkillCards.as_manager()

    class Meta:
        verbose_name = _("skill card")
        verbose_name_plural = _("skill cards")
        indexes = [models.Index(fields=["person", "-opened_at"], name="skill_card_of_person")]
        constraints = [
            models.UniqueConstraint(fields=["person", "skill"], condition=Q(finished_at__isnull=True), name="one_open_card_for_a_skill"),
            models.CheckConstraint(condition=~Q(person=models.F("coach")), name="nobody_coaches_themselves"),
        ]

    def __str__(self) -> str:
        return self.skill

    @property
    def taken(self) -> list[CardStep]:
        """The loaded steps, in order."""
        return sorted(self.steps.all(), key=lambda one: one.step)

    @property
    def next_step(self) -> Step | None:
        return None if self.finished_at else Step(len(self.taken) + 1)


class CardStep(models.Model):
    """A step that was taken: what was shown, explained, tried or praised."""

    card = models.ForeignKey(SkillCard, models.CASCADE, related_name="steps", db_index=False)
    step = models.PositiveSmallIntegerField(_("step"), choices=Step.choices)
    words = models.TextField(_("words"))
    call = models.ForeignKey("engage.Call", models.SET_NULL, null=True, related_name="+", verbose_name=_("call"))
    taken_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "step"], name="card_step_once"),
            # Praise may be a press.
            models.CheckConstraint(condition=(~Q(words="") | Q(step=4)) & Q(step__gte=1, step__lte=4), name="card_step_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id}: {self.step}"


@transaction.atomic
def begin(person: User, *, skill: str, next_on: date, by: By, at: datetime) -> SkillCard:
    """Open a card; whoever opens it is the coach. Raises NotTheirCoach, CardRefused."""
    if by.actor is None:
        raise CardRefused(_("A card is opened by a coach."))
    whom.require(person, user=by.actor)
    skill = " ".join(skill.split())
    if not skill or len(skill) > LONGEST_SKILL:
        raise CardRefused(_("Name the skill in a few words."))
    _refuse_past(next_on, at=at)
    if SkillCard.objects.open().filter(person=person, skill=skill).exists():
        raise CardRefused(_("There is an open card for this skill already."))
    card = SkillCard.objects.create(person=person, coach=by.actor, skill=skill, next_on=next_on, opened_at=at)
    cause = audit.record(card, action="begin", by=by, at=at, changes={"skill": ("", skill)})
    notifications.tell([person.pk], happening=Happening.COACHING, noun=card.noun, cause=cause, by=by, at=at)
    return card


@transaction.atomic
def step_on(card: SkillCard, *, words: str, by: By, at: datetime, next_on: date | None = None, call: Call | None = None) -> CardStep:
    """Take the step that comes next. Letting do may be written by the person themselves, the others by a coach; praise ends the card and is
    praise as any other. Raises CardRefused, Forbidden.
    """
    card, words = held(card), words.strip()
    if card.finished_at:
        raise CardRefused(_("This card is finished."))
    step = Step(card.steps.count() + 1)
    _refuse_stranger(card, step, by=by)
    if not words or len(words) > LONGEST:
        raise CardRefused(_("Say in words what was done in this step."))
    if step is not Step.PRAISE:
        if next_on is None:
            raise CardRefused(_("Say when the next step comes."))
        _refuse_past(next_on, at=at)
    taken = CardStep.objects.create(card=card, step=step, words=words, call=call, taken_by=by.actor, taken_at=at)
    if step is Step.PRAISE:
        praises.give(card.person, deed=words, card=card, call=call, by=by, at=at)
        SkillCard.objects.filter(pk=card.pk).update(finished_at=at)
    else:
        SkillCard.objects.filter(pk=card.pk).update(next_on=next_on)
    cause = audit.record(card, action="step", by=by, at=at, changes={"step": (None, step.value)})
    if step is not Step.PRAISE:
        notifications.tell([card.person_id, card.coach_id], happening=Happening.COACHING, noun=card.noun, cause=cause, by=by, at=at)
    return taken


@transaction.atomic
def press_praise(card: SkillCard, *, by: By, at: datetime) -> tuple[Praise, bool]:
    """Take the last step with a press: praise without a word ends the card; → the praise, and whether it is new. Raises CardRefused, Forbidden."""
    card = held(card)
    step = Step(min(card.steps.count() + 1, Step.PRAISE))
    if step is not Step.PRAISE:
        raise CardRefused(_("Praise is the last step of a card: show, explain and let do come first."))
    _refuse_stranger(card, step, by=by)
    praise, is_new = praises.press(card.person, what=praises.For.CARD, card=card, by=by, at=at)
    if is_new and card.finished_at is None:
        CardStep.objects.create(card=card, step=step, words="", taken_by=by.actor, taken_at=at)
        SkillCard.objects.filter(pk=card.pk).update(finished_at=at)
        audit.record(card, action="step", by=by, at=at, changes={"step": (None, step.value)})
    return praise, is_new


@transaction.atomic
def take_back_praise(praise: Praise, *, by: By, at: datetime) -> None:
    """The card is open again, before its last step. Raises what `praises.take_back` raises, and CardRefused where another card was opened since."""
    assert praise.card is not None  # noqa: S101 - what was pressed on a card
    card = held(praise.card)
    praises.take_back(praise, by=by, at=at)
    if SkillCard.objects.open().filter(person=card.person_id, skill=card.skill).exclude(pk=card.pk).exists():
        raise CardRefused(_("There is an open card for this skill already."))
    if card.steps.filter(step=Step.PRAISE, words="").delete()[0]:
        SkillCard.objects.filter(pk=card.pk).update(finished_at=None)
        audit.record(card, action="reopen", by=by, at=at, changes={"step": (Step.PRAISE.value, None)})


def may_step(card: SkillCard, *, user: User, is_coach: bool) -> bool:
    """Whether the step that comes next is this person's to write; `is_coach`: they coach whose card it is. Over loaded steps."""
    step = card.next_step
    if step is None:
        return False
    return is_coach or (step is Step.LET_DO and card.person_id == user.pk)


def _refuse_stranger(card: SkillCard, step: Step, *, by: By) -> None:
    if by.actor is None:
        raise CardRefused(_("A step is taken by a person."))
    if card.person_id == by.actor.pk:
        if step is not Step.LET_DO:
            raise Forbidden(_("This step is the coach's."))
        return
    whom.require(card.person, user=by.actor)


def _refuse_past(day: date, *, at: datetime) -> None:
    if day < at.date():
        raise CardRefused(_("The next step comes today or later."))
