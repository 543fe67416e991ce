"""Any table can be read; what is none is refused with a sentence, and one bad row costs one row."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.imports import reading
from tasuki.core.imports.tables import LARGEST_CELL, FileRefused, Row, Said


def rows_of(path: Path, **options: str) -> list[Row]:
    with reading.opened(path, Said(**options)) as table:
        return list(table.rows)


def written(folder: Path, content: bytes | str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path, f'name{delimiter}city\n"Kim{delimiter} Mina"{delimiter}Seoul\n')
    assert rows_of(path)[0].cells == {"name": f"Kim{delimiter} Mina", "city": "Seoul"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_korean_is_read_in_every_encoding_it_comes_in(tmp_path: Path, encoding: str) -> None:
    text = "이름,회사,메모\n" + "한서윤,가온증권,안녕하세요 반갑습니다 회의를 요청합니다\n" * 30
    assert rows_of(written(tmp_path, text.encode(encoding)))[0].cells == {
        "이름": "한서윤",
        "회사": "가온증권",
        "메모": "안녕하세요 반갑습니다 회의를 요청합니다",
    }


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp"])
def test_japanese_is_read_in_every_encoding_it_comes_in(tmp_path: Path, encoding: str) -> None:
    text = "名前,会社,メモ\n" + "西野沙織,架空証券株式会社,はじめまして。よろしくお願いいたします。\n" * 30
    assert rows_of(written(tmp_path, text.encode(encoding)))[0].cells["会社"] == "架空証券株式会社"


def test_quoted_newlines_emoji_and_right_to_left_names_survive(tmp_path: Path) -> None:
    path = written(tmp_path, 'name,note\n"سارة العتيبي","one\ntwo"\n🐈 Mia,"say ""hi"""\n')
    first, second = rows_of(path)
    assert first.cells == {"name": "سارة العتيبي", "note": "one\ntwo"}
    assert second.cells == {"name": "🐈 Mia", "note": 'say "hi"'}


def test_a_workbook_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["name", "employees", "founded"])
    workbook.active.append(["가온증권", 120, None])
    workbook.save(tmp_path / "rows.csv")
    assert rows_of(tmp_path / "rows.csv")[0].cells == {"name": "가온증권", "employees": "120", "founded": ""}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n\n", "empty"),
        (b"%PDF-1.7\n...", "PDF"),
        (b"<!DOCTYPE html><table></table>", "HTML"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"\x1f\x8b\x08\0\0", "gzip"),
        (b'[{"name": "Mina"}]', "JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64, "old Office"),
        ("a," * 2_000 + "b\n1\n", "1024"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes | str, sentence: str) -> None:
    with pytest.raises(FileRefused, match=sentence):
        rows_of(written(tmp_path, content))


def test_a_zip_that_is_no_workbook_is_refused_and_not_unpacked(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000_000)
    with pytest.raises(FileRefused, match="workbook"):
        rows_of(written(tmp_path, bomb.getvalue()))


def test_a_nul_byte_costs_its_row_and_no_other(tmp_path: Path) -> None:
    good, bad, also_good = rows_of(written(tmp_path, "name,city\nMina,Seoul\nI\0vo,Zagreb\nSaori,Tokyo\n"))
    assert (good.problem, also_good.problem) == ("", "")
    assert "NUL" in bad.problem
    assert bad.row_no == 3


def test_bytes_that_are_no_text_cost_their_row(tmp_path: Path) -> None:
    lines = b"name\n" + "한서윤\n".encode() * 40_000 + b"\xff\xfe\n" + "한서윤\n".encode()
    problems = [row.problem for row in rows_of(written(tmp_path, lines)) if row.problem]
    assert len(problems) == 1
    assert "encoding" in problems[0]


def test_a_row_with_more_cells_than_the_header_is_named(tmp_path: Path) -> None:
    (row,) = rows_of(written(tmp_path, "name,city\nMina,Seoul,Korea\n"))
    assert "3" in row.problem


def test_a_huge_cell_costs_its_row(tmp_path: Path) -> None:
    path = written(tmp_path, "name,note\nMina," + "x" * (LARGEST_CELL + 1) + "\nIvo,ok\n")
    bad, good = rows_of(path)
    assert "ten million" in bad.problem
    assert good.problem == ""


@pytest.mark.parametrize(
    "bad", ['"Ivo,Zagreb', 'I"vo","x"y,Zagreb', '"Ivo"x,Zagreb', '"Ivo,"Zagreb'], ids=["never closed", "in the middle", "after the end", "before a word"]
)
def test_a_wrong_quotation_mark_costs_its_line_and_not_the_rows_after_it(tmp_path: Path, bad: str) -> None:
    rows = rows_of(written(tmp_path, f'name,city\n"Mina\nKim",Seoul\n{bad}\nSaori,Tokyo\n"Chika, Senga",Osaka\n'))
    assert [row.cells["name"] for row in rows if not row.problem] == ["Mina\nKim", "Saori", "Chika, Senga"]
    assert [row.problem for row in rows if row.problem and "quotation" not in row.problem] == []


def test_a_large_file_with_one_bad_row_loses_one_row(tmp_path: Path) -> None:
    lines = [f'Person {n},"City, {n}"' for n in range(200_000)]
    lines[100_000] = 'Person 100000,"City'
    rows = rows_of(written(tmp_path, "name,city\n" + "\n".join(lines) + "\n"))
    assert len(rows) == 200_000
    assert [(row.row_no, bool(row.problem)) for row in rows if row.problem] == [(100_002, True)]


def test_utf_16_that_breaks_off_costs_its_row(tmp_path: Path) -> None:
    good, bad = rows_of(written(tmp_path, "name\n한서윤\n西野\n".encode("utf-16") + b"\x00\xd8"))[::2]
    assert (good.cells["name"], good.problem) == ("한서윤", "")
    assert "encoding" in bad.problem


def test_a_sheet_is_chosen_by_name_and_rows_are_counted_as_the_workbook_counts_them(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("고객")
    sheet["B3"], sheet["C3"], sheet["B4"], sheet["C4"] = "name", "employees", "가온증권", 12.0
    workbook.save(tmp_path / "rows.xlsx")
    assert rows_of(tmp_path / "rows.xlsx", sheet="고객") == [Row(4, {"name": "가온증권", "employees": "12"})]
    with pytest.raises(FileRefused, match="Sheet, 고객"):
        rows_of(tmp_path / "rows.xlsx", sheet="거래처")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(max_size=60).map(lambda end: b"PK\x03\x04" + end),
    )
)
def test_no_file_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    with contextlib.suppress(FileRefused):
        for row in rows_of(written(tmp_path, content)):
            assert row.row_no > 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp949", "cp1252", "shift_jis"])
