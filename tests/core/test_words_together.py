"""Words that many hold, one of a person and one of their company: the rows that hold both are found at once, and are the same as looked up one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.search import indexing, narrowing
from tasuki.core.search.entries import SearchChange, SearchTogether
from tasuki.core.search.folding import grams_together, tells
from tasuki.crm import leads, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired

pytestmark = pytest.mark.django_db

COMPANIES = ["해솔투자증권 주식회사", "株式会社波田製作所", "Lorrimoor Securities", "Kim & Kim Bank"]
PEOPLE = [
    ("한", "서윤", 0, "seoyun.kim@haesol.example", "+821012345678"),
    ("Kim", "Ara", 2, "kim@lorrimoor.example", ""),
    ("Novák", "Kimi", 3, "", "+442079460018"),
    ("ヤマダ", "はなこ", 1, "hanako@hada.example", ""),
    ("김", "증", None, "kim.bank@free.example", ""),
]
ROWS: dict[str, Any] = {"contact": Contact, "lead": Lead, "opportunity": Opportunity}
WORDS = [
    "kim",
    "securities",
    "bank",
    "한",
    "서윤",
    "증권",
    "증",
    "波田",
    "ヤマダ",
    "はな",
    "lorri",
    "ki",
    "a",
    "example",
    "ㅎㅅ",
    "0123",
    "78",
    "haesol.ex",
    "night",
]


@pytest.fixture
def business(cast: Cast) -> Cast:
    """A lead of each person, one of Kim's at a company that is not theirs, one of Kim's alone, one of a company alone; and two deals."""
    by = By(cast.ivo, Door.WEB)
    accounts = [records.add_account(records.Company(name), owner=cast.ivo, team=cast.inside_sales, by=by, at=MONDAY) for name in COMPANIES]
    made = []
    for nth, (family, given_name, company, mail, phone) in enumerate(PEOPLE):
        account = None if company is None else accounts[company]
        contact = records.add_contact(records.Person(family, given_name, account=account, email=mail, phone=phone), by=by, at=MONDAY)
        arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account or accounts[0])
        made.append(leads.capture(arrival, by=by, at=MONDAY + timedelta(hours=nth)))
    for _nth in range(3):
        made.append(leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, account=accounts[3]), by=by, at=MONDAY))
    kim = made[1].contact
    Lead.objects.filter(pk=made[5].pk).update(contact=kim, product_line="elsewhere")
    Lead.objects.filter(pk=made[6].pk).update(contact=kim, account=None, product_line="nowhere")
    for lead, name in ((made[0], "Kim night session"), (made[5], "야간")):
        opportunities.accept(lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales, name=name), by=SET_UP, at=MONDAY + timedelta(days=1))
    return cast


def both_ways(reader: User, noun: str, text: str) -> tuple[set[int] | None, set[int]]:
    """The ids of the rows that are named at once, None where nobody can say; and those of the rows as they are, one after the other."""
    ways = narrowing.ways(ROWS[noun]._default_manager.visible_to(reader), text, noun=noun, reader=reader)
    found = ways.counted_out()
    return None if found is None else set(found.values_list("pk", flat=True)), set(ways.rows.values_list("pk", flat=True))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=2, max_size=3, unique=True), noun=st.sampled_from(list(ROWS)), who=st.sampled_from(["ada", "ivo", "obi"])
)
@example(words=["kim", "securities"], noun="lead", who="ada")
@example(words=["kim", "bank"], noun="lead", who="obi")
@example(words=["김", "증권"], noun="lead", who="ivo")
@example(words=["night", "haesol.ex"], noun="opportunity", who="ada")
def test_rows_that_hold_all_words_are_the_same_named_at_once_or_looked_up(
    business: Cast, readers: dict[str, User], often: None, *, words: list[str], noun: str, who: str
) -> None:
    at_once, one_by_one = both_ways(readers[who], noun, " ".join(words))
    assert at_once is None or at_once == one_by_one


@pytest.fixture
def readers(cast: Cast) -> dict[str, User]:
    """Ada sees everything, Ivo his own, and Obi nothing of how people are reached."""
    return {"ada": cast.ada, "ivo": cast.ivo, "obi": hired("obi", "Obi", "Ana", role=Role.OBSERVER)}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if very many records held each word."""
    monkeypatch.setattr(narrowing, "_OFTEN", 1)
    monkeypatch.setattr(narrowing, "_RARE", -1)
    # Nothing is counted out but what stands together.
    monkeypatch.setattr(narrowing, "_VERY_MANY", 1)


N_DEALS = 2
TOGETHER = {
    ("lead", "ada", "kim securities"): 1,
    ("lead", "ada", "kim bank"): 4,
    ("lead", "obi", "kim bank"): 3,
    ("lead", "ada", "김 증권"): 1,
    ("contact", "ada", "kim securities"): 1,
    ("contact", "ada", "bank free"): 1,
    ("contact", "obi", "bank free"): 0,
    ("opportunity", "ada", "night kim"): 1,
    ("opportunity", "ada", "kim bank"): 1,
    ("opportunity", "ada", "kim 야간"): 1,
    ("opportunity", "ada", "night haesol.ex"): 1,
    ("opportunity", "obi", "night haesol.ex"): 0,
    ("opportunity", "ada", "서윤 증권"): 1,
}


