"""Booking at the desk: who is to hold the meeting, which times are said on the telephone, and what is refused when one of them is gone."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core import absences
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.engage import availability
from tasuki.engage.calls import Call, Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import SlotTaken
from tasuki.inside_sales import call_desk, desk_booking
from tasuki.inside_sales.desk_booking import Offer
from tests.cast import MONDAY, Cast, hired
from tests.engage.calling import callable_lead, type_of
from tests.engage.meeting import booked
from tests.inside_sales.office import carried, office_in_seoul, pool_of

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
# A Tuesday at ten in Seoul.
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)


def offer(cast: Cast, lead: Lead, *, zone: ZoneInfo = SEOUL, holder: User | None = None, since: date | None = None) -> Offer:
    found = desk_booking.offer(lead, caller=cast.ivo, zone=zone, at=AT, holder=holder, since=since)
    assert found is not None
    return found


def clocks(found: Offer, zone: ZoneInfo = SEOUL) -> list[str]:
    return [f"{slot.astimezone(zone):%d %H:%M}" for slot in found.slots]


def told(cast: Cast, lead: Lead, *, starts_at: datetime, held_by: User, is_offered: bool = True) -> Meeting:
    outcome = Outcome(Disposition.MEETING, meeting_at=starts_at, held_by=held_by, is_offered=is_offered)
    call_desk.conclude(lead, outcome=outcome, call_type=type_of(), by=By(cast.ivo, Door.WEB), at=AT)
    return Meeting.objects.ahead().get(lead=lead)


def test_the_first_the_middle_and_the_last_time_of_three_days_are_said_and_where_it_goes_on(cast: Cast) -> None:
    office_in_seoul()
    lead = callable_lead(cast)
    found = offer(cast, lead)
    # It is ten; the office closes at six, and a meeting lasts half an hour.
    assert clocks(found) == ["03 10:30", "03 14:00", "03 17:30", "04 09:00", "04 13:00", "04 17:30", "05 09:00", "05 13:00", "05 17:30"]
    assert found.later_on == date(2026, 3, 6)
    assert clocks(offer(cast, lead, since=found.later_on))[0] == "06 09:00"


def test_days_away_other_meetings_and_the_quarter_of_an_hour_around_them_are_left_out(cast: Cast) -> None:
    office_in_seoul()
    booked(cast, starts_at=datetime(2026, 3, 3, 1, 30, tzinfo=UTC))
    absences.mark(cast.saori, first_on=date(2026, 3, 4), last_on=date(2026, 3, 5), by=By(cast.ada, Door.WEB), at=MONDAY)
    found = offer(cast, callable_lead(cast, 2), holder=cast.saori)
    assert clocks(found)[0] == "03 11:30", "half past ten is taken, and eleven is too near"
    assert {slot[:2] for slot in clocks(found)} == {"03", "06", "09"}


def test_nobody_is_asked_to_meet_at_night_or_on_a_sunday_unless_there_is_no_other_time(cast: Cast) -> None:
    office_in_seoul()
    lead = callable_lead(cast)
    lisbon, honolulu = ZoneInfo("Europe/Lisbon"), ZoneInfo("Pacific/Honolulu")
    assert clocks(offer(cast, lead, zone=lisbon), lisbon)[:2] == ["03 08:00", "03 08:30"], "five and half past five in Seoul"
    found = offer(cast, lead, zone=honolulu, since=date(2026, 3, 6))
    assert clocks(found, honolulu)[0] == "09 14:00", "nine on Monday in Seoul is Sunday there"
    azores = ZoneInfo("Atlantic/Azores")
    assert len(clocks(offer(cast, lead, zone=azores), azores)) == 9, "nine to six in Seoul is night there: all are offered"


def test_the_meeting_is_held_by_the_deals_owner_then_the_accounts_then_whoever_of_sales_has_the_fewest(cast: Cast) -> None:
    lead, other = callable_lead(cast), callable_lead(cast, 2)
    ken = hired("ken", "渡辺", "健", role=Role.FIELD_SELLER, team=cast.field_sales, language="ja")
    kim = hired("kim", "김", "솔", role=Role.FIELD_SELLER, team=cast.field_sales, language="ko")
    assert (offer(cast, lead).holder, str(offer(cast, lead).why)) == (kim, "has the fewest meetings ahead"), "who speaks the language of the lead"
    pool_of(cast, cast.saori, ken, name="Field")
    pool = pool_of(cast, name="Sales")
    pool.team = cast.field_sales
    pool.save()
    pool.members.create(user=cast.saori, languages=["ko", "ja"])
    pool.members.create(user=ken, languages=["ko"])
    assert offer(cast, lead).holder == cast.saori, "among those of a pool of sales, by what they are said to speak"
    booked(cast, other, held_by=cast.saori, starts_at=AT + timedelta(days=1))
    assert offer(cast, lead).holder == ken, "who has fewer meetings ahead"
    Account.objects.filter(pk=lead.account_id).update(owner=cast.saori)
    assert (offer(cast, lead).holder, str(offer(cast, lead).why)) == (cast.saori, "owns the account")
    assert lead.account is not None
    carried(cast, lead.account, owner=ken, stage=stages.P2, at=AT - timedelta(days=9))
    assert (offer(cast, lead).holder, str(offer(cast, lead).why)) == (ken, "the company has an open deal")
    told(cast, lead, starts_at=AT + timedelta(days=2), held_by=kim, is_offered=False)
    assert (offer(cast, lead).holder, str(offer(cast, lead).why)) == (kim, "holds the meeting that is booked")


def test_without_anybody_in_sales_whoever_calls_holds_it(cast: Cast) -> None:
    lead = callable_lead(cast)
    cast.saori.role_grants.all().delete()
    assert offer(cast, lead).holder == cast.ivo
    assert desk_booking.holder_of(lead, caller=cast.ivo, at=AT) == cast.ivo
    User.objects.filter(pk__in=[cast.ivo.pk, cast.ruth.pk, cast.chika.pk]).update(is_active=False)
    assert desk_booking.offer(lead, caller=cast.ivo, zone=SEOUL, at=AT) is None


def test_others_are_named_with_the_first_time_at_which_they_can(cast: Cast) -> None:
    office_in_seoul()
    absences.mark(cast.chika, first_on=date(2026, 3, 3), last_on=date(2026, 3, 4), by=By(cast.ada, Door.WEB), at=MONDAY)
    absences.mark(cast.ruth, first_on=date(2026, 3, 1), last_on=date(2026, 3, 30), by=By(cast.ada, Door.WEB), at=MONDAY)
    found = offer(cast, callable_lead(cast))
    next_at = {one.seller: one.next_at and f"{one.next_at.astimezone(SEOUL):%d %H:%M}" for one in found.others}
    assert next_at == {cast.saori: "03 10:30", cast.ivo: "03 10:30", cast.chika: "05 09:00", cast.ruth: None}
    assert found.is_all


def test_a_time_is_booked_with_whoever_was_chosen_and_what_was_agreed_before_is_moved(cast: Cast) -> None:
    office_in_seoul()
    lead = callable_lead(cast)
    first, *_others, last = offer(cast, lead).slots
    meeting = told(cast, lead, starts_at=first, held_by=cast.saori)
    assert (meeting.held_by, meeting.booked_by, meeting.starts_at) == (cast.saori, cast.ivo, first)
    moved = told(cast, lead, starts_at=last, held_by=cast.chika)
    assert (moved.previous, moved.held_by, moved.starts_at) == (meeting, cast.chika, last)
    assert first in offer(cast, lead, holder=cast.saori).slots, "what is moved stands in nobody's way"


@pytest.mark.parametrize("minutes", [0, 30, -30])
def test_a_time_that_was_taken_meanwhile_is_refused_and_nothing_is_written(cast: Cast, *, minutes: int) -> None:
    office_in_seoul()
    lead, other = callable_lead(cast), callable_lead(cast, 2)
    slot = offer(cast, lead).slots[1]
    booked(cast, other, held_by=cast.saori, starts_at=slot + timedelta(minutes=minutes))
    with pytest.raises(SlotTaken):
        told(cast, lead, starts_at=slot, held_by=cast.saori)
    assert not Call.objects.filter(lead=lead).exists()
    assert slot not in offer(cast, lead, holder=cast.saori).slots, "the next ones are offered"


def test_a_time_that_is_typed_may_lie_outside_the_hours_but_not_on_another_meeting(cast: Cast) -> None:
    office_in_seoul()
    lead, other = callable_lead(cast), callable_lead(cast, 2)
    evening = datetime(2026, 3, 3, 11, tzinfo=UTC)
    with pytest.raises(SlotTaken):
        told(cast, lead, starts_at=evening, held_by=cast.saori)
    assert told(cast, lead, starts_at=evening, held_by=cast.saori, is_offered=False).starts_at == evening
    with pytest.raises(SlotTaken):
        told(cast, other, starts_at=evening, held_by=cast.saori, is_offered=False)


def test_times_ask_the_same_few_questions_for_five_sellers_and_for_twenty(cast: Cast) -> None:
    lead = callable_lead(cast)

    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            offer(cast, lead)
        return len(asked)

    few = n_queries()
    for nth in range(15):
        hired(f"seller{nth}", "Park", f"No {nth}", role=Role.FIELD_SELLER, team=cast.field_sales)
    assert n_queries() <= few <= 24
    assert not offer(cast, lead).is_all
    assert len(offer(cast, lead).others) == desk_booking.MOST_NAMED


@pytest.mark.django_db(transaction=True)
def test_of_two_offered_times_that_lie_too_close_one_is_booked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes lie between them, so nothing overlaps: whoever holds the seller's time first has it, and the other looks after that."""
    office_in_seoul()
    callers = [cast.ivo, hired("noor", "Haddad", "Noor", role=Role.INSIDE_SELLER, team=cast.inside_sales)]
    leads = [callable_lead(cast, 1), callable_lead(cast, 2)]
    early = datetime(2026, 3, 4, 1, tzinfo=UTC)
    times, answers, both, real = [early, early + timedelta(minutes=40)], [], threading.Barrier(2), availability.slots

    def offered_to_both(*args: Any, **said: Any) -> list[datetime]:
        free = [*real(*args, **said), *(times if not Meeting.objects.exists() else [])]
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=1)
        return free

    monkeypatch.setattr(availability, "slots", offered_to_both)

    def say(caller: User, lead: Lead, starts_at: datetime) -> None:
        outcome = Outcome(Disposition.MEETING, meeting_at=starts_at, held_by=cast.saori, is_offered=True)
        try:
            call_desk.conclude(lead, outcome=outcome, call_type=type_of(), by=By(caller, Door.WEB), at=AT)
            answers.append("booked")
        except SlotTaken as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=say, args=said) for said in zip(callers, leads, times, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["booked", "slot_taken"]
    assert Meeting.objects.count() == 1
