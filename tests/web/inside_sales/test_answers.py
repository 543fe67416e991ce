"""The queue of answers: what waits for a word rests on no notification; one after the other is said, and whoever leads sees who waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.engage import mailboxes
from tasuki.engage.message_rows import Message, MessageKind
from tasuki.engage.triage import waiting
from tasuki.engage.triage.rows import ReplyTriage
from tasuki.engage.triage.waiting import Whose
from tasuki.web.inside_sales import answers
from tests.cast import SET_UP, Cast, hired
from tests.engage.mailing import connected
from tests.engage.sequences.writing import person
from tests.web.office import signed_in
from tests.web.test_triage import answer

pytestmark = pytest.mark.django_db


def page_of(client: Client, **asked: Any) -> str:
    shown = client.get(reverse("answers"), asked)
    assert shown.status_code == 200
    return shown.content.decode()


def row_of(message: Message) -> ReplyTriage:
    return ReplyTriage.objects.get(message=message)


def at_hand(page: str) -> str:
    """The name of whoever's answer is open."""
    found = re.search(r'<h2 id="at-hand"><a [^>]*>(?:<bdi[^>]*>|<span[^>]*>)*([^<]+)', page)
    return found[1] if found else ""


def in_the_queue(page: str) -> list[str]:
    return re.findall(r'<b class="medium clip">(?:<bdi[^>]*>|<span[^>]*>)*([^<]+)', page)


def then_of(page: str) -> str:
    """Where a word on the one at hand leads."""
    return re.findall(r'name="next" value="([^"]+)"', page.partition("triage-choices")[2])[0].replace("&amp;", "&")


def three(cast: Cast) -> tuple[list[Lead], list[Message]]:
    people = [person(cast, nth) for nth in (1, 2, 3)]
    said = ("Too expensive for us.", "Sounds good", "…")
    return people, [answer(cast, lead, words, nth=3 - nth) for nth, (lead, words) in enumerate(zip(people, said, strict=True))]


def named(people: list[Lead]) -> list[str]:
    return [one.contact.display_name for one in people if one.contact]


def test_who_has_waited_longest_is_first_and_after_a_word_the_next_one_stands_there(cast: Cast) -> None:
    people, messages = three(cast)
    first, second, third = reversed(named(people))
    client = signed_in(cast.ivo)
    page = page_of(client)
    assert in_the_queue(page) == [first, second, third]
    assert at_hand(page) == first
    assert "3 wait for a word" in page
    then = then_of(page)
    left = client.post(reverse("answer_say", args=[row_of(messages[2]).pk]), {"as": "not_now", "next": then})
    assert left["Location"] == then
    page = client.get(then).content.decode()
    assert at_hand(page) == second
    assert in_the_queue(page) == [second, third]
    assert "The answer counts as: not now." in page
    assert row_of(messages[2]).said_by == cast.ivo
    undo = reverse("message_triage_undoing", args=[messages[2].pk])
    assert undo in page, "a slip of the finger is taken back from the next page"
    client.post(undo, {"next": then})
    assert in_the_queue(page_of(client)) == [first, second, third]


def test_the_keys_lead_to_the_neighbours_and_enter_to_the_whole_mail(cast: Cast) -> None:
    people, messages = three(cast)
    client, middle = signed_in(cast.ivo), row_of(messages[1])
    page = page_of(client, at=middle.pk)
    assert at_hand(page) == named(people)[1]
    neighbours = {key: href for href, key in re.findall(r'href="([^"]+)" data-press="([jk])"', page)}
    assert f"at={row_of(messages[0]).pk}" in neighbours["j"]
    assert f"at={row_of(messages[2]).pk}" in neighbours["k"]
    assert f'<a class="link-quiet" href="{reverse("message", args=[messages[1].pk])}" autofocus>' in page
    assert 'value="positive" data-press="y"' in page, "K walks here, so that another key confirms"
    last = page_of(client, at=row_of(messages[0]).pk)
    assert 'data-press="j"' not in last