@pytest.mark.parametrize(("noun", "who", "text"), TOGETHER)
def test_of_a_person_and_a_company_all_rows_are_found_and_no_word_is_counted_out(
    business: Cast, readers: dict[str, User], often: None, *, noun: str, who: str, text: str
) -> None:
    at_once, one_by_one = both_ways(readers[who], noun, text)
    assert at_once == one_by_one
    assert at_once is not None
    assert len(at_once) == TOGETHER[noun, who, text]


def test_a_new_name_of_a_company_is_read_for_its_people_and_those_of_its_leads(business: Cast, often: None, monkeypatch: pytest.MonkeyPatch) -> None:
    indexing.absorb_all()
    bank = Account.objects.get(name=COMPANIES[3])
    for at_hand in (300, 1):
        monkeypatch.setattr(indexing, "AT_HAND", at_hand)
        records.change_account(bank, said={"name": f"Zebra {at_hand}"}, by=SET_UP, at=MONDAY)
        indexing.absorb_all()
        at_once, one_by_one = both_ways(business.ada, "lead", f"ara zebra{at_hand}")
        assert at_once == one_by_one
        assert len(one_by_one) == 1, "Kim's lead at the bank, where they do not work"


@pytest.mark.parametrize("at_hand", [300, 1])
def test_a_deal_is_read_again_with_its_own_name_its_person_and_its_company(
    business: Cast, often: None, monkeypatch: pytest.MonkeyPatch, *, at_hand: int
) -> None:
    monkeypatch.setattr(indexing, "AT_HAND", at_hand)
    indexing.absorb_all()
    deal = Opportunity.objects.get(name="야간")

    def is_found(text: str) -> bool:
        indexing.absorb_all()
        at_once, one_by_one = both_ways(business.ada, "opportunity", text)
        assert at_once == one_by_one
        return deal.pk in one_by_one

    assert is_found("kim 야간")
    assert is_found("ara bank")
    Opportunity.objects.filter(pk=deal.pk).update(name="Morning")
    assert is_found("kim morning")
    assert not is_found("kim 야간")
    records.change_account(Account.objects.get(name=COMPANIES[3]), said={"name": "Zebra"}, by=SET_UP, at=MONDAY)
    assert is_found("ara zebra")
    assert not is_found("ara bank")
    Contact.objects.filter(pk=deal.lead_contact_id).update(given_name="Quokka")
    assert is_found("quokka zebra")
    assert not is_found("ara zebra")
    Lead.objects.filter(pk=deal.lead_id).update(contact=Contact.objects.get(family_name="김"))
    assert is_found("김 morning")
    assert not is_found("quokka morning")


def test_while_somebody_waits_to_be_read_nothing_is_said_at_once(business: Cast, often: None) -> None:
    assert both_ways(business.ada, "contact", "kim securities")[0]
    SearchChange.objects.create(noun="contact", record_ids=[1], n_records=10_000, is_of_owners=True)
    assert both_ways(business.ada, "contact", "kim securities")[0] is None


def test_a_lead_at_the_company_of_its_person_is_not_noted_and_one_elsewhere_is_when_it_comes_and_goes(business: Cast) -> None:
    indexing.absorb_all()
    contact = Contact.objects.filter(account__isnull=False).first()
    assert contact
    made = leads.capture(Arrival(team=business.inside_sales, owner=business.ivo, account=contact.account), by=SET_UP, at=MONDAY)
    Lead.objects.filter(pk=made.pk).update(contact=contact, product_line="another")
    assert not SearchChange.objects.exists()
    Lead.objects.filter(pk=made.pk).update(account=Account.objects.exclude(pk=contact.account_id)[0])
    assert SearchChange.objects.get().record_ids == [contact.pk]
    indexing.absorb_all()
    Lead.objects.filter(pk=made.pk).update(account=None)
    assert SearchChange.objects.get().record_ids == [contact.pk], "what the company is called is none of their words any more"


def test_who_is_gone_leaves_nothing(business: Cast) -> None:
    gone = Contact.objects.bulk_create([Contact(family_name="Quokka", account=Account.objects.all()[0], created_at=MONDAY, updated_at=MONDAY)])[0]
    indexing.absorb_all()
    assert SearchTogether.objects.filter(noun="contact", record_id=gone.pk).exists()
    Contact.objects.filter(pk=gone.pk).delete()
    indexing.absorb_all()
    assert not SearchTogether.objects.filter(noun="contact", record_id=gone.pk).exists()


def test_reading_everything_again_gives_the_same(business: Cast) -> None:
    def index() -> dict[tuple[str, int], frozenset[int]]:
        return {(noun, pk): frozenset(keys) for noun, pk, keys in SearchTogether.objects.values_list("noun", "record_id", "keys")}

    indexing.absorb_all()
    before = index()
    assert len(before) == len(PEOPLE) + N_DEALS
    indexing.rebuild()
    assert index() == before


def test_grams_that_stand_in_every_other_name_are_not_kept() -> None:
    grams = grams_together(["kim", "증권"], ["kim@x"])
    assert grams == {"kim", "증", "권", "증권", "\x04kim", "\x04im@", "\x04m@x"}
    assert [gram for gram in ("a", "ki", "kim", "증", "증권") if tells(gram)] == ["kim", "증", "증권"]
