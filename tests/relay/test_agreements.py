"""Promises between departments: when the clock begins, what it counts, what stops it, what happens when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core import calendars, teams
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.people import User
from tasuki.core.working_time import Hours, Shift, after_business_seconds, business_seconds_between
from tasuki.crm import leads, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.notifications import Happening, Notification
from tasuki.engage import touches
from tasuki.engage.calls import Call, Called
from tasuki.engage.dispositions import Disposition
from tasuki.engage.touches import NobodyTouched
from tasuki.inside_sales import routing_pools
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision
from tasuki.inside_sales.routing_pools import Seat
from tasuki.relay import agreements, breaches, clocks, response_times
from tasuki.relay.agreements import Agreement, AgreementRefused, Counts, Event, Owed, Terms, Unit
from tasuki.relay.clocks import Because, Clock, Turn
from tasuki.relay.response_times import Grouping
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.office import AT, SEOUL, SPLIT, office_in_seoul, pool_of, ready, rules_in_force

pytestmark = pytest.mark.django_db
# The Friday and the Monday of the same week as AT.
FRIDAY_EVENING = datetime(2026, 3, 6, 18, 5, tzinfo=SEOUL)
MONDAY_MORNING = datetime(2026, 3, 9, 9, tzinfo=SEOUL)


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()


def clock_of(lead: Lead, owed: Owed = Owed.ANSWER) -> Clock:
    return Clock.objects.filter(lead=lead, owed=owed).latest("pk")


def touched(lead: Lead, user: User, at: datetime) -> None:
    touches.touch(lead, channel=Channel.PHONE, words="rang twice", by=By(user, Door.WEB), at=at)


def turns(clock: Clock) -> list[str]:
    return list(clock.events.order_by("pk").values_list("turn", flat=True))


def nurtured(cast: Cast, *, at: datetime = AT) -> Lead:
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=at - timedelta(days=1), stage=stages.NURTURING)
    leads.advance(lead, to=stages.READY, by=By(cast.mina, Door.WEB), at=at)
    return Lead.objects.get(pk=lead.pk)


def test_a_raised_hand_is_answered_in_five_minutes_a_ready_lead_in_fifteen_and_the_others_in_a_business_day(cast: Cast) -> None:
    raised, grown, listed = ready(cast, 1), nurtured(cast), ready(cast, 2, origin=Origin.OUTBOUND)
    assert clock_of(raised).due_at == AT + timedelta(minutes=5)
    assert clock_of(grown).due_at == AT + timedelta(minutes=15)
    assert clock_of(listed).due_at == AT + timedelta(days=1), "Tuesday at ten, Wednesday at ten"
    assert clock_of(grown).warn_at == AT + timedelta(minutes=10)


def test_a_lead_that_arrives_on_friday_evening_has_no_business_second_until_monday(cast: Cast) -> None:
    lead = ready(cast, at=FRIDAY_EVENING)
    assert clock_of(lead).due_at == MONDAY_MORNING + timedelta(minutes=5)
    touched(lead, cast.ivo, MONDAY_MORNING)
    clock = clock_of(lead)
    assert (clock.business_seconds, clock.is_kept, clock.is_answered) == (0, True, True)
    assert clock.wall_seconds == (2 * 24 + 14) * 3600 + 55 * 60


def test_a_business_day_of_a_split_shift_is_as_long_as_its_shifts(cast: Cast) -> None:
    office_in_seoul(split=True)
    lead = ready(cast, at=AT.replace(hour=17), origin=Origin.OUTBOUND)
    assert clock_of(lead).n_seconds == 8 * 3600
    assert clock_of(lead).due_at == AT.replace(day=4, hour=17)


def test_the_calendar_is_that_of_the_team_that_owes_it(cast: Cast) -> None:
    tokyo = calendars.add("Tokyo", time_zone="Asia/Tokyo", country="JP", week={day: [Shift(10 * 60, 19 * 60)] for day in range(5)}, by=SET_UP, at=AT)
    teams.work_by(cast.inside_sales, calendar=tokyo, by=SET_UP, at=AT)
    lead = ready(cast, at=AT.replace(hour=8))
    assert clock_of(lead).due_at == AT.replace(hour=10, minute=5)


def test_only_a_person_s_attempt_stops_it(cast: Cast) -> None:
    lead = ready(cast)
    with pytest.raises(NobodyTouched):
        touches.touch(lead, channel=Channel.MAIL, by=By(None, Door.JOB), at=AT)
    clocks.follow_touch(touches.Touched(lead.pk, by=By(None, Door.JOB), at=AT, channel=Channel.MAIL))
    assert clock_of(lead).stopped_at is None, "an automatic reply is no answer"
    touched(lead, cast.ivo, AT + timedelta(minutes=3))
    clock = clock_of(lead)
    assert (clock.wall_seconds, clock.business_seconds, clock.stopped_because, clock.stopped_by) == (180, 180, Because.TOUCHED, cast.ivo)
    assert turns(clock) == [Turn.STARTED, Turn.STOPPED]
    touched(lead, cast.ivo, AT + timedelta(minutes=9))
    assert clock_of(lead).wall_seconds == 180, "the first attempt counts"


def test_a_person_who_moves_it_on_has_answered_and_whoever_ends_it_has_not(cast: Cast) -> None:
    moved, ended = ready(cast, 1), ready(cast, 2)
    leads.advance(moved, to=stages.WORKING, by=By(cast.ivo, Door.WEB), at=AT + timedelta(minutes=2))
    leads.disqualify(ended, reason="a student", by=By(cast.ivo, Door.WEB), at=AT + timedelta(minutes=2))
    assert (clock_of(moved).is_answered, clock_of(moved).is_kept) == (True, True)
    assert (clock_of(ended).is_answered, clock_of(ended).is_kept) == (False, None), "neither kept nor broken"


def test_an_answer_that_comes_late_says_so_before_anybody_has_looked(cast: Cast) -> None:
    lead = ready(cast)
    touched(lead, cast.ivo, AT + timedelta(minutes=6))
    clock = clock_of(lead)
    assert (clock.is_kept, clock.settled_at, clock.breached_at) == (False, AT + timedelta(minutes=5), AT + timedelta(minutes=5))
    assert breaches.find(at=AT + timedelta(hours=1)) == 0


def test_what_is_over_is_told_to_the_manager_once(cast: Cast) -> None:
    lead = ready(cast)
    assert breaches.find(at=AT + timedelta(minutes=4)) == 0
    assert breaches.find(at=AT + timedelta(minutes=5)) == 1
    assert breaches.find(at=AT + timedelta(minutes=6)) == 0
    assert list(Notification.objects.filter(happening=Happening.BREACH).values_list("person", flat=True)) == [cast.ruth.pk]
    assert turns(clock_of(lead))[:3] == [Turn.STARTED, Turn.BREACHED, Turn.ESCALATED]
    touched(lead, cast.ivo, AT + timedelta(minutes=20))
    clock = clock_of(lead)
    assert (clock.is_answered, clock.is_kept, clock.wall_seconds) == (True, False, 20 * 60), "it was answered, and late"


def test_whoever_owes_it_is_warned_before_and_once(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    lead = ready(cast)
    assert breaches.warn(at=AT + timedelta(minutes=2)) == 0
    assert breaches.warn(at=AT + timedelta(minutes=3)) == 1
    assert breaches.warn(at=AT + timedelta(minutes=4)) == 0
    assert Notification.objects.get(happening=Happening.DUE).person == cast.ivo
    assert clock_of(lead).breached_at is None


def test_nothing_is_over_while_the_office_is_closed(cast: Cast) -> None:
    lead = ready(cast, at=FRIDAY_EVENING)
    assert breaches.find(at=MONDAY_MORNING) == 0
    assert clock_of(lead).breached_at is None


def test_a_pause_holds_what_was_left(cast: Cast) -> None:
    lead, by = ready(cast), By(cast.ivo, Door.WEB)
    clocks.pause(lead, owed=Owed.ANSWER, reason="asked for a mail first", by=by, at=AT + timedelta(minutes=2))
    assert breaches.find(at=AT + timedelta(hours=3)) == 0
    clocks.pause(lead, owed=Owed.ANSWER, reason="twice", by=by, at=AT + timedelta(minutes=3))
    clocks.resume(lead, owed=Owed.ANSWER, by=by, at=AT + timedelta(minutes=32))
    assert clock_of(lead).due_at == AT + timedelta(minutes=35)
    touched(lead, cast.ivo, AT + timedelta(minutes=34))
    clock = clock_of(lead)
    assert (clock.wall_seconds, clock.business_seconds, clock.is_kept) == (240, 240, True)
    assert turns(clock) == [Turn.STARTED, Turn.PAUSED, Turn.RESUMED, Turn.STOPPED]


def test_the_word_on_a_hand_off_is_due_by_the_clock_on_the_wall_where_that_was_agreed(cast: Cast) -> None:
    agreements.keep(Agreement.objects.get(event=Event.MEETING), terms=Terms(Event.MEETING, Counts.WALL, 24, Unit.HOURS), by=SET_UP, at=AT)
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=SET_UP, at=AT, stage=stages.BOOKED)
    meeting_at = FRIDAY_EVENING
    clocks.start(lead, event=Event.MEETING, by=By(cast.ivo, Door.WEB), at=meeting_at)
    clock = clock_of(lead, Owed.ACCEPTANCE)
    assert clock.due_at == meeting_at + timedelta(hours=24), "a Saturday is a day too"
    touched(lead, cast.ivo, AT)
    assert clock_of(lead, Owed.ACCEPTANCE).stopped_at is None, "a call is no acceptance"
    leads.advance(lead, to=stages.P1, by=By(cast.saori, Door.WEB), at=meeting_at + timedelta(hours=2), receiver=leads.Receiver(cast.saori, cast.field_sales))
    assert clock_of(lead, Owed.ACCEPTANCE).is_kept is True


def test_the_first_agreement_that_is_meant_holds_and_what_runs_goes_on_as_promised(cast: Cast) -> None:
    special = Terms(Event.RAISED, Counts.WALL, 2, Unit.MINUTES, condition="source:is(referral)", name="Referrals")
    made = agreements.keep(None, terms=special, by=SET_UP, at=AT)
    agreements.move(made, up=True, by=SET_UP, at=AT)
    for _ in range(9):
        agreements.move(made, up=True, by=SET_UP, at=AT)
    lead, other = ready(cast, 1, source="referral"), ready(cast, 2)
    assert clock_of(lead).agreement == made
    assert clock_of(other).n_seconds == 300
    agreements.keep(made, terms=Terms(Event.RAISED, Counts.WALL, 9, Unit.HOURS, condition="source:is(referral)"), by=SET_UP, at=AT)
    assert clock_of(lead).due_at == AT + timedelta(minutes=2)
    agreements.keep(made, terms=Terms(Event.RAISED, Counts.WALL, 9, Unit.HOURS, is_active=False), by=SET_UP, at=AT)
    assert clock_of(ready(cast, 3, source="referral")).n_seconds == 300


def test_terms_that_promise_nothing_are_refused(cast: Cast) -> None:
    for terms in (
        Terms(Event.RAISED, Counts.WALL, 0, Unit.MINUTES),
        Terms(Event.RAISED, Counts.WALL, 10_000, Unit.MINUTES),
        Terms(Event.MEETING, Counts.WALL, 1, Unit.DAYS, reassigns=True),
    ):
        with pytest.raises(AgreementRefused):
            agreements.keep(None, terms=terms, by=SET_UP, at=AT)
    with pytest.raises(FilterWrong):
        agreements.keep(None, terms=Terms(Event.RAISED, Counts.WALL, 1, Unit.MINUTES, condition="nothing"), by=SET_UP, at=AT)


def test_where_nothing_is_agreed_nothing_runs(cast: Cast) -> None:
    Agreement.objects.update(is_active=False)
    ready(cast)
    assert not Clock.objects.exists()


# What follows a promise that was not kept: the lead goes to somebody else.


@pytest.fixture
def four(cast: Cast) -> list[User]:
    people = [cast.ivo, *(hired(name, "김", name, role=Role.INSIDE_SELLER, team=cast.inside_sales) for name in ("a", "b", "c", "d"))]
    rules_in_force(("", pool_of(cast, *people)))
    return people


def over(n: int) -> list[User | None]:
    """Let the time be over n times; who had the lead after each."""
    owners = []
    for nth in range(1, n + 1):
        breaches.find(at=AT + timedelta(minutes=5 * nth))
        owners.append(Lead.objects.get().owner)
    return owners


def test_a_lead_goes_on_once_for_each_breach_never_back_and_three_times_at_most(cast: Cast, four: list[User]) -> None:
    lead = ready(cast)
    owners = [lead.owner, *over(5)]
    assert len(set(owners)) == 4, "never to somebody who had it"
    assert owners[3:] == [owners[3]] * 3, "after three times it stays"
    assert RoutingDecision.objects.filter(cause=Cause.BREACH).count() == 3
    assert [clock.nth for clock in Clock.objects.order_by("pk")] == [1, 2, 3, 4]
    assert {clock.since_at for clock in Clock.objects.all()} == {AT}, "the person has waited since the beginning"
    assert Clock.objects.filter(breached_at__isnull=False).count() == 4


def test_whoever_answers_keeps_it(cast: Cast, four: list[User]) -> None:
    lead = ready(cast)
    assert lead.owner
    touched(lead, lead.owner, AT + timedelta(minutes=4))
    assert over(3) == [lead.owner] * 3
    assert not RoutingDecision.objects.filter(cause=Cause.BREACH).exists()


def test_with_nobody_else_to_have_it_it_stays_and_the_log_says_why(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    lead = ready(cast)
    assert over(2) == [cast.ivo, cast.ivo]
    decision = RoutingDecision.objects.filter(lead=lead, cause=Cause.BREACH).get()
    assert (decision.owner, decision.candidates) == (cast.ivo, [{"user": cast.ivo.pk, "why": "had", "for": None}])
    assert clock_of(lead).nth == 1


def test_a_lead_in_the_queue_is_tried_again(cast: Cast) -> None:
    pool = pool_of(cast)
    rules_in_force(("", pool))
    assert ready(cast).owner is None
    routing_pools.seat(pool, user=cast.ivo, terms=Seat(), by=SET_UP, at=AT)
    assert over(1) == [cast.ivo]


@pytest.mark.parametrize("n_people", [1, 2, 3, 5])
def test_a_reassignment_never_returns_however_many_there_are(cast: Cast, n_people: int) -> None:
    people = [hired(f"p{nth}", "김", f"{nth}", team=cast.inside_sales) for nth in range(n_people)]
    rules_in_force(("", pool_of(cast, *people)))
    owners = [ready(cast).owner, *over(6)]
    changes = [one for one, before in zip(owners, [None, *owners[:-1]], strict=True) if one != before]
    assert len(changes) == len(set(changes)) == min(n_people, 4)


# The numbers.


def test_shares_and_percentiles_are_counted_with_n(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    for nth, minutes in enumerate([1, 2, 3, 4, 20]):
        touched(ready(cast, nth), cast.ivo, AT + timedelta(minutes=minutes))
    ready(cast, 9)
    ready(cast, 10, at=AT + timedelta(hours=1))
    breaches.find(at=AT + timedelta(minutes=30))
    period = (AT, AT + timedelta(hours=1))
    kept = response_times.in_all(cast.ada, period)
    assert (kept.n, kept.n_within, kept.n_answered) == (6, 4, 5)
    assert (kept.p50, kept.p90) == (180, pytest.approx(4 * 60 + 0.6 * 960))
    assert (kept.business_p50, kept.wall_p50, kept.wall_p90) == (180, 180, kept.p90), "within the hours both are the same"
    assert response_times.n_pending(cast.ada) == 1
    assert [(row.key, row.n) for row in response_times.measured(cast.ada, period, by=Grouping.TEAM)] == [(cast.inside_sales.pk, 6)]
    assert [(row.key, row.n) for row in response_times.measured(cast.ada, period, by=Grouping.PERSON)] == [(cast.ivo.pk, 6)]
    assert response_times.in_all(cast.ada, (AT - timedelta(days=9), AT)).n == 0
    assert response_times.in_all(cast.chika, period).n == 0, "of leads that one does not see nothing is counted"


def test_in_time_over_a_weekend_shows_the_hours_that_the_lead_waited(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    # Friday, ten minutes before the house closes in Seoul; answered on Monday, five minutes after it opens.
    friday, monday = datetime(2026, 3, 6, 17, 50, tzinfo=SEOUL), datetime(2026, 3, 9, 9, 5, tzinfo=SEOUL)
    touched(ready(cast, at=friday), cast.ivo, monday)
    (kept,) = response_times.measured(cast.ada, (friday, monday + timedelta(days=1)), by=Grouping.PERSON)
    # 10 minutes of Friday and 5 of Monday; on the wall 2 days, 15 hours and 15 minutes.
    assert (kept.n_answered, kept.business_p50, kept.business_p90) == (1, 15 * 60, 15 * 60)
    assert (kept.wall_p50, kept.wall_p90) == (63 * 3600 + 15 * 60, 63 * 3600 + 15 * 60)


def test_the_curve_says_how_many_were_reached_by_how_fast_they_were_answered(cast: Cast) -> None:
    quick, slow = ready(cast, 1), ready(cast, 2)
    touched(quick, cast.ivo, AT + timedelta(minutes=4))
    leads.advance(quick, to=stages.CONNECTED, by=By(cast.ivo, Door.WEB), at=AT + timedelta(minutes=5))
    touched(slow, cast.ivo, AT + timedelta(hours=3))
    bins = response_times.curve(cast.ada, (None, AT + timedelta(days=1)))
    assert [(one.n, one.n_reached) for one in bins] == [(1, 1), (0, 0), (0, 0), (1, 0), (0, 0), (0, 0), (0, 0)]


# Business time against counting minute by minute.

_MOMENTS = st.integers(0, 364 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=SEOUL) + timedelta(minutes=minutes))


@given(_MOMENTS, st.integers(0, 5 * 24 * 60))
def test_business_seconds_are_what_counting_the_minutes_gives(start: datetime, minutes: int) -> None:
    hours = Hours(SEOUL, tuple(SPLIT if day < 5 else () for day in range(7)), "KR")
    end = start + timedelta(minutes=minutes)
    counted = sum(
        any(shift.from_minute <= moment.hour * 60 + moment.minute < shift.until_minute for shift in hours.shifts_on(moment.date()))
        for moment in (start + timedelta(minutes=nth) for nth in range(minutes))
    )
    assert business_seconds_between(start, end, hours) == counted * 60
    if counted:
        due = after_business_seconds(start, counted * 60, hours)
        assert due is not None
        assert due <= end
        assert business_seconds_between(start, due, hours) == counted * 60


@pytest.mark.slow
def test_a_clock_s_due_moment_is_where_its_seconds_are_over(cast: Cast) -> None:
    hours = hours_of(calendars.of_team(cast.inside_sales.pk))
    for minute in range(0, 7 * 24 * 60, 97):
        clock = clock_of(ready(cast, minute, at=AT + timedelta(minutes=minute)))
        assert clock.due_at
        assert business_seconds_between(clock.started_at, clock.due_at, hours) == clock.n_seconds


# Whoever writes to us, raises a hand again, or asks to be called at a time.


def test_whoever_we_had_turned_away_and_who_raises_a_hand_is_answered_in_five_minutes_too(cast: Cast) -> None:
    lead = ready(cast)
    leads.disqualify(lead, reason="a student", by=By(cast.ivo, Door.WEB), at=AT)
    again = leads.raise_hand(lead, words="wrote to us", by=By(None, Door.JOB), at=AT + timedelta(hours=1))
    assert again.origin == Origin.HAND_RAISE
    assert (clock_of(again).agreement.event, clock_of(again).due_at) == (Event.RAISED, AT + timedelta(hours=1, minutes=5))


def test_who_asks_to_be_called_at_a_time_is_owed_nothing_until_then(cast: Cast) -> None:
    """They ring on Tuesday, before anybody has tried, and ask for Thursday at two: the clock goes on with the three minutes that were left."""
    lead, asked_at, until = ready(cast), AT + timedelta(minutes=2), AT.replace(day=5, hour=14)
    call = Call(lead=lead, disposition=Disposition.CALL_BACK, again_at=until)
    clocks.follow_call(Called(call, by=By(cast.ivo, Door.WEB), at=asked_at))
    clock = clock_of(lead)
    assert (clock.paused_at, clock.goes_on_at, clock.due_at) == (asked_at, until, None)
    assert (breaches.go_on(at=until - timedelta(seconds=1)), breaches.find(at=until - timedelta(seconds=1))) == (0, 0)
    assert (breaches.go_on(at=until + timedelta(seconds=20)), breaches.go_on(at=until + timedelta(seconds=21))) == (1, 0)
    clock = clock_of(lead)
    assert (clock.due_at, clock.warn_at, clock.goes_on_at) == (until + timedelta(minutes=3), until + timedelta(minutes=1), None)
    touched(lead, cast.ivo, until + timedelta(minutes=1))
    assert (clock_of(lead).business_seconds, clock_of(lead).wall_seconds, clock_of(lead).is_kept) == (180, 180, True)
    assert turns(clock) == [Turn.STARTED, Turn.PAUSED, Turn.RESUMED, Turn.STOPPED]


def test_who_asks_for_another_time_moves_it_and_whoever_calls_before_has_answered(cast: Cast) -> None:
    lead, by = ready(cast), By(cast.ivo, Door.WEB)
    for hours in (3, 30):
        clocks.pause(lead, owed=Owed.ANSWER, reason="cb", until=AT + timedelta(hours=hours), by=by, at=AT + timedelta(minutes=2))
    assert clock_of(lead).goes_on_at == AT + timedelta(hours=30)
    touched(lead, cast.ivo, AT + timedelta(hours=1))
    assert (clock_of(lead).business_seconds, clock_of(lead).is_kept) == (120, True), "the pause ends with the answer"


def test_what_is_over_does_not_stand_still_any_more(cast: Cast) -> None:
    lead = ready(cast)
    clocks.pause(lead, owed=Owed.ANSWER, reason="too late", by=By(cast.ivo, Door.WEB), at=AT + timedelta(minutes=5, seconds=1))
    assert clock_of(lead).paused_at is None
    assert breaches.find(at=AT + timedelta(minutes=6)) == 1


def test_a_pause_over_a_night_a_weekend_and_a_holiday_holds_what_was_left_to_the_second(cast: Cast) -> None:
    """The first of March is a holiday in Korea, and as it is a Sunday in 2026 so is the Monday after."""
    friday = datetime(2026, 2, 27, 17, 58, 30, tzinfo=SEOUL)
    lead, by = ready(cast, at=friday - timedelta(seconds=90)), By(cast.ivo, Door.WEB)
    clocks.pause(lead, owed=Owed.ANSWER, reason="cb", by=by, at=friday)
    clocks.resume(lead, owed=Owed.ANSWER, by=by, at=datetime(2026, 3, 3, 8, tzinfo=SEOUL))
    assert clock_of(lead).due_at == datetime(2026, 3, 3, 9, 3, 30, tzinfo=SEOUL)
    assert (clock_of(lead).n_paused_business, clock_of(lead).n_paused_wall) == (90, (4 * 24 - 10) * 3600 + 90)


def test_what_stands_still_goes_on_once_for_two_workers(cast: Cast) -> None:
    lead = ready(cast)
    clocks.pause(lead, owed=Owed.ANSWER, reason="cb", until=AT + timedelta(hours=1), by=By(cast.ivo, Door.WEB), at=AT)
    found = [(clock.pk, clock.lead_id) for clock in Clock.objects.to_go_on(AT + timedelta(hours=1))]
    assert [breaches._gone_on(*one, at=AT + timedelta(hours=1)) for one in found * 2] == [True, False], "both had found it"
    assert turns(clock_of(lead)).count(Turn.RESUMED) == 1


def test_what_they_write_is_answered_within_eight_working_hours(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=SET_UP, at=AT, stage=stages.CONNECTED)
    clocks.start(lead, event=Event.REPLIED, by=By(None, Door.JOB), at=AT.replace(hour=16))
    assert clock_of(lead, Owed.REPLY).due_at == AT.replace(day=4, hour=15)
    leads.advance(lead, to=stages.BOOKED, by=By(cast.ivo, Door.WEB), at=AT.replace(hour=17))
    assert clock_of(lead, Owed.REPLY).stopped_at is None, "to move it on says nothing to them"
    touched(lead, cast.ivo, AT.replace(hour=17, minute=30))
    assert (clock_of(lead, Owed.REPLY).is_kept, clock_of(lead, Owed.REPLY).business_seconds) == (True, 90 * 60)
