"""Loading: the demo organisation goes into an empty database in one transaction, chunk by chunk, through COPY.

Constraints and triggers stay on: whatever the simulator gets wrong, the database refuses. Foreign keys are checked at the
end of each COPY, so that a million leads do not pile up checks in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from random import Random

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, set_up
from tasuki.core.abilities import RoleGrant
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Refused
from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.crm import daybook, inventions
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.inventions import Invention
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.stages import StageDefinition
from tasuki.demo import (
    desk,
    evening,
    handed,
    haneul,
    heard,
    listening,
    mailing,
    met,
    own_calendars,
    planned,
    process,
    product_words,
    promised_words,
    promises,
    protected,
    reached,
)  # fmt: skip
from tasuki.demo.invented import Names, corporate_number
from tasuki.demo.journeys import Journeys, Pass, Person
from tasuki.demo.market import Company as Customer
from tasuki.demo.market import Market
from tasuki.demo.rows import COLUMNS, NUMBERED, Rows, n_rows
from tasuki.demo.working_days import DAY, WorkingDays
from tasuki.engage import reach
from tasuki.inside_sales import waking
from tasuki.relay.agreements import Agreement

N_LEADS = 6_000
SEED = 7
MONTHS = 18
# It traded before it kept these records. What was still open when it began to came along with its past; what had ended did not.
_MONTHS_BEFORE_RECORDS = 12
_CHUNK = 2_500
_LEADS_A_PERSON = 1.3
_PEOPLE_A_COMPANY = 2.6
_KEPT = frozenset({
    "crm_stage", "crm_exitreason", "engage_calltype", "engage_contactrule", "engage_retryrule",
    "inside_sales_scorecard", "inside_sales_criterion",
    "core_organisation", "core_calendar", "core_calendarshift", "core_calendarday", "django_migrations", "django_content_type",
})  # fmt: skip

Progress = Callable[[int], None]


class HoldsRealData(Refused):
    code = "holds_real_data"

    def __init__(self) -> None:
        super().__init__(
            _("This database holds data of its own. The demo company is loaded into an empty database only; set TASUKI_HOME or DATABASE_URL to another one.")
        )


@dataclass(frozen=True)
class Loaded:
    """What was loaded, and how long it took."""

    n_leads: int
    seed: int
    until: datetime
    n_rows: int = 0
    seconds: float = 0.0


def loaded() -> Loaded | None:
    """The demo organisation that this database holds, or None."""
    entry = set_up.invention()
    if entry is None:
        return None
    said = entry.changes
    return Loaded(n_leads=said["leads"][1], seed=said["seed"][1], until=datetime.fromisoformat(said["until"][1]))


def is_empty() -> bool:
    """Whether nobody has begun to use this database."""
    return not any(model._default_manager.exists() for model in (User, Account, Contact, Lead, Product))


@transaction.atomic
def wipe() -> None:
    """Take away everything but the tables themselves, the stages and the rows that migrations wrote. Raises HoldsRealData."""
    if loaded() is None and not is_empty():
        raise HoldsRealData
    # Bytes go when it is sure that their rows are gone.
    stored = list(File.objects.filter(is_apart=True).values_list("stored_as", flat=True))
    transaction.on_commit(lambda: _destroy(stored))
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    tables.add("core_cache")
    names = ", ".join(f'"{table}"' for table in sorted(tables - _KEPT))
    # The definitions as the migration wrote them stay; they hang on people by those that somebody edited, so they go and come back.
    definitions = list(StageDefinition.objects.filter(written_by__isnull=True))
    agreed = list(Agreement.objects.filter(escalate_to__isnull=True, name=""))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY")
        StageDefinition.objects.bulk_create(definitions)
        _count_on_from(cursor, "crm_stagedefinition")
        Agreement.objects.bulk_create(agreed)
        _count_on_from(cursor, "relay_agreement")


def _destroy(stored: Iterable[str]) -> None:
    for one in stored:
        default_storage.delete(one)


@transaction.atomic
def load(
    *, n_leads: int = N_LEADS, seed: int = SEED, until: datetime, fresh: bool = False, beside: bool = False, progress: Progress = lambda _n: None
) -> Loaded:
    """Simulate `MONTHS` months up to `until` and write them. Same arguments, same rows. Raises HoldsRealData.

    `fresh` takes the demo company away first; when the load fails, it is still there. `beside` leaves the people and teams who are here,
    so that strangers may reach this house: then nobody can sign in with the password that everybody knows.
    """
    if not (inventions.is_empty() if beside else fresh or is_empty()):
        raise HoldsRealData
    began = time.monotonic()
    until = until.astimezone(UTC).replace(microsecond=0)
    start, recorded = (_midnight(until, months_ago=months) for months in (MONTHS + _MONTHS_BEFORE_RECORDS, MONTHS))
    random = Random(f"{seed} {until.isoformat()} {n_leads}")
    if not beside:
        # An attempt that was rolled back has moved the counters on.
        wipe()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    company = haneul.found(start=start, until=until, random=random, is_open=not beside)
    days = WorkingDays(int(start.timestamp()), int(until.timestamp()), random=random)
    simulation = _Simulation(company, days=days, random=random, recorded=int(recorded.timestamp()))
    written = n_folded = 0
    while simulation.n_leads < n_leads:
        written += simulation.chunk(up_to=n_leads)
        # Each fold goes through all days: as often as the leads double, it stays a small part of the work.
        if simulation.n_leads >= min(2 * n_folded, n_leads):
            daybook.fold()
            n_folded = simulation.n_leads
        progress(min(simulation.n_leads, n_leads))
    with connection.cursor() as cursor:
        for table in NUMBERED:
            _count_on_from(cursor, table)
        # What follows asks about each lead; of tables of which nothing is known, PostgreSQL would read the whole for each of a million.
        cursor.execute("ANALYZE")
    while waking.hold_what_came(at=until):
        pass
    _work(since=start, until=until, seed=seed, random=random)
    _sign(n_leads=n_leads, seed=seed, until=until)
    return Loaded(n_leads=n_leads, seed=seed, until=until, n_rows=written, seconds=time.monotonic() - began)


def _work(*, since: datetime, until: datetime, seed: int, random: Random) -> None:
    """What the people of the company made of its leads."""
    handed.hand_off(until=until)
    desk.furnish(until=until, random=random)
    product_words.write(at=until)
    met.meet(until=until)
    promises.promised(since=since, until=until, random=random)
    promised_words.owed(until=until)
    protected.write(seed=seed, at=until)
    listening.enrol(until=until)
    reached.enrol(until=until, random=random)
    mailing.furnish(until=until)
    own_calendars.furnish(until=until)
    reach.count(at=until)
    evening.prepare(until=until)
    heard.coached(until=until, random=random)
    planned.plan(until=until)


@transaction.atomic
def leave(*, at: datetime) -> None:
    """Take the demo company away and leave an empty house. Raises HoldsRealData.

    Whoever may sign in and is not of the demo company stays, with their roles and second factors, signed in, in no team.
    """
    asked = Invention.objects.get(pk=1)
    staying = list(User.objects.active().exclude(email__endswith=f"@{haneul.HOST}"))
    ids = {user.pk for user in staying}
    kept: list[Model] = [*staying, *RoleGrant.objects.filter(user__in=ids), *Authenticator.objects.filter(user__in=ids)]
    kept += [one for one in Session.objects.all() if one.get_decoded().get(SESSION_KEY) in {str(pk) for pk in ids}]
    wipe()
    for row in kept:
        if isinstance(row, User):
            row.team = None
        elif isinstance(row, RoleGrant) and row.granted_by_id not in ids:
            row.granted_by = None
        type(row)._default_manager.bulk_create([row])
    with connection.cursor() as cursor:
        for model in (User, RoleGrant, Authenticator):
            _count_on_from(cursor, model._meta.db_table)
    fresh = {field.attname: field.get_default() for field in Organisation._meta.fields if not field.primary_key and field.name != "name"}
    Organisation.objects.filter(pk=1).update(name="Tasuki", **fresh)
    asked_by = next((user for user in staying if user.pk == asked.asked_by_id), None)
    audit.record(asked, action="remove", by=By(asked_by, Door.JOB), at=at, changes={"n_leads": (asked.n_leads, 0)})


def known_passes(passes: Iterable[Pass], *, recorded: int) -> Iterator[Pass]:
    """Of a person's passes those that records know, each after the very one before it. What follows one that ended before there were records, follows none."""
    last = None
    for lead in passes:
        if lead.seq_no == 1:
            lead.person.company.passes.append(lead)
        if lead.ended is not None and lead.ended < recorded:
            last = None
            continue
        lead.previous, last = last, lead
        yield lead


