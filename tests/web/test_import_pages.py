"""Importing through the pages: files are looked at, mapped, asked about, rehearsed together, run in their order, and taken back."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tasuki.core.custom_fields import defining
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.imports import evidence, mapping, questions, running, sets
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportFile, ImportSet, SavedMapping
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.sales.opportunities import Opportunity
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

LATER = datetime(2027, 1, 4, 9, tzinfo=UTC)
ACCOUNTS = "Account ID,Account Name,Sector,Country\nA1,Gaon Securities,technolgy,Korea\nA2,Raon Trading,retail,Philipines\n"
CONTACTS = "Last Name,First Name,E-mail,Account ID\nKim,Mina,mina@gaon.example,A1\nPark,Ivo,ivo@raon.example,A2\n"
LEADS = "Lead ID,Created,Lead Source,Name,Email\nL1,03/04/2024,Web,Mina Kim,mina@gaon.example\nL2,05/06/2024,Web,Ivo Park,ivo@raon.example\n"
DEALS = (
    "Deal ID,Lead ID,Deal Name,Stage,Amount,Created,Closed\n"
    + "D1,L1,Gaon seats,Closed Won,$1.2K,2024-05-01,2024-06-01\n"
    + "D2,L2,Raon seats,Proposal,$3K,2024-07-01,\n"
)


def brought(client: Client, **files: str | bytes) -> ImportSet:
    uploads = [SimpleUploadedFile(f"{name}.csv", content.encode() if isinstance(content, str) else content) for name, content in files.items()]
    answer = client.post(reverse("import_new"), {"file": uploads})
    assert answer.status_code == 302, answer.content.decode()
    return ImportSet.objects.get()


def form_of(page: str) -> dict[str, str]:
    """What the mapping form of a page holds as it stands: a browser would send this."""
    form = page[page.index('name="csrfmiddlewaretoken"') :]
    said = {name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)}
    said |= dict(re.findall(r'<input class="check" type="radio" name="([^"]+)" value="([^"]*)" checked>', form))
    said |= dict.fromkeys(re.findall(r'<input class="check" type="checkbox" name="([^"]+)" checked>', form), "on")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        said[name] = html.unescape(chosen[1] if chosen and chosen[1] is not None else chosen[2] if chosen else "")
    return {name: value for name, value in said.items() if name != "save_as"}


def answered(client: Client, file: ImportFile, **more: str) -> str:
    """Take every proposal, as somebody does who agrees; `more` are answers where there is none. → the address one is led to."""
    address = reverse("import_file", args=[file.pk])
    page = client.get(address).content.decode()
    said = form_of(page)
    for at, options in re.findall(r'<select[^>]*name="answer-(\d+)">(.*?)</select>', page, re.DOTALL):
        proposed = re.search(r'<option value="([^"]*)">[^<]* – proposed', options)
        said[f"answer-{at}"] = html.unescape(proposed[1]) if proposed else more.pop("answer", "")
    answer = client.post(address, {**said, **more})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_four_files_that_refer_to_each_other_come_in_together_and_go_together(cast: Cast) -> None:
    client = signed_in(cast.ada)
    made = brought(client, deals=DEALS, leads=LEADS, contacts=CONTACTS, accounts=ACCOUNTS)
    assert [file.noun for file in sets.in_order(made)] == ["accounts", "contacts", "leads", "opportunities"]
    assert client.post(reverse("import_set_starting", args=[made.pk])).status_code == 422
    for file in made.files.all():
        assert answered(client, file, answer="%d/%m/%Y") == reverse("import_set", args=[made.pk])
    client.post(reverse("import_set_rehearsing", args=[made.pk]))
    running.rehearse_together([file.rehearsal for file in sets.in_order(made) if file.rehearsal], at=LATER)
    assert [(file.rehearsal.n_created, file.rehearsal.n_rejected) for file in sets.in_order(made) if file.rehearsal] == [(2, 0)] * 4
    assert (Account.objects.count(), Lead.objects.count()) == (0, 0)
    client.post(reverse("import_set_starting", args=[made.pk]))
    sets.run_all(made, at=LATER)
    assert Contact.objects.get(family_name="Kim").account == Account.objects.get(reference="A1")
    assert set(Account.objects.values_list("industry", "country")) == {("technology", "KR"), ("retail", "PH")}
    assert Lead.objects.get(reference="L1").opened_at.date().isoformat() == "2024-04-03"
    deal = Opportunity.objects.get(reference="D1")
    assert (deal.lead.reference, str(deal.amount), deal.currency) == ("L1", "1200.00", "USD")
    assert "2" in client.get(reverse("import_set", args=[made.pk])).content.decode()
    assert client.post(reverse("import_set_undoing", args=[made.pk])).status_code == 302
    assert (Account.objects.count(), Contact.objects.count(), Lead.objects.count(), Opportunity.objects.count()) == (0, 0, 0, 0)


def test_the_cards_of_an_address_book_come_in_with_their_company_and_ways_to_reach_them(cast: Cast) -> None:
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;\r\n{more}ORG:Gaon Securities\r\nTITLE:Head of trading\r\n"
        f"TEL;TYPE=CELL:{phone}\r\nEMAIL:{mail}\r\nEND:VCARD\r\n"
        for name, phone, mail, more in (
            ("김;민아", "+82 10-2345-6789", "mina@gaon.example", "TEL;TYPE=WORK:02-555-0142\r\nEMAIL:mina@home.example\r\nTEL;TYPE=HOME:02-555-0143\r\n"),
            ("Park;Ivo", "not a number", "ivo@gaon.example", ""),
        )
    )
    client = signed_in(cast.ada)
    assert client.post(reverse("import_new"), {"file": [SimpleUploadedFile("people.vcf", cards.encode())]}).status_code == 302
    made = ImportSet.objects.get()
    (file,) = made.files.all()
    assert file.noun == "contacts"
    answered(client, file, answer="KR")
    client.post(reverse("import_set_rehearsing", args=[made.pk]))
    running.rehearse_together([file.rehearsal for file in sets.in_order(made) if file.rehearsal], at=LATER)
    client.post(reverse("import_set_starting", args=[made.pk]))
    sets.run_all(made, at=LATER)
    mina = Contact.objects.get(family_name="김")
    assert (mina.given_name, mina.account.name if mina.account else "", mina.title) == ("민아", "Gaon Securities", "Head of trading")
    assert set(mina.emails.values_list("address", "is_primary")) == {("mina@home.example", True), ("mina@gaon.example", False)}
    assert set(mina.phones.values_list("e164", "is_primary")) == {("+8225550142", True), ("+8225550143", False), ("+821023456789", False)}
    (run,) = ImportRun.objects.filter(is_dry=False)
    assert (run.n_created, run.n_rejected) == (1, 1), "a card with a number that is none waits to be mended"


def test_by_what_people_are_known_is_ticked_and_kept(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, contacts=CONTACTS).files.all()
    said = form_of(client.get(reverse("import_file", args=[file.pk])).content.decode())
    assert [name for name in said if name.startswith("known_by-")] == ["known_by-email", "known_by-phone"]
    client.post(reverse("import_file", args=[file.pk]), {"known_by": "said", "column-family_name": "Last Name", "known_by-name": "on", "unclear": "create"})
    file.refresh_from_db()
    assert (file.as_mapping.known_by, file.as_mapping.unclear) == (("name",), "create")
    client.post(reverse("import_file", args=[file.pk]), {"known_by": "said", "column-family_name": "Last Name", "known_by-shoe": "on", "unclear": "'; DROP"})
    file.refresh_from_db()
    assert (file.as_mapping.known_by, file.as_mapping.unclear) == ((), "create")


def test_a_question_that_is_not_answered_is_asked_again_and_its_rows_are_refused(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, leads=LEADS).files.all()
    assert "Which day is" in client.get(reverse("import_file", args=[file.pk])).content.decode()
    assert answered(client, file) == reverse("import_file", args=[file.pk])
    assert answered(client, file, later="1") == reverse("import_set", args=[file.of_id])
    client.post(reverse("import_set_rehearsing", args=[file.of_id]))
    file.refresh_from_db()
    assert file.rehearsal is not None
    running.rehearse_together([file.rehearsal], at=LATER)
    file.rehearsal.refresh_from_db()
    assert file.rehearsal.n_rejected == 2


def test_what_was_decided_can_be_downloaded_saved_and_used_again(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, accounts=ACCOUNTS).files.all()
    answered(client, file, save_as="Our ERP")
    text = client.get(reverse("import_file_mapping", args=[file.pk])).content.decode()
    file.refresh_from_db()
    assert mapping.read(text) == file.as_mapping
    saved = SavedMapping.objects.get(name="Our ERP")
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": "accounts", "delimiter": "comma"})
    file.refresh_from_db()
    assert not file.is_decided
    client.post(reverse("import_file_using", args=[file.pk]), {"saved": saved.pk})
    file.refresh_from_db()
    assert file.as_mapping.columns["industry"].values == {"technolgy": "technology"}
    client.post(reverse("import_file_using", args=[file.pk]), {"mapping_file": SimpleUploadedFile("m.yaml", text.encode())})
    wrong = client.post(reverse("import_file_using", args=[file.pk]), {"mapping_file": SimpleUploadedFile("m.yaml", b"noun: accounts\ncolumns: {name: Nope}")})
    assert wrong.status_code == 422
    assert "Nope" in wrong.content.decode()


def test_the_first_rows_say_what_kind_of_values_each_column_holds(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(
        client,
        deals="Deal ID,Deal Name,Stage,Amount,Currency,Created,Seats,Tel,Who\nD1,Gaon,Proposal,$3K,USD,31.12.2024,5,02-555-0142,x@y.example\n",
    ).files.all()
    page = client.get(reverse("import_file", args=[file.pk])).content.decode()
    kinds = dict(re.findall(r'<th scope="col">([^<]+)<br><span class="quiet small">([^<]+)</span></th>', page))
    assert {name: kinds[name] for name in ("Deal Name", "Stage", "Amount", "Who")} == {
        "Deal Name": "text",
        "Stage": "choice",
        "Amount": "money",
        "Who": "mail address",
    }
    assert kinds["Created"].startswith("date")


def test_a_file_is_read_in_another_way_when_somebody_says_so(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, names="name,city\nMüller,Köln\n".encode("latin-1")).files.all()
    assert "not sure" in client.get(reverse("import_file", args=[file.pk])).content.decode()
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": "contacts", "encoding": "cp1252", "header_row": "1"})
    page = client.get(reverse("import_file", args=[file.pk])).content.decode()
    assert "Müller" in page
    assert "not sure" not in page
    assert client.post(reverse("import_file_reading", args=[file.pk]), {"encoding": "klingon"}).status_code == 422
    assert client.post(reverse("import_file_reading", args=[file.pk]), {"header_row": "first"}).status_code == 422
    client.post(reverse("import_file_removing", args=[file.pk]))
    assert not ImportSet.objects.exists()


def test_a_file_that_is_no_table_is_named_and_nothing_is_kept(cast: Cast) -> None:
    answer = signed_in(cast.ada).post(
        reverse("import_new"), {"file": [SimpleUploadedFile("a.csv", b"name,x\nMina,1\n"), SimpleUploadedFile("b.csv", b"%PDF-1.7")]}
    )
    assert answer.status_code == 422
    assert "b.csv: This is a PDF file" in answer.content.decode()
    assert not ImportSet.objects.exists()


def sheets_of(n: int) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for n_th in range(n):
        sheet = book.create_sheet(f"Sheet of {n_th}")
        sheet.append(["Account Name", "Sector"])
        sheet.append([f"Gaon {n_th}", "finance"])
    book.remove(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("many.xlsx", out.getvalue())


def stored() -> list[str]:
    return default_storage.listdir("imports")[1] if default_storage.exists("imports") else []


@pytest.mark.usefixtures("storage_of_its_own")
def test_a_workbook_of_very_many_sheets_is_refused_before_they_are_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, look = [], evidence.look
    monkeypatch.setattr(evidence, "look", lambda path, said: looked.append(said) or look(path, said))
    before = stored()
    answer = signed_in(cast.ada).post(reverse("import_new"), {"file": [sheets_of(51)]})
    assert answer.status_code == 422
    assert "many.xlsx: The workbook has 51 sheets; at most 50 can be looked at." in answer.content.decode()
    assert (len(looked), stored(), ImportSet.objects.count()) == (1, before, 0)
    assert signed_in(cast.ada).post(reverse("import_new"), {"file": [sheets_of(25)]}).status_code == 302
    assert (ImportSet.objects.get().files.count(), len(looked)) == (sets.MOST_FILES, 1 + sets.MOST_FILES)


def test_a_set_says_which_sheets_were_left_out(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    text = ada.get(ada.post(reverse("import_new"), {"file": [sheets_of(22)]})["Location"]).content.decode()
    assert ImportSet.objects.get().left_out == ["many.xlsx · Sheet of 20", "many.xlsx · Sheet of 21"]
    assert "2 sheets or tables were not looked at, for at most 20 come in at a time." in text
    assert "many.xlsx · Sheet of 21" in text
    text = ada.get(ada.post(reverse("import_new"), {"file": [sheets_of(20)]})["Location"]).content.decode()
    assert "not looked at" not in text
    assert ImportSet.objects.latest("pk").left_out == []


@pytest.mark.usefixtures("storage_of_its_own")
def test_the_copies_for_its_sheets_go_with_a_set_that_does_not_come_into_being(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    before, put = stored(), sets._put

    def broken(made: ImportSet, stored_as: str, **more: Any) -> None:
        put(made, stored_as, **more)
        if made.files.count() == 3:
            raise OSError("no space left")

    monkeypatch.setattr(sets, "_put", broken)
    with pytest.raises(OSError, match="no space"):
        sets.bring([(sheets_of(4), "many.xlsx")], by=SET_UP, at=MONDAY)
    assert (stored(), ImportSet.objects.count()) == (before, 0)


def test_markup_formulas_and_hostile_names_in_a_file_do_nothing(cast: Cast) -> None:
    client = signed_in(cast.ada)
    content = 'name,"<script>alert(1)</script>",""" onmouseover=""x"\n=cmd,<b>bold</b>,\'\n' + "x" * 5_000 + ",1,2\n"
    (file,) = brought(client, accounts=content).files.all()
    page = client.get(reverse("import_file", args=[file.pk])).content.decode()
    assert "<script>alert" not in page
    assert '" onmouseover=' not in page
    assert "<b>bold" not in page


