"""Recycling: from every stage, held by a queue, woken by its rule as a new pass, and dug out again when it is dead (R3–R7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from tasuki.core import absences, people
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar
from tasuki.core.people import User
from tasuki.crm import leads, records, stages, wake_rules
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.lead_refusals import NotRecycled
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.wake_rules import Sign, Trigger, WakeRule, WakeRuleMissing, WakeRuleWrong
from tasuki.inside_sales import holding_queue, recycling, waking
from tasuki.inside_sales.holdings import Holding
from tasuki.inside_sales.recycling import NotHeld
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import deal_of, lead_of

pytestmark = pytest.mark.django_db

AT = MONDAY + timedelta(hours=5)
DAY = MONDAY.date()


def reason(key: str = "no_budget") -> ExitReason:
    return ExitReason.objects.get(key=key)


def recycled(cast: Cast, nth: int = 1, *, rule: WakeRule | None = None, key: str = "no_budget", at: datetime = AT) -> Lead:
    lead = lead_of(cast, nth)
    recycling.recycle(lead, reason=reason(key), rule=rule, by=By(cast.ivo, Door.WEB), at=at)
    return Lead.objects.get(pk=lead.pk)


def held(lead: Lead) -> Holding:
    return Holding.objects.get(lead=lead)


def noon(day: date) -> datetime:
    """When the queue's day has begun in Seoul."""
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def test_the_queue_owns_what_is_recycled_and_remembers_who_carried_it(cast: Cast) -> None:
    lead = recycled(cast)
    assert (lead.owner, lead.team) == (None, cast.inside_sales)
    assert Passage.objects.get(lead=lead).owner == cast.ivo, "the ledger says who carried it through"
    holding = held(lead)
    assert (holding.team, holding.former_owner, holding.state, holding.wake_on) == (cast.inside_sales, cast.ivo, "waiting", DAY + timedelta(days=90))
    assert Ownership.objects.filter(lead=lead, until_at__isnull=True).get().team == cast.inside_sales


def test_nothing_is_ever_without_an_owner_or_a_queue(cast: Cast) -> None:
    recycled(cast, 1)
    recycled(cast, 2)
    assert not Lead.objects.filter(team__isnull=True).exists()
    assert Ownership.objects.filter(until_at__isnull=True, lead__isnull=False).count() == Lead.objects.count()


@pytest.mark.parametrize("stage", stages.ORDER)
def test_every_stage_has_the_exit_and_comes_round_again(cast: Cast, stage: str) -> None:
    if stage in stages.BEFORE_SALES:
        lead = lead_of(cast, stage=stage)
        leads.recycle(lead, because=reason(), rule=WakeRule(on=date(2026, 6, 1)), by=SET_UP, at=AT)
    else:
        deal = deal_of(cast)
        lead = deal.lead
        later = MONDAY + timedelta(days=2)
        if stage in stages.IN_SALES[1:]:
            opportunities.advance(deal, to=stage, by=SET_UP, at=later)
        if stage in stages.IN_SUCCESS:
            opportunities.win(deal, by=SET_UP, at=later)
            if stage != stages.ONBOARDING:
                leads.advance(lead, to=stage, by=SET_UP, at=later)
            leads.recycle(lead, because=reason(), rule=WakeRule(on=date(2026, 6, 1)), by=SET_UP, at=later)
        else:
            opportunities.recycle(deal, because=reason(), rule=WakeRule(on=date(2026, 6, 1)), by=SET_UP, at=later)
            assert Opportunity.objects.get(pk=deal.pk).closed_at == later
            assert held(lead).amount == 777_000, "the amount of the day is stamped"
    assert Lead.objects.get(pk=lead.pk).owner is None
    assert waking.wake_due(at=noon(date(2026, 6, 1))) == 1
    following = Lead.objects.get(previous=lead)
    assert (following.origin, following.source, following.seq_no, following.stage_id) == ("recycled", lead.source, 2, stages.READY)
    assert Lead.objects.get(pk=lead.pk).source == "webinar", "where it came from never changes"


