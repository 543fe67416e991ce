"""The page of a deal: its terms, its moves, its owner; each beside its refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast
from tests.web.office import deal_of, signed_in

pytestmark = pytest.mark.django_db


def test_saori_changes_the_terms_of_her_deal(cast: Cast) -> None:
    deal, client = deal_of(cast), signed_in(cast.saori)
    said = {"name": "Night session, two sites", "money_0": "1200000", "money_1": "KRW", "close_on": "2026-06-30"}
    assert client.post(reverse("opportunity_terms", args=[deal.pk]), said).status_code == 302
    deal.refresh_from_db()
    assert (deal.name, deal.amount, str(deal.close_on)) == ("Night session, two sites", Decimal(1_200_000), "2026-06-30")
    wrong = client.post(reverse("opportunity_terms", args=[deal.pk]), said | {"money_0": "a lot", "money_1": "won"})
    assert wrong.status_code == 422
    assert 'value="a lot"' in wrong.content.decode()
    assert signed_in(cast.mina).post(reverse("opportunity_terms", args=[deal.pk]), said).status_code == 403
    assert signed_in(cast.chika).post(reverse("opportunity_terms", args=[deal.pk]), said).status_code == 404


def test_a_deal_goes_forward_to_the_order_and_is_closed_then(cast: Cast) -> None:
    deal, client = deal_of(cast), signed_in(cast.ruth)
    assert client.post(reverse("opportunity_advance", args=[deal.pk]), {"to": stages.P3}).status_code == 302
    assert client.post(reverse("opportunity_advance", args=[deal.pk]), {"to": stages.P2}).status_code == 422
    assert client.post(reverse("opportunity_win", args=[deal.pk])).status_code == 302
    assert Lead.objects.get(pk=deal.lead_id).stage_id == stages.ONBOARDING
    for move, said in (("opportunity_win", {}), ("opportunity_loss", {"because": "too_early"}), ("opportunity_recycling", {"because": "no_budget"})):
        answer = client.post(reverse(move, args=[deal.pk]), said)
        assert answer.status_code == 422
        assert "closed and cannot be moved" in answer.content.decode(), move


def test_losing_to_a_competitor_asks_for_its_name_beside_the_form(cast: Cast) -> None:
    deal, client = deal_of(cast), signed_in(cast.ruth)
    answer = client.post(reverse("opportunity_loss", args=[deal.pk]), {"because": "competitor"})
    assert answer.status_code == 422
    assert "Name the competitor" in answer.content.decode()
    assert client.post(reverse("opportunity_loss", args=[deal.pk]), {"because": "competitor", "lost_to": "Brightwire"}).status_code == 302
    assert Opportunity.objects.get().lost_to == "Brightwire"


def test_a_deal_and_its_lead_change_hands_together(cast: Cast) -> None:
    deal = deal_of(cast)
    said = {"owner": cast.ruth.pk, "team": cast.revenue.pk, "reason": "Saori is away"}
    assert signed_in(cast.saori).post(reverse("opportunity_owner", args=[deal.pk]), said).status_code == 403
    assert signed_in(cast.ruth).post(reverse("opportunity_owner", args=[deal.pk]), said).status_code == 302
    deal = Opportunity.objects.for_page().get()
    assert deal.owner == deal.lead.owner == cast.ruth


def test_what_is_written_on_a_deal_leads_back_to_it(cast: Cast) -> None:
    deal, client = deal_of(cast), signed_in(cast.saori)
    page = reverse("opportunity", args=[deal.pk])
    answer = client.post(reverse("note_add", args=["lead", deal.lead_id]), {"text": "They asked for two sites.", "next": page})
    assert answer["Location"] == page
    assert "two sites" in client.get(page).content.decode()
    elsewhere = client.post(reverse("note_add", args=["lead", deal.lead_id]), {"text": "x", "next": "https://evil.example/"})
    assert elsewhere["Location"] == reverse("lead", args=[deal.lead_id])