@pytest.mark.parametrize("name", ["import_set", "import_file", "import_file_mapping"])
def test_whoever_may_not_import_sees_nothing_of_it(cast: Cast, name: str) -> None:
    made = brought(signed_in(cast.ada), accounts=ACCOUNTS)
    pk = made.pk if name == "import_set" else made.files.get().pk
    for person in (cast.tomas, cast.ruth):
        assert signed_in(person).get(reverse(name, args=[pk])).status_code == 403
    assert ImportFile.objects.visible_to(cast.tomas).count() == SavedMapping.objects.visible_to(cast.tomas).count() == 0


def test_a_set_is_run_once_however_often_it_is_asked_for(cast: Cast) -> None:
    client = signed_in(cast.ada)
    made = brought(client, accounts=ACCOUNTS)
    answered(client, made.files.get())
    assert client.post(reverse("import_set_starting", args=[made.pk])).status_code == 302
    assert client.post(reverse("import_set_starting", args=[made.pk])).status_code == 422
    assert ImportRun.objects.count() == 1


def test_a_choice_that_is_not_there_is_added_when_somebody_says_so(cast: Cast) -> None:
    tier = defining.define(FieldNoun.ACCOUNT, kind=FieldKind.CHOICE, wording=Wording("Tier"), choices=["Gold"], by=SET_UP, at=MONDAY)
    client = signed_in(cast.ada)
    (file,) = brought(client, accounts="Account Name,Tier,Country\nGaon,Iron,Korea\nRaon,gold,Korea\n").files.all()
    page = html.unescape(client.get(reverse("import_file", args=[file.pk])).content.decode())
    assert "What is “Iron” here?" in page
    assert "add “Iron” as a choice" in page
    answered(client, file, answer=questions.ADD)
    assert "Iron" not in [choice.label for choice in tier.choices()], "only what is imported makes a choice"
    client.post(reverse("import_set_starting", args=[file.of_id]))
    sets.run_all(file.of, at=LATER)
    assert [choice.label for choice in tier.choices()] == ["Gold", "Iron"]
    assert {account.name: account.custom[tier.slot] for account in Account.objects.all()} == {
        "Gaon": tier.choices()[1].key,
        "Raon": tier.choices()[0].key,
    }


