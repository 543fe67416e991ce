"""Saved views: a state of a list under a name, for oneself, one's team or everybody, and for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tasuki.core import saved_views
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Gone
from tasuki.core.saved_views import CannotBringBack, SavedView
from tests.cast import Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in
from tests.web.reading import said_by

pytestmark = pytest.mark.django_db


def save(client: Client, *, name: str = "Fairs", reach: str = "mine", of: str = "lead", **shown: str) -> SavedView | None:
    said = {"of": of, "name": name, "reach": reach, "filter": "source:is(fair)", "sort": "-opened", "columns": "person,source", "next": "/leads", **shown}
    answer = client.post(reverse("view_add"), said)
    assert answer.status_code == 302
    return SavedView.objects.filter(name=name).last()


def tabs(client: Client) -> str:
    return client.get(reverse("leads")).content.decode().split("</nav>")[2]


def test_ivo_saves_what_he_looks_at_and_finds_it_again(cast: Cast) -> None:
    fair = lead_of(cast, 1, source="fair")
    lead_of(cast, 2)
    ivo = signed_in(cast.ivo)
    view = save(ivo)
    assert view
    text = ivo.get(reverse("leads"), {"view": view.pk}).content.decode()
    assert f"/leads/{fair.pk}" in text
    assert text.count('class="sheet-name"') == 1
    assert "Fairs" in text
    assert [entry.action for entry in AuditEntry.objects.of(view)] == ["add"]


@pytest.mark.parametrize(("reach", "who_sees"), [("mine", {"ivo"}), ("team", {"ivo"}), ("all", {"ruth", "ivo", "saori", "mina"})])
def test_a_view_is_seen_by_those_it_is_for(cast: Cast, reach: str, who_sees: set[str]) -> None:
    author = "ruth" if reach == "all" else "ivo"
    view = save(signed_in(getattr(cast, author)), reach=reach)
    assert view
    for name in ("ivo", "saori", "mina", "ruth"):
        answer = signed_in(getattr(cast, name)).get(reverse("leads"), {"view": view.pk})
        assert (answer.status_code == 200) is (name in who_sees), name
    assert signed_in(cast.tomas).get(reverse("leads"), {"view": view.pk}).status_code == 403


def test_only_who_may_shares_with_everybody(cast: Cast) -> None:
    answer = signed_in(cast.ivo).post(reverse("view_add"), {"of": "lead", "name": "X", "reach": "all", "filter": "", "sort": "-opened", "columns": "person"})
    assert answer.status_code == 403
    assert not SavedView.objects.exists()


def test_me_in_a_shared_view_is_whoever_reads_it(cast: Cast) -> None:
    lead_of(cast)
    view = save(signed_in(cast.ruth), reach="all", filter="owner:is(me)")
    assert view
    assert 'class="sheet-name"' in signed_in(cast.ivo).get(reverse("leads"), {"view": view.pk}).content.decode()
    assert 'class="sheet-name"' not in signed_in(cast.ruth).get(reverse("leads"), {"view": view.pk}).content.decode()


def test_a_view_is_said_anew_and_removed_by_its_author_alone(cast: Cast) -> None:
    view = save(signed_in(cast.ruth), reach="all")
    assert view
    said = {"name": "Webinars", "reach": "all", "filter": "source:is(webinar)", "sort": "source", "columns": "person", "next": "/leads"}
    assert signed_in(cast.ivo).post(reverse("view_change", args=[view.pk]), said).status_code == 403
    assert signed_in(cast.ivo).post(reverse("view_remove", args=[view.pk])).status_code == 403
    assert signed_in(cast.ruth).post(reverse("view_change", args=[view.pk]), said).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.filter, view.sort, view.columns) == ("Webinars", "source:is(webinar)", "source", ["person"])
    assert signed_in(cast.ruth).post(reverse("view_remove", args=[view.pk])).status_code == 302
    assert not SavedView.objects.visible_to(cast.ruth).exists()
    assert [entry.action for entry in AuditEntry.objects.of(view).newest_first()] == ["remove", "change", "add"]


def test_a_view_that_was_removed_is_brought_back_for_all_who_had_it(cast: Cast) -> None:
    ruth, ivo = signed_in(cast.ruth), signed_in(cast.ivo)
    view = save(ruth, reach="all")
    assert view
    ruth.post(reverse("view_remove", args=[view.pk]), {"next": "/leads"})
    assert ivo.get(reverse("leads"), {"view": view.pk}).status_code == 400, "There is no such view."
    text = ruth.get(reverse("leads")).content.decode()
    assert "The view is removed, for everybody." in text
    assert f'action="{reverse("view_restoring", args=[view.pk])}"' in text
    assert ruth.post(reverse("view_change", args=[view.pk]), {"name": "X", "reach": "all"}).status_code == 404
    assert ivo.post(reverse("view_restoring", args=[view.pk])).status_code == 403, "only who may remove it"
    assert ruth.post(reverse("view_restoring", args=[view.pk]))["Location"] == f"/leads?view={view.pk}"
    assert "Fairs" in ivo.get(reverse("leads"), {"view": view.pk}).content.decode()
    assert ruth.post(reverse("view_restoring", args=[view.pk])).status_code == 404, "It is there already."
    assert [entry.action for entry in AuditEntry.objects.of(view).newest_first()] == ["restore", "remove", "add"]


@pytest.mark.parametrize(("reach", "sentence"), [("mine", "The view is removed."), ("team", "The view is removed, for your whole team.")])
def test_whoever_removes_a_view_reads_from_whom(cast: Cast, reach: str, sentence: str) -> None:
    ivo = signed_in(cast.ivo)
    view = save(ivo, reach=reach)
    assert view
    ivo.post(reverse("view_remove", args=[view.pk]), {"next": "/leads"})
    assert sentence in ivo.get(reverse("leads")).content.decode()
    assert signed_in(cast.saori).post(reverse("view_restoring", args=[view.pk])).status_code == 404


def test_a_removed_view_goes_for_good_after_a_month(cast: Cast) -> None:
    ivo = By(cast.ivo, Door.WEB)
    view = save(signed_in(cast.ivo))
    assert view
    saved_views.remove(view, by=ivo, at=MONDAY)
    with pytest.raises(Gone):
        saved_views.remove(view, by=ivo, at=MONDAY)
    late = MONDAY + saved_views.KEPT_AFTER_REMOVAL
    assert saved_views.forget_removed(at=late) == 0
    with pytest.raises(CannotBringBack):
        saved_views.bring_back(view, by=ivo, at=late + timedelta(seconds=1))
    assert saved_views.forget_removed(at=late + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("said", [{"name": ""}, {"name": "x" * 61}, {"filter": "stage"}, {"filter": "password:is(1)"}, {"reach": "world"}, {"name": "a\0b"}])
def test_what_cannot_be_saved_is_refused_in_words(cast: Cast, said: dict[str, str]) -> None:
    ivo = signed_in(cast.ivo)
    whole = {"of": "lead", "name": "X", "reach": "mine", "filter": "", "sort": "-opened", "columns": "person", "next": "/leads", **said}
    answer = ivo.post(reverse("view_add"), whole)
    assert answer.status_code in {302, 400}
    assert not SavedView.objects.exists()
    if answer.status_code == 302:
        assert "toast-error" in ivo.get(answer["Location"]).content.decode()


def test_a_view_saves_nothing_that_its_author_may_not_see(cast: Cast) -> None:
    deal_of(cast)
    mina = signed_in(cast.mina)
    assert save(mina, of="opportunity", filter="amount:over(1)") is None
    view = save(mina, of="opportunity", filter="", sort="-amount", columns="name,amount")
    assert view
    assert (view.sort, view.columns) == ("-opened", ["name"])


def test_a_view_of_a_column_that_the_reader_must_not_see_is_shown_without_it(cast: Cast) -> None:
    deal_of(cast)
    view = save(signed_in(cast.ruth), of="opportunity", reach="all", filter="", sort="-amount", columns="name,amount,owner")
    assert view
    text = said_by(signed_in(cast.mina).get(reverse("opportunities"), {"view": view.pk}))
    assert "777" not in text
    assert "sort=owner" in text


def test_the_way_back_leads_nowhere_else(cast: Cast) -> None:
    said = {"of": "lead", "name": "X", "reach": "mine", "filter": "", "sort": "-opened", "columns": "person", "next": "https://elsewhere.example/"}
    assert signed_in(cast.ivo).post(reverse("view_add"), said)["Location"].startswith("/?view=")
