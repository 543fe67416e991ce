"""The first run: a door that only the printed link opens, then steps that are done, skipped, left and taken up again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import Settings

from tasuki.cli.up import greeting
from tasuki.core import abilities, calendars, founding, organisation, set_up
from tasuki.core.abilities import Ability, Role, standing_of
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar, hours_of, written
from tasuki.core.organisation import the_organisation
from tasuki.core.outgoing_mail import MailServer
from tasuki.core.people import HasLeft, User
from tasuki.core.set_up import SetUpStep, Step
from tasuki.core.teams import Team
from tests.cast import MONDAY, PASSWORD, Cast
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

ADA = {"family_name": "Lindqvist", "given_name": "Ada", "email": "ada@example.com", "password": PASSWORD, "language": "ko", "time_zone": "Asia/Seoul"}
HOUSE = {"name": "가온", "country": "KR", "currency": "KRW", "language": "ko", "time_zone": "Asia/Seoul", "fiscal_year_starts_in": "1"}
OFFICE = {"name": "서울", "time_zone": "Asia/Seoul", "country": "KR", **{f"day_{day}": "9-12, 13-18" for day in range(5)}}
HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE core_team; --", "{{ 7 * 7 }}", "가" * 5000, "\u202egnp", "@@@", "a@b,c@d\n" * 300]


def founded(client: Client, **said: str) -> Any:
    client.get(reverse("first_link", args=[founding.key(at=now())]))
    return client.post(reverse("first_run"), ADA | said)


def step(client: Client, key: str, **said: Any) -> str:
    answer = client.post(reverse("set_up_step", args=[key]), said)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return str(answer["Location"])


def test_an_empty_house_says_where_the_link_is_and_nothing_else(client: Client) -> None:
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == reverse("first_run")
    text = answer.content.decode()
    assert "Nobody is here yet" in text
    assert "<input" not in re.sub(r'<input type="hidden"[^>]*>', "", text)


def test_without_the_link_nothing_can_be_claimed(client: Client) -> None:
    assert client.post(reverse("first_run"), ADA).status_code == 200
    for forged in ("x", "eyJ1bnRpbCI6OTk5OTk5OTk5OX0:1abcde:forged", "a" * 2000):
        assert client.get(reverse("first_link", args=[forged])).status_code == 403
    assert client.get(reverse("first_link", args=[founding.key(at=now() - timedelta(days=2))])).status_code == 403
    assert client.post(reverse("first_run"), ADA).status_code == 200
    assert not User.objects.get_queryset().exists()


def test_the_link_makes_the_first_administrator_and_leads_to_the_steps(client: Client) -> None:
    answer = client.get(reverse("first_link", args=[founding.key(at=now())]))
    assert (answer["Location"], answer["Referrer-Policy"]) == (reverse("first_run"), "no-referrer")
    assert client.get(reverse("first_run"))["Cache-Control"] == "private, no-store"
    answer = client.post(reverse("first_run"), ADA, follow=True)
    assert [to for to, _status in answer.redirect_chain] == [reverse("set_up_step", args=["organisation"])]
    ada = User.objects.active().get()
    assert (ada.email, ada.language, standing_of(ada).roles) == ("ada@example.com", "ko", {Role.ADMINISTRATOR})


def test_a_second_claim_is_refused(client: Client) -> None:
    key = founding.key(at=now())
    other = Client()
    other.get(reverse("first_link", args=[key]))
    assert founded(client).status_code == 302
    assert other.post(reverse("first_run"), ADA | {"email": "eve@example.com"})["Location"] == reverse("account_login")
    assert Client().get(reverse("first_link", args=[key])).status_code == 403
    assert User.objects.active().count() == 1


@pytest.mark.parametrize(
    "wrong", [{"password": "short"}, {"password": "password12"}, {"email": "nobody"}, {"family_name": ""}, {"language": "xx"}, {"time_zone": "Mars/Base"}]
)
def test_what_is_wrong_is_said_in_its_place(client: Client, wrong: dict[str, str]) -> None:
    answer = founded(client, **wrong)
    assert answer.status_code == 422
    assert "form-error" in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert founding.is_unclaimed()


def test_from_nothing_to_the_relay(client: Client) -> None:
    founded(client)
    assert step(client, "organisation", **HOUSE) == "/set-up/hours"
    assert the_organisation().name == "가온"
    assert step(client, "hours", **OFFICE) == "/set-up/teams"
    assert written(hours_of(Calendar.objects.of_the_organisation()).week[0]) == "09:00–12:00, 13:00–18:00"
    assert step(client, "teams", marketing="마케팅", inside_sales="인사이드 세일즈", sales="영업", success="") == "/set-up/people"
    assert set(Team.objects.values_list("name", "department")) == {("마케팅", "marketing"), ("인사이드 세일즈", "inside_sales"), ("영업", "sales")}
    team = Team.objects.get(department="inside_sales").pk
    assert step(client, "people", addresses="한 서윤 <sy@gaon.kr>, ivo@gaon.kr", role="inside_seller", team=team) == "/set-up/mail"
    hired = User.objects.active().get(email="sy@gaon.kr")
    assert (hired.display_name, hired.team_id, hired.language, standing_of(hired).roles) == ("한서윤", team, "ko", {Role.INSIDE_SELLER})
    assert step(client, "mail") == "/set-up/data"
    assert step(client, "data", skip="1") == "/set-up/stages"
    assert step(client, "stages") == "/set-up"
    assert dict(SetUpStep.objects.values_list("key", "state")) == {**dict.fromkeys(Step.values, "done"), "data": "skipped"}
    assert client.get(reverse("relay")).status_code == 200
    assert "set-up-card" not in client.get("/").content.decode()


@pytest.mark.parametrize(("site", "begins"), [("", "http://127.0.0.1:8100/"), ("https://tasuki.gaon.kr/", "https://tasuki.gaon.kr/")])
def test_the_printed_link_leads_to_where_people_reach_us(monkeypatch: pytest.MonkeyPatch, *, site: str, begins: str) -> None:
    monkeypatch.setenv("TASUKI_SITE", site)
    said = greeting("0.0.0.0", 8100)  # noqa: S104 - what a container listens on
    assert f" {begins}{reverse('first_link', args=['key']).strip('/').removesuffix('key')}" in said
    assert "http://127.0.0.1:8100/\n" in said, "where it listens"


def test_the_overview_is_a_page_at_every_time(cast: Cast) -> None:
    text = signed_in(cast.ada).get(reverse("set_up")).content.decode()
    assert "0 of 7" in text
    assert "Go on with: Organisation" in text


def test_what_stands_is_not_proposed_away(cast: Cast) -> None:
    ada, by = signed_in(cast.ada), By(cast.ada, Door.WEB)
    organisation.change(the_organisation(), by=by, at=MONDAY, name="Gaon", time_zone="Asia/Tokyo", country="JP")

    def offered(key: str, field: str) -> str:
        text = ada.get(reverse("set_up_step", args=[key])).content.decode()
        found = re.search(
            rf'<(?:select[^>]* name="{field}"(?:(?!</select>).)*<option value="([^"]*)" selected|input[^>]* name="{field}"[^>]* value="([^"]*)")', text, re.S
        )
        assert found, (key, field)
        return found[1] or found[2]

    assert (offered("organisation", "name"), offered("organisation", "time_zone")) == ("Gaon", "Asia/Tokyo"), "settings came first"
    assert (offered("hours", "country"), offered("hours", "time_zone")) == ("JP", "Asia/Tokyo"), "nobody has said when it is open"
    calendar = Calendar.objects.of_the_organisation()
    calendars.change(calendar, name="Seoul", time_zone="Asia/Seoul", country="KR", week={}, by=by, at=MONDAY)
    assert (offered("hours", "country"), offered("hours", "time_zone")) == ("KR", "Asia/Seoul")


def test_teams_are_founded_together_or_not_at_all(cast: Cast) -> None:
    said = {"marketing": "Growth", "success": "Growth"}
    Team.objects.filter(department__in=["marketing", "success"]).update(department="office")
    answer = signed_in(cast.ada).post(reverse("set_up_step", args=["teams"]), said)
    assert answer.status_code == 422
    assert not Team.objects.filter(name="Growth").exists()


def test_nobody_is_hired_whose_invitation_cannot_be_written(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    def refuse(*_words: Any) -> None:
        raise HasLeft

    monkeypatch.setattr("tasuki.web.set_up.mail_invitation", refuse)
    settings.MAIL = MailServer("localhost", 25, "tasuki@example.com")
    n_people = User.objects.active().count()
    answer = signed_in(cast.ada).post(reverse("set_up_step", args=["people"]), {"addresses": "kim@gaon.kr", "role": "marketer"})
    assert "kim@gaon.kr" in answer.content.decode()
    assert User.objects.active().count() == n_people


def test_hiring_and_founding_teams_ask_for_their_own_ability(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(abilities.ABILITIES, Ability.MANAGE_PEOPLE, frozenset({Role.MANAGER}))
    ada, n_people = signed_in(cast.ada), User.objects.active().count()
    for key, said in (("people", {"addresses": "kim@gaon.kr", "role": "administrator"}), ("teams", {"marketing": "Growth"})):
        assert ada.post(reverse("set_up_step", args=[key]), said).status_code == 403
        assert step(ada, key, skip="1")
    assert User.objects.active().count() == n_people
    assert not Team.objects.filter(name="Growth").exists()


def test_more_addresses_than_can_be_added_at_once_are_refused_and_none_vanishes(cast: Cast) -> None:
    said = {"addresses": "\n".join(f"p{n}@gaon.kr" for n in range(201)), "role": "marketer"}
    n_people = User.objects.active().count()
    answer = signed_in(cast.ada).post(reverse("set_up_step", args=["people"]), said)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "These are 201 addresses. At most 200 can be added at once." in text
    assert "p200@gaon.kr" in text
    assert User.objects.active().count() == n_people


def test_it_is_left_and_taken_up_again_by_another(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    step(ada, "mail")
    text = ada.get("/").content.decode()
    assert "set-up-card" in text
    assert "1 of 7" in text
    text = ada.get(reverse("set_up")).content.decode()
    assert cast.ada.display_name in text
    assert "Go on with: Organisation" in text
    step(ada, "organisation", skip="1")
    assert set_up.progress().next is Step.HOURS
    step(ada, "mail", skip="1")
    assert SetUpStep.objects.get(key="mail").state == "done", "what is done stays done"
    ada.post(reverse("set_up_dismissal"))
    assert "set-up-card" not in ada.get("/").content.decode()
    assert ada.get(reverse("set_up")).status_code == 200


def test_whoever_may_not_set_up_sees_nothing_of_it(cast: Cast) -> None:
    for person in (cast.ruth, cast.ivo):
        client = signed_in(person)
        assert "set-up-card" not in client.get("/").content.decode()
        assert client.get(reverse("set_up")).status_code == 403
        assert client.post(reverse("set_up_dismissal")).status_code == 403
        for key in Step.values:
            assert client.post(reverse("set_up_step", args=[key]), {"skip": "1"}).status_code == 403
    assert not SetUpStep.objects.exists()
    assert signed_in(cast.ada).get(reverse("set_up_step", args=["no-such-step"])).status_code == 422


def test_addresses_that_cannot_be_used_stay_to_be_mended(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    said = {"addresses": "Kim <kim@gaon.kr>\nivo@example.com\nnot an address", "role": "marketer"}
    answer = ada.post(reverse("set_up_step", args=["people"]), said)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Somebody with this e-mail address is here already." in text
    assert re.search(r"<textarea[^>]*>\s*ivo@example.com\nnot an address</textarea>", text)
    assert standing_of(User.objects.active().get(email="kim@gaon.kr")).roles == {Role.MARKETER}
    assert not SetUpStep.objects.exists()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_kept_as_words_or_refused(cast: Cast, hostile: str) -> None:
    ada = signed_in(cast.ada)
    posts: list[tuple[str, dict[str, str]]] = [
        ("organisation", HOUSE | {"name": hostile}),
        ("hours", OFFICE | {"day_0": hostile, "name": hostile}),
        ("teams", {"marketing": hostile}),
        ("people", {"addresses": hostile, "role": "marketer"}),
        ("people", {"addresses": "kim@gaon.kr", "role": hostile}),
    ]
    for key, said in posts:
        answer = ada.post(reverse("set_up_step", args=[key]), said)
        assert answer.status_code in {200, 302, 422}, (key, answer.status_code)
        assert "<script>alert(1)" not in answer.content.decode()
    assert Client().get(reverse("first_link", args=[hostile.replace("/", "")[:80].replace("\n", "")])).status_code == 403
