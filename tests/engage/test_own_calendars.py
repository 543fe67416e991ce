"""A person's own calendar at a real server: when they are busy in it nobody books them, and our meetings stand in it once, as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm.notifications import Happening, Notification
from tasuki.engage import availability, booking_links, meetings
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import HolderBusy, Plan, SlotTaken, TooClose
from tasuki.engage.own_calendars import connections, keeping, reading, writing
from tasuki.engage.own_calendars.connections import CalendarWrong, NotYourCalendar, OwnCalendar, Said
from tasuki.engage.own_calendars.dav import Server
from tasuki.engage.own_calendars.rows import Answer, BusyEvent, BusySpan, CalendarEntry
from tasuki.engage.own_calendars.troubles import Trouble
from tests.cast import MONDAY, Cast
from tests.engage.calendar_server import LOGIN, PASSWORD, Radicale, event
from tests.engage.calendars import connected, turn
from tests.engage.meeting import WEDNESDAY, booked, lead_in_seoul

pytestmark = pytest.mark.django_db
# Wednesday, ten in Tokyo, for an hour.
DENTIST = event("dentist", ";TZID=Asia/Tokyo:20260304T100000", ";TZID=Asia/Tokyo:20260304T110000")


def minutes(n: float) -> datetime:
    return MONDAY + timedelta(minutes=n)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def saoris(cast: Cast, server: Radicale, *, name: str = "work", **more: bool) -> OwnCalendar:
    path = server.calendar(name)
    return turn(connected(cast.saori, f"http://127.0.0.1:{server.port}{path}", **more), at=MONDAY)


def busy(cast: Cast) -> list[tuple[datetime, datetime]]:
    return sorted(BusySpan.objects.of(cast.saori).values_list("starts_at", "ends_at"))


def theirs(server: Radicale, calendar: OwnCalendar) -> list[str]:
    return server.texts(calendar.path)


def moved_there(server: Radicale, calendar: OwnCalendar, meeting: Meeting, *, before: str, after: str) -> None:
    (text,) = [one for one in theirs(server, calendar) if str(meeting.uid) in one]
    assert before in text
    server.put(f"{calendar.path}{meeting.uid}.ics", text.replace(before, after))


def test_what_stands_in_the_calendar_is_not_offered_and_nothing_of_it_but_its_times_is_kept(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    assert (calendar.works, calendar.name, calendar.read_at) == (True, "work", MONDAY)
    link = booking_links.make(lead_in_seoul(cast), held_by=cast.saori, by=ivo(cast), at=MONDAY)
    assert WEDNESDAY in booking_links.offered(link, at=MONDAY)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    turn(calendar, at=minutes(5))
    assert busy(cast) == [(WEDNESDAY, WEDNESDAY + timedelta(hours=1))]
    offered = booking_links.offered(link, at=MONDAY)
    assert [slot for slot in offered if WEDNESDAY - timedelta(minutes=44) < slot < WEDNESDAY + timedelta(minutes=75)] == [], "with time around it"
    with pytest.raises(SlotTaken):
        booking_links.book(link, starts_at=WEDNESDAY, zone="Asia/Seoul", at=MONDAY)
    kept = [str(value) for model in (OwnCalendar, BusyEvent, BusySpan) for row in model.objects.values() for value in row.values()]
    assert not any("dentist" in value for value in kept if not value.endswith(".ics"))


def test_close_to_it_others_are_warned_and_the_person_themselves_is_not(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    turn(calendar, at=minutes(5))
    before = WEDNESDAY - timedelta(minutes=35)
    with pytest.raises(TooClose):
        booked(cast, starts_at=before)
    hers = meetings.book(lead_in_seoul(cast, 2), plan=Plan(cast.saori, before), by=By(cast.saori, Door.WEB), at=MONDAY)
    assert hers.close_by is None


def test_nobody_books_over_it_but_the_person_themselves(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    turn(calendar, at=minutes(5))
    with pytest.raises(HolderBusy):
        booked(cast)
    here = booked(cast, starts_at=WEDNESDAY + timedelta(hours=3))
    with pytest.raises(HolderBusy):
        meetings.reschedule(here, starts_at=WEDNESDAY, by=ivo(cast), at=MONDAY)
    assert meetings.reschedule(here, starts_at=WEDNESDAY, by=By(cast.saori, Door.WEB), at=MONDAY).starts_at == WEDNESDAY
    booked(cast, lead_in_seoul(cast, 2), held_by=cast.ruth)


def test_a_series_is_counted_for_a_year_and_followed_where_it_changes(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    series = event("stand-up", ";TZID=Europe/Berlin:20260302T090000", ";TZID=Europe/Berlin:20260302T093000", "RRULE:FREQ=WEEKLY")
    radicale.put(f"{calendar.path}series.ics", series)
    turn(calendar, at=minutes(5))
    starts = [begins.astimezone(UTC).hour for begins, _end in busy(cast)]
    assert (len(starts), starts[3], starts[4]) == (58, 8, 7), "an hour earlier from the end of March on"
    radicale.put(f"{calendar.path}series.ics", series.replace("RRULE:FREQ=WEEKLY", "RRULE:FREQ=WEEKLY;COUNT=2"))
    turn(calendar, at=minutes(10))
    assert len(busy(cast)) == 2
    radicale.asked("DELETE", f"{calendar.path}series.ics")
    turn(calendar, at=minutes(15))
    assert (busy(cast), BusyEvent.objects.count()) == ([], 0)


def test_what_comes_again_is_counted_on_as_the_weeks_go_by(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}series.ics", event("a", ":20260302T090000Z", ":20260302T093000Z", "RRULE:FREQ=WEEKLY"))
    turn(calendar, at=minutes(5))
    last = busy(cast)[-1][0]
    turn(calendar, at=minutes(5) + timedelta(days=30))
    assert busy(cast)[-1][0] - last == timedelta(days=28)


def test_what_has_not_changed_is_asked_for_in_one_question(cast: Cast, radicale: Radicale, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    turn(calendar, at=minutes(5))
    asked: list[str] = []
    once = Server._once
    monkeypatch.setattr(Server, "_once", lambda self, method, path, **more: asked.append(method) or once(self, method, path, **more))
    turn(calendar, at=minutes(10))
    assert asked == ["PROPFIND"]
    turn(calendar, at=minutes(12))
    assert asked == ["PROPFIND"], "not its turn"
    turn(calendar, at=minutes(10) + timedelta(days=1))
    assert asked == ["PROPFIND", "PROPFIND", "REPORT"], "once a day what stands there is looked through, and no text is asked for again"


def test_an_account_shows_its_calendars_and_one_of_them_is_chosen(cast: Cast, radicale: Radicale) -> None:
    radicale.calendar("private")
    radicale.calendar("work")
    calendar = turn(connected(cast.saori, f"http://127.0.0.1:{radicale.port}"), at=MONDAY)
    assert sorted(name for _path, name in calendar.found) == ["private", "work"]
    other = next(path for path, _name in calendar.found if path != calendar.path)
    radicale.put(f"{other}dentist.ics", DENTIST)
    chosen = connections.choose(calendar, path=other, by=By(cast.saori, Door.WEB), at=minutes(1))
    turn(chosen, at=minutes(1))
    assert len(busy(cast)) == 1
    with pytest.raises(CalendarWrong):
        connections.choose(calendar, path="/ivo/other/", by=By(cast.saori, Door.WEB), at=minutes(1))


def test_a_meeting_stands_in_it_once_and_follows_what_becomes_of_it(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast, place="https://meet.example/x")
    for n in (1, 2):
        turn(calendar, at=minutes(n))
    (text,) = theirs(radicale, calendar)
    assert all(words in text for words in (f"UID:{meeting.uid}@tasuki", "DTSTART;TZID=Asia/Tokyo:20260304T100000", "https://meet.example/x"))
    assert not any(words in text for words in ("METHOD", "ATTENDEE", "ORGANIZER")), "its server would invite them once more"
    turn(calendar, at=minutes(6))
    assert (busy(cast), CalendarEntry.objects.get().etag != "") == ([], True), "our own meeting does not stand in its own way"
    new = meetings.reschedule(meeting, starts_at=WEDNESDAY + timedelta(minutes=15), by=ivo(cast), at=minutes(7))
    turn(calendar, at=minutes(7))
    (text,) = theirs(radicale, calendar)
    assert "20260304T101500" in text
    assert "SEQUENCE:1" in text
    meetings.cancel(new, by=ivo(cast), at=minutes(8))
    turn(calendar, at=minutes(8))
    assert (theirs(radicale, calendar), CalendarEntry.objects.count(), calendar.works) == ([], 0, True)
    assert not Notification.objects.filter(happening=Happening.CALENDAR).exists()


def test_what_the_owner_adds_to_it_stays_when_it_is_moved(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    turn(calendar, at=minutes(1))
    moved_there(
        radicale,
        calendar,
        meeting,
        before="END:VEVENT",
        after="COLOR:teal\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT10M\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT",
    )
    turn(calendar, at=minutes(6))
    meetings.reschedule(meeting, starts_at=WEDNESDAY + timedelta(hours=2), by=ivo(cast), at=minutes(7))
    turn(calendar, at=minutes(7))
    (text,) = theirs(radicale, calendar)
    assert all(words in text for words in ("TRIGGER:-PT10M", "COLOR:teal", "20260304T120000", "BEGIN:VTIMEZONE"))
    assert text.count("BEGIN:VTIMEZONE") == 1


def test_a_meeting_that_another_holds_from_now_on_moves_to_their_calendar(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    turn(calendar, at=minutes(1))
    meetings.reschedule(meeting, starts_at=WEDNESDAY, held_by=cast.ruth, by=ivo(cast), at=minutes(2))
    turn(calendar, at=minutes(2))
    assert theirs(radicale, calendar) == []


def test_what_the_owner_moves_there_is_asked_about_once_and_not_overwritten(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    turn(calendar, at=minutes(1))
    moved_there(radicale, calendar, meeting, before="20260304T10", after="20260304T09")
    for n in (6, 11):
        turn(calendar, at=minutes(n))
    entry = CalendarEntry.objects.visible_to(cast.saori).differing().get()
    assert (entry.their_starts_at, entry.starts_at) == (WEDNESDAY - timedelta(hours=1), WEDNESDAY)
    told = Notification.objects.get(happening=Happening.CALENDAR)
    assert (told.person, told.lead, told.cause.record_id) == (cast.saori, meeting.lead, meeting.pk)
    assert "20260304T09" in theirs(radicale, calendar)[0], "theirs is left alone"
    writing.answer(entry, said=Answer.OURS, by=By(cast.saori, Door.WEB), at=minutes(12))
    turn(calendar, at=minutes(12))
    assert "DTSTART;TZID=Asia/Tokyo:20260304T100000" in theirs(radicale, calendar)[0]
    assert not CalendarEntry.objects.differing().exists()


def test_what_they_leave_there_stays_until_the_meeting_itself_changes(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    turn(calendar, at=minutes(1))
    radicale.asked("DELETE", f"{calendar.path}{meeting.uid}.ics")
    turn(calendar, at=minutes(6))
    entry = CalendarEntry.objects.differing().get()
    assert entry.their_starts_at is None
    writing.answer(entry, said=Answer.THEIRS, by=By(cast.saori, Door.WEB), at=minutes(7))
    turn(calendar, at=minutes(12))
    assert theirs(radicale, calendar) == []
    meetings.reschedule(meeting, starts_at=WEDNESDAY + timedelta(hours=2), by=ivo(cast), at=minutes(13))
    turn(calendar, at=minutes(13))
    assert "20260304T120000" in theirs(radicale, calendar)[0]


def test_a_move_here_does_not_overwrite_a_move_there_unseen(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    turn(calendar, at=minutes(1))
    moved_there(radicale, calendar, meeting, before="T103000", after="T123000")
    meetings.reschedule(meeting, starts_at=WEDNESDAY + timedelta(hours=4), by=ivo(cast), at=minutes(2))
    turn(calendar, at=minutes(2))
    assert "T123000" in theirs(radicale, calendar)[0]
    assert CalendarEntry.objects.differing().get().their_ends_at == WEDNESDAY + timedelta(hours=2, minutes=30)


class Killed(BaseException):
    """A worker that dies: nothing catches it."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["put", "remove"])
