"""The frame around every page: what the rail offers, language and appearance, and that a page works before any script does."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.web import shell
from tests.cast import Cast, hired

pytestmark = pytest.mark.django_db


def rail_of(client: Client) -> list[str]:
    text = client.get(reverse("home")).content.decode().partition('<div class="rail-items">')[2].partition("</nav>")[0]
    return re.findall(r'<a class="rail-item[^>]*href="([^"#]+)', text)


@pytest.mark.parametrize("role", list(Role))
def test_the_rail_offers_what_opens_and_nothing_else(cast: Cast, client: Client, role: Role) -> None:
    client.force_login(hired("newcomer", "Kim", "Jun", role=role, team=cast.inside_sales))
    addresses = rail_of(client)
    assert len(set(addresses)) > 10
    for address in set(addresses):
        assert client.get(address).status_code == 200, address


def test_imports_are_offered_to_whoever_may_import(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert reverse("imports") in rail_of(client)
    client.force_login(cast.ivo)
    assert reverse("imports") not in rail_of(client)


def test_tomas_finds_an_empty_rail_and_his_own_name(cast: Cast, client: Client) -> None:
    client.force_login(cast.tomas)
    text = client.get(reverse("profile")).content.decode()
    assert "Tomas" in text
    assert 'role="search"' not in text
    assert 'class="rail-item rail-me" href="/profile"' in text
    assert text.count("rail-item ") == 1


@pytest.mark.parametrize(("address", "current"), [("home", "My workspace"), ("leads", "Leads"), ("lead_new", "Leads"), ("relay", "The Model")])
def test_the_rail_shows_where_one_is(cast: Cast, client: Client, *, address: str, current: str) -> None:
    client.force_login(cast.ada)
    text = client.get(reverse(address)).content.decode().partition('<div class="rail-items">')[2].partition("</nav>")[0]
    shown = re.findall(r'aria-current="page">(?:<svg.*?</svg>)?([^<]+)</a>', text)
    assert shown == [current]


def test_the_first_link_of_a_page_leads_past_the_rail(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    text = client.get(reverse("leads")).content.decode()
    first = re.search(r"<a [^>]*>", text)
    assert first
    assert 'href="#main"' in first[0]
    assert '<main class="shell-main" id="main"' in text


@pytest.mark.parametrize("theme", shell.THEMES)
def test_the_appearance_is_kept_in_this_browser(cast: Cast, client: Client, theme: str) -> None:
    client.force_login(cast.ada)
    assert client.post(reverse("theme"), {"theme": theme, "next": "/leads"})["Location"] == "/leads"
    assert f'data-theme="{theme}"' in client.get(reverse("leads")).content.decode()


def test_an_appearance_that_does_not_exist_is_the_systems() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = '"><script>'
    assert shell.theme_of(request) == "system"


def test_a_language_leads_back_only_to_our_own_pages(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.post(reverse("language"), {"language": "ko", "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert '<html lang="ko"' in client.get(reverse("home")).content.decode()


def test_the_language_of_a_stranger_is_kept_for_the_sign_in_page(cast: Cast, client: Client) -> None:
    client.post(reverse("language"), {"language": "ja", "next": reverse("account_login")})
    text = client.get(reverse("account_login")).content.decode()
    assert '<html lang="ja"' in text
    assert ">English</button>" in text, "each language in its own words"


def test_what_was_done_is_said_once(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.post(reverse("profile"), {"language": "en", "time_zone": "Asia/Seoul"})
    assert "Saved." in client.get(reverse("profile")).content.decode()
    assert "Saved." not in client.get(reverse("profile")).content.decode()


@pytest.mark.parametrize("name", ["home", "leads", "relay", "profile", "account_login"])
def test_a_page_is_allowed_no_script_of_its_own_markup(cast: Cast, client: Client, name: str) -> None:
    if name != "account_login":
        client.force_login(cast.ada)
    answer = client.get(reverse(name))
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", answer.content.decode(), re.DOTALL):
        assert "src=" in attributes or 'type="application/json"' in attributes, body[:80]


def test_the_frame_costs_nothing_where_nothing_of_it_is_shown(cast: Cast) -> None:
    request = RequestFactory().get("/")
    request.user = cast.ada
    frame = shell.shell(request)["shell"]
    with CaptureQueriesContext(connection) as queries:
        assert (frame.me, frame.language, frame.theme) == (cast.ada.display_name, "en", "system")
        assert "manage_people" in frame.may
        n_abilities = len(queries)
        assert frame.organisation
        assert frame.organisation == frame.organisation
        assert frame.n_unread == 0
        assert frame.n_unread == 0
    assert len(queries) == n_abilities + 2, "each is asked once, when it is shown"
