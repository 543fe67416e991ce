"""Who raises a hand or answers when the next list is made already: on top of that one, and of today's while the day lasts; nobody between two."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tasuki.core import absences, bus
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.crm import leads, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.engage.touches import Touched
from tasuki.inside_sales import routing
from tasuki.inside_sales.call_lists import building, keeping, lists
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.routing_pools import OffHours
from tasuki.relay import breaches
from tests.cast import SET_UP, Cast, hired
from tests.engage.mailing import heard
from tests.engage.meeting import lead_in_seoul
from tests.inside_sales.call_lists.shift import EVENING, MORNING, WEDNESDAY, built, lead, order_of
from tests.inside_sales.office import carried, company, office_in_seoul, pool_of, ready, rules_in_force

pytestmark = pytest.mark.django_db

# Of the days, by the clock of Ivo: his work ends at six.
TUESDAY, FRIDAY, MONDAY = date(2026, 3, 3), date(2026, 3, 6), date(2026, 3, 9)
QUARTER_TO_SIX = EVENING + timedelta(minutes=15)
EIGHT = EVENING.replace(hour=20, minute=0)
SATURDAY = datetime(2026, 3, 7, 11, tzinfo=UTC)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def two_days(cast: Cast) -> tuple[CallList, CallList]:
    """Ivo's list of Tuesday, frozen, and the one of Wednesday as it was proposed on Tuesday evening; two leads on each."""
    for _ in range(2):
        lead(cast)
    (today,) = built(cast.ivo, day=TUESDAY, at=EVENING - timedelta(days=1))
    lists.freeze(today, by=SET_UP, at=EVENING - timedelta(hours=17))
    assert keeping.propose(at=EVENING) == 1
    return today, CallList.objects.get(owner=cast.ivo, for_on=WEDNESDAY)


def raised(cast: Cast, *, at: datetime, owner: User | None = None) -> Lead:
    arrival = Arrival(team=cast.inside_sales, owner=owner or cast.ivo, origin=Origin.INBOUND, source="price request")
    return leads.capture(arrival, by=SET_UP, at=at, stage=stages.READY)


def late(call_list: CallList) -> list[int]:
    """The leads that came late, from the top."""
    return list(call_list.entries.filter(inserted_at__isnull=False).order_by("position").values_list("lead", flat=True))


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_reply_of_the_evening_is_on_top_of_the_next_list_and_not_on_the_one_that_is_over(cast: Cast, *, is_frozen: bool) -> None:
    lead = lead_in_seoul(cast)
    today, tomorrow = two_days(cast)
    if is_frozen:
        lists.freeze(tomorrow, by=ivo(cast), at=QUARTER_TO_SIX)
    before = order_of(tomorrow)
    heard(cast, at=EIGHT)
    heard(cast, "And one more", at=EIGHT + timedelta(minutes=1))
    assert order_of(tomorrow) == [(2, lead.pk), *before]
    top = tomorrow.entries.order_by("position")[0]
    assert (top.inserted_at, top.reasons) == (EIGHT, [["replied", EIGHT.isoformat()]])
    assert late(today) == []
    assert AuditEntry.objects.of(tomorrow).filter(action="insert").count() == 1


def test_while_the_day_lasts_a_hand_that_is_raised_is_on_top_of_both_lists(cast: Cast) -> None:
    today, tomorrow = two_days(cast)
    early, last = raised(cast, at=QUARTER_TO_SIX), raised(cast, at=EVENING.replace(hour=18, minute=0))
    assert late(today) == [early.pk]
    assert late(tomorrow) == [last.pk, early.pk], "who came last stands first"


def test_before_the_next_list_is_proposed_todays_has_it_and_the_proposal_too(cast: Cast) -> None:
    (today,) = built(cast.ivo, day=TUESDAY, at=EVENING - timedelta(days=1))
    one = raised(cast, at=EVENING - timedelta(minutes=1))
    assert late(today) == [one.pk]
    assert keeping.propose(at=EVENING) == 1
    tomorrow = CallList.objects.get(for_on=WEDNESDAY)
    assert (order_of(tomorrow), late(tomorrow)) == ([(2, one.pk)], []), "planned, as the first"


