"""What an answer is, on its pages: confirmed or changed by one press, with what follows from it, beside who may not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.crm.contacts import Consent
from tasuki.crm.leads import Lead
from tasuki.engage import incoming, mailboxes, received
from tasuki.engage.message_rows import Message
from tasuki.engage.triage.rows import ReplyTriage
from tests.cast import Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import CALL, MAIL, enrolled, person, sequence_of, tick
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def answer(cast: Cast, lead: Lead, words: str, *, nth: int = 1) -> Message:
    mailbox = mailboxes.of(cast.ivo) or connected(cast.ivo)
    assert lead.contact
    raw = f"From: {lead.contact.main_email}\nMessage-ID: <{lead.pk}.{nth}@gaon.example>\nSubject: Re: x\n\n{words}\n"
    message = received.take_in(incoming.read(raw.encode()), mailbox=mailbox, at=now() - timedelta(hours=1) + timedelta(minutes=nth))
    assert message
    return message


def text_of(client: Client, name: str, pk: int, *, query: str = "") -> str:
    shown = client.get(reverse(name, args=[pk]) + query)
    assert shown.status_code == 200
    return shown.content.decode()


def test_one_press_confirms_and_another_changes_it(cast: Cast) -> None:
    message = answer(cast, person(cast), "Too expensive <b>for us</b>.")
    client, address = signed_in(cast.ivo), reverse("message_triage", args=[message.pk])
    before = text_of(client, "message", message.pk)
    assert "What the answer is" in before
    assert "proposed" in before
    assert "Too expensive" in before
    assert "<b>for us" not in before
    assert client.post(address, {"as": "objection"}).status_code == 302
    after = text_of(client, "message", message.pk)
    assert "said by Ivo Horvat" in after
    assert f"{reverse('objections')}?q=Too+expensive" in after
    assert client.post(address, {"as": "positive", "next": "https://evil.example/"})["Location"] == reverse("message", args=[message.pk])
    assert ReplyTriage.objects.get().reply_class == "positive"
    assert reverse("desk_lead", args=[message.lead_id]) in text_of(client, "message", message.pk)


@pytest.mark.parametrize("said", ["", "brilliant", "x" * 5_000])
def test_what_is_no_class_is_refused_in_a_sentence(cast: Cast, said: str) -> None:
    message = answer(cast, person(cast), "Hello")
    refused = signed_in(cast.ivo).post(reverse("message_triage", args=[message.pk]), {"as": said})
    assert refused.status_code == 422
    assert "one of the nine classes" in refused.content.decode()
    assert ReplyTriage.objects.get().reply_class == ""


def test_the_outsider_and_letters_of_ours_have_nothing_to_say(cast: Cast) -> None:
    message = answer(cast, person(cast), "Sounds good")
    address = reverse("message_triage", args=[message.pk])
    assert signed_in(cast.tomas).post(address, {"as": "positive"}).status_code == 403
    assert signed_in(cast.saori).post(address, {"as": "positive"}).status_code == 404
    assert Client().post(address, {"as": "positive"}).status_code == 302
    assert signed_in(cast.ivo).get(address).status_code == 405
    assert ReplyTriage.objects.get().said_at is None
    assert signed_in(cast.ivo).post(reverse("desk_answer", args=[message.lead_id]), {"message": "0", "as": "positive"}).status_code == 404
    assert signed_in(cast.ivo).post(reverse("desk_answer", args=[message.lead_id]), {"message": "x", "as": "positive"}).status_code == 404


def test_the_timeline_and_the_desk_ask_too(cast: Cast) -> None:
    lead = person(cast)
    message = answer(cast, lead, "Not now, in three months.")
    client = signed_in(cast.ivo)
    page = text_of(client, "lead", lead.pk)
    assert 'data-press="k"' in page
    assert reverse("message_triage", args=[message.pk]) in page
    desk = text_of(client, "desk_lead", lead.pk)
    assert "Their answer" in desk
    assert '<input type="hidden" name="as" value="not_now">' in desk, "the desk sends fields, and no button"
    assert "not now" in desk
    shown = client.post(reverse("desk_answer", args=[lead.pk]), {"message": message.pk, "as": "not_now"}, headers={"HX-Request": "true"})
    assert 'data-fresh="desk-answer"' in shown.content.decode()
    assert "said by Ivo Horvat" in shown.content.decode()
    assert client.post(reverse("desk_answer", args=[lead.pk]), {"message": message.pk, "as": "referral"})["Location"] == reverse("desk_lead", args=[lead.pk])


def test_not_now_proposes_the_day_and_recycling_takes_it(cast: Cast) -> None:
    lead = person(cast)
    message = answer(cast, lead, "Not now, in three months.")
    day = message.at.date() + timedelta(days=90)
    page = text_of(signed_in(cast.ivo), "message", message.pk)
    assert f'value="{day.isoformat()}"' in page
    assert reverse("lead_recycling", args=[lead.pk]) in page


def test_a_named_person_is_added_with_what_the_words_say(cast: Cast) -> None:
    lead = person(cast)
    message = answer(cast, lead, "Please contact my colleague Jane Doe, jane.doe@gaon.example")
    client = signed_in(cast.ivo)
    page = text_of(client, "message", message.pk)
    assert "Add Jane Doe" in page
    form = client.get(reverse("quick_add", args=["contact"]), {"from": reverse("lead", args=[lead.pk]), "name": "Jane Doe", "email": "jane.doe@gaon.example"})
    for said in ('value="Jane"', 'value="Doe"', 'value="jane.doe@gaon.example"'):
        assert said in form.content.decode()


def test_a_wish_that_somebody_confirms_is_withdrawn_at_once(cast: Cast) -> None:
    message = answer(cast, person(cast), "This is spam! I will report you.")
    n = Consent.objects.filter(state="withdrawn").count()
    client = signed_in(cast.ivo)
    assert "Confirming withdraws the consent" in text_of(client, "message", message.pk)
    client.post(reverse("message_triage", args=[message.pk]), {"as": "unsubscribe"})
    assert Consent.objects.filter(state="withdrawn").count() == n + 1


def test_a_sequence_shows_its_answers_with_their_n_and_leads_to_the_rows(cast: Cast) -> None:
    connected(cast.ivo)
    sequence, client = sequence_of(MAIL, CALL), signed_in(cast.ivo)
    people = [person(cast, nth) for nth in range(3)]
    for one in people:
        enrolled(cast, one, sequence)
    tick()
    assert "last that came" not in text_of(client, "sequence", sequence.pk)
    for lead, words in zip(people, ("Sounds good", "Sounds good", "…"), strict=True):
        answer(cast, lead, words)
    page = text_of(client, "sequence", sequence.pk)
    assert "of 3 members" in page
    assert "67% of 3" in page
    rows = text_of(client, "sequence_members", sequence.pk, query="?answer=positive")
    assert "2 members" in rows
    assert "1 member" in text_of(client, "sequence_members", sequence.pk, query="?answer=")
    assert "3 members" in text_of(client, "sequence_members", sequence.pk, query="?answer=nonsense")


def test_a_timeline_of_twelve_answers_asks_as_often_as_one_of_two(cast: Cast) -> None:
    lead, client = person(cast), signed_in(cast.ivo)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text_of(client, "lead", lead.pk)
        return len(queries)

    for nth in range(2):
        answer(cast, lead, "Sounds good", nth=nth)
    asked()
    two = asked()
    for nth in range(2, 12):
        answer(cast, lead, "Sounds good", nth=nth)
    asked()
    assert asked() == two


def test_who_is_away_is_said_with_a_day_to_wait_for_and_undone_from_the_toast(cast: Cast) -> None:
    message = answer(cast, person(cast), "I am on leave.")
    client, address = signed_in(cast.ivo), reverse("message_triage", args=[message.pk])
    client.post(address, {"as": "out_of_office"})
    page = text_of(client, "message", message.pk)
    undoing = reverse("message_triage_undoing", args=[message.pk])
    assert f'action="{undoing}"' in page
    assert "sequences wait for a week" in page
    assert 'name="returns_on"' in page
    day = (now() + timedelta(days=20)).date()
    returning = reverse("message_return", args=[message.pk])
    assert client.post(returning, {"returns_on": day.isoformat()}).status_code == 302
    assert f'value="{day.isoformat()}"' in text_of(client, "message", message.pk)
    assert Message.objects.get(pk=message.pk).returns_on == day
    assert client.post(undoing, {}).status_code == 302
    assert ReplyTriage.objects.get().said_at is None
    client.post(address, {"as": "positive"})
    client.post(address, {"as": "out_of_office"})
    assert f"{address}?as=positive" in text_of(client, "message", message.pk)
    assert client.post(f"{address}?as=positive", {}).status_code == 302
    assert ReplyTriage.objects.get().reply_class == "positive"


@pytest.mark.parametrize("said", ["out_of_office", "positive"])
@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "9999-12-31"])
def test_a_day_that_cannot_be_waited_for_is_refused_on_the_page_whatever_was_said_meanwhile(cast: Cast, *, day: str, said: str) -> None:
    message = answer(cast, person(cast), "I am on leave.")
    client = signed_in(cast.ivo)
    client.post(reverse("message_triage", args=[message.pk]), {"as": said})
    refused = client.post(reverse("message_return", args=[message.pk]), {"returns_on": day})
    assert refused.status_code == 422
    assert re.search(r'class="form-(error|problems)"', refused.content.decode())
    assert Message.objects.get(pk=message.pk).returns_on is None
    for stranger, status in ((cast.tomas, 403), (cast.saori, 404)):
        assert signed_in(stranger).post(reverse("message_return", args=[message.pk]), {"returns_on": day}).status_code == status
        assert signed_in(stranger).post(reverse("message_triage_undoing", args=[message.pk]), {}).status_code == status
