"""Scoring in the settings and on leads: a draft is written, tried and published by whoever edits the process, and read by whoever sees the lead."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.crm.scoring import versions
from tasuki.crm.scoring.scores import LeadScore
from tasuki.crm.scoring.versions import ScoreModel
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.crm.scoring.desk import drafted, in_force
from tests.web.office import lead_of, signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db

RULE = {"condition": "pass:is(1)", "points": 9, "words_en": "first", "words_ko": "처음", "words_ja": "初回"}


def test_from_nothing_to_a_version_in_force(cast: Cast) -> None:
    operations = signed_in(hired("oda", "Oda", "Emi", role=Role.OPERATIONS, team=cast.revenue))
    assert "No lead is scored yet" in operations.get(reverse("scoring")).content.decode()
    for name in ("scoring_draft", "scoring_suggested"):
        assert operations.post(reverse(name)).status_code == 302
    assert operations.post(reverse("scoring_rules"), RULE).status_code == 302
    assert operations.post(reverse("scoring_publication")).status_code == 302
    told = " ".join(read(operations.get(reverse("scoring")).content.decode()).texts)
    assert "Version 1" in told
    assert "first" in told


def test_a_rule_that_is_wrong_is_shown_again_with_the_reason(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    draft = drafted(cast)
    for said in (
        {"condition": "stage:is(ready)"},
        {"points": 0},
        {"points": "x"},
        {"words_ko": ""},
        {"condition": "x" * 2000},
    ):
        answer = ada.post(reverse("scoring_rules"), RULE | said)
        assert answer.status_code == 422, said
    one = draft.fit_rules.all()[0]
    assert ada.post(reverse("scoring_rule", args=[one.pk]), RULE | {"points": 33}).status_code == 302
    assert draft.fit_rules.get(pk=one.pk).points == 33
    assert ada.post(reverse("scoring_rule_removal", args=[one.pk])).status_code == 302
    assert draft.fit_rules.count() == 1


def test_a_rule_is_read_and_changed_as_a_sentence(cast: Cast) -> None:
    lead_of(cast, source="fair")
    ada, one = signed_in(cast.ada), drafted(cast).fit_rules.all()[0]
    address = reverse("scoring_rule", args=[one.pk])
    assert one.condition not in ada.get(reverse("scoring")).content.decode(), "the words of the reader stand there"
    asked = ada.get(f"{address}?filter=source:is(fair)").content.decode()
    assert "Of the newest 1 leads on their way to sales, 1 meet it." in asked
    assert 'value="source:is(fair)"' in asked
    offered = ada.get(address).content.decode()
    assert "add=account.country" in offered
    assert "add=stage" not in offered, "where a lead stands says nothing of fit"


def test_a_rule_whose_field_is_gone_says_so_and_is_asked_anew(cast: Cast) -> None:
    ada, one = signed_in(cast.ada), drafted(cast).fit_rules.all()[0]
    type(one).objects.filter(pk=one.pk).update(condition="custom.f9:is(x)")
    assert "cannot be asked any more" in ada.get(reverse("scoring")).content.decode()
    assert "Say anew which leads it is about." in ada.get(reverse("scoring_rule", args=[one.pk])).content.decode()


def test_without_a_draft_nothing_is_written(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    for name in ("scoring_rules", "scoring_measures", "scoring_publication", "scoring_removal", "scoring_suggested"):
        assert ada.post(reverse(name), RULE).status_code == 422, name
    published = in_force(cast)
    assert ada.post(reverse("scoring_rule", args=[published.fit_rules.all()[0].pk]), RULE).status_code == 422


def test_the_measures_are_written_as_one(cast: Cast) -> None:
    ada, draft = signed_in(cast.ada), drafted(cast)
    said = {name: getattr(draft, name) for name in versions.MEASURES} | {f"did_{one}": 3 for one in POINTS}
    assert ada.post(reverse("scoring_measures"), said | {"fit_a": 80}).status_code == 302
    assert ScoreModel.objects.get(pk=draft.pk).fit_a == 80
    for wrong in ({"fit_a": 1}, {"half_life_days": "NaN"}, {"half_life_days": "1e400"}, {"did_form": 101}, {"warm_3": 0}):
        assert ada.post(reverse("scoring_measures"), said | wrong).status_code == 422, wrong


POINTS = ("form", "visit", "mail_opened", "mail_clicked", "mail_replied", "conversation", "meeting")


def test_a_trial_shows_what_would_change(cast: Cast) -> None:
    lead_of(cast)
    in_force(cast)
    draft = versions.begin(by=SET_UP, at=MONDAY)
    versions.measure(draft, measures={"fit_a": 90, "fit_b": 80, "fit_c": 70}, points={}, by=SET_UP, at=MONDAY)
    told = " ".join(read(signed_in(cast.ada).get(reverse("scoring_trial")).content.decode()).texts)
    assert "(1) the draft says something else of 1" in told


@pytest.mark.parametrize("person", ["ruth", "ivo", "mina", "saori", "chika"])
def test_whoever_does_not_edit_the_process_is_refused(cast: Cast, person: str) -> None:
    drafted(cast)
    client = signed_in(getattr(cast, person))
    assert client.get(reverse("scoring")).status_code == 403
    assert client.get(reverse("scoring_trial")).status_code == 403
    assert client.post(reverse("scoring_publication")).status_code == 403


def test_a_lead_says_its_grade_and_why_on_its_page_and_in_the_list(cast: Cast) -> None:
    lead = lead_of(cast)
    in_force(cast)
    ivo = signed_in(cast.ivo)
    card = " ".join(read(ivo.get(reverse("lead", args=[lead.pk])).content.decode()).texts)
    assert "65 points" in card
    assert "an exchange" in card
    lead_of(cast, 2, name=("문", "지호"), source="fair")
    LeadScore.objects.exclude(lead=lead).delete()
    listed = ivo.get(f"{reverse('leads')}?sort=-grade").content.decode()
    assert 0 < listed.index("한 서윤" if "한 서윤" in listed else "한서윤") < listed.index("지호")
    assert "지호" not in ivo.get(f"{reverse('leads')}?filter=grade:is(A)").content.decode()
    assert ivo.get(f"{reverse('leads')}?sort=fit&columns=person,fit,engagement").status_code == 200


def test_a_lead_that_raises_a_hand_is_scored_at_once(cast: Cast) -> None:
    in_force(cast)
    assert LeadScore.objects.get(lead=lead_of(cast)).fit == 65
