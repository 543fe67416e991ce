"""Rows put together by a field: every row in one group and in one only, each group the list narrowed to it, nothing hidden shown, few queries."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core import people
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import FieldKind
from tasuki.core.filters import binding, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.money import Money
from tasuki.core.organisation import the_day
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.crm import leads, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.filter_fields import LEAD as LEAD_FIELDS
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.web.lists import counting, filling, grouped, page, renderings, spans, state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.filling import Filled
from tasuki.web.lists.grouping import buckets, possible
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import made
from tests.remembering import written
from tests.web.office import deal_of, lead_of, signed_in
from tests.web.test_lists import ids
from tests.web.test_saved_views import save

pytestmark = pytest.mark.django_db


def listed(who: User, query: str, name: str = "leads") -> str:
    answer = signed_in(who).get(reverse(name) + query)
    assert answer.status_code == 200, answer.content.decode()
    return html.unescape(answer.content.decode())


def groups(text: str) -> list[str]:
    """The heads of the groups, in words."""
    heads = re.findall(r'<tr class="group-head">(.*?)</tr>', text, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", head).split()) for head in heads]


def some_business(cast: Cast) -> None:
    written(_some_business, cast, the_day(now()))


def _some_business(cast: Cast, _today: date) -> None:
    """Leads of several sources, owners, stages, months and products; three deals, one of them lost; tasks with and without a day."""
    by = By(cast.ivo, Door.WEB)
    product = records.add_product("Night session", line="trading", price=None, currency="", by=SET_UP, at=MONDAY)
    for nth, stage in enumerate([stages.CAPTURED, stages.READY, stages.READY, stages.WORKING, stages.BOOKED]):
        lead_of(cast, nth, stage=stage, source=["webinar", "fair, spring", "", "webinar", 'the "big" one'][nth])
    for nth in range(4):
        arrival = Arrival(team=cast.marketing, owner=[cast.mina, None][nth % 2], source="web", segment="bank", product=product, origin=Origin.OUTBOUND)
        leads.capture(arrival, by=by, at=MONDAY - timedelta(days=400 * nth))
    for nth, money in enumerate([("1000", "KRW"), ("20", "USD"), ("3", "KRW")]):
        deal = deal_of(cast, 20 + nth)
        opportunities.change(deal, said={"money": Money(Decimal(money[0]), money[1])}, by=by, at=MONDAY + timedelta(days=2))
        if nth == 2:
            opportunities.lose(deal, because=opportunities.LostBecause.NO_DECISION, by=by, at=MONDAY + timedelta(days=3))
    for days in (-3, 0, 40, None):
        due_on = None if days is None else (now() + timedelta(days=days)).date()
        tasks.add(Task(subject=f"In {days}", due_on=due_on, owner=cast.ivo), by=by, at=MONDAY)


def put_together(who: User, noun: str, said: str, *, is_large: bool, first: int = 1000) -> tuple[Any, Any, list[Filled]]:
    """The rows of a list by the field that `said` groups by: as few rows are read, or as many are."""
    at, spec = now(), spec_of(SPECS[noun], who)
    wanted = state.read_from(QueryDict(said), spec, [])
    rows = page.narrowed(spec, wanted, reader=who, at=at)
    asked = filling.Asked(rows, page.order_of(wanted, spec, who), spec.fields, asker(who, at=at), is_large, seen=spec.rows(who))
    field = spec.fields.get(wanted.grouping)
    return spec, wanted, filling.filled(asked, buckets(field, rows, reader=who, at=at, is_large=is_large), first=first)


def refuse_unless_parted(who: User, noun: str, said: str, *, is_large: bool) -> None:
    """Each row stands in exactly one group, and a group is the list narrowed to it, in the same order."""
    spec, wanted, found = put_together(who, noun, said, is_large=is_large)
    every = set(page.narrowed(spec, wanted, reader=who, at=now()).values_list("pk", flat=True))
    standing = [row.pk for group in found for row in group.rows]
    assert len(standing) == len(set(standing))
    assert set(standing) == every
    for group in found:
        narrowed = state.read_from(QueryDict(group.bucket.narrowed(wanted).address().removeprefix("?")), spec, [])
        alone = page.order_of(narrowed, spec, who).applied(page.narrowed(spec, narrowed, reader=who, at=now()))
        assert [row.pk for row in group.rows] == [row.pk for row in alone], group.bucket
        assert is_large or group.count == len(group.rows)


@pytest.mark.slow
@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("noun", list(SPECS))
def test_every_field_parts_the_rows_and_each_group_is_the_list_narrowed_to_it(cast: Cast, noun: str, *, is_large: bool) -> None:
    some_business(cast)
    if noun == "account":
        field = made(FieldKind.CHOICE, choices=("Gold", "Iron"))
        account = lead_of(cast, 40).account
        assert account
        writing.write(account, said={field.pk: field.choices()[0].key}, by=SET_UP, at=MONDAY)
    spec = spec_of(SPECS[noun], cast.ada)
    fields = renderings.groupings(spec, "")
    assert len(fields) >= 2
    for field in fields:
        refuse_unless_parted(cast.ada, noun, f"view=all&group={field.key}" if noun in ("lead", "opportunity") else f"group={field.key}", is_large=is_large)


LEAD = st.tuples(
    st.sampled_from(stages.BEFORE_SALES), st.sampled_from(["", "web", "fair, spring", "ready"]), st.sampled_from([None, "mina", "ivo"]), st.integers(0, 1200)
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(LEAD, max_size=14),
    by=st.sampled_from(["stage", "source", "owner", "team", "opened", "state"]),
    asked=st.sampled_from(["", "stage:is(ready, working)", "owner:is(me)", "source:is(web), opened:past(400 days)"]),
    sort=st.sampled_from(["opened", "-opened", "source", "-owner", "account"]),
    is_large=st.booleans(),
)
def test_groups_part_any_list(cast: Cast, *, rows: list[Any], by: str, asked: str, sort: str, is_large: bool) -> None:
    leads.Lead.objects.get_queryset().filter(reference="drawn").update(reference="")
    for stage, source, owner, days in rows:
        arrival = Arrival(team=cast.marketing, owner=getattr(cast, owner) if owner else None, source=source)
        leads.capture(arrival, by=SET_UP, at=now() - timedelta(days=days), stage=stage)
    refuse_unless_parted(cast.mina, "lead", f"view=all&filter={asked}&sort={sort}&group={by}", is_large=is_large)


def test_a_list_is_grouped_by_stage_in_the_order_of_the_relay(cast: Cast) -> None:
    some_business(cast)
    text = listed(cast.ada, "?group=stage")
    assert [head.split()[0] for head in groups(text)] == ["Captured", "Ready", "Working", "Booked", "P1"]
    assert [head for head in groups(text) if head.startswith("Ready")] == ["Ready (MQL) 2 Show all : Ready (MQL)"]
    assert len(ids(text)) == 11
    assert text.count('<details class="group-fold" open>') == 5
    assert 'href="?filter=state%3Ais%28open%29%2C+stage%3Ais%28ready%29"' in text
    assert len(ids(listed(cast.ada, "?filter=state:is(open), stage:is(ready)"))) == 2


def test_a_group_shows_its_first_rows_and_leads_to_all(cast: Cast) -> None:
    for nth in range(grouped.FIRST + 3):
        lead_of(cast, nth)
    text = listed(cast.ivo, "?group=stage")
    assert len(ids(text)) == grouped.FIRST
    assert groups(text) == ["Working 13 3 more : Working"]


def test_amounts_are_summed_by_currency_and_never_for_whom_they_are_hidden_from(cast: Cast) -> None:
    some_business(cast)
    text = listed(cast.ada, "?group=stage", "opportunities")
    assert groups(text) == ["P1 2 ₩1K $20 Show all : P1"]
    hidden = listed(cast.mina, "?group=stage", "opportunities")
    assert "P1" in groups(hidden)[0] or "P1" in hidden
    assert not re.search(r"₩|\$20|\b1K\b|group-sum", hidden)


def test_many_rows_are_not_counted_and_few_of_a_group_are(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for nth in range(30):
        lead_of(cast, nth, stage=stages.READY if nth else stages.CAPTURED)
    monkeypatch.setattr(counting, "counted", lambda _rows: (50_000, True))
    found = groups(listed(cast.ada, "?group=stage"))
    assert found[0] == "Captured 1 Show all : Captured"
    assert re.fullmatch(r"Ready \(MQL\) about \d+ Show all : Ready \(MQL\)", found[1])


def test_of_very_many_rows_the_stages_of_the_asked_state_are_looked_for_and_no_others(cast: Cast) -> None:
    told = buckets(LEAD_FIELDS.get("stage"), Lead.objects.visible_to(cast.ada), reader=cast.ada, at=now(), is_large=True)

    def keys(text: str) -> list[str]:
        return [one.key for one in possible(told, sentences.read(text))]

    assert keys("") == [*stages.ORDER, "none"]
    assert keys("state:is(open)") == [*stages.BEFORE_SALES, *stages.IN_SALES]
    assert keys("state:is(open), stage:is(ready, live)") == ["ready"]
    assert keys("state:is(won, lost)") == [*stages.IN_SUCCESS, "none"]
    assert keys("any(state:is(won), stage:is(ready))") == [*stages.ORDER, "none"], "a group is not looked into"


def test_of_many_groups_of_very_many_rows_each_shows_fewer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for nth in range(grouped.FIRST + 3):
        lead_of(cast, nth)
    assert len(ids(listed(cast.ada, "?group=opened"))) == grouped.FIRST, "few rows, however many groups there could be"
    monkeypatch.setattr(counting, "counted", lambda _rows: (50_000, True))
    assert len(ids(listed(cast.ada, "?group=opened"))) == grouped.FIRST_OF_MANY
    assert len(ids(listed(cast.ada, "?group=stage"))) == grouped.FIRST, "few groups"


def test_rows_seen_by_way_of_others_are_told_apart_among_the_first_of_all(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for nth in range(9):
        lead_of(cast, nth)
    records.add_contact(records.Person("Aaa"), by=SET_UP, at=MONDAY)
    said = "group=created&sort=person"
    _spec, _wanted, found = put_together(cast.ruth, "contact", said, is_large=True)
    (seen,) = [[row.pk for row in group.rows] for group in found if group.rows]
    assert sum(group.count for group in found) >= len(seen)
    monkeypatch.setattr(filling, "_LOOKED_UP", 5)
    _spec, _wanted, found = put_together(cast.ruth, "contact", said, is_large=True)
    (first,) = [[row.pk for row in group.rows] for group in found if group.rows]
    assert first == seen[:4], "the first five of all, but for the one whom she does not see"


def test_people_of_a_team_and_the_few_others_are_told_apart_among_the_first_of_each(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    some_business(cast)
    reader, spec, at = cast.saori, SPECS["contact"], now()
    other = Contact.objects.filter(account__isnull=False)[0]
    Account.objects.update(team=reader.team)
    Account.objects.filter(pk=other.account_id).update(team=cast.inside_sales, owner=reader)
    monkeypatch.setattr(counting, "estimated", len)
    wanted = state.read_from(QueryDict("group=created&sort=-person"), spec, [])
    ways, order = page._narrowed(spec, wanted, None, reader=reader), page.order_of(wanted, spec, reader)
    told = buckets(spec.fields.get("created"), ways.rows, reader=reader, at=at, is_large=True)

    def found(parts: Any) -> list[list[int]]:
        asked = filling.Asked(ways.rows, order, spec.fields, asker(reader, at=at), is_large=True, parts=parts)
        return [[row.pk for row in group.rows] for group in filling.filled(asked, told, first=1000)]

    assert ways.parts()
    assert other.pk in {pk for group in found(ways.parts) for pk in group}
    assert found(ways.parts) == found(lambda: None)


@pytest.mark.parametrize("text", ["", "filter=source:is(web)", "filter=source:is(nothing)"])
def test_a_lane_of_nobody_whom_the_reader_sees_is_not_looked_through(cast: Cast, text: str) -> None:
    lead_of(cast, 1)
    arrival = Arrival(team=cast.marketing, owner=cast.mina, source="web")
    leads.capture(arrival, by=SET_UP, at=MONDAY)
    leads.capture(replace(arrival, team=cast.inside_sales, owner=cast.ivo), by=SET_UP, at=MONDAY)
    _spec, _wanted, found = put_together(cast.ivo, "lead", f"view=all&as=board&group=stage&{text}", is_large=True)
    assert sum(len(group.rows) for group in found) == Lead.objects.visible_to(cast.ivo).filter(**({} if not text else {"source": text[17:-1]})).count()


def meaning(*clauses: str) -> list[Any]:
    fields = SPECS["lead"].fields
    return [binding.bind(sentences.read(one), fields, asker=asker(User(pk=1), at=now())) for one in clauses]


@pytest.mark.parametrize(
    ("clauses", "is_told"),
    [
        (("opened:on(2026-03-02)", "opened:on(2026-03-03)", "opened:empty"), True),
        (("opened:after(2026-03-09)", "opened:on(2026-03-03)", "opened:before(2026-03-01)"), True),
        (("opened:before(2026-03-04)", "opened:on(2026-03-03)"), False),
        (("opened:on(2026-03-02)", "changed:on(2026-03-03)"), False),
        (("opened:on(2026-03-02)", "stage:is(ready)"), False),
        (("opened:filled", "opened:empty"), False),
        (("none(opened:on(2026-03-02))", "opened:empty"), False),
        (("task:on(2026-03-02)", "task:empty"), False),
    ],
)
def test_stretches_of_one_time_that_follow_each_other_are_searched_by_their_bounds(*, clauses: tuple[str, ...], is_told: bool) -> None:
    assert (spans.told(meaning(*clauses)) is not None) is is_told


def test_people_who_have_left_and_values_nobody_offers_have_their_groups(cast: Cast) -> None:
    gone = hired("gone", "Gone", "Gil", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    leads.capture(Arrival(team=cast.inside_sales, owner=gone), by=SET_UP, at=MONDAY)
    lead_of(cast)
    people.leave(gone, by=SET_UP, at=MONDAY)
    found = groups(listed(cast.ada, "?group=owner"))
    assert {head.split(" 1 ")[0] for head in found} == {"Ivo Horvat", gone.display_name}


@pytest.mark.parametrize("query", ["?group=password", "?group=reference", "?group=account.name", "?as=poem", "?group=amount"])
def test_what_no_list_is_grouped_by_is_refused_with_a_sentence(cast: Cast, query: str) -> None:
    answer = signed_in(cast.ada).get(reverse("leads") + query)
    assert answer.status_code == 400
    assert "This list cannot be" in answer.content.decode()


def test_a_custom_field_groups_for_those_who_see_it(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, choices=("Gold", "Iron"))
    account = lead_of(cast).account
    assert account
    writing.write(account, said={field.pk: field.choices()[0].key}, by=SET_UP, at=MONDAY)
    assert groups(listed(cast.ivo, f"?group={field.key}", "accounts")) == ["Gold 1 Show all : Gold"]
    defining.change(field, wording=Wording(field.label, hidden_from=(Role.INSIDE_SELLER,)), by=SET_UP, at=MONDAY)
    assert signed_in(cast.ivo).get(reverse("accounts") + f"?group={field.key}").status_code == 400


def test_a_saved_view_keeps_what_it_is_grouped_by(cast: Cast) -> None:
    some_business(cast)
    ivo = signed_in(cast.ivo)
    view = save(ivo, filter="", grouping="stage", rendering="")
    assert view
    assert len(groups(listed(cast.ivo, f"?view={view.pk}"))) > 1
    assert groups(listed(cast.ivo, f"?view={view.pk}&group=")) == []
    save(ivo, name="Odd", filter="", grouping="password", rendering="poem")
    odd = SavedView.objects.get(name="Odd")
    assert (odd.grouping, odd.rendering) == ("", "")


def test_a_grouped_list_costs_as_much_for_two_rows_as_for_twelve_and_for_three_groups_as_for_twelve(cast: Cast) -> None:
    def cost(query: str, name: str = "leads") -> int:
        client = signed_in(cast.ada)
        client.get(reverse(name) + query)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name) + query)
        return len(queries)

    for nth, source in enumerate(["a", "b", "c"]):
        lead_of(cast, nth, source=source)
    few = [cost("?group=source"), cost("?group=stage")]
    for nth in range(12):
        lead_of(cast, 10 + nth, source=f"source {nth}", stage=stages.BEFORE_SALES[nth % 6])
    assert [cost("?group=source"), cost("?group=stage")] == few


def test_what_is_not_visible_is_in_no_group(cast: Cast) -> None:
    some_business(cast)
    text = listed(cast.ivo, "?view=all&group=source")
    assert not any(head.startswith("web ") for head in groups(text)), "those are marketing's"
    assert signed_in(cast.tomas).get(reverse("leads") + "?group=stage").status_code == 403
