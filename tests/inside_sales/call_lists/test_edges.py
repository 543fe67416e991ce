"""The day of a list is a day of its owner: by the second, over changes of the clock, for people of many zones in one build."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasuki.core import calendars
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar
from tasuki.core.people import User
from tasuki.core.working_time import Shift
from tasuki.crm import stages
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.tasks import Task
from tasuki.engage import meetings
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meetings import Plan
from tasuki.engage.next_calls import NextCall
from tasuki.engage.sequences.enrolments import Enrolment
from tasuki.inside_sales import call_desk
from tasuki.inside_sales.call_lists import reasons, rules
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList
from tasuki.relay.clocks import Clock
from tests.cast import SET_UP, Cast, hired
from tests.engage.calling import callable_lead, type_of
from tests.engage.sequences.writing import CALL, enrolled, person, sequence_of
from tests.inside_sales.call_lists.shift import EVENING, WEDNESDAY, built, lead, order_of

pytestmark = pytest.mark.django_db

LOS_ANGELES, AUCKLAND, SEOUL = "America/Los_Angeles", "Pacific/Auckland", "Asia/Seoul"
SECOND = timedelta(seconds=1)
# (zone, day, when it begins, when it is over); two days of 23 hours, and one of 25 for each that has such.
DAYS = [
    (LOS_ANGELES, date(2026, 3, 4), datetime(2026, 3, 4, 8, tzinfo=UTC), datetime(2026, 3, 5, 8, tzinfo=UTC)),
    (LOS_ANGELES, date(2026, 3, 8), datetime(2026, 3, 8, 8, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
    (LOS_ANGELES, date(2026, 11, 1), datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
    (AUCKLAND, date(2026, 3, 4), datetime(2026, 3, 3, 11, tzinfo=UTC), datetime(2026, 3, 4, 11, tzinfo=UTC)),
    (AUCKLAND, date(2026, 4, 5), datetime(2026, 4, 4, 11, tzinfo=UTC), datetime(2026, 4, 5, 12, tzinfo=UTC)),
    (AUCKLAND, date(2026, 9, 27), datetime(2026, 9, 26, 12, tzinfo=UTC), datetime(2026, 9, 27, 11, tzinfo=UTC)),
    (SEOUL, date(2026, 3, 4), datetime(2026, 3, 3, 15, tzinfo=UTC), datetime(2026, 3, 4, 15, tzinfo=UTC)),
]


def moved(user: User, zone: str) -> User:
    type(user).objects.filter(pk=user.pk).update(time_zone=zone)
    user.refresh_from_db()
    return user


def always_open() -> Calendar:
    """The clocks are changed on Sundays."""
    return calendars.add("Always", time_zone="UTC", country="", week=dict.fromkeys(range(7), (Shift(540, 1080),)), by=SET_UP, at=EVENING)


def again(of: Lead, at: datetime) -> None:
    NextCall.objects.create(lead=of, due_at=at, zone="UTC")


@pytest.mark.parametrize(("zone", "day", "begins", "ends"), DAYS)
def test_what_is_due_by_the_last_second_of_the_sellers_day_is_on_the_list_and_nothing_of_the_next(
    cast: Cast, *, zone: str, day: date, begins: datetime, ends: datetime
) -> None:
    rules.set_pace(moved(cast.ivo, zone), minutes_per_lead=5, calendar=always_open(), by=SET_UP, at=EVENING)
    wanted = set()
    step = sequence_of(CALL)
    for nth, due_at in enumerate((begins, ends - SECOND, ends), start=1):
        tried, called, owed = lead(cast, stage=stages.BOOKED), person(cast, nth, stage=stages.WORKING), lead(cast)
        again(tried, due_at)
        enrolled(cast, called, step)
        Enrolment.objects.filter(lead=called).update(due_at=due_at)
        assert Clock.objects.filter(lead=owed).update(due_at=due_at) == 1
        wanted |= {(5, tried.pk), (5, called.pk), (3, owed.pk)} if due_at < ends else set()
    Clock.objects.filter(lead__in=Enrolment.objects.values("lead")).delete()
    (made,) = built(cast.ivo, day=day, at=begins - 7 * timedelta(hours=1))
    assert {(bucket, pk) for bucket, pk in order_of(made) if bucket <= 5} == wanted


def test_people_of_many_zones_have_each_their_own_day_in_one_build(cast: Cast) -> None:
    people = [hired(f"s{nth}", "Kim", f"{nth}", team=cast.inside_sales, time_zone=zone) for nth, zone in enumerate((LOS_ANGELES, AUCKLAND, SEOUL, "UTC"))]
    for each in people:
        for hour in range(0, 72, 6):
            again(lead(cast, owner=each, stage=stages.BOOKED), datetime(2026, 3, 3, tzinfo=UTC) + timedelta(hours=hour))
    lists = built(*people)
    # From midnight of 3 March in UTC until the end of the day there: every six hours.
    assert [made.entries.filter(bucket=5).count() for made in lists] == [10, 6, 7, 8]


def call_back(cast: Cast, at: datetime, *, country: str = "KR", number: str = "+8225550187") -> Lead:
    one = callable_lead(cast, country=country, number=number)
    outcome = Outcome(Disposition.CALL_BACK, again_at=at, note="x")
    call_desk.conclude(one, outcome=outcome, call_type=type_of(), by=By(cast.ivo, Door.WEB), at=EVENING - timedelta(hours=12))
    return one


def in_bucket(made: CallList, bucket: int) -> list[int]:
    return [pk for nth, pk in order_of(made) if nth == bucket]


def test_a_call_back_promised_for_a_time_there_is_first_on_the_list_of_the_day_on_which_it_is_that_time_here(cast: Cast) -> None:
    """08:30 of 5 March in Seoul is the evening of the 4th in UTC, where Ivo is."""
    one = call_back(cast, datetime(2026, 3, 4, 23, 30, tzinfo=UTC))
    (tuesday,), (made,) = built(cast.ivo, day=date(2026, 3, 3), at=EVENING - timedelta(days=1)), built(cast.ivo)
    assert (in_bucket(tuesday, 1), in_bucket(made, 1)) == ([], [one.pk])
    (why, *_more) = reasons.in_words(made.entries.filter(bucket=1)).values()
    assert why[0] == "“Call back at 08:30 (Asia/Seoul)”, promised for March 5"


def test_a_call_back_that_is_tomorrow_here_is_neither_on_todays_list_nor_at_the_desk(cast: Cast) -> None:
    """20:00 of 4 March in Paris is four in the morning of the 5th in Seoul."""
    moved(cast.ivo, SEOUL)
    one = call_back(cast, datetime(2026, 3, 4, 19, tzinfo=UTC), country="FR", number="+33142685300")
    task = Task.objects.get(lead=one)
    assert task.due_on == WEDNESDAY
    (made,) = built(cast.ivo)
    assert in_bucket(made, 1) == []
    noon = datetime(2026, 3, 4, 3, tzinfo=UTC)
    assert [waiting.bucket for waiting in call_desk.queue(cast.ivo, at=noon) if waiting.bucket == 1] == []
    (thursday,) = built(cast.ivo, day=date(2026, 3, 5), at=EVENING + timedelta(days=1))
    assert in_bucket(thursday, 1) == [one.pk]
    Task.objects.filter(pk=task.pk).update(due_on=date(2026, 3, 3))
    assert [waiting.lead for waiting in call_desk.queue(cast.ivo, at=noon) if waiting.bucket == 1] == [one], "who moved the task has moved the call"


def test_promises_of_a_day_come_before_those_for_a_time_of_it_and_both_before_later_ones(cast: Cast) -> None:
    timed = call_back(cast, datetime(2026, 3, 4, 6, tzinfo=UTC))
    whole, old = lead(cast, stage=stages.CONNECTED), lead(cast, stage=stages.CONNECTED)
    for of, day in ((whole, WEDNESDAY), (old, date(2026, 3, 2))):
        Task.objects.create(subject="x", kind="call", owner=cast.ivo, team=cast.inside_sales, lead=of, due_on=day, created_at=EVENING)
    (made,) = built(cast.ivo)
    assert in_bucket(made, 1) == [old.pk, whole.pk, timed.pk]


@pytest.mark.parametrize(
    ("here", "there", "starts_at", "on"),
    [
        (LOS_ANGELES, SEOUL, datetime(2026, 3, 5, 1, tzinfo=UTC), 4),  # the 4th at 17:00 here, the 5th at 10:00 there
        (SEOUL, LOS_ANGELES, datetime(2026, 3, 4, 18, tzinfo=UTC), 4),  # the 5th at 03:00 here, the 4th at 10:00 there
        ("UTC", SEOUL, datetime(2026, 3, 4, 5, tzinfo=UTC), 4),
        (AUCKLAND, SEOUL, datetime(2026, 3, 4, 12, tzinfo=UTC), 4),  # the 5th at 01:00 here, the 4th at 21:00 there
    ],
)
def test_a_meeting_is_confirmed_before_it_begins_wherever_the_two_are(cast: Cast, *, here: str, there: str, starts_at: datetime, on: int) -> None:
    moved(cast.ivo, here)
    one = lead(cast, stage=stages.BOOKED)
    meetings.book(one, plan=Plan(cast.saori, starts_at, zone=there), by=By(cast.ivo, Door.WEB), at=EVENING - timedelta(days=2))
    found = {day: in_bucket(built(cast.ivo, day=date(2026, 3, day), at=EVENING)[0], 4) for day in (3, 4, 5)}
    assert found == {day: [one.pk] if day == on else [] for day in (3, 4, 5)}


@pytest.mark.parametrize(("zone", "day", "begins", "ends"), DAYS)
def test_who_woke_counts_for_seven_days_of_the_seller(cast: Cast, *, zone: str, day: date, begins: datetime, ends: datetime) -> None:
    """From the first second of a day there, and not of a day of Greenwich: over changes of the clock too."""
    rules.set_pace(moved(cast.ivo, zone), minutes_per_lead=5, calendar=always_open(), by=SET_UP, at=EVENING)
    since = rules.begins_at(day - timedelta(days=7), person=cast.ivo)
    assert since.astimezone(ZoneInfo(zone)).hour == 0
    early, there = lead(cast, stage=stages.WORKING, origin=Origin.RECYCLED), lead(cast, stage=stages.WORKING, origin=Origin.RECYCLED)
    Lead.objects.filter(pk=early.pk).update(opened_at=since - SECOND)
    Lead.objects.filter(pk=there.pk).update(opened_at=since)
    (made,) = built(cast.ivo, day=day, at=begins - timedelta(hours=6))
    woken = [pk for bucket, pk in order_of(made) if bucket == Bucket.WOKEN]
    assert woken == [there.pk]
    assert ends - begins in (timedelta(hours=23), timedelta(hours=24), timedelta(hours=25))


@pytest.mark.parametrize(("reason", "said"), [("budget in spring", "wakes on March 4: budget in spring"), ("", "wakes on March 4")])
def test_who_woke_without_a_reason_has_no_dash_in_its_place(cast: Cast, reason: str, said: str) -> None:
    one = callable_lead(cast)
    made = CallList.objects.create(owner=cast.ivo, for_on=WEDNESDAY, n_slots=1, built_at=EVENING)
    made.entries.create(lead=one, bucket=4, position=1, reasons=[["woken", "2026-03-04", reason]])
    assert list(reasons.in_words(made.entries.all()).values()) == [[said]]
