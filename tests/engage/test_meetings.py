"""A meeting is booked, confirmed, moved, held, missed, cancelled; each beside what is refused, and what the database refuses by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tasuki.core import bus
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Refused
from tasuki.crm import leads, stages
from tasuki.crm.ledger import NotInProcess
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import meeting_rows, meetings, rebooking
from tasuki.engage.meeting_letters import MeetingLetter
from tasuki.engage.meeting_rows import Guest, Meeting, MeetingState, guests_in
from tasuki.engage.meetings import MeetingNotYet, MeetingOver, MeetingWrong, Met, Plan, SlotTaken, TooClose
from tests.cast import MONDAY, Cast
from tests.engage.meeting import ADDRESS, WEDNESDAY, booked, lead_in_seoul

pytestmark = pytest.mark.django_db
AFTER = WEDNESDAY + timedelta(hours=1)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def test_booking_carries_the_lead_on_invites_and_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Met] = []
    monkeypatch.setitem(bus._listeners, Met, [heard.append])
    meeting = booked(cast, attendees="김부장 <kim@gaon.example>\n이과장", agenda="night session")
    assert (meeting.state, meeting.zone, meeting.minutes, meeting.sequence) == (MeetingState.BOOKED, "Asia/Seoul", 30, 0)
    assert leads.locked(meeting.lead).stage_id == stages.BOOKED
    assert [(one.to, one.language) for one in MeetingLetter.objects.order_by("to")] == [("kim@gaon.example", "ko"), (ADDRESS, "ko")]
    entry = TimelineEntry.objects.get(kind=Kind.MEETING)
    assert (entry.actor, entry.lead, entry.detail["state"], entry.detail["meeting"]) == (cast.ivo, meeting.lead, "booked", meeting.pk)
    assert heard == [Met(meeting, None, ivo(cast), MONDAY)]
    assert AuditEntry.objects.filter(noun="meeting", record_id=meeting.pk).get().action == "book"


def test_nobody_books_about_a_lead_that_is_over_or_for_a_time_that_is_over(cast: Cast) -> None:
    lead = lead_in_seoul(cast)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("starts_at", {"starts_at": MONDAY}),
        ("starts_at", {"starts_at": MONDAY + timedelta(days=400)}),
        ("minutes", {"ends_at": WEDNESDAY}),
        ("minutes", {"ends_at": WEDNESDAY + timedelta(hours=13)}),
        ("attendees", {"attendees": "kim <kim@@gaon>"}),
        ("attendees", {"attendees": "\n".join(f"guest {n}" for n in range(31))}),
        ("held_by", {"held_by": cast.tomas}),
        ("agenda", {"place": "x" * 301}),
    ]
    for field, said in refused:
        with pytest.raises(MeetingWrong) as refusal:
            booked(cast, lead, **said)
        assert refusal.value.field == field
    leads.disqualify(lead, reason="a student", by=ivo(cast), at=MONDAY)
    with pytest.raises(NotInProcess):
        booked(cast, lead)
    assert not Meeting.objects.exists()


def test_a_seller_is_in_one_meeting_at_a_time_and_meetings_may_touch_knowingly(cast: Cast) -> None:
    first = booked(cast)
    with pytest.raises(SlotTaken):
        booked(cast, lead_in_seoul(cast, 2), starts_at=WEDNESDAY + timedelta(minutes=29))
    booked(cast, lead_in_seoul(cast, 3), starts_at=WEDNESDAY + timedelta(minutes=30), is_close_knowingly=True)
    booked(cast, lead_in_seoul(cast, 4), held_by=cast.ruth)
    meetings.cancel(first, by=ivo(cast), at=MONDAY)
    booked(cast, lead_in_seoul(cast, 5), is_close_knowingly=True)


@pytest.mark.parametrize(("minutes", "is_close"), [(-45, False), (-44, True), (-30, True), (30, True), (44, True), (45, False)])
def test_a_time_close_to_another_is_warned_of_and_booked_knowingly_with_who_did_it(cast: Cast, minutes: int, is_close: bool) -> None:
    booked(cast)
    lead, starts_at = lead_in_seoul(cast, 2), WEDNESDAY + timedelta(minutes=minutes)
    if is_close:
        with pytest.raises(TooClose) as warned:
            booked(cast, lead, starts_at=starts_at)
        assert "from 10:00 to 10:30 (Asia/Seoul), less than 15 minutes apart" in str(warned.value)
        assert Meeting.objects.count() == 1
    meeting = booked(cast, lead, starts_at=starts_at, is_close_knowingly=True)
    assert meeting.close_by == (cast.ivo if is_close else None), "only what is close is said to be"
    assert ("close_by" in AuditEntry.objects.of(meeting).get().changes) is is_close


def test_a_move_close_to_another_is_warned_of_and_to_where_it_lay_itself_is_not(cast: Cast) -> None:
    booked(cast)
    here = booked(cast, lead_in_seoul(cast, 2), starts_at=AFTER + timedelta(hours=2))
    near = WEDNESDAY + timedelta(minutes=35)
    with pytest.raises(TooClose):
        meetings.reschedule(here, starts_at=near, by=ivo(cast), at=MONDAY)
    here.refresh_from_db()
    assert here.state == MeetingState.BOOKED
    moved = meetings.reschedule(here, starts_at=near, is_close_knowingly=True, by=ivo(cast), at=MONDAY)
    assert moved.close_by == cast.ivo
    far = meetings.reschedule(moved, starts_at=near + timedelta(minutes=10), by=ivo(cast), at=MONDAY)
    assert far.close_by is None


def test_moving_makes_a_row_that_names_the_old_one_and_keeps_its_place_in_calendars(cast: Cast) -> None:
    old = booked(cast)
    new = meetings.reschedule(old, starts_at=WEDNESDAY + timedelta(minutes=15), by=ivo(cast), at=MONDAY)
    old.refresh_from_db()
    assert (old.state, old.closed_at, new.state, new.previous, new.minutes) == (MeetingState.MOVED, MONDAY, MeetingState.BOOKED, old, 30)
    assert (new.uid, new.sequence) == (old.uid, 1)
    assert meetings.reschedule(new, starts_at=new.starts_at, by=ivo(cast), at=MONDAY) == new, "the same time is no move"
    with pytest.raises(MeetingOver):
        meetings.reschedule(old, starts_at=AFTER, by=ivo(cast), at=MONDAY)
    assert list(MeetingLetter.objects.waiting().values_list("meeting", flat=True)) == [new.pk], "the first letter is overtaken"


def test_a_move_onto_a_taken_time_moves_nothing(cast: Cast) -> None:
    booked(cast, starts_at=AFTER)
    here = booked(cast, lead_in_seoul(cast, 2))
    with pytest.raises(SlotTaken):
        meetings.reschedule(here, starts_at=AFTER, by=ivo(cast), at=MONDAY)
    here.refresh_from_db()
    assert here.state == MeetingState.BOOKED


def test_confirming_twice_is_once_and_a_confirmed_meeting_can_be_held(cast: Cast) -> None:
    meeting = booked(cast)
    day = (WEDNESDAY - timedelta(hours=1), WEDNESDAY + timedelta(hours=23))
    assert list(Meeting.objects.to_confirm(*day)) == [meeting]
    meetings.confirm(meeting, by=ivo(cast), at=MONDAY + timedelta(hours=1))
    meeting = meetings.confirm(meeting, by=ivo(cast), at=MONDAY + timedelta(hours=2))
    assert meeting.confirmed_at == MONDAY + timedelta(hours=1)
    assert list(Meeting.objects.to_confirm(*day)) == []
    with pytest.raises(MeetingNotYet):
        meetings.hold(meeting, by=ivo(cast), at=WEDNESDAY - timedelta(seconds=1))
    assert meetings.hold(meeting, by=ivo(cast), at=WEDNESDAY).state == MeetingState.HELD
    with pytest.raises(MeetingOver):
        meetings.miss(meeting, by=ivo(cast), at=AFTER)


def test_who_did_not_come_is_booked_again_without_a_mark(cast: Cast) -> None:
    missed = meetings.miss(booked(cast), by=ivo(cast), at=AFTER)
    other = meetings.hold(booked(cast, lead_in_seoul(cast, 2), starts_at=AFTER), by=ivo(cast), at=AFTER)
    task = Task.objects.get(lead=missed.lead)
    assert (task.subject, task.owner, (task.due_on - AFTER.date()).days) == (f"Book the meeting with {missed.lead.title} again", cast.ivo, 30)
    assert meeting_rows.rates(Meeting.objects.all()).show_rate == 0.5
    plan = Plan(cast.saori, WEDNESDAY + timedelta(days=40))
    again = meetings.book(missed.lead, plan=plan, again=missed, by=ivo(cast), at=AFTER + timedelta(days=31))
    assert (again.previous, again.uid != missed.uid) == (missed, True)
    assert meeting_rows.rates(Meeting.objects.all()) == meeting_rows.Rates(n_held=1, n_missed=0)
    for wrong in (missed, other):
        with pytest.raises(MeetingOver):
            meetings.book(missed.lead, plan=plan, again=wrong, by=ivo(cast), at=AFTER)


def test_a_no_show_booked_again_after_ninety_days_stays_one(cast: Cast) -> None:
    missed = meetings.miss(booked(cast), by=ivo(cast), at=AFTER)
    late = AFTER + timedelta(days=91)
    meetings.book(missed.lead, plan=Plan(cast.saori, late + timedelta(days=1)), again=missed, by=ivo(cast), at=late)
    assert meeting_rows.rates(Meeting.objects.all()).n_missed == 1


def test_the_house_says_within_how_many_days_and_what_was_missed_keeps_them(cast: Cast) -> None:
    before = meetings.miss(booked(cast), by=ivo(cast), at=AFTER)
    rebooking.change(n_rebook_from_days=10, n_rebook_until_days=20, by=ivo(cast), at=AFTER)
    later = meetings.miss(booked(cast, lead_in_seoul(cast, 2)), by=ivo(cast), at=AFTER)
    assert [(one.rebook_until_on - one.starts_at.date()).days for one in (before, later)] == [90, 20]
    assert [(one.rebook_from_on - one.starts_at.date()).days for one in (before, later)] == [30, 10]
    assert (Task.objects.get(lead=later.lead).due_on - AFTER.date()).days == 10
    late = AFTER + timedelta(days=21)
    for nth, missed in enumerate((before, later)):
        plan = Plan(cast.saori, late + timedelta(days=1, hours=nth))
        meetings.book(missed.lead, plan=plan, again=missed, by=ivo(cast), at=late)
    assert list(Meeting.objects.missed()) == [later], "the other one was booked again in time"


@pytest.mark.parametrize("days", [(30, 30), (90, 30), (-1, 30), (30, 366)])
def test_days_that_make_no_sense_are_refused(cast: Cast, days: tuple[int, int]) -> None:
    with pytest.raises(rebooking.RebookRulesWrong):
        rebooking.change(n_rebook_from_days=days[0], n_rebook_until_days=days[1], by=ivo(cast), at=AFTER)
    assert rebooking.in_force().n_rebook_until_days == 90


def test_cancelling_tells_the_invited_and_asks_us_only_where_they_did_it(cast: Cast) -> None:
    ours = meetings.cancel(booked(cast), reason="ill", by=ivo(cast), at=MONDAY)
    assert (ours.state, ours.reason, ours.sequence) == (MeetingState.CANCELLED, "ill", 1)
    assert not Task.objects.exists()
    theirs = meetings.cancel(booked(cast, lead_in_seoul(cast, 2)), by=By(None, Door.WEB), at=MONDAY)
    assert Task.objects.get().lead == theirs.lead
    assert MeetingLetter.objects.waiting().count() == 2


def test_the_database_refuses_by_itself(cast: Cast) -> None:
    meeting = booked(cast)
    for wrong in ({"ends_at": WEDNESDAY}, {"state": "held"}, {"state": "confirmed"}, {"closed_at": MONDAY}, {"state": "missed", "closed_at": MONDAY}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Meeting.objects.filter(pk=meeting.pk).update(**wrong)


def test_who_sees_a_meeting(cast: Cast) -> None:
    booked(cast)
    seen = {person.email.partition("@")[0]: Meeting.objects.visible_to(person).count() for person in (cast.ivo, cast.saori, cast.ruth, cast.chika, cast.tomas)}
    assert seen == {"ivo": 1, "saori": 1, "ruth": 1, "chika": 0, "tomas": 0}


def test_guests_are_read_as_people_write_them() -> None:
    assert guests_in("김부장 <kim@gaon.example>, 박 부장 외 2명\nlee@gaon.example；;") == [
        Guest("김부장", "kim@gaon.example"), Guest("박 부장 외 2명"), Guest("lee@gaon.example", "lee@gaon.example"),
    ]  # fmt: skip


def at_once(*wishes: Callable[[], object]) -> list[str]:
    """What becomes of wishes that come in the same moment: “booked”, or the code of the refusal, in the order of the alphabet."""
    answers: list[str] = []
    ready = threading.Barrier(len(wishes))

    def ask(wish: Callable[[], object]) -> None:
        ready.wait()
        try:
            wish()
            answers.append("booked")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[wish]) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_time_at_once_one_gets_it(cast: Cast) -> None:
    wanting = [lead_in_seoul(cast, nth) for nth in range(4)]
    assert at_once(*(partial(booked, cast, lead) for lead in wanting)) == ["booked", *["slot_taken"] * 3]
    assert Meeting.objects.get().starts_at == WEDNESDAY.astimezone(UTC)


@pytest.mark.django_db(transaction=True)
def test_of_meetings_that_are_moved_to_one_time_at_once_one_gets_it(cast: Cast) -> None:
    moving = [booked(cast, lead_in_seoul(cast, nth), starts_at=WEDNESDAY + timedelta(hours=nth)) for nth in (1, 2, 3)]
    wishes = [partial(meetings.reschedule, one, starts_at=WEDNESDAY, by=ivo(cast), at=MONDAY) for one in moving]
    assert at_once(*wishes, partial(booked, cast, lead_in_seoul(cast, 4))) == ["booked", *["slot_taken"] * 3]
    assert Meeting.objects.ahead().filter(starts_at=WEDNESDAY).count() == 1
