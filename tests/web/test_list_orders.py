"""Every order of every list: each row comes once, in order, forth and back, whether the rows are few and sorted or many and walked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Outcome
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task, TaskKind
from tasuki.sales.opportunities import LostBecause, Opportunity
from tasuki.web.lists import paging
from tasuki.web.lists import state as states
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.orders import Order
from tasuki.web.lists.page import order_of
from tests.cast import MONDAY, Cast

pytestmark = pytest.mark.django_db
N_ROWS = 124


@dataclass
class Business:
    """A little of everything, by dice: values that many share, values that are missing, names of three scripts."""

    people: list[Any]
    teams: list[Team]
    products: list[Product] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    dice: Random = field(default_factory=lambda: Random(7))

    def fill(self) -> None:
        many = range(N_ROWS)
        Product.objects.bulk_create(map(self.product, many))
        self.products = list(Product.objects.all()[:5])
        Account.objects.bulk_create(map(self.account, many))
        self.accounts = list(Account.objects.all())
        Contact.objects.bulk_create(map(self.contact, many))
        self.contacts = list(Contact.objects.all())
        Lead.objects.bulk_create(map(self.lead, many))
        Opportunity.objects.bulk_create(self.opportunity(nth, lead) for nth, lead in enumerate(Lead.objects.all()))
        Task.objects.bulk_create(map(self.task, many))

    def product(self, nth: int) -> Product:
        pick = self.dice.choice
        code = f"{nth}" if nth % 2 else ""
        return Product(name=f"Product {nth}", code=code, line=pick(["", "Clearing"]), price=pick([None, nth % 5]), currency="KRW", created_at=MONDAY)

    def account(self, nth: int) -> Account:
        pick = self.dice.choice
        name = pick(["가온", "Lorrimoor", "東方", "same"])
        return Account(
            name=name,
            folded_name=name,
            domain=pick(["", f"firm{nth}.example"]),
            industry=pick(["", "exchange", "bank"]),
            n_employees=pick([None, 5, nth]),
            country=pick(["", "KR", "JP"]),
            corporate_number=pick(["", f"{nth}"]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            reference=pick(["", f"A{nth}"]),
            created_at=MONDAY + timedelta(hours=nth // 9),
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def contact(self, nth: int) -> Contact:
        pick = self.dice.choice
        return Contact(
            account=pick([None, *self.accounts[:30]]),
            family_name=pick(["김", "Kim", "山田"]),
            given_name=pick(["", "민수", "Ada"]),
            title=pick(["", "부장", "CTO"]),
            department=pick(["", "", "IT"]),
            roles=pick(["", "", "", "decision maker"]),
            reference=pick(["", f"C{nth}"]),
            created_at=MONDAY + timedelta(hours=nth // 9),
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def lead(self, nth: int) -> Lead:
        pick = self.dice.choice
        opened_at, later = MONDAY + timedelta(minutes=nth // 4), timedelta(days=pick(range(3)))
        is_over = pick([True, False, False])
        return Lead(
            contact=pick([None, *self.contacts]),
            account=pick([None, *self.accounts[:20]]),
            product=pick([None, *self.products]),
            product_line=f"{nth}",
            origin=pick(Origin.values[:3]),
            source=pick(["", "fair", "web", "박람회"]),
            segment=pick(["", "large"]),
            reference=pick(["", f"L{nth}"]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            opened_at=opened_at,
            stage_id=None if is_over else pick(stages.ORDER),
            stage_since=opened_at + later,
            won_at=pick([None, None, opened_at + later]),
            ended_at=opened_at + later if is_over else None,
            ended_as=Outcome.LOST if is_over else "",
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def opportunity(self, nth: int, lead: Lead) -> Opportunity:
        pick = self.dice.choice
        closed_at = pick([None, MONDAY + timedelta(days=nth % 5)])
        is_won = closed_at is not None and pick([True, False])
        return Opportunity(
            lead=lead,
            name=pick(["", "Night session", "야간"]),
            product=pick([None, *self.products]),
            amount=pick([None, Decimal(nth % 7) + Decimal("0.25")]),
            currency="KRW",
            close_on=pick([None, date(2026, 4, 1 + nth % 9)]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            reference=pick(["", f"O{nth}"]),
            opened_at=MONDAY + timedelta(minutes=nth // 4),
            closed_at=closed_at,
            won_at=closed_at if is_won else None,
            lost_because=pick(LostBecause.values) if closed_at and not is_won else "",
            lost_to=pick(["", "Rival"]) if closed_at else "",
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def task(self, nth: int) -> Task:
        pick = self.dice.choice
        done_at, owner = pick([None, MONDAY, MONDAY + timedelta(days=1)]), pick(self.people)
        return Task(
            subject=pick(["Call", "전화", "Write"]),
            kind=pick(TaskKind.values),
            due_on=pick([None, date(2026, 3, 1 + nth % 5)]),
            owner=owner,
            team=pick(self.teams),
            created_at=MONDAY + timedelta(hours=pick(range(5))),
            done_at=done_at,
            done_by=owner if done_at else None,
        )


@pytest.fixture
def business(cast: Cast) -> Cast:
    Business([cast.ivo, cast.saori, cast.mina], [cast.inside_sales, cast.field_sales, cast.marketing]).fill()
    return cast


def ordered(noun: str, sort: str, reader: User) -> tuple[QuerySet[Any], Order]:
    spec = SPECS[noun]
    view = states.built_in(spec.views[-1], spec)
    return spec.rows(reader), order_of(states.State(view, view.filter, sort, view.columns), spec)


def walked(rows: QuerySet[Any], order: Order, *, are_few: bool) -> tuple[list[list[int]], list[list[int]]]:
    """The pages forth to the end, and from there back to the start."""
    page = paging.window(rows, order, before="", after="", are_few=are_few)
    forth = [[row.pk for row in page.rows]]
    while page.after:
        page = paging.window(rows, order, before="", after=page.after, are_few=are_few)
        forth.append([row.pk for row in page.rows])
    back = [[row.pk for row in page.rows]]
    while page.before:
        page = paging.window(rows, order, before=page.before, after="", are_few=are_few)
        back.append([row.pk for row in page.rows])
    return forth, back


@pytest.mark.parametrize("noun", SPECS)
def test_every_order_gives_each_row_once_forth_and_back(business: Cast, noun: str) -> None:
    for column in SPECS[noun].columns:
        for sort in (column.key, f"-{column.key}") if column.sort else ():
            see_that_it_is_an_order(*ordered(noun, sort, business.ada))


def see_that_it_is_an_order(rows: QuerySet[Any], order: Order) -> None:
    whole = [row.pk for row in order.applied(rows)]
    assert len(whole) == len(set(whole)) == rows.count() == N_ROWS
    for are_few in (True, False):
        forth, back = walked(rows, order, are_few=are_few)
        assert [row for page in forth for row in page] == whole
        assert back == forth[::-1]
    values = dict(rows.values_list("pk", order.path))
    filled = [values[row] for row in whole if values[row] not in (None, "")]
    expected = rows.exclude(pk__in=[pk for pk, value in values.items() if value in (None, "")]).order_by(
        F(order.path).desc() if order.is_falling else F(order.path).asc()
    )
    assert filled == list(expected.values_list(order.path, flat=True)), "in the order of the database"
    assert all(values[row] in (None, "") for row in whole[len(filled) :]), "what has no value comes last"


@pytest.mark.parametrize("sort", ["account", "-stage", "person", "won", "-source", "title"])
def test_a_row_knows_its_own_place(business: Cast, sort: str) -> None:
    rows, order = ordered("lead", sort, business.ada)
    whole = list(order.applied(rows))
    for nth in (3, 60, N_ROWS - 3):
        page = paging.window(rows, order, before="", after=paging.place_of(order, whole[nth]))
        assert [row.pk for row in page.rows] == [row.pk for row in whole[nth + 1 :][: paging.PAGE]]


@pytest.mark.parametrize("sort", ["owner", "-stage", "person", "account", "-won", "source"])
def test_a_narrow_role_walks_only_what_it_sees(business: Cast, sort: str) -> None:
    for reader in (business.ivo, business.saori, business.tomas):
        rows, order = ordered("lead", sort, reader)
        for are_few in (True, False):
            forth, _back = walked(rows, order, are_few=are_few)
            assert sorted(row for page in forth for row in page) == sorted(rows.values_list("pk", flat=True))
    assert Lead.objects.visible_to(business.saori).exists()


@pytest.mark.parametrize(("noun", "sort"), [("lead", "owner"), ("lead", "person"), ("opportunity", "-stage"), ("contact", "account")])
def test_a_page_of_many_joins_nothing_but_what_its_order_needs(business: Cast, noun: str, sort: str) -> None:
    rows, order = ordered(noun, sort, business.ada)
    with CaptureQueriesContext(connection) as queries:
        paging.window(rows, order, before="", after="")
    walk = queries[0]["sql"]
    assert "LIMIT 51" in walk
    assert walk.count("JOIN") <= 2


@pytest.mark.parametrize("name", ["x" * 200, "'; DROP TABLE crm_account; --", "\U0001f408" * 50, "%s%%", "{rows}"])
def test_whatever_stands_in_a_name_pages_turn_over_it(business: Cast, name: str) -> None:
    Account.objects.filter(pk__in=list(Account.objects.values_list("pk", flat=True)[:70])).update(name=name, folded_name="x")
    rows, order = ordered("account", "-name", business.ada)
    for are_few in (True, False):
        forth, back = walked(rows, order, are_few=are_few)
        assert len({row for page in forth for row in page}) == N_ROWS
        assert back == forth[::-1]


def test_a_person_who_left_with_their_rows_is_a_place_that_is_not_known_any_more(business: Cast) -> None:
    rows, order = ordered("lead", "owner", business.ada)
    after = paging.window(rows, order, before="", after="").after
    without = Order(order.model, order.path, order.is_falling, then=order.then, stepped=order.stepped, steps=order.steps[-1:])
    with pytest.raises(paging.BadRequest):
        paging.window(rows, without, before="", after=after)
