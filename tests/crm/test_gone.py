"""What a person looked at is merged into another before their word arrives: they are told so, and nothing breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow
from tasuki.core.bulk.verbs import Said, verbs
from tasuki.core.custom_fields import writing
from tasuki.core.errors import Gone
from tasuki.crm import accounts, attachments, following, leads, merging, notes, records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.records import Company, Person
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, Cast

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=1)
UNASKED = "not asked"
Records = dict[str, Any]
Write = Callable[[Cast, Records, By], object]


def ada(cast: Cast) -> By:
    return By(cast.ada, Door.WEB)


def company(cast: Cast) -> Account:
    return records.add_account(Company("Hanbit"), owner=cast.ivo, team=cast.inside_sales, by=ada(cast), at=MONDAY, another=UNASKED)


def person(account: Account | None, cast: Cast) -> Contact:
    return records.add_contact(Person("Kim", "Minjun", account=account), by=ada(cast), at=MONDAY, another=UNASKED)


WRITES: dict[str, Write] = {
    "a note": lambda _cast, gone, by: notes.write("Call her.", by=by, at=LATER, **gone),
    "a file": lambda _cast, gone, by: attachments.attach_all([attachments.Attachment(ContentFile(b"x"), "a.txt", 1)], by=by, at=LATER, **gone),
    "a task": lambda cast, gone, by: tasks.add(Task(subject="Call her", owner=cast.ivo, **gone), by=by, at=LATER),
    "a follower": lambda _cast, gone, by: following.follow(*gone.values(), by=by, at=LATER),
    "somebody who does not follow": lambda _cast, gone, by: following.unfollow(*gone.values(), by=by, at=LATER),
    "a lead": lambda cast, gone, by: leads.capture(Arrival(team=cast.inside_sales, **gone), by=by, at=LATER),
    "a custom field": lambda _cast, gone, by: writing.write(*gone.values(), said={}, by=by, at=LATER),
}
OF_A_COMPANY: dict[str, Write] = {
    "a person": lambda _cast, gone, by: records.add_contact(Person("Lee", "Jun", account=gone["account"]), by=by, at=LATER),
    "an owner": lambda cast, gone, by: accounts.give(gone["account"], to=cast.saori, team=cast.field_sales, by=by, at=LATER),
    "a name": lambda _cast, gone, by: records.change_account(gone["account"], said={"name": "Hanbit"}, by=by, at=LATER),
    "what is known of it": lambda _cast, gone, by: records.supplement_account(gone["account"], company=Company("Hanbit"), by=by, at=LATER),
}
OF_A_PERSON: dict[str, Write] = {
    "a title": lambda _cast, gone, by: records.change_contact(gone["contact"], said={"title": "CTO"}, by=by, at=LATER),
    "what is known of her": lambda _cast, gone, by: records.supplement_contact(gone["contact"], person=Person("Kim"), by=by, at=LATER),
    "a consent": lambda _cast, gone, by: records.record_consent(
        gone["contact"], channel=Channel.MAIL, state=ConsentState.GIVEN, how="said so", by=by, at=LATER
    ),
}


@pytest.mark.parametrize("what", [*WRITES, *OF_A_COMPANY])
def test_nothing_is_written_of_a_company_that_is_gone(cast: Cast, what: str) -> None:
    stays, goes = company(cast), company(cast)
    merging.merge(stays, others=[Account.objects.get(pk=goes.pk)], by=ada(cast), at=LATER)
    with pytest.raises(Gone), transaction.atomic():
        (WRITES | OF_A_COMPANY)[what](cast, {"account": goes}, ada(cast))


@pytest.mark.parametrize("what", [*WRITES, *OF_A_PERSON])
def test_nothing_is_written_of_a_person_who_is_gone(cast: Cast, what: str) -> None:
    stays, goes = person(None, cast), person(None, cast)
    merging.merge(stays, others=[Contact.objects.get(pk=goes.pk)], by=ada(cast), at=LATER)
    with pytest.raises(Gone), transaction.atomic():
        (WRITES | OF_A_PERSON)[what](cast, {"contact": goes}, ada(cast))


def test_the_next_task_of_a_lead_is_not_about_a_person_who_is_gone(cast: Cast) -> None:
    stays, goes = person(None, cast), person(None, cast)
    lead = leads.capture(Arrival(team=cast.inside_sales, contact=goes), by=ada(cast), at=MONDAY)
    merging.merge(stays, others=[Contact.objects.get(pk=goes.pk)], by=ada(cast), at=LATER)
    with pytest.raises(Gone):
        tasks.add(Task(subject="Call her", owner=cast.ivo, lead=lead, contact=goes), by=ada(cast), at=LATER)


def test_of_many_the_one_that_is_merged_meanwhile_is_refused_and_stops_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, *chosen = [company(cast) for _nth in range(4)]
    give = verbs()["account", "give"]

    def give_while_others_merge(record: Account, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
        if record == chosen[0]:
            merging.merge(Account.objects.get(pk=stays.pk), others=[Account.objects.get(pk=chosen[1].pk)], by=ada(cast), at=at)
        return give.do(record, said, by=by, at=at)

    monkeypatch.setitem(verbs(), ("account", "give"), replace(give, do=give_while_others_merge))
    said = {"owner": cast.saori.pk, "team": cast.field_sales.pk, "reason": ""}
    started = running.start(give, [one.pk for one in chosen], said=said, person=cast.ruth, at=LATER)
    running.run(started, door=Door.WEB, at=LATER)
    rows = BulkRow.objects.filter(run=started).order_by("pk").values_list("state", "reason")
    assert list(rows) == [("done", ""), ("refused", "This record is not there any more."), ("done", "")]


def meanwhile(does: Callable[[], object], *, wait_for: Callable[[], object]) -> list[object]:
    """What comes of `does` when it has to wait for `wait_for`."""
    came: list[object] = []

    def doing() -> None:
        try:
            came.append(does())
        except Gone as refusal:
            came.append(refusal.code)
        finally:
            connection.close()

    with transaction.atomic():
        wait_for()
        other = threading.Thread(target=doing)
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(20)
    return came


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_merge_hears_that_the_record_is_gone(cast: Cast) -> None:
    stays, goes = company(cast), company(cast)
    stale = Account.objects.get(pk=goes.pk)
    came = meanwhile(
        lambda: notes.write("Call them.", account=stale, by=ada(cast), at=LATER),
        wait_for=lambda: merging.merge(stays, others=[goes], by=ada(cast), at=LATER),
    )
    assert came == ["gone"]


@pytest.mark.django_db(transaction=True)
def test_a_note_on_a_lead_goes_along_when_its_person_is_merged_meanwhile(cast: Cast) -> None:
    stays, goes = person(None, cast), person(None, cast)
    lead = leads.capture(Arrival(team=cast.inside_sales, contact=goes), by=ada(cast), at=MONDAY)
    stale = Lead.objects.select_related("contact").get(pk=lead.pk)
    [note] = meanwhile(
        lambda: notes.write("Call her.", lead=stale, by=ada(cast), at=LATER),
        wait_for=lambda: merging.merge(stays, others=[goes], by=ada(cast), at=LATER),
    )
    assert isinstance(note, TimelineEntry)
    assert note.contact_id == stays.pk


@pytest.mark.django_db(transaction=True)
def test_the_trail_of_a_lead_that_two_give_at_once_knows_each_owner(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=ada(cast), at=MONDAY)
    meanwhile(
        lambda: leads.give(lead, to=cast.saori, team=cast.field_sales, by=ada(cast), at=LATER),
        wait_for=lambda: leads.give(lead, to=cast.chika, team=cast.success, by=ada(cast), at=LATER),
    )
    given = AuditEntry.objects.of(lead).filter(action="give").order_by("pk").last()
    assert given is not None
    assert given.changes["owner"] == [cast.chika.pk, cast.saori.pk]
