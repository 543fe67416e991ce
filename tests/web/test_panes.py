"""What a page shows the first of: it says how many there are, leads to all of them, and asks no more for many than for few."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportFile
from tasuki.crm import accounts, attachments, leads, notes, records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival
from tasuki.crm.tasks import Task
from tests.cast import SET_UP, Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def company(cast: Cast, name: str = "Firm 1 Ltd.", parent: Account | None = None) -> Account:
    return records.add_account(records.Company(name, parent=parent), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)


def peopled(account: Account, n: int) -> None:
    for nth in range(n):
        records.add_contact(records.Person(f"Roe {account.pk} {nth:02}", account=account), another="one more", by=SET_UP, at=MONDAY)


def attached(n: int, **of: object) -> None:
    for nth in range(n):
        attachments.attach(SimpleUploadedFile("quote", b"quote"), name=f"quote {nth:02}.txt", n_bytes=5, by=SET_UP, at=MONDAY, **of)


def all_of(text: str, what: str) -> tuple[str, str]:
    """The words and the address of the link below a pane."""
    found = re.search(rf'href="([^"]+)">([^<]+)<span class="sr">: {what}<', text)
    assert found, f"no way to all {what}"
    return found[2], html.unescape(found[1])


def n_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_page_of_a_company_leads_to_all_its_people_daughters_tasks_and_owners(cast: Cast) -> None:
    account, ada = company(cast), signed_in(cast.ada)
    peopled(account, 22)
    for nth in range(21):
        company(cast, f"Daughter {nth:02}", account)
        tasks.add(Task(subject=f"Ask {nth:02}", owner=cast.ivo, account=account, due_on=date(2026, 4, 1)), by=SET_UP, at=MONDAY)
    for nth in range(10):
        accounts.give(account, to=(cast.saori, cast.ivo)[nth % 2], team=cast.inside_sales, by=SET_UP, at=MONDAY + timedelta(days=nth + 1))
    text = ada.get(reverse("account", args=[account.pk])).content.decode()
    for what, n, name in (("Contacts", 22, "contacts"), ("Subsidiaries", 21, "accounts"), ("Open tasks", 21, "tasks")):
        words, address = all_of(text, what)
        assert words == f"See all {n}"
        assert address.startswith(reverse(name) + "?")
        there = ada.get(address).content.decode()
        assert f'<span class="quiet">{n}</span>' in there, address
        assert "Firm 1 Ltd.</b>" in there, "the filter says the name of the company, not its number"
    words, address = all_of(text, "Owner, now and before")
    assert (words, address) == ("See all 11", "?kind=owner")
    assert ada.get(reverse("account", args=[account.pk]) + address).content.decode().count('class="event"') >= 11


def test_what_is_shown_whole_has_no_way_to_all_of_it(cast: Cast) -> None:
    account = company(cast)
    peopled(account, 20)
    text = signed_in(cast.ada).get(reverse("account", args=[account.pk])).content.decode()
    assert re.search(r'<h2>Contacts</h2>\s*<span class="quiet">20</span>', text)
    assert "See all" not in text


def test_a_count_is_of_what_the_reader_sees(cast: Cast) -> None:
    account = company(cast)
    for nth in range(22):
        owner, team = (cast.ivo, cast.inside_sales) if nth < 21 else (cast.chika, cast.success)
        records.add_account(records.Company(f"Daughter {nth:02}", parent=account), owner=owner, team=team, by=SET_UP, at=MONDAY)
    address = reverse("account", args=[account.pk])
    assert all_of(signed_in(cast.ada).get(address).content.decode(), "Subsidiaries")[0] == "See all 22"
    assert all_of(signed_in(cast.ivo).get(address).content.decode(), "Subsidiaries")[0] == "See all 21"


def test_the_page_of_a_person_leads_to_all_their_leads_and_tasks(cast: Cast) -> None:
    contact, ada = lead_of(cast).contact, signed_in(cast.ada)
    assert contact is not None
    for nth in range(20):
        product = records.add_product(f"Product {nth}", line=f"line {nth}", price=None, currency="", by=SET_UP, at=MONDAY)
        arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=contact.account, product=product)
        leads.capture(arrival, by=SET_UP, at=MONDAY + timedelta(days=nth + 1))
        tasks.add(Task(subject=f"Ask {nth:02}", owner=cast.ivo, contact=contact), by=SET_UP, at=MONDAY)
    tasks.add(Task(subject="Ask again", owner=cast.ivo, contact=contact), by=SET_UP, at=MONDAY)
    text = ada.get(reverse("contact", args=[contact.pk])).content.decode()
    for what in ("Leads", "Open tasks"):
        words, address = all_of(text, what)
        assert words == "See all 21"
        there = ada.get(address).content.decode()
        assert '<span class="quiet">21</span>' in there
        assert f"{contact.display_name} · {contact.account.name}</b>" in there
    page = ada.get(reverse("account", args=[contact.account_id])).content.decode()
    assert all_of(page, "Leads")[0] == "See all 21"
    glance = ada.get(reverse("contact_peek", args=[contact.pk])).content.decode()
    assert all_of(glance, "Open tasks")[0] == "See all 21"


def test_files_beyond_the_newest_have_a_page_that_is_turned(cast: Cast) -> None:
    account, ada = company(cast), signed_in(cast.ada)
    attached(51, account=account)
    words, address = all_of(ada.get(reverse("account", args=[account.pk])).content.decode(), "Files")
    assert (words, address) == ("See all 51", reverse("files", args=["account", account.pk]))
    first = ada.get(address).content.decode()
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    last = ada.get(address + older[1]).content.decode()
    names = re.findall(r"quote \d\d\.txt</bdi>", first + last)
    assert len(names) == len(set(names)) == 51
    assert 'rel="next"' not in last
    assert f'href="{address}" rel="prev"' in last


def test_files_are_listed_to_whom_the_record_is_shown(cast: Cast) -> None:
    deal = deal_of(cast)
    attached(1, lead=deal.lead)
    address = reverse("files", args=["lead", deal.lead_id])
    assert "quote 00.txt" in signed_in(cast.ada).get(address).content.decode()
    assert signed_in(cast.chika).get(address).status_code == 404
    assert signed_in(cast.ada).get(reverse("files", args=["task", 1])).status_code == 404
    assert signed_in(cast.ada).get(address + "?before=" + "9" * 400).status_code == 200
    assert "quote 00.txt" in signed_in(cast.ada).get(reverse("opportunity", args=[deal.pk])).content.decode(), "a deal shows the files of its lead"


def test_a_file_that_is_reached_by_what_it_belongs_to_hangs_on_no_record(cast: Cast) -> None:
    account = company(cast)
    attached(1, account=account)
    File.objects.update(is_apart=True)
    assert 'class="file"' not in signed_in(cast.ada).get(reverse("account", args=[account.pk])).content.decode()
    assert "quote 00.txt" not in signed_in(cast.ada).get(reverse("files", args=["account", account.pk])).content.decode()


def test_a_page_asks_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    account, ada = company(cast), signed_in(cast.ada)
    pages = [reverse("account", args=[account.pk]), reverse("files", args=["account", account.pk])]

    def more(n: int) -> None:
        peopled(account, n)
        attached(n, account=account)
        for nth in range(n):
            company(cast, f"Daughter {n} {nth:02}", account)
            tasks.add(Task(subject=f"Ask {nth:02}", owner=cast.ivo, account=account), by=SET_UP, at=MONDAY)

    more(2)
    for page in pages:
        ada.get(page)
    two = [n_queries(ada, page) for page in pages]
    more(10)
    assert [n_queries(ada, page) for page in pages] == two


def test_the_list_of_imports_is_turned(cast: Cast) -> None:
    ImportRun.objects.bulk_create([ImportRun(target="leads", file_name=f"leads {nth:02}.csv", mapping={}, created_at=MONDAY) for nth in range(51)])
    ada = signed_in(cast.ada)
    first = ada.get(reverse("imports")).content.decode()
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    last = ada.get(reverse("imports") + older[1]).content.decode()
    names = re.findall(r"leads \d\d\.csv</bdi>", first + last)
    assert len(names) == len(set(names)) == 51
    assert 'rel="next"' not in last
    assert ada.get(reverse("imports") + "?before=x").content.decode().count("leads ") == first.count("leads ")


def test_the_preview_of_a_wide_file_says_how_wide_it_is_and_shows_the_rest(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    names = [f"Column {nth:03}" for nth in range(300)]
    wide = SimpleUploadedFile("wide.csv", (",".join(names) + "\n" + ",".join(f"v{nth}" for nth in range(300)) + "\n").encode())
    ada.post(reverse("import_new"), {"file": wide})
    address = reverse("import_file", args=[ImportFile.objects.get().pk])
    text = ada.get(address).content.decode()
    assert "The first 40 of 300 columns." in text
    assert (text.count('<th scope="col">Column '), 'href="?columns=all"' in text) == (40, True)
    whole = ada.get(address + "?columns=all").content.decode()
    assert (whole.count('<th scope="col">Column '), "The first 40 of" in whole) == (300, False)


def test_the_page_of_a_person_says_who_owns_their_company_and_who_carried_each_pass(cast: Cast) -> None:
    deal = deal_of(cast)
    text = signed_in(cast.ada).get(reverse("contact", args=[deal.lead.contact_id])).content.decode()
    assert re.search(r"<dt>Owner</dt><dd>.*Ivo Horvat", text)
    chain = text[text.index("Through the relay") :]
    assert "pass 1" in chain
    assert chain.index("Ivo Horvat") < chain.index("西野 沙織"), "inside sales carried it first, then sales"
    assert "1 with a meeting" in chain


def test_a_contact_without_a_company_has_no_owner(cast: Cast) -> None:
    contact = records.add_contact(records.Person("Roe"), by=SET_UP, at=MONDAY)
    assert "<dt>Owner</dt><dd>–</dd>" in signed_in(cast.ada).get(reverse("contact", args=[contact.pk])).content.decode()


def test_the_page_of_a_task_tells_what_happened_around_what_it_is_about(cast: Cast) -> None:
    lead, by = lead_of(cast), By(cast.ivo, Door.WEB)
    notes.write("They wait for the board", by=by, at=MONDAY, lead=lead)
    attached(1, lead=lead)
    task = tasks.add(Task(subject="Call", owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    address = reverse("task", args=[task.pk])
    text = signed_in(cast.ivo).get(address).content.decode()
    assert "They wait for the board" in text
    assert 'class="file"' in text
    assert reverse("note_add", args=["lead", lead.pk]) in text
    tasks.change(task, owner=cast.chika, by=by, at=MONDAY)
    hidden = signed_in(cast.chika).get(address).content.decode()
    assert "They wait for the board" not in hidden
    assert 'class="file"' not in hidden
