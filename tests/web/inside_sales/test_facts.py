"""The seven facts on the page of a lead, at their own address, and in the glance beside the list."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import Fact, FactState
from tests.cast import MONDAY, Cast
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def test_a_fact_is_written_without_script_and_stands_on_the_page(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.ivo)
    page = client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "0 of 7 known" in page
    address = reverse("lead_fact", args=[lead.pk, "budget"])
    assert address in page
    assert client.get(address).status_code == 200
    assert client.post(address, {"words": "400 million won", "seen": "0"})["Location"] == reverse("lead", args=[lead.pk])
    page = client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "400 million won" in page
    assert "1 of 7 known" in page


def test_asked_in_vain_is_a_tick_and_nothing_at_all_opens_it_again(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.ivo)
    address = reverse("lead_fact", args=[lead.pk, "timing"])
    client.post(address, {"words": "", "asked": "on", "seen": "0"})
    assert qualification.of(lead)["timing"].state is FactState.ASKED
    client.post(address, {"words": "", "seen": str(qualification.of(lead)["timing"].seen)})
    assert qualification.of(lead)["timing"].state is FactState.OPEN


def test_whoever_was_slower_sees_the_other_words_and_chooses(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.ivo)
    qualification.learn(lead, fact=Fact.SIZE, words="46 seats", by=By(cast.ruth, Door.WEB), at=MONDAY)
    address = reverse("lead_fact", args=[lead.pk, "size"])
    answer = client.post(address, {"words": "64 seats", "seen": "0"}, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "46 seats" in text
    assert "Keep theirs" in text
    assert client.post(address, {"words": "64 seats", "seen": "0", "theirs": "1"}).status_code == 302
    assert qualification.of(lead)["size"].words == "46 seats"
    client.post(address, {"words": "64 seats", "seen": str(qualification.of(lead)["size"].seen)})
    assert qualification.of(lead)["size"].words == "64 seats"


def test_the_history_names_who_learned_what(cast: Cast) -> None:
    lead = lead_of(cast)
    for words in ("64 seats", "80 seats"):
        qualification.learn(lead, fact=Fact.SIZE, words=words, by=By(cast.ivo, Door.WEB), at=MONDAY)
    page = signed_in(cast.ruth).get(reverse("lead_facts", args=[lead.pk])).content.decode()
    assert page.index("80 seats") < page.index("64 seats")


def test_the_glance_beside_the_list_names_what_is_missing(cast: Cast) -> None:
    lead = lead_of(cast)
    for fact in list(Fact)[:5]:
        qualification.learn(lead, fact=fact, words="yes", by=By(cast.ivo, Door.WEB), at=MONDAY)
    glance = signed_in(cast.ivo).get(reverse("lead_peek", args=[lead.pk])).content.decode()
    assert "Decision maker, Competitors" in glance


def test_nobody_learns_of_a_lead_that_is_not_theirs_or_by_no_such_fact(cast: Cast) -> None:
    lead = lead_of(cast)
    address = reverse("lead_fact", args=[lead.pk, "budget"])
    assert signed_in(cast.saori).post(address, {"words": "x"}).status_code == 404
    assert signed_in(cast.chika).post(address, {"words": "x"}).status_code == 403
    assert signed_in(cast.ivo).get(reverse("lead_fact", args=[lead.pk, "colour"])).status_code == 404
    assert signed_in(cast.saori).get(reverse("lead_facts", args=[lead.pk])).status_code == 404


@pytest.mark.parametrize("said", [{"words": "x" * 501}, {"words": "ok", "seen": "-1"}, {"words": "ok", "seen": "9" * 40}, {"words": "ok", "seen": "NaN"}])
def test_hostile_words_are_told_and_not_kept(cast: Cast, said: dict[str, str]) -> None:
    lead = lead_of(cast)
    assert signed_in(cast.ivo).post(reverse("lead_fact", args=[lead.pk, "size"]), said).status_code == 422
    assert qualification.of(lead)["size"].state is FactState.OPEN


def test_markup_in_words_is_text(cast: Cast) -> None:
    lead = lead_of(cast)
    qualification.learn(lead, fact=Fact.SIZE, words="<script>alert(1)</script>", by=By(cast.ivo, Door.WEB), at=MONDAY)
    page = signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
