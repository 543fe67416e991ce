"""The invented company: everything in it could have happened, and the verbs can go on from there. It is loaded once, and each test leaves it as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Count, F

from tasuki.cli import check
from tasuki.core.absences import Absence
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.money import Money, convert
from tasuki.core.people import User
from tasuki.crm import corporate_numbers, emails, leads, ledger, matching, notes, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, ContactEmail, ContactPhone
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.demo import haneul, load
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tasuki.engage.tracking.rows import TrackedLetter
from tasuki.engage.triage.rows import ReplyTriage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity

UNTIL = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
RECORDED = datetime(2024, 9, 20, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[load.Loaded]:
    """Within one transaction, of which the transactions of the tests are parts."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load.load(n_leads=1_500, until=UNTIL)
        transaction.set_rollback(True)


@pytest.fixture
def haneul_ts(loaded: load.Loaded, db: None) -> load.Loaded:
    return loaded


def test_it_is_known_again(haneul_ts: load.Loaded) -> None:
    known = load.loaded()
    assert known is not None
    assert (known.n_leads, known.seed, known.until) == (1_500, 7, UNTIL)


def test_the_definitions_of_stages_stay_and_those_that_somebody_wrote_go(haneul_ts: load.Loaded) -> None:
    stage = stages.Stage.objects.get(pk=stages.READY)
    texts = dict.fromkeys(stages.TEXTS, "Other words.")
    stages.define(stage, texts=texts, by=By(User.objects.get(email=haneul.ADMINISTRATOR), Door.WEB), at=UNTIL)
    load.load(n_leads=10, until=UNTIL, fresh=True)
    assert [definition.version for definition in stage.definitions.all()] == [1]
    assert len(stages.in_force()) == 13


def test_everything_agrees(haneul_ts: load.Loaded) -> None:
    answers = [check.ask(question) for question in check.QUESTIONS]
    assert {answer.question.key: answer.examples for answer in answers if answer.n_wrong} == {}


def test_every_stage_ending_and_origin_is_there(haneul_ts: load.Loaded) -> None:
    assert set(Passage.objects.values_list("stage", flat=True)) == set(stages.ORDER)
    assert set(Passage.objects.exclude(outcome="").values_list("outcome", flat=True)) == set(Outcome)
    assert set(Lead.objects.values_list("origin", flat=True)) >= {Origin.INBOUND, Origin.OUTBOUND, Origin.RECYCLED, Origin.INBOUND_AGAIN}
    assert set(Opportunity.objects.values_list("currency", flat=True)) == {"KRW", "JPY", "USD"}
    assert set(Opportunity.objects.exclude(lost_because="").values_list("lost_because", flat=True)) == {"competitor", "no_decision", "too_early"}
    assert Lead.objects.filter(seq_no__gte=3).exists()
    recycled_from = set(Passage.objects.filter(outcome=Outcome.RECYCLED).values_list("stage", flat=True))
    assert recycled_from >= set(stages.ORDER[:9])


def test_balances_are_large_where_leads_wait(haneul_ts: load.Loaded) -> None:
    balance = dict(Passage.objects.open().values_list("stage").annotate(n=Count("pk")))
    assert balance[stages.NURTURING] == max(balance.values())
    assert balance[stages.NURTURING] > 5 * balance[stages.WORKING]


def test_what_ended_before_the_records_began_is_not_in_them(haneul_ts: load.Loaded) -> None:
    assert Passage.objects.filter(entered_at__lt=RECORDED).exists()
    assert not Lead.objects.filter(ended_at__lt=RECORDED).exists()


def test_nothing_happens_in_the_future(haneul_ts: load.Loaded) -> None:
    for model in (AuditEntry, TimelineEntry):
        assert not model._default_manager.filter(at__gt=UNTIL).exists()
    assert not Task.objects.filter(created_at__gt=UNTIL).exists()
    assert Task.objects.to_do().filter(due_on__lt=UNTIL.date()).exists()


