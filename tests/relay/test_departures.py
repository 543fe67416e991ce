"""When a person leaves, what they carried goes to their team's queue, and nothing is lost."""

from __future__ import annotations

import pytest

from tasuki.core import roles
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ownership import Ownership
from tasuki.relay import departures
from tasuki.relay.departures import Carried
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


def _deal_of(user: User) -> Lead:
    assert user.team is not None
    account = Account.objects.create(name="Han River Securities", folded_name="han river", team=user.team, owner=user, created_at=MONDAY, updated_at=MONDAY)
    lead = leads.capture(Arrival(team=user.team, account=account, owner=user), by=SET_UP, at=MONDAY)
    opportunities.accept(lead, terms=Acceptance(owner=user, team=user.team), by=SET_UP, at=MONDAY)
    return lead


def test_what_saori_carried_stays_with_her_team(cast: Cast) -> None:
    lead = _deal_of(cast.saori)
    assert departures.carried_by(cast.saori) == Carried(n_leads=1, n_accounts=1, n_opportunities=1, n_tasks=0)
    departures.depart(cast.saori, by=By(cast.ada, Door.WEB), at=MONDAY)
    for row in (Lead.objects.get(), Account.objects.get(), Opportunity.objects.get()):
        assert (row.owner, row.team) == (None, cast.field_sales)
    assert departures.carried_by(cast.saori) == Carried(0, 0, 0, 0)
    now, before = Ownership.objects.filter(lead=lead).order_by("-id")[:2]
    assert (before.owner, before.until_at, now.owner, now.team, now.given_by) == (cast.saori, MONDAY, None, cast.field_sales, cast.ada)


def test_others_keep_what_they_carry(cast: Cast) -> None:
    _deal_of(cast.ivo)
    departures.depart(cast.saori, by=SET_UP, at=MONDAY)
    assert Lead.objects.get().owner == cast.ivo


def test_who_may_not_leave_hands_nothing_over(cast: Cast) -> None:
    cast.ada.team = cast.revenue
    _deal_of(cast.ada)
    with pytest.raises(roles.LastAdministrator):
        departures.depart(cast.ada, by=SET_UP, at=MONDAY)
    assert Lead.objects.get().owner == cast.ada