@given(content=st.binary(max_size=200))
def test_no_bytes_break_an_encoding_that_was_named(tmp_path_factory: pytest.TempPathFactory, encoding: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"{encoding}.csv"
    path.write_bytes(b"a,b\n" + content)
    with contextlib.suppress(FileRefused):
        rows_of(path, encoding=encoding)


TWO = "name,city,n\nMina,Seoul,1\nIvo,Zagreb,2\n\nProducts\nproduct,price,code\nSeats,100,P1\nCloud,200,P2\n"


def problems_of(path: Path, said: Said | None = None) -> list[tuple[int, str]]:
    with reading.opened(path, said or Said()) as table:
        return [(row.row_no, row.problem) for row in table.rows if row.problem]


@pytest.mark.parametrize(
    "below",
    [
        "\nproduct,price,code\nSeats,100,P1\nCloud,200,P2\n",
        "\n\nList of products\n\nproduct,price,code\nSeats,100,P1\nCloud,200,P2\n",
        "\n거래처명,업종,국가,홈페이지\n가온증권,금융,KR,gaon.example\n라온,유통,KR,raon.example\n",
        "\n,,\nword,other,third\nx,y,2\nz,w,3\n",
    ],
)
def test_another_table_below_is_named_and_never_mixed_with_the_first(tmp_path: Path, below: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("name,city,n\nMina,Seoul,1\nIvo,Zagreb,2\n" + below, encoding="utf-8")
    with reading.opened(path) as table:
        rows = list(table.rows)
    assert [row.cells["name"] for row in rows if not row.problem] == ["Mina", "Ivo"]
    (at, names), *more = table.others
    assert not more
    assert len(names) > 2
    assert [row.problem for row in rows[2:]] == [
        f"This row belongs to another table of the file, which begins in row {at} with the columns {', '.join(names)}. Bring that table as a file of its own."
    ] * 2
    with reading.opened(path, Said(header_row=at)) as second:
        assert second.header[: len(names)] == names
        assert [row.problem for row in second.rows] == ["", ""]


def test_somebody_can_say_that_it_is_one_table_throughout(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TWO, encoding="utf-8")
    assert [row for row, _problem in problems_of(path)] == [7, 8]
    assert problems_of(path, Said(is_one_table=True)) == []


@pytest.mark.parametrize(
    "rows",
    [
        "Mina,Seoul,1\n\nIvo,Zagreb,2\n",
        "Mina,Seoul,\n\nIvo,Zagreb,\n\nSaori,Tokyo,\n",
        "Mina,Seoul,1\n\nTotal,all,1\n",
        "Mina,Seoul,1\n\nname,city,n\nIvo,Zagreb,2\n",
    ],
)
def test_rows_behind_a_blank_one_are_rows_of_the_same_table(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("name,city,n\n" + rows, encoding="utf-8")
    assert problems_of(path) == []


def test_the_header_of_another_table_is_found_far_down(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("name,n\n" + "Mina,1\n" * 2_000 + "\nproduct,price,code\nSeats,100,P1\n", encoding="utf-8")
    assert reading.count_rows(path) == (2_001, [(2_003, ["product", "price", "code"])])
    with reading.opened(path, Said(header_row=2_003)) as table:
        assert table.read_as.header_row == 2_003
        assert list(table.rows) == [Row(2_004, {"product": "Seats", "price": "100", "code": "P1"})]
