"""One field of many rows at once: its value asked for, written row by row, refused one by one, and taken back where nobody was since."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow, BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.meanwhile import ChangedMeanwhile
from tasuki.crm import leads, records
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import firm, key_of, made
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def change(client: Client, noun: str, key: str, **said: Any) -> Any:
    return client.post(reverse("bulk_field", args=[noun, key]), {"next": f"/{noun}s", **said})


def test_a_field_is_asked_for_then_written_then_taken_back(cast: Cast) -> None:
    first, second, other = firm(cast, "A"), firm(cast, "B"), firm(cast, "C")
    records.change_account(second, said={"industry": "banks"}, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    assert reverse("bulk_field", args=["account", "industry"]) in ivo.get(reverse("bulk_menus", args=["account"])).content.decode()
    asked = change(ivo, "account", "industry", id=[first.pk, second.pk])
    assert asked.status_code == 200
    assert "2 rows will be changed." in asked.content.decode()
    assert f'name="id" value="{first.pk}"' in asked.content.decode()
    assert change(ivo, "account", "industry", id=[first.pk], set="1", industry="").status_code == 422
    assert change(ivo, "account", "industry", id=[first.pk, second.pk], set="1", industry="brokers")["Location"] == "/accounts"
    assert dict(Account.objects.values_list("pk", "industry")) == {first.pk: "brokers", second.pk: "brokers", other.pk: ""}
    records.change_account(first, said={"industry": "exchanges"}, by=By(cast.ruth, Door.WEB), at=now())
    run = BulkRun.objects.get()
    ivo.post(reverse("bulk_undoing", args=[run.pk]))
    assert dict(Account.objects.values_list("pk", "industry")) == {first.pk: "exchanges", second.pk: "banks", other.pk: ""}
    assert "Ruth Adeyemi changed this meanwhile." in BulkRow.objects.get(record_id=first.pk).reason


def test_what_somebody_wrote_after_the_row_was_read_is_not_written_over(cast: Cast) -> None:
    account, tier = firm(cast, "A"), made(FieldKind.CHOICE, "Tier")
    read, do = Account.objects.get(), verbs()["account", "change"].do
    records.change_account(account, said={"industry": "banks"}, by=By(cast.ruth, Door.WEB), at=now())
    writing.write(account, said={tier.pk: key_of(tier, "Gold")}, by=By(cast.ruth, Door.WEB), at=now())
    for field, value in (("industry", "brokers"), (tier.key, None)):
        with pytest.raises(ChangedMeanwhile, match="Ruth Adeyemi changed this meanwhile"):
            do(read, {"field": field, "value": value}, by=By(cast.ivo, Door.WEB), at=now())
    fresh = Account.objects.get()
    assert (fresh.industry, fresh.custom) == ("banks", {tier.slot: key_of(tier, "Gold")})


def test_custom_fields_of_all_that_fit_are_set_and_emptied(cast: Cast) -> None:
    for nth in range(101):
        firm(cast, f"Firm {nth}")
    tier, ivo = made(FieldKind.CHOICE, "Tier"), signed_in(cast.ivo)
    gold = key_of(tier, "Gold")
    answer = change(ivo, "account", tier.key, everything="1", state="", set="1", **{tier.key: gold})
    run = BulkRun.objects.get()
    assert answer["Location"] == reverse("bulk", args=[run.pk]), "More than a hundred go to a worker."
    running.run(run, door=Door.JOB, at=now())
    assert set(Account.objects.values_list(f"custom__{tier.slot}", flat=True)) == {gold}
    few = list(Account.objects.values_list("pk", flat=True)[:3])
    change(ivo, "account", tier.key, id=few, empty="1")
    assert Account.objects.filter(custom={}).count() == 3
    ivo.post(reverse("bulk_undoing", args=[BulkRun.objects.latest("pk").pk]))
    assert not Account.objects.filter(custom={}).exists()


def test_leads_and_deals_one_refusal_stops_nobody_else(cast: Cast) -> None:
    gate = records.add_product("Gate", line="gateways", price=None, currency="", by=SET_UP, at=MONDAY)
    feed = records.add_product("Feed", line="feeds", price=None, currency="", by=SET_UP, at=MONDAY)
    bare, taken = lead_of(cast, 1), lead_of(cast, 2)
    leads.change(taken, said={"product": feed}, by=SET_UP, at=MONDAY)
    ada = signed_in(cast.ada)
    change(ada, "lead", "product", id=[bare.pk, taken.pk], set="1", product=gate.pk)
    assert (Lead.objects.get(pk=bare.pk).product, Lead.objects.get(pk=taken.pk).product) == (gate, feed)
    assert "feeds" in BulkRow.objects.get(record_id=taken.pk).reason
    deal, lost = deal_of(cast, 3), deal_of(cast, 4)
    opportunities.lose(lost, because=LostBecause.TOO_EARLY, by=SET_UP, at=now())
    change(ada, "opportunity", "close_on", id=[deal.pk, lost.pk], set="1", close_on="2026-06-30")
    assert [str(one.close_on) for one in Opportunity.objects.order_by("pk")] == ["2026-06-30", "None"]


def test_what_is_wrong_is_asked_again_and_what_is_not_there_is_not_there(cast: Cast) -> None:
    account, ivo = firm(cast), signed_in(cast.ivo)
    secret = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER])
    number = made(FieldKind.NUMBER, "Sites", noun=FieldNoun.ACCOUNT)
    wrong = change(ivo, "account", number.key, id=[account.pk], set="1", **{number.key: "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.content.decode()
    for noun, key in (
        ("account", "name"),
        ("account", "owner"),
        ("account", secret.key),
        ("account", "custom.f0"),
        ("lead", "source"),
        ("task", "subject"),
        ("x", "y"),
    ):
        assert change(ivo, noun, key, id=[account.pk], set="1", **{key: "x"}).status_code == 404, (noun, key)
    assert ivo.post(reverse("bulk_start", args=["account", "change"]), {"id": account.pk}).status_code == 404
    assert change(ivo, "account", "industry", id=[], set="1", industry="x").status_code == 302
    obi = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    assert change(obi, "account", "industry", id=[account.pk], set="1", industry="x").status_code == 403
    assert change(signed_in(cast.saori), "account", "industry", id=[account.pk], set="1", industry="x").status_code == 302
    assert not BulkRun.objects.exists()
    writing.write(account, said={secret.pk: "scandal"}, by=SET_UP, at=MONDAY)
    assert secret.key not in ivo.get(reverse("accounts")).content.decode() + ivo.get(reverse("bulk_menus", args=["account"])).content.decode()
