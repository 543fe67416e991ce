"""The erasure itself, in the caller's transaction: what runs is ended, what names the person goes, what is counted stays.

The addresses and numbers stay blocked by a keyed hash, so that no import and no form brings the person back to be reached. Merges and bulk changes
forget what their undo would need of the person, and the undo of an import meets the audit entry of the erasure and refuses.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core import audit
from tasuki.core.audit import AuditEntry, By
from tasuki.core.bulk.runs import BulkRow
from tasuki.core.imports.runs import ImportRow
from tasuki.core.organisation import the_organisation
from tasuki.core.search.entries import SearchEntry, SearchTogether
from tasuki.crm import leads, ledger, tasks
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.crm.merges.rows import Merge, MergeNoun, MergeStep
from tasuki.crm.tasks import Task
from tasuki.engage import blocks, mail, meetings
from tasuki.engage.bad_addresses import BadAddress
from tasuki.engage.meeting_letters import MeetingLetter
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.message_rows import Message, MessageState
from tasuki.engage.own_calendars.rows import CalendarEntry
from tasuki.engage.recording_rows import Recording, Removal
from tasuki.engage.sequences import leaving
from tasuki.engage.sequences.enrolments import Why
from tasuki.inside_sales import recycling
from tasuki.inside_sales.holdings import Holding, HoldingState
from tasuki.relay import handoffs
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.personal_data import import_files, reach, rewriting, scrubbing
from tasuki.relay.personal_data.erasure_rows import Erasure, ErasureState
from tasuki.relay.personal_data.reach import Reach
from tasuki.relay.personal_data.scrubbing import Marks

# What the database is told, so that it lets history be rewritten: see the migrations.
CORRECTION = "erasure"
_AT_ONCE = 5_000


def erase(erasure: Erasure, *, by: By, at: datetime) -> None:
    """Erase the person of a confirmed erasure. Raises what the verbs raise that end what runs."""
    contact = Contact.objects.select_for_update(no_key=True).get(pk=erasure.contact_id)
    marks = scrubbing.of(contact)
    with translation.override(the_organisation().language):
        _end_what_runs(contact, by=by, at=at)
    _block(marks, by=by, at=at)
    found = reach.of(contact)
    ours = rewriting.codes()
    with ledger.correcting(CORRECTION):
        counts, stored = _files(found, erasure)
        counts += _recordings(found, by=by, at=at)
        counts += _letters(found, marks)
        counts += _trails(found, ours=ours)
        counts += _undo_data(found, marks, ours=ours)
        counts += rewriting.rewrite(found, ours=ours)
        counts += scrubbing.scrub_keys(marks)
        counts += scrubbing.scrub_name(marks, reach=found, account=contact.account)
    counts["core.ImportFile"], more = import_files.forget(marks)
    for noun, ids in found.named():
        for model in (SearchEntry, SearchTogether):
            model._default_manager.filter(noun=noun, record_id__in=list(ids)).delete()
    found.openings().delete()
    _certify(erasure, found, counts=+counts, stored=[*stored, *more], by=by, at=at)


def _end_what_runs(contact: Contact, *, by: By, at: datetime) -> None:
    """Each by its own verb, so that whoever listens hears of it, with the reason."""
    reason = _("The person is erased.")
    for message in Message.objects.ours().filter(contact=contact, state=MessageState.WAITING).select_for_update(of=("self",)):
        mail.settle(message, state=MessageState.WITHDRAWN, why="erased", words=reason, by=by, at=at)
    leaving.stop_all(why=Why.ERASED, by=by, at=at, contact=contact)
    for handoff in Handoff.objects.open().filter(lead__contact=contact).select_related("lead", "to_team"):
        handoffs.withdraw(handoff, words=reason, by=by, at=at)
    for meeting in Meeting.objects.ahead().filter(Q(contact=contact) | Q(contact=None, lead__contact=contact)):
        meetings.cancel(meeting, reason=reason, by=by, at=at)
    for lead in Lead.objects.in_process().filter(contact=contact, won_at__isnull=True):
        leads.disqualify(lead, reason=reason, by=by, at=at)
    for holding in Holding.objects.waiting().filter(lead__contact=contact):
        recycling.settle(holding, HoldingState.ARCHIVED, words=reason, at=at)
    for task in Task.objects.to_do().filter(Q(contact=contact) | Q(contact=None, lead__contact=contact)):
        tasks.remove(task, by=by, at=at)


def _block(marks: Marks, *, by: By, at: datetime) -> None:
    for number in marks.numbers:
        blocks.block_erased(number, kind=blocks.BlockKind.PHONE, by=by, at=at)
    for address in marks.addresses:
        blocks.block_erased(address, kind=blocks.BlockKind.MAIL, by=by, at=at)


def _files(found: Reach, erasure: Erasure) -> tuple[Counter[str], list[str]]:
    """The rows of their files go; what the law wants kept stays with the company, without a way to the person."""
    files = list(found.of(File).select_for_update())
    gone = [file for file in files if file.pk not in erasure.kept_ids]
    File.objects.filter(pk__in=[file.pk for file in files if file.pk in erasure.kept_ids]).update(
        contact=None, lead=None, note=None, account=erasure.contact.account_id
    )
    Recording.objects.filter(file__in=gone).update(file=None)
    File.objects.filter(pk__in=[file.pk for file in gone]).delete()
    return Counter({"crm.File": len(gone)}), [file.stored_as for file in gone]


def _recordings(found: Reach, *, by: By, at: datetime) -> Counter[str]:
    rows = found.of(Recording)
    rows.filter(removed_at__isnull=True).update(file=None, removed_at=at, removed_by=by.actor, removed_because=Removal.ASKED)
    return Counter({"engage.Recording": rows.update(model_for="", model_why="", model_at=None)})


def _letters(found: Reach, marks: Marks) -> Counter[str]:
    """Letters about meetings that were written to the person; a copy in a colleague's own calendar is taken out by its next turn."""
    CalendarEntry.objects.filter(pk__in=found.ids(CalendarEntry)).update(is_to_go=True)
    theirs = Q(pk__in=[])
    for address in marks.addresses:
        theirs |= Q(to__iexact=address)
    n = found.of(MeetingLetter).filter(theirs).delete()[0]
    BadAddress.objects.filter(key__in=marks.addresses).delete()
    return Counter({"engage.MeetingLetter": n})