def test_a_saved_mapping_goes_on_working_when_a_field_is_archived(cast: Cast) -> None:
    wing = defining.define(FieldNoun.ACCOUNT, kind=FieldKind.TEXT, wording=Wording("Wing"), by=SET_UP, at=MONDAY)
    client = signed_in(cast.ada)
    (file,) = brought(client, accounts="Account Name,Wing,Country\nGaon,north,Korea\n").files.all()
    answered(client, file, save_as="With wings")
    saved = SavedMapping.objects.get(name="With wings")
    assert wing.key in saved.mapping["columns"]
    defining.archive(wing, by=SET_UP, at=MONDAY)
    client.post(reverse("import_file_reading", args=[file.pk]), {"noun": "accounts", "delimiter": "comma"})
    page = client.post(reverse("import_file_using", args=[file.pk]), {"saved": saved.pk}, follow=True).content.decode()
    assert "These fields are not there any more, and their columns are left out: Wing." in html.unescape(page)
    file.refresh_from_db()
    assert set(file.as_mapping.columns) == {"name", "country"}


def test_each_sheet_and_each_table_of_a_file_is_a_file_of_the_set(cast: Cast) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Accounts"
    for cells in (["Account Name", "Sector"], ["Gaon Securities", "finance"], [], ["Product name", "List price", "SKU"], ["Seats", 100, "P1"]):
        first.append(cells)
    people = book.create_sheet("Contacts")
    for cells in (["Last Name", "E-mail"], ["Kim", "mina@gaon.example"]):
        people.append(cells)
    book.create_sheet("Cover").append(["Made by our ERP"])
    out = io.BytesIO()
    book.save(out)
    client = signed_in(cast.ada)
    made = brought(client, everything=out.getvalue())
    files = {file.file_name: (file.noun, file.as_mapping.sheet, file.as_mapping.header_row) for file in sets.in_order(made)}
    assert files == {
        "everything.csv · row 4": ("products", "Accounts", 4),
        "everything.csv": ("accounts", "Accounts", None),
        "everything.csv · Contacts": ("contacts", "Contacts", None),
    }
    first_file = made.files.get(file_name="everything.csv")
    assert "Another table begins in row 4" in client.get(reverse("import_file", args=[first_file.pk])).content.decode()
    for file in made.files.all():
        answered(client, file)
    client.post(reverse("import_set_starting", args=[made.pk]))
    sets.run_all(made, at=LATER)
    assert (Account.objects.get().name, Contact.objects.get().family_name, Product.objects.get().code) == ("Gaon Securities", "Kim", "P1")


