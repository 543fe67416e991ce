"""Arranging: who is ready stands where calling them is worth most, and stays where calls have taught nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics.reachability import Tally, Week
from tasuki.core.calendars import hours_of_the_house
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring.scores import LeadScore
from tasuki.engage.reach import ReachCell
from tasuki.inside_sales import briefs
from tasuki.inside_sales.call_lists import arranging, reasons, rules
from tasuki.inside_sales.call_lists.arranging import Row
from tests.cast import SET_UP, Cast
from tests.crm.scoring.desk import in_force
from tests.engage.calling import callable_lead
from tests.inside_sales.call_lists.shift import EVENING, MORNING, WEDNESDAY, built, order_of, promised

pytestmark = pytest.mark.django_db

A_WEDNESDAY = WEDNESDAY.isoweekday()


def taught(good: int, *, country: str = "", n: int = 400) -> None:
    """By our calls two of five are reached in one hour of Wednesdays, and one of ten in the others."""
    ReachCell.objects.bulk_create(
        ReachCell(country=country, weekday=A_WEDNESDAY, hour=hour, n=n, n_reached=n * (4 if hour == good else 1) // 10, counted_at=EVENING)
        for hour in range(9, 18)
    )


def ready(cast: Cast, *countries: str) -> list[Lead]:
    """Ready leads in these countries, the most valuable first."""
    rows = [callable_lead(cast, nth, number="", country=country) for nth, country in enumerate(countries, start=1)]
    in_force(cast)
    for nth, lead in enumerate(rows):
        LeadScore.objects.filter(lead=lead).update(rank=-nth)
    return rows


def test_without_calls_the_order_is_that_of_the_expected_value(cast: Cast) -> None:
    rows = ready(cast, "KR", "JP", "KR")
    (made,) = built(cast.ivo)
    assert order_of(made) == [(7, lead.pk) for lead in rows]


def test_few_calls_change_nothing(cast: Cast) -> None:
    taught(11, n=20)
    rows = ready(cast, "KR", "JP", "KR")
    (made,) = built(cast.ivo)
    assert order_of(made) == [(7, lead.pk) for lead in rows]


def test_who_is_reached_best_at_an_hour_stands_where_that_hour_is(cast: Cast) -> None:
    first = rules.slots_of([cast.ivo], day=WEDNESDAY, planned_in_week={})[cast.ivo.pk].begins[0]
    # The good hour in Korea is that of the third and fourth call of the day.
    taught((first + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Seoul")).hour)
    rows = ready(cast, "KR", "GB", "GB", "GB")
    (made,) = built(cast.ivo)
    assert order_of(made) == [(7, rows[1].pk), (7, rows[2].pk), (7, rows[0].pk), (7, rows[3].pk)]
    with translation.override("en"):
        told = reasons.in_words(made.entries.order_by("position"))
    waits = made.entries.get(lead=rows[0])
    assert any("best reached from" in words and "160 of 400 calls" in words for words in told[waits.pk])
    assert not any("best reached" in words for pk, those in told.items() if pk != waits.pk for words in those), "they did not wait"


def test_what_was_promised_keeps_its_place(cast: Cast) -> None:
    first = rules.slots_of([cast.ivo], day=WEDNESDAY, planned_in_week={})[cast.ivo.pk].begins[0]
    taught((first + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Seoul")).hour)
    (one,) = ready(cast, "KR")
    owed = callable_lead(cast, 9, stage=stages.CONNECTED, country="KR", number="", name="")
    promised(cast, owed)
    (made,) = built(cast.ivo)
    assert order_of(made) == [(1, owed.pk), (7, one.pk)]


def test_the_brief_names_the_best_hour_of_the_day_there(cast: Cast) -> None:
    taught(11)
    lead = Lead.objects.for_page().get(pk=ready(cast, "KR")[0].pk)
    with translation.override("en"):
        lines = {str(line.label): line.parts for line in briefs.of(lead, reason="", reader=cast.ivo, at=MORNING).lines}
        assert lines["Reached best"] == ("today from 11:00 to 12:00 there: 160 of 400 calls",)
        ReachCell.objects.all().delete()
        untaught = briefs.of(lead, reason="", reader=cast.ivo, at=MORNING).lines
    assert "Reached best" not in {str(line.label) for line in untaught}


def test_places_begin_with_the_shifts_and_go_on_after_breaks(cast: Cast) -> None:
    rules.set_pace(cast.ivo, minutes_per_lead=45, calendar=None, by=SET_UP, at=EVENING)
    begins = rules.slots_of([cast.ivo], day=WEDNESDAY, planned_in_week={})[cast.ivo.pk].begins
    hours = hours_of_the_house()
    open_at = hours.shifts_on(WEDNESDAY)
    local = [moment.astimezone(hours.zone) for moment in begins]
    assert local[0].hour * 60 + local[0].minute == open_at[0].from_minute
    assert all(later - earlier >= timedelta(minutes=45) for earlier, later in pairwise(begins))
    assert len(begins) == rules.slots_of([cast.ivo], day=WEDNESDAY, planned_in_week={})[cast.ivo.pk].n


A_DAY = st.fixed_dictionaries({
    "shares": st.lists(st.integers(0, 100), min_size=9, max_size=9),
    "n_rows": st.integers(1, 16),
    "n_begins": st.integers(1, 16),
    "fresh_hours": st.sampled_from([0.5, 72.0, 8760.0]),
})  # fmt: skip


@given(A_DAY)
def test_every_place_is_taken_once_and_the_first_to_choose_has_the_best(said: dict[str, Any]) -> None:
    week = Week({(A_WEDNESDAY, 9 + nth): Tally(100, share) for nth, share in enumerate(said["shares"])})
    rows = [Row(nth, 1, 7, nth, [["ready", "2026-03-01"]], ZoneInfo("UTC"), week) for nth in range(1, said["n_rows"] + 1)]
    begins = [datetime(2026, 3, 4, 9, tzinfo=UTC) + timedelta(minutes=30 * nth) for nth in range(said["n_begins"])]
    found = list(arranging.placed(rows, begins=begins, fresh_hours=said["fresh_hours"]))
    assert sorted(one.position for one in found) == [row.position for row in rows]
    assert [one.row for one in found] == rows
    when = [begins[min(one.position, len(begins)) - 1] for one in found]
    worths = [arranging._worth(rows[0], one, since=begins[0], fresh_hours=said["fresh_hours"]) for one in when]
    assert worths[0] == max(worths)
    assert all(len(one.reasons) <= 3 for one in found)
