"""The page of a product, and a glance at one and at a task: open to read for everybody inside, with what each reader may see of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.money import Money
from tasuki.crm import leads, records, stages, tasks
from tasuki.crm.leads import Arrival
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task, TaskKind
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tasuki.web import found_rows
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def gate() -> Product:
    return records.add_product("Haneul Gate", line="gateways", price=Decimal(4_321), currency="KRW", by=SET_UP, at=MONDAY)


def sold(cast: Cast, product: Product, nth: int, *, owner: Any, team: Any) -> None:
    """An open opportunity with the product, and a lead in process beside it."""
    by = SET_UP
    for name, stage in (("deal", stages.BOOKED), ("lead", stages.WORKING)):
        account = records.add_account(records.Company(f"{name} {nth}"), owner=owner, team=team, another="one more", by=by, at=MONDAY)
        lead = leads.capture(Arrival(team=team, owner=owner, account=account, product=product), by=by, at=MONDAY, stage=stage)
        if name == "deal":
            opportunities.accept(lead, terms=Acceptance(owner=owner, team=team, money=Money(Decimal(777_000), "KRW")), by=by, at=MONDAY)


def page_of(reader: Any, product: Product, name: str = "product") -> str:
    answer = signed_in(reader).get(reverse(name, args=[product.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_everybody_inside_reads_a_product_and_only_operations_are_offered_to_change_it(cast: Cast) -> None:
    product = gate()
    change = reverse("product_change", args=[product.pk])
    for reader in (cast.ivo, cast.saori, cast.chika):
        text = page_of(reader, product)
        assert ("Haneul Gate" in text, "gateways" in text, change in text) == (True, True, False)
    assert change in page_of(cast.ada, product)
    assert signed_in(cast.tomas).get(reverse("product", args=[product.pk])).status_code == 403
    assert signed_in(cast.ada).get(reverse("product", args=[product.pk + 1])).status_code == 404


def test_its_open_opportunities_and_leads_are_those_that_the_reader_may_see(cast: Cast) -> None:
    product = gate()
    sold(cast, product, 1, owner=cast.saori, team=cast.field_sales)
    for name in ("product", "product_peek"):
        assert "deal 1" in page_of(cast.saori, product, name)
        assert "deal 1" not in page_of(cast.chika, product, name)
        assert "No open opportunity with this product" in page_of(cast.ivo, product, name)
    assert ("lead 1" in page_of(cast.ada, product), "lead 1" in page_of(cast.chika, product)) == (True, False)


def test_what_a_role_must_not_see_of_money_is_not_on_the_page(cast: Cast) -> None:
    product = gate()
    sold(cast, product, 1, owner=cast.mina, team=cast.marketing)
    records.change_product(product, said={"money": Money(Decimal(5_432), "KRW")}, by=SET_UP, at=MONDAY)
    assert all(words in page_of(cast.ada, product) for words in ("777", "₩5.4K"))
    for name in ("product", "product_peek"):
        assert "₩" not in page_of(cast.mina, product, name), "neither the amount of a deal, nor the price, nor what it was before"


def test_a_page_asks_the_same_for_two_and_for_twelve_and_leads_to_all(cast: Cast) -> None:
    product, ada = gate(), signed_in(cast.ada)

    def n_queries(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ada.get(reverse(name, args=[product.pk])).status_code == 200
        return len(queries)

    for nth in range(2):
        sold(cast, product, nth, owner=cast.saori, team=cast.field_sales)
    for name in ("product", "product_peek"):
        n_queries(name)
    two = [n_queries("product"), n_queries("product_peek")]
    assert "See all" not in page_of(cast.ada, product)
    for nth in range(2, 22):
        sold(cast, product, nth, owner=cast.saori, team=cast.field_sales)
    assert [n_queries("product"), n_queries("product_peek")] == two
    address = f"{reverse('opportunities')}?filter=state%3Ais%28open%29%2C+product%3Ais%28{product.pk}%29"
    for name in ("product", "product_peek"):
        assert f'href="{address}">See all<' in page_of(cast.ada, product, name)
    assert '<span class="quiet">22</span>' in ada.get(address).content.decode()


def test_whoever_looks_for_a_product_is_led_to_its_page(cast: Cast) -> None:
    product = gate()
    address = reverse("product", args=[product.pk])
    assert found_rows.rows(cast.ivo, [("product", product.pk)])["product", product.pk].href == address
    assert f'class="sheet-name" href="{address}"' in signed_in(cast.ivo).get(reverse("products")).content.decode()


def test_a_glance_at_a_task_says_whom_it_is_about_and_how_they_are_reached(cast: Cast) -> None:
    lead = lead_of(cast)
    assert lead.contact is not None
    records.change_contact(lead.contact, said={"phones": ["+82 10 5550 0001"]}, by=SET_UP, at=MONDAY)
    task = tasks.add(
        Task(subject="Call back", kind=TaskKind.CALL, details="Ask for the budget", due_on=date(2026, 4, 1), owner=cast.ivo, lead=lead), by=SET_UP, at=MONDAY
    )
    text = signed_in(cast.ivo).get(reverse("task_peek", args=[task.pk])).content.decode()
    for words in ("Call back", "한서윤", "Working", "5550", "Ask for the budget", "Apr 1"):
        assert words in text, words
    assert "<html" not in text
    assert signed_in(cast.saori).get(reverse("task_peek", args=[task.pk])).status_code == 404
    assert signed_in(cast.tomas).get(reverse("task_peek", args=[task.pk])).status_code == 403


def test_a_glance_at_a_task_tells_nothing_of_a_record_that_the_reader_does_not_see(cast: Cast) -> None:
    lead = lead_of(cast)
    task = tasks.add(Task(subject="Ask about the bill", owner=cast.chika, lead=lead), by=SET_UP, at=MONDAY)
    text = signed_in(cast.chika).get(reverse("task_peek", args=[task.pk])).content.decode()
    assert "Ask about the bill" in text
    assert "한서윤" not in text
    bare = tasks.add(Task(subject="Water the plants", owner=cast.chika), by=SET_UP, at=MONDAY)
    assert "Water the plants" in signed_in(cast.chika).get(reverse("task_peek", args=[bare.pk])).content.decode()