def test_people_move_leads_on_working_days_in_working_hours(haneul_ts: load.Loaded) -> None:
    zones = {"KR": ZoneInfo("Asia/Seoul"), "JP": ZoneInfo("Asia/Tokyo")}
    moves = Passage.objects.filter(left_at__isnull=False).values_list("left_at", "lead__account__country")
    local = [at.astimezone(zones.get(country, ZoneInfo("Asia/Singapore"))) for at, country in moves]
    assert all(moment.weekday() < 5 and 9 <= moment.hour < 19 for moment in local)


def test_the_seasons_can_be_seen(haneul_ts: load.Loaded) -> None:
    # Of the time before the records only those that stayed open are here.
    days = list(Lead.objects.filter(seq_no=1, opened_at__gte=RECORDED).values_list("opened_at", flat=True))
    weekend = sum(day.astimezone(ZoneInfo("Asia/Seoul")).weekday() >= 5 for day in days)
    august, september = (sum(day.month == month for day in days) for month in (8, 9))
    assert weekend < len(days) * 0.06
    assert august < september * 0.85


def test_names_addresses_and_numbers_are_well_formed_and_nobodys(haneul_ts: load.Loaded) -> None:
    for account in Account.objects.all():
        assert account.domain.endswith(".example")
        assert account.folded_name == matching.fold_company(account.name)
        assert corporate_numbers.normalise(account.corporate_number, account.country if account.corporate_number else "") == account.corporate_number
    assert Account.objects.values("folded_name").distinct().count() == Account.objects.count()
    for email in ContactEmail.objects.all():
        assert emails.normalise(email.address) == (email.address, email.key)
        assert email.key.endswith(".example")
    assert all(
        re.fullmatch(r"\+(820?2?0\d+|8130\d+|44207946\d{4}|6125550\d{4}|1\d{3}55501\d\d)", phone)
        for phone in ContactPhone.objects.values_list("e164", flat=True)
    )


def test_an_order_is_in_the_ledger_at_the_rate_of_its_day(haneul_ts: load.Loaded) -> None:
    won = Passage.objects.filter(outcome=Outcome.WON).select_related("lead__opportunity")
    assert won.exists()
    for passage in won:
        money = passage.lead.opportunity.money
        assert passage.left_at is not None
        assert isinstance(money, Money)
        assert passage.amount == convert(money, to="KRW", on=passage.left_at.date()).amount


def test_parents_and_the_one_who_left_have_their_history(haneul_ts: load.Loaded) -> None:
    assert Account.objects.filter(parent__isnull=False).exists()
    assert not Account.objects.filter(parent__isnull=False).exclude(parent__country=F("country")).exists()
    gone = User.objects.get_queryset().get(is_active=False)
    assert Passage.objects.filter(owner=gone).exists()
    assert not Lead.objects.in_process().filter(owner=gone).exists()
    assert not Passage.objects.filter(owner=gone, entered_at__gt=UNTIL - timedelta(days=140)).exists()
    assert Absence.objects.on(UNTIL.date()).filter(user__in=User.objects.active()).exists()


def test_the_verbs_go_on_where_it_stops(haneul_ts: load.Loaded) -> None:
    ivo = User.objects.get(email=f"ivo@{haneul.HOST}")
    by, at = By(ivo, Door.WEB), UNTIL + timedelta(hours=1)
    woken = Lead.objects.filter(ended_as=Outcome.RECYCLED, next__isnull=True).latest("ended_at")
    lead = leads.wake(woken, by=by, at=at)
    assert lead.pk > woken.pk
    leads.advance(lead, to=stages.BOOKED, by=by, at=at)
    deal = Opportunity.objects.open().filter(lead__stage=stages.P4).latest("pk")
    opportunities.win(deal, by=by, at=at)
    answers = [check.ask(question) for question in check.QUESTIONS if question.key != "past"]
    assert [answer.question.key for answer in answers if answer.n_wrong] == []


