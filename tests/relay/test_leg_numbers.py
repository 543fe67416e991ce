"""The numbers of inside sales: each against rows counted by hand, the rows behind each, and the balance of its stages on random histories."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.people import User
from tasuki.crm import leads, stages, tasks
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.engage import calls, meetings
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meetings import Plan
from tasuki.inside_sales.call_lists import lists as call_lists
from tasuki.inside_sales.call_lists.lists import CallList
from tasuki.relay import benchmarks, handoffs, leg_flows, leg_numbers, leg_rows, leg_tasks
from tasuki.relay.leg_numbers import MEASURE, MEASURES, Numbers, Share, SkipReason, Tries
from tasuki.relay.leg_rows import Asked, Each
from tests.cast import MONDAY, Cast
from tests.engage.calling import call_of, callable_lead, outcome, type_of
from tests.relay.handing import by, offered
from tests.relay.histories import N_DAYS, START, Teller
from tests.remembering import written

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
END = MONDAY + timedelta(days=7)


def asked(viewer: User, **more: Any) -> Asked:
    return Asked(viewer, **{"start": MONDAY, "end": END, "zone": SEOUL, **more})


def told(person: User, lead: Lead, *results: Disposition, at: datetime = MONDAY) -> None:
    """One call after the other, each told three minutes later."""
    for nth, what in enumerate(results):
        began = at + timedelta(minutes=10 * nth)
        call = calls.begin(lead, call_type=type_of(), by=by(person), at=began)
        calls.dispose(call, outcome=outcome(what), by=by(person), at=began + timedelta(minutes=3))


@pytest.fixture
def week(cast: Cast) -> Cast:
    written(_week, cast)
    return cast


def _week(cast: Cast) -> None:
    """Ivo's week: four leads tried, two reached, one meeting booked; one given up after two tries. Ruth made one call, Ivo one the week before."""
    one, two, three, four = (callable_lead(cast, n) for n in range(1, 5))
    told(cast.ivo, one, Disposition.NO_ANSWER, Disposition.GATEKEEPER, Disposition.TALK)
    told(cast.ivo, two, Disposition.MEETING, at=MONDAY + timedelta(days=1))
    told(cast.ivo, three, Disposition.BUSY, Disposition.NO_ANSWER, at=MONDAY + timedelta(days=1, hours=2))
    leads.recycle(three, because=ExitReason.objects.get(key="no_response"), rule=None, wake_on=date(2026, 6, 1), by=by(cast.ivo), at=MONDAY + timedelta(days=2))
    told(cast.ruth, four, Disposition.BAD_NUMBER, Disposition.VOICEMAIL, at=MONDAY + timedelta(days=3))
    told(cast.ivo, callable_lead(cast, 5), Disposition.TALK, at=MONDAY - timedelta(days=1))


def test_calls_and_people_are_counted_beside_the_period_before(week: Cast) -> None:
    now, before = leg_numbers.now_and_before(asked(week.ada))
    one = now.calls
    assert (one.n_dials, one.n_connects, one.n_conversations, one.n_meetings, one.n_attempted, one.n_reached) == (7, 3, 2, 1, 4, 2)
    assert (now.n_person_days, now.dials_a_day) == (3, 7 / 3), "Ivo on Monday and Tuesday, Ruth on Thursday"
    assert (before.calls.n_dials, before.n_person_days) == (1, 1)
    assert (now.tries.by_n[:4], now.tries.n_dials, now.tries.mean, now.tries.before(6)) == ((0, 0, 1, 0), 2, 2.0, 1.0)


