"""Opens and clicks: nothing without the house's word, marks that name nobody, links that lead only where they led, and programs told apart."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.scoring import keeping
from tasuki.crm.scoring.scores import LeadScore
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import consents, inbox, letters, outbox
from tasuki.engage.message_rows import Message
from tasuki.engage.permission import Purpose
from tasuki.engage.sequences import numbers, writing
from tasuki.engage.sequences.writing import CannotPublish, Settings, Wording
from tasuki.engage.tracking import hits, judging, rows
from tasuki.engage.tracking.rows import MOST_HITS, MailHit, SentLink, TrackedLetter
from tests.cast import MONDAY, SET_UP, Cast
from tests.crm.scoring.desk import in_force
from tests.engage.mailing import MORNING, by, connected, later, written
from tests.engage.meeting import lead_in_seoul
from tests.engage.sequences.test_branches import leading, place_of
from tests.engage.sequences.writing import MAIL, days, enrolled, person, tick

pytestmark = pytest.mark.django_db

TEXT = "See https://tasuki.example/night?a=1&b=2 and https://other.example/x.\nNo more: https://tasuki.example/no-mail/abc"
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


def counting(*, opens: bool = True, clicks: bool = True) -> None:
    rows.change(opens=opens, clicks=clicks, by=SET_UP, at=MONDAY)


def sent(cast: Cast, text: str = TEXT, **said: Any) -> tuple[Message, EmailMessage]:
    """A letter of Ivo's as it went over the line at MORNING."""
    message = Message.objects.for_page().get(pk=written(cast, text=text, **said).pk)
    raw = letters.composed(message, at=MORNING)
    outbox.claim(at=MORNING)
    outbox.mark_sent(message, at=MORNING)
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return message, parsed


def bodies(letter: EmailMessage) -> tuple[str, str]:
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    return (plain.get_content() if plain else "", html.get_content() if html else "")


def tokens(text: str, name: str) -> list[str]:
    """Those of links ("l") or of the dot ("d"); what closes a sentence is none of it."""
    return [token.rstrip(".") for token in re.findall(rf"/m/{name}/([^\s\"<]+)", text)]


def test_without_the_word_of_the_house_a_letter_is_as_it_was_written(cast: Cast) -> None:
    _message, letter = sent(cast)
    plain, html = bodies(letter)
    assert "https://other.example/x." in plain
    assert html == ""
    assert not TrackedLetter.objects.exists()


