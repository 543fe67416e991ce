"""The page of a file of leads asks whether they are new, keeps the answer, and says it again wherever the run is told of."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse

from tasuki.core.imports import sets
from tasuki.crm.leads import Lead
from tasuki.relay.clocks import Clock
from tests.cast import MONDAY, Cast
from tests.web.office import signed_in
from tests.web.test_import_pages import ACCOUNTS, answered, brought, form_of

pytestmark = pytest.mark.django_db

LEADS = "Lead ID,Created,Stage,Name,Email,Owner\nL1,2026-02-02,ready,Mina Kim,mina@gaon.example,ivo@example.com\n"
NEW, WORKED = "These leads are new: promises to them begin now", "They were worked on already: no promise begins"


def test_the_answer_is_safe_unless_somebody_gives_another_and_is_told_again(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, leads=LEADS).files.all()
    address = reverse("import_file", args=[file.pk])
    page = client.get(address).content.decode()
    assert page.count(WORKED) == page.count(NEW) == 1
    assert form_of(page)["promises"] == "none"
    answered(client, file, promises="begin")
    assert form_of(client.get(address).content.decode())["promises"] == "begin"
    assert NEW in client.get(reverse("import_set", args=[file.of_id])).content.decode()
    client.post(reverse("import_set_starting", args=[file.of_id]))
    sets.run_all(file.of, at=MONDAY)
    file.refresh_from_db()
    assert file.run
    assert NEW in client.get(reverse("import", args=[file.run.pk])).content.decode()
    trail = html.unescape(client.get(reverse("audit"), {"noun": "importrun"}).content.decode())
    assert NEW in trail
    assert Clock.objects.get().lead == Lead.objects.get()


@pytest.mark.parametrize("word", ["", "BEGIN", "begin ", "'; DROP TABLE relay_clock; --", "<script>", "x" * 9_999])
def test_what_is_no_answer_changes_none(cast: Cast, word: str) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, leads=LEADS).files.all()
    answered(client, file, promises="begin")
    answered(client, file, promises=word)
    file.refresh_from_db()
    assert file.as_mapping.options["promises"] == "begin"


def test_nothing_is_asked_of_rows_that_are_promised_nothing(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, accounts=ACCOUNTS).files.all()
    assert 'name="promises"' not in client.get(reverse("import_file", args=[file.pk])).content.decode()
    answered(client, file, promises="begin", answer="")
    file.refresh_from_db()
    assert file.as_mapping.options == {}
    assert NEW not in client.get(reverse("import_set", args=[file.of_id])).content.decode()