def test_who_calls_us_is_spoken_with_and_reached_but_not_dialled_and_each_number_leads_to_its_calls(week: Cast) -> None:
    for nth, what in enumerate([Disposition.TALK, Disposition.NO_ANSWER], start=10):
        call = calls.begin(callable_lead(week, nth), call_type=type_of(), direction=Direction.IN, by=by(week.ivo), at=MONDAY + timedelta(days=4, hours=nth))
        calls.dispose(call, outcome=outcome(what), by=by(week.ivo), at=call.started_at + timedelta(minutes=3))
    mine = asked(week.ada)
    now, _before = leg_numbers.now_and_before(mine)
    one = now.calls
    assert (one.n_dials, one.n_connects, one.n_dialled_talks, now.n_person_days) == (7, 3, 2, 3), "Ivo dialled nobody on Friday"
    assert (one.n_conversations, one.n_incoming_talks, one.n_attempted, one.n_reached) == (3, 1, 5, 3)
    rows = {name: leg_rows.ROWS[name](mine).count() for name in ("dials", "conversations", "dialled_talks", "incoming_talks", "attempted", "reached")}
    assert rows == {"dials": 7, "conversations": 3, "dialled_talks": 2, "incoming_talks": 1, "attempted": 5, "reached": 3}
    assert [(row.result, row.n) for row in leg_numbers.by_result(mine) if row.result == Disposition.TALK] == [(Disposition.TALK, 2)]


def test_all_time_has_nothing_before_it(week: Cast) -> None:
    now, before = leg_numbers.now_and_before(asked(week.ada, start=None))
    assert (now.calls.n_dials, before) == (8, Numbers())


def test_the_same_calls_by_person_team_source_and_week(week: Cast) -> None:
    def dials(each: Each) -> dict[Any, int]:
        found = leg_numbers.grouped(asked(week.ada, start=MONDAY - timedelta(days=7)), each=each)
        return {key: one.calls.n_dials for key, one in found.items() if one.calls.n_dials}

    assert dials(Each.PERSON) == {week.ivo.pk: 7, week.ruth.pk: 1}
    assert dials(Each.TEAM) == {week.inside_sales.pk: 7, week.ruth.team_id: 1}
    assert dials(Each.SOURCE) == {"webinar": 8}
    assert dials(Each.WEEK) == {date(2026, 2, 23): 1, date(2026, 3, 2): 7}, "weeks begin on the Monday of the house"


def test_whoever_is_asked_for_is_counted_alone(week: Cast) -> None:
    assert leg_numbers.now_and_before(asked(week.ada, person=week.ruth.pk))[0].calls.n_dials == 1
    assert leg_numbers.now_and_before(asked(week.ada, team=week.inside_sales.pk))[0].calls.n_dials == 6
    assert leg_numbers.now_and_before(asked(week.ada, source="fair"))[0].calls.n_dials == 0
    assert leg_numbers.now_and_before(asked(week.ada, person=0))[0].calls.n_dials == 0, "0 is what nobody called"


def test_a_line_has_every_week_and_ends_with_the_running_one(week: Cast) -> None:
    weeks = leg_numbers.by_week(asked(week.ada, start=MONDAY - timedelta(days=21)), MEASURE["connect"])
    assert [(one.monday.date(), one.moved, one.n) for one in weeks][-3:] == [(date(2026, 2, 23), 1, 1), (date(2026, 3, 2), 3, 7), (date(2026, 3, 9), 0, 0)]
    assert len(weeks) == 5


def test_meetings_and_hand_offs_are_of_whoever_brought_them(cast: Cast) -> None:
    lead = callable_lead(cast, 9)
    held = meetings.book(lead, plan=Plan(cast.saori, MONDAY + timedelta(hours=2)), by=by(cast.ivo), at=MONDAY)
    meetings.hold(held, by=by(cast.saori), at=MONDAY + timedelta(hours=3))
    missed = meetings.book(callable_lead(cast, 8), plan=Plan(cast.saori, MONDAY + timedelta(hours=6)), by=by(cast.ivo), at=MONDAY)
    meetings.miss(missed, by=by(cast.saori), at=MONDAY + timedelta(hours=7))
    handoffs.accept(offered(cast), by=by(cast.saori), at=MONDAY + timedelta(days=3))
    handoff = offered(cast, 2)
    mine = leg_numbers.grouped(asked(cast.ada), each=Each.PERSON)[cast.ivo.pk]
    assert (mine.meetings.n_held, mine.meetings.n_missed, mine.handoffs.accepted, mine.handoffs.n) == (1, 1, 1, 1)
    assert handoff.is_open, "what waits is divided by nothing"
    meetings.book(missed.lead, plan=Plan(cast.saori, MONDAY + timedelta(days=40)), again=missed, by=by(cast.ivo), at=MONDAY + timedelta(days=5))
    assert leg_numbers.now_and_before(asked(cast.ada))[0].meetings.n == 1, "booked again in time it is no no-show"


