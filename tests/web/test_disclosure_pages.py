"""The page on which somebody is answered who asks what is held about them, and the file."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm.files import File
from tasuki.relay.personal_data import disclosures
from tests.cast import Cast
from tests.relay.whole_life import ADDRESS, FAMILY, MARK, Life, lived
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def link_of(cast: Cast, life: Life) -> str:
    answer = signed_in(cast.ada).post(reverse("contact_rights", args=[life.contact.pk]), {"reason": "Her letter; called back"})
    found = re.search(r'href="(/disclosures/[^"]+)"', answer.content.decode())
    assert found
    return found[1]


def archive_of(cast: Cast, life: Life) -> ZipFile:
    answer = signed_in(cast.ada).get(link_of(cast, life))
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer["Content-Security-Policy"]
    pieces = list(answer)
    assert len(pieces) > 5, "it is sent as it is made"
    return ZipFile(io.BytesIO(b"".join(pieces)))


def test_the_page_says_how_much_there_is_and_asks_why(cast: Cast) -> None:
    life, client = lived(cast), signed_in(cast.ada)
    address = reverse("contact_rights", args=[life.contact.pk])
    page = client.get(address).content.decode()
    assert "Consents" in page
    assert "Calls" in page
    refused = client.post(address, {"reason": ""})
    assert refused.status_code == 422
    assert "/disclosures/" not in refused.content.decode()


def test_the_file_holds_everything_for_people_and_for_programs(cast: Cast) -> None:
    life = lived(cast)
    archive = archive_of(cast, life)
    assert archive.testzip() is None
    data = json.loads(archive.read("data.json"))
    assert data["person"] == life.contact.display_name
    assert {"crm.contact", "crm.consent", "engage.message", "engage.call", "relay.handoff", "trail", "openings"} <= data["records"].keys()
    page = archive.read("index.html").decode()
    for word in (ADDRESS, FAMILY, f"{MARK} note about", f"{MARK} said so", f"{MARK} yes.", f"{MARK} summary", f"{MARK} asks back", f"{MARK} badge"):
        assert word in page, word


def test_their_files_and_recordings_go_along_as_they_are(cast: Cast) -> None:
    life = lived(cast)
    archive = archive_of(cast, life)
    named = {name.partition("-")[2]: archive.read(name) for name in archive.namelist() if name.startswith("files/")}
    assert named[f"{MARK}.txt"] == f"{MARK} file".encode()
    assert named[f"{MARK}.pdf"] == f"{MARK} enclosed".encode()
    assert named[f"{MARK}.wav"].endswith(MARK.encode())


def test_nothing_in_the_file_can_act(cast: Cast) -> None:
    life = lived(cast)
    File.objects.filter(pk=life.file.pk).update(name="letter.html")
    archive = archive_of(cast, life)
    page = archive.read("index.html").decode()
    assert "script-src 'none'" in page
    assert not re.search(r"<script|<iframe|<form|\son\w+=|http-equiv=.refresh", page)
    assert any(name.endswith("letter.html.bin") for name in archive.namelist())


def test_a_file_whose_bytes_are_gone_is_named_and_holds_nothing_up(cast: Cast) -> None:
    life = lived(cast)
    default_storage.delete(life.file.stored_as)
    archive = archive_of(cast, life)
    assert f"{MARK}.txt: its bytes are not there" in archive.read("index.html").decode()


def test_a_link_that_is_over_says_so(cast: Cast) -> None:
    life = lived(cast)
    token = disclosures.make(life.contact, reason="asked", by=By(cast.ada, Door.WEB), at=now() - timedelta(hours=25))
    answer = signed_in(cast.ada).get(reverse("disclosure", args=[token]))
    assert answer.status_code == 410
    assert "This link is over" in answer.content.decode()


def test_whoever_may_not_gets_neither_page_nor_file(cast: Cast) -> None:
    life = lived(cast)
    link = link_of(cast, life)
    for person in (cast.ivo, cast.ruth, cast.tomas):
        client = signed_in(person)
        assert client.get(reverse("contact_rights", args=[life.contact.pk])).status_code == 403
        assert client.get(link).status_code == 403
        assert reverse("contact_rights", args=[life.contact.pk]) not in client.get(reverse("contact", args=[life.contact.pk])).content.decode()
    assert not AuditEntry.objects.of(life.contact).filter(action="fetch_disclosure").exists()


def test_the_way_there_is_on_the_page_of_the_person_and_of_the_lead(cast: Cast) -> None:
    life, client = lived(cast), signed_in(cast.ada)
    for address in (reverse("contact", args=[life.contact.pk]), reverse("lead", args=[life.lead.pk])):
        assert reverse("contact_rights", args=[life.contact.pk]) in client.get(address).content.decode()
