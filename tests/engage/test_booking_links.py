"""A link lets one person book one meeting: signed, for a time, taken back; pressed twice it books once, and of two visitors one is first."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import IntegrityError, connection, transaction

from tasuki.core import people
from tasuki.core.audit import By, Door
from tasuki.core.errors import Gone, Refused
from tasuki.crm import leads
from tasuki.engage import availability, booking_links, meeting_feeds
from tasuki.engage.booking_links import BookingLink, TooManyChanges
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.engage.meetings import SlotTaken
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.meeting import booked, lead_in_seoul

pytestmark = pytest.mark.django_db


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def link_of(cast: Cast, nth: int = 1) -> BookingLink:
    return booking_links.make(lead_in_seoul(cast, nth), held_by=cast.saori, by=ivo(cast), at=MONDAY)


def first(link: BookingLink, n: int = 0) -> datetime:
    return booking_links.offered(link, at=MONDAY)[n]


def test_a_link_opens_until_it_is_taken_back_or_expires(cast: Cast) -> None:
    link = link_of(cast)
    assert booking_links.found(link.token, at=MONDAY) == link
    assert booking_links.found(link.token, at=MONDAY + timedelta(days=31)) is None
    odd = signing.Signer(salt=booking_links._SALT).sign_object("x")
    for forged in ("", "x", link.token[:-1], signing.Signer(salt="other").sign_object([link.pk, link.nonce]), odd):
        assert booking_links.found(forged, at=MONDAY) is None
    assert booking_links.make(link.lead, held_by=cast.saori, by=ivo(cast), at=MONDAY + timedelta(days=1)).token == link.token, "one for each lead and seller"
    booking_links.revoke(link, by=ivo(cast), at=MONDAY)
    booking_links.revoke(link, by=ivo(cast), at=MONDAY)
    assert booking_links.found(link.token, at=MONDAY) is None
    with pytest.raises(Gone):
        booking_links.book(link, starts_at=first(link), zone="Asia/Seoul", at=MONDAY)
    assert booking_links.make(link.lead, held_by=cast.saori, by=ivo(cast), at=MONDAY).token != link.token


def test_a_link_of_somebody_who_left_or_of_a_lead_that_is_over_opens_nothing(cast: Cast) -> None:
    one, other = link_of(cast), link_of(cast, 2)
    leads.disqualify(one.lead, reason="a student", by=ivo(cast), at=MONDAY)
    assert booking_links.found(one.token, at=MONDAY) is None
    people.leave(cast.saori, by=SET_UP, at=MONDAY)
    assert booking_links.found(other.token, at=MONDAY) is None


def test_booking_twice_is_once_and_another_time_moves_it(cast: Cast) -> None:
    link = link_of(cast)
    one = booking_links.book(link, starts_at=first(link), zone="America/New_York", at=MONDAY)
    assert (one.zone, one.booked_by, one.held_by) == ("America/New_York", None, cast.saori)
    assert booking_links.book(link, starts_at=one.starts_at, zone="Asia/Seoul", at=MONDAY) == one
    later = booking_links.book(link, starts_at=first(link, 6), zone="Asia/Seoul", at=MONDAY)
    assert (later.previous, Meeting.objects.ahead().count()) == (one, 1)
    cancelled = booking_links.cancel(link, at=MONDAY)
    assert cancelled
    assert (cancelled.pk, cancelled.state) == (later.pk, MeetingState.CANCELLED)
    assert booking_links.cancel(link, at=MONDAY) is None


def test_only_what_is_offered_can_be_booked(cast: Cast) -> None:
    link = link_of(cast)
    taken = first(link)
    booked(cast, lead_in_seoul(cast, 2), starts_at=taken)
    for wrong in (taken, taken + timedelta(minutes=1), MONDAY - timedelta(days=1), taken + timedelta(days=300)):
        with pytest.raises(SlotTaken):
            booking_links.book(link, starts_at=wrong, zone="Asia/Seoul", at=MONDAY)


def test_ten_changes_a_day_are_enough(cast: Cast) -> None:
    link = link_of(cast)
    for n in range(10):
        booking_links.book(link, starts_at=first(link, n % 2 * 4), zone="Asia/Seoul", at=MONDAY)
    with pytest.raises(TooManyChanges):
        booking_links.cancel(link, at=MONDAY)
    booking_links.cancel(link, at=MONDAY + timedelta(days=1))


def test_the_database_keeps_one_link_for_each_lead_and_seller(cast: Cast) -> None:
    link = link_of(cast)
    twice = {"lead": link.lead, "held_by": cast.saori, "made_at": MONDAY, "nonce": "x"}
    with pytest.raises(IntegrityError), transaction.atomic():
        BookingLink.objects.create(expires_at=MONDAY + timedelta(days=1), **twice)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_one_person", [True, False], ids=["a double press", "two visitors"])
def test_what_is_pressed_at_once_books_once(cast: Cast, *, is_one_person: bool) -> None:
    link = link_of(cast)
    pressed = [link, link if is_one_person else link_of(cast, 2)]
    slot, answers, ready = first(link), [], threading.Barrier(2)

    def press(one: BookingLink) -> None:
        ready.wait()
        try:
            booking_links.book(one, starts_at=slot, zone="Asia/Seoul", at=MONDAY)
            answers.append("booked")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[one]) for one in pressed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == (["booked", "booked"] if is_one_person else ["booked", "slot_taken"])
    assert Meeting.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_times_that_lie_too_close_one_is_booked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look while neither has booked, unless each holds the time of the seller first: the later one looks again when the first is done."""
    links = [link_of(cast), link_of(cast, 2)]
    early = first(links[0])
    # Ten minutes after the first has ended: nothing overlaps, and it is no quarter of an hour.
    times, answers, both = [early, early + timedelta(minutes=40)], [], threading.Barrier(2)
    real = availability.slots

    def offered_to_both(*args: Any, **said: Any) -> list[datetime]:
        free = [*real(*args, **said), *(times[1:] if not Meeting.objects.exists() else [])]
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=1)
        return free

    monkeypatch.setattr(availability, "slots", offered_to_both)

    def press(link: BookingLink, starts_at: datetime) -> None:
        try:
            booking_links.book(link, starts_at=starts_at, zone="Asia/Seoul", at=MONDAY)
            answers.append("booked")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=pair) for pair in zip(links, times, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["booked", "slot_taken"]
    assert Meeting.objects.count() == 1


def test_a_feed_is_read_by_its_address_until_it_is_renewed(cast: Cast) -> None:
    feed = meeting_feeds.renew(cast.saori, by=By(cast.saori, Door.WEB), at=MONDAY)
    assert meeting_feeds.reader(feed.token) == cast.saori
    assert meeting_feeds.reader("x") is None
    again = meeting_feeds.renew(cast.saori, by=By(cast.saori, Door.WEB), at=MONDAY)
    assert (meeting_feeds.reader(feed.token), meeting_feeds.reader(again.token)) == (None, cast.saori)
    meeting_feeds.close(cast.saori, by=By(cast.saori, Door.WEB), at=MONDAY)
    assert meeting_feeds.reader(again.token) is None
