"""Notes name colleagues, are changed by whoever wrote them, and are pinned; each verb beside what it refuses."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.crm import leads, mentions, notes, records
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.mentions import Mention
from tasuki.crm.notes import MentionUnsettled, NoteRefused, NotYourNote
from tasuki.crm.notifications import Notification
from tasuki.crm.records import Company, Person
from tasuki.crm.timeline import TimelineEntry
from tests.cast import MONDAY, Cast, hired

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY.replace(day=3)


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def lead_of(cast: Cast) -> Lead:
    account = records.add_account(Company("Firm"), owner=cast.ivo, team=cast.inside_sales, by=by(cast), at=MONDAY)
    contact = records.add_contact(Person("한", "서윤", account=account), by=by(cast), at=MONDAY)
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, account=account, contact=contact), by=by(cast), at=MONDAY)


def named(text: str) -> dict[str, str]:
    return {label: person.email.split("@")[0] for label, person in mentions.read(text).found.items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Ruth Adeyemi please", {"Ruth Adeyemi": "ruth"}),
        ("ask @ruth adeyemi, or @Adeyemi Ruth.", {"ruth adeyemi": "ruth", "Adeyemi Ruth": "ruth"}),
        ("@Adeyemi's deal and @Ivo!", {"Adeyemi": "ruth", "Ivo": "ivo"}),
        ("@민아라에게 물어보세요", {"민아라": "mina"}),
        ("＠西野 沙織さん、@千賀千佳 さん", {"西野 沙織": "saori", "千賀千佳": "chika"}),
        ("@西野さん", {"西野": "saori"}),
        ("@민님, @閔", {"민": "mina"}),
        ("@민주주의, @Ivory, @Ruthless, ivo@ivo.example, @@Ivo, x@Ivo, @ Ivo", {}),
        ("@Nobody and @", {}),
        ("@Tomas\nNovák", {"Tomas": "tomas"}),
    ],
)
def test_a_name_behind_the_sign_means_a_colleague_in_any_script(cast: Cast, text: str, found: dict[str, str]) -> None:
    assert named(text) == found


@given(text=st.text(alphabet="@＠Ivo Ruth\n민西野.\ud800\u202e", max_size=200))
def test_no_text_breaks_the_reading_of_names(text: str) -> None:
    mentions.read(text)


def test_a_note_tells_whom_it_names_once(cast: Cast) -> None:
    lead = lead_of(cast)
    note = notes.write("@Ruth Adeyemi and @ruth adeyemi: @Ivo says so", by=by(cast), at=TUESDAY, lead=lead)
    assert set(Mention.objects.filter(entry=note).values_list("label", flat=True)) == {"Ruth Adeyemi", "ruth adeyemi", "Ivo"}
    (told,) = Notification.objects.all()
    assert (told.person, told.happening, told.lead, told.entry, told.actor) == (cast.ruth, "mention", lead, note, cast.ivo)


def test_somebody_who_cannot_see_the_record_is_not_named_unseen(cast: Cast) -> None:
    lead = lead_of(cast)
    with pytest.raises(MentionUnsettled, match="Tomas Novák cannot see 한서윤"):
        notes.write("@Tomas look", by=by(cast), at=TUESDAY, lead=lead)
    assert not TimelineEntry.objects.filter(kind="note").exists()
    note = notes.write("@Tomas look, @Ruth too", by=by(cast), at=TUESDAY, lead=lead, is_settled=True)
    assert [mention.person for mention in note.mentions.all()] == [cast.ruth], "his name is a word like others"
    assert not Notification.objects.filter(person=cast.tomas).exists()


def test_asking_who_cannot_see_costs_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    lead, costs = lead_of(cast), []
    crowd = [
        hired(f"p{nth}-{team and team.pk}", "Crowd", f"P{nth}", role=role, team=team)
        for team in (cast.inside_sales, cast.success, None)
        for nth, role in enumerate(Role)
    ]
    for n in (2, 12, len(crowd)):
        people = list(User.objects.filter(pk__in=[person.pk for person in crowd[:n]]).order_by("pk"))
        with CaptureQueriesContext(connection) as asked:
            blind = mentions.who_cannot_see(people, lead)
        costs.append(len(asked))
        assert blind == [person for person in people if not Lead.objects.visible_to(person).filter(pk=lead.pk).exists()]
    assert costs == [3, 3, 3]
    assert mentions.who_cannot_see([], lead) == []


def test_one_name_of_two_people_asks_who_is_meant(cast: Cast) -> None:
    lead, other = lead_of(cast), hired("ruth2", "Adeyemi", "Ruth", role=Role.ADMINISTRATOR)
    with pytest.raises(MentionUnsettled) as question:
        notes.write("@Ruth Adeyemi", by=by(cast), at=TUESDAY, lead=lead)
    assert {person.pk for person in question.value.unclear["Ruth Adeyemi"]} == {cast.ruth.pk, other.pk}
    notes.write("@Ruth Adeyemi", by=by(cast), at=TUESDAY, lead=lead, meant=[other.pk])
    assert Notification.objects.get().person == other
    notes.write("@Ruth Adeyemi", by=by(cast), at=TUESDAY, lead=lead, is_settled=True)
    assert Notification.objects.filter(happening="mention").count() == 1, "nobody was meant"


def test_a_flood_of_names_is_refused_and_read_quickly(cast: Cast) -> None:
    lead = lead_of(cast)
    for nth in range(21):
        hired(f"p{nth}", f"Crowd{chr(97 + nth)}", "Kim", role=Role.ADMINISTRATOR)
    with pytest.raises(NoteRefused, match="at most 20 people"):
        notes.write(" ".join(f"@Kim Crowd{chr(97 + nth)}" for nth in range(21)), by=by(cast), at=TUESDAY, lead=lead)
    notes.write("@Ruth " * 500, by=by(cast), at=TUESDAY, lead=lead)
    assert Notification.objects.filter(happening="mention").count() == 1


def test_whoever_wrote_a_note_changes_it_and_the_trail_keeps_its_words(cast: Cast) -> None:
    note = notes.write("first @Ruth", by=by(cast), at=MONDAY, lead=lead_of(cast))
    note = notes.change(note, text="second @Ruth @아라\r\nline", by=by(cast), at=TUESDAY)
    assert (note.text, note.edited_at) == ("second @Ruth @아라\nline", TUESDAY)
    assert AuditEntry.objects.of(note).get(action="change").changes["text"] == ["first @Ruth", "second @Ruth @아라\nline"]
    told = Notification.objects.filter(happening="mention").order_by("pk").values_list("person", flat=True)
    assert list(told) == [cast.ruth.pk, cast.mina.pk], "who was named before is not told again"
    with pytest.raises(NotYourNote):
        notes.change(note, text="mine", by=By(cast.ruth, Door.WEB), at=TUESDAY)
    for wrong in ("", " \n", "x" * 20_001):
        with pytest.raises(NoteRefused):
            notes.change(note, text=wrong, by=by(cast), at=TUESDAY)


def test_a_removed_note_takes_what_was_told_of_it_along(cast: Cast) -> None:
    note = notes.write("for @Ruth", by=by(cast), at=MONDAY, lead=lead_of(cast))
    with pytest.raises(NotYourNote):
        notes.remove(note, by=By(cast.ruth, Door.WEB), at=TUESDAY)
    notes.remove(note, by=by(cast), at=TUESDAY)
    assert not Notification.objects.exists()
    assert AuditEntry.objects.get(noun="timelineentry", action="remove").changes["text"] == ["for @Ruth", None]


def test_five_notes_are_pinned_and_no_sixth(cast: Cast) -> None:
    lead = lead_of(cast)
    written = [notes.write(f"note {nth}", by=by(cast), at=MONDAY, lead=lead) for nth in range(6)]
    for note in [*written[:5], written[0]]:
        notes.pin(note, by=By(cast.ruth, Door.WEB), at=TUESDAY)
    with pytest.raises(NoteRefused, match="5 notes are pinned"):
        notes.pin(written[5], by=by(cast), at=TUESDAY)
    for _twice in range(2):
        notes.unpin(written[0], by=by(cast), at=TUESDAY)
    notes.pin(written[5], by=by(cast), at=TUESDAY)
    assert TimelineEntry.objects.filter(pinned_at__isnull=False).count() == 5
    assert AuditEntry.objects.of(written[0]).filter(action="unpin").count() == 1