def test_a_second_number_and_address_come_in_beside_the_first_and_are_taken_back(cast: Cast) -> None:
    rows = (
        "Last Name,Mobile,Phone,Email,Secondary Email\nKim,010-2345-6789,02-555-0142,mina@gaon.example,mina@home.example\n"
        "Park,010-2345-6780,,,ivo@raon.example\n"
    )
    client = signed_in(cast.ada)
    made = brought(client, contacts=rows)
    (file,) = made.files.all()
    form = form_of(client.get(reverse("import_file", args=[file.pk])).content.decode())
    said = {name: form[f"column-{name}"] for name in ("phone", "other_phone", "email", "other_email")}
    assert said == {"phone": "Phone", "other_phone": "Mobile", "email": "Email", "other_email": "Secondary Email"}
    answered(client, file, answer="KR")
    client.post(reverse("import_set_rehearsing", args=[made.pk]))
    running.rehearse_together([file.rehearsal for file in sets.in_order(made) if file.rehearsal], at=LATER)
    client.post(reverse("import_set_starting", args=[made.pk]))
    sets.run_all(made, at=LATER)
    kim, park = Contact.objects.get(family_name="Kim"), Contact.objects.get(family_name="Park")
    assert set(kim.phones.values_list("e164", "is_primary")) == {("+8225550142", True), ("+821023456789", False)}
    assert set(kim.emails.values_list("address", "is_primary")) == {("mina@gaon.example", True), ("mina@home.example", False)}
    assert set(park.phones.values_list("e164", "is_primary")) == {("+821023456780", True)}, "where there is no first, the second is the main one"
    assert set(park.emails.values_list("address", "is_primary")) == {("ivo@raon.example", True)}
    assert client.post(reverse("import_set_undoing", args=[made.pk])).status_code == 302
    assert not Contact.objects.exists()


def test_a_second_address_and_number_are_known_by_their_korean_names_and_shown_as_what_they_are(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, contacts="이름,이메일,이메일 2,전화,휴대폰\n김민수,a@gaon.example,b@home.example,02-555-0142,010-2345-6789\n").files.all()
    page = client.get(reverse("import_file", args=[file.pk])).content.decode()
    form = form_of(page)
    said = [form[f"column-{name}"] for name in ("email", "other_email", "phone", "other_phone")]
    assert said == ["이메일", "이메일 2", "전화", "휴대폰"]
    kinds = re.findall(r'<th scope="col">[^<]+<br><span class="quiet small">([^<]+)<', page)
    assert kinds == ["text", "mail address", "mail address", "telephone number", "telephone number"]


def test_one_column_of_mobile_numbers_is_the_main_one(cast: Cast) -> None:
    client = signed_in(cast.ada)
    (file,) = brought(client, contacts="Last Name,휴대폰\nKim,010-2345-6789\nPark,010-2345-6780\n").files.all()
    form = form_of(client.get(reverse("import_file", args=[file.pk])).content.decode())
    assert (form["column-phone"], form["column-other_phone"]) == ("휴대폰", "")
