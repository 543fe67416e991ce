"""Scores: fit by rules, engagement by what they did and when, each with its reasons; current whoever writes, and kept when a version goes."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import translation

from tasuki.analytics import forward_decay
from tasuki.core.audit import By, Door
from tasuki.crm import leads, records, stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import computing, keeping, scores, versions
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.scores import FormerScore, LeadScore, ScoreDue
from tasuki.crm.timeline import Kind, TimelineEntry
from tests.cast import MONDAY, Cast
from tests.crm.scoring.desk import DAY, HOUR, POINTS, did, drafted, in_force, rule
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db


def score_of(lead: Lead) -> LeadScore:
    return LeadScore.objects.select_related("model").get(lead=lead)


def test_fit_and_engagement_are_two_numbers_and_a_grade(cast: Cast) -> None:
    lead = lead_of(cast)
    did(lead, Happening.MEETING, at=MONDAY + DAY)
    in_force(cast)
    score = score_of(lead)
    # It came in by its own hand an hour after Monday began, and met us a day after.
    hand_raise = 20 * 2 ** (-(23 / 24) / 14)
    assert (score.fit, score.letter) == (65, "A")
    assert score.points_left(MONDAY + DAY) == pytest.approx(25 + hand_raise)
    assert score.grade(MONDAY + DAY) == "A1"
    assert score.grade(MONDAY + 60 * DAY) == "A4", "what they did is forgotten, and nobody had to write that"
    assert score.points_left(MONDAY + 15 * DAY) == pytest.approx((25 + hand_raise) / 2)


def test_reasons_are_in_the_words_of_the_reader_the_strongest_first(cast: Cast) -> None:
    lead = lead_of(cast)
    for nth in range(3):
        did(lead, Happening.VISIT, at=MONDAY + nth * HOUR)
    in_force(cast)
    told = {language: _words(lead, language) for language in ("en", "ko")}
    assert told["en"] == ["an exchange", "came to a webinar", "raised their hand"]
    assert told["ko"][0] == "an exchange (한)"


def _words(lead: Lead, language: str) -> list[str]:
    with translation.override(language):
        return [reason.words for reason in scores.reasons_of([score_of(lead)])[lead.pk]]


def test_a_lead_without_anything_is_scored_all_the_same(cast: Cast) -> None:
    lead = lead_of(cast, source="fair")
    Lead.objects.filter(pk=lead.pk).update(account=None)
    lead.timeline.all().delete()
    in_force(cast)
    score = score_of(lead)
    assert (score.fit, score.letter, score.engagement, score.reasons, score.last_at) == (0, "D", -math.inf, [], None)
    assert score.points_left(MONDAY) == 0
    assert score.grade(MONDAY) == "D4"


@pytest.mark.parametrize("seed", range(8))
def test_the_statement_agrees_with_the_arithmetic(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    lead = lead_of(cast)
    lead.timeline.all().delete()
    done = [(MONDAY + timedelta(days=chance.uniform(-4000, 4000)), chance.choice([*POINTS][1:])) for _ in range(chance.randint(1, 30))]
    for at, what in done:
        did(lead, Happening(what), at=at)
    half_life = chance.choice([0.5, 3, 14, 400])
    in_force(cast, half_life_days=half_life)
    stored = forward_decay.added([(at, POINTS[what]) for at, what in done], half_life_days=half_life)
    assert score_of(lead).engagement == pytest.approx(stored, abs=1e-6)


def test_what_happens_is_scored_when_the_changes_are_absorbed(cast: Cast) -> None:
    in_force(cast)
    lead = lead_of(cast)
    keeping.absorb(at=MONDAY)
    before = score_of(lead)
    did(lead, Happening.MAIL_REPLIED, at=MONDAY + 2 * HOUR)
    records.change_account(lead.account, said={"industry": "bakery"}, by=By(cast.ivo, Door.WEB), at=MONDAY)
    assert keeping.absorb(at=MONDAY) >= 2
    after = score_of(lead)
    assert (before.fit, after.fit) == (65, 25)
    assert after.engagement > before.engagement
    assert keeping.absorb(at=MONDAY) == 0


def test_what_an_import_copies_in_is_due_too(cast: Cast) -> None:
    lead = lead_of(cast)
    ScoreDue.objects.all().delete()
    with connection.cursor() as cursor, cursor.copy("COPY crm_timelineentry (at, kind, lead_id, contact_id, text, detail) FROM STDIN") as copy:
        copy.write_row((MONDAY, "visit", lead.pk, lead.contact_id, "", "{}"))
        copy.write_row((MONDAY, "visit", None, lead.contact_id, "", "{}"))
        copy.write_row((MONDAY, "note", lead.pk, None, "", "{}"))
    assert list(ScoreDue.objects.values_list("lead_id", flat=True)) == [lead.pk]


def test_of_moves_only_those_with_points_make_a_score_due(cast: Cast) -> None:
    lead = lead_of(cast)
    ScoreDue.objects.all().delete()
    for detail, n_due in (({"to": "captured", "import": 7}, 0), ({"to": "captured", "origin": "inbound_again"}, 1)):
        TimelineEntry.objects.bulk_create([TimelineEntry(at=MONDAY, kind=Kind.MOVE, lead=lead, detail=detail)])
        assert ScoreDue.objects.filter(lead_id=lead.pk).count() == n_due


def test_a_visit_by_the_person_counts_for_the_lead(cast: Cast) -> None:
    lead = lead_of(cast)
    in_force(cast)
    before = score_of(lead).points_left(MONDAY + DAY)
    entry = did(lead, Happening.VISIT, at=MONDAY + DAY)
    type(entry).objects.filter(pk=entry.pk).update(lead=None)
    keeping.absorb(at=MONDAY + DAY)
    assert score_of(lead).points_left(MONDAY + DAY) == pytest.approx(before + 2)


def test_the_order_by_rank_is_that_of_the_expected_value_at_any_later_time(cast: Cast) -> None:
    found = [lead_of(cast, nth, name=("한", f"{nth}"), source=("webinar", "fair")[nth % 2]) for nth in range(1, 9)]
    chance = random.Random(3)
    for lead in found:
        for _ in range(chance.randint(0, 3)):
            did(lead, Happening.VISIT, at=MONDAY + chance.uniform(0, 90) * HOUR)
    model = in_force(cast)
    by_rank = [score.lead_id for score in LeadScore.objects.order_by("-rank")]
    for days in (5, 50, 5000):
        at = MONDAY + days * DAY
        expected = {score.lead_id: _expected(score, model=model, at=at) for score in LeadScore.objects.select_related("lead")}
        assert sorted(by_rank, key=lambda pk: -expected[pk]) == by_rank, days


def _expected(score: LeadScore, *, model: versions.ScoreModel, at: object) -> float:
    """The logarithm of the expected value by its definition: chance × worth × reachability × freshness, as of a moment."""
    assert score.last_at
    points = forward_decay.left(score.engagement, at=score.last_at, half_life_days=model.half_life_days)
    chance = (min(max(score.fit, 1), 100) + min(points, 100)) / 200
    since = max(score.last_at, score.lead.stage_since)
    age = (at - since).total_seconds() / 3600 / model.fresh_half_life_hours  # type: ignore[operator]  # a datetime
    return math.log2(chance) + math.log2(computing.REACHED["nothing"]) - age


def test_a_new_version_keeps_what_the_old_one_said(cast: Cast) -> None:
    lead = lead_of(cast)
    first = in_force(cast)
    old = score_of(lead)
    by = By(cast.ada, Door.WEB)
    draft = versions.begin(by=by, at=MONDAY)
    assert draft.fit_rules.count() == 2, "a draft begins with what is in force"
    rule(draft, "pass:is(1)", -30, by=by)
    second = keeping.publish(draft, by=by, at=MONDAY + DAY)
    keeping.rescore(at=MONDAY + DAY)
    former = FormerScore.objects.get(lead=lead)
    assert (former.model, former.fit, former.reasons) == (first, old.fit, old.reasons)
    assert (score_of(lead).model, score_of(lead).fit) == (second, 35)


def test_scoring_goes_on_where_it_stopped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [lead_of(cast, nth, name=("한", f"{nth}")) for nth in range(1, 6)]
    monkeypatch.setattr(keeping, "CHUNK", 2)
    model = keeping.publish(drafted(cast), by=By(cast.ada, Door.WEB), at=MONDAY)
    assert keeping._next_chunk(at=MONDAY)
    assert LeadScore.objects.count() == 2
    keeping.rescore(at=MONDAY)
    assert set(LeadScore.objects.values_list("lead", flat=True)) == {lead.pk for lead in found}
    model.refresh_from_db()
    assert model.rescored_at == MONDAY
    keeping.rescore(at=MONDAY)


def test_who_has_left_inside_sales_keeps_the_last_word(cast: Cast) -> None:
    lead = lead_of(cast)
    in_force(cast)
    leads.disqualify(lead, reason="closed", by=By(cast.ivo, Door.WEB), at=MONDAY + DAY)
    before = score_of(lead)
    did(lead, Happening.VISIT, at=MONDAY + 2 * DAY)
    keeping.absorb(at=MONDAY + 2 * DAY)
    assert score_of(lead).engagement == before.engagement


def test_scores_go_with_their_lead(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.READY)
    in_force(cast)
    assert score_of(lead)
    with connection.cursor() as cursor:
        cursor.execute("SELECT confdeltype FROM pg_constraint WHERE conname = 'crm_leadscore_of_lead'")
        assert cursor.fetchone() == ("c",)
