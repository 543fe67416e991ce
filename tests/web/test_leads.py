"""The page of a lead: who may move it, where to, and what it says when a move is refused."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.timeline import TimelineEntry
from tasuki.sales import opportunities
from tests.cast import Cast, hired
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def test_a_refused_move_stands_beside_its_form_with_the_words_kept(cast: Cast) -> None:
    lead = lead_of(cast)
    said = {"because": "no_budget", "reason": "no budget this term", "wakes": "day"}
    answer = signed_in(cast.ivo).post(reverse("lead_recycling", args=[lead.pk]), said)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="no budget this term"' in text
    assert "This field is required." in text
    assert '<h1 class="record-name">' in text
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.WORKING


@pytest.mark.parametrize(
    ("move", "said", "ended_as"),
    [
        ("lead_recycling", {"because": "no_budget"}, "recycled"),
        ("lead_recycling", {"because": "no_budget", "wakes": "day", "on": "2036-01-04"}, "recycled"),
        ("lead_recycling", {"because": "no_budget", "wakes": "trigger", "trigger": "event", "words": "the new fiscal year"}, "recycled"),
        ("lead_recycling", {"because": "no_response", "wakes": "every", "every": "30", "until": "2036-01-04"}, "recycled"),
        ("lead_loss", {"because": "too_early"}, "lost"),
        ("lead_disqualification", {"because": "student", "reason": "in the second year"}, "disqualified"),
    ],
)
def test_ivo_ends_a_pass_in_each_way(cast: Cast, *, move: str, said: dict[str, str], ended_as: str) -> None:
    lead = lead_of(cast)
    assert signed_in(cast.ivo).post(reverse(move, args=[lead.pk]), said).status_code == 302
    assert Lead.objects.get(pk=lead.pk).ended_as == ended_as
    again = signed_in(cast.ivo).post(reverse(move, args=[lead.pk]), said)
    assert again.status_code == 422
    assert "not in process any more" in again.content.decode()


@pytest.mark.parametrize("move", ["lead_recycling", "lead_loss", "lead_disqualification", "lead_merging"])
def test_a_lead_with_an_open_deal_is_not_ended_behind_its_back(cast: Cast, move: str) -> None:
    deal, other = deal_of(cast, 1), lead_of(cast, 2)
    Lead.objects.filter(pk=other.pk).update(account=deal.lead.account)
    reason = {"lead_recycling": "no_budget", "lead_disqualification": "student"}.get(move, "too_early")
    said = {"because": reason, "into": other.pk}
    answer = signed_in(cast.ruth).post(reverse(move, args=[deal.lead_id]), said)
    assert answer.status_code == 422
    assert "open opportunity" in answer.content.decode()
    deal.refresh_from_db()
    assert (deal.closed_at, deal.lead.stage_id) == (None, stages.P1)


def test_a_lead_does_not_skip_into_sales_by_itself(cast: Cast) -> None:
    lead = lead_of(cast)
    for stage in (stages.P1, stages.ONBOARDING, stages.CAPTURED, "nowhere"):
        assert signed_in(cast.ivo).post(reverse("lead_advance", args=[lead.pk]), {"to": stage}).status_code == 422
    assert signed_in(cast.ivo).post(reverse("lead_advance", args=[lead.pk]), {"to": stages.BOOKED}).status_code == 302
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.BOOKED


def test_a_customer_is_carried_on_through_success(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.win(deal, by=By(cast.saori, Door.WEB), at=MONDAY.replace(day=9))
    client = signed_in(cast.ruth)
    assert client.post(reverse("lead_advance", args=[deal.lead_id]), {"to": stages.ADOPTION}).status_code == 302
    assert Lead.objects.get(pk=deal.lead_id).stage_id == stages.ADOPTION
    assert client.post(reverse("lead_recycling", args=[deal.lead_id]), {"reason": "x"}).status_code == 422


def test_a_lead_is_merged_only_into_one_that_may_be_the_same(cast: Cast) -> None:
    lead, twin, stranger = lead_of(cast, 1), lead_of(cast, 2), lead_of(cast, 3)
    Lead.objects.filter(pk=twin.pk).update(account=lead.account)
    client = signed_in(cast.ruth)
    assert client.post(reverse("lead_merging", args=[lead.pk]), {"into": stranger.pk}).status_code == 422
    assert client.post(reverse("lead_merging", args=[lead.pk]), {"into": twin.pk}).status_code == 302
    assert Lead.objects.get(pk=lead.pk).merged_into_id == twin.pk
    assert signed_in(cast.ivo).post(reverse("lead_merging", args=[twin.pk]), {"into": stranger.pk}).status_code == 403


def test_a_recycled_lead_wakes_once(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.recycle(lead, reason="no budget", wake_when="April", by=By(cast.ivo, Door.WEB), at=MONDAY.replace(day=9))
    client = signed_in(cast.ivo)
    assert "Wake" in client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert client.post(reverse("lead_waking", args=[lead.pk])).status_code == 302
    assert client.post(reverse("lead_waking", args=[lead.pk])).status_code == 422
    assert Lead.objects.filter(previous=lead).count() == 1


def test_an_owner_is_given_by_a_manager_only(cast: Cast) -> None:
    lead = lead_of(cast)
    said = {"owner": cast.saori.pk, "team": cast.field_sales.pk, "reason": "a big one"}
    assert signed_in(cast.ivo).post(reverse("lead_owner", args=[lead.pk]), said).status_code == 403
    assert signed_in(cast.ruth).post(reverse("lead_owner", args=[lead.pk]), {"owner": cast.saori.pk}).status_code == 422
    assert signed_in(cast.ruth).post(reverse("lead_owner", args=[lead.pk]), said).status_code == 302
    assert Lead.objects.get(pk=lead.pk).owner == cast.saori


def test_what_is_wrong_with_a_new_lead_is_said_and_nothing_of_it_stays(cast: Cast) -> None:
    said = {"full_name": "한서윤", "email": "not an address", "account": "㈜가온증권", "origin": "inbound"}
    answer = signed_in(cast.ivo).post(reverse("lead_new"), said)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="㈜가온증권"' in text
    assert not Lead.objects.exists()
    assert not Passage.objects.exists()
    assert signed_in(cast.chika).post(reverse("lead_new"), said).status_code == 403


def test_an_observer_reads_and_writes_nothing(cast: Cast) -> None:
    lead, olga = lead_of(cast), hired("olga", "Orlova", "Olga", role=Role.OBSERVER)
    client = signed_in(olga)
    text = client.get(reverse("lead", args=[lead.pk])).content.decode()
    # Following is the reader's own affair.
    assert re.findall(r'action="([^"]+)" method="post"', text.split("<main")[1].partition("</main>")[0]) == [f"/lead/{lead.pk}/following"]
    for address in (reverse("note_add", args=["lead", lead.pk]), reverse("task_add", args=["lead", lead.pk]), reverse("files", args=["lead", lead.pk])):
        assert client.post(address, {"text": "x", "subject": "x"}).status_code == 403
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_reason_that_is_a_key_is_shown_in_words(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.lose(lead, reason="no_decision", by=By(cast.ivo, Door.WEB), at=MONDAY.replace(day=9))
    text = signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
    assert "no_decision" not in text.split("record-next")[1]
    assert "no decision" in text
