"""The settings: an index of what one may open, the organisation, calendars, and what is shown of the installation."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.calendars import Calendar, hours_of, written
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.virus_scanner import Clamd, Command, Scanner
from tasuki.crm import attachments
from tasuki.crm.files import File, Scan
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.web import settings_index
from tests.cast import MONDAY, Cast, hired
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

HOUSE = {"name": "Gaon", "country": "JP", "currency": "JPY", "language": "ja", "time_zone": "Asia/Tokyo", "fiscal_year_starts_in": "4"}
OFFICE = {"name": "Seoul", "time_zone": "Asia/Seoul", "country": "KR", **{f"day_{day}": "9-12, 13-18" for day in range(5)}}
HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE core_calendar; --", "{{ 7 * 7 }}", "가" * 5000, "\u202egnp"]
RUNS = ("mail", "storage", "backups")


def labels(client: Client, q: str = "") -> set[str]:
    return set(re.findall(r'<a class="tile"[^>]*>.*?<b class="medium">(.*?)</b>', client.get(reverse("settings"), {"q": q} if q else {}).content.decode()))


def test_the_index_holds_what_one_may_open_and_every_page_of_it_opens(cast: Cast) -> None:
    for person in (cast.ada, cast.ruth, cast.ivo, hired("obi", "Obi", "Ana", role=Role.OBSERVER)):
        client = signed_in(person)
        for _name, settings in settings_index.open_to(person):
            for one in settings:
                answer = client.get(reverse(one.url_name))
                assert answer.status_code == 200, (person, one.url_name)
    assert labels(signed_in(cast.ivo)) == {
        "My profile", "My mailbox", "My calendar",
        "Organisation", "Calendars", "People", "Teams", "Roles and abilities", "Stages", "Routing", "Agreements", "Products", "Objections",
        "Do not contact", "About Tasuki",
    }  # fmt: skip
    assert {"Backup", "Outgoing mail", "Files", "Audit log"} <= labels(signed_in(cast.ada))


@pytest.mark.parametrize(
    ("scanner", "said"),
    [(None, "none: files are not scanned"), (Clamd("/run/clamd.ctl"), "clamd · 1 file waits for it"), (Command(("scan",)), "command · 1 file waits for it")],
)
def test_the_page_of_files_says_what_the_quota_counts_and_who_scans(cast: Cast, settings: Settings, *, scanner: Scanner | None, said: str) -> None:
    settings.SCANNER, settings.FILES_QUOTA = scanner, 3 * 1024**2
    lead, by = lead_of(cast), By(cast.ivo, Door.WEB)
    kept, refused = (attachments.attach(ContentFile(b"x" * 10), name=name, n_bytes=10, lead=lead, by=by, at=MONDAY) for name in ("quote.pdf", "offer.pdf"))
    File.objects.filter(pk=kept.pk).update(n_bytes=2 * 1024**2)
    File.objects.filter(pk=refused.pk).update(n_bytes=1024**2, scan=Scan.REFUSED)
    text = signed_in(cast.ada).get(reverse("storage")).content.decode()
    assert "<dd>2 of 3 MB</dd>" in text
    assert f"<dd>{said}" in text


def test_what_is_not_in_the_index_is_closed(cast: Cast) -> None:
    for person in (cast.ruth, cast.ivo, cast.mina):
        client = signed_in(person)
        for name in RUNS:
            assert client.get(reverse(name)).status_code == 403, (person, name)
        assert client.post(reverse("mail_trial")).status_code == 403
        assert client.post(reverse("organisation"), HOUSE).status_code == 403
        assert client.post(reverse("calendars"), OFFICE).status_code == 403
    assert signed_in(cast.ivo).get(reverse("data_export")).status_code == 403
    assert the_organisation().name != "Gaon"


@pytest.mark.parametrize(
    ("q", "found"),
    [("holiday", {"Calendars"}), ("permission", {"Roles and abilities"}), ("smtp", {"Outgoing mail", "Mailboxes", "My mailbox"}), ("zebra", set())],
)
def test_it_is_searched_without_script(cast: Cast, q: str, found: set[str]) -> None:
    assert labels(signed_in(cast.ada), q) == found


def test_every_page_of_the_settings_is_in_the_palette(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    text = ada.get(reverse("search"), headers={"HX-Request": "true"}).content.decode()
    for _name, settings in settings_index.open_to(cast.ada):
        for one in settings:
            assert text.count(f'href="{reverse(one.url_name)}"') == 1, one.url_name
    assert f'href="{reverse("backups")}"' in ada.get(reverse("search"), {"q": "backup"}).content.decode()
    assert f'href="{reverse("backups")}"' not in signed_in(cast.ruth).get(reverse("search"), {"q": "backup"}).content.decode()


def test_ada_describes_the_organisation(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    assert ada.post(reverse("organisation"), HOUSE).status_code == 302
    house = the_organisation()
    assert (house.name, house.country, house.currency, house.time_zone, house.fiscal_year_starts_in) == ("Gaon", "JP", "JPY", "Asia/Tokyo", 4)
    assert AuditEntry.objects.filter(noun="organisation", action="change").latest("pk").changes["currency"] == ["KRW", "JPY"]
    assert "Gaon" in signed_in(cast.ivo).get(reverse("organisation")).content.decode()


WRONG = [{"country": "XX"}, {"currency": "KRWX"}, {"currency": "XTS"}, {"language": "de"}, {"time_zone": "Mars/Base"}, {"fiscal_year_starts_in": "13"}]


@pytest.mark.parametrize("wrong", [*WRONG, {"name": ""}])
def test_what_no_organisation_can_be_is_refused_in_its_place(cast: Cast, wrong: dict[str, str]) -> None:
    answer = signed_in(cast.ada).post(reverse("organisation"), HOUSE | wrong)
    assert answer.status_code == 422
    assert "form-error" in answer.content.decode()
    assert the_organisation().name != "Gaon"


def test_the_currency_stays_once_an_order_is_counted(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.win(deal, by=By(cast.saori, Door.WEB), at=MONDAY.replace(day=9))
    assert Passage.objects.filter(amount=Money(Decimal(777_000), "KRW").amount).exists()
    answer = signed_in(cast.ada).post(reverse("organisation"), HOUSE)
    assert answer.status_code == 422
    assert "history is not rewritten" in answer.content.decode()
    assert the_organisation().currency == "KRW"
    assert signed_in(cast.ada).post(reverse("organisation"), HOUSE | {"currency": "KRW"}).status_code == 302


def test_ada_adds_a_calendar_with_split_shifts_and_chooses_it(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    ada.post(reverse("calendars"), OFFICE)
    calendar = Calendar.objects.get(name="Seoul")
    assert written(hours_of(calendar).week[0]) == "09:00–12:00, 13:00–18:00"
    ada.post(reverse("calendar_days", args=[calendar.pk]), {"falls_on": "2026-06-01", "name": "창립기념일", "hours": ""})
    assert hours_of(calendar).shifts_on(date(2026, 6, 1)) == ()
    text = ada.get(reverse("calendar", args=[calendar.pk]) + "?year=2026").content.decode()
    assert "창립기념일" in text
    assert "추석" in text, "the holidays of the country are shown before they come"
    ada.post(reverse("calendar_choosing", args=[calendar.pk]))
    assert Calendar.objects.of_the_organisation() == calendar
    assert ada.post(reverse("calendar_removal", args=[calendar.pk])).status_code == 422
    ada.post(reverse("calendar", args=[calendar.pk]), OFFICE | {"day_0": "10-15", "name": "Busan"})
    calendar.refresh_from_db()
    assert (calendar.name, written(hours_of(calendar).week[0])) == ("Busan", "10:00–15:00")
    day = calendar.own_days.get()
    ada.post(reverse("calendar_day_removal", args=[calendar.pk, day.pk]))
    assert not calendar.own_days.exists()


def test_what_is_wrong_with_hours_is_said_beside_them(cast: Cast) -> None:
    answer = signed_in(cast.ada).post(reverse("calendars"), OFFICE | {"day_2": "9-13, 12-18", "day_3": "whenever"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "overlaps" in text
    assert "“whenever” cannot be read as hours" in text
    assert 'value="9-13, 12-18"' in text
    assert Calendar.objects.count() == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_kept_as_words_or_refused(cast: Cast, hostile: str) -> None:
    ada, calendar = signed_in(cast.ada), Calendar.objects.get()
    posts: list[tuple[str, dict[str, Any]]] = [
        (reverse("organisation"), HOUSE | {"name": hostile}),
        (reverse("calendars"), OFFICE | {"name": hostile, "day_0": hostile}),
        (reverse("calendars"), OFFICE | {"name": hostile}),
        (reverse("calendar_days", args=[calendar.pk]), {"falls_on": hostile, "name": hostile, "hours": hostile}),
        (reverse("calendar_days", args=[calendar.pk]), {"falls_on": "2026-06-01", "name": hostile, "hours": ""}),
    ]
    for address, said in posts:
        answer = ada.post(address, said)
        assert answer.status_code in {302, 422}, address
        assert "<script>alert(1)" not in ada.get(reverse("calendars")).content.decode()
    assert ada.get(reverse("calendar", args=[calendar.pk]) + f"?year={hostile[:50]}").status_code == 200
    assert ada.get(reverse("settings"), {"q": hostile}).status_code == 200


def test_a_calendar_costs_the_same_for_two_days_and_twelve(cast: Cast, django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ada, calendar = signed_in(cast.ada), Calendar.objects.get()

    def cost(name: str, *args: object) -> int:
        with CaptureQueriesContext(connection) as queries:
            ada.get(reverse(name, args=args))
        return len(queries)

    def fill(numbers: range) -> None:
        for nth in numbers:
            ada.post(reverse("calendar_days", args=[calendar.pk]), {"falls_on": f"2026-06-{nth:02}", "name": "closed", "hours": ""})
            ada.post(reverse("calendars"), OFFICE | {"name": f"Office {nth}"})

    fill(range(1, 3))
    few = cost("calendar", calendar.pk), cost("calendars")
    fill(range(3, 13))
    assert (cost("calendar", calendar.pk), cost("calendars")) == few


def test_every_list_is_taken_out_whole(cast: Cast) -> None:
    lead = deal_of(cast).lead
    ada = signed_in(cast.ada)
    links = re.findall(r'href="(/exports/[^"]*)"', ada.get(reverse("data_export")).content.decode())
    assert len(links) >= 10
    for link in links:
        answer = ada.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        content = b"".join(answer)
        if link.startswith("/exports/lead?") and link.endswith("csv"):
            assert lead.title in content.decode("utf-8-sig")


def test_a_backup_is_told_of(cast: Cast, tmp_path: Path) -> None:
    ada = signed_in(cast.ada)
    assert "No backup was made" in ada.get(reverse("backups")).content.decode()
    facts = {"file": ["", "monday.tasuki"], "n_bytes": [0, 5_000_000], "n_files": [0, 3], "sha256": ["", "ab" * 32]}
    AuditEntry.objects.create(at=MONDAY, actor=None, door=Door.COMMAND, noun="organisation", record_id=1, action="backup", changes=facts)
    text = ada.get(reverse("backups")).content.decode()
    assert "monday.tasuki" in text
    assert "ab" * 32 in text


def test_about_says_who_works_in_the_background_to_whoever_looks_after_it(cast: Cast) -> None:
    assert "no worker runs" in signed_in(cast.ada).get(reverse("about")).content.decode()
    assert "no worker runs" not in signed_in(cast.ivo).get(reverse("about")).content.decode()


def test_no_mail_is_sent_where_none_can_be(cast: Cast, settings: Any) -> None:
    settings.MAIL = None
    ada = signed_in(cast.ada)
    assert "No mail is sent from here" in ada.get(reverse("mail")).content.decode()
    assert ada.post(reverse("mail_trial")).status_code == 302
