"""How far a list is walked: no farther than it has to be, and the page is the same however it was found."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from tasuki.core import abilities, teams
from tasuki.core.abilities import Role
from tasuki.core.filters import binding, compiling, options, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.search import indexing, narrowing
from tasuki.core.search.narrowing import Sieve, Ways
from tasuki.core.teams import Department, Team
from tasuki.crm import accounts, contacts
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tasuki.web.lists import counting, efforts, page, paging, walking
from tasuki.web.lists import state as states
from tasuki.web.lists.efforts import Effort
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.remembering import written
from tests.web.business import some_business
from tests.web.test_list_orders import ordered, walked

pytestmark = pytest.mark.django_db


@pytest.fixture
def business(cast: Cast) -> Cast:
    written(some_business, cast)
    # A team that is none of Ruth's: whoever leads the whole house is asked of no row.
    teams.add("Elsewhere", department=Department.OFFICE, by=SET_UP, at=MONDAY)
    return cast


@pytest.mark.parametrize("noun", ["lead", "account", "contact", "opportunity", "handoff"])
def test_whoever_leads_the_whole_house_sees_the_same_as_by_its_teams_and_is_not_asked_whose_it_is(business: Cast, noun: str) -> None:
    Contact.objects.create(family_name="Nobody", created_at=MONDAY, updated_at=MONDAY)
    indexing.absorb_all()
    by_teams = set(SPECS[noun].rows(business.ruth))
    Team.objects.filter(name="Elsewhere").delete()
    abilities.forget_standing(business.ruth)
    seen = SPECS[noun].rows(business.ruth)
    assert set(seen) == by_teams != set()
    assert noun == "contact" or not seen.query.where
    sought = narrowing.narrowed(seen, "a", noun=noun, reader=business.ruth)
    assert set(sought) == set(narrowing.narrowed(seen.model.objects.filter(pk__in=[row.pk for row in by_teams]), "a", noun=noun, reader=business.ada))


def test_what_is_seen_by_way_of_other_records_is_walked_before_all_of_those_are_read(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _everything, order = ordered("contact", "person", business.ada)
    seen = SPECS["contact"].rows(business.ruth)
    assert seen.count() > 0
    monkeypatch.setattr(efforts, "n_rows", lambda _model: 1_000_000)
    assert efforts.weighed(order, 400_000) == Effort(), "nobody has to be asked"
    by = efforts.weighed(order, 400_000, is_looked_up=True)
    assert by == Effort(tried=3 * 127)
    for sort in ("person", "-account", "created", "-reference", "email", "-phone"):
        _rows, order = ordered("contact", sort, business.ada)
        for one in (by, Effort(tried=7), Effort(tried=1)):
            forth, back = walked(seen, order, by=one)
            assert [row for page in forth for row in page] == [row.pk for row in order.applied(seen)]
            assert back == forth[::-1]


def test_a_walk_goes_as_far_as_its_rows_let_expect_and_no_farther(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, order = ordered("lead", "-opened", business.ada)
    whole = [row.pk for row in order.applied(rows)]
    tried: list[int] = []
    look_up = walking.Walk._tried

    def noted(self: Any, here: Any, keys: Any, *, among: int, **how: Any) -> Any:
        tried.append(among)
        return look_up(self, here, keys, among=among, **how)

    monkeypatch.setattr(walking.Walk, "_tried", noted)
    monkeypatch.setattr(walking, "PAGE", 9)
    monkeypatch.setattr(walking, "_LOOKED_UP", 100)
    walks = {
        (2, 3, False): [2, 18, 40],  # nothing at first, then a third of them
        (10, 1, False): [10, 20],
        (10, 30, False): [10, 90],  # so few that it would be too far
        (10, 3, True): [10],  # few are all found instead
    }
    for (among, nth, are_few), expected in walks.items():
        tried.clear()
        fitting = rows.filter(pk__in=whole[nth::nth])
        page = paging.window(fitting, order, before="", after="", by=Effort(tried=among, are_few=are_few))
        assert [row.pk for row in page.rows] == whole[nth::nth][:9]
        assert tried == expected, (among, nth, are_few)


@pytest.mark.parametrize("sort", ["-opened", "person", "account", "source", "-next_task"])
@pytest.mark.parametrize(("sifted", "farthest"), [(1, 10_000), (40, 10_000), (40, 50), (10_000, 10_000)])
@pytest.mark.parametrize("n_named", [None, 80, 5_000])
def test_a_sieve_lets_a_long_walk_look_few_rows_up(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, sort: str, sifted: int, farthest: int, n_named: int | None
) -> None:
    rows, order = ordered("lead", sort, business.ada)
    whole = [row.pk for row in order.applied(rows)]
    far, odd = whole[60:140], whole[60:140:2]
    ways = Ways(
        rows.filter(pk__in=odd),
        fitting=rows.filter(pk__in=odd),
        sieve=lambda: Sieve(Q(pk__in=far), rows.filter(pk__in=whole[::2]), n_named=n_named),
        counted_out=lambda: rows.filter(pk__in=odd),
    )
    monkeypatch.setattr(walking, "_SIFTED", sifted)
    monkeypatch.setattr(walking, "_LET_THROUGH", sifted)
    monkeypatch.setattr(walking, "_FARTHEST", farthest)
    monkeypatch.setattr(walking, "PAGE", 15)
    first = paging.window(rows.filter(pk__in=odd), order, before="", after="", by=Effort(tried=6), ways=ways)
    assert [row.pk for row in first.rows] == odd[:15]
    second = paging.window(rows.filter(pk__in=odd), order, before="", after=first.after, by=Effort(tried=6), ways=ways)
    assert [row.pk for row in second.rows] == odd[15:30]


@pytest.mark.parametrize("let_through", [1, 1_000])
def test_those_counted_out_are_put_in_order_before_it_is_asked_who_sees_them(business: Cast, monkeypatch: pytest.MonkeyPatch, let_through: int) -> None:
    rows, order = ordered("lead", "person", business.ada)
    whole = [row.pk for row in order.applied(rows)]
    odd = rows.filter(pk__in=whole[60:140:2])
    counted_out = Sieve(Q(pk__in=whole[60:140]), rows.filter(pk__in=whole[::2]), n_named=5_000)
    monkeypatch.setattr(walking, "_LET_THROUGH", let_through)
    monkeypatch.setattr(walking, "PAGE", 15)
    asked: list[int] = []
    ways = Ways(odd, fitting=odd, counted_out=lambda: asked.append(1) or odd, in_order=lambda: counted_out)  # type: ignore[func-returns-value]
    first = paging.window(odd, order, before="", after="", by=Effort(tried=6), ways=ways)
    assert [row.pk for row in first.rows] == whole[60:90:2]
    assert bool(asked) is (let_through == 1), "only where too few of the first are seen"


@pytest.mark.parametrize("who", ["ruth", "ivo", "saori"])
def test_people_who_hold_a_word_of_very_many_are_named_by_numbers_whoever_sees_them(business: Cast, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr(narrowing, "_OFTEN", 0)
    monkeypatch.setattr(narrowing, "_SEEN", 1)
    reader = getattr(business, who)
    indexing.absorb_all()
    rows, _order = ordered("contact", "person", reader)
    word = rows.order_by("pk")[0].family_name
    ways = narrowing.ways(rows, word, noun="contact", reader=reader)
    named = ways.in_order()
    assert named
    assert {row.pk for row in named.fitting.filter(named.lets_through)} == {row.pk for row in ways.rows} != set()
    monkeypatch.setattr(narrowing, "_SEEN", rows.count() + 1)
    assert narrowing.ways(rows, word, noun="contact", reader=reader).in_order() is None, "of a sample hardly any is seen"
    monkeypatch.setattr(narrowing, "_SEEN", 0)
    everybody, _order = ordered("contact", "person", business.ada)
    assert narrowing.ways(everybody, word, noun="contact", reader=business.ada).in_order() is None, "nobody has to be asked"


@pytest.mark.parametrize("sort", ["-opened", "opened"])
def test_a_walk_that_comes_to_its_end_is_the_last_page(business: Cast, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    rows, order = ordered("lead", sort, business.ada)
    monkeypatch.setattr(walking, "PAGE", 9)
    monkeypatch.setattr(walking, "_LOOKED_UP", 10_000)
    place = paging.last_place(rows, order)
    monkeypatch.setattr(walking.Walk, "_first", lambda *_asked, **_how: pytest.fail("nothing is left to be found"))
    last = paging.window(rows, order, before="", after=place, by=Effort(tried=2))
    monkeypatch.undo()
    assert [row.pk for row in last.rows] == [row.pk for row in order.applied(rows)][-9:]
    assert not last.after


@pytest.mark.parametrize("who", ["ruth", "ivo", "saori"])
@pytest.mark.parametrize("sort", ["person", "-email"])
@pytest.mark.parametrize("let_through", [1, 1_000])
def test_contacts_by_what_belongs_to_them_are_the_same_however_they_are_found(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, who: str, sort: str, let_through: int
) -> None:
    monkeypatch.setattr(walking, "_LET_THROUGH", let_through)
    spec, reader = SPECS["contact"], getattr(business, who)
    rows, order = ordered("contact", sort, reader)
    view = states.built_in(spec.views[0], spec)
    state = states.State(view, sentences.read("email:contains(a)"), sort, view.columns)
    ways = page._narrowed(spec, state, page._meaning(spec, state, reader=reader, at=MONDAY), reader=reader)
    assert ways.sieve()
    whole = [row.pk for row in order.applied(rows) if any("a" in one.address.lower() for one in row.emails.all())]
    found = paging.window(ways.rows, order, before="", after="", by=Effort(tried=2), ways=ways)
    assert [row.pk for row in found.rows] == whole[: walking.PAGE]
    assert whole


@pytest.mark.parametrize("who", ["ruth", "ivo", "saori", "chika"])
@pytest.mark.parametrize("sort", ["person", "-account", "created", "email", "-phone"])
@pytest.mark.parametrize(("let_through", "most_few", "soon"), [(1_000, 10_000, 0), (1, 10_000, 0), (1, 10_000, 10**9), (1, 1, 10**9)])
def test_contacts_of_a_country_seen_by_way_of_others_are_the_same_however_they_are_found(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, who: str, sort: str, let_through: int, most_few: int, soon: int
) -> None:
    monkeypatch.setattr(walking, "_LET_THROUGH", let_through)
    monkeypatch.setattr(page, "_MOST_FEW", most_few)
    monkeypatch.setattr(page, "_SOON", soon)
    spec, reader = SPECS["contact"], getattr(business, who)
    rows, order = ordered("contact", sort, reader)
    view = states.built_in(spec.views[0], spec)
    state = states.State(view, sentences.read("account.country:is(JP)"), sort, view.columns)
    ways = page._narrowed(spec, state, page._meaning(spec, state, reader=reader, at=MONDAY), reader=reader)
    whole = [row.pk for row in order.applied(rows) if row.account and row.account.country == "JP"]
    found = paging.window(ways.rows, order, before="", after="", by=Effort(tried=2), ways=ways)
    assert [row.pk for row in found.rows] == whole[: walking.PAGE]


def test_who_sees_companies_and_people_in_several_ways_sees_them_all_in_parts(business: Cast) -> None:
    coach = hired("cora", "Cora", "Abe", role=Role.COACH)
    apart = list(Account.objects.exclude(team=business.field_sales)[:2])
    Account.objects.filter(pk=apart[0].pk).update(owner=business.saori)
    Account.objects.filter(pk=apart[1].pk).update(owner=coach)
    for seen in (contacts.visible_by_ways, accounts.visible_by_ways):
        for reader in (business.ruth, business.ivo, business.saori, business.chika, coach):
            parts: Any = seen(reader)
            assert {row.pk for part in parts for row in part} == {row.pk for row in parts[0].model.objects.visible_to(reader)}
        assert seen(business.ada) == []


@pytest.mark.parametrize("who", ["saori"])
@pytest.mark.parametrize("sort", ["person", "-person", "email", "-email", "phone", "-phone"])
@pytest.mark.parametrize("tried", [1, 7])
def test_people_at_accounts_of_a_team_and_the_few_others_are_walked_beside_each_other(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, who: str, sort: str, tried: int
) -> None:
    reader = getattr(business, who)
    # Neither by their team nor, of a lead of theirs, by its company.
    apart = Contact.objects.exclude(account__team=reader.team)[:3]
    Lead.objects.filter(contact=apart[0]).update(owner=reader)
    Lead.objects.filter(contact=apart[1]).update(owner=reader, account=None)
    Account.objects.filter(pk=apart[2].account_id).update(owner=reader)
    spec = SPECS["contact"]
    rows, order = ordered("contact", sort, reader)
    view = states.built_in(spec.views[0], spec)
    ways = page._narrowed(spec, states.State(view, sentences.read(""), sort, view.columns), None, reader=reader)
    monkeypatch.setattr(counting, "estimated", len)
    with connection.cursor() as cursor:
        # Of tables that nobody has looked through the planner cannot tell what it costs to find the others.
        cursor.execute("ANALYZE crm_contact, crm_account, crm_lead, crm_contactemail, crm_contactphone")
    parts = ways.parts()
    assert parts
    of_teams, others = ([{row.pk for row in part} for part in some] for some in parts)
    assert set().union(*of_teams, *others) == set(rows.values_list("pk", flat=True))
    assert len(of_teams) == 1
    assert bool(order.stretches[0].at_teams) is (sort.removeprefix("-") != "person")
    assert not set().union(*of_teams) & set().union(*others)
    asked = states.State(view, sentences.read("email:contains(a)"), sort, view.columns)
    narrowed = page._narrowed(spec, asked, page._meaning(spec, asked, reader=reader, at=MONDAY), reader=reader)
    assert bool(narrowed.parts()) is (sort.removeprefix("-") == "person"), "addresses that are walked are not asked what is meant"
    monkeypatch.setattr(walking, "PAGE", 4)
    forth, back = walked(rows, order, by=Effort(tried=tried), ways=ways)
    assert [row for some in forth for row in some] == [row.pk for row in order.applied(rows)]
    assert back == forth[::-1]
    monkeypatch.setattr(page, "_MOST_FEW", 0)
    assert ways.parts() is None, "the others are too many"


@pytest.mark.parametrize("who", ["saori", "ruth", "chika", "ivo"])
def test_whoever_sees_few_deals_among_very_many_has_them_found_by_their_numbers(business: Cast, monkeypatch: pytest.MonkeyPatch, *, who: str) -> None:
    reader, spec = getattr(business, who), SPECS["opportunity"]
    indexing.absorb(at_most=10_000)
    brought = Opportunity.objects.exclude(lead__owner=reader).first()
    assert brought
    Lead.objects.filter(pk=brought.lead_id).update(owner=reader)
    seen = spec.rows(reader)
    assert {row.pk for part in opportunities.visible_by_ways(reader) for row in part} == {row.pk for row in seen}
    view = states.built_in(spec.views[0], spec)

    def few(sort: str = "-opened", text: str = "", q: str = "") -> Ways | None:
        state = states.State(view, sentences.read(text), sort, view.columns, q=q)
        return page._among_few(spec, state, page._meaning(spec, state, reader=reader, at=MONDAY), reader=reader)

    assert few() is None, "there are few in all"
    monkeypatch.setattr(efforts, "n_rows", lambda _model: 1_000_000)
    for sort in ("name", "-account", "stage", "amount", "-owner", "next_task"):
        ways, (_rows, order) = few(sort), ordered("opportunity", sort, reader)
        assert ways
        forth, back = walked(ways.rows, order, by=Effort(are_few=True), ways=ways)
        assert [row for some in forth for row in some] == [row.pk for row in order.applied(seen)]
        assert back == forth[::-1]
    won, called = few(text="state:is(won)"), few(q="a")
    assert won
    assert called
    assert {row.pk for row in won.rows} == {row.pk for row in seen.filter(state="won")}
    assert {row.pk for row in called.rows} == {row.pk for row in narrowing.narrowed(seen, "a", noun="opportunity", reader=reader)}
    monkeypatch.setattr(page, "_MOST_FEW", 0)
    assert few() is None, "too many"


def test_who_sees_the_leads_of_teams_is_not_told_how_people_stand_by_their_names(business: Cast) -> None:
    assert [contacts.visible_by_team(reader) for reader in (business.ada, business.ruth, business.ivo)] == [None] * 3


def test_what_is_offered_to_choose_is_of_the_newest_that_are_seen_and_of_all_where_those_are_too_few(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    countries, seen = options.commonest(Account, "country"), list(Account.objects.visible_to(business.ivo).order_by("-pk"))
    everything = countries(business.ivo)
    assert {code for code, _label in everything} == {one.country for one in seen if one.country}
    monkeypatch.setattr(options, "_LOOKED_UP", 3)
    assert countries(business.ivo) == everything, "too few of the newest three"
    monkeypatch.setattr(options, "_ENOUGH", 0)
    edge = Account.objects.order_by("-pk")[3].pk
    assert {code for code, _label in countries(business.ivo)} == {one.country for one in seen if one.pk > edge and one.country}


def test_an_order_by_another_record_passes_its_index_before_the_rows_are_found(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _rows, person = ordered("lead", "person", business.ada)
    _rows, grade = ordered("lead", "grade", business.ada)
    monkeypatch.setattr(efforts, "n_rows", lambda _model: 1_000_000)
    assert efforts.weighed(person, 1_000) == Effort(are_few=True), "as many would be passed as are found at once"
    assert efforts.weighed(person, 4_000) == Effort(are_few=True, passed=50_000)
    assert efforts.weighed(person, 10_001) == Effort(tried=2_000, are_few=True, passed=125_012), "they may be far more than were counted"
    assert efforts.weighed(person, 20_000) == Effort(tried=4_000, are_few=True, passed=efforts.ALL)
    assert efforts.weighed(grade, 12_000) == Effort(are_few=True), "no score is pointed to"
    assert efforts.weighed(grade, 20_000) == Effort(tried=4_000, are_few=True)


@pytest.mark.parametrize("who", ["ada", "ruth", "ivo", "saori", "mina"])
@pytest.mark.parametrize("is_split", [True, False])
def test_leads_by_numbers_are_the_leads_somebody_sees_each_once(business: Cast, monkeypatch: pytest.MonkeyPatch, who: str, *, is_split: bool) -> None:
    spec, reader = SPECS["lead"], getattr(business, who)
    costs = cycle([1.0, 1.0, 3.0] if is_split else [2.0, 2.0, 3.0])  # of both parts, and of all together
    monkeypatch.setattr(counting, "cost", lambda _rows: next(costs))
    for text in ("account.employees:over(40), state:is(open)", "stage:is(ready)", "none(owner:filled)"):
        meaning = binding.bind(sentences.read(text), spec.fields, asker=asker(reader, at=MONDAY))
        fitting = compiling.narrowed(spec.rows(reader), meaning)
        ways = narrowed_ways(spec, meaning, reader)
        found = [pk for part in ways.by_numbers() for pk in part.values_list("pk", flat=True)]
        assert sorted(found) == sorted(fitting.values_list("pk", flat=True)), text
        for sort in ("person", "-account"):
            _rows, order = ordered("lead", sort, reader)
            forth, _back = walked(fitting, order, by=Effort(are_few=True, passed=20), ways=ways)
            assert [pk for some in forth for pk in some] == [row.pk for row in order.applied(fitting)], (text, sort)
    joined = binding.bind(sentences.read("any(account.country:is(JP), title:contains(a))"), spec.fields, asker=asker(reader, at=MONDAY))
    assert not narrowed_ways(spec, joined, reader).by_numbers(), "each row would be looked up for that"


def narrowed_ways(spec: Any, meaning: Any, reader: Any) -> Ways:
    view = states.built_in(spec.views[-1], spec)
    return page._narrowed(spec, states.State(view, view.filter, "person", view.columns), meaning, reader=reader)
