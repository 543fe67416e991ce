"""One field changed where it stands: its form, its refusals, its undo, and two people who do it at once. Without script, as pages."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.sales.opportunities import Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import ALL_KINDS, firm, key_of, made, some_value
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db
SCRIPT = {"HX-Request": "true"}


def at(record: Any, field: str) -> str:
    return reverse("edit", args=[record.noun, record.pk, field])


def seen(client: Client, address: str) -> dict[str, str]:
    """What the form holds when it is opened: the hidden word of what was seen."""
    text = client.get(address).content.decode()
    found = re.search(r'name="seen" value="([^"]*)"', text)
    assert found, text[:400]
    return {"seen": found[1].replace("&quot;", '"').replace("&#34;", '"')}


def undo(client: Client, text: str) -> Any:
    found = re.search(r'action="(/edits/[^"]+/undoing)"', text)
    assert found, "no undo is offered"
    return client.post(found[1], {"next": "/accounts"})


def test_a_fact_has_a_pencil_that_leads_to_its_form_and_back(cast: Cast) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    page = ivo.get(reverse("account", args=[account.pk])).content.decode()
    assert f'href="{at(account, "domain")}"' in page
    form = ivo.get(at(account, "domain"), headers={"Referer": "http://testserver/accounts?view=mine"})
    assert 'name="next" value="/accounts?view=mine"' in form.content.decode()
    said = seen(ivo, at(account, "domain")) | {"domain": "https://www.gaon.example/about", "next": "/accounts?view=mine"}
    answer = ivo.post(at(account, "domain"), said)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts?view=mine")
    assert Account.objects.get().domain == "gaon.example"
    text = ivo.get("/accounts").content.decode()
    assert "Domain of Gaon Securities is changed." in text
    assert undo(ivo, text)["Location"] == "/accounts"
    assert Account.objects.get().domain == ""
    assert "It is as it was before." in ivo.get("/accounts").content.decode()
    trail = [entry.changes["domain"] for entry in AuditEntry.objects.of(account).filter(action="change").order_by("pk")]
    assert trail == [["", "gaon.example"], ["gaon.example", ""]]


@pytest.mark.parametrize("garbled", ["½", "{", "[]", '{"industry": 1}'])
def test_a_form_whose_word_of_what_was_seen_is_garbled_says_that_it_is_old(cast: Cast, garbled: str) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    for address in (at(account, "industry"), reverse("account_change", args=[account.pk])):
        answer = ivo.post(address, {"name": "Gaon", "industry": "banks", "seen": garbled})
        assert answer.status_code == 422
        assert '<div class="form-problems" role="alert"><p>This page has grown old.' in answer.content.decode()


def test_a_form_never_leads_out_of_the_house(cast: Cast) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    home = reverse("account", args=[account.pk])
    text = ivo.get(at(account, "domain"), headers={"Referer": "https://evil.example/accounts"}).content.decode()
    assert "evil.example" not in text
    for sent in ("https://evil.example/", "//evil.example", "foo", "http://[x/"):
        assert ivo.post(at(account, "domain"), {"domain": "", "next": sent})["Location"] == home
    for came in ("http://[x/", "http://testserver//evil.example/", "no address"):
        text = ivo.get(at(account, "domain"), headers={"Referer": came}).content.decode()
        assert f'name="next" value="{home}"' in text
        assert "evil.example" not in text


def test_the_second_of_two_is_told_and_chooses(cast: Cast) -> None:
    account, ivo, ruth = firm(cast), signed_in(cast.ivo), signed_in(cast.ruth)
    address = at(account, "industry")
    saw = seen(ivo, address)
    ruth.post(address, seen(ruth, address) | {"industry": "banks"})
    answer = ivo.post(address, saw | {"industry": "brokers"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ruth Adeyemi changed this at" in text
    assert "from “nothing” to “banks”." in text
    assert 'value="brokers"' in text, "What was typed is not lost."
    assert "Keep theirs" in text
    assert Account.objects.get().industry == "banks"
    told = {"seen": re.findall(r'name="seen" value="([^"]*)"', text)[0].replace("&quot;", '"').replace("&#34;", '"')}
    ivo.post(address, told | {"industry": "brokers", "theirs": "industry"})
    assert Account.objects.get().industry == "banks"
    ivo.post(address, told | {"industry": "brokers"})
    assert Account.objects.get().industry == "brokers"


def test_two_whole_forms_keep_both_when_they_changed_different_fields(cast: Cast) -> None:
    account, ivo, ruth = firm(cast), signed_in(cast.ivo), signed_in(cast.ruth)
    address = reverse("account_change", args=[account.pk])
    saw, also = seen(ivo, address), seen(ruth, address)
    ruth.post(address, also | {"name": account.name, "industry": "banks"})
    assert ivo.post(address, saw | {"name": account.name, "country": "kr"}).status_code == 302
    fresh = Account.objects.get()
    assert (fresh.industry, fresh.country) == ("banks", "KR")
    both = ivo.post(address, saw | {"name": account.name, "industry": "brokers", "country": "jp"})
    assert both.status_code == 422
    assert both.content.decode().count("Keep theirs; do not write mine") == 2
    assert Account.objects.get().industry == "banks"


def test_a_whole_form_of_custom_fields_keeps_the_same_promise(cast: Cast) -> None:
    account, tier, wing = firm(cast), made(FieldKind.CHOICE, "Tier"), made(FieldKind.TEXT, "Wing")
    ivo, address = signed_in(cast.ivo), reverse("custom_values", args=["account", account.pk])
    saw = seen(ivo, address)
    writing.write(account, said={wing.pk: "north"}, by=SET_UP, at=MONDAY)
    ivo.post(address, saw | {tier.key: key_of(tier, "Gold"), wing.key: ""})
    assert Account.objects.get().custom == {tier.slot: key_of(tier, "Gold"), wing.slot: "north"}
    refused = ivo.post(address, saw | {tier.key: key_of(tier, "Gold"), wing.key: "south"})
    assert refused.status_code == 422
    assert "command line changed this" in refused.content.decode()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_custom_field_of_each_kind_is_changed_and_brought_back(cast: Cast, kind: FieldKind) -> None:
    account, field, ada = firm(cast), made(kind), signed_in(cast.ada)
    value = some_value(field, cast, account)
    said = {field.key: value if kind is not FieldKind.ACCOUNT else account.name, f"{field.key}_0": "1,200", f"{field.key}_1": "usd"}
    ada.post(at(account, field.key), seen(ada, at(account, field.key)) | said)
    full = Account.objects.get().custom
    assert full, kind
    assert full == writing.write(account, said={field.pk: value}, by=SET_UP, at=MONDAY).custom
    undo(ada, ada.get("/accounts").content.decode())
    assert Account.objects.get().custom == {}


def test_built_in_fields_of_every_noun(cast: Cast) -> None:
    deal, ada = deal_of(cast), signed_in(cast.ada)
    product = records.add_product("Gate", line="gateways", price=None, currency="", by=SET_UP, at=MONDAY)
    task = Task.objects.create(subject="Call", owner=cast.ada, created_at=MONDAY)
    lead, contact = deal.lead, deal.lead.contact
    assert contact
    for record, field, said in (
        (contact, "person", {"family_name": "한", "given_name": "서준"}),
        (contact, "emails", {"emails": "a@firm.example, B@firm.example"}),
        (contact, "phones", {"phones": "+81 3 5550 1234"}),
        (contact, "account", {"account": ""}),
        (lead, "segment", {"segment": "banks"}),
        (lead, "product", {"product": product.pk}),
        (deal, "money", {"money_0": "1억 2,000만", "money_1": "krw"}),
        (deal, "close_on", {"close_on": "2026-06-30"}),
        (deal, "product", {"product": product.pk}),
        (product, "money", {"money_0": "5", "money_1": ""}),
        (task, "subject", {"subject": "Call again"}),
        (task, "due_on", {"due_on": "2026-04-01"}),
        (task, "owner", {"owner": cast.ivo.pk}),
    ):
        answer = ada.post(at(record, field), seen(ada, at(record, field)) | said)
        assert answer.status_code == 302, (field, answer.content.decode()[-2000:])
    contact, lead, deal, product, task = (model._default_manager.get() for model in (Contact, Lead, Opportunity, Product, Task))
    assert (contact.display_name, contact.account, [str(one) for one in contact.emails.all()]) == ("한서준", None, ["a@firm.example", "B@firm.example"])
    assert (lead.segment, lead.product, lead.product_line) == ("banks", product, "gateways")
    assert (deal.amount, deal.currency, str(deal.close_on), deal.product) == (Decimal(120_000_000), "KRW", "2026-06-30", product)
    assert (product.price, product.currency) == (Decimal(5), "KRW")
    assert (task.subject, str(task.due_on), task.owner, task.team) == ("Call again", "2026-04-01", cast.ivo, cast.inside_sales)


def test_an_owner_is_given_with_a_reason_and_given_back(cast: Cast) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    said = {"owner": cast.saori.pk, "team": cast.field_sales.pk, "reason": "she knows them"}
    ruth.post(at(lead, "owner"), seen(ruth, at(lead, "owner")) | said)
    assert Lead.objects.get().owner == cast.saori
    undo(ruth, ruth.get("/leads").content.decode())
    assert Lead.objects.get().owner == cast.ivo
    assert [one.reason for one in lead.ownerships.order_by("pk")] == ["", "she knows them", "undone"]
    assert signed_in(cast.ivo).get(at(lead, "owner")).status_code == 403


def test_an_undo_is_refused_when_somebody_changed_it_since_and_works_once(cast: Cast) -> None:
    account, ivo, ruth = firm(cast), signed_in(cast.ivo), signed_in(cast.ruth)
    address = at(account, "industry")
    ivo.post(address, {"industry": "banks"})
    text = ivo.get("/accounts").content.decode()
    ruth.post(address, {"industry": "brokers"})
    assert undo(ivo, text).status_code == 409
    assert Account.objects.get().industry == "brokers"
    assert undo(ivo, text).status_code == 422, "It was taken."
    assert undo(ruth, text).status_code == 422, "It is not hers."


def test_script_gets_the_form_and_the_row(cast: Cast) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    form = ivo.get(at(account, "industry") + "?as=row", headers=SCRIPT).content.decode()
    assert "<html" not in form
    assert 'name="as" value="row"' in form
    said = {"industry": "banks", "as": "row", "next": "/accounts?filter=industry:empty&columns=name,industry,changed"}
    row = ivo.post(at(account, "industry"), said, headers=SCRIPT).content.decode()
    assert f'<tr id="account-{account.pk}"' in row
    assert row.count("<td") == 4, "One to tick, and three columns."
    assert "industry:is(banks)" in row.replace("%3A", ":").replace("%28", "(").replace("%29", ")"), "The cell is the list's own."
    assert "Industry of Gaon Securities is changed." in row
    refused = ivo.post(at(account, "name"), {"name": " ", "as": "row"}, headers=SCRIPT)
    assert refused.status_code == 422
    assert "This field is required." in refused.content.decode()


HOSTILE = ["x" * 5_000, "=cmd|'/c calc'!A1", "<script>alert(1)</script>", "\u202emoc.live", "%s %(x)s {0}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_words_are_refused_or_stay_words(cast: Cast, value: str) -> None:
    account, field, ivo = firm(cast), made(FieldKind.TEXT), signed_in(cast.ivo)
    for key in ("industry", field.key):
        answer = ivo.post(at(account, key), {key: value})
        assert answer.status_code == (422 if len(value) > 300 else 302)
        fresh = Account.objects.get()
        assert (fresh.industry if key == "industry" else fresh.custom.get(field.slot, "")) == ("" if len(value) > 300 else value)
        assert "<script>alert" not in ivo.get(reverse("account", args=[account.pk])).content.decode()


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b"])
def test_what_no_text_holds_is_refused(cast: Cast, value: str) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    body = f"industry={'%00' if chr(0) in value else '%ED%A0%80'}"
    answer = ivo.post(at(account, "industry"), body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (302, 400)
    assert "\0" not in Account.objects.get().industry


@pytest.mark.parametrize("value", ["-1", "9" * 30, "1e999", "NaN", "٣٣", "many", "1.5"])
def test_numbers_out_of_range_are_said_at_the_field(cast: Cast, value: str) -> None:
    account, deal, ada = firm(cast), deal_of(cast, 2), signed_in(cast.ada)
    answer = ada.post(at(account, "n_employees"), {"n_employees": value})
    assert answer.status_code == (302 if value == "٣٣" else 422)
    answer = ada.post(at(deal, "money"), {"money_0": value, "money_1": "KRW"})
    assert answer.status_code == (302 if value in ("1.5", "٣٣") else 422)


@pytest.mark.parametrize("forged", ["{", "[]", '{"industry": 5}', "[" * 10_000, '"x"', "null", "x" * 30_000])
def test_a_forged_word_of_what_was_seen_changes_nothing(cast: Cast, forged: str) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    assert ivo.post(at(account, "industry"), {"industry": "banks", "seen": forged}).status_code == 422
    assert ivo.post(at(account, "industry"), {"industry": "banks", "seen": '{"industry": "forged", "owner": "x"}'}).status_code == 409
    assert Account.objects.get().industry == ""


def test_no_other_field_and_nobody_else(cast: Cast) -> None:
    account, deal = firm(cast), deal_of(cast, 2)
    secret = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER])
    other = made(FieldKind.TEXT, "Other", noun=FieldNoun.CONTACT)
    obi = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    for field in ("folded_name", "reference", "custom", "custom.f0", "custom.fx", secret.key, other.key, "x" * 200, "team"):
        assert signed_in(cast.ivo).get(at(account, field)).status_code == 404, field
        assert signed_in(cast.ivo).post(at(account, field), {field: "x"}).status_code == 404, field
    assert signed_in(cast.ada).get(reverse("edit", args=["user", cast.ivo.pk, "email"])).status_code == 404
    assert signed_in(cast.ada).get(at(deal.lead, "source")).status_code == 404, "The source never changes."
    assert signed_in(cast.mina).get(at(deal, "money")).status_code == 404
    assert signed_in(obi).get(at(account, "industry")).status_code == 403
    assert signed_in(obi).get(reverse("edit", args=["contact", deal.lead.contact_id, "emails"])).status_code == 404
    assert signed_in(cast.saori).get(at(account, "industry")).status_code == 404, "Not hers to see."
    assert signed_in(cast.tomas).post(at(account, "industry"), {"industry": "x"}).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.ivo)
    assert strict.post(at(account, "industry"), {"industry": "x"}).status_code == 403
    assert Account.objects.get(pk=account.pk).industry == ""


def test_a_page_shows_no_pencil_to_whoever_may_not(cast: Cast) -> None:
    account = firm(cast)
    secret = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER])
    obi = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    for address in (reverse("account", args=[account.pk]), reverse("accounts") + "?columns=name,industry,owner"):
        assert "/edits/" not in signed_in(obi).get(address).content.decode()
        page = signed_in(cast.ivo).get(address).content.decode()
        assert at(account, "industry") in page
        assert at(account, "owner") not in page
        assert secret.key not in page
        assert at(account, "owner") in signed_in(cast.ruth).get(address).content.decode()


def test_a_list_of_pencils_costs_no_more_queries_for_more_rows(cast: Cast, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ada, costs = signed_in(cast.ada), []
    field = made(FieldKind.TEXT)
    for n_more in (2, 10):
        for nth in range(n_more):
            firm(cast, f"Firm {n_more} {nth}")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            ada.get(reverse("accounts") + f"?columns=name,industry,owner,{field.key}")
        costs.append(len(asked))
    assert costs[0] == costs[1]
