"""Search, for the cast: any script, any length, what is written is found at once, and nobody finds what they may not see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core import people, recents, teams
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.search import arrays, finding, indexing, matching, narrowing
from tasuki.core.search.entries import SearchChange, SearchEntry
from tasuki.core.teams import Department
from tasuki.crm import leads, records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.remembering import written

pytestmark = pytest.mark.django_db

PEOPLE = [
    ("한", "서윤", "해솔투자증권 주식회사", "seoyun@haesol.example", "+821012345678"),
    ("남궁", "솔", "(주)청해솔루션", "sol@cheonghae.example", "+82215881234"),
    ("文", "智子", "株式会社波田製作所", "fumi@hada.example", "+81355501234"),
    ("ヤマダ", "はなこ", "株式会社波田製作所", "hanako@hada.example", ""),
    ("Novák", "Jiří", "Lorrimoor Securities Pte. Ltd.", "j.novak@lorrimoor.example", "+442079460018"),
    ("Lindqvist", "Astrid", "Ｆｊｏｒｄ Ｂａｎｋ ＡＳ", "", ""),
]


@pytest.fixture
def books(cast: Cast) -> dict[str, Lead]:
    """A lead of Ivo's for each person, by their family name."""
    return written(_kept, cast)


def _kept(cast: Cast) -> dict[str, Lead]:
    by, found, accounts = By(cast.ivo, Door.WEB), {}, dict[str, Account]()
    for nth, (family, given, company, mail, phone) in enumerate(PEOPLE):
        at = MONDAY + timedelta(hours=nth)
        if company not in accounts:
            accounts[company] = records.add_account(
                records.Company(company, domain=mail.partition("@")[2]), owner=cast.ivo, team=cast.inside_sales, by=by, at=at
            )
        contact = records.add_contact(records.Person(family, given, account=accounts[company], email=mail, phone=phone), by=by, at=at)
        arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=accounts[company])
        found[family] = leads.capture(arrival, by=by, at=at)
    return found


def names(user: User, text: str, noun: str = "contact") -> list[str]:
    """What of a noun the person finds, by its family or company name, best first."""
    ids = finding.find(user, text, most=20).ids.get(noun, [])
    model, field = {"contact": (Contact, "family_name"), "account": (Account, "name")}[noun]
    named = dict(model._default_manager.filter(pk__in=ids).values_list("pk", field))
    return [named[pk] for pk in ids]


BY_NAME = [
    ("한", ["한"]),
    ("서", ["한"]),
    ("서윤", ["한"]),
    ("한서윤", ["한"]),
    ("한 서윤", ["한"]),
    ("서윤 한", ["한"]),
    ("ㅎㅅㅇ", ["한"]),
    ("ㄴㄱㅅ", ["남궁"]),
    ("남궁솔", ["남궁"]),
    ("文", ["文"]),
    ("智", ["文"]),
    ("智子", ["文"]),
    ("文智子", ["文"]),
    ("やま", ["ヤマダ"]),
    ("ﾔﾏﾀﾞ", ["ヤマダ"]),
    ("ハナコ", ["ヤマダ"]),
    ("novak", ["Novák"]),
    ("JIŘÍ", ["Novák"]),
    ("novak jiri", ["Novák"]),
    ("Jiri Novak", ["Novák"]),
    ("jirinov", ["Novák"]),
    ("ｌｉｎｄ", ["Lindqvist"]),
    ("q", ["Lindqvist"]),
]


@pytest.mark.parametrize(("typed", "expected"), BY_NAME)
def test_a_person_is_found_by_any_part_of_the_name_in_any_script(cast: Cast, books: dict[str, Lead], *, typed: str, expected: list[str]) -> None:
    assert names(cast.ada, typed) == expected


