"""Versions: a draft is written, tried and published; what cannot be asked, or would grade nothing, is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import defining
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.filters.errors import FilterWrong
from tasuki.crm import leads, opportunity_rules, stages
from tasuki.crm.leads import Lead
from tasuki.crm.opportunity_rules import Counted
from tasuki.crm.scoring import keeping, measuring, trials, versions
from tasuki.crm.scoring.scores import LeadScore
from tasuki.crm.scoring.versions import NoDraft, ScoreModel, ScoringRefused
from tests.cast import MONDAY, SET_UP, Cast
from tests.crm.scoring.desk import DAY, drafted, in_force, rule
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db


def by(cast: Cast) -> By:
    return By(cast.ada, Door.WEB)


def test_there_is_one_draft_and_beginning_again_finds_it(cast: Cast) -> None:
    draft = versions.begin(by=by(cast), at=MONDAY)
    assert versions.begin(by=by(cast), at=MONDAY) == draft
    versions.discard(draft, by=by(cast), at=MONDAY)
    assert ScoreModel.objects.draft() is None
    with pytest.raises(NoDraft):
        versions.discard(draft, by=by(cast), at=MONDAY)


def test_what_is_published_is_never_written_again(cast: Cast) -> None:
    published = in_force(cast)
    with pytest.raises(NoDraft):
        versions.measure(published, measures={"fit_a": 90}, points={}, by=by(cast), at=MONDAY)
    with pytest.raises(NoDraft):
        rule(published, "pass:is(1)", 5, by=by(cast))
    with pytest.raises(NoDraft):
        versions.drop_rule(published.fit_rules.all()[0], by=by(cast), at=MONDAY)
    with pytest.raises(NoDraft):
        keeping.publish(published, by=by(cast), at=MONDAY)


@pytest.mark.parametrize(
    "condition",
    [
        "",
        " ",
        "nonsense",
        "no_such_field:is(1)",
        "stage:is(ready)",
        "owner:is(me)",
        "opened:past(3 days)",
        "fit:over(3)",
        "interest:past(3 days)",
        "title:contains(\x00)",
        "any(",
    ],
)
def test_a_condition_that_cannot_say_what_fits_is_refused(cast: Cast, condition: str) -> None:
    draft = versions.begin(by=by(cast), at=MONDAY)
    with pytest.raises(FilterWrong):
        rule(draft, condition, 5, by=by(cast))


def test_a_rule_needs_points_and_words_in_three_languages(cast: Cast) -> None:
    draft = versions.begin(by=by(cast), at=MONDAY)
    for points in (0, 101, -101):
        with pytest.raises(ScoringRefused, match="points"):
            rule(draft, "pass:is(1)", points, by=by(cast))
    for words in ("", "x" * 121):
        with pytest.raises(ScoringRefused, match="languages"):
            rule(draft, "pass:is(1)", 5, words=words, by=by(cast)) if words else versions.write_rule(
                versions.FitRule(model=draft, condition="pass:is(1)", points=5, words_en="x"), by=by(cast), at=MONDAY
            )
    with pytest.raises(ScoringRefused, match="longer"):
        rule(draft, f"title:contains({'x' * 1000})", 5, by=by(cast))


def test_a_model_has_so_many_rules_at_most(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MOST_RULES", 2)
    draft = drafted(cast)
    with pytest.raises(ScoringRefused, match="2 rules"):
        rule(draft, "pass:is(1)", 5, by=by(cast))


@pytest.mark.parametrize(
    "measures", [{"fit_a": 10}, {"warm_3": 0}, {"warm_2": 50}, {"half_life_days": 0.1}, {"half_life_days": 1e9}, {"fresh_half_life_hours": 0}]
)
def test_measures_that_make_no_sense_are_refused(cast: Cast, measures: dict[str, float]) -> None:
    draft = versions.begin(by=by(cast), at=MONDAY)
    with pytest.raises(ScoringRefused):
        versions.measure(draft, measures=measures, points={}, by=by(cast), at=MONDAY)
    with pytest.raises(ScoringRefused):
        versions.measure(draft, measures={}, points={"visit": 101}, by=by(cast), at=MONDAY)
    with pytest.raises(TypeError):
        versions.measure(draft, measures={"version": 3}, points={}, by=by(cast), at=MONDAY)


def test_an_empty_draft_is_not_published(cast: Cast) -> None:
    with pytest.raises(ScoringRefused, match="needs a rule"):
        keeping.publish(versions.begin(by=by(cast), at=MONDAY), by=by(cast), at=MONDAY)


def test_the_trail_tells_what_was_written(cast: Cast) -> None:
    draft = drafted(cast)
    told = [entry.changes for entry in AuditEntry.objects.of(draft).order_by("pk")]
    assert told[1]["fit_rules"] == ["", "account.industry:is(exchange) +40"]
    assert told[3]["meeting"] == [0, 25]


def test_a_rule_that_cannot_be_asked_any_more_gives_no_points_and_stops_nothing(cast: Cast) -> None:
    field = defining.define(FieldNoun.LEAD, kind=FieldKind.TEXT, wording=Wording("Desk"), by=SET_UP, at=MONDAY)
    lead = lead_of(cast)
    draft = drafted(cast)
    rule(draft, f"{field.key}:empty", 11, by=by(cast))
    keeping.publish(draft, by=by(cast), at=MONDAY)
    keeping.rescore(at=MONDAY)
    assert LeadScore.objects.get(lead=lead).fit == 76
    defining.archive(field, by=SET_UP, at=MONDAY)
    keeping.score(lead, at=MONDAY)
    assert LeadScore.objects.get(lead=lead).fit == 65


def test_a_field_that_is_hidden_from_some_is_asked_by_no_rule(cast: Cast) -> None:
    field = defining.define(FieldNoun.LEAD, kind=FieldKind.TEXT, wording=Wording("Desk", hidden_from=(Role.MARKETER,)), by=SET_UP, at=MONDAY)
    with pytest.raises(FilterWrong):
        rule(versions.begin(by=by(cast), at=MONDAY), f"{field.key}:filled", 11, by=by(cast))


def test_a_trial_tells_what_would_change_and_changes_nothing(cast: Cast) -> None:
    lead = lead_of(cast)
    in_force(cast)
    draft = versions.begin(by=by(cast), at=MONDAY)
    rule(draft, "source:is(webinar)", -60, by=by(cast))
    trial = trials.tried(draft, person=cast.ada, at=MONDAY + DAY)
    assert (trial.n, trial.n_changed, dict(trial.before_by_grade), dict(trial.by_grade)) == (1, 1, {"A3": 1}, {"D3": 1})
    assert trial.changes[0].lead == lead
    assert (trial.changes[0].before.fit, trial.changes[0].after.fit) == (65, 5)  # type: ignore[union-attr]  # a version is in force
    assert trial.n_at_least("D", 4) == 1
    assert trial.n_at_least("C", 4) == 0
    assert LeadScore.objects.get(lead=lead).fit == 65
    assert trials.tried(draft, person=cast.tomas, at=MONDAY).n == 0


def _pass(cast: Cast, nth: int, *, accepted: bool, source: str) -> Lead:
    lead = lead_of(cast, nth, name=("한", f"{nth}"), stage=stages.READY, source=source)
    at = MONDAY + timedelta(hours=nth, days=1)
    if accepted:
        leads.advance(lead, to=stages.P1, by=by(cast), at=at)
    else:
        leads.disqualify(lead, reason="closed", by=by(cast), at=at)
    return lead


def test_with_a_past_to_count_the_list_is_ordered_by_how_often_a_grade_was_accepted(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LEAST_LABELLED", 6)
    for nth in range(1, 4):
        _pass(cast, nth, accepted=nth > 1, source="fair")
        _pass(cast, nth + 10, accepted=False, source="webinar")
    there = {source: lead_of(cast, 30, name=("한", source), stage=stages.READY, source=source) for source in ("fair", "webinar")}
    model = in_force(cast, fit_a=60, fit_b=40)
    assert model.rates == {"n": 6, "overall": pytest.approx(2 / 6), "of": {"3-2": [2, 3], "4-2": [0, 3]}, "is_measured": True, "counted": "accepted"}
    rank = {source: LeadScore.objects.get(lead=lead).rank for source, lead in there.items()}
    assert rank["fair"] > rank["webinar"], "the points say otherwise, the past says this"


def test_a_version_is_counted_by_what_an_opportunity_was_when_it_was_published(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LEAST_LABELLED", 2)
    further, *waiting = (_pass(cast, nth, accepted=True, source="fair") for nth in range(1, 4))
    leads.advance(further, to=stages.P2, by=by(cast), at=MONDAY + timedelta(days=9))
    _pass(cast, 11, accepted=False, source="fair")
    opportunity_rules.change(Counted.BEYOND_P1, by=by(cast), at=MONDAY)
    rates = in_force(cast, fit_a=60, fit_b=40).rates
    assert (rates["n"], sum(n for n, _of in rates["of"].values()), rates["counted"]) == (2, 1, "beyond_p1"), "in P1 nothing is decided yet"
    assert len(waiting) == 2


def test_with_too_little_of_a_past_no_rate_is_claimed(cast: Cast) -> None:
    _pass(cast, 1, accepted=True, source="fair")
    assert in_force(cast).rates == {"n": 1, "is_measured": False, "counted": "accepted"}