def _trails(found: Reach, *, ours: frozenset[str]) -> Counter[str]:
    """What the audit log says of their records, and of tasks and notes of theirs that were removed before."""
    removed = Q(changes__lead__0__in=_ids(found, "lead")) | Q(changes__contact__0__in=_ids(found, "contact"))
    about = found.condition()
    for noun, pk in AuditEntry.objects.filter(removed, action="remove").values_list("noun", "record_id"):
        about |= Q(noun=noun, record_id=pk)
    n = 0
    ids = list(AuditEntry.objects.filter(about).values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        n += rewriting.prune("core_auditentry", "changes", where="id = ANY(%s)", parameters=[ids[start : start + _AT_ONCE]], ours=ours)
    return Counter({"core.AuditEntry": n})


def _undo_data(found: Reach, marks: Marks, *, ours: frozenset[str]) -> Counter[str]:
    """What merges, bulk changes and imports keep so that they can be taken back: of the person they cannot any more. Of rows of files that name
    them and did not come in, nothing is kept either."""
    counts: Counter[str] = Counter()
    ids = [*found.import_rows().values_list("pk", flat=True), *scrubbing.rows_of_files(marks)]
    for column in ("trace", "messages"):
        counts["core.ImportRow"] += rewriting.prune("core_importrow", column, where="id = ANY(%s)", parameters=[ids], ours=ours)
    counts["core.ImportRow"] += ImportRow.objects.filter(pk__in=ids, values__isnull=False).update(values=None)
    changed = Q(pk__in=[])
    for noun, pks in found.named():
        changed |= Q(run__of=noun, record_id__in=list(pks))
    ids = list(BulkRow.objects.filter(changed).values_list("pk", flat=True))
    counts["core.BulkRow"] += rewriting.prune("core_bulkrow", "before", where="id = ANY(%s)", parameters=[ids], ours=ours)
    counts["crm.MergeStep"] += _merges(found, ours=ours)
    for noun in (MergeNoun.CONTACT, MergeNoun.LEAD):
        ids = _ids(found, noun)
        counts["crm.DuplicateGroup"] += DuplicateGroup.objects.filter(of=noun, record_ids__overlap=ids).delete()[0]
    return counts


def _merges(found: Reach, *, ours: frozenset[str]) -> int:
    """Merges of the person, or of their passes, are final; those of their company forget what they know of the person."""
    own = Q(pk__in=[])
    for noun in (MergeNoun.CONTACT, MergeNoun.LEAD):
        ids = _ids(found, noun)
        own |= Q(of=noun) & (Q(survivor_id__in=ids) | Q(other_ids__overlap=ids))
    mine = list(Merge.objects.filter(own).values_list("pk", flat=True))
    n = MergeStep.objects.filter(merge__in=mine).delete()[0]
    rewriting.prune("crm_merge", "names", where="id = ANY(%s)", parameters=[mine], ours=ours)
    Merge.objects.filter(pk__in=mine).update(is_final=True)
    for model, theirs in found.rows.items():
        steps = MergeStep.objects.filter(table_name=model._meta.db_table, row_ids__overlap=list(theirs)).exclude(was=None)
        touching = list(steps.values_list("pk", flat=True))
        for column in ("was", "became"):
            n += rewriting.prune("crm_mergestep", column, where="id = ANY(%s)", parameters=[touching], ours=ours)
    return n


def _ids(found: Reach, noun: str) -> list[int]:
    return sorted({pk for name, pks in found.named() if name == noun for pk in pks})


def _certify(erasure: Erasure, found: Reach, *, counts: Counter[str], stored: list[str], by: By, at: datetime) -> None:
    """The row that says what was done, and an entry for each record: an undo of what came before meets it."""
    Contact.objects.filter(pk=erasure.contact_id).update(erased_at=at, updated_at=at)
    for record in (*found.of(Contact), *found.of(Lead)):
        audit.record(record, action="erase", by=by, at=at, changes={"erasure": (None, erasure.pk)})
    Erasure.objects.filter(pk=erasure.pk).update(
        state=ErasureState.DONE, done_at=at, words="", counts=dict(sorted(counts.items())), stored=[one for one in stored if default_storage.exists(one)]
    )