@pytest.mark.parametrize("text", ["한", "서윤 해솔", "haesol", "波田", "010 1234 5678", "novak lorrimoor"])
@pytest.mark.parametrize("who", ["ada", "ivo", "chika"])
def test_one_noun_alone_is_found_as_among_all_and_asks_less(cast: Cast, books: dict[str, Lead], *, text: str, who: str) -> None:
    user, found = getattr(cast, who), {}

    def n_queries(of: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            found[of] = finding.find(user, text, most=20, of=of)
        return len(queries)

    n_all = n_queries("")
    for noun in ("account", "contact", "lead"):
        assert n_queries(noun) <= n_all
        assert set(found[noun].ids) <= {noun}
        if not found[""].is_nearly and found[""].ids.get(noun):
            assert found[noun] == finding.Found({noun: found[""].ids[noun]})
    assert n_queries("account") < n_all or not found[""].ids


def test_what_is_nearly_meant_is_offered_of_one_noun_where_nothing_else_is(cast: Cast, books: dict[str, Lead]) -> None:
    account = Account.objects.get(name__startswith="Lorrimoor")
    assert finding.find(cast.ada, "lorimoor", of="account") == finding.Found({"account": [account.pk]}, is_nearly=True)
    assert finding.find(cast.ada, "lorrimoor", of="account") == finding.Found({"account": [account.pk]})
    assert finding.find(cast.ada, "lorrimoor", of="product") == finding.Found({})


BY_COMPANY = [("해솔", {"한", "남궁"}), ("波田", {"文", "ヤマダ"}), ("fjord", {"Lindqvist"}), ("ㅎㅅ", {"한", "남궁"})]


@pytest.mark.parametrize(("typed", "expected"), BY_COMPANY)
def test_people_and_leads_are_found_by_their_company(cast: Cast, books: dict[str, Lead], *, typed: str, expected: set[str]) -> None:
    assert set(names(cast.ada, typed)) == expected
    assert set(finding.find(cast.ada, typed, most=20).ids["lead"]) == {books[name].pk for name in expected}


IN_LISTS = {
    "서윤": {"한"},
    "해솔 서윤": {"한"},
    "波田": {"文", "ヤマダ"},
    "波田 はなこ": {"ヤマダ"},
    "波田 서윤": set(),
    "novak lorrimoor": {"Novák"},
    "example": {"한", "남궁", "文", "ヤマダ", "Novák"},
    "seoyun@haesol": {"한"},
    "81 35550": {"文"},
}


@pytest.mark.parametrize("typed", IN_LISTS)
@pytest.mark.parametrize(("often", "far", "many"), [(400, 10_000, 5_000), (1, 10_000, 5_000), (400, 1, 5_000), (400, 10_000, 1), (2, 10_000, 2)])
def test_a_list_holds_the_same_rows_however_many_hold_a_word(
    cast: Cast, books: dict[str, Lead], monkeypatch: pytest.MonkeyPatch, *, typed: str, often: int, far: int, many: int
) -> None:
    monkeypatch.setattr(narrowing, "_OFTEN", often)
    monkeypatch.setattr(narrowing, "_FAR_TOO_MANY", far)
    monkeypatch.setattr(narrowing, "_MANY", many)
    rows = Lead.objects.visible_to(cast.ivo)
    together = narrowing.ways(rows, typed, noun="lead", reader=cast.ivo).counted_out()
    monkeypatch.setattr(narrowing, "_TOGETHER", 0)
    ways = narrowing.ways(rows, typed, noun="lead", reader=cast.ivo)
    assert {lead.contact.family_name for lead in ways.rows if lead.contact} == IN_LISTS[typed]
    assert together is None or set(together) == set(ways.rows)
    is_often = (often, far, many) != (400, 10_000, 5_000) and IN_LISTS[typed] and (often, many) != (2, 2)
    assert ways.fitting is not None or not is_often
    if ways.fitting is not None:
        counted = ways.counted_out()
        assert counted is not None
        assert set(ways.fitting) == set(counted) == set(ways.rows)
        sieve = ways.sieve()
        assert sieve is None or set(sieve.fitting.filter(sieve.lets_through)) == set(ways.rows)
        monkeypatch.setattr(narrowing, "_VERY_MANY", 1)
        if (often, many) != (2, 2):
            anew = narrowing.ways(rows, typed, noun="lead", reader=cast.ivo)
            assert anew.counted_out() is None, "too many for that, too"


def test_of_two_words_that_many_hold_the_rarer_one_is_counted_first_and_the_other_looked_up_where_it_stands(
    cast: Cast, books: dict[str, Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Lead.objects.visible_to(cast.ivo)

    def ways(typed: str) -> narrowing.Ways:
        return narrowing.ways(rows, typed, noun="lead", reader=cast.ivo)

    monkeypatch.setattr(narrowing, "_OFTEN", 1)
    monkeypatch.setattr(narrowing, "_TOGETHER", 0)  # too many hold both
    for typed in ("example 서윤", "서윤 example"):
        sieve = ways(typed).sieve()
        assert sieve
        assert {str(lead.contact.family_name) for lead in rows.filter(sieve.lets_through) if lead.contact} == {"한"}, "five have an address of example"
        assert len(sieve.fitting) == len(IN_LISTS["example"])
    assert ways("example").sieve() is None, "of one word all rows fit that are let through"
    assert ways("example nowhere").sieve() is None, "whoever holds a word that few hold is looked at at once"
    few = ways("example nowhere").counted_out()
    assert few is not None
    assert list(few) == []
    Lead.objects.filter(pk=books["文"].pk).update(reference="example 서윤")
    known = ways("example 서윤")
    sieve = known.sieve()
    assert sieve
    assert set(sieve.fitting.filter(sieve.lets_through)) == set(known.rows) == {books["한"], books["文"]}, "a reference is no word, and stands for itself"


@pytest.mark.parametrize("typed", ["서윤 해솔", "해솔 서윤", "ㅎㅅㅇ 해솔", "한서윤 투자"])
def test_a_person_and_their_company_are_found_together(cast: Cast, books: dict[str, Lead], typed: str) -> None:
    assert names(cast.ada, typed) == ["한"]
    assert finding.find(cast.ada, typed).ids["lead"] == [books["한"].pk]
    assert names(cast.ada, "남궁솔 투자증권") == []


def test_what_is_called_so_comes_before_what_begins_so_before_what_holds_it(cast: Cast) -> None:
    for nth, name in enumerate(["Sun", "Sunrise Bank", "Bank of Sunderland", "Midsun Futures", "Nus"]):
        records.add_account(records.Company(name), owner=None, team=cast.revenue, by=SET_UP, at=MONDAY + timedelta(hours=nth))
    assert names(cast.ada, "sun", "account") == ["Sun", "Sunrise Bank", "Bank of Sunderland", "Midsun Futures"]


def test_an_old_record_of_exactly_that_name_is_found_among_many_newer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "WANTED", 3)
    for name in ["SK", *(f"Task {nth}" for nth in range(8)), "Skyline"]:
        records.add_account(records.Company(name), owner=None, team=cast.revenue, by=SET_UP, at=MONDAY)
    assert names(cast.ada, "sk", "account")[:2] == ["SK", "Skyline"]


def test_what_was_opened_lately_comes_first(cast: Cast, books: dict[str, Lead]) -> None:
    assert names(cast.ada, "해솔", "account") == ["해솔투자증권 주식회사", "(주)청해솔루션"]
    other = Account.objects.get(name="(주)청해솔루션")
    recents.opened(cast.ada, noun="account", record_id=other.pk, at=MONDAY)
    assert names(cast.ada, "해솔", "account")[0] == "(주)청해솔루션"
    assert names(cast.ruth, "해솔", "account")[0] == "해솔투자증권 주식회사"


@pytest.mark.parametrize(("typed", "noun"), [("Lorimoor", "account"), ("lindqvsit", "contact"), ("해소", "account"), ("해솔ㅌ", "account")])
def test_what_was_nearly_typed_is_found_and_said_to_be_near(cast: Cast, books: dict[str, Lead], *, typed: str, noun: str) -> None:
    found = finding.find(cast.ada, typed)
    assert found.ids[noun]
    assert found.is_nearly


def test_deals_tasks_products_colleagues_and_teams_are_found_too(cast: Cast, books: dict[str, Lead]) -> None:
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, name="야간 세션")
    deal = opportunities.accept(books["한"], terms=terms, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=1))
    task = tasks.add(Task(subject="見積もりを送る", owner=cast.ivo), by=SET_UP, at=MONDAY)
    product = records.add_product("Night gateway", line="gate", price=None, currency="", by=SET_UP, at=MONDAY)
    assert finding.find(cast.ada, "야간").ids == {"opportunity": [deal.pk]}
    assert finding.find(cast.ada, "한서").ids["opportunity"] == [deal.pk]
    assert finding.find(cast.ada, "見積").ids == {"task": [task.pk]}
    assert finding.find(cast.ada, "gateway").ids == {"product": [product.pk]}
    assert finding.find(cast.ada, "沙織").ids == {"user": [cast.saori.pk]}
    assert finding.find(cast.ada, "inside sal").ids["team"] == [cast.inside_sales.pk]
    assert finding.find(cast.ruth, "saori").ids == {"user": [cast.saori.pk]}


