"""A person is erased: nothing names them in any table or file, every number is as before, and nothing brings them back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.db.models import CharField, Count, JSONField, TextField
from django.utils import translation

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.imports import mapping as mappings
from tasuki.core.imports import running
from tasuki.core.imports.mapping import Mapping
from tasuki.core.imports.runs import ImportRow, RowState
from tasuki.core.imports.sets import ImportFile, ImportSet
from tasuki.core.search import indexing
from tasuki.crm import attachments, barred, leads, ledger, merging, records, unmerging
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.crm.merges.rows import Merge
from tasuki.crm.tasks import Task
from tasuki.engage import blocks
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.message_rows import Message
from tasuki.engage.own_calendars import writing
from tasuki.engage.own_calendars.rows import CalendarEntry
from tasuki.engage.sequences.enrolments import Enrolment
from tasuki.inside_sales.holdings import Holding
from tasuki.relay import kpis, leg_numbers
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.leg_days import keeping
from tasuki.relay.leg_rows import Asked
from tasuki.relay.personal_data import erasing, erasures, import_files, reach, rewriting, scrubbing
from tasuki.relay.personal_data.erasure_rows import Erasure, ErasureState
from tasuki.relay.personal_data.erasures import ErasureRefused, NeedsASecondPerson
from tasuki.relay.questions import Form, Question
from tests.cast import MONDAY, Cast, hired
from tests.relay.whole_life import ADDRESS, FAMILY, GIVEN, MARKS, PHONE, Life, lived
from tests.web.office import deal_of

pytestmark = pytest.mark.django_db
AT = MONDAY + timedelta(days=10)


def asked(cast: Cast, life: Life, **said: Any) -> Erasure:
    words = {"ground": "asked", "words": f"{FAMILY} wrote to us"} | said
    return erasures.ask(life.contact, by=By(cast.ada, Door.WEB), at=AT, **words)


def erased(cast: Cast, life: Life, **said: Any) -> Erasure:
    bea = hired("bea", "Second", "Bea", role=Role.OPERATIONS)
    erasure = erasures.confirm(asked(cast, life, **said), by=By(bea, Door.WEB), at=AT)
    erasures.carry_out(erasure.pk, at=AT)
    erasure.refresh_from_db()
    return erasure


def mapping_of(noun: str, **columns: str) -> Mapping:
    lines = "".join(f"  {field}: {{column: {column}, country: KR}}\n" if field == "phone" else f"  {field}: {column}\n" for field, column in columns.items())
    return mappings.read(f"noun: {noun}\ncolumns:\n{lines}")


def places() -> Iterator[tuple[str, str, str]]:
    """Every text, json and bytes of the database, whoever made its table: (table, column, value in lower case)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
               WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND (data_type LIKE 'USER%'
                 OR data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'ARRAY', 'uuid', 'tsvector'))"""
        )
        for table, column in cursor.fetchall():
            cursor.execute(f"""SELECT DISTINCT lower(CASE WHEN pg_typeof("{column}")::text = 'bytea' THEN encode("{column}"::text::bytea, 'escape')
                               ELSE "{column}"::text END) FROM "{table}" WHERE "{column}" IS NOT NULL""")
            for (value,) in cursor.fetchall():
                yield table, column, value


def named_in_tables() -> list[str]:
    return sorted({f"{table}.{column}: {mark} in {value[:120]}" for table, column, value in places() for mark in MARKS if mark in value})


def files() -> set[Path]:
    """Every file of the home that a row names."""
    stored = [*File.objects.values_list("stored_as", flat=True), *ImportFile.objects.values_list("stored_as", flat=True)]
    return {Path(default_storage.path(one)) for one in stored}


def named_in(those: set[Path]) -> list[str]:
    return [str(path) for path in those if path.exists() and any(mark.encode() in path.read_bytes().lower() for mark in MARKS)]


def numbers(cast: Cast) -> dict[str, Any]:
    """What the relay and the leg count until the day of the erasure, and how many rows there are that anything is counted from."""
    keeping.keep(at=AT)
    passages = Passage.objects.values("stage", "outcome", "owner", "entered_at", "amount").order_by("pk")
    asked = Question(Form.PERIOD, MONDAY - timedelta(days=7), AT)
    leg = Asked(cast.ada, start=asked.start, end=AT, zone=ZoneInfo("Asia/Seoul"))
    return {
        "relay": {stage: (one.balance_start, one.inflow, one.outflow, one.balance_end) for stage, one in kpis.by_stage(asked).items()},
        "leg": leg_numbers.now_and_before(leg),
        "passages entered": [(one["stage"], one["owner"], one["entered_at"], one["amount"]) for one in passages],
        "calls": list(Call.objects.values("caller", "disposition", "started_at", "answered_at", "ended_at").order_by("pk")),
        "handoffs": list(Handoff.objects.values("credited_to", "offered_at", "to_owner").order_by("pk")),
        "meetings": list(Meeting.objects.values("held_by", "starts_at", "booked_at").order_by("pk")),
        "messages": list(Message.objects.values("direction", "kind", "at", "mailbox").order_by("pk")),
        "leads": list(Lead.objects.values("source", "segment", "origin", "opened_at", "owner", "team").annotate(n=Count("pk")).order_by("opened_at")),
    }


def test_no_table_and_no_file_names_them_any_more_and_everything_is_counted_as_before(cast: Cast) -> None:
    life = lived(cast)
    theirs = files()
    before = numbers(cast)
    assert len(named_in_tables()) > 60
    assert len(named_in(theirs)) >= 4
    erasure = erased(cast, life)
    indexing.absorb_all()
    assert not (left := named_in_tables()), "\n".join(left)
    assert not (stored := named_in(theirs)), "\n".join(stored)
    assert numbers(cast) == before
    assert (erasure.state, erasure.done_at, erasure.words, erasure.stored) == (ErasureState.DONE, AT, "", [])
    assert erasure.n_rows > 60


def test_what_runs_ends_with_the_reason(cast: Cast) -> None:
    life = lived(cast)
    erased(cast, life)
    lead, handoff, meeting, message = (type(one).objects.get(pk=one.pk) for one in (life.lead, life.handoff, life.meeting, life.message))
    assert (lead.state, handoff.state, meeting.state, message.state) == ("disqualified", "withdrawn", "cancelled", "withdrawn")
    assert message.why == "erased"
    assert not Task.objects.to_do().filter(lead=lead).exists()
    assert not Enrolment.objects.running().filter(contact=life.contact).exists()
    assert not Holding.objects.waiting().filter(lead=lead).exists()


def test_the_person_is_called_by_a_number_in_every_language(cast: Cast) -> None:
    life = lived(cast)
    erased(cast, life)
    contact = Contact.objects.get(pk=life.contact.pk)
    for language, name in (("en", f"Erased person #{contact.pk}"), ("ko", f"삭제된 사람 #{contact.pk}"), ("ja", f"消去された人 #{contact.pk}")):
        with translation.override(language):
            assert contact.display_name == name


def test_no_import_brings_them_back_and_the_row_says_why(cast: Cast) -> None:
    life = lived(cast)
    erased(cast, life)
    lines = f"Name,Mail,Phone\n{GIVEN} {FAMILY},{ADDRESS.upper()},\n{GIVEN},other@elsewhere.example,{PHONE}\nNew Person,new@elsewhere.example,\n"
    n = Contact.objects.count()
    for noun in ("contacts", "leads"):
        mapping = mapping_of(noun, full_name="Name", email="Mail", phone="Phone")
        stored = default_storage.save("imports/upload", ContentFile(lines.encode()))
        run = running.run(running.note(stored, name="again.csv", mapping=mapping, by=By(cast.ada, Door.WEB), at=AT), at=AT)
        said = list(ImportRow.objects.filter(run=run, state=RowState.REJECTED).order_by("row_no"))
        assert len(said) == 2
        assert all("asked to be erased" in json.dumps(row.messages) for row in said)
    assert Contact.objects.count() == n + 1


def test_no_form_writes_their_address_down_until_the_block_is_lifted(cast: Cast) -> None:
    life, ivo = lived(cast), By(cast.ivo, Door.WEB)
    erased(cast, life)
    for said in ({"email": ADDRESS}, {"phone": PHONE, "country": "KR"}):
        with pytest.raises(barred.AskedToBeErased):
            records.add_contact(records.Person("Q", "Z", **said), by=ivo, at=AT)
    with pytest.raises(barred.AskedToBeErased):
        records.change_contact(life.colleague, said={"emails": [ADDRESS]}, by=ivo, at=AT)
    with pytest.raises(barred.ErasedPerson):
        leads.capture(Arrival(team=cast.marketing, contact=life.contact, origin=Origin.HAND_RAISE), by=ivo, at=AT)
    with pytest.raises(barred.ErasedPerson):
        merging.merge(life.colleague, others=[life.contact], by=By(cast.ada, Door.WEB), at=AT)
    with pytest.raises(barred.ErasedPerson):
        records.change_contact(life.contact, said={"family_name": FAMILY}, by=ivo, at=AT)
    assert blocks.is_blocked(address=ADDRESS)
    assert blocks.is_blocked(number=PHONE)
    for row in blocks.Block.objects.standing().filter(is_erasure=True):
        assert (row.value, row.ends_with) == ("", "")
        blocks.unblock(row, reason="she came back herself", by=By(cast.ada, Door.WEB), at=AT)
    assert records.add_contact(records.Person("Q", "Z", email=ADDRESS), by=ivo, at=AT).pk


def test_neither_the_undo_of_a_merge_nor_of_an_import_brings_them_back(cast: Cast) -> None:
    life = lived(cast)
    erased(cast, life)
    merge = Merge.objects.get(of="contact", survivor_id=life.contact.pk)
    with pytest.raises(unmerging.MergeIsFinal):
        unmerging.undo(merge, by=By(cast.ada, Door.WEB), at=AT)
    assert not merge.steps.exists()


def test_an_import_that_brought_them_cannot_be_undone_any_more(cast: Cast) -> None:
    mapping = mapping_of("contacts", full_name="Name", email="Mail")
    stored = default_storage.save("imports/upload", ContentFile(f"Name,Mail\n{GIVEN} {FAMILY},{ADDRESS}\n".encode()))
    run = running.run(running.note(stored, name="first.csv", mapping=mapping, by=By(cast.ada, Door.WEB), at=MONDAY), at=MONDAY)
    contact = Contact.objects.get(emails__key=ADDRESS)
    erasure = erasures.ask(contact, ground="over", words="no answer in years", by=By(cast.ada, Door.WEB), at=AT)
    erasures.confirm(erasure, by=By(cast.ada, Door.WEB), at=AT + erasures.ALONE_AFTER)
    erasures.carry_out(erasure.pk, at=AT + erasures.ALONE_AFTER)
    with pytest.raises(Refused):
        running.undo(run, by=By(cast.ada, Door.WEB), at=AT + timedelta(days=9))
    assert not named_in_tables()


def test_what_the_law_wants_kept_is_named_and_stays_with_the_company(cast: Cast) -> None:
    life, ivo = lived(cast), By(cast.ivo, Door.WEB)
    order = attachments.attach(ContentFile(b"%PDF-signed"), name="order.pdf", n_bytes=11, lead=life.lead, by=ivo, at=MONDAY)
    with pytest.raises(ErasureRefused, match="by which law"):
        asked(cast, life, kept=[order])
    erasure = erased(cast, life, kept=[order], kept_because="Commercial Code, ten years")
    order.refresh_from_db()
    assert (order.lead, order.contact, order.account, order.name) == (None, None, life.contact.account, "order.pdf")
    assert default_storage.exists(order.stored_as)
    assert (erasure.kept_ids, erasure.kept_because) == ([order.pk], "Commercial Code, ten years")


def test_a_second_person_confirms_or_the_first_waits(cast: Cast) -> None:
    life, ada = lived(cast), By(cast.ada, Door.WEB)
    erasure = asked(cast, life)
    with pytest.raises(NeedsASecondPerson):
        erasures.confirm(erasure, by=ada, at=AT + timedelta(days=2))
    with pytest.raises(ErasureRefused, match="already"):
        asked(cast, life)
    assert erasures.confirm(erasure, by=ada, at=AT + timedelta(days=3)).state == ErasureState.CONFIRMED
    with pytest.raises(ErasureRefused):
        erasures.withdraw(erasure, by=ada, at=AT + timedelta(days=3))


def test_the_copy_in_a_colleagues_calendar_is_taken_out_however_old_and_changed_it_is(cast: Cast) -> None:
    life = lived(cast)
    entry = CalendarEntry.objects.get(meeting=life.meeting)
    long_after = AT + timedelta(days=400)
    assert entry.pk not in {there.pk for _meeting, there in writing.to_do(entry.calendar, at=long_after) if there}
    erased(cast, life)
    assert entry.pk in {there.pk for _meeting, there in writing.to_do(entry.calendar, at=long_after) if there}


def test_it_can_be_withdrawn_until_it_is_confirmed(cast: Cast) -> None:
    life, ada = lived(cast), By(cast.ada, Door.WEB)
    erasures.withdraw(asked(cast, life), by=ada, at=AT)
    assert asked(cast, life).state == ErasureState.ASKED


def test_nobody_else_erases_and_nobody_without_a_reason(cast: Cast) -> None:
    life = lived(cast)
    for person in (cast.ivo, cast.ruth, cast.tomas):
        with pytest.raises(Forbidden):
            erasures.ask(life.contact, ground="asked", words="x", by=By(person, Door.WEB), at=AT)
    for said in ({"words": " "}, {"ground": "because"}):
        with pytest.raises(ErasureRefused, match="Say why"):
            asked(cast, life, **said)


def test_somebody_in_a_negotiation_is_not_erased(cast: Cast) -> None:
    deal = deal_of(cast)
    assert deal.lead.contact
    with pytest.raises(ErasureRefused, match="opportunity"):
        erasures.ask(deal.lead.contact, ground="asked", words="x", by=By(cast.ada, Door.WEB), at=AT)


def test_killed_between_rows_and_bytes_it_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    life = lived(cast)
    erasure = asked(cast, life)
    erasures.confirm(erasure, by=By(cast.ada, Door.WEB), at=AT + timedelta(days=3))

    def killed(*_anything: object, **_said: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_certify", killed)
        with pytest.raises(KeyboardInterrupt):
            erasures.carry_out(erasure.pk, at=AT)
    assert Contact.objects.get(pk=life.contact.pk).family_name == FAMILY, "all or nothing"
    with monkeypatch.context() as patch:
        patch.setattr(default_storage, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            erasures.carry_out(erasure.pk, at=AT)
    erasure.refresh_from_db()
    stored = list(erasure.stored)
    assert erasure.state == ErasureState.DONE
    assert stored
    assert all(default_storage.exists(one) for one in stored)
    assert erasures.resume(at=AT) == 1
    assert not any(default_storage.exists(one) for one in stored)
    assert erasures.resume(at=AT) == 0


def test_an_address_that_a_colleague_has_too_is_left_to_the_colleague(cast: Cast) -> None:
    life = lived(cast)
    records.change_contact(life.colleague, said={"emails": ["han@elsewhere.example", ADDRESS]}, by=By(cast.ivo, Door.WEB), at=AT)
    erased(cast, life)
    assert not blocks.is_blocked(address=ADDRESS)
    assert Contact.objects.filter(emails__key=ADDRESS).get() == life.colleague


@pytest.mark.usefixtures("storage_of_its_own")
def test_a_file_that_waits_to_be_imported_and_names_them_goes(cast: Cast) -> None:
    life = lived(cast)
    packed = io.BytesIO()
    with ZipFile(packed, "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<si>{ADDRESS}</si>")
    for content, is_theirs in ((f"Name,Mail\nx,{ADDRESS}\n".encode("utf-16-le"), True), (packed.getvalue(), True), (b"Name,Mail\nx,y@z.example\n", False)):
        # Not under the name of the file that their life had imported: that is gone, and its set still names it.
        stored = default_storage.save("imports/waiting", ContentFile(content))
        made = ImportSet.objects.create(started_by=cast.ada, created_at=AT)
        file = ImportFile.objects.create(of=made, noun="contacts", file_name="x", stored_as=stored, mapping={})
        assert (import_files.forget(scrubbing.of(life.contact)) == (1, [stored])) is is_theirs
        assert ImportFile.objects.filter(pk=file.pk).exists() is not is_theirs


def test_each_text_column_of_a_person_has_a_rule(cast: Cast) -> None:
    """A column that is neither rewritten, nor ours with a reason, nor a code is one that somebody forgot."""
    for model in reach.reachable():
        label = model._meta.label
        if label in rewriting.REMOVED or label in rewriting.OWN_RULES:
            continue
        handled = {name for name, _value in rewriting.columns(model)} | set(rewriting.structured(model))
        for field in model._meta.local_concrete_fields:
            if isinstance(field, (CharField, TextField, JSONField)) and not (field.choices or field.generated or field.primary_key):
                named = f"{label}.{field.name}"
                assert (field.column in handled) or named in rewriting.OURS, named
    named = {f"{model._meta.label}.{field.name}" for model in reach.reachable() for field in model._meta.local_fields}
    assert set(rewriting.OURS) | set(rewriting.BECOMES) <= named, "a rule for a column that is not there"
    assert set(rewriting.REMOVED) | set(rewriting.OWN_RULES) <= {model._meta.label for model in reach.reachable()}


def test_the_trail_can_be_rewritten_only_by_an_erasure_and_only_in_what_it_says(cast: Cast) -> None:
    life = lived(cast)
    entry = AuditEntry.objects.of(life.contact)[0]
    for columns, reason in (({"changes": {}}, "another"), ({"action": "x"}, erasing.CORRECTION)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), ledger.correcting(reason):
            AuditEntry.objects.filter(pk=entry.pk).update(**columns)
