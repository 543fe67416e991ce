"""Notes: somebody's words about an account, a contact or a lead. They live on the timeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Gone, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import attachments, barred, following, mentions, notifications, subjects
from tasuki.crm.attachments import Attachment
from tasuki.crm.following import About, Because
from tasuki.crm.mentions import Reading
from tasuki.crm.notifications import Happening
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.audit import AuditEntry
    from tasuki.core.people import User
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

LONGEST = 20_000
MOST_PINNED = 5


class NoteRefused(Refused):
    code = "note_refused"


class NotYourNote(Forbidden):
    code = "not_your_note"

    def __init__(self) -> None:
        super().__init__(_("Only whoever wrote a note changes it or takes it away."))


class MentionUnsettled(Refused):
    """A name may mean several people, or somebody is named who cannot see the record: the writer decides before the note is kept."""

    code = "mention_unsettled"

    def __init__(self, *, unclear: dict[str, list[User]], unseen: list[User], record: Any) -> None:
        sentences = [str(_("Several people are called “%(name)s”.") % {"name": label}) for label in unclear]
        if unseen:
            names = ", ".join(person.display_name for person in unseen)
            sentences.append(str(_("%(names)s cannot see %(record)s.") % {"names": names, "record": record}))
        super().__init__(" ".join(sentences))
        self.unclear, self.unseen = unclear, unseen


@transaction.atomic
def write(
    text: str,
    *,
    by: By,
    at: datetime,
    lead: Lead | None = None,
    contact: Contact | None = None,
    account: Account | None = None,
    meant: Collection[int] = (),
    is_settled: bool = False,
    files: Sequence[Attachment] = (),
) -> TimelineEntry:
    """Keep a note and tell whom it names and who follows. A note on a lead stands with its contact and account too.

    `meant` are ids of people of whom several have one name. Raises NoteRefused; MentionUnsettled unless `is_settled`: then names that
    are unclear, or of people who cannot see the record, are words like others, and nobody is told. Raises AttachmentRefused for a file, Gone for its record.
    """
    text = _checked(text)
    on = subjects.held(lead=lead, contact=contact, account=account)
    record: Any = on.lead or on.contact or on.account
    reading = _settled(text, record, meant=meant, is_settled=is_settled)
    entry = TimelineEntry.objects.create(at=at, kind=Kind.NOTE, lead=on.lead, contact=on.contact, account=on.account, actor=by.actor, text=text)
    told = mentions.keep(entry, found=reading.found)
    cause = audit.record(entry, action="note", by=by, at=at)
    attachments.attach_all(files, note=entry, by=by, at=at)
    _tell(entry, told, noun=record.noun, cause=cause, by=by, at=at)
    return entry


@transaction.atomic
def change(note: TimelineEntry, *, text: str, by: By, at: datetime, meant: Collection[int] = (), is_settled: bool = False) -> TimelineEntry:
    """Write one's own note anew; the words before stay in the audit trail. Tells only people who were not named before.

    Raises NotYourNote, NoteRefused, MentionUnsettled, ErasedPerson.
    """
    note, text = _own(note, by=by), _checked(text)
    if text == note.text:
        return note
    record = subject(note)
    barred.refuse_erased(record)
    reading = _settled(text, record, meant=meant, is_settled=is_settled)
    cause = audit.record(note, action="change", by=by, at=at, changes={"text": (note.text, text)})
    TimelineEntry.objects.filter(pk=note.pk).update(text=text, edited_at=at)
    told = mentions.keep(note, found=reading.found)
    ids = [person.pk for person in told]
    notifications.tell(ids, happening=Happening.MENTION, noun=record.noun, cause=cause, by=by, at=at, about=about(note), entry=note)
    following.begin(about(note), people=ids, because=Because.MENTIONED, at=at)
    note.refresh_from_db()
    return note


@transaction.atomic
def remove(note: TimelineEntry, *, by: By, at: datetime) -> None:
    """Take one's own note away, with what people were told of it; its words stay in the audit trail. Raises NotYourNote."""
    note = _own(note, by=by)
    audit.record(note, action="remove", by=by, at=at, changes={"text": (note.text, None)})
    note.delete()


@transaction.atomic
def pin(note: TimelineEntry, *, by: By, at: datetime) -> None:
    """Keep a note at the top of its record. Raises NoteRefused when enough of them are there."""
    note = _locked(note)
    column, pk = about(note).own
    if TimelineEntry.objects.filter(pinned_at__isnull=False, **{column: pk}).exclude(pk=note.pk).count() >= MOST_PINNED:
        raise NoteRefused(_("%(n)s notes are pinned here already. Take one down first.") % {"n": MOST_PINNED})
    if note.pinned_at is None:
        TimelineEntry.objects.filter(pk=note.pk).update(pinned_at=at)
        audit.record(note, action="pin", by=by, at=at, changes={"pinned_at": (None, at)})


@transaction.atomic
def unpin(note: TimelineEntry, *, by: By, at: datetime) -> None:
    """Let a note stand where its day is. Doing it twice changes nothing."""
    note = _locked(note)
    if note.pinned_at is not None:
        TimelineEntry.objects.filter(pk=note.pk).update(pinned_at=None)
        audit.record(note, action="unpin", by=by, at=at, changes={"pinned_at": (note.pinned_at, None)})


def about(note: TimelineEntry) -> About:
    return About(note.account_id, note.contact_id, note.lead_id)


def subject(note: TimelineEntry) -> Any:
    """The record that the note was written on."""
    return note.lead or note.contact or note.account


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NoteRefused(_("The note is empty."))
    if len(text) > LONGEST:
        raise NoteRefused(_("The note is longer than %(n)s characters.") % {"n": LONGEST})
    return text


def _settled(text: str, record: Any, *, meant: Collection[int], is_settled: bool) -> Reading:
    reading = mentions.read(text, meant=meant)
    if len(reading.people) > mentions.MOST:
        raise NoteRefused(_("A note mentions at most %(n)s people.") % {"n": mentions.MOST})
    unseen = mentions.who_cannot_see(reading.people, record)
    if (reading.unclear or unseen) and not is_settled:
        raise MentionUnsettled(unclear=reading.unclear, unseen=unseen, record=record)
    reading.found = {label: person for label, person in reading.found.items() if person not in unseen}
    return reading


def _tell(note: TimelineEntry, named: Sequence[User], *, noun: str, cause: AuditEntry, by: By, at: datetime) -> None:
    """Whom it names, then who follows; from now on the writer and the named follow too."""
    ids = [person.pk for person in named]
    notifications.tell(ids, happening=Happening.MENTION, noun=noun, cause=cause, by=by, at=at, about=about(note), entry=note)
    notifications.tell_followers(about(note), happening=Happening.NOTE, noun=noun, cause=cause, by=by, at=at, entry=note, but=ids)
    following.begin(about(note), people=ids, because=Because.MENTIONED, at=at)
    if by.actor:
        following.begin(about(note), people=[by.actor.pk], because=Because.WROTE, at=at)


def _locked(note: TimelineEntry) -> TimelineEntry:
    note = held(note)
    if note.kind != Kind.NOTE:
        raise Gone
    return note


def _own(note: TimelineEntry, *, by: By) -> TimelineEntry:
    note = _locked(note)
    if by.actor is None or note.actor_id != by.actor.pk:
        raise NotYourNote
    return note
