"""Routing, agreements and response times as pages: who may change them, what they show, and that every number leads to its rows."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import calendars
from tasuki.crm.leads import Lead
from tasuki.inside_sales import routing_rules
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.relay import breaches
from tasuki.relay.agreements import Agreement
from tasuki.relay.clocks import Clock
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.office import AT, office_in_seoul, pool_of, ready, rules_in_force
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db
# The pages that list what routing and agreements did.
ADDRESSES = ["routing", "routing_log", "routing_pools", "agreements", "response_times", "response_time_rows", "routing_simulation"]


@pytest.fixture(autouse=True)
def seoul(cast: Cast) -> None:
    office_in_seoul()


def text_of(cast_member: object, address: str) -> str:
    answer = signed_in(cast_member).get(address)  # type: ignore[arg-type]  # one of the cast
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_rules_are_drafted_put_in_order_and_published_by_links_and_buttons_alone(cast: Cast) -> None:
    pool, client = pool_of(cast, cast.ivo, off_hours=OffHours.GIVE), signed_in(cast.ada)
    assert client.post(reverse("routing_draft")).status_code == 302
    asked = client.get(reverse("routing_rule_new"), {"field": "source", "at": "0", "op": "is", "v": "webinar"})
    assert asked.status_code == 302
    assert 'value="source:is(webinar)"' in client.get(reverse("routing_rule_new") + asked["Location"]).content.decode()
    for name, condition in (("Everything", ""), ("Webinars", "source:is(webinar)")):
        assert client.post(reverse("routing_rule_new"), {"name": name, "pool": pool.pk, "condition": condition}).status_code == 302
    rule = RoutingRule.objects.get(name="Webinars")
    client.post(reverse("routing_rule_place", args=[rule.pk]), {"to": "1"})
    assert [one.name for one in rule.version.rules.all()] == ["Webinars", "Everything"]
    client.post(reverse("routing_publication"))
    assert RoutingVersion.objects.in_force() == rule.version
    assert ready(cast, at=now()).owner == cast.ivo


def test_whoever_may_not_edit_the_process_reads_and_changes_nothing(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    version = rules_in_force(("source:is(webinar)", pool))
    routing_rules.draft(by=SET_UP, at=AT)
    client = signed_in(cast.ruth)
    page = client.get(reverse("routing")).content.decode()
    assert "Rule 1" in page
    assert "Draft of version" not in page
    agreement = Agreement.objects.all()[0]
    for name, args in (
        ("routing_draft", []), ("routing_publication", []), ("routing_discarding", []), ("routing_terms", []), ("routing_rule_new", []),
        ("routing_rule", [version.rules.get().pk]), ("routing_pool", [pool.pk]), ("routing_pools", []), ("routing_seats", [pool.pk]),
        ("agreement_new", []), ("agreement", [agreement.pk]), ("agreement_place", [agreement.pk]),
    ):  # fmt: skip
        assert client.post(reverse(name, args=args), {}).status_code == 403, name
    assert client.get(reverse("routing_simulation")).status_code == 403


def test_an_old_version_is_shown_and_a_published_rule_has_no_form(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    first = rules_in_force(("source:is(webinar)", pool))
    rules_in_force()
    assert "not in force any more" in text_of(cast.ada, reverse("routing") + "?version=1")
    client = signed_in(cast.ada)
    assert client.get(reverse("routing") + "?version=99").status_code == 404
    client.post(reverse("routing_draft"))
    assert client.get(reverse("routing_rule", args=[first.rules.get().pk])).status_code == 404


@pytest.mark.parametrize(
    "said", [{"name": ""}, {"name": "x", "pool": "0"}, {"name": "x" * 300}, {"name": "x", "condition": "owner:is(me)"}, {"name": "x", "condition": "any("}]
)
def test_a_rule_that_cannot_be_is_refused_with_the_reason_on_its_page(cast: Cast, said: dict[str, str]) -> None:
    pool = pool_of(cast, cast.ivo)
    routing_rules.draft(by=SET_UP, at=AT)
    answer = signed_in(cast.ada).post(reverse("routing_rule_new"), {"pool": str(pool.pk), **said})
    assert answer.status_code == 422
    assert not RoutingRule.objects.exists()
    assert b"form-problems" in answer.content


def test_members_come_change_and_go(cast: Cast) -> None:
    client = signed_in(cast.ada)
    said = {"name": "Night", "team": cast.inside_sales.pk, "method": Method.WEIGHTED.value, "off_hours": OffHours.WAIT.value}
    assert client.post(reverse("routing_pools"), said).status_code == 302
    pool = RoutingPool.objects.get()
    seats = reverse("routing_seats", args=[pool.pk])
    assert client.post(seats, {"user": cast.ivo.pk, "weight": "0"}).status_code == 422
    assert client.post(seats, {"user": cast.ivo.pk, "weight": "3", "languages": "ko, ja", "n_day_cap": "5"}).status_code == 302
    member = pool.members.get()
    assert (member.weight, member.languages, member.n_day_cap) == (3, ["ko", "ja"], 5)
    one = reverse("routing_seat", args=[pool.pk, member.pk])
    assert client.post(one, {"weight": "101"}).status_code == 422
    assert client.post(one, {"weight": "2", "skills": ", ".join(f"s{n}" for n in range(40))}).status_code == 422
    assert client.post(one, {"weight": "2"}).status_code == 302
    assert client.post(reverse("routing_seat_removal", args=[pool.pk, member.pk])).status_code == 302
    assert not pool.members.exists()


def test_the_page_of_a_lead_says_why_it_is_whose_and_by_when_it_is_answered(cast: Cast) -> None:
    away = hired("jun", "전", "준", team=cast.inside_sales)
    pool = pool_of(cast, away, cast.ivo, off_hours=OffHours.GIVE)
    rules_in_force(("source:is(webinar)", pool))
    type(away).objects.get_queryset().filter(pk=away.pk).update(is_active=False)
    lead = ready(cast, at=now())
    page = text_of(cast.ivo, reverse("lead", args=[lead.pk]))
    assert "Rule 1" in page
    assert "does not work here any more" in page
    assert 'class="clock' in page
    assert 'class="clock' in text_of(cast.ivo, reverse("lead_peek", args=[lead.pk]))
    assert 'class="clock' in text_of(cast.ivo, reverse("leads") + "?columns=person,clock")


def test_an_attempt_that_is_written_down_stops_the_clock_and_stands_on_the_timeline(cast: Cast) -> None:
    rules_in_force(("", pool_of(cast, cast.ivo, off_hours=OffHours.GIVE)))
    lead, client = ready(cast, at=now()), signed_in(cast.ivo)
    address = reverse("lead_attempts", args=[lead.pk])
    assert client.post(address, {"channel": "pigeon"}).status_code == 422
    assert Clock.objects.running().count() == 1
    assert client.post(address, {"channel": "phone", "words": "rang twice"}).status_code == 302
    assert not Clock.objects.running().exists()
    assert "rang twice" in text_of(cast.ivo, reverse("lead", args=[lead.pk]))
    assert signed_in(cast.chika).post(address, {"channel": "phone"}).status_code == 403


def test_whoever_gives_leads_away_may_route_one_again(cast: Cast) -> None:
    lead = ready(cast, at=now())
    assert signed_in(cast.ivo).post(reverse("lead_routing", args=[lead.pk])).status_code == 403
    rules_in_force(("", pool_of(cast, cast.ivo, off_hours=OffHours.GIVE)))
    assert signed_in(cast.ruth).post(reverse("lead_routing", args=[lead.pk])).status_code == 302
    assert Lead.objects.get(pk=lead.pk).owner == cast.ivo
    assert RoutingDecision.objects.filter(cause=Cause.HAND).get().asked_by == cast.ruth


def test_the_log_holds_what_its_reader_sees_and_is_paged(cast: Cast) -> None:
    for nth in range(52):
        ready(cast, nth, at=AT + timedelta(minutes=nth))
    page = text_of(cast.ada, reverse("routing_log"))
    assert page.count("sheet-name") == 50
    assert "before=" in page
    assert text_of(cast.ada, reverse("routing_log") + "?step=rule").count("sheet-name") == 0
    assert text_of(cast.saori, reverse("routing_log")).count("sheet-name") == 0, "leads of others"


def test_a_page_costs_as_many_queries_for_twelve_rows_as_for_two(cast: Cast) -> None:
    pool = pool_of(cast, cast.ivo)
    rules_in_force(("source:is(webinar)", pool))
    client = signed_in(cast.ada)

    def grow(first: int, n: int) -> None:
        for nth in range(first, first + n):
            ready(cast, nth, at=now() - timedelta(days=2, minutes=nth))
            pool_of(cast, cast.ivo, name=f"P{nth}")
        draft = routing_rules.draft(by=SET_UP, at=AT)
        for nth in range(first, first + n):
            routing_rules.add(draft, name=f"R{nth}", condition="source:is(webinar)", pool=pool, by=SET_UP, at=AT)
        breaches.find(at=now())

    def costs() -> dict[str, int]:
        return {address: cost(address) for address in ADDRESSES}

    def cost(address: str) -> int:
        client.get(reverse(address))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(address)).status_code == 200
        return len(queries)

    grow(0, 2)
    few = costs()
    grow(10, 10)
    more = {"routing_simulation": 10}  # one question for each rule, as is written there
    assert not {address: n for address, n in costs().items() if n > few[address] + more.get(address, 0)}


def test_every_number_of_the_response_times_leads_to_its_rows(cast: Cast) -> None:
    ready(cast, at=now() - timedelta(days=8))
    breaches.find(at=now())
    page = text_of(cast.ada, reverse("response_times"))
    agreement = Clock.objects.get().agreement_id
    query = urlencode({"period": "month", "by": "agreement", "of": agreement})
    assert query.replace("&", "&amp;") in page
    assert text_of(cast.ada, f"{reverse('response_time_rows')}?{query}").count("sheet-name") == 1
    assert text_of(cast.ada, f"{reverse('response_time_rows')}?{query}&which=kept").count("sheet-name") == 0
    assert text_of(cast.ada, f"{reverse('response_time_rows')}?period=month&by=person&of=none").count("sheet-name") == 1
    client = signed_in(cast.ada)
    for wrong in ("period=age", "by=moon", "of=x", "which=some", "of=" + "9" * 40):
        assert client.get(f"{reverse('response_time_rows')}?{wrong}").status_code == 400, wrong


def test_an_agreement_is_changed_and_one_that_promises_nothing_is_refused(cast: Cast) -> None:
    client, one = signed_in(cast.ada), Agreement.objects.in_order()[0]
    said = {"event": "raised", "n_due": "10", "due_unit": "minutes", "counts": "wall", "n_warn_minutes": "0", "is_active": "on"}
    address = reverse("agreement", args=[one.pk])
    for wrong in ({"n_due": "0"}, {"event": "moon"}, {"condition": "any("}, {"n_warn_minutes": "-1"}, {"escalate_to": "0"}):
        assert client.post(address, said | wrong).status_code == 422, wrong
    assert client.post(address, said).status_code == 302
    one.refresh_from_db()
    assert (one.n_due, one.counts, one.reassigns) == (10, "wall", False)
    assert client.post(reverse("agreement_place", args=[one.pk]), {"to": "sideways"}).status_code == 422
    assert client.post(reverse("agreement_place", args=[one.pk]), {"to": "down"}).status_code == 302
    assert Agreement.objects.in_order()[1] == one


def test_a_team_works_by_a_calendar_of_its_own_or_by_that_of_the_team_above(cast: Cast) -> None:
    london = calendars.add("London", time_zone="Europe/London", country="GB", week={}, by=SET_UP, at=AT)
    client, address = signed_in(cast.ada), reverse("team", args=[cast.revenue.pk])
    assert client.post(address, {"name": "Revenue", "parent": "", "calendar": london.pk}).status_code == 302
    assert calendars.of_team(cast.inside_sales.pk) == london
    assert client.post(address, {"name": "Revenue", "parent": "", "calendar": "999999"}).status_code == 404
    assert client.post(address, {"name": "Revenue", "parent": "", "calendar": ""}).status_code == 302
    assert calendars.of_team(cast.inside_sales.pk).is_default
    assert signed_in(cast.ruth).post(address, {"name": "Revenue", "calendar": london.pk}).status_code == 403
