"""Every win names its chain and tells everybody in it; and each inside seller sees what became of what they handed off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.money import Money
from tasuki.crm import leads, records, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Notification
from tasuki.crm.timeline import TimelineEntry
from tasuki.relay import chains, handoffs
from tasuki.relay.chains import Became
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoffs import Return
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity, Terms
from tests.cast import MONDAY, Cast
from tests.relay.handing import AFTER, MEETING, OFFERED, by, offered, package, qualified

pytestmark = pytest.mark.django_db

WON = AFTER + timedelta(days=20)


def from_marketing(cast: Cast) -> Lead:
    """Mina won it at a webinar; Ivo works it."""
    contact = records.add_contact(records.Person("한", "서윤"), by=by(cast.mina), at=MONDAY)
    arrival = Arrival(team=cast.marketing, owner=cast.mina, contact=contact, source="webinar")
    lead = leads.capture(arrival, by=by(cast.mina), at=MONDAY - timedelta(days=4), stage=stages.READY)
    leads.advance(lead, to=stages.CONNECTED, by=by(cast.ivo), at=MONDAY, receiver=leads.Receiver(cast.ivo, cast.inside_sales))
    return qualified(lead, user=cast.ivo)


def deal_of(cast: Cast, lead: Lead, *, amount: int | None = 900_000) -> Opportunity:
    handoff = handoffs.offer(lead, package=package(), to=cast.saori, by=by(cast.ivo), at=OFFERED)
    return handoffs.accept(handoff, terms=Terms(name="Night", money=Money(Decimal(amount), "KRW") if amount else None), by=by(cast.saori), at=AFTER)


def told(user: object) -> list[str]:
    return list(Notification.objects.filter(person=user, happening="win").values_list("happening", flat=True))


def test_a_win_names_source_marketing_inside_sales_and_sales_and_tells_each_of_them(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    opportunities.win(deal, by=by(cast.saori), at=WON)
    chain = chains.chains([Lead.objects.get(pk=deal.lead_id)])[deal.lead_id]
    assert [(link.leg, link.person) for link in chain.links] == [
        ("marketing", cast.mina), ("inside_sales", cast.ivo), ("sales", cast.saori), ("success", cast.saori),
    ]  # fmt: skip
    assert [link.at for link in chain.of("inside_sales")] == [MONDAY], "the moment at which he joined"
    entry = TimelineEntry.objects.get(kind="win")
    assert entry.detail["source"] == "webinar"
    assert ["inside_sales", "Ivo Horvat"] in entry.detail["links"]
    assert (told(cast.mina), told(cast.ivo), told(cast.saori)) == (["win"], ["win"], []), "who won it knows"
    assert (told(cast.ruth), told(cast.chika)) == ([], [])


def test_customer_success_joins_the_chain_when_it_is_given_the_customer(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    opportunities.win(deal, by=by(cast.saori), at=WON)
    leads.advance(deal.lead, to=stages.ADOPTION, by=by(cast.saori), at=WON + timedelta(days=1), receiver=leads.Receiver(cast.chika, cast.success))
    chain = chains.chains([deal.lead])[deal.lead_id]
    assert cast.chika in [link.person for link in chain.of("success")]
    assert len(told(cast.mina)) == 1, "a later stage is no second win"


def test_whoever_gets_the_customer_after_the_win_is_told_of_it_once_as_the_others_were(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    opportunities.win(deal, by=by(cast.saori), at=WON)
    lead = Lead.objects.get(pk=deal.lead_id)
    leads.give(lead, to=cast.chika, team=cast.success, by=by(cast.saori), at=WON + timedelta(days=1))
    heard = Notification.objects.get(person=cast.chika, happening="win")
    assert (heard.entry.kind, heard.entry.detail["source"]) == ("win", "webinar")
    assert (heard.cause.noun, heard.cause.record_id, heard.cause.action) == ("lead", lead.pk, "name_chain")
    chain = chains.chains([Lead.objects.get(pk=lead.pk)])[lead.pk]
    assert [(link.person, link.at) for link in chain.of("success")] == [(cast.saori, WON), (cast.chika, WON + timedelta(days=1))]
    leads.give(lead, to=cast.ivo, team=cast.inside_sales, by=by(cast.chika), at=WON + timedelta(days=2))
    leads.give(lead, to=None, team=cast.success, by=by(cast.ruth), at=WON + timedelta(days=3))
    leads.give(lead, to=cast.chika, team=cast.success, by=by(cast.ruth), at=WON + timedelta(days=4))
    assert (len(told(cast.chika)), len(told(cast.mina)), len(told(cast.ivo)), len(told(cast.saori))) == (1, 1, 1, 0), "each once"


def test_a_lead_that_is_given_before_a_win_or_by_oneself_to_oneself_tells_of_none(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    leads.give(deal.lead, to=cast.chika, team=cast.success, by=by(cast.saori), at=AFTER + timedelta(days=1))
    assert told(cast.chika) == []
    opportunities.win(deal, by=by(cast.saori), at=WON)
    lead = Lead.objects.get(pk=deal.lead_id)
    leads.give(lead, to=cast.ruth, team=cast.revenue, by=by(cast.ruth), at=WON + timedelta(days=1))
    assert told(cast.ruth) == [], "who took it knows"


def test_a_pass_that_came_round_again_names_who_carried_the_pass_before(cast: Cast) -> None:
    first = from_marketing(cast)
    leads.recycle(first, reason="budget", wake_when="spring", by=by(cast.ivo), at=MONDAY + timedelta(hours=1))
    again = leads.wake(first, by=by(cast.ruth), at=MONDAY + timedelta(hours=2), stage=stages.CONNECTED, receiver=leads.Receiver(cast.ruth, cast.inside_sales))
    deal = deal_of(cast, qualified(again, user=cast.ruth))
    chain = chains.chains([deal.lead])[deal.lead_id]
    assert [link.person for link in chain.of("inside_sales")] == [cast.ivo, cast.ruth]
    assert chain.of("marketing")[0].person == cast.mina


def test_a_lost_deal_and_a_move_before_sales_name_no_chain(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    opportunities.lose(deal, because=LostBecause.NO_DECISION, by=by(cast.saori), at=WON)
    assert not TimelineEntry.objects.filter(kind="win").exists()
    assert not Notification.objects.filter(happening="win").exists()


def test_who_has_a_part_in_a_win_sees_it_and_whoever_has_none_does_not(cast: Cast) -> None:
    deal = deal_of(cast, from_marketing(cast))
    opportunities.win(deal, by=by(cast.saori), at=WON)
    seeing = {name for name in ("ada", "ruth", "mina", "ivo", "saori", "chika", "tomas") if chains.wins(getattr(cast, name)).exists()}
    assert seeing == {"ada", "ruth", "mina", "ivo", "saori"}
    assert not Lead.objects.visible_to(cast.ivo).filter(pk=deal.lead_id).exists(), "though the lead is not his any more"


def test_each_sees_what_became_of_their_accepted_hand_offs(cast: Cast) -> None:
    won, lost, open_, lapsed = (handoffs.accept(offered(cast, nth), by=by(cast.saori), at=AFTER) for nth in range(1, 5))
    handoffs.give_back(offered(cast, 5), said=Return(Reason.NO_BUDGET, "none", destination=Destination.RECYCLE, wake_when="May"), by=by(cast.saori), at=AFTER)
    opportunities.win(won, by=by(cast.saori), at=WON)
    opportunities.lose(lost, because=LostBecause.COMPETITOR, lost_to="Corvane", by=by(cast.saori), at=WON)
    opportunities.recycle(lapsed, reason="budget", wake_when="May", by=by(cast.saori), at=WON)
    part = chains.followed(cast.ivo, reader=cast.ivo)
    assert {row.handoff.lead_id: row.became for row in part.rows} == {
        won.lead_id: Became.WON, lost.lead_id: Became.LOST, open_.lead_id: Became.OPEN, lapsed.lead_id: Became.BACK,
    }  # fmt: skip
    assert part.n == {"open": 1, "won": 1, "lost": 1, "back": 1}
    assert chains.followed(cast.saori, reader=cast.saori).rows == []
    assert chains.followed(cast.ivo, reader=cast.chika).rows == [], "what others handed off is not hers to see"
    assert not any(row.sees_deal for row in part.rows), "the deals are Saori's, and so are their amounts"
    assert MEETING < AFTER


def test_the_chains_of_twelve_wins_cost_as_much_as_those_of_two(cast: Cast) -> None:
    def cost(n: int) -> int:
        rows = list(Lead.objects.order_by("pk")[:n])
        with CaptureQueriesContext(connection) as queries:
            chains.chains(rows)
        return len(queries)

    for nth in range(1, 7):
        handoffs.accept(offered(cast, nth), by=by(cast.saori), at=AFTER)
    assert cost(2) == cost(6)
