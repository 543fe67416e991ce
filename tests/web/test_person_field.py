"""Choosing one of us: a plain select where we are few; where we are many a name or an address, among those whom the form takes and nobody else."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import roles
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.relay.handoff_rows import Handoff
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.relay.handing import qualified
from tests.web.office import lead_of, signed_in
from tests.web.test_handoff_pages import PACKAGE

pytestmark = pytest.mark.django_db
NAMES = reverse("people_names")


@pytest.fixture(name="crowd")
def _crowd(cast: Cast) -> list[User]:
    """So many colleagues that nobody wants to look for one in a select; two of them are called alike."""
    return crowded(20)


def crowded(n: int) -> list[User]:
    made = [User(email=f"worker{nth}@example.com", family_name=f"Worker{nth:03}", given_name="Wanda", title="engineer", hired_at=MONDAY) for nth in range(n)]
    twins = [
        User(email=f"jiwoo{nth}@example.com", family_name="김", given_name="지우", title=title, hired_at=MONDAY)
        for nth, title in enumerate(("sales", "support"))
    ]
    left = [User(email="gone@example.com", family_name="Gone", given_name="Gerda", is_active=False, hired_at=MONDAY)]
    return User.objects.get_queryset().bulk_create([*made, *twins, *left])


def keys(client: Client, **said: Any) -> list[str]:
    answer = client.get(NAMES, said)
    assert answer.status_code == 200
    return [html.unescape(name) for name in re.findall(r'data-name="([^"]*)"', answer.content.decode())]


def give(client: Client, lead: Lead, cast: Cast, **said: Any) -> Any:
    return client.post(reverse("lead_owner", args=[lead.pk]), {"team": cast.field_sales.pk, **said})


def test_a_few_people_are_a_select_and_many_are_a_field_without_an_option(cast: Cast) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    page = ruth.get(reverse("lead", args=[lead.pk])).content.decode()
    assert f'<option value="{cast.ivo.pk}" selected>Ivo Horvat</option>' in page
    crowded(20)
    page = ruth.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "Wanda" not in page
    field = re.search(r'<name-field data-href="([^"]*)"[^>]* data-key="(\d+)"><input [^>]*name="owner"[^>]*>', page)
    assert field is not None
    assert (html.unescape(field[1]), field[2]) == (f"{NAMES}?of=colleagues", str(cast.ivo.pk))
    assert 'value="Ivo Horvat"' in field[0]
    assert 'placeholder="the team&#39;s queue"' in field[0]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    "typed",
    [
        "西野 沙織",
        "西野沙織",
        "沙織 西野",
        "saori@example.com",
        "SAORI@example.com",
        "whoever <saori@example.com>",
        "Lindqvist Ada",
        "ada lindqvist",
        "Novak Tomas",
    ],
)
def test_without_script_a_whole_name_in_either_order_or_an_address_is_enough(cast: Cast, typed: str) -> None:
    lead = lead_of(cast)
    assert give(signed_in(cast.ruth), lead, cast, owner=typed).status_code == 302
    owner = {"西": cast.saori, "沙": cast.saori, "A": cast.ada, "L": cast.ada, "a": cast.ada, "N": cast.tomas}.get(typed[0], cast.saori)
    lead.refresh_from_db()
    assert lead.owner == owner


def test_the_id_that_script_sends_is_taken_and_nothing_is_the_queue(cast: Cast, crowd: list[User]) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    assert give(ruth, lead, cast, owner=crowd[3].pk).status_code == 302
    lead.refresh_from_db()
    assert lead.owner == crowd[3]
    assert give(ruth, lead, cast, owner="").status_code == 302
    lead.refresh_from_db()
    assert lead.owner is None


def test_when_several_fit_they_are_offered_to_choose_among_and_nobody_is_chosen_by_sending_it_again(cast: Cast, crowd: list[User]) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    answer = give(ruth, lead, cast, owner="김지우")
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "2 people fit “김지우”. Choose, or write the whole name or the mail address." in page
    one, other = crowd[20], crowd[21]
    assert f'<option value="{one.pk}">김지우 · sales · jiwoo0@example.com</option>' in page
    assert f'<option value="{other.pk}">김지우 · support · jiwoo1@example.com</option>' in page
    assert '<option value="김지우" selected>' in page
    assert give(ruth, lead, cast, owner="김지우").status_code == 422
    lead.refresh_from_db()
    assert lead.owner == cast.ivo
    assert give(ruth, lead, cast, owner=other.pk).status_code == 302
    page = ruth.get(reverse("lead", args=[lead.pk])).content.decode()
    assert 'value="김지우 &lt;jiwoo1@example.com&gt;"' in page, "who is not the only one of the name stands there with the address"
    assert give(ruth, lead, cast, owner="김지우 <jiwoo1@example.com>").status_code == 302
    lead.refresh_from_db()
    assert lead.owner == other


def test_a_part_of_a_name_is_asked_about_and_not_guessed(cast: Cast, crowd: list[User]) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    answer = give(ruth, lead, cast, owner="Saori")
    assert answer.status_code == 422
    answer = give(ruth, lead, cast, owner="沙")
    assert f'<option value="{cast.saori.pk}">西野 沙織' in answer.content.decode()
    assert "22 people fit" not in answer.content.decode()
    answer = give(ruth, lead, cast, owner="wanda")
    assert "20 people fit “wanda”" in html.unescape(answer.content.decode())
    assert answer.content.decode().count("engineer") == 8


@pytest.mark.parametrize(
    "typed", ["Nemo Nobody", "nemo@example.com", "Gerda Gone", "gone@example.com", "@", "<>", "x" * 5_000, "999999999", "9" * 40, "%", "' OR 1=1 --"]
)
def test_nobody_else_can_be_chosen(cast: Cast, crowd: list[User], typed: str) -> None:
    lead = lead_of(cast)
    answer = give(signed_in(cast.ruth), lead, cast, owner=typed)
    lead.refresh_from_db()
    assert answer.status_code == 422
    assert lead.owner == cast.ivo
    assert give(signed_in(cast.ruth), lead_of(cast, 2), cast, owner=crowd[-1].pk).status_code == 422, "who has left is not taken by the id either"


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("sao", ["西野 沙織"]),
        ("西", ["西野 沙織"]),
        ("아라", ["민아라"]),
        ("ㅁㅇㄹ", ["민아라"]),
        ("novak", ["Tomas Novák"]),
        ("jiwoo1@", ["김지우"]),
        ("worker007", ["Wanda Worker007"]),
        ("worker007 wan", ["Wanda Worker007"]),
        ("gone", []),
        ("zzz", []),
        ("x" * 5_000, []),
    ],
)
def test_names_are_offered_by_any_script_and_by_mail(cast: Cast, typed: str, names: list[str]) -> None:
    assert keys(signed_in(cast.ivo), of="colleagues", q=typed) == names


def test_the_nearest_come_first_and_it_is_said_how_many_there_are(cast: Cast, crowd: list[User]) -> None:
    ivo = signed_in(cast.ivo)
    hired("adam", "Wan", "Adam")
    assert keys(ivo, of="colleagues", q="wan")[0] in ("Adam Wan", "Wanda Worker000")
    text = ivo.get(NAMES, {"of": "colleagues", "q": "wanda"}).content.decode()
    assert "8 of 20 are shown. Type more of the name." in text
    assert "1 found" in ivo.get(NAMES, {"of": "colleagues", "q": "adam wan"}).content.decode()
    assert "Nothing of that name is found." in ivo.get(NAMES, {"of": "colleagues", "q": "zzz"}).content.decode()
    assert len(keys(ivo, of="colleagues")) == 8, "with nothing typed the first are offered"


def test_each_place_offers_whom_it_takes(cast: Cast, crowd: list[User]) -> None:
    ivo, ruth = signed_in(cast.ivo), signed_in(cast.ruth)
    assert keys(ivo, of="others", q="ivo") == []
    assert keys(ivo, of="colleagues", q="ivo") == ["Ivo Horvat"]
    assert keys(ivo, of="deputies", about=cast.saori.pk, q="西野") == []
    assert keys(ivo, of="sellers", q="wanda") == []
    assert keys(ivo, of="sellers", q="西野") == ["西野 沙織"]
    assert keys(ivo, of="ever", q="gerda") == ["Gerda Gone"]
    assert keys(ivo, of="lists", q="ivo") == ["Ivo Horvat"]
    other = hired("olga", "Orlova", "Olga", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    assert keys(ivo, of="lists", q="olga") == [], "a seller sees their own list"
    assert keys(ruth, of="lists", q="olga") == [other.display_name]
    assert keys(ivo, of="receivers", about=lead_of(cast).pk, q="wanda") == []
    assert keys(ivo, of="receivers", about=lead_of(cast, 2).pk, q="field") == ["Queue of Field sales"]


def test_whoever_sees_nobody_is_offered_nobody_and_another_place_is_none(cast: Cast, crowd: list[User]) -> None:
    assert Client().get(NAMES, {"of": "colleagues", "q": "i"}).status_code == 302
    for of in ("colleagues", "others", "deputies", "seats", "sellers", "ever", "lists", "due", "receivers"):
        answer = signed_in(cast.tomas).get(NAMES, {"of": of, "q": "wanda"})
        assert "Wanda" not in answer.content.decode()
        assert "Queue of" not in answer.content.decode()
    for of in ("", "everybody", "x" * 300):
        assert signed_in(cast.ivo).get(NAMES, {"of": of, "q": "i"}).status_code == 404
    for about in ("", "x", "9" * 40, "0"):
        assert signed_in(cast.ivo).get(NAMES, {"of": "deputies", "about": about, "q": "i"}).status_code == 200


def test_a_task_and_a_hand_off_take_a_name_too(cast: Cast, crowd: list[User]) -> None:
    lead, ivo = lead_of(cast, stage=stages.CONNECTED), signed_in(cast.ivo)
    assert ivo.post(reverse("task_add", args=["lead", lead.pk]), {"subject": "Call back", "owner": "ruth adeyemi"}).status_code == 302
    assert Task.objects.get(subject="Call back").owner == cast.ruth
    for one in crowd[:13]:
        roles.grant(one, role=Role.FIELD_SELLER, by=SET_UP, at=MONDAY)
    User.objects.get_queryset().filter(pk__in=[one.pk for one in crowd[:13]]).update(team=cast.field_sales)
    qualified(lead, user=cast.ivo)
    address = reverse("handoff_new", args=[lead.pk])
    assert f'data-href="{NAMES}?of=receivers&amp;about={lead.pk}"' in ivo.get(address).content.decode()
    assert ivo.post(address, {**PACKAGE, "to": "worker020 wanda"}).status_code == 422, "who does not sell is no receiver"
    assert ivo.post(address, {**PACKAGE, "to": "queue of field sales"}).status_code == 302
    assert Handoff.objects.get().to_team == cast.field_sales


def test_a_page_with_300_people_is_as_long_as_with_20(cast: Cast) -> None:
    """The bytes of a list and of a lead, and the questions they ask, do not grow with us."""
    crowded(20)
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    addresses = [reverse("leads"), reverse("leads") + "?add=owner", reverse("lead", args=[lead.pk]), reverse("audit")]
    clients = {address: signed_in(cast.ada) if address == reverse("audit") else ruth for address in addresses}

    def seen() -> list[tuple[int, int]]:
        found = []
        for address, client in clients.items():
            with CaptureQueriesContext(
                connection,
            ) as asked:
                page = client.get(address).content
            assert b"Wanda" not in page, address
            found.append((len(page), len(asked)))
        return found

    seen()
    before = seen()
    User.objects.get_queryset().bulk_create(
        [User(email=f"w{nth}@example.org", family_name=f"Newer{nth}", given_name="Wanda", hired_at=MONDAY) for nth in range(280)]
    )
    keys(ruth, of="colleagues", q="wanda")  # reads the new names into the index
    after = seen()
    assert [n for _bytes, n in after] == [n for _bytes, n in before]
    assert all(abs(now - then) < 200 for (now, _n), (then, _m) in zip(after, before, strict=True)), (before, after)


def clause(client: Client, **said: Any) -> str:
    answer = client.get(reverse("leads"), {"field": "owner", "op": "is", "at": 1, **said})
    assert answer.status_code == 302
    return html.unescape(answer["Location"])


def test_a_filter_takes_a_name_and_keeps_whom_it_means(cast: Cast, crowd: list[User]) -> None:
    lead_of(cast)
    ruth = signed_in(cast.ruth)
    page = ruth.get(reverse("leads") + "?add=owner").content.decode()
    assert 'data-href="/people/names?of=colleagues"' in page
    asked = page[page.index('name="field" value="owner"') :].partition("</form>")[0]
    assert re.findall(r'name="v" value="([^"]*)"', asked) == ["me"], "me, and nobody else until they are named"
    address = clause(ruth, v=["me", "ivo horvat", "saori@example.com"])
    assert f"owner%3Ais%28me%2C+{cast.ivo.pk}%2C+{cast.saori.pk}%29" in address
    page = ruth.get(reverse("leads") + address).content.decode()
    assert "Ivo Horvat" in page
    assert f'value="{cast.ivo.pk}" checked' in page


def test_a_filter_asks_whom_of_several_is_meant_where_it_was_asked(cast: Cast, crowd: list[User]) -> None:
    ruth = signed_in(cast.ruth)
    address = clause(ruth, v="김지우")
    assert "add=owner" in address
    page = ruth.get(reverse("leads") + address).content.decode()
    assert "Several people fit “김지우”. Choose among them." in page
    assert f'name="v" value="{crowd[20].pk}"' in page
    assert f'name="v" value="{crowd[21].pk}"' in page
    address = clause(ruth, filter=f"owner:is({cast.ivo.pk})", at=0, v="김지우")
    assert "open=0" in address
    page = ruth.get(reverse("leads") + address).content.decode()
    assert f'value="{cast.ivo.pk}" checked' in page
    assert f'value="{crowd[20].pk}">' in page
    assert "Nobody here is called “zzz”." in ruth.get(reverse("leads") + clause(ruth, v="zzz")).content.decode()


def test_the_audit_log_is_asked_by_name_also_for_whoever_has_left(cast: Cast, crowd: list[User]) -> None:
    lead_of(cast)
    gone, ada = User.objects.get_queryset().get(email="gone@example.com"), signed_in(cast.ada)
    chip = ada.get(reverse("audit") + "?add=actor").content.decode()
    assert 'data-href="/people/names?of=ever"' in chip
    said = {"field": "actor", "op": "is", "at": 0}
    answer = ada.get(reverse("audit"), {**said, "v": gone.email})
    assert f"actor%3Ais%28{gone.pk}%29" in answer["Location"]
    page = ada.get(reverse("audit") + ada.get(reverse("audit"), {**said, "v": "wanda"})["Location"])
    assert "Several people fit “wanda”." in html.unescape(page.content.decode())
