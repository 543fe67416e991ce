"""The pages of hand-offs: offering, answering, talking, the queue, and the rates; and what they hide and refuse."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import abilities, roles
from tasuki.core.abilities import Ability, Role
from tasuki.core.money import Money
from tasuki.crm import opportunity_rules, stages
from tasuki.crm.leads import Lead
from tasuki.crm.opportunity_rules import Counted
from tasuki.engage import rebooking
from tasuki.relay import handoff_rules, handoff_talks, handoffs
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoff_rows import Handoff, HandoffDispute
from tasuki.relay.handoffs import Return
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity, Terms
from tests.cast import Cast, hired
from tests.relay.handing import AFTER, by, offered, qualified
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db

PACKAGE = {"meeting_at": "2026-03-10T15:00", "summary": "Night checks by hand", "agenda": "Limits", "attendees": "Head of risk", "why": "", "recording": ""}
BACK = {"reason": "no_problem", "words": "Nothing hurts them", "would_change": "", "destination": "", "wake_on": "", "wake_when": ""}


def test_the_lead_says_what_is_missing_and_offers_itself(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.CONNECTED)
    page = signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
    assert "Still open: Current situation, Problem" in page
    assert reverse("handoff_new", args=[lead.pk]) in page
    assert reverse("lead_acceptance", args=[lead.pk]) not in page, "nobody accepts what inside sales has not handed off"


def test_a_lead_is_offered_by_a_form_which_keeps_what_was_typed_when_a_fact_is_open(cast: Cast) -> None:
    lead, client = lead_of(cast, stage=stages.CONNECTED), signed_in(cast.ivo)
    address = reverse("handoff_new", args=[lead.pk])
    answer = client.post(address, {**PACKAGE, "to": f"u{cast.saori.pk}"})
    assert answer.status_code == 422
    assert "Missing: Current situation" in answer.content.decode()
    assert "Night checks by hand" in answer.content.decode()
    qualified(lead, user=cast.ivo)
    made = client.post(address, {**PACKAGE, "to": f"u{cast.saori.pk}"})
    handoff = Handoff.objects.get()
    assert made["Location"] == reverse("handoff", args=[handoff.pk])
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.BOOKED
    page = client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert reverse("handoff", args=[handoff.pk]) in page
    assert reverse("handoff_new", args=[lead.pk]) not in page


@pytest.mark.parametrize(
    "said",
    [
        {"to": "u999999"}, {"to": "t0"}, {"to": "x"}, {"to": ""}, {"meeting_at": "tomorrow"}, {"meeting_at": ""}, {"summary": " "},
        {"recording": "javascript:alert(1)"}, {"recording": "ftp://x.example/a"}, {"agenda": "x" * 2001},
    ],
)  # fmt: skip
def test_a_hostile_package_is_told_and_not_kept(cast: Cast, said: dict[str, str]) -> None:
    lead = qualified(lead_of(cast, stage=stages.CONNECTED), user=cast.ivo)
    answer = signed_in(cast.ivo).post(reverse("handoff_new", args=[lead.pk]), {**PACKAGE, "to": f"u{cast.saori.pk}", **said})
    assert answer.status_code == 422
    assert not Handoff.objects.exists()


def test_nobody_is_offered_the_lead_they_are_credited_with(cast: Cast) -> None:
    roles.grant(cast.ivo, role=Role.FIELD_SELLER, by=by(cast.ada), at=AFTER)
    lead = qualified(lead_of(cast, stage=stages.CONNECTED), user=cast.ivo)
    page = signed_in(cast.ivo).get(reverse("handoff_new", args=[lead.pk])).content.decode()
    assert f'value="u{cast.ivo.pk}"' not in page
    assert f'value="u{cast.saori.pk}"' in page


def test_the_receiver_who_does_not_see_the_lead_reads_the_package_and_accepts(cast: Cast) -> None:
    handoff, client = offered(cast), signed_in(cast.saori)
    assert client.get(reverse("lead", args=[handoff.lead_id])).status_code == 404
    bell = client.get(reverse("notifications")).content.decode()
    assert reverse("handoff", args=[handoff.pk]) in bell
    page = client.get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert "words of problem" in page
    assert "聞いたが不明" in page, "Saori reads Japanese"
    assert reverse("handoff_acceptance", args=[handoff.pk]) in page
    answer = client.post(reverse("handoff_acceptance", args=[handoff.pk]), {"name": "Night session", "amount": "5", "currency": "KRW"})
    assert answer["Location"] == reverse("opportunity", args=[Opportunity.objects.get().pk])
    assert Opportunity.objects.get().owner == cast.saori


def test_the_sender_sees_no_button_to_accept_and_is_refused_when_they_press_it_all_the_same(cast: Cast) -> None:
    handoff, client = offered(cast), signed_in(cast.ivo)
    page = client.get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert reverse("handoff_acceptance", args=[handoff.pk]) not in page
    assert reverse("handoff_withdrawal", args=[handoff.pk]) in page
    answer = client.post(reverse("handoff_acceptance", args=[handoff.pk]), {"name": "x"})
    assert answer.status_code == 422
    assert "somebody else answers it" in answer.content.decode()
    assert client.post(reverse("lead_acceptance", args=[handoff.lead_id]), {"name": "x"}).status_code == 422
    assert not Opportunity.objects.exists()


def test_whoever_was_slower_reads_who_was_faster(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.accept(handoff, by=by(cast.ruth), at=AFTER)
    answer = signed_in(cast.saori).post(reverse("handoff_return", args=[handoff.pk]), BACK)
    assert answer.status_code == 422
    assert "Adeyemi Ruth" in answer.content.decode() or "Ruth Adeyemi" in answer.content.decode()


def test_a_return_says_what_it_lacks_then_goes_back_and_is_read(cast: Cast) -> None:
    handoff, saori, ivo = offered(cast), signed_in(cast.saori), signed_in(cast.ivo)
    address = reverse("handoff_return", args=[handoff.pk])
    assert saori.post(address, {**BACK, "words": ""}).status_code == 422
    assert saori.post(address, {**BACK, "reason": "dull"}).status_code == 422
    needs_a_rule = saori.post(address, {**BACK, "reason": "no_budget"})
    assert needs_a_rule.status_code == 422
    assert 'class="form-problems"' in needs_a_rule.content.decode()
    assert saori.post(address, BACK).status_code == 302
    assert handoff.title in ivo.get(f"{reverse('handoffs')}?view=unread").content.decode()
    page = ivo.get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert "Nothing hurts them" in page
    assert ivo.post(reverse("handoff_reading", args=[handoff.pk])).status_code == 302
    assert handoff.title not in ivo.get(f"{reverse('handoffs')}?view=unread").content.decode()


def test_more_is_asked_for_with_a_plan_and_a_missed_meeting_is_marked(cast: Cast) -> None:
    handoff, saori = offered(cast), signed_in(cast.saori)
    address = reverse("handoff_needs", args=[handoff.pk])
    assert saori.post(address, {"plan": "Ask who signs", "plan_on": "2020-01-01"}).status_code == 422
    assert saori.post(address, {"plan": "Ask who signs", "plan_on": (now() + timedelta(days=3)).date().isoformat()}).status_code == 302
    other = offered(cast, 2)
    assert saori.post(reverse("handoff_no_show", args=[other.pk])).status_code == 302
    assert dict(Handoff.objects.values_list("pk", "state")) == {handoff.pk: "needs_more", other.pk: "no_show"}


def test_the_sender_moves_the_meeting_and_withdraws_and_a_stranger_does_not(cast: Cast) -> None:
    handoff = offered(cast)
    assert signed_in(cast.saori).post(reverse("handoff_withdrawal", args=[handoff.pk]), {"words": ""}).status_code == 403
    assert signed_in(cast.saori).post(reverse("handoff_meeting", args=[handoff.pk]), {"meeting_at": "2026-03-11T10:00"}).status_code == 403
    ivo = signed_in(cast.ivo)
    assert ivo.post(reverse("handoff_meeting", args=[handoff.pk]), {"meeting_at": "soon"}).status_code == 422
    assert ivo.post(reverse("handoff_meeting", args=[handoff.pk]), {"meeting_at": "2026-03-11T10:00"}).status_code == 302
    assert ivo.post(reverse("handoff_withdrawal", args=[handoff.pk]), {"words": "They called it off"}).status_code == 302
    handoff.refresh_from_db()
    assert handoff.state == "withdrawn"


def test_a_dispute_goes_through_its_pages(cast: Cast) -> None:
    handoff = offered(cast)
    handoffs.give_back(handoff, said=Return(Reason.NO_PROBLEM, "Nothing hurts."), by=by(cast.saori), at=AFTER)
    page = signed_in(cast.ivo).get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert reverse("handoff_dispute", args=[handoff.pk]) in page
    assert signed_in(cast.ivo).post(reverse("handoff_dispute", args=[handoff.pk]), {"text": "Minute four"}).status_code == 302
    assert signed_in(cast.saori).post(reverse("handoff_verdict", args=[handoff.pk]), {"stands": "yes", "text": ""}).status_code == 422
    assert signed_in(cast.ruth).post(reverse("handoff_verdict", args=[handoff.pk]), {"stands": "no", "text": "They do"}).status_code == 302
    assert HandoffDispute.objects.get().stands is False
    assert "struck" in signed_in(cast.ivo).get(reverse("handoff", args=[handoff.pk])).content.decode()


def test_others_have_no_part_in_it(cast: Cast) -> None:
    handoff = offered(cast)
    stranger = hired("hana", "Ito", "Hana", role=Role.FIELD_SELLER, team=cast.success)
    for name in ("handoff", "handoff_peek"):
        assert signed_in(stranger).get(reverse(name, args=[handoff.pk])).status_code == 404
    for person in (cast.mina, cast.chika, stranger):
        assert signed_in(person).get(reverse("handoff", args=[handoff.pk])).status_code == 404
        assert handoff.title not in signed_in(person).get(f"{reverse('handoffs')}?view=all").content.decode()
        assert cast.ivo.display_name not in signed_in(person).get(f"{reverse('handoff_rates')}?period=all").content.decode()


def test_every_number_of_the_rates_leads_to_as_many_rows(cast: Cast) -> None:
    for nth in range(1, 4):
        handoffs.accept(offered(cast, nth, at=now() - timedelta(days=2), meeting_at=now() - timedelta(days=1)), by=by(cast.saori), at=now())
    handoffs.give_back(offered(cast, 4, at=now() - timedelta(days=2)), said=Return(Reason.DUPLICATE, "Ours"), by=by(cast.saori), at=now())
    offered(cast, 5, at=now())
    client = signed_in(cast.ruth)
    page = client.get(f"{reverse('handoff_rates')}?period=weeks").content.decode()
    links = re.findall(r'<a href="(/handoffs\?[^"]+)">([\d,]+)</a>', page)
    assert len(links) >= 12
    for href, n in links:
        listed = client.get(unescape(href)).content.decode()
        assert f'</h1><span class="quiet">{n}</span>' in listed, href
    assert client.get(f"{reverse('handoff_rates')}?period=never").status_code == 400


def test_pairs_are_drawn_and_told_week_by_week_and_what_a_queue_was_offered_leads_to_its_rows(cast: Cast) -> None:
    handoffs.accept(offered(cast, 1, at=now() - timedelta(days=2), meeting_at=now() - timedelta(days=1)), by=by(cast.saori), at=now())
    offered(cast, 2, to=cast.field_sales, at=now())
    client = signed_in(cast.ruth)
    page = client.get(f"{reverse('handoff_rates')}?period=last_quarter").content.decode()
    assert page.count('class="pair-weeks"') == 2, "whatever the period"
    assert "Each week in figures" in page
    queue = [href for href, _n in re.findall(r'<a href="(/handoffs\?[^"]+)">([\d,]+)</a>', page) if "to%3Aempty" in href]
    assert len(queue) == 2, "of all weeks, and of its own"
    for href in queue:
        assert '</h1><span class="quiet">1</span>' in client.get(unescape(href)).content.decode(), href
    assert "pair-weeks" not in signed_in(cast.mina).get(reverse("handoff_rates")).content.decode()


def test_what_became_of_mine_shows_orders_only_to_whoever_sees_amounts(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = handoffs.accept(offered(cast, at=now() - timedelta(days=2)), terms=Terms(money=Money(Decimal(7_654_321), "KRW")), by=by(cast.saori), at=now())
    opportunities.win(deal, by=by(cast.saori), at=now())
    client, address = signed_in(cast.ivo), reverse("handoff_rates")
    page = client.get(address).content.decode()
    assert "What became of my hand-offs" in page
    assert "7,654,321" in page
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_AMOUNTS, frozenset())
    page = client.get(address).content.decode()
    assert "7,654,321" not in page
    assert "Orders" not in page


def test_words_are_text_whatever_stands_in_them(cast: Cast) -> None:
    handoff = offered(cast)
    handoff_talks.write(handoff, text="<script>alert(1)</script>", by=by(cast.ivo), at=AFTER)
    page = signed_in(cast.saori).get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert "<script>alert(1)" not in page


def test_one_person_who_does_both_accepts_with_one_press(cast: Cast) -> None:
    for role, person in ((Role.FIELD_SELLER, cast.saori), (Role.MANAGER, cast.ruth)):
        roles.revoke(person, role=role, by=by(cast.ada), at=AFTER)
    lead, client = lead_of(cast, stage=stages.CONNECTED), signed_in(cast.ivo)
    assert reverse("lead_acceptance", args=[lead.pk]) in client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert client.post(reverse("lead_acceptance", args=[lead.pk]), {"name": "x"}).status_code == 302
    assert Handoff.objects.get().is_own


def test_the_rules_of_the_house_are_changed_on_their_page_by_whoever_edits_the_process(cast: Cast) -> None:
    address, said = reverse("handoff_rules"), {"n_next_step_days": 45, "n_grace_days": 7, "n_wake_days": 30, "low_percent": 60, "high_percent": 95}
    said |= {"n_rebook_from_days": 14, "n_rebook_until_days": 60, "counted": "beyond_p1"}
    ada = signed_in(cast.ada)
    assert ada.post(address, {**said, "low_percent": 99}).status_code == 422
    assert ada.post(address, {**said, "n_grace_days": "x"}).status_code == 422
    assert ada.post(address, {**said, "n_rebook_until_days": 14}).status_code == 422
    assert ada.post(address, {**said, "counted": "booked"}).status_code == 422, "a meeting that was booked is never enough"
    assert (handoff_rules.in_force().n_next_step_days, opportunity_rules.in_force()) == (60, Counted.ACCEPTED), "all or nothing"
    assert ada.post(address, said).status_code == 302
    assert (handoff_rules.in_force().n_next_step_days, handoff_rules.in_force().band) == (45, (0.6, 0.95))
    page = ada.get(address).content.decode()
    assert 'value="45"' in page
    assert "Days after a no-show until which that leaves no mark: 90 → 60" in page, "who changed what"
    assert rebooking.in_force().begins_after == timedelta(days=14)
    assert opportunity_rules.in_force() == Counted.BEYOND_P1
    assert "A lead counts as an opportunity when: sales took the lead over: it came to P1 → it left P1: it came to P2 or later" in page
    assert address in ada.get(reverse("agreements")).content.decode()
    for person in (cast.ruth, cast.ivo, cast.tomas):
        assert signed_in(person).post(address, said).status_code == 403
