"""Two people and one record: who comes second is told, a different field is no conflict, and what is undone is as it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core import meanwhile
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields.definitions import FieldKind
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.edits import writing
from tasuki.core.edits.nouns import RecordGone, editables
from tasuki.core.meanwhile import ChangedMeanwhile
from tasuki.core.money import Money
from tasuki.core.roles import Role
from tasuki.crm import accounts, leads, postal_addresses, records
from tasuki.crm.accounts import Account
from tasuki.crm.leads import AlreadyInProcess, Arrival, OtherProductLine
from tasuki.crm.records import Company, CorporateNumberTaken, NameMissing, NoDomain, Person
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Closed
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import firm, made, some_value
from tests.web.office import deal_of, lead_of

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=3)


def web(person: Any) -> By:
    return By(person, Door.WEB)


def test_who_comes_second_is_told_who_was_faster_and_what_they_wrote(cast: Cast) -> None:
    account = firm(cast)
    seen = meanwhile.marks(account, ["industry", "country"])
    records.change_account(account, said={"industry": "banks"}, by=web(cast.ruth), at=LATER)
    with pytest.raises(ChangedMeanwhile, match="Ruth Adeyemi changed this") as refusal:
        records.change_account(account, said={"industry": "brokers", "country": "KR"}, seen=seen, by=web(cast.ivo), at=LATER)
    (one,) = refusal.value.fields
    assert (one.field, one.who, one.at, one.before, one.after) == ("industry", "Ruth Adeyemi", LATER, account.industry, "banks")
    fresh = Account.objects.get()
    assert (fresh.industry, fresh.country) == ("banks", account.country), "Nothing is half written."


def test_another_field_or_the_same_words_are_no_conflict(cast: Cast) -> None:
    account = firm(cast)
    seen = meanwhile.marks(account, ["industry", "country", "domain"])
    records.change_account(account, said={"industry": "banks"}, by=web(cast.ruth), at=LATER)
    records.change_account(account, said={"country": "jp", "industry": " banks "}, seen=seen, by=web(cast.ivo), at=LATER)
    records.change_account(account, said={"domain": "firm.example"}, seen=seen, by=web(cast.ivo), at=LATER)
    fresh = Account.objects.get()
    assert (fresh.industry, fresh.country, fresh.domain) == ("banks", "JP", "firm.example")
    assert [list(entry.changes) for entry in AuditEntry.objects.of(account).filter(actor=cast.ivo, action="change").order_by("pk")] == [["country"], ["domain"]]


def test_custom_fields_keep_the_same_promise(cast: Cast) -> None:
    account, tier, wing = firm(cast), made(FieldKind.TEXT, "Tier"), made(FieldKind.TEXT, "Wing")
    seen = meanwhile.marks(account, [tier.key, wing.key])
    writing.write(account, said={tier.key: "gold"}, by=web(cast.ruth), at=LATER)
    writing.write(account, said={wing.key: "north"}, seen=seen, by=web(cast.ivo), at=LATER)
    with pytest.raises(ChangedMeanwhile) as refusal:
        writing.write(account, said={tier.key: "silver"}, seen=seen, by=web(cast.ivo), at=LATER)
    assert [(one.field, one.before, one.after) for one in refusal.value.fields] == [(tier.key, None, "gold")]
    assert Account.objects.get().custom == {tier.slot: "gold", wing.slot: "north"}


def test_an_owner_is_given_only_from_whom_it_was_seen_with(cast: Cast) -> None:
    lead = lead_of(cast)
    deal = deal_of(cast, 2)
    assert lead.account
    for record, give in ((lead, leads.give), (lead.account, accounts.give), (deal, opportunities.hand_over)):
        seen = meanwhile.marks(record, ["owner", "team"])
        give(record, to=cast.chika, team=cast.success, by=web(cast.ruth), at=LATER)
        with pytest.raises(ChangedMeanwhile):
            give(record, to=cast.mina, team=cast.marketing, seen=seen, by=web(cast.ada), at=LATER)


def test_what_the_verbs_refuse(cast: Cast) -> None:
    account = firm(cast)
    other = records.add_account(Company("Norwick", country="JP", corporate_number="7000012050002"), owner=None, team=cast.success, by=SET_UP, at=MONDAY)
    for said, refusal in (({"name": " "}, NameMissing), ({"domain": "no domain"}, NoDomain)):
        with pytest.raises(refusal):
            records.change_account(account, said=said, by=web(cast.ivo), at=LATER)
    with pytest.raises(CorporateNumberTaken, match="Norwick"):
        records.change_account(account, said={"country": "JP", "corporate_number": "7000012050002"}, by=web(cast.ivo), at=LATER)
    with pytest.raises(NameMissing):
        records.change_contact(records.add_contact(Person("Roe"), by=SET_UP, at=MONDAY), said={"family_name": ""}, by=SET_UP, at=LATER)
    assert other.corporate_number == "7000012050002"


def test_a_lead_keeps_its_product_line_and_takes_one_when_it_has_none(cast: Cast) -> None:
    gate = records.add_product("Gate", line="gateways", price=None, currency="", by=SET_UP, at=MONDAY)
    feed = records.add_product("Feed", line="feeds", price=None, currency="", by=SET_UP, at=MONDAY)
    lead = lead_of(cast)
    lead = leads.change(lead, said={"product": gate, "segment": " banks "}, by=web(cast.ivo), at=LATER)
    assert (lead.product_line, lead.segment, lead.updated_at) == ("gateways", "banks", LATER)
    with pytest.raises(OtherProductLine, match="gateways"):
        leads.change(lead, said={"product": feed}, by=web(cast.ivo), at=LATER)
    second = leads.capture(Arrival(team=cast.inside_sales, contact=lead.contact), by=SET_UP, at=LATER)
    with pytest.raises(AlreadyInProcess):
        leads.change(second, said={"product": gate}, by=web(cast.ivo), at=LATER)
    with pytest.raises(NoSuchField):
        writing.write(lead, said={"source": "a better one"}, by=web(cast.ada), at=LATER)


def test_a_closed_deal_is_history(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.lose(deal, because=opportunities.LostBecause.TOO_EARLY, by=web(cast.saori), at=LATER + timedelta(days=2))
    with pytest.raises(Closed):
        opportunities.change(deal, said={"name": "again"}, by=web(cast.saori), at=LATER)


def test_what_a_role_hides_is_no_field_for_it(cast: Cast) -> None:
    obi = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    lead, deal, product = lead_of(cast), deal_of(cast, 2), records.add_product("Gate", line="", price=Decimal(5), currency="KRW", by=SET_UP, at=MONDAY)
    secret = made(FieldKind.TEXT, "Secret", hidden_from=[Role.INSIDE_SELLER])
    for person, record, field in (
        (obi, lead.contact, "emails"),
        (obi, lead.contact, "phones"),
        (cast.mina, deal, "money"),
        (cast.mina, product, "money"),
        (cast.ivo, lead.account, secret.key),
        (cast.ada, lead.account, "custom.f999999"),
        (cast.ada, lead.account, "custom.f٣"),
        (cast.ada, lead.account, "folded_name"),
        (cast.ada, lead.account, "owner"),
    ):
        with pytest.raises(NoSuchField):
            writing.write(record, said={field: None}, by=web(person), at=LATER)


def test_a_value_that_named_what_is_gone_does_not_come_back_as_nothing() -> None:
    with pytest.raises(RecordGone):
        writing.read(editables()["account"], "parent", 999_999, person=None)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
FIELDS = {
    "account": {
        "name": WORDS.map(str.strip).filter(bool),
        "industry": WORDS,
        "postal_address": WORDS.map(postal_addresses.tidy),
        "n_employees": st.none() | st.integers(0, 10**8),
        "country": st.sampled_from(["", "KR", "JP"]),
    },
    "contact": {
        "family_name": WORDS.map(str.strip).filter(bool),
        "title": WORDS,
        "emails": st.lists(st.sampled_from(["a@x.example", "b@x.example", "c@x.example"]), unique=True),
        "phones": st.lists(st.sampled_from(["+81355501234", "+821055501234", "+82255501234"]), unique=True),
    },
    "lead": {"segment": WORDS},
    "opportunity": {
        "name": WORDS,
        "close_on": st.none() | st.dates(date(2000, 1, 1)),
        "money": st.none() | st.builds(Money, st.decimals(0, 10**9, places=2), st.sampled_from(["KRW", "USD"])),
    },
}


@pytest.mark.parametrize("noun", FIELDS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_undo_brings_everything_back_and_the_trail_holds_both(cast: Cast, noun: str, data: st.DataObject) -> None:
    deal = deal_of(cast)
    record: Any = {"account": deal.lead.account, "contact": deal.lead.contact, "lead": deal.lead, "opportunity": deal}[noun]
    fields, editable = FIELDS[noun], editables()[noun]
    record = writing.write(record, said={name: data.draw(values) for name, values in fields.items()}, by=SET_UP, at=MONDAY)
    before = {name: meanwhile.stands(record, name) for name in fields}
    changed = writing.write(record, said={name: data.draw(values) for name, values in fields.items()}, by=web(cast.ruth), at=LATER)
    after = {name: meanwhile.stands(changed, name) for name in fields}
    back = {name: writing.read(editable, name, stood, person=cast.ruth) for name, stood in before.items()}
    restored = writing.write(changed, said=back, seen={name: meanwhile.mark(stood) for name, stood in after.items()}, by=web(cast.ruth), at=LATER)
    assert {name: meanwhile.stands(restored, name) for name in fields} == before
    entries = list(AuditEntry.objects.of(record).filter(actor=cast.ruth, action="change").order_by("pk"))
    assert bool(entries) == (before != after)
    if entries:
        there, back_again = (entry.changes for entry in entries)
        assert {name: [amount(value) for value in change] for name, change in there.items()} == {
            name: [amount(value) for value in reversed(change)] for name, change in back_again.items()
        }


def amount(value: Any) -> Any:
    """A number of the trail, however many noughts it was written with."""
    return Decimal(value) if isinstance(value, str) and value.replace(".", "", 1).isdecimal() and value.isascii() else value


@pytest.mark.parametrize("kind", FieldKind)
def test_a_custom_value_of_each_kind_comes_back_as_it_was(cast: Cast, kind: FieldKind) -> None:
    account, field = firm(cast), made(kind)
    full = writing.write(account, said={field.key: some_value(field, cast, account)}, by=SET_UP, at=MONDAY)
    stood = meanwhile.stands(full, field.key)
    emptied = writing.write(full, said={field.key: None}, seen={field.key: meanwhile.mark(stood)}, by=web(cast.ada), at=LATER)
    assert emptied.custom == {}
    back = writing.read(editables()["account"], field.key, stood, person=cast.ada)
    assert writing.write(emptied, said={field.key: back}, seen={field.key: meanwhile.mark(None)}, by=web(cast.ada), at=LATER).custom == full.custom
