"""Comments, scorecards and reviews: evidence for each score, versions that stay, answers, and two coaches who differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.crm.notifications import Notification
from tasuki.inside_sales.coaching import comments, reviews, scorecards
from tasuki.inside_sales.coaching.comments import CallComment, CommentRefused
from tasuki.inside_sales.coaching.reviews import EarlierReview, Given, NotHeard, Review, ReviewedAlready, ReviewIncomplete, ReviewRefused
from tasuki.inside_sales.coaching.scorecards import Scorecard, ScorecardRefused, Skill
from tasuki.inside_sales.coaching.whom import NotTheirCoach
from tests.cast import MONDAY, SET_UP, Cast
from tests.inside_sales.coaching.hearing import AFTER, all_scores, by, coach_of, heard, recorded, reviewed

pytestmark = pytest.mark.django_db

SKILL = Skill("Listening", "경청", "傾聴", 2, 5, "1: talks\n5: listens", "1: 말함\n5: 들음", "1: 話す\n5: 聞く")
WORDS = {"good": "Short opening.", "next_action": "Ask who decides."}


def told(user: object) -> list[str]:
    return list(Notification.objects.filter(person=user).order_by("pk").values_list("noun", flat=True))


def test_a_comment_stands_at_its_second_and_whoever_called_and_is_answered_hears_of_it(cast: Cast) -> None:
    recording = recorded(cast, seconds=2)
    said = comments.say(recording, second=1, text=" Here she hesitates. ", by=by(cast.ruth), at=AFTER)
    reply = comments.say(recording, second=99, text="I heard it too.", answers=said, by=by(cast.ivo), at=AFTER)
    deeper = comments.say(recording, second=0, text="Good.", answers=reply, by=by(cast.ruth), at=AFTER)
    assert (said.second, said.text, reply.second, reply.answers, deeper.answers) == (1, "Here she hesitates.", 1, said, said)
    assert (told(cast.ivo), told(cast.ruth)) == (["callcomment", "callcomment"], ["callcomment"])
    with pytest.raises(Forbidden):
        comments.take_back(said, by=by(cast.ivo), at=AFTER)
    comments.take_back(said, by=by(cast.ruth), at=AFTER)
    assert not CallComment.objects.exists(), "what was said to it goes along"


@pytest.mark.parametrize(("second", "text"), [(3, "beyond"), (-1, "before"), (0, " "), (0, "x" * 2_001)])
def test_a_comment_says_something_at_a_second_that_there_is(cast: Cast, *, second: int, text: str) -> None:
    with pytest.raises(CommentRefused):
        comments.say(recorded(cast, seconds=2), second=second, text=text, by=by(cast.ruth), at=AFTER)


def test_whoever_may_not_hear_a_call_says_nothing_about_it_and_reads_nothing(cast: Cast) -> None:
    recording = recorded(cast)
    comments.say(recording, second=0, text="here", by=by(cast.ruth), at=AFTER)
    with pytest.raises(Forbidden):
        comments.say(recording, second=0, text="me too", by=by(cast.mina), at=AFTER)
    assert not CallComment.objects.visible_to(cast.mina).exists()


def test_a_review_scores_everything_with_evidence_and_is_read_and_answered(cast: Cast) -> None:
    review = reviewed(recorded(cast), user=cast.ruth, points=3)
    assert (review.person, review.reviewer, review.result) == (cast.ivo, cast.ruth, 0.5)
    assert told(cast.ivo) == ["review"]
    reviews.read(review, by=by(cast.ruth), at=AFTER)
    assert Review.objects.get().read_at is None, "only whoever was reviewed reads it"
    reviews.read(review, by=by(cast.ivo), at=AFTER)
    reviews.answer(review, text="I will.", by=by(cast.ivo), at=AFTER)
    review.refresh_from_db()
    assert (review.read_at, review.answer, review.answered_at) == (AFTER, "I will.", AFTER)
    assert told(cast.ruth) == ["review"]
    with pytest.raises(Forbidden):
        reviews.answer(review, text="I answer for him.", by=by(cast.ruth), at=AFTER)
    with pytest.raises(ReviewRefused):
        reviews.answer(review, text=" ", by=by(cast.ivo), at=AFTER)


@pytest.mark.parametrize("change", [{"points": 0}, {"points": 6}, {"second": None, "words": " "}, {"second": 99}, {"words": "x" * 1_001}, None])
def test_a_score_without_evidence_or_beyond_its_scale_is_refused_and_says_which(cast: Cast, change: dict[str, object] | None) -> None:
    recording, card, scores = heard(recorded(cast, seconds=2), user=cast.ruth), scorecards.in_force(), all_scores()
    assert card
    first = next(iter(scores))
    wrong = {pk: one for pk, one in scores.items() if pk != first} | ({first: replace(scores[first], **change)} if change else {})  # type: ignore[arg-type]
    with pytest.raises(ReviewIncomplete) as refused:
        reviews.give(recording.call, scorecard=card, scores=wrong, by=by(cast.ruth), at=AFTER, **WORDS)
    assert refused.value.criterion_id == first
    assert not Review.objects.exists()


def test_a_review_is_corrected_by_its_reviewer_the_old_version_stays_and_whoever_was_reviewed_is_told(cast: Cast) -> None:
    review = reviewed(recorded(cast), user=cast.ruth, points=3)
    reviews.read(review, by=by(cast.ivo), at=AFTER)
    reviews.answer(review, text="I did ask.", by=by(cast.ivo), at=AFTER)
    later = AFTER + timedelta(hours=1)
    said = {"scores": all_scores(5), "good": "He asked, at 4:10.", "next_action": review.next_action}
    reviews.correct(review, by=by(cast.ruth), at=later, **said)  # type: ignore[arg-type]
    now = Review.objects.prefetch_related("scores__criterion").get()
    assert (now.good, now.result, now.given_at, now.corrected_at) == ("He asked, at 4:10.", 1.0, AFTER, later)
    assert (now.read_at, now.answer) == (None, "I did ask."), "it is to be read again, and the answer stays"
    (old,) = now.earlier.all()
    assert (old.number, old.good, old.given_at, old.replaced_at) == (1, "The opening was short.", AFTER, later)
    criteria = list(now.scorecard.criteria.all())
    assert [(score.criterion, score.points) for score in old.scored(criteria)] == [(criterion, 3) for criterion in criteria]
    assert told(cast.ivo) == ["review", "review"]
    entry = AuditEntry.objects.get(noun="review", action="correct")
    assert entry.changes["good"] == ["The opening was short.", "He asked, at 4:10."]
    assert "next_action" not in entry.changes
    reviews.correct(review, by=by(cast.ruth), at=later, **said)  # type: ignore[arg-type]
    assert now.earlier.count() == 1, "the same once more changes nothing"


def test_nobody_else_corrects_a_review_nor_leaves_anything_out_nor_for_ever(cast: Cast) -> None:
    review = reviewed(recorded(cast), user=cast.ruth)
    said = {"scores": all_scores(4), "at": AFTER, **WORDS}
    for stranger in (cast.ivo, cast.ada, cast.mina):
        with pytest.raises(Forbidden):
            reviews.correct(review, by=by(stranger), **said)  # type: ignore[arg-type]
    with pytest.raises(ReviewIncomplete):
        reviews.correct(review, by=by(cast.ruth), **{**said, "scores": {}})  # type: ignore[arg-type]
    with pytest.raises(ReviewIncomplete):
        reviews.correct(review, by=by(cast.ruth), **{**said, "good": " "})  # type: ignore[arg-type]
    assert not EarlierReview.objects.exists()
    for nth in range(reviews.MOST_CORRECTIONS):
        reviews.correct(review, by=by(cast.ruth), **{**said, "good": f"Version {nth}"})  # type: ignore[arg-type]
    with pytest.raises(ReviewRefused):
        reviews.correct(review, by=by(cast.ruth), **{**said, "good": "And once more"})  # type: ignore[arg-type]


def test_nobody_reviews_unheard_themselves_twice_or_whom_they_do_not_coach(cast: Cast) -> None:
    recording, card = recorded(cast), scorecards.in_force()
    assert card
    given = {"scorecard": card, "scores": all_scores(), "at": AFTER, **WORDS}
    with pytest.raises(NotHeard):
        reviews.give(recording.call, by=by(cast.ruth), **given)  # type: ignore[arg-type]
    for stranger in (cast.ivo, cast.saori, cast.mina):
        with pytest.raises(NotTheirCoach):
            reviews.give(recording.call, by=by(stranger), **given)  # type: ignore[arg-type]
    reviewed(recording, user=cast.ruth)
    with pytest.raises(ReviewedAlready):
        reviews.give(recording.call, by=by(cast.ruth), **given)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(call=recording.call, person=cast.ivo, reviewer=cast.ivo, scorecard=card, given_at=AFTER, **WORDS)


def test_old_scores_stay_with_their_version_and_a_review_by_an_old_one_is_refused(cast: Cast) -> None:
    review, first = reviewed(recorded(cast), user=cast.ruth), scorecards.in_force()
    assert first
    draft = scorecards.begin(by=SET_UP, at=AFTER)
    assert scorecards.begin(by=SET_UP, at=AFTER) == draft, "there is one draft"
    assert [one.name_en for one in draft.criteria.all()] == [one.name_en for one in first.criteria.all()]
    scorecards.write(None, scorecard=draft, skill=SKILL, by=SET_UP, at=AFTER)
    scorecards.leave_out(draft.criteria.order_by("position")[0], by=SET_UP, at=AFTER)
    second = scorecards.publish(draft, by=SET_UP, at=AFTER)
    assert (second.version, [one.position for one in second.criteria.all()]) == (2, [1, 2, 3, 4, 5, 6, 7])
    review.refresh_from_db()
    assert (review.scorecard, review.scores.count()) == (first, 7)
    other = heard(recorded(cast, 2, at=MONDAY + timedelta(hours=3)), user=cast.ruth, at=MONDAY + timedelta(hours=4))
    with pytest.raises(ReviewRefused, match="new version"):
        reviews.give(other.call, scorecard=first, scores=all_scores(), by=by(cast.ruth), at=AFTER, **WORDS)
    with pytest.raises(ScorecardRefused):
        scorecards.write(second.criteria.all()[0], scorecard=second, skill=SKILL, by=SET_UP, at=AFTER)


@pytest.mark.parametrize(
    "change", [{"name_ko": " "}, {"weight": 0}, {"weight": 11}, {"scale": 1}, {"scale": 11}, {"anchors_ja": "5: 聞く"}, {"anchors_en": "no number"},
               {"anchors_en": "1: a\n5: b\n6: c"}, {"anchors_ko": ""}],
)  # fmt: skip
def test_a_criterion_has_its_words_in_all_languages_and_a_scale_that_can_be_scored(cast: Cast, change: dict[str, object]) -> None:
    draft = scorecards.begin(by=SET_UP, at=AFTER)
    with pytest.raises(ScorecardRefused):
        scorecards.write(None, scorecard=draft, skill=replace(SKILL, **change), by=SET_UP, at=AFTER)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        scorecards.write(None, scorecard=draft, skill=SKILL, by=by(cast.ruth), at=AFTER)
    scorecards.discard(draft, by=SET_UP, at=AFTER)
    assert Scorecard.objects.count() == 1


def test_a_result_weighs_what_weighs_more() -> None:
    card = scorecards.in_force()
    assert card
    heavy, light = (next(one for one in card.criteria.all() if one.weight == weight) for weight in (2, 1))
    assert scorecards.result([(heavy, 5), (light, 1)]) == pytest.approx(2 / 3)
    assert scorecards.result([(heavy, 1), (light, 1)]) == 0
    assert scorecards.result([]) is None


def test_two_coaches_on_one_call_see_where_they_differ_and_agreement_is_told_from_enough_scores_on(cast: Cast) -> None:
    noor, recording = coach_of(cast), recorded(cast)
    one = reviewed(recording, user=cast.ruth, points=4)
    other = reviewed(recording, user=noor, points=4)
    score = other.scores.all()[2]
    type(score).objects.filter(pk=score.pk).update(points=1)
    rows = {review.pk: review for review in Review.objects.visible_to(cast.ruth).for_listing()}
    found = reviews.differences(rows[one.pk], other=rows[other.pk])
    assert [each.apart for each in found] == [3, 0, 0, 0, 0, 0, 0]
    assert found[0].criterion == score.criterion
    agreement = reviews.agreement(Review.objects.visible_to(cast.ruth))
    assert (agreement.n, agreement.n_calls, agreement.kappa) == (7, 1, None), "of seven scores nothing is told"
    assert not Review.objects.visible_to(cast.mina).exists()


def test_a_given_score_may_be_a_moment_alone_or_words_alone(cast: Cast) -> None:
    recording, card = heard(recorded(cast), user=cast.ruth), scorecards.in_force()
    assert card
    scores = {pk: Given(5, second=0) if nth % 2 else Given(1, words="never asked") for nth, pk in enumerate(all_scores())}
    review = reviews.give(recording.call, scorecard=card, scores=scores, by=by(cast.ruth), at=AFTER, **WORDS)
    assert {score.second is None for score in review.scores.all()} == {True, False}
