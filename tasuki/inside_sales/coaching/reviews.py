"""Reviews: a score for each criterion, each with its evidence, and one next action. Whoever was reviewed reads it and answers.

Two coaches may review one call, each without knowing the scores of the other: what differs is what they talk about (calibration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.analytics.raters import weighted_kappa
from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import notifications
from tasuki.crm.notifications import Happening
from tasuki.engage.calls import Call
from tasuki.engage.recording_rows import Hearing, Recording
from tasuki.inside_sales.coaching import scorecards, whom
from tasuki.inside_sales.coaching.comments import LAST_SECOND
from tasuki.inside_sales.coaching.scorecards import Criterion, Scorecard

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST = 1_000
# Of fewer scores that two gave to the same, no agreement is told (R26).
FEWEST_PAIRS = 20
# So often a review may be corrected; more would be another review each time.
MOST_CORRECTIONS = 10
_MOST_PAIRS = 2_000


class ReviewRefused(Refused):
    code = "review_refused"


class ReviewIncomplete(Refused):
    """`criterion_id` is the one that lacks something; 0 where it is the review as a whole."""

    code = "review_incomplete"

    def __init__(self, criterion_id: int, message: str) -> None:
        super().__init__(message)
        self.criterion_id = criterion_id


class NotHeard(Refused):
    code = "not_heard"

    def __init__(self) -> None:
        super().__init__(_("Hear the call first. Then score it."))


class ReviewedAlready(Refused):
    code = "reviewed_already"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("You have reviewed this call already."))


class Reviews(models.QuerySet["Review"]):
    """Questions about reviews."""

    def visible_to(self, user: User) -> Reviews:
        """Whoever was reviewed, whoever reviewed, and whoever coaches the person."""
        return self.filter(Q(person=user.pk) | Q(reviewer=user.pk) | Q(person__in=whom.people_of(user)))

    def newest_first(self) -> Reviews:
        return self.order_by("-given_at", "-pk")

    def for_listing(self) -> Reviews:
        joined = self.select_related("person", "reviewer", "scorecard", "call__call_type", "call__lead__contact", "call__lead__account")
        return joined.prefetch_related("scores__criterion")


class Review(models.Model):
    """What one coach says of one call, by one version of the scorecard."""

    noun: ClassVar[str] = "review"

    call = models.ForeignKey(Call, models.CASCADE, related_name="reviews", db_index=False, verbose_name=_("call"))
    person = models.ForeignKey("core.User", models.PROTECT, related_name="+", db_index=False, verbose_name=_("person"))
    reviewer = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("reviewed by"))
    scorecard = models.ForeignKey(Scorecard, models.PROTECT, related_name="+", db_index=False, verbose_name=_("scorecard"))
    good = models.TextField(_("what was good"))
    next_action = models.TextField(_("the one next action"))
    given_at = models.DateTimeField(_("given"))
    corrected_at = models.DateTimeField(_("corrected"), null=True)
    read_at = models.DateTimeField(_("read"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    objects = Reviews.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = [models.Index(fields=["person", "-given_at"], name="review_of_person"), models.Index(fields=["-given_at"], name="review_newest")]
        constraints = [
            models.UniqueConstraint(fields=["call", "reviewer"], name="one_review_of_a_call_by_each"),
            models.CheckConstraint(condition=~Q(person=F("reviewer")), name="nobody_reviews_themselves"),
            models.CheckConstraint(condition=~Q(next_action="") & ~Q(good=""), name="review_says_what_was_good_and_what_next"),
            models.CheckConstraint(condition=Q(answer="", answered_at__isnull=True) | Q(answered_at__isnull=False), name="review_answered_at_a_time"),
        ]

    def __str__(self) -> str:
        return str(self.call)

    @property
    def result(self) -> float | None:
        """Over loaded scores: the share of what could be reached."""
        return scorecards.result([(one.criterion, one.points) for one in self.scores.all()])


class Score(models.Model):
    """The points of one criterion, and where one hears it: a second of the recording, or words."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="scores", db_index=False)
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+", db_index=False)
    points = models.PositiveSmallIntegerField(_("points"))
    second = models.PositiveIntegerField(_("at second"), null=True)
    words = models.TextField(_("evidence"), blank=True)

    class Meta:
        ordering = ["criterion__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "criterion"], name="one_score_for_a_criterion"),
            models.CheckConstraint(condition=Q(second__isnull=False) | ~Q(words=""), name="score_has_evidence"),
            models.CheckConstraint(condition=Q(points__gte=1), name="score_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.points}"


class EarlierReview(models.Model):
    """A review as it stood before it was corrected, its number from 1. `scores`: [criterion, points, second or null, words] each."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="earlier", db_index=False)
    number = models.PositiveSmallIntegerField()
    good = models.TextField()
    next_action = models.TextField()
    scores = models.JSONField()
    given_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        verbose_name = _("earlier version of a review")
        verbose_name_plural = _("earlier versions of reviews")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["review", "number"], name="one_earlier_review_of_a_number")]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.number}"

    def scored(self, criteria: Sequence[Criterion]) -> list[Score]:
        """The scores of then, in the order of the scorecard, whose criteria these are."""
        by_criterion = {pk: (points, second, words) for pk, points, second, words in self.scores}
        found = [(one, by_criterion[one.pk]) for one in criteria if one.pk in by_criterion]
        return [Score(criterion=one, points=points, second=second, words=words) for one, (points, second, words) in found]


@dataclass(frozen=True)
class Given:
    """The points of a criterion with their evidence."""

    points: int
    second: int | None = None
    words: str = ""


@transaction.atomic
def give(call: Call, *, scorecard: Scorecard, scores: Mapping[int, Given], good: str, next_action: str, by: By, at: datetime) -> Review:
    """Review a call by the scorecard in force: all of its criteria, by their id. Who called is told.

    Raises NotTheirCoach, NotHeard, ReviewedAlready, ReviewIncomplete, ReviewRefused.
    """
    reviewer = by.actor
    call = held(call)
    if reviewer is None or call.caller is None:
        raise ReviewRefused(_("A review is of a person, by a person."))
    whom.require(call.caller, user=reviewer)
    recording = Recording.objects.kept().filter(call=call).first()
    if recording is None:
        raise ReviewRefused(_("There is no recording of this call that could be heard."))
    if not Hearing.objects.filter(recording=recording, heard_by=reviewer).exists():
        raise NotHeard
    if Review.objects.filter(call=call, reviewer=reviewer).exists():
        raise ReviewedAlready
    current = scorecards.in_force()
    if current is None or current.pk != scorecard.pk:
        raise ReviewRefused(_("The scorecard has a new version meanwhile. Score by that one."))
    criteria = list(current.criteria.all())
    checked = {criterion.pk: _checked(criterion, scores.get(criterion.pk), longest=recording.n_seconds) for criterion in criteria}
    words = _checked_words(good=good, next_action=next_action)
    review = Review.objects.create(call=call, person=call.caller, reviewer=reviewer, scorecard=current, given_at=at, **words)
    _write(review, checked)
    cause = audit.record(review, action="review", by=by, at=at)
    notifications.tell([call.caller.pk], happening=Happening.COACHING, noun=review.noun, cause=cause, by=by, at=at)
    return review


@transaction.atomic
def correct(review: Review, *, scores: Mapping[int, Given], good: str, next_action: str, by: By, at: datetime) -> Review:
    """Say it anew, by the scorecard that it was scored by. What stood there before is kept and shown, and whoever was reviewed is told.

    The same once more changes nothing. Raises Forbidden for everybody but the reviewer, ReviewIncomplete, ReviewRefused.
    """
    review = held(review)
    if by.actor is None or by.actor.pk != review.reviewer_id:
        raise Forbidden(_("Only whoever gave the review corrects it."))
    recording = Recording.objects.filter(call=review.call_id).first()
    longest = recording.n_seconds if recording else None
    checked = {one.pk: _checked(one, scores.get(one.pk), longest=longest) for one in review.scorecard.criteria.all()}
    words = _checked_words(good=good, next_action=next_action)
    before = {one.criterion_id: (one.points, one.second, one.words) for one in review.scores.all()}
    after = {pk: (one.points, one.second, one.words.strip()) for pk, one in checked.items()}
    if before == after and words == {"good": review.good, "next_action": review.next_action}:
        return review
    number = review.earlier.count() + 1
    if number > MOST_CORRECTIONS:
        raise ReviewRefused(_("A review is corrected at most %(n)s times. Talk about it instead.") % {"n": MOST_CORRECTIONS})
    EarlierReview.objects.create(
        review=review, number=number, good=review.good, next_action=review.next_action, scores=[[pk, *one] for pk, one in before.items()],
        given_at=review.corrected_at or review.given_at, replaced_at=at,
    )  # fmt: skip
    changes: dict[str, tuple[object, object]] = {name: (getattr(review, name), said) for name, said in words.items() if getattr(review, name) != said}
    changes |= {"points": ([one[0] for one in before.values()], [after[pk][0] for pk in before])} if before != after else {}
    review.scores.all().delete()
    # It is to be read once more.
    Review.objects.filter(pk=review.pk).update(corrected_at=at, read_at=None, **words)
    _write(review, checked)
    cause = audit.record(review, action="correct", by=by, at=at, changes=changes)
    notifications.tell([review.person_id], happening=Happening.COACHING, noun=review.noun, cause=cause, by=by, at=at)
    return held(review)


def _write(review: Review, checked: Mapping[int, Given]) -> None:
    Score.objects.bulk_create(
        Score(review=review, criterion_id=pk, points=one.points, second=one.second, words=one.words.strip()) for pk, one in checked.items()
    )


def _checked_words(*, good: str, next_action: str) -> dict[str, str]:
    words = {"good": good.strip(), "next_action": next_action.strip()}
    if not all(words.values()) or max(map(len, words.values())) > LONGEST:
        raise ReviewIncomplete(0, _("Say what was good, and one thing to do next: each in at most %(n)s characters.") % {"n": LONGEST})
    return words


def _checked(criterion: Criterion, given: Given | None, *, longest: int | None) -> Given:
    if given is None or not 1 <= given.points <= criterion.scale:
        raise ReviewIncomplete(criterion.pk, _("“%(skill)s” takes from 1 to %(scale)s points.") % {"skill": criterion.name, "scale": criterion.scale})
    if given.second is None and not given.words.strip():
        raise ReviewIncomplete(criterion.pk, _("“%(skill)s” needs its evidence: a moment of the recording, or words.") % {"skill": criterion.name})
    if given.second is not None and not 0 <= given.second <= (LAST_SECOND if longest is None else longest):
        raise ReviewIncomplete(criterion.pk, _("“%(skill)s”: the recording has no such moment.") % {"skill": criterion.name})
    if len(given.words) > LONGEST:
        raise ReviewIncomplete(criterion.pk, _("“%(skill)s”: say it in fewer words.") % {"skill": criterion.name})
    return given


def may_review(call: Call, *, user: User) -> bool:
    """Whether the person can review the call: they coach whoever called, it can be heard, and they have not yet."""
    can = call.caller is not None and whom.coaches(call.caller, user=user) and Recording.objects.kept().filter(call=call).exists()
    return can and not Review.objects.filter(call=call, reviewer=user).exists()


@transaction.atomic
def answer(review: Review, *, text: str, by: By, at: datetime) -> None:
    """Whoever was reviewed answers, and may write the answer anew. Raises Forbidden, ReviewRefused."""
    review, text = held(review), text.strip()
    refuse_unless_reviewed(review, user=by.actor)
    if not text or len(text) > LONGEST:
        raise ReviewRefused(_("Say something, in at most %(n)s characters.") % {"n": LONGEST})
    Review.objects.filter(pk=review.pk).update(answer=text, answered_at=at)
    cause = audit.record(review, action="answer", by=by, at=at, changes={"answer": (review.answer, text)})
    notifications.tell([review.reviewer_id], happening=Happening.COACHING, noun=review.noun, cause=cause, by=by, at=at)


def refuse_unless_reviewed(review: Review, *, user: User | None) -> None:
    """Raises Forbidden for everybody but whoever was reviewed."""
    if user is None or user.pk != review.person_id:
        raise Forbidden(_("Only whoever was reviewed answers."))


def read(review: Review, *, by: By, at: datetime) -> None:
    """Whoever was reviewed has opened it; once."""
    if by.actor and by.actor.pk == review.person_id:
        Review.objects.filter(pk=review.pk, read_at__isnull=True).update(read_at=at)


@dataclass(frozen=True)
class Difference:
    """One criterion as two coaches scored it; `apart` in points."""

    criterion: Criterion
    one: Score
    other: Score

    @property
    def apart(self) -> int:
        return abs(self.one.points - self.other.points)


def differences(one: Review, *, other: Review) -> list[Difference]:
    """Criterion by criterion, the widest apart first; none where they scored by other versions. Asks for their scores as they are loaded."""
    if one.scorecard_id != other.scorecard_id:
        return []
    theirs = {score.criterion_id: score for score in other.scores.all()}
    found = [Difference(score.criterion, score, theirs[score.criterion_id]) for score in one.scores.all() if score.criterion_id in theirs]
    return sorted(found, key=lambda each: (-each.apart, each.criterion.position))


@dataclass(frozen=True)
class Agreement:
    """How far coaches agree on calls that two of them reviewed: over `n` scores; kappa is None for too few."""

    n: int
    n_calls: int
    kappa: float | None


def agreement(rows: Reviews) -> Agreement:
    """Over the newest calls among rows that somebody may see; two queries."""
    scores = Score.objects.filter(review__in=rows).values_list("review__call", "criterion", "review__reviewer", "points", "criterion__scale")
    by_place: dict[tuple[int, int], list[tuple[int, float]]] = {}
    doubled = rows.values("call").annotate(n=models.Count("pk")).filter(n__gte=2).values("call")
    for call, criterion, reviewer, points, scale in scores.filter(review__call__in=doubled).order_by("-review__call")[: 2 * _MOST_PAIRS]:
        by_place.setdefault((call, criterion), []).append((reviewer, (points - 1) / (scale - 1)))
    pairs = [_first_two(found) for found in by_place.values() if len(found) >= 2]
    kappa = weighted_kappa(pairs) if len(pairs) >= FEWEST_PAIRS else None
    return Agreement(len(pairs), len({call for (call, _criterion), found in by_place.items() if len(found) >= 2}), kappa)


def _first_two(found: Sequence[tuple[int, float]]) -> tuple[float, float]:
    (_one, first), (_other, second) = sorted(found)[:2]
    return first, second
