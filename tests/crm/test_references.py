"""What history points to is there, whoever writes it and by whatever way: checked for a statement, not for each row."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from tasuki.crm import leads
from tasuki.crm.contacts import Contact, ContactEmail
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry
from tests.cast import SET_UP, Cast, assemble

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOWHERE = 999_999_999
# The run writes these itself and no run is ever removed; the daybook is counted from what is checked already, and what stands beside an
# opportunity or a hand-off is copied from its lead by the database, and so is the team of a contact from its account, and
# that of its addresses and numbers.
_COPIED = {f"sales_opportunity.lead_{name}_id" for name in ("contact", "account", "stage", "owner")} | {
    f"crm_{table}.account_team_id" for table in ("contact", "contactemail", "contactphone")
}
_COPIED |= {f"relay_handoff.lead_{name}_id" for name in ("contact", "account")}
_UNCHECKED = {"core_importrow.run_id", "crm_passage.entry_import_id", "crm_passage.exit_import_id"} | _COPIED


@pytest.mark.django_db
def test_every_reference_that_the_database_does_not_check_itself_has_its_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'named_by_%'")
        triggers = {name for (name,) in cursor.fetchall()}
        # Foreign keys that a migration writes itself, because the rows go with what they name.
        cursor.execute(
            """SELECT conrelid::regclass::text || '.' || attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
               WHERE contype = 'f' AND confdeltype = 'c'"""
        )
        going_along = {name for (name,) in cursor.fetchall()}
    for model in apps.get_models():
        table = model._meta.db_table
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and not field.db_constraint and not table.startswith("crm_daybook"):
                named = f"named_by_{table}_{field.column}"
                assert f"{table}.{field.column}" in _UNCHECKED | going_along or {named, f"{named}_gone"} <= triggers, f"{table}.{field.column}"


@pytest.mark.django_db
def test_every_index_and_constraint_of_a_model_stands_in_the_database() -> None:
    """A migration that changes a column can drop the index of a constraint along with its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'i' UNION SELECT conname FROM pg_constraint")
        there = {name for (name,) in cursor.fetchall()}
    wanted = {one.name for model in apps.get_models() if model._meta.managed for one in (*model._meta.indexes, *model._meta.constraints)}
    assert wanted <= there


@pytest.mark.parametrize("column", ["contact_id", "account_id", "product_id", "owner_id", "team_id", "stage_id"])
def test_a_lead_names_nothing_that_is_not_there(cast: Cast, column: str) -> None:
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=AT)
    with pytest.raises(IntegrityError, match=column), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(**{column: "nowhere" if column == "stage_id" else NOWHERE})


def test_neither_does_a_row_of_its_history(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=AT)
    with pytest.raises(IntegrityError, match="contact_id"), transaction.atomic():
        TimelineEntry.objects.bulk_create([TimelineEntry(at=AT, kind=Kind.NOTE, lead=lead, contact_id=pk) for pk in (None, NOWHERE)])
    with pytest.raises(IntegrityError, match="given_by_id"), transaction.atomic():
        Ownership.objects.filter(lead=lead).update(given_by_id=NOWHERE)


def test_one_row_of_many_that_names_nothing_is_found_among_those_of_its_own_transaction(cast: Cast) -> None:
    """What one transaction wrote is looked up in one go by its first and last id: a gap in between is seen."""
    with transaction.atomic():
        made = Contact.objects.bulk_create([Contact(family_name=f"Roe {no}", created_at=AT, updated_at=AT) for no in range(30)])
        gone = made.pop(12).pk
        Contact.objects.filter(pk=gone).delete()
        ContactEmail.objects.bulk_create([ContactEmail(contact=one, address=f"r{one.pk}@a.example", key=f"r{one.pk}@a.example") for one in made])
        with pytest.raises(IntegrityError, match="contact_id"), transaction.atomic():
            TimelineEntry.objects.bulk_create([TimelineEntry(at=AT, kind=Kind.NOTE, contact_id=pk) for pk in (*(one.pk for one in made), gone)])
        TimelineEntry.objects.bulk_create([TimelineEntry(at=AT, kind=Kind.NOTE, contact=one) for one in made])


def test_what_is_named_stays_and_keeps_its_id(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=AT)
    for change in (
        f"DELETE FROM crm_lead WHERE id = {lead.pk}",
        f"UPDATE crm_lead SET id = {NOWHERE}",
        f"DELETE FROM core_team WHERE id = {cast.marketing.pk}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{change}; SET CONSTRAINTS ALL IMMEDIATE")


def test_django_still_removes_what_belongs_to_a_record(cast: Cast) -> None:
    contact = Contact.objects.create(family_name="Roe", created_at=AT, updated_at=AT)
    ContactEmail.objects.create(contact=contact, address="a@b.example", key="a@b.example")
    contact.delete()
    assert not ContactEmail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_contact_that_goes_while_somebody_names_it_is_not_named() -> None:
    """Whoever comes second waits for the first, and then sees what he did."""
    assemble()
    contact = Contact.objects.create(family_name="Roe", created_at=AT, updated_at=AT)
    outcomes: list[str] = []

    def name_it() -> None:
        try:
            ContactEmail.objects.create(contact_id=contact.pk, address="a@b.example", key="a@b.example")
            outcomes.append("named")
        except IntegrityError:
            outcomes.append("refused")
        finally:
            connection.close()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM crm_contact WHERE id = %s", [contact.pk])
        other = threading.Thread(target=name_it)
        other.start()
        other.join(timeout=1)
        assert other.is_alive()
        assert not outcomes
    other.join(timeout=10)
    assert outcomes == ["refused"]
    assert not ContactEmail.objects.exists()
