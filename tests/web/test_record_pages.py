"""Lists and record pages: what they show, what they hide, what they cost, and what they refuse."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import leads, notes, records, stages, tasks
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tasuki.web.lists.nouns import SPECS
from tests.cast import Cast, hired
from tests.remembering import written
from tests.web.office import lead_of
from tests.web.reading import said_by

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LISTS = ("leads", "opportunities", "accounts", "contacts", "products", "tasks", "people", "imports", "home")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def relay_run(cast: Cast, nth: int, name: str = "Mia Roe") -> Opportunity:
    return written(_relay_run, cast, nth, name)


def _relay_run(cast: Cast, nth: int, name: str) -> Opportunity:
    """One person at one company with a task, a note on the timeline and an accepted meeting."""
    by, at = By(cast.ivo, Door.WEB), MONDAY + timedelta(hours=nth)
    account = records.add_account(records.Company(f"Firm {nth} Ltd."), owner=cast.ivo, team=cast.inside_sales, by=by, at=at)
    contact = records.add_contact(records.Person(name, account=account, email=f"p{nth}@firm{nth}.example", phone=f"+82 10 5550 {nth:04}"), by=by, at=at)
    product = records.add_product(f"Product {nth}", line=f"line {nth}", price=Decimal(5), currency="KRW", by=by, at=at)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, product=product, source=f"source {nth % 3}")
    lead = leads.capture(arrival, by=by, at=at, stage=stages.BOOKED)
    tasks.add(Task(subject=f"Call {nth}", owner=cast.ivo, lead=lead), by=by, at=at)
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, money=Money(Decimal(777_000), "KRW"))
    return opportunities.accept(lead, terms=terms, by=by, at=at)


def asked(client: Client, name: str) -> list[str]:
    """The questions of a page; of a list as it opens, and then with every column that it has."""
    columns = [column.key for spec in SPECS.values() if spec.name == name for column in spec.columns]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse(name)).status_code == 200
        if columns:
            assert client.get(reverse(name), {"columns": ",".join(columns)}).status_code == 200
    return [query["sql"][:120] for query in queries.captured_queries]


def some_runs(cast: Cast, n: int) -> None:
    for nth in range(n):
        _relay_run(cast, nth, "Mia Roe")
        hired(f"person{nth}", "Roe", "Mia", role=Role.OBSERVER)


def asked_of(n: int, *, cast: Cast, client: Client, name: str) -> list[str]:
    """The questions where so many have run, and as many more people were hired; then nobody has."""
    with transaction.atomic():
        written(some_runs, cast, n)
        client.get(reverse(name))
        there = asked(client, name)
        transaction.set_rollback(True)
    return there


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_queries_for_two_rows_and_for_twelve(cast: Cast, name: str) -> None:
    client = signed_in(cast.ada)
    two, twelve = (asked_of(n, cast=cast, client=client, name=name) for n in (2, 12))
    assert len(twelve) == len(two), twelve


def test_a_record_page_costs_the_same_with_a_long_timeline(cast: Cast) -> None:
    opportunity = relay_run(cast, 1)
    client = signed_in(cast.ada)
    address = reverse("lead", args=[opportunity.lead_id])
    client.get(address)
    with CaptureQueriesContext(connection) as short:
        client.get(address)
    for nth in range(12):
        TimelineEntry.objects.create(at=MONDAY + timedelta(days=nth), kind="note", lead_id=opportunity.lead_id, actor=cast.ivo, text=f"note {nth}")
    with CaptureQueriesContext(connection) as long:
        client.get(address)
    assert len(long) == len(short)


def test_the_timeline_shows_one_kind_and_goes_on_where_the_page_ended(cast: Cast) -> None:
    lead, by_ivo = lead_of(cast), By(cast.ivo, Door.WEB)
    for nth in range(45):
        # Many at the same moment: the page that follows begins behind the last one, not behind its moment.
        notes.write(f"Note {nth:02}", lead=lead, by=by_ivo, at=MONDAY + timedelta(hours=1 + nth // 9))
    TimelineEntry.objects.create(at=MONDAY + timedelta(days=1), kind=Kind.CALL, lead=lead, actor=cast.ivo, text="The only call")
    ivo, address = signed_in(cast.ivo), reverse("lead", args=[lead.pk])
    calls = ivo.get(address, {"kind": "call"}).content.decode()
    assert "The only call" in calls
    assert "Note 44" not in calls
    offered = re.findall(r'href="\?kind=(\w+)"', calls)
    assert set(offered) == {kind.value for kind in Kind} - {"import", "merge", "win"}
    told, page = [], "?kind=note"
    while page:
        text = ivo.get(address + page).content.decode()
        assert "The only call" not in text
        told += re.findall(r"Note \d\d", text.partition('id="timeline"')[2])
        following = re.search(r'href="(\?kind=note&amp;before=\d+)"', text)
        page = html.unescape(following[1]) if following else ""
    assert told == [f"Note {nth:02}" for nth in reversed(range(45))]
    assert ivo.get(address, {"kind": "secret"}).status_code == 400
    assert "Note 44" in ivo.get(address, {"before": "999999"}).content.decode(), "no place of this timeline: it begins anew"


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
@pytest.mark.parametrize("who", ["ada", "ruth", "mina", "ivo", "saori", "chika"])
def test_every_page_opens_for_everybody_in_three_languages(cast: Cast, who: str, language: str) -> None:
    opportunity = relay_run(cast, 1)
    user: User = getattr(cast, who)
    User.objects.get_queryset().filter(pk=user.pk).update(language=language)
    client = signed_in(user)
    lead = opportunity.lead
    pages = [
        reverse(name) for name in ("home", "relay", "leads", "opportunities", "accounts", "contacts", "products", "tasks", "settings", "search", "lead_new")
    ]
    pages += [reverse("lead", args=[lead.pk]), reverse("opportunity", args=[opportunity.pk]), reverse("account", args=[lead.account_id])]
    pages += [reverse("contact", args=[lead.contact_id]), reverse("relay_rows") + "?stage=p1&what=entered", reverse("relay") + "?form=cohort&period=all"]
    for page in pages:
        response = client.get(page)
        # 404: not theirs to see. 403: not theirs to do. Anything else must be the page.
        assert response.status_code in ({200} if who in {"ada", "ruth"} else {200, 403, 404}), page
        if response.status_code == 200:
            assert f'<html lang="{language}"' in response.content.decode(), page


def test_what_a_role_must_not_see_is_not_in_the_page(cast: Cast) -> None:
    opportunity = relay_run(cast, 1)
    observer = hired("olga", "Orlova", "Olga", role=Role.OBSERVER)
    for page in (reverse("contacts"), reverse("contact", args=[opportunity.lead.contact_id]), reverse("lead", args=[opportunity.lead_id])):
        assert "firm1.example" in signed_in(cast.ada).get(page).content.decode()
        assert "firm1.example" not in signed_in(observer).get(page).content.decode(), page
    for page in (reverse("opportunities"), reverse("opportunity", args=[opportunity.pk])):
        assert "777" in said_by(signed_in(cast.ada).get(page))
        assert "777" not in said_by(signed_in(cast.mina).get(page)), page


def test_somebody_elses_record_is_not_there(cast: Cast) -> None:
    opportunity = relay_run(cast, 1)
    other = leads.capture(Arrival(team=cast.marketing), by=By(cast.mina, Door.WEB), at=MONDAY)
    assert signed_in(cast.ivo).get(reverse("lead", args=[other.pk])).status_code == 404
    assert signed_in(cast.chika).get(reverse("opportunity", args=[opportunity.pk])).status_code == 404
    assert signed_in(cast.chika).post(reverse("note_add", args=["lead", other.pk]), {"text": "mine now"}).status_code == 404


def test_pages_of_a_list_hold_every_row_once(cast: Cast) -> None:
    for nth in range(120):
        leads.capture(Arrival(team=cast.inside_sales, source="web"), by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(minutes=nth // 3))
    client, address, seen = signed_in(cast.ada), reverse("leads"), []
    while address:
        text = client.get(address).content.decode()
        seen += re.findall(r'class="sheet-name" href="/leads/(\d+)"', text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        address = reverse("leads") + html.unescape(older[1]) if older else ""
    assert len(seen) == 120
    assert len(set(seen)) == 120


@pytest.mark.parametrize("query", ["?after=forged", "?after=WzEsMl0:1abcde:zzz", "?sort=password", "?view=all'--", "?sort=-opened&after="])
def test_a_forged_place_in_a_list_is_refused(cast: Cast, query: str) -> None:
    assert signed_in(cast.ada).get(reverse("leads") + query).status_code in ({400} if query != "?sort=-opened&after=" else {200})


@pytest.mark.parametrize(
    "query", ["?from=yesterday", "?period=never", "?form=guess", "?team=-1", "?team=99999999999999999999", "?from=2026-05-01&to=2026-01-01", "?by=password"]
)
def test_the_relay_refuses_what_it_does_not_have(cast: Cast, query: str) -> None:
    assert signed_in(cast.ada).get(reverse("relay") + query).status_code == 400


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "سارة العتيبي", "🐈" * 20, "Robert'); DROP TABLE crm_lead;--", "가" * 200])
def test_hostile_names_are_shown_as_text(cast: Cast, name: str) -> None:
    opportunity = relay_run(cast, 1, name=name)
    text = signed_in(cast.ada).get(reverse("lead", args=[opportunity.lead_id])).content.decode()
    assert "<script>alert" not in text
    assert signed_in(cast.ada).get(reverse("leads"), {"q": name}).status_code == 200


def test_a_lead_is_typed_in_and_carried_to_the_order(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    client.post(
        reverse("lead_new"), {"full_name": "한서윤", "email": "seoyun@gaon.example", "account": "㈜가온증권", "source": "referral", "origin": "inbound"}
    )
    lead = Lead.objects.select_related("contact", "account").get()
    assert (lead.contact.family_name, lead.account.folded_name, lead.owner) == ("한", "가온증권", cast.ruth)
    client.post(reverse("lead_advance", args=[lead.pk]), {"to": "booked"})
    client.post(reverse("lead_acceptance", args=[lead.pk]), {"name": "Night session", "amount": "1000000", "currency": "KRW"})
    opportunity = Opportunity.objects.get()
    client.post(reverse("opportunity_advance", args=[opportunity.pk]), {"to": "p4"})
    client.post(reverse("opportunity_win", args=[opportunity.pk]))
    assert Passage.objects.get(outcome="won").amount == 1_000_000
    assert list(Passage.objects.filter(lead=lead).order_by("seq").values_list("stage_id", flat=True)) == ["captured", "booked", "p1", "p4", "onboarding"]


def test_a_refusal_is_a_sentence_and_nothing_changes(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    lead = leads.capture(Arrival(team=cast.inside_sales), by=By(cast.ivo, Door.WEB), at=MONDAY)
    response = client.post(reverse("lead_recycling", args=[lead.pk]), {"reason": "no budget"})
    assert response.status_code == 422
    assert "wakes" in response.content.decode()
    assert Lead.objects.get(pk=lead.pk).stage_id == "captured"
    assert signed_in(cast.chika).post(reverse("lead_disqualification", args=[lead.pk]), {"reason": "x"}).status_code == 403


def test_a_file_goes_in_and_comes_out_inert(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    lead = leads.capture(Arrival(team=cast.inside_sales), by=By(cast.ivo, Door.WEB), at=MONDAY)
    page = SimpleUploadedFile("../../evil.html", b"<script>alert(1)</script>", content_type="text/html")
    client.post(reverse("files", args=["lead", lead.pk]), {"file": page})
    file = lead.files.get()
    assert file.name == "evil.html"
    response = client.get(reverse("file", args=[file.pk]))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response) == b"<script>alert(1)</script>"
    refused = client.post(reverse("files", args=["lead", lead.pk]), {"file": SimpleUploadedFile("run.exe", b"MZ")})
    assert refused.status_code == 422
    assert signed_in(cast.saori).get(reverse("file", args=[file.pk])).status_code == 404


def test_of_several_files_none_stays_when_one_is_refused(cast: Cast, tmp_path: Path, settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path, "base_url": None}},
    }
    lead = leads.capture(Arrival(team=cast.inside_sales), by=By(cast.ivo, Door.WEB), at=MONDAY)
    several = [SimpleUploadedFile("a.txt", b"quote"), SimpleUploadedFile("run.exe", b"MZ")]
    assert signed_in(cast.ruth).post(reverse("files", args=["lead", lead.pk]), {"file": several}).status_code == 422
    assert not lead.files.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_import_is_started_and_undone_through_the_pages(cast: Cast) -> None:
    from tasuki.core.imports import running
    from tasuki.core.imports.runs import ImportRun

    client = signed_in(cast.ada)
    rows = SimpleUploadedFile("leads.csv", "id,name\nL1,한서윤\nL2,Mia Roe\n".encode())
    client.post(reverse("import_new"), {"noun": "leads", "file": rows, "mapping": "columns: {reference: id, full_name: name}"})
    run = ImportRun.objects.get()
    assert (run.state, run.started_by) == ("waiting", cast.ada)
    running.run(run, at=MONDAY)
    assert "2" in client.get(reverse("import", args=[run.pk])).content.decode()
    client.post(reverse("import_undoing", args=[run.pk]))
    assert not Lead.objects.exists()
    wrong = SimpleUploadedFile("leads.csv", b"%PDF-1.7")
    assert client.post(reverse("import_new"), {"noun": "leads", "file": wrong, "mapping": "columns: {reference: id}"}).status_code == 422
    assert signed_in(cast.ruth).get(reverse("imports")).status_code == 403
