"""One person with one of everything that Tasuki keeps about people, each text with a mark that stands nowhere else."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile

from tasuki.core import recents
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.imports import running, sets
from tasuki.core.search import indexing
from tasuki.crm import attachments, following, leads, merging, notes, records, stages, tasks
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.tasks import Task
from tasuki.engage import booking_links, calls, consent_texts, consents, incoming, meetings, received, recordings
from tasuki.engage.calls import Call, Outcome
from tasuki.engage.consents import Word
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import acting
from tasuki.inside_sales import qualification
from tasuki.inside_sales.coaching import comments
from tasuki.inside_sales.qualification import Fact
from tasuki.relay import handoff_talks, handoffs
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Package
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage import mailing
from tests.engage.calling import type_of
from tests.engage.sequences.writing import CALL, SOCIAL, TEN, enrolled, sequence_of, tick, to_do
from tests.inside_sales.coaching.hearing import reviewed, tone, upload
from tests.remembering import written
from tests.web import calendar_of_town

MARK = "zq7x"
FAMILY, GIVEN = "Quillfeather", "Zephyrine"
ADDRESS, PHONE = "zephyrine.quillfeather@marked.example", "+8225557731"
OLD_ADDRESS = "zephyrine.old@marked.example"
# What tells that somebody of them is left, in whatever case and spelling.
MARKS = (MARK, FAMILY.lower(), GIVEN.lower(), "marked.example", PHONE.removeprefix("+82"))


@dataclass
class Life:
    contact: Contact
    lead: Lead
    handoff: Handoff
    meeting: Meeting
    call: Call
    message: Message
    file: File
    colleague: Contact


def lived(cast: Cast) -> Life:
    ContactRule.objects.get_queryset().update(phone="no_refusal", calls_from=0, calls_until=24 * 60, quiet_from=0, quiet_until=0)
    # What waits to be searched is taken in with the rest of a life: rows that were there before would go, and such a life would not be kept.
    indexing.absorb_all()
    return written(_lived, cast)


def _lived(cast: Cast) -> Life:
    ivo = By(cast.ivo, Door.WEB)
    contact, colleague = _person(cast, ivo)
    arrival = Arrival(
        team=cast.inside_sales, owner=cast.ivo, contact=contact, account=contact.account,
        source="webinar", source_detail=f"{MARK} badge", segment="securities", reference=f"{MARK}-lead",
    )  # fmt: skip
    lead = leads.capture(arrival, by=ivo, at=MONDAY, stage=stages.CONNECTED)
    _custom(lead, contact)
    for fact in Fact:
        qualification.learn(lead, fact=fact, words=f"{MARK} {fact.value}", by=ivo, at=MONDAY)
    note = notes.write(f"{MARK} note about {GIVEN}", lead=lead, by=ivo, at=MONDAY)
    notes.write(f"Met {GIVEN} {FAMILY} ({ADDRESS})", account=contact.account, by=ivo, at=MONDAY)
    file = attachments.attach(ContentFile(f"{MARK} file".encode()), name=f"{MARK}.txt", n_bytes=9, lead=lead, note=note, by=ivo, at=MONDAY)
    attachments.attach(ContentFile(f"{MARK} paper".encode()), name=f"{MARK}-paper.txt", n_bytes=10, contact=contact, by=ivo, at=MONDAY)
    tasks.add(Task(subject=f"{MARK} task", details=f"{MARK} details", owner=cast.ivo, lead=lead, due_on=MONDAY.date()), by=ivo, at=MONDAY)
    following.follow(lead, by=By(cast.ruth, Door.WEB), at=MONDAY)
    recents.opened(cast.ruth, noun="contact", record_id=contact.pk, at=MONDAY)
    call = _called(cast, lead, ivo)
    message = _written(cast, lead, colleague)
    _in_a_sequence(cast, lead)
    meeting = _met(cast, lead, ivo)
    booking_links.make(lead, held_by=cast.ivo, by=ivo, at=MONDAY)
    handoff = _handed_off(cast, lead, ivo)
    _imported(cast)
    indexing.absorb_all()
    return Life(contact, lead, handoff, meeting, call, message, file, colleague)


def _person(cast: Cast, by: By) -> tuple[Contact, Contact]:
    """Merged from two, and changed; with a colleague at the same company."""
    account = records.add_account(records.Company("Gaon Securities", country="KR"), owner=cast.ivo, team=cast.inside_sales, by=by, at=MONDAY)
    named = records.Person(FAMILY, GIVEN, account=account, email=ADDRESS, phone=PHONE, title=f"{MARK} title", department=f"{MARK} department", country="KR")
    contact = records.add_contact(named, by=by, at=MONDAY)
    other = records.add_contact(records.Person(FAMILY, f"{GIVEN} B.", account=account, email=OLD_ADDRESS), another="one more", by=by, at=MONDAY)
    contact = records.change_contact(contact, said={"title": f"{MARK} head of risk"}, by=by, at=MONDAY)
    text = consent_texts.write(name="trade fair", texts=dict.fromkeys(consent_texts.TEXTS, "May we write to you?"), by=SET_UP, at=MONDAY)
    word = Word(Channel.MAIL, ConsentState.GIVEN, f"{MARK} card", text=text, evidence=f"{MARK} fair")
    consents.record(contact, word=word, by=by, at=MONDAY)
    records.record_consent(other, channel=Channel.PHONE, state=ConsentState.GIVEN, how=f"{MARK} spoken", by=by, at=MONDAY)
    merging.merge(contact, others=[other], by=By(cast.ada, Door.WEB), at=MONDAY + timedelta(minutes=1))
    colleague = records.add_contact(records.Person("Han", "Seoyun", account=account, email="han@elsewhere.example"), by=by, at=MONDAY)
    return Contact.objects.for_page().get(pk=contact.pk), colleague


def _custom(lead: Lead, contact: Contact) -> None:
    for noun, record in ((FieldNoun.LEAD, lead), (FieldNoun.CONTACT, contact)):
        field = defining.define(noun, kind=FieldKind.TEXT, wording=Wording("Badge"), by=SET_UP, at=MONDAY)
        writing.write(record, said={field.pk: f"{MARK} badge"}, by=SET_UP, at=MONDAY)


def _called(cast: Cast, lead: Lead, by: By) -> Call:
    call = calls.begin(lead, call_type=type_of(), number=PHONE, by=by, at=MONDAY)
    calls.answer(call, at=MONDAY)
    call = calls.end(call, at=MONDAY + timedelta(minutes=5))
    calls.dispose(call, outcome=Outcome(Disposition.CALL_BACK, note=f"{MARK} said so", again_at=MONDAY + timedelta(days=1)), by=by, at=MONDAY)
    sound = upload(tone(0.2) + MARK.encode(), name=f"{MARK}.wav")
    recording = recordings.keep(call, attachment=sound, notice="told", by=by, at=MONDAY + timedelta(minutes=9))
    comments.say(recording, second=0, text=f"{MARK} asks back", by=By(cast.ruth, Door.WEB), at=MONDAY + timedelta(minutes=20))
    reviewed(recording, user=cast.ruth, at=MONDAY + timedelta(minutes=30))
    return call


def _written(cast: Cast, lead: Lead, colleague: Contact) -> Message:
    """A letter with an enclosure and the answer to it, one that waits, and one to a colleague that names the person."""
    at, box = mailing.MORNING, mailing.connected(cast.ivo)
    said = {"subject": f"{MARK} subject", "text": f"{MARK} text", "files": [upload(f"{MARK} enclosed".encode(), name=f"{MARK}.pdf")]}
    message = mailing.written(cast, lead, mailbox=box, at=at, **said)
    raw = f"From: {GIVEN} <{ADDRESS}>\nMessage-ID: <{MARK}@marked.example>\nIn-Reply-To: <{message.message_id}>\nSubject: {MARK} re\n\n{MARK} yes.\n"
    received.take_in(incoming.read(raw.encode()), mailbox=box, at=at + timedelta(minutes=5))
    mailing.written(cast, lead, mailbox=box, at=at, to_contact=colleague, subject=f"With {GIVEN} {FAMILY}", text=f"As {ADDRESS} says, call {PHONE}.")
    return message


def _met(cast: Cast, lead: Lead, by: By) -> Meeting:
    starts_at = MONDAY.replace(hour=1) + timedelta(days=30)
    plan = Plan(cast.ivo, starts_at, agenda=f"{MARK} agenda", attendees=f"{GIVEN} <{ADDRESS}>", place=f"{MARK} street")
    meeting = meetings.book(lead, plan=plan, by=by, at=MONDAY)
    calendar_of_town.differing(cast, meeting, at=MONDAY)
    return meeting


def _in_a_sequence(cast: Cast, lead: Lead) -> None:
    """With a step that was done; booking a meeting ends it."""
    enrolment = enrolled(cast, lead, sequence_of(SOCIAL, CALL, name="After the fair"), at=MONDAY)
    tick(TEN + timedelta(days=1))
    acting.finish(to_do(enrolment), result=f"{MARK} asked", by=By(cast.ivo, Door.WEB), at=TEN + timedelta(days=1))


def _handed_off(cast: Cast, lead: Lead, by: By) -> Handoff:
    words = Package(meeting_at=MONDAY + timedelta(days=31), summary=f"{MARK} summary", agenda=f"{MARK} agenda", attendees=f"{GIVEN} {FAMILY}")
    handoff = handoffs.offer(lead, package=words, to=cast.saori, by=by, at=MONDAY + timedelta(hours=2))
    handoff_talks.write(handoff, text=f"{MARK} sent", by=by, at=MONDAY + timedelta(hours=2))
    return handoff


def _imported(cast: Cast) -> None:
    """A file that names them again, in a row that does not come in as it is."""
    lines = f"Name,Mail,Phone,Note\n{GIVEN} {FAMILY},{ADDRESS},{PHONE},{MARK} row\nSomebody Else,not an address,+8225550000,x\n"
    made = sets.bring([(io.BytesIO(lines.encode()), "people.csv")], by=By(cast.ada, Door.WEB), at=MONDAY)
    file = made.files.get()
    running.run(running.note(file.stored_as, name="people.csv", mapping=file.as_mapping, by=By(cast.ada, Door.WEB), at=MONDAY), at=MONDAY)
