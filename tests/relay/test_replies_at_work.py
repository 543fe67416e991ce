"""What a reply sets going: the lead is connected and called today, or tomorrow if it came too late for a list; and what was recycled wakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import By, Door
from tasuki.crm import leads, notifications, stages
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.wake_rules import Trigger, when
from tasuki.inside_sales import call_desk
from tasuki.inside_sales.call_lists import lists, reasons
from tasuki.inside_sales.call_lists.lists import CallListEntry
from tests.cast import SET_UP, Cast
from tests.engage.mailing import heard, written
from tests.engage.meeting import lead_in_seoul
from tests.inside_sales.call_lists.shift import EVENING, MORNING, built, order_of

pytestmark = pytest.mark.django_db


def stage_of(lead: Lead) -> str | None:
    return leads.locked(lead).stage_id


def test_a_reply_of_today_is_on_top_of_todays_list_and_its_lead_connected(cast: Cast) -> None:
    (today,) = built(cast.ivo)
    lead = lead_in_seoul(cast, stage=stages.WORKING)
    heard(cast, at=MORNING)
    row = today.entries.order_by("position").first()
    assert row
    assert (row.lead, row.bucket, stage_of(lead)) == (lead, 2, stages.CONNECTED)
    assert list(reasons.in_words([row]).values()) == [["replied by mail on March 4"]]


def test_who_was_planned_further_down_or_called_already_comes_to_the_top_when_they_answer(cast: Cast) -> None:
    (today,) = built(cast.ivo)
    lead = lead_in_seoul(cast, stage=stages.WORKING)
    planned = CallListEntry.objects.create(call_list=today, lead=lead, bucket=8, position=50, reasons=[])
    lists.freeze(today, by=SET_UP, at=MORNING - timedelta(hours=1))
    heard(cast, at=MORNING)
    heard(cast, "And one more", at=MORNING + timedelta(minutes=1))
    assert [row.bucket for row in today.entries.filter(lead=lead).order_by("position")] == [2, 8], "the plan stays as it is"
    assert [one.bucket for one in call_desk.queue(cast.ivo, at=MORNING + timedelta(minutes=2)) if one.lead.pk == lead.pk] == [2]
    lists.work(lead.pk, by=By(cast.ivo, Door.WEB), at=MORNING + timedelta(minutes=3))
    planned.refresh_from_db()
    assert planned.worked_at
    heard(cast, "Call me back", at=MORNING + timedelta(minutes=4))
    assert today.entries.filter(lead=lead, worked_at__isnull=True).count() == 1


def test_a_reply_of_the_evening_is_on_tomorrows_list_until_somebody_has_answered(cast: Cast) -> None:
    lead = lead_in_seoul(cast, stage=stages.WORKING)
    heard(cast, at=EVENING - timedelta(hours=1))
    (made,) = built(cast.ivo)
    assert (2, lead.pk) in order_of(made)
    written(cast, lead, at=EVENING)
    (other,) = built(cast.ivo, day=made.for_on + timedelta(days=1))
    assert (2, lead.pk) not in order_of(other)


def test_the_owner_of_the_lead_hears_of_a_thread_once_until_it_is_read(cast: Cast) -> None:
    lead = lead_in_seoul(cast, stage=stages.WORKING)
    letter = written(cast, lead, at=EVENING - timedelta(days=3))
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=SET_UP, at=EVENING - timedelta(days=2))
    answers = f"In-Reply-To: <{letter.message_id}>\n"
    told = Notification.objects.filter(happening=Happening.REPLY).order_by("pk")
    for n in range(3):
        heard(cast, f"Yes {n}", at=EVENING - timedelta(minutes=10 - n), header=answers)
    (one,) = told
    assert (one.person, one.lead, one.entry.text if one.entry else "") == (cast.saori, lead, "Yes 0")
    notifications.read(cast.saori, at=EVENING)
    heard(cast, "One more thing", at=EVENING + timedelta(minutes=1), header=answers)
    heard(cast, "Another matter", at=EVENING + timedelta(minutes=2))
    heard(cast, "I am away.", at=EVENING + timedelta(minutes=3), header="Auto-Submitted: auto-replied\n")
    assert [row.entry.text for row in told.all() if row.entry] == ["Yes 0", "One more thing", "Another matter"]


def test_a_program_that_answers_moves_nothing(cast: Cast) -> None:
    lead = lead_in_seoul(cast, stage=stages.WORKING)
    heard(cast, "I am away.", at=EVENING, header="Auto-Submitted: auto-replied\n")
    (made,) = built(cast.ivo)
    assert (stage_of(lead), [one for one in order_of(made) if one[0] == 2]) == (stages.WORKING, [])


def test_a_recycled_lead_that_waits_for_a_reply_wakes_by_one(cast: Cast) -> None:
    lead = lead_in_seoul(cast)
    leads.recycle(lead, reason="no answer", rule=when(Trigger.REPLY), by=SET_UP, at=EVENING - timedelta(days=1))
    heard(cast, at=EVENING)
    assert Lead.objects.get(previous=lead).stage_id == stages.CONNECTED
