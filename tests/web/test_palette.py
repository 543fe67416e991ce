"""The palette and the page of search: what was opened, what is found, where one can go; for each what they may."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.core.recents import RecentRecord
from tests.cast import Cast, hired
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

ASKED = {"HX-Request": "true"}


def answered(client: Client, text: str) -> str:
    """What the palette gets for some words."""
    answer = client.get(reverse("search"), {"q": text}, headers=ASKED)
    assert answer.status_code == 200
    return answer.content.decode()


def groups(answer: str) -> dict[str, list[str]]:
    """Name of each option, without marks, by heading."""
    found = {}
    for part in answer.split('role="group"')[1:]:
        heading = re.search(r'class="palette-group"[^>]*>([^<]+)<', part)
        assert heading
        names = re.findall(r"<b><bdi[^>]*>(.*?)</bdi></b>", part)
        found[html.unescape(heading[1])] = [html.unescape(re.sub(r"</?mark>", "", name)) for name in names]
    return found


def test_words_find_records_and_pages_and_mark_what_was_typed(cast: Cast) -> None:
    lead = lead_of(cast)
    answer = answered(signed_in(cast.ada), "서윤")
    assert groups(answer) == {"Leads": ["한서윤"], "Contacts": ["한서윤"]}
    assert "한<mark>서윤</mark>" in answer
    assert f'href="/leads/{lead.pk}" role="option"' in answer
    assert 'data-count="2 found"' in answer
    assert list(groups(answered(signed_in(cast.ada), "firm"))) == ["Leads", "Accounts", "Contacts", "Handbook"]


@pytest.mark.parametrize(("typed", "page"), [("audit", "Audit log"), ("contact", "Contacts"), ("new lead", "New lead"), ("duplic", "Duplicates")])
def test_what_is_called_so_comes_before_what_the_handbook_says_of_it(cast: Cast, *, typed: str, page: str) -> None:
    shown = groups(answered(signed_in(cast.ada), typed))
    assert list(shown) == ["Go to", "Handbook"]
    assert page in shown["Go to"]
    assert 1 <= len(shown["Handbook"]) <= 4


def test_a_question_that_names_nothing_is_answered_by_the_handbook_alone(cast: Cast) -> None:
    assert list(groups(answered(signed_in(cast.ada), "bottlen"))) == ["Handbook"]


def test_without_words_stands_what_was_opened_lately_and_every_page(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.ada)
    assert "Opened lately" not in groups(answered(client, ""))
    client.get(reverse("account", args=[lead.account_id]))
    client.get(reverse("lead", args=[lead.pk]))
    client.get(reverse("account", args=[lead.account_id]))
    shown = groups(answered(client, " "))
    assert shown["Opened lately"] == ["Firm 1 Ltd.", "한서윤"]
    assert {"My workspace", "The Model", "Leads", "Settings", "Audit log", "New lead"} <= set(shown["Go to"])


def test_only_a_page_that_was_seen_is_remembered(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.saori)
    assert client.get(reverse("lead", args=[lead.pk])).status_code == 404
    client.get(reverse("leads"))
    client.get(reverse("person", args=[cast.ivo.pk]), headers=ASKED)
    assert not RecentRecord.objects.visible_to(cast.saori).exists()
    client.get(reverse("person", args=[cast.ivo.pk]))
    assert groups(answered(client, ""))["最近開いた項目"] == ["Ivo Horvat"], "Saori reads Japanese"


def test_what_is_no_longer_mine_to_see_is_not_among_what_i_opened(cast: Cast) -> None:
    from tasuki.core.audit import By, Door
    from tasuki.crm import leads
    from tests.web.office import MONDAY

    lead, client = lead_of(cast), signed_in(cast.ivo)
    client.get(reverse("lead", args=[lead.pk]))
    assert groups(answered(client, ""))["Opened lately"] == ["한서윤"]
    leads.give(lead, to=cast.chika, team=cast.success, by=By(cast.ruth, Door.WEB), at=MONDAY)
    assert "Opened lately" not in groups(answered(signed_in(cast.ivo), ""))


@pytest.mark.parametrize("role", list(Role))
def test_every_page_that_is_offered_opens(cast: Cast, role: Role) -> None:
    client = signed_in(hired("newcomer", "Kim", "Jun", role=role, team=cast.inside_sales))
    addresses = re.findall(r'href="([^"]+)" role="option"', answered(client, "").partition("Go to")[2])
    assert len(addresses) > 10
    for address in addresses:
        assert client.get(address).status_code == 200, address


PAGES = [
    ("en", "opport", "Opportunities"),
    ("ko", "영업 기회", "영업 기회"),
    ("ko", "opportunities", "영업 기회"),
    ("ja", "商談", "商談"),
    ("ja", "settings", "設定"),
]


@pytest.mark.parametrize(("language", "typed", "page"), PAGES)
def test_a_page_is_found_in_the_readers_language_and_in_english(cast: Cast, *, language: str, typed: str, page: str) -> None:
    User.objects.get_queryset().filter(pk=cast.ada.pk).update(language=language)
    shown = groups(answered(signed_in(User.objects.get_queryset().get(pk=cast.ada.pk)), typed))
    assert page in shown[{"en": "Go to", "ko": "이동", "ja": "移動"}[language]]


def test_what_was_nearly_typed_is_offered_as_a_question(cast: Cast) -> None:
    lead_of(cast, name=("Lindqvist", "Astrid"))
    answer = answered(signed_in(cast.ada), "lindqvits")
    assert "Did you mean" in answer
    assert groups(answer)["Contacts"] == ["Astrid Lindqvist"]


def test_the_page_works_without_a_script(cast: Cast) -> None:
    lead, client = lead_of(cast), signed_in(cast.ada)
    text = client.get(reverse("search"), {"q": "한서"}).content.decode()
    main = text.partition('<main class="shell-main"')[2].partition("</main>")[0]
    assert f'<a class="palette-item" href="/leads/{lead.pk}">' in main
    assert 'role="option"' not in main
    assert '<form class="omni" action="/search" method="get"' in text
    assert 'value="한서"' in main
    assert "Nothing found." in client.get(reverse("search"), {"q": "qqqqzz"}).content.decode()


def test_nobody_finds_what_they_may_not_see(cast: Cast) -> None:
    deal = deal_of(cast)
    for user in (cast.chika, cast.tomas):
        answer = signed_in(user).get(reverse("search"), {"q": "한서윤"}, headers=ASKED)
        assert "한서윤" not in answer.content.decode().replace('value="한서윤"', "")
    # Mina sees deals, never their amounts.
    assert "777" in answered(signed_in(cast.ada), "night session")
    shown = answered(signed_in(cast.mina), "night session")
    assert f"/opportunities/{deal.pk}" in shown
    assert "777" not in shown


HOSTILE = ["<script>alert(1)</script>", '"><img src=x>', "%27", "x" * 5_000, "_%_", "   ", "\u202e\u200b", "'; --", "{{ 7 * 7 }}"]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("headers", [ASKED, {}], ids=["palette", "page"])
def test_no_text_breaks_the_answer(cast: Cast, typed: str, headers: dict[str, str]) -> None:
    lead_of(cast, name=("<b>Ha", "script"))
    text = signed_in(cast.ada).get(reverse("search"), {"q": typed}, headers=headers).content.decode()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "<b>Ha" not in text
    assert "&gt;49" not in text


@pytest.mark.parametrize("typed", ["a\0b", "\ud83d"])
def test_text_that_cannot_be_stored_is_refused_with_a_sentence(cast: Cast, typed: str) -> None:
    from urllib.parse import quote

    answer = signed_in(cast.ada).get(reverse("search") + "?q=" + quote(typed.encode("utf-8", "surrogatepass")))
    assert answer.status_code in {200, 400}
    assert "<h1" in answer.content.decode()


def test_an_answer_costs_the_same_number_of_queries_for_two_rows_and_for_twelve(cast: Cast) -> None:
    client = signed_in(cast.ada)

    def cost() -> int:
        answered(client, "firm")
        with CaptureQueriesContext(connection) as queries:
            answered(client, "firm")
        return len(queries)

    lead_of(cast, 1)
    lead_of(cast, 2)
    few = cost()
    for nth in range(3, 13):
        lead_of(cast, nth)
    assert cost() == few


def test_a_record_offers_on_its_page_what_may_be_done_and_marks_it_for_the_palette(cast: Cast) -> None:
    lead = lead_of(cast)

    def offered(user: User) -> set[str]:
        return set(re.findall(r'data-do="([^"]+)"', signed_in(user).get(reverse("lead", args=[lead.pk])).content.decode())) - {"Do"}

    assert {"Move on", "Recycle", "Write a note", "Add a task", "Attach a file", "Give to"} <= offered(cast.ruth)
    assert "Give to" not in offered(cast.ivo)
    assert offered(hired("obi", "Obi", "Ana", role=Role.OBSERVER)) == {"Follow", "Guided tour", "Keys of this page"}
