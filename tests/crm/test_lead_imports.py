"""Importing leads: what comes in stands in the ledger, twice is once, and the whole can be taken back."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.db import connection

from tasuki.core.audit import By, Door
from tasuki.core.imports import errors, mapping, running
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.tables import FileRefused
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BY = By(None, Door.COMMAND)
MAPPING = """
noun: leads
options: {stage: ready}
columns:
  reference: id
  opened_at: day
  source: source
  full_name: name
  email: mail
  account: company
"""
HEADER = "id,day,source,name,mail,company\n"
TABLES = ["crm_lead", "crm_passage", "crm_ownership", "crm_timelineentry", "crm_contact", "crm_contactemail", "crm_contactphone", "crm_account", "core_user"]


def imported(text: str, *, said: str = MAPPING, dry: bool = False) -> ImportRun:
    run = running.start(io.BytesIO(text.encode()), name="leads.csv", mapping=mapping.read(said), by=BY, at=AT, dry=dry)
    return running.run(run, at=AT)


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
        return found


def test_a_lead_comes_in_with_its_day_its_person_and_its_passage() -> None:
    run = imported(HEADER + "L1,2025-01-15,webinar,한서윤,seoyun@gaon.example,㈜가온증권\n")
    assert (run.state, run.n_created, run.n_rejected) == ("done", 1, 0)
    lead = Lead.objects.select_related("contact", "account").get(reference="L1")
    assert (lead.stage_id, lead.source, lead.opened_at.date().isoformat()) == ("ready", "webinar", "2025-01-15")
    assert (lead.contact.display_name, lead.account.folded_name) == ("한서윤", "가온증권")
    passage = Passage.objects.get(lead=lead)
    assert (passage.stage_id, passage.entered_at, passage.left_at, passage.entry_import_id) == ("ready", lead.opened_at, None, run.pk)


def test_the_same_file_twice_changes_nothing() -> None:
    text = HEADER + "L1,2025-01-15,webinar,Mia Roe,mia@norwick.example,Norwick Inc.\n"
    imported(text)
    before = counts()
    again = imported(text)
    assert (again.n_created, again.n_skipped) == (0, 1)
    assert counts() == before


def test_a_key_twice_in_one_file_counts_once_and_says_so() -> None:
    run = imported(HEADER + "L1,2025-01-15,a,Mia Roe,,\nL1,2025-02-15,b,Ivo Roe,,\n")
    assert (run.n_created, run.n_skipped, run.n_warnings) == (1, 1, 1)


def test_two_spellings_of_a_company_are_one_account_and_one_mail_is_one_person() -> None:
    imported(HEADER + "L1,2025-01-15,a,Mia Roe,mia@norwick.example,Norwick Inc.\nL2,2025-01-16,a,Ada Ox,ada@norwick.example,NORWICK Co. Ltd.\n")
    assert counts()["crm_account"] == 1
    second_pass = imported(HEADER + "L3,2025-01-20,b,Mia Roe,MIA@norwick.example,Norwick\n")
    assert second_pass.n_rejected == 1
    assert "open lead" in ImportRow.objects.get(run=second_pass).messages[0]["reason"]


def test_a_bad_row_is_named_and_the_rest_comes_in() -> None:
    lines = [f"L{n},2025-01-15,web,Person {n},p{n}@x.example,Firm {n}" for n in range(300)]
    lines[150] = "L150,yesterday,web,Person 150,not a mail,Firm"
    run = imported(HEADER + "\n".join(lines) + "\n")
    assert (run.n_created, run.n_rejected) == (299, 1)
    out = io.StringIO()
    assert errors.write(run, out) == 2
    assert "152,day,yesterday" in out.getvalue()


def test_a_dry_run_counts_the_same_and_writes_nothing() -> None:
    text = HEADER + "L1,2025-01-15,a,Mia Roe,mia@norwick.example,Norwick\nL1,2025-01-15,a,,,\nL2,never,a,,,\n"
    before = counts()
    dry = imported(text, dry=True)
    assert counts() == before
    real = imported(text)
    assert [(run.n_created, run.n_skipped, run.n_rejected, run.n_warnings) for run in (dry, real)] == [(1, 1, 1, 1)] * 2


def test_undone_every_table_is_as_before() -> None:
    imported(HEADER + "L0,2025-01-01,old,Old Hand,old@norwick.example,Norwick\n")
    before = counts()
    run = imported(HEADER + "L1,2025-01-15,a,Mia Roe,mia@norwick.example,Norwick\nL2,2025-01-15,a,Ada Ox,,Other Firm\n")
    assert counts() != before
    assert running.undo(run, by=BY, at=AT).state == "undone"
    assert counts() == before
    with pytest.raises(CannotUndo):
        running.undo(run, by=BY, at=AT)


def test_an_import_on_which_later_work_stands_is_not_undone() -> None:
    run = imported(HEADER + "L1,2025-01-15,a,Mia Roe,,\n")
    leads.advance(Lead.objects.get(reference="L1"), to="working", by=BY, at=AT)
    before = counts()
    with pytest.raises(CannotUndo, match="later work"):
        running.undo(run, by=BY, at=AT)
    assert counts() == before


def test_hostile_names_come_in_as_they_are() -> None:
    name = "<script>alert(1)</script> 🐈"
    imported(HEADER + f'L1,2025-01-15,"=cmd()","{name}",,"Robert\'); DROP TABLE crm_lead;--"\nL2,2025-01-15,a,سارة,,\n')
    lead = Lead.objects.select_related("contact", "account").get(reference="L1")
    assert (lead.source, lead.account.name) == ("=cmd()", "Robert'); DROP TABLE crm_lead;--")
    assert Lead.objects.select_related("contact").get(reference="L2").contact.family_name == "سارة"


@pytest.mark.parametrize(("text", "sentence"), [("", "empty"), (HEADER, "no rows")])
def test_a_file_without_rows_is_refused_before_anything_is_written(text: str, sentence: str) -> None:
    with pytest.raises(FileRefused, match=sentence):
        imported(text)
    assert not ImportRun.objects.exists()


def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_written() -> None:
    with pytest.raises(MappingRefused, match="mail"):
        imported("id,day,source,name,company\nL1,2025-01-01,a,b,c\n")
    with pytest.raises(MappingRefused, match="shoe_size"):
        imported(HEADER + "L1,,,,,\n", said="noun: leads\ncolumns: {shoe_size: id}")
    assert not ImportRun.objects.exists()


def test_the_source_never_changes_even_by_an_update() -> None:
    imported(HEADER + "L1,2025-01-15,webinar,Mia Roe,,\n")
    run = imported(HEADER + "L1,2025-01-15,search,Mia Roe,,\n", said=MAPPING + "on_duplicate: update\n")
    assert (run.n_updated, run.n_warnings) == (1, 1)
    assert Lead.objects.get(reference="L1").source == "webinar"


def test_an_import_brings_nobody_back_who_was_disqualified_unless_it_says_that_they_raised_their_hand() -> None:
    imported(HEADER + "L1,2025-01-15,webinar,Mia Roe,mia@norwick.example,Norwick Inc.\n")
    leads.disqualify(Lead.objects.get(), reason="a student", by=BY, at=AT)
    again = imported(HEADER + "L2,2025-03-15,fair,Mia Roe,mia@norwick.example,Norwick Inc.\nL3,2025-03-15,fair,Jo Poe,jo@norwick.example,Norwick Inc.\n")
    assert (again.n_created, again.n_rejected) == (1, 1)
    refused = next(row for row in ImportRow.objects.filter(run=again) if row.messages)
    assert "was disqualified" in refused.messages[0]["reason"]
    said = MAPPING.replace("  source: source", "  source: source\n  origin: origin")
    raised = imported("id,day,source,name,mail,company,origin\nL4,2025-04-15,call,Mia Roe,mia@norwick.example,Norwick Inc.,hand_raise\n", said=said)
    assert (raised.n_created, raised.n_rejected) == (1, 0)
    assert Lead.objects.get(reference="L4").origin == "hand_raise"
