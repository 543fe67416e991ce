"""Forgotten passwords and invitations by mail: a real mail server on loopback takes the letters, and their links are followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from tasuki.core import people
from tasuki.core.audit import AuditEntry
from tasuki.core.outgoing_mail import Letter, MailServer
from tasuki.core.people import User
from tasuki.web import letters
from tests.cast import MONDAY, PASSWORD, SET_UP, Cast, with_password
from tests.web import postbox as postbox_
from tests.web.office import signed_in
from tests.web.postbox import Postbox, free_port, opened

pytestmark = pytest.mark.django_db

NEW = "a colder evening inland"
SENT = "If this address belongs to somebody here, a link is on its way."


@pytest.fixture
def postbox(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    with opened(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        settings.MAIL = MailServer("localhost", box.port, "tasuki@gaon.example", "smtp+starttls", postbox_.USER, postbox_.PASSWORD)
        yield box


@pytest.fixture(autouse=True)
def nobody_has_asked_yet(db: None) -> None:
    cache.clear()


def ask(client: Client, email: str, **more: str):  # type: ignore[no-untyped-def]
    return client.post(reverse("account_reset_password"), {"email": email}, HTTP_ACCEPT_LANGUAGE="en", **more)


def work_off() -> None:
    """What a worker does with the letters that wait."""
    for job in ProcrastinateJob.objects.filter(task_name="mail_password_link", status="todo"):
        assert set(job.args) == {"user_id", "until", "site", "was_forgotten"}, "no token and no address waits in the table of jobs"
        letters.mail_password_link(**job.args)


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def link_in(letter: EmailMessage) -> str:
    links = set(re.findall(r"http://testserver(/password/[^\s\"<]+)", text_of(letter) + text_of(letter, "html")))
    assert len(links) == 1
    return str(links.pop())


def set_by_link(client: Client, link: str, password: str = NEW):  # type: ignore[no-untyped-def]
    client.get(link)
    return client.post(reverse("new_password"), {"password": password})


def test_mina_forgot_her_password_and_chooses_another(cast: Cast, client: Client, postbox: Postbox) -> None:
    with_password(cast.mina)
    elsewhere = signed_in(User.objects.get(pk=cast.mina.pk))
    answer = ask(client, " MINA@example.com ")
    assert answer["Location"] == reverse("account_login")
    assert postbox.letters == [], "the page does not wait for the mail server"
    work_off()
    (letter,) = postbox.letters
    assert letter["To"] == "mina@example.com"
    assert letter["From"] == "Tasuki <tasuki@gaon.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert client.post(reverse("account_login"), {"login": "mina@example.com", "password": PASSWORD}).status_code == 302, "asking alone changes nothing"
    client.post(reverse("account_logout"))
    ask(client, "mina@example.com")
    work_off()
    assert set_by_link(client, link_in(postbox.letters[-1]))["Location"] == reverse("account_login")
    assert client.post(reverse("account_login"), {"login": "mina@example.com", "password": PASSWORD}).status_code == 200
    assert client.post(reverse("account_login"), {"login": "mina@example.com", "password": NEW}).status_code == 302
    assert elsewhere.get(reverse("profile")).status_code == 302, "every other session is over"
    trail = AuditEntry.objects.of(cast.mina)
    assert trail.filter(action="forget_password", actor=None, door="web").exists()
    assert trail.filter(action="set_password", actor=cast.mina, door="web").exists()


def test_the_link_works_once_and_for_an_hour(cast: Cast, client: Client, postbox: Postbox) -> None:
    ask(client, "ivo@example.com")
    work_off()
    link = link_in(postbox.letters[0])
    token = link.rsplit("/", 1)[1]
    from django.utils import timezone

    now = timezone.now()
    assert people.invited(token, at=now + people.FORGOTTEN_LASTS * 0.9) == cast.ivo
    with pytest.raises(people.InvitationOver):
        people.invited(token, at=now + people.FORGOTTEN_LASTS * 1.1)
    assert client.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 422
    assert set_by_link(client, link).status_code == 302
    assert client.get(link).status_code == 422


def test_a_link_that_was_mailed_to_a_wrong_address_is_void_once_it_is_corrected(cast: Cast) -> None:
    token = people.invite(cast.ivo, by=SET_UP, at=MONDAY)
    people.change(cast.ivo, email="ivo.horvat@example.com", by=SET_UP, at=MONDAY)
    with pytest.raises(people.InvitationOver):
        people.invited(token, at=MONDAY)


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com"])
def test_asking_tells_nothing_of_who_is_here(cast: Cast, postbox: Postbox, email: str) -> None:
    people.change(cast.tomas, email="gone@example.com", by=SET_UP, at=MONDAY)
    people.leave(cast.tomas, by=SET_UP, at=MONDAY)

    def answered(address: str) -> tuple[str, str, int]:
        client = Client()
        answer = ask(client, address)
        page = client.get(answer["Location"], HTTP_ACCEPT_LANGUAGE="en").content.decode()
        assert SENT in page
        return answer["Location"], re.sub(r'(nonce|value)="[^"]*"', "", page), ProcrastinateJob.objects.count()

    *known, n_before = answered("mina@example.com")
    *unknown, n_after = answered(email)
    assert known == unknown
    assert n_after == n_before + 1, "the same work for both, so that the time says nothing either"
    ProcrastinateJob.objects.get_queryset().filter(args__user_id=cast.mina.pk).delete()
    work_off()
    assert postbox.letters == []


def test_one_address_is_asked_for_three_times_in_a_quarter_of_an_hour(cast: Cast, postbox: Postbox) -> None:
    for address in ("mina@example.com", "nobody@example.com"):
        assert [ask(Client(), address).status_code for _time in range(4)] == [302, 302, 302, 429]


def test_what_is_no_address_is_refused_beside_its_field(client: Client, postbox: Postbox) -> None:
    answer = ask(client, "mina")
    assert answer.status_code == 422
    assert "id_email_error" in answer.content.decode()


def test_who_guessed_until_the_door_was_shut_may_come_in_by_the_link(cast: Cast, client: Client, postbox: Postbox) -> None:
    with_password(cast.mina)
    for _guess in range(5):
        client.post(reverse("account_login"), {"login": "mina@example.com", "password": "not this one"})
    ask(client, "mina@example.com")
    work_off()
    set_by_link(client, link_in(postbox.letters[0]))
    assert client.post(reverse("account_login"), {"login": "mina@example.com", "password": NEW}).status_code == 302


def test_ada_invites_by_mail_and_never_sees_the_link(cast: Cast, client: Client, postbox: Postbox) -> None:
    ada = signed_in(cast.ada)
    fields = {"family_name": "윤", "given_name": "서준", "email": "yun@example.com", "language": "ko", "time_zone": "Asia/Seoul"}
    answer = ada.post(reverse("hire"), fields, follow=True)
    page = answer.content.decode()
    assert "yun@example.com" in page
    assert "/password/" not in page
    yun = User.objects.get(email="yun@example.com")
    assert AuditEntry.objects.of(yun).filter(action="invite", actor=cast.ada).count() == 1
    work_off()
    assert set_by_link(client, link_in(postbox.letters[0])).status_code == 302
    assert User.objects.get(pk=yun.pk).check_password(NEW)
    assert ada.post(reverse("person_invitation", args=[yun.pk]), {"way": "mail"})["Location"] == reverse("person", args=[yun.pk])
    work_off()
    assert "새 비밀번호" in postbox.letters[-1]["Subject"]


def test_ruth_may_not_invite(cast: Cast, postbox: Postbox) -> None:
    assert signed_in(cast.ruth).post(reverse("person_invitation", args=[cast.ivo.pk]), {"way": "mail"}).status_code == 403
    assert not ProcrastinateJob.objects.exists()


def test_nothing_is_mailed_to_who_left_meanwhile_nor_after_the_link_is_over(cast: Cast, client: Client, postbox: Postbox) -> None:
    ask(client, "ivo@example.com")
    people.leave(cast.ivo, by=SET_UP, at=MONDAY)
    work_off()
    letters.mail_password_link(user_id=cast.mina.pk, until=int(MONDAY.timestamp()) - 9**9, site="http://testserver/", was_forgotten=True)
    assert postbox.letters == []


@pytest.mark.parametrize(("name", "greeting"), [("mina", "민아라 님"), ("saori", "西野 沙織様"), ("ivo", "Hello Ivo Horvat,")])
def test_a_letter_speaks_the_language_of_who_gets_it(cast: Cast, postbox: Postbox, *, name: str, greeting: str) -> None:
    ask(Client(), f"{name}@example.com")
    work_off()
    (letter,) = postbox.letters
    assert greeting in text_of(letter)
    html = text_of(letter, "html")
    assert greeting in html
    assert f'<html lang="{getattr(cast, name).language}"' in html
    assert not re.search(r"<(script|img|link|style)\b", html), "nothing is loaded when the letter is opened"


def test_a_name_cannot_write_into_the_letter(cast: Cast, postbox: Postbox) -> None:
    person = people.change(cast.ivo, family_name='<a href="http://evil.example">Horvat</a>', by=SET_UP, at=MONDAY)
    letter = letters.password_letter(person, link="http://testserver/password/x", until=MONDAY, was_forgotten=False)
    assert "<a href=&#34;http://evil" in letter.html.replace("&lt;", "<")
    assert '<a href="http://evil' not in letter.html


def test_a_server_that_is_away_is_asked_again(cast: Cast, client: Client, settings: Settings) -> None:
    settings.MAIL = MailServer("127.0.0.1", free_port(), "tasuki@gaon.example")
    ask(client, "ivo@example.com")
    with pytest.raises(OSError, match="refused"):
        work_off()
    strategy = letters.mail_password_link.retry_strategy
    assert strategy is not None
    assert not AuditEntry.objects.of(cast.ivo).filter(action="forget_password").exists()


@pytest.mark.parametrize(
    ("wrong", "heard"), [({"password": "high tide"}, "535"), ({"scheme": "smtp"}, "530|SMTP AUTH"), ({"host": "127.0.0.1"}, "certificate")]
)
def test_a_mail_server_is_talked_to_only_as_the_setting_says(postbox: Postbox, settings: Settings, *, wrong: dict[str, str], heard: str) -> None:
    """Another password, no encryption, another name than the one it vouches for: an error that is heard, and no letter."""
    letter = Letter("ivo@example.com", "x", "x", "x")
    with pytest.raises(OSError, match=heard):
        replace(settings.MAIL, **wrong).post(letter)
    assert postbox.letters == []
    settings.MAIL.post(letter)
    assert len(postbox.letters) == 1


def test_a_server_that_nobody_vouches_for_gets_no_letter(postbox: Postbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(OSError, match="certificate"):
        settings.MAIL.post(Letter("ivo@example.com", "x", "x", "x"))
    assert postbox.letters == []


def test_without_mail_the_page_says_who_helps_and_ada_hands_over_a_link(cast: Cast, client: Client) -> None:
    page = client.get(reverse("account_reset_password"), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "An administrator gives you a link" in page
    assert 'name="email"' not in page
    ask(client, "ivo@example.com")
    assert not ProcrastinateJob.objects.exists()
    ada = signed_in(cast.ada)
    assert 'value="mail"' not in ada.get(reverse("person", args=[cast.ivo.pk])).content.decode()
    shown = ada.post(reverse("person_invitation", args=[cast.ivo.pk]), {"way": "mail"})
    assert shown["Cache-Control"] == "no-store"
    found = re.search(r'value="(http://testserver/password/[^"]+)"', shown.content.decode())
    assert found is not None
    assert set_by_link(client, urlsplit(found[1]).path).status_code == 302


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_the_pages_of_the_way_back_are_read_in_three_languages(cast: Cast, client: Client, settings: Settings, *, language: str) -> None:
    asked = {"HTTP_ACCEPT_LANGUAGE": language}
    login = client.get(reverse("account_login"), **asked).content.decode()
    assert reverse("account_reset_password") in login
    for mail in (None, MailServer("127.0.0.1", 25, "tasuki@gaon.example")):
        settings.MAIL = mail
        assert f'<html lang="{language}"' in client.get(reverse("account_reset_password"), **asked).content.decode()
    token = people.invite(cast.ivo, by=SET_UP, at=MONDAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasuki.web.passwords.now", lambda: MONDAY)
        client.get(reverse("password_link", args=[token]))
        assert f'<html lang="{language}"' in client.get(reverse("new_password"), **asked).content.decode()
