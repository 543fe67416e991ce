"""Several records become one, with everything that belongs to them; and what may not be merged is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.cli.check import QUESTIONS, ask
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.errors import Forbidden
from tasuki.core.money import Money
from tasuki.crm import accounts, attachments, following, leads, merging, notes, records, stages, tasks, unmerging
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, Consent, ConsentState, Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, CannotMerge, Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.merges import relations
from tasuki.crm.merges.passes import LeadInSales, TwoDeals
from tasuki.crm.merges.rows import FormerRecord, Merge
from tasuki.crm.merging import NotThere, OneOfThemChanged
from tasuki.crm.notifications import Notification
from tasuki.crm.ownership import Ownership
from tasuki.crm.products import Product
from tasuki.crm.records import Company, Person
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import MONDAY, Cast, hired

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=10)
# Whoever imports is not asked about each row, and says of none that it is another.
UNASKED = "not asked"


def ruth(cast: Cast) -> By:
    return By(cast.ruth, Door.WEB)


def ada(cast: Cast) -> By:
    """Sees people too who are at no company and have no lead."""
    return By(cast.ada, Door.WEB)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def company(cast: Cast, name: str, nth: int = 0, **known: object) -> Account:
    said = Company(name, **known)  # type: ignore[arg-type]  # whatever the test says of it
    account = records.add_account(said, owner=cast.ivo, team=cast.inside_sales, another=UNASKED, by=ivo(cast), at=MONDAY + timedelta(hours=nth))
    DuplicateGroup.objects.filter(reason=UNASKED).delete()
    return account


def person(cast: Cast, family: str, nth: int = 0, **known: object) -> Contact:
    said = Person(family, **known)  # type: ignore[arg-type]  # likewise
    contact = records.add_contact(said, another=UNASKED, by=ivo(cast), at=MONDAY + timedelta(hours=nth))
    DuplicateGroup.objects.filter(reason=UNASKED).delete()
    return contact


def lead(cast: Cast, contact: Contact, nth: int = 0, *, product: Product | None = None, stage: str = stages.WORKING) -> Lead:
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=contact.account, product=product)
    return leads.capture(arrival, by=ivo(cast), at=MONDAY + timedelta(hours=nth), stage=stage)


def deal(cast: Cast, of: Lead) -> None:
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, money=Money(Decimal(1_000), "KRW"))
    opportunities.accept(of, terms=terms, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=1))


def all_is_well() -> None:
    """What `tasuki check` asks."""
    wrong = [(answer.question.key, answer.examples) for answer in map(ask, QUESTIONS) if answer.n_wrong]
    assert not wrong


# Accounts


def test_everything_around_two_companies_is_around_one_afterwards(cast: Cast) -> None:
    stays, goes = company(cast, "Gaon Securities"), company(cast, "㈜가온증권", 1)
    at_one, at_other = person(cast, "Ahn", account=stays), person(cast, "Bae", account=goes)
    lead(cast, at_one), lead(cast, at_other)
    daughter = company(cast, "Gaon Futures", parent=goes)
    notes.write("Old friends.", account=goes, by=ivo(cast), at=MONDAY)
    attachments.attach(ContentFile(b"x"), name="a.txt", n_bytes=1, account=goes, by=ivo(cast), at=MONDAY)
    tasks.add(Task(subject="Call", owner=cast.ivo, account=goes), by=ivo(cast), at=MONDAY)
    n_entries = TimelineEntry.objects.count()

    merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)

    assert set(Account.objects.values_list("pk", flat=True)) == {stays.pk, daughter.pk}
    assert set(Contact.objects.filter(account=stays)) == {at_one, at_other}
    assert Lead.objects.filter(account=stays).count() == 2
    assert Account.objects.get(pk=daughter.pk).parent == stays
    assert (File.objects.get().account, Task.objects.get().account) == (stays, stays)
    assert TimelineEntry.objects.count() == n_entries + 1
    told = TimelineEntry.objects.get(kind=Kind.MERGE)
    assert (told.account, told.detail["names"]) == (stays, ["㈜가온증권"])
    all_is_well()


def test_each_field_keeps_the_newest_value_unless_another_is_chosen(cast: Cast) -> None:
    old = company(cast, "Gaon", industry="exchange", domain="gaon.example", n_employees=20)
    new = company(cast, "Gaon Securities", 1, industry="securities", country="KR", corporate_number="124-81-00998")
    merging.merge(old, others=[new], chosen={"industry": old.pk}, by=ruth(cast), at=LATER)
    account = Account.objects.get()
    assert (account.pk, account.name, account.folded_name) == (old.pk, "Gaon Securities", "gaonsecurities")
    assert (account.industry, account.domain, account.n_employees) == ("exchange", "gaon.example", 20)
    assert (account.country, account.corporate_number) == ("KR", "1248100998")
    entry = AuditEntry.objects.of(account).get(action="merge")
    assert entry.changes["name"] == ["Gaon", "Gaon Securities"]
    assert entry.changes["former"] == [None, ["Gaon Securities"]]
    assert AuditEntry.objects.get(noun="account", record_id=new.pk, action="merged").changes == {"former": ["Gaon Securities", "Gaon"]}


def test_another_owner_is_a_new_period_and_the_old_ones_stay_with_the_merge(cast: Cast) -> None:
    stays, goes = company(cast, "A"), company(cast, "B")
    accounts.give(goes, to=cast.saori, team=cast.field_sales, by=ruth(cast), at=MONDAY + timedelta(days=1))
    merge = merging.merge(stays, others=[goes], chosen={"owner": goes.pk}, by=ruth(cast), at=LATER)
    assert Account.objects.get().owner == cast.saori
    assert list(Ownership.objects.order_by("from_at").values_list("owner", "until_at")) == [(cast.ivo.pk, LATER), (cast.saori.pk, None)]
    assert len(merge.steps.get(kind="removed", table_name="crm_ownership").was) == 2
    all_is_well()


def test_a_company_does_not_become_its_own_parent(cast: Cast) -> None:
    top = company(cast, "Top")
    middle = company(cast, "Middle", parent=top)
    bottom = company(cast, "Bottom", parent=middle)
    merging.merge(bottom, others=[top], by=ruth(cast), at=LATER)
    assert Account.objects.get(pk=middle.pk).parent_id == bottom.pk
    assert Account.objects.get(pk=bottom.pk).parent_id is None


def test_custom_fields_are_united_and_those_that_name_the_company_name_the_survivor(cast: Cast) -> None:
    tier, rival = defined(cast, "Tier", FieldKind.TEXT), defined(cast, "Rival", FieldKind.ACCOUNT)
    stays, goes, third = company(cast, "A"), company(cast, "B", 1), company(cast, "C")
    writing.write(stays, said={tier.pk: "gold"}, by=ada(cast), at=MONDAY)
    writing.write(third, said={rival.pk: goes.pk}, by=ada(cast), at=MONDAY)
    merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    assert Account.objects.get(pk=stays.pk).custom == {tier.slot: "gold"}
    assert Account.objects.get(pk=third.pk).custom == {rival.slot: stays.pk}


def defined(cast: Cast, name: str, kind: FieldKind) -> CustomField:
    return defining.define(FieldNoun.ACCOUNT, kind=kind, wording=Wording(name), by=ada(cast), at=MONDAY)


def test_numbers_and_references_of_merged_records_lead_to_the_last_survivor(cast: Cast) -> None:
    a, b, c = company(cast, "A"), company(cast, "B"), company(cast, "C")
    for account in (a, b, c):
        Account.objects.filter(pk=account.pk).update(reference=f"ref {account.name}")
    merging.merge(b, others=[a], by=ruth(cast), at=LATER)
    merging.merge(c, others=[b], by=ruth(cast), at=LATER)
    assert {(one.former_id, one.reference, one.leads_to) for one in FormerRecord.objects.all()} == {(a.pk, "ref A", c.pk), (b.pk, "ref B", c.pk)}
    assert Account.objects.get().reference == "ref C"


def test_a_survivor_without_a_reference_takes_over_one(cast: Cast) -> None:
    a, b = company(cast, "A"), company(cast, "B")
    Account.objects.filter(pk=b.pk).update(reference="B-1")
    merging.merge(a, others=[b], by=ruth(cast), at=LATER)
    assert Account.objects.get().reference == "B-1"


# Contacts


def test_a_person_is_reached_by_all_addresses_and_numbers_each_once(cast: Cast) -> None:
    one = person(cast, "Ahn", email="ahn@gaon.example", phone="+82 2 555 0142")
    two = person(cast, "Ahn", 1, email="AHN@gaon.example", phone="+82 10 5555 0143")
    records.change_contact(two, said={"emails": ["ahn@home.example", "AHN@gaon.example"]}, by=ivo(cast), at=MONDAY + timedelta(hours=2))
    merging.merge(one, others=[two], chosen={"phone": one.pk}, by=ada(cast), at=LATER)
    contact = Contact.objects.get()
    assert [(row.key, row.is_primary) for row in contact.emails.all()] == [("ahn@home.example", True), ("ahn@gaon.example", False)]
    assert [(row.e164, row.is_primary) for row in contact.phones.all()] == [("+8225550142", True), ("+821055550143", False)]


def test_of_two_open_leads_for_one_product_line_the_elder_goes_on(cast: Cast) -> None:
    one, two = person(cast, "Ahn"), person(cast, "Ahn")
    younger, elder = lead(cast, one, 5), lead(cast, two, 2)
    tasks.add(Task(subject="Call", owner=cast.ivo, lead=younger, contact=one), by=ivo(cast), at=MONDAY)
    merging.merge(one, others=[two], by=ada(cast), at=LATER)
    younger.refresh_from_db()
    elder.refresh_from_db()
    assert (younger.state, younger.merged_into, younger.contact) == ("merged", elder, one)
    assert (elder.state, elder.stage_id, elder.contact) == ("open", "working", one)
    assert Passage.objects.get(lead=younger).outcome == "merged"
    assert Task.objects.get().lead == elder
    all_is_well()


def test_the_lead_with_a_deal_goes_on_even_if_it_is_younger_and_two_deals_are_refused(cast: Cast) -> None:
    one, two = person(cast, "Ahn"), person(cast, "Ahn")
    younger, elder = lead(cast, one, 5, stage=stages.BOOKED), lead(cast, two, 2, stage=stages.BOOKED)
    deal(cast, younger)
    merge_of = [one, two]
    three = person(cast, "Ahn")
    deal(cast, lead(cast, three, 1, stage=stages.BOOKED))
    with pytest.raises(TwoDeals, match="Close one of the two first"):
        merging.merge(one, others=[two, three], by=ada(cast), at=LATER)
    merging.merge(merge_of[0], others=[two], by=ada(cast), at=LATER)
    elder.refresh_from_db()
    assert elder.merged_into == younger
    all_is_well()


def test_leads_for_other_product_lines_stay_open_side_by_side(cast: Cast) -> None:
    product = records.add_product("Night session", line="night", price=None, currency="", by=ivo(cast), at=MONDAY)
    one, two = person(cast, "Ahn"), person(cast, "Ahn")
    lead(cast, one), lead(cast, two, product=product)
    merging.merge(one, others=[two], by=ada(cast), at=LATER)
    assert Lead.objects.in_process().filter(contact=one).count() == 2


@pytest.mark.parametrize(
    ("mine", "other", "after"),
    [
        ([ConsentState.GIVEN], [ConsentState.WITHDRAWN], ConsentState.WITHDRAWN),
        ([ConsentState.WITHDRAWN], [ConsentState.GIVEN], ConsentState.WITHDRAWN),
        ([ConsentState.REFUSED], [ConsentState.GIVEN], ConsentState.REFUSED),
        ([ConsentState.REFUSED, ConsentState.GIVEN], [ConsentState.GIVEN], ConsentState.GIVEN),
        ([ConsentState.GIVEN], [ConsentState.GIVEN], ConsentState.GIVEN),
    ],
)
def test_a_merge_never_makes_a_yes_of_a_no(cast: Cast, *, mine: list[ConsentState], other: list[ConsentState], after: ConsentState) -> None:
    one, two = person(cast, "Ahn"), person(cast, "Ahn")
    for contact, states in ((one, mine), (two, other)):
        for nth, state in enumerate(states):
            records.record_consent(contact, channel=Channel.MAIL, state=state, how="form", by=ivo(cast), at=MONDAY + timedelta(hours=nth + contact.pk % 7))
    merging.merge(one, others=[two], by=ada(cast), at=LATER)
    rows = list(Consent.objects.filter(contact=one, channel=Channel.MAIL))
    assert rows[0].state == after
    assert len([row for row in rows if row.how == "form"]) == len(mine) + len(other)


# Leads


def test_leads_are_merged_through_the_ledger_and_stay_in_it(cast: Cast) -> None:
    contact = person(cast, "Ahn", account=company(cast, "A"))
    one, two, three = lead(cast, contact), lead(cast, person(cast, "Bae"), 1), lead(cast, person(cast, "Cho"), 2)
    merging.merge(one, others=[two, three], by=ruth(cast), at=LATER)
    assert Lead.objects.count() == 3
    assert set(Lead.objects.filter(merged_into=one)) == {two, three}
    all_is_well()


def test_a_lead_with_an_open_deal_must_be_the_one_that_stays(cast: Cast) -> None:
    one, two = lead(cast, person(cast, "Ahn")), lead(cast, person(cast, "Bae"), stage=stages.BOOKED)
    deal(cast, two)
    with pytest.raises(LeadInSales):
        merging.merge(one, others=[two], by=ruth(cast), at=LATER)
    merging.merge(two, others=[one], by=ruth(cast), at=LATER)
    all_is_well()


# Refusals


def test_who_follows_any_of_them_is_told_of_the_merge_once_and_of_no_merge_that_was_undone(cast: Cast) -> None:
    account = company(cast, "Gaon")
    stays, goes = person(cast, "Ahn", account=account), person(cast, "Ahn", 1, account=account)
    mine, other = lead(cast, stays), lead(cast, goes)
    for who, record in ((cast.mina, stays), (cast.chika, goes), (cast.chika, other), (cast.chika, mine), (cast.saori, account)):
        following.follow(record, by=By(who, Door.WEB), at=MONDAY)
    merge = merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    told = Notification.objects.filter(happening="merge")
    assert set(told.values_list("person", flat=True)) == {one.pk for one in (cast.mina, cast.chika, cast.saori, cast.ivo)}
    assert told.count() == 4, "once each, whatever they follow"
    assert len(set(told.values_list("cause", flat=True))) == 1
    assert told.get(person=cast.mina).contact == stays
    unmerging.undo(merge, by=ruth(cast), at=LATER)
    assert not told.exists()


def test_who_follows_a_company_is_told_that_it_became_one_with_another(cast: Cast) -> None:
    stays, goes = company(cast, "Gaon"), company(cast, "Gaon", 1)
    following.follow(goes, by=By(cast.mina, Door.WEB), at=MONDAY)
    merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    heard = Notification.objects.get(person=cast.mina)
    assert (heard.happening, heard.noun, heard.account) == ("merge", "account", stays)
    assert heard.entry == TimelineEntry.objects.get(account=stays, kind=Kind.MERGE)


def test_who_may_not_merge_does_not(cast: Cast) -> None:
    a, b = company(cast, "A"), company(cast, "B")
    for user in (cast.ivo, cast.tomas):
        with pytest.raises(Forbidden):
            merging.merge(a, others=[b], by=By(user, Door.WEB), at=LATER)
    assert not Merge.objects.exists()


def test_what_one_does_not_see_one_does_not_merge(cast: Cast) -> None:
    marta = hired("marta", "Silva", "Marta", role=Role.MANAGER, team=cast.marketing)
    theirs = company(cast, "B")
    mine = records.add_account(Company("A"), owner=marta, team=cast.marketing, by=ivo(cast), at=MONDAY)
    with pytest.raises(NotThere):
        merging.merge(mine, others=[theirs], by=By(marta, Door.WEB), at=LATER)


def test_a_record_is_not_merged_with_itself_nor_with_another_kind_nor_with_a_crowd(cast: Cast) -> None:
    a, b = company(cast, "A"), company(cast, "B")
    contact = person(cast, "Ahn")
    crowd = [company(cast, f"C{nth}") for nth in range(20)]
    for others, word in (([a], "itself"), ([b, b], "itself"), ([contact], "one kind"), ([], "2 to 20"), (crowd, "2 to 20")):
        with pytest.raises(CannotMerge, match=word):
            merging.merge(a, others=others, by=ruth(cast), at=LATER)
    assert len(merging.merge(a, others=crowd[:19], by=ruth(cast), at=LATER).other_ids) == 19


def test_only_what_is_merged_can_be_chosen(cast: Cast) -> None:
    a, b, c = company(cast, "A"), company(cast, "B"), company(cast, "C")
    for chosen in ({"name": c.pk}, {"reference": a.pk}, {"custom.f99": a.pk}):
        with pytest.raises(CannotMerge, match="cannot be chosen"):
            merging.merge(a, others=[b], chosen=chosen, by=ruth(cast), at=LATER)


def test_what_was_changed_or_is_gone_since_one_looked_is_refused(cast: Cast) -> None:
    a, b = company(cast, "A"), company(cast, "B")
    with pytest.raises(OneOfThemChanged):
        merging.merge(a, others=[b], seen={b.pk: MONDAY - timedelta(days=1)}, by=ruth(cast), at=LATER)
    merging.merge(a, others=[b], seen={a.pk: a.updated_at, b.pk: b.updated_at}, by=ruth(cast), at=LATER)
    with pytest.raises(NotThere):
        merging.merge(a, others=[b], by=ruth(cast), at=LATER)


# What can be forgotten


@pytest.mark.parametrize("model", [Account, Contact])
def test_every_foreign_key_to_what_is_merged_has_a_rule(model: type[Account] | type[Contact]) -> None:
    keys = {(one._meta.label, field.name) for one, field in relations.foreign_keys(model)}
    moved = {relation.key for relation in relations.pointing_at(model)}
    assert moved
    assert moved | (keys & relations.OWN_RULES.keys()) == keys
    for relation in relations.pointing_at(model):
        assert relation.model._meta.pk is not None
        assert relation.model._meta.pk.column == "id", f"{relation.key}: a journal of rows needs their ids"


def test_a_merge_of_many_asks_the_database_as_often_as_one_with_many_rows(cast: Cast) -> None:
    def n_queries(n_rows: int) -> int:
        a, b = company(cast, f"A{n_rows}"), company(cast, f"B{n_rows}")
        for nth in range(n_rows):
            notes.write(f"{nth}", account=b, by=ivo(cast), at=MONDAY)
        with CaptureQueriesContext(connection) as asked:
            merging.merge(a, others=[b], by=ruth(cast), at=LATER)
        return len(asked)

    n_queries(1)  # who Ruth is, is asked once
    assert n_queries(2) == n_queries(30)
