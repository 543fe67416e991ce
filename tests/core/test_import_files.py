"""Any table can be read; what is none is refused with a sentence, and one bad row costs one row."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tasuki.core.imports import reading
from tasuki.core.imports.reading import FileRefused, Row


def rows_of(path: Path, **options: str) -> list[Row]:
    with reading.opened(path, **options) as table:
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
        (b"name,name\nMina,Kim\n", "name"),
        (b"%PDF-1.7\n...", "PDF"),
        (b"<!DOCTYPE html><table></table>", "HTML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64, "XLS"),
        ("a," * 400 + "b\n1\n", "300"),
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
    path = written(tmp_path, "name,note\nMina," + "x" * (reading.LARGEST_CELL + 1) + "\nIvo,ok\n")
    bad, good = rows_of(path)
    assert "ten million" in bad.problem
    assert good.problem == ""
