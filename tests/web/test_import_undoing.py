"""Taking a large import back: in the background, all of it or nothing, and as often as a job is started again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tasuki.core.audit import By, Door
from tasuki.core.imports import running, sets, undoing
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.core.imports.sets import ImportSet
from tasuki.core.imports.taking_back import CannotUndo, StillRunning
from tasuki.crm import accounts
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tests.cast import SET_UP, Cast
from tests.web.office import signed_in
from tests.web.test_import_pages import ACCOUNTS, CONTACTS, LATER, answered, brought

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are many; and the job keeps the connection in whose transaction the test is."""
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    monkeypatch.setattr(undoing, "close_old_connections", lambda: None)


def queued() -> list[dict[str, Any]]:
    return list(ProcrastinateJob.objects.filter(task_name="undo_imports").values_list("args", flat=True))


def run_of_two(cast: Cast) -> ImportSet:
    client = signed_in(cast.ada)
    made = brought(client, contacts=CONTACTS, accounts=ACCOUNTS)
    for file in made.files.all():
        answered(client, file)
    client.post(reverse("import_set_starting", args=[made.pk]))
    sets.run_all(made, at=LATER)
    return made


def asked(made: ImportSet, cast: Cast) -> list[int]:
    answer = signed_in(cast.ada).post(reverse("import_set_undoing", args=[made.pk]), follow=True)
    assert "being undone" in answer.content.decode()
    return [file.run_id for file in made.files.all() if file.run_id]


def states() -> set[str]:
    return set(ImportRun.objects.values_list("state", flat=True))


def test_it_is_done_by_a_job_and_says_so_meanwhile(cast: Cast) -> None:
    made = run_of_two(cast)
    runs = asked(made, cast)
    (job,) = queued()
    assert (states(), Account.objects.count()) == ({RunState.UNDOING}, 2)
    assert "Being undone: 0 of 2 files" in signed_in(cast.ada).get(reverse("import_set", args=[made.pk])).content.decode()
    undoing.undo_runs(**job)
    assert (states(), Account.objects.count(), Contact.objects.count()) == ({RunState.UNDONE}, 0, 0)
    # A worker that was killed after the end does it again: nothing is left to be done.
    undoing.undo_runs(run_ids=runs, actor_id=cast.ada.pk)
    assert states() == {RunState.UNDONE}


def test_stopped_in_the_middle_it_has_taken_nothing_back_and_begins_anew(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = asked(run_of_two(cast), cast)
    undo, seen = running.undo, []

    def broken(run: ImportRun, **more: Any) -> ImportRun:
        seen.append(run.target)
        if len(seen) == 2:
            raise OperationalError("the server closed the connection")
        return undo(run, **more)

    monkeypatch.setattr(running, "undo", broken)
    with pytest.raises(OperationalError):
        undoing.take_back(runs, by=By(cast.ada, Door.JOB), at=LATER)
    assert seen == ["contacts", "accounts"]
    assert (states(), Account.objects.count(), Contact.objects.count()) == ({RunState.UNDOING}, 2, 2)
    monkeypatch.setattr(running, "undo", undo)
    undoing.take_back(runs, by=By(cast.ada, Door.JOB), at=LATER)
    assert (states(), Account.objects.count(), Contact.objects.count()) == ({RunState.UNDONE}, 0, 0)


def test_what_later_work_stands_on_stays_and_the_page_says_why(cast: Cast) -> None:
    made = run_of_two(cast)
    accounts.give(Account.objects.get(reference="A1"), to=cast.saori, team=cast.field_sales, by=SET_UP, at=LATER)
    runs = asked(made, cast)
    with pytest.raises(CannotUndo):
        undoing.take_back(runs, by=By(cast.ada, Door.JOB), at=LATER)
    assert (states(), Account.objects.count(), Contact.objects.count()) == ({RunState.DONE}, 2, 2)
    page = signed_in(cast.ada).get(reverse("import_set", args=[made.pk])).content.decode()
    assert "later work hangs on its records" in page
    assert "Undo the whole import" in page


def test_it_is_asked_once(cast: Cast) -> None:
    made = run_of_two(cast)
    asked(made, cast)
    assert signed_in(cast.ada).post(reverse("import_set_undoing", args=[made.pk])).status_code == 422
    assert len(queued()) == 1


def test_a_refusal_of_any_kind_gives_the_runs_back_with_its_sentence(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run_of_two(cast)
    runs = asked(made, cast)

    def running_still(run: ImportRun, **_more: Any) -> ImportRun:
        raise StillRunning

    monkeypatch.setattr(running, "undo", running_still)
    undoing.undo_runs(run_ids=runs, actor_id=cast.ada.pk)
    assert states() == {RunState.DONE}
    assert "still running" in signed_in(cast.ada).get(reverse("import_set", args=[made.pk])).content.decode()


@pytest.mark.parametrize("at_once", [1, 100], ids=["in the background", "at once"])
def test_what_its_job_gave_up_can_be_asked_for_again(cast: Cast, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    made, ada = run_of_two(cast), signed_in(cast.ada)
    asked(made, cast)
    pages = [reverse("import_set", args=[made.pk]), reverse("import", args=[made.files.all()[0].run_id])]
    assert all("Undo the whole import" not in ada.get(page).content.decode() for page in pages)
    ImportSet.objects.update(n_taken_back=1)
    ProcrastinateJob.objects.filter(task_name="undo_imports").update(status="failed")
    assert all("Undo the whole import" in ada.get(page).content.decode() for page in pages)
    monkeypatch.setattr(undoing, "AT_ONCE", at_once)
    assert ada.post(reverse("import_set_undoing", args=[made.pk])).status_code == 302
    if at_once == 1:
        _given_up, job = queued()
        assert set(ImportRun.objects.values_list("state_before", flat=True)) == {RunState.DONE}
        undoing.undo_runs(**job)
        assert ImportSet.objects.get().n_taken_back == 0, "what is told of this attempt is told on another connection"
    assert (states(), Account.objects.count()) == ({RunState.UNDONE}, 0)
