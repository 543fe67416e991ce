"""Notes, tasks and files stand on one timeline, where whoever sees the record sees them, and nobody else."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import attachments, leads, notes, records, stages, tasks
from tasuki.crm.attachments import AttachmentRefused
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notes import NoteRefused
from tasuki.crm.records import Company, Person
from tasuki.crm.stages import TEXTS, DefinitionIncomplete, Stage, StageDefinition
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, Cast

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY.replace(day=3)


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def lead_of(cast: Cast, firm: str = "Firm") -> Lead:
    account = records.add_account(Company(firm), owner=cast.ivo, team=cast.inside_sales, by=by(cast), at=MONDAY)
    contact = records.add_contact(Person("한", "서윤", account=account), by=by(cast), at=MONDAY)
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, account=account, contact=contact), by=by(cast), at=MONDAY)


@pytest.mark.parametrize("text", ["They ask again in April.", "مرحبا", "🐈", "<script>alert(1)</script>", "가\n나"])
def test_a_note_on_a_lead_stands_with_its_person_and_company_too(cast: Cast, text: str) -> None:
    lead = lead_of(cast)
    note = notes.write(f"  {text} ", by=by(cast), at=TUESDAY, lead=lead)
    assert (note.text, note.lead, note.contact, note.account, note.actor) == (text, lead, lead.contact, lead.account, cast.ivo)
    assert AuditEntry.objects.of(note).get().action == "note"


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * 20_001])
def test_a_note_without_words_or_without_end_is_refused(cast: Cast, text: str) -> None:
    with pytest.raises(NoteRefused):
        notes.write(text, by=by(cast), at=TUESDAY, lead=lead_of(cast))


def test_a_timeline_is_seen_by_whoever_sees_one_of_its_records(cast: Cast) -> None:
    lead = lead_of(cast)
    note = notes.write("a word", by=by(cast), at=TUESDAY, lead=lead)
    for seer in (cast.ivo, cast.ruth, cast.mina, cast.ada):
        assert TimelineEntry.objects.visible_to(seer).filter(pk=note.pk).exists()
    for outsider in (cast.saori, cast.chika, cast.tomas):
        assert not TimelineEntry.objects.visible_to(outsider).exists()


def test_a_task_done_is_said_once_and_belongs_to_the_team_of_its_owner(cast: Cast) -> None:
    lead = lead_of(cast)
    task = tasks.add(Task(subject="Call back", due_on=date(2026, 3, 4), owner=cast.ivo, lead=lead), by=By(cast.ruth, Door.WEB), at=MONDAY)
    assert (task.team, task.created_by) == (cast.inside_sales, cast.ruth)
    assert list(Task.objects.to_do()) == [task]
    for day in (3, 4):
        tasks.finish(task, by=by(cast), at=MONDAY.replace(day=day))
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (TUESDAY, cast.ivo)
    assert TimelineEntry.objects.filter(lead=lead, kind="task").count() == 1
    assert not Task.objects.to_do().exists()


def test_the_next_task_of_a_lead_is_the_open_one_that_is_due_first(cast: Cast) -> None:
    lead, other = lead_of(cast), lead_of(cast, "Other")
    some_day = tasks.add(Task(subject="some day", owner=cast.ivo, lead=lead), by=by(cast), at=MONDAY)
    assert Task.objects.all().next_of([lead, other]) == {lead.pk: some_day}
    sooner = tasks.add(Task(subject="sooner", due_on=date(2026, 3, 9), owner=cast.ivo, lead=lead), by=by(cast), at=MONDAY)
    assert Task.objects.all().next_of([lead]) == {lead.pk: sooner}
    tasks.finish(sooner, by=by(cast), at=TUESDAY)
    assert Task.objects.all().next_of([lead]) == {lead.pk: some_day}


def test_a_file_is_kept_under_a_name_that_nobody_can_guess(cast: Cast) -> None:
    lead, content = lead_of(cast), b"%PDF-1.7 quote"
    file = attachments.attach(ContentFile(content), name="..\\..\\견적서.pdf", n_bytes=len(content), by=by(cast), at=TUESDAY, lead=lead)
    assert (file.name, file.n_bytes, file.sha256) == ("견적서.pdf", len(content), hashlib.sha256(content).hexdigest())
    assert "견적서" not in file.stored_as
    with default_storage.open(file.stored_as) as stored:
        assert stored.read() == content
    again = attachments.attach(ContentFile(content), name="견적서.pdf", n_bytes=len(content), by=by(cast), at=TUESDAY, lead=lead)
    assert again.stored_as != file.stored_as
    assert File.objects.visible_to(cast.ivo).count() == 2
    assert not File.objects.visible_to(cast.saori).exists()
    assert TimelineEntry.objects.filter(lead=lead, kind="file").count() == 2


@pytest.mark.parametrize(("name", "n_bytes"), [("run.exe", 2), ("RUN.JS", 2), ("empty.pdf", 0), ("film.mov", settings.FILES_LARGEST + 1)])
def test_a_file_that_runs_or_is_empty_or_too_large_is_refused(cast: Cast, name: str, n_bytes: int) -> None:
    with pytest.raises(AttachmentRefused):
        attachments.attach(ContentFile(b"MZ"), name=name, n_bytes=n_bytes, by=by(cast), at=TUESDAY, lead=lead_of(cast))
    assert not File.objects.exists()


def test_a_definition_is_written_as_the_next_version_and_the_old_one_stays(cast: Cast) -> None:
    stage = Stage.objects.get(pk=stages.P2)
    first = stages.in_force()[stages.P2]
    texts = {field: f"new {field}" for field in TEXTS}
    second = stages.define(stage, texts=texts, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert (second.version, stages.in_force()[stages.P2].state_en) == (first.version + 1, "new state_en")
    assert stages.define(stage, texts=texts, by=By(cast.ada, Door.WEB), at=TUESDAY) == second
    assert StageDefinition.objects.get(pk=first.pk).state_en == first.state_en
    with pytest.raises(DefinitionIncomplete):
        stages.define(stage, texts=texts | {"exit_ja": "  "}, by=By(cast.ada, Door.WEB), at=TUESDAY)
