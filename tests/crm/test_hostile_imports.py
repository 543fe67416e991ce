"""Files that mean harm, brought in whole: what is wrong costs its own row and is said in a sentence; all else comes in, and nothing is ever computed."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasuki.cli import import_ as command
from tasuki.core import tables
from tasuki.core.imports import errors, evidence, mapping, questions, reading, running, sets
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.tables import FileRefused, Said
from tasuki.crm import leads
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Lead
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_import_hostile import sheet, workbook

LEADS = "noun: leads\ncolumns: {reference: id, full_name: name, account: company}\n"


def imported(content: bytes, said: str = LEADS) -> ImportRun:
    run = running.start(io.BytesIO(content), name="rows.csv", mapping=mapping.read(said), by=SET_UP, at=MONDAY)
    return running.run(run, at=MONDAY)


def told(run: ImportRun) -> dict[int, str]:
    return {row.row_no: str((row.messages or [{}])[0].get("reason")) for row in run.rows.filter(messages__isnull=False)}


@pytest.mark.django_db
def test_nuls_half_characters_and_names_without_end_cost_their_rows_and_formulas_stay_text() -> None:
    run = imported(
        b"id,name,company\n"
        b"L1,Mina,=HYPERLINK(1)\n"
        b"L2,Iv\x00o,Firm\n"
        b"L3,\xed\xa0\x80,Firm\n"
        b"L4," + b"x" * 5_000 + b",Firm\n"
        b"L5,+cmd|' /C calc'!A0,@SUM(A1)\n"
        b"L6,<script>alert(1)</script>,Robert'); DROP TABLE crm_lead;--\n" + "".join(f"L{n},한서윤,가온증권\n" for n in range(7, 27)).encode()
    )
    assert (run.n_rows, run.n_created, run.n_rejected) == (26, 23, 3)
    assert told(run) == {
        3: "The row holds a NUL character.",
        4: "The row holds bytes that are no text in this file's encoding.",
        5: "This is longer than 200 characters.",
    }
    assert {"=HYPERLINK(1)", "@SUM(A1)", "Robert'); DROP TABLE crm_lead;--"} <= set(Account.objects.values_list("name", flat=True))
    lines = list(tables.csv_lines(["Account"], [[name] for name in Account.objects.values_list("name", flat=True)]))
    cells = [row[0] for row in csv.reader(io.StringIO(b"".join(lines).decode("utf-8-sig")))]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    out = io.StringIO()
    assert errors.write(run, out) == 3


@pytest.mark.django_db
def test_a_cell_of_ten_megabytes_costs_its_row_or_nothing_where_no_field_takes_it() -> None:
    huge = b"x" * 9_999_990
    run = imported(b"id,name,company,note\nL1," + huge + b",Firm,\nL2,Ivo,Firm," + huge + b"\nL3,Saori,Firm,\n")
    assert told(run) == {2: "This is longer than 200 characters."}
    assert set(Lead.objects.values_list("reference", flat=True)) == {"L2", "L3"}


@pytest.mark.django_db
def test_three_hundred_columns_come_in_by_the_few_that_fields_take() -> None:
    extra = [f"c{n}" for n in range(297)]
    run = imported(("id,name,company," + ",".join(extra) + "\nL1,Mina,Firm," + ",".join("1" for _ in extra) + "\n").encode())
    assert (run.n_created, len(run.read_as["ignored"])) == (1, 297)


def test_an_archive_in_an_archive_is_named_and_not_unpacked(tmp_path: Path) -> None:
    inner, outer = io.BytesIO(), tmp_path / "rows.csv"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * 50_000_000)
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    with pytest.raises(FileRefused, match=r"inner\.zip"), reading.opened(outer):
        pass


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "docProps/core.xml"])
@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY b "h">]>'.encode("utf-16"),
    ],
)
def test_entities_are_refused_in_whatever_part_of_a_workbook_they_stand(tmp_path: Path, part: str, head: bytes) -> None:
    with pytest.raises(FileRefused, match="document type"), reading.opened(workbook(tmp_path, {part: sheet(b"", head)})):
        pass


@pytest.mark.django_db
def test_a_source_that_is_nearly_one_of_ours_is_asked_about(cast: Cast, tmp_path: Path) -> None:
    for nth, source in enumerate(("webinar", "trade fair", "webinar")):
        leads.capture(Arrival(team=cast.marketing, source=source, reference=f"R{nth}"), by=SET_UP, at=MONDAY)
    path = tmp_path / "rows.csv"
    path.write_text("Lead ID,Lead Source\nL1,webinaar\nL2,trade-fair\nL3,letter\nL4,webinar\n", encoding="utf-8")
    seen, of = evidence.look(path, Said()), noun_named("leads")
    said = sets.proposed("leads", seen, Said())
    known = {name: of.known_values(name) for name in said.columns} if of.known_values else {}
    asked = {one.raw: one for one in questions.asked(of, said, seen, known=known)}
    assert {raw: one.suggested for raw, one in asked.items()} == {"webinaar": "webinar", "trade-fair": "trade fair"}
    said = questions.answered(questions.answered(said, asked["webinaar"], "webinar"), asked["trade-fair"], "trade-fair")
    assert said.columns["source"].values == {"webinaar": "webinar", "trade-fair": "trade-fair"}
    assert questions.asked(of, mapping.read(mapping.write(said)), seen, known=known) == []


@pytest.mark.django_db
def test_the_command_proposes_a_mapping_and_says_what_it_leaves_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "get_ready", lambda: None)
    path, said = tmp_path / "accounts.csv", tmp_path / "accounts.yaml"
    path.write_text("account,sector\nGaon,technology\nRaon,technolgy\nBaram,technology\n", encoding="utf-8")
    asked = CliRunner().invoke(command.import_, ["accounts", str(path), "--propose", "--mapping", str(said)])
    assert asked.exit_code == 0, asked.output
    assert "Is “technolgy” the same as “technology”? (proposed: technology)" in asked.output
    read = mapping.read(said.read_text(encoding="utf-8"))
    assert (read.noun, read.columns["industry"].column) == ("accounts", "sector")
    monkeypatch.setattr(command, "_is_at_terminal", lambda: True)
    kept = said.read_bytes()
    refused = CliRunner().invoke(command.import_, ["accounts", str(path), "--propose", "--mapping", str(said)], input="\n")
    assert refused.exit_code == 1
    assert "accounts.yaml is there already" in refused.output
    assert said.read_bytes() == kept
    said.unlink()
    asked = CliRunner().invoke(command.import_, ["accounts", str(path), "--propose", "--mapping", str(said)], input="\n")
    assert asked.exit_code == 0, asked.output
    assert mapping.read(said.read_text(encoding="utf-8")).columns["industry"].values == {"technolgy": "technology"}