def test_it_tells_its_story_in_the_words_of_the_verbs(haneul_ts: load.Loaded) -> None:
    """What a page reads of a simulated lead has the same shape as of one that people moved."""
    last_entry, last_audit = TimelineEntry.objects.latest("pk").pk, AuditEntry.objects.latest("pk").pk
    simulated = {
        (kind, tuple(sorted(detail)))
        for kind, detail in TimelineEntry.objects.filter(kind__in=[Kind.MOVE, Kind.OWNER, Kind.TASK, Kind.NOTE]).values_list("kind", "detail")
    }
    audited = {(noun, action, tuple(sorted(changes))) for noun, action, changes in AuditEntry.objects.values_list("noun", "action", "changes")}
    saori, ivo = (User.objects.get(email=f"{name}@{haneul.HOST}") for name in ("saori", "ivo"))
    assert ivo.team is not None
    assert saori.team is not None
    by, at = By(ivo, Door.WEB), UNTIL + timedelta(hours=1)
    lead = leads.capture(Arrival(team=ivo.team, owner=ivo), by=by, at=at)
    leads.advance(lead, to=stages.BOOKED, by=by, at=at)
    terms = opportunities.Acceptance(team=saori.team, owner=saori, money=Money(Decimal(84_000_000), "KRW"))
    deal = opportunities.accept(lead, terms=terms, by=by, at=at)
    opportunities.win(deal, by=by, at=at)
    account = records.add_account(records.Company(name="Tarnolund"), owner=saori, team=saori.team, by=by, at=at)
    contact = records.add_contact(records.Person(family_name="Quist", account=account), by=by, at=at)
    records.record_consent(contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how="Said so", by=by, at=at)
    records.add_product("Haneul Kite", line="Weather", price=None, currency="KRW", by=by, at=at)
    tasks.finish(tasks.add(Task(subject="Call back", owner=ivo, lead=lead, due_on=at.date()), by=by, at=at), by=by, at=at)
    notes.write("A word", lead=lead, by=by, at=at)
    other = leads.capture(Arrival(team=ivo.team), by=by, at=at)
    leads.recycle(other, reason="No budget", wake_when="Budget", by=by, at=at)
    # Who had a part in a win is told as it happens; of those that the company begins with, the page of wins asks.
    for entry in TimelineEntry.objects.filter(pk__gt=last_entry).exclude(kind=Kind.WIN):
        assert (entry.kind, tuple(sorted(entry.detail))) in simulated
    for record in AuditEntry.objects.filter(pk__gt=last_audit).exclude(action="name_chain"):
        assert (record.noun, record.action, tuple(sorted(record.changes))) in audited


def test_the_ledger_it_wrote_cannot_be_rewritten(haneul_ts: load.Loaded) -> None:
    passage = Passage.objects.filter(left_at__isnull=False).latest("pk")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Passage.objects.filter(pk=passage.pk).update(stage=stages.LIVE)
    with ledger.correcting("a test"):
        Passage.objects.filter(pk=passage.pk).update(reason="x")


def test_a_sequence_listens_and_somebody_stands_at_each_of_its_ways(haneul_ts: load.Loaded) -> None:
    listens = Enrolment.objects.running().filter(version__steps__hears="clicked")
    at = listens.values_list("next_step__position", flat=True)
    assert set(at) == {2, 3, 4, 5, 7}
    assert listens.filter(stops_listening_at__isnull=False).exists()
    assert set(Deed.objects.filter(step__hears="clicked").values_list("result", flat=True)) == {"", "heard"}
    assert Deed.objects.filter(step__hears="replied", result="heard").exists()
    answers = ReplyTriage.objects.filter(enrolment__in=Enrolment.objects.filter(version__steps__hears="clicked"))
    assert answers.filter(said_at__isnull=True).exists(), "one waits until somebody has said what it is"
    assert set(answers.filter(said_at__isnull=False).values_list("reply_class", flat=True)) == {"information", "not_now", "objection"}
    assert TrackedLetter.objects.filter(n_clicks=1).exists()
    assert not TrackedLetter.objects.exclude(opened_at=None).filter(opened_at__gt=UNTIL).exists()
