"""What names an erased person in rows that are not theirs: cells of files, words of others around their company."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import By, Door
from tasuki.core.imports.runs import ImportRow, ImportRun, RowState
from tasuki.crm import notes, records
from tasuki.crm.contacts import Contact
from tasuki.crm.timeline import TimelineEntry
from tasuki.relay.personal_data import erasures
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db
AT = MONDAY + timedelta(days=10)


def erased(cast: Cast, contact: Contact) -> None:
    erasure = erasures.ask(contact, ground="asked", words="by telephone", by=By(cast.ada, Door.WEB), at=AT)
    erasures.confirm(erasure, by=By(cast.ada, Door.WEB), at=AT + erasures.ALONE_AFTER)
    erasures.carry_out(erasure.pk, at=AT + erasures.ALONE_AFTER)


def test_rows_of_files_that_name_them_keep_no_cell_and_others_keep_all(cast: Cast) -> None:
    contact = records.add_contact(records.Person("Quist", "Nora", email="nora@quist.example", phone="+82 2 555 0142", country="KR"), by=SET_UP, at=MONDAY)
    run = ImportRun.objects.create(target="leads", file_name="leads.csv", mapping={}, created_at=MONDAY)
    cells = [
        {"Mail": "NORA@quist.example", "Note": "likes tea"},
        {"Tel": "+8225550142", "Note": "tall"},
        {"Name": "Nora Quist", "Note": "old"},
        {"Name": "Nora B."},
    ]
    for row_no, values in enumerate(cells, start=1):
        said = [["Note", f"“{values.get('Note')}” is no number."]]
        ImportRow.objects.create(run=run, row_no=row_no, state=RowState.REJECTED, values=values, messages=said)
    erased(cast, contact)
    kept = list(ImportRow.objects.order_by("row_no").values_list("values", "messages"))
    assert kept[:3] == [(None, [["–", "–"]])] * 3
    assert kept[3] == ({"Name": "Nora B."}, [["Note", "“None” is no number."]])


def test_their_full_name_goes_from_what_was_written_around_their_company_and_nowhere_else(cast: Cast) -> None:
    ivo = By(cast.ivo, Door.WEB)
    here, there = (records.add_account(records.Company(name), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY) for name in ("Gaon", "Nuri"))
    contact = records.add_contact(records.Person("Quist", "Nora", account=here), by=SET_UP, at=MONDAY)
    notes.write("met nora quist and Quist Nora; wrote to Nora", account=here, by=ivo, at=MONDAY)
    notes.write("another Nora Quist", account=there, by=ivo, at=MONDAY)
    erased(cast, contact)
    texts = dict(TimelineEntry.objects.filter(kind="note").values_list("account__name", "text"))
    assert texts == {"Gaon": "met – and –; wrote to Nora", "Nuri": "another Nora Quist"}
