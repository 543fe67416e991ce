"""Somebody calls us, as the telephone system tells: by their number they are found, whoever has their lead is told, and the desk takes the call."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import Disposition
from tasuki.engage.next_calls import NextCall
from tasuki.engage.telephony.webhooks import SIGNATURE, STAMP, signature
from tests.cast import SET_UP, Cast, hired
from tests.engage.calling import NUMBER, call_of, callable_lead
from tests.engage.telephone_system import SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wired(settings: Any) -> None:
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", "https://telephone.example", SECRET


def says(event: str, *, name: str = "in-1", at: datetime | None = None, **more: Any) -> int:
    """What the door of messages answers to a message that is signed."""
    body = json.dumps({"id": name, "event": event, "at": (at or now()).isoformat(), **more}).encode()
    stamp = str(int(now().timestamp()))
    headers = {STAMP: stamp, SIGNATURE: signature(SECRET, stamp=stamp, body=body)}
    return Client().post(reverse("telephone_events"), body, content_type="application/json", headers=headers).status_code


def test_a_call_from_outside_finds_its_lead_tells_its_owner_and_leads_to_the_desk(cast: Cast, client: Client) -> None:
    lead = callable_lead(cast)
    assert says("incoming", number=NUMBER) == 204
    call = Call.objects.get()
    assert (call.lead, call.direction, call.number, call.caller, call.external_id) == (lead, Direction.IN, NUMBER, None, "in-1")
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.READY, "that it rings is no work"
    told = Notification.objects.get(happening=Happening.CALLED)
    assert (told.person, told.lead) == (cast.ivo, lead)
    assert AuditEntry.objects.of(call).filter(action="ring").count() == 1
    client.force_login(cast.ivo)
    assert reverse("desk_lead", args=[lead.pk]) in client.get(reverse("notifications")).content.decode()


def test_a_number_as_the_country_writes_it_is_the_same_number(cast: Cast) -> None:
    callable_lead(cast)
    for nth, written in enumerate(("+82 2-555-0187", "+82 (0)2 555 0187", NUMBER)):
        says("incoming", name=f"in-{nth}", number=written)
    assert Call.objects.filter(number=NUMBER).count() == 3


def test_said_twice_it_is_one_call(cast: Cast) -> None:
    callable_lead(cast)
    assert [says("incoming", number=NUMBER) for _ in range(2)] == [204, 204]
    assert Call.objects.count() == Notification.objects.filter(happening=Happening.CALLED).count() == 1


@pytest.mark.parametrize("number", ["+8225559999", "anonymous", "0", "9" * 64, "+82 2 555 0187; DROP TABLE"])
def test_whoever_is_nobody_in_process_leaves_nothing(cast: Cast, number: str) -> None:
    lead = callable_lead(cast)
    leads.disqualify(lead, reason="gone", by=SET_UP, at=now())
    assert says("incoming", number=number) == 204
    assert says("incoming", name="in-2", number=NUMBER) == 204, "their pass is over"
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    "more", [{}, {"number": ""}, {"number": 5}, {"number": "9" * 65}, {"number": ["1"]}, {"number": NUMBER, "seat": {}}, {"number": "\x00"}]
)
def test_a_message_that_does_not_say_who_calls_is_refused(cast: Cast, more: dict[str, Any]) -> None:
    assert says("incoming", **more) == 400


def test_of_several_leads_it_is_one_of_the_person_whose_telephone_rings(cast: Cast) -> None:
    jun = hired("jun", "Jun", "Ho", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    of_ivo, of_jun, of_nobody = callable_lead(cast, 1), callable_lead(cast, 2), callable_lead(cast, 3)
    leads.give(of_jun, to=jun, team=cast.inside_sales, by=SET_UP, at=now())
    leads.give(of_nobody, to=None, team=cast.inside_sales, by=SET_UP, at=now())
    says("incoming", name="to-ivo", number=NUMBER, seat=(cast.ivo.email or "").upper())
    says("incoming", name="to-jun", number=NUMBER, seat=jun.email)
    says("incoming", name="to-all", number=NUMBER)
    assert {call.external_id: call.lead for call in Call.objects.all()} == {"to-ivo": of_ivo, "to-jun": of_jun, "to-all": of_jun}, (
        "else the newest with an owner"
    )


def test_whoever_picks_up_has_the_call_and_says_what_came_of_it(cast: Cast) -> None:
    lead = callable_lead(cast)
    says("incoming", number=NUMBER)
    says("answered", seat=cast.ivo.email)
    call = Call.objects.get()
    assert (call.caller, call.answered_at is not None) == (cast.ivo, True)
    says("ended")
    assert Call.objects.get().disposition == "", "they talked: a person says what came of it"
    assert lead.pk


def test_whoever_is_on_a_call_by_what_stands_here_takes_it_at_the_desk(cast: Cast) -> None:
    call_of(cast, callable_lead(cast, 2, number="+8225550199"), number="+8225550199", at=now() - timedelta(minutes=1))
    callable_lead(cast)
    says("incoming", number=NUMBER)
    assert says("answered", seat=cast.ivo.email) == 204
    assert Call.objects.get(direction=Direction.IN).caller is None


def test_whom_we_missed_is_called_by_the_rule(cast: Cast) -> None:
    lead = callable_lead(cast)
    says("incoming", number=NUMBER)
    assert [says("ended"), says("ended")] == [204, 204]
    call = Call.objects.get()
    assert (call.disposition, call.answered_at, call.ended_at is not None) == (Disposition.NO_ANSWER, None, True)
    assert NextCall.objects.filter(lead=lead).exists()
    assert Lead.objects.get(pk=lead.pk).stage_id == stages.READY


def test_the_desk_takes_the_call_that_rings(cast: Cast, client: Client) -> None:
    lead = callable_lead(cast)
    says("incoming", number=NUMBER)
    client.force_login(cast.ivo)
    assert "hang-up" in client.get(reverse("desk_lead", args=[lead.pk])).content.decode()
    client.post(reverse("desk_incoming_taking", args=[lead.pk]))
    assert client.post(reverse("desk_outcome", args=[lead.pk]), {"disposition": "talk", "note": "they asked for prices"}).status_code == 302
    call = Call.objects.get()
    assert (call.caller, call.disposition, call.direction) == (cast.ivo, "talk", "in")
