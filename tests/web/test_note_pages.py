"""Notes on the pages: naming colleagues without a script, settling names, changing, pinning, and what is refused."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import notes
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Notification
from tasuki.crm.timeline import TimelineEntry
from tests.cast import Cast, hired
from tests.web.office import MONDAY, lead_of, signed_in

pytestmark = pytest.mark.django_db


def note_on(lead: Lead, cast: Cast, text: str = "first words") -> TimelineEntry:
    return notes.write(text, by=By(cast.ivo, Door.WEB), at=MONDAY, lead=lead)


def test_a_note_with_a_name_is_written_and_links_the_person(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    address = reverse("lead", args=[lead.pk])
    said = {"text": "@Adeyemi, **price**:\n- see https://x.example/a\n<script>alert(1)</script>", "next": address}
    assert ivo.post(reverse("note_add", args=["lead", lead.pk]), said)["Location"] == address
    text = ivo.get(address).content.decode()
    assert f'<a class="mention" href="{reverse("person", args=[cast.ruth.pk])}">@Adeyemi</a>, <strong>price</strong>:' in text
    assert 'href="https://x.example/a" rel="nofollow noopener noreferrer"' in text
    assert "<script>alert" not in text
    assert Notification.objects.get().person == cast.ruth


def test_names_are_settled_before_the_note_is_kept(cast: Cast) -> None:
    lead, ivo, other = lead_of(cast), signed_in(cast.ivo), hired("ruth2", "Adeyemi", "Rhoda", role=Role.ADMINISTRATOR)
    address, said = reverse("note_add", args=["lead", lead.pk]), {"text": "@Adeyemi and @Tomas: </textarea><b>"}
    question = ivo.post(address, said)
    text = question.content.decode()
    assert question.status_code == 422
    assert "Tomas Novák cannot see this record" in text
    assert "Who is “@Adeyemi”?" in text
    assert "Rhoda Adeyemi" in text
    assert html.escape("</textarea><b>") in text
    assert not TimelineEntry.objects.filter(kind="note").exists()
    assert ivo.post(address, {**said, "settled": "1", "meant": ["", str(other.pk), "x"]}).status_code == 302
    assert Notification.objects.get().person == other


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 20_001])
def test_a_note_that_cannot_be_is_refused_with_a_sentence(cast: Cast, text: str) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    answer = ivo.post(reverse("note_add", args=["lead", lead.pk]), {"text": text}, follow=True)
    assert "toast-error" in answer.content.decode()
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_megabyte_and_a_crowd_of_names_are_refused(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    address = reverse("note_add", args=["lead", lead.pk])
    assert ivo.post(address, {"text": "x" * 1_000_000}).status_code == 302
    people = [hired(f"p{nth}", f"Crowd{chr(97 + nth)}", "Kim", role=Role.ADMINISTRATOR) for nth in range(21)]
    assert ivo.post(address, {"text": " ".join(f"@{person.display_name}" for person in people) * 24}).status_code == 422
    for text, status in (("a\0b", 400), ("\ud800", 302)):
        body = f"text={text}".encode("utf-8", "surrogatepass")
        assert ivo.post(address, body, content_type="application/x-www-form-urlencoded").status_code == status
    assert not Notification.objects.exists()


def test_ivo_changes_his_note_and_nobody_else_does(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    note = note_on(lead, cast)
    address = reverse("note_change", args=[note.pk])
    assert "first words" in ivo.get(address).content.decode()
    assert ivo.post(address, {"text": "@Tomas"}).status_code == 422
    assert ivo.post(address, {"text": " "}).status_code == 422
    assert ivo.post(address, {"text": "other words"})["Location"] == reverse("lead", args=[lead.pk]) + f"#entry-{note.pk}"
    text = ivo.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "other words" in text
    assert "edited" in text
    ruth = signed_in(cast.ruth)
    assert address not in ruth.get(reverse("lead", args=[lead.pk])).content.decode()
    for name in ("note_change", "note_removal"):
        assert ruth.post(reverse(name, args=[note.pk]), {"text": "mine"}).status_code == 403
    assert signed_in(cast.chika).post(address, {"text": "mine"}).status_code == 404
    ivo.post(reverse("note_removal", args=[note.pk]))
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_pinned_note_stands_above_the_others(cast: Cast) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    note = note_on(lead, cast, "the budget is frozen")
    note_on(lead, cast, "later words")
    address = reverse("lead", args=[lead.pk])
    ruth.post(reverse("note_pin", args=[note.pk]), {"next": address})
    text = ruth.get(address).content.decode()
    assert text.index("the budget is frozen") < text.index("later words")
    for nth in range(4):
        ruth.post(reverse("note_pin", args=[note_on(lead, cast, f"n{nth}").pk]))
    sixth = note_on(lead, cast, "sixth")
    assert "5 notes are pinned" in ruth.post(reverse("note_pin", args=[sixth.pk]), follow=True).content.decode()
    ruth.post(reverse("note_unpin", args=[note.pk]))
    note.refresh_from_db()
    assert note.pinned_at is None


@pytest.mark.parametrize("name", ["note_change", "note_removal", "note_pin", "note_unpin"])
def test_what_is_no_note_is_not_treated_as_one(cast: Cast, name: str) -> None:
    lead = lead_of(cast)
    move = TimelineEntry.objects.get(lead=lead, kind="move")
    assert signed_in(cast.ruth).post(reverse(name, args=[move.pk]), {"text": "x"}).status_code == 404
    observer = signed_in(hired("olga", "Orlova", "Olga", role=Role.OBSERVER))
    assert observer.post(reverse(name, args=[note_on(lead, cast).pk]), {"text": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["Adeyemi", "Horvat", "Lindqvist", "Novák", "千賀", "民", "西野"]),
        ("ru", ["Ruth Adeyemi"]),
        ("아라", ["민아라"]),
        ("민아", ["민아라"]),
        ("西", ["西野 沙織"]),
        ("novák", ["Tomas Novák"]),
        ("zzz", []),
    ],
)
def test_colleagues_are_offered_by_any_script_and_who_cannot_see_is_marked(cast: Cast, typed: str, names: list[str]) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    text = ivo.get(reverse("colleagues", args=["lead", lead.pk]), {"q": typed}).content.decode()
    if typed:
        assert text.count('role="option"') == len(names)
        assert all(name in text for name in names)
    else:
        assert text.count('role="option"') == 7
    assert ("cannot see this" in text) == (typed in ("", "西", "novák"))
    assert signed_in(cast.chika).get(reverse("colleagues", args=["lead", lead.pk])).status_code == 404
