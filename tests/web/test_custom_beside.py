"""Custom fields stand beside each other where a row of a file, or what somebody types, is probably about a record that is here."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.imports import running, sets
from tasuki.core.imports.sets import ImportFile, ImportSet
from tasuki.core.money import Money
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.records import Company
from tasuki.web import import_beside
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import key_of, made
from tests.web.office import signed_in
from tests.web.test_import_pages import LATER, brought

pytestmark = pytest.mark.django_db


def firm(cast: Cast, name: str = "Gaon", *, domain: str = "") -> Account:
    return records.add_account(Company(name, domain=domain), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)


def filled(record: Any, *said: tuple[CustomField, Any]) -> None:
    writing.write(record, said={field.pk: value for field, value in said}, by=SET_UP, at=MONDAY)


def rehearsed(client: Client, rows: str, *fields: CustomField, noun: str = "accounts", column: str = "name") -> ImportFile:
    """A dry run of rows whose columns are the name and then the fields in their order, under their labels."""
    header = ",".join(["Called", *(field.label for field in fields)])
    (file,) = brought(client, rows=f"{header}\n{rows}").files.all()
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": noun})
    columns = {f"column-{column}": "Called", **{f"column-{field.key}": field.label for field in fields}}
    said = {**columns, "known_by": "said", "known_by-email": "on", "key": column, "on_duplicate": "update", "later": "1"}
    assert client.post(reverse("import_file", args=[file.pk]), said).status_code == 302
    client.post(reverse("import_set_rehearsing", args=[file.of_id]))
    running.rehearse_together([one.rehearsal for one in sets.in_order(file.of) if one.rehearsal], at=LATER)
    return ImportFile.objects.get(pk=file.pk)


def table(page: str) -> dict[str, list[str]]:
    """The rows of the tables of a page: by label the texts of the cells, each with what is marked at it."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    plain = [
        (label, [re.sub(r'<span class="merge-of.*?</span>|<svg.*?</svg>', "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", cells)])
        for label, cells in rows
    ]
    return {label: [" ".join(re.sub(r"<.*?>", " ", cell).split()) for cell in cells] for label, cells in plain}


def known(client: Client, file: ImportFile) -> str:
    return client.get(reverse("import_file_matches", args=[file.pk]) + "?which=known").content.decode()


@pytest.mark.parametrize(
    ("kind", "cell", "stands", "shown"),
    [
        (FieldKind.TEXT, "North Wing", "north wing", ["North Wing", "north wing"]),
        (FieldKind.TEXT, "north", "south", ["north", "south differs"]),
        (FieldKind.TEXT, "north", None, ["north", "– not here yet"]),
        (FieldKind.NUMBER, "1200.50", Decimal("1200.5"), ["1,200.5", "1,200.5"]),
        (FieldKind.DATE, "2026-03-02", date(2026, 3, 2), None),
        (FieldKind.MONEY, "USD 1200", Money(Decimal(1200), "USD"), None),
        (FieldKind.CHOICE, " gold ", "Gold", ["Gold", "Gold"]),
        (FieldKind.CHOICE, "silver", "Gold", ["Silver", "Gold differs"]),
        (FieldKind.CHOICES, "Silver;Gold", "Gold,Silver", ["Gold, Silver", "Gold, Silver"]),
        (FieldKind.CHOICES, "Silver", "Gold,Silver", ["Silver", "Gold, Silver differs"]),
        (FieldKind.CHECKBOX, "yes", True, ["yes", "yes"]),
        (FieldKind.TEXT, "<b>x</b>", "=1+1", ["&lt;b&gt;x&lt;/b&gt;", "=1+1 differs"]),
    ],
)
def test_what_a_row_says_stands_beside_what_the_record_says(cast: Cast, *, kind: FieldKind, cell: str, stands: Any, shown: list[str] | None) -> None:
    field, account = made(kind, "Extra"), firm(cast)
    if kind == FieldKind.CHOICE:
        stands = key_of(field, stands)
    elif kind == FieldKind.CHOICES:
        stands = [key_of(field, label) for label in stands.split(",")]
    if stands is not None:
        filled(account, (field, stands))
    client = signed_in(cast.ada)
    cells = table(known(client, rehearsed(client, f"Gaon,{cell}\n", field)))["Extra"]
    assert cells == shown if shown else (cells[0] == cells[1] and "differs" not in cells[1])