def test_a_lead_is_found_by_its_reference_as_a_whole(cast: Cast, books: dict[str, Lead]) -> None:
    Lead.objects.filter(pk=books["文"].pk).update(reference="H-0042")
    assert finding.find(cast.ada, " H-0042 ").ids["lead"] == [books["文"].pk]


REACH = ["seoyun@haesol.example", "seoyun@", "01012345678", "+82 10-1234-5678", "1234567"]


@pytest.mark.parametrize("typed", REACH)
def test_addresses_and_numbers_find_their_person_for_whoever_may_see_them(cast: Cast, books: dict[str, Lead], typed: str) -> None:
    assert names(cast.ada, typed) == ["한"]
    assert finding.find(cast.ada, typed).ids["lead"] == [books["한"].pk]
    observer = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    assert finding.find(observer, typed).ids == {}
    assert names(observer, "한서윤") == ["한"], "the person themselves is no secret"


def test_each_finds_theirs_and_tomas_nothing(cast: Cast, books: dict[str, Lead]) -> None:
    everything = {"lead", "contact", "account"}
    for user in (cast.ada, cast.ruth, cast.mina, cast.ivo):
        assert everything <= set(finding.find(user, "한서윤").ids) | {"account"}
    for user in (cast.saori, cast.chika, cast.tomas):
        for typed in ("한서윤", "해솔", "novak", "ㅎㅅㅇ"):
            assert not everything & set(finding.find(user, typed).ids), user
    assert finding.find(cast.tomas, "saori").ids == {}
    leads.give(books["한"], to=cast.chika, team=cast.success, by=SET_UP, at=MONDAY + timedelta(days=1))
    assert finding.find(cast.chika, "한서윤").ids["lead"] == [books["한"].pk]
    assert "lead" not in finding.find(cast.ivo, "한서윤").ids