def test_who_was_called_in_the_evening_leaves_the_next_list(cast: Cast) -> None:
    today, tomorrow = two_days(cast)
    one, other = raised(cast, at=QUARTER_TO_SIX), raised(cast, at=QUARTER_TO_SIX)
    bus.say(Touched(one.pk, ivo(cast), EVENING + timedelta(minutes=20), Channel.PHONE))
    bus.say(Touched(other.pk, By(cast.saori, Door.WEB), EVENING + timedelta(minutes=20), Channel.PHONE))
    assert list(today.entries.filter(worked_at__isnull=False).values_list("lead", flat=True)) == [one.pk]
    assert late(tomorrow) == [other.pk]
    assert AuditEntry.objects.of(tomorrow).filter(action="take_off").get().changes == {f"lead_{one.pk}": [0, None]}


def test_who_is_made_ready_by_the_seller_in_the_evening_is_still_to_be_called(cast: Cast) -> None:
    _today, tomorrow = two_days(cast)
    one = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, origin=Origin.INBOUND), by=SET_UP, at=EVENING)
    leads.advance(one, to=stages.READY, by=ivo(cast), at=EIGHT)
    assert late(tomorrow) == [one.pk]
    leads.advance(one, to=stages.WORKING, by=ivo(cast), at=EIGHT + timedelta(minutes=5))
    assert late(tomorrow) == []


def test_a_hand_that_is_raised_on_saturday_is_on_top_of_mondays_list(cast: Cast) -> None:
    (friday,) = built(cast.ivo, day=FRIDAY, at=EVENING)
    lead(cast)
    assert keeping.propose(at=datetime.combine(FRIDAY, time(17, 30), UTC)) == 1
    monday = CallList.objects.get(for_on=MONDAY)
    planned = order_of(monday)
    one = raised(cast, at=SATURDAY)
    answered = lead_in_seoul(cast)
    heard(cast, at=SATURDAY + timedelta(days=1))
    assert order_of(monday) == [(2, answered.pk), (2, one.pk), *planned]
    assert late(friday) == []
    keeping.keep(at=datetime.combine(MONDAY, time(), UTC))
    assert order_of(monday) == [(2, answered.pk), (2, one.pk), *planned], "frozen as the day begins, with both"


def test_on_a_holiday_it_is_on_top_of_the_list_of_the_day_after(cast: Cast) -> None:
    office_in_seoul()
    assert keeping.propose(at=datetime(2026, 2, 27, 17, 30, tzinfo=UTC)) == 1
    made = CallList.objects.get()
    assert made.for_on == date(2026, 3, 3), "the Monday is a holiday in Korea in 2026"
    one = raised(cast, at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert late(made) == [one.pk]


def test_between_the_freeze_and_the_morning_the_plan_stays_exactly_as_it_was(cast: Cast) -> None:
    _today, tomorrow = two_days(cast)
    lists.freeze(tomorrow, by=ivo(cast), at=EVENING)
    frozen = list(tomorrow.entries.order_by("position").values())
    planned = Lead.objects.get(pk=frozen[-1]["lead_id"])
    leads.recycle(planned, reason="no budget", wake_on=MONDAY, by=SET_UP, at=EVENING)
    for nth in range(3):
        raised(cast, at=EIGHT + timedelta(hours=nth))
    keeping.keep(at=MORNING)
    assert list(tomorrow.entries.filter(inserted_at__isnull=True).order_by("position").values()) == frozen
    assert [one.position for one in tomorrow.entries.order_by("position")] == [-2, -1, 0, *(one["position"] for one in frozen)]


def test_who_is_planned_further_down_comes_to_the_top_and_stays_in_the_plan(cast: Cast) -> None:
    one = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, origin=Origin.INBOUND), by=SET_UP, at=EVENING - timedelta(days=9))
    _today, tomorrow = two_days(cast)
    CallListEntry.objects.create(call_list=tomorrow, lead=one, bucket=5, position=9, reasons=[])
    lists.freeze(tomorrow, by=SET_UP, at=EVENING)
    leads.advance(one, to=stages.READY, by=SET_UP, at=EIGHT)
    assert [bucket for bucket, pk in order_of(tomorrow) if pk == one.pk] == [2, 5]


