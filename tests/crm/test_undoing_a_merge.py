"""A merge is undone: every table is as it was, and what was done since stays where it belongs."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Q
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import accounts, attachments, leads, merging, notes, records, stages, tasks, unmerging
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact, ContactEmail
from tasuki.crm.leads import Lead
from tasuki.crm.merges.rows import FormerRecord, Merge
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.unmerging import CannotUndo, LaterMergeFirst, UndoneAlready
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.table_contents import contents
from tests.crm.test_merging import LATER, ada, all_is_well, company, ivo, lead, person, ruth

pytestmark = pytest.mark.django_db

STILL_LATER = LATER + timedelta(days=1)


def tables() -> dict[str, str]:
    """All but the merges themselves, which tell what was."""
    return {name: sums for name, sums in contents().items() if name != "crm_merge"}


def test_two_companies_are_two_again(cast: Cast) -> None:
    stays, goes = company(cast, "A", domain="a.example"), company(cast, "B", 1, domain="b.example", country="KR", corporate_number="124-81-00998")
    person(cast, "Ahn", account=goes)
    notes.write("Old friends.", account=goes, by=ivo(cast), at=MONDAY)
    before = tables()
    merge = merging.merge(stays, others=[goes], chosen={"owner": goes.pk}, by=ruth(cast), at=LATER)
    assert tables() != before
    undone = unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)
    assert tables() == before
    assert (undone.undone_by, undone.undone_at) == (cast.ruth, STILL_LATER)
    assert set(AuditEntry.objects.filter(noun="account", action="undo").values_list("record_id", flat=True)) == {stays.pk, goes.pk}
    with pytest.raises(UndoneAlready):
        unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)


def test_what_was_added_since_stays_and_what_was_written_about_a_lead_goes_with_the_lead(cast: Cast) -> None:
    stays, goes = company(cast, "A"), company(cast, "B")
    contact = person(cast, "Bae", account=goes)
    moving = lead(cast, contact)
    merge = merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    kept = notes.write("About all of it.", account=stays, by=ivo(cast), at=LATER)
    along = notes.write("She called.", lead=Lead.objects.get(pk=moving.pk), by=ivo(cast), at=LATER)
    task = tasks.add(Task(subject="Call", owner=cast.ivo, contact=contact, account=stays), by=ivo(cast), at=LATER)
    newcomer = person(cast, "Cho", account=Account.objects.get(pk=stays.pk))
    leads.recycle(Lead.objects.get(pk=moving.pk), reason="budget", wake_when="spring", by=ivo(cast), at=LATER)
    again = leads.wake(Lead.objects.get(pk=moving.pk), by=ivo(cast), at=LATER)
    unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)
    assert TimelineEntry.objects.get(pk=kept.pk).account_id == stays.pk
    assert TimelineEntry.objects.get(pk=along.pk).account_id == goes.pk
    assert Task.objects.get(pk=task.pk).account_id == goes.pk
    assert Contact.objects.get(pk=newcomer.pk).account_id == stays.pk
    assert {Lead.objects.get(pk=pk).account_id for pk in (moving.pk, again.pk)} == {goes.pk}
    all_is_well()


def test_a_value_that_was_changed_since_keeps_its_change(cast: Cast) -> None:
    stays, goes = company(cast, "A", industry="exchange"), company(cast, "B", 1, industry="securities")
    merge = merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    records.change_account(stays, said={"name": "B", "industry": "banking"}, by=ivo(cast), at=LATER)
    accounts.give(stays, to=cast.saori, team=cast.field_sales, by=ruth(cast), at=LATER)
    unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)
    account = Account.objects.get(pk=stays.pk)
    assert (account.name, account.industry, account.owner) == ("A", "banking", cast.saori)
    assert Account.objects.get(pk=goes.pk).industry == "securities"
    all_is_well()


def test_an_address_that_became_the_main_one_since_stays_it(cast: Cast) -> None:
    one, two = person(cast, "Ahn", email="a@one.example"), person(cast, "Ahn", 1, email="a@two.example")
    merge = merging.merge(one, others=[two], by=ada(cast), at=LATER)
    records.change_contact(one, said={"emails": ["a@three.example", "a@one.example", "a@two.example"]}, by=ivo(cast), at=LATER)
    unmerging.undo(merge, by=ada(cast), at=STILL_LATER)
    assert set(ContactEmail.objects.values_list("contact", "key", "is_primary")) == {
        (one.pk, "a@one.example", False), (one.pk, "a@three.example", True), (two.pk, "a@two.example", True),
    }  # fmt: skip


def test_a_later_merge_is_undone_first(cast: Cast) -> None:
    a, b, c = company(cast, "A"), company(cast, "B"), company(cast, "C")
    first = merging.merge(a, others=[b], by=ruth(cast), at=LATER)
    second = merging.merge(c, others=[a], by=ruth(cast), at=LATER)
    with pytest.raises(LaterMergeFirst, match="A into C"):
        unmerging.undo(first, by=ruth(cast), at=STILL_LATER)
    assert "A into C" in unmerging.hindrance(first)
    assert unmerging.hindrance(second) == ""
    unmerging.undo(second, by=ruth(cast), at=STILL_LATER)
    unmerging.undo(first, by=ruth(cast), at=STILL_LATER)
    assert Account.objects.count() == 3
    assert not FormerRecord.objects.exists()


def test_a_merge_of_people_at_a_merged_company_is_undone_before_that_of_the_company(cast: Cast) -> None:
    a, b = company(cast, "A"), company(cast, "B")
    one, two = person(cast, "Ahn", account=a), person(cast, "Ahn", account=b)
    companies = merging.merge(a, others=[b], by=ruth(cast), at=LATER)
    people = merging.merge(one, others=[two], by=ruth(cast), at=LATER)
    with pytest.raises(LaterMergeFirst):
        unmerging.undo(companies, by=ruth(cast), at=STILL_LATER)
    unmerging.undo(people, by=ruth(cast), at=STILL_LATER)
    unmerging.undo(companies, by=ruth(cast), at=STILL_LATER)
    assert Contact.objects.get(pk=two.pk).account == b


def test_what_cannot_stand_beside_what_would_come_back_is_named(cast: Cast) -> None:
    one, two = person(cast, "Ahn"), person(cast, "Ahn")
    younger, elder = lead(cast, one, 5), lead(cast, two, 2)
    merge = merging.merge(one, others=[two], by=ada(cast), at=LATER)
    leads.lose(elder, reason="budget", by=ivo(cast), at=LATER)
    lead(cast, Contact.objects.get(pk=one.pk), 400)
    with pytest.raises(CannotUndo, match="A lead was opened since"):
        unmerging.undo(merge, by=ada(cast), at=STILL_LATER)
    younger.refresh_from_db()
    assert younger.state == "merged", "nothing is half undone"


def test_a_company_that_took_the_number_since_is_in_the_way(cast: Cast) -> None:
    a, b = company(cast, "A", 1, country="KR", corporate_number="1248100998"), company(cast, "B", country="KR", corporate_number="2208162517")
    merge = merging.merge(a, others=[b], by=ruth(cast), at=LATER)
    company(cast, "C", country="KR", corporate_number="2208162517")
    with pytest.raises(CannotUndo, match="corporate numbers"):
        unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)


def test_who_may_not_merge_may_not_undo(cast: Cast) -> None:
    merge = merging.merge(company(cast, "A"), others=[company(cast, "B")], by=ruth(cast), at=LATER)
    with pytest.raises(Forbidden, match=str(Ability.MERGE_RECORDS.label)):
        unmerging.undo(merge, by=ivo(cast), at=STILL_LATER)


def test_a_merge_of_leads_is_taken_out_of_the_ledger_again(cast: Cast) -> None:
    one, two = lead(cast, person(cast, "Ahn")), lead(cast, person(cast, "Bae"))
    tasks.add(Task(subject="Call", owner=cast.ivo, lead=two), by=ivo(cast), at=MONDAY)
    before = tables()
    merge = merging.merge(one, others=[two], by=ruth(cast), at=LATER)
    all_is_well()
    unmerging.undo(merge, by=ruth(cast), at=STILL_LATER)
    assert tables() == before
    all_is_well()


class World:
    """Companies and people with everything that can hang on them, by chance; then merges, by chance too."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.chance, self.n = cast, random.Random(seed), 0
        self.merges: list[Merge] = []
        self.tier, self.rival = self.defined(FieldKind.TEXT, FieldNoun.ACCOUNT), self.defined(FieldKind.ACCOUNT, FieldNoun.CONTACT)
        self.product = records.add_product("Night session", line="night", price=None, currency="", by=SET_UP, at=MONDAY)
        for _ in range(self.chance.randint(3, 6)):
            self.found()
        for _ in range(self.chance.randint(3, 8)):
            self.meet()

    def defined(self, kind: FieldKind, noun: FieldNoun) -> CustomField:
        return defining.define(noun, kind=kind, wording=Wording(f"{kind} {noun}"), by=SET_UP, at=MONDAY)

    def found(self) -> None:
        self.n += 1
        there = list(Account.objects.all())
        parent = self.chance.choice([None, *there])
        domain = self.chance.choice(["", f"d{self.n}.example", "same.example"])
        account = company(
            self.cast, self.chance.choice(["Gaon", f"Firm {self.n}"]), self.n, parent=parent, domain=domain, country=self.chance.choice(["", "KR"])
        )
        if self.chance.random() < 0.5:
            Account.objects.filter(pk=account.pk).update(reference=f"A-{self.n}")
        if self.chance.random() < 0.5:
            writing.write(account, said={self.tier.pk: self.chance.choice(["gold", "silver"])}, by=SET_UP, at=MONDAY)
        if self.chance.random() < 0.3:
            accounts.give(account, to=self.cast.saori, team=self.cast.field_sales, by=SET_UP, at=MONDAY + timedelta(days=1))
        notes.write(f"Note {self.n}", account=account, by=SET_UP, at=MONDAY)

    def meet(self) -> None:
        self.n += 1
        account = self.chance.choice([None, *Account.objects.all()])
        email = self.chance.choice(["", "same@x.example", f"p{self.n}@x.example"])
        phone = self.chance.choice(["", "+82 10 5555 0142", f"+82 10 5555 {self.n:04}"])
        contact = person(self.cast, self.chance.choice(["Ahn", f"Bae {self.n}"]), self.n, account=account, email=email, phone=phone)
        if account and self.chance.random() < 0.4:
            writing.write(contact, said={self.rival.pk: account.pk}, by=SET_UP, at=MONDAY)
        if self.chance.random() < 0.5:
            how = {"channel": self.chance.choice(list(Channel)), "state": self.chance.choice(list(ConsentState))}
            records.record_consent(contact, how="form", by=SET_UP, at=MONDAY + timedelta(hours=self.chance.randint(0, 9)), **how)
        if self.chance.random() < 0.7:
            self.open_lead(contact)
        if self.chance.random() < 0.3:
            attachments.attach(ContentFile(b"x"), name="a.txt", n_bytes=1, contact=contact, by=SET_UP, at=MONDAY)

    def open_lead(self, contact: Contact) -> None:
        product = self.chance.choice([None, self.product])
        stage = self.chance.choice([stages.CAPTURED, stages.WORKING])
        opened = lead(self.cast, contact, self.chance.randint(0, 90), product=product, stage=stage)
        if self.chance.random() < 0.3:
            leads.recycle(opened, reason="budget", wake_when="spring", by=SET_UP, at=MONDAY + timedelta(days=5))
            if self.chance.random() < 0.6:
                leads.wake(Lead.objects.get(pk=opened.pk), by=SET_UP, at=MONDAY + timedelta(days=6))
        if self.chance.random() < 0.5:
            tasks.add(Task(subject="Call", owner=self.cast.ivo, lead=opened, contact=contact, account=contact.account), by=SET_UP, at=MONDAY)

    def merge(self) -> None:
        model = self.chance.choice([Account, Account, Contact, Contact, Lead])
        rows = list(model.objects.in_process() if model is Lead else model.objects.all())  # type: ignore[attr-defined]  # Leads has it
        if len(rows) < 2:
            return
        survivor, *others = self.chance.sample(rows, min(len(rows), self.chance.choice([2, 2, 3, 4])))
        chosen = {key: self.chance.choice([survivor, *others]).pk for key in ("name", "owner", "parent", "email", "account") if self.chance.random() < 0.4}
        offered = {choice.key for choice in merging.fields_of(survivor.noun, reader=None)}
        self.merges.append(
            merging.merge(
                survivor, others=others, chosen={key: pk for key, pk in chosen.items() if key in offered}, by=SET_UP, at=LATER + timedelta(hours=self.n)
            )
        )
        self.n += 1


