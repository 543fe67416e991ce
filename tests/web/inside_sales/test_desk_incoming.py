"""A lead rings back: found by number or name, taken to the desk, with the results and what follows of any call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.engage.calls import Call, Direction
from tasuki.relay.clocks import Clock
from tests.cast import SET_UP, Cast, hired
from tests.engage.calling import NUMBER, callable_lead
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def found(client: Client, q: str) -> str:
    return client.get(reverse("desk_incoming"), {"q": q}).content.decode()


def taken(client: Client, lead: Lead, number: str = NUMBER) -> int:
    return client.post(reverse("desk_incoming_taking", args=[lead.pk]), {"number": number}).status_code


def said(client: Client, lead: Lead, what: str, **more: str) -> int:
    return client.post(reverse("desk_outcome", args=[lead.pk]), {"disposition": what, **more}).status_code


@pytest.mark.parametrize("written", [NUMBER, "+82 2 555 0187", " +82-2-555-0187 "])
def test_a_number_is_found_however_it_is_written(cast: Cast, written: str) -> None:
    lead = callable_lead(cast)
    assert reverse("desk_incoming_taking", args=[lead.pk]) in found(signed_in(cast.ivo), written)


def test_a_name_is_found_and_whom_one_called_last_stands_there_before_one_types(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    assert reverse("desk_incoming_taking", args=[lead.pk]) in found(client, "서윤1")
    assert reverse("desk_incoming_taking", args=[lead.pk]) not in found(client, "")
    client.post(reverse("desk_call", args=[lead.pk]), {"number": NUMBER})
    assert reverse("desk_incoming_taking", args=[lead.pk]) in found(client, "")


def test_the_call_goes_on_at_the_desk_and_its_result_has_what_follows(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    assert taken(client, lead) == 302
    call = Call.objects.get()
    assert (call.direction, call.caller, call.number, call.answered_at is not None) == (Direction.IN, cast.ivo, NUMBER, True)
    page = client.get(reverse("desk_lead", args=[lead.pk])).content.decode()
    assert ">incoming<" in page
    assert "data-runs" in page
    assert said(client, lead, "talk", note="they asked for prices") == 302
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.CONNECTED
    assert ">incoming<" in client.get(reverse("lead", args=[lead.pk])).content.decode(), "the timeline says who called whom"


def test_the_clock_of_the_first_answer_stops_when_one_of_us_has_spoken_and_not_when_it_rings(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    raised = leads.capture(
        Arrival(team=cast.inside_sales, owner=cast.ivo, contact=None, account=lead.account, origin=Origin.INBOUND, source="web"),
        by=By(None, Door.API), at=now(), stage=stages.READY,
    )  # fmt: skip
    assert Clock.objects.running().filter(lead=raised).exists()
    taken(client, raised, number="")
    assert Clock.objects.running().filter(lead=raised).exists()
    said(client, raised, "na")
    assert Clock.objects.running().filter(lead=raised).exists(), "we missed them"
    taken(client, raised, number="")
    said(client, raised, "talk", note="they asked for prices")
    assert not Clock.objects.running().filter(lead=raised, owed="answer").exists()


def test_a_number_that_is_not_theirs_is_not_kept(cast: Cast) -> None:
    lead = callable_lead(cast)
    taken(signed_in(cast.ivo), lead, number="+8225559999")
    assert Call.objects.get().number == ""


def test_what_a_colleague_has_at_the_desk_or_is_over_is_refused(cast: Cast) -> None:
    jun = hired("jun", "Jun", "Ho", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    lead, over = callable_lead(cast, 1), callable_lead(cast, 2, number="+8225550199")
    taken(signed_in(cast.ivo), lead)
    assert taken(signed_in(jun), lead) == 409
    leads.disqualify(over, reason="gone", by=SET_UP, at=now())
    assert taken(signed_in(jun), over) == 422
    assert Call.objects.count() == 1


def test_whoever_may_not_see_a_lead_or_numbers_or_work_here_finds_nothing(cast: Cast) -> None:
    lead = callable_lead(cast)
    watching, outsider = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER)), signed_in(cast.tomas)
    for client in (watching, outsider):
        assert client.get(reverse("desk_incoming")).status_code in (403, 404)
        assert taken(client, lead) in (403, 404)
    assert reverse("desk_incoming_taking", args=[lead.pk]) not in found(signed_in(cast.saori), NUMBER), "a lead of inside sales"
    assert taken(signed_in(cast.saori), lead) in (403, 404)
    assert not Call.objects.exists()


@pytest.mark.parametrize("q", ["x" * 5_000, "\x00", "'; --", "+", "٣٤٥", "9" * 300])
def test_hostile_questions_find_nobody(cast: Cast, q: str) -> None:
    callable_lead(cast)
    answer = signed_in(cast.ivo).get(reverse("desk_incoming"), {"q": q})
    assert answer.status_code in (200, 400)


def test_two_rows_and_eight_ask_the_same_questions(cast: Cast) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            found(client, NUMBER)
        return len(asked)

    callable_lead(cast, 1), callable_lead(cast, 2)
    client = signed_in(cast.ivo)
    found(client, NUMBER)
    few = n_queries()
    for n in range(3, 9):
        callable_lead(cast, n)
    assert n_queries() == few


def test_the_lead_s_own_page_takes_their_call(cast: Cast) -> None:
    lead = callable_lead(cast)
    assert reverse("desk_incoming_taking", args=[lead.pk]) in signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
    leads.disqualify(lead, reason="gone", by=SET_UP, at=now() + timedelta(seconds=1))
    assert reverse("desk_incoming_taking", args=[lead.pk]) not in signed_in(cast.ivo).get(reverse("lead", args=[lead.pk])).content.decode()
