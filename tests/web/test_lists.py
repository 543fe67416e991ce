"""The list: it finds, narrows and turns pages without losing a row, and refuses what nobody could have been given."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages, tasks
from tasuki.crm.leads import Arrival
from tasuki.crm.tasks import Task
from tests.cast import Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in
from tests.web.reading import said_by

pytestmark = pytest.mark.django_db


def ids(text: str, noun: str = "leads") -> list[int]:
    return [int(found) for found in re.findall(rf'class="sheet-name" href="/{noun}/(\d+)"', text)]


def link(text: str, rel: str) -> str:
    found = re.search(rf'href="([^"]+)" rel="{rel}"', text)
    return html.unescape(found[1]) if found else ""


def pages(client: Client, address: str, *, rel: str) -> list[list[int]]:
    """The rows of each page, from the address on in one direction."""
    turned, query = [], address
    while query or not turned:
        text = client.get(reverse("leads") + query).content.decode()
        turned.append(ids(text))
        query = link(text, rel)
        assert len(turned) < 20
    return turned


def capture_many(cast: Cast, n: int) -> None:
    for nth in range(n):
        # Three of a kind: the id must decide between equals.
        leads.capture(Arrival(team=cast.inside_sales, source="web"), by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(minutes=nth // 3))


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["-opened", "opened", "in_stage", "owner", "-account", "person", "source", "-stage"])
def test_pages_turn_forth_and_back_over_the_same_rows(cast: Cast, sort: str) -> None:
    capture_many(cast, 70)
    for nth in range(60):
        lead_of(cast, nth)
    client = signed_in(cast.ada)
    forth = pages(client, f"?sort={sort}", rel="next")
    assert [len(page) for page in forth] == [50, 50, 30]
    assert len({row for page in forth for row in page}) == 130
    last = f"?sort={sort}"
    for _turn in range(2):
        last = link(client.get(reverse("leads") + last).content.decode(), "next")
    back = pages(client, last, rel="prev")
    assert back == [forth[2], forth[1], forth[0]]


def test_the_start_of_a_list_is_a_full_page_also_from_behind(cast: Cast) -> None:
    capture_many(cast, 60)
    client = signed_in(cast.ada)
    second = client.get(reverse("leads") + link(client.get(reverse("leads")).content.decode(), "next")).content.decode()
    leads.capture(Arrival(team=cast.inside_sales), by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(days=1))
    first = client.get(reverse("leads") + link(second, "prev")).content.decode()
    assert len(ids(first)) == 50
    newest = client.get(reverse("leads") + link(first, "prev")).content.decode() if link(first, "prev") else first
    assert len(ids(newest)) == 50


@pytest.mark.parametrize(
    "query",
    [
        "?after=forged",
        "?before=forged",
        "?before=WzEsMl0:1abcde:zzz",
        "?after=한글",
        "?view=no",
        "?view=9999",
        "?sort=password",
        "?columns=person,password",
    ],
)
def test_what_no_link_could_have_said_is_refused_with_a_sentence(cast: Cast, query: str) -> None:
    answer = signed_in(cast.ada).get(reverse("leads") + query)
    assert answer.status_code == 400
    assert "<h1" in answer.content.decode()


def test_a_place_in_one_order_is_no_place_in_another(cast: Cast) -> None:
    capture_many(cast, 60)
    client = signed_in(cast.ada)
    older = link(client.get(reverse("leads") + "?sort=opened").content.decode(), "next")
    assert client.get(reverse("leads") + older + "&sort=in_stage").status_code == 400


def test_the_sentence_narrows_and_offers_only_what_the_reader_sees(cast: Cast) -> None:
    webinar, fair = lead_of(cast, 1, source="webinar"), lead_of(cast, 2, source="fair", stage=stages.READY)
    leads.capture(Arrival(team=cast.marketing, source="secret plan"), by=By(cast.mina, Door.WEB), at=MONDAY)
    client = signed_in(cast.ivo)
    text = client.get(reverse("leads")).content.decode()
    assert set(ids(text)) == {webinar.pk, fair.pk}
    assert "secret plan" not in text
    for query, expected in (
        ("?filter=source:is(fair)", {fair.pk}),
        ("?filter=stage:is(working)", {webinar.pk}),
        (f"?filter=owner:is({cast.ivo.pk})", {webinar.pk, fair.pk}),
        (f"?filter=owner:is({cast.saori.pk})", set()),
        ("?view=ready", {fair.pk}),
        ("?view=team", {webinar.pk, fair.pk}),
        ("?view=mine&filter=owner:is(me),source:is(webinar)", {webinar.pk}),
        ("?filter=any(source:is(fair),stage:is(working))", {webinar.pk, fair.pk}),
        ("?filter=none(source:is(fair),stage:is(working))", set()),
        ("?filter=source:is(nowhere)", set()),
    ):
        assert set(ids(client.get(reverse("leads") + query).content.decode())) == expected, query


@pytest.mark.parametrize("words", ["한서윤", "서윤", "한", "firm 1", "Firm Ltd", " 한서윤  Firm "])
def test_a_name_is_found_as_people_write_it(cast: Cast, words: str) -> None:
    lead = lead_of(cast, 1)
    assert lead.pk in ids(signed_in(cast.ivo).get(reverse("leads"), {"q": words}).content.decode())
    assert ids(signed_in(cast.ivo).get(reverse("leads"), {"q": words + " nobody"}).content.decode()) == []


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "🐈" * 50, "سارة", "x" * 5000, "<script>alert(1)</script>"])
def test_hostile_words_are_only_words(cast: Cast, words: str) -> None:
    lead_of(cast, 1)
    for name in ("leads", "opportunities", "accounts", "contacts", "products", "tasks", "search"):
        answer = signed_in(cast.ada).get(reverse(name), {"q": words})
        assert answer.status_code == 200, name
        assert "<script>alert" not in answer.content.decode()
        assert "/leads/" not in "".join(re.findall(r'class="sheet-name" href="([^"]+)"', answer.content.decode())), name


def test_what_cannot_be_stored_is_refused_with_a_sentence(cast: Cast) -> None:
    answer = signed_in(cast.ada).get(reverse("leads") + "?q=a%00b")
    assert answer.status_code == 400
    assert "cannot be stored" in answer.content.decode()
    # Half of a pair is no UTF-8; what is left of it is a word like any other.
    assert signed_in(cast.ada).get(reverse("leads") + "?q=%ED%A0%80").status_code in {200, 400}


def test_tasks_come_due_first_and_those_without_a_day_last(cast: Cast) -> None:
    by = By(cast.ivo, Door.WEB)
    for subject, due_on in (("some day", None), ("later", date(2026, 5, 1)), ("sooner", date(2026, 4, 1))):
        tasks.add(Task(subject=subject, due_on=due_on, owner=cast.ivo), by=by, at=MONDAY)
    text = signed_in(cast.ivo).get(reverse("tasks")).content.decode()
    assert text.index("sooner") < text.index("later") < text.index("some day")


def test_a_list_says_the_next_task_of_each_lead(cast: Cast) -> None:
    lead, by = lead_of(cast, 1), By(cast.ivo, Door.WEB)
    assert "No next task" in signed_in(cast.ivo).get(reverse("leads")).content.decode()
    tasks.add(Task(subject="Send the paper", owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    tasks.add(Task(subject="Call back", due_on=date(2026, 4, 1), owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    text = signed_in(cast.ivo).get(reverse("leads")).content.decode()
    assert "Call back" in text
    assert "Send the paper" not in text


def test_what_no_column_shows_and_no_clause_needs_is_not_asked(cast: Cast) -> None:
    lead_of(cast)
    client = signed_in(cast.ivo)

    def asked(query: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("leads") + query)
        return [query["sql"] for query in queries if any(f'FROM "{table}"' in query["sql"] for table in ("relay_clock", "crm_task", "core_organisation"))]

    assert len(asked("?columns=person")) == 1, "the name of the house, at the foot of the rail"
    assert len(asked("?columns=person,next_task")) == 2
    assert len(asked("?columns=person,next_task,clock")) == 3
    assert len(asked("?columns=person&filter=opened:this(quarter)")) == 2, "a quarter is one of the house's year"


def test_an_empty_list_teaches_and_a_narrowed_one_offers_the_way_back(cast: Cast) -> None:
    client = signed_in(cast.ada)
    assert "A lead is one pass" in client.get(reverse("leads")).content.decode()
    deal_of(cast)
    assert "Clear the filter" in client.get(reverse("opportunities") + "?q=nobody").content.decode()


@pytest.mark.parametrize(
    "text", ["stage", "stage:is(", "password:is(1)", "stage:over(3)", "opened:on(tomorrowish)", "owner:is(99999999999999999999)", "all(" * 9]
)
def test_a_filter_that_cannot_be_read_is_refused_with_a_sentence(cast: Cast, text: str) -> None:
    answer = signed_in(cast.ada).get(reverse("leads"), {"filter": text})
    assert answer.status_code == 422
    assert "<h1" in answer.content.decode()


def sent(client: Client, **said: object) -> str:
    """Where the form of a clause leads."""
    answer = client.get(reverse("leads"), said)
    assert answer.status_code == 302
    return html.unescape(answer["Location"])


def test_a_clause_is_added_changed_and_removed_and_each_state_is_an_address(cast: Cast) -> None:
    fair = lead_of(cast, 1, source="fair, spring")
    lead_of(cast, 2)
    client = signed_in(cast.ivo)
    text = client.get(reverse("leads") + "?add=source").content.decode()
    assert 'value="fair, spring"' in text
    address = sent(client, field="source", op="is", v="fair, spring", at=1)
    assert "filter=state%3Ais%28open%29%2C+source%3Ais%28%22fair%2C+spring%22%29" in address
    text = client.get(reverse("leads") + address).content.decode()
    assert ids(text) == [fair.pk]
    address = sent(client, filter='state:is(open), source:is("fair, spring")', field="source", op="is_not", v="fair, spring", at=1)
    assert fair.pk not in ids(client.get(reverse("leads") + address).content.decode())
    removed = re.findall(r'href="([^"]+)"><svg[^>]*><use[^>]*></svg>Remove this condition', text)
    assert len(ids(client.get(reverse("leads") + html.unescape(removed[1])).content.decode())) == 2


def test_a_clause_becomes_a_group_and_takes_others_beside_it(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    text = client.get(reverse("leads") + "?filter=source:is(fair)").content.decode()
    grouped = re.search(r'href="([^"]+)">… or something else', text)
    assert grouped
    assert "filter=any%28source%3Ais%28fair%29%29" in html.unescape(grouped[1])
    address = sent(client, filter="any(source:is(fair))", field="stage", op="is", v="ready", at="0.1")
    assert "any%28source%3Ais%28fair%29%2C+stage%3Ais%28ready%29%29" in address


@pytest.mark.parametrize(
    "said",
    [
        {"field": "pass", "op": "over", "v": "many", "at": "1"},
        {"field": "password", "op": "is", "v": "x", "at": "1"},
        {"field": "source", "op": "drop", "v": "x", "at": "1"},
        {"field": "source", "op": "is", "at": "1"},
        {"field": "source", "op": "is", "v": "x", "at": "7"},
        {"field": "source", "op": "is", "v": "x", "at": "0.3"},
        {"field": "source", "op": "is", "v": "x", "at": "nowhere"},
        {"field": "opened", "op": "past", "v": "x", "unit": "days", "at": "1"},
    ],
)
def test_a_clause_that_cannot_be_asked_changes_nothing_and_says_why(cast: Cast, said: dict[str, str]) -> None:
    client = signed_in(cast.ivo)
    answer = client.get(reverse("leads"), said)
    assert answer.status_code == 302
    assert "filter=" not in answer["Location"]
    assert 'class="toast toast-error"' in client.get(reverse("leads") + answer["Location"]).content.decode()


def test_an_amount_of_time_is_two_controls(cast: Cast) -> None:
    assert "opened%3Apast%2830+days%29" in sent(signed_in(cast.ivo), field="opened", op="past", v="30", unit="days", at=1)


def test_columns_are_chosen_and_the_first_one_stays(cast: Cast) -> None:
    lead_of(cast)
    text = signed_in(cast.ivo).get(reverse("leads") + "?columns=segment&columns=origin").content.decode()
    heads = re.findall(r"<th[^>]*>(?:<a[^>]*>)?([^<]+)", text)
    assert heads == ["Person", "Segment", "Origin"]


def test_a_head_orders_by_its_column_and_turns_it_round(cast: Cast) -> None:
    lead_of(cast)
    client = signed_in(cast.ivo)
    text = client.get(reverse("leads") + "?sort=account").content.decode()
    assert re.search(r'<th scope="col" aria-sort="ascending"><a href="\?sort=-account">Account', text)


def test_what_is_hidden_is_neither_column_nor_field_nor_order(cast: Cast) -> None:
    deal_of(cast)
    mina = signed_in(cast.mina)
    text = said_by(mina.get(reverse("opportunities")))
    assert "777" not in text
    assert "amount" not in text
    for query in ("?sort=amount", "?columns=name,amount"):
        assert mina.get(reverse("opportunities") + query).status_code == 400
    assert mina.get(reverse("opportunities"), {"filter": "amount:over(1)"}).status_code == 422
    assert "777" in said_by(signed_in(cast.saori).get(reverse("opportunities")))
