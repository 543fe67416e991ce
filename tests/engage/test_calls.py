"""A call begins, ends, and is told; each of the twelve results with what follows from it, beside what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tasuki.core import bus, roles
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import leads, records, stages, wake_rules
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.leads import Lead, LeadState
from tasuki.crm.ledger import NotInProcess
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.crm.wake_rules import Trigger, WakeRule
from tasuki.engage import calls
from tasuki.engage.calls import Call, CallNotAllowed, CallOver, CallRefused, Direction, NobodyMayCall, OnACallAlready, Outcome, OutcomeIncomplete
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.dispositions import MEANINGS, CountsAs, Disposition, Follows
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.next_calls import NextCall
from tasuki.engage.touches import Touched
from tests.cast import MONDAY, Cast, hired
from tests.engage.calling import NUMBER, SAID, call_of, callable_lead, outcome, type_of

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(minutes=3)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def told(cast: Cast, lead: Lead, what: Disposition, *, at: datetime = MONDAY, minutes: float = 2, **said: Any) -> calls.Written:
    call = call_of(cast, lead, at=at, minutes=minutes)
    return calls.dispose(call, outcome=outcome(what, **said), by=ivo(cast), at=at + timedelta(minutes=3))


def test_there_are_twelve_results_and_each_says_what_it_counts_as_and_what_follows() -> None:
    assert [one.value for one in Disposition] == ["na", "busy", "gk", "vm", "cb", "talk", "mtg", "now", "ni", "dq", "bad", "dnc"]
    assert set(MEANINGS) == set(Disposition)
    assert {one: MEANINGS[one].counts_as.name.lower() for one in Disposition} == {
        "na": "dial", "busy": "dial", "gk": "connect", "vm": "dial", "cb": "conversation", "talk": "conversation", "mtg": "conversation",
        "now": "conversation", "ni": "conversation", "dq": "conversation", "bad": "nothing", "dnc": "nothing",
    }  # fmt: skip
    assert MEANINGS[Disposition.GATEKEEPER].counts_as < CountsAs.REACH
    assert [one.key for one in MEANINGS.values()] == [*"123456789", "v", "w", "x"]
    assert {one.follows for one in MEANINGS.values()} == set(Follows)


def test_the_first_call_takes_the_lead_into_work_and_says_that_it_was_touched(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Touched] = []
    monkeypatch.setitem(bus._listeners, Touched, [heard.append])
    lead = callable_lead(cast)
    call = call_of(cast, lead)
    lead.refresh_from_db()
    assert (lead.stage_id, call.number, call.contact_id, call.account_id) == (stages.WORKING, NUMBER, lead.contact_id, lead.account_id)
    assert heard == [Touched(lead.pk, ivo(cast), MONDAY, Channel.PHONE)]


def rung(cast: Cast, lead: Lead, by: By | None = None) -> Call:
    return calls.begin(lead, call_type=type_of(), number=NUMBER, direction=Direction.IN, by=by or ivo(cast), at=MONDAY)


def test_an_incoming_call_touches_nobody_until_one_of_us_has_spoken(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Touched] = []
    monkeypatch.setitem(bus._listeners, Touched, [heard.append])
    missed, met = callable_lead(cast, 1), callable_lead(cast, 2)
    call = rung(cast, missed)
    assert (heard, Lead.objects.get(pk=missed.pk).stage_id) == ([], stages.READY)
    calls.dispose(call, outcome=outcome(Disposition.NO_ANSWER), by=ivo(cast), at=LATER)
    assert (heard, Lead.objects.get(pk=missed.pk).stage_id) == ([], stages.READY), "a call that we missed is no answer"
    calls.dispose(rung(cast, met), outcome=outcome(Disposition.TALK, note="they asked for prices"), by=ivo(cast), at=LATER)
    assert [one.lead_id for one in heard] == [met.pk]
    assert Lead.objects.get(pk=met.pk).stage_id == stages.CONNECTED, "what follows is what follows of any call"
    entry = TimelineEntry.objects.get(kind=Kind.CALL, lead=met)
    assert (entry.detail["direction"], entry.detail["disposition"]) == ("in", "talk")


def test_what_a_system_writes_of_a_call_that_nobody_took_is_no_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Touched] = []
    monkeypatch.setitem(bus._listeners, Touched, [heard.append])
    lead, system = callable_lead(cast), By(None, Door.API)
    calls.dispose(rung(cast, lead, system), outcome=outcome(Disposition.TALK, note="a machine spoke"), by=system, at=LATER)
    assert heard == []


def test_an_incoming_call_corrected_to_a_conversation_is_an_answer_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = callable_lead(cast)
    call = calls.dispose(rung(cast, lead), outcome=outcome(Disposition.NO_ANSWER), by=ivo(cast), at=LATER).call
    heard: list[Touched] = []
    monkeypatch.setitem(bus._listeners, Touched, [heard.append])
    for note in ("they asked for prices", "they asked for prices and a date"):
        calls.correct(call, outcome=outcome(Disposition.TALK, note=note), by=ivo(cast), at=LATER)
    assert len(heard) == 1


def test_whoever_wants_no_call_may_call_us_and_say_so(cast: Cast) -> None:
    lead = callable_lead(cast)
    calls.dispose(rung(cast, lead), outcome=outcome(Disposition.DO_NOT_CALL), by=ivo(cast), at=LATER)
    with pytest.raises(NobodyMayCall):
        call_of(cast, lead, at=LATER)
    assert rung(cast, lead).direction == Direction.IN


def test_a_call_that_came_in_is_picked_up_by_one_person(cast: Cast) -> None:
    call, jun = rung(cast, callable_lead(cast), By(None, Door.API)), By(hired("jun", "Jun", "Ho", role=Role.INSIDE_SELLER, team=cast.inside_sales), Door.WEB)
    taken = calls.pick_up(call, by=ivo(cast), at=LATER)
    assert (taken.caller, taken.answered_at) == (cast.ivo, LATER)
    assert calls.pick_up(call, by=ivo(cast), at=LATER + timedelta(minutes=1)).answered_at == LATER, "twice is once"
    with pytest.raises(Forbidden):
        calls.pick_up(call, by=jun, at=LATER)
    with pytest.raises(OnACallAlready):
        calls.pick_up(rung(cast, callable_lead(cast, 2), By(None, Door.API)), by=ivo(cast), at=LATER)
    calls.end(call, at=LATER)
    with pytest.raises(CallOver):
        calls.pick_up(call, by=ivo(cast), at=LATER)


@pytest.mark.parametrize("what", Disposition)
def test_each_result_stands_on_the_timeline_and_in_the_trail(cast: Cast, what: Disposition) -> None:
    lead = callable_lead(cast)
    call = told(cast, lead, what, note="  야간 개장 3월 2일  ").call
    entry = TimelineEntry.objects.get(kind=Kind.CALL, lead=lead)
    assert (entry.text, entry.detail["disposition"], entry.detail["call"], entry.actor) == ("야간 개장 3월 2일", what.value, call.pk, cast.ivo)
    assert NUMBER not in str(entry.detail)
    assert AuditEntry.objects.of(call).get(action="dispose").changes["disposition"] == ["", what.value]
    assert call.ended_at == MONDAY + timedelta(minutes=2)


ENDS_IN = {
    Disposition.CALL_BACK: (stages.CONNECTED, LeadState.OPEN),
    Disposition.TALK: (stages.CONNECTED, LeadState.OPEN),
    Disposition.MEETING: (stages.BOOKED, LeadState.OPEN),
    Disposition.NOT_NOW: (None, LeadState.RECYCLED),
    Disposition.NOT_INTERESTED: (None, LeadState.RECYCLED),
    Disposition.DISQUALIFIED: (None, LeadState.DISQUALIFIED),
}


@pytest.mark.parametrize("what", Disposition)
def test_each_result_leaves_the_lead_where_it_belongs(cast: Cast, what: Disposition) -> None:
    lead = callable_lead(cast)
    assert told(cast, lead, what).held_back == ()
    lead.refresh_from_db()
    assert (lead.stage_id, lead.state) == ENDS_IN.get(what, (stages.WORKING, LeadState.OPEN))


def test_a_lead_that_sleeps_after_a_call_wakes_as_its_reason_proposes_or_by_the_rule_that_was_said(cast: Cast) -> None:
    proposed, said = callable_lead(cast), callable_lead(cast, 2)
    call = told(cast, proposed, Disposition.NOT_NOW, reason="the board in autumn").call
    told(cast, said, Disposition.NOT_INTERESTED, rule=WakeRule(on=date(2026, 9, 1)))
    last = leads.chain(proposed)[-1]
    assert (last.outcome, str(last.because), last.reason, last.wake_on) == ("recycled", "No budget", "the board in autumn", date(2026, 5, 31))
    assert (call.because, TimelineEntry.objects.get(kind=Kind.CALL, lead=proposed).detail["because"]) == (last.because, "no_budget")
    assert leads.chain(said)[-1].wake_rule == WakeRule(on=date(2026, 9, 1))
    assert not NextCall.objects.exists()


def test_who_waits_for_something_to_happen_wakes_within_a_year_whether_or_not_it_does(cast: Cast) -> None:
    lead = callable_lead(cast)
    told(cast, lead, Disposition.NOT_NOW, rule=wake_rules.when(Trigger.REPLY))
    assert leads.chain(lead)[-1].wake_rule == WakeRule(on=date(2027, 3, 2), trigger="reply")


def test_a_reason_that_does_not_apply_there_or_a_rule_of_yesterday_writes_nothing(cast: Cast) -> None:
    call = call_of(cast, callable_lead(cast), minutes=1)
    for said in ({"because": "postponed"}, {"because": "student"}, {"rule": WakeRule(on=date(2026, 3, 1))}, {"rule": WakeRule(on=MONDAY.date(), every=0)}):
        with pytest.raises(Refused):
            calls.dispose(call, outcome=outcome(Disposition.NOT_NOW, **said), by=ivo(cast), at=LATER)
    call.refresh_from_db()
    assert call.disposition == ""


@pytest.mark.parametrize(
    ("what", "missing"),
    [(what, field) for what, said in SAID.items() for field in said],
)
def test_a_result_without_what_it_asks_for_is_refused_and_nothing_is_written(cast: Cast, what: Disposition, missing: str) -> None:
    call = call_of(cast, callable_lead(cast), minutes=1)
    with pytest.raises(OutcomeIncomplete) as refusal:
        calls.dispose(call, outcome=outcome(what, **{missing: None}), by=ivo(cast), at=LATER)
    call.refresh_from_db()
    assert (refusal.value.field, call.disposition) == (missing, "")


@pytest.mark.parametrize("field", ["again_at", "meeting_at"])
def test_nothing_is_promised_for_a_moment_that_is_over(cast: Cast, field: str) -> None:
    what = Disposition.CALL_BACK if field == "again_at" else Disposition.MEETING
    call = call_of(cast, callable_lead(cast), minutes=1)
    with pytest.raises(OutcomeIncomplete):
        calls.dispose(call, outcome=Outcome(what, **{field: MONDAY}), by=ivo(cast), at=LATER)


def test_a_meeting_agreed_on_the_telephone_is_booked_for_who_called(cast: Cast) -> None:
    lead = callable_lead(cast)
    told(cast, lead, Disposition.MEETING, meeting_at=datetime(2026, 3, 5, 23, 30, tzinfo=UTC))
    meeting = Meeting.objects.get(lead=lead)
    assert (meeting.held_by, meeting.booked_by, meeting.starts_there.isoformat()) == (cast.ivo, cast.ivo, "2026-03-06T08:30:00+09:00")
    assert not Task.objects.filter(lead=lead).exists()
    told(cast, lead, Disposition.MEETING, at=MONDAY + timedelta(hours=1), meeting_at=datetime(2026, 3, 6, 1, tzinfo=UTC))
    moved = Meeting.objects.ahead().get()
    assert (moved.previous, moved.starts_at) == (meeting, datetime(2026, 3, 6, 1, tzinfo=UTC)), "agreed anew, it is moved"


def test_a_meeting_at_a_time_that_is_taken_becomes_a_task_and_the_caller_is_told(cast: Cast) -> None:
    at = datetime(2026, 3, 5, 2, tzinfo=UTC)
    told(cast, callable_lead(cast), Disposition.MEETING, meeting_at=at)
    other = callable_lead(cast, 2, number="+8225550188")
    call = call_of(cast, other, at=MONDAY + timedelta(hours=1), number="+8225550188")
    written = calls.dispose(call, outcome=Outcome(Disposition.MEETING, meeting_at=at), by=ivo(cast), at=MONDAY + timedelta(hours=2))
    assert written.held_back == ("There is another meeting at that time, so none was booked. A task says to find a time.",)
    assert Task.objects.get(lead=other).subject == "Find a time for the meeting: 11:00 is taken"


def test_a_wrong_number_asks_for_the_right_one_without_saying_it(cast: Cast) -> None:
    lead = callable_lead(cast)
    told(cast, lead, Disposition.BAD_NUMBER)
    task = Task.objects.get(lead=lead)
    assert (task.owner, task.due_on) == (cast.ivo, MONDAY.date())
    assert "555" not in task.subject + task.details
    assert lead.contact_id is not None
    assert calls.wrong_numbers(lead.contact_id) == {lead.contact_id: {NUMBER}}


def test_who_does_not_want_to_be_called_is_called_by_nobody_again_and_neither_is_the_number(cast: Cast) -> None:
    lead, same_number = callable_lead(cast), callable_lead(cast, 2)
    told(cast, lead, Disposition.DO_NOT_CALL, note="never again")
    assert lead.contact is not None
    consent = lead.contact.consents.get(channel=Channel.PHONE)
    assert (consent.state, consent.how) == (ConsentState.WITHDRAWN, "said on the telephone: never again")
    for one, number in ((lead, NUMBER), (lead, ""), (same_number, NUMBER)):
        with pytest.raises(NobodyMayCall):
            call_of(cast, one, at=LATER, number=number)


def test_who_asked_for_no_calls_elsewhere_is_not_called_either(cast: Cast) -> None:
    lead = callable_lead(cast)
    assert lead.contact is not None
    records.record_consent(lead.contact, channel=Channel.PHONE, state=ConsentState.REFUSED, how="by mail", by=ivo(cast), at=MONDAY)
    with pytest.raises(NobodyMayCall):
        call_of(cast, lead)
    records.record_consent(lead.contact, channel=Channel.PHONE, state=ConsentState.GIVEN, how="by mail", by=ivo(cast), at=LATER)
    assert call_of(cast, lead, at=LATER).number == NUMBER


def test_nobody_is_called_at_night_or_without_what_their_country_asks_for(cast: Cast) -> None:
    lead = callable_lead(cast)
    ContactRule.objects.get_queryset().update(calls_from=9 * 60, calls_until=18 * 60)
    evening, morning = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 4, 0, tzinfo=UTC)
    with pytest.raises(CallNotAllowed, match="09:00") as refusal:
        call_of(cast, lead, at=evening)
    assert refusal.value.until == morning
    assert call_of(cast, lead, at=evening, number="").number == "", "what was done by hand is written whenever it was"
    other = callable_lead(cast, 2, number="+8225550199")
    ContactRule.objects.get_queryset().update(phone="basis")
    with pytest.raises(CallNotAllowed, match="consent"):
        calls.begin(other, call_type=type_of(), number="+8225550199", by=By(cast.ruth, Door.WEB), at=morning)


def test_what_the_telephone_says_of_a_lead_in_sales_ends_nothing_there(cast: Cast) -> None:
    lead = callable_lead(cast, stage=stages.P2)
    assert told(cast, lead, Disposition.NOT_NOW).held_back == ("The lead is with sales by now: tell its owner, who decides how it goes on.",)
    lead.refresh_from_db()
    assert lead.stage_id == stages.P2


def test_one_person_has_one_call_at_a_time_also_by_the_database(cast: Cast) -> None:
    first, second = callable_lead(cast), callable_lead(cast, 2)
    call = call_of(cast, first)
    with pytest.raises(OnACallAlready):
        call_of(cast, second)
    with pytest.raises(IntegrityError, match="one_call_at_a_time"), transaction.atomic():
        Call.objects.create(lead=second, caller=cast.ivo, call_type=type_of(), started_at=MONDAY)
    calls.end(call, at=LATER)
    assert call_of(cast, second, at=LATER).lead == second


def test_a_call_is_refused_for_a_pass_that_is_over_and_for_a_number_that_is_not_theirs(cast: Cast) -> None:
    lead = callable_lead(cast)
    for number in ("+8225550188", "tel:evil", "9" * 24, "\u202e"):
        with pytest.raises(CallRefused):
            call_of(cast, lead, number=number)
    leads.disqualify(lead, reason="gone", by=ivo(cast), at=MONDAY)
    with pytest.raises(NotInProcess):
        call_of(cast, lead, at=LATER)


def test_who_may_not_see_numbers_dials_none(cast: Cast) -> None:
    obi = hired("obi", "Obi", "Ana", role=Role.OBSERVER, team=cast.inside_sales)
    with pytest.raises(Forbidden):
        calls.begin(callable_lead(cast), call_type=type_of(), by=By(obi, Door.WEB), at=MONDAY)


def test_a_result_is_said_once_and_by_who_called_or_manages(cast: Cast) -> None:
    colleague = hired("noa", "Noa", "Kim", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    call = call_of(cast, callable_lead(cast), minutes=1)
    with pytest.raises(Forbidden):
        calls.dispose(call, outcome=Outcome(Disposition.TALK), by=By(colleague, Door.WEB), at=LATER)
    calls.dispose(call, outcome=Outcome(Disposition.TALK), by=By(cast.ruth, Door.WEB), at=LATER)
    with pytest.raises(CallOver):
        calls.dispose(call, outcome=Outcome(Disposition.BUSY), by=ivo(cast), at=LATER)


def test_a_result_is_corrected_with_what_follows_and_the_timeline_says_that_it_was(cast: Cast) -> None:
    lead = callable_lead(cast)
    call = told(cast, lead, Disposition.NO_ANSWER).call
    calls.correct(call, outcome=Outcome(Disposition.CALL_BACK, note="after the board", again_at=MONDAY + timedelta(days=2)), by=ivo(cast), at=LATER)
    lead.refresh_from_db()
    entry = TimelineEntry.objects.get(kind=Kind.CALL, lead=lead)
    assert (lead.stage_id, NextCall.objects.get(lead=lead).is_promised, entry.text, entry.edited_at) == (stages.CONNECTED, True, "after the board", LATER)
    assert AuditEntry.objects.of(call).get(action="correct").changes["disposition"] == ["na", "cb"]


def test_what_ended_a_pass_is_not_corrected_away_and_what_did_not_does_not_end_it(cast: Cast) -> None:
    ended = told(cast, callable_lead(cast), Disposition.DISQUALIFIED).call
    talked = told(cast, callable_lead(cast, 2), Disposition.TALK, at=LATER).call
    blocked = calls.correct(
        told(cast, callable_lead(cast, 3), Disposition.TALK, at=LATER).call, outcome=Outcome(Disposition.DO_NOT_CALL), by=ivo(cast), at=LATER
    )
    for call, what in ((ended, Disposition.TALK), (talked, Disposition.DISQUALIFIED), (blocked.call, Disposition.TALK)):
        with pytest.raises(CallRefused):
            calls.correct(call, outcome=outcome(what), by=ivo(cast), at=LATER)
    with pytest.raises(Forbidden):
        calls.correct(talked, outcome=Outcome(Disposition.TALK), by=By(cast.saori, Door.WEB), at=LATER)


@pytest.mark.parametrize(("minutes", "over"), [(14.9, 0), (15, 0), (15.5, 30), (600, 465 * 60)])
def test_beyond_the_limit_of_its_type_a_call_says_by_how_much(cast: Cast, minutes: float, over: int) -> None:
    call = call_of(cast, callable_lead(cast), minutes=minutes)
    assert call.n_seconds_over == over, "no call is longer than eight hours: then the line was never closed"


def test_a_call_whose_answer_nobody_saw_counts_from_its_beginning(cast: Cast) -> None:
    call = calls.end(call_of(cast, callable_lead(cast)), at=MONDAY + timedelta(minutes=16))
    assert (call.answered_at, call.n_seconds_over) == (None, 0)
    call = calls.dispose(call, outcome=Outcome(Disposition.TALK), by=ivo(cast), at=MONDAY + timedelta(minutes=17)).call
    assert (call.answered_at, call.n_seconds_over) == (MONDAY, 60)


def test_visible_are_the_calls_of_leads_that_one_sees_and_ones_own(cast: Cast) -> None:
    call = call_of(cast, callable_lead(cast))
    assert [list(Call.objects.visible_to(who)) for who in (cast.ivo, cast.ruth, cast.mina)] == [[call]] * 3
    assert [list(Call.objects.visible_to(who)) for who in (cast.saori, cast.tomas)] == [[], []]
    roles.revoke(cast.ivo, role=Role.INSIDE_SELLER, by=ivo(cast), at=LATER)
    assert not Call.objects.visible_to(cast.ivo)


@pytest.mark.parametrize(
    "columns",
    [
        {"ended_at": MONDAY - timedelta(seconds=1)},
        {"answered_at": MONDAY - timedelta(seconds=1)},
        {"disposition": "na", "disposed_at": MONDAY},
        {"disposition": "na", "ended_at": MONDAY},
        {"disposition": "zz", "ended_at": MONDAY, "disposed_at": MONDAY},
        {"disposition": "talk", "ended_at": MONDAY, "disposed_at": MONDAY},
        {"disposition": "cb", "answered_at": MONDAY, "ended_at": MONDAY, "disposed_at": MONDAY},
        {"disposition": "now", "answered_at": MONDAY, "ended_at": MONDAY, "disposed_at": MONDAY},
        {"disposition": "dq", "answered_at": MONDAY, "ended_at": MONDAY, "disposed_at": MONDAY},
    ],
)
def test_the_database_keeps_no_call_that_cannot_have_been(cast: Cast, columns: dict[str, Any]) -> None:
    call = call_of(cast, callable_lead(cast))
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(**columns)
