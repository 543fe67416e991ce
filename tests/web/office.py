"""What the tests of the pages set up: somebody signed in, and one piece of business carried as far as a test wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.test import Client

from tasuki.core.audit import By, Door
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import leads, records, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import Cast

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def lead_of(cast: Cast, nth: int = 1, *, name: tuple[str, str] = ("한", "서윤"), stage: str = stages.WORKING, source: str = "webinar") -> Lead:
    """A lead of Ivo's, of a person at a company of their own."""
    by, at = By(cast.ivo, Door.WEB), MONDAY + timedelta(hours=nth)
    account = records.add_account(
        records.Company(f"Firm {nth} Ltd.", industry="exchange"), owner=cast.ivo, team=cast.inside_sales, another="one more", by=by, at=at
    )
    contact = records.add_contact(records.Person(*name, account=account), by=by, at=at)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source=source)
    return leads.capture(arrival, by=by, at=at, stage=stage)


def deal_of(cast: Cast, nth: int = 1) -> Opportunity:
    """A deal of Saori's from a lead of Ivo's, in P1."""
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, name="Night session", money=Money(Decimal(777_000), "KRW"))
    return opportunities.accept(lead_of(cast, nth, stage=stages.BOOKED), terms=terms, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=1))
