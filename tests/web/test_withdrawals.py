"""Whoever gets advertising ends it by the link in it: one press, no sign-in, written down with what shows it; and nobody else ends it for them."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import organisation
from tasuki.core.organisation import the_organisation
from tasuki.crm.contacts import Channel, Consent, ConsentState, Contact
from tasuki.engage import consents, contact_rules, letters, mail, withdrawals
from tasuki.engage.consents import Word
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.message_rows import LONGEST_SUBJECT, Message, MessageState
from tasuki.engage.permission import Purpose, Refused, may
from tasuki.engage.sequences.enrolments import State, Why
from tasuki.engage.triage import phrases
from tests.cast import SET_UP, Cast
from tests.engage.mailing import MORNING, connected, written
from tests.engage.meeting import lead_in_seoul
from tests.engage.sequences import writing as sequences
from tests.engage.sequences.writing import MAIL
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db
GIVEN = Word(Channel.MAIL, ConsentState.GIVEN, "card at the fair")


@pytest.fixture(autouse=True)
def nobody_has_asked_yet(db: None) -> None:
    cache.clear()


def advertised(cast: Cast) -> Message:
    lead = lead_in_seoul(cast)
    assert lead.contact
    consents.record(lead.contact, word=GIVEN, by=SET_UP, at=MORNING)
    return written(cast, lead, purpose=Purpose.MARKETING, to_contact=Contact.objects.for_page().get(pk=lead.contact_id))


def path_of(message: Message) -> str:
    return urlsplit(withdrawals.link_of(message)).path


def parsed(message: Message) -> Any:
    return message_from_bytes(letters.composed(message, at=MORNING), policy=policy.default)


def words(message: Message) -> list[Consent]:
    return list(Consent.objects.filter(contact=message.contact, channel=Channel.MAIL, state=ConsentState.WITHDRAWN))


def test_advertising_ends_by_a_link_in_their_language_and_what_one_writes_to_another_has_none(cast: Cast) -> None:
    message = advertised(cast)
    letter, own = parsed(message), parsed(written(cast, lead_in_seoul(cast, 2), subject="Tomorrow"))
    assert letter["List-Unsubscribe"] == f"<{withdrawals.link_of(message)}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert withdrawals.link_of(message) in letter.get_content()
    assert "로그인" in letter.get_content().split("shall we talk?")[1]
    assert own["List-Unsubscribe"] is None
    assert "no-mail" not in own.get_content()


def test_advertising_to_korea_is_marked_once_and_every_letter_of_it_says_who_sends_it_from_where(cast: Cast) -> None:
    organisation.change(the_organisation(), postal_address="10 Haneul-daero, Seoul\r\nBcc: all@gaon.example", by=SET_UP, at=MORNING)
    message, own = advertised(cast), written(cast, lead_in_seoul(cast, 2), subject="Tomorrow")
    letter = parsed(message)
    assert (message.subject, letter["Subject"]) == ("(광고) Night session", "(광고) Night session")
    assert f"· 10 Haneul-daero, Seoul Bcc: all@gaon.example · {message.mailbox.address}\r\n" in letter.get_content()
    assert letter["Bcc"] is None
    assert "Haneul-daero" not in parsed(own).get_content()
    assert own.subject == "Tomorrow"
    again = mail.answer_subject(message)
    assert mail.marked(again, contact=message.contact, purpose=Purpose.MARKETING) == "(광고) Re: Night session"
    assert len(mail.marked("x" * LONGEST_SUBJECT, contact=message.contact, purpose=Purpose.MARKETING)) == LONGEST_SUBJECT


def test_where_no_country_asks_for_a_mark_there_is_none(cast: Cast) -> None:
    message = advertised(cast)
    assert message.contact
    assert message.contact.account
    accounts_row = type(message.contact.account).objects.filter(pk=message.contact.account_id)
    accounts_row.update(country="JP")
    contact = Contact.objects.for_page().get(pk=message.contact_id)
    assert mail.marked("Hello", contact=contact, purpose=Purpose.MARKETING) == "Hello"
    rule = ContactRule.objects.get(country="JP")
    contact_rules.change(rule, said={"subject_mark": "未承諾広告"}, by=SET_UP, at=MORNING)
    assert mail.marked("Hello", contact=contact, purpose=Purpose.MARKETING) == "未承諾広告 Hello"


def test_one_press_ends_it_stands_in_the_ledger_with_what_shows_it_and_twice_is_once(cast: Cast) -> None:
    message, client = advertised(cast), Client()
    page = client.get(path_of(message))
    text = page.content.decode()
    assert (page.status_code, page["Referrer-Policy"], page["Cache-Control"], words(message)) == (200, "same-origin", "no-store", [])
    assert '<html lang="ko"' in text
    assert not any(word in text for word in (message.address, "서윤", "가온증권", cast.ivo.display_name)), "letters are forwarded"
    for _nth in range(2):
        assert "s•••@gaon.example" in client.post(path_of(message)).content.decode()
    (word,) = words(message)
    assert (word.way, word.recorded_by, message.message_id in word.evidence, message.address in word.evidence) == ("link", None, True, False)
    assert message.contact
    contact = Contact.objects.for_page().get(pk=message.contact_id)
    answer = may(contact, channel=Channel.MAIL, at=now(), purpose=Purpose.PERSONAL)
    assert isinstance(answer, Refused)
    assert answer.code == "refused"
    assert "link" in signed_in(cast.ivo).get(reverse("contact", args=[contact.pk])).content.decode()


def test_a_sequence_stops_and_what_waits_of_it_does_not_go_out(cast: Cast) -> None:
    connected(cast.ivo)
    member = sequences.enrolled(cast, sequences.person(cast), sequences.sequence_of(MAIL))
    sequences.tick()
    (letter,) = sequences.letters(member)
    Client().post(path_of(letter))
    assert (sequences.fresh(member).state, sequences.fresh(member).why) == (State.STOPPED, Why.OPT_OUT)
    assert [one.state for one in sequences.letters(member)] == [MessageState.WITHDRAWN]


def test_consent_is_written_down_for_a_purpose(cast: Cast) -> None:
    contact = lead_in_seoul(cast).contact
    assert contact
    said = {"channel": "phone", "state": "given", "purpose": "personal", "how": "asked to be called back"}
    client = signed_in(cast.ivo)
    client.post(reverse("contact_consents", args=[contact.pk]), said)
    assert Consent.objects.get(contact=contact).purpose == Purpose.PERSONAL
    assert "person to person only" in client.get(reverse("contact", args=[contact.pk])).content.decode()
    assert client.post(reverse("contact_consents", args=[contact.pk]), {**said, "purpose": "anything"}).status_code == 422


def test_a_mail_program_ends_it_with_its_own_button(cast: Cast) -> None:
    message = advertised(cast)
    client = Client(enforce_csrf_checks=True)
    assert client.post(path_of(message), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [word.how for word in words(message)] == ["by the button of their mail program"]


def test_who_agrees_anew_can_end_it_anew_by_the_old_link(cast: Cast) -> None:
    message = advertised(cast)
    Client().post(path_of(message))
    assert message.contact
    consents.record(message.contact, word=GIVEN, by=SET_UP, at=now())
    assert "It is done" not in Client().get(path_of(message), headers={"Accept-Language": "en"}).content.decode()
    Client().post(path_of(message))
    assert len(words(message)) == 2


@pytest.mark.parametrize("token", ["x", "WzFd:abc", "WzFd", ":", "a:b:c", "W10:x", "%00", "9" * 500])
def test_a_forged_link_ends_nothing_and_says_nothing(cast: Cast, token: str) -> None:
    advertised(cast)
    for verb in (Client().get, Client().post):
        assert verb(f"/no-mail/{token}").status_code in {400, 410}
    assert not Consent.objects.filter(state=ConsentState.WITHDRAWN).exists()


def test_the_link_of_a_personal_letter_is_none(cast: Cast) -> None:
    message = advertised(cast)
    path = path_of(message)
    Message.objects.filter(pk=message.pk).update(purpose=Purpose.PERSONAL)
    assert Client().post(path).status_code == 410


def test_who_asks_too_often_waits(cast: Cast) -> None:
    path = path_of(advertised(cast))
    # Sixty a minute of the clock, which may turn on the way.
    assert 429 in [Client().get(path).status_code for _nth in range(2 * 60 + 2)]


def test_what_stands_below_the_letter_reads_like_no_wish_of_whoever_quotes_it(cast: Cast) -> None:
    message = advertised(cast)
    lines = set()
    for language in ("en", "ko", "ja"):
        Contact.objects.filter(pk=message.contact_id).update(language=language)
        lines.add(withdrawals.line_of(Message.objects.for_page().get(pk=message.pk)))
    assert len(lines) == 3
    assert not [line for line in lines if phrases.of("wish", "silence").search(line)]
