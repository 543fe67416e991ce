"""What was exported comes back as it is: the mapping is proposed whole, nothing is asked, and each row finds its record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core import roles, tables
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import definitions, writing
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.imports import own_exports, sets
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportSet
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import leads, product_points, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.product_points import ProductPoint, Said
from tasuki.crm.products import Product
from tasuki.sales.opportunities import Opportunity
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import key_of, made
from tests.web.office import deal_of, signed_in
from tests.web.test_import_pages import LATER, answered

pytestmark = pytest.mark.django_db

MODELS = {"lead": Lead, "account": Account, "contact": Contact, "product": Product, "opportunity": Opportunity}
Edit = Callable[[list[list[str]]], None]


def some_of_everything(cast: Cast) -> None:
    """Records of each noun, with names that a spreadsheet would compute, and custom fields of several kinds."""
    by = By(cast.ivo, Door.WEB)
    fields = [made(kind, noun=FieldNoun.ACCOUNT) for kind in (FieldKind.CHOICES, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.CHECKBOX)]
    said = [[key_of(fields[0], "Gold"), key_of(fields[0], "Silver")], Decimal("1.234"), Money(Decimal("1200.50"), "USD"), MONDAY.date(), True]
    for name, industry in (("=1+1", "technology"), ("'=2+2", "technolgy"), ("@가온, 주식회사", ""), ("라온\n물산", "금융")):
        account = records.add_account(
            records.Company(name, industry=industry, country="KR", postal_address="서울 종로 1\n=3+3"), owner=cast.ivo, team=cast.inside_sales, by=by, at=MONDAY
        )
        writing.write(account, said={field.pk: value for field, value in zip(fields, said, strict=True)}, by=SET_UP, at=MONDAY)
        contact = records.add_contact(records.Person("한", "서윤", title="-lead", email=f"a{account.pk}@b.example", account=account), by=by, at=MONDAY)
        leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source="web", segment="+x"), by=by, at=MONDAY)
    records.add_product("Seats", line="-cloud", price=Decimal("1200.50"), currency="USD", by=SET_UP, at=MONDAY)
    deal_of(cast)


def columns_of(noun: str) -> str:
    return ",".join(column.key for column in SPECS[noun].columns if column.value_path)


def exported(reader: User, noun: str, form: str) -> bytes:
    custom = ",".join(field.key for field in definitions.in_use(noun))
    columns = ",".join(filter(None, [columns_of(noun), custom]))
    view = {} if noun in ("account", "contact") else {"view": "all"}
    answer: Any = signed_in(reader).get(reverse("export", args=[noun]), {"form": form, "columns": columns, **view})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def brought_back(cast: Cast, content: bytes, form: str) -> ImportRun:
    client = signed_in(cast.ada)
    client.post(reverse("import_new"), {"file": [SimpleUploadedFile(f"back.{form}", content)]})
    made_set = ImportSet.objects.order_by("-pk")[0]
    (file,) = made_set.files.all()
    assert sets.open_questions(file, sets.look(file)) == []
    proposed = file.mapping
    answered(client, file)
    file.refresh_from_db()
    assert file.mapping == proposed
    client.post(reverse("import_set_starting", args=[made_set.pk]))
    sets.run_all(made_set, at=LATER)
    return ImportRun.objects.order_by("-pk")[0]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_unchanged_it_changes_nothing(cast: Cast, language: str, form: str) -> None:
    some_of_everything(cast)
    User.objects.filter(pk=cast.ruth.pk).update(language=language)
    roles.grant(cast.ruth, role=Role.OPERATIONS, by=By(cast.ada, Door.WEB), at=MONDAY)
    for noun, model in MODELS.items():
        before, n = list(model.objects.order_by("pk").values()), AuditEntry.objects.filter(noun=noun).count()
        run = brought_back(cast, exported(User.objects.get(pk=cast.ruth.pk), noun, form), form)
        said = [message for row in run.rows.all() for message in row.messages or []]
        assert (run.target, run.n_updated, run.n_created, run.n_rejected, said) == (own_exports._NOUNS[noun], len(before), 0, 0, []), noun
        assert list(model.objects.order_by("pk").values()) == before
        assert AuditEntry.objects.filter(noun=noun).count() == n


def some_points() -> None:
    gate = records.add_product("=Gate", line="", price=None, currency="", by=SET_UP, at=MONDAY)
    wall = records.add_product("Wall", line="", price=None, currency="", by=SET_UP, at=MONDAY)
    for product, said in (
        (gate, Said("say", "ko", "=장중에 한도를 바꿉니다", industry="Bank", position=1_000)),
        (gate, Said("reference", "ja", "止めずに変えられた、と喜ばれた", name="@ガオン証券")),
        (gate, Said("rival", "en", "Ask who restarts it.", name="Corvane, Inc.", strong="-1.9 µs", weak="'=2+2")),
        (wall, Said("pain", "en", "Who watches at night?", position=2)),
    ):
        product_points.keep(product, said=said, by=SET_UP, at=MONDAY)


def points_exported(reader: User, **asked: Any) -> bytes:
    answer: Any = signed_in(reader).get(reverse("product_points_export"), asked)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_what_is_said_of_products_comes_back_as_it_is(cast: Cast, language: str, form: str) -> None:
    some_points()
    User.objects.filter(pk=cast.ada.pk).update(language=language)
    before, n = list(ProductPoint.objects.order_by("pk").values()), AuditEntry.objects.filter(noun="productpoint").count()
    run = brought_back(cast, points_exported(User.objects.get(pk=cast.ada.pk), form=form), form)
    said = [message for row in run.rows.all() for message in row.messages or []]
    assert (run.target, run.n_updated, run.n_created, run.n_rejected, said) == ("product_points", len(before), 0, 0, [])
    assert list(ProductPoint.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.filter(noun="productpoint").count() == n


def test_the_points_of_one_product_are_taken_out_alone_edited_and_brought_back(cast: Cast) -> None:
    some_points()
    rows = list(csv.reader(io.StringIO(points_exported(cast.ada, form="csv", product=Product.objects.get(name="Wall").pk).decode("utf-8-sig"))))
    head, (wall,) = rows[0], rows[1:]
    wall[head.index("What is said")] = "Who watches on Sunday?"
    new = ["Wall", "competitor", "English", "", "Corvane", "Ask.", "", "", "3", ""]
    out = io.StringIO()
    csv.writer(out).writerows([head, wall, new, [*new[:-2], "99999999999999999999", ""]])
    run = brought_back(cast, out.getvalue().encode("utf-8-sig"), "csv")
    assert (run.n_updated, run.n_created, run.n_rejected) == (1, 1, 1)
    assert "is no place in a list" in str([row.messages for row in run.rows.all()])
    assert set(ProductPoint.objects.filter(product__name="Wall").values_list("words", flat=True)) == {"Who watches on Sunday?", "Ask."}


def test_points_leave_for_whoever_may_take_data_out_and_the_trail_says_so(cast: Cast) -> None:
    some_points()
    points_exported(cast.ada, form="csv")
    assert AuditEntry.objects.filter(action="export").latest("pk").changes["list"] == [None, "productpoint"]
    assert signed_in(cast.ada).get(reverse("product_points_export"), {"form": "pdf"}).status_code == 400
    assert signed_in(cast.ada).get(reverse("product_points_export"), {"form": "csv", "product": "999999"}).status_code == 404
    for person in (cast.ivo, cast.tomas):
        assert signed_in(person).get(reverse("product_points_export"), {"form": "csv"}).status_code == 403


def test_what_was_edited_in_between_changes_its_record_and_a_new_row_makes_one(cast: Cast) -> None:
    some_of_everything(cast)
    rows = list(csv.reader(io.StringIO(exported(cast.ada, "account", "csv").decode("utf-8-sig"))))
    head = rows[0]
    first = next(row for row in rows if row[0] == "'=1+1")
    first[head.index("Employees")] = "120"
    first[head.index("Our choices")] = "Gold"
    rows.append(["'=3+3" if name == "Account" else "JP" if name == "Country" else "" for name in head])
    rows.append(["Nobody" if name == "Account" else "999999" if name == "tasuki_account_id" else "" for name in head])
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    run = brought_back(cast, out.getvalue().encode("utf-8-sig"), "csv")
    assert (run.n_created, run.n_rejected) == (1, 1)
    assert "There is no record with the number 999999 here." in str([row.messages for row in run.rows.all()])
    assert Account.objects.get(name="=1+1").n_employees == 120
    assert Account.objects.get(name="=3+3").country == "JP"


def test_every_column_of_ours_that_fills_a_field_is_called_as_the_list_calls_it() -> None:
    for noun, labels in own_exports._LABELS.items():
        if noun == "product_points":
            continue  # their export is called by these labels themselves
        spec = next(spec for spec in SPECS.values() if own_exports._NOUNS.get(spec.noun) == noun)
        shown = {str(column.label) for column in spec.columns} | {"Currency"}
        assert {str(label) for label in labels.values()} <= shown


@given(st.text(st.sampled_from("'=+-@＝＋a1, .()\t\"\n가"), min_size=1))
def test_a_text_that_was_made_harmless_is_given_back(text: str) -> None:
    _head, line = tables.csv_lines(["a"], [[text]])
    ((cell,),) = csv.reader(io.StringIO(line.decode(), newline=""))
    assert tables.as_it_was(cell) == text


def test_a_workbook_of_ours_has_no_apostrophes_to_take_away(cast: Cast) -> None:
    some_of_everything(cast)
    sheet = openpyxl.load_workbook(io.BytesIO(exported(cast.ada, "account", "xlsx"))).active
    assert sheet is not None
    assert {"=1+1", "'=2+2"} <= {row[0].value for row in sheet.iter_rows()}
