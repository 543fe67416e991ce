"""The plan where work is looked at: on the relay and on the numbers of inside sales, for those who may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.relay import plans
from tests.cast import SET_UP, Cast, hired
from tests.relay.planning import everything_assumed
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def of_the_months_before(cast: Cast) -> None:
    """Agreed half a year ago, for the year that began then."""
    at = timezone.now() - timedelta(days=183)
    plans.agree(plans.draft(everything_assumed(first_on=at.date().replace(day=1)), by=SET_UP, at=at), by=SET_UP, at=at)
    assert cast.ruth


def words(user: User, address: str, **asked: Any) -> str:
    return " ".join(read(signed_in(user).get(address, asked).content.decode()).texts)


def test_the_relay_shows_each_step_against_the_plan(cast: Cast) -> None:
    said = words(cast.ruth, reverse("relay"))
    assert "Against the plan" in said
    for step in ("Leads", "Meetings booked", "Meetings held", "Opportunities", "Orders", "Revenue"):
        assert step in said
    assert "missing" in said


def test_some_of_the_house_has_no_plan_of_its_own(cast: Cast) -> None:
    for asked in ({"source": "webinar"}, {"team": cast.inside_sales.pk}, {"period": "all"}):
        assert "Against the plan" not in words(cast.ruth, reverse("relay"), **asked)


def test_who_sees_no_amounts_sees_the_chain_without_them(cast: Cast) -> None:
    page = signed_in(cast.mina).get(reverse("relay")).content.decode()
    chain = page[page.index('class="plan-chain"') : page.index("</ol>", page.index('class="plan-chain"'))]
    assert "₩" not in chain
    assert chain.count("plan-step") == 5


def test_inside_sales_sees_what_each_has_to_bring_and_others_only_the_whole(cast: Cast) -> None:
    hired("nils", "Berg", "Nils", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    for user in (cast.ivo, cast.ruth, cast.ada):
        said = words(user, reverse("numbers"))
        assert "Of the plan, by person" in said
        assert "Nils Berg" in said
    page = signed_in(cast.saori).get(reverse("numbers")).content.decode()
    table = page[page.index('class="sheet plan-shares"') :]
    table = table[: table.index("</table>")]
    assert "Nils" not in table
    assert "In all" in words(cast.ada, reverse("numbers")), "the chain is shared, whose part is not"
    assert "Of the plan, by team" in words(cast.ruth, reverse("numbers"), each="team")
    assert "Of the plan" not in words(cast.ruth, reverse("numbers"), source="webinar")
    one = words(cast.ruth, reverse("numbers"), owner=cast.ivo.pk)
    assert "Of the plan, by person" in one


def test_an_outsider_gets_neither(cast: Cast) -> None:
    for name in ("relay", "numbers", "plan"):
        assert signed_in(cast.tomas).get(reverse(name)).status_code == 403


def test_the_pages_ask_the_same_for_two_people_and_for_twelve(cast: Cast) -> None:
    def n_queries(name: str) -> int:
        client = signed_in(cast.ruth)
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(name))
        return len(asked)

    hired("nils", "Berg", "Nils", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    few = [n_queries(name) for name in ("relay", "numbers", "plan")]
    for nth in range(10):
        hired(f"caller{nth}", "Berg", f"Nils {nth}", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    assert [n_queries(name) for name in ("relay", "numbers", "plan")] == few