def test_the_word_is_given_by_who_may_and_stands_in_the_trail(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        rows.change(opens=True, clicks=False, by=by(cast.ivo), at=MONDAY)
    rows.change(opens=True, clicks=False, by=by(cast.ada), at=MONDAY)
    rows.change(opens=True, clicks=False, by=by(cast.ada), at=MONDAY)
    assert [entry.changes for entry in AuditEntry.objects.filter(noun="trackingrules")] == [{"opens": [False, True]}]


def test_links_are_led_by_here_in_both_parts_and_those_of_withdrawal_never(cast: Cast) -> None:
    counting()
    message, letter = sent(cast)
    plain, html = bodies(letter)
    assert [link.address for link in SentLink.objects.order_by("number")] == ["https://tasuki.example/night?a=1&b=2", "https://other.example/x"]
    assert "https://other.example" not in plain
    assert "https://tasuki.example/no-mail/abc" in plain
    assert 'href="https://tasuki.example/no-mail/abc"' in html
    assert ">https://other.example/x</a>." in html, "it still reads as it leads"
    for token in [*tokens(plain, "l"), *tokens(html, "d")]:
        for said in (message.address, "gaon", "서윤"):
            assert said not in token
    assert len(tokens(plain, "l")) == 2
    assert len(tokens(html, "d")) == 1


def test_advertising_ends_with_its_own_link_as_it_is(cast: Cast) -> None:
    counting()
    lead = lead_in_seoul(cast)
    assert lead.contact
    consents.record(lead.contact, word=consents.Word(Channel.MAIL, ConsentState.GIVEN, "form"), by=SET_UP, at=MORNING)
    _message, letter = sent(cast, lead=lead, purpose=Purpose.MARKETING)
    plain, html = bodies(letter)
    link = str(letter["List-Unsubscribe"]).strip("<>")
    assert link in plain
    assert f'href="{link}"' in html


def test_only_clicks_need_no_picture_and_only_opens_no_links(cast: Cast) -> None:
    counting(opens=False)
    assert "<img" not in bodies(sent(cast)[1])[1]
    counting(clicks=False)
    plain, html = bodies(sent(cast, subject="Second")[1])
    assert "https://other.example/x" in plain
    assert "<img" in html


def test_what_was_typed_is_drawn_as_text(cast: Cast) -> None:
    counting()
    html = bodies(sent(cast, '<script>alert(1)</script> https://x.example/"onmouseover=1 & <b>')[1])[1]
    assert "<script>" not in html
    assert "<b>" not in html
    assert '"onmouseover' not in html


def test_our_own_copy_carries_no_marks(cast: Cast) -> None:
    counting()
    message, _letter = sent(cast)
    copy = inbox._copy(Message.objects.for_page().get(pk=message.pk))
    assert copy
    assert b"/m/" not in copy
    assert b"https://other.example/x" in copy


def test_composing_twice_writes_each_link_once(cast: Cast) -> None:
    counting()
    message = Message.objects.for_page().get(pk=written(cast, text=TEXT).pk)
    assert bodies(_parsed(letters.composed(message, at=MORNING))) == bodies(_parsed(letters.composed(message, at=MORNING)))
    assert SentLink.objects.count() == 2


def _parsed(raw: bytes) -> EmailMessage:
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    return letter


def hit(kind: str, token: str, *, at: datetime, agent: str = PERSON, method: str = "GET") -> Any:
    return {"l": hits.clicked, "d": hits.opened}[kind](token, agent=agent, method=method, at=at)


def test_a_link_leads_where_it_led_for_a_year_and_a_forged_one_nowhere(cast: Cast) -> None:
    counting()
    _message, letter = sent(cast)
    first, second = tokens(bodies(letter)[0], "l")
    assert hit("l", first, at=later(10)) == "https://tasuki.example/night?a=1&b=2"
    assert hit("l", second, at=later(10)) == "https://other.example/x"
    assert hit("l", first, at=MORNING + timedelta(days=366)) == ""
    (dot,) = tokens(bodies(letter)[1], "d")
    for wrong in (first[:-1], first + "x", dot, "", "https://evil.example", f"{first.split(':')[0]}:{second.split(':')[-1]}", "x" * 5_000):
        assert hit("l", wrong, at=later(10)) == ""
    assert hit("d", first, at=later(10)) is False
    assert MailHit.objects.count() == 2


@pytest.mark.parametrize(
    ("agent", "method", "minutes", "told_by"),
    [
        (PERSON, "GET", 10, ""),
        (PERSON, "HEAD", 10, "head"),
        ("Mozilla/5.0", "GET", 10, "agent"),
        ("", "GET", 10, "agent"),
        ("Mozilla/5.0 (compatible; BingPreview/1.0b)", "GET", 10, "agent"),
        ("python-requests/2.32", "GET", 10, "agent"),
        (PERSON, "GET", 0.05, "at_once"),
    ],
)
def test_programs_are_told_apart(cast: Cast, *, agent: str, method: str, minutes: float, told_by: str) -> None:
    counting()
    message, letter = sent(cast)
    hit("d", tokens(bodies(letter)[1], "d")[0], at=later(minutes), agent=agent, method=method)
    judging.judge(at=later(minutes))
    assert not MailHit.objects.get().is_judged, "a little later, when it can be seen what else came"
    judging.judge(at=later(minutes + 1))
    judging.judge(at=later(minutes + 2))
    tracked = TrackedLetter.objects.get(message=message)
    assert (MailHit.objects.get().told_by, tracked.n_opens, tracked.n_by_programs) == (told_by, not told_by, bool(told_by))
    assert TimelineEntry.objects.filter(detail__noticed="opened").count() == (not told_by)


def test_who_follows_every_link_within_seconds_is_a_program_and_who_follows_one_is_not(cast: Cast) -> None:
    counting()
    message, letter = sent(cast)
    first, second = tokens(bodies(letter)[0], "l")
    hit("l", first, at=later(10))
    hit("l", second, at=later(10.05))
    judging.judge(at=later(11))
    hit("l", second, at=later(20))
    hit("l", second, at=later(21))
    judging.judge(at=later(30))
    tracked = TrackedLetter.objects.get(message=message)
    assert (tracked.n_clicks, tracked.n_by_programs, tracked.clicked_at) == (2, 2, later(20))
    assert TimelineEntry.objects.filter(detail__noticed="clicked").count() == 1, "the first is told, and once"


@pytest.mark.parametrize(("mark", "happening"), [("d", "mail_opened"), ("l", "mail_clicked")])
def test_an_open_has_the_points_of_an_open_and_a_click_those_of_a_click(cast: Cast, *, mark: str, happening: str) -> None:
    counting()
    message, letter = sent(cast)
    in_force(cast, at=later(1))
    body = bodies(letter)[1 if mark == "d" else 0]
    hit(mark, tokens(body, mark)[0], at=later(10))
    judging.judge(at=later(12))
    keeping.absorb(at=later(13))
    told = [what for code, what, _n in LeadScore.objects.get(lead=message.lead_id).reasons if code == "did"]
    assert [what for what in told if what.startswith("mail")] == [happening]


def test_no_letter_is_hit_without_end(cast: Cast) -> None:
    counting()
    _message, letter = sent(cast)
    (dot,) = tokens(bodies(letter)[1], "d")
    for nth in range(MOST_HITS + 5):
        hit("d", dot, at=later(10 + nth))
    assert MailHit.objects.count() == MOST_HITS


def _sequence(branch: str) -> Any:
    asks = Wording("branch", n_days=0, hears=branch, n_days_to_listen=3)
    return leading(asks, to=4, among=(MAIL, Wording("letter", n_days=1, words="Write"), Wording("task", n_days=0, words="Look")))


@pytest.mark.parametrize(("branch", "kind", "goes"), [("opened", "d", 4), ("opened", "l", 4), ("clicked", "l", 4), ("clicked", "d", 2)])
def test_a_branch_hears_opens_and_clicks_of_people(cast: Cast, *, branch: str, kind: str, goes: int) -> None:
    counting()
    connected(cast.ivo)
    member = enrolled(cast, person(cast), _sequence(branch))
    tick()
    message = Message.objects.for_page().get(direction="out")
    Message.objects.filter(pk=message.pk).update(text="https://a.example/1 https://a.example/2")
    message.refresh_from_db()
    parsed = _parsed(letters.composed(message, at=days(0)))
    outbox.claim(at=days(0))
    outbox.mark_sent(message, at=days(0))
    tick(days(0.01))
    assert place_of(member) == 2, "it listens"
    hit(kind, tokens("".join(bodies(parsed)), kind)[0], at=days(0.02), agent="curl/8")
    judging.judge(at=days(0.03))
    tick(days(0.03))
    assert place_of(member) == 2, "a program is nobody"
    hit(kind, tokens("".join(bodies(parsed)), kind)[0], at=days(0.04))
    judging.judge(at=days(0.05))
    tick(days(0.05))
    assert place_of(member) == goes
    (told,) = numbers.by_variant(member.version, user=cast.ivo)[member.version.steps.get(position=1).pk]
    assert (told.opened, told.clicked) == (((1, 1), (0, 1)) if kind == "d" else ((0, 1), (1, 1)))


def test_a_branch_on_what_is_not_counted_is_not_published(cast: Cast) -> None:
    sequence = writing.add(Settings("Blind"), by=SET_UP, at=MONDAY)
    draft = writing.draft(sequence, by=SET_UP, at=MONDAY)
    step = writing.add_step(draft, wording=MAIL, by=SET_UP, at=MONDAY)
    writing.write_variant(step, letter="A", subject="x", text="y", by=SET_UP, at=MONDAY)
    writing.add_step(draft, wording=Wording("branch", hears="opened", n_days_to_listen=1), by=SET_UP, at=MONDAY)
    with pytest.raises(CannotPublish, match="does not count"):
        writing.publish(draft, by=SET_UP, at=MONDAY)
    counting(clicks=False)
    writing.publish(draft, by=SET_UP, at=MONDAY)
