"""Erasing somebody from the page of their rights: one asks, another confirms, and the list of what was done names nobody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.crm import records
from tasuki.crm.contacts import Contact
from tasuki.engage import blocks
from tasuki.relay.personal_data import erasures, retention
from tasuki.relay.personal_data.erasure_rows import Erasure, ErasureState
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.relay.whole_life import FAMILY, MARKS, Life, lived
from tests.web.office import deal_of, signed_in

pytestmark = pytest.mark.django_db
SAID = {"ground": "asked", "words": "Her letter of Monday"}


def asked(cast: Cast, life: Life) -> Erasure:
    assert signed_in(cast.ada).post(reverse("contact_erasure", args=[life.contact.pk]), SAID).status_code == 302
    return Erasure.objects.get(contact=life.contact)


def test_ada_asks_and_a_second_person_confirms(cast: Cast) -> None:
    life, bea = lived(cast), hired("bea", "Second", "Bea", role=Role.OPERATIONS)
    erasure = asked(cast, life)
    ada, rights = signed_in(cast.ada), reverse("contact_rights", args=[life.contact.pk])
    assert "waits for a second person" in ada.get(rights).content.decode()
    refused = ada.post(reverse("erasure_confirmation", args=[erasure.pk]))
    assert refused.status_code == 422
    assert "A second person confirms it" in refused.content.decode()
    assert signed_in(bea).post(reverse("erasure_confirmation", args=[erasure.pk])).status_code == 302
    erasure.refresh_from_db()
    assert (erasure.state, erasure.confirmed_by) == (ErasureState.CONFIRMED, bea)


def test_what_is_missing_is_said_and_what_was_written_stays(cast: Cast) -> None:
    life = lived(cast)
    answer = signed_in(cast.ada).post(reverse("contact_erasure", args=[life.contact.pk]), {"ground": "asked", "words": "", "kept_because": "Commercial Code"})
    assert answer.status_code == 422
    assert "Commercial Code" in answer.content.decode()
    assert not Erasure.objects.exists()


def test_a_file_is_kept_only_with_its_law(cast: Cast) -> None:
    life, client = lived(cast), signed_in(cast.ada)
    paper = life.contact.files.get(name__contains="paper")
    address = reverse("contact_erasure", args=[life.contact.pk])
    refused = client.post(address, {**SAID, "kept": [paper.pk]})
    assert refused.status_code == 422
    assert "Say by which law" in refused.content.decode()
    assert client.post(address, {**SAID, "kept": [paper.pk], "kept_because": "Commercial Code"}).status_code == 302
    assert Erasure.objects.get().kept_ids == [paper.pk]


def test_it_is_withdrawn_with_one_press(cast: Cast) -> None:
    life = lived(cast)
    erasure = asked(cast, life)
    signed_in(cast.ada).post(reverse("erasure_withdrawal", args=[erasure.pk]))
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.WITHDRAWN


def test_every_page_of_an_erased_person_opens_and_names_nobody(cast: Cast) -> None:
    life = lived(cast)
    erasure = asked(cast, life)
    Erasure.objects.filter(pk=erasure.pk).update(state=ErasureState.CONFIRMED, confirmed_by=cast.ada, confirmed_at=now())
    erasures.carry_out(erasure.pk, at=now())
    client = signed_in(cast.ada)
    pages = [
        reverse("contact", args=[life.contact.pk]),
        reverse("contact_rights", args=[life.contact.pk]),
        reverse("lead", args=[life.lead.pk]),
        reverse("handoff", args=[life.handoff.pk]),
        reverse("meeting", args=[life.meeting.pk]),
        reverse("message", args=[life.message.pk]),
        reverse("call", args=[life.call.pk]),
        reverse("account", args=[life.contact.account_id]),
        *map(reverse, ("erasures", "do_not_contact", "contacts", "leads", "tasks", "audit", "imports", "handoffs", "meetings")),
    ]
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode().lower()
        assert not [mark for mark in MARKS if mark in text], address
    assert f"Erased person #{life.contact.pk}" in client.get(pages[0]).content.decode()
    assert "somebody who asked to be erased" in client.get(reverse("do_not_contact")).content.decode()
    assert "This person is erased." in client.get(pages[1]).content.decode()


def test_a_form_that_would_bring_them_back_says_why_not(cast: Cast) -> None:
    life = lived(cast)
    email = life.contact.main_email
    erasure = asked(cast, life)
    Erasure.objects.filter(pk=erasure.pk).update(state=ErasureState.CONFIRMED, confirmed_by=cast.ada, confirmed_at=now())
    erasures.carry_out(erasure.pk, at=now())
    answer = signed_in(cast.ivo).post(reverse("contact_new"), {"family_name": FAMILY, "email": email})
    assert answer.status_code == 422
    assert "This person asked to be erased" in answer.content.decode()
    assert FAMILY in answer.content.decode(), "what was typed stays"
    assert not Contact.objects.filter(family_name=FAMILY).exists()
    assert blocks.is_blocked(address=email)


def test_whoever_may_not_sees_neither_the_form_nor_the_list(cast: Cast) -> None:
    life = lived(cast)
    erasure = asked(cast, life)
    for person in (cast.ivo, cast.ruth, cast.tomas):
        client = signed_in(person)
        assert client.post(reverse("contact_erasure", args=[life.contact.pk]), SAID).status_code == 403
        assert client.post(reverse("erasure_confirmation", args=[erasure.pk])).status_code == 403
        assert client.post(reverse("erasure_withdrawal", args=[erasure.pk])).status_code == 403
        assert client.get(reverse("erasures")).status_code == 403
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.ASKED


def test_the_list_costs_the_same_queries_for_two_and_for_twelve(cast: Cast) -> None:
    contacts = [Contact.objects.create(family_name=f"N{n}", created_at=now(), updated_at=now()) for n in range(12)]
    client, counts = signed_in(cast.ada), []
    client.get(reverse("erasures"))
    for those in (contacts[:2], contacts[2:]):
        for contact in those:
            Erasure.objects.create(contact=contact, ground="asked", words="x", asked_by=cast.ada, asked_at=now())
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("erasures"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_rule_of_retention_is_made_and_whom_it_proposes_is_asked_for(cast: Cast) -> None:
    quiet = records.add_contact(records.Person("Quiet"), by=SET_UP, at=MONDAY - timedelta(days=2_000))
    client, address = signed_in(cast.ada), reverse("retention")
    assert "No rule is made" in client.get(address).content.decode()
    refused = client.post(address, {"n_months": "1"})
    assert refused.status_code == 422
    client.post(address, {"n_months": "24"})
    page = client.get(address).content.decode()
    assert "Quiet" in page
    assert "no consent was ever given" in page
    client.post(reverse("retention_asking"), {"id": [quiet.pk, "x"]})
    assert Erasure.objects.get().contact == quiet
    assert "Quiet" not in client.get(address).content.decode()


def test_revenue_operations_see_whom_it_proposes_and_do_not_change_the_rule(cast: Cast) -> None:
    bea = signed_in(hired("bea", "Second", "Bea", role=Role.OPERATIONS))
    assert bea.get(reverse("retention")).status_code == 200
    assert bea.post(reverse("retention"), {"n_months": "24"}).status_code == 403
    for person in (cast.ivo, cast.tomas):
        assert signed_in(person).get(reverse("retention")).status_code == 403
        assert signed_in(person).post(reverse("retention_asking"), {"id": "1"}).status_code == 403


def test_the_list_of_retention_costs_the_same_queries_for_two_and_for_twelve(cast: Cast) -> None:
    client, counts = signed_in(cast.ada), []
    retention.change(24, by=SET_UP, at=MONDAY)
    client.get(reverse("retention"))
    for n in (2, 10):
        for nth in range(n):
            records.add_contact(records.Person(f"Quiet {n} {nth}"), by=SET_UP, at=MONDAY - timedelta(days=2_000))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("retention"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_pages_of_an_erased_person_and_of_their_lead_offer_nothing_to_write(cast: Cast) -> None:
    life = lived(cast)
    addresses = [reverse("contact", args=[life.contact.pk]), reverse("lead", args=[life.lead.pk])]
    offers = ('class="form form-note', "can-edit", "/change", "/follow", "/tasks", "/consents")
    client = signed_in(cast.ada)
    before = [client.get(address).content.decode() for address in addresses]
    assert all('class="form form-note"' in page and 'data-do="' in page for page in before)
    erasure = asked(cast, life)
    Erasure.objects.filter(pk=erasure.pk).update(state=ErasureState.CONFIRMED, confirmed_by=cast.ada, confirmed_at=now())
    erasures.carry_out(erasure.pk, at=now())
    for address in addresses:
        main = client.get(address).content.decode().split("<main", 1)[1].split("</main>", 1)[0]
        assert "This person is erased. Nothing is written about them any more." in main
        assert not [offer for offer in offers if f'{offer}"' in main], address
        assert set(re.findall(r'data-do="([^"]+)"', main)) <= {"Rights", "Praise"}, address
    refused = client.post(reverse("note_add", args=["contact", life.contact.pk]), {"text": "They called.", "next": addresses[0]}, follow=True)
    assert "This person is erased." in refused.content.decode()


def test_an_open_opportunity_is_named_with_its_link_before_anybody_fills_in_a_form(cast: Cast) -> None:
    deal, client = deal_of(cast), signed_in(cast.ada)
    contact = deal.lead.contact
    assert contact
    rights = reverse("contact_rights", args=[contact.pk])
    page = client.get(rights).content.decode()
    assert "An opportunity of this person is open. Close it first" in page
    assert f'href="{reverse("opportunity", args=[deal.pk])}"' in page
    assert reverse("contact_erasure", args=[contact.pk]) not in page
    assert client.post(reverse("contact_erasure", args=[contact.pk]), SAID).status_code == 422
    opportunities.lose(deal, because=LostBecause.NO_DECISION, by=SET_UP, at=now())
    page = client.get(rights).content.decode()
    assert "An opportunity of this person is open" not in page
    assert reverse("contact_erasure", args=[contact.pk]) in page