def test_what_the_rules_know_nothing_of_is_a_class_to_look_at_too(cast: Cast) -> None:
    people, _messages = three(cast)
    client = signed_in(cast.ivo)
    assert in_the_queue(page_of(client, **{"class": "objection"})) == [named(people)[0]]
    unclear = page_of(client, **{"class": "unclear"})
    assert in_the_queue(unclear) == [named(people)[2]]
    assert "the rules know nothing of it" in unclear
    assert "No answer of this kind waits" in page_of(client, **{"class": "referral"})
    assert len(in_the_queue(page_of(client, **{"class": "brilliant", "who": "x", "after": "9" * 30, "at": "-1", "whose": "everybody"}))) == 3


def test_what_is_clear_by_itself_and_what_was_said_never_comes_here(cast: Cast) -> None:
    lead = person(cast)
    for kind in (MessageKind.AUTO_REPLY, MessageKind.BOUNCE, MessageKind.UNSUBSCRIBE):
        message = answer(cast, lead, "unsubscribe" if kind == MessageKind.UNSUBSCRIBE else "Hello", nth=len(kind.value))
        ReplyTriage.objects.filter(message=message).update(is_clear=True)
    silent = answer(cast, person(cast, 2), "Please unsubscribe me")
    assert row_of(silent).is_clear
    said = answer(cast, person(cast, 3), "Sounds good")
    client = signed_in(cast.ivo)
    client.post(reverse("answer_say", args=[row_of(said).pk]), {"as": "positive"})
    assert "No answer waits for a word" in page_of(client)


def test_an_answer_about_a_pass_that_is_over_and_one_of_a_person_without_a_lead_wait_for_whoever_was_written_to(cast: Cast) -> None:
    lead, other = person(cast), person(cast, 2)
    leads.disqualify(lead, reason="Closed down", by=SET_UP, at=now() - timedelta(days=1))
    leads.give(lead, to=None, team=cast.field_sales, by=SET_UP, at=now() - timedelta(days=1))
    message, stray = answer(cast, lead, "Not interested"), answer(cast, other, "Who are you?")
    Message.objects.filter(pk=stray.pk).update(lead=None)
    assert set(waiting.of(cast.ivo, whose=Whose.OWN)) == {row_of(message), row_of(stray)}
    assert waiting.n_own(cast.ivo) == 2
    page = page_of(signed_in(cast.ivo), at=row_of(stray).pk)
    assert reverse("contact", args=[other.contact_id]) in page


def test_whoever_has_the_lead_has_the_answer_also_in_sales(cast: Cast) -> None:
    lead = person(cast)
    message = answer(cast, lead, "Sounds good")
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=SET_UP, at=now())
    assert waiting.n_own(cast.saori) == 1
    assert waiting.n_own(cast.ivo) == 0
    assert in_the_queue(page_of(signed_in(cast.saori)))
    assert "My team" not in page_of(signed_in(cast.saori)), "field sales sees its own leads"
    assert signed_in(cast.saori).post(reverse("answer_say", args=[row_of(message).pk]), {"as": "positive"}).status_code == 302


