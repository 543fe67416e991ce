"""Team's lists: a line a person for whoever leads, linked to the person's list, by the same questions for 2 people and 12; and one's own day at home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import teams
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.inside_sales.call_lists import lists
from tasuki.inside_sales.call_lists.lists import CallList
from tasuki.relay import handoffs
from tasuki.relay.agreements import Owed
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoffs import Return
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.inside_sales.call_lists.shift import EVENING, WEDNESDAY, built, lead, reachable
from tests.relay.handing import AFTER, by, offered
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _it_is_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("tasuki.web.inside_sales.team_lists", "tasuki.web.home"):
        monkeypatch.setattr(f"{page}.now", lambda: TEN)


def seller(cast: Cast, name: str) -> User:
    return hired(name.lower(), name, name, role=Role.INSIDE_SELLER, team=cast.inside_sales)


def confirmed(person: User, n: int, cast: Cast) -> CallList:
    reachable(*(lead(cast, owner=person) for _ in range(n)))
    return lists.freeze(built(person)[0], by=By(person, Door.WEB), at=EVENING)


def told(person: User) -> str:
    return " ".join(read(signed_in(person).get(reverse("team_lists")).content.decode()).texts)


def test_a_manager_sees_who_confirmed_how_far_each_is_and_who_needs_help(cast: Cast) -> None:
    jun = seller(cast, "Jun")
    made = confirmed(jun, 3, cast)
    lists.work(made.entries.order_by("position")[0].lead_id, by=By(jun, Door.WEB), at=TEN - timedelta(minutes=30))
    lists.insert(lead(cast, owner=jun), why=[["raised", TEN.isoformat(), ""]], by=SET_UP, at=TEN - timedelta(hours=1))
    page = told(cast.ruth)
    assert "Need help 2 of 2" in page
    assert "Confirmed by a person 1 of 1 list" in page
    assert "Worked 1 of 3 · 33%" in page
    # Jun keeps somebody waiting, which is more pressing than that Ivo has no list.
    assert page.index("1 who raised a hand or answered waits since") < page.index("there is no list for today")
    assert "3 of 16" in page
    assert "0 of 1" in page


def test_each_line_leads_to_the_list_of_that_person_and_day(cast: Cast) -> None:
    confirmed(cast.ivo, 1, cast)
    links = read(signed_in(cast.ruth).get(reverse("team_lists")).content.decode()).links
    assert f"{reverse('call_list')}?person={cast.ivo.pk}&day=2026-03-04" in links
    assert f"{reverse('call_list')}?person={cast.ivo.pk}&day=2026-03-05" in links


def test_only_who_leads_sees_it_and_only_the_people_below(cast: Cast) -> None:
    elsewhere = teams.add("Elsewhere", department=Department.OFFICE, by=SET_UP, at=MONDAY)
    chief = hired("chief", "Far", "Away", role=Role.MANAGER, team=elsewhere)
    assert cast.ivo.display_name in told(cast.ruth)
    assert cast.ivo.display_name in told(cast.ada)
    assert cast.ivo.display_name not in told(chief)
    assert "Nobody here has a list" in told(chief)
    for person in (cast.ivo, cast.mina, cast.saori, cast.chika, cast.tomas):
        assert signed_in(person).get(reverse("team_lists")).status_code == 403, person


def test_the_page_asks_as_often_for_two_people_as_for_twelve(cast: Cast) -> None:
    def asked() -> int:
        client = signed_in(cast.ruth)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("team_lists")).status_code == 200
        return len(queries)

    confirmed(cast.ivo, 1, cast)
    confirmed(seller(cast, "Jun"), 1, cast)
    asked()
    two = asked()
    for nth in range(10):
        confirmed(seller(cast, f"Seller{nth}"), 1, cast)
    assert asked() == two


def test_home_shows_a_seller_the_list_of_today_with_the_next_who_waits(cast: Cast) -> None:
    made = confirmed(cast.ivo, 3, cast)
    first, second, _third = made.entries.order_by("position").select_related("lead")
    lists.work(first.lead_id, by=By(cast.ivo, Door.WEB), at=TEN)
    page = read(signed_in(cast.ivo).get(reverse("home")).content.decode())
    assert "1 of 3 worked; 16 calls fit into the day" in " ".join(page.texts)
    assert reverse("desk_lead", args=[second.lead_id]) in page.links
    assert reverse("desk_lead", args=[first.lead_id]) not in page.links
    assert f"{reverse('call_list')}?person={cast.ivo.pk}&day={WEDNESDAY}" in page.links


def test_home_says_when_all_is_done_or_there_is_no_list_and_others_see_none(cast: Cast) -> None:
    assert "There is no list for today." in " ".join(read(signed_in(cast.ivo).get(reverse("home")).content.decode()).texts)
    made = confirmed(cast.ivo, 1, cast)
    lists.skip(made.entries.get(), reason="on leave", by=By(cast.ivo, Door.WEB), at=TEN)
    assert "All of it is worked or skipped." in " ".join(read(signed_in(cast.ivo).get(reverse("home")).content.decode()).texts)
    for person in (cast.ruth, cast.saori, cast.mina):
        assert "My list of today" not in signed_in(person).get(reverse("home")).content.decode()


def test_home_shows_the_words_on_my_hand_offs_that_i_have_not_read(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=Return(Reason.NO_PROBLEM, "They only wanted a brochure."), by=by(cast.saori), at=AFTER)
    page = read(signed_in(cast.ivo).get(reverse("home")).content.decode())
    assert reverse("handoff", args=[handoff.pk]) in page.links
    assert "Words on my hand-offs, unread" in " ".join(page.texts)
    assert "Words on my hand-offs" not in signed_in(cast.saori).get(reverse("home")).content.decode()


def test_home_shows_what_i_owe_within_a_day_and_not_what_a_colleague_owes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    handoff = offered(cast)
    due_at = Clock.objects.get(owed=Owed.ACCEPTANCE).due_at
    assert due_at is not None
    for hours, is_shown in ((25, False), (23, True)):
        monkeypatch.setattr("tasuki.web.home.now", lambda before=hours: due_at - timedelta(hours=before))
        page = read(signed_in(cast.saori).get(reverse("home")).content.decode())
        assert ("owed-soon" in page.ids) is is_shown
        assert (reverse("handoff", args=[handoff.pk]) in page.links) is is_shown
        assert "owed-soon" not in read(signed_in(cast.ivo).get(reverse("home")).content.decode()).ids
