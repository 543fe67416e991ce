"""Accounts, contacts and products: what is derived from their words, who may not be two, and what the audit trail says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import accounts, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.corporate_numbers import CorporateNumberInvalid
from tasuki.crm.emails import EmailInvalid
from tasuki.crm.ownership import Ownership
from tasuki.crm.phones import PhoneInvalid
from tasuki.crm.products import Product
from tasuki.crm.records import Company, CorporateNumberTaken, ParentInCircle, Person, ProductNameTaken
from tests.cast import MONDAY, Cast

pytestmark = pytest.mark.django_db


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def added(cast: Cast, company: Company) -> Account:
    return records.add_account(company, owner=cast.ivo, team=cast.inside_sales, another="one more", by=by(cast), at=MONDAY)


def test_an_account_keeps_its_spelling_and_is_found_by_another(cast: Cast) -> None:
    account = added(cast, Company(" ㈜하늘 증권 ", domain="https://WWW.Haneul.example/about", country="kr"))
    assert (account.name, account.domain, account.country) == ("㈜하늘 증권", "haneul.example", "KR")
    assert account.folded_name == added(cast, Company("주식회사 하늘증권")).folded_name
    assert Ownership.objects.get(account=account).owner == cast.ivo


def test_a_corporate_number_belongs_to_one_account_of_a_country(cast: Cast) -> None:
    account = added(cast, Company("하늘증권", country="KR", corporate_number="124-81-00998"))
    with pytest.raises(CorporateNumberTaken, match="하늘증권"):
        added(cast, Company("다른증권", country="KR", corporate_number="1248100998"))
    with pytest.raises(CorporateNumberInvalid):
        added(cast, Company("또 다른증권", country="KR", corporate_number="124-81-00999"))
    records.change_account(account, said={"name": "하늘투자증권", "country": "KR", "corporate_number": "124-81-00998"}, by=by(cast), at=MONDAY)
    assert AuditEntry.objects.of(account).filter(action="change").get().changes["name"] == ["하늘증권", "하늘투자증권"]


def test_a_change_that_changes_nothing_is_not_written_down(cast: Cast) -> None:
    account = added(cast, Company("하늘증권"))
    records.change_account(account, said={"name": "하늘증권", "domain": " "}, by=by(cast), at=MONDAY)
    assert not AuditEntry.objects.of(account).filter(action="change").exists()


def test_companies_do_not_own_each_other_in_a_circle(cast: Cast) -> None:
    top = added(cast, Company("Top"))
    middle = added(cast, Company("Middle", parent=top))
    bottom = added(cast, Company("Bottom", parent=middle))
    with pytest.raises(ParentInCircle, match="Bottom"):
        records.change_account(top, said={"parent": bottom}, by=by(cast), at=MONDAY)
    with pytest.raises(IntegrityError, match="account_not_its_own_parent"), transaction.atomic():
        Account.objects.filter(pk=top.pk).update(parent=top)


def test_handing_an_account_over_keeps_who_had_it_before(cast: Cast) -> None:
    account = added(cast, Company("Firm"))
    accounts.give(account, to=cast.saori, team=cast.field_sales, reason="she knows them", by=By(cast.ruth, Door.WEB), at=MONDAY.replace(day=9))
    before, after = Ownership.objects.filter(account=account).order_by("from_at", "pk")
    assert (before.owner, before.until_at, after.owner, after.until_at, after.reason) == (cast.ivo, MONDAY.replace(day=9), cast.saori, None, "she knows them")
    with pytest.raises(IntegrityError, match="one_owner_of_an_account"), transaction.atomic():
        Ownership.objects.create(account=account, team=cast.field_sales, from_at=MONDAY)


def test_a_contact_has_several_addresses_and_one_main_one(cast: Cast) -> None:
    contact = records.add_contact(Person("한", "서윤", email="Seoyun@Gaon.example", phone="010-5550-1234", country="KR"), by=by(cast), at=MONDAY)
    said = {"emails": ["sy@gaon.example", "Seoyun@Gaon.example"], "phones": ["+81 3 5550 1234", "+821055501234"]}
    records.change_contact(contact, said=said, by=by(cast), at=MONDAY)
    assert [(one.address, one.is_primary) for one in contact.emails.all()] == [("sy@gaon.example", True), ("Seoyun@gaon.example", False)]
    assert [(one.e164, one.is_primary) for one in contact.phones.all()] == [("+81355501234", True), ("+821055501234", False)]
    records.change_contact(contact, said={"emails": ["SEOYUN@gaon.example"]}, by=by(cast), at=MONDAY)
    assert [(one.address, one.is_primary) for one in contact.emails.all()] == [("SEOYUN@gaon.example", True)]


@pytest.mark.parametrize(("person", "refusal"), [(Person("Roe", email="nobody"), EmailInvalid), (Person("Roe", phone="call me", country="KR"), PhoneInvalid)])
def test_a_contact_that_cannot_be_reached_so_is_not_half_written(cast: Cast, person: Person, refusal: type[Exception]) -> None:
    with pytest.raises(refusal), transaction.atomic():
        records.add_contact(person, by=by(cast), at=MONDAY)
    assert not Contact.objects.exists()


def test_consent_is_a_history_and_the_latest_row_says_how_it_is(cast: Cast) -> None:
    contact = records.add_contact(Person("한", "서윤"), by=by(cast), at=MONDAY)
    for day, state in ((2, ConsentState.GIVEN), (3, ConsentState.WITHDRAWN)):
        records.record_consent(contact, channel=Channel.MAIL, state=state, how="by phone", by=by(cast), at=MONDAY.replace(day=day))
    assert [one.state for one in contact.consents.all()] == ["withdrawn", "given"]


def test_a_product_is_sold_under_one_name(cast: Cast) -> None:
    terms = {"line": "gateways", "currency": "KRW", "by": by(cast), "at": MONDAY}
    gate = records.add_product("Haneul Gate", price=Decimal(5), **terms)
    records.add_product("Haneul Feed", price=None, **terms)
    with pytest.raises(ProductNameTaken, match="Haneul Gate"):
        records.add_product(" Haneul Gate ", price=None, **terms)
    with pytest.raises(ProductNameTaken, match="Haneul Feed"):
        records.change_product(gate, said={"name": "Haneul Feed"}, by=by(cast), at=MONDAY)
    records.change_product(gate, said={"name": "Haneul Gate", "is_active": False}, by=by(cast), at=MONDAY)
    assert list(Product.objects.on_sale().values_list("name", flat=True)) == ["Haneul Feed"]
    assert AuditEntry.objects.of(gate).filter(action="change").get().changes["is_active"] == [True, False]


def test_who_works_a_lead_sees_its_account_and_its_people_and_no_others(cast: Cast) -> None:
    from tasuki.crm import leads
    from tasuki.crm.leads import Arrival

    mine, other = added(cast, Company("Mine")), added(cast, Company("Other"))
    people = {one: records.add_contact(Person("Roe", one.name, account=one), by=by(cast), at=MONDAY) for one in (mine, other)}
    leads.capture(Arrival(team=cast.field_sales, owner=cast.saori, account=mine, contact=people[mine]), by=by(cast), at=MONDAY)
    assert list(Account.objects.visible_to(cast.saori)) == [mine]
    assert list(Contact.objects.visible_to(cast.saori)) == [people[mine]]
    for nobody in (cast.chika, cast.tomas):
        assert not Account.objects.visible_to(nobody).exists()
        assert not Contact.objects.visible_to(nobody).exists()
    assert Account.objects.visible_to(cast.ruth).count() == 2