def test_whoever_leads_people_sees_how_many_wait_for_each_and_how_long(cast: Cast) -> None:
    leila = hired("leila", "Haddad", "Leila", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    people, messages = three(cast)
    leads.give(people[0], to=leila, team=cast.inside_sales, by=SET_UP, at=now())
    moment = now()
    for hours, message in zip((2, 5, 9), messages, strict=True):
        ReplyTriage.objects.filter(message=message).update(came_at=moment - timedelta(hours=hours))
    found = waiting.by_person(waiting.of(cast.ruth, whose=Whose.TEAM), at=moment)
    assert [(one.person, one.n) for one in found] == [(cast.ivo, 2), (leila, 1)]
    assert [round(one.half.total_seconds() / 3600) for one in found] == [7, 2]
    ruth = signed_in(cast.ruth)
    page = page_of(ruth, whose="team")
    assert "How many wait, and how long" in page
    assert "9 h" in page
    assert in_the_queue(page_of(ruth, whose="team", who=leila.pk)) == [named(people)[0]]
    assert len(in_the_queue(page_of(signed_in(cast.ada), whose="all"))) == 3
    his = page_of(signed_in(cast.ivo), whose="team")
    assert len(in_the_queue(his)) == 3, "his team's leads are his to see"
    assert "How many wait, and how long" not in his
    assert len(in_the_queue(page_of(signed_in(cast.ivo), whose="all"))) == 2, "nobody sees further than their leads"


def test_pages_follow_each_other_without_a_gap_also_where_two_came_at_once(cast: Cast) -> None:
    lead = person(cast)
    rows = [row_of(answer(cast, lead, "Sounds good", nth=nth)) for nth in range(answers.PAGE + 3)]
    at_once = [row.pk for row in rows[answers.PAGE - 2 : answers.PAGE + 2]]
    ReplyTriage.objects.filter(pk__in=at_once).update(came_at=rows[answers.PAGE - 2].came_at)
    client, found, address = signed_in(cast.ivo), [], reverse("answers")
    while address:
        page = client.get(address).content.decode()
        found += [int(pk) for pk in re.findall(r'<li[^>]*><a href="[^"]*at=(\d+)"', page)]
        further = re.search(r'href="([^"]+)" rel="next">Further', page)
        address = further[1].replace("&amp;", "&") if further else ""
    assert found == list(ReplyTriage.objects.order_by("came_at", "pk").values_list("pk", flat=True))
    last = page_of(client, at=found[answers.PAGE - 1])
    assert f"after={found[answers.PAGE - 1]}" in then_of(last), "after the last of a page the next page begins"


def test_what_a_colleague_has_said_in_the_meantime_stays(cast: Cast) -> None:
    message = answer(cast, person(cast), "Sounds good")
    address = reverse("answer_say", args=[row_of(message).pk])
    signed_in(cast.ruth).post(address, {"as": "objection"})
    client = signed_in(cast.ivo)
    assert client.post(address, {"as": "positive"})["Location"] == reverse("answers")
    assert row_of(message).reply_class == "objection"
    assert "Ruth Adeyemi has said it in the meantime: objection." in page_of(client)


def test_twelve_rows_ask_as_often_as_two(cast: Cast) -> None:
    connected(cast.ivo)
    for nth in (1, 2):
        answer(cast, person(cast, nth), "Sounds good")
    client = signed_in(cast.ruth)

    def asked() -> int:
        page_of(client, whose="team")
        with CaptureQueriesContext(connection) as queries:
            page_of(client, whose="team")
        return len(queries)

    two = asked()
    for nth in range(3, 13):
        answer(cast, person(cast, nth), "Sounds good")
    assert asked() == two


def test_the_rail_counts_those_that_wait_for_its_reader_in_one_question(cast: Cast) -> None:
    answer(cast, person(cast), "Sounds good")
    rail = signed_in(cast.ivo).get(reverse("home")).content.decode().partition('<div class="rail-items">')[2].partition("</nav>")[0]
    assert re.search(r'Answers<span class="rail-count"><span class="sr">: </span>1</span>', rail)
    assert "rail-count" not in signed_in(cast.ruth).get(reverse("home")).content.decode()
    with CaptureQueriesContext(connection) as queries:
        assert waiting.n_own(cast.ivo) == 1
    assert len(queries) == 1


def test_an_empty_queue_teaches_and_says_what_is_missing(cast: Cast) -> None:
    page = page_of(signed_in(cast.ivo))
    assert reverse("mailbox") in page
    assert "yours is not connected" in page
    connected(cast.ivo)
    page = page_of(signed_in(cast.ivo))
    assert "until somebody has said what the answer is" in page
    assert "/handbook/inside-sales#answers" in page


def test_the_outsider_and_whoever_reads_no_mail_are_refused(cast: Cast) -> None:
    message = answer(cast, person(cast), "Sounds good")
    coach = hired("cora", "Berg", "Cora", role=Role.COACH, team=cast.inside_sales)
    for somebody in (cast.tomas, coach):
        client = signed_in(somebody)
        assert client.get(reverse("answers")).status_code == 403
        assert client.post(reverse("answer_say", args=[row_of(message).pk]), {"as": "positive"}).status_code == 403
        assert waiting.n_own(somebody) == 0
    assert signed_in(cast.saori).post(reverse("answer_say", args=[row_of(message).pk]), {"as": "positive"}).status_code == 404
    assert signed_in(cast.ivo).post(reverse("answer_say", args=[row_of(message).pk]), {"as": "brilliant"}).status_code == 422
    assert Client().get(reverse("answers")).status_code == 302
    assert row_of(message).said_at is None
    assert mailboxes.of(cast.ivo)
