"""{booking} in a mail: at sending it is the address at which this person books with whoever writes; before that it leads to nobody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import people
from tasuki.core.abilities import Role
from tasuki.engage import booking_links, variables
from tasuki.engage.booking_links import LASTS, BookingLink
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import sending, writing
from tasuki.engage.sequences.enrolments import Deed
from tasuki.engage.tracking.rows import SentLink
from tasuki.engage.variables import NobodyToBook
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.engage.mailing import MORNING, by, connected
from tests.engage.meeting import lead_in_seoul
from tests.engage.sequences.writing import BY_HAND, MAIL, TEN, enrolled, letters, person, sequence_of, tick, to_do
from tests.engage.test_tracking import bodies, counting, sent
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

TEXT = "Hello {name},\nchoose a time: {booking}."


def address_in(text: str) -> str:
    found = re.findall(r"https?://\S+/book/[^\s.<\"]+", text)
    assert len(found) == 1, text
    return found[0]


def link_at(address: str) -> BookingLink:
    link = booking_links.found(address.rpartition("/")[2], at=TEN)
    assert link
    return link


def test_the_machine_sends_the_link_of_this_lead_to_whoever_carries_it(cast: Cast) -> None:
    connected(cast.ivo)
    lead, other = person(cast), person(cast, 2)
    sequence = sequence_of(MAIL, texts={1: [("Night session", TEXT)]})
    members = [enrolled(cast, one, sequence) for one in (lead, other)]
    tick()
    first, second = (link_at(address_in(letters(one)[0].text)) for one in members)
    assert (first.lead, first.held_by, first.expires_at) == (lead, cast.ivo, TEN + LASTS)
    assert (second.lead, second.held_by) == (other, cast.ivo)


def test_a_mail_by_hand_says_the_same_link_again_and_renews_it(cast: Cast) -> None:
    connected(cast.ivo)
    lead = person(cast)
    before = booking_links.make(lead, held_by=cast.ivo, by=by(cast.ivo), at=now() - timedelta(days=20))
    assert lead.contact
    said = {"to": f"{lead.contact_id} {lead.contact.emails.get().pk}", "subject": "Night session", "text": TEXT}
    client, address = signed_in(cast.ivo), reverse("mail_new", args=[lead.pk])
    assert "{booking}" in client.get(address).content.decode(), "it stands among the words that are filled in"
    assert client.post(address, said).status_code == 302
    link = booking_links.found(address_in(Message.objects.get().text).rpartition("/")[2], at=now())
    assert link == before
    assert link.expires_at > before.expires_at + timedelta(days=19)
    on = (now() + timedelta(days=40)).date()
    client.post(address, {**said, "on": on.isoformat(), "clock": "10:00"})
    link.refresh_from_db()
    assert link.expires_at.date() >= on + timedelta(days=29), "it lasts from the day on which the letter goes out"


def test_old_links_end_as_they_do_and_a_revoked_one_is_not_taken_up_again(cast: Cast) -> None:
    lead = person(cast)
    old = booking_links.make(lead, held_by=cast.ivo, by=by(cast.ivo), at=MONDAY)
    booking_links.revoke(old, by=by(cast.ivo), at=MONDAY)
    new = variables.booking_for(lead, TEXT, sender=cast.ivo, by=by(cast.ivo), at=TEN)
    assert new != booking_links.address_of(old)
    assert booking_links.found(old.token, at=TEN) is None


def test_who_holds_no_meetings_is_told_and_nothing_is_made_or_lost(cast: Cast) -> None:
    connected(cast.ada, address="ada@tasuki.example")
    lead = person(cast)
    assert lead.contact
    said = {"to": f"{lead.contact_id} {lead.contact.emails.get().pk}", "subject": "Night session", "text": TEXT}
    refused = signed_in(cast.ada).post(reverse("mail_new", args=[lead.pk]), said)
    assert refused.status_code == 422
    assert "who holds none" in refused.content.decode()
    assert "choose a time: {booking}" in refused.content.decode()
    assert not BookingLink.objects.exists()
    assert not Message.objects.exists()


def test_a_sequence_with_nobody_to_book_is_not_written_and_one_whose_carrier_holds_none_waits_for_a_person(cast: Cast) -> None:
    mina = hired("mila", "Kos", "Mila", role=Role.MARKETER, team=cast.inside_sales)
    connected(mina, address="mila@tasuki.example")
    lead = person(cast)
    lead.owner = mina
    assert sending.shown(sequence_of(MAIL, texts={1: [("x", TEXT)]}).versions.get().steps.get().variants.get(), lead=lead, me=mina).problem
    for one in (cast.ruth, cast.ivo, cast.saori, cast.chika):
        people.leave(one, by=SET_UP, at=MONDAY)
    sequence = sequence_of(MAIL, name="Another")
    step = writing.draft(sequence, by=SET_UP, at=MONDAY).steps.get()
    with pytest.raises(writing.SequenceRefused, match="needs somebody who holds meetings"):
        writing.write_variant(step, letter="A", subject="x", text=TEXT, by=SET_UP, at=MONDAY)


def test_a_preview_shows_an_example_and_makes_no_link(cast: Cast) -> None:
    lead = person(cast)
    sequence = sequence_of(MAIL, texts={1: [("Night session", TEXT)]})
    page = signed_in(cast.ruth).get(reverse("sequence_preview", args=[sequence.pk]), {"lead": lead.pk}).content.decode()
    assert booking_links.example() in page
    assert not BookingLink.objects.exists()
    assert booking_links.found("example", at=TEN) is None


def test_what_is_written_by_hand_from_a_template_gets_its_address_when_it_is_sent(cast: Cast) -> None:
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence_of(BY_HAND, texts={1: [("Night session", TEXT)]}))
    tick()
    deed = to_do(member)
    Deed.objects.filter(pk=deed.pk).update(due_on=now().date())
    client, address = signed_in(cast.ivo), reverse("deed_letter", args=[deed.pk])
    page = client.get(address).content.decode()
    assert "choose a time: {booking}" in page
    assert "한 서윤1" in page
    assert not BookingLink.objects.exists()
    client.post(address, {"subject": "Night session", "text": "Hello, {booking}"})
    assert booking_links.found(address_in(letters(member)[0].text).rpartition("/")[2], at=now())


def test_the_counting_of_clicks_leaves_the_address_as_it_is(cast: Cast) -> None:
    counting()
    lead = lead_in_seoul(cast)
    address = variables.booking_for(lead, TEXT, sender=cast.ivo, by=by(cast.ivo), at=MORNING)
    _message, letter = sent(cast, f"Choose a time: {address}. See https://gaon.example/book/1", lead=lead)
    plain, html = bodies(letter)
    assert f"{address}." in plain
    assert f'href="{address}"' in html
    assert [link.address for link in SentLink.objects.all()] == ["https://gaon.example/book/1"], "only those of our own house"


def test_a_company_that_is_called_so_is_no_variable(cast: Cast) -> None:
    lead = person(cast)
    assert lead.account
    assert lead.contact
    lead.account.name = "{booking}"
    assert variables.filled("{account}", lead=lead, contact=lead.contact, sender=cast.ivo) == "{booking}"
    with pytest.raises(NobodyToBook):
        variables.filled("{booking}", lead=lead, contact=lead.contact, sender=cast.ivo)
