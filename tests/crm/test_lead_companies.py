"""A lead that comes without a company gets the one whose domain its mail address has; where that is not sure, it stays without."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import abilities
from tasuki.crm import lead_companies, leads, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, SET_UP, Cast
from tests.crm.test_lead_imports import HEADER, imported
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def firm(cast: Cast, domain: str = "customer.example", name: str = "Customer") -> Account:
    """Of customer success: inside sales does not see it."""
    return records.add_account(records.Company(name, domain=domain), owner=cast.chika, team=cast.success, another="one more", by=SET_UP, at=MONDAY)


def lead_of(cast: Cast, mail: str, account: Account | None = None) -> Lead:
    contact = records.add_contact(records.Person("Kim", account=account, email=mail), by=SET_UP, at=MONDAY)
    return leads.capture(Arrival(team=cast.marketing, contact=contact), by=SET_UP, at=MONDAY)


def typed(client: Client, mail: str, **said: str) -> tuple[int, str]:
    answer = client.post(reverse("lead_new"), {"full_name": "Kim", "email": mail, "origin": "inbound", **said})
    return answer.status_code, answer.content.decode()


def told(lead: Lead) -> list[str]:
    return [entry.detail["by_domain"] for entry in TimelineEntry.objects.filter(lead=lead, detail__has_key="by_domain")]


def test_a_lead_without_a_company_gets_the_one_of_its_mail_with_its_person_and_its_history_says_so(cast: Cast) -> None:
    account, lead = firm(cast), lead_of(cast, "Kim@Customer.Example")
    placed = lead_companies.place(lead, by=SET_UP, at=MONDAY)
    assert placed.account == account
    assert Contact.objects.get(pk=lead.contact_id).account == account
    assert told(lead) == [lead_companies.came_by(placed)] == ["customer.example"]


def test_the_company_of_the_person_comes_before_that_of_their_address(cast: Cast) -> None:
    firm(cast)
    own = firm(cast, "other.example", "Other")
    lead = lead_of(cast, "kim@customer.example", own)
    placed = lead_companies.place(lead, by=SET_UP, at=MONDAY)
    assert placed.account == own
    assert lead_companies.came_by(placed) == "", "it came with its person"


@pytest.mark.parametrize(
    ("mail", "domain"),
    [
        ("kim@mail.customer.example", "customer.example"),
        ("kim@a.b.c.d.customer.example", "customer.example"),
        ("kim@seoul.customer.co.kr", "customer.co.kr"),
        ("kim@lab.mail.customer.co.kr", "mail.customer.co.kr"),
    ],
)
def test_a_part_of_a_company_is_the_company_by_the_nearest_domain_that_an_account_has(cast: Cast, mail: str, domain: str) -> None:
    there = {name: firm(cast, name, name) for name in ("customer.example", "customer.co.kr", "mail.customer.co.kr")}
    lead = lead_companies.place(lead_of(cast, mail), by=SET_UP, at=MONDAY)
    assert (lead.account, told(lead)) == (there[domain], [domain])


@pytest.mark.parametrize("domain", ["co.kr", "or.jp", "com.au", "seoul.kr", "tokyo.jp", "naver.com", "onmicrosoft.com"])
def test_what_unrelated_people_have_places_below_is_no_company_of_theirs(cast: Cast, domain: str) -> None:
    Account.objects.filter(pk=firm(cast).pk).update(domain=domain)
    assert lead_companies.place(lead_of(cast, f"kim@somebody.{domain}"), by=SET_UP, at=MONDAY).account is None


def test_where_several_have_the_nearest_domain_the_one_above_is_not_guessed_either(cast: Cast) -> None:
    firm(cast)
    firm(cast, "mail.customer.example", "One")
    firm(cast, "mail.customer.example", "Two")
    assert lead_companies.place(lead_of(cast, "kim@mail.customer.example"), by=SET_UP, at=MONDAY).account is None


@pytest.mark.parametrize("mail", ["kim@naver.com", "kim@customer.example", "kim@mail.customer.example"])
def test_a_provider_a_domain_of_several_and_one_that_nobody_has_say_nothing(cast: Cast, mail: str) -> None:
    Account.objects.filter(pk=firm(cast, "old.example").pk).update(domain="naver.com")
    firm(cast)
    firm(cast, name="Customer Japan")
    lead = lead_of(cast, mail)
    assert lead_companies.place(lead, by=SET_UP, at=MONDAY).account is None
    assert told(lead) == []


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("kim@CUSTOMER.example", "customer.example"),
        ("kim@customer.example.", "customer.example"),
        ("kim@고객.example", "xn--i49alo.example"),
        ("kim@customer。example", "customer.example"),
        ("Kim <kim@customer.example>", "customer.example"),
        ("kim@" + "a" * 5_000 + ".example", ""),
        ("kim@" + "가" * 300 + ".example", ""),
        ("kim@-.example", ""),
        ("kim@..", ""),
        ("kim@", ""),
        ("@", ""),
        ("customer.example", ""),
        ("kim@Gmail.COM", ""),
        ("kim@docomo.ne.jp", ""),
        ("kim@\x00customer.example", ""),
        ("", ""),
    ],
)
def test_hostile_addresses_name_a_company_or_nothing(address: str, domain: str) -> None:
    assert lead_companies.domain_of(address) == domain


def test_a_typed_lead_gets_the_company_of_its_mail(cast: Cast) -> None:
    account = firm(cast)
    assert typed(signed_in(cast.mina), "kim@customer.example")[0] == 302
    lead = Lead.objects.get()
    assert (lead.account, lead.contact and lead.contact.account, told(lead)) == (account, account, ["customer.example"])
    page = signed_in(cast.mina).get(reverse("lead", args=[lead.pk])).content.decode()
    assert "메일 도메인 customer.example" in page, "Mina reads Korean"


def test_what_was_typed_as_the_company_counts_and_not_the_domain(cast: Cast) -> None:
    firm(cast)
    assert typed(signed_in(cast.mina), "kim@customer.example", account="Another Ltd.")[0] == 302
    lead = Lead.objects.get()
    assert (str(lead.account), told(lead)) == ("Another Ltd.", [])


def test_of_a_company_that_one_must_not_see_one_learns_only_whom_to_ask(cast: Cast) -> None:
    account, ivo = firm(cast, name="Secretive"), signed_in(cast.ivo)
    status, text = typed(ivo, "kim@customer.example")
    assert status == 422
    assert cast.chika.display_name in text
    assert "Secretive" not in text
    assert not Lead.objects.exists()
    assert typed(ivo, "kim@customer.example", way="another", another="a private matter")[0] == 302
    assert Lead.objects.get().account is None
    assert not Account.objects.visible_to(cast.ivo).filter(pk=account.pk).exists(), "typing an address opens no company"


def test_whoever_may_add_no_lead_asks_for_no_domain(cast: Cast) -> None:
    firm(cast)
    assert abilities.can(cast.tomas, abilities.Ability.WORK_LEADS) is False
    assert typed(signed_in(cast.tomas), "kim@customer.example")[0] in (403, 404)


def test_an_import_finds_the_companies_of_rows_that_name_none(cast: Cast) -> None:
    account = firm(cast)
    run = imported(
        HEADER
        + "L1,2025-01-15,webinar,Kim,KIM@customer.example,\nL2,2025-01-15,webinar,Lee,lee@gmail.com,\n"
        + "L3,2025-01-15,webinar,Park,park@customer.example,Own Ltd.\nL4,2025-01-15,webinar,Choi,choi@nobody.example,\n"
        + "L5,2025-01-15,webinar,Jung,jung@mail.customer.example,\n"
    )
    assert run.n_created == 5
    by_reference = {lead.reference: lead for lead in Lead.objects.select_related("account", "contact")}
    assert [str(by_reference[f"L{nth}"].account) for nth in (1, 2, 3, 4, 5)] == ["Customer", "None", "Own Ltd.", "None", "Customer"]
    one = by_reference["L1"]
    assert (one.contact and one.contact.account, told(one), told(by_reference["L3"])) == (account, ["customer.example"], [])
    assert told(by_reference["L5"]) == ["customer.example"], "the account's, not that of the mail"


def test_a_lead_of_a_known_person_is_imported_at_their_company(cast: Cast) -> None:
    own = firm(cast, "other.example", "Other")
    records.add_contact(records.Person("Kim", account=own, email="kim@customer.example"), by=SET_UP, at=MONDAY)
    firm(cast)
    imported(HEADER + "L1,2025-01-15,webinar,Kim,kim@customer.example,\n")
    lead = Lead.objects.get(reference="L1")
    assert (lead.account, told(lead)) == (own, [])


def test_one_statement_finds_the_companies_of_a_block(cast: Cast) -> None:
    firm(cast)
    rows = "".join(f"L{nth},2025-01-15,webinar,Kim {nth},kim{nth}@office{nth % 9}.customer.example,\n" for nth in range(40))
    with CaptureQueriesContext(connection) as asked:
        imported(HEADER + rows)
    assert len([one for one in asked if "FROM crm_account WHERE domain" in one["sql"]]) == 1
    assert Lead.objects.filter(account__domain="customer.example", stage=stages.READY).count() == 40