def test_lists_say_how_much_of_them_was_worked_and_in_which_order(cast: Cast) -> None:
    rows = [callable_lead(cast, n) for n in range(1, 6)]
    made = CallList.objects.create(owner=cast.ivo, for_on=MONDAY.date(), n_slots=4, built_at=MONDAY)
    for position, lead in enumerate(rows, start=1):
        made.entries.create(lead=lead, bucket=7, position=position, inserted_at=MONDAY if position == 5 else None)
    for minute, lead in enumerate((rows[1], rows[4], rows[0], rows[2])):
        call_lists.work(lead.pk, by=by(cast.ivo), at=MONDAY + timedelta(minutes=minute))
    now, _before = leg_numbers.now_and_before(asked(cast.ada))
    assert (now.lists.n_planned, now.lists.n_worked, now.lists.n_pairs, now.lists.n_in_order) == (4, 3, 3, 2)
    assert MEASURE["worked"].of(now) == Share(3, 4)
    assert leg_numbers.now_and_before(asked(cast.ada, end=MONDAY + timedelta(hours=1)))[0].lists.n_planned == 0, "the day is not over"


def skipped(cast: Cast, *reasons: str, owner: User | None = None, day: date = date(2026, 3, 2), nth: int = 1) -> CallList:
    """A list of a day, a row for each reason; an empty one is worked by nobody and left out by nobody."""
    made = CallList.objects.create(owner=owner or cast.ivo, for_on=day, n_slots=9, built_at=MONDAY)
    for position, reason in enumerate(reasons, start=1):
        said = {"skipped_at": MONDAY, "skip_reason": reason} if reason else {}
        made.entries.create(lead=callable_lead(cast, nth * 20 + position), bucket=7, position=position, **said)
    return made


def test_skips_are_counted_by_person_and_by_reason_and_late_ones_are_no_part(cast: Cast) -> None:
    made = skipped(cast, "On leave", "on leave", "Wrong number", "", "")
    skipped(cast, "No time", "", owner=cast.ruth, nth=2)
    skipped(cast, "On leave", day=MONDAY.date() - timedelta(days=1), nth=3)
    late = made.entries.create(lead=callable_lead(cast, 99), bucket=7, position=0, inserted_at=MONDAY, skipped_at=MONDAY, skip_reason="late")
    period = asked(cast.ada)
    now, before = leg_numbers.now_and_before(period)
    assert (MEASURE["skipped"].of(now), MEASURE["skipped"].of(before)) == (Share(4, 7), Share(1, 1))
    by_person = {key: MEASURE["skipped"].of(one) for key, one in leg_numbers.grouped(period, each=Each.PERSON).items()}
    assert by_person == {cast.ivo.pk: Share(3, 5), cast.ruth.pk: Share(1, 2)}
    assert [(one.words.lower(), one.n) for one in leg_numbers.skip_reasons(period, most=2)] == [("on leave", 2), ("no time", 1)]
    common = {key: (one.words.lower(), one.n) for key, one in leg_numbers.commonest_skip_reasons(period, each=Each.PERSON).items()}
    assert common == {cast.ivo.pk: ("on leave", 2), cast.ruth.pk: ("no time", 1)}
    assert not leg_rows.ROWS["skipped"](period).filter(pk=late.pk).exists()
    assert leg_numbers.skip_reasons(asked(cast.ada, person=cast.ruth.pk), most=9) == [SkipReason("No time", 1)]
    assert leg_numbers.skip_reasons(asked(cast.saori), most=9) == leg_numbers.skip_reasons(asked(cast.ada, source="fair"), most=9) == []


