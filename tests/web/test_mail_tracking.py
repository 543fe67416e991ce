"""The marks of letters from outside, and the page on which the house says whether it wants them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.engage import letters, outbox
from tasuki.engage.message_rows import Message
from tasuki.engage.tracking import judging, rows
from tasuki.engage.tracking.rows import MailHit, TrackedLetter
from tests.cast import Cast
from tests.engage.mailing import MORNING, written
from tests.engage.test_tracking import PERSON, TEXT, bodies, counting, sent, tokens
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def test_a_stranger_is_led_on_without_a_cookie_and_sees_nothing_of_the_house(cast: Cast) -> None:
    counting()
    message, letter = sent(cast)
    plain, html = bodies(letter)
    answer = Client().get(reverse("mail_click", args=[tokens(plain, "l")[0]]), headers={"User-Agent": PERSON})
    assert (answer.status_code, answer["Location"]) == (302, "https://tasuki.example/night?a=1&b=2")
    dot = Client().get(reverse("mail_open", args=[tokens(html, "d")[0]]), headers={"User-Agent": PERSON})
    assert (dot.status_code, dot["Content-Type"]) == (200, "image/gif")
    for one in (answer, dot):
        assert not one.cookies
        assert one["Cache-Control"] == "no-store"
        assert one["Referrer-Policy"] == "same-origin"
    assert MailHit.objects.count() == 2
    judging.judge(at=now().replace(year=now().year + 1))
    shown = signed_in(cast.ivo).get(reverse("message", args=[message.pk])).content.decode()
    assert "Opened (unreliable)" in shown
    assert "Links followed" in shown
    timeline = signed_in(cast.ivo).get(reverse("lead", args=[message.lead_id])).content.decode()
    assert "opened, as it seems" in timeline
    assert "link followed" in timeline


@pytest.mark.parametrize("token", ["x", "a:b", "https:evil.example", "%2e%2e", "x" * 900])
def test_a_forged_link_leads_nowhere_and_a_forged_dot_says_nothing(cast: Cast, token: str) -> None:
    over = Client().get(f"/m/l/{token}")
    assert over.status_code == 410
    assert "Location" not in over
    assert Client().get(f"/m/d/{token}").status_code == 200
    assert Client().get(f"/m/l/{token}?next=https://evil.example").status_code == 410
    assert not MailHit.objects.exists()


def test_who_asks_too_often_waits_and_is_written_down_no_more(cast: Cast) -> None:
    counting()
    _message, letter = sent(cast)
    token = tokens(bodies(letter)[0], "l")[0]
    answers = [Client().get(reverse("mail_click", args=[token])).status_code for _nth in range(62)]
    assert set(answers[:60]) == {302}
    assert answers[-1] == 429
    assert MailHit.objects.count() == 60


def test_nothing_is_posted_to_a_mark(cast: Cast) -> None:
    for name in ("mail_open", "mail_click"):
        assert Client().post(reverse(name, args=["x"])).status_code == 405


def test_the_house_says_it_on_its_page_which_says_what_that_asks(cast: Cast) -> None:
    ada, address = signed_in(cast.ada), reverse("mail_tracking")
    page = ada.get(address).content.decode()
    for said in ("needs their consent", "Unreliable"):
        assert said in page
    assert not rows.in_force().opens, "off until somebody says so"
    assert ada.post(address, {"opens": "on"}).status_code == 302
    assert (rows.in_force().opens, rows.in_force().clicks) == (True, False)
    assert ada.post(address, {}).status_code == 302
    assert not rows.in_force().opens
    for stranger in (cast.ivo, cast.tomas):
        assert signed_in(stranger).get(address).status_code == 403
        assert signed_in(stranger).post(address, {"opens": "on"}).status_code == 403


def test_a_letter_that_waits_when_the_house_says_no_goes_out_without_marks(cast: Cast) -> None:
    counting()
    message = Message.objects.for_page().get(pk=written(cast, text=TEXT).pk)
    counting(opens=False, clicks=False)
    assert b"/m/" not in letters.composed(message, at=MORNING)
    outbox.claim(at=MORNING)
    assert not TrackedLetter.objects.exists()
