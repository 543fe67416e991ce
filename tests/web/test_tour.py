"""The guided tour: one lead through the four legs, page by page; left for good, taken up again, and never a page that its reader may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import tours
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.core.tours import Tour
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tasuki.web import tour
from tests.cast import MONDAY, Cast, hired
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

ALL = ["won", "desk", "hand-off", "deal", "board", "customer", "numbers", "keys"]
HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE core_tour; --", "{{ 7 * 7 }}", "가" * 5000, "-1", "won%00"]


def won_deal(cast: Cast, nth: int = 1) -> Opportunity:
    deal, at = deal_of(cast, nth), MONDAY + timedelta(days=1 + nth)
    for phase in stages.IN_PIPELINE:
        opportunities.advance(deal, to=phase, by=By(cast.saori, Door.WEB), at=at)
    opportunities.win(deal, by=By(cast.saori, Door.WEB), at=at + timedelta(hours=1))
    return deal


def walked(client: Client) -> list[str]:
    """The stops, by going on from page to page until the tour is over; each panel says where it stands."""
    found, address = [], reverse("tour")
    while address:
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        page, text = str(answer.redirect_chain[-1][0]), answer.content.decode()
        found.append(page.split("tour=")[1])
        said = re.search(r"Guided tour, step (\d+) of (\d+)", text)
        assert said, page
        assert int(said[1]) == len(found)
        after = re.search(r'<a class="btn btn-fill" href="(/tour/[^"]+)"', text)
        assert bool(after) == (said[1] != said[2]), "only the last stop has none after it"
        assert ("Finish the tour" in text) == (after is None)
        address = after[1] if after else ""
    return found


def card(client: Client) -> bool:
    return 'id="tour-offer"' in client.get(reverse("home")).content.decode()


def invented() -> None:
    """Say of this house that it was invented, as the loading of the demo does."""
    AuditEntry.objects.create(at=MONDAY, actor=None, door=Door.COMMAND, noun="organisation", record_id=1, action="simulate")


def test_it_follows_one_lead_through_the_four_legs(cast: Cast) -> None:
    deal = won_deal(cast)
    client = signed_in(cast.ada)
    assert walked(client) == ALL
    assert client.get(reverse("tour_stop", args=["deal"]))["Location"] == f"{reverse('opportunity', args=[deal.pk])}?tour=deal"
    assert client.get(reverse("tour_stop", args=["board"]))["Location"] == f"{reverse('opportunities')}?as=board&tour=board"


def test_of_many_it_follows_a_lead_of_which_the_reader_sees_most(cast: Cast) -> None:
    known, later = won_deal(cast, 1), won_deal(cast, 2)
    assert tour.lead_to_follow(cast.saori) == later.lead_id, "the one that was won last"
    Lead.objects.filter(pk=later.lead_id).update(account=None)
    assert tour.lead_to_follow(cast.saori) == known.lead_id, "it has an account too"


def test_a_house_with_nothing_in_it_has_the_stops_that_need_no_record(cast: Cast) -> None:
    assert walked(signed_in(cast.ada)) == ["numbers", "keys"]
    lead_of(cast)
    Tour.objects.all().delete()
    assert walked(signed_in(cast.ada)) == ["won", "desk", "customer", "numbers", "keys"], "nothing was handed off, and there is no deal"


def test_what_a_reader_may_not_see_is_left_out(cast: Cast) -> None:
    deal = won_deal(cast)
    User.objects.filter(pk=cast.chika.pk).update(language="en")
    assert walked(signed_in(cast.chika)) == ["numbers", "keys"], "the lead is not hers"
    Lead.objects.filter(pk=deal.lead_id).update(team=cast.inside_sales, owner=None)
    assert walked(signed_in(cast.ivo)) == ["won", "desk", "hand-off", "customer", "numbers", "keys"], "his team's lead, and Saori's deal"
    assert walked(signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))) == ALL


def test_a_stop_that_the_reader_does_not_have_leads_to_the_first(cast: Cast) -> None:
    client = signed_in(cast.chika)
    for key in ("deal", "no-such-stop", "x" * 200):
        assert client.get(reverse("tour_stop", args=[key]))["Location"] == f"{reverse('relay')}?tour=numbers"


def test_when_the_lead_is_the_readers_no_more_the_tour_follows_another(cast: Cast) -> None:
    deal = won_deal(cast)
    client = signed_in(cast.saori)
    assert client.get(reverse("tour_stop", args=["won"]))["Location"].startswith(reverse("lead", args=[deal.lead_id]))
    leads.give(deal.lead, to=cast.chika, team=cast.success, by=By(cast.ada, Door.WEB), at=now())
    assert "Guided tour, step" not in client.get(f"{reverse('relay')}?tour=deal").content.decode()
    assert client.get(reverse("tour_stop", args=["won"]))["Location"] == f"{reverse('relay')}?tour=numbers"


def test_whoever_comes_back_goes_on_where_they_were(cast: Cast) -> None:
    won_deal(cast)
    client = signed_in(cast.ada)
    assert client.get(reverse("tour"))["Location"] == reverse("tour_stop", args=["won"])
    client.get(reverse("tour_stop", args=["board"]))
    assert client.get(reverse("tour"))["Location"] == reverse("tour_stop", args=["board"])
    client.post(reverse("tour_end"))
    assert client.get(reverse("tour"))["Location"] == reverse("tour_stop", args=["board"]), "left is not finished"
    client.get(reverse("tour_stop", args=["keys"]))
    client.post(reverse("tour_end"), {"finished": "1"})
    assert client.get(reverse("tour"))["Location"] == reverse("tour_stop", args=["won"]), "after the end it begins anew"


def test_it_is_offered_in_the_invented_company_until_it_is_left_or_finished(cast: Cast) -> None:
    client = signed_in(cast.ada)
    assert not card(client), "a real house does not begin with a tour"
    invented()
    assert card(client)
    client.get(reverse("tour_stop", args=["keys"]))
    assert "Go on with the tour" in client.get(reverse("home")).content.decode()
    answer = client.post(reverse("tour_end"), follow=True)
    assert "You have left the tour." in answer.content.decode()
    assert not card(client)
    assert card(signed_in(cast.ivo)), "what one leaves is offered to the others all the same"


def test_a_tour_that_was_left_stands_on_no_page(cast: Cast) -> None:
    client = signed_in(cast.ada)
    page = client.get(reverse("tour_stop", args=["numbers"]))["Location"]
    assert "Guided tour, step" in client.get(page).content.decode()
    answer = client.post(reverse("tour_end"), {"next": reverse("relay")})
    assert answer["Location"] == reverse("relay")
    assert "Guided tour, step" not in client.get(page).content.decode()
    assert client.post(reverse("tour_end"), {"next": "https://evil.example/"})["Location"] == reverse("home")
    assert client.get(reverse("tour_end")).status_code == 405


@pytest.mark.parametrize("said", [*HOSTILE, "", "keys"])
def test_an_address_that_names_no_stop_of_its_page_shows_none(cast: Cast, said: str) -> None:
    client = signed_in(cast.ada)
    client.get(reverse("tour_stop", args=["numbers"]))
    answer = client.get(reverse("relay"), {"tour": said})
    assert answer.status_code == 200
    assert "Guided tour, step" not in answer.content.decode()


def test_a_page_that_is_no_stop_costs_nothing_for_it(cast: Cast) -> None:
    client = signed_in(cast.ada)
    client.get(reverse("tour_stop", args=["numbers"]))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("leads"))
    assert not [one for one in queries if "core_tour" in one["sql"]]


def test_choosing_the_lead_costs_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    def asked() -> int:
        reader = User.objects.get_queryset().get(pk=cast.ruth.pk)
        with CaptureQueriesContext(connection) as queries:
            tour.lead_to_follow(reader)
        return len(queries)

    for nth in (1, 2):
        won_deal(cast, nth)
    n = asked()
    for nth in range(3, 13):
        won_deal(cast, nth)
    assert asked() == n


@pytest.mark.parametrize(("language", "word"), [("ko", "안내 둘러보기"), ("ja", "ガイドツアー")])
def test_it_is_found_in_the_palette_and_under_help_in_the_readers_language(cast: Cast, *, language: str, word: str) -> None:
    cast.ivo.language = language
    User.objects.filter(pk=cast.ivo.pk).update(language=language)
    client = signed_in(cast.ivo)
    assert f'href="{reverse("tour")}" data-do="{word}"' in client.get(reverse("leads")).content.decode(), "among the keys and help of every page"
    assert f'href="{reverse("tour")}"' in client.get(reverse("profile")).content.decode(), "and without script"


def test_one_sees_ones_own_tour_only(cast: Cast) -> None:
    tours.reach(cast.ivo, stop="deal", lead_id=0, at=MONDAY)
    assert not Tour.objects.visible_to(cast.ada).exists()
    assert Tour.objects.visible_to(cast.ivo).get().stop == "deal"