def test_of_conversations_those_beyond_the_limit_and_of_these_those_in_vain(cast: Cast) -> None:
    for nth, (minutes, what) in enumerate([(3, Disposition.TALK), (40, Disposition.MEETING), (40, Disposition.NOT_INTERESTED), (40, Disposition.GATEKEEPER)]):
        at = MONDAY + timedelta(hours=nth)
        call = call_of(cast, callable_lead(cast, nth + 1), at=at, minutes=minutes)
        calls.dispose(call, outcome=outcome(what), by=by(cast.ivo), at=at + timedelta(hours=1))
    period = asked(cast.ada)
    now, _before = leg_numbers.now_and_before(period)
    # A gatekeeper is no conversation; a meeting is progress, a no is none.
    assert (MEASURE["overrun"].of(now), MEASURE["overrun_in_vain"].of(now)) == (Share(2, 3), Share(1, 2))
    over = {one.result: one.n_over for one in leg_numbers.by_result(period)}
    assert {what: leg_rows.ROWS[f"over_{what.value}"](period).count() for what in over} == over
    assert over[Disposition.GATEKEEPER] == 1


def test_tasks_that_were_due_before_today_are_overdue_and_only_those_of_inside_sellers_count(cast: Cast) -> None:
    today = MONDAY.date()
    for owner, due_on in ((cast.ivo, today), (cast.ivo, today - timedelta(days=1)), (cast.ivo, None), (cast.saori, today - timedelta(days=3))):
        tasks.add(Task(subject="call", owner=owner, lead=callable_lead(cast, Task.objects.count() + 1), due_on=due_on), by=by(cast.ada), at=MONDAY)
    done = Task(subject="done", owner=cast.ivo, lead=callable_lead(cast, 9), due_on=today - timedelta(days=9))
    tasks.finish(tasks.add(done, by=by(cast.ivo), at=MONDAY), by=by(cast.ivo), at=MONDAY)
    found = leg_tasks.by_person(asked(cast.ada), today=today)
    assert found == {cast.ivo.pk: leg_tasks.ToDo(n_open=3, n_overdue=1)}
    assert leg_tasks.in_all(found).overdue == Share(1, 3)
    assert leg_tasks.by_person(asked(cast.tomas), today=today) == leg_tasks.by_person(asked(cast.ada, person=cast.ruth.pk), today=today) == {}


def test_of_few_no_share_is_said_and_of_enough_between_which_it_lies() -> None:
    assert (Share(4, 9).value, Share(4, 9).interval) == (None, None)
    low, high = Share(4, 10).interval or (0, 0)
    assert (Share(4, 10).value, low < 0.4 < high) == (0.4, True)


def test_every_number_is_the_count_of_the_rows_that_it_leads_to(week: Cast) -> None:
    for period in (asked(week.ada), asked(week.ada, person=week.ivo.pk), asked(week.ada, start=None)):
        now, _before = leg_numbers.now_and_before(period)
        for measure in MEASURES:
            counted = (leg_rows.ROWS[measure.part[0]](period).count(), leg_rows.ROWS[measure.whole[0]](period).count())
            share = measure.of(now)
            assert counted == (share.part, share.n), measure.key
        tries = [leg_rows.ROWS[f"tries_{n}"](period).count() for n in range(leg_rows.MOST_TRIES + 1)]
        assert Tries(tuple(tries), now.tries.n_dials) == now.tries
        assert {one.result: leg_rows.ROWS[f"result_{one.result.value}"](period).count() for one in leg_numbers.by_result(period)} == {
            one.result: one.n for one in leg_numbers.by_result(period)
        }


def test_whoever_sees_less_counts_less_and_an_outsider_nothing(week: Cast) -> None:
    assert leg_numbers.now_and_before(asked(week.ruth))[0].calls.n_dials == 7
    assert leg_numbers.now_and_before(asked(week.saori))[0].calls.n_dials == 0
    assert leg_numbers.now_and_before(asked(week.tomas))[0] == Numbers()


def test_a_call_lasts_from_its_answer_or_from_its_dial(week: Cast) -> None:
    found = {one.result: one for one in leg_numbers.by_result(asked(week.ada))}
    assert (found[Disposition.TALK].n, found[Disposition.TALK].p50, found[Disposition.NO_ANSWER].n) == (1, 180.0, 2)
    assert list(found) == [one for one in Disposition if one in found]


