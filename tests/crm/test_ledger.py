"""The ledger cannot be bent: the database itself refuses, whoever writes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages
from tasuki.crm.leads import AlreadyInProcess, Arrival, CannotMerge, Lead, NotForward, NotRecycled, WakeRuleMissing
from tasuki.crm.ledger import LeftBeforeEntered, NotInProcess, Passage
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import TimelineEntry
from tests.cast import Cast

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def captured(cast: Cast) -> Lead:
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, source="webinar"), by=by(cast), at=MONDAY)


def test_a_lead_moves_forward_and_every_move_is_a_row(cast: Cast) -> None:
    lead = captured(cast)
    leads.advance(lead, to=stages.READY, by=by(cast), at=TUESDAY)
    first, second = leads.chain(lead)
    assert (first.stage_id, first.left_at, first.outcome) == ("captured", TUESDAY, "advanced")
    assert (second.stage_id, second.entered_at, second.left_at) == ("ready", TUESDAY, None)
    assert Lead.objects.get(pk=lead.pk).stage_id == "ready"
    assert TimelineEntry.objects.filter(lead=lead).count() == 2


def test_a_lead_does_not_move_back_or_twice_into_one_stage(cast: Cast) -> None:
    lead = captured(cast)
    leads.advance(lead, to=stages.WORKING, by=by(cast), at=TUESDAY)
    for stage in (stages.CAPTURED, stages.WORKING):
        with pytest.raises(NotForward):
            leads.advance(lead, to=stage, by=by(cast), at=TUESDAY)


def test_a_lead_cannot_leave_a_stage_before_it_entered_it(cast: Cast) -> None:
    with pytest.raises(LeftBeforeEntered, match="2026-03-01"):
        leads.advance(captured(cast), to=stages.READY, by=by(cast), at=MONDAY - timedelta(days=1))


def test_two_open_passages_of_one_lead_are_impossible_in_the_database_itself(cast: Cast) -> None:
    lead = captured(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Passage.objects.create(lead=lead, seq=2, stage_id="ready", entered_at=TUESDAY, team=cast.inside_sales)


def test_two_stages_at_once_are_impossible_even_when_both_are_over(cast: Cast) -> None:
    lead = captured(cast)
    leads.advance(lead, to=stages.READY, by=by(cast), at=MONDAY + timedelta(days=3))
    with pytest.raises(IntegrityError, match="one_stage_at_a_time"), transaction.atomic():
        Passage.objects.create(
            lead=lead, seq=9, stage_id="nurturing", entered_at=TUESDAY, left_at=TUESDAY + timedelta(days=1), outcome="advanced", team=cast.inside_sales
        )


def test_nothing_stands_in_the_time_of_a_first_passage_that_is_still_open(cast: Cast) -> None:
    lead = captured(cast)
    day = {"entered_at": TUESDAY, "left_at": TUESDAY + timedelta(days=1), "outcome": "advanced", "team": cast.inside_sales}
    with pytest.raises(IntegrityError, match="one_stage_at_a_time"), transaction.atomic():
        Passage.objects.create(lead=lead, seq=2, stage_id="ready", **day)
    before = {**day, "entered_at": MONDAY - timedelta(days=9), "left_at": MONDAY - timedelta(days=8)}
    Passage.objects.create(lead=lead, seq=2, stage_id="ready", **before)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE crm_passage SET entered_at = entered_at - interval '1 day'",
        "UPDATE crm_passage SET stage_id = 'p4'",
        "UPDATE crm_passage SET left_at = NULL, outcome = '' WHERE left_at IS NOT NULL",
        "DELETE FROM crm_passage",
        "UPDATE crm_lead SET source = 'another'",
        "UPDATE crm_lead SET origin = 'outbound'",
    ],
)
def test_history_is_not_rewritten(cast: Cast, statement: str) -> None:
    leads.advance(captured(cast), to=stages.READY, by=by(cast), at=TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_recycling_needs_a_reason_and_a_rule_for_waking(cast: Cast) -> None:
    lead = captured(cast)
    for reason, wake_on, wake_when in (("", date(2026, 6, 1), ""), ("no budget", None, " ")):
        with pytest.raises(WakeRuleMissing):
            leads.recycle(lead, reason=reason, wake_on=wake_on, wake_when=wake_when, by=by(cast), at=TUESDAY)
    with pytest.raises(IntegrityError, match="recycled_with_reason"), transaction.atomic():
        Passage.objects.filter(lead=lead).update(left_at=TUESDAY, outcome="recycled", reason="no budget")


def test_a_recycled_lead_wakes_as_the_next_pass_and_only_once(cast: Cast) -> None:
    lead = captured(cast)
    leads.recycle(lead, reason="no budget this term", wake_on=date(2026, 6, 1), by=by(cast), at=TUESDAY)
    following = leads.wake(lead, by=by(cast), at=TUESDAY + timedelta(days=90))
    assert (following.previous_id, following.seq_no, following.origin, following.source, following.stage_id) == (lead.pk, 2, "recycled", "webinar", "nurturing")
    assert [passage.outcome for passage in leads.chain(lead)] == ["recycled"]
    with pytest.raises(NotRecycled):
        leads.wake(lead, by=by(cast), at=TUESDAY + timedelta(days=91))
    with pytest.raises(IntegrityError, match="lead_woken"), transaction.atomic():
        Lead.objects.filter(pk=captured(cast).pk).update(previous=lead)


def test_a_lead_that_ended_is_not_moved_any_more(cast: Cast) -> None:
    lead = captured(cast)
    leads.disqualify(lead, reason="a student", by=by(cast), at=TUESDAY)
    with pytest.raises(NotInProcess):
        leads.recycle(lead, reason="x", wake_when="never", by=by(cast), at=TUESDAY)
    with pytest.raises(NotRecycled):
        leads.wake(lead, by=by(cast), at=TUESDAY)


def test_a_merged_lead_keeps_its_history_and_names_the_survivor(cast: Cast) -> None:
    lead, survivor = captured(cast), captured(cast)
    leads.merge(lead, into=survivor, by=by(cast), at=TUESDAY)
    assert Lead.objects.get(pk=lead.pk).merged_into_id == survivor.pk
    for other in (lead, survivor):
        with pytest.raises(CannotMerge):
            leads.merge(other, into=other, by=by(cast), at=TUESDAY)


def test_a_contact_has_one_open_lead_for_a_product_line(cast: Cast) -> None:
    from tasuki.crm import records

    contact = records.add_contact(records.Person("한", "서윤"), by=by(cast), at=MONDAY)
    arrival = Arrival(team=cast.inside_sales, contact=contact)
    leads.capture(arrival, by=by(cast), at=MONDAY)
    with pytest.raises(AlreadyInProcess):
        leads.capture(arrival, by=by(cast), at=TUESDAY)


def test_handing_a_lead_over_keeps_who_carried_it_before(cast: Cast) -> None:
    lead = captured(cast)
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=by(cast), at=TUESDAY)
    before, after = Ownership.objects.filter(lead=lead).order_by("from_at", "pk")
    assert (before.owner, before.until_at, after.owner, after.until_at) == (cast.ivo, TUESDAY, cast.saori, None)
    assert leads.give(lead, to=cast.saori, team=cast.field_sales, by=by(cast), at=TUESDAY) == after
