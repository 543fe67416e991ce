"""Files that mean harm, or are in a bad way: each ends in a clear sentence or costs its own rows, within a bound of memory."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt

from tasuki.core.imports import reading, workbooks
from tasuki.core.imports.tables import LARGEST_CELL, FileRefused, ReadAs, Row, Said, Sureness

NAMES = "이름,회사\n" + "한서윤,가온증권\n" * 40


def written(folder: Path, content: bytes | str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Path, said: Said | None = None) -> list[Row]:
    with reading.opened(path, said or Said()) as table:
        return list(table.rows)


def read_as(path: Path) -> ReadAs:
    with reading.opened(path) as table:
        return table.read_as


def workbook(folder: Path, parts: dict[str, bytes] | None = None, *, rows: int = 1) -> Path:
    """A workbook of one sheet; `parts` replace or add parts of the archive."""
    made = openpyxl.Workbook()
    made.active.append(["name", "city"])
    for _ in range(rows):
        made.active.append(["Mina", "Seoul"])
    plain = io.BytesIO()
    made.save(plain)
    path = folder / "rows.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in (parts or {}):
                new.writestr(name, old.read(name))
        for name, content in (parts or {}).items():
            new.writestr(name, content)
    return path


def sheet(body: bytes, head: bytes = b"") -> bytes:
    return (
        b'<?xml version="1.0"?>' + head + b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>' + body + b"</sheetData></worksheet>"
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n" + b"x" * 100, "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)), "JPEG"),
        (b"\x1f\x8b\x08" + bytes(range(200)), "gzip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(64), "7-Zip"),
        (b'[{"name": "Mina"}]', "JSON"),
        (b'<?xml version="1.0"?><rows><row/></rows>', "XML"),
        (b"<!DOCTYPE html><p>Please sign in</p>", "HTML"),
        (random.Random(7).randbytes(5_000), "noise"),
        (b"\0" * 5_000, "empty"),
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty"),
        (b",,,\n,,\n", "empty"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(FileRefused, match=kind):
        rows_of(written(tmp_path, content))


def test_a_zip_says_what_is_in_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("contacts.csv", "name\nMina\n")
    with pytest.raises(FileRefused, match=r"contacts\.csv"):
        rows_of(written(tmp_path, packed.getvalue()))


@pytest.mark.slow
def test_a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"xl/worksheets/sheet1.xml": sheet(b" " * (workbooks.LARGEST_WORKBOOK + 1))})
    assert path.stat().st_size < 1_000_000
    with pytest.raises(FileRefused, match="400 MB"):
        rows_of(path)


@pytest.mark.slow
def test_what_an_archive_says_about_its_own_size_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"xl/worksheets/sheet1.xml": sheet(b" " * (workbooks.LARGEST_WORKBOOK + 1))})
    honest = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    path.write_bytes(honest.replace(size, (1_000).to_bytes(4, "little")))
    with pytest.raises(FileRefused, match="400 MB"):
        rows_of(path)


def test_a_long_text_that_many_cells_name_is_counted_as_often_as_it_is_named(tmp_path: Path) -> None:
    n = workbooks.LARGEST_WORKBOOK // 1_000_000 + 10
    texts = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>' + b"x" * 1_000_000 + b"</t></si></sst>"
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (no, no) for no in range(2, n + 2))
    with pytest.raises(FileRefused, match="400 MB"):
        rows_of(workbook(tmp_path, {"xl/sharedStrings.xml": texts, "xl/worksheets/sheet1.xml": sheet(cells)}))


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        b'<!doctype a SYSTEM "http://127.0.0.1/x.dtd">',
    ],
    ids=["laughs", "file", "address"],
)
def test_entities_in_a_workbook_are_refused(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(FileRefused, match="document type"):
        rows_of(workbook(tmp_path, {"xl/worksheets/sheet1.xml": sheet(b"", head)}))


def test_a_workbook_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FileRefused, match="zip archive"):
        rows_of(path)


def test_an_old_workbook_is_read_and_an_old_document_is_refused(tmp_path: Path) -> None:
    old = xlwt.Workbook()
    page = old.add_sheet("고객")
    for at, cells in enumerate([("name", "employees"), ("가온증권", 120)]):
        for column, cell in enumerate(cells):
            page.write(at, column, cell)
    old.save(str(tmp_path / "rows.csv"))
    assert rows_of(tmp_path / "rows.csv")[0].cells == {"name": "가온증권", "employees": "120"}
    with pytest.raises(FileRefused, match="old Office"):
        rows_of(written(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000))


def test_a_page_that_calls_itself_a_workbook_is_read(tmp_path: Path) -> None:
    page = (
        "<html><head><meta charset='euc-kr'><style>td{mso-number-format:'\\@'}</style></head><body><table><tr><td>표지</td></tr></table>"
        "<table><tr><th>이름</th><th colspan=2>회사</th></tr><tr><td>한서윤<td>가온&amp;증권<td>서울</tr>"
        "<tr><td>박도윤</td><td>라온<br>물산</td><td><table><tr><td>안</td></tr></table></td></tr></table></body></html>"
    )
    first, second = rows_of(written(tmp_path, page.encode("cp949"), "rows.xls"))[-2:]
    assert list(first.cells.values()) == ["한서윤", "가온&증권", "서울"]
    assert list(second.cells.values())[:2] == ["박도윤", "라온 물산"]


def test_cards_of_an_address_book_are_contacts(tmp_path: Path) -> None:
    cards = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Kim;Mina;;;\r\nFN:Mina Kim\r\nORG:Gaon\\, Inc.;Marketing\r\nTEL;TYPE=CELL:+82 10-1234-5678\r\n"
        "item1.EMAIL;TYPE=INTERNET:mina@gaon\r\n .example\r\nPHOTO;ENCODING=b:AAAA\r\n BBBB\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=90=BC=96=EC;=8D=B9=90=44\r\nTEL;CELL:090-1111-2222\r\nEND:VCARD\r\n"
    )
    mina, saori = rows_of(written(tmp_path, cards, "people.vcf"))
    assert (mina.cells["full_name"], mina.cells["account"], mina.cells["email"]) == ("Mina Kim", "Gaon, Inc.", "mina@gaon.example")
    assert (saori.cells["family_name"], saori.cells["phone"]) == ("西野", "090-1111-2222")


def test_names_above_the_header_and_a_second_part_of_the_table_are_left_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, "Sales report 2026\n\nname,city,n\nMina,Seoul,1\nIvo,Zagreb,2\n\nSecond half\nname,city,n\nSaori,Tokyo,3\n\nMade by ERP 7\n")
    rows = rows_of(path)
    assert [row.cells["name"] for row in rows if not row.problem] == ["Mina", "Ivo", "Saori"]
    assert "note below the table" in rows[-1].problem
    assert "row 3" in " ".join(map(str, read_as(path).notes)) or read_as(path).header_row == 3


def test_a_file_without_column_names_numbers_them(tmp_path: Path) -> None:
    path = written(tmp_path, "1,mina@gaon.example,2026-01-02\n2,ivo@gaon.example,2026-01-03\n3,saori@gaon.example,2026-01-04\n")
    assert [row.cells["column_2"][:3] for row in rows_of(path)] == ["min", "ivo", "sao"]
    assert "numbered" in str(read_as(path).notes[0])


def test_two_columns_of_one_name_and_one_without_lose_nothing(tmp_path: Path) -> None:
    (row,) = rows_of(written(tmp_path, "name,phone,phone,\nMina,1,2,3\n"))
    assert row.cells == {"name": "Mina", "phone": "1", "phone (2)": "2", "column_4": "3"}


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ("a;b\n1,5;2,5\n", ["1,5", "2,5"]),
        ("a\tb\n'x\ty'\tz\n'p'\tq\n'r'\ts\n't'\tu\n", ["x\ty", "z"]),
        ('a,b\n"say \\"hi\\"",2\n"\\"so\\"",3\n', ['say "hi"', "2"]),
        ('a,b\n"C:\\\\",2\n', ["C:\\\\", "2"]),
        ("a,b\r1,2\r3,4\r", ["1", "2"]),
        ("a,b\r\n1,2\n3,4\r5,6", ["1", "2"]),
        ('a, "b"\n1, "x, y"\n', ["1", "x, y"]),
        ("a|b\n1|2\n", ["1", "2"]),
    ],
)
def test_dialects_are_seen(tmp_path: Path, content: str, cells: list[str]) -> None:
    rows = rows_of(written(tmp_path, content))
    assert [row.problem for row in rows if row.problem] == []
    assert list(rows[0].cells.values()) == cells


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "text"), [("cp949", NAMES), ("cp932", "名前,会社\n" + "西野沙織,かくう証券\n" * 40), ("euc_jp", "名前,会社\n" + "西野沙織,かくう証券\n" * 40)]
)
def test_letters_far_down_in_the_file_tell_its_encoding_too(tmp_path: Path, encoding: str, text: str) -> None:
    path = written(tmp_path, b"name,company\n" + b"Mina,Gaon\n" * 100_000 + text.encode(encoding))
    assert (read_as(path).encoding, read_as(path).sureness) == (encoding, Sureness.LIKELY)
    assert rows_of(path)[-1].cells["name"] in ("한서윤", "西野沙織")


def test_what_is_not_sure_is_said_and_what_is_named_is_believed(tmp_path: Path) -> None:
    path = written(tmp_path, "name,city\nMüller,Köln\n".encode("latin-1"))
    assert read_as(path).sureness == Sureness.UNSURE
    assert rows_of(path)[0].cells == {"name": "Müller", "city": "Köln"}
    assert rows_of(path, Said(encoding="cp1250"))[0].cells["name"] == "Müller"
    with pytest.raises(FileRefused, match="no encoding"):
        rows_of(path, Said(encoding="klingon"))


def test_three_hundred_columns_are_read_and_two_thousand_are_refused(tmp_path: Path) -> None:
    assert len(rows_of(written(tmp_path, ",".join(f"c{n}" for n in range(300)) + "\n" + ",".join("1" * 300) + "\n"))[0].cells) == 300
    with pytest.raises(FileRefused, match="1024"):
        rows_of(written(tmp_path, "a," * 2_000 + "b\n1\n"))


def test_half_characters_and_names_of_five_thousand_letters_come_through_or_cost_their_row(tmp_path: Path) -> None:
    content = b"name,city\n" + b"x" * 5_000 + b",Seoul\n\xed\xa0\x80,Zagreb\nSaori,Tokyo\n" + "한서윤,서울\n".encode() * 20
    long, half, good = rows_of(written(tmp_path, content))[:3]
    assert (len(long.cells["name"]), long.problem, good.problem) == (5_000, "", "")
    assert "no text" in half.problem


_CHILD = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(USE_I18N=False)
from tasuki.core.imports import reading
with reading.opened(Path(sys.argv[1])) as table:
    rows = [(row.row_no, row.problem) for row in table.rows if row.problem]
most = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(rows), rows[0][0] if rows else 0, most // 1024)
"""


def measured(path: Path) -> tuple[int, int, int]:
    """In a process of its own: how many rows were refused, the first of them, and the most memory it had (MiB)."""
    out = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, text=True, check=True, timeout=300).stdout
    n, first, most = map(int, out.split())
    return n, first, most


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("wb") as file:
        file.write(b"name,city\nMina,Seoul\n")
        for _ in range(300):
            file.write(b"x" * 1_000_000)
        file.write(b"\nIvo,Zagreb\n")
    n, first, most = measured(path)
    assert (n, first) == (1, 3)
    assert most < 500


@pytest.mark.slow
def test_cells_of_ten_megabytes_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("wb") as file:
        file.write(b"name,note\n")
        for _ in range(20):
            file.write(b'Mina,"' + b"x" * (LARGEST_CELL - 10) + b'"\n')
    n, _first, most = measured(path)
    assert n == 0
    assert most < 500


@pytest.mark.slow
def test_one_bad_row_in_a_million_costs_one_row_and_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("wb") as file:
        file.write(b"name,city\n")
        for n in range(1_000_000):
            file.write(b'"Mina,Seoul\n' if n == 500_000 else b'"Mina",Seoul\n')
    n, first, most = measured(path)
    assert (n, first) == (1, 500_002)
    assert most < 200
