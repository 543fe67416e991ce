"""Every lead that becomes ready finds its owner or a queue that says why: the steps in their order, and what each refuses."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core import absences, people
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import leads, notes, records, stages, tasks
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.lead_refusals import DisqualifiedBefore
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.tasks import Task
from tasuki.inside_sales import routing, routing_pools
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision, RoutingWait
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, PoolRefused, Seat
from tasuki.inside_sales.routing_staff import Why
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.office import AT, EARLIER, carried, company, decision_of, office_in_seoul, pool_of, ready, rules_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture
def jun(cast: Cast) -> User:
    return hired("jun", "전", "준", role=Role.INSIDE_SELLER, team=cast.inside_sales, time_zone="Asia/Seoul")


@pytest.fixture
def ara(cast: Cast) -> User:
    return hired("ara", "나", "아라", role=Role.INSIDE_SELLER, team=cast.inside_sales, time_zone="Asia/Seoul")


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()


def why(lead: Lead) -> dict[int, str]:
    return {one["user"]: one["why"] for one in decision_of(lead).candidates}


def test_a_lead_that_becomes_ready_has_an_owner_in_the_same_breath(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo, jun)))
    one, other, third = ready(cast, 1), ready(cast, 2), ready(cast, 3)
    assert [one.owner, other.owner, third.owner] == [cast.ivo, jun, cast.ivo], "what `capture` returned knows it already"
    assert Lead.objects.get(pk=other.pk).owner == jun
    assert decision_of(one).step == Step.RULE
    assert decision_of(one).cause == Cause.ARRIVAL


def test_a_lead_that_has_an_owner_or_is_not_ready_is_left_alone(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    leads.capture(Arrival(team=cast.marketing, owner=cast.mina), by=SET_UP, at=AT, stage=stages.READY)
    leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=AT, stage=stages.NURTURING)
    assert not RoutingDecision.objects.exists()


def test_without_any_rule_the_first_queue_of_inside_sales_has_it_and_its_manager_is_told(cast: Cast) -> None:
    lead = ready(cast)
    assert (lead.owner, lead.team) == (None, cast.inside_sales)
    assert decision_of(lead).step == Step.CATCH_ALL
    assert Notification.objects.get(happening=Happening.QUEUED).person == cast.ruth


def test_the_first_rule_that_a_lead_meets_decides(cast: Cast, jun: User, ara: User) -> None:
    korea = pool_of(cast, jun, name="Korea")
    fair = pool_of(cast, ara, name="Fair")
    rules_in_force(('account.country:is(KR), source:is("trade show")', fair), ("any(account.country:is(KR), segment:is(exchange))", korea))
    seoul = company(cast, country="KR")
    assert ready(cast, 1, account=seoul, source="trade show").owner == ara
    assert ready(cast, 2, account=seoul).owner == jun
    lost = ready(cast, 3, account=company(cast, "Bourse", country="FR"))
    assert lost.owner is None
    assert decision_of(lost).step == Step.CATCH_ALL


def test_a_lead_goes_to_whoever_speaks_its_language(cast: Cast, jun: User, ara: User) -> None:
    rules_in_force(("", pool_of(cast, jun, ara, jun=Seat(languages=["ko"]), ara=Seat(languages=["ja", "ko"]))))
    assert ready(cast, 1, language="ja").owner == ara
    mute = ready(cast, 2, language="fr")
    assert mute.owner is None
    assert why(mute) == {jun.pk: Why.LANGUAGE, ara.pk: Why.LANGUAGE}
    assert ready(cast, 3).owner is not None, "without a language anybody can have it"


def test_whoever_knows_most_about_the_lead_has_it(cast: Cast, jun: User, ara: User) -> None:
    rules_in_force(("", pool_of(cast, jun, ara, method=Method.SKILL, ara=Seat(skills=["Exchange", "KR"]))))
    assert ready(cast, 1, account=company(cast, industry="exchange", country="KR")).owner == ara
    assert ready(cast, 2, account=company(cast, "Other", industry="bank")).owner == jun, "of equals the one with fewer open leads"


def test_an_open_deal_of_the_company_comes_before_everything(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast)
    deal = carried(cast, account, owner=cast.ivo, stage=stages.BOOKED)
    receiver = leads.Receiver(cast.saori, cast.field_sales)
    leads.advance(deal, to=stages.P1, by=By(cast.saori, Door.WEB), at=EARLIER + timedelta(days=1), receiver=receiver)
    assert ready(cast, 1, account=account).owner == jun, "P1 is less than an opportunity"
    leads.advance(deal, to=stages.P2, by=By(cast.saori, Door.WEB), at=EARLIER + timedelta(days=2))
    lead = ready(cast, 2, account=account, at=AT + timedelta(minutes=1))
    assert (lead.owner, lead.team) == (cast.saori, cast.field_sales)
    assert (decision_of(lead).step, decision_of(lead).because_of) == (Step.OPEN_DEAL, deal.pk)
    told = Notification.objects.get(happening=Happening.KIN)
    assert (told.person, told.account) == (cast.ivo, account), "inside sales is told"


def test_a_customer_s_lead_goes_to_whoever_looks_after_them(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast, owner=cast.saori, at=EARLIER)
    won = carried(cast, account, owner=cast.chika, stage=stages.P4)
    leads.advance(won, to=stages.ONBOARDING, by=By(cast.chika, Door.WEB), at=EARLIER + timedelta(days=1))
    assert ready(cast, 1, account=account).owner == cast.chika
    people.leave(cast.chika, by=SET_UP, at=AT)
    second = ready(cast, 2, account=account)
    assert second.owner == cast.saori, "whoever has the account, when whoever had the customer is gone"
    assert why(second) == {cast.chika.pk: Why.LEFT, cast.saori.pk: ""}


def test_an_account_that_inside_sales_works_by_name_stays_with_them_for_thirty_days(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast, owner=cast.ivo, at=AT - timedelta(days=90))
    assert ready(cast, 1, account=account).owner == jun, "nothing was done with it"
    notes.write("Called the desk", account=account, by=By(cast.ivo, Door.WEB), at=AT - timedelta(days=30))
    lead = ready(cast, 2, account=account)
    assert (lead.owner, decision_of(lead).step) == (cast.ivo, Step.NAMED_ACCOUNT)
    assert ready(cast, 3, account=account, at=AT + timedelta(minutes=1)).owner == jun, "thirty days and a minute"


def test_an_account_of_another_department_is_no_claim_of_inside_sales(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast, owner=cast.mina, at=EARLIER)
    notes.write("Sent the paper", account=account, by=By(cast.mina, Door.WEB), at=EARLIER)
    assert ready(cast, account=account).owner == jun


@pytest.mark.parametrize("stage", [stages.WORKING, stages.CONNECTED])
def test_whoever_works_another_lead_of_the_company_gets_this_one_too(cast: Cast, jun: User, stage: str) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast)
    other = carried(cast, account, owner=cast.ivo, stage=stage)
    lead = ready(cast, account=account)
    assert (lead.owner, decision_of(lead).step, decision_of(lead).because_of) == (cast.ivo, Step.SAME_COMPANY, other.pk)


def test_the_earliest_owner_keeps_the_company_and_a_task_ahead_counts_as_activity(cast: Cast, jun: User, ara: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast, at=AT - timedelta(days=200))
    first = carried(cast, account, owner=ara, stage=stages.WORKING, at=AT - timedelta(days=100))
    carried(cast, account, owner=cast.ivo, stage=stages.WORKING)
    assert ready(cast, 1, account=account).owner == cast.ivo, "the first has done nothing for a hundred days"
    tasks.add(Task(subject="Call back", owner=ara, lead=first, due_on=date(2026, 3, 20)), by=By(ara, Door.WEB), at=AT - timedelta(days=60))
    assert ready(cast, 2, account=account).owner == ara


def test_who_asked_not_to_be_reached_is_given_to_nobody_and_nobody_is_alarmed(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    lead = leads.capture(Arrival(team=cast.marketing, contact=records.add_contact(records.Person("문", "지호"), by=SET_UP, at=EARLIER)), by=SET_UP, at=EARLIER)
    assert lead.contact
    records.record_consent(lead.contact, channel=Channel.PHONE, state=ConsentState.REFUSED, how="said so", by=SET_UP, at=EARLIER)
    records.record_consent(lead.contact, channel=Channel.MAIL, state=ConsentState.WITHDRAWN, how="link", by=SET_UP, at=EARLIER)
    leads.advance(lead, to=stages.READY, by=SET_UP, at=AT)
    lead.refresh_from_db()
    assert (lead.owner, decision_of(lead).step) == (None, Step.BLOCKED)
    assert not Notification.objects.filter(happening=Happening.QUEUED).exists()


def test_competitors_are_given_to_nobody_when_the_rules_say_so(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)), blocked="account.industry:is(competitor)")
    assert decision_of(ready(cast, 1, account=company(cast, industry="competitor"))).step == Step.BLOCKED
    assert ready(cast, 2, account=company(cast, "Other")).owner == cast.ivo


def test_a_disqualified_person_comes_back_by_their_own_hand_only(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo)))
    lead = ready(cast)
    leads.disqualify(lead, reason="a student", by=By(cast.ivo, Door.WEB), at=AT + timedelta(hours=1))
    again = Arrival(team=cast.marketing, contact=lead.contact, origin=Origin.OUTBOUND)
    with pytest.raises(DisqualifiedBefore):
        leads.capture(again, by=SET_UP, at=AT + timedelta(hours=2), stage=stages.READY)
    Lead.objects.filter(pk=lead.pk).update(owner=None)
    raised = leads.raise_hand(lead, words="wrote that they have graduated", by=By(cast.mina, Door.WEB), at=AT + timedelta(hours=4))
    assert (raised.owner, decision_of(raised).step) == (cast.ivo, Step.RULE)


def test_nobody_gets_more_a_day_than_agreed_and_tomorrow_is_another_day(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun, jun=Seat(n_day_cap=2))))
    assert [ready(cast, nth, at=AT + timedelta(minutes=nth)).owner for nth in range(3)] == [jun, jun, None]
    third = RoutingDecision.objects.newest_first()[0]
    assert third.candidates == [{"user": jun.pk, "why": Why.DAY_CAP.value, "for": None}]
    assert (third.step, third.team, third.lead.team) == (Step.CATCH_ALL, cast.inside_sales, cast.inside_sales)
    told = Notification.objects.get(happening=Happening.QUEUED)
    assert (told.person, told.lead, told.read_at) == (cast.ruth, third.lead, None), "nobody may have it: the queue that catches what is left, and an alert"
    assert ready(cast, 4, at=AT + timedelta(days=1)).owner == jun


def test_nobody_gets_more_open_leads_than_agreed(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun, jun=Seat(n_open_cap=1))))
    first, second = ready(cast, 1), ready(cast, 2)
    assert (first.owner, second.owner) == (jun, None)
    leads.disqualify(first, reason="bad data", by=By(jun, Door.WEB), at=AT)
    assert ready(cast, 3).owner == jun


def test_for_whoever_is_away_the_deputy_has_it_unless_they_are_in_the_pool_as_well(cast: Cast, jun: User, ara: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    absences.mark(jun, first_on=AT.date(), last_on=AT.date(), deputy=ara, by=SET_UP, at=EARLIER)
    lead = ready(cast, 1)
    assert lead.owner == ara
    assert decision_of(lead).candidates == [{"user": ara.pk, "why": "", "for": jun.pk}]
    routing_pools.seat(routing_pools.RoutingPool.objects.get(), user=ara, terms=Seat(n_day_cap=1), by=SET_UP, at=AT)
    full = ready(cast, 2, at=AT + timedelta(minutes=1))
    assert (full.owner, why(full)) == (None, {jun.pk: Why.DEPUTY, ara.pk: Why.DAY_CAP})
    assert ready(cast, 3, at=AT + timedelta(days=1)).owner == jun, "back at work"


def test_outside_the_hours_a_lead_waits_until_the_first_is_at_work(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    friday = AT.replace(day=6, hour=18, minute=5)
    lead = ready(cast, at=friday)
    monday = AT.replace(day=9, hour=9)
    assert lead.owner is None
    assert RoutingWait.objects.get(lead=lead).opens_at == monday
    assert not Notification.objects.filter(happening=Happening.QUEUED).exists(), "it waits for somebody: no alarm"
    assert routing.sweep(at=monday - timedelta(seconds=1)) == 0
    assert routing.sweep(at=monday) == 1
    lead.refresh_from_db()
    assert (lead.owner, decision_of(lead).cause) == (jun, Cause.OPENING)
    assert routing.sweep(at=monday) == 0
    assert not RoutingWait.objects.exists()


def test_at_lunch_in_a_split_shift_and_on_a_holiday_nobody_is_at_work(cast: Cast, jun: User) -> None:
    office_in_seoul(split=True)
    rules_in_force(("", pool_of(cast, jun)))
    ready(cast, 1, at=AT.replace(hour=12, minute=30))
    assert RoutingWait.objects.get().opens_at == AT.replace(hour=13)
    ready(cast, 2, at=AT.replace(month=3, day=1, hour=10))
    assert RoutingWait.objects.latest("pk").opens_at == AT.replace(day=3, hour=9), "1 March and the Monday after it are holidays in Korea in 2026"


def test_a_team_elsewhere_and_a_night_shift_have_hours_of_their_own(cast: Cast, jun: User, ara: User) -> None:
    from tasuki.core import calendars, teams
    from tasuki.core.working_time import Shift

    london = calendars.add("London", time_zone="Europe/London", country="GB", week={1: [Shift(540, 1020)]}, by=SET_UP, at=AT)
    night = calendars.add("Night", time_zone="Asia/Seoul", country="", week={1: [Shift(0, 360)]}, by=SET_UP, at=AT)
    teams.work_by(cast.inside_sales, calendar=london, by=SET_UP, at=AT)
    rules_in_force(("", pool_of(cast, jun, ara, ara=Seat(calendar=night))))
    assert ready(cast, 1, at=AT.replace(hour=3)).owner == ara
    assert ready(cast, 2, at=AT.replace(hour=19)).owner == jun


def test_a_pool_may_give_out_at_night_all_the_same(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun, off_hours=OffHours.GIVE)))
    assert ready(cast, at=AT.replace(hour=3)).owner == jun


def test_a_lead_that_somebody_took_while_it_waited_is_left_with_them(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    lead = ready(cast, at=AT.replace(hour=3))
    leads.give(lead, to=cast.ivo, team=cast.inside_sales, by=SET_UP, at=AT)
    assert routing.sweep(at=AT) == 0
    assert Lead.objects.get(pk=lead.pk).owner == cast.ivo


def test_what_an_import_brought_is_found_and_given_out_once(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    lead = ready(cast)
    # An import says nothing on the bus: the row stands there as if it had come that way.
    RoutingDecision.objects.all().delete()
    leads.give(lead, to=None, team=cast.marketing, by=SET_UP, at=AT)
    assert routing.unrouted(10) == [lead.pk]
    assert routing.sweep(at=AT) == 1
    assert routing.sweep(at=AT) == 0
    assert decision_of(lead).cause == Cause.SWEEP
    assert Lead.objects.get(pk=lead.pk).owner == jun


def test_a_pool_that_rules_or_decisions_name_stays(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    rules_in_force(("", pool))
    with pytest.raises(PoolRefused):
        routing_pools.remove(pool, by=SET_UP, at=AT)
    other = pool_of(cast, cast.ivo, name="Other")
    routing_pools.remove(other, by=SET_UP, at=AT)


def test_one_decision_asks_the_database_no_more_for_twelve_members_than_for_two(cast: Cast, jun: User) -> None:
    pool = pool_of(cast, cast.ivo, jun)
    rules_in_force(("", pool))
    ready(cast, 1)
    with CaptureQueriesContext(connection) as few:
        ready(cast, 2)
    for nth in range(10):
        routing_pools.seat(pool, user=hired(f"c{nth}", "김", f"{nth}", team=cast.inside_sales), terms=Seat(n_day_cap=50), by=SET_UP, at=AT)
    with CaptureQueriesContext(connection) as many:
        ready(cast, 3)
    assert len(many) == len(few)


def by_mail(cast: Cast, nth: int, domain: str = "gaon.example", *, at: datetime = AT) -> Lead:
    """A lead of nobody's without a company, that becomes ready."""
    contact = records.add_contact(records.Person(f"Kim {nth}", email=f"kim{nth}@{domain}"), by=SET_UP, at=at)
    return leads.capture(Arrival(team=cast.marketing, contact=contact), by=By(cast.mina, Door.WEB), at=at, stage=stages.READY)


