"""Hand-offs, rule by rule: two acts of two people (R16), a complete package (R17), an answer by somebody (R18), feedback (R19), no-shows (R21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from tasuki.core import people, roles
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead, WakeRuleMissing
from tasuki.crm.ledger import NotInProcess, Passage
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import Fact, FactState
from tasuki.relay import departures, handoff_rates, handoffs
from tasuki.relay.handoff_rates import Tally
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff, HandoffAnswer, HandoffState
from tasuki.relay.handoffs import (
    AlreadyAnswered,
    AlreadyOffered,
    FeedbackMissing,
    MeetingNotYet,
    NoReceiver,
    NotTheReceiver,
    OfferedToOneself,
    OfferFirst,
    OwnAcceptance,
    PackageIncomplete,
    PlanMissing,
    Return,
)
from tasuki.sales.opportunities import AlreadyOpen, Opportunity, Terms
from tests.cast import MONDAY, Cast, hired
from tests.relay.handing import AFTER, MEETING, OFFERED, by, offered, package, qualified
from tests.web.office import deal_of, lead_of

pytestmark = pytest.mark.django_db

NO_PROBLEM = Return(Reason.NO_PROBLEM, "They only wanted a brochure.", would_change="A loss at night")


def told(user: User) -> list[str]:
    """The actions of hand-offs that a person was told of."""
    rows = Notification.objects.filter(person=user, happening=Happening.HANDOFF).select_related("cause").order_by("pk")
    return [row.cause.action for row in rows]


# An offer


def test_an_offer_freezes_what_is_known_and_carries_the_lead_to_booked(cast: Cast) -> None:
    handoff = offered(cast)
    assert (handoff.state, handoff.credited_to, handoff.to_owner, handoff.to_team, handoff.from_team) == (
        "offered", cast.ivo, cast.saori, cast.field_sales, cast.inside_sales,
    )  # fmt: skip
    assert Lead.objects.get(pk=handoff.lead_id).stage_id == stages.BOOKED
    assert Lead.objects.get(pk=handoff.lead_id).owner == cast.ivo, "it stays with inside sales until somebody accepts"
    qualification.learn(handoff.lead, fact=Fact.SIZE, words="later words", by=by(cast.ivo), at=AFTER)
    handoff.refresh_from_db()
    assert [(one.fact, one.state) for one in handoff.package_facts][3:5] == [("timing", "known"), ("budget", "asked")]
    assert "later words" not in str(handoff.facts)
    assert told(cast.saori) == ["offer"]
    assert TimelineEntry.objects.filter(lead=handoff.lead_id, kind=Kind.HANDOFF).count() == 1


def test_an_open_fact_or_an_empty_part_of_the_package_stops_the_offer_and_is_named(cast: Cast) -> None:
    lead = qualified(lead_of(cast), user=cast.ivo)
    qualification.learn(lead, fact=Fact.TIMING, state=FactState.OPEN, by=by(cast.ivo), at=MONDAY)
    with pytest.raises(PackageIncomplete) as refused:
        handoffs.offer(lead, package=package(agenda="  "), to=cast.saori, by=by(cast.ivo), at=OFFERED)
    assert refused.value.missing == ["Timing", "agreed agenda"]
    qualification.learn(lead, fact=Fact.TIMING, state=FactState.ASKED, by=by(cast.ivo), at=MONDAY)
    assert handoffs.offer(lead, package=package(), to=cast.saori, by=by(cast.ivo), at=OFFERED).n_settled == 7


def test_what_the_pass_before_knew_must_be_confirmed_before_it_is_offered(cast: Cast) -> None:
    lead = qualified(lead_of(cast), user=cast.ivo)
    leads.recycle(lead, reason="next year", wake_when="the new budget", by=by(cast.ivo), at=OFFERED)
    again = leads.wake(lead, stage=stages.WORKING, by=by(cast.ivo), at=OFFERED)
    with pytest.raises(PackageIncomplete):
        handoffs.offer(again, package=package(), to=cast.saori, by=by(cast.ivo), at=OFFERED)


def test_the_database_takes_no_package_with_a_hole(cast: Cast) -> None:
    handoff = offered(cast)
    for hole in ({"n_settled": 6}, {"summary": ""}, {"agenda": ""}, {"attendees": ""}):
        with pytest.raises(IntegrityError, match="package_is_complete"), transaction.atomic():
            Handoff.objects.filter(pk=handoff.pk).update(**hole)


def test_a_lead_is_offered_once_at_a_time(cast: Cast) -> None:
    handoff = offered(cast)
    with pytest.raises(AlreadyOffered):
        handoffs.offer(handoff.lead, package=package(), to=cast.field_sales, by=by(cast.ivo), at=AFTER)
    handoff.pk = None
    with pytest.raises(IntegrityError, match="one_open_offer_per_lead"), transaction.atomic():
        Handoff.objects.bulk_create([handoff])


def test_nobody_offers_to_themselves_to_whoever_may_not_sell_or_to_whoever_has_left(cast: Cast) -> None:
    lead = qualified(lead_of(cast), user=cast.ivo)
    with pytest.raises(OfferedToOneself):
        handoffs.offer(lead, package=package(), to=cast.ivo, by=by(cast.ivo), at=OFFERED)
    with pytest.raises(NoReceiver):
        handoffs.offer(lead, package=package(), to=cast.mina, by=by(cast.ivo), at=OFFERED)
    people.leave(cast.saori, by=by(cast.ada), at=MONDAY)
    with pytest.raises(NoReceiver):
        handoffs.offer(lead, package=package(), to=User.objects.get(pk=cast.saori.pk), by=by(cast.ivo), at=OFFERED)


def test_what_is_in_sales_or_has_ended_is_not_offered(cast: Cast) -> None:
    with pytest.raises(AlreadyOpen):
        handoffs.offer(deal_of(cast).lead, package=package(), to=cast.saori, by=by(cast.ivo), at=AFTER)
    lead = qualified(lead_of(cast, 2), user=cast.ivo)
    leads.disqualify(lead, reason="student", by=by(cast.ivo), at=OFFERED)
    with pytest.raises(NotInProcess):
        handoffs.offer(lead, package=package(), to=cast.saori, by=by(cast.ivo), at=OFFERED)


def test_an_offer_is_withdrawn_and_the_meeting_moved_by_a_verb(cast: Cast) -> None:
    handoff = offered(cast)
    Handoff.objects.filter(pk=handoff.pk).update(escalated_at=AFTER)
    moved = handoffs.move_meeting(handoff, meeting_at=MEETING + timedelta(days=7), by=by(cast.ivo), at=AFTER)
    assert (moved.due_at - handoff.due_at, moved.escalated_at) == (timedelta(days=7), None)
    handoffs.withdraw(handoff, by=by(cast.ivo), at=AFTER)
    with pytest.raises(AlreadyAnswered):
        handoffs.accept(handoff, by=by(cast.saori), at=AFTER)
    assert told(cast.saori) == ["offer", "move_meeting", "withdraw"]


def test_a_lead_that_goes_another_way_leaves_no_offer_behind(cast: Cast) -> None:
    handoff = offered(cast)
    leads.disqualify(handoff.lead, reason="closed", by=by(cast.ivo), at=AFTER)
    handoff.refresh_from_db()
    assert handoff.state == HandoffState.WITHDRAWN


def test_what_is_offered_to_somebody_who_leaves_lies_in_the_queue_of_their_team(cast: Cast) -> None:
    handoff = offered(cast)
    departures.depart(cast.saori, by=by(cast.ada), at=AFTER)
    handoff.refresh_from_db()
    assert (handoff.to_owner, handoff.to_team, handoff.state) == (None, cast.field_sales, "offered")


# R16: qualification and acceptance are two acts of two people


def test_acceptance_opens_the_deal_in_p1_with_the_receiver_as_owner(cast: Cast) -> None:
    handoff = offered(cast)
    deal = handoffs.accept(handoff, terms=Terms(name="Night session"), by=by(cast.saori), at=AFTER)
    lead = Lead.objects.get(pk=handoff.lead_id)
    assert (deal.owner, deal.team, deal.name, lead.stage_id, lead.owner) == (cast.saori, cast.field_sales, "Night session", stages.P1, cast.saori)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.answered_by, handoff.is_own) == ("accepted", cast.saori, False)
    assert Passage.objects.get(lead=lead, stage=stages.BOOKED).owner == cast.ivo, "the stage it left stays with who carried it"
    assert told(cast.ivo) == ["accept"]


def test_acceptance_by_the_credited_is_impossible_by_the_verb_and_in_the_database(cast: Cast) -> None:
    handoff = offered(cast, to=cast.field_sales)
    roles.grant(cast.ivo, role=Role.ADMINISTRATOR, by=by(cast.ada), at=MONDAY)
    everything = User.objects.get(pk=cast.ivo.pk)
    with pytest.raises(OwnAcceptance):
        handoffs.accept(handoff, by=by(everything), at=AFTER)
    with pytest.raises(IntegrityError, match="accepted_by_another"), transaction.atomic():
        Handoff.objects.filter(pk=handoff.pk).update(state="accepted", answered_by=cast.ivo, answered_at=AFTER)
    row = HandoffAnswer(handoff=handoff, credited_to=cast.ivo, answer="accepted", answered_by=cast.ivo, answered_at=AFTER)
    with pytest.raises(IntegrityError, match="nobody_accepts_their_own"), transaction.atomic():
        HandoffAnswer.objects.bulk_create([row])
    row.credited_to = cast.mina
    with pytest.raises(IntegrityError, match="answer_names_whom_the_handoff_credits"), transaction.atomic():
        HandoffAnswer.objects.bulk_create([row])


def test_an_answer_is_never_changed(cast: Cast) -> None:
    handoffs.accept(offered(cast), by=by(cast.saori), at=AFTER)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        HandoffAnswer.objects.update(words="no")


def test_only_the_receiver_their_team_or_their_manager_answers(cast: Cast) -> None:
    hana = hired("hana", "Ito", "Hana", role=Role.FIELD_SELLER, team=cast.field_sales)
    for_saori, queued = offered(cast), offered(cast, 2, to=cast.field_sales)
    for stranger in (cast.mina, cast.chika, cast.tomas, hana):
        with pytest.raises(NotTheReceiver):
            handoffs.accept(for_saori, by=by(stranger), at=AFTER)
    with pytest.raises(NotTheReceiver):
        handoffs.accept(for_saori, by=By(None, Door.JOB), at=AFTER)
    assert handoffs.accept(queued, by=by(hana), at=AFTER).owner == hana
    assert handoffs.accept(for_saori, by=by(cast.ruth), at=AFTER).owner == cast.saori, "a manager answers for the receiver, who carries it"


def test_a_lead_of_inside_sales_comes_into_p1_by_its_hand_off_only(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.BOOKED)
    with pytest.raises(OfferFirst):
        handoffs.take_up(lead, terms=Terms(), owner=cast.saori, team=cast.field_sales, by=by(cast.saori), at=AFTER)
    handoff = offered(cast, 2)
    deal = handoffs.take_up(handoff.lead, terms=Terms(), owner=cast.saori, team=cast.field_sales, by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    assert (deal.owner, handoff.state) == (cast.saori, "accepted"), "taking up what is offered is accepting it"


def test_what_inside_sales_never_had_is_taken_up_without_a_hand_off(cast: Cast) -> None:
    arrival = leads.Arrival(team=cast.field_sales, owner=cast.saori, source="own list")
    lead = leads.capture(arrival, by=by(cast.saori), at=MONDAY, stage=stages.WORKING)
    deal = handoffs.take_up(lead, terms=Terms(), owner=cast.saori, team=cast.field_sales, by=by(cast.saori), at=AFTER)
    assert (deal.owner, Handoff.objects.count()) == (cast.saori, 0)


def test_where_one_person_does_both_it_is_one_press_recorded_as_their_own(cast: Cast) -> None:
    for role, person in ((Role.FIELD_SELLER, cast.saori), (Role.MANAGER, cast.ruth)):
        roles.revoke(person, role=role, by=by(cast.ada), at=MONDAY)
    lead = lead_of(cast, stage=stages.CONNECTED)
    deal = handoffs.take_up(lead, terms=Terms(), owner=cast.ivo, team=cast.inside_sales, by=by(cast.ivo), at=AFTER)
    handoff = Handoff.objects.get(lead=lead)
    assert (deal.owner, handoff.is_own, handoff.state, handoff.answer.is_own) == (cast.ivo, True, "accepted", True)
    assert not Handoff.objects.counted().exists(), "no rate counts it"
    with pytest.raises(IntegrityError, match="own_is_taken_by_oneself"), transaction.atomic():
        Handoff.objects.filter(pk=handoff.pk).update(answered_by=cast.saori)


# R18: accept, needs more, or back with a reason


def test_needs_more_keeps_the_lead_in_inside_sales_with_a_plan_and_a_day(cast: Cast) -> None:
    handoff, day = offered(cast), AFTER.date() + timedelta(days=5)
    for plan, plan_on in ((" ", day), ("Ask who signs", AFTER.date() - timedelta(days=1))):
        with pytest.raises(PlanMissing):
            handoffs.need_more(handoff, plan=plan, plan_on=plan_on, by=by(cast.saori), at=AFTER)
    handoffs.need_more(handoff, plan="Ask who signs", plan_on=day, by=by(cast.saori), at=AFTER)
    lead = Lead.objects.get(pk=handoff.lead_id)
    assert (lead.stage_id, lead.owner) == (stages.BOOKED, cast.ivo)
    task = Task.objects.get(lead=lead)
    assert (task.owner, task.due_on, task.details) == (cast.ivo, day, "Ask who signs")
    again = handoffs.offer(lead, package=package(), to=cast.saori, by=by(cast.ivo), at=AFTER)
    assert again.previous == handoff


def test_the_day_of_a_plan_is_a_day_where_the_organisation_is(cast: Cast) -> None:
    handoff, late = offered(cast), AFTER.replace(hour=23)
    yesterday, today = late.date(), late.date() + timedelta(days=1)
    with pytest.raises(PlanMissing):
        handoffs.need_more(handoff, plan="Ask who signs", plan_on=yesterday, by=by(cast.saori), at=late)
    handoffs.need_more(handoff, plan="Ask who signs", plan_on=today, by=by(cast.saori), at=late)
    assert Task.objects.get(lead=handoff.lead_id).due_on == today


def test_a_return_needs_words_and_to_recycle_a_rule(cast: Cast) -> None:
    handoff = offered(cast)
    with pytest.raises(FeedbackMissing):
        handoffs.give_back(handoff, said=Return(Reason.NO_PROBLEM, "  "), by=by(cast.saori), at=AFTER)
    with pytest.raises(WakeRuleMissing):
        handoffs.give_back(handoff, said=Return(Reason.NO_BUDGET, "In spring"), by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    assert (handoff.state, HandoffAnswer.objects.count()) == ("offered", 0), "what was refused has changed nothing"
    handoffs.give_back(handoff, said=Return(Reason.NO_BUDGET, "In spring", wake_on=date(2026, 6, 1)), by=by(cast.saori), at=AFTER)
    passage = Passage.objects.get(lead=handoff.lead_id, stage=stages.BOOKED)
    assert passage.because
    assert (passage.outcome, passage.because.key, passage.wake_on) == ("recycled", "no_budget", date(2026, 6, 1)), "a reason of the tree of exits"


def test_a_lead_goes_back_to_working_as_its_next_pass_with_what_is_known_as_hints(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=NO_PROBLEM, by=by(cast.saori), at=AFTER)
    again = Lead.objects.get(previous=handoff.lead_id)
    assert (again.stage_id, again.owner, again.origin) == (stages.WORKING, cast.ivo, "recycled")
    assert qualification.of(again)["size"].state is FactState.BEFORE
    qualified(again, user=cast.ivo)
    assert handoffs.offer(again, package=package(), to=cast.saori, by=by(cast.ivo), at=AFTER).previous == handoff


def test_what_is_not_ours_is_disqualified(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=Return(Reason.WRONG_COMPANY, "A school"), by=by(cast.saori), at=AFTER)
    assert Lead.objects.get(pk=handoff.lead_id).ended_as == "disqualified"
    assert not Task.objects.exists(), "there is nothing to talk about"


# R19: feedback, and a talk when it was not qualified


def test_a_return_tells_the_sender_why_and_sets_a_day_to_talk(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=NO_PROBLEM, by=by(cast.saori), at=AFTER)
    assert told(cast.ivo) == ["give_back"]
    assert Handoff.objects.with_unread_feedback(cast.ivo).get() == handoff
    task = Task.objects.get()
    assert (task.owner, task.kind, task.details) == (cast.ivo, "meeting", "They only wanted a brochure.")
    assert str(cast.saori) in task.subject
    assert task.due_on
    assert task.due_on > AFTER.date()


# R21: a meeting that did not take place


def test_a_no_show_is_an_outcome_of_its_own_and_booked_again_without_penalty(cast: Cast) -> None:
    handoff = offered(cast)
    with pytest.raises(MeetingNotYet):
        handoffs.miss(handoff, by=by(cast.saori), at=MEETING - timedelta(minutes=1))
    handoffs.miss(handoff, by=by(cast.saori), at=AFTER)
    handoff.refresh_from_db()
    lead = Lead.objects.get(pk=handoff.lead_id)
    assert (handoff.state, handoff.rebook_until_at, lead.stage_id, lead.owner) == ("no_show", MEETING + timedelta(days=90), stages.BOOKED, cast.ivo)
    assert Task.objects.get().due_on == (MEETING + timedelta(days=30)).date()
    later = MEETING + timedelta(days=40)
    again = handoffs.offer(lead, package=package(later), to=cast.saori, by=by(cast.ivo), at=MEETING + timedelta(days=35))
    assert (again.previous, again.credited_to) == (handoff, cast.ivo)


@pytest.mark.parametrize(("n_days", "n_counted"), [(90, 0), (91, 1)])
def test_a_no_show_that_is_offered_again_within_ninety_days_is_in_no_rate(cast: Cast, n_days: int, n_counted: int) -> None:
    handoff = offered(cast)
    handoffs.miss(handoff, by=by(cast.saori), at=AFTER)
    at = MEETING + timedelta(days=n_days)
    assert handoff_rates.rates(Handoff.objects.all(), start=None, end=at).total == Tally(no_show=1), "until then it is not known"
    lead = Lead.objects.get(pk=handoff.lead_id)
    handoffs.offer(lead, package=package(at + timedelta(days=1)), to=cast.saori, by=by(cast.ivo), at=at)
    assert handoff_rates.rates(Handoff.objects.all(), start=None, end=at).total == Tally(no_show=n_counted, pending=1)


# One answer


def test_the_second_answer_is_told_who_was_faster(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.accept(handoff, by=by(cast.saori), at=AFTER)
    for late in (
        lambda: handoffs.accept(handoff, by=by(cast.ruth), at=AFTER),
        lambda: handoffs.give_back(handoff, said=NO_PROBLEM, by=by(cast.ruth), at=AFTER),
        lambda: handoffs.need_more(handoff, plan="x", plan_on=AFTER.date(), by=by(cast.ruth), at=AFTER),
        lambda: handoffs.miss(handoff, by=by(cast.ruth), at=AFTER),
        lambda: handoffs.withdraw(handoff, by=by(cast.ivo), at=AFTER),
    ):
        with pytest.raises(AlreadyAnswered, match="沙織"):
            late()
    assert (Opportunity.objects.count(), HandoffAnswer.objects.count()) == (1, 1)


def test_the_reason_says_where_a_lead_usually_goes_and_a_word_changes_it() -> None:
    assert NO_PROBLEM.goes_to is Destination.WORKING
    assert replace(NO_PROBLEM, destination=Destination.RECYCLE).goes_to is Destination.RECYCLE


def test_a_hand_off_stands_in_the_trail_of_its_lead_so_that_no_import_takes_the_lead_away(cast: Cast) -> None:
    handoff = offered(cast)
    assert AuditEntry.objects.of(handoff.lead).filter(action="offer").exists()
