"""What is promised to leads of a file: nothing to those that were worked on already, and what is agreed to those that are new."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import mapping, parsing, running, stopping
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.crm import leads, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.engage import touches
from tasuki.inside_sales import routing
from tasuki.inside_sales.call_lists import building, lists
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.relay import agreements, breaches
from tasuki.relay.agreements import Agreement, Counts, Event, Terms, Unit
from tasuki.relay.clocks import Clock, ClockEvent
from tests.cast import SET_UP, Cast
from tests.core.table_contents import contents
from tests.crm.scoring.desk import in_force
from tests.inside_sales.office import AT, office_in_seoul, pool_of, rules_in_force

pytestmark = pytest.mark.django_db

ROWS = """id,day,name,mail,owner,why
L1,2026-03-02,한서윤,seoyun@gaon.example,ivo@example.com,inbound
L2,2026-02-02,Mia Roe,mia@norwick.example,ivo@example.com,outbound
L3,2026-03-02,Jan Poe,jan@norwick.example,,inbound
L4,2026-03-02,Eun Doe,eun@norwick.example,ivo@example.com,inbound
"""
NEW, WORKED, UNSAID = "promises: begin", "promises: none", ""
LATER = AT + timedelta(minutes=1)
FRIDAY_NIGHT = datetime(2026, 3, 6, 18, 5, tzinfo=AT.tzinfo)


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()
    rules_in_force(("", pool_of(cast, cast.ivo)))


def said(options: str = NEW, *, stage: str = stages.READY) -> mapping.Mapping:
    columns = "{reference: id, opened_at: day, full_name: name, email: mail, owner: owner, origin: why}"
    return mapping.read(f"noun: leads\noptions: {{stage: {stage}, {options}}}\ncolumns: {columns}")


def started(cast: Cast, options: str = NEW, *, stage: str = stages.READY, at: datetime = AT, dry: bool = False) -> ImportRun:
    return running.start(io.BytesIO(ROWS.encode()), name="leads.csv", mapping=said(options, stage=stage), by=By(cast.mina, Door.WEB), at=at, dry=dry)


def imported(cast: Cast, options: str = NEW, *, stage: str = stages.READY, at: datetime = AT, dry: bool = False) -> ImportRun:
    return running.run(started(cast, options, stage=stage, at=at, dry=dry), at=at)


def promised() -> dict[str, tuple[str, datetime | None]]:
    """By the reference of a lead: the event from which it is owed an answer, and until when."""
    return {clock.lead.reference: (clock.agreement.event, clock.due_at) for clock in Clock.objects.select_related("lead", "agreement")}


@pytest.mark.parametrize("options", [WORKED, UNSAID])
def test_whoever_was_worked_on_already_is_promised_nothing_though_somebody_gets_them(cast: Cast, options: str) -> None:
    imported(cast, options)
    assert routing.sweep(at=LATER) == 1
    assert Lead.objects.get(reference="L3").owner == cast.ivo
    assert promised() == {}


def test_who_is_new_is_promised_what_who_comes_by_hand_is(cast: Cast) -> None:
    imported(cast)
    by_hand = leads.capture(Arrival(team=cast.marketing, owner=cast.ivo), by=By(cast.mina, Door.WEB), at=AT, stage=stages.READY)
    assert promised().pop("") == promised()["L1"] == promised()["L4"] == (Event.RAISED, AT + timedelta(minutes=5))
    assert promised()["L2"][0] == Event.OTHER, "it is one of ours that we go to"
    one, other = Clock.objects.get(lead__reference="L1"), Clock.objects.get(lead=by_hand)
    told = {"id", "lead_id", "team_id"}
    assert {name: value for name, value in vars(one).items() if name not in told | {"_state"}} == {
        name: value for name, value in vars(other).items() if name not in told | {"_state"}
    }
    assert set(ClockEvent.objects.values_list("turn", "at", "actor")) == {("started", AT, cast.mina.pk)}


def test_who_has_nobody_is_promised_it_as_they_are_given_out(cast: Cast) -> None:
    imported(cast)
    assert "L3" not in promised()
    assert routing.sweep(at=LATER) == 1
    assert promised()["L3"] == (Event.RAISED, LATER + timedelta(minutes=5))
    assert Clock.objects.get(lead__reference="L3").owner == cast.ivo


def test_the_time_is_business_time_and_over_when_it_is_over(cast: Cast) -> None:
    imported(cast, at=FRIDAY_NIGHT)
    monday = datetime(2026, 3, 9, 9, 5, tzinfo=AT.tzinfo)
    assert promised()["L1"][1] == monday
    assert breaches.find(at=monday - timedelta(seconds=1)) == 0
    assert breaches.find(at=monday) == 2


def test_a_condition_of_an_agreement_is_asked_of_each_lead_as_it_is_scored(cast: Cast) -> None:
    in_force(cast, at=AT)
    terms = Terms(Event.RAISED, Counts.WALL, 2, Unit.MINUTES, name="The first", condition="reference:is(L1), fit:at_least(0)")
    first = agreements.keep(None, terms=terms, by=SET_UP, at=AT)
    for _nth in range(Agreement.objects.count()):
        agreements.move(first, up=True, by=SET_UP, at=AT)
    imported(cast)
    assert promised()["L1"][1] == AT + timedelta(minutes=2)
    assert promised()["L4"][1] == AT + timedelta(minutes=5)


def test_nothing_is_promised_where_nothing_is_agreed_or_the_leads_are_not_ready(cast: Cast) -> None:
    run = imported(cast, stage=stages.NURTURING)
    assert promised() == {}
    running.undo(run, by=By(cast.mina, Door.WEB), at=AT)
    Agreement.objects.update(is_active=False)
    imported(cast)
    assert promised() == {}


def of_today(cast: Cast) -> CallList:
    """Ivo's list of that day, on which nobody stands yet."""
    building.build(AT.date(), owners=[cast.ivo], by=SET_UP, at=AT - timedelta(hours=12))
    return CallList.objects.get(owner=cast.ivo, for_on=AT.date())