def test_a_lead_without_a_company_is_the_company_s_of_its_mail_before_any_rule(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    account = company(cast, domain="gaon.example", owner=cast.saori, at=EARLIER)
    won = carried(cast, account, owner=cast.chika, stage=stages.P4)
    leads.advance(won, to=stages.ONBOARDING, by=By(cast.chika, Door.WEB), at=EARLIER + timedelta(days=1))
    lead = by_mail(cast, 1)
    assert (lead.owner, lead.account) == (cast.chika, account), "what `capture` returned knows it already"
    assert (decision_of(lead).step, decision_of(lead).domain) == (Step.CUSTOMER, "gaon.example")
    assert by_mail(cast, 2, "elsewhere.example").owner == jun
    company(cast, "가온홀딩스", domain="gaon.example")
    torn = by_mail(cast, 3)
    assert (torn.owner, torn.account, decision_of(torn).domain) == (jun, None, ""), "of two companies with one domain nobody knows which"


def test_a_company_that_came_with_its_lead_was_not_found_by_a_domain(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    assert decision_of(ready(cast, 1, account=company(cast, domain="gaon.example"))).domain == ""


def test_that_tasuki_found_a_company_gives_nobody_a_claim_on_it(cast: Cast, jun: User) -> None:
    rules_in_force(("", pool_of(cast, jun)))
    company(cast, domain="gaon.example", owner=cast.ivo, at=EARLIER)
    assert by_mail(cast, 1).owner == jun
    assert by_mail(cast, 2).owner == jun, "Ivo did nothing with it"