def test_who_sees_few_rows_finds_them_behind_many_newer_ones_of_others(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "WANTED", 5)
    own = Account.objects.none()
    for nth in range(30):
        owner, team = (cast.chika, cast.success) if nth == 0 else (cast.ivo, cast.inside_sales)
        account = records.add_account(records.Company(f"Kimura {nth}"), owner=owner, team=team, by=SET_UP, at=MONDAY)
        contact = records.add_contact(records.Person("김", f"하늘{nth}", account=account), by=SET_UP, at=MONDAY)
        leads.capture(Arrival(team=team, owner=owner, contact=contact, account=account), by=SET_UP, at=MONDAY)
        own = own or Account.objects.filter(pk=account.pk)
    found = finding.find(cast.chika, "김")
    assert (len(found.ids["lead"]), len(found.ids["contact"])) == (1, 1)
    assert finding.find(cast.chika, "kimura").ids["account"] == [own.get().pk]


HOSTILE = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud83d",
    "x" * 5_000,
    "%",
    "_",
    "%%__",
    "\\",
    "'; DROP TABLE core_user; --",
    "{1,2}",
    '"}]',
    "\n\n",
    "．．．",
    "ﷺ" * 50,
    "e\u0301" * 300,
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_text_does_harm(cast: Cast, books: dict[str, Lead], typed: str) -> None:
    found = finding.find(cast.ada, typed)
    assert all(len(ids) <= 5 for ids in found.ids.values())
    assert not found.ids or any(letter.isalnum() for letter in typed)
    assert finding.find(cast.ada, "한서윤").ids


def test_a_change_is_found_at_once_and_what_was_before_no_longer(cast: Cast, books: dict[str, Lead]) -> None:
    contact = books["한"].contact
    assert contact
    assert names(cast.ada, "한서윤") == ["한"]
    records.change_contact(contact, said={"family_name": "하", "given_name": "윤슬", "emails": ["ys@haesol.example"]}, by=SET_UP, at=MONDAY)
    assert names(cast.ada, "한서윤") == []
    assert names(cast.ada, "하윤슬") == ["하"]
    assert names(cast.ada, "ys@haesol") == ["하"]
    company = contact.account
    assert company
    records.change_account(company, said={"name": "새벽은행"}, by=SET_UP, at=MONDAY)
    assert names(cast.ada, "새벽") == ["하"]
    assert names(cast.ada, "투자증권") == []


def test_what_is_removed_is_forgotten(cast: Cast, books: dict[str, Lead]) -> None:
    task = tasks.add(Task(subject="Zebra", owner=cast.ivo), by=SET_UP, at=MONDAY)
    assert finding.find(cast.ada, "zebra").ids == {"task": [task.pk]}
    Task.objects.filter(pk=task.pk).delete()
    assert finding.find(cast.ada, "zebra").ids == {}
    assert not SearchEntry.objects.filter(noun="task", record_id=task.pk).exists()


