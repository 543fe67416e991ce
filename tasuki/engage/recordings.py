"""Recordings of calls: kept when the other side knew, heard by few and never unseen, and gone when their time is over."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By, Door
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import attachments
from tasuki.crm.subjects import Subject
from tasuki.engage import sound
from tasuki.engage.calls import Call
from tasuki.engage.recording_rows import (
    LONGEST_KEPT_DAYS,
    LONGEST_SITUATION,
    LONGEST_WHY,
    Hearing,
    Notice,
    Recording,
    RecordingRules,
    Removal,
)  # fmt: skip

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User
    from tasuki.crm.attachments import Attachment
    from tasuki.crm.files import File

# A player asks for a recording piece by piece: so long one person's pieces are one hearing.
ONE_HEARING = timedelta(minutes=30)
_BATCH = 200


class RecordingRefused(Refused):
    code = "recording_refused"


class NoticeMissing(Refused):
    code = "notice_missing"

    def __init__(self) -> None:
        super().__init__(_("A recording is kept only when the other side knew of it. Say how they knew, or do not keep it."))


class AlreadyRecorded(Refused):
    code = "already_recorded"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This call has its recording, or had one that was removed."))


class NotAudio(Refused):
    code = "not_audio"

    def __init__(self) -> None:
        super().__init__(_("This is no recording that can be played. WAV, MP3, Ogg, M4A, WebM and FLAC can."))


def rules() -> RecordingRules:
    return RecordingRules.objects.filter(pk=1).first() or RecordingRules()


def of(call: Call) -> Recording | None:
    """The recording of a call, or what is known of one that is gone."""
    return Recording.objects.filter(call=call).select_related("file", "removed_by").first()


def heard_by(user: User) -> QuerySet[Recording]:
    """What a person may hear: by their role, or because it is lent to them for a while."""
    return Recording.objects.heard_by(user)


def calls_for(user: User) -> QuerySet[Call]:
    """The calls whose page a person may open: those of leads they see, their own, and those they may hear."""
    seen = Call.objects.visible_to(user).values("pk")
    return Call.objects.filter(Q(pk__in=seen) | Q(recording__in=Recording.objects.heard_by(user)))


@transaction.atomic
def keep_for(days: int, *, by: By, at: datetime) -> None:
    """Say how many days a recording is kept. What is older by then goes the next night. Raises RecordingRefused."""
    if not 1 <= days <= LONGEST_KEPT_DAYS:
        raise RecordingRefused(_("A recording is kept from 1 to %(n)s days.") % {"n": LONGEST_KEPT_DAYS})
    RecordingRules.objects.bulk_create([RecordingRules()], ignore_conflicts=True)
    row = RecordingRules.objects.select_for_update().get(pk=1)
    if changes := audit.difference(row, {"keep_days": days}):
        RecordingRules.objects.filter(pk=1).update(keep_days=days)
        audit.record(row, action="change", by=by, at=at, changes=changes)


def may_keep(call: Call, *, user: User, at: datetime) -> bool:
    """Whether the person can bring a recording of the call: whoever called, once, while it would still be kept."""
    is_answered = call.answered_at is not None and call.ended_at is not None
    return is_answered and call.caller_id == user.pk and not _is_over(call, at=at) and not Recording.objects.filter(call=call).exists()


@transaction.atomic
def keep(call: Call, *, attachment: Attachment, notice: str, by: By, at: datetime, adapter: str = "") -> Recording:
    """Keep what was said. Whoever called brings it, or the telephone system (without an actor).

    Raises NoticeMissing, NotAudio, AlreadyRecorded, RecordingRefused, AttachmentRefused, Forbidden.
    """
    if by.actor and call.caller_id != by.actor.pk:
        raise Forbidden(_("Only whoever called keeps the recording of a call."))
    call = held(call)
    if call.answered_at is None or call.ended_at is None:
        raise RecordingRefused(_("There is nothing to hear: nobody answered, or the call still goes on."))
    if notice not in Notice.values:
        raise NoticeMissing
    if Recording.objects.filter(call=call).exists():
        raise AlreadyRecorded
    if _is_over(call, at=at):
        raise RecordingRefused(_("This call is older than recordings are kept."))
    with ExitStack() as otherwise:
        file = attachments.keep_apart(attachment, on=Subject(call.lead, call.contact, call.account), kind_of=_audio_type, by=by, at=at)
        # A recording that is refused after all leaves no bytes behind.
        otherwise.callback(default_storage.delete, file.stored_as)
        recording = Recording.objects.create(
            call=call, file=file, media_type=file.content_type, n_seconds=_n_seconds(file), notice=notice, adapter=adapter, added_by=by.actor, added_at=at
        )
        audit.record(recording, action="keep", by=by, at=at, changes={"notice": ("", notice), "n_bytes": (None, file.n_bytes)})
        otherwise.pop_all()
    return recording


@transaction.atomic
def hear(recording: Recording, *, by: By, at: datetime) -> None:
    """Somebody plays it, and the trail says so; what one person plays of one recording within `ONE_HEARING` is one hearing."""
    if by.actor is None:
        return
    held(recording)
    if Hearing.objects.filter(recording=recording, heard_by=by.actor, heard_at__gt=at - ONE_HEARING).exists():
        return
    Hearing.objects.create(recording=recording, heard_by=by.actor, heard_at=at)
    audit.record(recording, action="hear", by=by, at=at)


def may_remove(recording: Recording, user: User) -> bool:
    """Whoever called, and whoever reviews calls and hears this one: the other side may ask either."""
    if recording.file_id is None:
        return False
    is_mine = recording.call.caller_id == user.pk
    return is_mine or (abilities.can(user, Ability.REVIEW_CALLS) and Recording.objects.visible_to(user).filter(pk=recording.pk).exists())


@transaction.atomic
def remove(recording: Recording, *, by: By, at: datetime) -> None:
    """Let the bytes go because somebody asked for it; comments and reviews stay. Doing it twice changes nothing. Raises Forbidden."""
    recording = held(recording)
    if recording.file_id is None:
        return
    if by.actor and not may_remove(recording, by.actor):
        raise Forbidden(_("Whoever called, or whoever reviews their calls, removes a recording."))
    _destroy(recording, because=Removal.ASKED, by=by, at=at)


@transaction.atomic
def show_as_model(recording: Recording, *, situation: str, why: str, by: By, at: datetime) -> None:
    """Let everybody who works leads hear it, as the model for a situation; an empty situation takes it back. Raises Forbidden, RecordingRefused."""
    recording = held(recording)
    if by.actor and not (abilities.can(by.actor, Ability.REVIEW_CALLS) and by.actor.pk != recording.call.caller_id):
        raise Forbidden(_("Whoever reviews the calls of a colleague says which of them is a model."))
    said = {"model_for": " ".join(situation.split()), "model_why": why.strip()}
    if said["model_for"] and (recording.file_id is None or not said["model_why"]):
        raise RecordingRefused(_("Say what there is to listen for. A recording that is gone is no model."))
    if len(said["model_for"]) > LONGEST_SITUATION or len(said["model_why"]) > LONGEST_WHY:
        raise RecordingRefused(_("Say it in fewer words."))
    if changes := audit.difference(recording, said):
        Recording.objects.filter(pk=recording.pk).update(**said, model_at=at if said["model_for"] else None)
        audit.record(recording, action="show", by=by, at=at, changes=changes)


def forget_old(*, at: datetime) -> int:
    """Let the recordings go that were kept long enough, model calls too; → how many. Safe to be killed anywhere, and for two at once."""
    n, by = 0, By(None, Door.JOB)
    while True:
        with transaction.atomic():
            kept = Recording.objects.kept().filter(call__started_at__lt=at - timedelta(days=rules().keep_days))
            old = list(kept.select_related("file").select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("pk")[:_BATCH])
            for recording in old:
                _destroy(recording, because=Removal.OVER, by=by, at=at)
        if not old:
            return n
        n += len(old)


def _destroy(recording: Recording, *, because: Removal, by: By, at: datetime) -> None:
    file = recording.file
    Recording.objects.filter(pk=recording.pk).update(
        file=None, removed_at=at, removed_by=by.actor, removed_because=because, model_for="", model_why="", model_at=None
    )
    audit.record(recording, action="forget", by=by, at=at, changes={"removed_because": ("", because.value)})
    if file:
        attachments.destroy(file)


def _is_over(call: Call, *, at: datetime) -> bool:
    return call.started_at < at - timedelta(days=rules().keep_days)


def _audio_type(head: bytes) -> str:
    """Raises NotAudio."""
    if found := sound.media_type(head):
        return found
    raise NotAudio


def _n_seconds(file: File) -> int | None:
    """The length that the file itself says, for those that say it in a few bytes."""
    if file.content_type != "audio/wav":
        return None
    with default_storage.open(file.stored_as) as stored:
        return sound.wav_seconds(stored)
