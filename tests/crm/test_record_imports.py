"""Importing accounts, contacts and products: each as its verbs would have written it, and as before when it is taken back."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import changing, mapping, parsing, running
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.crm import merging, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.ownership import Ownership
from tasuki.crm.products import Product
from tests.cast import Cast
from tests.core.table_contents import contents

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BY = By(None, Door.COMMAND)
ACCOUNTS = "noun: accounts\ncolumns: {name: name, parent: parent, country: country, corporate_number: number, industry: industry, reference: id}\n"
ACCOUNT_HEADER = "id,name,parent,country,number,industry\n"
CONTACTS = "noun: contacts\ncolumns: {full_name: name, email: mail, phone: {column: phone, country: KR}, account: firm, title: title}\n"
CONTACT_HEADER = "name,mail,phone,firm,title\n"
PRODUCTS = "noun: products\ncolumns: {name: name, code: code, line: line, price: price}\n"
PRODUCT_HEADER = "name,code,line,price\n"


def imported(text: str, said: str, *, by: By = BY) -> ImportRun:
    run = running.start(io.BytesIO(text.encode()), name="rows.csv", mapping=mapping.read(said), by=by, at=AT)
    return running.run(run, at=AT)


def reasons(run: ImportRun) -> list[str]:
    return [message["reason"] for row in ImportRow.objects.filter(run=run).order_by("row_no") for message in row.messages or []]


def test_accounts_find_their_parents_in_any_order_and_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)
    run = imported(ACCOUNT_HEADER + "1,Leaf Ltd.,Trunk,,,\n2,Branch,TRUNK Inc.,,,\n3,Other,Nowhere,,,\n4,Trunk,,,,\n", ACCOUNTS)
    assert [(one.name, one.parent and one.parent.name) for one in Account.objects.order_by("reference")] == [
        ("Leaf Ltd.", "Trunk"),
        ("Branch", "Trunk"),
        ("Other", None),
        ("Trunk", None),
    ]
    assert (run.n_created, run.n_warnings) == (4, 1)
    assert reasons(run) == ["There is no account “Nowhere” to be the parent; the account is kept without one."]


def test_contacts_that_are_there_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    imported(CONTACT_HEADER + "Mina Ara,mina@gaon.kr,,Gaon,CEO\n", CONTACTS)
    monkeypatch.setattr(changing, "as_they_are", None)
    run = imported(CONTACT_HEADER + "Mina Ara,mina@gaon.kr,,Gaon,CTO\n", CONTACTS + "on_duplicate: update\n")
    assert (run.n_updated, Contact.objects.get().title) == (1, "CTO")


def test_parents_in_a_circle_are_told_apart() -> None:
    run = imported(ACCOUNT_HEADER + "1,Hen,Egg,,,\n2,Egg,Hen,,,\n3,Self,Self,,,\n", ACCOUNTS)
    assert not Account.objects.filter(parent__isnull=False).exists()
    assert run.n_warnings == 3


def test_every_account_has_an_owner_history_and_an_entry_of_the_trail() -> None:
    imported(CONTACT_HEADER + "Mia Roe,mia@norwick.example,,Norwick Inc.,\n", CONTACTS)
    account, contact = Account.objects.get(), Contact.objects.get()
    assert Ownership.objects.filter(account=account, until_at__isnull=True).exists()
    for noun, pk in (("account", account.pk), ("contact", contact.pk)):
        assert AuditEntry.objects.filter(noun=noun, record_id=pk, action="add").exists()


def test_a_corporate_number_and_a_reference_belong_to_one_account() -> None:
    run = imported(ACCOUNT_HEADER + "1,One,,KR,124-81-00998,\n2,Two,,KR,1248100998,\n1,Three,,,,\n4,Four,,KR,123,\n", ACCOUNTS)
    assert (run.n_created, run.n_skipped, run.n_rejected, run.n_warnings) == (2, 1, 1, 2)
    taken = "Another record has this key, and only one can have it."
    assert reasons(run)[:3] == [
        "This is taken for “One”, which has the same corporate number.",
        "The same key stands earlier in the file; the first row counts.",
        taken,
    ]
    assert "check digit" in reasons(run)[3]
    each = imported(ACCOUNT_HEADER + "8,Two,,KR,1248100998,\n", ACCOUNTS + "on_duplicate: create\n")
    assert (each.n_rejected, reasons(each)) == (1, [taken])


@pytest.mark.parametrize("policy", ["skip", "update", "create"])
@pytest.mark.parametrize("chunk", [1, 10_000])
def test_a_second_import_under_every_policy_is_undone_to_the_letter(monkeypatch: pytest.MonkeyPatch, policy: str, chunk: int) -> None:
    monkeypatch.setattr(parsing, "CHUNK", chunk)
    rows = {
        ACCOUNTS: (
            ACCOUNT_HEADER,
            ["1,Norwick,,US,,banks", "2,Gaon,Norwick,KR,,brokers"],
            ["1,Norwick Inc.,,JP,,x", "2,가온,,,,", "1,Norwick,,,,y", "7,New,Gaon,,,z"],
        ),
        CONTACTS: (
            CONTACT_HEADER,
            ["Mia Roe,mia@x.example,010-1234-5678,Norwick,CFO"],
            ["Mia Ray,MIA@x.example,,Gaon,CEO", "Ada,ada@x.example,,Fresh,", "Ada,ada@x.example,,,"],
        ),
        PRODUCTS: (PRODUCT_HEADER, ["One,P1,A,10", "Two,P2,A,"], ["One,P9,B,20", "One,P9,B,30", "Two,P1,,", "Three,P3,,5"]),
    }
    for said, (header, first, second) in rows.items():
        imported(header + "\n".join(first) + "\n", said)
        before = contents()
        run = imported(header + "\n".join(second) + "\n", f"{said}on_duplicate: {policy}\n")
        assert run.n_rows == run.n_created + run.n_updated + run.n_skipped + run.n_rejected == len(second)
        assert bool(run.n_updated) == (policy == "update")
        running.undo(run, by=BY, at=AT)
        assert contents() == before


def test_an_update_is_in_the_trail_and_is_kept_when_somebody_worked_on_it(cast: Cast) -> None:
    imported(ACCOUNT_HEADER + "1,Norwick,,US,,banks\n", ACCOUNTS)
    run = imported(ACCOUNT_HEADER + "1,Norwick,,US,,brokers\n", ACCOUNTS + "on_duplicate: update\n", by=By(cast.mina, Door.WEB))
    account = Account.objects.get()
    entry = AuditEntry.objects.get(noun="account", record_id=account.pk, action="change")
    assert (entry.actor, entry.door, entry.changes["industry"]) == (cast.mina, Door.IMPORT, ["banks", "brokers"])
    records.change_account(account, said={"industry": "exchanges"}, by=BY, at=AT)
    with pytest.raises(CannotUndo):
        running.undo(run, by=BY, at=AT)
    assert Account.objects.get().industry == "exchanges"


def test_a_postal_address_comes_in_line_by_line_is_updated_and_taken_back() -> None:
    said = ACCOUNTS.replace("industry: industry", "industry: industry, postal_address: address")
    header = ACCOUNT_HEADER.replace("industry", "industry,address")
    imported(header + '1,Norwick,,US,,banks," 1 Road \n\nSpringfield"\n', said)
    assert Account.objects.get().postal_address == "1 Road\nSpringfield"
    run = imported(header + "1,Norwick,,US,,banks,2 Street\n", said + "on_duplicate: update\n")
    assert Account.objects.get().postal_address == "2 Street"
    running.undo(run, by=BY, at=AT)
    assert Account.objects.get().postal_address == "1 Road\nSpringfield"
    refused = imported(header + f"2,Other,,US,,banks,{'x' * 301}\n", said)
    assert (refused.n_rejected, Account.objects.count()) == (1, 1)


def test_a_contact_needs_a_name_or_an_address_and_is_one_person_by_address() -> None:
    run = imported(CONTACT_HEADER + "한서윤,seoyun@gaon.example,010-1234-5678,가온증권,과장\n,,,,\nAda,,,,\n,x@y.example,,,\nMia,nonsense,12,,\n", CONTACTS)
    assert (run.n_rows, run.n_created, run.n_rejected) == (4, 3, 1)
    assert (ContactEmail.objects.get(key="seoyun@gaon.example").contact.display_name, ContactPhone.objects.get().e164) == ("한서윤", "+821012345678")
    assert len(reasons(run)) == 2


def test_what_is_said_about_rows_is_said_in_the_language_of_who_asked(cast: Cast) -> None:
    run = imported(CONTACT_HEADER + "Mia,nonsense,,,\n", CONTACTS, by=By(cast.mina, Door.WEB))
    assert reasons(run) != []
    assert any("\uac00" <= character <= "\ud7a3" for character in reasons(run)[0])


def test_a_team_that_is_not_there_is_refused_and_not_founded() -> None:
    with pytest.raises(MappingRefused, match="Marketng"):
        imported(CONTACT_HEADER + "Mia,mia@x.example,,,\n", CONTACTS + "options: {team: Marketng}\n")


def test_products_keep_their_currency_and_their_code() -> None:
    run = imported(PRODUCT_HEADER + 'One,P1,A,"1,200.50"\nTwo,P1,A,\nThree,,A,-1\n', PRODUCTS)
    assert (run.n_created, run.n_rejected) == (1, 2)
    one = Product.objects.get()
    assert (str(one.price), one.code, bool(one.currency)) == ("1200.50", "P1", True)


def test_the_reference_of_a_merged_account_finds_the_one_it_was_merged_into() -> None:
    imported(ACCOUNT_HEADER + "1,Gaon,,,,\n2,Gaon Securities,,,,\n", ACCOUNTS)
    gaon, securities = Account.objects.order_by("reference")
    merging.merge(securities, others=[gaon], by=BY, at=AT)
    again = imported(ACCOUNT_HEADER + "1,Gaon,,,,exchange\n", f"{ACCOUNTS}key: reference\non_duplicate: update\n")
    assert (again.n_updated, again.n_created) == (1, 0)
    assert Account.objects.get().industry == "exchange"
