"""The desk reads the list of the day: in its order, with what became due since, and without what is worked or skipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tasuki.core.audit import By, Door
from tasuki.crm import stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.inside_sales import call_desk
from tasuki.inside_sales.call_desk import Waiting
from tasuki.inside_sales.call_lists import building, lists
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import SET_UP, Cast
from tests.engage.calling import callable_lead, type_of

pytestmark = pytest.mark.django_db

# A Tuesday, 10:00 in Seoul, and the evening before by the clock of Ivo.
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
EVENING = AT - timedelta(hours=7)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def told(cast: Cast, lead: Lead, what: Disposition, *, at: datetime = AT, again_at: datetime | None = None) -> None:
    call_desk.conclude(lead, outcome=Outcome(what, again_at=again_at, note="x"), call_type=type_of(), by=ivo(cast), at=at)


def listed(cast: Cast) -> CallList:
    building.build(AT.date(), owners=[cast.ivo], by=SET_UP, at=EVENING)
    return CallList.objects.get(owner=cast.ivo, for_on=AT.date())


def promised_call(cast: Cast, lead: Lead, *, subject: str = "after the board") -> None:
    tasks.add(Task(subject=subject, kind=TaskKind.CALL, due_on=AT.date(), owner=cast.ivo, lead=lead), by=ivo(cast), at=EVENING)


def waiting(cast: Cast, at: datetime = AT) -> list[Waiting]:
    return call_desk.queue(cast.ivo, at=at)


def test_the_queue_is_what_is_left_of_the_list_in_its_order(cast: Cast) -> None:
    leads = [callable_lead(cast, n) for n in range(1, 6)]
    promised_call(cast, leads[4])
    made = listed(cast)
    order = list(made.entries.order_by("position"))
    lists.move(order[0], to=3, by=ivo(cast), at=EVENING)
    expected = list(made.entries.order_by("position").values_list("bucket", "lead"))
    assert [(one.bucket, one.lead.pk) for one in waiting(cast)] == expected
    assert [bucket for bucket, _those in call_desk.in_slots(waiting(cast))] == [Bucket.LATE, Bucket.CALL_BACK, Bucket.LATE]
    outside = callable_lead(cast, 9, stage=stages.WORKING)
    assert outside.pk not in {one.lead.pk for one in waiting(cast)}, "who is not on the list waits for another day"
    assert expected[0][1] != leads[4].pk
    told(cast, Lead.objects.visible_to(cast.ivo).get(pk=expected[0][1]), Disposition.TALK)
    lists.skip(order[-1], reason="at a fair", by=ivo(cast), at=AT)
    assert [one.lead.pk for one in waiting(cast)] == [lead for _bucket, lead in expected if lead not in {expected[0][1], order[-1].lead_id}]


def test_why_is_said_in_the_language_of_the_reader(cast: Cast) -> None:
    promised_call(cast, callable_lead(cast))
    listed(cast)
    said = {}
    for language in ("en", "ko", "ja"):
        with translation.override(language):
            said[language] = waiting(cast)[0].reason
    assert "after the board" in said["en"]
    assert "promised for" in said["en"]
    assert len(set(said.values())) == 3


def test_what_becomes_due_by_the_clock_comes_on_top_of_its_bucket_and_is_marked(cast: Cast) -> None:
    first, second, again, promised = (callable_lead(cast, n) for n in range(1, 5))
    promised_call(cast, first)
    listed(cast)
    told(cast, again, Disposition.BUSY)
    told(cast, promised, Disposition.CALL_BACK, again_at=AT + timedelta(hours=2))
    now = waiting(cast, AT + timedelta(minutes=1))
    assert [(one.bucket, one.lead.pk, one.is_inserted) for one in now] == [
        (Bucket.CALL_BACK, promised.pk, True),
        (Bucket.CALL_BACK, first.pk, False),
        (Bucket.LATE, second.pk, False),
    ], "who is busy is not tried again before the time has come"
    assert now[0].due_at == AT + timedelta(hours=2)
    later = waiting(cast, AT + timedelta(hours=1))
    assert [(one.bucket, one.lead.pk, one.is_inserted) for one in later][-1] == (Bucket.STEP, again.pk, True)
    assert later[-1].is_late


def test_a_task_of_one_who_was_called_today_does_not_bring_them_back(cast: Cast) -> None:
    lead = callable_lead(cast)
    promised_call(cast, lead)
    listed(cast)
    told(cast, lead, Disposition.TALK)
    assert waiting(cast, AT + timedelta(minutes=1)) == []


def test_a_late_hand_raise_stands_on_top_and_is_marked(cast: Cast) -> None:
    callable_lead(cast, 1)
    listed(cast)
    late = callable_lead(cast, 2)
    lists.insert(late, why=[["raised", AT.isoformat(), "web"]], by=ivo(cast), at=AT)
    first = waiting(cast)[0]
    assert (first.lead, first.bucket, first.is_inserted) == (late, Bucket.RAISED, True)


def test_skipping_at_the_desk_marks_the_entry_with_the_reason(cast: Cast) -> None:
    lead, other = callable_lead(cast, 1), callable_lead(cast, 2)
    made = listed(cast)
    call_desk.skip(lead, reason=" at a fair ", by=ivo(cast), at=AT)
    entry = made.entries.get(lead=lead)
    assert (entry.skip_reason, entry.skipped_at) == ("at a fair", AT)
    assert [one.lead for one in waiting(cast)] == [other]
    lists.take_back(entry, by=ivo(cast), at=AT)
    assert {one.lead.pk for one in waiting(cast)} == {lead.pk, other.pk}


def test_the_meter_shows_the_places_of_the_list_and_what_is_worked_of_it(cast: Cast) -> None:
    worked = callable_lead(cast, 1)
    callable_lead(cast, 2)
    made = listed(cast)
    CallList.objects.filter(pk=made.pk).update(n_slots=12)
    told(cast, worked, Disposition.NO_ANSWER)
    told(cast, callable_lead(cast, 3, stage=stages.WORKING), Disposition.NO_ANSWER)
    found = call_desk.slots(cast.ivo, at=AT + timedelta(minutes=1))
    assert (found.n_today, found.of_day, found.n_week, found.of_week) == (1, 12, 1, 80)
    without = call_desk.slots(cast.ivo, at=AT + timedelta(days=1))
    assert (without.n_today, without.of_day, without.n_week) == (0, 16, 2)


def test_a_list_asks_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            found = waiting(cast, AT + timedelta(hours=1))
            call_desk.slots(cast.ivo, at=AT)
        assert found
        return len(asked)

    def fill(first: int, n: int) -> None:
        for nth in range(first, first + n):
            callable_lead(cast, nth)
            promised_call(cast, callable_lead(cast, nth + 40))

    fill(1, 1)
    made = listed(cast)
    told(cast, callable_lead(cast, 90), Disposition.BUSY)
    n_queries()  # the key of the blocks is made when it is first needed
    two = n_queries()
    fill(2, 5)
    building.propose_again(made, by=SET_UP, at=EVENING)
    told(cast, callable_lead(cast, 91), Disposition.BUSY)
    assert len(waiting(cast)) >= 12
    assert n_queries() == two
