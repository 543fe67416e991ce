"""The board: each card in one lane, moved by the verb that means it, refused with its sentence, and nothing shown that is hidden."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate, now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core import calendars
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.crm import leads, requirements, stages, tasks
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tasuki.web.lists import filling, lanes, page, renderings, state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import key_of, made
from tests.relay.handing import offered
from tests.web.office import deal_of, lead_of, signed_in
from tests.web.test_grouping import LEAD, listed, some_business
from tests.web.test_lists import ids

pytestmark = pytest.mark.django_db


def by_lane(text: str) -> dict[str, list[int]]:
    """The cards of each lane that is drawn, by its key."""
    parts = re.split(r'<section class="lane[^"]*" data-lane="([^"]+)"', text)[1:]
    return {key: [int(pk) for pk in re.findall(r'data-card="(\d+)"', lane)] for key, lane in zip(parts[::2], parts[1::2], strict=True)}


def put(client: Client, noun: str, pk: int, *, group: str = "stage", **said: Any) -> Any:
    return client.post(reverse("place", args=[noun, pk]), {"group": group, "next": "/leads?as=board", **said})


def fragment(client: Client, noun: str, pk: int, **said: Any) -> Any:
    """What a card's element sends, and is answered."""
    return client.post(reverse("place", args=[noun, pk]), {"group": "stage", "next": "/leads?as=board", **said}, headers={"HX-Request": "true"})


def stage_of(lead: Lead) -> str | None:
    lead.refresh_from_db()
    return lead.stage_id


def told(client: Client) -> str:
    """What the next page tells."""
    return html.unescape(client.get("/leads?as=board").content.decode()).split('id="toasts"')[1]


def refuse_unless_parted(cast: Cast, noun: str, said: str) -> None:
    """The lanes hold each row of the list once, and no other."""
    spec = spec_of(SPECS[noun], cast.ada)
    for field in renderings.groupings(spec, renderings.BOARD):
        wanted = state.read_from(QueryDict(f"{said}&as=board&group={field.key}"), spec, [])
        rows = page.narrowed(spec, wanted, reader=cast.ada, at=now())
        for is_large in (False, True):
            asked = filling.Asked(rows, page.order_of(wanted, spec, cast.ada), spec.fields, page.asker(cast.ada, at=now()), is_large)
            found = filling.filled(asked, lanes.lanes(field, rows, reader=cast.ada, at=now(), asked=wanted.filter), first=1000)
            standing = [row.pk for group in found for row in group.rows]
            assert sorted(standing) == sorted(rows.values_list("pk", flat=True))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(LEAD, max_size=10),
    asked=st.sampled_from(["", "state:is(open)", "owner:filled", "stage:is(ready, booked)"]),
    sort=st.sampled_from(["opened", "-source"]),
)
def test_lanes_part_any_list_of_leads(cast: Cast, *, rows: list[Any], asked: str, sort: str) -> None:
    for stage, source, owner, days in rows:
        lead = leads.capture(
            Arrival(team=cast.marketing, owner=getattr(cast, owner) if owner else None, source=source),
            by=SET_UP,
            at=now() - timedelta(days=days + 1),
            stage=stage,
        )
        if days % 5 == 0:
            leads.disqualify(lead, reason="a student", by=SET_UP, at=now())
    refuse_unless_parted(cast, "lead", f"view=all&filter={asked}&sort={sort}")


@pytest.mark.parametrize("noun", ["opportunity", "task", "account"])
def test_lanes_part_every_other_list(cast: Cast, noun: str) -> None:
    some_business(cast)
    made(FieldKind.CHOICE, choices=("Gold", "Iron"))
    refuse_unless_parted(cast, noun, "filter=")


def test_a_board_shows_the_lanes_of_the_relay_with_counts_and_definitions(cast: Cast) -> None:
    ready, working = lead_of(cast, 1, stage=stages.READY), lead_of(cast, 2)
    text = listed(cast.ada, "?as=board")
    shown = by_lane(text)
    assert shown[stages.READY] == [ready.pk]
    assert shown[stages.WORKING] == [working.pk]
    assert list(shown)[:6] == list(stages.BEFORE_SALES)
    assert list(shown)[-3:] == ["recycled", "lost", "disqualified"]
    assert "To move on:" in text
    assert 'aria-current="true">Board' in text


