"""Attached files: what is refused, what they are called, the quota, the scanner that must speak first, and removal with a way back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.virus_scanner import ScannerAway, Verdict, scanner
from tasuki.crm import attachments, file_names, leads, notes, scanning
from tasuki.crm.attachments import Attachment, AttachmentRefused, CannotBringBack
from tasuki.crm.files import File, Scan
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Notification
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, Cast
from tests.core.test_virus_scanner import EICAR, clamd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage_of_its_own")]


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def lead_of(cast: Cast) -> Lead:
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=by(cast), at=MONDAY)


def attach(cast: Cast, content: bytes = b"quote", name: str = "quote.pdf", **more: Any) -> File:
    more.setdefault("lead", None if "note" in more else lead_of(cast))
    return attachments.attach(ContentFile(content), name=name, n_bytes=len(content), by=by(cast), at=MONDAY, **more)


def stored() -> list[str]:
    return default_storage.listdir("attachments")[1] if default_storage.exists("attachments") else []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\견적서.pdf", "견적서.pdf"),
        ("invoice\u202efdp.exe.txt", "invoicefdp.exe.txt"),
        ("a\u200b\ufeff b\t\nc.pdf", "a bc.pdf"),
        ("quote.pdf. . .", "quote.pdf"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("", "file"),
        ("...", "file"),
        ("\ud800.pdf", ".pdf"),
        ("가" * 200 + ".xlsx", "가" * 83 + ".xlsx"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_only_what_can_be_seen(name: str, kept: str) -> None:
    assert file_names.normalised(name) == kept


@given(st.text(max_size=400))
def test_no_name_is_too_long_or_a_path(name: str) -> None:
    label = file_names.normalised(name)
    assert 0 < len(label.encode()) <= 255
    assert not set(label) & set('/\\\0<>:"|?*\u202e\n')
    assert file_names.normalised(label) == label


@pytest.mark.parametrize("name", ["run.exe", "RUN.JS", "run.exe.", "run.exe . ", "photo.png\u202e.exe", "..\\x.lnk", "x.ps1"])
def test_what_runs_by_its_name_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(AttachmentRefused):
        attach(cast, name=name)
    assert stored() == []


@pytest.mark.parametrize("content", [b"MZ\x90\0", b"\x7fELF\2\1", b"\xcf\xfa\xed\xfe..", b"\xca\xfe\xba\xbe\0"])
def test_what_runs_by_its_bytes_is_refused_whatever_it_is_called(cast: Cast, content: bytes) -> None:
    with pytest.raises(AttachmentRefused, match="can be run"):
        attach(cast, content, name="photo.png")
    assert stored() == [], "nothing of it stays in the storage"
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "a.png", "image/png"),
        (b"<html><script>alert(1)</script>", "a.png", "application/octet-stream"),
        (b"GIF89a/*<script>*/=1", "a.gif", "image/gif"),
        (b"RIFF....WEBPVP8 ", "a.webp", "image/webp"),
        (b"%PDF-1.7", "a.txt", "application/pdf"),
    ],
)
def test_the_kind_is_read_from_the_bytes_and_not_from_the_name(cast: Cast, *, content: bytes, name: str, kind: str) -> None:
    assert attach(cast, content, name=name).content_type == kind


def test_a_bomb_in_a_zip_is_bytes_like_others(cast: Cast) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    file = attach(cast, packed.getvalue(), name="report.docx")
    assert (file.n_bytes, file.content_type) == (len(packed.getvalue()), "application/zip"), "nobody opens it"


def test_of_several_files_all_are_kept_or_none_and_no_byte_of_them(cast: Cast) -> None:
    lead = lead_of(cast)
    with pytest.raises(AttachmentRefused):
        attachments.attach_all([Attachment(ContentFile(b"quote"), "a.pdf", 5), Attachment(ContentFile(b"MZ.."), "b.pdf", 4)], lead=lead, by=by(cast), at=MONDAY)
    assert stored() == []
    assert not File.objects.exists()


class Endless:
    """A sender who says ten bytes and sends more."""

    taken = 0

    def chunks(self) -> Iterator[bytes]:
        while self.taken < 1_000:
            self.taken += 1
            yield b"x" * 1_000


def test_more_than_was_said_is_stopped_on_the_way(cast: Cast, settings: Settings) -> None:
    settings.FILES_LARGEST = 50_000
    sender = Endless()
    with pytest.raises(AttachmentRefused, match="at most"):
        attachments.attach(sender, name="a.txt", n_bytes=10, by=by(cast), at=MONDAY, lead=lead_of(cast))
    assert sender.taken <= 51
    assert stored() == []


def test_nothing_is_kept_beyond_the_quota(cast: Cast, settings: Settings) -> None:
    settings.FILES_QUOTA = 100
    attach(cast, b"x" * 60)
    with pytest.raises(AttachmentRefused, match="full"):
        attach(cast, b"x" * 41)
    attach(cast, b"x" * 40)


def test_the_files_of_a_note_stand_with_it_or_none_is_kept(cast: Cast) -> None:
    lead = lead_of(cast)
    good, bad = Attachment(ContentFile(b"one"), "one.txt", 3), Attachment(ContentFile(b"MZ"), "two.txt", 2)
    with pytest.raises(AttachmentRefused):
        notes.write("two files", by=by(cast), at=MONDAY, lead=lead, files=[good, bad])
    assert stored() == []
    assert not TimelineEntry.objects.filter(kind__in=["note", "file"]).exists()
    note = notes.write("one file", by=by(cast), at=MONDAY, lead=lead, files=[good])
    (file,) = note.files.all()
    assert (file.name, file.lead, file.note) == ("one.txt", lead, note)
    assert not TimelineEntry.objects.filter(kind="file").exists(), "it is told with the note"
    notes.remove(note, by=by(cast), at=MONDAY)
    file.refresh_from_db()
    assert file.note is None, "the file stays with the lead"


def test_a_file_stays_shut_until_the_scanner_has_spoken(cast: Cast, settings: Settings) -> None:
    before = attach(cast, b"before there was a scanner")
    assert before.is_open
    with clamd() as (_peer, setting):
        settings.SCANNER = scanner(setting)
        clean, infected = attach(cast, b"clean"), attach(cast, b"mail: " + EICAR, name="invoice.txt")
        assert [file.scan for file in (clean, infected)] == ["waiting", "waiting"]
        assert not any(file.is_open for file in (before, clean, infected))
        assert scanning.scan_what_waits(at=MONDAY) == 3
        assert scanning.scan_what_waits(at=MONDAY) == 0
    for file in (before, clean, infected):
        file.refresh_from_db()
    assert [file.scan for file in (before, clean, infected)] == [Scan.CLEAN, Scan.CLEAN, Scan.REFUSED]
    assert (clean.is_open, infected.is_open, infected.finding) == (True, False, "Eicar-Test-Signature")
    assert AuditEntry.objects.of(infected).get(action="refuse").changes["finding"] == ["", "Eicar-Test-Signature"]
    assert Notification.objects.get(person=cast.ivo).happening == "refused"


@pytest.mark.django_db(transaction=True)
def test_the_bytes_of_a_refused_file_are_destroyed(settings: Settings) -> None:
    from tests.cast import assemble

    cast = assemble()
    with clamd() as (_peer, setting):
        settings.SCANNER = scanner(setting)
        attach(cast, EICAR, name="invoice.txt")
        assert len(stored()) == 1
        scanning.scan_what_waits(at=MONDAY)
    assert stored() == []


class Away:
    """A scanner that cannot take some files."""

    def __init__(self, *, is_away: bool) -> None:
        self.is_away, self.asked = is_away, 0

    def scan(self, pieces: Any) -> Verdict:
        self.asked += 1
        if self.is_away or b"huge" in b"".join(pieces):
            raise ScannerAway("down")
        return Verdict(is_clean=True)


def test_a_scanner_that_is_down_opens_nothing_and_is_asked_again(cast: Cast, settings: Settings) -> None:
    settings.SCANNER = down = Away(is_away=True)
    for nth in range(5):
        attach(cast, f"file {nth}".encode())
    assert scanning.scan_what_waits(at=MONDAY) == 0
    assert down.asked == 3, "it is not asked about every file while it is down"
    assert not any(file.is_open for file in File.objects.all())
    down.is_away = False
    assert scanning.scan_what_waits(at=MONDAY + timedelta(minutes=1)) == 5


def test_a_file_that_the_scanner_cannot_take_holds_up_no_other(cast: Cast, settings: Settings) -> None:
    settings.SCANNER = Away(is_away=False)
    for content in (b"huge 1", b"huge 2", b"huge 3", b"small"):
        attach(cast, content)
    scanning.scan_what_waits(at=MONDAY)
    scanning.scan_what_waits(at=MONDAY + timedelta(minutes=1))
    assert list(File.objects.order_by("pk").values_list("scan", flat=True)) == ["waiting"] * 3 + ["clean"]


def test_a_file_whose_bytes_are_gone_holds_up_no_other(cast: Cast, settings: Settings) -> None:
    settings.SCANNER = Away(is_away=False)
    for file in [attach(cast, f"file {nth}".encode()) for nth in range(5)][:4]:
        default_storage.delete(file.stored_as)
    assert scanning.scan_what_waits(at=MONDAY) == 1
    assert list(File.objects.order_by("pk").values_list("scan", flat=True)) == ["waiting"] * 4 + ["clean"]


class Slow:
    """A scanner during whose work something happens."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens = happens

    def scan(self, pieces: Any) -> Verdict:
        assert b"".join(pieces)
        self.happens()
        return Verdict(is_clean=True)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_held_while_the_scanner_works(settings: Settings) -> None:
    from tests.cast import assemble

    cast, within = assemble(), []
    settings.SCANNER = Slow(lambda: within.append(connection.in_atomic_block))
    attach(cast)
    assert scanning.scan_what_waits(at=MONDAY) == 1
    assert within == [False]


