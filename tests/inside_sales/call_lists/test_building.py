"""Building: eight buckets in strict order, each lead once, promises always, the backlog its share, and nobody twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core import absences
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.tasks import TaskKind
from tasuki.engage import meetings
from tasuki.engage.meetings import Plan
from tasuki.inside_sales.call_lists import buckets, building, reasons, rules
from tasuki.inside_sales.call_lists.buckets import Asked, Bucket, Rows
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tests.cast import SET_UP, Cast, hired
from tests.crm.scoring.desk import in_force
from tests.inside_sales.call_lists.shift import EVENING, MORNING, WEDNESDAY, built, lead, order_of, promised

pytestmark = pytest.mark.django_db


def test_the_buckets_come_in_their_order_and_each_lead_once(cast: Cast) -> None:
    backlog = lead(cast, stage=stages.WORKING, days_ago=30)
    ready = lead(cast)
    raised = lead(cast, origin=Origin.INBOUND, days_ago=1)
    called_back = lead(cast, stage=stages.CONNECTED, days_ago=40)
    promised(cast, called_back)
    resting = lead(cast)
    leads.recycle(resting, reason="no budget", wake_on=WEDNESDAY, by=SET_UP, at=EVENING - timedelta(days=2))
    (made,) = built(cast.ivo)
    assert order_of(made) == [(1, called_back.pk), (2, raised.pk), (6, resting.pk), (7, ready.pk), (8, backlog.pk)]
    assert made.n_slots == 16


def test_each_row_says_why_it_is_there(cast: Cast) -> None:
    promised(cast, lead(cast, stage=stages.CONNECTED))
    lead(cast, source="webinar")
    in_force(cast)
    (made,) = built(cast.ivo)
    with translation.override("en"):
        told = [words for _pk, words in sorted(reasons.in_words(made.entries.order_by("position")).items())]
    assert told == [["“after the board”, promised for March 4"], ["ready since February 21", "came to a webinar"]]
    with translation.override("ko"):
        assert "3월 4일" in next(iter(reasons.in_words(made.entries.order_by("position")).values()))[0]


@pytest.mark.parametrize("why", ["done", "mail", "later", "another's", "ended"])
def test_what_is_not_promised_by_them_for_the_day_is_no_call_back(cast: Cast, why: str) -> None:
    one = lead(cast, stage=stages.CONNECTED, days_ago=1)
    task = promised(
        cast,
        one,
        due_on=WEDNESDAY + timedelta(days=why == "later"),
        owner=cast.saori if why == "another's" else None,
        kind=TaskKind.MAIL if why == "mail" else TaskKind.CALL,
    )
    if why == "done":
        type(task).objects.filter(pk=task.pk).update(done_at=EVENING, done_by=cast.ivo)
    if why == "ended":
        leads.disqualify(one, reason="closed", by=SET_UP, at=EVENING)
    (made,) = built(cast.ivo)
    assert order_of(made) == []


def test_new_ones_come_by_expected_value(cast: Cast) -> None:
    plain, webinar = lead(cast, source="fair"), lead(cast, source="webinar")
    newest = lead(cast, source="webinar", days_ago=1)
    in_force(cast)
    (made,) = built(cast.ivo)
    assert [pk for _bucket, pk in order_of(made)] == [newest.pk, webinar.pk, plain.pk]


def test_the_backlog_has_its_share_however_much_is_ready(cast: Cast) -> None:
    for _ in range(20):
        lead(cast)
        lead(cast, stage=stages.WORKING, days_ago=30)
    (made,) = built(cast.ivo)
    assert Counter(bucket for bucket, _lead in order_of(made)) == {7: 13, 8: 3}


def test_the_backlog_fills_what_the_others_leave_free(cast: Cast) -> None:
    lead(cast)
    for _ in range(20):
        lead(cast, stage=stages.WORKING, days_ago=30)
    (made,) = built(cast.ivo)
    assert Counter(bucket for bucket, _lead in order_of(made)) == {7: 1, 8: 15}


def test_what_has_a_next_step_later_is_no_backlog(cast: Cast) -> None:
    promised(cast, lead(cast, stage=stages.WORKING, days_ago=30), due_on=WEDNESDAY + timedelta(days=9))
    (made,) = built(cast.ivo)
    assert order_of(made) == []


def test_promises_are_kept_even_where_they_do_not_fit(cast: Cast) -> None:
    for _ in range(20):
        promised(cast, lead(cast, stage=stages.CONNECTED))
    lead(cast)
    (made,) = built(cast.ivo)
    assert Counter(bucket for bucket, _lead in order_of(made)) == {1: 20}


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    counts=st.fixed_dictionaries({bucket: st.integers(0, 9) for bucket in (1, 2, 7, 8)}),
    slots=st.integers(1, 12),
    percent=st.integers(0, 100),
)
def test_order_promises_and_quota_hold_for_any_day(cast: Cast, *, counts: dict[int, int], slots: int, percent: int) -> None:
    Lead.objects.all().update(stage=None, ended_at=EVENING, ended_as="lost")
    CallList.objects.all().delete()
    for _ in range(counts[1]):
        promised(cast, lead(cast, stage=stages.CONNECTED))
    for _ in range(counts[2]):
        lead(cast, origin=Origin.INBOUND, days_ago=1)
    for _ in range(counts[7]):
        lead(cast)
    for _ in range(counts[8]):
        lead(cast, stage=stages.WORKING, days_ago=30)
    said = rules.change(slots_a_day=slots, backlog_percent=percent, by=SET_UP, at=EVENING)
    (made,) = built(cast.ivo)
    order = [bucket for bucket, _lead in order_of(made)]
    found = Counter(order)
    assert order == sorted(order)
    assert len({pk for _bucket, pk in order_of(made)}) == len(order)
    assert (found[1], found[2]) == (counts[1], counts[2])
    assert found[8] >= min(said.quota(slots), counts[8])
    assert len(order) == max(min(slots, sum(counts.values())), counts[1] + counts[2] + min(said.quota(slots), counts[8]))


def test_who_is_away_or_has_no_hours_gets_no_list(cast: Cast) -> None:
    lead(cast)
    absences.mark(cast.ivo, first_on=WEDNESDAY, last_on=WEDNESDAY, by=SET_UP, at=EVENING)
    assert building.build(WEDNESDAY, owners=[cast.ivo], by=SET_UP, at=EVENING) == 0
    assert building.build(date(2026, 3, 7), owners=[cast.ivo], by=SET_UP, at=EVENING) == 0, "a Saturday"


def test_the_week_has_an_end_too(cast: Cast) -> None:
    rules.change(slots_a_week=20, by=SET_UP, at=EVENING)
    for _ in range(40):
        lead(cast)
    (wednesday,) = built(cast.ivo)
    (thursday,) = built(cast.ivo, day=date(2026, 3, 5))
    assert (wednesday.n_slots, thursday.n_slots) == (16, 4)


def test_a_person_may_have_another_pace(cast: Cast) -> None:
    rules.set_pace(cast.ivo, minutes_per_lead=60, calendar=None, by=SET_UP, at=EVENING)
    (made,) = built(cast.ivo)
    assert made.n_slots == 9
    with pytest.raises(rules.RulesWrong):
        rules.set_pace(cast.ivo, minutes_per_lead=0, calendar=None, by=SET_UP, at=EVENING)


@pytest.mark.parametrize(
    "fields",
    [{"minutes_per_lead": 0}, {"slots_a_day": 0}, {"backlog_percent": 101}, {"propose_minute": 1440}, {"when_ready": ""}, {"when_ready": "x" * 1001}],
)
def test_rules_that_make_no_sense_are_refused(cast: Cast, fields: dict[str, object]) -> None:
    with pytest.raises(rules.RulesWrong):
        rules.change(by=SET_UP, at=EVENING, **fields)
    with pytest.raises(TypeError):
        rules.change(by=SET_UP, at=EVENING, id=2)


def test_building_again_builds_nothing(cast: Cast) -> None:
    lead(cast)
    (made,) = built(cast.ivo)
    before = order_of(made)
    lead(cast)
    assert building.build(WEDNESDAY, owners=[cast.ivo], by=SET_UP, at=EVENING) == 0
    assert order_of(made) == before
    assert AuditEntry.objects.of(made).get().changes == {"entries": [None, 1]}


def test_a_proposal_is_made_anew_until_it_is_frozen(cast: Cast) -> None:
    lead(cast)
    (made,) = built(cast.ivo)
    lead(cast)
    assert building.propose_again(made, by=By(cast.ivo, Door.WEB), at=EVENING)
    assert len(order_of(made)) == 2
    CallList.objects.update(frozen_at=EVENING)
    assert not building.propose_again(made, by=By(cast.ivo, Door.WEB), at=EVENING)


def test_another_layer_fills_a_bucket_with_one_function(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_sources", [])
    one = lead(cast)

    def late(_asked: Asked) -> Rows:
        return 'SELECT owner_id, id AS lead_id, 1::float8 AS key, \'[["ready", "2026-03-01"]]\'::jsonb AS why FROM crm_lead WHERE id = %(one)s', {"one": one.pk}

    buckets.add_source(Bucket.LATE, late)
    buckets.add_source(Bucket.LATE, late)
    (made,) = built(cast.ivo)
    assert order_of(made) == [(3, one.pk)]


def test_all_lists_cost_the_same_number_of_queries(cast: Cast) -> None:
    people = [hired(f"seller{nth}", "Kim", f"{nth}", role=Role.INSIDE_SELLER, team=cast.inside_sales) for nth in range(12)]
    for person in people:
        lead(cast, owner=person)
    counts = []
    for day, some in ((WEDNESDAY, people[:2]), (date(2026, 3, 5), people)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            built_now = building.build(day, owners=some, by=SET_UP, at=EVENING)
        assert built_now == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert CallListEntry.objects.filter(call_list__for_on=date(2026, 3, 5)).count() == 12
    assert MORNING.date() == WEDNESDAY


def test_a_meeting_of_the_day_is_confirmed_by_whoever_booked_it(cast: Cast) -> None:
    today, done, later = (lead(cast, stage=stages.BOOKED) for _n in range(3))
    by = By(cast.ivo, Door.WEB)
    for n, (of, day) in enumerate(((today, 4), (done, 4), (later, 5))):
        plan = Plan(cast.saori, datetime(2026, 3, day, 5, 30 * (n % 2), tzinfo=UTC), zone="Asia/Seoul", is_close_knowingly=True)
        meeting = meetings.book(of, plan=plan, by=by, at=EVENING)
        if of is done:
            meetings.confirm(meeting, by=by, at=EVENING)
    (made,) = built(cast.ivo)
    rows = made.entries.filter(bucket=4)
    assert [(row.lead_id, row.reasons) for row in rows] == [(today.pk, [["confirm", "14:00"]])]
    assert list(reasons.in_words(rows).values()) == [["meeting at 14:00 there, to be confirmed"]]
