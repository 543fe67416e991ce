"""Whose rows a person sees: own, the team's, the tree's, all; and Tomas nothing of anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db.models import Model

from tasuki.core import abilities, absences, audit, recents, teams, tours
from tasuki.core.abilities import Ability, Role, Scope
from tasuki.core.audit import By, Door
from tasuki.core.bulk.runs import BulkRun
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportFile, ImportSet, SavedMapping
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.core.teams import Department, Team
from tasuki.crm import following, leads, merging, notes, notifications, opportunity_rules, product_points, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.inventions import Invention
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Happening, Way
from tasuki.crm.products import Product
from tasuki.crm.records import Company
from tasuki.crm.scoring import versions
from tasuki.crm.tasks import Task
from tasuki.engage import blocks, booking_links, calls, consent_texts, lent_calls, meeting_feeds, meetings, rebooking
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan
from tasuki.engage.own_calendars import connections
from tasuki.engage.own_calendars.connections import Said
from tasuki.engage.own_calendars.rows import BusyEvent, BusySpan, CalendarEntry
from tasuki.engage.reach import ReachCell
from tasuki.engage.sequences.writing import Wording
from tasuki.inside_sales import call_desk, leases, objections, qualification, scripts
from tasuki.inside_sales.call_lists import building, rules
from tasuki.inside_sales.coaching import cards, comments, praises, samples
from tasuki.inside_sales.objections import Response
from tasuki.inside_sales.qualification import Fact
from tasuki.relay import handoff_rules
from tasuki.relay.personal_data import erasures, retention
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.engage import mailing
from tests.engage.calling import call_of, callable_lead, type_of
from tests.engage.sequences.writing import enrolled, person, sequence_of, tick
from tests.inside_sales.coaching.hearing import recorded, reviewed
from tests.inside_sales.office import pool_of, rules_in_force
from tests.relay.handing import offered
from tests.relay.planning import agreed
from tests.remembering import written

pytestmark = pytest.mark.django_db

# Models without `visible_to`, and why: each is reached through a row that has it, or tells nobody anything.
REACHED_OTHERWISE = {
    "core.BulkRow": "through its bulk run",
    "core.CalendarDay": "through its calendar",
    "core.CalendarShift": "through its calendar",
    "core.CustomChoice": "through its custom field",
    "core.ExchangeRate": "reference data: what one currency is worth in another",
    "core.ImportRow": "through its import run",
    "core.RowDecision": "through the file of its import",
    "engage.BadAddress": "what came back from an address, told with the contact whose address it is",
    "engage.TrackingRules": "whether opens and clicks are counted, on a page that asks for edit_process",
    "engage.TrackedLetter": "through its message",
    "engage.SentLink": "through its letter; a press on it leads to the address that stood there",
    "engage.MailHit": "through its letter",
    "engage.BlockSecret": "the key of the hashes of blocks; told to nobody",
    "inside_sales.HoldingQueue": "how the queue works, on pages that ask for see_relay or edit_process",
    "core.Organisation": "the name of the house, on every page",
    "core.SearchChange": "ids of what the search has yet to read",
    "core.SearchTogether": "as core.SearchEntry",
    "core.SearchEntry": "search answers with ids, and those through visible_to of their own noun",
    "core.SetUpStep": "which steps of the set-up are done, on pages that ask for manage_settings",
    "crm.Consent": "through its contact",
    "crm.ContactEmail": "through its contact",
    "crm.ContactPhone": "through its contact",
    "relay.PlanMonth": "with its plan",
    "relay.PlanRate": "with its plan",
    "crm.DaybookNote": "sums for the relay, whose pages ask for see_relay",
    "crm.DaybookOfTeam": "sums for the relay, whose pages ask for see_relay",
    "crm.DaybookTotal": "sums for the relay, whose pages ask for see_relay",
    "crm.EngagementRule": "through its score model",
    "crm.FitRule": "through its score model; its words are told as reasons, on the page of a lead",
    "crm.FormerScore": "through its lead",
    "crm.LeadScore": "through its lead",
    "crm.Mention": "through its note",
    "crm.MergeStep": "through its merge",
    "engage.MeetingLetter": "through its meeting, to whoever sees addresses",
    "crm.Ownership": "through its lead or account",
    "engage.SequenceVersion": "through its sequence",
    "engage.Variant": "through its step",
    "engage.Enclosure": "through its letter",
    "crm.ScoreDue": "ids of the leads that have yet to be scored",
    "inside_sales.ObjectionUse": "sums beside the objection",
    "inside_sales.CallListEntry": "through its list",
    "inside_sales.Pace": "how fast a person works, told by the places of their list",
    "inside_sales.RoutingWait": "through its lead",
    "engage.RecordingRules": "how long recordings stay, on a page that asks for edit_process",
    "engage.TalkFigures": "through its call, to whoever may hear it",
    "inside_sales.CardStep": "through its skill card",
    "inside_sales.CoachingRules": "how much is heard, on a page that asks for edit_process",
    "inside_sales.ListeningQuota": "how much a coach hears, on a page that asks for edit_process",
    "inside_sales.EarlierReview": "through its review",
    "inside_sales.Score": "through its review",
    "inside_sales.TalkScore": "through its call, to whoever may hear it",
    "relay.HandoffAnswer": "through its hand-off",
    "relay.HandoffDispute": "through its hand-off",
    "relay.HandoffVerdict": "through its hand-off",
    "relay.HandoffWord": "through its hand-off",
    "relay.LegCount": "sums for the numbers of inside sales, read only for whom sees every lead, or every lead of the teams they are of",
    "relay.LegCounted": "which days are summed",
    "relay.LegTouched": "which days are to be summed again",
}


@dataclass(frozen=True)
class Books:
    """One lead, with its account, contact, opportunity and task, for each owner and team named."""

    saori: Lead
    ivo: Lead
    desk: Lead
    colleague: Lead


def _row(name: str, *, owner: User | None, team: Team) -> Lead:
    account = Account.objects.create(name=name, folded_name=name.lower(), team=team, owner=owner, created_at=MONDAY, updated_at=MONDAY)
    contact = Contact.objects.create(account=account, family_name=name, created_at=MONDAY, updated_at=MONDAY)
    lead = leads.capture(Arrival(team=team, contact=contact, account=account, owner=owner), by=SET_UP, at=MONDAY)
    opportunities.accept(lead, terms=Acceptance(owner=owner, team=team), by=SET_UP, at=MONDAY)
    if owner is not None:
        tasks.add(Task(subject=name, owner=owner, lead=lead), by=SET_UP, at=MONDAY)
    return Lead.objects.get(pk=lead.pk)


@pytest.fixture
def books(cast: Cast) -> Books:
    """Saori's, Ivo's, the Japan desk's (below field sales), and a colleague's of Saori's."""
    return written(_kept, cast)