def test_a_change_that_touches_no_word_is_not_noted(cast: Cast, books: dict[str, Lead]) -> None:
    indexing.absorb_all()
    Account.objects.update(industry="exchange")
    people.change(cast.ivo, by=SET_UP, at=MONDAY, title="Caller")
    assert not SearchChange.objects.exists()
    Account.objects.update(domain="new.example")
    noted = SearchChange.objects.get()
    assert noted.noun == "account"
    assert sorted(noted.record_ids) == sorted(Account.objects.values_list("pk", flat=True))


def test_many_changes_are_left_to_the_job(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AT_HAND", 3)
    for nth in range(3):
        teams.add(f"Quokka {nth}", department=Department.OFFICE, by=SET_UP, at=MONDAY)
    Account.objects.bulk_create(
        Account(name=f"Quokka {nth}", folded_name=f"quokka {nth}", team=cast.revenue, created_at=MONDAY, updated_at=MONDAY) for nth in range(9)
    )
    assert set(finding.find(cast.ada, "quokka").ids) <= {"team"}
    indexing.absorb_all()
    assert set(finding.find(cast.ada, "quokka").ids) == {"team", "account"}


def test_reading_everything_again_gives_the_same_index(cast: Cast, books: dict[str, Lead]) -> None:
    def index() -> dict[tuple[str, int], tuple[str, str, frozenset[int]]]:
        rows = SearchEntry.objects.values_list("noun", "record_id", "words", "hidden", "keys")
        return {(noun, pk): (words, hidden, frozenset(keys)) for noun, pk, words, hidden, keys in rows}

    indexing.absorb_all()
    before = index()
    assert indexing.rebuild() >= len(before) > 20
    assert index() == before


def test_records_of_several_blocks_are_found_newest_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BLOCK", 4)
    monkeypatch.setattr(matching, "BLOCK", 4)
    made = [records.add_account(records.Company(f"Dune {nth}"), owner=None, team=cast.revenue, by=SET_UP, at=MONDAY).pk for nth in range(15)]
    assert finding.find(cast.ada, "dune", most=20).ids["account"] == made[::-1]
    assert finding.find(cast.ada, "dune 3", most=20).ids["account"] == [made[3], made[13]]


def test_a_search_costs_the_same_number_of_queries_for_two_rows_and_for_twelve(cast: Cast) -> None:
    def cost() -> int:
        finding.find(cast.ada, "가온")
        with CaptureQueriesContext(connection) as queries:
            assert finding.find(cast.ada, "가온", most=20).ids["lead"]
        return len(queries)

    def some(n: int) -> None:
        for _nth in range(n):
            account = records.add_account(records.Company("가온증권"), owner=None, team=cast.revenue, another="one more", by=SET_UP, at=MONDAY)
            contact = records.add_contact(records.Person("가", "온누리", account=account), by=SET_UP, at=MONDAY)
            leads.capture(Arrival(team=cast.revenue, contact=contact, account=account), by=SET_UP, at=MONDAY)

    some(2)
    few = cost()
    some(10)
    assert cost() == few
    assert few <= 20


def test_only_the_last_fifty_opened_are_kept_and_a_second_time_moves_one_up(cast: Cast) -> None:
    for nth in range(60):
        recents.opened(cast.ada, noun="lead", record_id=nth, at=MONDAY + timedelta(minutes=nth))
    recents.opened(cast.ada, noun="lead", record_id=30, at=MONDAY + timedelta(days=1))
    kept = list(recents.RecentRecord.objects.visible_to(cast.ada).latest_first().values_list("record_id", flat=True))
    assert kept[:2] == [30, 59]
    assert len(kept) == len(set(kept)) == recents.KEPT
    assert not recents.RecentRecord.objects.visible_to(cast.ivo).exists()
    assert finding.visible_recents(cast.ada, most=8) == [], "no such leads"


def test_a_sample_of_those_found_is_of_all_ages() -> None:
    found = matching.Ids(1_000, arrays.written(range(1, 1_001)))
    assert found.some(4) == matching.Ids(4, "{1,251,501,751}")
    assert found.some(1_000) == found
    assert matching.Ids().some(4) == matching.Ids()