def test_what_another_worker_has_settled_meanwhile_stays_so(cast: Cast, settings: Settings) -> None:
    file = attach(cast)
    settings.SCANNER = Slow(lambda: File.objects.update(scan=Scan.REFUSED, finding="Worm"))
    File.objects.update(scan=Scan.WAITING)
    assert scanning.scan_what_waits(at=MONDAY) == 0
    file.refresh_from_db()
    assert (file.scan, file.finding) == (Scan.REFUSED, "Worm")


def test_a_removed_file_comes_back_for_thirty_days(cast: Cast) -> None:
    file = attach(cast)
    for _twice in range(2):
        attachments.remove(file, by=by(cast), at=MONDAY)
    assert AuditEntry.objects.of(file).filter(action="remove").count() == 1
    assert not File.objects.kept().exists()
    attachments.bring_back(file, by=by(cast), at=MONDAY + timedelta(days=30))
    assert File.objects.kept().get() == file
    with pytest.raises(CannotBringBack):
        attachments.bring_back(file, by=by(cast), at=MONDAY)
    attachments.remove(file, by=by(cast), at=MONDAY)
    assert attachments.forget_removed(at=MONDAY + timedelta(days=30)) == 0
    with pytest.raises(CannotBringBack):
        attachments.bring_back(file, by=by(cast), at=MONDAY + timedelta(days=31))
    assert attachments.forget_removed(at=MONDAY + timedelta(days=31)) == 1
    assert stored() == []
    assert not File.objects.exists()
