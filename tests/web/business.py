"""A little of everything that a list can show, by dice, for the tests of orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tasuki.core.audit import AuditEntry
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Outcome
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage.blocks import Block, BlockKind
from tasuki.relay.agreements import Agreement, Owed
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import LostBecause, Opportunity
from tests.cast import MONDAY, Cast

N_ROWS = 124


@dataclass
class Business:
    """A little of everything, by dice: values that many share, values that are missing, names of three scripts."""

    people: list[Any]
    teams: list[Team]
    products: list[Product] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    dice: Random = field(default_factory=lambda: Random(7))

    def fill(self) -> None:
        many = range(N_ROWS)
        Product.objects.bulk_create(map(self.product, many))
        self.products = list(Product.objects.all()[:5])
        Account.objects.bulk_create(map(self.account, many))
        self.accounts = list(Account.objects.all())
        Contact.objects.bulk_create(map(self.contact, many))
        self.contacts = list(Contact.objects.all())
        self.be_reached()
        Lead.objects.bulk_create(map(self.lead, many))
        self.leads = list(Lead.objects.all())
        Opportunity.objects.bulk_create(self.opportunity(nth, lead) for nth, lead in enumerate(Lead.objects.all()))
        self.promise()
        Task.objects.bulk_create(map(self.task, many))
        Handoff.objects.bulk_create(self.handoff(nth, lead) for nth, lead in enumerate(Lead.objects.all()))
        Block.objects.bulk_create(map(self.block, many))
        AuditEntry.objects.bulk_create(self.entry(nth) for nth in range(AuditEntry.objects.count(), N_ROWS))
        User.objects.bulk_create(self.person(nth) for nth in range(User.objects.count(), N_ROWS))

    def entry(self, nth: int) -> AuditEntry:
        actor, noun = self.dice.choice([None, *self.people]), self.dice.choice(["lead", "user"])
        door, action = self.dice.choice(["web", "web", "job", "import"]), self.dice.choice(["add", "change", "give"])
        return AuditEntry(at=MONDAY + timedelta(hours=nth // 9), actor=actor, door=door, noun=noun, record_id=nth % 70, action=action)

    def person(self, nth: int) -> User:
        pick = self.dice.choice
        return User(
            family_name=pick(["김", "Kim", "山田"]),
            given_name=pick(["", "민수", "Ada"]),
            email=pick([None, f"p{nth}@example.com"]),
            title=pick(["", "부장", "CTO"]),
            language=pick(["en", "ko", "ja"]),
            time_zone=pick(["UTC", "Asia/Seoul"]),
            team=pick([None, *self.teams]),
            reference=pick(["", f"U{nth}"]),
            is_active=False,
            hired_at=MONDAY + timedelta(hours=nth // 9),
        )

    def block(self, nth: int) -> Block:
        pick, lifted_at = self.dice.choice, self.dice.choice([None, MONDAY + timedelta(days=nth % 5)])
        return Block(
            kind=pick(BlockKind.values),
            digest=f"{nth}",
            ends_with=f"{nth:04}",
            reason=pick(["", "asked"]),
            blocked_by=pick([None, *self.people]),
            blocked_at=MONDAY + timedelta(hours=nth // 9),
            lifted_at=lifted_at,
            lifted_by=pick(self.people) if lifted_at else None,
        )

    def handoff(self, nth: int, lead: Lead) -> Handoff:
        pick, answered_at = self.dice.choice, self.dice.choice([None, MONDAY + timedelta(days=nth % 5)])
        credited, *others = self.dice.sample(self.people, len(self.people))
        state = pick(["accepted", "returned", "no_show"]) if answered_at else "offered"
        return Handoff(
            lead=lead,
            credited_to=credited,
            from_team=pick(self.teams),
            to_owner=pick([None, others[0]]),
            to_team=pick(self.teams),
            offered_at=MONDAY + timedelta(minutes=nth // 4),
            meeting_at=MONDAY + timedelta(hours=nth // 9),
            due_at=MONDAY + timedelta(hours=nth // 7),
            summary="x",
            agenda="x",
            attendees="x",
            n_settled=7,
            state=state,
            answered_at=answered_at,
            answered_by=others[0] if answered_at else None,
            reason=pick(["no_problem", "duplicate"]) if state == "returned" else "",
            next_step_due_at=MONDAY + timedelta(days=60) if state == "accepted" else None,
        )

    def product(self, nth: int) -> Product:
        pick = self.dice.choice
        code = f"{nth}" if nth % 2 else ""
        return Product(name=f"Product {nth}", code=code, line=pick(["", "Clearing"]), price=pick([None, nth % 5]), currency="KRW", created_at=MONDAY)

    def account(self, nth: int) -> Account:
        pick = self.dice.choice
        name = pick(["가온", "Lorrimoor", "東方", "same"])
        return Account(
            name=name,
            folded_name=name,
            domain=pick(["", f"firm{nth}.example"]),
            industry=pick(["", "exchange", "bank"]),
            n_employees=pick([None, 5, nth]),
            country=pick(["", "KR", "JP"]),
            corporate_number=pick(["", f"{nth}"]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            reference=pick(["", f"A{nth}"]),
            created_at=MONDAY + timedelta(hours=nth // 9),
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def contact(self, nth: int) -> Contact:
        pick = self.dice.choice
        return Contact(
            account=pick([None, *self.accounts[:30]]),
            family_name=pick(["김", "Kim", "山田"]),
            given_name=pick(["", "민수", "Ada"]),
            title=pick(["", "부장", "CTO"]),
            department=pick(["", "", "IT"]),
            roles=pick(["", "", "", "decision maker"]),
            reference=pick(["", f"C{nth}"]),
            created_at=MONDAY + timedelta(hours=nth // 9),
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def be_reached(self) -> None:
        """No, one, or several addresses and numbers of each, one of them mostly the main one, and the main one not always the first."""
        mails, phones = [], []
        for one in self.contacts:
            main, n_mails = self.dice.choice([None, 0, 1, 1]), self.dice.randrange(4)
            for nth in range(n_mails):
                key = f"{self.dice.choice('kmz')}{nth}.{one.pk}@firm.example"
                mails.append(ContactEmail(contact=one, address=key.title(), key=key, is_primary=nth == main))
            # A switchboard is the number of many.
            for nth, number in enumerate({"+8225550100", f"+8210{self.dice.randrange(10**8):08}"} if n_mails else ()):
                phones.append(ContactPhone(contact=one, e164=number, is_primary=nth == main))
        ContactEmail.objects.bulk_create(mails)
        ContactPhone.objects.bulk_create(phones)

    def promise(self) -> None:
        """Of some leads one promise or two: that run, stand still, are over, or are of no matter to the lead."""
        terms = {"event": "raised", "position": 99, "from_department": "marketing", "to_department": "inside_sales", "n_due": 5, "due_unit": "minutes"}
        agreement, clocks = Agreement.objects.create(**terms), []
        for lead in self.dice.sample(self.leads, N_ROWS // 2):
            for owed in self.dice.sample([Owed.ANSWER, Owed.PLAN, Owed.READING], self.dice.choice([1, 2])):
                stopped_at, due_at = self.dice.choice([None, None, MONDAY]), self.dice.choice([None, MONDAY + timedelta(hours=self.dice.randrange(9))])
                said = {"n_seconds": 300, "since_at": MONDAY, "started_at": MONDAY, "counts": "wall", "stopped_because": "ended" if stopped_at else ""}
                clocks.append(Clock(lead=lead, agreement=agreement, owed=owed, team=lead.team, due_at=due_at, stopped_at=stopped_at, **said))
        Clock.objects.bulk_create(clocks)

    def lead(self, nth: int) -> Lead:
        pick = self.dice.choice
        opened_at, later = MONDAY + timedelta(minutes=nth // 4), timedelta(days=pick(range(3)))
        is_over = pick([True, False, False])
        return Lead(
            contact=pick([None, *self.contacts]),
            account=pick([None, *self.accounts[:20]]),
            product=pick([None, *self.products]),
            product_line=f"{nth}",
            origin=pick(Origin.values[:3]),
            source=pick(["", "fair", "web", "박람회"]),
            segment=pick(["", "large"]),
            reference=pick(["", f"L{nth}"]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            opened_at=opened_at,
            stage_id=None if is_over else pick(stages.ORDER),
            stage_since=opened_at + later,
            won_at=pick([None, None, opened_at + later]),
            ended_at=opened_at + later if is_over else None,
            ended_as=Outcome.LOST if is_over else "",
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def opportunity(self, nth: int, lead: Lead) -> Opportunity:
        pick = self.dice.choice
        closed_at = pick([None, MONDAY + timedelta(days=nth % 5)])
        is_won = closed_at is not None and pick([True, False])
        return Opportunity(
            lead=lead,
            name=pick(["", "Night session", "야간"]),
            product=pick([None, *self.products]),
            amount=pick([None, Decimal(nth % 7) + Decimal("0.25")]),
            currency="KRW",
            close_on=pick([None, date(2026, 4, 1 + nth % 9)]),
            owner=pick([*self.people, None]),
            team=pick(self.teams),
            reference=pick(["", f"O{nth}"]),
            opened_at=MONDAY + timedelta(minutes=nth // 4),
            closed_at=closed_at,
            won_at=closed_at if is_won else None,
            lost_because=pick(LostBecause.values) if closed_at and not is_won else "",
            lost_to=pick(["", "Rival"]) if closed_at else "",
            updated_at=MONDAY + timedelta(days=pick(range(4))),
        )

    def task(self, nth: int) -> Task:
        pick = self.dice.choice
        done_at, owner = pick([None, MONDAY, MONDAY + timedelta(days=1)]), pick(self.people)
        return Task(
            subject=pick(["Call", "전화", "Write"]),
            kind=pick(TaskKind.values),
            due_on=pick([None, date(2026, 3, 1 + nth % 5)]),
            owner=owner,
            team=pick(self.teams),
            lead=pick([None, *self.leads[: N_ROWS // 2]]) if nth % 3 else None,
            contact=pick([None, *self.contacts]) if nth % 2 else None,
            account=pick([None, *self.accounts]),
            created_at=MONDAY + timedelta(hours=pick(range(5))),
            done_at=done_at,
            done_by=owner if done_at else None,
        )


def some_business(cast: Cast) -> None:
    Business([cast.ivo, cast.saori, cast.mina], [cast.inside_sales, cast.field_sales, cast.marketing]).fill()