def test_it_asks_the_same_for_two_people_and_for_many(cast: Cast) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            leg_numbers.now_and_before(asked(cast.ada))
            leg_numbers.grouped(asked(cast.ada), each=Each.PERSON)
            leg_flows.flows(asked(cast.ada))
        return len(queries)

    told(cast.ivo, callable_lead(cast, 1), Disposition.NO_ANSWER)
    n_queries()  # what Ada is, is asked once
    few = n_queries()
    for nth, person in enumerate((cast.ruth, cast.ada, cast.mina), start=2):
        told(person, callable_lead(cast, nth), Disposition.TALK, at=MONDAY + timedelta(hours=nth))
    assert n_queries() == few


def test_what_others_report_names_a_measure_of_ours_and_its_source() -> None:
    for one in benchmarks.BENCHMARKS:
        assert one.measure in MEASURE or one.measure in ("dials_a_day", "overdue")
        assert (one.low <= one.high, bool(one.source)) == (True, True)
    assert benchmarks.span("connect") == (0.048, 0.133)
    assert benchmarks.span("persistence") is None


@pytest.mark.slow
def test_the_balance_of_every_stage_adds_up_to_the_unit_for_whoever_asks(cast: Cast) -> None:
    """On histories of any order of time: opening + came in − left = closing, by every edge, and the closing of one period is the opening of the next."""
    chance = random.Random(20261129)
    Teller(cast, chance).tell(60)
    for _nth in range(12):
        first, middle, last = (START + timedelta(days=chance.uniform(-5, N_DAYS * 1.6)) for _one in range(3))
        first, middle, last = sorted((first, middle, last))
        narrowed = chance.choice([{}, {"source": "Webinar"}, {"person": cast.ivo.pk}, {"team": cast.inside_sales.pk}])
        viewer = chance.choice([cast.ada, cast.ruth, cast.ivo])
        early = leg_flows.flows(asked(viewer, start=first, end=middle, **narrowed))
        late = leg_flows.flows(asked(viewer, start=middle, end=last, **narrowed))
        for stage in leg_flows.STAGES:
            assert early[stage].is_balanced, (stage, narrowed)
            assert late[stage].is_balanced, (stage, narrowed)
            assert early[stage].count.balance_end == late[stage].count.balance_start
        # What one stage says went to another is what the other says came from it.
        for one in leg_flows.STAGES:
            for other in leg_flows.STAGES:
                assert early[one].went.get(other, 0) == early[other].came.get(one, 0)


def test_edges_say_from_where_and_to_where(cast: Cast) -> None:
    lead = callable_lead(cast, 1)
    leads.advance(lead, to=stages.WORKING, by=by(cast.ivo), at=MONDAY + timedelta(hours=1))
    leads.advance(lead, to=stages.BOOKED, by=by(cast.ivo), at=MONDAY + timedelta(days=1))
    found = leg_flows.flows(asked(cast.ada, start=datetime(2026, 2, 1, tzinfo=UTC)))
    assert (found[stages.READY].came, found[stages.READY].went) == ({leg_flows.OPENED: 1}, {stages.WORKING: 1})
    assert (found[stages.BOOKED].came, found[stages.BOOKED].standing.n) == ({stages.WORKING: 1}, 1)
    assert found[stages.BOOKED].standing.p50 == pytest.approx(6.0, abs=0.01)
    assert not Call.objects.exists()


def test_whoever_called_us_was_reached_and_not_given_up_however_it_is_counted(cast: Cast) -> None:
    for n in (1, 2):
        lead = callable_lead(cast, n)
        told(cast.ivo, lead, Disposition.NO_ANSWER)
        if n == 2:
            call = calls.begin(lead, call_type=type_of(), direction=Direction.IN, by=by(cast.ivo), at=MONDAY + timedelta(hours=2))
            calls.dispose(call, outcome=outcome(Disposition.TALK), by=by(cast.ivo), at=MONDAY + timedelta(hours=2, minutes=5))
        leads.recycle(lead, because=ExitReason.objects.get(key="no_response"), wake_on=date(2026, 9, 1), by=by(cast.ivo), at=MONDAY + timedelta(days=1))
    days, rows = leg_numbers.now_and_before(asked(cast.ada))[0], leg_rows.given_up(asked(cast.ada))
    assert (days.tries.n, days.tries.n_dials, rows.count()) == (1, 1, 1)
    assert (days.calls.n_dials, days.calls.n_connects) == (2, 0), "no call that came in stands in a rate of dials"
