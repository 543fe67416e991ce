"""The lists of a team at a moment: what is confirmed and worked, and who needs help with what, the most pressing first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasuki.core import absences, calendars
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import tasks
from tasuki.crm.leads import Lead
from tasuki.engage.next_calls import NextCall
from tasuki.inside_sales.call_lists import lists, rules, team_day
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.call_lists.team_day import Line, Need
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.call_lists.shift import EVENING, WEDNESDAY, built, lead, promised

pytestmark = pytest.mark.django_db

# The house works from 9 to 18: nine hours.
NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)


def listed(cast: Cast, n: int = 4) -> CallList:
    """Ivo's list of Wednesday, confirmed by him in the evening."""
    for _ in range(n):
        lead(cast)
    (made,) = built(cast.ivo)
    return lists.freeze(made, by=By(cast.ivo, Door.WEB), at=EVENING)


def entry(made: CallList, place: int) -> CallListEntry:
    return made.entries.filter(inserted_at__isnull=True).order_by("position")[place - 1]


def worked(made: CallList, place: int, *, at: datetime) -> None:
    lists.work(entry(made, place).lead_id, by=By(made.owner, Door.WEB), at=at)


def line(person: User, *, at: datetime) -> Line:
    (found,) = team_day.lines([person], at=at)
    return found


def needs(person: User, *, at: datetime) -> list[Need]:
    return [one.need for one in line(person, at=at).findings]


def test_a_line_counts_what_was_planned_worked_skipped_and_came_late(cast: Cast) -> None:
    made = listed(cast, n=5)
    late = lists.insert(lead(cast), why=[["raised", NINE.isoformat(), ""]], by=SET_UP, at=NINE)
    worked(made, 2, at=NINE + timedelta(minutes=10))
    worked(made, 1, at=NINE + timedelta(minutes=20))
    worked(made, 3, at=NINE + timedelta(minutes=30))
    lists.work(late[0].lead_id, by=By(cast.ivo, Door.WEB), at=NINE + timedelta(minutes=35))
    lists.skip(entry(made, 4), reason="on leave", by=By(cast.ivo, Door.WEB), at=NINE + timedelta(minutes=40))
    stand = line(cast.ivo, at=NINE + timedelta(minutes=45)).now
    assert stand is not None
    assert (stand.n_planned, stand.n_worked, stand.n_skipped, stand.n_left) == (5, 3, 1, 1)
    assert (stand.n_late, stand.n_late_worked, stand.n_late_waiting) == (1, 1, 0)
    # Of the pairs 1-2, 1-3 and 2-3, the first was worked the other way round.
    assert (stand.n_in_order, stand.n_pairs) == (2, 3)
    assert stand.call_list.frozen_by == cast.ivo


def test_whose_list_is_confirmed_and_moves_needs_nothing(cast: Cast) -> None:
    made = listed(cast)
    assert needs(cast.ivo, at=NINE) == []
    worked(made, 1, at=NINE + timedelta(minutes=20))
    assert needs(cast.ivo, at=NINE + timedelta(hours=1)) == []


def test_a_list_that_the_clock_froze_or_that_is_open_is_confirmed_by_nobody(cast: Cast) -> None:
    lead(cast)
    (made,) = built(cast.ivo)
    assert needs(cast.ivo, at=NINE) == [Need.UNCONFIRMED]
    lists.freeze(made, by=SET_UP, at=NINE)
    assert needs(cast.ivo, at=NINE) == [Need.UNCONFIRMED]


def test_two_working_hours_without_a_call_are_too_long(cast: Cast) -> None:
    made = listed(cast)
    worked(made, 1, at=NINE + timedelta(hours=2))
    worked(made, 2, at=NINE + timedelta(hours=2, minutes=1))
    assert needs(cast.ivo, at=NINE + timedelta(hours=4)) == []
    found = line(cast.ivo, at=NINE + timedelta(hours=4, minutes=1)).findings
    assert [(one.need, one.n, one.lasted) for one in found] == [(Need.STUCK, 2, timedelta(hours=2))]


def test_the_hours_are_those_of_the_person_and_a_pause_is_none_of_them(cast: Cast) -> None:
    listed(cast)
    week = {2: calendars.read_hours("10-11, 13-18")}
    hours = calendars.add("Afternoons", time_zone="UTC", country="", week=week, by=SET_UP, at=EVENING)
    rules.set_pace(cast.ivo, minutes_per_lead=None, calendar=hours, by=SET_UP, at=EVENING)
    # At two the hour from ten and the one from one are over: two of six. At noon it was one.
    at_noon, at_two = (line(cast.ivo, at=NINE + timedelta(hours=n)) for n in (3, 5))
    assert (at_noon.passed, at_noon.idle) == (1 / 6, timedelta(hours=1))
    assert (at_two.passed, at_two.idle) == (1 / 3, timedelta(hours=2))


