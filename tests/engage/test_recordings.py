"""Recordings: what is kept and what is refused, who hears, what stands in the trail, and when the bytes go."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.core.virus_scanner import Verdict
from tasuki.crm import attachments, scanning
from tasuki.crm.attachments import AttachmentRefused
from tasuki.crm.files import File
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import recordings, sound
from tasuki.engage.recording_rows import Hearing, Recording
from tasuki.engage.recordings import AlreadyRecorded, NotAudio, NoticeMissing, RecordingRefused
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.core.test_virus_scanner import EICAR
from tests.engage.calling import call_of, callable_lead
from tests.inside_sales.coaching.hearing import AFTER, by, coach_of, recorded, talked, tone, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage_of_its_own(settings: Settings, tmp_path: Any) -> Any:
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": place}
    return tmp_path


def n_stored(folder: Any) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def zipped() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("call.wav", tone(0.1))
    return written.getvalue()


def test_a_recording_is_kept_apart_from_the_files_of_its_lead_and_told_to_nobody(cast: Cast) -> None:
    recording = recorded(cast, seconds=2)
    assert (recording.media_type, recording.n_seconds, recording.notice) == ("audio/wav", 2, "told")
    assert recording.file
    assert recording.file.lead_id == recording.call.lead_id
    assert not File.objects.visible_to(cast.ada).filter(pk=recording.file_id).exists(), "a page of files never leads to it"
    assert not TimelineEntry.objects.filter(kind="file").exists()
    assert AuditEntry.objects.of(recording).get(action="keep").changes["notice"] == ["", "told"]


@pytest.mark.parametrize(
    ("content", "name", "refusal"),
    [
        (zipped(), "call.wav", NotAudio),
        (b"%PDF-1.7 and so on", "call.mp3", NotAudio),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "call.wav", NotAudio),
        (b"<html><script>alert(1)</script>", "call.ogg", NotAudio),
        (b"MZ" + b"\0" * 40, "call.wav", AttachmentRefused),
        (b"\x7fELF" + b"\0" * 40, "call.flac", AttachmentRefused),
        (b"", "call.wav", AttachmentRefused),
        (b"\xff\xd8\xff\xe0", "call.mp3", NotAudio),
        (b"R", "call.wav", NotAudio),
    ],
)
def test_what_is_no_audio_is_refused_whatever_it_is_called_and_leaves_no_byte(
    cast: Cast, storage_of_its_own: Any, *, content: bytes, name: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        recordings.keep(talked(cast), attachment=upload(content, name=name), notice="told", by=by(cast.ivo), at=AFTER)
    assert (n_stored(storage_of_its_own), Recording.objects.count(), File.objects.count()) == (0, 0, 0)


def test_a_file_larger_than_files_may_be_is_refused_even_when_it_lied_about_its_size(cast: Cast, settings: Settings, storage_of_its_own: Any) -> None:
    settings.FILES_LARGEST = 4_000
    sent = upload(tone(1))
    for attachment in (sent, attachments.Attachment(sent.upload, sent.name, 10)):
        with pytest.raises(AttachmentRefused):
            recordings.keep(talked(cast), attachment=attachment, notice="told", by=by(cast.ivo), at=AFTER)
        Recording.objects.all().delete()
    assert n_stored(storage_of_its_own) == 0


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"OggS\x00\x02" + b"\0" * 10, "audio/ogg"),
        (b"ID3\x04" + b"\0" * 12, "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + b"\0" * 12, "audio/mpeg"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"\x1aE\xdf\xa3" + b"\0" * 12, "audio/webm"),
        (b"fLaC" + b"\0" * 12, "audio/flac"),
    ],
)
def test_what_it_is_comes_from_its_first_bytes(cast: Cast, *, head: bytes, kind: str) -> None:
    call = talked(cast)
    recording = recordings.keep(call, attachment=upload(head + b"\0" * 40, name="call.exe.wav"), notice="agreed", by=by(cast.ivo), at=AFTER)
    assert (recording.media_type, recording.n_seconds) == (kind, None), "a header that says no length has none"


@given(st.binary(max_size=80))
def test_any_bytes_behind_the_head_of_a_wav_have_a_length_or_none_and_never_break(tail: bytes) -> None:
    found = sound.wav_seconds(io.BytesIO(b"RIFF\x24\x00\x00\x00WAVE" + tail))
    assert found is None or 0 <= found <= 24 * 3600


@given(st.binary(min_size=4, max_size=4), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1))
def test_a_wav_may_lie_about_its_rate_and_its_length(kind: bytes, rate: int, block: int) -> None:
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, rate, rate, block, 8, b"data", 2**31)
    found = sound.wav_seconds(io.BytesIO(head + kind))
    assert found is None or 0 <= found <= 24 * 3600


@given(st.binary(max_size=16))
def test_any_first_bytes_are_one_of_the_kinds_that_are_played_or_none(head: bytes) -> None:
    assert sound.media_type(head) in {"", "audio/wav", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/flac", "audio/webm"}


@pytest.mark.parametrize("notice", ["", "guessed", "none"])
def test_nobody_is_recorded_unknowingly(cast: Cast, notice: str) -> None:
    with pytest.raises(NoticeMissing):
        recordings.keep(talked(cast), attachment=upload(tone(0.1)), notice=notice, by=by(cast.ivo), at=AFTER)
    assert not Recording.objects.exists()


def test_only_whoever_called_brings_it_and_only_once_even_after_it_was_removed(cast: Cast) -> None:
    call = talked(cast)
    with pytest.raises(Forbidden):
        recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ruth), at=AFTER)
    recording = recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=AFTER)
    assert not recordings.may_keep(call, user=cast.ivo, at=AFTER)
    with pytest.raises(AlreadyRecorded):
        recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=AFTER)
    recordings.remove(recording, by=by(cast.ivo), at=AFTER)
    with pytest.raises(AlreadyRecorded):
        recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=AFTER)


def test_a_call_that_goes_on_or_that_nobody_answered_has_nothing_to_hear(cast: Cast) -> None:
    call = call_of(cast, callable_lead(cast))
    with pytest.raises(RecordingRefused, match="nobody answered"):
        recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=AFTER)


def test_who_hears_is_who_called_who_leads_them_and_who_coaches_their_team(cast: Cast) -> None:
    recording, noor = recorded(cast), coach_of(cast)
    colleague = hired("jin", "진", "수", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    head = hired("head", "Park", "Head", role=Role.MANAGER, team=cast.field_sales)
    hearing = {user.email.partition("@")[0] for user in (cast.ada, cast.ruth, cast.ivo, noor, colleague, head, cast.mina, cast.saori, cast.chika, cast.tomas)
               if user.email and Recording.objects.visible_to(user).filter(pk=recording.pk).exists()}  # fmt: skip
    assert hearing == {"ada", "ruth", "ivo", "noor"}
    recordings.show_as_model(recording, situation="first question", why="She waits.", by=by(noor), at=AFTER)
    assert Recording.objects.visible_to(colleague).exists(), "a model call is for everybody who works leads"
    assert not Recording.objects.visible_to(cast.chika).exists()
    recordings.show_as_model(recording, situation="", why="", by=by(noor), at=AFTER)
    assert not Recording.objects.visible_to(colleague).exists()
    with pytest.raises(Forbidden):
        recordings.show_as_model(recording, situation="my best", why="Me.", by=by(cast.ivo), at=AFTER)


def test_each_hearing_stands_in_the_trail_and_the_pieces_of_one_are_one(cast: Cast) -> None:
    recording = recorded(cast)
    for minutes in (0, 1, 29, 31):
        recordings.hear(recording, by=by(cast.ruth), at=AFTER + timedelta(minutes=minutes))
    recordings.hear(recording, by=by(cast.ivo), at=AFTER)
    trail = AuditEntry.objects.of(recording).filter(action="hear")
    assert list(trail.order_by("pk").values_list("actor", flat=True)) == [cast.ruth.pk, cast.ruth.pk, cast.ivo.pk]
    assert Hearing.objects.of_colleagues().count() == 2, "who hears themselves listens to nobody"


def test_what_is_over_goes_with_its_bytes_and_what_is_not_stays(cast: Cast, storage_of_its_own: Any) -> None:
    recordings.keep_for(30, by=SET_UP, at=MONDAY)
    old, young = recorded(cast, 1), recorded(cast, 2, at=MONDAY + timedelta(days=5))
    recordings.show_as_model(old, situation="opening", why="Short.", by=by(cast.ruth), at=AFTER)
    assert recordings.forget_old(at=MONDAY + timedelta(days=30)) == 0
    assert recordings.forget_old(at=MONDAY + timedelta(days=30, seconds=1)) == 1
    assert recordings.forget_old(at=MONDAY + timedelta(days=30, seconds=1)) == 0
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.file, old.removed_because, old.model_for) == (None, "over", "")
    assert young.file is not None
    assert n_stored(storage_of_its_own) == 1
    assert AuditEntry.objects.of(old).filter(action="forget", door="job").count() == 1
    with pytest.raises(RecordingRefused, match="older"):
        recordings.keep(talked(cast, 3), attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=MONDAY + timedelta(days=31))


def test_a_job_that_is_killed_after_the_bytes_are_gone_finishes_the_next_time(cast: Cast) -> None:
    recording = recorded(cast)
    assert recording.file
    default_storage.delete(recording.file.stored_as)
    assert recordings.forget_old(at=MONDAY + timedelta(days=200)) == 1
    assert not Recording.objects.kept().exists()


def test_whoever_called_or_reviews_removes_it_when_somebody_asks_and_nobody_else(cast: Cast) -> None:
    recording = recorded(cast)
    for stranger in (cast.saori, cast.mina):
        with pytest.raises(Forbidden):
            recordings.remove(recording, by=by(stranger), at=AFTER)
    recordings.remove(recording, by=by(cast.ruth), at=AFTER)
    recordings.remove(recording, by=by(cast.ruth), at=AFTER)
    recording.refresh_from_db()
    assert (recording.file, recording.removed_by, recording.removed_because) == (None, cast.ruth, "asked")


@pytest.mark.parametrize("days", [0, -1, 3_651])
def test_recordings_are_not_kept_for_ever(days: int) -> None:
    with pytest.raises(RecordingRefused):
        recordings.keep_for(days, by=SET_UP, at=MONDAY)


def test_a_recording_stays_shut_until_the_scanner_has_spoken_and_an_infected_one_for_good(cast: Cast, settings: Settings) -> None:
    class Says:
        def scan(self, pieces: Any) -> Verdict:
            return Verdict(is_clean=EICAR not in b"".join(pieces), finding="Eicar")

    settings.SCANNER = Says()
    clean = recorded(cast, 1)
    infected = recordings.keep(talked(cast, 2), attachment=upload(tone(0.1) + EICAR), notice="told", by=by(cast.ivo), at=AFTER)
    assert not clean.is_open
    assert scanning.scan_what_waits(at=AFTER) == 2
    found = {one.pk: one.is_open for one in Recording.objects.select_related("file")}
    assert found == {clean.pk: True, infected.pk: False}
