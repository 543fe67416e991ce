"""The calendar: each row on its day and on no other, in the reader's time zone and week, moved by the verb, and nothing shown that is hidden."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localdate, now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import FieldKind
from tasuki.core.people import User
from tasuki.crm import leads, stages, tasks
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause
from tasuki.web.lists import calendars, counting, page, state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.grouped import Reading
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_custom_fields import made
from tests.web.office import deal_of, lead_of, signed_in
from tests.web.test_grouping import listed
from tests.web.test_lists import ids

pytestmark = pytest.mark.django_db
MARCH = "as=calendar&on=2026-03-15"


def by_day(text: str) -> dict[str, list[int]]:
    """What stands on each day, by the day."""
    parts = re.split(r'<section class="(?:day|undated)[^"]*" data-lane="([^"]+)"', text)[1:]
    return {key: [int(pk) for pk in re.findall(r'data-card="(\d+)"', day)] for key, day in zip(parts[::2], parts[1::2], strict=True)}


def task(cast: Cast, due_on: date | None, *, owner: User | None = None) -> Task:
    return tasks.add(Task(subject=f"By {due_on}", due_on=due_on, owner=owner or cast.ivo), by=By(cast.ivo, Door.WEB), at=MONDAY)


def put(client: Client, noun: str, pk: int, *, group: str = "due", **said: Any) -> Any:
    return client.post(reverse("place", args=[noun, pk]), {"group": group, "next": "/tasks?as=calendar", **said}, headers=said.pop("headers", None))


def drawn(cast: Cast, noun: str, said: str, *, is_large: bool = False) -> calendars.Calendar:
    spec = spec_of(SPECS[noun], cast.ada)
    wanted = state.read_from(QueryDict(said), spec, [])
    rows = page.narrowed(spec, wanted, reader=cast.ada, at=now())
    reading = Reading(wanted, spec, page.order_of(wanted, spec, cast.ada), cast.ada, now(), is_large)
    with mock.patch.object(counting, "COUNTED", -1 if is_large else counting.COUNTED):
        return calendars.calendar(rows, reading)


def test_a_month_is_whole_weeks_with_each_task_on_its_day(cast: Cast) -> None:
    first, last, none, outside = task(cast, date(2026, 3, 1)), task(cast, date(2026, 3, 31)), task(cast, None), task(cast, date(2026, 5, 1))
    text = listed(cast.ivo, f"?{MARCH}", "tasks")
    days = by_day(text)
    assert days["2026-03-01"] == [first.pk]
    assert days["2026-03-31"] == [last.pk]
    assert days["none"] == [none.pk]
    assert outside.pk not in [pk for day in days.values() for pk in day]
    assert "March 2026" in text
    assert next(iter(days)) == "2026-02-23", "a Monday, for a reader of English"
    assert list(days)[-2] == "2026-04-05"


@pytest.mark.parametrize(("language", "first"), [("en", "2026-02-23"), ("ko", "2026-03-01"), ("ja", "2026-03-01")])
def test_the_week_begins_as_people_of_the_language_begin_it(cast: Cast, language: str, first: str) -> None:
    with translation.override(language):
        assert drawn(cast, "task", MARCH).days[0].on == date.fromisoformat(first)
        assert drawn(cast, "task", "as=week&on=2026-03-04").days[0].on == date.fromisoformat("2026-03-02" if language == "en" else "2026-03-01")


def test_today_is_marked_and_the_calendar_turns(cast: Cast) -> None:
    text = listed(cast.ivo, "?as=calendar", "tasks")
    assert re.search(rf'day-today[^>]*data-lane="{localdate()}"', text)
    march = listed(cast.ivo, f"?{MARCH}", "tasks")
    assert "day-today" not in march
    assert 'href="?as=calendar&on=2026-02-28" rel="prev"' in march
    assert 'href="?as=calendar&on=2026-04-01" rel="next"' in march
    week = listed(cast.ivo, "?as=week&on=2026-03-04", "tasks")
    assert len(by_day(week)) == 8
    assert 'href="?as=week&on=2026-03-11" rel="next"' in week


DATES = st.dates(date(2026, 2, 20), date(2026, 4, 10))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dates=st.lists(DATES | st.none(), max_size=12), on=DATES, is_large=st.booleans(), span=st.sampled_from(["calendar", "week"]))
def test_every_task_of_the_days_stands_on_its_own_day(cast: Cast, *, dates: list[date | None], on: date, is_large: bool, span: str) -> None:
    for due_on in dates:
        task(cast, due_on)
    made_of = drawn(cast, "task", f"as={span}&on={on}", is_large=is_large)
    every = Task.objects.visible_to(cast.ada)
    for day in made_of.days:
        there = every.filter(due_on=day.on)
        assert set(day.group.rows) <= set(there)
        assert len(day.group.rows) == min(there.count(), calendars.IN_WEEK if span == "week" else calendars.IN_MONTH)
        assert is_large or day.group.filled.count == there.count()


def test_a_full_day_leads_to_all_of_it(cast: Cast) -> None:
    many = [task(cast, date(2026, 3, 4)).pk for _nth in range(7)]
    text = listed(cast.ivo, f"?{MARCH}", "tasks")
    assert len(by_day(text)["2026-03-04"]) == 3
    more = re.search(r'class="day-more" href="([^"]+)"[^>]*>4 more', text)
    assert more
    assert sorted(ids(listed(cast.ivo, more[1], "tasks"), "tasks")) == sorted(many)


def test_a_moment_stands_on_the_day_it_was_for_the_reader(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.field_sales, owner=cast.saori), by=SET_UP, at=datetime(2026, 3, 4, 23, 30, tzinfo=UTC))
    assert by_day(listed(cast.ada, f"?{MARCH}"))["2026-03-04"] == [lead.pk]
    assert by_day(listed(cast.saori, f"?{MARCH}"))["2026-03-05"] == [lead.pk]
    assert "draggable" not in listed(cast.ada, f"?{MARCH}"), "what has happened is not moved"


def test_a_task_is_moved_to_another_day_and_back(cast: Cast) -> None:
    one, ivo = task(cast, date(2026, 3, 4)), signed_in(cast.ivo)
    assert put(ivo, "task", one.pk, to="2026-03-11", was="2026-03-04").status_code == 302
    one.refresh_from_db()
    assert one.due_on == date(2026, 3, 11)
    text = html.unescape(ivo.get("/tasks?as=calendar").content.decode())
    undo = re.search(r'action="(/task/\d+/place[^"]+)"', text.split('id="toasts"')[1])
    assert undo
    ivo.post(undo[1], {"next": "/tasks"})
    one.refresh_from_db()
    assert one.due_on == date(2026, 3, 4)
    assert put(ivo, "task", one.pk, to="none", was="2026-03-04").status_code == 302
    assert put(ivo, "task", one.pk, to="2026-03-05", was="none").status_code == 302


def test_the_second_of_two_who_move_it_is_told(cast: Cast) -> None:
    one = task(cast, date(2026, 3, 4))
    put(signed_in(cast.ivo), "task", one.pk, to="2026-03-11", was="2026-03-04")
    answer = put(signed_in(cast.ruth), "task", one.pk, to="2026-03-12", was="2026-03-04", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "Somebody has moved it meanwhile" in html.unescape(answer.content.decode())
    one.refresh_from_db()
    assert one.due_on == date(2026, 3, 11)


def test_the_close_date_of_a_deal_is_moved_and_nothing_else_of_it(cast: Cast) -> None:
    deal = opportunities.change(deal_of(cast), said={"money": None, "close_on": date(2026, 3, 4)}, by=SET_UP, at=MONDAY)
    saori = signed_in(cast.saori)
    assert by_day(saori.get(f"/opportunities?{MARCH}").content.decode())["2026-03-04"] == [deal.pk]
    assert put(saori, "opportunity", deal.pk, group="close", to="2026-03-31", was="2026-03-04").status_code == 302
    deal.refresh_from_db()
    assert (deal.close_on, deal.name) == (date(2026, 3, 31), "Night session")
    opportunities.lose(deal, because=LostBecause.NO_DECISION, by=SET_UP, at=MONDAY + timedelta(days=9))
    answer = put(saori, "opportunity", deal.pk, group="close", to="2026-04-01", headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "toast-error" in answer.content.decode()
    deal.refresh_from_db()
    assert deal.close_on == date(2026, 3, 31)


def test_amounts_stand_on_no_day_for_whom_they_are_hidden_from(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.change(deal, said={"name": "Deal", "close_on": date(2026, 3, 4)}, by=SET_UP, at=MONDAY)
    assert "₩777K" in listed(cast.ada, f"?{MARCH}", "opportunities")
    hidden = listed(cast.mina, f"?{MARCH}", "opportunities")
    assert by_day(hidden)["2026-03-04"] == [deal.pk]
    assert "₩" not in hidden


def test_a_custom_day_has_a_calendar_and_is_moved(cast: Cast) -> None:
    field = made(FieldKind.DATE)
    account = lead_of(cast).account
    assert account
    writing.write(account, said={field.pk: date(2026, 3, 4)}, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    assert by_day(ivo.get(f"/accounts?{MARCH}").content.decode())["2026-03-04"] == [account.pk]
    assert put(ivo, "account", account.pk, group=field.key, to="2026-03-09", was="2026-03-04").status_code == 302
    account.refresh_from_db()
    assert account.custom == {field.slot: "2026-03-09"}


def test_without_script_a_day_is_chosen_on_a_page(cast: Cast) -> None:
    one = task(cast, date(2026, 3, 4))
    text = signed_in(cast.ivo).get(reverse("place", args=["task", one.pk]), {"group": "due", "next": "/tasks?as=calendar"}).content.decode()
    assert 'type="date" name="to" required value="2026-03-04"' in text
    assert 'name="next" value="/tasks?as=calendar"' in text


def test_only_who_may_and_sees_it_moves_it(cast: Cast) -> None:
    one = task(cast, date(2026, 3, 4))
    for person, status in ((cast.saori, 404), (cast.tomas, 403), (hired("obi", "Obi", "Ana", role=Role.OBSERVER), 403)):
        assert put(signed_in(person), "task", one.pk, to="2026-03-05").status_code == status
    assert signed_in(cast.tomas).get(f"/tasks?{MARCH}").status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "/tasks?as=calendar&on=tomorrow",
        "/tasks?as=calendar&on=0001-01-01",
        "/tasks?as=calendar&on=9999-12-31",
        "/tasks?as=week&on=2026-02-30",
        "/tasks?as=calendar&group=owner",
        "/products?as=calendar",
    ],
)
def test_no_calendar_of_what_is_no_day(cast: Cast, query: str) -> None:
    answer = signed_in(cast.ada).get(query)
    assert answer.status_code == 400
    assert "<h1" in answer.content.decode()


@pytest.mark.parametrize("to", ["2026-02-30", "20260301T10", "-1", "9" * 70, "' OR 1=1 --"])
def test_no_day_of_that_name(cast: Cast, to: str) -> None:
    assert put(signed_in(cast.ivo), "task", task(cast, date(2026, 3, 4)).pk, to=to).status_code == 400


def test_a_calendar_costs_as_much_for_two_rows_as_for_twelve_and_for_three_days_as_for_twelve(cast: Cast) -> None:
    def cost() -> int:
        client = signed_in(cast.ada)
        client.get(f"/tasks?{MARCH}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/tasks?{MARCH}")
        return len(queries)

    for nth in range(3):
        task(cast, date(2026, 3, 1 + nth % 2))
    few = cost()
    for nth in range(12):
        task(cast, date(2026, 3, 3 + nth))
    assert cost() == few


def test_a_saved_view_is_a_calendar(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    said = {"of": "task", "name": "My month", "reach": "mine", "filter": "", "sort": "due", "columns": "subject", "rendering": "calendar", "grouping": "due"}
    address = ivo.post(reverse("view_add"), {**said, "next": "/tasks"})["Location"]
    one = task(cast, date(2026, 3, 4))
    assert by_day(ivo.get(f"{address}&on=2026-03-01").content.decode())["2026-03-04"] == [one.pk]


def test_leads_have_the_hue_of_their_leg(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.WORKING)
    assert isinstance(lead, Lead)
    assert re.search(rf'data-card="{lead.pk}" data-leg="inside_sales"', listed(cast.ada, f"?{MARCH}"))
