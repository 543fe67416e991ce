"""Tomorrow's list on its page: one's own, or of the people whom one manages; arranged, frozen, skipped for a reason, the same cost however long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.calendars import Calendar
from tasuki.crm.contacts import ContactPhone
from tasuki.crm.leads import Lead
from tasuki.inside_sales.call_lists import lists, rules
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tests.cast import SET_UP, Cast, hired
from tests.crm.scoring.desk import in_force
from tests.inside_sales.call_lists.shift import EVENING, built, lead, order_of, reachable
from tests.web.office import lead_of, signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db


def next_day() -> date:
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def listed(cast: Cast, n: int = 3) -> CallList:
    reachable(*(lead(cast) for _ in range(n)))
    (made,) = built(cast.ivo, day=next_day(), at=datetime.now(UTC))
    return made


def page(cast: Cast, person: str, made: CallList) -> str:
    answer = signed_in(getattr(cast, person)).get(f"{reverse('call_list')}?person={made.owner_id}&day={made.for_on}")
    return str(answer.content.decode())


def test_each_row_says_who_and_why(cast: Cast) -> None:
    one = lead_of(cast, stage="ready", source="webinar")
    reachable(one)
    one = Lead.objects.select_related("contact").get(pk=one.pk)
    in_force(cast)
    (made,) = built(cast.ivo, day=next_day(), at=datetime.now(UTC))
    told = " ".join(read(page(cast, "ivo", made)).texts)
    assert one.title in told
    assert "ready since March 2" in told
    assert "came to a webinar" in told
    assert "Day: 1 / 16" in told


def test_an_empty_evening_teaches_and_offers_to_propose(cast: Cast) -> None:
    lead(cast)
    ivo = signed_in(cast.ivo)
    answer = ivo.get(f"{reverse('call_list')}?day={next_day()}")
    assert "There is no list for this day" in answer.content.decode()
    answer = ivo.post(reverse("call_list_propose"), {"person": cast.ivo.pk, "day": next_day().isoformat()})
    assert answer.status_code == 302
    assert len(order_of(CallList.objects.get())) == 1


def test_a_manager_chooses_a_person_and_a_seller_sees_only_their_own(cast: Cast) -> None:
    made = listed(cast)
    colleague = hired("jun", "Oh", "Jun", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    assert 'name="person"' in page(cast, "ruth", made)
    answer = signed_in(colleague).get(f"{reverse('call_list')}?person={cast.ivo.pk}&day={made.for_on}")
    assert not any(f"/leads/{entry.lead_id}" in answer.content.decode() for entry in made.entries.all())


@pytest.mark.parametrize("asked", ["?person=x&day=x", "?person=999999999999999999999&day=2026-02-30", "?day=0001-01-01", "?day=9999-12-31", "?person=-1"])
def test_an_address_that_makes_no_sense_shows_ones_own_day(cast: Cast, asked: str) -> None:
    assert signed_in(cast.ivo).get(reverse("call_list") + asked).status_code == 200


def test_it_is_arranged_frozen_and_then_stays(cast: Cast) -> None:
    made, ivo = listed(cast), signed_in(cast.ivo)
    before = [pk for _bucket, pk in order_of(made)]
    last = made.entries.order_by("-position")[0]
    assert ivo.post(reverse("call_list_place", args=[last.pk]), {"to": 1}).status_code == 302
    assert [pk for _bucket, pk in order_of(made)] == [before[2], before[0], before[1]]
    assert ivo.post(reverse("call_list_freezing", args=[made.pk])).status_code == 302
    assert ivo.post(reverse("call_list_place", args=[last.pk]), {"to": 3}).status_code == 422
    assert ivo.post(reverse("call_list_proposing", args=[made.pk])).status_code == 422
    told = page(cast, "ivo", made)
    assert "frozen" in told
    assert "Confirm and freeze" not in told


@pytest.mark.parametrize("to", ["", "0", "-1", "x", "99999999999", "1e9"])
def test_a_place_that_is_none_moves_nothing(cast: Cast, to: str) -> None:
    made = listed(cast)
    before = order_of(made)
    entry = made.entries.order_by("position")[0]
    assert signed_in(cast.ivo).post(reverse("call_list_place", args=[entry.pk]), {"to": to}).status_code == 302
    assert order_of(made) == before


def test_skipping_asks_for_a_reason_in_its_place(cast: Cast) -> None:
    made, ivo = listed(cast), signed_in(cast.ivo)
    entry = made.entries.order_by("position")[0]
    refused = ivo.post(reverse("call_list_skipping", args=[entry.pk]), {"reason": "  "})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.content.decode()
    assert ivo.post(reverse("call_list_skipping", args=[entry.pk]), {"reason": "<b>on leave</b>"}).status_code == 302
    assert "&lt;b&gt;on leave&lt;/b&gt;" in page(cast, "ivo", made)
    ivo.post(reverse("call_list_skipping_removal", args=[entry.pk]))
    assert CallListEntry.objects.get(pk=entry.pk).skip_reason == ""


def test_others_arrange_nothing(cast: Cast) -> None:
    made = listed(cast)
    entry = made.entries.all()[0]
    colleague = hired("jun", "Oh", "Jun", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    for person, status in ((cast.mina, 403), (cast.ada, 403), (colleague, 404), (cast.chika, 403), (cast.ruth, 302)):
        assert signed_in(person).post(reverse("call_list_skipping", args=[entry.pk]), {"reason": "no"}).status_code == status, person
    assert signed_in(cast.mina).post(reverse("call_list_propose"), {"person": cast.ivo.pk}).status_code == 403


def test_the_day_after_tells_the_plan_and_what_became_of_it(cast: Cast) -> None:
    made, entries = listed(cast), CallListEntry.objects.order_by("position")
    lists.freeze(made, by=By(cast.ivo, Door.WEB), at=datetime.now(UTC))
    entries.filter(pk=entries[0].pk).update(worked_at=EVENING)
    entries.filter(pk=entries[1].pk).update(worked_at=EVENING - timedelta(hours=1))
    told = " ".join(read(page(cast, "ivo", made)).texts)
    assert "2 of 3 worked" in told
    assert "0% n = 2" in told


def test_what_came_late_is_marked(cast: Cast) -> None:
    made = listed(cast)
    CallList.objects.update(for_on=datetime.now(UTC).date())
    lists.insert(lead(cast), why=[["raised", EVENING.isoformat(), "price request"]], by=SET_UP, at=datetime.now(UTC))
    made.refresh_from_db()
    told = page(cast, "ivo", made)
    assert "came late" in told
    assert "raised a hand on March 3: price request" in told


def test_who_answers_stands_once_on_top_and_the_row_says_where_they_were_planned(cast: Cast) -> None:
    made, at = listed(cast), datetime.now(UTC)
    CallList.objects.update(for_on=at.date())
    lists.freeze(made, by=By(cast.ivo, Door.WEB), at=at)
    made.refresh_from_db()
    first, second, third = made.entries.order_by("position").select_related("lead__owner")
    lists.work(second.lead_id, by=By(cast.ivo, Door.WEB), at=at)
    later = at + timedelta(seconds=1)
    for entry in (third, second):
        lists.insert(entry.lead, why=[["replied", at.isoformat()]], by=SET_UP, at=later, is_raised=True)
    told = page(cast, "ivo", made)
    assert told.count("answered, and came on top; planned as number 3") == 1
    assert "planned as number 2" not in told, "who was called before the answer was called: that stays"
    assert told.count('id="entry-') == 4
    assert f'id="entry-{third.pk}"' not in told
    assert "Day: 4 / 16" in " ".join(read(told).texts)
    assert list(made.entries.filter(inserted_at__isnull=True).order_by("position").values_list("pk", flat=True)) == [first.pk, second.pk, third.pk], (
        "the plan stays"
    )
    lists.work(third.lead_id, by=By(cast.ivo, Door.WEB), at=later + timedelta(seconds=1))
    assert f'id="entry-{third.pk}"' not in page(cast, "ivo", made), "worked on top, it is worked once"


def test_whom_nothing_allows_to_call_stands_last_with_the_reason_and_the_way_to_mend_it(cast: Cast) -> None:
    made = listed(cast)
    first = made.entries.order_by("position").select_related("lead").first()
    assert first is not None
    ContactPhone.objects.filter(contact=first.lead.contact_id).delete()
    told = page(cast, "ivo", made)
    texts = " ".join(read(told).texts)
    assert "Cannot be called 1" in texts
    assert "No number is known." in texts
    assert f'href="{reverse("contact", args=[first.lead.contact_id])}">Add a number' in told
    assert told.index("Cannot be called") < told.index(f'id="entry-{first.pk}"')
    assert told.rindex('id="entry-') == told.index(f'id="entry-{first.pk}"')
    assert "Day: 2 / 16" in texts, "it takes no place of the day"
    assert "1 cannot be called and takes no place" in texts
    CallListEntry.objects.filter(pk=first.pk).update(worked_at=datetime.now(UTC))
    assert "Cannot be called" not in page(cast, "ivo", made), "what is worked is judged no more"


def test_a_long_list_costs_no_more_queries(cast: Cast) -> None:
    counts = []
    in_force(cast)
    for n in (2, 10):
        CallList.objects.all().delete()
        for nth in range(n):
            lead_of(cast, n * 100 + nth, name=("한", f"{n} {nth}"), stage="ready")
        (made,) = built(cast.ivo, day=next_day(), at=datetime.now(UTC))
        client = signed_in(cast.ivo)
        address = f"{reverse('call_list')}?day={made.for_on}"
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    assert made.entries.count() == 12
    assert counts[0] == counts[1]


def test_the_rules_are_changed_in_the_settings(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    said = {name: getattr(rules.in_force(), name) for name in rules.CHANGEABLE} | {"propose_minute": "16:45"}
    assert ada.post(reverse("call_list_rules"), {**said, "slots_a_day": 12}).status_code == 302
    assert (rules.in_force().slots_a_day, rules.in_force().propose_minute) == (12, 16 * 60 + 45)
    refused = ada.post(reverse("call_list_rules"), {**said, "when_ready": "nonsense("})
    assert refused.status_code == 422
    assert signed_in(cast.ruth).get(reverse("call_list_rules")).status_code == 403


def test_who_works_at_another_pace_is_set_beside_the_rules(cast: Cast) -> None:
    ada, address = signed_in(cast.ada), reverse("call_list_pace", args=[cast.ivo.pk])
    house = Calendar.objects.of_the_organisation()
    assert ada.post(address, {"minutes_per_lead": 45, "calendar": house.pk}).status_code == 302
    own = rules.paces([cast.ivo])[cast.ivo.pk]
    assert (own.minutes_per_lead, own.calendar) == (45, house)
    assert 'value="45"' in ada.get(reverse("call_list_rules")).content.decode()
    for said in ({"minutes_per_lead": 0}, {"minutes_per_lead": 481}, {"minutes_per_lead": "x"}, {"calendar": 999_999}):
        refused = ada.post(address, said)
        assert refused.status_code == 422
        assert "form-error" in refused.content.decode(), said
    assert ada.post(address, {}).status_code == 302
    assert not rules.paces([cast.ivo]), "as the house does"
    assert signed_in(cast.ruth).post(address, {"minutes_per_lead": 45}).status_code == 403
    assert ada.post(reverse("call_list_pace", args=[cast.saori.pk]), {"minutes_per_lead": 45}).status_code == 404, "who has no list has no pace"