def waiting(made: CallList) -> list[str]:
    return list(made.entries.order_by("position").values_list("lead__reference", flat=True))


def test_who_is_new_comes_onto_the_list_of_today_as_who_comes_by_hand_does(cast: Cast) -> None:
    made = of_today(cast)
    imported(cast)
    assert waiting(made) == ["L1", "L4"], "in the order of the file, without one of ours that we go to"
    by_hand = leads.capture(Arrival(team=cast.marketing, owner=cast.ivo, source="form"), by=By(cast.mina, Door.WEB), at=AT, stage=stages.READY)
    assert waiting(made) == ["", "L1", "L4"]
    one, other = made.entries.get(lead__reference="L1"), made.entries.get(lead=by_hand)
    assert (one.bucket, one.inserted_at, one.worked_at) == (other.bucket, other.inserted_at, other.worked_at)
    assert one.reasons == [["raised", Lead.objects.get(reference="L1").stage_since.isoformat(), ""]]
    told = AuditEntry.objects.of(made).filter(action="insert").order_by("pk")[0]
    assert (told.actor, len(told.changes)) == (cast.mina, 2)
    imported_again = running.run(started(cast, "promises: begin", at=LATER), at=LATER)
    assert (imported_again.n_skipped, waiting(made)) == (4, ["", "L1", "L4"])


def test_they_stand_on_the_next_list_too_and_leave_both_with_their_import(cast: Cast) -> None:
    made = of_today(cast)
    building.build(AT.date() + timedelta(days=1), owners=[cast.ivo], by=SET_UP, at=AT)
    tomorrow = CallList.objects.get(owner=cast.ivo, for_on=AT.date() + timedelta(days=1))
    run = imported(cast)
    assert waiting(made) == waiting(tomorrow) == ["L1", "L4"]
    running.undo(run, by=By(cast.mina, Door.WEB), at=LATER)
    assert not CallListEntry.objects.exists()


