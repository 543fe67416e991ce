"""Custom fields on pages: Ada makes them, everybody fills them in, and who must not see one finds no trace of it."""

from __future__ import annotations

import html
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.custom_fields import defining, values, writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.money import Money
from tasuki.crm import records, requirements, stages
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import firm, key_of, made, some_value
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db
SETTINGS = ["custom_field", "custom_field_place", "custom_field_archiving", "custom_field_restoring", "custom_choices"]


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def test_ada_makes_a_field_and_it_is_there_at_once(cast: Cast) -> None:
    ada, ivo, account = signed_in(cast.ada), signed_in(cast.ivo), firm(cast)
    assert "No custom fields yet" in text_of(ada.get(reverse("custom_fields", args=["account"])))
    said = {"label": "Tier", "kind": "choice", "choices": "Gold\n Silver \n\n", "label_ko": "등급", "help_text": "By last year’s revenue", "hidden_from": []}
    answer = ada.post(reverse("custom_field_new", args=["account"]), said, follow=True)
    assert "Tier" in text_of(answer)
    assert "Gold, Silver" in text_of(answer)
    field = CustomField.objects.get()
    assert "Tier" in text_of(ivo.get(reverse("account", args=[account.pk])))
    ivo.post(reverse("custom_values", args=["account", account.pk]), {field.key: key_of(field, "Gold")})
    assert "Gold" in text_of(ivo.get(reverse("account", args=[account.pk])))


@pytest.mark.parametrize(
    "said",
    [
        {"label": "", "kind": "text"},
        {"label": "x" * 61, "kind": "text"},
        {"label": "Tier", "kind": "choice", "choices": " \n"},
        {"label": "Tier", "kind": "choice", "choices": "Gold\ngold"},
        {"label": "Tier", "kind": "password"},
        {"label": "Wing", "kind": "text"},
        {"label": "New", "kind": "text", "hidden_from": ["administrator"]},
        {"label": "New", "kind": "text", "required_from": "captured"},
    ],
)
def test_what_is_wrong_with_a_new_field_is_said_beside_what_was_written(cast: Cast, said: dict[str, Any]) -> None:
    made(FieldKind.TEXT, "Wing", noun=FieldNoun.LEAD)
    answer = signed_in(cast.ada).post(reverse("custom_field_new", args=["lead"]), {**said, "help_text": "kept as written"})
    assert answer.status_code == 422
    assert "kept as written" in text_of(answer)
    assert "form-error" in text_of(answer) or "form-problems" in text_of(answer)
    assert CustomField.objects.count() == 1


def test_ada_changes_moves_archives_and_brings_back(cast: Cast) -> None:
    ada, first, second = signed_in(cast.ada), made(FieldKind.CHOICE, "Tier"), made(FieldKind.TEXT, "Wing")
    ada.post(reverse("custom_field", args=[first.pk]), {"label": "Level", "hidden_from": ["marketer"]})
    first.refresh_from_db()
    assert (first.label, first.hidden_from) == ("Level", ["marketer"])
    ada.post(reverse("custom_field_place", args=[second.pk]), {"to": "up"})
    page = text_of(ada.get(reverse("custom_fields", args=["account"])))
    assert page.index("Wing") < page.index("Level")
    gold = first.choice_set.get(label="Gold")
    for said in ({"do": "rename", "label": "Platinum"}, {"do": "down"}, {"do": "retire"}):
        ada.post(reverse("custom_choice", args=[first.pk, gold.pk]), said)
    assert [(choice.label, choice.is_retired) for choice in first.choices()] == [("Silver", False), ("Platinum", True)]
    ada.post(reverse("custom_choices", args=[first.pk]), {"labels": "Bronze\nIron"})
    refused = ada.post(reverse("custom_choices", args=[first.pk]), {"labels": "iron"}, follow=True)
    assert "There is a choice called “iron” already." in text_of(refused)
    assert ada.post(reverse("custom_choice", args=[second.pk, gold.pk]), {"do": "retire"}).status_code == 404
    ada.post(reverse("custom_field_archiving", args=[second.pk]))
    assert "Bring back" in text_of(ada.get(reverse("custom_fields", args=["account"])))
    made(FieldKind.TEXT, "wing")
    assert "already" in text_of(ada.post(reverse("custom_field_restoring", args=[second.pk]), follow=True))


