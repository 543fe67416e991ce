"""Mail in a real browser, with a real server to send by and a real one to read from: a mailbox is connected, a letter goes out, and its answer is
read on the timeline; a sequence is written, leads are enrolled from their list, and an answer stops it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import format_datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.engage import inbox, mailboxes, outbox
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import sweeping
from tasuki.engage.sequences.definitions import Sequence
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tests.cast import Cast, assemble
from tests.engage import post_office
from tests.engage.calling import open_day_and_night
from tests.engage.mailing import ADDRESS, PASSWORD, connected
from tests.engage.post_office import Dovecot, Exchange
from tests.engage.sequences.writing import person
from tests.engage.test_inbox import letter
from tests.web.browsing import sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Town:
    """The cast, the post office, and the people that letters go to, by number."""

    cast: Cast
    office: Exchange
    dovecot: Dovecot

    def answer(self, message: Message, words: str) -> None:
        """What the person writes back within the hour lies in Ivo's box, and is read."""
        at = message.at + timedelta(hours=1)
        raw = message_from_bytes(letter(words, sender=message.address, answers=message))
        raw.replace_header("Date", format_datetime(at))
        self.dovecot.put("ivo", raw.as_bytes())
        self.read(at=at)

    def read(self, *, at: datetime) -> None:
        Mailbox.objects.update(read_retry_at=None)
        while inbox.read_next(at=at):
            pass


@pytest.fixture
def town(transactional_db: None, settings: Any) -> Iterator[Town]:
    settings.MAIL_HOSTS = frozenset({"127.0.0.1", "localhost"})
    cast = assemble()
    with post_office.dovecot() as dovecot, post_office.exchange(dovecot) as office:
        yield Town(cast, office, dovecot)


def clean(page: Any) -> None:
    assert violations(page) == [], page.url


def send(at: datetime) -> None:
    while outbox.send_next(at=at):
        pass


@pytest.mark.usefixtures("refusals")
def test_a_mailbox_is_connected_a_letter_goes_out_and_its_answer_is_read(page: Any, live_server: Any, town: Town) -> None:
    lead = person(town.cast)
    open_day_and_night()
    sign_in(page, live_server, town.cast.ivo).goto(live_server.url + reverse("mailbox"))
    connect(page, town)
    page.goto(live_server.url + reverse("lead", args=[lead.pk]))
    write(page)
    send(now() + timedelta(minutes=1))
    message = Message.objects.for_page().get()
    page.reload()
    page.locator(".record-head .tag", has_text="sent").wait_for()
    assert town.office.taken[message.message_id] == 1
    assert (town.office.letters[-1]["To"], town.office.letters[-1]["Subject"]) == ("한 서윤1 <seoyun1@gaon1.example>", "To 가온증권 1")
    town.answer(message, "다음 주 화요일 어떠세요?\n\n2026년 3월 2일 (월) Ivo Horvat <ivo@tasuki.example>님이 작성:\n> Hello 한 서윤1,\n> shall we talk?\n")
    page.goto(live_server.url + reverse("lead", args=[lead.pk]))
    entry = page.locator(".event", has_text="다음 주 화요일 어떠세요?")
    assert "shall we talk" not in entry.inner_text()
    entry.get_by_role("link").first.click()
    page.locator(".mail-thread").wait_for()
    assert [one.strip() for one in page.locator(".mail-thread > li > .mail-words").all_inner_texts()] == [
        "Hello 한 서윤1,\nshall we talk?",
        "다음 주 화요일 어떠세요?",
    ]
    clean(page)
    page.locator("#triage").get_by_role("link", name="Reply").click()
    assert page.input_value("[name=subject]").startswith("Re: ")
    lead.refresh_from_db()
    assert lead.stage_id == stages.CONNECTED


def connect(page: Any, town: Town) -> None:
    said = {
        "address": ADDRESS, "smtp_host": "127.0.0.1", "smtp_port": town.office.port, "smtp_login": "ivo", "smtp_password": "not this one",
        "imap_host": "127.0.0.1", "imap_port": town.dovecot.port,
    }  # fmt: skip
    for side in ("smtp", "imap"):
        page.select_option(f"[name={side}_security]", "none")
    for name, value in said.items():
        page.fill(f"[name={name}]", str(value))
    page.click("text=Connect and try it out")
    page.locator("text=being tried…").first.wait_for()
    inbox.try_out(at=now())
    page.reload()
    page.locator(".tag", has_text="does not work").wait_for()
    clean(page)
    page.fill("[name=smtp_password]", PASSWORD)
    page.click("text=Keep and try it out")
    page.locator("text=being tried…").first.wait_for()
    assert inbox.try_out(at=now())
    town.read(at=now())
    page.reload()
    page.locator("text=It was read back.").wait_for()
    assert page.locator(".tag", has_text="works").inner_text() == "works"
    assert PASSWORD not in page.content()


