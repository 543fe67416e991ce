"""The page of one's own calendar: it is connected, answered and let go of by its owner, and shows nobody what is secret."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.engage.own_calendars import connections, writing
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.rows import CalendarEntry
from tasuki.engage.own_calendars.troubles import CalendarTrouble, Trouble
from tests.cast import Cast
from tests.engage.meeting import booked
from tests.web import calendar_of_town
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db
SAID = {"address": "https://calendar.example/saori/", "login": "saori", "password": "app-pass-9Qz", "is_written": "on"}


def test_a_calendar_is_connected_and_let_go_of_and_its_password_is_never_shown(cast: Cast) -> None:
    client, page = signed_in(cast.saori), reverse("own_calendar")
    assert client.post(page, SAID)["Location"] == page
    text = client.get(page).content.decode()
    assert SAID["address"] in text
    assert SAID["password"] not in text
    calendar = connections.of(cast.saori)
    assert calendar
    connections.failed(calendar, side="read", trouble=CalendarTrouble(Trouble.ELSEWHERE, "https://p42.example/<b>"), at=now())
    text = client.get(page).content.decode()
    assert "サーバー" in text
    assert "https://p42.example/&lt;b&gt;" in text
    client.post(reverse("own_calendar_removal"))
    assert connections.of(cast.saori) is None
    assert client.post(reverse("own_calendar_removal")).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"address": "http://127.0.0.1/"}, {"address": "file:///etc/passwd"}, {"address": ""}, {"login": "a:b"}, {"password": ""}, {"login": "x" * 400}]
)
def test_what_cannot_be_is_said_at_its_field(cast: Cast, wrong: dict[str, str]) -> None:
    answer = signed_in(cast.ruth).post(reverse("own_calendar"), {**SAID, **wrong})
    assert answer.status_code == 422
    assert f'id="{next(iter(wrong))}"' in answer.content.decode().replace("id_", "")
    assert not OwnCalendar.objects.exists()


def test_where_the_calendar_says_something_else_its_owner_says_what_holds_and_nobody_else_does(cast: Cast) -> None:
    entry = calendar_of_town.differing(cast, booked(cast, held_by=cast.ivo), at=now())
    client, address = signed_in(cast.ivo), reverse("own_calendar_answer", args=[entry.pk])
    assert signed_in(cast.ruth).post(address, {"answer": "ours"}).status_code == 404
    text = client.get(reverse("own_calendar")).content.decode()
    assert "Your calendar says something else" in text
    client.post(address, {"answer": "whatever"})
    assert CalendarEntry.objects.differing().exists()
    client.post(address, {"answer": "theirs"})
    assert "Your calendar says something else" not in client.get(reverse("own_calendar")).content.decode()


def test_the_owner_is_told_and_led_to_the_page(cast: Cast) -> None:
    entry = calendar_of_town.differing(cast, booked(cast, held_by=cast.ivo), at=now())
    CalendarEntry.objects.update(differs_since=None)
    writing._differ(entry.calendar, entry, there=None, sequence=0, at=now())
    text = signed_in(cast.ivo).get(reverse("notifications")).content.decode()
    assert "Your own calendar has another time" in text
    assert reverse("own_calendar") + "#differing" in text


def test_of_several_calendars_one_is_chosen(cast: Cast) -> None:
    calendar_of_town.differing(cast, booked(cast, held_by=cast.ivo), at=now())
    client = signed_in(cast.ivo)
    assert 'value="/ivo/home/"' in client.get(reverse("own_calendar")).content.decode()
    client.post(reverse("own_calendar_choice"), {"path": "/ivo/home/"})
    assert OwnCalendar.objects.get().path == "/ivo/home/"
    assert client.post(reverse("own_calendar_choice"), {"path": "/chika/"}).status_code == 422


def test_who_has_no_role_has_no_calendar(cast: Cast) -> None:
    assert signed_in(cast.tomas).get(reverse("own_calendar")).status_code == 403
