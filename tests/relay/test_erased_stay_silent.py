"""Nothing is written about somebody who was erased: each verb says so, and their page offers none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile

from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import writing
from tasuki.crm import attachments, following, leads, notes, records, tasks
from tasuki.crm.barred import ErasedPerson
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.wake_rules import WakeRule
from tasuki.engage import booking_links, calls, meetings, touches
from tasuki.engage.meetings import Plan
from tasuki.inside_sales import qualification, recycling
from tests.cast import MONDAY, Cast
from tests.engage.calling import type_of
from tests.engage.mailing import written
from tests.relay.test_erasing import AT, erased
from tests.relay.whole_life import Life, lived

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=1)


@pytest.fixture
def life(cast: Cast) -> Life:
    found = lived(cast)
    erased(cast, found)
    found.contact.refresh_from_db()
    found.lead.refresh_from_db()
    return found


def refuses(verb: Callable[[], object]) -> bool:
    try:
        verb()
    except ErasedPerson:
        return True
    return False


def of_person(cast: Cast, contact: Contact, by: By) -> dict[str, Callable[[], object]]:
    said: dict[str, Any] = {"by": by, "at": LATER}
    return {
        "note": lambda: notes.write("They called.", contact=contact, **said),
        "task": lambda: tasks.add(Task(subject="Call", owner=cast.ivo, contact=contact), **said),
        "file": lambda: attachments.attach(ContentFile(b"x"), name="x.txt", n_bytes=1, contact=contact, **said),
        "consent": lambda: records.record_consent(contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how="form", **said),
        "change": lambda: records.change_contact(contact, said={"title": "head"}, **said),
        "field": lambda: writing.write(contact, said={}, **said),
        "follow": lambda: following.follow(contact, **said),
    }


def of_lead(cast: Cast, lead: Lead, by: By) -> dict[str, Callable[[], object]]:
    said: dict[str, Any] = {"by": by, "at": LATER}
    return {
        "note": lambda: notes.write("They called.", lead=lead, **said),
        "task": lambda: tasks.add(Task(subject="Call", owner=cast.ivo, lead=lead), **said),
        "file": lambda: attachments.attach(ContentFile(b"x"), name="x.txt", n_bytes=1, lead=lead, **said),
        "change": lambda: leads.change(lead, said={"segment": "banks"}, **said),
        "field": lambda: writing.write(lead, said={}, **said),
        "follow": lambda: following.follow(lead, **said),
        "hand": lambda: leads.raise_hand(lead, words="They wrote", **said),
    }


def of_customer(cast: Cast, lead: Lead, by: By) -> dict[str, Callable[[], object]]:
    """What is done to a pass that is in process still: that of somebody who became a customer."""
    said: dict[str, Any] = {"by": by, "at": LATER}
    return {
        "call": lambda: calls.begin(lead, call_type=type_of(), **said),
        "meeting": lambda: meetings.book(lead, plan=Plan(cast.saori, LATER + timedelta(days=1)), **said),
        "mail": lambda: written(cast, lead, at=LATER),
        "touch": lambda: touches.touch(lead, channel=Channel.PHONE, **said),
        "link": lambda: booking_links.make(lead, held_by=cast.saori, **said),
        "fact": lambda: qualification.learn(lead, fact="budget", words="ten", **said),
    }


def test_no_verb_writes_about_them_and_each_says_why(cast: Cast, life: Life) -> None:
    by = By(cast.ivo, Door.WEB)
    rows = TimelineEntry.objects.count(), Task.objects.count(), File.objects.count()
    for about, verbs in (("person", of_person(cast, life.contact, by)), ("lead", of_lead(cast, life.lead, by))):
        assert [name for name, verb in verbs.items() if not refuses(verb)] == [], about
    assert (TimelineEntry.objects.count(), Task.objects.count(), File.objects.count()) == rows


def test_of_whoever_is_a_customer_nothing_goes_on_either(cast: Cast, life: Life) -> None:
    Lead.objects.filter(pk=life.lead.pk).update(stage="connected", ended_at=None, ended_as="")
    lead = Lead.objects.get(pk=life.lead.pk)
    assert [name for name, verb in of_customer(cast, lead, By(cast.ivo, Door.WEB)).items() if not refuses(verb)] == []


def test_a_lost_pass_of_theirs_is_not_won_back(cast: Cast, life: Life) -> None:
    Lead.objects.filter(pk=life.lead.pk).update(ended_as="lost")
    with pytest.raises(ErasedPerson):
        recycling.set_rule(Lead.objects.get(pk=life.lead.pk), rule=WakeRule(on=(LATER + timedelta(days=9)).date()), by=By(cast.ivo, Door.WEB), at=LATER)


def test_a_refusal_is_always_taken(cast: Cast, life: Life) -> None:
    consent = records.record_consent(life.contact, channel=Channel.MAIL, state=ConsentState.WITHDRAWN, how="letter", by=By(cast.ivo, Door.WEB), at=LATER)
    assert consent.pk


def test_a_note_of_before_is_not_rewritten(cast: Cast, life: Life) -> None:
    note = TimelineEntry.objects.filter(kind="note", lead=life.lead, actor=cast.ivo).first()
    assert note
    with pytest.raises(ErasedPerson):
        notes.change(note, text="New words.", by=By(cast.ivo, Door.WEB), at=MONDAY)
