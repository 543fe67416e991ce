"""What tests of plans set up: a house whose leads went all the way often enough to count with, and a plan that counts with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from tasuki.core.audit import By
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.relay import plans
from tasuki.relay.plan_rows import Plan, Step
from tasuki.relay.plans import Assumption, Wanted
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, LostBecause
from tests.cast import SET_UP, Cast
from tests.remembering import written

FIRST = datetime(2025, 9, 1, 3, tzinfo=UTC)
# Noon of 10 April 2026 in Seoul, and the year that began in January.
NOW = datetime(2026, 4, 10, 3, tzinfo=UTC)
JANUARY = date(2026, 1, 1)
# Of forty leads 32 met us, and 16 bought for ten million each.
N_LEADS, N_MET, N_WON = 40, 32, 16
ORDER = Decimal(10_000_000)


def house_today() -> date:
    """The day where the house is, by which its months begin: from the afternoon of Greenwich on it is the next one in Seoul."""
    return timezone.now().astimezone(ZoneInfo(the_organisation().time_zone)).date()


def past(cast: Cast) -> None:
    """Leads of the autumn: booked after ten days, taken over after twenty, in P2 after thirty, won or lost after ninety."""
    written(_past, cast.ivo, cast.saori)


def _past(ivo: User, saori: User) -> None:
    inside, field = ivo.team, saori.team
    assert inside
    assert field
    currency = the_organisation().currency
    for nth in range(N_LEADS):
        at = FIRST + timedelta(days=nth)
        lead = leads.capture(Arrival(team=inside, owner=ivo, source="Fair"), by=SET_UP, at=at, stage=stages.WORKING)
        if nth % 5 == 4:
            leads.disqualify(lead, reason="student", by=SET_UP, at=at + timedelta(days=5))
            continue
        leads.advance(lead, to=stages.BOOKED, by=SET_UP, at=at + timedelta(days=10))
        terms = Acceptance(owner=saori, team=field, money=Money(ORDER, currency))
        deal = opportunities.accept(Lead.objects.get(pk=lead.pk), terms=terms, by=SET_UP, at=at + timedelta(days=20))
        opportunities.advance(deal, to=stages.P2, by=SET_UP, at=at + timedelta(days=30))
        if nth % 5 < 2:
            opportunities.win(deal, by=SET_UP, at=at + timedelta(days=90))
        else:
            opportunities.lose(deal, because=LostBecause.NO_DECISION, by=SET_UP, at=at + timedelta(days=90))


def wanted(**said: Any) -> Wanted:
    """A year from January for 300 million, by what is measured."""
    target = Money(Decimal(said.pop("target", 300_000_000)), the_organisation().currency)
    return Wanted(**{"name": "The year", "first_on": JANUARY, "n_months": 12, "target": target, **said})


def everything_assumed(**said: Any) -> Wanted:
    """The plan of the reference: for a house that has counted nothing yet."""
    currency = the_organisation().currency
    rates = {Step.LEADS: Assumption(0.10, 20), Step.BOOKED: Assumption(0.80, 10), Step.HELD: Assumption(0.70, 10), Step.OPPORTUNITIES: Assumption(0.25, 60)}
    money = {"target": 102_000_000, "expansion": Money(Decimal(12_000_000), currency), "order": Money(Decimal(3_000_000), currency)}
    return wanted(**{**money, "rates": rates, **said})


def agreed(by: By = SET_UP, *, at: datetime = NOW, terms: Wanted | None = None) -> Plan:
    return plans.agree(plans.draft(terms or everything_assumed(), by=by, at=at), by=by, at=at)
