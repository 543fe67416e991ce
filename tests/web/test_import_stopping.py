"""Stopping an import in the middle and going on with it, and telling whoever started it how it ended. About 0.2 s a test."""

from __future__ import annotations

import html
import io
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import mapping, parsing, running, sets, stopping, undoing
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.stopping import CannotGoOn, CannotStop
from tasuki.core.imports.tables import FileRefused
from tasuki.crm.contacts import Contact
from tasuki.crm.notifications import Notification
from tests.cast import MONDAY, Cast, assemble
from tests.core.table_contents import contents
from tests.web.office import signed_in
from tests.web.test_import_pages import ACCOUNTS, CONTACTS, answered, brought

pytestmark = pytest.mark.django_db

SAID = "noun: contacts\ncolumns: {full_name: name, email: mail}\n"
ROWS = "name,mail\n" + "".join(f"Person {n},p{n}@x.example\n" for n in range(6)) + "Nobody,no address\n"


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)
    monkeypatch.setattr(running, "_tell_the_planner", lambda _run: None)


def started(cast: Cast, rows: str = ROWS, *, dry: bool = False) -> ImportRun:
    return running.start(io.BytesIO(rows.encode()), name="people.csv", mapping=mapping.read(SAID), by=By(cast.ada, Door.WEB), at=MONDAY, dry=dry)


def stopped(cast: Cast, *, after: int, by: Any = None) -> ImportRun:
    """A run that somebody, else Ruth, stopped when so many rows were in."""

    def stop(now: ImportRun) -> None:
        if now.n_applied == after:
            stopping.stop(now, by=By(by or cast.ruth, Door.WEB), at=MONDAY)

    return running.run(started(cast), at=MONDAY, progress=stop)


def told(cast: Cast) -> list[str]:
    """What stands on Ada's page of notifications."""
    page = signed_in(cast.ada).get(reverse("notifications")).content.decode()
    return [sentence for sentence in SENTENCES if html.escape(sentence) in page]


FINISHED = "It is done: 6 created, 0 updated, 0 skipped, 1 rejected"
STOPPED = "stopped it: 4 of 7 rows are done, and it can go on"
FAILED = "It failed after 0 of 7 rows: The file is empty."
SENTENCES = [FINISHED, STOPPED, FAILED]


def test_what_was_written_stays_and_the_rest_comes_when_it_goes_on(cast: Cast) -> None:
    run = stopped(cast, after=4)
    assert (run.state, run.n_applied, run.n_created, Contact.objects.count()) == ("stopped", 4, 4, 4)
    assert default_storage.exists(run.stored_as)
    assert running.run(run, at=MONDAY).n_applied == 4, "nobody goes on with it unasked"
    stopping.go_on(run, by=By(cast.ada, Door.WEB), at=MONDAY)
    done = running.run(run, at=MONDAY)
    assert (done.state, done.n_created, done.n_rejected, Contact.objects.count()) == ("done", 6, 1, 6)
    assert not default_storage.exists(run.stored_as)
    assert list(AuditEntry.objects.of(run).order_by("pk").values_list("action", flat=True)) == ["start", "begin", "stop", "resume", "finish"]


