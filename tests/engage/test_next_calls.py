"""When somebody is tried again: by the rule of the result, in the recipient's hours, across the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import tasks
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage import calls, next_calls, recipients
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.next_calls import NextCall, RetryRule, RuleWrong
from tests.cast import Cast
from tests.engage.calling import NUMBER, call_of, callable_lead

pytestmark = pytest.mark.django_db

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
# A Tuesday without a holiday in Korea: 10:00 and 15:00 there.
MORNING, AFTERNOON = datetime(2026, 3, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, 6, tzinfo=UTC)


def told(cast: Cast, what: Disposition, *, at: datetime, number: str = NUMBER, country: str = "KR", **said: object) -> NextCall:
    lead = callable_lead(cast, number=number, country=country)
    call = call_of(cast, lead, at=at, number=number)
    calls.dispose(call, outcome=Outcome(what, **said), by=By(cast.ivo, Door.WEB), at=at)  # type: ignore[arg-type]  # each test says what it says
    return NextCall.objects.get(lead=lead)


@pytest.mark.parametrize(
    ("what", "at", "due"),
    [
        (Disposition.BUSY, MORNING, MORNING + timedelta(minutes=30)),
        (Disposition.BUSY, datetime(2026, 3, 3, 8, 45, tzinfo=UTC), datetime(2026, 3, 4, 0, tzinfo=UTC)),
        (Disposition.NO_ANSWER, MORNING, datetime(2026, 3, 3, 5, tzinfo=UTC)),
        (Disposition.NO_ANSWER, AFTERNOON, datetime(2026, 3, 4, 1, tzinfo=UTC)),
        (Disposition.GATEKEEPER, MORNING, datetime(2026, 3, 3, 5, tzinfo=UTC)),
        (Disposition.GATEKEEPER, datetime(2026, 3, 6, 6, tzinfo=UTC), datetime(2026, 3, 9, 1, tzinfo=UTC)),
        (Disposition.VOICEMAIL, MORNING, MORNING + timedelta(days=1)),
        # The first of May is a holiday in Korea, and a Friday.
        (Disposition.VOICEMAIL, datetime(2026, 4, 30, 1, tzinfo=UTC), datetime(2026, 5, 4, 0, tzinfo=UTC)),
    ],
)
def test_who_was_not_reached_is_tried_again_by_the_rule_and_in_their_hours(cast: Cast, what: Disposition, at: datetime, due: datetime) -> None:  # noqa: PLR0917 - the columns of the table above
    planned = told(cast, what, at=at)
    assert (planned.due_at, planned.is_promised, planned.zone, planned.task) == (due, False, "Asia/Seoul", None)


def test_a_promise_is_a_task_on_the_day_that_it_is_there(cast: Cast) -> None:
    again = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the 5th, 08:30, in Seoul
    planned = told(cast, Disposition.CALL_BACK, at=MORNING, again_at=again, note="after the board")
    assert planned.task is not None
    assert (planned.task.kind, planned.task.due_on, planned.task.subject) == (TaskKind.CALL, date(2026, 3, 5), "Call back at 08:30 (Asia/Seoul)")
    assert (planned.is_promised, planned.due_there.isoformat(), planned.words) == (True, "2026-03-05T08:30:00+09:00", "after the board")


@pytest.mark.parametrize(
    ("day", "clock", "in_utc"),
    [
        (date(2026, 3, 7), time(10), datetime(2026, 3, 7, 15, tzinfo=UTC)),
        # In New York the clocks go forward on the 8th of March 2026, and back on the 1st of November.
        (date(2026, 3, 9), time(10), datetime(2026, 3, 9, 14, tzinfo=UTC)),
        (date(2026, 3, 8), time(2, 30), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        (date(2026, 11, 1), time(1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (date(2026, 11, 2), time(10), datetime(2026, 11, 2, 15, tzinfo=UTC)),
    ],
)
def test_a_time_that_is_promised_is_that_of_the_recipients_clock_across_the_change_of_clocks(cast: Cast, day: date, clock: time, in_utc: datetime) -> None:  # noqa: PLR0917 - the columns of the table above
    number = "+12125550187"
    planned = told(cast, Disposition.CALL_BACK, at=MORNING, number=number, country="US", again_at=recipients.moment(day, clock, zone=NEW_YORK))
    assert planned.due_at == in_utc
    assert planned.task is not None
    assert (planned.zone, planned.task.due_on) == ("America/New_York", day)


def test_a_wait_over_the_change_of_clocks_ends_at_the_same_hour_of_the_wall(cast: Cast) -> None:
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)  # 10:00 in New York, winter time
    planned = told(cast, Disposition.GATEKEEPER, at=datetime(2026, 3, 6, 20, tzinfo=UTC), number="+12125550187", country="US")
    assert planned.due_there.isoformat() == "2026-03-09T10:00:00-04:00"
    assert planned.due_at - friday == timedelta(days=3) - timedelta(hours=1)


def test_a_promise_that_reached_nobody_stays_a_promise_with_its_task(cast: Cast) -> None:
    planned = told(cast, Disposition.CALL_BACK, at=MORNING, again_at=AFTERNOON, note="after three")
    call = call_of(cast, planned.lead, at=AFTERNOON)
    calls.dispose(call, outcome=Outcome(Disposition.BUSY), by=By(cast.ivo, Door.WEB), at=AFTERNOON)
    again = NextCall.objects.get(lead=planned.lead)
    assert (again.is_promised, again.due_at, again.words, again.task) == (True, AFTERNOON + timedelta(minutes=30), "after three", planned.task)


def test_a_promise_that_was_kept_is_done(cast: Cast) -> None:
    planned = told(cast, Disposition.CALL_BACK, at=MORNING, again_at=AFTERNOON)
    call = call_of(cast, planned.lead, at=AFTERNOON)
    calls.dispose(call, outcome=Outcome(Disposition.TALK), by=By(cast.ivo, Door.WEB), at=AFTERNOON)
    assert not NextCall.objects.exists()
    assert Task.objects.get().done_at == AFTERNOON


def test_due_are_promises_first_and_only_of_passes_that_go_on(cast: Cast) -> None:
    late = told(cast, Disposition.CALL_BACK, at=MORNING, again_at=AFTERNOON)
    other = callable_lead(cast, 2, number="+8225550199")
    calls.dispose(call_of(cast, other, at=MORNING, number="+8225550199"), outcome=Outcome(Disposition.BUSY), by=By(cast.ivo, Door.WEB), at=MORNING)
    due = NextCall.objects.visible_to(cast.ivo).of_open_passes().due_by(AFTERNOON)
    assert [one.lead for one in due] == [late.lead, other]
    assert not NextCall.objects.visible_to(cast.tomas)
    assert not due.due_by(MORNING)


@pytest.mark.parametrize(
    ("number", "country", "zone"),
    [
        ("", "JP", "Asia/Tokyo"),
        ("+12125550187", "", "America/New_York"),
        ("", "US", "Asia/Seoul"),
        ("", "", "Asia/Seoul"),
        ("+18005550187", "US", "Asia/Seoul"),
        ("", "ZZ", "Asia/Seoul"),
    ],
)
def test_the_clock_is_that_of_the_number_else_of_the_country_else_ours(cast: Cast, number: str, country: str, zone: str) -> None:  # noqa: PLR0917 - the columns of the table above
    lead = callable_lead(cast, number="", country=country)
    assert str(recipients.zone_of(lead, number=number)) == zone


def test_a_time_is_offered_in_the_hours_of_the_recipient(cast: Cast) -> None:
    lead = callable_lead(cast)
    friday_evening = datetime(2026, 3, 6, 11, 20, tzinfo=UTC)
    assert next_calls.suggested(lead, at=friday_evening, zone=SEOUL) == datetime(2026, 3, 9, 0, tzinfo=UTC)
    assert next_calls.suggested(lead, at=MORNING + timedelta(minutes=20), zone=SEOUL) == MORNING + timedelta(days=1)


def test_a_rule_is_changed_within_reason_and_the_trail_says_so(cast: Cast) -> None:
    rule = RetryRule.objects.get(disposition="busy")
    next_calls.change_rule(rule, n_minutes=45, is_other_hour=False, by=By(cast.ada, Door.WEB), at=MORNING)
    assert AuditEntry.objects.of(rule).get().changes == {"n_minutes": [30, 45]}
    for n in (0, 4, 60 * 24 * 60 + 1):
        with pytest.raises(RuleWrong):
            next_calls.change_rule(rule, n_minutes=n, is_other_hour=False, by=By(cast.ada, Door.WEB), at=MORNING)
    assert told(cast, Disposition.BUSY, at=MORNING).due_at == MORNING + timedelta(minutes=45)


def test_a_promise_whose_task_is_done_already_is_kept_all_the_same(cast: Cast) -> None:
    planned = told(cast, Disposition.CALL_BACK, at=MORNING, again_at=AFTERNOON)
    assert planned.task is not None
    tasks.finish(planned.task, by=By(cast.ivo, Door.WEB), at=MORNING)
    calls.dispose(call_of(cast, planned.lead, at=AFTERNOON), outcome=Outcome(Disposition.TALK), by=By(cast.ivo, Door.WEB), at=AFTERNOON)
    assert not NextCall.objects.exists()