def test_a_lead_says_what_the_next_stage_requires_and_is_refused_without_it(cast: Cast) -> None:
    ada, lead = signed_in(cast.ada), lead_of(cast, stage=stages.READY)
    ada.post(reverse("custom_field_new", args=["lead"]), {"label": "Need", "kind": "text", "required_from": "working"})
    page = reverse("lead", args=[lead.pk])
    assert "Missing for the next stage: Need." in text_of(ada.get(page))
    refused = ada.post(reverse("lead_advance", args=[lead.pk]), {"to": "working"})
    assert refused.status_code == 422
    assert "To enter this stage, fill in: Need." in text_of(refused)
    field = CustomField.objects.get()
    ada.post(reverse("custom_values", args=["lead", lead.pk]), {field.key: "an exchange"})
    assert "Missing for" not in text_of(ada.get(page))
    assert ada.post(reverse("lead_advance", args=[lead.pk]), {"to": "working"}).status_code == 302


def test_a_deal_says_what_is_missing(cast: Cast) -> None:
    deal = deal_of(cast)
    requirements.require_from(made(FieldKind.TEXT, "Buyer", noun=FieldNoun.OPPORTUNITY), stage=stages.P2, by=SET_UP, at=MONDAY)
    requirements.require_from(made(FieldKind.TEXT, "Need", noun=FieldNoun.LEAD), stage=stages.P2, by=SET_UP, at=MONDAY)
    assert "Missing for the next stage: Buyer, Need." in text_of(signed_in(cast.ada).get(reverse("opportunity", args=[deal.pk])))


@pytest.mark.parametrize("name", SETTINGS)
def test_only_who_edits_fields_comes_to_the_settings(cast: Cast, name: str) -> None:
    field = made(FieldKind.CHOICE, "Tier")
    for person in (cast.ruth, cast.ivo):
        client = signed_in(person)
        for address in (reverse(name, args=[field.pk]), reverse("custom_field_new", args=["lead"]), reverse("custom_fields", args=["lead"])):
            assert client.post(address).status_code in (403, 405)
        assert client.get(reverse("custom_fields", args=["lead"])).status_code == 403
        assert client.post(reverse("custom_choice", args=[field.pk, 1])).status_code == 403


