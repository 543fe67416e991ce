"""The clocks of a hand-off: silence tells and never accepts (R18), 60 days without a next step tell and then return (R22)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasuki.core import calendars, roles, teams
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.working_time import Hours, Shift
from tasuki.crm import stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.tasks import Task
from tasuki.relay import handoff_clock, handoff_rules, handoffs
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoff_rules import HandoffRulesWrong
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tests.cast import MONDAY, Cast, hired
from tests.relay.handing import AFTER, MEETING, by, offered

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
NEXT_STEP_WITHIN, GRACE = timedelta(days=60), timedelta(days=7)
OFFICE = Hours(SEOUL, (*[(Shift(9 * 60, 18 * 60),)] * 5, (), ()), "KR")


def told(*people: object) -> set[tuple[object, str]]:
    rows = Notification.objects.filter(happening=Happening.HANDOFF, person__in=people).select_related("cause", "person")
    return {(row.person, row.cause.action) for row in rows}


def seoul(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("meeting", "due"),
    [
        (seoul(1, 15), seoul(2, 15)),  # a Wednesday: 24 hours later
        (seoul(3, 17), seoul(6, 17)),  # a Friday: the weekend does not count
        (seoul(3, 19), seoul(7, 9)),  # after hours: when the house opens again
        (seoul(1, 7), seoul(2, 9)),  # before hours
    ],
)
def test_an_answer_is_due_a_business_day_after_the_meeting(meeting: datetime, due: datetime) -> None:
    assert handoff_clock.answer_due(meeting, hours=OFFICE) == due


def test_a_calendar_that_never_opens_counts_as_one_that_never_closes() -> None:
    assert handoff_clock.answer_due(seoul(3, 17), hours=Hours(SEOUL, ((),) * 7)) == seoul(4, 17)


def test_the_clock_runs_from_the_meeting_and_for_a_meeting_that_was_from_the_offer(cast: Cast) -> None:
    hours = hours_of_the_house()
    assert offered(cast).due_at == handoff_clock.answer_due(MEETING, hours=hours)
    late = offered(cast, 2, meeting_at=MONDAY, at=AFTER)
    assert late.due_at == handoff_clock.answer_due(AFTER, hours=hours)


def test_it_is_the_calendar_of_the_receivers_team_that_counts(cast: Cast) -> None:
    friday_off = {weekday: [Shift(9 * 60, 18 * 60)] for weekday in range(4)}
    short_weeks = calendars.add("Short weeks", time_zone="Asia/Seoul", country="", week=friday_off, by=by(cast.ada), at=MONDAY)
    teams.work_by(cast.field_sales, calendar=short_weeks, by=by(cast.ada), at=MONDAY)
    thursday = datetime(2026, 3, 5, 15, tzinfo=SEOUL)
    assert offered(cast, meeting_at=thursday).due_at == thursday + timedelta(days=4), "Friday is closed there"


def test_silence_tells_both_managers_once_and_accepts_nothing(cast: Cast) -> None:
    boss = hired("boss", "Roth", "Nina", role=Role.MANAGER, team=cast.field_sales)
    handoff = offered(cast)
    assert handoff_clock.watch(at=handoff.due_at - timedelta(seconds=1)) == 0
    assert handoff_clock.watch(at=handoff.due_at) == 1
    assert told(cast.ruth, boss, cast.ivo) == {(cast.ruth, "escalate"), (boss, "escalate"), (cast.ivo, "escalate")}
    assert told(cast.saori) == {(cast.saori, "offer"), (cast.saori, "escalate")}
    n = Notification.objects.count()
    for days in (0, 1, 400):
        assert handoff_clock.watch(at=handoff.due_at + timedelta(days=days)) == 0
    handoff.refresh_from_db()
    assert (handoff.state, Notification.objects.count(), Opportunity.objects.count()) == ("offered", n, 0)
    assert handoffs.accept(handoff, by=by(cast.saori), at=handoff.due_at + timedelta(days=400)), "a late answer is an answer"


def test_without_a_manager_the_administrators_are_told(cast: Cast) -> None:
    roles.revoke(cast.ruth, role=Role.MANAGER, by=by(cast.ada), at=MONDAY)
    handoff = offered(cast)
    handoff_clock.watch(at=handoff.due_at)
    assert told(cast.ada) == {(cast.ada, "escalate")}


def test_of_a_queue_everybody_is_told_who_could_take_it(cast: Cast) -> None:
    handoff = offered(cast, to=cast.field_sales)
    assert told(cast.saori) == {(cast.saori, "offer")}
    handoff_clock.watch(at=handoff.due_at)
    assert (cast.saori, "escalate") in told(cast.saori)


def accepted(cast: Cast) -> tuple[Handoff, Opportunity, datetime]:
    handoff = offered(cast)
    deal = handoffs.accept(handoff, by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    assert handoff.next_step_due_at == AFTER + NEXT_STEP_WITHIN
    return handoff, deal, AFTER + NEXT_STEP_WITHIN


def test_accepted_without_a_next_step_for_60_days_is_told_and_a_week_later_goes_back(cast: Cast) -> None:
    handoff, deal, day_60 = accepted(cast)
    assert handoff_clock.watch(at=day_60 - timedelta(seconds=1)) == 0
    assert handoff_clock.watch(at=day_60) == 1
    assert {(cast.saori, "ask_next_step"), (cast.ruth, "ask_next_step")} <= told(cast.saori, cast.ruth)
    assert handoff_clock.watch(at=day_60 + GRACE - timedelta(seconds=1)) == 0
    assert handoff_clock.watch(at=day_60 + GRACE) == 1
    assert handoff_clock.watch(at=day_60 + GRACE) == 0
    passage = Passage.objects.get(lead=handoff.lead_id, stage=stages.P1)
    assert (passage.outcome, passage.reason) == ("recycled", "no_next_step")
    assert passage.wake_on
    handoff.refresh_from_db()
    deal.refresh_from_db()
    assert (handoff.state, handoff.lapsed_at is not None, deal.closed_at is not None) == ("accepted", True, True), "the acceptance stays one"
    assert (cast.ivo, "lapse") in told(cast.ivo)


def test_a_next_step_winds_the_clock_and_leaving_p1_stops_it(cast: Cast) -> None:
    handoff, deal, day_60 = accepted(cast)
    step = day_60 - timedelta(days=10)
    tasks.add(Task(subject="Demo", owner=cast.saori, lead=Lead.objects.get(pk=handoff.lead_id)), by=by(cast.saori), at=step)
    assert handoff_clock.watch(at=day_60) == 0
    handoff.refresh_from_db()
    assert handoff.next_step_due_at == step + NEXT_STEP_WITHIN
    opportunities.advance(deal, to=stages.P2, by=by(cast.saori), at=step)
    assert handoff_clock.watch(at=step + NEXT_STEP_WITHIN) == 0
    handoff.refresh_from_db()
    assert handoff.next_step_due_at is None


def test_a_step_after_the_telling_keeps_the_deal(cast: Cast) -> None:
    handoff, deal, day_60 = accepted(cast)
    handoff_clock.watch(at=day_60)
    tasks.add(Task(subject="Demo", owner=cast.saori, lead=Lead.objects.get(pk=handoff.lead_id)), by=by(cast.saori), at=day_60 + timedelta(days=2))
    assert handoff_clock.watch(at=day_60 + GRACE) == 0
    deal.refresh_from_db()
    handoff.refresh_from_db()
    assert (deal.closed_at, handoff.next_step_told_at) == (None, None)


def test_the_house_says_how_long_a_next_step_may_take_and_what_began_goes_on_as_it_began(cast: Cast) -> None:
    before, _deal, day_60 = accepted(cast)
    handoff_rules.change(n_next_step_days=10, n_grace_days=2, n_wake_days=5, by=by(cast.ada), at=AFTER)
    handoff = offered(cast, 2)
    handoffs.accept(handoff, by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    day_10 = AFTER + timedelta(days=10)
    assert (handoff.next_step_due_at, before.next_step_due_at) == (day_10, day_60)
    assert (handoff_clock.watch(at=day_10 - timedelta(seconds=1)), handoff_clock.watch(at=day_10)) == (0, 1)
    gone = day_10 + timedelta(days=2)
    assert (handoff_clock.watch(at=gone - timedelta(seconds=1)), handoff_clock.watch(at=gone)) == (0, 1)
    assert Passage.objects.get(lead=handoff.lead_id, stage=stages.P1).wake_on == (gone + timedelta(days=5)).date()
    entry = AuditEntry.objects.get(noun="handoffrules")
    assert (entry.actor, entry.changes) == (cast.ada, {"n_next_step_days": [60, 10], "n_grace_days": [7, 2], "n_wake_days": [30, 5]})


@pytest.mark.parametrize("said", [{"n_next_step_days": 0}, {"n_grace_days": 366}, {"low_percent": 90}, {"high_percent": 101}, {"low_percent": -1}])
def test_rules_that_make_no_sense_are_refused(cast: Cast, said: dict[str, int]) -> None:
    with pytest.raises(HandoffRulesWrong):
        handoff_rules.change(by=by(cast.ada), at=AFTER, **said)
    assert handoff_rules.in_force().band == (0.7, 0.9)


def test_a_missed_meeting_that_nobody_books_again_is_told_after_90_days(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.miss(handoff, by=by(cast.saori), at=AFTER)
    assert handoff_clock.watch(at=MEETING + timedelta(days=89)) == 0
    assert handoff_clock.watch(at=MEETING + timedelta(days=90)) == 1
    assert handoff_clock.watch(at=MEETING + timedelta(days=91)) == 0
    assert (cast.ivo, "ask_rebooking") in told(cast.ivo)


def test_the_job_of_the_schedule_watches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasuki import schedule

    handoff = offered(cast)
    monkeypatch.setattr("django.utils.timezone.now", lambda: handoff.due_at.astimezone(UTC))
    schedule.watch_handoffs(0)
    handoff.refresh_from_db()
    assert handoff.escalated_at == handoff.due_at
