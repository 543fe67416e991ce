"""Whom a row of a file means: known by address, number or name at a company; what is ambiguous is never guessed. About 0.1 s a test."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.imports import mapping, parsing, running
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.crm import leads, records
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.leads import Lead
from tests.core.table_contents import contents
from tests.crm.test_lead_imports import AT, BY

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(hours=1)
CONTACTS = "noun: contacts\ncolumns: {reference: id, full_name: name, email: mail, phone: {column: phone, country: KR}, account: firm, title: title}\n"
LEADS = "noun: leads\ncolumns: {reference: id, full_name: name, email: mail, phone: {column: phone, country: KR}, account: firm, segment: title}\n"
HEADER = "id,name,mail,phone,firm,title\n"
UNCLEAR = "Whom this row means is not clear (%s): the dry run shows it beside who is here, to be chosen."


def imported(rows: str, said: str = CONTACTS, *, at: datetime = LATER, dry: bool = False) -> ImportRun:
    run = running.start(io.BytesIO((HEADER + rows).encode()), name="people.csv", mapping=mapping.read(said), by=BY, at=at, dry=dry)
    return running.run(run, at=at)


def person(name: str, *, mail: str = "", phone: str = "", firm: Any = None) -> Contact:
    family, given = name.split()
    said = records.Person(family_name=family, given_name=given, email=mail, phone=phone, country="KR", account=firm)
    return records.add_contact(said, another="another person", by=BY, at=AT)


def became(run: ImportRun) -> list[tuple[str, list[str]]]:
    rows = ImportRow.objects.filter(run=run).order_by("row_no")
    return [(row.state, [message["reason"] for message in row.messages or []]) for row in rows]


def test_a_person_is_known_by_a_number_however_it_is_written() -> None:
    mia = person("Roe Mia", phone="010-1234-5678")
    run = imported("C1,Mia Roe,mia@x.example,+82 10 1234 5678,,CFO\n", CONTACTS + "on_duplicate: update\n")
    assert (run.n_updated, run.n_created, run.known) == (1, 0, {"phone": 1})
    mia.refresh_from_db()
    assert (mia.title, mia.reference, mia.main_email) == ("CFO", "C1", "mia@x.example")


def test_what_a_row_brings_to_a_person_goes_again_with_the_import() -> None:
    person("Roe Mia", phone="010-1234-5678")
    before = contents()
    run = imported(",Mia Roe,mia@x.example,010-1234-5678 / 02-555-0142,,\n", CONTACTS + "on_duplicate: update\n")
    assert (ContactEmail.objects.count(), sorted(ContactPhone.objects.values_list("e164", "is_primary"))) == (
        1,
        [("+821012345678", True), ("+8225550142", False)],
    )
    running.undo(run, by=BY, at=LATER)
    assert contents() == before


def test_the_address_of_one_and_the_number_of_another_is_not_guessed() -> None:
    person("Roe Mia", mail="mia@x.example")
    person("Ox Ada", phone="010-1234-5678")
    run = imported("C1,Mia Roe,mia@x.example,010-1234-5678,,\n")
    assert (run.n_rejected, run.known) == (1, {"unclear": 1})
    assert became(run) == [("rejected", [UNCLEAR % "same mail address, same telephone number"])]


def test_a_number_that_several_have_is_not_guessed_unless_all_else_names_one() -> None:
    for name in ("Roe Mia", "Ox Ada", "Poe Jo"):
        person(name, phone="02-555-0142")
    run = imported("C1,,q@x.example,02-555-0142,,\nC2,Ada Ox,,02-555-0142,,\nC3,Eve Else,,02-555-0142,,\n")
    assert [state for state, _said in became(run)] == ["rejected", "skipped", "rejected"]
    assert run.known == {"unclear": 2, "phone": 1}


@pytest.mark.parametrize("row", [",Mia Roe,other@x.example,010-1234-5678,,\n", ",Ada Ox,,010-1234-5678,,\n"])
def test_a_number_whose_owner_has_another_address_or_name_is_not_guessed(row: str) -> None:
    person("Roe Mia", mail="mia@x.example", phone="010-1234-5678")
    assert became(imported(row)) == [("rejected", [UNCLEAR % "same telephone number"])]


def test_an_address_that_two_have_names_neither() -> None:
    person("Roe Mia", mail="info@x.example")
    person("Ox Ada", mail="info@x.example")
    assert became(imported(",Mia Roe,info@x.example,,,\n")) == [("rejected", [UNCLEAR % "same mail address"])]
    new = imported(",Mia Roe,info@x.example,,,\n", CONTACTS + "unclear: create\n")
    assert (new.n_created, Contact.objects.count()) == (1, 3)


def test_a_switchboard_within_the_file_is_no_doubt_and_a_person_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ",Mia Roe,mia@x.example,02-555-0142,,\n,Ada Ox,ada@x.example,02-555-0142,,\n,Mia Roe,,02-555-0142,,\n"
    for chunk in (10_000, 1):
        monkeypatch.setattr(parsing, "CHUNK", chunk)
        run = imported(rows)
        assert [state for state, _said in became(run)] == ["created", "created", "skipped"]
        assert became(run)[2][1] == ["The same key stands earlier in the file; the first row counts."]
        assert (run.n_warnings, run.known) == (1, {})
        running.undo(run, by=BY, at=LATER)


def test_a_name_at_a_company_counts_only_when_it_is_asked_for() -> None:
    first = imported(",한 서윤,,,㈜가온증권,\n,서윤 한,,,Norwick,\n", at=AT)
    assert first.n_created == 2
    assert imported(",한서윤,seo@gaon.example,,가온증권,\n", CONTACTS + "known_by: [email, phone]\n", dry=True).n_created == 1
    run = imported(",한서윤,seo@gaon.example,,가온증권,\n", CONTACTS + "known_by: [email, name]\n")
    assert (run.n_skipped, run.known) == (1, {"name": 1})


def test_known_by_nothing_each_row_is_a_person_of_its_own() -> None:
    person("Roe Mia", mail="mia@x.example", phone="010-1234-5678")
    run = imported(",Mia Roe,mia@x.example,010-1234-5678,,\n" * 2, CONTACTS + "known_by: []\n")
    assert (run.n_created, run.known) == (2, {})


def test_a_lead_is_its_person_by_number_and_a_second_open_one_is_refused_or_updated() -> None:
    mia = person("Roe Mia", phone="010-1234-5678")
    first = imported("L1,Mia Roe,,010-1234-5678,,small\n", LEADS)
    assert (first.n_created, Lead.objects.get().contact_id, first.known) == (1, mia.pk, {"phone": 1})
    again = imported(",Mia Roe,,010-1234-5678,,large\n", LEADS)
    assert became(again) == [("rejected", ["This contact already has an open lead for this product line."])]
    other = imported("L2,Mia Roe,,010-1234-5678,,large\n", LEADS + "on_duplicate: update\n")
    assert other.n_rejected == 1, "its own reference says that it is another lead"
    update = imported(",Mia Roe,,010-1234-5678,,large\n" * 2, LEADS + "on_duplicate: update\n")
    assert (update.n_updated, update.n_rejected, Lead.objects.get().segment) == (1, 1, "large")
    running.undo(update, by=BY, at=LATER)
    assert Lead.objects.get().segment == "small"
    leads.disqualify(Lead.objects.get(), reason="a student", by=BY, at=LATER)
    assert "was disqualified" in str(became(imported(",Mia Roe,,010-1234-5678,,\n", LEADS)))


def test_references_of_contacts_are_kept_found_and_never_taken_over() -> None:
    imported("C1,Mia Roe,mia@x.example,,,CFO\n", at=AT)
    run = imported("C1,Mia Ray,new@x.example,,,\nC2,,mia@x.example,,,\nC1,,,,,\n", CONTACTS + "on_duplicate: update\n")
    assert [state for state, _said in became(run)] == ["updated", "skipped", "rejected"]
    mia = Contact.objects.get()
    assert (mia.reference, mia.family_name, sorted(mia.emails.values_list("key", flat=True))) == ("C1", "Ray", ["mia@x.example", "new@x.example"])
    kept = imported("C9,,mia@x.example,,,\n", CONTACTS + "on_duplicate: update\n")
    assert became(kept) == [("updated", ["This person is known by the reference “C1” already, and keeps it."])]
    with_new = imported("C1,Eve Else,eve@x.example,,,\n", CONTACTS + "on_duplicate: create\n")
    assert became(with_new) == [("rejected", ["Another record has this key, and only one can have it."])]


@pytest.mark.parametrize(
    "said",
    ["known_by: phone", "known_by: {a: b}", "known_by: [shoe_size]", "known_by: [[email]]", "unclear: guess", "unclear: [create]"],
)
def test_a_mapping_that_says_nonsense_about_people_is_refused_with_a_sentence(said: str) -> None:
    with pytest.raises(MappingRefused):
        imported(",Mia Roe,,,,\n", f"{CONTACTS}{said}\n")
    with pytest.raises(MappingRefused, match="do not know people"):
        imported(",Mia Roe,,,,\n", "noun: products\nknown_by: [email]\ncolumns: {name: name}\n")


def test_what_is_said_of_people_survives_being_written_down() -> None:
    said = mapping.read(CONTACTS + "known_by: []\nunclear: create\n")
    assert mapping.read(mapping.write(said)) == said
    assert mapping.read(mapping.write(mapping.read(CONTACTS))).known_by is None


ROWS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from(["", "1", "2"]), st.sampled_from(["Mia Roe", "Ada Ox"]), st.sampled_from(["", "F"])),
    min_size=1,
    max_size=9,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(here=ROWS, rows=ROWS, rules=st.tuples(st.sampled_from(["skip", "update"]), st.sampled_from(["leave", "create"])))
def test_wherever_the_chunks_end_rows_become_the_same(monkeypatch: pytest.MonkeyPatch, *, here: list[Any], rows: list[Any], rules: tuple[str, str]) -> None:
    def written(all_rows: list[Any]) -> str:
        return "".join(f",{name},{mail and f'{mail}@x.example'},{phone and f'02-555-014{phone}'},{firm},\n" for mail, phone, name, firm in all_rows)

    before = imported(written(here), CONTACTS + "on_duplicate: create\n", at=AT)
    said = f"{CONTACTS}on_duplicate: {rules[0]}\nunclear: {rules[1]}\nknown_by: [email, phone, name]\n"
    found = []
    for chunk in (10_000, 1, 3):
        monkeypatch.setattr(parsing, "CHUNK", chunk)
        run = imported(written(rows), said)
        found.append((became(run), dict(sorted(run.known.items())), Contact.objects.count(), ContactEmail.objects.count(), ContactPhone.objects.count()))
        running.undo(run, by=BY, at=LATER)
    assert found[0] == found[1] == found[2]
    running.undo(before, by=BY, at=LATER)
