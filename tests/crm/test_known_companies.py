"""Which rows of a file are about one company: by number, by domain, by name where nothing contradicts; and which are not."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.core.audit import By, Door
from tasuki.core.imports import mapping, parsing, running
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactPhone
from tasuki.crm.records import Company, DomainOfMailProvider
from tests.cast import MONDAY, Cast

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BY = By(None, Door.COMMAND)
ACCOUNTS = "noun: accounts\ncolumns: {name: name, country: country, domain: domain, corporate_number: number, industry: industry, parent: parent}\n"
HEADER = "name,country,domain,number,industry,parent\n"
CONTACTS = "noun: contacts\ncolumns: {full_name: name, email: mail, account: firm, phone: {column: phone, country: KR}}\n"
DIFFERENT = "US,finch.example,124-81-00998"


def imported(rows: list[str], said: str = ACCOUNTS, *, header: str = HEADER, dry: bool = False, policy: str = "skip") -> ImportRun:
    file = io.BytesIO((header + "".join(f"{row}\n" for row in rows)).encode())
    run = running.start(file, name="rows.csv", mapping=mapping.read(f"{said}on_duplicate: {policy}\n"), by=BY, at=AT, dry=dry)
    return running.run(run, at=AT)


def counts(run: ImportRun) -> tuple[int, ...]:
    return run.n_created, run.n_updated, run.n_skipped, run.n_rejected, run.n_warnings


def reasons(run: ImportRun) -> list[str]:
    return [message["reason"] for row in ImportRow.objects.filter(run=run).order_by("row_no") for message in row.messages or []]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Finch Inc.,US,finch.example,,,", "FINCH,US,finch.example,,,"),
        ("Finch Inc.,US,,,,", "Finch GmbH,,finch.example,,,"),
        ("Finch Inc.,,,,,", "Finch GmbH,DE,,,,"),
        ("Finch Inc.,US,finch.example,,,", "Finch Robotics,DE,www.finch.example,,,"),
        ("하늘증권,KR,haneul.example,124-81-00998,,", "Haneul Securities,KR,haneul.kr,1248100998,,"),
        ("Finch,US,gmail.com,,,", "Finch,US,naver.com,,,"),
    ],
)
def test_two_rows_about_one_company_make_one_account(one: str, other: str) -> None:
    assert counts(imported([one, other]))[:4] == (1, 0, 1, 0)
    assert counts(imported([other]))[:4] == (0, 0, 1, 0)
    assert Account.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Finch Inc.,US,,,,", "Finch GmbH,DE,,,,"),
        ("Finch Inc.,,finch.example,,,", "Finch GmbH,,finch-werke.example,,,"),
        ("Finch,KR,,124-81-00998,,", "Finch,KR,,220-81-62517,,"),
        ("Finch,KR,finch.example,124-81-00998,,", "Finch Feed,KR,finch.example,220-81-62517,,"),
        ("Finch,US,gmail.com,,,", "Rowan,US,gmail.com,,,"),
    ],
)
def test_two_rows_that_contradict_each_other_make_two(one: str, other: str) -> None:
    assert counts(imported([one, other]))[:4] == (2, 0, 0, 0)
    assert counts(imported([other, one]))[:4] == (0, 0, 2, 0)


@pytest.mark.django_db
def test_a_row_recognised_by_more_than_its_name_says_by_what() -> None:
    imported(["Finch Inc.,US,finch.example,,,"])
    run = imported(["Finch Robotics,US,finch.example,,robots,"], policy="update")
    assert (counts(run), reasons(run)) == ((0, 1, 0, 0, 1), ["This is taken for “Finch Inc.”, which has the same domain."])
    assert (Account.objects.get().name, Account.objects.get().industry) == ("Finch Inc.", "robots")


@pytest.mark.django_db
def test_the_domain_of_a_mail_provider_is_nobody_s() -> None:
    run = imported(["Finch,US,finch@gmail.com,,,"])
    assert (Account.objects.get().domain, counts(run)) == ("", (1, 0, 0, 0, 1))
    assert reasons(run) == ["gmail.com belongs to a mail provider; the account is kept without it."]


@pytest.mark.django_db
def test_the_domain_of_a_mail_provider_is_refused_when_it_is_typed(cast: Cast) -> None:
    terms = {"by": By(cast.mina, Door.WEB), "at": MONDAY}
    account = records.add_account(Company("Finch", domain="finch.example"), owner=cast.mina, team=cast.mina.team, **terms)
    with pytest.raises(DomainOfMailProvider, match="mail provider"):
        records.change_account(account, said={"domain": "naver.com"}, **terms)
    with pytest.raises(DomainOfMailProvider):
        records.add_account(Company("Rowan", domain="rowan@gmail.com"), owner=cast.mina, team=cast.mina.team, **terms)
    assert list(Account.objects.values_list("domain", flat=True)) == ["finch.example"]


@pytest.mark.django_db
def test_an_unreadable_domain_takes_none_away() -> None:
    imported(["Finch,US,finch.example,,,"])
    imported(["Finch,US,n/a,,,"], policy="update")
    assert Account.objects.get().domain == "finch.example"


@pytest.mark.django_db
def test_an_update_does_not_move_a_company_that_is_known_by_its_number() -> None:
    imported(["Finch,US,finch.example,220-81-62517,,", "Rowan,,rowan.example,220-81-62517,,"])
    run = imported(["Rowan,US,,,birds,"], policy="update")
    rowan = Account.objects.get(name="Rowan")
    assert ((rowan.country, rowan.industry), counts(run)) == (("", "birds"), (0, 1, 0, 0, 1))
    assert reasons(run) == ["An account with a corporate number keeps its country."]


@pytest.mark.django_db
def test_a_parent_is_the_account_that_is_written_so() -> None:
    imported(["Finch Inc.,US,,,,", "Finch GmbH,DE,,,,", "Rowan,DE,,,,Finch GmbH"])
    parent = Account.objects.get(name="Rowan").parent
    assert parent is not None
    assert parent.name == "Finch GmbH"


@pytest.mark.django_db
def test_people_join_the_account_of_their_mail_or_of_that_spelling_else_the_oldest() -> None:
    imported(["Finch Inc.,US,finch.example,,,", "Finch GmbH,DE,finch-werke.example,,,"])
    imported(
        ["Mia Roe,mia@finch-werke.example,Finch,", "Bo Roe,,Finch GmbH,", "Cy Roe,cy@gmail.com,Finch,", "Di Roe,,Swift,"],
        CONTACTS,
        header="name,mail,firm,phone\n",
    )
    there = {contact.given_name: contact.account and contact.account.name for contact in Contact.objects.select_related("account")}
    assert there == {"Mia": "Finch GmbH", "Bo": "Finch GmbH", "Cy": "Finch Inc.", "Di": "Swift"}


@pytest.mark.django_db
def test_several_numbers_in_one_cell_are_kept_and_the_first_is_the_main_one() -> None:
    run = imported(["Mia Roe,mia@x.example,,02-555-0142 / 010-5550-0100", "Bo Roe,,,02-555-0142 / nobody"], CONTACTS, header="name,mail,firm,phone\n")
    assert counts(run)[:4] == (1, 0, 0, 1)
    mia = ContactPhone.objects.filter(contact__given_name="Mia")
    assert list(mia.values_list("e164", "is_primary")) == [("+8225550142", True), ("+821055500100", False)]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Finch Inc.", "Finch GmbH", "Rowan"]),
        st.sampled_from(["", "US", "KR"]),
        st.sampled_from(["", "finch.example", "rowan.example"]),
        st.sampled_from(["", "124-81-00998", "220-81-62517"]),
    ).map(lambda row: ",".join((*row, "", ""))),
    min_size=1,
    max_size=9,
)


def _shape() -> list[tuple[str, str, str, str]]:
    return list(Account.objects.order_by("id").values_list("name", "country", "domain", "corporate_number"))


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=12, deadline=None)
@given(before=ROWS, rows=ROWS, policy=st.sampled_from(["skip", "update", "create"]))
def test_chunks_and_dry_runs_change_nothing_about_what_is_recognised(before: list[str], rows: list[str], policy: str) -> None:
    seen = []
    for chunk in (1, 10_000):
        with transaction.atomic(), mock.patch.object(parsing, "CHUNK", chunk):
            imported(before)
            dry = imported(rows, dry=True, policy=policy)
            real = imported(rows, policy=policy)
            assert counts(dry) == counts(real)
            seen.append((counts(real), _shape()))
            again = imported(rows)
            assert (again.n_created, again.n_updated) == (0, 0)
            transaction.set_rollback(True)
    assert seen[0] == seen[1]