def test_sums_by_currency_leave_p1_out_and_amounts_are_hidden_from_whom_they_are(cast: Cast) -> None:
    some_business(cast)
    first, second = Opportunity.objects.visible_to(cast.ada).open().order_by("pk")
    opportunities.advance(first, to=stages.P2, by=SET_UP, at=MONDAY + timedelta(days=5))
    text = listed(cast.ada, "?as=board", "opportunities")
    line = re.search(r'<p class="board-line">(.*?)</p>', text, re.S)
    assert line
    assert "₩1K" in line[1]
    assert "$" not in line[1], "P1 is no part of the pipeline"
    assert "not in the pipeline" in text
    hidden = listed(cast.mina, "?as=board", "opportunities")
    assert by_lane(hidden)[stages.P1] == [second.pk]
    assert not re.search(r"₩|\$20|\b1K\b|board-line", hidden)


@pytest.mark.parametrize(
    "query", ["/products?as=board", "/leads?as=board&group=source", "/leads?as=board&lane=nowhere", "/leads?as=board&lane=ready&after=forged"]
)
def test_no_board_of_what_nobody_moves(cast: Cast, query: str) -> None:
    assert signed_in(cast.ada).get(query).status_code == 400


def test_a_lane_goes_on_where_it_ended(cast: Cast) -> None:
    many = [lead_of(cast, nth).pk for nth in range(27)]
    text = listed(cast.ivo, "?as=board")
    first = by_lane(text)[stages.WORKING]
    assert len(first) == 20
    more = re.search(r'class="lane-more" href="([^"]+)"[^>]*>7 more', text)
    assert more
    rest = by_lane(listed(cast.ivo, html.unescape(more[1])))
    assert list(rest) == [stages.WORKING]
    assert sorted(first + rest[stages.WORKING]) == sorted(many)


