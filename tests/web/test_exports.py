"""Exports: what the list shows, as a file that no spreadsheet computes, for those who may, and a line in the audit log."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

from tasuki.core import workbook
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import records, stages, tasks
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.relay.clocks import Clock
from tests.cast import Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def exported(client: Client, noun: str = "lead", **said: str) -> list[list[str]]:
    answer = client.get(reverse("export", args=[noun]), {"form": "csv", **said})
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


def test_ruth_exports_what_the_list_shows_in_its_order(cast: Cast) -> None:
    lead_of(cast, 2, source="webinar")
    lead_of(cast, 1, source="fair")
    lead_of(cast, 3, source="letter")
    rows = exported(signed_in(cast.ruth), filter="source:is(webinar, fair)", sort="source", columns="person,source,opened")
    assert [row[:3] for row in rows] == [
        ["Person", "Source", "Opened"],
        ["한서윤", "fair", "2026-03-02 10:00"],
        ["한서윤", "webinar", "2026-03-02 11:00"],
    ]
    assert [row[3:] for row in rows] == [
        ["tasuki_lead_id"],
        *([str(pk)] for pk in Lead.objects.exclude(source="letter").order_by("source").values_list("pk", flat=True)),
    ]
    entry = AuditEntry.objects.filter(action="export").get()
    assert (entry.actor, entry.changes["filter"]) == (cast.ruth, [None, "source:is(webinar, fair)"])


def test_what_stands_beside_a_row_leaves_with_it(cast: Cast) -> None:
    lead, deal = lead_of(cast, 1, stage=stages.READY), deal_of(cast, 2)
    by_ruth = By(cast.ruth, Door.WEB)
    for subject, day, about in (("Call", 9, {"lead": lead}), ("Write", 5, {"lead": lead}), ("Offer", 7, {"lead": deal.lead}), ("Archive", 3, {})):
        tasks.add(Task(subject=subject, owner=cast.ruth, due_on=date(2026, 3, day), **about), by=by_ruth, at=MONDAY)
    due_at = Clock.objects.running().get(lead=lead).due_at
    assert due_at is not None
    ruth = signed_in(cast.ruth)
    assert exported(ruth, columns="person,next_task,clock", filter="stage:is(ready)")[1][1:3] == [
        "Write · 2026-03-05",
        f"{due_at.astimezone(ZoneInfo(cast.ruth.time_zone)):%Y-%m-%d %H:%M}",
    ]
    assert exported(ruth, "opportunity", columns="name,next_task")[1][1] == "Offer · 2026-03-07"
    about = {row[0]: row[1] for row in exported(ruth, "task", columns="subject,about")[1:]}
    assert about == {"Call": str(lead), "Write": str(lead), "Offer": str(deal.lead), "Archive": ""}


def test_moments_are_those_of_the_readers_day_and_words_of_the_readers_language(cast: Cast) -> None:
    from tasuki.core import roles
    from tasuki.core.abilities import Role

    roles.grant(cast.saori, role=Role.MANAGER, by=By(cast.ada, Door.WEB), at=MONDAY)
    lead_of(cast, 1)
    roles.grant(cast.saori, role=Role.OPERATIONS, by=By(cast.ada, Door.WEB), at=MONDAY)
    rows = exported(signed_in(cast.saori), columns="person,stage,opened")
    assert rows[0][0] == "人物"
    assert rows[1][1:3] == ["アプローチ中", "2026-03-02 19:00"]


@pytest.mark.parametrize("who", ["ivo", "mina", "saori", "chika"])
def test_who_may_not_export_gets_nothing(cast: Cast, who: str) -> None:
    client = signed_in(getattr(cast, who))
    assert client.get(reverse("export", args=["lead"]), {"form": "csv"}).status_code == 403
    assert "/exports/" not in client.get(reverse("leads")).content.decode()


@pytest.mark.parametrize("query", [{"form": "exe"}, {}, {"form": "csv", "columns": "password"}, {"form": "csv", "sort": "password"}])
def test_what_cannot_be_exported_is_refused(cast: Cast, query: dict[str, str]) -> None:
    assert signed_in(cast.ada).get(reverse("export", args=["lead"]), query).status_code == 400
    assert signed_in(cast.ada).get(reverse("export", args=["passwords"]), {"form": "csv"}).status_code == 404
    assert signed_in(cast.ada).get(reverse("export", args=["lead"]), {"form": "csv", "filter": "password:is(1)"}).status_code == 422


def test_nothing_in_a_csv_is_computed(cast: Cast) -> None:
    by = By(cast.ivo, Door.WEB)
    for name in ("=1+1", "+cmd|' /C calc'!A0", "-2+3*cmd", "@SUM(A1)", "\tx", '"=1', "+82 2 555 0142", "하늘, 주식회사"):
        records.add_account(records.Company(name), owner=cast.ivo, team=cast.inside_sales, by=by, at=MONDAY)
    names = {row[0] for row in exported(signed_in(cast.ada), "account", columns="name")[1:]}
    assert not [name for name in names if name[0] in "=@-\t"]
    assert {"'=1+1", "'@SUM(A1)", "+82 2 555 0142", '"=1', "하늘, 주식회사"} <= names


def test_a_workbook_holds_numbers_days_and_words_and_no_formula(cast: Cast) -> None:
    deal = deal_of(cast)
    records.add_account(records.Company("=HYPERLINK(1)"), owner=cast.ivo, team=cast.inside_sales, by=By(cast.ivo, Door.WEB), at=MONDAY)
    ada = signed_in(cast.ada)
    answer: Any = ada.get(reverse("export", args=["opportunity"]), {"form": "xlsx", "columns": "name,amount,opened,close"})
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content))).get_sheet_by_index(0).to_python()
    assert sheet == [
        ["Opportunity", "Amount", "Currency", "Opened", "Close date", "tasuki_opportunity_id"],
        [deal.name, 777_000.0, "KRW", datetime.fromisoformat("2026-03-03 09:00"), "", float(deal.pk)],
    ]
    answer = ada.get(reverse("export", args=["account"]), {"form": "xlsx", "columns": "name"})
    assert "=HYPERLINK(1)" in {
        row[0] for row in CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content))).get_sheet_by_index(0).to_python()
    }


def opened(head: list[str], rows: list[list[Any]]) -> list[list[Any]]:
    book = io.BytesIO(b"".join(workbook.pieces(head, rows, n_rows=len(rows))))
    return CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()


def test_what_a_workbook_cannot_hold_is_left_out_or_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [row[0] for row in opened(["a"], [["x\x00\x0b\ud800y" + "z" * 40_000], [Decimal("1.50")], [True], [date(1867, 4, 1)]])]
    assert cells[1].startswith("x?yz")
    assert (len(cells[1]), cells[2:]) == (32_767, [1.5, True, "1867-04-01"])
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    for nth in range(3):
        lead_of(cast, nth)
    answer = signed_in(cast.ada).get(reverse("export", args=["lead"]), {"form": "xlsx", "filter": ""})
    assert answer.status_code == 422
    assert not AuditEntry.objects.filter(action="export").exists()
    with pytest.raises(workbook.TooManyRows):
        opened(["a"], [["1"], ["2"], ["3"]])


TEXTS = ["<b>&amp;", " lines\r\nof\ttwo ", "_x0041_ and __x005F_", "하늘 株式会社 😀", '"quoted\'"', "=1+1", "007", "1e5"]


def test_a_text_comes_out_of_a_workbook_as_it_was() -> None:
    rows = [[text, None, 3] for text in TEXTS]
    assert opened(["a", "", "<c>"], rows) == [["a", "", "<c>"], *([text, "", 3.0] for text in TEXTS)]
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(workbook.pieces(["a", "", "<c>"], rows, n_rows=0)))).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows(min_row=2, max_col=1) for cell in row} <= {"s", "inlineStr"}
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)


def test_a_moment_in_a_workbook_is_that_of_its_zone_and_a_day_is_a_day() -> None:
    seoul = datetime(2026, 3, 2, 0, 30, 15, tzinfo=ZoneInfo("Asia/Seoul"))
    assert opened(["at", "on"], [[seoul, date(2026, 3, 2)]])[1] == [datetime(2026, 3, 2, 0, 30, 15), date(2026, 3, 2)]  # noqa: DTZ001 - a sheet knows no zones


def test_a_workbook_begins_before_its_rows_are_read_and_waits_for_none_of_them() -> None:
    read: list[int] = []

    def rows() -> Iterator[list[Any]]:
        for nth in range(20_000):
            read.append(nth)
            yield [f"{nth * 7919:x}" * 5, nth]

    leaving = workbook.pieces(["text", "number"], rows(), n_rows=20_000)
    assert next(leaving).startswith(b"PK")
    assert not read
    sizes = [len(next(leaving))]
    assert len(read) < 10_000
    sizes += [len(piece) for piece in leaving]
    assert len(sizes) > 3
    assert max(sizes) < 200_000


def test_a_workbook_of_very_many_cells_is_a_zip_file_of_the_new_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MANY_CELLS", 1)
    assert opened(["a", "b"], [["x", 1], ["y", 2]]) == [["a", "b"], ["x", 1.0], ["y", 2.0]]


def test_an_amount_leaves_only_with_those_who_see_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasuki.core import abilities

    deal_of(cast)
    assert [row[1] for row in exported(signed_in(cast.ruth), "opportunity", columns="name,amount")[1:]] == ["777000.00"]
    monkeypatch.setitem(abilities.ABILITIES, abilities.Ability.SEE_AMOUNTS, frozenset())
    assert signed_in(cast.ruth).get(reverse("export", args=["opportunity"]), {"form": "csv", "columns": "name,amount"}).status_code == 400
    assert exported(signed_in(cast.ruth), "opportunity")[0][:3] == ["Opportunity", "Account", "Stage"]


def test_an_export_costs_the_same_number_of_queries_for_two_rows_and_for_twelve(cast: Cast) -> None:
    client = signed_in(cast.ada)

    def n_queries(noun: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            exported(client, noun)
        return len(queries)

    for nth in range(2):
        lead_of(cast, nth)
    nouns = ("lead", "contact", "account")
    few = [n_queries(noun) for noun in nouns]
    for nth in range(2, 12):
        lead_of(cast, nth)
    assert [n_queries(noun) for noun in nouns] == few
