"""Empty pages teach: what this is, one action or whom to ask, and where the handbook speaks of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.web import handbook_pages
from tests.cast import Cast, hired
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

LISTS = {
    "leads": "/handbook/records#leads",
    "accounts": "/handbook/records#accounts",
    "contacts": "/handbook/records#contacts",
    "opportunities": "/handbook/records#opportunities",
    "products": "/handbook/records#products",
    "tasks": "/handbook/records#tasks",
    "imports": "/handbook/records#imports",
}


def empty(text: str) -> str:
    found = re.search(r'<div class="empty">(.*?)\n</div>', text, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_an_empty_house_teaches(cast: Cast, name: str) -> None:
    said = empty(signed_in(cast.ada).get(reverse(name)).content.decode())
    assert re.search(r'<h2 class="empty-title">[^<]+</h2>\s*<p class="empty-text">[^<]{30,}</p>', said)
    assert f'href="{LISTS[name]}"' in said
    assert said.count('class="btn btn-fill"') == (0 if name == "products" else 1)


def test_whoever_may_not_add_is_told_whom_to_ask(cast: Cast) -> None:
    observer = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    for name in ("leads", "accounts", "contacts", "products"):
        said = empty(observer.get(reverse(name)).content.decode())
        assert "can do it for you." in said, name
        assert "btn-fill" not in said, name
        assert cast.tomas.display_name not in said


@pytest.mark.parametrize("name", ["leads", "accounts", "contacts", "opportunities", "tasks", "products"])
def test_a_filter_that_lets_nothing_through_offers_to_come_off(cast: Cast, name: str) -> None:
    said = empty(signed_in(cast.ada).get(reverse(name), {"q": "nobody of that name"}).content.decode())
    assert "Clear the filter" in said
    assert 'href="/handbook/lists#the-filter-is-a-sentence"' in said


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/notifications", "/handbook/lists#notifications"),
        ("/notifications?show=all", "/handbook/lists#notifications"),
        ("/duplicates", "/handbook/records#duplicates"),
        ("/settings/scoring/draft/trial", "/handbook/settings#scoring"),
        ("/handoffs?view=stuck", "/handbook/"),
        ("/leads?view=recycled", "/handbook/"),
    ],
)
def test_an_empty_page_leads_to_what_the_handbook_says_of_it(cast: Cast, address: str, place: str) -> None:
    assert f'href="{place}' in empty(signed_in(cast.ada).get(address).content.decode())


@pytest.mark.parametrize(
    ("name", "section"), [("duplicates", "records#duplicates"), ("notifications", "lists#notifications"), ("notification_ways", "lists#notifications")]
)
def test_the_help_of_a_page_leads_to_its_section(cast: Cast, name: str, section: str) -> None:
    text = signed_in(cast.ada).get(reverse(name)).content.decode()
    page, _hash, anchor = section.partition("#")
    assert text.count(f'href="/handbook/{section}"') >= 1
    assert anchor in {one.anchor for one in handbook_pages.page(page, "ko").sections}
