"""What the two sides of a hand-off owe each other, to the second: the word after the meeting, what was missing, the feedback, the returned lead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from tasuki.core import calendars, teams
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.core.working_time import Shift
from tasuki.crm import leads, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tasuki.engage import touches
from tasuki.inside_sales.call_lists import building
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.relay import agreements, breaches, handoff_clock, handoff_talks, handoffs, response_times
from tasuki.relay.agreements import Agreement, Counts, Event, Owed, Terms, Unit
from tasuki.relay.clocks import Because, Clock, Turn
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Return
from tasuki.relay.response_times import Grouping
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.office import office_in_seoul
from tests.relay.handing import by, offered, package
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
HOUR, DAY = 3600, 9 * 3600
BACK = Return(Reason.NO_PROBLEM, "They only wanted a brochure.")


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()


def april(day: int, *time: int) -> datetime:
    """The third is a Friday."""
    return datetime(2026, 4, day, *time, tzinfo=SEOUL)


def agreed(terms: Terms) -> Agreement:
    return agreements.keep(Agreement.objects.get(event=terms.event), terms=terms, by=SET_UP, at=april(1, 9))


def meeting(cast: Cast, at: datetime, **more: Any) -> Handoff:
    return offered(cast, meeting_at=at, at=at - timedelta(hours=20), **more)


def clock_of(lead: Lead | int, owed: Owed) -> Clock:
    return Clock.objects.filter(lead=lead, owed=owed).latest("pk")


def told(person: User) -> list[str]:
    rows = Notification.objects.filter(happening=Happening.HANDOFF, person=person)
    return list(rows.order_by("pk").values_list("cause__action", flat=True))


def turns(clock: Clock) -> list[str]:
    return list(clock.events.order_by("pk").values_list("turn", flat=True))


# The word of sales.


@pytest.mark.parametrize(
    ("held_at", "due_at"),
    [
        (april(1, 15), april(2, 15)),
        (april(3, 17), april(6, 17)),  # a Friday: the weekend does not count
        (april(3, 19), april(6, 18)),  # after hours it has all of Monday
        (april(1, 7), april(1, 18)),  # before hours all of that day
        (datetime(2026, 5, 4, 16, tzinfo=SEOUL), datetime(2026, 5, 6, 16, tzinfo=SEOUL)),  # Children's Day does not count
    ],
)
def test_the_word_is_due_a_business_day_after_the_meeting_by_the_agreement_that_came_with_tasuki(cast: Cast, held_at: datetime, due_at: datetime) -> None:
    handoff = meeting(cast, held_at)
    clock = clock_of(handoff.lead_id, Owed.ACCEPTANCE)
    assert (handoff.due_at, clock.due_at, clock.started_at, clock.n_seconds) == (due_at, due_at, held_at, DAY)
    assert (clock.owner, clock.team, clock.handoff) == (cast.saori, cast.field_sales, handoff)


def test_what_was_agreed_holds_its_figure_its_kind_of_time_and_who_hears(cast: Cast) -> None:
    agreed(Terms(Event.MEETING, Counts.WALL, 36, Unit.HOURS, n_warn_minutes=60, escalate_to=cast.ada))
    handoff = meeting(cast, april(3, 17))
    due_at = april(5, 5)
    assert handoff.due_at == due_at
    assert breaches.warn(at=due_at - timedelta(minutes=61)) == 0
    assert breaches.warn(at=due_at - timedelta(minutes=60)) == 1
    assert breaches.warn(at=due_at - timedelta(minutes=59)) == 0
    assert told(cast.saori) == ["offer", "soon_acceptance"]
    assert handoff_clock.watch(at=due_at - timedelta(seconds=1)) == 0
    assert handoff_clock.watch(at=due_at) == 1
    assert (handoff_clock.watch(at=due_at), breaches.find(at=due_at)) == (0, 0)
    assert (told(cast.ada), told(cast.ruth)) == (["escalate"], []), "whom the agreement names hears of it, and not the managers"
    clock = clock_of(handoff.lead_id, Owed.ACCEPTANCE)
    assert (clock.breached_at, clock.settled_at, clock.is_kept, clock.stopped_at) == (due_at, due_at, False, None)
    assert turns(clock) == [Turn.STARTED, Turn.WARNED, Turn.BREACHED, Turn.ESCALATED]
    handoff.refresh_from_db()
    assert (handoff.state, handoff.escalated_at) == ("offered", due_at), "silence accepts nothing"


def test_it_counts_by_the_calendar_of_the_receivers_team(cast: Cast) -> None:
    tokyo = calendars.add("Tokyo", time_zone="Asia/Tokyo", country="JP", week={day: [Shift(10 * 60, 17 * 60)] for day in range(5)}, by=SET_UP, at=april(1, 9))
    teams.work_by(cast.field_sales, calendar=tokyo, by=SET_UP, at=april(1, 9))
    handoff = meeting(cast, april(28, 16))
    assert handoff.due_at == april(30, 16), "the 29th is Shōwa Day there"
    assert clock_of(handoff.lead_id, Owed.ACCEPTANCE).n_seconds == 7 * HOUR


def test_where_nothing_is_agreed_it_is_due_as_is_usual(cast: Cast) -> None:
    Agreement.objects.filter(event=Event.MEETING).update(is_active=False)
    handoff = meeting(cast, april(3, 19))
    assert handoff.due_at == april(7, 9)
    assert not Clock.objects.filter(owed=Owed.ACCEPTANCE).exists()
    assert handoff_clock.watch(at=april(7, 9)) == 1
    assert told(cast.ruth) == ["escalate"]


def test_an_agreement_may_hold_for_some_leads_only(cast: Cast) -> None:
    special = agreements.keep(None, terms=Terms(Event.MEETING, Counts.BUSINESS, 2, Unit.HOURS, condition="source:is(nowhere)"), by=SET_UP, at=april(1, 9))
    for _nth in range(9):
        agreements.move(special, up=True, by=SET_UP, at=april(1, 9))
    assert meeting(cast, april(1, 15)).due_at == april(2, 15)
    agreements.keep(special, terms=Terms(Event.MEETING, Counts.BUSINESS, 2, Unit.HOURS, condition="stage:is(booked)"), by=SET_UP, at=april(1, 9))
    assert meeting(cast, april(1, 15), nth=2).due_at == april(1, 17)


def test_the_answer_is_counted_like_every_other_promise(cast: Cast) -> None:
    accepted, returned, silent = (meeting(cast, april(1, 15), nth=nth) for nth in (1, 2, 3))
    handoffs.accept(accepted, by=by(cast.saori), at=april(1, 17))
    handoffs.give_back(returned, said=BACK, by=by(cast.saori), at=april(2, 10))
    handoff_clock.watch(at=april(2, 15))
    handoffs.accept(silent, by=by(cast.saori), at=april(2, 16))
    period = (april(1, 0), april(3, 0))
    (kept,) = [row for row in response_times.measured(cast.ada, period, by=Grouping.AGREEMENT) if row.key == Agreement.objects.get(event=Event.MEETING).pk]
    assert (kept.n, kept.n_within, kept.n_answered, kept.p50) == (3, 2, 3, 4 * HOUR)
    assert kept.p90 == pytest.approx(4 * HOUR + 0.8 * 6 * HOUR)
    (person,) = [row for row in response_times.measured(cast.ada, period, by=Grouping.PERSON) if row.key == cast.saori.pk]
    assert (person.n, person.n_within) == (3, 2)
    assert [clock_of(one.lead_id, Owed.ACCEPTANCE).business_seconds for one in (accepted, returned, silent)] == [2 * HOUR, 4 * HOUR, 10 * HOUR]


def test_what_lies_in_a_queue_is_owed_by_the_team_and_counted_for_whoever_answers(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15), to=cast.field_sales)
    clock = clock_of(handoff.lead_id, Owed.ACCEPTANCE)
    assert (clock.owner, clock.team) == (None, cast.field_sales)
    handoffs.accept(handoff, by=by(cast.saori), at=april(1, 16))
    assert clock_of(handoff.lead_id, Owed.ACCEPTANCE).owner == cast.saori


def test_a_meeting_that_is_moved_moves_the_clock_and_an_offer_taken_back_ends_it(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    handoffs.move_meeting(handoff, meeting_at=april(8, 11), by=by(cast.ivo), at=april(1, 10))
    handoff.refresh_from_db()
    assert (handoff.due_at, clock_of(handoff.lead_id, Owed.ACCEPTANCE).due_at) == (april(9, 11), april(9, 11))
    handoffs.withdraw(handoff, by=by(cast.ivo), at=april(8, 9))
    clock = clock_of(handoff.lead_id, Owed.ACCEPTANCE)
    assert (clock.stopped_because, clock.is_kept, clock.is_answered) == (Because.WITHDRAWN, None, False)
    assert handoff_clock.watch(at=april(30, 9)) == 0


def test_whoever_leaves_owes_nothing_any_more_and_their_team_does(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    handoffs.leave_to_the_team(cast.saori, by=by(cast.ada), at=april(1, 16))
    handoff_clock.watch(at=april(2, 15))
    assert (clock_of(handoff.lead_id, Owed.ACCEPTANCE).owner, clock_of(handoff.lead_id, Owed.ACCEPTANCE).team) == (None, cast.field_sales)


# While inside sales finds something out.


def more(handoff: Handoff, cast: Cast, *, at: datetime, plan_on: date) -> None:
    handoffs.need_more(handoff, plan="Who signs?", plan_on=plan_on, by=by(cast.saori), at=at)


def again(handoff: Handoff, cast: Cast, *, at: datetime, meeting_at: datetime | None = None, to: User | None = None) -> Handoff:
    lead = Lead.objects.get(pk=handoff.lead_id)
    return handoffs.offer(lead, package=package(meeting_at or handoff.meeting_at), to=to or cast.saori, by=by(cast.ivo), at=at)


def test_the_clock_of_sales_stands_still_while_inside_sales_owes_and_goes_on_with_what_was_left(cast: Cast) -> None:
    first = meeting(cast, april(2, 16))
    more(first, cast, at=april(3, 10, 20, 30), plan_on=date(2026, 4, 6))
    clock = clock_of(first.lead_id, Owed.ACCEPTANCE)
    assert (clock.paused_at, clock.due_at, clock.is_kept) == (april(3, 10, 20, 30), None, None)
    assert (handoff_clock.watch(at=april(6, 12)), breaches.find(at=april(6, 12))) == (0, 1), "only that the feedback was not read"
    second = again(first, cast, at=april(6, 16, 30))
    # 3 h 20 min 30 s of nine hours were used: 5 h 39 min 30 s are left.
    assert second.due_at == april(7, 13, 9, 30)
    clock = clock_of(first.lead_id, Owed.ACCEPTANCE)
    assert (clock.handoff, clock.paused_at, clock.due_at, clock.warn_at) == (second, None, april(7, 13, 9, 30), april(7, 11, 9, 30))
    handoffs.accept(second, by=by(cast.saori), at=april(7, 9, 10))
    clock = clock_of(first.lead_id, Owed.ACCEPTANCE)
    assert clock.business_seconds == (3 * 3600 + 20 * 60 + 30) + (90 + 10) * 60, "over a night, a weekend and another night, to the second"
    assert (clock.is_kept, clock.is_answered, turns(clock)) == (True, True, [Turn.STARTED, Turn.PAUSED, Turn.RESUMED, Turn.STOPPED])


def test_until_the_next_meeting_it_stands_still_even_when_it_is_offered_again(cast: Cast) -> None:
    first = meeting(cast, april(1, 15))
    more(first, cast, at=april(1, 17), plan_on=date(2026, 4, 2))
    second = again(first, cast, at=april(2, 10), meeting_at=april(8, 11))
    assert second.due_at == april(8, 18), "seven hours were left"
    assert breaches.go_on(at=april(8, 10, 59, 59)) == 0
    assert (breaches.go_on(at=april(8, 11, 0, 40)), breaches.go_on(at=april(8, 11, 1))) == (1, 0)
    assert clock_of(first.lead_id, Owed.ACCEPTANCE).due_at == april(8, 18), "it goes on from the meeting, and not from when somebody looked"
    handoff_clock.watch(at=april(8, 18))
    assert clock_of(first.lead_id, Owed.ACCEPTANCE).breached_at == april(8, 18)


def test_a_meeting_moved_while_it_stands_still_is_waited_for(cast: Cast) -> None:
    first = meeting(cast, april(1, 15))
    more(first, cast, at=april(1, 17), plan_on=date(2026, 4, 2))
    second = again(first, cast, at=april(2, 10), meeting_at=april(8, 11))
    handoffs.move_meeting(second, meeting_at=april(10, 11), by=by(cast.ivo), at=april(3, 10))
    second.refresh_from_db()
    assert (second.due_at, breaches.go_on(at=april(9, 11))) == (april(10, 18), 0)


def test_somebody_else_has_all_of_the_time(cast: Cast) -> None:
    other = hired("other", "Ono", "Yui", role=Role.FIELD_SELLER, team=cast.field_sales)
    first = meeting(cast, april(1, 15))
    more(first, cast, at=april(1, 17), plan_on=date(2026, 4, 2))
    second = again(first, cast, at=april(2, 10), to=other)
    assert second.due_at == april(3, 10)
    assert [(clock.owner, clock.stopped_because) for clock in Clock.objects.filter(owed=Owed.ACCEPTANCE).order_by("pk")] == [
        (cast.saori, Because.WITHDRAWN),
        (other, ""),
    ]


def test_whoever_asks_for_more_too_late_was_late(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    more(handoff, cast, at=april(2, 15, 0, 1), plan_on=date(2026, 4, 6))
    clock = clock_of(handoff.lead_id, Owed.ACCEPTANCE)
    assert (clock.is_kept, clock.breached_at, clock.is_answered) == (False, april(2, 15), True)


def test_clocks_go_forward_and_back_in_a_pause_and_no_second_is_lost(cast: Cast) -> None:
    """In Berlin the night of the 29th of March has an hour less; a team that never closes counts every second of it."""
    berlin = calendars.add("Berlin", time_zone="Europe/Berlin", country="", week={day: [Shift(0, 24 * 60)] for day in range(7)}, by=SET_UP, at=april(1, 9))
    teams.work_by(cast.field_sales, calendar=berlin, by=SET_UP, at=april(1, 9))
    agreed(Terms(Event.MEETING, Counts.BUSINESS, 48, Unit.HOURS))
    zone = ZoneInfo("Europe/Berlin")
    first = meeting(cast, datetime(2026, 3, 28, 12, tzinfo=zone))
    assert first.due_at == datetime(2026, 3, 30, 13, tzinfo=zone)
    more(first, cast, at=datetime(2026, 3, 29, 1, 30, tzinfo=zone), plan_on=date(2026, 3, 30))
    second = again(first, cast, at=datetime(2026, 3, 29, 3, 30, tzinfo=zone))
    assert clock_of(first.lead_id, Owed.ACCEPTANCE).n_paused_business == HOUR, "from half past one to half past three is one hour"
    assert second.due_at == datetime(2026, 3, 30, 14, tzinfo=zone)


# What inside sales owes.


def test_a_plan_is_over_with_its_day_and_who_waits_for_it_hears(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    more(handoff, cast, at=april(2, 10), plan_on=date(2026, 4, 4))
    clock = clock_of(handoff.lead_id, Owed.PLAN)
    assert (clock.owner, clock.team, clock.due_at) == (cast.ivo, cast.inside_sales, april(6, 18)), "a Saturday: until Monday evening"
    handoff_talks.read(handoff, by=by(cast.ivo), at=april(2, 11))
    assert breaches.warn(at=april(6, 16)) == 1
    assert told(cast.ivo)[-1] == "soon_plan"
    assert breaches.find(at=april(6, 17, 59, 59)) == 0
    assert [breaches.find(at=april(6, 18)), breaches.find(at=april(7, 9))] == [1, 0]
    assert [told(one)[-1] for one in (cast.ivo, cast.saori, cast.ruth)] == ["late_plan"] * 3
    again(handoff, cast, at=april(7, 10))
    clock = clock_of(handoff.lead_id, Owed.PLAN)
    assert (clock.is_kept, clock.is_answered, clock.business_seconds) == (False, True, DAY + HOUR)


def test_what_is_offered_again_in_time_keeps_the_plan(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    more(handoff, cast, at=april(2, 10), plan_on=date(2026, 4, 6))
    again(handoff, cast, at=april(3, 10))
    clock = clock_of(handoff.lead_id, Owed.PLAN)
    assert (clock.is_kept, clock.business_seconds) == (True, 0), "before its day has come"
    assert breaches.find(at=april(30, 10)) == 0, "whoever offers again has read what was missing"


def test_feedback_that_is_not_read_is_told_once_and_reading_it_ends_it(cast: Cast) -> None:
    unread, in_time = meeting(cast, april(1, 15)), meeting(cast, april(1, 15), nth=2)
    later = Return(Reason.NO_BUDGET, "Next year.", destination=Destination.RECYCLE, wake_when="the new budget")
    for handoff in (unread, in_time):
        handoffs.give_back(handoff, said=later, by=by(cast.saori), at=april(1, 17))
    assert clock_of(unread.lead_id, Owed.READING).due_at == april(2, 17)
    handoff_talks.read(in_time, by=by(cast.saori), at=april(2, 9))
    assert clock_of(in_time.lead_id, Owed.READING).stopped_at is None, "it was written for the other side"
    handoff_talks.read(in_time, by=by(cast.ivo), at=april(2, 10))
    assert (clock_of(in_time.lead_id, Owed.READING).is_kept, clock_of(in_time.lead_id, Owed.READING).business_seconds) == (True, 2 * HOUR)
    assert [breaches.find(at=april(2, 17)), breaches.find(at=april(2, 18))] == [1, 0]
    assert (told(cast.ivo)[-1], told(cast.ruth)) == ("late_reading", ["late_reading"])
    handoff_talks.write(unread, text="I see.", by=by(cast.ivo), at=april(3, 17))
    assert (clock_of(unread.lead_id, Owed.READING).is_kept, clock_of(unread.lead_id, Owed.READING).business_seconds) == (False, 2 * DAY)


def test_a_returned_lead_that_nobody_takes_up_is_told(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    handoffs.give_back(handoff, said=BACK, by=by(cast.saori), at=april(2, 16))
    handoff_talks.read(handoff, by=by(cast.ivo), at=april(2, 16, 30))
    following = Lead.objects.get(previous=handoff.lead_id)
    clock = clock_of(following, Owed.TAKE_UP)
    assert (clock.owner, clock.due_at, following.stage_id) == (cast.ivo, april(3, 16), stages.WORKING)
    assert [breaches.find(at=april(3, 16)), breaches.find(at=april(3, 17))] == [1, 0]
    assert (told(cast.ivo)[-1], told(cast.ruth)) == ("late_take_up", ["late_take_up"])
    touches.touch(following, channel=Channel.PHONE, by=by(cast.ivo), at=april(6, 10))
    clock = clock_of(following, Owed.TAKE_UP)
    assert (clock.is_kept, clock.stopped_because, clock.business_seconds) == (False, Because.TOUCHED, DAY + 3 * HOUR)


@pytest.mark.parametrize("how", ["touch", "move", "end"])
def test_whoever_calls_or_moves_it_has_taken_it_up(cast: Cast, how: str) -> None:
    handoff = meeting(cast, april(1, 15))
    handoffs.give_back(handoff, said=BACK, by=by(cast.saori), at=april(2, 16))
    following, at = Lead.objects.get(previous=handoff.lead_id), april(3, 9)
    match how:
        case "touch":
            touches.touch(following, channel=Channel.PHONE, by=by(cast.ivo), at=at)
        case "move":
            leads.advance(following, to=stages.CONNECTED, by=by(cast.ivo), at=at)
        case "end":
            leads.disqualify(following, reason="a student", by=by(cast.ivo), at=at)
    clock = clock_of(following, Owed.TAKE_UP)
    assert (clock.stopped_at, clock.is_answered) == (at, how != "end")


def test_where_a_lead_ends_only_what_was_said_is_still_owed_a_reader(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    more(handoff, cast, at=april(2, 10), plan_on=date(2026, 4, 6))
    leads.disqualify(Lead.objects.get(pk=handoff.lead_id), reason="a student", by=by(cast.ivo), at=april(2, 11))
    assert list(Clock.objects.running().values_list("owed", flat=True)) == [Owed.READING]


def test_without_agreements_of_inside_sales_nothing_of_theirs_runs(cast: Cast) -> None:
    Agreement.objects.exclude(event=Event.MEETING).update(is_active=False)
    handoff = meeting(cast, april(1, 15))
    handoffs.give_back(handoff, said=BACK, by=by(cast.saori), at=april(2, 10))
    assert not Clock.objects.running().exists()


def test_what_inside_sales_owes_stands_on_their_list_until_somebody_goes_on_with_it(cast: Cast) -> None:
    planned, returned = meeting(cast, april(1, 15)), meeting(cast, april(1, 15), nth=2)
    more(planned, cast, at=april(2, 10), plan_on=date(2026, 4, 6))
    handoffs.give_back(returned, said=BACK, by=by(cast.saori), at=april(2, 16))
    following = Lead.objects.get(previous=returned.lead_id)
    assert owed_on(cast.ivo, date(2026, 4, 3), at=april(2, 17)) == {following.pk}
    assert owed_on(cast.ivo, date(2026, 4, 6), at=april(5, 17)) == {planned.lead_id, following.pk}, "what is late stays"
    touches.touch(following, channel=Channel.PHONE, by=by(cast.ivo), at=april(6, 10))
    assert owed_on(cast.ivo, date(2026, 4, 9), at=april(8, 17)) == {planned.lead_id}


def owed_on(person: User, day: date, *, at: datetime) -> set[int]:
    CallList.objects.all().delete()
    building.build(day, owners=[person], by=SET_UP, at=at)
    return set(CallListEntry.objects.filter(call_list__owner=person, bucket=Bucket.LATE).values_list("lead", flat=True))


def test_the_page_says_who_owes_what_now_and_the_list_has_a_view_of_it(cast: Cast) -> None:
    handoff = meeting(cast, april(1, 15))
    more(handoff, cast, at=april(2, 10), plan_on=date(2026, 4, 6))
    client = signed_in(cast.ivo)
    page = client.get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert "Owed now" in page
    assert "What the hand-off needs, and the next offer" in page
    assert "A word whether the hand-off is accepted" in page
    assert reverse("handoff", args=[handoff.pk]) in client.get(reverse("handoffs") + "?view=owed").content.decode()
    handoff_talks.read(handoff, by=by(cast.ivo), at=april(2, 11))
    again(handoff, cast, at=april(3, 10))
    assert reverse("handoff", args=[handoff.pk]) not in client.get(reverse("handoffs") + "?view=owed").content.decode()