def _kept(cast: Cast) -> Books:
    desk = teams.add("Japan desk", department=Department.SALES, parent=cast.field_sales, by=SET_UP, at=MONDAY)
    colleague = hired("jun", "Oh", "Jun", role=Role.FIELD_SELLER, team=cast.field_sales)
    kenji = hired("kenji", "森", "健二", role=Role.FIELD_SELLER, team=desk)
    return Books(
        saori=_row("Saori Securities", owner=cast.saori, team=cast.field_sales),
        ivo=_row("Ivo Exchange", owner=cast.ivo, team=cast.inside_sales),
        desk=_row("Desk Broker", owner=kenji, team=desk),
        colleague=_row("Jun Bank", owner=colleague, team=cast.field_sales),
    )


def _seen(person: User, model: type[Model]) -> set[str]:
    """Whose rows of the noun the person sees, by the company's name."""
    rows = model._default_manager.get_queryset().visible_to(person)  # type: ignore[attr-defined]
    path = {"lead": "account__name", "account": "name", "contact": "account__name", "opportunity": "lead__account__name", "task": "lead__account__name"}
    return {name.split()[0] for name in rows.values_list(path[model.__name__.lower()], flat=True)}


EVERYTHING = {"Saori", "Ivo", "Desk", "Jun"}
FIELD = {"Saori", "Jun"}
# Who sees whose rows. Contacts and accounts are seen, besides, by whoever works one of their leads.
MATRIX = [
    ("ada", Lead, EVERYTHING),
    ("ruth", Lead, EVERYTHING),
    ("mina", Lead, EVERYTHING),
    ("ivo", Lead, {"Ivo"}),
    ("saori", Lead, {"Saori"}),
    ("chika", Lead, set()),
    ("tomas", Lead, set()),
    ("ada", Account, EVERYTHING),
    ("ruth", Account, EVERYTHING),
    ("mina", Account, EVERYTHING),
    ("ivo", Account, {"Ivo"}),
    ("saori", Account, FIELD),
    ("chika", Account, set()),
    ("tomas", Account, set()),
    ("ada", Contact, EVERYTHING),
    ("ruth", Contact, EVERYTHING),
    ("mina", Contact, EVERYTHING),
    ("ivo", Contact, {"Ivo"}),
    ("saori", Contact, FIELD),
    ("chika", Contact, set()),
    ("tomas", Contact, set()),
    ("ada", Opportunity, EVERYTHING),
    ("ruth", Opportunity, EVERYTHING),
    ("mina", Opportunity, EVERYTHING),
    ("ivo", Opportunity, {"Ivo"}),
    ("saori", Opportunity, FIELD),
    ("chika", Opportunity, set()),
    ("tomas", Opportunity, set()),
    ("ada", Task, EVERYTHING),
    ("ruth", Task, EVERYTHING),
    ("mina", Task, set()),
    ("ivo", Task, {"Ivo"}),
    ("saori", Task, {"Saori"}),
    ("chika", Task, set()),
    ("tomas", Task, set()),
]


