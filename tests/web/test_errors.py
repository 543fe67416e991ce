"""What cannot be shown is a page in our look that says what happened, in the reader's language, and what to do now."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from tasuki.web import errors
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:  # type: ignore[no-untyped-def]
    text: str = answer.content.decode()
    return text


@pytest.mark.parametrize(("language", "word"), [("en", "Nothing is here"), ("ko", "여기에는 아무것도 없습니다"), ("ja", "ここには何もありません")])
def test_an_address_that_leads_nowhere_says_so_within_the_house(cast: Cast, client: Client, *, language: str, word: str) -> None:
    client.force_login(cast.ada)
    client.post(reverse("language"), {"language": language, "next": "/"})
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert word in text_of(answer)
    assert 'class="rail"' in text_of(answer)
    assert f'<html lang="{language}"' in text_of(answer)


def test_a_record_that_is_not_there_and_one_that_is_not_mine_look_the_same(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.get(reverse("lead", args=[999_999]))
    assert answer.status_code == 404
    assert "not yours to see" in text_of(answer)
    assert "Lead" not in text_of(answer).partition("<main")[2].partition("</main>")[0]


def test_what_an_address_asks_wrongly_is_said_in_our_own_sentence(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.get(reverse("leads"), {"sort": "nonsense"})
    assert answer.status_code == 400
    assert "This list has no order of that name." in text_of(answer)


def test_a_host_that_is_not_ours_is_turned_away_without_being_quoted(cast: Cast, client: Client) -> None:
    answer = client.get(reverse("account_login"), headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in text_of(answer)
    assert 'class="door-brand"' in text_of(answer)


def test_an_old_form_says_that_the_page_has_grown_old(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada)
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "/"})
    assert answer.status_code == 403
    assert "grown old" in text_of(answer)


def test_what_breaks_says_so_without_details(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(cast.ada)
    client.raise_request_exception = False
    monkeypatch.setattr("tasuki.web.teams._tree", lambda _request: 1 / 0)
    answer = client.get(reverse("teams"))
    assert answer.status_code == 500
    assert "written down" in text_of(answer)
    assert "ZeroDivision" not in text_of(answer)


def test_an_error_reaches_htmx_as_a_toast(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.get("/nowhere", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (404, "#toasts")
    assert "<html" not in text_of(answer)


def test_no_error_carries_script_or_style_in_its_markup(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for address in ("/nowhere", "/leads?sort=nonsense", "/leads?q=%00"):
        assert "<style" not in text_of(client.get(address))
        assert " style=" not in text_of(client.get(address))


def test_what_broke_is_told_in_the_light_or_the_dark_that_was_chosen(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.COOKIES["theme"] = "dark"
    assert 'data-theme="dark"' in text_of(errors.broken(request))
    request.COOKIES["theme"] = '"><script>'
    assert 'data-theme="system"' in text_of(errors.broken(request)), "what the cookie says is not believed"
