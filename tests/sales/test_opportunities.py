"""An opportunity is the sales face of a lead: it opens when a meeting is accepted and closes once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tasuki.core.audit import By, Door
from tasuki.core.money import ExchangeRate, Money, NoExchangeRate
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead, NotForward
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, AlreadyOpen, Closed, CompetitorMissing, LostBecause, Opportunity
from tests.cast import Cast

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def later(days: int) -> datetime:
    return MONDAY + timedelta(days=days)


def accepted(cast: Cast, money: Money | None = None) -> Opportunity:
    by = By(cast.saori, Door.WEB)
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=by, at=MONDAY, stage=stages.BOOKED)
    return opportunities.accept(lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales, money=money), by=by, at=later(1))


def test_accepting_carries_the_lead_into_p1_and_to_the_field_seller(cast: Cast) -> None:
    opportunity = accepted(cast)
    lead = Lead.objects.get(pk=opportunity.lead_id)
    assert (lead.stage_id, lead.owner, opportunity.owner) == ("p1", cast.saori, cast.saori)
    with pytest.raises(AlreadyOpen):
        opportunities.accept(lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales), by=By(cast.saori, Door.WEB), at=later(2))


def test_the_meeting_that_ivo_booked_stays_his_when_saori_accepts_it(cast: Cast) -> None:
    lead = Lead.objects.get(pk=accepted(cast).lead_id)
    carried = {passage.stage_id: (passage.owner, passage.team) for passage in Passage.objects.filter(lead=lead)}
    assert carried == {"booked": (cast.ivo, cast.inside_sales), "p1": (cast.saori, cast.field_sales)}


def test_a_win_is_in_the_ledger_with_its_amount_in_the_organisations_currency(cast: Cast) -> None:
    ExchangeRate.objects.create(currency="JPY", from_on=date(2026, 1, 1), rate=Decimal("9.5"))
    opportunity, by = accepted(cast, Money(Decimal(1_000_000), "JPY")), By(cast.saori, Door.WEB)
    for stage in (stages.P2, stages.P3, stages.P4):
        opportunities.advance(opportunity, to=stage, by=by, at=later(5))
    opportunities.win(opportunity, by=by, at=later(30))
    won = Passage.objects.get(lead=opportunity.lead_id, outcome="won")
    assert (won.stage_id, won.amount, won.owner) == ("p4", Decimal(9_500_000), cast.saori)
    opportunity.refresh_from_db()
    assert opportunity.won_at == opportunity.closed_at == later(30)
    assert Lead.objects.get(pk=opportunity.lead_id).stage_id == "onboarding"
    with pytest.raises(Closed):
        opportunities.win(opportunity, by=by, at=later(31))


def test_money_without_a_rate_is_refused_and_nothing_moves(cast: Cast) -> None:
    opportunity = accepted(cast, Money(Decimal(10), "USD"))
    with pytest.raises(NoExchangeRate, match="USD"):
        opportunities.advance(opportunity, to=stages.P2, by=By(cast.saori, Door.WEB), at=later(5))
    assert Lead.objects.get(pk=opportunity.lead_id).stage_id == "p1"


def test_losing_to_a_competitor_needs_its_name(cast: Cast) -> None:
    opportunity, by = accepted(cast), By(cast.saori, Door.WEB)
    with pytest.raises(CompetitorMissing):
        opportunities.lose(opportunity, because=LostBecause.COMPETITOR, by=by, at=later(9))
    opportunities.lose(opportunity, because=LostBecause.COMPETITOR, lost_to="Brightwire", by=by, at=later(9))
    opportunity.refresh_from_db()
    assert (opportunity.lost_because, opportunity.lost_to, opportunity.won_at) == ("competitor", "Brightwire", None)
    assert Passage.objects.get(lead=opportunity.lead_id, outcome="lost").left_at == later(9)


def test_an_opportunity_can_be_recycled_from_every_phase(cast: Cast) -> None:
    for stage in (None, stages.P2, stages.P4):
        opportunity, by = accepted(cast), By(cast.saori, Door.WEB)
        if stage:
            opportunities.advance(opportunity, to=stage, by=by, at=later(2))
        opportunities.recycle(opportunity, reason="no progress", wake_on=date(2026, 9, 1), by=by, at=later(9))
        opportunity.refresh_from_db()
        assert opportunity.closed_at == later(9)
        assert leads.wake(Lead.objects.get(pk=opportunity.lead_id), by=by, at=later(99)).seq_no == 2


def test_a_phase_is_not_gone_back(cast: Cast) -> None:
    opportunity, by = accepted(cast), By(cast.saori, Door.WEB)
    opportunities.advance(opportunity, to=stages.P3, by=by, at=later(2))
    with pytest.raises(NotForward):
        opportunities.advance(opportunity, to=stages.P2, by=by, at=later(3))
