"""Recycling many leads, and taking it back: each goes on as a new pass where nothing has followed; the ledger keeps both."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tasuki.core import people
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow, BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.people import User
from tasuki.crm import leads, stages, wake_rules
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.wake_rules import Trigger
from tasuki.inside_sales import recycling
from tasuki.inside_sales.holdings import Holding
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db

AT = MONDAY + timedelta(days=1)
LATER = AT + timedelta(minutes=5)


def recycled(person: User, *some: Lead) -> BulkRun:
    run = running.start(verbs()["lead", "recycle"], [lead.pk for lead in some], said={"because": "no_budget"}, person=person, at=AT)
    return running.run(run, door=Door.WEB, at=AT)


def undone(run: BulkRun) -> BulkRun:
    return running.undo(running.ask_undo(run, person=run.started_by, at=LATER), door=Door.WEB, at=LATER)


def test_each_goes_on_where_it_stood_with_whoever_carried_it_and_the_ledger_keeps_both(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.CONNECTED)
    assert recycled(cast.ruth, lead).n_done == 1
    stood = list(Passage.objects.values())
    run = undone(BulkRun.objects.get())
    assert (run.state, run.n_undone) == ("undone", 1)
    again = Lead.objects.get(previous=lead)
    assert (again.stage_id, again.owner, again.team, again.origin, again.source) == ("connected", cast.ivo, cast.inside_sales, "recycled", "webinar")
    lead.refresh_from_db()
    assert (lead.ended_as, lead.owner) == ("recycled", None), "history stays"
    assert [row for row in Passage.objects.values() if row["lead_id"] == lead.pk] == stood
    holding = Holding.objects.get(lead=lead)
    assert (holding.state, holding.settled_as) == ("woken", "the recycling was undone")


def _woken(lead: Lead, cast: Cast) -> None:
    recycling.wake(lead, by=By(cast.ivo, Door.WEB), at=LATER)


def _given_on(lead: Lead, cast: Cast) -> None:
    leads.give(lead, to=cast.ivo, team=cast.inside_sales, by=By(cast.ruth, Door.WEB), at=LATER)


def _another_rule(lead: Lead, cast: Cast) -> None:
    recycling.set_rule(lead, rule=wake_rules.when(Trigger.REPLY), by=By(cast.ivo, Door.WEB), at=LATER)


def _came_another_way(lead: Lead, cast: Cast) -> None:
    leads.capture(Arrival(team=cast.inside_sales, contact=lead.contact, account=lead.account), by=SET_UP, at=LATER)


@pytest.mark.parametrize("follows", [_woken, _given_on, _another_rule, _came_another_way])
def test_what_something_has_followed_stays_as_it_is_and_the_others_come_back(cast: Cast, follows: Any) -> None:
    touched, left = lead_of(cast, 1), lead_of(cast, 2)
    run = recycled(cast.ruth, touched, left)
    follows(touched, cast)
    passes = set(Lead.objects.values_list("pk", flat=True))
    run = undone(run)
    assert (run.n_done, run.n_undone) == (2, 1)
    assert BulkRow.objects.get(record_id=touched.pk).reason.startswith("It has come round again, or was given")
    assert [lead.previous_id for lead in Lead.objects.exclude(pk__in=passes)] == [left.pk]


def test_a_customer_does_not_begin_anew_in_the_middle_of_the_relay(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.advance(lead, to=stages.LIVE, by=SET_UP, at=MONDAY + timedelta(hours=5))
    run = undone(recycled(cast.ada, lead))
    assert run.n_undone == 0
    assert "further than inside sales" in BulkRow.objects.get().reason
    assert not Lead.objects.filter(previous=lead).exists()


def test_whoever_carried_it_brings_it_back_although_the_queue_hides_it_from_them(cast: Cast) -> None:
    """A field seller sees leads of their own; what the queue holds is none of theirs any more."""
    lead = lead_of(cast)
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY + timedelta(hours=5))
    run = recycled(cast.saori, lead)
    assert not Lead.objects.visible_to(cast.saori).exists()
    assert undone(run).n_undone == 1
    assert Lead.objects.get(previous=lead).owner == cast.saori


def test_what_somebody_carried_who_has_left_comes_back_to_their_team(cast: Cast) -> None:
    lead = lead_of(cast)
    run = recycled(cast.ruth, lead)
    people.leave(cast.ivo, by=SET_UP, at=LATER)
    assert undone(run).n_undone == 1
    again = Lead.objects.get(previous=lead)
    assert (again.owner, again.team) == (None, cast.inside_sales)


def test_the_day_of_the_rule_is_checked_as_for_one(cast: Cast) -> None:
    said = {"because": "no_budget", "on": date(2020, 1, 1).isoformat()}
    run = running.start(verbs()["lead", "recycle"], [lead_of(cast).pk], said=said, person=cast.ivo, at=AT)
    assert running.run(run, door=Door.WEB, at=AT).n_refused == 1
