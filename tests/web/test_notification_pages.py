"""The bell and the page of notifications: by record, in pages, read when looked at, and nothing of what one may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import By, Door
from tasuki.crm import following, leads, notes, notifications, records, stages, tasks
from tasuki.crm.following import Follow
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Notification
from tasuki.crm.tasks import Task
from tests.cast import Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def web(person: object) -> By:
    return By(person, Door.WEB)  # type: ignore[arg-type]


def page(client: Client, query: str = "") -> str:
    return client.get(reverse("notifications") + query).content.decode()


def bell(client: Client) -> str:
    return re.sub(r"<[^>]+>", "", client.get(reverse("notifications_unread")).content.decode()).strip()


def mention_ruth(cast: Cast, lead: Lead, n: int = 1) -> None:
    for nth in range(n):
        notes.write(f"@Ruth Adeyemi, word {nth}", by=web(cast.ivo), at=MONDAY + timedelta(minutes=nth), lead=lead)


def test_what_happened_stands_under_its_record_with_a_count(cast: Cast) -> None:
    one, other = lead_of(cast, 1, name=("한", "서윤")), lead_of(cast, 2, name=("Roe", "Mia"))
    mention_ruth(cast, one, 3)
    mention_ruth(cast, other)
    ruth = signed_in(cast.ruth)
    text = page(ruth)
    assert text.count('class="told-group"') == 2
    assert "3 new" in text
    assert "Ivo Horvat mentioned you" in text
    assert "word 2" in text
    assert bell(ruth).endswith("4")
    assert "Notifications: 4 unread" in bell(ruth)


def test_the_bell_says_no_more_than_nine(cast: Cast) -> None:
    mention_ruth(cast, lead_of(cast), 9)
    assert bell(signed_in(cast.ruth)).endswith("9")
    mention_ruth(cast, lead_of(cast, 2), 3)
    assert bell(signed_in(cast.ruth)).endswith("9+")
    assert bell(signed_in(cast.ivo)) == "Notifications"


@pytest.mark.parametrize("name", ["settings", "leads", "home"])
def test_the_bell_costs_one_query_of_every_page(cast: Cast, name: str) -> None:
    ruth = signed_in(cast.ruth)
    ruth.get(reverse(name))
    for n in (0, 30):
        mention_ruth(cast, lead_of(cast, n + 1), n)
        with CaptureQueriesContext(connection) as queries:
            ruth.get(reverse(name))
        asked = [query["sql"] for query in queries if "crm_notification" in query["sql"]]
        assert len(asked) == 1
        assert "LIMIT 10" in asked[0]


def test_the_page_costs_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    ruth, counts = signed_in(cast.ruth), []
    mention_ruth(cast, lead_of(cast, 100))
    page(ruth)
    for records_ in (range(1, 3), range(3, 13)):
        for nth in records_:
            mention_ruth(cast, lead_of(cast, nth))
            tasks.add(Task(subject=f"Call {nth}", owner=cast.ruth), by=web(cast.ivo), at=MONDAY)
            deal = deal_of(cast, nth)
            notes.write("@Ruth Adeyemi", by=web(cast.ivo), at=MONDAY, lead=deal.lead)
        with CaptureQueriesContext(connection) as queries:
            page(ruth)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_pages_hold_every_notification_once(cast: Cast) -> None:
    lead = lead_of(cast)
    mention_ruth(cast, lead, 120)
    ruth, query, seen = signed_in(cast.ruth), "?show=all", []
    while query:
        text = page(ruth, query)
        seen += re.findall(r"word (\d+)", text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        query = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(nth) for nth in reversed(range(120))]


def test_all_that_was_there_is_read_and_what_came_since_is_not(cast: Cast) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    notes.write("@Ruth Adeyemi earlier", by=web(cast.ivo), at=now() - timedelta(minutes=5), lead=lead)
    until = re.search(r'name="until" value="([^"]+)"', page(ruth))
    assert until
    notes.write("@Ruth Adeyemi later", by=web(cast.ivo), at=now() + timedelta(seconds=5), lead=lead)
    ruth.post(reverse("notifications_reading"), {"until": until[1].replace("&#43;", "+").replace("&#x2B;", "+")})
    text = page(ruth)
    assert "later" in text
    assert "earlier" not in text
    assert "earlier" in page(ruth, "?show=all")


def test_one_group_is_read_and_nobody_reads_for_somebody_else(cast: Cast) -> None:
    one, other = lead_of(cast, 1), lead_of(cast, 2)
    for lead in (one, other):
        mention_ruth(cast, lead)
    ids = list(Notification.objects.filter(lead=one, person=cast.ruth).values_list("pk", flat=True))
    signed_in(cast.ivo).post(reverse("notifications_reading"), {"id": ids})
    assert notifications.n_unread(cast.ruth) == 2
    assert signed_in(cast.ruth).post(reverse("notifications_reading"), {"id": [*ids, "x", "-1"], "show": "all"})["Location"] == "/notifications?show=all"
    assert Notification.objects.get(person=cast.ruth, read_at=None).lead == other


def test_opening_the_record_reads_what_it_has_to_tell(cast: Cast) -> None:
    deal, lead = deal_of(cast, 1), lead_of(cast, 2)
    task = tasks.add(Task(subject="Call", owner=cast.ruth), by=web(cast.ivo), at=MONDAY)
    mention_ruth(cast, deal.lead)
    mention_ruth(cast, lead)
    ruth = signed_in(cast.ruth)
    assert f'href="{reverse("opportunity", args=[deal.pk])}#entry-' in page(ruth), "a lead with a deal opens as the deal"
    for address, n in ((reverse("opportunity", args=[deal.pk]), 2), (reverse("lead", args=[lead.pk]), 1), (reverse("task", args=[task.pk]), 0)):
        assert ruth.get(address).status_code == 200
        assert notifications.n_unread(cast.ruth) == n


def test_a_record_that_was_taken_away_is_gone_from_page_and_bell(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=web(cast.ruth), at=MONDAY)
    saori = signed_in(cast.saori)
    assert "한서윤" in page(saori)
    leads.give(lead, to=cast.chika, team=cast.success, by=web(cast.ruth), at=MONDAY)
    for query in ("", "?show=all", "?show=mine"):
        assert "한서윤" not in page(saori, query)
    assert bell(saori) in ("通知", "Notifications")


def test_the_tabs_narrow_and_others_are_refused(cast: Cast) -> None:
    lead, mina = lead_of(cast), signed_in(cast.mina)
    following.follow(lead, by=web(cast.mina), at=MONDAY)
    leads.advance(lead, to=stages.BOOKED, by=web(cast.ivo), at=MONDAY + timedelta(days=1))
    notes.write("@아라 hi", by=web(cast.ivo), at=MONDAY, lead=lead)
    tasks.add(Task(subject="Call", owner=cast.mina), by=web(cast.ivo), at=MONDAY)
    shown = {query: page(mina, query).count('class="told-line"') for query in ("", "?show=all", "?show=mentions", "?show=mine")}
    assert shown == {"": 3, "?show=all": 3, "?show=mentions": 1, "?show=mine": 1}
    assert mina.get(reverse("notifications") + "?show=everything").status_code == 400
    assert mina.post(reverse("notifications_reading"), {"until": "soon"}).status_code == 400
    assert mina.get(reverse("notifications") + "?before=999999999999").status_code == 200


def test_many_at_once_lead_to_their_list(cast: Cast) -> None:
    some = [lead_of(cast, nth) for nth in range(3)]
    said = {"give-owner": cast.saori.pk, "give-team": cast.field_sales.pk, "give-reason": "", "id": [lead.pk for lead in some]}
    signed_in(cast.ruth).post(reverse("bulk_start", args=["lead", "give"]), said)
    signed_in(cast.saori).post(reverse("language"), {"language": "en"})
    text = page(signed_in(cast.saori))
    assert "Ruth Adeyemi gave you 3 leads" in text
    assert f'href="{reverse("leads")}?view=mine"' in text


def test_a_record_is_followed_and_left_from_its_page(cast: Cast) -> None:
    lead, mina = lead_of(cast), signed_in(cast.mina)
    address = reverse("lead", args=[lead.pk])
    assert reverse("follow", args=["lead", lead.pk]) in mina.get(address).content.decode()
    assert mina.post(reverse("follow", args=["lead", lead.pk]), {"next": address})["Location"] == address
    assert reverse("unfollow", args=["lead", lead.pk]) in mina.get(address).content.decode()
    mina.post(reverse("unfollow", args=["lead", lead.pk]))
    assert Follow.objects.get(person=cast.mina).stopped_at
    assert signed_in(cast.chika).post(reverse("follow", args=["lead", lead.pk])).status_code == 404
    assert mina.post(reverse("follow", args=["product", 1])).status_code == 404


@pytest.mark.parametrize("noun", ["account", "contact"])
def test_companies_and_people_are_followed_too(cast: Cast, noun: str) -> None:
    record = getattr(lead_of(cast), noun)
    mina = signed_in(cast.mina)
    mina.post(reverse("follow", args=[noun, record.pk]))
    assert following.is_followed(record, person=cast.mina)
    assert reverse("unfollow", args=[noun, record.pk]) in mina.get(reverse(noun, args=[record.pk])).content.decode()


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "\u202egnp.exe", "🐈" * 400, "x" * 20_000])
def test_hostile_words_are_words_here_too(cast: Cast, words: str) -> None:
    lead = lead_of(cast)
    account = records.add_account(records.Company("<img src=x onerror=alert(1)>"), owner=cast.ivo, team=cast.inside_sales, by=web(cast.ivo), at=MONDAY)
    notes.write(f"@Ruth Adeyemi {words}"[:20_000], by=web(cast.ivo), at=MONDAY, lead=lead)
    notes.write("@Ruth Adeyemi", by=web(cast.ivo), at=MONDAY, account=account)
    text = page(signed_in(cast.ruth))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert len(text) < 60_000