class _Simulation:
    """Lives the company's market chunk by chunk: a few thousand people at a time, so memory does not grow with the leads."""

    def __init__(self, company: haneul.Company, *, days: WorkingDays, random: Random, recorded: int) -> None:
        self._days, self._random, self._recorded = days, random, recorded
        self._names = Names(random)
        self._market = Market(random=random, names=self._names)
        self._journeys = Journeys(company, days=days, random=random)
        self._rows = Rows(company, days=days, random=random)
        self._customer_ids, self._person_ids = count(1), count(1)
        self.n_leads = 0

    def chunk(self, *, up_to: int) -> int:
        """Simulate and write the next chunk; returns the number of rows written."""
        n_people = max(1, int(min(_CHUNK, up_to - self.n_leads) / _LEADS_A_PERSON))
        people = self._people(n_people)
        self._number(people)
        known: dict[int, Customer] = {}
        for person in people:
            if self.n_leads < up_to and self._live(person, up_to=up_to):
                known[person.company.id] = person.company
        for customer in [*known.values()]:
            if customer.parent:
                known.setdefault(customer.parent.id, customer.parent)
        for customer in sorted(known.values(), key=lambda one: one.id):
            self._rows.account(customer)
        tables = self._rows.take()
        with connection.cursor() as cursor:
            for table, columns in COLUMNS.items():
                if tables[table]:
                    with cursor.copy(f"COPY {table} ({', '.join(columns.split())}) FROM STDIN") as copy:
                        for row in tables[table]:
                            copy.write_row(row)
        return n_rows(tables)

    def _live(self, person: Person, *, up_to: int) -> bool:
        """Write the person's passes, if there is any that records know."""
        is_known = False
        for lead in known_passes(self._journeys.of(person, at=person.known_since), recorded=self._recorded):
            if not is_known:
                self._rows.person(person)
            is_known = True
            self._rows.lead(lead)
            self.n_leads += 1
            if self.n_leads >= up_to:
                break
        return is_known

    def _people(self, n: int) -> list[Person]:
        """People with the moment at which we first hear of them, oldest first."""
        random, days = self._random, self._days
        n_small = sum(random.random() < process.SMALL_FIRM_LIST.share for _ in range(n))
        opened = days.until - process.SMALL_FIRMS_OPENED_DAYS_AGO * DAY
        met: list[tuple[int, Customer, process.Source]] = []
        small = [self._market.company(segment=process.SMALL_FIRMS) for _ in range(int(n_small / 1.4) + 1)]
        met += [(days.working_moment(customer.region, since=opened), customer, process.SMALL_FIRM_LIST) for customer in random.choices(small, k=n_small)]
        usual = [self._market.company() for _ in range(int(n / _PEOPLE_A_COMPANY) + 1)]
        sources, shares = process.SOURCES, [source.share for source in process.SOURCES]
        for customer in random.choices(usual, k=n - n_small):
            source = random.choices(sources, weights=shares)[0]
            at = days.arrival(customer.region, office_hours=source.outbound)
            if at < opened or random.random() < source.stays:
                met.append((at, customer, source))
        met = sorted(((at, customer, source) for at, customer, source in met if at < days.until), key=lambda one: one[0])
        return [Person(next(self._person_ids), self._names.person(customer.country), customer, source, at) for at, customer, source in met]

    def _number(self, people: list[Person]) -> None:
        """The companies of these people get their numbers by when we first heard of them; one in twelve belongs to an older one of its country."""
        known: dict[int, Customer] = {}
        for person in people:
            customer = person.company
            if id(customer) in known:
                continue
            customer.id, customer.known_since = next(self._customer_ids), person.known_since
            if self._random.random() < 0.7:
                customer.corporate_number = corporate_number(customer.country, customer.id)
            if self._random.random() < 0.08:
                customer.parent = self._parent(customer, among=list(known.values())[-60:])
            known[id(customer)] = customer

    def _parent(self, customer: Customer, *, among: list[Customer]) -> Customer | None:
        parents = [other for other in among if other.country == customer.country and other.parent is None and other.n_employees > customer.n_employees]
        return self._random.choice(parents) if parents else None


def _midnight(until: datetime, *, months_ago: int) -> datetime:
    months = until.year * 12 + until.month - 1 - months_ago
    return until.replace(year=months // 12, month=months % 12 + 1, day=min(until.day, 28), hour=0, minute=0, second=0)


def _count_on_from(cursor: CursorWrapper, table: str) -> None:
    """Let the database number the table's next row after the highest that is there."""
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)")


def _sign(*, n_leads: int, seed: int, until: datetime) -> None:
    """The mark by which the demo organisation is known again."""
    organisation = Organisation.objects.get(pk=1)
    changes = {"leads": [None, n_leads], "seed": [None, seed], "until": [None, until.isoformat()]}
    AuditEntry.objects.create(at=until, actor=None, door=Door.COMMAND, noun="organisation", record_id=organisation.pk, action="simulate", changes=changes)