def test_people_and_accounts_are_compared_as_whom_they_name(cast: Cast) -> None:
    who, where = made(FieldKind.PERSON, "Sponsor"), made(FieldKind.ACCOUNT, "Parent firm")
    other = firm(cast, "Raon Trading")
    filled(firm(cast), (who, cast.ivo.pk), (where, other.pk))
    client = signed_in(cast.ada)
    rows = table(known(client, rehearsed(client, "Gaon,ivo@example.com,RAON trading\n", who, where)))
    assert (rows["Sponsor"], rows["Parent firm"]) == ([cast.ivo.display_name] * 2, ["Raon Trading"] * 2)


def test_somebody_who_is_not_here_stands_as_the_file_names_them(cast: Cast) -> None:
    who = made(FieldKind.PERSON, "Sponsor")
    filled(firm(cast), (who, cast.ivo.pk))
    client = signed_in(cast.ada)
    assert table(known(client, rehearsed(client, "Gaon,nobody@x.example\n", who)))["Sponsor"] == ["nobody@x.example", f"{cast.ivo.display_name} differs"]


def test_a_field_that_is_hidden_from_somebody_is_compared_by_others_only(cast: Cast) -> None:
    secret, account = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER]), firm(cast)
    filled(account, (secret, "south"))
    file, cells = rehearsed(signed_in(cast.ada), "Gaon,north\n", secret), {"Called": "Gaon", "Secret": "north"}
    said = {}
    for user in (cast.ada, cast.ivo):
        fields = import_beside.compared(file, user=user)
        custom = import_beside.custom_of(file, fields, [cells], beside=[account], user=user)
        said[user] = [line.label for line in import_beside.said(fields, cells, custom=custom)]
    assert said == {cast.ada: ["Name", "Secret"], cast.ivo: ["Name"]}


def test_the_person_of_a_lead_has_no_field_of_the_lead(cast: Cast) -> None:
    field = made(FieldKind.TEXT, "Campaign", noun=FieldNoun.LEAD)
    records.add_contact(records.Person("Ahn", email="ahn@gaon.example"), by=SET_UP, at=MONDAY)
    client = signed_in(cast.ada)
    page = known(client, rehearsed(client, "ahn@gaon.example,spring\n", field, noun="leads", column="email"))
    assert table(page)["Campaign"] == ["spring", "–"]


def test_the_page_costs_the_same_for_two_rows_and_ten_with_fields_that_name_somebody(cast: Cast) -> None:
    who, where, tier = made(FieldKind.PERSON, "Sponsor"), made(FieldKind.ACCOUNT, "Parent firm"), made(FieldKind.CHOICE, "Tier")
    for nth in range(10):
        filled(firm(cast, f"Firm {nth}"), (who, cast.ivo.pk))
    client, costs = signed_in(cast.ada), []
    for n in (2, 10):
        ImportSet.objects.all().delete()
        file = rehearsed(client, "".join(f"Firm {nth},ivo@example.com,Firm {9 - nth},gold\n" for nth in range(n)), who, where, tier)
        known(client, file)
        with CaptureQueriesContext(connection) as queries:
            assert known(client, file).count('name="row"') == n
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_what_is_typed_into_custom_fields_stands_beside_what_is_here(cast: Cast) -> None:
    tier, wing, empty = made(FieldKind.CHOICE, "Tier"), made(FieldKind.TEXT, "Wing"), made(FieldKind.TEXT, "Nothing")
    secret = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER])
    filled(firm(cast, domain="gaon.example"), (tier, key_of(tier, "Gold")), (wing, "north"), (secret, "hush"))
    client = signed_in(cast.ivo)
    answer = client.post(reverse("account_new"), {"name": "Gaon", "domain": "gaon.example", tier.key: key_of(tier, "Silver")})
    assert answer.status_code == 422
    rows = table(answer.content.decode())
    assert (rows["Tier"], rows["Wing"]) == (["Silver", "Gold differs"], ["–", "north"])
    assert not {empty.label, secret.label} & set(rows)
    assert "hush" not in answer.content.decode()


def test_a_change_that_makes_it_look_like_another_shows_the_fields_of_both(cast: Cast) -> None:
    wing = made(FieldKind.TEXT, "Wing")
    filled(firm(cast, domain="gaon.example"), (wing, "north"))
    mine = firm(cast, "Raon")
    filled(mine, (wing, "south"))
    answer = signed_in(cast.ivo).post(reverse("account_change", args=[mine.pk]), {"name": "Raon", "domain": "gaon.example"})
    assert table(answer.content.decode())["Wing"] == ["south", "north differs"]
