"""Every order of every list: each row comes once, in order, forth and back, whether the rows are few and sorted or many and walked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from tasuki.core.filters import apart, binding, compiling, evaluating, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.people import User
from tasuki.core.search.narrowing import Ways
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.web.lists import counting, efforts, page, paging, walking
from tasuki.web.lists import state as states
from tasuki.web.lists.efforts import Effort
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.orders import Order
from tasuki.web.lists.page import order_of
from tests.cast import MONDAY, Cast
from tests.remembering import written
from tests.web.business import N_ROWS, some_business

pytestmark = pytest.mark.django_db
# Walked to the end; found and sorted; walked a little and then found, which ends some pages and not others; walked far enough; and the records that lead to
# them passed a little, and then to their end.
EFFORTS = (
    *(Effort(), Effort(are_few=True), Effort(tried=60, are_few=True), Effort(tried=9_999, are_few=True), Effort(tried=60)),
    *(Effort(are_few=True, passed=60), Effort(are_few=True, passed=efforts.ALL)),
)
FILTERS = {
    "lead": [
        "any(account.country:is(JP), title:contains(a)), state:is(open)",
        "account.employees:over(40), none(owner:filled)",
        "state:is(open), source:is(web form)",
        "stage:is(ready)",
    ],
    "opportunity": ["account.country:is(JP)", "state:is(open), any(amount:over(3), close:empty)", "stage:is(p1, p2), none(account.country:is(KR))"],
    "contact": ["account.country:is(KR, JP)", "none(title:contains(a))"],
    "task": ["done:empty", "done:filled, kind:is(call)"],
    "user": ["here:no, team:filled", "role:empty, none(language:is(ko))"],
    "auditentry": ["noun:is(lead)", "actor:empty, none(record:under(60))"],
    "block": ["lifted:empty, kind:is(phone)", "lifted:filled, none(by:filled)"],
}


@pytest.fixture
def business(cast: Cast) -> Cast:
    written(some_business, cast)
    return cast


def ordered(noun: str, sort: str, reader: User) -> tuple[QuerySet[Any], Order]:
    spec = SPECS[noun]
    view = states.built_in(spec.views[-1], spec)
    return spec.rows(reader), order_of(states.State(view, view.filter, sort, view.columns), spec, reader)


def walked(rows: QuerySet[Any], order: Order, *, by: Effort, ways: Ways | None = None) -> tuple[list[list[int]], list[list[int]]]:
    """The pages forth to the end, and from there back to the start."""
    ways = ways or Ways(rows, by_numbers=lambda: [rows])
    page = paging.window(rows, order, before="", after="", by=by, ways=ways)
    forth = [[row.pk for row in page.rows]]
    while page.after:
        page = paging.window(rows, order, before="", after=page.after, by=by, ways=ways)
        forth.append([row.pk for row in page.rows])
    back = [[row.pk for row in page.rows]]
    while page.before:
        page = paging.window(rows, order, before=page.before, after="", by=by, ways=ways)
        back.append([row.pk for row in page.rows])
    return forth, back


@pytest.mark.slow
@pytest.mark.parametrize("noun", SPECS)
def test_every_order_gives_each_row_once_forth_and_back(business: Cast, noun: str) -> None:
    for column in SPECS[noun].columns:
        for sort in (column.key, f"-{column.key}") if column.sort else ():
            see_that_it_is_an_order(*ordered(noun, sort, business.ada))


def see_that_it_is_an_order(rows: QuerySet[Any], order: Order) -> None:
    whole = [row.pk for row in order.applied(rows)]
    assert len(whole) == len(set(whole)) == rows.count() == N_ROWS
    for by in EFFORTS:
        forth, back = walked(rows, order, by=by)
        assert [row for page in forth for row in page] == whole
        assert back == forth[::-1]
    behind = list(rows.filter(order.apart).order_by("-pk" if order.is_falling else "pk").values_list("pk", flat=True)) if order.apart else []
    assert whole[len(whole) - len(behind) :] == behind, "what stands apart is last, by its numbers"
    rows, whole = rows.exclude(pk__in=behind), whole[: len(whole) - len(behind)]
    named = order.named(rows)
    values = dict(named.values_list("pk", order.path))
    filled = [values[row] for row in whole if values[row] not in (None, "")]
    expected = named.exclude(pk__in=[pk for pk, value in values.items() if value in (None, "")]).order_by(
        F(order.path).desc() if order.is_falling else F(order.path).asc()
    )
    assert filled == list(expected.values_list(order.path, flat=True)), "in the order of the database"
    assert all(values[row] in (None, "") for row in whole[len(filled) :]), "what has no value comes last"


@pytest.mark.slow
@pytest.mark.parametrize("noun", FILTERS)
def test_a_filter_pages_through_just_the_rows_that_plain_python_means_however_they_are_looked_for(business: Cast, noun: str) -> None:
    spec, n_met = SPECS[noun], 0
    sorts = [sort for column in spec.columns if column.sort for sort in (column.key, f"-{column.key}")]
    for nth, text in enumerate(FILTERS[noun]):
        meaning = binding.bind(sentences.read(text), spec.fields, asker=asker(business.ada, at=MONDAY))
        for sort in sorts[nth :: len(FILTERS[noun])]:
            rows, order = ordered(noun, sort, business.ada)
            whole = [row.pk for row in order.applied(rows) if evaluating.holds(meaning, row)]
            n_met += len(whole)
            for by in (*EFFORTS[1:4], *EFFORTS[-2:], efforts.weighed(order, 9_000, meaning)):
                forth, back = walked(compiling.narrowed(rows, meaning), order, by=by)
                assert [row for page in forth for row in page] == whole, (text, sort, by)
                assert back == forth[::-1]
    assert n_met > 0


def test_the_fewer_rows_fit_the_longer_the_walk_until_it_is_not_worth_trying(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _rows, order = ordered("lead", "-opened", business.ada)
    monkeypatch.setattr(efforts, "n_rows", lambda _model: 1_000_000)
    assert efforts.weighed(order, 0) == Effort(are_few=True)
    assert efforts.weighed(order, 400) == Effort(are_few=True)
    assert efforts.weighed(order, 5_000) == Effort(are_few=True), "the walk would be as long as finding all of them"
    assert efforts.weighed(order, 20_000) == Effort(tried=3 * 2_550, are_few=True)
    assert efforts.weighed(order, 400_000) == Effort()
    asked = {"account.country:is(JP)": Effort(tried=3 * 127), "source:is(web form)": Effort(), "any(account.country:is(JP), state:is(won))": Effort()}
    for text, by in asked.items():
        meaning = binding.bind(sentences.read(text), SPECS["lead"].fields, asker=asker(business.ada, at=MONDAY))
        assert efforts.weighed(order, 400_000, meaning) == by, text


@pytest.mark.parametrize(
    ("asked", "text", "is_along"),
    [
        ("account name", "country:is(JP), employees:over(10)", True),
        ("contact -account", "account.country:is(JP)", True),
        ("lead account", "account.country:is(JP), state:is(open)", True),
        ("opportunity -account", "account.country:is(JP)", True),
        ("contact -account", "account.country:is(JP, KR)", False),
        ("contact -account", "account.country:is_not(JP)", False),
        ("contact person", "account.country:is(JP)", False),
        ("account owner", "country:is(JP)", False),
    ],
)
def test_the_rows_of_one_country_are_walked_alone_where_they_are_ordered_by_its_accounts(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, asked: str, text: str, is_along: bool
) -> None:
    noun, sort = asked.split()
    monkeypatch.setattr(efforts, "n_rows", lambda _model: 1_000_000)
    monkeypatch.setattr(counting, "estimated", lambda _rows: 20_000)
    rows, order = ordered(noun, sort, business.ada)
    meaning = binding.bind(sentences.read(text), SPECS[noun].fields, asker=asker(business.ada, at=MONDAY))
    assert bool(efforts.weighed(order, 10_000, meaning).along) is is_along
    if is_along:
        assert efforts.weighed(order, 400_000, meaning) == Effort(), "no others are passed"
    fitting = compiling.narrowed(rows, meaning)
    whole = [row.pk for row in order.applied(fitting)]
    for by in (Effort(), efforts.weighed(order, 10_000, meaning), efforts.weighed(order, 400_000, meaning)):
        assert [row for page in walked(fitting, order, by=by)[0] for row in page] == whole
    assert whole


@pytest.mark.parametrize(
    ("noun", "text", "n_apart"),
    [
        ("contact", "account.country:is(JP), none(title:contains(a))", 1),
        ("contact", "account.country:is_not(JP), account.owner:filled", 2),
        ("contact", "account.country:empty", 1),
        ("contact", "none(account.country:is(JP))", 0),
        ("opportunity", "account.country:is(KR), state:is(open)", 1),
        ("lead", "account.name:contains(o), none(account.country:is(KR))", 1),
        ("lead", "any(account.country:is(JP), title:contains(a))", 0),
    ],
)
def test_what_is_asked_of_other_records_may_be_asked_apart(business: Cast, noun: str, text: str, *, n_apart: int) -> None:
    meaning = binding.bind(sentences.read(text), SPECS[noun].fields, asker=asker(business.ada, at=MONDAY))
    rows, order = ordered(noun, SPECS[noun].sort, business.ada)
    together, found = compiling.narrowed(rows, meaning), apart.of(meaning, rows.model)
    meant = [row.pk for row in order.applied(rows) if evaluating.holds(meaning, row)]
    assert len(found) == n_apart
    assert {row.pk for row in apart.narrowed(rows, meaning, found)} == set(meant)
    ways = Ways(together, counted_out=lambda: apart.narrowed(rows, meaning, found) if found else None)
    page = paging.window(together, order, before="", after="", by=Effort(tried=3), ways=ways)
    assert [row.pk for row in page.rows] == meant[: walking.PAGE]
    assert 0 < len(meant) < len(rows)


def test_of_often_used_words_a_short_walk_is_tried_before_their_rows_are_counted_out(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _rows, order = ordered("lead", "-opened", business.ada)
    for n_rows, by in ((1_000_000, Effort(tried=3_000)), (2_000, Effort())):
        monkeypatch.setattr(efforts, "n_rows", lambda _model, n_rows=n_rows: n_rows)
        assert efforts.of_search(order, 10, is_often=True) == by
        assert efforts.of_search(order, 10, is_often=False) == Effort(are_few=True)


def test_where_an_index_has_the_rows_of_one_value_in_the_order_only_they_are_walked(business: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "estimated", lambda _rows: 30_000)
    meaning = binding.bind(sentences.read("any(title:contains(a)), state:is(won)"), SPECS["lead"].fields, asker=asker(business.ada, at=MONDAY))
    _rows, order = ordered("lead", "-opened", business.ada)
    assert efforts.weighed(order, 10_000, meaning) == Effort(tried=3 * 153, are_few=True, along=Q(state="won"))
    for text in ("any(state:is(won), title:contains(a))", "state:is(won, open)", "state:is_not(won)", "none(state:is(won))"):
        other = binding.bind(sentences.read(text), SPECS["lead"].fields, asker=asker(business.ada, at=MONDAY))
        assert not efforts.weighed(order, 10_000, other).along, text
    _rows, by_name = ordered("lead", "person", business.ada)
    assert not efforts.weighed(by_name, 10_000, meaning).along


@pytest.mark.parametrize(
    ("sort", "text", "is_along"),
    [
        ("in_stage", "stage:is(ready)", True),
        ("-in_stage", "stage:is(booked), segment:is(small)", True),
        ("in_stage", "stage:is(nurturing)", False),
        ("-ended", "state:is(won)", True),
        ("-ended", "stage:is(ready)", False),
    ],
)
def test_an_index_of_some_rows_has_those_of_the_values_that_it_names(
    business: Cast, monkeypatch: pytest.MonkeyPatch, *, sort: str, text: str, is_along: bool
) -> None:
    monkeypatch.setattr(counting, "estimated", lambda _rows: 30_000)
    meaning = binding.bind(sentences.read(text), SPECS["lead"].fields, asker=asker(business.ada, at=MONDAY))
    _rows, order = ordered("lead", sort, business.ada)
    assert bool(efforts.weighed(order, 10_000, meaning).along) is is_along


@pytest.mark.parametrize("sort", ["-opened", "person", "account", "source", "next_task", "-clock"])
def test_where_a_short_walk_finds_too_few_the_rows_are_counted_out_once(business: Cast, sort: str) -> None:
    rows, order = ordered("lead", sort, business.ada)
    whole = [row.pk for row in order.applied(rows)]
    far, asked = rows.filter(pk__in=whole[100:140]), list[str]()

    def counted_out() -> QuerySet[Any]:
        asked.append("once")
        return far

    page = paging.window(far, order, before="", after="", by=Effort(tried=60), ways=Ways(far, fitting=far, counted_out=counted_out))
    assert [row.pk for row in page.rows] == whole[100:140]
    assert asked == ["once"]


@pytest.mark.parametrize("sort", ["account", "-stage", "person", "won", "-source", "title", "next_task", "-clock"])
def test_a_row_knows_its_own_place(business: Cast, sort: str) -> None:
    rows, order = ordered("lead", sort, business.ada)
    whole = list(order.applied(rows))
    for nth in (3, 30, 60, N_ROWS - 3):
        page = paging.window(rows, order, before="", after=paging.place_of(order, whole[nth]))
        assert [row.pk for row in page.rows] == [row.pk for row in whole[nth + 1 :][: walking.PAGE]]


@pytest.mark.parametrize("sort", ["about", "-about"])
def test_tasks_stand_by_what_they_are_about_as_their_column_says(business: Cast, sort: str) -> None:
    some = list(Lead.objects.order_by("pk").values_list("pk", flat=True)[:30])
    Lead.objects.filter(pk__in=some).update(contact=None)
    Lead.objects.filter(pk__in=some[::2]).update(account=None)
    Task.objects.filter(lead=None, pk__in=list(Task.objects.order_by("pk").values_list("pk", flat=True)[:40])).update(contact=None, account=None)
    rows, order = ordered("task", sort, business.ada)
    whole, told = list(order.applied(rows)), []
    for row in whole:
        lead, person = row.lead, row.lead.contact if row.lead else row.contact
        company = None if person else lead.account if lead else row.account
        kinds = [bool(lead and person), bool(lead and company), bool(not lead and person), bool(not lead and company), bool(lead)]
        told.append((kinds.index(True) if any(kinds) else len(kinds), person.family_name if person else company.name if company else ""))
        assert order.stretch_of(row).name == order.stretches[told[-1][0]].name
    assert [kind for kind, _name in told] == sorted(kind for kind, _name in told)
    assert {kind for kind, _name in told} == set(range(6)), "of each kind some"
    assert told == sorted(sorted(told, key=lambda one: one[1], reverse=order.is_falling), key=lambda one: one[0])
    for nth in (2, 55, 110):
        page = paging.window(rows, order, before="", after=paging.place_of(order, whole[nth]))
        assert [row.pk for row in page.rows] == [row.pk for row in whole[nth + 1 :][: walking.PAGE]]


@pytest.mark.parametrize("sort", ["owner", "-stage", "person", "account", "-won", "source", "next_task", "-next_task", "clock"])
def test_a_narrow_role_walks_only_what_it_sees(business: Cast, sort: str) -> None:
    for reader in (business.ivo, business.saori, business.tomas):
        rows, order = ordered("lead", sort, reader)
        for by in EFFORTS:
            forth, _back = walked(rows, order, by=by)
            assert sorted(row for page in forth for row in page) == sorted(rows.values_list("pk", flat=True))
    assert Lead.objects.visible_to(business.saori).exists()


@pytest.mark.parametrize(("noun", "sort"), [("lead", "owner"), ("lead", "person"), ("opportunity", "-stage"), ("contact", "account")])
def test_a_page_of_many_joins_nothing_but_what_its_order_needs(business: Cast, noun: str, sort: str) -> None:
    rows, order = ordered(noun, sort, business.ada)
    with CaptureQueriesContext(connection) as queries:
        paging.window(rows, order, before="", after="")
    walk = queries[0]["sql"]
    assert "LIMIT 51" in walk
    assert walk.count("JOIN") <= 2


@pytest.mark.parametrize(("noun", "sort"), [("lead", "-opened"), ("lead", "opened"), ("contact", "-created"), ("opportunity", "-opened"), ("handoff", "-due")])
def test_where_no_value_can_be_missing_all_rows_are_read_in_the_order_of_an_index(business: Cast, noun: str, sort: str) -> None:
    rows, order = ordered(noun, sort, business.ada)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert "Sort" not in order.applied(rows.select_related(None).order_by()).explain()


@pytest.mark.parametrize("name", ["x" * 200, "'; DROP TABLE crm_account; --", "\U0001f408" * 50, "%s%%", "{rows}"])
def test_whatever_stands_in_a_name_pages_turn_over_it(business: Cast, name: str) -> None:
    Account.objects.filter(pk__in=list(Account.objects.values_list("pk", flat=True)[:70])).update(name=name, folded_name="x")
    rows, order = ordered("account", "-name", business.ada)
    for by in EFFORTS:
        forth, back = walked(rows, order, by=by)
        assert len({row for page in forth for row in page}) == N_ROWS
        assert back == forth[::-1]


def test_a_person_who_left_with_their_rows_is_a_place_that_is_not_known_any_more(business: Cast) -> None:
    rows, order = ordered("lead", "owner", business.ada)
    after = paging.window(rows, order, before="", after="").after
    without = Order(order.model, order.path, order.is_falling, then=order.then, stepped=order.stepped, steps=order.steps[-1:])
    with pytest.raises(BadRequest):
        paging.window(rows, without, before="", after=after)


@pytest.mark.parametrize("sort", ["team", "-team"])
@pytest.mark.parametrize("n_elsewhere", [0, 1, 9])
def test_who_sees_the_leads_of_a_team_sees_their_own_of_other_teams_between_them_in_the_order_of_teams(business: Cast, sort: str, n_elsewhere: int) -> None:
    spec, reader = SPECS["lead"], business.ivo
    elsewhere = Lead.objects.exclude(team=reader.team).exclude(owner=reader)
    Lead.objects.filter(pk__in=elsewhere.values("pk")[:n_elsewhere]).update(owner=reader)
    rows, order = ordered("lead", sort, reader)
    view = states.built_in(spec.views[-1], spec)
    ways = page._narrowed(spec, states.State(view, view.filter, sort, view.columns), None, reader=reader)
    assert ways.teams, "a role that sees a team"
    forth, back = walked(rows, order, by=Effort(), ways=ways)
    assert [row for some in forth for row in some] == [row.pk for row in order.applied(rows)]
    assert back == forth[::-1]


@pytest.mark.parametrize(
    ("noun", "sort", "led_by"),
    [
        ("lead", "owner", "-owner_id"),
        ("lead", "-stage", "-stage_id"),
        ("lead", "product", "product_id"),
        ("opportunity", "owner", "-owner_id"),
        ("task", "owner", ""),
    ],
)
def test_rows_without_a_value_are_asked_for_in_the_order_of_the_index_that_has_them_together(business: Cast, noun: str, sort: str, *, led_by: str) -> None:
    rows, order = ordered(noun, sort, business.ada)
    assert order.stretches[-1].led_by == led_by
    with CaptureQueriesContext(connection) as asked:
        paging.last_place(rows, order)
    walk = next(one["sql"] for one in asked if "IS NULL" in one["sql"].partition("WHERE")[2])
    assert ('_id" ' in walk.partition("ORDER BY")[2]) == bool(led_by)