def test_a_hidden_field_is_absent_from_page_form_and_source(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.TEXT, "Gossip", hidden_from=[Role.INSIDE_SELLER], help_text="about the board")
    writing.write(account, said={field.pk: "scandal"}, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    for address in (reverse("account", args=[account.pk]), reverse("custom_values", args=["account", account.pk])):
        text = text_of(ivo.get(address))
        assert not {"Gossip", "scandal", "about the board", field.key} & set(text.replace("<", " ").replace(">", " ").split())
        assert "scandal" not in text
        assert "Gossip" not in text
    ivo.post(reverse("custom_values", args=["account", account.pk]), {field.key: "overwritten"})
    account.refresh_from_db()
    assert values.of_record(field, account) == "scandal"


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_value_of_each_kind_is_filled_in_and_shown(cast: Cast, kind: FieldKind) -> None:
    account, field = firm(cast), made(kind)
    said = {
        FieldKind.TEXT: {"": "north wing"},
        FieldKind.LONG_TEXT: {"": "one\r\ntwo"},
        FieldKind.NUMBER: {"": "1,200.5"},
        FieldKind.MONEY: {"_0": "1,200", "_1": "usd"},
        FieldKind.DATE: {"": "2026-03-02"},
        FieldKind.CHOICE: {"": some_value(field, cast, account)},
        FieldKind.CHOICES: {"": some_value(field, cast, account)},
        FieldKind.PERSON: {"": str(cast.saori.pk)},
        FieldKind.ACCOUNT: {"": account.name},
        FieldKind.CHECKBOX: {"": "on"},
        FieldKind.URL: {"": "https://gaon.example/board"},
    }[kind]
    shown = {
        FieldKind.TEXT: "north wing",
        FieldKind.LONG_TEXT: "one\ntwo",
        FieldKind.NUMBER: "1,200.5",
        FieldKind.MONEY: "$1.2K",
        FieldKind.DATE: "Mar 2",
        FieldKind.CHOICE: "Gold",
        FieldKind.CHOICES: "Gold",
        FieldKind.PERSON: cast.saori.display_name,
        FieldKind.ACCOUNT: f'href="/accounts/{account.pk}"',
        FieldKind.CHECKBOX: "yes",
        FieldKind.URL: 'href="https://gaon.example/board"',
    }[kind]
    ivo, form = signed_in(cast.ivo), reverse("custom_values", args=["account", account.pk])
    assert ivo.post(form, {field.key + end: value for end, value in said.items()}).status_code == 302
    page = text_of(ivo.get(reverse("account", args=[account.pk])))
    assert shown in page.split("<dl", 2)[1]
    account.refresh_from_db()
    before = account.custom
    assert ivo.post(form, {field.key + end: value for end, value in said.items()}).status_code == 302
    account.refresh_from_db()
    assert account.custom == before
    assert field.key in text_of(ivo.get(form))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FieldKind.TEXT, "x" * 5_000),
        (FieldKind.NUMBER, "NaN"),
        (FieldKind.NUMBER, "1e400"),
        (FieldKind.NUMBER, "many"),
        (FieldKind.DATE, "31/31/2026"),
        (FieldKind.CHOICE, "99999"),
        (FieldKind.CHOICES, "99999"),
        (FieldKind.PERSON, "99999"),
        (FieldKind.PERSON, "x" * 40),
        (FieldKind.ACCOUNT, "Nobody Ltd."),
        (FieldKind.URL, "javascript:alert(1)"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence_and_stays_in_the_form(cast: Cast, kind: FieldKind, said: str) -> None:
    account, field = firm(cast), made(kind)
    answer = signed_in(cast.ivo).post(reverse("custom_values", args=["account", account.pk]), {field.key: said})
    assert answer.status_code == 422
    assert "form-error" in text_of(answer)
    if kind in (FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DATE, FieldKind.ACCOUNT, FieldKind.URL):
        assert said in text_of(answer)
    account.refresh_from_db()
    assert account.custom == {}


@pytest.mark.parametrize(("amount", "currency"), [("NaN", "KRW"), ("1e400", "KRW"), ("5", "won!"), ("five", "KRW")])
def test_money_that_is_none_is_refused(cast: Cast, amount: str, currency: str) -> None:
    account, field = firm(cast), made(FieldKind.MONEY)
    said = {f"{field.key}_0": amount, f"{field.key}_1": currency}
    assert signed_in(cast.ivo).post(reverse("custom_values", args=["account", account.pk]), said).status_code == 422


def test_a_form_writes_only_what_was_changed_in_it(cast: Cast) -> None:
    account, wing, floor = firm(cast), made(FieldKind.TEXT, "Wing"), made(FieldKind.NUMBER, "Floor")
    writing.write(account, said={wing.pk: "north", floor.pk: Decimal(3)}, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    ivo.post(reverse("custom_values", args=["account", account.pk]), {wing.key: "", floor.key: "3"})
    account.refresh_from_db()
    assert account.custom == {floor.slot: "3"}


def test_who_may_not_work_the_record_fills_in_nothing(cast: Cast) -> None:
    lead, field = lead_of(cast), made(FieldKind.TEXT, "Need", noun=FieldNoun.LEAD)
    address = reverse("custom_values", args=["lead", lead.pk])
    assert signed_in(cast.chika).post(address, {field.key: "x"}).status_code == 403
    assert signed_in(cast.saori).post(address, {field.key: "x"}).status_code == 404
    assert signed_in(cast.ada).get(reverse("custom_values", args=["task", 1])).status_code == 404


def test_an_account_that_the_reader_does_not_see_is_not_named(cast: Cast) -> None:
    mine, field, day, fee = firm(cast), made(FieldKind.ACCOUNT, "Partner"), made(FieldKind.DATE, "Renewal"), made(FieldKind.MONEY, "Fee")
    secret = records.add_account(records.Company("Secret Ltd."), owner=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY)
    said = {field.pk: secret.pk, day.pk: date(2026, 5, 1), fee.pk: Money(Decimal(5), "USD")}
    writing.write(mine, said=said, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    page = text_of(ivo.get(reverse("account", args=[mine.pk])))
    assert "Secret" not in page
    assert "an account that you do not see" in page
    form = reverse("custom_values", args=["account", mine.pk])
    assert "Secret" not in text_of(ivo.get(form))
    assert ivo.post(form, {field.key: "", day.key: "2026-05-02", f"{fee.key}_0": "5", f"{fee.key}_1": "USD"}).status_code == 302
    mine.refresh_from_db()
    assert mine.custom[field.slot] == secret.pk, "what one does not see one does not erase"


def test_the_trail_calls_a_field_by_its_name(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.TEXT, "North wing")
    writing.write(account, said={field.pk: "third floor"}, by=SET_UP, at=MONDAY)
    page = text_of(signed_in(cast.ada).get(reverse("audit")))
    assert "North wing" in page
    assert field.key not in page


def test_a_page_with_two_hundred_fields_costs_one_query_for_them(cast: Cast, django_assert_max_num_queries: Any) -> None:
    account = firm(cast)
    ada = signed_in(cast.ada)
    address = reverse("account", args=[account.pk])
    ada.get(address)
    with CaptureQueriesContext(connection) as without:
        ada.get(address)
    CustomField.objects.bulk_create(
        CustomField(noun="account", kind=FieldKind.NUMBER, label=f"Field {n}", position=n, created_at=MONDAY) for n in range(defining.MOST_FIELDS)
    )
    with django_assert_max_num_queries(len(without)):
        assert text_of(ada.get(address)).count("<dt>Field ") == 200