def test_a_proposal_made_anew_has_whoever_came_late_once(cast: Cast) -> None:
    _today, tomorrow = two_days(cast)
    one = raised(cast, at=EIGHT)
    assert building.propose_again(tomorrow, by=ivo(cast), at=EIGHT + timedelta(minutes=5))
    assert [entry for entry in order_of(tomorrow) if entry[1] == one.pk] == [(2, one.pk)]


def test_who_is_away_on_the_next_day_has_it_on_todays_list_for_the_whole_day(cast: Cast) -> None:
    (today,) = built(cast.ivo, day=TUESDAY, at=EVENING - timedelta(days=1))
    absences.mark(cast.ivo, first_on=WEDNESDAY, last_on=WEDNESDAY, by=SET_UP, at=EVENING)
    assert keeping.propose(at=EVENING) == 0
    one = raised(cast, at=EIGHT)
    assert late(today) == [one.pk]


def test_who_came_back_after_being_turned_away_has_raised_a_hand_too(cast: Cast) -> None:
    turned_away = lead_in_seoul(cast, stage=stages.READY)
    leads.disqualify(turned_away, reason="a student", by=SET_UP, at=EVENING - timedelta(days=1))
    (made,) = built(cast.ivo, day=WEDNESDAY)
    back = leads.raise_hand(turned_away, words="has graduated", by=SET_UP, at=EIGHT)
    assert late(made) == [back.pk]
    (thursday,) = built(cast.ivo, day=date(2026, 3, 5), at=MORNING)
    assert order_of(thursday) == [(2, back.pk)]


def test_a_captured_lead_of_nobody_is_routed_and_stands_on_the_list_of_whom_it_belongs_to(cast: Cast) -> None:
    """In one go, in the evening: by the rules of a pool that gives out at night, and by the claim of whoever works the company."""
    pool = pool_of(cast, cast.ivo, off_hours=OffHours.GIVE)
    rules_in_force(("", pool), at=EVENING)
    _today, tomorrow = two_days(cast)
    (hers,) = built(cast.saori, day=WEDNESDAY)
    account = company(cast, at=EVENING)
    carried(cast, account, owner=cast.saori, stage=stages.WORKING, at=EVENING)
    by_rule, by_claim = ready(cast, 1, at=EIGHT), ready(cast, 2, at=EIGHT, account=account)
    assert (by_rule.owner, by_claim.owner) == (cast.ivo, cast.saori)
    assert (late(tomorrow), late(hers)) == ([by_rule.pk], [by_claim.pk])
    assert tomorrow.entries.order_by("position")[0].reasons == [["raised", EIGHT.isoformat(), "webinar"]]


def test_what_waits_for_the_morning_is_put_on_the_list_as_it_is_given_out(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)), at=EVENING)
    _today, tomorrow = two_days(cast)
    one = ready(cast, at=EIGHT)
    assert (one.owner, late(tomorrow)) == (None, [])
    # Nine o'clock where the house is.
    assert routing.sweep(at=datetime.combine(WEDNESDAY, time(), UTC)) == 1
    assert late(tomorrow) == [one.pk]


def test_the_pass_that_wakes_takes_the_place_on_lists_of_the_sellers_own_day(cast: Cast) -> None:
    type(cast.ivo).objects.filter(pk=cast.ivo.pk).update(time_zone="America/Los_Angeles")
    cast.ivo.refresh_from_db()
    resting = lead(cast)
    leads.recycle(resting, reason="no budget", wake_on=WEDNESDAY, by=SET_UP, at=EVENING - timedelta(days=2))
    (yesterday,), (today,) = built(cast.ivo, day=TUESDAY), built(cast.ivo, day=WEDNESDAY)
    CallListEntry.objects.create(call_list=yesterday, lead=resting, bucket=6, position=1, reasons=[])
    # Ten in the evening of Wednesday there, and Thursday in UTC.
    awake = leads.wake(resting, by=SET_UP, at=datetime(2026, 3, 5, 6, tzinfo=UTC))
    assert (order_of(yesterday), order_of(today)) == ([(6, resting.pk)], [(6, awake.pk)])


# Who is given to somebody else.


def other_of(cast: Cast) -> User:
    """A colleague of Ivo's, who is hired when they are first spoken of."""
    return User.objects.filter(email="dohyun@example.com").first() or hired("dohyun", "배", "도현", role=Role.INSIDE_SELLER, team=cast.inside_sales)


