"""The page on which somebody types what a lead costs, and the budget on the plan: for those who may see amounts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tasuki.relay import plans
from tasuki.relay.plan_rows import Plan
from tests.cast import SET_UP, Cast
from tests.relay.planning import everything_assumed, house_today
from tests.relay.test_plan_sources import arrive
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> Plan:
    arrive(cast, "Fair & Co", 3, became=1, at=timezone.now() - timedelta(days=60))
    arrive(cast, "", 1, became=0, at=timezone.now() - timedelta(days=50))
    return plans.draft(everything_assumed(first_on=house_today().replace(day=1)), by=SET_UP, at=timezone.now())


def told(cast: Cast, plan: Plan) -> str:
    return " ".join(read(signed_in(cast.ruth).get(reverse("plan_version", args=[plan.pk])).content.decode()).texts)


def test_ruth_types_what_a_lead_costs_and_sees_the_budget(cast: Cast, draft: Plan) -> None:
    ruth, address = signed_in(cast.ruth), reverse("plan_costs", args=[draft.pk])
    assert "Nothing was typed yet" in told(cast, draft)
    page = ruth.get(address).content.decode()
    assert "Fair &amp; Co" in page
    assert "(blank)" in page
    assert ruth.post(address, {"cost_0": "10,000", "cost_1": ""}).status_code == 302
    draft.refresh_from_db()
    assert draft.lead_costs == {"Fair & Co": "10000"}
    said = told(cast, draft)
    # Of 2,150 leads 1,535 are to come, and three quarters of them of the fair: 1,151 for ten thousand each.
    assert "1,151" in said
    assert "For 384 new leads no cost was typed: they have no budget." in said
    assert 'value="10000"' in ruth.get(address).content.decode()


@pytest.mark.parametrize("typed", ["much", "-5", "1e99", "0.001", "NaN", "<b>7</b>"])
def test_what_is_no_amount_is_said_and_not_lost(cast: Cast, draft: Plan, typed: str) -> None:
    answer = signed_in(cast.ruth).post(reverse("plan_costs", args=[draft.pk]), {"cost_0": typed, "cost_1": "12"})
    assert answer.status_code == 422
    assert 'value="12"' in answer.content.decode()
    draft.refresh_from_db()
    assert draft.lead_costs == {}


def test_who_may_write_no_plan_or_sees_no_amounts_types_no_cost(cast: Cast, draft: Plan) -> None:
    address = reverse("plan_costs", args=[draft.pk])
    for user in (cast.mina, cast.ivo, cast.tomas):
        assert signed_in(user).get(address).status_code in (403, 404)
        assert signed_in(user).post(address, {"cost_0": "1"}).status_code in (403, 404)
    plans.cost_leads(draft, costs={}, by=SET_UP, at=timezone.now())
    page = signed_in(cast.mina).get(reverse("plan_version", args=[draft.pk])).content.decode()
    assert 'id="budget"' not in page


def test_of_an_agreed_plan_no_cost_is_typed_any_more(cast: Cast, draft: Plan) -> None:
    plans.agree(draft, by=SET_UP, at=timezone.now())
    assert signed_in(cast.ruth).post(reverse("plan_costs", args=[draft.pk]), {"cost_0": "1"}).status_code == 409


def test_without_sources_the_page_says_so(cast: Cast) -> None:
    plan = plans.draft(everything_assumed(first_on=house_today().replace(day=1)), by=SET_UP, at=timezone.now())
    answer = signed_in(cast.ruth).get(reverse("plan_costs", args=[plan.pk]))
    assert "No sources" in answer.content.decode()
    assert signed_in(cast.ruth).post(reverse("plan_costs", args=[plan.pk]), {"cost_0": "7"}).status_code == 302
