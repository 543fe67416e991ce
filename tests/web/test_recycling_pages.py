"""The recycle board and its numbers, the settings of reasons, and the ways back of a pass that is over."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_day
from tasuki.crm import leads, stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.opportunity_rules import Counted
from tasuki.crm.wake_rules import LATEST, Trigger, WakeRule, when
from tasuki.inside_sales import holding_queue, recycle_board, recycling
from tasuki.inside_sales.holdings import Holding
from tasuki.inside_sales.recycle_board import Question, Yielding
from tasuki.sales import opportunities
from tests.cast import Cast, hired
from tests.remembering import written
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

BOARD = "/inside-sales/recycling"
YIELDING = Yielding(Counted.ACCEPTED, 90)


def reason(key: str = "no_budget") -> ExitReason:
    return ExitReason.objects.get(key=key)


def recycled(cast: Cast, nth: int, *, rule: WakeRule | None = None, key: str = "no_budget") -> Lead:
    lead = lead_of(cast, nth)
    recycling.recycle(lead, reason=reason(key), rule=rule, by=By(cast.ivo, Door.WEB), at=now())
    return Lead.objects.get(pk=lead.pk)


def some_waiting(cast: Cast) -> None:
    written(_some_waiting, cast, the_day(now()))


def _some_waiting(cast: Cast, today: date) -> None:
    rules = [WakeRule(on=today), WakeRule(on=today + timedelta(days=9)), WakeRule(on=today + timedelta(days=400)), when(Trigger.REPLY), None]
    for nth, rule in enumerate(rules, start=1):
        recycled(cast, nth, rule=rule, key=("no_budget", "no_interest")[nth % 2])
    late = recycled(cast, 8)
    Holding.objects.filter(lead=late).update(wake_on=today - timedelta(days=3))
    woken = recycled(cast, 9)
    following = recycling.wake(woken, by=By(cast.ivo, Door.WEB), at=now())
    leads.advance(following, to=stages.P1, by=By(cast.ivo, Door.WEB), at=now())
    opportunities.recycle(deal_of(cast, 10), because=reason("no_progress"), rule=WakeRule(on=today), by=By(cast.saori, Door.WEB), at=now())


def numbers(client: Client, address: str = BOARD) -> dict[str, int]:
    """Each number of the page that is a link, by where it leads."""
    text = client.get(address).content.decode()
    found = re.findall(r'<a(?: class="[^"]*")? href="([^"]*rows[^"]*)"(?: class="[^"]*")?(?: title="[^"]*")?>(?:<svg.*?</svg>)?([\d,]+)</a>', text)
    return {html.unescape(href): int(n.replace(",", "")) for href, n in found}


@pytest.mark.parametrize("person", ["ada", "ruth", "ivo", "mina", "saori"])
def test_every_number_of_the_board_is_as_many_rows_as_it_leads_to(cast: Cast, person: str) -> None:
    some_waiting(cast)
    client = signed_in(getattr(cast, person))
    found = numbers(client)
    assert len(found) > 10 or person == "saori"
    for href, n in found.items():
        text = client.get(href).content.decode()
        assert text.count('class="sheet-name" href="/leads/') == n, href


def test_the_columns_part_what_waits(cast: Cast) -> None:
    some_waiting(cast)
    today = the_day(now())
    shown = recycle_board.board(cast.ada, today=today, at=now(), yielding=YIELDING)
    by_column = {column.key: recycle_board.rows(Question(column.key), cast.ada, today=today, at=now(), yielding=YIELDING) for column in shown.columns}
    assert sum(rows.count() for rows in by_column.values()) == Holding.objects.waiting().count() == shown.total.total.n
    assert {key: rows.count() for key, rows in by_column.items() if rows} == {key: cell.n for key, cell in shown.total.cells.items()}


def test_the_yield_says_how_many_came_back_and_became_opportunities_and_how_sure_that_is(cast: Cast) -> None:
    some_waiting(cast)
    shown = recycle_board.board(cast.ada, today=the_day(now()), at=now(), yielding=YIELDING)
    budget = next(one for one in shown.yields if one.key == "no_budget")
    assert (budget.n, budget.n_back, budget.n_opportunities, budget.n_known) == (4, 1, 1, 1)
    assert budget.rate is None, "of fewer than five there is no rate"
    of_all = shown.yield_of_all
    assert (of_all.n, of_all.n_opportunities, of_all.rate, of_all.maturity) == (8, 1, 1 / 8, 1 / 8)


def test_amounts_are_nowhere_for_who_must_not_see_them(cast: Cast) -> None:
    some_waiting(cast)
    for address in (BOARD, f"{BOARD}/rows?what=waiting"):
        assert "777,000" in signed_in(cast.ada).get(address).content.decode(), address
        assert "777,000" not in signed_in(cast.mina).get(address).content.decode(), address


def test_each_sees_only_what_is_held_of_leads_they_see(cast: Cast) -> None:
    some_waiting(cast)
    assert Holding.objects.visible_to(cast.ivo).count() == Holding.objects.count()
    assert not Holding.objects.visible_to(hired("kenji", "森", "健二", role=Role.FIELD_SELLER, team=cast.field_sales)).exists()
    assert not Holding.objects.visible_to(cast.tomas).exists()


def test_the_board_costs_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    client = signed_in(cast.ada)
    costs = []
    for first, n in ((1, 2), (20, 10)):
        for nth in range(first, first + n):
            recycled(cast, nth)
        for address in (BOARD, f"{BOARD}/rows"):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            costs.append(len(queries))
    assert costs[:2] == costs[2:]


@pytest.mark.parametrize("asked", ["what=nothing", "what=", "why=%00", "what=overdue&why=" + "x" * 5000, "after=x", "after=-1", "why=no_budget'--"])
def test_what_the_board_does_not_know_is_refused_or_empty(cast: Cast, asked: str) -> None:
    assert signed_in(cast.ada).get(f"{BOARD}/rows?{asked}").status_code in (200, 400)


def test_the_form_offers_the_reasons_of_the_stage_with_their_rules(cast: Cast) -> None:
    text = signed_in(cast.ivo).get(reverse("lead", args=[lead_of(cast).pk])).content.decode()
    assert "No budget · after 90 days" in text
    assert "No response · every 60 days for 360 days" in text
    assert "Did not come to the meeting" not in text, "nobody misses a meeting before one is booked"
    assert 'value="consultant"' in text


def test_a_lead_that_is_held_says_so_and_takes_another_rule(cast: Cast) -> None:
    lead, ivo = recycled(cast, 1), signed_in(cast.ivo)
    text = ivo.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "is offered it first" in text
    assert "No budget" in text
    address = reverse("lead_wake_rule", args=[lead.pk])
    assert ivo.post(address, {"wakes": "day"}).status_code == 422
    assert ivo.post(address, {"wakes": "day", "on": "2001-01-01"}).status_code == 422
    assert ivo.post(address, {}).status_code == 422
    assert ivo.post(address, {"wakes": "trigger", "trigger": "consent", "channel": "mail", "note": "asked for it"}).status_code == 302
    assert Holding.objects.get(lead=lead).wake_rule == WakeRule(on=the_day(now()) + LATEST, trigger="consent", channel="mail")
    assert ivo.post(address, {"wakes": "every", "every": "30", "until": "2039-01-01"}).status_code == 302
    assert Holding.objects.get(lead=lead).wake_every == 30
    assert ivo.post(reverse("lead_waking", args=[lead.pk])).status_code == 302
    assert Lead.objects.get(previous=lead).owner == cast.ivo
    assert ivo.post(address, {"wakes": "day", "on": "2039-01-01"}).status_code == 422


def test_a_field_seller_whose_lead_goes_to_the_queue_goes_on_with_the_list(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=By(cast.ruth, Door.WEB), at=now())
    answer = signed_in(cast.saori).post(reverse("lead_recycling", args=[lead.pk]), {"because": "no_budget"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("leads"))


def test_a_raised_hand_brings_a_disqualified_person_back(cast: Cast) -> None:
    lead, ivo = lead_of(cast), signed_in(cast.ivo)
    address = reverse("lead_hand_raise", args=[lead.pk])
    assert ivo.post(address, {"words": "called"}).status_code == 422, "still in process"
    ivo.post(reverse("lead_disqualification", args=[lead.pk]), {"because": "consultant"})
    assert "Hand raised" in ivo.get(reverse("lead", args=[lead.pk])).content.decode()
    assert ivo.post(address, {"words": ""}).status_code == 422
    assert ivo.post(address, {"words": "called us about a demo"}).status_code == 302
    following = Lead.objects.get(previous=lead)
    assert following.origin == "hand_raise"
    assert "called us about a demo" in ivo.get(reverse("lead", args=[following.pk])).content.decode()


def test_reasons_are_set_by_operations_and_administrators_only(cast: Cast) -> None:
    for name, arguments in (("exit_reasons", []), ("exit_reason", [reason().pk]), ("exit_reason_new", ["recycled"])):
        assert signed_in(cast.ruth).get(reverse(name, args=arguments)).status_code == 403
        assert signed_in(cast.ada).get(reverse(name, args=arguments)).status_code == 200
    for name in ("exit_reason_archiving", "exit_reason_restoring"):
        assert signed_in(cast.ruth).post(reverse(name, args=[reason().pk])).status_code == 403
    assert signed_in(cast.ruth).post(reverse("holding_queue")).status_code == 403
    assert signed_in(cast.ada).get(reverse("exit_reason_new", args=["won"])).status_code == 404


def test_ada_adds_rewords_archives_and_brings_back_a_reason(cast: Cast) -> None:
    ada, group = signed_in(cast.ada), reason("not_now")
    said = {"name_en": "Audit running", "name_ko": "감사 중", "name_ja": "監査中", "wakes": "every", "wake_days": "30", "stages": ["working", "p2"]}
    address = reverse("exit_reason_new", args=["recycled"]) + f"?group={group.pk}"
    assert ada.post(address, said).status_code == 422, "no horizon"
    assert ada.post(address, {**said, "horizon_days": "300"}).status_code == 302
    made = reason("audit_running")
    assert (made.stages, made.parent, made.horizon_days) == (["working", "p2"], group, 300)
    page = reverse("exit_reason", args=[made.pk])
    assert ada.post(page, {**said, "horizon_days": "300", "name_en": "In an audit"}).status_code == 302
    assert ada.post(page, {**said, "name_ko": " ", "horizon_days": "300"}).status_code == 422
    ada.post(reverse("exit_reason_archiving", args=[made.pk]))
    assert 'value="audit_running"' not in ada.get(reverse("lead", args=[lead_of(cast).pk])).content.decode()
    ada.post(reverse("exit_reason_restoring", args=[made.pk]))
    assert "In an audit" in ada.get(reverse("exit_reasons")).content.decode()
    assert ada.post(reverse("exit_reason_new", args=["disqualified"]), {"name_en": "Law", "name_ko": "법", "name_ja": "法"}).status_code == 302
    assert reason("law").parent is None


def test_ada_sets_the_queue(cast: Cast) -> None:
    said = {"team": cast.marketing.pk, "stage": "nurturing", "dig_every_days": "30", "dig_for_days": "300", "most_dug_a_day": "5", "accepted_within_days": "60"}
    ada = signed_in(cast.ada)
    assert ada.post(reverse("holding_queue"), {**said, "dig_for_days": "3"}).status_code == 422
    assert ada.post(reverse("holding_queue"), {**said, "stage": "p4"}).status_code == 422
    assert ada.post(reverse("holding_queue"), said).status_code == 302
    queue = holding_queue.rules()
    assert (queue.team, queue.stage, queue.digs, queue.most_dug_a_day) == (cast.marketing, "nurturing", False, 5)
    assert "Dead deals are not tried again." in ada.get(BOARD).content.decode()


@pytest.mark.parametrize("language", ["ko", "ja"])
def test_a_reason_is_read_in_the_language_of_the_reader(cast: Cast, language: str) -> None:
    lead = recycled(cast, 1)
    type(cast.ivo).objects.get_queryset().filter(pk=cast.ivo.pk).update(language=language)
    text = signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
    assert {"ko": "예산 없음", "ja": "予算がない"}[language] in text
    assert "No budget" not in text
