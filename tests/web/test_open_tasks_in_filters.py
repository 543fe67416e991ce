"""Records without a next task, and those of which an answer is due: the filter says what the columns say."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import tasks
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, Cast, hired
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def found(client: Client, noun: str, text: str) -> set[int]:
    page = client.get(reverse(noun), {"filter": text})
    assert page.status_code == 200
    return {int(pk) for pk in re.findall(rf'class="sheet-name" href="/{noun}/(\d+)"', page.content.decode())}


def test_leads_are_asked_for_what_is_still_to_be_done(cast: Cast) -> None:
    by = By(cast.ivo, Door.WEB)
    none, undated, dated, done = (lead_of(cast, nth) for nth in range(4))
    for lead, due_on in ((undated, None), (dated, date(2026, 4, 1)), (dated, date(2026, 5, 1)), (done, date(2026, 4, 1))):
        tasks.add(Task(subject="Call", due_on=due_on, owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    tasks.finish(Task.objects.get(lead=done), by=by, at=MONDAY)
    ivo = signed_in(cast.ivo)
    for text, expected in {
        "task:empty": {none, done},
        "task:filled": {undated, dated},
        "task:before(2026-04-02)": {dated},
        "task:after(2026-04-02)": {dated},
        "task:on(2026-04-02)": set(),
        "none(task:before(2026-06-01))": {none, undated, done},
    }.items():
        assert found(ivo, "leads", text) == {lead.pk for lead in expected}, text


def test_an_opportunity_without_a_next_task_has_a_view(cast: Cast) -> None:
    idle, busy = deal_of(cast, 1), deal_of(cast, 2)
    saori = signed_in(cast.saori)
    tasks.add(Task(subject="Send the offer", owner=cast.saori, lead=busy.lead), by=By(cast.saori, Door.WEB), at=MONDAY)
    assert found(saori, "opportunities", "task:empty") == {idle.pk}
    page = saori.get(reverse("opportunities") + "?view=no_task").content.decode()
    assert re.findall(r'class="sheet-name" href="/opportunities/(\d+)"', page) == [str(idle.pk)]
    assert "未完了のタスク 空" in re.sub(r"<[^>]+>", "", page), "she reads Japanese"


def test_a_task_that_one_must_not_see_is_no_task_as_in_the_column(cast: Cast) -> None:
    lead, watcher = lead_of(cast), hired("orla", "Byrne", "Orla", role=Role.OBSERVER, team=cast.revenue)
    tasks.add(Task(subject="Call", owner=cast.ivo, lead=lead), by=By(cast.ivo, Door.WEB), at=MONDAY)
    assert found(signed_in(cast.ivo), "leads", "task:filled") == {lead.pk}
    observer = signed_in(watcher)
    assert found(observer, "leads", "task:filled") == set()
    assert found(observer, "leads", "task:empty") == {lead.pk}


def test_an_answer_that_is_due_is_asked_as_it_is_shown(cast: Cast) -> None:
    lead = lead_of(cast)
    ruth = signed_in(cast.ruth)
    running = found(ruth, "leads", "clock:filled")
    assert found(ruth, "leads", "clock:empty") == {lead.pk} - running
    assert found(ruth, "leads", "clock:before(2026-03-01)") == set()


def test_twelve_leads_cost_as_many_questions_as_two(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ivo.get(reverse("leads"), {"filter": "task:empty"}).status_code == 200
        assert any("EXISTS(SELECT 1" in query["sql"] for query in queries), "one condition, and no list of tasks"
        return len(queries)

    for nth in range(2):
        lead_of(cast, nth)
    asked()
    few = asked()
    for nth in range(2, 12):
        lead_of(cast, nth)
    assert asked() == few