def test_who_has_done_less_than_half_of_what_the_hours_allow_is_behind(cast: Cast) -> None:
    made = listed(cast)
    worked(made, 1, at=NINE + timedelta(hours=6))
    # At 15:30 six and a half hours of nine are over: 72 %, of four 2.9, of which half is 1.4.
    (found,) = line(cast.ivo, at=NINE + timedelta(hours=6, minutes=30)).findings
    assert (found.need, found.n, found.of, round(found.share, 4)) == (Need.BEHIND, 1, 4, 0.7222)
    worked(made, 2, at=NINE + timedelta(hours=6, minutes=20))
    assert needs(cast.ivo, at=NINE + timedelta(hours=6, minutes=30)) == []


def test_a_hand_raised_an_hour_ago_that_nobody_called_comes_before_the_plan(cast: Cast) -> None:
    made = listed(cast)
    lists.insert(lead(cast), why=[["raised", NINE.isoformat(), ""]], by=SET_UP, at=NINE)
    worked(made, 1, at=NINE + timedelta(minutes=30))
    assert needs(cast.ivo, at=NINE + timedelta(minutes=59)) == []
    (found,) = line(cast.ivo, at=NINE + timedelta(minutes=60)).findings
    assert (found.need, found.n, found.since) == (Need.WAITING, 1, NINE)


def call_back(cast: Cast, *, due_on: date = WEDNESDAY, at: datetime | None = None, zone: str = "UTC") -> Lead:
    """Promised for a day, or for a moment."""
    of = lead(cast)
    task = promised(cast, of, due_on=due_on)
    if at:
        NextCall.objects.create(lead=of, due_at=at, is_promised=True, zone=zone, task=task)
    return of


def test_a_call_promised_for_a_time_is_overdue_from_that_time_and_one_for_a_day_from_the_next(cast: Cast) -> None:
    call_back(cast, at=NINE + timedelta(hours=1))
    call_back(cast)
    assert line(cast.ivo, at=NINE + timedelta(minutes=59)).n_overdue == 0
    assert line(cast.ivo, at=NINE + timedelta(hours=1)).n_overdue == 1
    assert line(cast.ivo, at=NINE + timedelta(days=1)).n_overdue == 2
    tasks.finish(tasks.Task.objects.order_by("pk")[0], by=By(cast.ivo, Door.WEB), at=NINE)
    assert line(cast.ivo, at=NINE + timedelta(days=1)).n_overdue == 1


def test_a_time_there_counts_and_one_that_was_put_off_does_not(cast: Cast) -> None:
    seoul = datetime(2026, 3, 5, 1, tzinfo=ZoneInfo("Asia/Seoul"))
    call_back(cast, due_on=date(2026, 3, 5), at=seoul, zone="Asia/Seoul")
    call_back(cast, due_on=date(2026, 3, 6), at=NINE)
    # One o'clock of Thursday in Seoul is four in the afternoon of Wednesday here.
    assert line(cast.ivo, at=datetime(2026, 3, 4, 15, 59, tzinfo=UTC)).n_overdue == 0
    assert line(cast.ivo, at=datetime(2026, 3, 4, 16, tzinfo=UTC)).n_overdue == 1


def test_without_a_list_on_a_working_day_somebody_needs_one_and_not_on_a_sunday_or_on_leave(cast: Cast) -> None:
    assert needs(cast.ivo, at=NINE) == [Need.NO_LIST]
    assert needs(cast.ivo, at=datetime(2026, 3, 8, 10, tzinfo=UTC)) == []
    absences.mark(cast.ivo, first_on=WEDNESDAY, last_on=WEDNESDAY, by=By(cast.ruth, Door.WEB), at=EVENING)
    assert needs(cast.ivo, at=NINE) == []
    assert line(cast.ivo, at=NINE).is_away


def test_in_the_evening_the_next_list_is_to_be_there_and_confirmed(cast: Cast) -> None:
    lead(cast)
    lead(cast)
    before = EVENING - timedelta(minutes=1)
    assert Need.NONE_NEXT not in needs(cast.ivo, at=before)
    assert Need.NONE_NEXT in needs(cast.ivo, at=EVENING)
    (made,) = built(cast.ivo)
    found = line(cast.ivo, at=EVENING)
    assert (found.findings[-1].need, found.findings[-1].n) == (Need.OPEN_NEXT, 2)
    assert found.next_day == WEDNESDAY
    lists.freeze(made, by=By(cast.ivo, Door.WEB), at=EVENING)
    assert Need.OPEN_NEXT not in needs(cast.ivo, at=EVENING)


def test_who_needs_help_most_stands_first_and_others_by_name(cast: Cast) -> None:
    listed(cast)
    jun, bea, cem = (hired(one.lower(), one, one, role=Role.INSIDE_SELLER, team=cast.inside_sales) for one in ("Jun", "Bea", "Cem"))
    for person in (bea, cem):
        of = lead(cast, owner=person)
        lists.freeze(built(person)[0], by=By(person, Door.WEB), at=EVENING)
        if person == cem:
            promised(cast, of, due_on=date(2026, 3, 3), owner=cem)
    found = team_day.lines([bea, cast.ivo, jun, cem], at=NINE)
    assert [(one.person, [each.need for each in one.findings]) for one in found] == [
        (cem, [Need.CALL_BACKS]), (jun, [Need.NO_LIST]), (bea, []), (cast.ivo, []),
    ]  # fmt: skip