@pytest.mark.parametrize("options", [WORKED, UNSAID])
def test_whoever_was_worked_on_already_comes_onto_no_list(cast: Cast, options: str) -> None:
    made = of_today(cast)
    imported(cast, options)
    assert waiting(made) == []


def test_twelve_come_onto_a_list_by_as_many_queries_as_two(cast: Cast) -> None:
    made = of_today(cast)

    def n_queries(*nth: int) -> int:
        new = [leads.capture(Arrival(team=cast.marketing, owner=cast.ivo, origin=Origin.OUTBOUND), by=SET_UP, at=AT, stage=stages.READY) for _ in nth]
        with CaptureQueriesContext(connection) as asked:
            assert lists.insert_new(new, by=SET_UP, at=AT) == len(nth)
        return len(asked)

    assert n_queries(1, 2) == n_queries(*range(12))
    assert made.entries.count() == len(set(made.entries.values_list("position", flat=True))) == 14


def test_a_run_that_was_stopped_and_went_on_promises_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)

    def stop(now: ImportRun) -> None:
        if now.n_applied == 2:
            stopping.stop(now, by=By(cast.mina, Door.WEB), at=AT)

    run = running.run(started(cast), at=AT, progress=stop)
    assert set(promised()) == {"L1", "L2"}
    stopping.go_on(run, by=By(cast.mina, Door.WEB), at=LATER)
    running.run(run, at=LATER)
    assert Clock.objects.count() == ClockEvent.objects.count() == 3
    assert (promised()["L1"][1], promised()["L4"][1]) == (AT + timedelta(minutes=5), LATER + timedelta(minutes=5)), "each is owed it since it is here"


def test_a_chunk_that_is_killed_leaves_no_promise(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasuki.core.imports.writing._note_rows", lambda *_said: 1 / 0)
    run = started(cast)
    with pytest.raises(ZeroDivisionError):
        running.run(run, at=AT)
    assert promised() == {}
    monkeypatch.undo()
    running.run(run, at=LATER)
    assert Clock.objects.count() == 3


def test_promises_go_with_their_import_and_stay_with_what_somebody_worked_on(cast: Cast) -> None:
    before = contents()
    run = imported(cast)
    assert breaches.find(at=AT + timedelta(days=1)) == 3
    running.undo(run, by=By(cast.mina, Door.WEB), at=AT + timedelta(days=2))
    after = contents()
    assert {table for table in after if after[table] != before[table]} == {"crm_notification"}, "Mina was told of its end"
    run = imported(cast)
    touches.touch(Lead.objects.get(reference="L1"), channel=Channel.PHONE, words="rang twice", by=By(cast.ivo, Door.WEB), at=LATER)
    with pytest.raises(CannotUndo):
        running.undo(run, by=By(cast.mina, Door.WEB), at=LATER)
    assert Clock.objects.get(lead__reference="L1").is_kept


def test_a_dry_run_promises_nothing(cast: Cast) -> None:
    before = contents()
    assert imported(cast, dry=True).n_created == 4
    assert contents() == before


def test_an_update_of_who_is_here_promises_nothing(cast: Cast) -> None:
    imported(cast, WORKED)
    run = running.start(io.BytesIO(ROWS.encode()), name="again.csv", mapping=mapping.from_json(said().as_json() | {"on_duplicate": "update"}), by=SET_UP, at=AT)
    running.run(run, at=AT)
    assert promised() == {}


@pytest.mark.parametrize("word", ["yes", "BEGIN", "'begin '", "[begin]", "{begin: 1}", "x" * 5_000, "'\0'", "<b>"])
def test_any_other_word_about_promises_is_refused_in_a_sentence(cast: Cast, word: str) -> None:
    before = contents()
    with pytest.raises(MappingRefused) as refused:
        started(cast, f"promises: {word}")
    assert len(str(refused.value)) < 200
    assert contents() == before


def test_the_trail_says_what_was_said_of_promises(cast: Cast) -> None:
    entry = AuditEntry.objects.of(imported(cast)).get(action="start")
    assert entry.changes["promises"] == ["", "begin"]
