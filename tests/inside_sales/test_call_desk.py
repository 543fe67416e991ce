"""The desk: whom to call next and why, one lead before one person, and a call told in one stroke or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import leads, notes, stages, tasks
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.crm.wake_rules import WakeRule
from tasuki.engage import calls, meetings
from tasuki.engage.calls import Call, Outcome, OutcomeIncomplete
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meetings import Plan
from tasuki.inside_sales import briefs, call_desk, leases, qualification
from tasuki.inside_sales.call_desk import FormEmpty, Learned, ReasonMissing, WithSales
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.leases import LeadTaken
from tasuki.inside_sales.qualification import Fact, FactState, LearnedMeanwhile, WordsMissing
from tests.cast import MONDAY, Cast, hired
from tests.engage.calling import NUMBER, call_of, callable_lead, outcome, type_of

pytestmark = pytest.mark.django_db

# A Tuesday, 10:00 in Seoul.
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def concluded(cast: Cast, lead: Lead, what: Disposition, *, at: datetime = AT, learned: tuple[Learned, ...] = (), **said: Any) -> Call:
    return call_desk.conclude(lead, outcome=outcome(what, **said), learned=learned, call_type=type_of(), by=ivo(cast), at=at).call


def reason(key: str) -> ExitReason:
    return ExitReason.objects.select_related("parent").get(key=key)


def reasons(cast: Cast, at: datetime = AT) -> list[tuple[Bucket, int]]:
    return [(one.bucket, one.lead.pk) for one in call_desk.queue(cast.ivo, at=at)]


def test_promises_come_first_then_meetings_then_those_to_try_again_then_new_ones(cast: Cast) -> None:
    new, promised, again, meeting, worked, confirmed = (callable_lead(cast, n) for n in range(1, 7))
    concluded(cast, promised, Disposition.CALL_BACK, again_at=AT + timedelta(hours=2), note="after lunch")
    concluded(cast, again, Disposition.BUSY)
    at_three, at_four = (Plan(cast.saori, AT + timedelta(hours=n)) for n in (5, 6))
    meetings.book(meeting, plan=at_three, by=ivo(cast), at=AT)
    meetings.confirm(meetings.book(confirmed, plan=at_four, by=ivo(cast), at=AT), by=ivo(cast), at=AT)
    leads.advance(worked, to=stages.WORKING, by=ivo(cast), at=AT)
    later = AT + timedelta(minutes=40)
    assert reasons(cast, later) == [
        (Bucket.CALL_BACK, promised.pk), (Bucket.CONFIRM, meeting.pk), (Bucket.STEP, again.pk), (Bucket.READY, new.pk), (Bucket.BACKLOG, worked.pk),
    ]  # fmt: skip
    first = call_desk.queue(cast.ivo, at=later)[0]
    assert (first.reason, first.due_at, first.is_late) == ("after lunch", AT + timedelta(hours=2), False)
    assert call_desk.queue(cast.ivo, at=AT + timedelta(hours=3))[0].is_late
    assert call_desk.queue(cast.ivo, at=later)[1].reason == "meeting at 15:00 there, to be confirmed"
    assert Bucket.CONFIRM not in {bucket for bucket, _lead in reasons(cast, AT + timedelta(hours=6))}, "it has begun"


def test_a_meeting_is_confirmed_by_whoever_booked_it_and_finding_one_is_a_step(cast: Cast) -> None:
    booked, none_found = callable_lead(cast, 1), callable_lead(cast, 2)
    meetings.book(booked, plan=Plan(cast.saori, AT + timedelta(hours=5)), by=By(cast.ruth, Door.WEB), at=AT)
    tasks.add(Task(subject="Find a time", kind=TaskKind.MEETING, due_on=AT.date(), owner=cast.ivo, lead=none_found), by=ivo(cast), at=AT)
    assert reasons(cast) == [(Bucket.STEP, none_found.pk)]
    assert [(one.bucket, one.lead) for one in call_desk.queue(cast.ruth, at=AT)] == [(Bucket.CONFIRM, booked)]


def test_who_is_called_later_or_was_skipped_or_is_done_does_not_wait(cast: Cast) -> None:
    tomorrow, skipped, ended, booked = (callable_lead(cast, n) for n in range(1, 5))
    concluded(cast, tomorrow, Disposition.CALL_BACK, again_at=AT + timedelta(days=1))
    call_desk.skip(skipped, reason="at a fair", by=ivo(cast), at=AT)
    concluded(cast, ended, Disposition.DISQUALIFIED)
    concluded(cast, booked, Disposition.MEETING, meeting_at=AT + timedelta(days=3))
    assert reasons(cast) == []
    assert {pk for _bucket, pk in reasons(cast, AT + timedelta(days=1))} == {tomorrow.pk, skipped.pk}
    assert AuditEntry.objects.of(skipped).get(action="skip").changes == {"reason": ["", "at a fair"]}
    with pytest.raises(ReasonMissing):
        call_desk.skip(skipped, reason="  ", by=ivo(cast), at=AT)


def test_who_was_spoken_to_today_comes_back_tomorrow_and_who_is_promised_a_time_waits_for_it(cast: Cast) -> None:
    spoken, promised, new = (callable_lead(cast, n) for n in range(1, 4))
    concluded(cast, spoken, Disposition.TALK, note="thinks about it")
    concluded(cast, promised, Disposition.CALL_BACK, again_at=AT + timedelta(hours=3))
    waiting = call_desk.queue(cast.ivo, at=AT)
    assert [one.lead for one in waiting] == [promised, new]
    assert [one and one.lead for one in (call_desk.following(waiting, but=0, at=AT), call_desk.following(waiting, but=new.pk, at=AT))] == [new, promised]
    later = call_desk.following(waiting, but=0, at=AT + timedelta(hours=2, minutes=56))
    assert later is not None
    assert later.lead == promised
    assert spoken.pk in {one.lead.pk for one in call_desk.queue(cast.ivo, at=AT + timedelta(days=1))}


def test_a_queue_and_the_meter_ask_the_same_however_long_they_are(cast: Cast) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            call_desk.queue(cast.ivo, at=AT)
            call_desk.slots(cast.ivo, at=AT)
        return len(asked)

    concluded(cast, callable_lead(cast, 1), Disposition.CALL_BACK, again_at=AT + timedelta(hours=1))
    callable_lead(cast, 2)
    n_queries()  # the key of the blocks is made when it is first needed
    two = n_queries()
    for n in range(3, 8):
        concluded(cast, callable_lead(cast, n), Disposition.CALL_BACK, again_at=AT + timedelta(hours=1))
        callable_lead(cast, n + 10)
    assert n_queries() == two


def test_the_meter_counts_the_day_and_the_week_of_the_persons_clock(cast: Cast) -> None:
    for n, at in enumerate((MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=1, hours=1)), start=1):
        said = {"meeting_at": at + timedelta(days=9)} if n == 4 else {}
        concluded(cast, callable_lead(cast, n), Disposition.MEETING if n == 4 else Disposition.NO_ANSWER, at=at, **said)
    found = call_desk.slots(cast.ivo, at=MONDAY + timedelta(days=1, hours=2))
    assert (found.n_today, found.n_week, found.n_meetings) == (2, 3, 1)


def test_two_people_do_not_have_one_lead_before_them_until_one_lets_go_or_time_is_up(cast: Cast) -> None:
    noa = hired("noa", "Noa", "Kim", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    lead, theirs = callable_lead(cast), By(noa, Door.WEB)
    leases.take(lead, by=theirs, at=AT)
    (waiting,) = call_desk.queue(cast.ivo, at=AT)
    assert (waiting.holder, call_desk.following([waiting], but=0, at=AT)) == (noa, None)
    for act in (
        lambda: call_desk.dial(lead, call_type=type_of(), number=NUMBER, by=ivo(cast), at=AT),
        lambda: concluded(cast, lead, Disposition.NO_ANSWER),
        lambda: call_desk.skip(lead, reason="x", by=ivo(cast), at=AT),
        lambda: call_desk.learn(lead, learned=[], by=ivo(cast), at=AT),
        lambda: call_desk.recycle(lead, because=reason("no_budget"), by=ivo(cast), at=AT),
    ):
        with pytest.raises(LeadTaken, match="Noa"):
            act()
    assert not Call.objects.exists()
    assert call_desk.dial(lead, call_type=type_of(), number=NUMBER, by=ivo(cast), at=AT + leases.LASTS).lead == lead
    with pytest.raises(LeadTaken):
        leases.take(lead, by=theirs, at=AT + timedelta(minutes=20))
    leases.let_go(lead, by=theirs, at=AT + timedelta(minutes=20))
    with pytest.raises(LeadTaken):
        leases.take(lead, by=theirs, at=AT + timedelta(minutes=20))
    concluded(cast, lead, Disposition.NO_ANSWER, at=AT + timedelta(minutes=21))
    leases.take(lead, by=theirs, at=AT + timedelta(minutes=21))


def test_what_was_learned_and_what_came_of_the_call_is_written_in_one_stroke_or_not_at_all(cast: Cast) -> None:
    lead = callable_lead(cast)
    timing, budget = Learned(Fact.TIMING, "the board in December", FactState.KNOWN), Learned(Fact.BUDGET, "", FactState.ASKED)
    with pytest.raises(OutcomeIncomplete):
        concluded(cast, lead, Disposition.CALL_BACK, again_at=None, learned=(timing,))
    assert (qualification.of(lead).n_known, Call.objects.count()) == (0, 0)
    call = concluded(cast, lead, Disposition.TALK, learned=(timing, budget))
    facts = qualification.of(lead)
    assert (facts.n_known, facts.n_asked, call.lead, call.number) == (1, 1, lead, "")
    with pytest.raises(WordsMissing):
        concluded(cast, lead, Disposition.TALK, learned=(Learned(Fact.SIZE, "", FactState.KNOWN),))


def test_a_conversation_leaves_something_behind(cast: Cast) -> None:
    lead = callable_lead(cast)
    with pytest.raises(FormEmpty):
        concluded(cast, lead, Disposition.TALK)
    call_of(cast, lead, at=AT)
    call_desk.learn(lead, learned=[Learned(Fact.SIZE, "64 seats", FactState.KNOWN)], by=ivo(cast), at=AT + timedelta(minutes=1))
    concluded(cast, lead, Disposition.TALK, at=AT + timedelta(minutes=2))
    concluded(cast, callable_lead(cast, 2), Disposition.TALK, note="they will think about it")


def test_a_fact_that_somebody_else_wrote_meanwhile_is_not_written_over(cast: Cast) -> None:
    lead = callable_lead(cast)
    qualification.learn(lead, fact=Fact.SIZE, words="60 seats", by=By(cast.ruth, Door.WEB), at=AT)
    row = qualification.of(lead)[Fact.SIZE].seen
    qualification.learn(lead, fact=Fact.SIZE, words="64 seats", by=By(cast.ruth, Door.WEB), at=AT)
    with pytest.raises(LearnedMeanwhile):
        concluded(cast, lead, Disposition.NO_ANSWER, learned=(Learned(Fact.SIZE, "61", FactState.KNOWN, seen=row),))


def test_a_lead_is_recycled_with_the_call_at_hand_or_without_one_but_not_from_sales(cast: Cast) -> None:
    called, tried, silent, sold = *(callable_lead(cast, n) for n in range(1, 4)), callable_lead(cast, 4, stage=stages.P2)
    rule = WakeRule(on=date(2027, 1, 4))
    call_of(cast, called, at=AT, minutes=2)
    written = call_desk.recycle(called, because=reason("no_budget"), rule=rule, by=ivo(cast), at=AT)
    call_of(cast, tried, at=AT, minutes=1)
    in_vain = call_desk.recycle(tried, because=reason("no_response"), by=ivo(cast), at=AT)
    assert [one and one.call.disposition for one in (written, in_vain)] == [Disposition.NOT_NOW, Disposition.NO_ANSWER]
    assert call_desk.recycle(silent, because=reason("no_budget"), rule=rule, by=ivo(cast), at=AT) is None
    assert {lead.state for lead in Lead.objects.visible_to(cast.ada).filter(pk__in=[called.pk, tried.pk, silent.pk])} == {"recycled"}
    assert [str(leads.chain(lead)[-1].because) for lead in (called, tried, silent)] == ["No budget", "No response", "No budget"]
    with pytest.raises(WithSales):
        call_desk.recycle(sold, because=reason("no_budget"), by=ivo(cast), at=AT)


def test_the_reason_that_a_person_gave_last_is_offered_first(cast: Cast) -> None:
    assert call_desk.given_last(cast.ivo) == {}
    for n, because in enumerate(("evaluating", "no_budget"), start=1):
        concluded(cast, callable_lead(cast, n), Disposition.NOT_NOW, because=because, at=AT + timedelta(minutes=n))
    concluded(cast, callable_lead(cast, 3), Disposition.DISQUALIFIED, at=AT)
    assert call_desk.given_last(cast.ivo) == {"now": "no_budget", "dq": "student"}
    assert call_desk.given_last(cast.ruth) == {}


def test_a_fact_names_the_call_in_which_it_was_said_whether_or_not_that_was_begun_before(cast: Cast) -> None:
    dialled, by_hand = callable_lead(cast, 1), callable_lead(cast, 2)
    size, budget = Learned(Fact.SIZE, "64 seats", FactState.KNOWN), Learned(Fact.BUDGET, "", FactState.ASKED)
    qualification.learn(dialled, fact=Fact.TIMING, words="in spring", by=ivo(cast), at=AT)
    call = call_of(cast, dialled, at=AT, minutes=4)
    call_desk.learn(dialled, learned=[size], by=ivo(cast), at=AT + timedelta(minutes=1))
    call_desk.learn(by_hand, learned=[size], by=ivo(cast), at=AT + timedelta(minutes=1))
    told = concluded(cast, by_hand, Disposition.TALK, learned=(budget,), at=AT + timedelta(minutes=3))
    assert {one.fact: one.row and one.row.call for one in qualification.of(dialled) if one.row} == {Fact.SIZE: call, Fact.TIMING: None}
    assert {one.fact: one.row and one.row.call for one in qualification.of(by_hand) if one.row} == {Fact.SIZE: told, Fact.BUDGET: told}


def test_a_brief_says_what_is_known_with_its_source_and_day_and_calls_the_rest_unknown(cast: Cast) -> None:
    lead, at = callable_lead(cast), datetime(2026, 12, 1, tzinfo=UTC)
    other = callable_lead(cast, 2, stage=stages.P2)
    Lead.objects.filter(pk=other.pk).update(account=lead.account)
    notes.write("지금 시스템은 장이 끝나길 기다려야 해요.", by=By(cast.ruth, Door.WEB), at=MONDAY, lead=lead)
    call = calls.dispose(call_of(cast, lead, at=MONDAY, minutes=4), outcome=Outcome(Disposition.TALK), by=ivo(cast), at=MONDAY).call
    for n, page in enumerate(("/prices", "/api", "/prices")):
        TimelineEntry.objects.create(at=at - timedelta(days=9 - n), kind=Kind.VISIT, contact=lead.contact, lead=lead, text=page)
    qualification.learn(lead, fact=Fact.SITUATION, words="built in 2017", by=ivo(cast), at=MONDAY)
    with CaptureQueriesContext(connection) as asked:
        brief = briefs.of(_for_page(lead), reason="promised", reader=cast.ivo, at=at)
    assert len(asked) < 20
    lines = {str(line.label): line for line in brief.lines}
    assert lines["Why now"].parts == ("promised", "webinar", "inbound")
    assert lines["Person"].parts == ("1 conversation, 4:00 long",)
    assert (lines["Last words"].words, lines["Last words"].source, lines["Last words"].is_stale) == (
        "지금 시스템은 장이 끝나길 기다려야 해요.",
        "Ruth Adeyemi",
        True,
    )
    assert lines["Also there"].parts == ("open deal in P2: 한 서윤2, with Ivo Horvat",)
    assert lines["Product"].is_unknown
    assert (lines["Pages read"].parts, lines["Pages read"].on) == (("/prices (2 times)", "/api"), date(2026, 11, 24))
    assert lines["Still open"].parts[0] == "Problem"
    assert brief.question == "What goes wrong, how often, and what does it cost?"
    assert call.talked == timedelta(minutes=4)


def test_a_brief_of_a_pass_that_came_back_says_why_the_one_before_ended(cast: Cast) -> None:
    lead = callable_lead(cast)
    leads.recycle(lead, reason="no budget this term", wake_when="the new year", by=ivo(cast), at=MONDAY)
    awake = leads.wake(lead, by=ivo(cast), at=AT, stage=stages.READY)
    lines = {str(line.label): line for line in briefs.of(_for_page(awake), reason="", reader=cast.ivo, at=AT).lines}
    assert lines["Pass before"].parts == ("recycled: no budget this term", "would change it: the new year")
    assert lines["Last words"].is_unknown
    assert "Pages read" not in lines
    assert reasons(cast) == [(Bucket.WOKEN, awake.pk)]


def _for_page(lead: Lead) -> Lead:
    return Lead.objects.for_page().get(pk=lead.pk)
