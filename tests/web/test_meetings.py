"""Pages of meetings: booking, what can be done to one, the page that a lead opens without signing in, the letters, and the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import icalendar
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.outgoing_mail import MailServer
from tasuki.engage import blocks, booking_links, meeting_feeds, meetings
from tasuki.engage.booking_links import BookingLink
from tasuki.engage.meeting_letters import MeetingLetter
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.web import meeting_letters
from tests.cast import Cast, hired
from tests.engage.meeting import ADDRESS, booked, lead_in_seoul
from tests.web import postbox as postbox_
from tests.web.office import signed_in
from tests.web.postbox import Postbox, opened

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_asked_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def postbox(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    with opened(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        settings.MAIL = MailServer("localhost", box.port, "tasuki@gaon.example", "smtp+starttls", postbox_.USER, postbox_.PASSWORD)
        yield box


def soon(days: int = 3) -> datetime:
    """Early afternoon in Seoul, where the office is."""
    return now().replace(hour=5, minute=0, second=0, microsecond=0) + timedelta(days=days)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def link_of(cast: Cast, nth: int = 1) -> BookingLink:
    return booking_links.make(lead_in_seoul(cast, nth), held_by=cast.saori, by=ivo(cast), at=now())


def first_slot(link: BookingLink) -> str:
    return booking_links.offered(link, at=now())[0].strftime("%Y-%m-%dT%H:%MZ")


def test_a_meeting_is_booked_at_a_time_that_is_offered_or_at_any_other(cast: Cast) -> None:
    lead, client = lead_in_seoul(cast), signed_in(cast.ivo)
    address = reverse("meeting_new", args=[lead.pk]) + f"?seller={cast.saori.pk}"
    text = client.get(address).content.decode()
    assert "Asia/Seoul" in text
    slot = text.split('name="slot" value="')[1].split('"')[0]
    said = {"slot": slot, "minutes": 30, "kind": "video", "place": "https://meet.example/x", "agenda": "night session", "attendees": "김 <kim@gaon.example>"}
    meeting = Meeting.objects.get(pk=int(client.post(address, said)["Location"].rsplit("/", 1)[1]))
    assert (meeting.starts_at.strftime("%Y-%m-%dT%H:%MZ"), meeting.held_by, meeting.booked_by) == (slot, cast.saori, cast.ivo)
    answer = client.post(address, said)
    assert answer.status_code == 422
    assert "has just been taken" in answer.content.decode()
    other = {**said, "slot": "", "on": (now() + timedelta(days=9)).date().isoformat(), "clock": "23:15"}
    made = Meeting.objects.get(pk=int(client.post(address, other)["Location"].rsplit("/", 1)[1]))
    assert made.starts_there.strftime("%H:%M") == "23:15", "by the clock of the other side"
    assert "sooner" not in text


@pytest.mark.parametrize(
    "said", [{}, {"slot": "x"}, {"on": "2026-13-01", "clock": "10:00"}, {"on": "0001-01-01", "clock": "00:00"}, {"slot": "2000-01-01T00:00Z"}]
)
def test_a_time_that_is_none_is_refused_with_a_sentence(cast: Cast, said: dict[str, str]) -> None:
    address = reverse("meeting_new", args=[lead_in_seoul(cast).pk])
    answer = signed_in(cast.ivo).post(address, {"minutes": 30, "kind": "video", **said})
    assert answer.status_code == 422
    assert not Meeting.objects.exists()


def test_a_time_that_is_typed_close_to_another_is_warned_of_and_booked_all_the_same(cast: Cast) -> None:
    there = booked(cast, starts_at=soon(9), at=now())
    lead, client = lead_in_seoul(cast, 2), signed_in(cast.ivo)
    address = reverse("meeting_new", args=[lead.pk]) + f"?seller={cast.saori.pk}"
    after = there.starts_there + timedelta(minutes=40)
    said = {"on": after.date().isoformat(), "clock": after.strftime("%H:%M"), "minutes": 30, "kind": "video", "agenda": "night session"}
    warned = client.post(address, said)
    assert warned.status_code == 422
    page = warned.content.decode()
    assert "less than 15 minutes apart" in page
    assert "night session" in page, "nothing that was typed is lost"
    [knows] = re.findall(r'name="close" value="([^"]+)"', page)
    other = (after + timedelta(minutes=1)).strftime("%H:%M")
    assert client.post(address, {**said, "clock": other, "close": knows}).status_code == 422, "another time is another warning"
    made = client.post(address, {**said, "close": knows})
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "booked so, knowingly, by" in page
    assert Meeting.objects.get(lead=lead).close_by == cast.ivo


def test_a_move_close_to_another_is_warned_of_too(cast: Cast) -> None:
    there = booked(cast, starts_at=soon(9), at=now())
    here, client = booked(cast, lead_in_seoul(cast, 2), starts_at=soon(11), at=now()), signed_in(cast.ivo)
    address, before = reverse("meeting_move", args=[here.pk]), there.starts_there - timedelta(minutes=40)
    said = {"on": before.date().isoformat(), "clock": before.strftime("%H:%M")}
    warned = client.post(address, said)
    assert warned.status_code == 422
    [knows] = re.findall(r'name="close" value="([^"]+)"', warned.content.decode())
    assert client.post(address, {**said, "close": knows}).status_code == 302
    assert Meeting.objects.get(previous=here).close_by == cast.ivo


def test_whoever_books_by_their_link_is_never_close_to_another_whatever_they_send(cast: Cast) -> None:
    link, client = link_of(cast), Client()
    there = booked(cast, lead_in_seoul(cast, 2), starts_at=soon(4), at=now())
    slot = (there.starts_at + timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%MZ")
    said = {"slot": slot, "close": f"{slot} {cast.saori.pk}"}
    client.post(reverse("booking", args=[link.token]), said)
    assert Meeting.objects.count() == 1


def test_what_can_be_done_to_a_meeting_stands_on_its_page(cast: Cast) -> None:
    meeting, client = booked(cast, starts_at=soon(), at=now(), attendees="김 <kim@gaon.example>"), signed_in(cast.ivo)
    address = reverse("meeting", args=[meeting.pk])
    text = client.get(address).content.decode()
    assert "They confirmed" in text
    assert "kim@gaon.example" in text
    assert "It took place" not in text, "it has not begun"
    answer = client.post(reverse("meeting_holding", args=[meeting.pk]))
    assert answer.status_code == 422
    assert "has not begun yet" in answer.content.decode()
    client.post(reverse("meeting_confirmation", args=[meeting.pk]))
    moved = client.post(reverse("meeting_move", args=[meeting.pk]), {"slot": soon(4).strftime("%Y-%m-%dT%H:%MZ")})
    new = Meeting.objects.get(previous=meeting)
    assert moved["Location"] == reverse("meeting", args=[new.pk])
    client.post(reverse("meeting_cancellation", args=[new.pk]), {"reason": "ill"})
    new.refresh_from_db()
    assert (new.state, new.reason) == (MeetingState.CANCELLED, "ill")
    assert client.post(reverse("meeting_cancellation", args=[new.pk])).status_code == 409


def test_a_no_show_is_booked_again_from_its_page(cast: Cast) -> None:
    missed = booked(cast, starts_at=now() - timedelta(hours=1), at=now() - timedelta(days=1), agenda="night session")
    client = signed_in(cast.ivo)
    client.post(reverse("meeting_no_show", args=[missed.pk]))
    text = client.get(reverse("meeting", args=[missed.pk])).content.decode()
    assert "without a mark against anybody" in text
    address = reverse("meeting_new", args=[missed.lead_id]) + f"?again={missed.pk}&seller={cast.saori.pk}"
    assert "night session" in client.get(address).content.decode()
    day = (now() + timedelta(days=40)).date().isoformat()
    client.post(address, {"on": day, "clock": "14:00", "minutes": 30, "kind": "video"})
    assert Meeting.objects.get(previous=missed).lead == missed.lead


def test_an_observer_sees_the_meeting_but_no_address_and_changes_nothing(cast: Cast) -> None:
    meeting = booked(cast, starts_at=soon(), at=now(), attendees="quartz@gaon.example\n김 <onyx@gaon.example>")
    client = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    text = client.get(reverse("meeting", args=[meeting.pk])).content.decode()
    assert "김" in text
    assert not any(word in text for word in ("quartz", "onyx", ADDRESS))
    for name in ("meeting_confirmation", "meeting_cancellation", "meeting_no_show", "meeting_holding", "meeting_move"):
        assert client.post(reverse(name, args=[meeting.pk])).status_code == 403
    assert client.get(reverse("meeting_new", args=[meeting.lead_id])).status_code == 403
    assert signed_in(cast.chika).get(reverse("meeting", args=[meeting.pk])).status_code == 404


def test_my_meetings_cost_the_same_for_two_and_for_twelve(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client = signed_in(cast.saori)
    counts = []
    for first, last in ((1, 3), (3, 13)):
        for nth in range(first, last):
            booked(cast, lead_in_seoul(cast, nth), starts_at=soon(3 + nth), at=now())
        client.get(reverse("meetings"))
        with django_assert_num_queries(14 if not counts else counts[0], exact=False) as asked:
            assert client.get(reverse("meetings")).content.decode().count('class="meeting"') == last - 1
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_page_for_booking_books_moves_and_cancels_without_signing_in(cast: Cast) -> None:
    link, client = link_of(cast), Client()
    address = reverse("booking", args=[link.token])
    page = client.get(address)
    text = page.content.decode()
    assert (page.status_code, page["Referrer-Policy"], page["Cache-Control"]) == (200, "same-origin", "no-store")
    assert "Asia/Seoul" in text
    assert not any(word in text for word in (ADDRESS, cast.ivo.display_name, link.lead.title, "webinar")), "nothing internal"
    there = client.post(address, {"slot": first_slot(link), "zone": "America/New_York"})["Location"]
    assert "Your meeting" in client.get(there).content.decode()
    assert "EST" not in there
    meeting = Meeting.objects.get()
    assert (meeting.zone, meeting.held_by) == ("America/New_York", cast.saori)
    later = booking_links.offered(link, at=now())[5].strftime("%Y-%m-%dT%H:%MZ")
    client.post(address, {"slot": later, "zone": "Asia/Seoul"})
    assert Meeting.objects.ahead().get().previous == meeting
    assert "The meeting is cancelled" in client.post(reverse("booking_cancellation", args=[link.token])).content.decode()
    assert not Meeting.objects.ahead().exists()


def test_who_comes_second_reads_a_clear_sentence_and_other_times(cast: Cast) -> None:
    one, other = link_of(cast), link_of(cast, 2)
    slot = first_slot(one)
    Client().post(reverse("booking", args=[one.token]), {"slot": slot})
    answer = Client().post(reverse("booking", args=[other.token]), {"slot": slot})
    assert answer.status_code == 409
    assert "This time has just been taken. Choose another." in answer.content.decode()
    assert 'name="slot"' in answer.content.decode()


@pytest.mark.parametrize("slot", ["", "x", "9" * 60, "2026-05-01T99:99Z", "<script>", "0001-01-01T00:00Z", "9999-12-31T23:59Z"])
def test_hostile_times_book_nothing(cast: Cast, slot: str) -> None:
    address = reverse("booking", args=[link_of(cast).token])
    for zone in ("Asia/Seoul", "../../etc/passwd", "x" * 300, "<script>"):
        answer = Client().post(address, {"slot": slot, "zone": zone})
        assert answer.status_code in {409, 422}
        assert "<script>" not in answer.content.decode().replace("<script type", "").split("<main")[1]
    assert not Meeting.objects.exists()


def test_a_link_that_is_closed_says_what_to_do_and_nothing_else(cast: Cast) -> None:
    link = link_of(cast)
    signed_in(cast.ivo).post(reverse("booking_link_removal", args=[link.pk]))
    for token in (link.token, "x", "a:b:c"):
        answer = Client().get(reverse("booking", args=[token]))
        assert answer.status_code == 410
        assert "This link has expired" in answer.content.decode()
        assert cast.saori.display_name not in answer.content.decode()


def test_who_asks_too_often_waits_a_minute(cast: Cast) -> None:
    address, client = reverse("booking", args=["x"]), Client()
    statuses = [client.get(address).status_code for _ in range(125)]
    assert 429 in statuses
    assert statuses[0] == 410


def test_the_page_speaks_the_language_of_the_visitor(cast: Cast) -> None:
    address = reverse("booking", args=[link_of(cast).token])
    for language in ("ko", "ja"):
        text = Client().get(address, HTTP_ACCEPT_LANGUAGE=language).content.decode()
        assert f'<html lang="{language}"' in text
        assert "Show in this zone" not in text


def test_an_invitation_its_move_and_its_end_arrive_as_one_event(cast: Cast, postbox: Postbox) -> None:
    lead = lead_in_seoul(cast)
    booking_links.make(lead, held_by=cast.saori, by=ivo(cast), at=now())
    meeting = booked(cast, lead, starts_at=soon(), at=now(), agenda="개장 전 점검\n두 번째 줄", place="https://meet.example/x")
    assert meeting_letters.post_what_waits(at=now()) == 1
    meeting = meetings.reschedule(meeting, starts_at=soon(4), by=ivo(cast), at=now())
    assert meeting_letters.post_what_waits(at=now()) == 1
    meetings.cancel(meeting, by=ivo(cast), at=now())
    assert (meeting_letters.post_what_waits(at=now()), meeting_letters.post_what_waits(at=now())) == (1, 0)
    events = []
    for letter in postbox.letters:
        assert letter["To"].addresses[0].addr_spec == ADDRESS
        assert letter["Reply-To"].addresses[0].addr_spec == cast.saori.email
        part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
        calendar = icalendar.Calendar.from_ical(part.get_content())
        assert part.get_param("method") == str(calendar["METHOD"])
        assert calendar.timezones[0].tz_name == "Asia/Seoul"
        events.append((str(calendar["METHOD"]), calendar.events[0]))
    assert [method for method, _event in events] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for _method, event in events}) == 1
    assert [int(event["SEQUENCE"]) for _method, event in events] == [0, 1, 2]
    first = events[0][1]
    assert (first.start, first.end) == (soon(), soon() + timedelta(minutes=30))
    assert str(first["DTSTART"].dt.tzinfo) == "Asia/Seoul"
    assert (str(first["ORGANIZER"]), str(first["ATTENDEE"])) == (f"mailto:{cast.saori.email}", f"mailto:{ADDRESS}")
    assert str(first["DESCRIPTION"]) == "개장 전 점검\n두 번째 줄"
    assert str(events[2][1]["STATUS"]) == "CANCELLED"
    plain = postbox.letters[0].get_body(("plain",))
    assert plain
    assert "/book/" in plain.get_content()
    assert "14:00" in plain.get_content(), "by the clock there"
    assert postbox.letters[0]["Subject"] != postbox.letters[1]["Subject"]


def test_what_is_typed_in_begins_no_other_property(cast: Cast, postbox: Postbox) -> None:
    booked(cast, starts_at=soon(), at=now(), place="room\r\nATTENDEE:mailto:evil@x.example", agenda="a\r\nBEGIN:VEVENT;,\\")
    meeting_letters.post_what_waits(at=now())
    part = next(part for part in postbox.letters[0].walk() if part.get_content_type() == "text/calendar")
    (event,) = icalendar.Calendar.from_ical(part.get_content()).events
    assert str(event["ATTENDEE"]) == f"mailto:{ADDRESS}"
    assert str(event["DESCRIPTION"]) == "a\nBEGIN:VEVENT;,\\"


def test_a_blocked_address_gets_no_letter(cast: Cast, postbox: Postbox) -> None:
    booked(cast, starts_at=soon(), at=now())
    blocks.block(ADDRESS, by=ivo(cast), at=now())
    meeting_letters.post_what_waits(at=now())
    assert postbox.letters == []
    assert MeetingLetter.objects.get().given_up_at


def test_a_server_that_is_away_finds_the_letter_again(cast: Cast, settings: Settings, postbox: Postbox) -> None:
    booked(cast, starts_at=soon(), at=now())
    there = settings.MAIL
    settings.MAIL = MailServer("localhost", postbox_.free_port(), "tasuki@gaon.example")
    assert meeting_letters.post_what_waits(at=now()) == 0
    settings.MAIL = there
    assert meeting_letters.post_what_waits(at=now()) == 1
    assert MeetingLetter.objects.waiting().count() == 0


def test_a_calendar_program_reads_what_its_person_holds_and_nobody_elses(cast: Cast) -> None:
    booked(cast, starts_at=soon(), at=now())
    booked(cast, lead_in_seoul(cast, 2), starts_at=soon(), at=now(), held_by=cast.ruth)
    client = signed_in(cast.saori)
    client.post(reverse("meeting_feed_renewal"))
    feed = meeting_feeds.of(cast.saori)
    assert feed
    address = reverse("meeting_feed", args=[feed.token])
    assert address in client.get(reverse("meetings")).content.decode()
    answer = Client().get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    (event,) = icalendar.Calendar.from_ical(answer.content).events
    assert event.start.astimezone(UTC) == soon()
    client.post(reverse("meeting_feed_renewal"))
    assert Client().get(urlsplit(address).path).status_code == 404, "the old address leads nowhere"
    assert signed_in(cast.ivo).get(reverse("meetings")).content.decode().count("/calendar/") == 0