def test_one_that_waits_is_stopped_before_it_begins_and_one_at_its_end_is_finished_later(cast: Cast) -> None:
    run = started(cast)
    stopping.stop(run, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert (running.run(run, at=MONDAY).state, Contact.objects.count()) == ("stopped", 0)
    last = stopped(cast, after=7)
    assert (last.state, last.n_applied) == ("stopped", 7)
    stopping.go_on(last, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert running.run(last, at=MONDAY).state == "done"


def test_what_was_stopped_is_undone_with_its_file(cast: Cast) -> None:
    before = contents()
    run = stopped(cast, after=2, by=cast.ada)
    undoing.ask([run], by=By(cast.ada, Door.WEB), at=MONDAY)
    run.refresh_from_db()
    assert run.state == "undone"
    assert contents() == before
    with pytest.raises(CannotGoOn):
        stopping.go_on(run, by=By(cast.ada, Door.WEB), at=MONDAY)


def test_what_is_over_is_not_stopped_and_what_was_not_stopped_does_not_go_on(cast: Cast) -> None:
    for run in (running.run(started(cast), at=MONDAY), running.run(started(cast, dry=True), at=MONDAY)):
        with pytest.raises(CannotStop):
            stopping.stop(run, by=By(cast.ada, Door.WEB), at=MONDAY)
        with pytest.raises(CannotGoOn):
            stopping.go_on(run, by=By(cast.ada, Door.WEB), at=MONDAY)


def test_a_dry_run_that_waits_is_stopped_before_it_begins_and_its_file_goes(cast: Cast) -> None:
    run = started(cast, dry=True)
    stopping.stop(run, by=By(cast.ada, Door.WEB), at=MONDAY)
    done = running.run(run, at=MONDAY)
    assert (done.state, done.n_applied, default_storage.exists(run.stored_as)) == ("stopped", 0, False)


def test_whoever_started_it_is_told_how_it_ended(cast: Cast) -> None:
    running.run(started(cast), at=MONDAY)
    assert told(cast) == [FINISHED]
    stopped(cast, after=4)
    assert told(cast) == [FINISHED, STOPPED]
    broken = started(cast)
    Path(default_storage.path(broken.stored_as)).write_bytes(b"")
    with pytest.raises(FileRefused):
        running.run(broken, at=MONDAY)
    assert told(cast) == SENTENCES
    assert {row.person for row in Notification.objects.filter(happening="import")} == {cast.ada}


def test_nobody_is_told_what_they_did_themselves_or_looked_on_at(cast: Cast) -> None:
    stopped(cast, after=2, by=cast.ada)
    running.run(started(cast, dry=True), at=MONDAY)
    assert not Notification.objects.filter(happening="import").exists()


@pytest.mark.parametrize(("language", "words"), [("ko", "완료되었습니다"), ("ja", "完了しました")])
def test_they_are_told_in_their_language(cast: Cast, language: str, words: str) -> None:
    running.run(started(cast), at=MONDAY)
    type(cast.ada).objects.filter(pk=cast.ada.pk).update(language=language)
    assert words in signed_in(cast.ada).get(reverse("notifications")).content.decode()


def test_the_pages_stop_it_go_on_and_say_how_far_it_came(cast: Cast) -> None:
    client, run = signed_in(cast.ada), started(cast)
    page = reverse("import", args=[run.pk])
    assert reverse("import_stopping", args=[run.pk]) in client.get(page).content.decode()
    assert client.post(reverse("import_stopping", args=[run.pk])).status_code == 302
    assert client.post(reverse("import_stopping", args=[run.pk])).status_code == 422
    text = client.get(page).content.decode()
    assert "0 of 7 rows are done and stay" in text
    assert reverse("import_resuming", args=[run.pk]) in text
    assert client.post(reverse("import_resuming", args=[run.pk])).status_code == 302
    assert client.post(reverse("import_resuming", args=[run.pk])).status_code == 422
    assert ProcrastinateJob.objects.filter(task_name="run_import", args={"run_id": run.pk}).exists()


def test_files_behind_one_that_was_stopped_wait_for_it(cast: Cast) -> None:
    client = signed_in(cast.ada)
    made = brought(client, contacts=CONTACTS, accounts=ACCOUNTS)
    for file in made.files.all():
        answered(client, file)
    client.post(reverse("import_set_starting", args=[made.pk]))
    accounts, _contacts = (file.run for file in sets.in_order(made))
    assert accounts is not None
    client.post(reverse("import_stopping", args=[accounts.pk]))
    sets.run_all(made, at=MONDAY)
    assert [file.run.state for file in sets.in_order(made) if file.run] == ["stopped", "waiting"]
    assert "Go on" in client.get(reverse("import_set", args=[made.pk])).content.decode()
    client.post(reverse("import_resuming", args=[accounts.pk]))
    assert ProcrastinateJob.objects.filter(task_name="run_set", args={"set_id": made.pk}).exists()
    sets.run_all(made, at=MONDAY)
    assert [file.run.state for file in sets.in_order(made) if file.run] == ["done", "done"]


def test_the_dry_runs_of_a_set_are_stopped_together_and_can_be_asked_for_again(cast: Cast) -> None:
    client = signed_in(cast.ada)
    made = brought(client, contacts=CONTACTS, accounts=ACCOUNTS)
    for file in made.files.all():
        answered(client, file)
    client.post(reverse("import_set_rehearsing", args=[made.pk]))
    runs = [file.rehearsal for file in sets.in_order(made) if file.rehearsal]
    page = reverse("import_set", args=[made.pk])
    assert reverse("import_stopping", args=[runs[0].pk]) in client.get(page).content.decode()
    assert client.post(reverse("import_stopping", args=[runs[1].pk]))["Location"] == page
    running.rehearse_together(runs, at=MONDAY)
    assert [(run.state, run.n_applied) for run in ImportRun.objects.order_by("pk")] == [("stopped", 0)] * 2
    text = client.get(page).content.decode()
    assert "Somebody has stopped the dry run" in text
    assert "Go on<" not in text
    assert all(default_storage.exists(file.stored_as) for file in made.files.all()), "they are still to be imported"
    client.post(reverse("import_set_rehearsing", args=[made.pk]))
    running.rehearse_together([file.rehearsal for file in sets.in_order(made) if file.rehearsal], at=MONDAY)
    assert [file.rehearsal.state for file in sets.in_order(made) if file.rehearsal] == ["done", "done"]
    assert "Somebody has stopped the dry run" not in client.get(page).content.decode()


def test_the_page_of_a_dry_run_stops_it_and_says_that_nothing_was_written(cast: Cast) -> None:
    client, run = signed_in(cast.ada), started(cast, dry=True)
    page = reverse("import", args=[run.pk])
    assert reverse("import_stopping", args=[run.pk]) in client.get(page).content.decode()
    assert "The dry run is stopped. Nothing was written." in client.post(reverse("import_stopping", args=[run.pk]), follow=True).content.decode()
    text = client.get(page).content.decode()
    assert "Somebody has stopped the dry run" in text
    assert reverse("import_resuming", args=[run.pk]) not in text
    assert client.post(reverse("import_stopping", args=[run.pk])).status_code == client.post(reverse("import_resuming", args=[run.pk])).status_code == 422


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("after", "n_created", "n_said"), [(4, 4, 0), (7, 6, 1)])
def test_a_dry_run_ends_where_somebody_stops_it_and_nothing_stays_of_it(after: int, n_created: int, n_said: int) -> None:
    """It is one transaction; whoever stops it has another connection, and is not held up by it."""
    cast = assemble()
    before, waited = contents(), list[bool]()

    def stop(now: ImportRun) -> None:
        if now.n_applied == after:
            other = threading.Thread(target=stopped_beside, args=(now.pk,))
            other.start()
            other.join(timeout=20)
            waited.append(other.is_alive())

    run = running.run(started(cast, dry=True), at=MONDAY, progress=stop)
    assert waited == [False]
    assert (run.state, run.n_rows, run.n_applied, run.n_created, run.rows.count()) == ("stopped", 7, after, n_created, n_said)
    assert contents() == before
    assert not default_storage.exists(run.stored_as)
    assert running.run(run, at=MONDAY).n_applied == after, "it does not begin anew"
    with pytest.raises(CannotGoOn):
        stopping.go_on(run, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert list(AuditEntry.objects.of(run).order_by("pk").values_list("action", flat=True)) == ["start", "begin", "stop"]


def stopped_beside(pk: int) -> None:
    try:
        stopping.stop(ImportRun.objects.get(pk=pk), by=By(None, Door.WEB), at=MONDAY)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_others_see_how_far_a_dry_run_is_and_whoever_holds_its_row_holds_nothing_up() -> None:
    cast, beside, seen = assemble(), connection.copy(), list[tuple[int, int, int]]()
    before, run = contents(), started(cast, dry=True)
    beside.set_autocommit(False)

    def look(now: ImportRun) -> None:
        with beside.cursor() as cursor:
            cursor.execute(
                "SELECT n_applied, n_created, n_rejected FROM core_importrun WHERE id = %s" + (" FOR UPDATE" if now.n_applied == 4 else ""), [run.pk]
            )
            seen.append(cursor.fetchone())
        if now.n_applied != 4:
            beside.rollback()

    done = running.run(run, at=MONDAY, progress=look)
    beside.close()
    assert seen == [(2, 2, 0), (4, 4, 0), (4, 4, 0), (7, 6, 1)], "while somebody held it nothing was shown, and nobody waited"
    assert (done.state, done.n_applied, done.n_created) == ("done", 7, 6)
    assert contents() == before


def test_a_dry_run_whose_worker_was_killed_begins_anew(cast: Cast) -> None:
    run = started(cast, dry=True)
    ImportRun.objects.filter(pk=run.pk).update(state="running", n_applied=4, n_created=4, known={"email": 2})
    done = running.run(run, at=MONDAY)
    assert (done.state, done.n_applied, done.n_created, done.n_rejected, done.known) == ("done", 7, 6, 1, {})


def test_the_pages_show_how_far_a_dry_run_is_as_they_do_of_a_real_one(cast: Cast) -> None:
    client = signed_in(cast.ada)
    made = brought(client, contacts=CONTACTS, accounts=ACCOUNTS)
    for file in made.files.all():
        answered(client, file)
    page = reverse("import_set", args=[made.pk])
    assert "<progress" not in client.get(page).content.decode()
    for begin in ("import_set_rehearsing", "import_set_starting"):
        client.post(reverse(begin, args=[made.pk]))
        runs = ImportRun.objects.filter(state="waiting")
        runs.update(state="running", n_rows=40_000, n_applied=20_000)
        text = client.get(page).content.decode()
        assert text.count("20,000 of 40,000 rows") == text.count('max="40000" value="20000"') == 2
        ImportRun.objects.update(state="done")
        assert "<progress" not in client.get(page).content.decode()
