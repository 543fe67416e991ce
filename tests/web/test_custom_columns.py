"""Custom fields in lists: columns, orders, filters and exports, for those who see them; and what becomes of views when one is archived."""

from __future__ import annotations

import csv
import html
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.money import Money
from tasuki.core.saved_views import SavedView
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import ALL_KINDS, firm, key_of, made, some_value
from tests.web.office import signed_in
from tests.web.test_lists import ids, link

pytestmark = pytest.mark.django_db
ORDERED = [FieldKind.TEXT, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.CHOICE, FieldKind.CHECKBOX]
ORDERED += [FieldKind.LONG_TEXT, FieldKind.URL, FieldKind.PERSON]


def firms(cast: Cast, field: CustomField, values: list[Any]) -> list[Account]:
    found = []
    for nth, value in enumerate(values):
        account = records.add_account(records.Company(f"Firm {nth}"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY, another="a namesake")
        found.append(writing.write(account, said={field.pk: value}, by=SET_UP, at=MONDAY))
    return found


def listed(cast: Cast, query: str) -> str:
    answer = signed_in(cast.ada).get(reverse("accounts") + query)
    assert answer.status_code == 200, answer.content.decode()
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_field_of_each_kind_is_a_column(cast: Cast, kind: FieldKind) -> None:
    field, account = made(kind), firm(cast)
    assert f"Our {kind.value}" not in listed(cast, "").split("<tbody>")[0].split("<thead>")[1], "nobody has chosen it yet"
    writing.write(account, said={field.pk: some_value(field, cast, account)}, by=SET_UP, at=MONDAY)
    text = listed(cast, f"?columns=name,{field.key}")
    shown = {FieldKind.LONG_TEXT: "one\ntwo", FieldKind.NUMBER: "12.5", FieldKind.MONEY: "$1.2K", FieldKind.DATE: "Mar 2", FieldKind.CHECKBOX: "yes"}
    shown |= {
        FieldKind.PERSON: cast.saori.display_name,
        FieldKind.ACCOUNT: f'href="/accounts/{account.pk}"',
        FieldKind.URL: 'href="https://gaon.example/board"',
    }
    assert shown.get(kind, "north wing" if kind is FieldKind.TEXT else "Gold") in text.split("<tbody>")[1]


@pytest.mark.parametrize("kind", ORDERED)
def test_a_column_orders_and_pages_turn_without_losing_a_row(cast: Cast, kind: FieldKind) -> None:
    field = made(kind, choices=("b", "a", "c"))
    values = {
        FieldKind.TEXT: ["b", "A", "c"],
        FieldKind.NUMBER: [Decimal("9.5"), Decimal(-1), Decimal(100)],
        FieldKind.MONEY: [Money(Decimal(900), "KRW"), Money(Decimal(10), "KRW"), Money(Decimal(1000), "KRW")],
        FieldKind.DATE: [date(2026, 3, 2), date(2026, 1, 1), date(2026, 12, 31)],
        FieldKind.CHOICE: [choice.key for choice in field.choices()],
        FieldKind.CHECKBOX: [True],
        FieldKind.LONG_TEXT: ["b" * 9_000, "A" * 9_000, "c"],
        FieldKind.URL: ["https://b.example/", "https://A.example/", "https://c.example/"],
        FieldKind.PERSON: [cast.mina.pk, cast.saori.pk, cast.ivo.pk],
    }[kind]
    accounts = firms(cast, field, [*values, None] * (120 // (2 * len(values))))
    assert field.name in listed(cast, f"?columns=name,{field.key}")
    client = signed_in(cast.ada)
    rising = {}
    for sort in (field.key, f"-{field.key}"):
        turned, query = [], f"?sort={sort}"
        while query:
            text = client.get(reverse("accounts") + query).content.decode()
            turned.append(ids(text, "accounts"))
            query = link(text, "next")
        rows = [row for page in turned for row in page]
        assert sorted(rows) == sorted(account.pk for account in accounts)
        back, text = [], client.get(reverse("accounts") + f"?sort={sort}").content.decode()
        while query := link(text, "next"):
            text = client.get(reverse("accounts") + query).content.decode()
        while query := link(text, "prev"):
            text = client.get(reverse("accounts") + query).content.decode()
            back.append(ids(text, "accounts"))
        assert back[-1] == turned[0]
        by_pk = {account.pk: account.custom.get(field.slot) for account in accounts}
        rising[sort] = [by_pk[row] for row in rows]
        n_without = sum(value is None for value in by_pk.values())
        assert rising[sort][-n_without:] == [None] * n_without, "rows without a value come last both ways"
    expected = {FieldKind.TEXT: "A", FieldKind.CHOICE: values[0], FieldKind.NUMBER: "-1", FieldKind.DATE: "2026-01-01", FieldKind.CHECKBOX: True}
    expected |= {FieldKind.LONG_TEXT: "A" * 9_000, FieldKind.URL: "https://A.example/", FieldKind.PERSON: cast.ivo.pk}
    assert rising[field.key][0] == expected.get(kind, {"amount": "10", "currency": "KRW"})


def test_a_person_whom_nobody_knows_any_more_takes_no_row_out_of_the_list(cast: Cast) -> None:
    field = made(FieldKind.PERSON)
    known, unknown = firms(cast, field, [cast.ivo.pk, cast.ivo.pk])
    Account.objects.filter(pk=unknown.pk).update(custom={field.slot: 999_999})
    for sort in (field.key, f"-{field.key}"):
        assert ids(listed(cast, f"?sort={sort}"), "accounts") == [known.pk, unknown.pk]


def test_more_choices_than_a_list_can_walk_order_none(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, choices=tuple(f"Choice {n}" for n in range(61)))
    assert f"sort={field.key}" not in listed(cast, f"?columns=name,{field.key}")
    assert signed_in(cast.ada).get(reverse("accounts") + f"?sort={field.key}").status_code == 400


@pytest.mark.parametrize("kind", [kind for kind in ALL_KINDS if kind not in ORDERED])
def test_a_kind_without_an_order_is_refused_one(cast: Cast, kind: FieldKind) -> None:
    field = made(kind)
    assert signed_in(cast.ada).get(reverse("accounts") + f"?sort={field.key}").status_code == 400


def test_the_sentence_asks_a_field_by_its_name_and_its_choices_by_theirs(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, "Tier")
    gold, silver = firms(cast, field, [key_of(field, "Gold"), key_of(field, "Silver")])
    text = listed(cast, f"?filter={field.key}:is({key_of(field, 'Gold')})")
    assert ids(text, "accounts") == [gold.pk]
    assert "Tier is" in text
    assert ">Gold</b>" in text
    adding = listed(cast, f"?add={field.key}")
    assert "Silver" in adding
    applied = signed_in(cast.ada).get(reverse("accounts") + f"?field={field.key}&op=is_not&v={key_of(field, 'Gold')}&at=0")
    assert applied.status_code == 302
    assert ids(listed(cast, applied["Location"]), "accounts") == [silver.pk]


def test_the_sentence_offers_the_accounts_that_records_name_and_only_those_that_the_reader_sees(cast: Cast) -> None:
    field = made(FieldKind.ACCOUNT, "Partner")
    gaon, secret = firm(cast, "Gaon"), records.add_account(records.Company("Secret Ltd."), owner=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY)
    named = firms(cast, field, [gaon.pk, gaon.pk, secret.pk])
    ivo = signed_in(cast.ivo)
    adding = html.unescape(ivo.get(reverse("accounts") + f"?add={field.key}").content.decode())
    assert f'value="{gaon.pk}"' in adding
    assert "Secret" not in adding
    text = html.unescape(ivo.get(reverse("accounts") + f"?filter={field.key}:is({gaon.pk})").content.decode())
    assert ids(text, "accounts") == [named[0].pk, named[1].pk]
    assert ">Gaon</b>" in text
    asked = html.unescape(ivo.get(reverse("accounts") + f"?filter={field.key}:is({secret.pk})").content.decode())
    assert "Secret" not in asked


def test_a_glance_at_a_row_shows_what_is_filled_in(cast: Cast) -> None:
    field, hidden = made(FieldKind.TEXT, "Wing"), made(FieldKind.TEXT, "Gossip", hidden_from=[Role.INSIDE_SELLER])
    (account,) = firms(cast, field, ["north"])
    writing.write(account, said={hidden.pk: "scandal"}, by=SET_UP, at=MONDAY)
    text = signed_in(cast.ivo).get(reverse("account_peek", args=[account.pk])).content.decode()
    assert "Wing" in text
    assert "north" in text
    assert "Gossip" not in text
    assert "scandal" not in text


def test_a_view_of_two_hundred_columns_can_be_saved(cast: Cast) -> None:
    CustomField.objects.bulk_create(CustomField(noun="account", kind=FieldKind.NUMBER, label=f"Extra {n}", position=n, created_at=MONDAY) for n in range(200))
    columns = ",".join(["name", *(field.key for field in CustomField.objects.all())])
    said = {"of": "account", "name": "All", "reach": "mine", "filter": "", "sort": "name", "columns": columns, "next": "/accounts"}
    signed_in(cast.ada).post(reverse("view_add"), said)
    assert len(SavedView.objects.get().columns) == 201


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_has_the_values_of_the_columns(cast: Cast, form: str) -> None:
    account = firm(cast)
    fields = {kind: made(kind) for kind in ALL_KINDS}
    writing.write(account, said={field.pk: some_value(field, cast, account) for field in fields.values()}, by=SET_UP, at=MONDAY)
    columns = ",".join(["name", *(field.key for field in fields.values())])
    answer = signed_in(cast.ada).get(reverse("export", args=["account"]) + f"?columns={columns}&form={form}")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # both forms are streamed
    if form == "csv":
        head, row = csv.reader(io.StringIO(body.decode("utf-8-sig")))
        cells = dict(zip(head, row, strict=True))
        assert (cells["Our number"], cells["Our money"], cells["Currency"], cells["Our date"]) == ("12.5", "1200.00", "USD", "2026-03-02")
        assert (cells["Our choice"], cells["Our choices"], cells["Our checkbox"]) == ("Gold", "Gold", "yes")
        assert (cells["Our person"], cells["Our account"], cells["Our url"]) == (cast.saori.display_name, account.name, "https://gaon.example/board")
    else:
        from openpyxl import load_workbook

        head_, row_ = load_workbook(io.BytesIO(body)).active.iter_rows(values_only=True)
        assert dict(zip(head_, row_, strict=True))["Our number"] == 12.5


def test_a_formula_in_a_value_is_a_text(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.TEXT, "=HYPERLINK(1)")
    writing.write(account, said={field.pk: '=cmd|"/c calc"!A1'}, by=SET_UP, at=MONDAY)
    answer = signed_in(cast.ada).get(reverse("export", args=["account"]) + f"?columns=name,{field.key}&form=csv")
    head, row = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))  # type: ignore[attr-defined]  # it is streamed
    assert (head[1], row[1]) == ("'=HYPERLINK(1)", '\'=cmd|"/c calc"!A1')


def test_a_hidden_field_is_no_column_no_order_no_filter_and_no_part_of_a_file(cast: Cast) -> None:
    field = made(FieldKind.TEXT, "Gossip", hidden_from=[Role.MANAGER])
    account, other = firms(cast, field, ["scandal", None])
    ruth = signed_in(cast.ruth)
    page = ruth.get(reverse("accounts")).content.decode()
    assert "Gossip" not in page
    assert field.key not in page
    for query in (f"?columns=name,{field.key}", f"?sort={field.key}"):
        assert ruth.get(reverse("accounts") + query).status_code == 400
        assert ruth.get(reverse("export", args=["account"]) + query + "&form=csv").status_code == 400
    asked = ruth.get(reverse("accounts") + f"?filter={field.key}:starts_with(scan)").content.decode()
    assert sorted(ids(asked, "accounts")) == sorted([account.pk, other.pk]), "nobody finds out by asking"
    assert "left out" in asked
    assert "scandal" not in asked
    assert ruth.get(reverse("accounts") + f"?field={field.key}&op=filled&at=0").status_code == 302


def test_a_saved_view_goes_on_working_when_its_field_is_archived_and_says_so(cast: Cast) -> None:
    field, wing = made(FieldKind.CHOICE, "Tier"), made(FieldKind.TEXT, "Wing")
    firms(cast, field, [key_of(field, "Gold"), key_of(field, "Silver")])
    ada = signed_in(cast.ada)
    asked = f"{field.key}:is({key_of(field, 'Gold')}), any({field.key}:filled), name:contains(Firm)"
    said = {
        "of": "account",
        "name": "Gold",
        "reach": "mine",
        "filter": asked,
        "sort": f"-{field.key}",
        "columns": f"name,{field.key},{wing.key}",
        "next": "/accounts",
    }
    ada.post(reverse("view_add"), said)
    view = SavedView.objects.get()
    before = listed(cast, f"?view={view.pk}")
    assert len(ids(before, "accounts")) == 1
    assert "left out" not in before
    defining.archive(field, by=SET_UP, at=MONDAY)
    after = listed(cast, f"?view={view.pk}")
    assert len(ids(after, "accounts")) == 2
    assert "That part is left out." in after
    assert "Tier" not in after
    assert "Wing" in after
    assert "left out" not in listed(cast, "")
    defining.restore(field, by=SET_UP, at=MONDAY)
    assert ids(listed(cast, f"?view={view.pk}"), "accounts") == ids(before, "accounts")


def test_a_list_with_custom_columns_costs_the_same_queries_for_two_rows_and_for_twelve(cast: Cast) -> None:
    person, partner, tier = made(FieldKind.PERSON), made(FieldKind.ACCOUNT), made(FieldKind.CHOICE)
    client, address = signed_in(cast.ada), reverse("accounts") + f"?columns=name,{person.key},{partner.key},{tier.key}&sort={tier.key}"

    def add(n: int) -> None:
        for account in firms(cast, tier, [key_of(tier, "Gold")] * n):
            writing.write(account, said={person.pk: cast.saori.pk, partner.pk: account.pk}, by=SET_UP, at=MONDAY + timedelta(hours=1))

    add(2)
    client.get(address)
    with CaptureQueriesContext(connection) as two:
        client.get(address)
    add(10)
    with CaptureQueriesContext(connection) as twelve:
        client.get(address)
    assert len(twelve) == len(two)


@pytest.mark.parametrize("query", ["?filter=custom.f0:filled", "?filter=custom.f99999999999999999999:is(1)", "?filter=custom.:filled"])
def test_a_field_that_never_was_is_left_out_with_a_sentence(cast: Cast, query: str) -> None:
    assert "That part is left out." in listed(cast, query)


def test_sql_in_the_name_of_a_column_is_no_column(cast: Cast) -> None:
    made(FieldKind.NUMBER)
    for query in ("?sort=custom.f1'--", "?columns=name,custom.f1)%20OR%201=1", "?sort=by_f1", "?sort=custom__f1"):
        assert signed_in(cast.ada).get(reverse("accounts") + query).status_code == 400
