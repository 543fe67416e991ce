"""Free times at the desk, as forms and as the piece that the desk loads: offered when a meeting is the result, refused when one is gone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.crm.leads import Lead
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting
from tasuki.web.meeting_times import read
from tests.cast import Cast, hired
from tests.engage.calling import callable_lead
from tests.engage.meeting import booked
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

HOSTILE = ["", "x" * 6000, "-1", "٣", "9" * 40, "9999-12-31", "0001-01-01T00:00Z", "2026-13-01T00:00Z", "<script>alert(1)</script>", "%s {0}"]


def asked(client: Client, lead: Lead, *, is_piece: bool = True, **said: Any) -> str:
    headers = {"HX-Request": "true"} if is_piece else {}
    answer = client.post(reverse("desk_slots", args=[lead.pk]), {"disposition": "mtg", **said}, headers=headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def slots(page: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', page)


def moment(slot: str) -> datetime:
    found = read(slot)
    assert found is not None
    return found


def held_by(page: str) -> str:
    [name] = re.findall(r'<option value="\d+" selected>([^·<]+) ·', page)
    return str(name)


def test_times_come_when_they_are_asked_for_with_whoever_is_to_hold_the_meeting(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    assert not slots(client.get(reverse("desk_lead", args=[lead.pk])).content.decode()), "a page of the desk reckons no times"
    page = asked(client, lead)
    assert held_by(page) == cast.saori.display_name
    assert len(slots(page)) == 9
    assert "by the clock there: Asia/Seoul" in page
    assert len(re.findall(r">here \d\d:\d\d", page)) == 9, "and by ours beside it"
    [later] = re.findall(r'name="from" value="([^"]+)"', page)
    assert not set(slots(page)) & set(slots(asked(client, lead, **{"from": later})))
    assert held_by(asked(client, lead, held_by=cast.chika.pk)) == cast.chika.display_name


def test_without_script_the_page_comes_back_with_times_and_with_what_was_typed(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    page = asked(client, lead, is_piece=False, note="after the board", held_by=cast.chika.pk)
    assert len(slots(page)) == 9
    assert held_by(page) == cast.chika.display_name
    assert ">after the board</textarea>" in page
    assert 'value="mtg" form="outcome" data-key="6" checked' in page
    assert not Call.objects.exists(), "asking changes nothing"


def test_enter_in_any_field_writes_the_result_and_asks_for_no_times(cast: Cast) -> None:
    page = asked(signed_in(cast.ivo), callable_lead(cast), is_piece=False)
    own = page.index('<form id="outcome"')
    buttons = [(match.start(), match[1]) for match in re.finditer(r"<button([^>]*)>", page) if 'form="outcome"' in match[1] or own < match.start() < own + 400]
    assert "formaction" not in buttons[0][1], "the first button of a form is the one that Enter presses"
    assert sum("desk_slots" in said or "/slots" in said for _at, said in buttons) == 2


def test_a_time_is_booked_by_its_digit_alone(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    slot = slots(asked(client, lead))[3]
    assert client.post(reverse("desk_outcome", args=[lead.pk]), {"disposition": "mtg", "held_by": cast.saori.pk, "slot": slot}).status_code == 302
    meeting = Meeting.objects.get()
    assert (meeting.held_by, meeting.booked_by, meeting.starts_at, meeting.zone) == (cast.saori, cast.ivo, moment(slot), "Asia/Seoul")


def test_another_day_that_is_typed_counts_and_who_holds_it_follows_from_the_lead(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    day = (now() + timedelta(days=30)).date()
    said = {"disposition": "mtg", "slot": slots(asked(client, lead))[0], "meeting_on": day.isoformat(), "meeting_time": "20:15"}
    assert client.post(reverse("desk_outcome", args=[lead.pk]), said).status_code == 302
    meeting = Meeting.objects.get()
    assert (meeting.held_by, meeting.starts_at) == (cast.saori, datetime(day.year, day.month, day.day, 11, 15, tzinfo=UTC))


def test_a_time_that_is_gone_is_refused_with_the_next_ones_and_what_was_typed(cast: Cast) -> None:
    lead, other, client = callable_lead(cast), callable_lead(cast, 2), signed_in(cast.ivo)
    slot = slots(asked(client, lead))[0]
    booked(cast, other, starts_at=moment(slot), at=now())
    said = {"disposition": "mtg", "held_by": cast.saori.pk, "slot": slot, "note": "they like mornings"}
    answer = client.post(reverse("desk_outcome", args=[lead.pk]), said, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This time has just been taken. Choose another." in page
    assert slots(page)
    assert slot not in slots(page)
    assert ">they like mornings</textarea>" in page
    assert not Meeting.objects.filter(lead=lead).exists()
    said["slot"] = slots(page)[0]
    assert client.post(reverse("desk_outcome", args=[lead.pk]), said).status_code == 302


def test_where_we_are_many_somebody_else_is_named(cast: Cast) -> None:
    for nth in range(12):
        hired(f"seller{nth}", "Park", f"No {nth}", role=Role.FIELD_SELLER, team=cast.field_sales)
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    page = asked(client, lead, held_by_name="No 7 Park")
    assert held_by(page) == "No 7 Park"
    assert 'name="held_by_name"' in page
    assert "Nobody who can be chosen here is called “Nobody”" in asked(client, lead, held_by_name="Nobody")


def test_times_are_asked_for_by_whoever_works_leads_and_sees_this_one(cast: Cast) -> None:
    lead = callable_lead(cast)
    for who, status in ((cast.ruth, 200), (cast.saori, 404), (cast.chika, 403), (hired("obi", "Obi", "Ana", role=Role.OBSERVER), 403)):
        assert signed_in(who).post(reverse("desk_slots", args=[lead.pk]), {"disposition": "mtg"}).status_code == status
    assert signed_in(cast.ivo).get(reverse("desk_slots", args=[lead.pk])).status_code == 405


@pytest.mark.parametrize("text", HOSTILE)
def test_no_time_breaks_whatever_is_sent(cast: Cast, text: str) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    said = dict.fromkeys(("held_by", "held_by_name", "slot", "from", "meeting_on", "meeting_time"), text)
    assert "offer-times" in asked(client, lead, **said)
    answer = client.post(reverse("desk_outcome", args=[lead.pk]), {"disposition": "mtg", **said})
    assert answer.status_code == 422
    assert not Meeting.objects.exists()


def test_a_time_typed_close_to_another_is_warned_of_at_the_desk_and_written_when_it_is_known(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    there = booked(cast, callable_lead(cast, 2), starts_at=now().replace(hour=5, minute=0, second=0, microsecond=0) + timedelta(days=9), at=now())
    after = there.starts_there + timedelta(minutes=35)
    said = {"disposition": "mtg", "held_by": cast.saori.pk, "meeting_on": after.date().isoformat(), "meeting_time": after.strftime("%H:%M"), "note": "yes"}
    warned = client.post(reverse("desk_outcome", args=[lead.pk]), said)
    assert warned.status_code == 422
    page = warned.content.decode()
    assert "less than 15 minutes apart" in page
    assert ">yes</textarea>" in page
    assert not Call.objects.filter(lead=lead).exclude(disposition="").exists(), "nothing is written yet"
    [knows] = re.findall(r'name="close" value="([^"]+)"', page)
    assert client.post(reverse("desk_outcome", args=[lead.pk]), {**said, "close": knows}).status_code == 302
    assert Meeting.objects.get(lead=lead).close_by == cast.ivo