def test_a_field_sellers_deal_is_held_by_inside_sales(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.recycle(
        deal, because=reason("no_progress"), rule=reason("no_progress").rule(date(2026, 4, 1)), by=By(cast.saori, Door.WEB), at=noon(date(2026, 3, 20))
    )
    lead = Lead.objects.get(pk=deal.lead_id)
    assert (lead.team, lead.owner, held(lead).former_owner) == (cast.inside_sales, None, cast.saori)


def test_the_settings_choose_another_queue_another_stage(cast: Cast) -> None:
    holding_queue.change(team=cast.marketing, stage=stages.NURTURING, by=SET_UP, at=AT)
    lead = recycled(cast)
    assert lead.team == cast.marketing
    waking.wake_due(at=noon(date(2026, 7, 1)))
    assert Lead.objects.get(previous=lead).stage_id == stages.NURTURING
    with pytest.raises(holding_queue.QueueWrong):
        holding_queue.change(stage=stages.P1, by=SET_UP, at=AT)
    with pytest.raises(holding_queue.QueueWrong):
        holding_queue.change(dig_every_days=800, by=SET_UP, at=AT)
    with pytest.raises(TypeError):
        holding_queue.change(id=2, by=SET_UP, at=AT)


def test_the_former_owner_is_offered_it_first_unless_away_gone_or_no_caller(cast: Cast) -> None:
    day = date(2026, 6, 1)
    at_home, away = recycled(cast, 1, rule=WakeRule(on=day)), recycled(cast, 2, rule=WakeRule(on=day + timedelta(days=1)))
    left = recycled(cast, 3, rule=WakeRule(on=day + timedelta(days=7)))
    absences.mark(cast.ivo, first_on=day + timedelta(days=1), last_on=day + timedelta(days=1), by=SET_UP, at=AT)
    waking.wake_due(at=noon(day))
    waking.wake_due(at=noon(day + timedelta(days=1)))
    assert Lead.objects.get(previous=at_home).owner == cast.ivo
    assert Lead.objects.get(previous=away).owner is None
    people.leave(User.objects.get_queryset().get(pk=cast.ivo.pk), by=SET_UP, at=noon(day + timedelta(days=2)))
    waking.wake_due(at=noon(day + timedelta(days=7)))
    following = Lead.objects.get(previous=left)
    assert (following.owner, following.team) == (None, cast.inside_sales)


def test_nothing_wakes_before_its_day_before_the_morning_or_on_a_closed_day(cast: Cast) -> None:
    friday, saturday, monday = date(2026, 6, 5), date(2026, 6, 6), date(2026, 6, 8)
    recycled(cast, 1, rule=WakeRule(on=saturday))
    assert waking.wake_due(at=noon(friday)) == 0, "its day has not come"
    assert waking.wake_due(at=noon(saturday)) == 0, "a Saturday, and a holiday in Korea"
    assert waking.wake_due(at=datetime(2026, 6, 7, 23, 59, tzinfo=UTC)) == 0, "08:59 on Monday in Seoul"
    assert waking.wake_due(at=datetime(2026, 6, 8, 0, 0, tzinfo=UTC)) == 1, "09:00 on Monday in Seoul"
    assert waking.wake_due(at=noon(monday)) == 0, "once"


def test_the_morning_is_that_of_the_queues_calendar(cast: Cast) -> None:
    calendar = Calendar.objects.create(name="Lisbon", time_zone="Europe/Lisbon")
    calendar.shifts.create(weekday=0, from_minute=600, until_minute=1080)
    holding_queue.change(calendar=calendar, by=SET_UP, at=AT)
    hours = holding_queue.hours(holding_queue.rules())
    summer = holding_queue.morning(datetime(2026, 3, 30, 8, 59, tzinfo=UTC), hours=hours)
    assert (summer.day, summer.next_at) == (None, datetime(2026, 3, 30, 9, 0, tzinfo=UTC)), "the clocks went forward on the 29th"
    winter = holding_queue.morning(datetime(2026, 3, 23, 10, 0, tzinfo=UTC), hours=hours)
    assert (winter.day, winter.next_at) == (date(2026, 3, 23), datetime(2026, 3, 30, 9, 0, tzinfo=UTC))


def test_a_calendar_that_never_opens_wakes_nobody_and_says_so(cast: Cast) -> None:
    holding_queue.change(calendar=Calendar.objects.create(name="Never", time_zone="UTC"), by=SET_UP, at=AT)
    recycled(cast, rule=WakeRule(on=DAY))
    assert waking.wake_all(at=noon(date(2027, 1, 4))) == 0
    assert holding_queue.morning(AT, hours=holding_queue.hours(holding_queue.rules())) == holding_queue.Morning(None, None)


def test_a_trigger_wakes_at_once_and_only_what_waits_for_it(cast: Cast) -> None:
    visits, consents, other = (
        recycled(cast, 1, rule=wake_rules.when(Trigger.VISIT)),
        recycled(cast, 2, rule=wake_rules.when(Trigger.CONSENT, channel="phone")),
        recycled(cast, 3, rule=wake_rules.when(Trigger.REPLY)),
    )
    at = datetime(2026, 3, 7, 22, tzinfo=UTC)  # a Sunday morning: no calendar is asked
    assert waking.hear(Sign(visits.contact_id, Trigger.VISIT, SET_UP, at)) == 1
    assert waking.hear(Sign(visits.contact_id, Trigger.VISIT, SET_UP, at)) == 0
    records.record_consent(consents.contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how="form", by=SET_UP, at=at)
    assert held(consents).state == "waiting", "another channel"
    records.record_consent(consents.contact, channel=Channel.PHONE, state=ConsentState.REFUSED, how="said so", by=SET_UP, at=at)
    assert held(consents).state == "waiting", "a no"
    records.record_consent(consents.contact, channel=Channel.PHONE, state=ConsentState.GIVEN, how="form", by=SET_UP, at=at)
    assert (held(visits).state, held(consents).state, held(other).state) == ("woken", "woken", "waiting")


def test_who_waits_for_something_that_never_happens_is_looked_at_again_after_a_year(cast: Cast) -> None:
    agrees, replies = (
        recycled(cast, 1, rule=wake_rules.when(Trigger.CONSENT, channel="mail")),
        recycled(cast, 2, rule=wake_rules.when(Trigger.REPLY)),
    )
    other = recycled(cast, 3)
    recycling.set_rule(other, rule=wake_rules.when(Trigger.EVENT, words="their contract ends"), by=By(cast.ivo, Door.WEB), at=AT)
    waiting, day = (agrees, replies, other), DAY + timedelta(days=365)
    assert [held(lead).wake_on for lead in waiting] == [day] * 3
    with pytest.raises(IntegrityError, match="waits_for_a_day_at_the_latest"), transaction.atomic():
        Holding.objects.update(wake_on=None)
    waking.wake_all(at=noon(day - timedelta(days=1)))
    assert {held(lead).state for lead in waiting} == {"waiting"}
    waking.wake_all(at=noon(day))
    assert {held(lead).state for lead in waiting} == {"woken"}


def test_no_reason_waits_for_what_nothing_tells_of() -> None:
    offered = set(ExitReason.objects.exclude(wake_trigger="").values_list("wake_trigger", flat=True))
    assert offered <= set(wake_rules.HEARD)


def test_an_event_in_words_is_woken_by_hand(cast: Cast) -> None:
    lead = recycled(cast, rule=wake_rules.when(Trigger.EVENT, words="the new market rules are out"))
    following = recycling.wake(lead, by=By(cast.ivo, Door.WEB), at=noon(date(2026, 3, 8)))
    assert (following.previous, held(lead).state, held(lead).settled_as) == (lead, "woken", "woken by hand")
    with pytest.raises(NotRecycled):
        recycling.wake(lead, by=By(cast.ivo, Door.WEB), at=noon(date(2026, 3, 9)))


def test_an_interval_that_reaches_nobody_ends_in_the_archive_at_its_horizon(cast: Cast) -> None:
    lead = recycled(cast, key="no_response")  # every 60 days for 360
    horizon = DAY + timedelta(days=360)
    passes = [lead]
    for _n in range(10):
        day = held(passes[-1]).wake_on
        assert day is not None
        at = noon(day + timedelta(days=3))
        if not waking.wake_due(at=at):
            break
        following = Lead.objects.get(previous=passes[-1])
        recycling.recycle(following, reason=reason("no_response"), by=SET_UP, at=at)
        passes.append(following)
    last = held(passes[-1])
    assert (len(passes), last.state) == (6, "archived")
    assert last.settled_as == f"not reached until {horizon.isoformat()}, in 6 passes"
    assert TimelineEntry.objects.filter(lead=passes[-1], detail__outcome="archived").exists()
    assert {held(one).wake_until_on for one in passes[:-1]} == {horizon}, "the horizon is the first one's, however often it is tried"


def test_who_was_reached_in_between_begins_a_new_interval(cast: Cast) -> None:
    lead = recycled(cast, key="no_response")
    at = noon(date(2026, 5, 4))
    waking.wake_due(at=at)
    following = Lead.objects.get(previous=lead)
    leads.advance(following, to=stages.CONNECTED, by=SET_UP, at=at)
    recycling.recycle(following, reason=reason("no_response"), by=SET_UP, at=at)
    assert held(following).wake_until_on == at.date() + timedelta(days=360)


def test_who_comes_by_another_way_is_waited_for_no_longer(cast: Cast) -> None:
    lead = recycled(cast, rule=WakeRule(on=date(2026, 6, 1)))
    leads.capture(Arrival(team=cast.inside_sales, contact=lead.contact, source="form"), by=SET_UP, at=AT)
    assert held(lead).state == "overtaken"
    assert waking.wake_due(at=noon(date(2026, 6, 1))) == 0


def test_who_came_by_an_import_is_seen_when_the_day_comes(cast: Cast) -> None:
    lead = recycled(cast, rule=WakeRule(on=date(2026, 6, 1)))
    other = leads.capture(Arrival(team=cast.inside_sales, contact=lead.contact), by=SET_UP, at=AT)
    Holding.objects.filter(lead=lead).update(state="waiting", settled_at=None, settled_as="")
    assert waking.wake_due(at=noon(date(2026, 6, 1))) == 1
    assert (held(lead).state, "already has an open lead" in held(lead).settled_as) == ("overtaken", True)
    assert not Lead.objects.filter(previous=lead).exists()
    assert Lead.objects.in_process().get(contact=lead.contact) == other


def test_dead_deals_and_lost_customers_are_dug_out_every_sixty_days_a_few_a_day(cast: Cast) -> None:
    deals = [deal_of(cast, nth) for nth in range(1, 5)]
    died = noon(date(2026, 3, 10))
    for deal in deals[:3]:
        opportunities.lose(deal, because=LostBecause.NO_DECISION, by=SET_UP, at=died)
    opportunities.win(deals[3], by=SET_UP, at=died)
    leads.lose(deals[3].lead, reason="costs", by=SET_UP, at=died)
    assert {row.wake_on for row in Holding.objects.all()} == {date(2026, 5, 9)}
    assert Lead.objects.get(pk=deals[0].lead_id).owner == cast.saori, "a dead deal stays its seller's until it wakes"
    holding_queue.change(most_dug_a_day=3, by=SET_UP, at=died)
    assert waking.dig(at=noon(date(2026, 5, 8))) == 0
    assert waking.wake_due(at=noon(date(2026, 5, 11))) == 0, "the other job leaves them alone"
    assert [waking.dig(at=noon(date(2026, 5, 11))) for _ in range(2)] == [3, 0]
    assert waking.dig(at=noon(date(2026, 5, 12))) == 1
    following = Lead.objects.get(previous=deals[0].lead)
    assert (following.origin, following.team, following.owner) == ("recycled", cast.inside_sales, None)


def test_digging_is_a_choice(cast: Cast) -> None:
    holding_queue.change(digs=False, by=SET_UP, at=AT)
    opportunities.lose(deal_of(cast), because=LostBecause.TOO_EARLY, by=SET_UP, at=noon(date(2026, 3, 10)))
    assert not Holding.objects.exists()


def test_a_lost_pass_is_given_a_rule_of_its_own_to_be_won_back(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.lose(lead, reason="too_early", by=SET_UP, at=AT)
    with pytest.raises(WakeRuleMissing):
        recycling.set_rule(lead, rule=WakeRule(), by=SET_UP, at=AT)
    with pytest.raises(WakeRuleWrong, match="over already"):
        recycling.set_rule(lead, rule=WakeRule(on=date(2026, 1, 1)), by=SET_UP, at=AT)
    holding = recycling.set_rule(lead, rule=WakeRule(on=date(2026, 9, 1)), words="their contract ends", by=SET_UP, at=AT)
    assert (holding.state, holding.wake_on) == ("waiting", date(2026, 9, 1))
    recycling.set_rule(lead, rule=WakeRule(on=date(2026, 10, 1)), by=SET_UP, at=AT)
    assert held(lead).wake_on == date(2026, 10, 1)
    assert TimelineEntry.objects.filter(lead=lead, detail__outcome="new_rule").count() == 2
    assert waking.dig(at=noon(date(2026, 10, 1))) == 1
    with pytest.raises(NotHeld):
        recycling.set_rule(lead, rule=WakeRule(on=date(2026, 12, 1)), by=SET_UP, at=noon(date(2026, 10, 1)))
    gone = lead_of(cast, 2)
    leads.disqualify(gone, reason="x", by=SET_UP, at=AT)
    with pytest.raises(NotHeld):
        recycling.set_rule(gone, rule=WakeRule(on=date(2026, 12, 1)), by=SET_UP, at=AT)


def test_what_left_by_a_door_that_says_nothing_is_held_all_the_same(cast: Cast) -> None:
    waits, woken, dead, words = recycled(cast, 1), recycled(cast, 2), deal_of(cast, 3).lead, lead_of(cast, 4)
    recycling.wake(woken, by=SET_UP, at=AT)
    opportunities.lose(Opportunity.objects.get(lead=dead), because=LostBecause.COMPETITOR, lost_to="Brassgull", by=SET_UP, at=noon(date(2026, 3, 10)))
    leads.recycle(words, reason="their new year", wake_when="April", by=SET_UP, at=AT)
    before = {row.lead_id: (row.state, row.wake_rule, row.former_owner_id, row.team_id, row.ended_in) for row in Holding.objects.all()}
    Holding.objects.all().delete()
    assert waking.hold_what_came(at=noon(date(2026, 3, 11))) == 4
    assert waking.hold_what_came(at=noon(date(2026, 3, 11))) == 0
    after = {row.lead_id: (row.state, row.wake_rule, row.former_owner_id, row.team_id, row.ended_in) for row in Holding.objects.all()}
    assert after == before
    assert {held(waits).state, held(woken).state} == {"waiting", "woken"}


def test_no_held_pass_is_without_a_rule_whoever_writes(cast: Cast) -> None:
    lead = recycled(cast)
    with pytest.raises(IntegrityError, match="held_with_a_wake_rule"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE inside_sales_holding SET wake_on = NULL WHERE lead_id = %s", [lead.pk])
