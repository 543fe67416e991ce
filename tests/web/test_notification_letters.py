"""Notifications by mail: at once or in the morning, in the reader's language, never of what they may not see, and ended with one press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import Settings

from tasuki.core import calendars, people
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.outgoing_mail import MailServer
from tasuki.core.people import User
from tasuki.crm import following, leads, notes, notification_mail, notifications, stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification, Way
from tasuki.crm.tasks import Task
from tasuki.web.notification_letters import SILENCE_LASTS, post_what_waits, silence_token, silenced
from tests.cast import SET_UP, Cast
from tests.web import postbox as postbox_
from tests.web.office import lead_of, signed_in
from tests.web.postbox import Postbox, free_port, opened

pytestmark = pytest.mark.django_db

# A Tuesday that is a business day in Korea, ten in the morning in Seoul.
TUESDAY = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


@pytest.fixture
def postbox(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    settings.SITE = "https://tasuki.gaon.example/"
    with opened(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        settings.MAIL = MailServer("localhost", box.port, "tasuki@gaon.example", "smtp+starttls", postbox_.USER, postbox_.PASSWORD)
        yield box


def web(person: User) -> By:
    return By(person, Door.WEB)


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def mention_mina(cast: Cast, lead: Lead, text: str = "@아라 look at the **price**", *, at: datetime = TUESDAY) -> None:
    notes.write(text, by=web(cast.ivo), at=at, lead=lead)


def test_a_mention_is_mailed_once_in_the_readers_language(cast: Cast, postbox: Postbox) -> None:
    lead = lead_of(cast)
    mention_mina(cast, lead)
    assert postbox.letters == [], "nobody who writes a note waits for a mail server"
    for _twice in range(2):
        post_what_waits(at=TUESDAY + timedelta(minutes=1))
    (letter,) = postbox.letters
    assert letter["To"] == "mina@example.com"
    assert str(letter["Subject"]).strip() == "Ivo Horvat 님이 회원님을 멘션했습니다: 한서윤"
    for kind in ("plain", "html"):
        assert f"https://tasuki.gaon.example{reverse('lead', args=[lead.pk])}#entry-" in text_of(letter, kind)
        assert "look at the price" in text_of(letter, kind)
    assert 'lang="ko"' in text_of(letter, "html")
    assert Notification.objects.get(person=cast.mina).read_at is None, "a letter is not the page"


def test_what_is_not_addressed_to_a_person_is_not_mailed(cast: Cast, postbox: Postbox) -> None:
    lead = lead_of(cast)
    following.follow(lead, by=web(cast.mina), at=TUESDAY)
    leads.advance(lead, to=stages.BOOKED, by=web(cast.ivo), at=TUESDAY)
    notes.write("no name", by=web(cast.ivo), at=TUESDAY, lead=lead)
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 0
    tasks.add(Task(subject="Call", details="soon", owner=cast.mina), by=web(cast.ivo), at=TUESDAY)
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 1
    assert "Call" in str(postbox.letters[0]["Subject"])


def test_several_at_once_are_one_letter(cast: Cast, postbox: Postbox) -> None:
    for nth in range(3):
        mention_mina(cast, lead_of(cast, nth))
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 1
    assert postbox.letters[0]["Subject"] == "알림 3건"


def test_what_was_read_or_taken_away_is_not_mailed(cast: Cast, postbox: Postbox) -> None:
    read, lost = lead_of(cast, 1), lead_of(cast, 2)
    mention_mina(cast, read)
    notifications.read_about(cast.mina, lead=read, at=TUESDAY)
    leads.give(lost, to=cast.saori, team=cast.field_sales, by=web(cast.ruth), at=TUESDAY)
    notes.write("@西野 secret", by=web(cast.ruth), at=TUESDAY, lead=lost)
    leads.give(lost, to=cast.chika, team=cast.success, by=web(cast.ruth), at=TUESDAY)
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 0
    assert postbox.letters == []


@pytest.mark.parametrize(
    ("at", "morning"),
    [
        ("2026-03-10T06:59", "2026-03-09T07:00"),
        ("2026-03-10T07:00", "2026-03-10T07:00"),
        ("2026-03-08T12:00", "2026-03-06T07:00"),  # a Sunday
        ("2026-03-02T12:00", "2026-02-27T07:00"),  # a public holiday after a weekend
        ("2026-03-03T07:01", "2026-03-03T07:00"),
    ],
)
def test_the_morning_is_seven_oclock_of_a_business_day_where_the_person_is(cast: Cast, at: str, morning: str) -> None:
    seoul = ZoneInfo("Asia/Seoul")
    found = notification_mail.last_morning(cast.mina, at=datetime.fromisoformat(at).replace(tzinfo=seoul), hours=hours_of_the_house())
    assert found == datetime.fromisoformat(morning).replace(tzinfo=seoul)


def test_where_no_day_is_open_no_morning_comes_and_other_letters_go(cast: Cast, postbox: Postbox) -> None:
    by = By(cast.ada, Door.WEB)
    calendars.make_default(calendars.add("Never", time_zone="Asia/Seoul", country="KR", week={}, by=by, at=TUESDAY), by=by, at=TUESDAY)
    mention_mina(cast, lead_of(cast))
    notifications.choose(cast.saori, ways={Happening.TASK: Way.DIGEST})
    tasks.add(Task(subject="Call", owner=cast.saori), by=By(cast.ivo, Door.WEB), at=TUESDAY)
    assert Notification.objects.filter(person=cast.saori, way=Way.DIGEST).exists()
    assert post_what_waits(at=TUESDAY + timedelta(days=1)) == 1
    assert len(postbox.letters) == 1


def test_the_mail_of_the_morning_brings_what_came_before_it(cast: Cast, postbox: Postbox) -> None:
    notifications.choose(cast.mina, ways={Happening.MENTION: Way.DIGEST})
    seoul = ZoneInfo("Asia/Seoul")
    monday, tuesday = datetime(2026, 3, 9, tzinfo=seoul), datetime(2026, 3, 10, tzinfo=seoul)
    mention_mina(cast, lead_of(cast, 1), "@아라 evening", at=monday.replace(hour=21))
    mention_mina(cast, lead_of(cast, 2), "@아라 early", at=tuesday.replace(hour=8))
    assert post_what_waits(at=tuesday.replace(hour=6, minute=59)) == 0
    assert post_what_waits(at=tuesday.replace(hour=9)) == 1
    assert "evening" in text_of(postbox.letters[0])
    assert "early" not in text_of(postbox.letters[0])
    assert post_what_waits(at=tuesday.replace(hour=23)) == 0
    assert post_what_waits(at=tuesday.replace(day=11, hour=7)) == 1


def test_a_server_that_is_away_is_tried_again_and_given_up_after_a_day(cast: Cast, postbox: Postbox, settings: Settings) -> None:
    mention_mina(cast, lead_of(cast))
    there = settings.MAIL
    settings.MAIL = MailServer("localhost", free_port(), "tasuki@gaon.example")
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 0
    settings.MAIL = there
    assert post_what_waits(at=TUESDAY + timedelta(minutes=2)) == 1
    mention_mina(cast, lead_of(cast, 2))
    settings.MAIL = None
    assert post_what_waits(at=TUESDAY + timedelta(days=1, minutes=1)) == 0
    settings.MAIL = there
    assert post_what_waits(at=TUESDAY + timedelta(days=1, minutes=2)) == 0, "nobody wants a letter of yesterday"


def test_nobody_who_has_left_gets_mail(cast: Cast, postbox: Postbox) -> None:
    mention_mina(cast, lead_of(cast))
    people.leave(cast.mina, by=SET_UP, at=TUESDAY)
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 0


def silence_link(letter: EmailMessage) -> str:
    links = set(re.findall(r"https://tasuki\.gaon\.example(/notifications/silence/[^\s\"<>]+)", text_of(letter) + text_of(letter, "html")))
    assert len(links) == 1
    assert str(letter["List-Unsubscribe"]).strip() == f"<https://tasuki.gaon.example{next(iter(links))}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return links.pop()


def test_mails_are_ended_from_a_mail_without_signing_in(cast: Cast, client: Client, postbox: Postbox) -> None:
    mention_mina(cast, lead_of(cast))
    post_what_waits(at=TUESDAY + timedelta(minutes=1))
    token = silence_token(cast.mina, [Happening.MENTION], until=now() + SILENCE_LASTS)
    assert silence_link(postbox.letters[0])
    address = reverse("notification_silence", args=[token])
    page = client.get(address)
    assert page.status_code == 200
    assert "메모에서 멘션됨" in page.content.decode()
    assert notifications.ways_of(cast.mina)["mention"] == "mail", "looking changes nothing"
    assert Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert notifications.ways_of(cast.mina)["mention"] == "page"
    assert notifications.ways_of(cast.mina)["task"] == "mail", "and nothing else"
    mention_mina(cast, lead_of(cast, 2))
    assert post_what_waits(at=TUESDAY + timedelta(minutes=2)) == 0
    assert notifications.n_unread(cast.mina) == 2


def test_a_forged_or_old_link_ends_nothing(cast: Cast, client: Client) -> None:
    good = silence_token(cast.mina, [Happening.MENTION], until=TUESDAY)
    assert silenced(good, at=TUESDAY) == (cast.mina, [Happening.MENTION])
    assert silenced(good, at=TUESDAY + timedelta(seconds=1)) is None
    for token in (good, good[:-2] + "xx", "x"):
        answer = client.post(reverse("notification_silence", args=[token]))
        assert answer.status_code == 410
    assert notifications.ways_of(cast.mina)["mention"] == "mail"


def test_a_hostile_title_breaks_no_header_and_no_letter(cast: Cast, postbox: Postbox) -> None:
    lead = lead_of(cast, name=("Evil\r\nBcc: all@example.com <b>", "\u202eX"))
    mention_mina(cast, lead, "@아라 <script>alert(1)</script> " + "x" * 5_000)
    assert post_what_waits(at=TUESDAY + timedelta(minutes=1)) == 1
    (letter,) = postbox.letters
    assert letter["Bcc"] is None
    assert len(str(letter["Subject"])) <= 150
    assert "<script>" not in text_of(letter, "html")
    assert "<b>" not in text_of(letter, "html").replace("<b><bdi>", "")


def test_ways_are_chosen_on_a_page_and_wrong_ones_are_refused(cast: Cast) -> None:
    mina = signed_in(cast.mina)
    text = mina.get(reverse("notification_ways")).content.decode()
    assert text.count("<select") == len(Happening)
    said = {happening.value: "page" for happening in Happening} | {"note": "digest", "file": "none"}
    assert mina.post(reverse("notification_ways"), said).status_code == 302
    chosen = notifications.ways_of(cast.mina)
    assert (chosen["mention"], chosen["note"], chosen["file"], chosen["move"]) == ("page", "digest", "none", "page")
    assert mina.post(reverse("notification_ways"), said | {"note": "pigeon"}).status_code == 422
    assert mina.post(reverse("notification_ways"), {"note": "page"}).status_code == 422
    assert notifications.ways_of(cast.mina) == chosen
