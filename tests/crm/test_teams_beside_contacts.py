"""The team of an account is kept beside its contacts, for lists: by the database, whoever writes either."""

from __future__ import annotations

import pytest

from tasuki.crm import accounts, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def hanbit(cast: Cast) -> Account:
    return records.add_account(records.Company("Hanbit"), owner=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY)


@pytest.fixture
def kim(hanbit: Account) -> Contact:
    return records.add_contact(records.Person("Kim", "Ara", account=hanbit), by=SET_UP, at=MONDAY)


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