@pytest.mark.slow
@settings(max_examples=20, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whatever_is_merged_and_undone_in_reverse_is_as_it_was(cast: Cast, seed: int) -> None:
    with transaction.atomic():
        world = World(cast, seed)
        kept = [tables()]
        n_of = (TimelineEntry.objects.count(), Task.objects.count())
        for _ in range(4):
            n_merges = len(world.merges)
            world.merge()
            if len(world.merges) > n_merges:
                kept.append(tables())
                all_is_well()
        told = TimelineEntry.objects.filter(Q(kind="merge") | Q(detail__outcome="merged"))
        assert n_of == (TimelineEntry.objects.count() - told.count(), Task.objects.count())
        for merge, before in zip(reversed(world.merges), reversed(kept[:-1]), strict=True):
            unmerging.undo(merge, by=SET_UP, at=STILL_LATER)
            differing = {name for name, sums in tables().items() if before[name] != sums}
            assert not differing
            all_is_well()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_merges_that_meet_in_one_record_do_not_wait_for_each_other_for_ever(cast: Cast) -> None:
    a, b, c = (company(cast, name) for name in "ABC")
    start, answers = threading.Barrier(2), []

    def merging_into(survivor: Account, other: Account) -> None:
        start.wait()
        try:
            merging.merge(survivor, others=[other], by=By(cast.ruth, Door.WEB), at=LATER)
            answers.append("merged")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    both = [threading.Thread(target=merging_into, args=pair) for pair in ((a, b), (b, a))]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(answers) == ["merged", "not_there"]
    assert Account.objects.filter(pk__in=[a.pk, b.pk]).count() == 1
    assert Account.objects.filter(pk=c.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_an_undo_that_waits_for_a_merge_sees_that_it_came_later(cast: Cast) -> None:
    a, b, c = (company(cast, name) for name in "ABC")
    first = merging.merge(a, others=[b], by=ruth(cast), at=LATER)
    answers = []

    def undoing() -> None:
        try:
            unmerging.undo(first, by=By(cast.ruth, Door.WEB), at=STILL_LATER)
            answers.append("undone")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    with transaction.atomic():
        merging.merge(c, others=[a], by=ruth(cast), at=LATER)
        other = threading.Thread(target=undoing)
        other.start()
        other.join(1)
        assert other.is_alive()
    other.join(20)
    assert answers == ["later_merge_first"]
    all_is_well()
