"""The press on its four pages: shown to whoever may praise, once, undone from the toast, and put into words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.crm.accounts import Account
from tasuki.crm.timeline import TimelineEntry
from tasuki.inside_sales.coaching import cards, praises
from tasuki.inside_sales.coaching.praises import For, Praise
from tasuki.relay import handoffs
from tasuki.sales import opportunities
from tests.cast import Cast
from tests.inside_sales.coaching.hearing import by, heard, recorded, talked
from tests.relay.handing import AFTER, offered
from tests.web.office import deal_of, signed_in

pytestmark = pytest.mark.django_db

PRESS = 'action="/praise/press"'


def pressed(client: Client, what: str, record: int, **said: Any) -> HttpResponse:
    return client.post(reverse("praise_press"), {"what": what, "record": record, "next": "/wins", **said})


def test_whoever_made_a_win_is_praised_beside_their_name(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.win(deal, by=by(cast.saori), at=now())
    client = signed_in(cast.ruth)
    page = client.get(reverse("wins")).content.decode()
    assert f'name="person" value="{cast.saori.pk}"' in page
    assert pressed(client, "win", deal.lead_id, person=cast.saori.pk)["Location"] == "/wins"
    assert pressed(client, "win", deal.lead_id, person=cast.saori.pk).status_code == 302
    praise = Praise.objects.get()
    assert (praise.receiver, praise.lead_id, praise.pressed_for) == (cast.saori, deal.lead_id, For.WIN)
    assert f'name="person" value="{cast.saori.pk}"' not in client.get(reverse("wins")).content.decode()
    assert pressed(client, "win", deal.lead_id, person=cast.mina.pk).status_code == 404, "she had no part in it"
    assert f'name="person" value="{cast.saori.pk}"' not in signed_in(cast.saori).get(reverse("wins")).content.decode(), "nobody praises themselves"


def test_an_accepted_hand_off_is_praised_and_another_is_not(cast: Cast) -> None:
    handoff, client = offered(cast), signed_in(cast.saori)
    address = reverse("handoff", args=[handoff.pk])
    assert PRESS not in client.get(address).content.decode()
    assert pressed(client, "handoff", handoff.pk).status_code == 404
    handoffs.accept(handoff, by=by(cast.saori), at=AFTER)
    assert PRESS in client.get(address).content.decode()
    assert pressed(client, "handoff", handoff.pk).status_code == 302
    praise = Praise.objects.get()
    assert (praise.receiver, praise.giver, praise.lead_id) == (cast.ivo, cast.saori, handoff.lead_id)
    assert PRESS not in client.get(address).content.decode()
    assert PRESS not in signed_in(cast.ivo).get(address).content.decode()
    assert "for the hand-off that was accepted" in signed_in(cast.ada).get(reverse("praises")).content.decode()
    assert "受領された引き継ぎについて" in signed_in(cast.chika).get(reverse("praises")).content.decode(), "in the words of the reader"
    assert "for the hand-off that was accepted" in signed_in(cast.ivo).get(reverse("notifications")).content.decode()


def test_a_call_is_praised_by_whoever_has_heard_it(cast: Cast) -> None:
    recording, client = recorded(cast), signed_in(cast.ruth)
    address = reverse("call", args=[recording.call_id])
    assert PRESS not in client.get(address).content.decode()
    heard(recording, user=cast.ruth)
    assert PRESS in client.get(address).content.decode()
    assert pressed(client, "call", recording.call_id).status_code == 302
    assert PRESS not in client.get(address).content.decode()


def test_the_last_step_of_a_card_is_a_press_that_the_toast_undoes(cast: Cast) -> None:
    client, day = signed_in(cast.ruth), (now() + timedelta(days=1)).date()
    card = cards.begin(cast.ivo, skill="Asking for the day", next_on=day, by=by(cast.ruth), at=now())
    person = reverse("coaching_person", args=[cast.ivo.pk])
    assert PRESS not in client.get(person).content.decode()
    for words in ("heard", "why", "tried"):
        cards.step_on(card, words=words, next_on=day, by=by(cast.ruth), at=now())
    assert PRESS in client.get(person).content.decode()
    assert pressed(client, "card", card.pk, next=person)["Location"] == person
    praise = Praise.objects.get()
    undo = reverse("praise_removal", args=[praise.pk])
    assert undo in client.get(person).content.decode()
    assert signed_in(cast.mina).post(undo).status_code == 403
    assert client.post(undo, {"next": person}).status_code == 302
    assert not Praise.objects.exists()
    assert PRESS in client.get(person).content.decode()


def test_words_are_put_to_it_and_what_is_refused_is_not_lost(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    praise, _is_new = praises.press(cast.ivo, what=For.CALL, call=talked(cast), by=by(cast.ruth), at=now())
    address = reverse("praise_words", args=[praise.pk])
    assert address in client.get(reverse("praises")).content.decode()
    assert address not in signed_in(cast.chika).get(reverse("praises")).content.decode()
    assert signed_in(cast.chika).get(address).status_code == 404
    refused = client.post(address, {"deed": "nice"})
    assert (refused.status_code, "nice" in refused.content.decode()) == (422, True)
    assert client.post(address, {"deed": "You asked who decides."})["Location"] == reverse("praise", args=[praise.pk])
    assert "You asked who decides." in client.get(reverse("praises")).content.decode()


def test_bad_addresses_are_refused_and_the_outsider_presses_nothing(cast: Cast) -> None:
    call = talked(cast)
    client = signed_in(cast.ruth)
    for what, record, status in (("", 1, 400), ("x", 1, 400), ("call", 0, 404), ("card", 10**20, 404), ("win", call.lead_id, 404), ("handoff", "x", 404)):
        assert pressed(client, what, record).status_code == status, (what, record)  # type: ignore[arg-type]
    assert pressed(signed_in(cast.tomas), "call", call.pk).status_code in (403, 404)
    assert not Praise.objects.exists()


def test_it_is_read_on_the_timeline_of_its_lead_which_can_be_narrowed_to_it(cast: Cast) -> None:
    call = talked(cast)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=now())
    praises.give(cast.ivo, deed="You asked who decides.", lead=call.lead, by=by(cast.mina), at=now())
    client, address = signed_in(cast.ada), reverse("lead", args=[call.lead_id])
    for page in (client.get(address), client.get(f"{address}?kind=praise"), client.get(reverse("contact", args=[call.lead.contact_id]))):
        said = page.content.decode()
        assert "You asked who decides." in said
        assert "for the call" in said
        assert 'href="?kind=praise"' in said
    assert "You asked who decides." not in client.get(f"{address}?kind=move").content.decode()
    assert "You asked who decides." in client.get(reverse("lead_peek", args=[call.lead_id])).content.decode()


def test_whoever_sees_the_company_and_not_the_lead_does_not_read_it(cast: Cast) -> None:
    call = talked(cast)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=now())
    Account.objects.filter(pk=call.lead.account_id).update(owner=cast.chika, team=cast.chika.team)
    address = reverse("account", args=[call.lead.account_id])
    assert TimelineEntry.objects.visible_to(cast.chika).filter(kind="praise").exists(), "the entry stands with the company, which she sees"
    assert "for the call" in signed_in(cast.ada).get(address).content.decode()
    page = signed_in(cast.chika).get(f"{address}?kind=praise").content.decode()
    assert "通話について" not in page


def test_a_timeline_of_much_praise_costs_as_many_questions_as_one_of_little(cast: Cast) -> None:
    call = talked(cast)
    client, address = signed_in(cast.ada), reverse("lead", args=[call.lead_id])

    def n_questions(n: int) -> int:
        for nth in range(n):
            praises.give(cast.ivo, deed=f"Deed number {nth} of many.", lead=call.lead, by=by(cast.ruth), at=now())
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    n_questions(1)
    assert n_questions(1) == n_questions(10)
