"""The team of an account is kept beside its contacts, for lists: by the database, whoever writes either."""

from __future__ import annotations

import pytest

from tasuki.crm import accounts, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def hanbit(cast: Cast) -> Account:
    return records.add_account(records.Company("Hanbit"), owner=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY)


@pytest.fixture
def kim(hanbit: Account) -> Contact:
    person = records.Person("Kim", "Ara", account=hanbit, email="ara@hanbit.example", phone="+82 2 555 0100")
    return records.add_contact(person, by=SET_UP, at=MONDAY)


def beside_ways(contact: Contact) -> set[int | None]:
    """What stands beside its addresses and numbers; all of them say the same."""
    return {way.account_team_id for rows in (contact.emails, contact.phones) for way in rows.all()}


def beside(contact: Contact) -> int | None:
    return Contact.objects.values_list("account_team_id", flat=True).get(pk=contact.pk)


def test_a_new_contact_has_it(kim: Contact, cast: Cast) -> None:
    assert beside(kim) == cast.field_sales.pk
    assert beside(records.add_contact(records.Person("Lee", ""), by=SET_UP, at=MONDAY)) is None


def test_many_that_are_written_at_once_have_it_whatever_was_said(hanbit: Account, cast: Cast) -> None:
    said = [None, cast.inside_sales.pk, cast.field_sales.pk]
    rows = [Contact(family_name=str(nth), account=hanbit, account_team_id=team, created_at=MONDAY, updated_at=MONDAY) for nth, team in enumerate(said)]
    alone = Contact(family_name="Lee", account_team_id=cast.inside_sales.pk, created_at=MONDAY, updated_at=MONDAY)
    made = Contact.objects.bulk_create([*rows, alone])
    assert [beside(one) for one in made] == [cast.field_sales.pk] * 3 + [None]


def test_it_follows_when_the_account_goes_to_another_team(kim: Contact, hanbit: Account, cast: Cast) -> None:
    accounts.give(hanbit, to=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    assert beside(kim) == cast.inside_sales.pk


def test_it_follows_when_the_person_goes_to_another_company_and_when_they_leave(kim: Contact, cast: Cast) -> None:
    other = records.add_account(records.Company("Haneul"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    Contact.objects.filter(pk=kim.pk).update(account=other)
    assert beside(kim) == cast.inside_sales.pk
    Contact.objects.filter(pk=kim.pk).update(account=None)
    assert beside(kim) is None


def test_nobody_else_changes_it(kim: Contact, cast: Cast) -> None:
    Contact.objects.filter(pk=kim.pk).update(account_team=cast.inside_sales)
    assert beside(kim) == cast.field_sales.pk


def test_its_addresses_and_numbers_have_it_too_and_follow(kim: Contact, hanbit: Account, cast: Cast) -> None:
    assert kim.emails.count() == kim.phones.count() == 1
    assert beside_ways(kim) == {cast.field_sales.pk}
    records.change_contact(kim, said={"emails": ["kim@hanbit.example", "ara@hanbit.example"]}, by=SET_UP, at=MONDAY)
    assert kim.emails.count() == 2
    assert beside_ways(kim) == {cast.field_sales.pk}
    accounts.give(hanbit, to=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    assert beside_ways(kim) == {cast.inside_sales.pk}
    Contact.objects.filter(pk=kim.pk).update(account=None)
    assert beside_ways(kim) == {None}


def test_addresses_that_are_written_at_once_have_it_whatever_was_said(kim: Contact, cast: Cast) -> None:
    lee = records.add_contact(records.Person("Lee", ""), by=SET_UP, at=MONDAY)
    wrong = cast.inside_sales.pk
    mails = ContactEmail.objects.bulk_create(
        ContactEmail(contact=who, address=f"{nth}@hanbit.example", key=f"{nth}@hanbit.example", account_team_id=said)
        for nth, (who, said) in enumerate([(kim, None), (kim, wrong), (lee, wrong), (lee, None)])
    )
    said = [ContactEmail.objects.values_list("account_team_id", flat=True).get(pk=one.pk) for one in mails]
    assert said == [cast.field_sales.pk, cast.field_sales.pk, None, None]


def test_an_address_that_goes_to_another_person_has_the_team_of_theirs(kim: Contact, cast: Cast) -> None:
    lee = records.add_contact(records.Person("Lee", ""), by=SET_UP, at=MONDAY)
    ContactPhone.objects.filter(contact=kim).update(contact=lee)
    assert beside_ways(lee) == {None}
    ContactEmail.objects.filter(contact=kim).update(account_team=cast.inside_sales)
    assert beside_ways(kim) == {cast.field_sales.pk}, "nobody else changes it"
