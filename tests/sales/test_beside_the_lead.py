"""What stands on a lead is kept beside its opportunity, for lists: by the database, whoever writes either."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import Cast

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
COPIED = ("contact_id", "account_id", "stage_id", "stage_since", "source", "segment", "owner_id")


def beside(opportunity: Opportunity) -> tuple[object, ...]:
    return Opportunity.objects.values_list(*(f"lead_{name}" for name in COPIED)).get(pk=opportunity.pk)


def on_the_lead(opportunity: Opportunity) -> tuple[object, ...]:
    return Lead.objects.values_list(*COPIED).get(pk=opportunity.lead_id)


@pytest.fixture
def hanbit(cast: Cast) -> Account:
    return Account.objects.create(name="Hanbit", team=cast.field_sales, created_at=MONDAY, updated_at=MONDAY)


@pytest.fixture
def opportunity(cast: Cast, hanbit: Account) -> Opportunity:
    person = Contact.objects.create(family_name="Kim", account=hanbit, created_at=MONDAY, updated_at=MONDAY)
    by = By(cast.saori, Door.WEB)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, account=hanbit, contact=person, source="Webinar", segment="Banks")
    lead = leads.capture(arrival, by=by, at=MONDAY, stage=stages.BOOKED)
    return opportunities.accept(lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales), by=by, at=MONDAY)


def test_a_new_opportunity_has_it_though_nobody_said_it(opportunity: Opportunity, hanbit: Account) -> None:
    assert beside(opportunity) == on_the_lead(opportunity)
    assert beside(opportunity)[1:3] == (hanbit.pk, "p1")
    assert beside(opportunity)[4:6] == ("Webinar", "Banks")


def test_it_follows_when_the_deal_moves_and_when_it_ends(opportunity: Opportunity, cast: Cast) -> None:
    by, at = By(cast.saori, Door.WEB), MONDAY + timedelta(days=1)
    opportunities.advance(opportunity, to=stages.P2, by=by, at=at)
    assert beside(opportunity)[2:4] == ("p2", at)
    opportunities.win(opportunity, by=by, at=at)
    assert beside(opportunity)[2] == "onboarding"


def test_it_follows_when_the_lead_gets_another_company_or_segment(opportunity: Opportunity, cast: Cast) -> None:
    other = Account.objects.create(name="Haneul", team=cast.field_sales, created_at=MONDAY, updated_at=MONDAY)
    Lead.objects.filter(pk=opportunity.lead_id).update(account=other, segment="Insurers")
    assert beside(opportunity) == on_the_lead(opportunity)
    assert beside(opportunity)[1] == other.pk


def test_it_follows_when_the_lead_gets_another_owner_so_that_the_old_one_sees_it_no_more(opportunity: Opportunity, cast: Cast) -> None:
    Lead.objects.filter(pk=opportunity.lead_id).update(owner=cast.ivo)
    assert opportunity in Opportunity.objects.visible_to(cast.ivo)
    Lead.objects.filter(pk=opportunity.lead_id).update(owner=cast.mina)
    assert beside(opportunity) == on_the_lead(opportunity)
    assert opportunity in Opportunity.objects.visible_to(cast.mina)
    assert opportunity not in Opportunity.objects.visible_to(cast.ivo)


def test_a_record_that_was_read_before_does_not_write_back_what_it_had(opportunity: Opportunity) -> None:
    Lead.objects.filter(pk=opportunity.lead_id).update(segment="Insurers")
    opportunity.lead_segment = "what somebody made up"
    opportunity.save()
    assert beside(opportunity)[5] == "Insurers"


def test_a_change_of_the_lead_that_is_not_kept_beside_writes_no_opportunity(opportunity: Opportunity) -> None:
    def version() -> list[object]:
        return list(Opportunity.objects.extra(select={"at": "sales_opportunity.ctid"}).values_list("at", flat=True))

    before = version()
    Lead.objects.filter(pk=opportunity.lead_id).update(reference="L-1")
    assert version() == before
    Lead.objects.filter(pk=opportunity.lead_id).update(segment="Insurers")
    assert version() != before