def test_who_dies_at_the_server_is_followed_without_a_second_time(
    *, cast: Cast, radicale: Radicale, monkeypatch: pytest.MonkeyPatch, what: str, when: str
) -> None:
    calendar = saoris(cast, radicale)
    meeting = booked(cast)
    verb = getattr(Server, what)

    def dying(self: Server, *args: object, **more: object) -> None:
        if when == "after":
            verb(self, *args, **more)
        raise Killed

    def die_and_go_on(n: float) -> None:
        monkeypatch.setattr(Server, what, dying)
        with pytest.raises(Killed):
            turn(calendar, at=minutes(n))
        monkeypatch.setattr(Server, what, verb)
        turn(calendar, at=minutes(n + 1))

    if what == "put":
        die_and_go_on(1)
        assert len(theirs(radicale, calendar)) == 1
        meeting = meetings.reschedule(meeting, starts_at=WEDNESDAY + timedelta(hours=2), by=ivo(cast), at=minutes(3))
        die_and_go_on(3)
        (text,) = theirs(radicale, calendar)
        assert "20260304T120000" in text
    else:
        turn(calendar, at=minutes(1))
        meetings.cancel(meeting, by=ivo(cast), at=minutes(2))
        die_and_go_on(2)
        assert theirs(radicale, calendar) == []
    turn(calendar, at=minutes(20))
    assert not Notification.objects.filter(happening=Happening.CALENDAR).exists()
    assert [entry.sequence for entry in CalendarEntry.objects.all()] == ([meeting.sequence] if what == "put" else [])


