"""PostgreSQL and plain Python must find the same rows, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasuki.core.absences import Absence
from tasuki.core.custom_fields import defining, filtering, values
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import WITH_CHOICES, CustomField, FieldKind, FieldNoun
from tasuki.core.filter_fields import PERSON
from tasuki.core.filters import binding, compiling, evaluating, sentences
from tasuki.core.filters.fields import Asker, Field, Fields, Kind, Operator, how_many_values
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.core.money import Money
from tasuki.crm import contacts, emails, matching, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail
from tasuki.crm.filter_fields import ACCOUNT, CONTACT, LEAD, PRODUCT, TASK
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.engage.block_fields import BLOCK
from tasuki.engage.blocks import Block
from tasuki.relay.agreements import Agreement, Owed
from tasuki.relay.clock_fields import ANSWER_DUE
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_fields import HANDOFF
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.sales.filter_fields import OPPORTUNITY
from tasuki.sales.opportunities import Opportunity
from tasuki.web.audit_fields import ENTRY
from tests.cast import MONDAY, SET_UP, Cast

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
WORDS = ["가온증권", "Finch", "FINCH Ltd", "finch", "西野", "Ödön", "100%", "a_b", "a\\b", "Ж", "web form", ""]
COUNTRIES = ["KR", "JP", "US", ""]
AMOUNTS = [None, Decimal(0), Decimal("999.99"), Decimal(1000), Decimal(1_400_000), Decimal(5_000_000)]
pytestmark = pytest.mark.django_db


@pytest.fixture
def asker(cast: Cast) -> Asker:
    rates = {"KRW": Decimal(1), "USD": Decimal(1400), "JPY": Decimal("9.3")}
    return Asker(cast.ivo.pk, frozenset({cast.inside_sales.pk}), date(2026, 3, 3), ZoneInfo("Asia/Seoul"), lambda: 4, lambda: rates)


@pytest.fixture
def company(cast: Cast) -> Cast:
    """Rows of every kind of value, missing ones too. Written straight into the tables: what matters is what stands there."""
    chance, people, teams = Random(7), [None, cast.ivo, cast.saori, cast.ruth], [cast.inside_sales, cast.field_sales, cast.revenue]
    pick: Callable[[list[Any]], Any] = chance.choice

    def moment() -> datetime:
        return NOW - timedelta(hours=chance.randrange(-40, 24 * 500))

    accounts = Account.objects.bulk_create(
        Account(
            name=(name := pick(WORDS[:-1])),
            folded_name=matching.fold_company(name),
            country=pick(COUNTRIES),
            industry=pick(WORDS),
            n_employees=pick([None, 0, 1, 50, 1000]),
            domain=pick(["", "finch.example"]),
            owner=pick(people),
            team=pick(teams),
            created_at=moment(),
            updated_at=moment(),
        )
        for _n in range(20)
    )
    contacts = Contact.objects.bulk_create(
        Contact(
            account=pick([None, *accounts]), family_name=pick(WORDS[:-1]), given_name=pick(WORDS), title=pick(WORDS), created_at=moment(), updated_at=moment()
        )
        for _n in range(20)
    )
    ContactEmail.objects.bulk_create(
        ContactEmail(contact=contact, address=(address := f"{n}@{pick(['finch', 'Gaon'])}.example"), key=address.lower(), is_primary=n == 0)
        for contact in contacts
        for n in range(chance.randrange(3))
    )
    leads = Lead.objects.bulk_create(
        _lead(n, pick, contact=contacts[n % 20], accounts=accounts, people=people, teams=teams, opened=moment()) for n in range(40)
    )
    _products(pick)
    _tasks(pick, leads=leads, people=people[1:], teams=teams, moment=moment)
    _handoffs(pick, leads=leads, people=people, teams=teams, moment=moment)
    _blocks(pick, people=people, moment=moment)
    days = [timezone.localdate() + timedelta(days=n) for n in (-30, -1, 0, 1, 30)]
    Absence.objects.bulk_create(
        Absence(user=one, first_on=first, last_on=first + timedelta(days=pick(range(3))), recorded_at=NOW) for one in people[1:] for first in days
    )
    Opportunity.objects.bulk_create(
        Opportunity(
            lead=lead,
            name=pick(WORDS),
            amount=pick(AMOUNTS),
            currency=pick(["KRW", "USD", "JPY", "CHF"]),
            close_on=pick([None, date(2026, 3, 2), date(2026, 3, 3), date(2025, 12, 31), date(2026, 4, 1)]),
            owner=pick(people),
            team=pick(teams),
            opened_at=lead.opened_at,
            updated_at=NOW,
        )
        for lead in leads
    )
    return cast


def _products(pick: Any) -> None:
    Product.objects.bulk_create(
        Product(
            name=f"{pick(WORDS[:-1])} {n}", code=f"{pick(['', 'fin-'])}{n}", is_active=pick([True, False]), line=pick(WORDS), price=pick(AMOUNTS),
            currency=pick(["KRW", "USD", "JPY", "CHF"]), created_at=NOW,
        )
        for n in range(12)
    )  # fmt: skip


def _tasks(pick: Any, *, leads: list[Lead], people: list[Any], teams: list[Any], moment: Any) -> None:
    """To do and done, with a day and without; of some leads several, of some none."""
    Task.objects.bulk_create(
        Task(
            subject=pick(WORDS[:-1]), kind=pick(["call", "mail", "other"]), due_on=pick([None, date(2026, 3, 2), date(2026, 3, 3), date(2025, 12, 31)]),
            owner=(owner := pick(people)), team=pick(teams), lead=(lead := pick([None, *leads[:25]])), account=pick([None, lead and lead.account]),
            contact=lead and lead.contact, created_at=moment(), done_at=(done := pick([None, None, NOW])), done_by=owner if done else None,
        )
        for _n in range(50)
    )  # fmt: skip


def _handoffs(pick: Any, *, leads: list[Lead], people: list[Any], teams: list[Any], moment: Any) -> None:
    """With leads that came into the pipeline and others, and clocks that run, stand still, and have stopped."""
    for lead in leads:
        credited, is_own = pick(people[1:]), pick([True, False, False])
        others = [one for one in people[1:] if one != credited]
        Handoff.objects.bulk_create(
            [
                Handoff(
                    lead=lead, credited_to=credited, from_team=pick(teams), to_owner=credited if is_own else pick([None, *others]), to_team=pick(teams),
                    state=HandoffState.ACCEPTED if is_own else HandoffState.RETURNED, reason="" if is_own else pick(["no_window", "no_budget"]),
                    n_settled=7, summary="s", agenda="a", attendees="b", is_own=is_own, offered_at=moment(), meeting_at=moment(), due_at=moment(),
                    answered_at=NOW, answered_by=credited if is_own else pick(others), disputed_at=None if is_own else pick([None, NOW]),
                )
            ]
        )  # fmt: skip
    Passage.objects.bulk_create(
        Passage(lead=lead, seq=1, stage_id=pick([stages.P1, stages.P2, stages.READY]), entered_at=lead.opened_at, team=lead.team) for lead in leads[:30]
    )
    agreement = Agreement.objects.create(event="ready", position=99, from_department="marketing", to_department="inside_sales", n_due=1, due_unit="hours")
    Clock.objects.bulk_create(
        Clock(
            lead=lead, agreement=agreement, owed=Owed.ANSWER, counts=agreement.counts, n_seconds=60, team=lead.team, since_at=NOW, started_at=NOW,
            due_at=pick([None, moment()]), stopped_at=(stopped := pick([None, NOW])), stopped_because="moved" if stopped else "",
        )
        for lead in leads[:30]
    )  # fmt: skip


def _blocks(pick: Any, *, people: list[Any], moment: Any) -> None:
    """Standing and lifted, of people and of nobody."""
    Block.objects.bulk_create(
        Block(
            kind=pick(["phone", "mail", "domain"]), digest=f"{n}", ends_with=pick(WORDS), reason=pick(WORDS), blocked_by=pick(people), blocked_at=moment(),
            lifted_at=(lifted := pick([None, moment()])), lifted_by=pick(people) if lifted else None, lifted_because=pick(WORDS) if lifted else "",
            is_erasure=pick([True, False]),
        )
        for n in range(30)
    )  # fmt: skip


def _lead(n: int, pick: Any, *, contact: Contact, accounts: list[Account], people: list[Any], teams: list[Any], opened: datetime) -> Lead:
    in_process = n < 20
    return Lead(
        contact=pick([None, contact]) if in_process else None,
        account=pick([None, *accounts]),
        source=pick(WORDS),
        segment=pick(WORDS),
        origin=pick(["inbound", "outbound"]),
        seq_no=pick([1, 2, 9]),
        owner=pick(people),
        team=pick(teams),
        opened_at=opened,
        stage_id=pick([stages.READY, stages.CAPTURED]) if in_process else None,
        stage_since=opened,
        ended_at=None if in_process else NOW,
        ended_as="" if in_process else pick(["recycled", "lost"]),
        updated_at=NOW,
    )


def _values(field: Field, operator: Operator, ids: list[int]) -> st.SearchStrategy[str]:
    by_kind = {
        Kind.WHOLE: st.sampled_from(["0", "1", "2", "9", "50", "-3", "1000"]),
        Kind.MONEY: st.sampled_from(["0", "999.99", "1000", "1400000", "1000 USD", "1 jpy", "150537.634409 JPY"]),
        Kind.PERSON: st.sampled_from(["me", *map(str, ids)]),
        Kind.TEAM: st.sampled_from([str(number) for number in ids]),
        Kind.RECORD: st.sampled_from([str(number) for number in ids]),
        Kind.NUMBER: st.sampled_from(["0", "12.5", "12.50", "-3", "1000", "0.000001"]),
        Kind.CHOICES: st.sampled_from([str(number) for number in ids]),
    }
    if field.computed and field.kind is Kind.CHOICE:
        return st.sampled_from([str(number) for number in ids])
    if operator is Operator.IN_TEAM:
        return st.sampled_from(["mine", *map(str, ids)])
    if field.kind in (Kind.DATE, Kind.MOMENT):
        return _times(operator)
    texts = [word for word in [*WORDS, "fin", "INCH", "1", "%", "_", "\\", "gaon.example", "KR", "ready", "lost", "inbound"] if word]
    return by_kind.get(field.kind, st.sampled_from(texts))


def _times(operator: Operator) -> st.SearchStrategy[str]:
    if operator in (Operator.THIS, Operator.PREVIOUS, Operator.NEXT):
        return st.sampled_from(["day", "week", "month", "quarter", "year"])
    if operator in (Operator.PAST, Operator.COMING, Operator.OLDER_THAN):
        return st.sampled_from(["0 days", "1 day", "2 weeks", "3 months", "1 quarter", "1 year"])
    return st.sampled_from(["today", "yesterday", "tomorrow", "2026-03-02", "2025-12-31", "2026-04-01"])


def _clauses(fields: Fields, ids: list[int]) -> st.SearchStrategy[Clause]:
    def of(field: Field) -> st.SearchStrategy[Clause]:
        def asked(operator: Operator) -> st.SearchStrategy[Clause]:
            least, most = how_many_values(operator)
            return st.builds(
                Clause, st.just(field.key), st.just(operator.value), st.lists(_values(field, operator, ids), min_size=least, max_size=min(most, 3)).map(tuple)
            )

        return st.sampled_from(field.operators).flatmap(asked)

    return st.sampled_from(list(fields)).flatmap(of)


def _filters(fields: Fields, ids: list[int]) -> st.SearchStrategy[Group]:
    clauses = _clauses(fields, ids)
    inner = st.recursive(clauses, lambda parts: st.builds(Group, st.sampled_from(Of), st.lists(parts, max_size=3).map(tuple)), max_leaves=6)
    return st.lists(inner, min_size=1, max_size=3).map(lambda parts: Group(Of.ALL, tuple(parts)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [LEAD.with_more([ANSWER_DUE]), ACCOUNT, CONTACT, OPPORTUNITY, TASK, PRODUCT, HANDOFF, PERSON, BLOCK, ENTRY],
    ids=lambda fields: fields.model.__name__,
)
def test_the_query_and_the_evaluator_agree(fields: Fields, company: Cast, asker: Asker) -> None:
    rows = {row.pk: row for row in fields.model._default_manager.all()}
    ids = [company.ivo.pk, company.saori.pk, company.inside_sales.pk, company.revenue.pk, *list(rows)[:3]]
    first = tuple(Clause(field.key, "older_than", ("1 day",)) for field in fields if field.kind is Kind.MOMENT)[:1]

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_filters(fields, ids))
    @example(Group(Of.ALL, (Group(Of.NONE, first),)))
    def agree(said: Group) -> None:
        meaning = binding.bind(sentences.read(sentences.written(said)), fields, asker=asker)
        found = set(compiling.narrowed(fields.model._default_manager.all(), meaning).values_list("pk", flat=True))
        assert found == {pk for pk, row in rows.items() if evaluating.holds(meaning, row)}

    agree()


@pytest.mark.parametrize("others", [[], ["kim@bücher.example", "LEE@가온.example"]])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("email:contains(KIM)", ["Kim.Min@Finch.example", "kim@bücher.example"]),
        ("email:starts_with(Kim@)", ["kim@bücher.example"]),
        ("email:is(KIM.MIN@finch.EXAMPLE, lee@가온.example)", ["Kim.Min@Finch.example", "LEE@가온.example"]),
        ("email:contains(bücher.ex)", ["kim@bücher.example"]),
        ("email:contains(cher.ex)", ["kim@bücher.example"]),
        ("email:contains(xn--)", []),
        ("email:lacks(kim)", ["LEE@가온.example"]),
        ("email:contains(m_m)", []),
    ],
)
def test_an_address_is_found_in_capitals_or_without_and_as_fast_where_all_are_ascii(asker: Asker, *, others: list[str], asked: str, found: list[str]) -> None:
    for written in ("Kim.Min@Finch.example", *others):
        person = Contact.objects.create(family_name=written, created_at=MONDAY, updated_at=MONDAY)
        address, key = emails.normalise(written)
        ContactEmail.objects.create(contact=person, address=address, key=key, is_primary=True)
    meaning = binding.bind(sentences.read(asked), CONTACT, asker=asker)
    there = {one for one in found if one.isascii() or others}
    assert meaning.parts[0].field.is_folded is (not others)
    assert set(compiling.narrowed(Contact.objects.all(), meaning).values_list("family_name", flat=True)) == there
    assert {row.family_name for row in Contact.objects.all() if evaluating.holds(meaning, row)} == there


def test_that_all_addresses_are_ascii_is_told_by_its_own_index() -> None:
    """A comparison of two values of a row is taken to hold of every third: one of them would be looked for in the table, to its end."""
    person = Contact.objects.create(family_name="Kim", created_at=MONDAY, updated_at=MONDAY)
    ContactEmail.objects.bulk_create(ContactEmail(contact=person, address=f"kim{n}@finch.example", key=f"kim{n}@finch.example") for n in range(2_000))
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contactemail")
        assert contacts.are_all_addresses_ascii()
        cursor.execute("EXPLAIN " + queries[-1]["sql"])
        assert "contact_email_beyond_ascii" in str(cursor.fetchall())


@pytest.mark.slow
def test_they_agree_about_custom_fields_too(company: Cast, asker: Asker) -> None:
    chance = Random(11)
    choices = {kind: ["a", "b", "c"] if kind in WITH_CHOICES else [] for kind in FieldKind}
    made = [defining.define(FieldNoun.ACCOUNT, kind=kind, wording=Wording(kind.value), choices=choices[kind], by=SET_UP, at=MONDAY) for kind in FieldKind]
    rows = list(Account.objects.all())
    for row in rows:
        said = {field.slot: values.encoded(field, _custom(field, chance, people=company, rows=rows)) for field in made}
        Account.objects.filter(pk=row.pk).update(custom={slot: value for slot, value in said.items() if value is not None})
    keys = [choice.key for field in made for choice in field.choices()]
    fields = Fields(Account, map(filtering.asked, made))
    by_pk = {row.pk: row for row in Account.objects.all()}
    ids = [company.ivo.pk, company.saori.pk, *(row.pk for row in rows[:3]), *map(int, keys)]

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_filters(fields, ids))
    def agree(said: Group) -> None:
        meaning = binding.bind(sentences.read(sentences.written(said)), fields, asker=asker)
        found = set(compiling.narrowed(Account.objects.all(), meaning).values_list("pk", flat=True))
        assert found == {pk for pk, row in by_pk.items() if evaluating.holds(meaning, row)}

    agree()


def _custom(field: CustomField, chance: Random, *, people: Cast, rows: list[Account]) -> Any:
    """A value of the kind, or nothing."""
    keys = [choice.key for choice in field.choices()]
    return chance.choice(
        [
            None,
            {
                FieldKind.NUMBER: chance.choice([Decimal(0), Decimal("12.5"), Decimal(-3), Decimal(1000)]),
                FieldKind.MONEY: Money(chance.choice(AMOUNTS[1:]) or Decimal(0), chance.choice(["KRW", "USD", "JPY", "CHF"])),
                FieldKind.DATE: chance.choice([date(2026, 3, 2), date(2026, 3, 3), date(2025, 12, 31), date(2026, 4, 1)]),
                FieldKind.CHOICE: chance.choice(keys or [""]),
                FieldKind.CHOICES: [key for key in keys if chance.random() < 0.5],
                FieldKind.PERSON: chance.choice([people.ivo.pk, people.saori.pk]),
                FieldKind.ACCOUNT: chance.choice(rows[:3]).pk,
                FieldKind.CHECKBOX: chance.choice([True, False]),
                FieldKind.URL: "https://finch.example/100%",
            }.get(FieldKind(field.kind), chance.choice(WORDS)),
        ]
    )
