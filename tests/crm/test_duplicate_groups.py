"""Groups of probable duplicates: found by exact keys for all records at once, settled by people, and not proposed again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.crm import duplicate_groups, merging, records, unmerging
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import ContactEmail
from tasuki.crm.duplicate_groups import DuplicateGroup, SettledAlready
from tests.cast import MONDAY, Cast
from tests.crm.test_merging import LATER, ada, company, ivo, lead, person, ruth

pytestmark = pytest.mark.django_db


def groups(state: str = "open") -> set[tuple[str, tuple[int, ...], tuple[str, ...]]]:
    rows = DuplicateGroup.objects.filter(state=state)
    return {(group.of, tuple(group.record_ids), tuple(sorted(group.keys))) for group in rows}


def test_companies_are_found_by_name_and_by_domain(cast: Cast) -> None:
    a, b = company(cast, "㈜가온증권", domain="gaon.example"), company(cast, "가온증권 주식회사", domain="gaon.example")
    c = company(cast, "Gaon Futures", domain="gaon.example")
    d, e = company(cast, "Norwick"), company(cast, "Norwick Ltd.")
    assert duplicate_groups.find(at=LATER) == 3
    assert groups() == {
        ("account", (a.pk, b.pk), ("name", "name_and_domain")),
        ("account", (a.pk, b.pk, c.pk), ("domain",)),
        ("account", (d.pk, e.pk), ("name",)),
    }


def test_two_numbers_are_two_companies_whatever_they_are_called(cast: Cast) -> None:
    company(cast, "Gaon", country="KR", corporate_number="1248100998")
    company(cast, "Gaon", country="KR", corporate_number="2208162517")
    assert duplicate_groups.find(at=LATER) == 0


def test_people_are_found_by_mail_by_number_and_by_name_at_a_company(cast: Cast) -> None:
    account = company(cast, "A")
    a, b = person(cast, "Ahn", email="ahn@gaon.example"), person(cast, "Bae", email="AHN@gaon.example")
    c, d = person(cast, "Cho", phone="+82 2 555 0142"), person(cast, "Do", phone="+82-2-555-0142")
    e, f = person(cast, "한", given_name="서윤", account=account), person(cast, "한 서윤", account=account)
    person(cast, "한", given_name="서윤", account=company(cast, "B"))
    duplicate_groups.find(at=LATER)
    assert groups() == {
        ("contact", (a.pk, b.pk), ("mail",)),
        ("contact", (c.pk, d.pk), ("phone",)),
        ("contact", (e.pk, f.pk), ("name_at_account",)),
    }


def test_open_leads_of_people_who_are_probably_one_are_found_by_product_line(cast: Cast) -> None:
    product = records.add_product("Night session", line="night", price=None, currency="", by=ivo(cast), at=MONDAY)
    a, b = person(cast, "Ahn", email="ahn@gaon.example"), person(cast, "Ahn", email="ahn@gaon.example")
    one, two = lead(cast, a), lead(cast, b)
    lead(cast, b, product=product)
    duplicate_groups.find(at=LATER)
    assert ("lead", (one.pk, two.pk), ("mail",)) in groups()
    assert len([of for of, _ids, _keys in groups() if of == "lead"]) == 1


def test_a_key_that_many_share_says_nothing(cast: Cast) -> None:
    contacts = [person(cast, f"P{nth}") for nth in range(21)]
    ContactEmail.objects.bulk_create(ContactEmail(contact=one, address="info@x.example", key="info@x.example") for one in contacts)
    assert duplicate_groups.find(at=LATER) == 0
    contacts[0].emails.all().delete()
    assert duplicate_groups.find(at=LATER) == 1


def test_looking_twice_finds_the_same_and_what_is_settled_by_a_change_goes(cast: Cast) -> None:
    a, b = company(cast, "Gaon"), company(cast, "Gaon")
    duplicate_groups.find(at=LATER)
    first = DuplicateGroup.objects.get()
    duplicate_groups.find(at=LATER + timedelta(hours=1))
    again = DuplicateGroup.objects.get()
    assert (again.pk, again.found_at) == (first.pk, LATER)
    records.change_account(b, said={"name": "Norwick"}, by=ivo(cast), at=LATER)
    assert duplicate_groups.find(at=LATER) == 0
    assert Account.objects.filter(pk__in=[a.pk, b.pk]).count() == 2


def test_what_is_not_the_same_is_never_proposed_again_nor_a_part_of_it(cast: Cast) -> None:
    a, b, c = company(cast, "Gaon"), company(cast, "Gaon"), company(cast, "Gaon")
    duplicate_groups.find(at=LATER)
    group = duplicate_groups.set_apart(DuplicateGroup.objects.get(), reason="three branches", by=ruth(cast), at=LATER)
    assert AuditEntry.objects.of(group).get().changes["reason"] == ["", "three branches"]
    assert duplicate_groups.find(at=LATER) == 0
    records.change_account(c, said={"name": "Norwick"}, by=ivo(cast), at=LATER)
    assert duplicate_groups.find(at=LATER) == 0, "two of the three were looked at too"
    d = company(cast, "Gaon")
    assert duplicate_groups.find(at=LATER) == 1
    assert {ids for _of, ids, _keys in groups()} == {(a.pk, b.pk, d.pk)}, "a new one is a new question"


def test_a_merge_settles_its_group_and_its_undo_asks_again(cast: Cast) -> None:
    a, b = person(cast, "Ahn", email="ahn@gaon.example"), person(cast, "Ahn", email="ahn@gaon.example")
    duplicate_groups.find(at=LATER)
    merge = merging.merge(a, others=[b], by=ada(cast), at=LATER)
    group = DuplicateGroup.objects.get()
    assert (group.state, group.merge, group.settled_by) == ("merged", merge, cast.ada)
    duplicate_groups.find(at=LATER)
    assert groups() == set()
    unmerging.undo(merge, by=ada(cast), at=LATER)
    assert groups() == {("contact", (a.pk, b.pk), ("mail",))}


def test_a_group_is_settled_once_and_only_by_who_may_merge(cast: Cast) -> None:
    company(cast, "Gaon"), company(cast, "Gaon")
    duplicate_groups.find(at=LATER)
    group = DuplicateGroup.objects.get()
    with pytest.raises(Forbidden):
        duplicate_groups.set_apart(group, reason="", by=ivo(cast), at=LATER)
    with pytest.raises(SettledAlready):
        duplicate_groups.reopen(group, by=ruth(cast), at=LATER)
    duplicate_groups.set_apart(group, reason="", by=ruth(cast), at=LATER)
    with pytest.raises(SettledAlready):
        duplicate_groups.set_apart(group, reason="", by=ruth(cast), at=LATER)
    duplicate_groups.reopen(group, by=ruth(cast), at=LATER)
    assert DuplicateGroup.objects.get().state == "open"
