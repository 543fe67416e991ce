"""`tasuki import` as a program: one object in JSON, sentences for what is wrong, and nothing lost when anything is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from tasuki.cli import main
from tasuki.core import embedded_postgres
from tests.cli.conftest import Installation

pytestmark = [pytest.mark.slow, pytest.mark.long]

MAPPING = """
noun: leads
options: {stage: ready}
columns: {reference: id, opened_at: day, source: source, full_name: name, email: mail, account: company}
"""
HEADER = "id,day,source,name,mail,company,shoe size\n"
# Three chunks: the process is killed when the first has come, with two to go.
MANY = 30_000


@pytest.fixture
def mapping(prepared: Installation) -> str:
    return written(prepared, "leads.yaml", MAPPING)


def written(prepared: Installation, name: str, text: str | bytes) -> str:
    path = prepared.home / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def lines(n: int) -> str:
    return HEADER + "".join(f"L{i},2025-01-{i % 28 + 1:02},web,Person {i} Roe,p{i}@firm{i % 900}.example,Firm {i % 900},42\n" for i in range(n))


def asked(prepared: Installation, question: str) -> Any:
    with psycopg.connect(embedded_postgres.ensure_running(prepared.home).url) as connection:
        return connection.execute(question).fetchone()  # type: ignore[arg-type]  # a literal of this file


def test_it_answers_with_one_object_and_can_be_undone(prepared: Installation, mapping: str) -> None:
    file = written(prepared, "leads.csv", HEADER + "L1,2025-01-15,web,Mia Roe,mia@norwick.example,Norwick,42\nL2,never,web,Ada Ox,,,38\n")
    dry = prepared.said("import", "leads", file, "--mapping", mapping, "--dry-run")
    real = prepared.said("import", "leads", file, "--mapping", mapping)
    counts = {"rows": 2, "created": 1, "updated": 0, "skipped": 0, "rejected": 1, "warnings": 0}
    assert {name: dry[name] for name in counts} == {name: real[name] for name in counts} == counts
    assert real["ignored"] == ["shoe size"]
    assert Path(real["error_file"]).read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,day,never,")
    undone = prepared.said("import", "--undo", str(real["run"]))
    assert undone["state"] == "undone"
    again = prepared.tasuki("import", "--undo", str(real["run"]))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("This import cannot be undone")
    assert asked(prepared, "SELECT count(*) FROM crm_lead") == (0,)


@pytest.mark.django_db
def test_what_is_wrong_is_a_sentence_and_status_1(tmp_path: Path) -> None:
    """Asked within this process: that a program says a refusal so too, and nothing else, is said above."""

    def kept(name: str, text: str | bytes) -> str:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    mapping, good = kept("leads.yaml", MAPPING), kept("good.csv", lines(1))
    wrong = [
        ("leads", kept("empty.csv", ""), mapping, "The file is empty."),
        ("leads", kept("rows.csv", '{"id": 1}'), mapping, "This is a JSON file"),
        ("leads", kept("sheet.csv", b"%PDF-1.7\n"), mapping, "This is a PDF file"),
        ("leads", kept("other.csv", "a,b\n1,2\n"), mapping, "The file has no column “id”"),
        ("leads", good, kept("wrong.yaml", "columns: ["), "The mapping file is not YAML"),
        ("leads", good, kept("latin.yaml", "noun: é".encode("latin-1")), "Error: "),
        ("shoes", good, mapping, "“shoes” cannot be imported"),
        ("accounts", good, mapping, "Error: The mapping is for leads"),
    ]
    runner = CliRunner(env={"LANG": "C.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""})
    for noun, file, said, sentence in wrong:
        done = runner.invoke(main, ["import", noun, file, "--mapping", said, "--json"])
        assert (done.exit_code, done.stdout) == (1, ""), sentence
        assert done.stderr.startswith(sentence)
    for usage in (["leads", good], [], ["leads", good, "--mapping", mapping, "--undo", "1"], ["leads", "nowhere.csv", "--mapping", mapping]):
        assert runner.invoke(main, ["import", *usage]).exit_code == 2


@pytest.mark.parametrize("victim", ["import", "database"])
def test_killed_in_the_middle_it_goes_on_and_loses_nothing(prepared: Installation, mapping: str, victim: str) -> None:
    file = written(prepared, "many.csv", lines(MANY))
    running = prepared.start("import", "leads", file, "--mapping", mapping, "--json")
    assert 0 < wait_until_some_are_in(prepared, running) < MANY, "It was to be killed in the middle."
    os.kill(running.pid if victim == "import" else postmaster(prepared), signal.SIGKILL)
    assert running.wait(60) != 0
    (state, n_applied), (n_leads,) = asked(prepared, "SELECT state, n_applied FROM core_importrun"), asked(prepared, "SELECT count(*) FROM crm_lead")
    assert state == "running"
    assert n_applied == n_leads < MANY
    resumed = prepared.said("import", "--resume", "1")
    assert (resumed["state"], resumed["rows"], resumed["created"], resumed["rejected"]) == ("done", MANY, MANY, 0)
    assert asked(prepared, "SELECT count(*), count(DISTINCT reference) FROM crm_lead") == (MANY, MANY)
    assert asked(prepared, "SELECT count(*) FROM crm_passage WHERE left_at IS NULL") == (MANY,)
    assert asked(prepared, "SELECT count(*) FROM crm_account") == (900,)
    assert asked(prepared, "SELECT count(*), count(DISTINCT row_no) FROM core_importrow") == (MANY, MANY)
    assert prepared.said("check")["ok"]
    assert prepared.said("import", "--undo", "1")["state"] == "undone"
    for table in ("crm_lead", "crm_passage", "crm_ownership", "crm_timelineentry", "crm_contact", "crm_contactemail", "crm_account", "core_team"):
        assert asked(prepared, f"SELECT count(*) FROM {table}") == (0,), table


def wait_until_some_are_in(prepared: Installation, running: subprocess.Popen[Any]) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        row = asked(prepared, "SELECT n_applied FROM core_importrun")
        if row and row[0]:
            return int(row[0])
        time.sleep(0.02)
    pytest.fail(prepared.log.read_text(encoding="utf-8"))


def postmaster(prepared: Installation) -> int:
    data = Path(embedded_postgres.ensure_running(prepared.home).data)
    return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])


def test_json_is_one_line(prepared: Installation, mapping: str) -> None:
    done = prepared.tasuki("import", "leads", written(prepared, "one.csv", lines(3)), "--mapping", mapping, "--json")
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["created"] == 3