def write(page: Any) -> None:
    page.click("text=Write a mail")
    page.fill("[name=subject]", "To {account}")
    page.fill("[name=text]", "Hello {nmae},\nshall we talk?")
    clean(page)
    page.click(".mail-form button:has-text('Send')")
    page.locator("text=stands for nothing").wait_for()
    page.fill("[name=text]", "Hello {name},\nshall we talk?")
    page.click(".mail-form button:has-text('Send')")
    page.locator(".mail-thread").wait_for()


def test_a_sequence_is_written_leads_go_through_it_and_an_answer_stops_it(page: Any, live_server: Any, town: Town) -> None:
    leads = [person(town.cast, nth) for nth in (1, 2)]
    open_day_and_night()
    connected(town.cast.ivo, smtp_port=town.office.port, imap_port=town.dovecot.port, at=now())
    assert mailboxes.of(town.cast.ivo)
    sign_in(page, live_server, town.cast.ruth).goto(live_server.url + reverse("sequences"))
    publish(page)
    sign_in(page, live_server, town.cast.ivo).goto(live_server.url + reverse("leads"))
    enrol_all(page, leads)
    due_at = Enrolment.objects.order_by("due_at").values_list("due_at", flat=True)[0]
    assert due_at
    sweeping.sweep(at=due_at)
    send(due_at + timedelta(minutes=1))
    first = Message.objects.for_page().get(lead=leads[0])
    assert (first.state, first.subject, town.office.taken[first.message_id]) == ("sent", "(광고) Night session", 1)
    call_is_due_today(page, live_server, leads)
    town.answer(first, "다음 주 화요일 어떠세요?")
    page.reload()
    assert page.locator(".seq-due .link.medium").all_inner_texts() == [leads[1].title], "nobody calls whoever has answered"
    page.click(".seq-due button:has-text('Done')")
    page.locator("text=Nothing is due").wait_for()
    clean(page)
    page.goto(live_server.url + reverse("sequence_members", args=[Sequence.objects.get().pk]))
    answered, other = (page.locator("tbody tr", has_text=lead.title).inner_text() for lead in leads)
    assert "stopped" in answered
    assert "active" in other
    clean(page)
    page.goto(live_server.url + reverse("lead", args=[leads[0].pk]))
    page.locator(".seq-member .tag", has_text="stopped").wait_for()
    clean(page)


def publish(page: Any) -> None:
    """A mail at once, and a call on the same day."""
    page.click("summary:has-text('Write a sequence')")
    page.fill("[name=name]", "Night session")
    page.click("button:has-text('Write a sequence')")
    for kind, said in (("mail", {"A-subject": "Night session", "A-text": "Hello {name}"}), ("call", {"n_days": "0", "words": "Ask about the night"})):
        page.wait_for_url("**/draft")
        page.select_option("[name=kind]", kind)
        page.click(".seq-add button")
        page.wait_for_url(re.compile(r"/sequences/steps/\d+$"))
        for name, value in said.items():
            page.fill(f"[name={name}]", value)
        clean(page)
        page.click("button:has-text('Save')")
    page.wait_for_url("**/draft")
    clean(page)
    page.click("button:has-text('Publish')")
    page.locator("text=Version 1 is in force").wait_for()
    clean(page)


def enrol_all(page: Any, leads: list[Lead]) -> None:
    for _lead in leads:
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.click("#bulk summary:has-text('Enrol in a sequence')")
    page.select_option("[name=enrol-sequence]", label="Night session")
    page.click("#bulk button:has-text('Enrol in a sequence')")
    page.locator("flash-toast", has_text="2 rows are changed.").wait_for()
    assert set(Enrolment.objects.values_list("lead", flat=True)) == {lead.pk for lead in leads}


def call_is_due_today(page: Any, live_server: Any, leads: list[Lead]) -> None:
    """Whatever the hour and the day of this test is: what came due in the hours of the recipients is due today."""
    for due_at in Enrolment.objects.filter(due_at__isnull=False).values_list("due_at", flat=True):
        sweeping.sweep(at=due_at)
    Deed.objects.to_do().update(due_on=now().date(), begun_at=now())
    page.goto(live_server.url + reverse("steps_due"))
    assert set(page.locator(".seq-due .link.medium").all_inner_texts()) == {lead.title for lead in leads}
    clean(page)
