"""Whose rows a person sees: own, the team's, the tree's, all; and Tomas nothing of anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
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
from tasuki.crm import following, leads, merging, notes, notifications, records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.inventions import Invention
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Happening, Way
from tasuki.crm.products import Product
from tasuki.crm.records import Company
from tasuki.crm.tasks import Task
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired

pytestmark = pytest.mark.django_db

# Models without `visible_to`, and why: each is reached through a row that has it, or tells nobody anything.
REACHED_OTHERWISE = {
    "core.BulkRow": "through its bulk run",
    "core.CalendarDay": "through its calendar",
    "core.CalendarShift": "through its calendar",
    "core.CustomChoice": "through its custom field",
    "core.ExchangeRate": "reference data: what one currency is worth in another",
    "core.ImportRow": "through its import run",
    "core.Organisation": "the name of the house, on every page",
    "core.SearchChange": "ids of what the search has yet to read",
    "core.SearchEntry": "search answers with ids, and those through visible_to of their own noun",
    "core.SetUpStep": "which steps of the set-up are done, on pages that ask for manage_settings",
    "crm.Consent": "through its contact",
    "crm.ContactEmail": "through its contact",
    "crm.ContactPhone": "through its contact",
    "crm.DaybookNote": "sums for the relay, whose pages ask for see_relay",
    "crm.DaybookTotal": "sums for the relay, whose pages ask for see_relay",
    "crm.Mention": "through its note",
    "crm.MergeStep": "through its merge",
    "crm.Ownership": "through its lead or account",
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
    return [model for label in ("core", "crm", "sales", "relay") for model in apps.get_app_config(label).get_models() if model._meta.managed]


def _file(lead: Lead) -> File:
    return File.objects.create(name="plan.pdf", stored_as="a1", content_type="application/pdf", n_bytes=1, sha256="0" * 64, lead=lead, added_at=MONDAY)


def _one_of_everything(cast: Cast, books: Books) -> None:
    _file(books.ivo)
    absences.mark(cast.ivo, first_on=date(2026, 3, 9), last_on=date(2026, 3, 9), by=SET_UP, at=MONDAY)
    Product.objects.create(name="Gateway", price=Decimal(1), currency="KRW", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    ImportRun.objects.create(target="leads", file_name="leads.csv", mapping={}, created_at=MONDAY)
    brought = ImportSet.objects.create(created_at=MONDAY)
    ImportFile.objects.create(of=brought, noun="leads", file_name="leads.csv", stored_as="leads.csv", mapping={})
    SavedMapping.objects.create(name="Our ERP", noun="leads", mapping={}, saved_at=MONDAY)
    BulkRun.objects.create(of="lead", verb="give", started_by=cast.ivo, started_at=MONDAY)
    CustomField.objects.create(noun="lead", kind="text", label="Wing", position=1, created_at=MONDAY)
    SavedView.objects.create(of="lead", name="Fairs", owner=cast.ivo, reach="all", sort="-opened", created_at=MONDAY, updated_at=MONDAY)
    audit.record(books.ivo, action="note", by=SET_UP, at=MONDAY)
    recents.opened(cast.ada, noun="lead", record_id=books.ivo.pk, at=MONDAY)
    Invention.objects.create(state="loaded", n_leads=1, asked_at=MONDAY)
    tours.reach(cast.ada, stop="won", lead_id=books.ivo.pk, at=MONDAY)
    following.follow(books.ivo, by=By(cast.ada, Door.WEB), at=MONDAY)
    notes.write("A word", by=SET_UP, at=MONDAY, lead=books.ivo)
    notifications.choose(cast.ada, ways={Happening.NOTE: Way.NONE})
    _merged_pair(cast)


def _merged_pair(cast: Cast) -> None:
    pair = [
        records.add_account(Company("Twin"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY, another="a namesake, as long as nobody looks")
        for _nth in range(2)
    ]
    merging.merge(pair[0], others=[pair[1]], by=By(cast.ada, Door.WEB), at=MONDAY)
    DuplicateGroup.objects.get_or_create(of="account", record_ids=sorted(one.pk for one in pair), defaults={"found_at": MONDAY})
