"""An import that Tasuki went on with by itself can be taken back; one that a person went on with cannot."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import mapping, running
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.crm import leads, notes, stages, tasks
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.ownership import Ownership
from tasuki.crm.scoring import keeping
from tasuki.crm.scoring.scores import LeadScore
from tasuki.crm.tasks import Task
from tasuki.engage import touches
from tasuki.inside_sales import routing
from tasuki.inside_sales.call_lists import building, lists
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.routing_decisions import RoutingDecision
from tasuki.relay import breaches
from tasuki.relay.clocks import Clock
from tests.cast import Cast, hired
from tests.core.table_contents import contents
from tests.crm.scoring.desk import in_force
from tests.inside_sales.office import AT, office_in_seoul, pool_of, rules_in_force

pytestmark = pytest.mark.django_db

COLUMNS = "{reference: id, opened_at: day, source: source, full_name: name, email: mail, account: company}"
MAPPING = f"noun: leads\noptions: {{stage: ready, promises: begin}}\ncolumns: {COLUMNS}"
ROWS = "id,day,source,name,mail,company\nL1,2026-03-02,webinar,한서윤,seoyun@gaon.example,㈜가온증권\nL2,2026-03-02,fair,Mia Roe,mia@norwick.example,Norwick\n"
LATER = AT + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()
    jun = hired("jun", "전", "준", role=Role.INSIDE_SELLER, team=cast.inside_sales, time_zone="Asia/Seoul")
    rules_in_force(("", pool_of(cast, cast.ivo, jun)))
    in_force(cast, at=AT)


def imported(cast: Cast) -> ImportRun:
    run = running.start(io.BytesIO(ROWS.encode()), name="leads.csv", mapping=mapping.read(MAPPING), by=By(cast.mina, Door.WEB), at=AT, dry=False)
    return running.run(run, at=AT)


def at_work(cast: Cast) -> None:
    """All that Tasuki does by itself with leads that came in: give them out, score them, watch the clock and give them on, put them on lists."""
    assert routing.sweep(at=LATER) == 2
    keeping.absorb(at=LATER)
    due = AT + timedelta(days=3)
    breaches.warn(at=due)
    assert breaches.find(at=due) >= 2
    owners = [lead.owner for lead in Lead.objects.select_related("owner") if lead.owner]
    building.build(date(2026, 3, 9), owners=sorted(set(owners), key=lambda user: user.pk), by=By(None, Door.JOB), at=due)
    for made in CallList.objects.all():
        lists.freeze(made, by=By(None, Door.JOB), at=due)


def test_leads_that_were_given_out_scored_and_put_on_lists_go_with_their_import(cast: Cast) -> None:
    before = contents()
    run = imported(cast)
    at_work(cast)
    for model, n_at_least in ((RoutingDecision, 2), (LeadScore, 2), (Clock, 2), (CallListEntry, 2), (Notification, 2), (Ownership, 4)):
        assert model._default_manager.count() >= n_at_least, model
    assert AuditEntry.objects.filter(noun="lead", action="breach").count() >= 2
    assert running.undo(run, by=By(cast.mina, Door.WEB), at=AT + timedelta(days=4)).state == "undone"
    after = contents()
    assert {table for table in after if after[table] != before[table]} == {"inside_sales_calllist", "crm_notification"}, "the lists are empty by now"
    assert set(Notification.objects.values_list("person", "happening", "lead")) == {(cast.mina.pk, Happening.IMPORT, None)}, "she was told of its end"


def noted(lead: Lead, by: By) -> object:
    return notes.write("She called.", lead=lead, by=by, at=LATER)


def given(lead: Lead, by: By) -> object:
    return leads.give(lead, to=None, team=lead.team, by=by, at=LATER)


def rung(lead: Lead, by: By) -> object:
    return touches.touch(lead, channel=Channel.PHONE, words="rang twice", by=by, at=LATER)


def moved(lead: Lead, by: By) -> object:
    return leads.advance(lead, to=stages.WORKING, by=by, at=LATER)


def planned(lead: Lead, by: By) -> object:
    assert by.actor
    return tasks.add(Task(subject="Call", owner=by.actor, lead=lead), by=by, at=LATER)


@pytest.mark.parametrize("worked_on", [noted, given, rung, moved, planned])
def test_leads_that_a_person_worked_on_after_they_were_given_out_keep_their_import(cast: Cast, worked_on: Callable[[Lead, By], object]) -> None:
    run = imported(cast)
    assert routing.sweep(at=LATER) == 2
    worked_on(Lead.objects.for_page().get(reference="L1"), By(cast.ivo, Door.WEB))
    before = contents()
    with pytest.raises(CannotUndo):
        running.undo(run, by=By(cast.mina, Door.WEB), at=LATER)
    assert contents() == before
