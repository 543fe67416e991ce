"""Show, explain, let do, praise; praise for deeds; what stands out for a coach; and the score of a talk that was measured."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasuki.core import people
from tasuki.core.abilities import Role
from tasuki.core.errors import Forbidden
from tasuki.crm.notifications import Notification
from tasuki.engage import calls, talk_figures
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.talk_figures import Figures, FiguresRefused
from tasuki.inside_sales.coaching import cards, overview, praises, samples, talk_scores
from tasuki.inside_sales.coaching.cards import CardRefused, CardStep, SkillCard, Step
from tasuki.inside_sales.coaching.overview import Kind
from tasuki.inside_sales.coaching.praises import Praise, PraiseRefused
from tasuki.inside_sales.coaching.talk_scores import TalkScore
from tasuki.inside_sales.coaching.whom import NotTheirCoach
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.inside_sales.coaching.hearing import AFTER, by, coach_of, recorded, reviewed, talked

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TODAY = MONDAY.date()


def card_of(cast: Cast, skill: str = "Asking for the day") -> SkillCard:
    return cards.begin(cast.ivo, skill=skill, next_on=TODAY, by=by(cast.ruth), at=MONDAY)


def test_a_card_goes_through_all_four_steps_in_order_and_ends_with_praise(cast: Cast) -> None:
    card = card_of(cast)
    for words, who in (("We heard a model call.", cast.ruth), ("Why the day matters.", cast.ruth), ("I asked twice today.", cast.ivo)):
        cards.step_on(card, words=words, next_on=TODAY + DAY, by=by(who), at=MONDAY)
        card.refresh_from_db()
        assert card.finished_at is None
    with pytest.raises(Forbidden):
        cards.step_on(card, words="I praise myself.", by=by(cast.ivo), at=MONDAY)
    cards.step_on(card, words="You asked, and waited.", by=by(cast.ruth), at=MONDAY)
    card.refresh_from_db()
    assert card.finished_at == MONDAY
    assert [one.step for one in card.taken] == [Step.SHOW, Step.EXPLAIN, Step.LET_DO, Step.PRAISE]
    praise = Praise.objects.get()
    assert (praise.receiver, praise.giver, praise.card, praise.deed) == (cast.ivo, cast.ruth, card, "You asked, and waited.")
    with pytest.raises(CardRefused, match="finished"):
        cards.step_on(card, words="Once more.", by=by(cast.ruth), at=MONDAY)


def test_no_step_is_taken_twice_or_without_words_or_a_day_for_the_next(cast: Cast) -> None:
    card = card_of(cast)
    for words, next_on in ((" ", TODAY), ("shown", None), ("shown", TODAY - DAY), ("x" * 1_001, TODAY)):
        with pytest.raises(CardRefused):
            cards.step_on(card, words=words, next_on=next_on, by=by(cast.ruth), at=MONDAY)
    cards.step_on(card, words="shown", next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        CardStep.objects.create(card=card, step=1, words="again", taken_at=MONDAY)
    with pytest.raises(Forbidden):
        cards.step_on(card, words="I explain it to myself.", next_on=TODAY, by=by(cast.ivo), at=MONDAY)


def test_only_a_coach_opens_a_card_one_for_a_skill_and_a_stranger_sees_none(cast: Cast) -> None:
    card_of(cast)
    with pytest.raises(CardRefused, match="already"):
        card_of(cast)
    for stranger in (cast.ivo, cast.saori, cast.mina):
        with pytest.raises(NotTheirCoach):
            cards.begin(cast.ivo, skill="Other", next_on=TODAY, by=by(stranger), at=MONDAY)
    assert not SkillCard.objects.visible_to(cast.saori).exists()
    assert SkillCard.objects.visible_to(coach_of(cast)).exists()


def test_anybody_praises_anybody_for_a_deed_on_a_record_that_they_see(cast: Cast) -> None:
    call = talked(cast)
    praises.give(cast.ivo, deed="He asked who decides.", lead=call.lead, by=by(cast.mina), at=AFTER)
    praises.give(cast.ruth, deed="She listened to five calls.", call=call, by=by(cast.ivo), at=AFTER)
    assert Praise.objects.visible_to(cast.chika).count() == 2
    assert not Praise.objects.visible_to(cast.tomas).exists()
    assert list(Notification.objects.filter(happening="praise").values_list("person", flat=True)) == [cast.ivo.pk, cast.ruth.pk]
    with pytest.raises(Forbidden):
        praises.give(cast.ivo, deed="He was kind to them.", lead=call.lead, by=by(cast.chika), at=AFTER)


def test_praise_is_for_somebody_else_says_what_for_and_hangs_on_a_record(cast: Cast) -> None:
    lead = talked(cast).lead
    observer = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    gone = hired("gone", "Left", "Who", team=cast.inside_sales)
    people.leave(gone, by=SET_UP, at=MONDAY)
    gone.refresh_from_db()
    for whom, deed, giver, record, refusal in [
        (cast.ivo, "I am great, I am.", cast.ivo, lead, PraiseRefused),
        (cast.ivo, "Nice", cast.ruth, lead, PraiseRefused),
        (cast.ivo, "x" * 1_001, cast.ruth, lead, PraiseRefused),
        (cast.ivo, "He asked who decides.", cast.ruth, None, PraiseRefused),
        (gone, "He asked who decides.", cast.ruth, lead, PraiseRefused),
        (cast.ivo, "He asked who decides.", observer, lead, Forbidden),
    ]:
        with pytest.raises(refusal):
            praises.give(whom, deed=deed, lead=record, by=by(giver), at=AFTER)
    assert not Praise.objects.exists()


def test_what_stands_out_comes_first_the_most_pressing_kind_before_the_others(cast: Cast) -> None:
    recording, at = recorded(cast), MONDAY + timedelta(days=20)
    calls.dispose(recording.call, outcome=Outcome(Disposition.TALK, note="night checks"), by=by(cast.ivo), at=AFTER)
    samples.draw_last_week(at=MONDAY + timedelta(days=7))
    card = card_of(cast)
    for words in ("shown", "explained", "tried it"):
        cards.step_on(card, words=words, next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    card_of(cast, "Another skill")
    found = overview.findings(overview.lines(cast.ruth, at=at), at=at)
    assert [one.kind for one in found] == [Kind.OVERDUE, Kind.PRAISE_DUE, Kind.CARD_LATE, Kind.UNHEARD]
    reviewed(recording, user=cast.ruth, at=at)
    later = at + timedelta(days=8)
    assert [one.kind for one in overview.findings(overview.lines(cast.ruth, at=later), at=later)] == [Kind.PRAISE_DUE, Kind.CARD_LATE, Kind.UNREAD]
    assert overview.lines(cast.ivo, at=at) == [], "who coaches nobody is told nothing"
    listening = overview.listening(cast.ruth, at=at)
    assert (listening.n_heard, listening.n_to_hear, listening.n_left, listening.n_corrections) == (1, 5, 4, 1)


def test_a_person_of_whose_talks_few_were_recorded_stands_out_so_that_nobody_picks_by_not_recording(cast: Cast) -> None:
    for nth in range(1, 6):
        call = talked(cast, nth, at=MONDAY + timedelta(hours=nth))
        calls.dispose(call, outcome=Outcome(Disposition.TALK), by=by(cast.ivo), at=MONDAY + timedelta(hours=nth, minutes=10))
    (found,) = overview.findings(overview.lines(cast.ruth, at=MONDAY + DAY), at=MONDAY + DAY)
    assert (found.kind, found.n, found.of) == (Kind.UNRECORDED, 0, 5)


def test_the_overview_costs_the_same_for_two_people_and_for_twelve(cast: Cast) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            overview.findings(overview.lines(cast.ruth, at=AFTER), at=AFTER)
        return len(queries)

    reviewed(recorded(cast), user=cast.ruth)
    card_of(cast)
    few = cost()
    for nth in range(10):
        colleague = hired(f"more{nth}", "Kim", f"Jun{nth}", role=Role.INSIDE_SELLER, team=cast.inside_sales)
        cards.begin(colleague, skill="Opening", next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    assert cost() == few


def test_a_call_that_was_measured_has_its_score_at_once_and_one_without_figures_has_none(cast: Cast) -> None:
    call, other = talked(cast, 1, minutes=8), talked(cast, 2, at=MONDAY + timedelta(hours=1))
    for _twice in range(2):
        talk_figures.note(call, figures=Figures(55, 4, 8, 70), by=SET_UP, at=AFTER)
    assert [(one.call, one.rule, one.score) for one in TalkScore.objects.all()] == [(call, 1, Decimal(50))]
    assert talk_scores.of(other) is None


def test_a_kind_of_call_in_which_one_tells_more_is_measured_by_that(cast: Cast) -> None:
    call = talked(cast, minutes=8)
    CallType.objects.filter(pk=call.call_type_id).update(talk_target_percent=55)
    call.refresh_from_db()
    talk_figures.note(call, figures=Figures(55, 4, 8, 70), by=SET_UP, at=AFTER)
    told = talk_scores.of(call)
    assert told is not None
    assert (told.score, told.talk_target_percent) == (Decimal(65), 55), "fifteen more than by the 40 of the house"


def test_another_rule_gives_another_score_and_the_old_one_stays(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    call = talked(cast, minutes=8)
    talk_figures.note(call, figures=Figures(55, 4, 8, 70), by=SET_UP, at=AFTER)
    monkeypatch.setattr(talk_scores, "RULES", {**talk_scores.RULES, 2: talk_scores.RULES[1]})
    monkeypatch.setattr(talk_scores, "IN_FORCE", 2)
    talk_scores.keep(call, at=AFTER)
    assert list(TalkScore.objects.order_by("rule").values_list("rule", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    "figures", [Figures(101, 0, 0, 0), Figures(-1, 0, 0, 0), Figures(float("nan"), 0, 0, 0), Figures(50, -1, 0, 0), Figures(50, 0, 0, 10**9)]
)
def test_figures_that_cannot_be_are_refused(cast: Cast, figures: Figures) -> None:
    with pytest.raises(FiguresRefused):
        talk_figures.note(talked(cast), figures=figures, by=SET_UP, at=AFTER)
