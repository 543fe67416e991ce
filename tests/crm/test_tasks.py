"""Tasks are changed, given away, opened again and removed; each verb beside what it refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core import people
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import leads, tasks
from tasuki.crm.leads import Arrival
from tasuki.crm.tasks import Task, TaskDone, TaskKind, TaskRefused
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY.replace(day=3)


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def call_back(cast: Cast) -> Task:
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=by(cast), at=MONDAY)
    return tasks.add(Task(subject="Call back", due_on=date(2026, 3, 4), owner=cast.ivo, lead=lead), by=by(cast), at=MONDAY)


def test_a_task_is_changed_and_the_trail_says_what_was_before(cast: Cast) -> None:
    task = call_back(cast)
    changed = tasks.change(task, subject="  Send  the quote ", kind=TaskKind.MAIL, details="as PDF", due_on=None, by=by(cast), at=TUESDAY)
    task.refresh_from_db()
    assert (task.subject, task.kind, task.details, task.due_on) == ("Send the quote", "mail", "as PDF", None)
    assert changed.subject == task.subject
    entry = AuditEntry.objects.of(task).get(action="change")
    assert entry.changes["due_on"] == ["2026-03-04", None]


def test_only_what_is_given_changes_and_the_same_again_leaves_no_trace(cast: Cast) -> None:
    task = call_back(cast)
    tasks.change(task, due_on=date(2026, 3, 4), by=by(cast), at=TUESDAY)
    assert not AuditEntry.objects.of(task).filter(action="change").exists()
    tasks.change(task, due_on=date(2026, 3, 9), by=by(cast), at=TUESDAY)
    task.refresh_from_db()
    assert (task.subject, task.due_on) == ("Call back", date(2026, 3, 9))


def test_a_task_that_is_given_away_goes_to_the_other_team(cast: Cast) -> None:
    task = call_back(cast)
    tasks.change(task, owner=cast.saori, by=by(cast), at=TUESDAY)
    task.refresh_from_db()
    assert (task.owner, task.team) == (cast.saori, cast.field_sales)


@pytest.mark.parametrize(
    "wrong", [{"subject": " \n"}, {"subject": "x" * 201}, {"details": "x" * 5_001}, {"kind": "dance"}], ids=["empty", "long", "endless", "unknown"]
)
def test_what_a_task_cannot_say_is_refused_and_nothing_changes(cast: Cast, wrong: dict[str, Any]) -> None:
    task = call_back(cast)
    with pytest.raises(TaskRefused):
        tasks.change(task, by=by(cast), at=TUESDAY, **wrong)
    with pytest.raises(TaskRefused):
        tasks.add(Task(**{"subject": "x", "owner": cast.ivo, **wrong}), by=by(cast), at=TUESDAY)
    assert Task.objects.get().subject == "Call back"


def test_nobody_who_has_left_is_given_a_task(cast: Cast) -> None:
    task = call_back(cast)
    people.leave(cast.saori, by=SET_UP, at=TUESDAY)
    cast.saori.refresh_from_db()
    with pytest.raises(TaskRefused, match="has left"):
        tasks.change(task, owner=cast.saori, by=by(cast), at=TUESDAY)


def test_a_task_has_no_other_fields_to_change(cast: Cast) -> None:
    with pytest.raises(TypeError, match="done_at"):
        tasks.change(call_back(cast), done_at=TUESDAY, by=by(cast), at=TUESDAY)


def test_what_is_done_is_not_changed_before_it_is_opened_again(cast: Cast) -> None:
    task = tasks.finish(call_back(cast), by=by(cast), at=TUESDAY)
    with pytest.raises(TaskDone):
        tasks.change(task, subject="else", by=by(cast), at=TUESDAY)
    assert TimelineEntry.objects.filter(kind="task").count() == 1
    for _twice in range(2):
        task = tasks.reopen(task, by=by(cast), at=TUESDAY)
    assert (task.done_at, task.done_by) == (None, None)
    assert not TimelineEntry.objects.filter(kind="task").exists(), "the timeline does not say that it was done"
    assert AuditEntry.objects.of(task).filter(action="reopen").count() == 1
    assert tasks.change(task, subject="else", by=by(cast), at=TUESDAY).subject == "else"


def test_a_task_about_nothing_is_reopened_without_a_look_at_the_timeline(cast: Cast) -> None:
    task = tasks.finish(tasks.add(Task(subject="Tidy up", owner=cast.ivo), by=by(cast), at=MONDAY), by=by(cast), at=MONDAY)
    with CaptureQueriesContext(connection) as queries:
        assert tasks.reopen(task, by=by(cast), at=TUESDAY).done_at is None
    assert not [one["sql"] for one in queries if TimelineEntry._meta.db_table in one["sql"]]


def test_a_removed_task_is_gone_and_the_trail_keeps_what_it_said(cast: Cast) -> None:
    task = call_back(cast)
    tasks.remove(task, by=by(cast), at=TUESDAY)
    assert not Task.objects.exists()
    entry = AuditEntry.objects.get(noun="task", record_id=task.pk, action="remove")
    assert entry.changes["subject"] == ["Call back", None]
    assert entry.changes["lead"] == [task.lead_id, None]
