"""Rows beside the records that they may be about, before anything is written: shown, chosen one by one or for all, and done as chosen."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.imports import running, sets
from tasuki.core.imports.row_decisions import RowDecision
from tasuki.core.imports.sets import ImportFile
from tasuki.crm import product_points, records
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.product_points import Said
from tests.cast import SET_UP, Cast
from tests.web.office import signed_in
from tests.web.test_import_pages import LATER, brought

pytestmark = pytest.mark.django_db

# Before anybody asked for an import.
BEFORE = datetime(2025, 1, 6, 9, tzinfo=UTC)
HEADER = "Name,E-mail,Phone,Job title\n"
FIELDS = {"known_by": "said", "known_by-email": "on", "known_by-phone": "on"}
COLUMNS = {"column-full_name": "Name", "column-email": "E-mail", "column-phone": "Phone", "column-title": "Job title"}


def person(name: str, *, mail: str = "", phone: str = "") -> Contact:
    family, given = name.split()
    said = records.Person(family_name=family, given_name=given, email=mail, phone=phone, country="KR")
    return records.add_contact(said, another="another person", by=SET_UP, at=BEFORE)


def rehearsed(client: Client, rows: str, *, noun: str = "contacts", **more: str) -> ImportFile:
    (file,) = brought(client, people=HEADER + rows).files.all()
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": noun})
    said = {**FIELDS, **COLUMNS, "key": "", "on_duplicate": "skip", **more}
    assert client.post(reverse("import_file", args=[file.pk]), {**said, "later": "1"}).status_code == 302
    again(client, file)
    return ImportFile.objects.get(pk=file.pk)


def again(client: Client, file: ImportFile) -> dict[str, int]:
    """A dry run, and what it knew."""
    client.post(reverse("import_set_rehearsing", args=[file.of_id]))
    file = ImportFile.objects.select_related("rehearsal").get(pk=file.pk)
    assert file.rehearsal is not None
    running.rehearse_together([file.rehearsal], at=LATER)
    file.rehearsal.refresh_from_db()
    return dict(file.rehearsal.known)


def imported(client: Client, file: ImportFile) -> tuple[int, int, int, int]:
    client.post(reverse("import_set_starting", args=[file.of_id]))
    sets.run_all(file.of, at=LATER)
    run = ImportFile.objects.select_related("run").get(pk=file.pk).run
    assert run is not None
    return run.n_created, run.n_updated, run.n_skipped, run.n_rejected


def chosen(client: Client, file: ImportFile, kind: str = "unclear", **ways: str) -> Any:
    """`ways` by the numbers of the rows, such as r2="new"."""
    said: dict[str, Any] = {"row": [name[1:] for name in ways], **{f"way-{name[1:]}": way for name, way in ways.items()}}
    return client.post(f"{reverse('import_file_matches', args=[file.pk])}?which={kind}", said)


ROWS = (
    "Mia Roe,mia@x.example,+821012345678,CFO\n"  # 2: the address of one, the number of another
    "Eve Else,,+8225550142,\n"  # 3: a number that two have
    "Mia Roe,mia@x.example,,CTO\n"  # 4: known by the address
    "New Body,new@x.example,,\n"  # 5
)


@pytest.fixture
def people(cast: Cast) -> tuple[Contact, Contact, Contact]:
    mia = person("Roe Mia", mail="mia@x.example")
    ada = person("Ox Ada", phone="010-1234-5678")
    person("Poe Jo", phone="02-555-0142")
    return mia, ada, person("Poe Lee", phone="02-555-0142")


def test_the_dry_run_counts_and_shows_rows_beside_whom_they_may_mean(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    page = client.get(reverse("import_set", args=[file.of_id])).content.decode()
    assert re.search(r"<dt>New</dt><dd>1</dd><dt>Here already</dt><dd>1 – same mail address: 1</dd><dt>Not clear</dt><dd>2 ", page)
    unclear = client.get(reverse("import_file_matches", args=[file.pk])).content.decode()
    assert re.findall(r'id="row-(\d+)">Row', unclear) == ["2", "3"]
    assert [name in unclear for name in ("Mia Roe", "Ada Ox", "Jo Poe", "Lee Poe")] == [True] * 4
    assert "+82 10-1234-5678" in unclear
    assert unclear.count('class="known-differs"') == 3, "another name of Ada, and of both who have the number of the third row"
    known = client.get(reverse("import_file_matches", args=[file.pk]) + "?which=known").content.decode()
    assert re.findall(r'id="row-(\d+)">Row', known) == ["4"]
    assert "not here yet" in known


def test_a_dry_run_in_which_all_is_clear_says_who_is_here(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, "Mia Roe,mia@x.example,,CEO\n")
    page = client.get(reverse("import_set", args=[file.of_id]))
    assert page.status_code == 200
    assert "<dt>Here already</dt><dd>1 – same mail address: 1</dd>" in page.content.decode()
    assert "Not clear" not in page.content.decode()


def test_what_is_chosen_is_done(cast: Cast, people: tuple[Contact, ...]) -> None:
    (
        mia,
        ada,
        _jo,
    ) = people
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    assert chosen(client, file, r2=f"same:{ada.pk}", r3="new").status_code == 302
    assert chosen(client, file, "known", r4="leave").status_code == 302
    assert Contact.objects.count() == 4
    assert imported(client, file) == (2, 1, 1, 0)
    ada.refresh_from_db()
    assert (ada.title, ada.main_email, str(ada), str(mia)) == ("CFO", "mia@x.example", "Mia Roe", "Mia Roe")
    assert Contact.objects.get(family_name="Else").main_phone == "+8225550142"
    client.post(reverse("import_set_undoing", args=[file.of_id]))
    ada.refresh_from_db()
    assert (Contact.objects.count(), str(ada), ada.emails.count()) == (4, "Ada Ox", 0)


def test_one_row_of_many_is_updated_left_out_or_made_anew_against_the_rule(cast: Cast, people: tuple[Contact, ...]) -> None:
    mia, *_others = people
    client = signed_in(cast.ada)
    file = rehearsed(client, "Mia Roe,mia@x.example,,CFO\n", on_duplicate="skip")
    chosen(client, file, "known", r2=f"same:{mia.pk}")
    assert again(client, file) == {"email": 1}
    assert imported(client, file) == (0, 1, 0, 0)
    mia.refresh_from_db()
    assert mia.title == "CFO"


def test_a_choice_is_taken_back_and_a_rule_holds_for_the_others(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    chosen(client, file, r2="leave", r3="leave")
    chosen(client, file, r2="", r3="leave")
    assert list(file.decisions.values_list("row_no", "way")) == [(3, "leave")]
    assert client.post(reverse("import_file_rules", args=[file.pk]), {"unclear": "create"}).status_code == 302
    assert client.post(reverse("import_file_rules", args=[file.pk]), {"on_duplicate": "update"}).status_code == 302
    # The second row makes somebody new with the address of Mia, and the fourth is about the same person of the file.
    assert imported(client, file) == (2, 0, 2, 0)


def test_a_lead_is_a_new_pass_of_whoever_was_chosen(cast: Cast, people: tuple[Contact, ...]) -> None:
    _mia, _ada, lee = people
    client = signed_in(cast.ada)
    file = rehearsed(client, "Eve Else,,+8225550142,\nSee Else,,+8225550142,\n", noun="leads")
    chosen(client, file, r2=f"same:{lee.pk}", r3="new")
    assert imported(client, file) == (2, 0, 0, 0)
    assert {lead.contact_id == lee.pk for lead in Lead.objects.all()} == {True, False}
    assert Lead.objects.exclude(contact=lee).get().contact.family_name == "Else"


@pytest.mark.parametrize(
    ("row", "way"),
    [
        ("2", "same:999999"),
        ("2", "same:"),
        ("2", "same:'; DROP"),
        ("2", "burn"),
        ("5", "new"),
        ("999", "new"),
        ("0", "new"),
        ("-1", "leave"),
        ("2" * 30, "new"),
    ],
)
def test_a_choice_that_was_not_offered_is_refused_and_nothing_is_kept(cast: Cast, people: tuple[Contact, ...], *, row: str, way: str) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    assert client.post(reverse("import_file_matches", args=[file.pk]), {"row": [row], f"way-{row}": way}).status_code == 422
    assert not RowDecision.objects.exists()


def test_what_is_said_of_a_product_stands_beside_the_point_that_it_changes(cast: Cast) -> None:
    client = signed_in(cast.ada)
    gate = records.add_product("Gate", line="", price=None, currency="", by=SET_UP, at=BEFORE)
    point = product_points.keep(gate, said=Said("rival", "ja", "Ask who restarts it.", name="Corvane", strong="fast"), by=SET_UP, at=BEFORE)
    head = "Product,Kind,Language,Industry,Name,What is said,Where they are strong,Where they are weak,Position,tasuki_productpoint_id\n"
    rows = f"Gate,競合,日本語,,Corvane,<b>Ask</b> who restarts it.,fast,no reports,2,{point.pk}\nGate,talking point,English,,,New.,,,=1+1,\n"
    (file,) = brought(client, points=head + rows).files.all()
    assert file.noun == "product_points"
    assert client.get(reverse("import_file", args=[file.pk])).status_code == 200
    assert client.post(reverse("import_file", args=[file.pk]), {**columns_of(file), "later": "1"}).status_code == 302
    assert again(client, file) == {"tasuki_id": 1}
    page = client.get(reverse("import_file_matches", args=[file.pk]) + "?which=known").content.decode()
    assert f'href="{reverse("productpoint", args=[point.pk])}"' in page
    assert "<b>Ask</b>" not in page
    assert page.count('class="known-differs"') == 2, "the words and the position; the kind is called in another language, and is the same"
    assert client.get(reverse("productpoint", args=[point.pk])).headers["Location"] == f"{reverse('product_points', args=[gate.pk])}#point-{point.pk}"
    assert imported(client, file) == (0, 1, 0, 1)


def columns_of(file: ImportFile) -> dict[str, str]:
    """What the form says when nothing is changed in it."""
    mapping = sets.stored_mapping(file)
    return {"key": mapping.key, "on_duplicate": mapping.on_duplicate, **{f"column-{name}": column.column for name, column in mapping.columns.items()}}


@pytest.mark.parametrize("said", [{"unclear": "guess"}, {"on_duplicate": "burn"}, {"unclear": ["create"] * 3 + ["x" * 9_999]}])
def test_a_rule_that_is_none_is_refused(cast: Cast, people: tuple[Contact, ...], said: dict[str, Any]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    assert client.post(reverse("import_file_rules", args=[file.pk]), said).status_code == 422


def test_choices_end_with_the_import_and_when_the_file_is_read_anew(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)
    chosen(client, file, r2="new")
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": "contacts", "header_row": "1"})
    assert not RowDecision.objects.exists()
    assert "No dry run yet" in client.get(reverse("import_file_matches", args=[file.pk])).content.decode()
    client.post(reverse("import_file", args=[file.pk]), {**FIELDS, **COLUMNS, "later": "1"})
    again(client, file)
    imported(client, file)
    assert chosen(client, file, r2="new").status_code == 422


def test_hostile_cells_stand_as_text_and_odd_addresses_are_answered(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, '<script>alert(1)</script> 🐈,,+8225550142,"=cmd()"\n')
    address = reverse("import_file_matches", args=[file.pk])
    page = client.get(address).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    for odd in ("?which=burn", "?after=-1", "?after=99999999999999999999", "?which=known&after=%F0%9F%90%88", "?after=1e9"):
        assert client.get(address + odd).status_code == 200


def test_whoever_may_not_see_somebody_is_told_how_many_and_no_name(cast: Cast, people: tuple[Contact, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(cast.ada)
    file = rehearsed(client, ROWS)

    def see(rows: Any, _user: object) -> Any:
        """As a narrower role would."""
        return rows.exclude(family_name="Poe")

    monkeypatch.setattr(type(Contact.objects.all()), "visible_to", see)
    page = client.get(reverse("import_file_matches", args=[file.pk])).content.decode()
    assert "Poe" not in page
    assert "2 more records fit that you may not see." in page


def test_the_page_costs_the_same_for_two_rows_and_ten(cast: Cast, people: tuple[Contact, ...]) -> None:
    client = signed_in(cast.ada)
    costs = []
    for n in (2, 12):
        sets.ImportSet.objects.all().delete()
        file = rehearsed(client, "".join(f"Eve Else{at},,+8225550142,\n" for at in range(n)))
        address = reverse("import_file_matches", args=[file.pk])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address).content.decode()
        costs.append(len(queries))
        assert page.count('name="row"') == min(n, 10)
        assert ("Next rows" in page) == (n > 10)
    assert costs[0] == costs[1]