def given(lead: Lead, to: User, *, by: User, at: datetime) -> None:
    leads.give(lead, to=to, team=lead.team, by=By(by, Door.WEB), at=at)


def test_who_is_given_to_somebody_else_leaves_the_lists_of_who_had_them(cast: Cast) -> None:
    """The frozen plan of today says why, the proposal of tomorrow has it no more, and what came late is taken off."""
    today, tomorrow = two_days(cast)
    hand = raised(cast, at=QUARTER_TO_SIX)
    first = today.entries.filter(inserted_at__isnull=True).order_by("position").select_related("lead__owner")[0].lead
    for one in (first, hand):
        given(Lead.objects.get(pk=one.pk), other_of(cast), by=cast.ruth, at=QUARTER_TO_SIX)
    entry = today.entries.get(lead=first)
    assert (entry.skipped_at, entry.skip_reason) == (QUARTER_TO_SIX, "given to somebody else")
    assert not today.entries.filter(lead=hand).exists()
    assert not tomorrow.entries.filter(lead__in=[first, hand]).exists()
    assert today.entries.filter(inserted_at__isnull=True).count() == 2, "the plan stays as it was made"


def test_what_was_worked_before_it_was_given_away_stays_worked(cast: Cast) -> None:
    today, _tomorrow = two_days(cast)
    first = today.entries.order_by("position")[0].lead
    bus.say(Touched(first.pk, by=ivo(cast), at=EVENING, channel=Channel.PHONE))
    given(first, other_of(cast), by=cast.ruth, at=QUARTER_TO_SIX)
    entry = today.entries.get(lead=first)
    assert (entry.worked_at, entry.skipped_at) == (EVENING, None)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_whom_a_manager_gives_in_the_evening_stands_at_the_end_of_the_next_list(cast: Cast, *, is_frozen: bool) -> None:
    _today, tomorrow = two_days(cast)
    theirs = [lead(cast, stage=stages.WORKING, owner=other_of(cast), days_ago=1), raised(cast, owner=other_of(cast), at=EVENING - timedelta(days=1))]
    if is_frozen:
        lists.freeze(tomorrow, by=SET_UP, at=QUARTER_TO_SIX)
    planned = order_of(tomorrow)
    for one in theirs:
        given(one, cast.ivo, by=cast.ruth, at=EIGHT)
    working, hand = theirs
    entries = list(tomorrow.entries.order_by("position"))
    assert [(one.lead_id, one.inserted_at) for one in (entries[0], entries[-1])] == [(hand.pk, EIGHT), (working.pk, EIGHT)], "who raised a hand comes first"
    assert [(one.bucket, one.lead_id) for one in entries[1:-1]] == planned
    assert entries[-1].reasons == [["given", EIGHT.isoformat()]]
    given(Lead.objects.get(pk=working.pk), other_of(cast), by=cast.ruth, at=EIGHT)
    assert not tomorrow.entries.filter(lead=working).exists()


def test_who_takes_a_lead_themselves_or_gets_it_by_a_rule_finds_nothing_new_at_the_end(cast: Cast) -> None:
    _today, tomorrow = two_days(cast)
    theirs = lead(cast, stage=stages.WORKING, owner=other_of(cast), days_ago=1)
    given(theirs, cast.ivo, by=cast.ivo, at=EIGHT)
    assert not tomorrow.entries.filter(lead=theirs).exists()


def test_after_a_breach_nobody_finds_the_lead_on_a_list_of_who_had_it(cast: Cast) -> None:
    office_in_seoul()
    second = other_of(cast)
    rules_in_force(("", pool_of(cast, cast.ivo, second)))
    at = datetime(2026, 3, 3, 1, tzinfo=UTC)
    for person in (cast.ivo, second):
        lead(cast, owner=person)
        (made,) = built(person, day=TUESDAY, at=at - timedelta(hours=12))
        lists.freeze(made, by=SET_UP, at=at - timedelta(hours=11))
    one = ready(cast, at=at)
    had = User.objects.get(pk=one.owner_id)
    assert CallListEntry.objects.filter(lead=one, call_list__owner=had).exists()
    breaches.find(at=at + timedelta(minutes=5))
    one.refresh_from_db()
    assert one.owner != had
    assert list(CallListEntry.objects.filter(lead=one).values_list("call_list__owner", flat=True)) == [one.owner_id]