def test_a_card_is_moved_by_the_verb_and_the_sentence_says_that_there_is_no_way_back(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    answer = put(ivo, "lead", lead.pk, to=stages.CONNECTED, was=stages.WORKING)
    assert (answer.status_code, answer["Location"]) == (302, "/leads?as=board")
    assert stage_of(lead) == stages.CONNECTED
    assert [passage.stage_id for passage in leads.chain(lead)] == [stages.WORKING, stages.CONNECTED]
    said = told(ivo)
    assert "to send it back, recycle it" in said
    assert "Undo" not in said


def test_a_card_does_not_go_back_and_the_refusal_is_told(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    answer = fragment(ivo, "lead", lead.pk, to=stages.READY, was=stages.WORKING)
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#toasts")
    assert "only moves forward" in answer.content.decode()
    assert stage_of(lead) == stages.WORKING


def test_the_second_of_two_who_move_the_same_card_is_told(cast: Cast) -> None:
    lead = lead_of(cast)
    put(signed_in(cast.ivo), "lead", lead.pk, to=stages.CONNECTED, was=stages.WORKING)
    answer = fragment(signed_in(cast.ruth), "lead", lead.pk, to=stages.BOOKED, was=stages.WORKING)
    assert answer.status_code == 409
    assert "Somebody has moved it meanwhile: it is in “Connected” now." in html.unescape(answer.content.decode())
    assert stage_of(lead) == stages.CONNECTED


def test_what_must_be_known_for_a_stage_is_told_and_the_card_stays(cast: Cast) -> None:
    field = made(FieldKind.TEXT, "Why now", noun=FieldNoun.LEAD)
    requirements.require_from(field, stage=stages.BOOKED, by=SET_UP, at=MONDAY)
    lead = lead_of(cast)
    answer = fragment(signed_in(cast.ivo), "lead", lead.pk, to=stages.BOOKED, was=stages.WORKING)
    assert answer.status_code == 422
    assert "Why now" in answer.content.decode()
    assert stage_of(lead) == stages.WORKING


@pytest.mark.parametrize("to", ["recycled", "lost", "disqualified"])
def test_a_way_out_asks_for_its_reason_first(cast: Cast, to: str) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    asked = ivo.get(reverse("place", args=["lead", lead.pk]), {"group": "stage", "to": to, "next": "/leads?as=board"})
    assert asked.status_code == 200
    assert 'name="because"' in asked.content.decode()
    assert put(ivo, "lead", lead.pk, to=to).status_code == 422, "without a reason"
    assert stage_of(lead) == stages.WORKING
    said = {"because": {"lost": "no_decision", "recycled": "no_budget", "disqualified": "student"}[to]}
    assert put(ivo, "lead", lead.pk, to=to, was=stages.WORKING, **said).status_code == 302
    lead.refresh_from_db()
    assert (lead.stage_id, lead.ended_as) == (None, to)


def test_a_recycled_lead_needs_a_wake_rule_here_too(cast: Cast) -> None:
    lead = lead_of(cast)
    answer = fragment(signed_in(cast.ivo), "lead", lead.pk, to="recycled", because="no_budget", wakes="day")
    assert answer.status_code == 422
    assert "HX-Retarget" not in answer, "the form says it"
    assert "This field is required." in html.unescape(answer.content.decode())
    assert fragment(signed_in(cast.ivo), "lead", lead.pk, to="recycled").status_code == 422, "nor without a reason"


def test_sales_accepts_a_lead_into_p1_and_carries_the_deal_on_from_either_board(cast: Cast) -> None:
    lead, saori = offered(cast).lead, signed_in(hired("both", "Both", "Bo", role=Role.MANAGER, team=cast.revenue))
    not_offered = lead_of(cast, 2, stage=stages.BOOKED)
    assert fragment(saori, "lead", not_offered.pk, to=stages.P1, name="x").status_code == 422, "inside sales hands it off first"
    assert fragment(saori, "lead", lead.pk, to=stages.P2).status_code == 422, "there is no deal yet"
    assert put(saori, "lead", lead.pk, to=stages.P1, name="Night session", amount="5", currency="KRW").status_code == 302
    deal = Opportunity.objects.visible_to(cast.ada).get()
    assert put(saori, "lead", lead.pk, to=stages.P2, was=stages.P1).status_code == 302
    assert put(saori, "opportunity", deal.pk, to=stages.P3, was=stages.P2).status_code == 302
    assert fragment(saori, "lead", lead.pk, to="lost", because="no_decision").status_code == 422, "it has a deal"
    assert put(saori, "opportunity", deal.pk, to="won").status_code == 302
    assert stage_of(lead) == stages.ONBOARDING
    assert put(saori, "lead", lead.pk, to=stages.LIVE).status_code == 302


def test_a_deal_is_lost_to_somebody(cast: Cast) -> None:
    deal, saori = deal_of(cast), signed_in(cast.saori)
    assert put(saori, "opportunity", deal.pk, to="lost", because="competitor").status_code == 422
    assert put(saori, "opportunity", deal.pk, to="lost", because="competitor", lost_to="Corvane").status_code == 302
    deal.refresh_from_db()
    assert deal.lost_to == "Corvane"
    assert fragment(saori, "opportunity", deal.pk, to=stages.P2).status_code == 422, "it is over"


def test_a_task_is_put_off_and_that_can_be_taken_back(cast: Cast) -> None:
    today = localdate()
    task = tasks.add(Task(subject="Call back", due_on=today - timedelta(days=2), owner=cast.ivo), by=By(cast.ivo, Door.WEB), at=MONDAY)
    ivo = signed_in(cast.ivo)
    assert by_lane(listed(cast.ivo, "?as=board", "tasks"))["overdue"] == [task.pk]
    assert put(ivo, "task", task.pk, group="due", to="today", was="overdue").status_code == 302
    undo = re.search(r'action="(/task/\d+/place[^"]+)"', told(ivo))
    assert undo
    task.refresh_from_db()
    assert task.due_on == today
    assert ivo.post(undo[1], {"next": "/tasks?as=board"}).status_code == 302
    task.refresh_from_db()
    assert task.due_on == today - timedelta(days=2)
    by = By(cast.ada, Door.WEB)
    thursdays = calendars.add("Thursdays", time_zone="Asia/Seoul", country="", week={3: calendars.read_hours("9-12")}, by=by, at=MONDAY)
    calendars.make_default(thursdays, by=by, at=MONDAY)
    thursday = today + timedelta(days=10 - today.weekday())
    for to, days in (("week", {today + timedelta(days=n) for n in range(7)}), ("later", {thursday}), ("none", {None})):
        assert put(ivo, "task", task.pk, group="due", to=to).status_code == 302
        task.refresh_from_db()
        assert task.due_on in days, to
    assert put(ivo, "task", task.pk, group="due", to="overdue").status_code == 400


def test_a_move_is_not_taken_back_over_what_somebody_did_since(cast: Cast) -> None:
    task = tasks.add(Task(subject="Call back", due_on=localdate() - timedelta(days=2), owner=cast.ivo), by=By(cast.ivo, Door.WEB), at=MONDAY)
    field = made(FieldKind.CHOICE, choices=("Gold", "Iron"))
    account = lead_of(cast).account
    assert account
    gold, iron = key_of(field, "Gold"), key_of(field, "Iron")
    ivo, ruth = signed_in(cast.ivo), signed_in(cast.ruth)
    for record, group, to, theirs in ((task, "due", "today", "later"), (account, field.key, gold, iron)):
        put(ivo, record.noun, record.pk, group=group, to=to)
        undo = re.search(rf'action="(/{record.noun}/\d+/place[^"]+)"', told(ivo))
        assert undo
        put(ruth, record.noun, record.pk, group=group, to=theirs)
        record.refresh_from_db()
        stood = (task.due_on, account.custom)
        assert ivo.post(undo[1], {"next": "/tasks?as=board"}, headers={"HX-Request": "true"}).status_code == 409
        record.refresh_from_db()
        assert (task.due_on, account.custom) == stood
    assert account.custom == {field.slot: iron}


def test_a_choice_of_a_custom_field_is_made_by_moving_and_unmade(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, choices=("Gold", "Iron"))
    account = lead_of(cast).account
    assert account
    gold = key_of(field, "Gold")
    writing.write(account, said={field.pk: gold}, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    assert by_lane(listed(cast.ivo, "?as=board", "accounts"))[gold] == [account.pk]
    assert put(ivo, "account", account.pk, group=field.key, to="none", was=gold).status_code == 302
    account.refresh_from_db()
    assert account.custom == {}
    assert put(ivo, "account", account.pk, group=field.key, to="999999").status_code == 400


def test_only_who_may_and_sees_it_moves_a_card(cast: Cast) -> None:
    lead = lead_of(cast)
    observer = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    assert put(observer, "lead", lead.pk, to=stages.CONNECTED).status_code == 403
    assert 'draggable="true"' not in observer.get("/leads?as=board").content.decode()
    assert put(signed_in(cast.saori), "lead", lead.pk, to=stages.CONNECTED).status_code == 404, "Saori does not see it"
    assert put(signed_in(cast.tomas), "lead", lead.pk, to=stages.CONNECTED).status_code == 403
    assert stage_of(lead) == stages.WORKING


@pytest.mark.parametrize(
    ("noun", "said", "status"),
    [
        ("lead", {"group": "stage", "to": "nowhere"}, 400),
        ("lead", {"group": "stage", "to": ""}, 400),
        ("lead", {"group": "owner", "to": "1"}, 400),
        ("lead", {"group": "stage", "to": "connected' OR 1=1 --"}, 400),
        ("product", {"group": "stage", "to": "ready"}, 400),
        ("password", {"group": "stage", "to": "ready"}, 404),
        ("lead", {"group": "stage", "to": "connected", "next": "https://evil.example/"}, 302),
    ],
)
def test_hostile_moves_are_refused_with_a_sentence(cast: Cast, *, noun: str, said: dict[str, str], status: int) -> None:
    lead = lead_of(cast)
    answer = signed_in(cast.ivo).post(reverse("place", args=[noun, lead.pk]), said)
    assert answer.status_code == status
    if status == 302:
        assert answer["Location"] == "/leads"


def test_a_board_costs_as_much_for_two_cards_as_for_twelve_and_for_three_lanes_as_for_six(cast: Cast) -> None:
    def cost(query: str) -> int:
        client = signed_in(cast.ada)
        client.get(query)
        with CaptureQueriesContext(connection) as queries:
            client.get(query)
        return len(queries)

    for nth in range(2):
        lead_of(cast, nth, stage=stages.BEFORE_SALES[nth])
    few = cost("/leads?as=board")
    for nth in range(12):
        lead_of(cast, 10 + nth, stage=stages.BEFORE_SALES[nth % 6])
    assert cost("/leads?as=board") == few


def test_a_saved_view_is_a_board(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    said = {"of": "lead", "name": "My board", "reach": "mine", "filter": "", "sort": "-opened", "columns": "person", "rendering": "board", "grouping": ""}
    address = ivo.post(reverse("view_add"), {**said, "next": "/leads"})["Location"]
    assert by_lane(ivo.get(address).content.decode())[stages.WORKING] == [lead.pk]
    assert ids(ivo.get(f"{address}&as=table").content.decode()) == [lead.pk]
    assert "<card-lanes" not in ivo.get(f"{address}&as=table").content.decode()
