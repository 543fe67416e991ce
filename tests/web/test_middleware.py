"""What every request goes through: unreadable text, language and time zone, refusals in words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.people import User
from tests.cast import Cast, hired

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/people%00", "/people?after=%00", "/people?%00=1", "/sign-in/?next=a%00b"])
def test_a_nul_in_an_address_is_refused_in_words(cast: Cast, client: Client, address: str) -> None:
    client.force_login(cast.ada)
    answer = client.get(address)
    assert answer.status_code == 400
    assert "cannot be stored" in answer.content.decode()


@pytest.mark.parametrize("fields", [{"family_name": "Ha\0n"}, {"fam\0ily": "Han"}])
def test_a_nul_in_a_form_is_refused_in_words(cast: Cast, client: Client, fields: dict[str, str]) -> None:
    client.force_login(cast.ada)
    assert client.post(reverse("hire"), fields).status_code == 400


def test_half_a_character_in_a_form_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    body = b'--x\r\nContent-Disposition: form-data; name="family_name"\r\n\r\n\\ud83d\r\n--x--\r\n'
    answer = client.generic("POST", reverse("hire"), body, content_type="multipart/form-data; boundary=x; charset=unicode_escape")
    assert answer.status_code == 400


def test_a_whole_emoji_and_a_right_to_left_name_are_welcome(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    fields = {"family_name": "حداد", "given_name": "🙂", "email": "layla@example.com", "language": "en", "time_zone": "UTC"}
    answer = client.post(reverse("hire"), fields)
    assert answer.status_code == 302
    assert User.objects.get(email="layla@example.com").given_name == "🙂"


def test_saori_reads_japanese_and_mina_korean(cast: Cast, client: Client) -> None:
    for person, language in ((cast.saori, "ja"), (cast.mina, "ko"), (cast.ada, "en")):
        client.force_login(person)
        answer = client.get(reverse("profile"))
        assert f'<html lang="{language}"' in answer.content.decode()
        assert answer["Content-Language"] == language


def test_the_next_request_is_not_told_in_the_zone_of_the_last(cast: Cast, client: Client) -> None:
    from django.utils import timezone

    before = timezone.get_current_timezone_name()
    client.force_login(cast.saori)
    client.get(reverse("profile"))
    assert timezone.get_current_timezone_name() == before


def test_a_refusal_is_a_page_with_the_sentence(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.post(reverse("person_role_end", args=[cast.ada.pk, "administrator"]))
    assert answer.status_code == 422
    assert "last administrator" in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_a_refusal_is_a_toast_for_htmx(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.post(reverse("person_role_end", args=[cast.ada.pk, "administrator"]), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#toasts")
    assert "last administrator" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_bug_stays_loud(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(cast.ada)
    monkeypatch.setattr("tasuki.web.teams._tree", lambda _request: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.get(reverse("teams"))


def test_hiring_shows_each_problem_in_its_place(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    fields = {"family_name": "Oh", "email": "MINA@example.com", "language": "en", "time_zone": "UTC"}
    answer = client.post(reverse("hire"), fields)
    assert answer.status_code == 422
    assert "is here already" in answer.content.decode()


def test_a_list_of_people_costs_the_same_for_two_more_and_for_twelve(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)

    def n_queries(*numbers: int) -> int:
        for n in numbers:
            hired(f"p{n}", "Kim", f"P{n}", role=Role.OBSERVER, team=cast.success)
        with CaptureQueriesContext(connection) as queries:
            assert f"P{numbers[-1]}" in client.get(reverse("people")).content.decode()
        return len(queries)

    few = n_queries(1, 2)
    assert n_queries(*range(3, 13)) == few
