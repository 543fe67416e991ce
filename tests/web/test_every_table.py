"""Whatever is shown costs the same number of queries for two rows and for twelve, on every page that there is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.search import indexing, matching
from tasuki.web.lists.nouns import SPECS
from tests.cast import Cast, hired
from tests.web import town as towns
from tests.web.test_every_page import NO_PAGE, ada_of
from tests.web.town import Town

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LISTS = {noun: spec.name for noun, spec in SPECS.items()}


def addresses(town: Town) -> list[str]:
    """Every page, and every list with all of its columns: a column that asks for each row shows only then."""
    pages = [towns.address(name, town) for name in dict.fromkeys(towns.names()) if name not in NO_PAGE]
    wide = [f"{reverse(LISTS[noun])}?columns={','.join(column.key for column in spec.columns)}" for noun, spec in SPECS.items()]
    files = [f"{reverse('export', args=[noun])}?form=csv" for noun in SPECS]
    return [*pages, *wide, *files, "/search?q=한", "/search?q=가온"]


def shown(client: Client, addresses: list[str]) -> list[str]:
    """Where something is shown, opened once, so that what is opened lately, and what is asked once, is the same for all when it is counted.
    Where only a form is sent there is nothing to count."""
    return [address for address in addresses if b"".join(client.get(address))]


def costs(client: Client, addresses: list[str]) -> dict[str, int]:
    found = {}
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            b"".join(client.get(address))
        found[address] = len(queries)
    return found


def test_every_page_costs_the_same_number_of_queries_for_two_rows_and_for_twelve(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where more fit than are looked at, the search asks once more, of however many more: here none do.
    monkeypatch.setattr(matching, "WANTED", 10_000)
    town = towns.settled(cast)
    indexing.absorb_all()
    client = ada_of(cast)
    pages = shown(client, addresses(town))
    few = costs(client, pages)
    towns.grow(town, n=10)
    for nth in range(10):
        hired(f"colleague{nth}", "Kim", f"Jun{nth}", team=cast.inside_sales)
    # What is new is in the index of the search by then, as the worker brings it there: a question takes only a part of very much with it.
    indexing.absorb_all()
    assert shown(client, pages) == pages
    many = costs(client, pages)
    assert len(few) > 60
    # The trail shows its last fifty entries and asks once for each kind of record among them: here they come to be of fewer kinds.
    for address in [one for one in few if one.partition("?")[0] == "/audit"]:
        assert many[address] <= few.pop(address)
    other = {address: (n, many[address]) for address, n in few.items() if many[address] != n}
    assert not other, f"queries for two rows and for twelve: {other}"