@pytest.mark.parametrize(("name", "model", "whose"), MATRIX, ids=[f"{name}-{model.__name__}" for name, model, _whose in MATRIX])
def test_each_sees_theirs(cast: Cast, books: Books, *, name: str, model: type[Model], whose: set[str]) -> None:
    assert _seen(getattr(cast, name), model) == whose


@pytest.mark.parametrize("model", [Lead, Account, Contact, Opportunity, Task])
def test_a_manager_sees_the_tree_below_and_nothing_beside_it(cast: Cast, books: Books, model: type[Model]) -> None:
    head = hired("head", "Park", "Head", role=Role.MANAGER, team=cast.field_sales)
    assert _seen(head, model) == {"Saori", "Jun", "Desk"}


def test_working_a_lead_opens_its_account_and_contact_and_giving_it_away_closes_them(cast: Cast, books: Books) -> None:
    assert "Ivo" not in _seen(cast.chika, Account) | _seen(cast.chika, Contact)
    leads.give(books.ivo, to=cast.chika, team=cast.success, by=SET_UP, at=MONDAY)
    assert _seen(cast.chika, Account) == _seen(cast.chika, Contact) == {"Ivo"}
    leads.give(books.ivo, to=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    assert _seen(cast.chika, Account) == _seen(cast.chika, Contact) == set()


def test_a_team_view_without_a_team_is_only_ones_own(cast: Cast, books: Books) -> None:
    loner = hired("loner", "Weiss", "Lone", role=Role.INSIDE_SELLER)
    assert _seen(loner, Lead) == set()


def test_the_timeline_and_files_follow_their_records(cast: Cast, books: Books) -> None:
    note = notes.write("Call back in May.", by=By(cast.saori, Door.WEB), at=MONDAY, lead=books.saori)
    file = _file(books.saori)
    for row in (note, file):
        rows = type(row)._default_manager.get_queryset()
        assert rows.visible_to(cast.saori).filter(pk=row.pk).exists()
        assert rows.visible_to(cast.ruth).filter(pk=row.pk).exists()
        assert not rows.visible_to(cast.ivo).filter(pk=row.pk).exists()
        assert not rows.visible_to(cast.tomas).exists()


def test_tomas_sees_nothing_of_any_noun(cast: Cast, books: Books) -> None:
    _one_of_everything(cast, books)
    for model in _our_models():
        if model._meta.label in REACHED_OTHERWISE:
            continue
        rows = model._default_manager.get_queryset()
        assert hasattr(rows, "visible_to"), f"{model._meta.label}: give its QuerySet a visible_to, or say in REACHED_OTHERWISE how it is reached"
        assert rows.exists(), f"{model._meta.label}: add a row in _one_of_everything, or this proves nothing"
        assert not rows.visible_to(cast.tomas).exists(), model._meta.label
        assert rows.visible_to(cast.ada).exists(), model._meta.label


def test_the_list_of_exceptions_is_not_stale() -> None:
    assert set(REACHED_OTHERWISE) <= {model._meta.label for model in _our_models()}


def test_scopes_and_fields_of_the_cast(cast: Cast) -> None:
    assert abilities.standing_of(cast.mina).hides("opportunity") == {"amount"}
    assert abilities.standing_of(cast.saori).hides("opportunity") == frozenset()
    observer = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    assert abilities.standing_of(observer).hides("contact") == {"emails", "phones"}
    assert abilities.standing_of(observer).scope("task") is Scope.NOTHING
    assert not abilities.can(observer, Ability.WORK_LEADS)


def _our_models() -> list[type[Model]]:
    return [
        model
        for label in ("core", "crm", "engage", "inside_sales", "sales", "relay")
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed
    ]


def _file(lead: Lead) -> File:
    return File.objects.create(name="plan.pdf", stored_as="a1", content_type="application/pdf", n_bytes=1, sha256="0" * 64, lead=lead, added_at=MONDAY)


def _one_of_everything(cast: Cast, books: Books) -> None:
    versions.begin(by=SET_UP, at=MONDAY)
    rules.change(slots_a_day=12, by=SET_UP, at=MONDAY)
    handoff_rules.change(n_grace_days=8, by=SET_UP, at=MONDAY)
    retention.change(24, by=SET_UP, at=MONDAY)
    erasures.ask(records.add_contact(records.Person("Quist"), by=SET_UP, at=MONDAY), ground="asked", words="by telephone", by=SET_UP, at=MONDAY)
    rebooking.change(n_rebook_from_days=20, n_rebook_until_days=60, by=SET_UP, at=MONDAY)
    opportunity_rules.change("beyond_p1", by=SET_UP, at=MONDAY)
    building.build(date(2026, 3, 3), owners=[cast.ivo], by=SET_UP, at=MONDAY)
    _file(books.ivo)
    ReachCell.objects.create(weekday=1, hour=10, n=40, n_reached=9, counted_at=MONDAY)
    absences.mark(cast.ivo, first_on=date(2026, 3, 9), last_on=date(2026, 3, 9), by=SET_UP, at=MONDAY)
    gateway = Product.objects.create(name="Gateway", price=Decimal(1), currency="KRW", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    product_points.keep(gateway, said=product_points.Said("say", "en", "It never sleeps."), by=SET_UP, at=MONDAY)
    ImportRun.objects.create(target="leads", file_name="leads.csv", mapping={}, created_at=MONDAY)
    brought = ImportSet.objects.create(created_at=MONDAY)
    ImportFile.objects.create(of=brought, noun="leads", file_name="leads.csv", stored_as="leads.csv", mapping={})
    SavedMapping.objects.create(name="Our ERP", noun="leads", mapping={}, saved_at=MONDAY)
    BulkRun.objects.create(of="lead", verb="give", started_by=cast.ivo, started_at=MONDAY)
    CustomField.objects.create(noun="lead", kind="text", label="Wing", position=1, created_at=MONDAY)
    SavedView.objects.create(of="lead", name="Fairs", owner=cast.ivo, reach="all", sort="-opened", created_at=MONDAY, updated_at=MONDAY)
    audit.record(books.ivo, action="note", by=SET_UP, at=MONDAY)
    agreed()
    recents.opened(cast.ada, noun="lead", record_id=books.ivo.pk, at=MONDAY)
    Invention.objects.create(state="loaded", n_leads=1, asked_at=MONDAY)
    tours.reach(cast.ada, stop="won", lead_id=books.ivo.pk, at=MONDAY)
    following.follow(books.ivo, by=By(cast.ada, Door.WEB), at=MONDAY)
    notes.write("A word", by=SET_UP, at=MONDAY, lead=books.ivo)
    qualification.learn(books.ivo, fact=Fact.BUDGET, words="enough", by=SET_UP, at=MONDAY)
    notifications.choose(cast.ada, ways={Happening.NOTE: Way.NONE})
    offered(cast, 5)
    _merged_pair(cast)
    recycled = leads.capture(Arrival(team=cast.inside_sales), by=SET_UP, at=MONDAY)
    leads.recycle(recycled, reason="budget", wake_when="spring", by=SET_UP, at=MONDAY)
    mailing.heard(cast, at=mailing.later(5, mailing.written(cast).at))
    blocks.block("gaon.example", by=SET_UP, at=MONDAY)
    consent_texts.write("newsletter", texts=dict.fromkeys(consent_texts.TEXTS, "I agree"), by=SET_UP, at=MONDAY)
    rules_in_force(("", pool_of(cast, cast.ivo)), at=MONDAY)
    leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=MONDAY, stage=stages.READY)
    _called(cast)
    _coached(cast)
    enrolled(cast, person(cast), sequence_of(Wording("task", n_days=0, words="Look at the night session")))
    tick()
    _in_an_own_calendar(cast, meetings.book(books.ivo, plan=Plan(cast.ivo, MONDAY + timedelta(days=1)), by=SET_UP, at=MONDAY))
    booking_links.make(books.ivo, held_by=cast.ivo, by=SET_UP, at=MONDAY)
    meeting_feeds.renew(cast.ada, by=SET_UP, at=MONDAY)


def _in_an_own_calendar(cast: Cast, meeting: Meeting) -> None:
    """Ada's, in which she is busy when the meeting is, that stands there too."""
    said = Said("https://calendar.tasuki.example/ada/", "ada", "a password")
    calendar = connections.connect(cast.ada, said=said, by=By(cast.ada, Door.WEB), at=MONDAY)
    span = {"starts_at": meeting.starts_at, "ends_at": meeting.ends_at}
    event = BusyEvent.objects.create(calendar=calendar, path="/ada/1.ics", expanded_on=MONDAY.date())
    BusySpan.objects.create(calendar=calendar, event=event, **span)
    CalendarEntry.objects.create(calendar=calendar, meeting=meeting, uid=meeting.uid, path="/ada/1.ics", sequence=0, written_at=MONDAY, **span)


def _called(cast: Cast) -> None:
    """Ivo at his desk: a promise after a call, in which he met an objection; a lead that he skipped, and one that he has before him."""
    lead, by = callable_lead(cast), By(cast.ivo, Door.WEB)
    objection = objections.add(Response("too dear", "en", "unfit"), by=by, at=MONDAY)
    call = call_of(cast, lead, minutes=2)
    objections.use(objection, call=call, by=by, at=MONDAY)
    calls.dispose(call, outcome=Outcome(Disposition.CALL_BACK, again_at=MONDAY + timedelta(days=1)), by=by, at=MONDAY)
    scripts.write(type_of(), language="en", opening="Good morning", closing="", by=SET_UP, at=MONDAY)
    call_desk.skip(lead, reason="at a fair", by=by, at=MONDAY)
    leases.take(lead, by=by, at=MONDAY)


def _coached(cast: Cast) -> None:
    """A call of Ivo's that was recorded, drawn, heard, commented on and reviewed; a card that Ruth opened for him, and praise."""
    recording, by = recorded(cast, 7, at=MONDAY + timedelta(hours=4)), By(cast.ruth, Door.WEB)
    lent_calls.lend(recording.call, people=[cast.ada.pk], teams=[], about="handoff:1", by=SET_UP, at=MONDAY)
    samples.draw(date(2026, 3, 2), at=MONDAY + timedelta(days=7))
    reviewed(recording, user=cast.ruth)
    comments.say(recording, second=0, text="here", by=by, at=MONDAY)
    cards.begin(cast.ivo, skill="Opening", next_on=date(2026, 3, 9), by=by, at=MONDAY)
    praises.give(cast.ivo, deed="He asked and listened.", call=recording.call, by=by, at=MONDAY)


def _merged_pair(cast: Cast) -> None:
    pair = [
        records.add_account(Company("Twin"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY, another="a namesake, as long as nobody looks")
        for _nth in range(2)
    ]
    merging.merge(pair[0], others=[pair[1]], by=By(cast.ada, Door.WEB), at=MONDAY)
    DuplicateGroup.objects.get_or_create(of="account", record_ids=sorted(one.pk for one in pair), defaults={"found_at": MONDAY})