def test_two_workers_write_one_event(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    booked(cast)
    server, _path = connections.server_of(calendar)
    ((meeting, nothing),) = writing.to_do(calendar, at=minutes(1))
    assert nothing is None
    assert writing._put_new(calendar, meeting, server=server, at=minutes(1))
    CalendarEntry.objects.all().delete()
    assert not writing._put_new(calendar, meeting, server=server, at=minutes(1)), "the other one was there before"
    assert len(theirs(radicale, calendar)) == 1


def test_nobody_takes_a_calendar_that_somebody_has_and_who_dies_is_followed(cast: Cast, radicale: Radicale) -> None:
    saoris(cast, radicale)
    OwnCalendar.objects.update(turn_at=minutes(6))
    assert keeping._claim(at=minutes(6))
    assert keeping._claim(at=minutes(7)) is None
    assert keeping.keep_next(at=minutes(6) + keeping.LEASE)
    assert not keeping.keep_next(at=minutes(6) + keeping.LEASE)


def test_an_event_that_says_it_is_ours_and_is_not_takes_its_time(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}x.ics", event(f"{uuid4()}@tasuki", ":20260304T100000Z", ":20260304T110000Z"))
    turn(calendar, at=minutes(5))
    assert len(busy(cast)) == 1


def test_a_calendar_may_be_read_only(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale, is_written=False)
    booked(cast)
    turn(calendar, at=minutes(1))
    assert theirs(radicale, calendar) == []


def test_more_than_can_be_read_is_said_and_what_was_known_stays(cast: Cast, radicale: Radicale, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    turn(calendar, at=minutes(5))
    monkeypatch.setattr(reading, "MOST_EVENTS", 1)
    radicale.put(f"{calendar.path}b.ics", event("b", ":20260305T100000Z", ":20260305T110000Z"))
    assert turn(calendar, at=minutes(10)).read_trouble == Trouble.TOO_MUCH
    assert len(busy(cast)) == 1


def test_an_event_that_cannot_be_understood_is_counted_and_keeps_no_other_from_being_read(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}a.ics", event("a", ":20260305T100000Z", ":20260305T110000Z", "RRULE:FREQ=SECONDLY;COUNT=3"))
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    assert turn(calendar, at=minutes(5)).works
    assert (len(busy(cast)), BusyEvent.objects.visible_to(cast.saori).not_understood().count()) == (1, 1)


def test_a_wrong_password_is_said_and_the_server_left_alone_the_longer_the_more_often(cast: Cast, radicale: Radicale) -> None:
    calendar = turn(connected(cast.saori, f"http://127.0.0.1:{radicale.port}{radicale.calendar('work')}", password="wrong"), at=MONDAY)
    assert (calendar.read_trouble, calendar.read_retry_at) == (Trouble.LOGIN, minutes(1))
    assert turn(calendar, at=minutes(1)).read_retry_at == minutes(3)
    calendar = connections.connect(cast.saori, said=Said(calendar.address, LOGIN, PASSWORD), by=By(cast.saori, Door.WEB), at=minutes(2))
    assert turn(calendar, at=minutes(2)).works


def test_only_its_owner_connects_it_and_the_password_goes_to_the_server_for_which_it_was_typed(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    mine = By(cast.saori, Door.WEB)
    with pytest.raises(NotYourCalendar):
        connections.disconnect(calendar, by=By(cast.ruth, Door.WEB), at=MONDAY)
    with pytest.raises(NotYourCalendar):
        connections.connect(cast.saori, said=Said("https://x.example/", "a", "b"), by=By(cast.ada, Door.WEB), at=MONDAY)
    with pytest.raises(CalendarWrong) as refusal:
        connections.connect(cast.saori, said=Said("https://evil.example/", LOGIN), by=mine, at=MONDAY)
    assert refusal.value.field == "password"
    for address in ("", "ftp://x.example/", "http://x.example/", "https://a:b@x.example/", "https://", "https://x.example/a b", "javascript:1", "https://[::1"):
        with pytest.raises(CalendarWrong) as refusal:
            connections.connect(cast.saori, said=Said(address, LOGIN, PASSWORD), by=mine, at=MONDAY)
        assert refusal.value.field == "address"
    assert not OwnCalendar.objects.visible_to(cast.ada).exists()
    everything = [str(value) for row in [*OwnCalendar.objects.values(), *AuditEntry.objects.values()] for value in row.values()]
    assert not any(PASSWORD in value for value in everything)
    assert PASSWORD not in repr(Said("a", "b", PASSWORD))


def test_a_calendar_that_is_disconnected_is_forgotten_and_what_was_written_stays(cast: Cast, radicale: Radicale) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}dentist.ics", DENTIST)
    booked(cast, starts_at=WEDNESDAY + timedelta(hours=3))
    turn(calendar, at=minutes(5))
    mine = By(cast.saori, Door.WEB)
    for _nth in range(2):
        calendar = connections.disconnect(calendar, by=mine, at=minutes(6))
    assert (calendar.is_active, calendar.secret, busy(cast), len(theirs(radicale, calendar))) == (False, "", [], 2)
    assert not keeping.keep_next(at=minutes(7))
    again = connections.connect(cast.saori, said=Said(calendar.address, LOGIN, PASSWORD), by=mine, at=minutes(8))
    turn(again, at=minutes(8))
    assert (len(busy(cast)), len(theirs(radicale, again))) == (1, 2), "nothing stands there twice"


def test_slots_ask_the_same_few_questions_however_much_stands_in_a_calendar(cast: Cast, radicale: Radicale, django_assert_num_queries: object) -> None:
    calendar = saoris(cast, radicale)
    radicale.put(f"{calendar.path}a.ics", event("a", ":20260302T090000Z", ":20260302T093000Z", "RRULE:FREQ=DAILY"))
    turn(calendar, at=minutes(5))
    with django_assert_num_queries(8, exact=False):  # type: ignore[operator]  # pytest-django's fixture
        availability.slots(cast.saori, start=MONDAY, end=MONDAY + timedelta(days=21))
