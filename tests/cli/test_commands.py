"""Exit status, sentences and JSON of the commands that come and go."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from tasuki.cli import COMMANDS, main, processes
from tasuki.cli.readiness import database_in_use
from tasuki.core import embedded_postgres
from tests.cli.conftest import Installation, copied, removed_at_the_end


def test_every_command_says_what_it_does() -> None:
    runner = CliRunner()
    for name in COMMANDS:
        if name != "manage":
            said = runner.invoke(main, [name, "--help"])
            assert said.exit_code == 0, f"{name}: {said.output}"
            assert name in said.output
    everything = runner.invoke(main, ["--help"]).output
    assert all(name in everything for name in COMMANDS if name != "manage")


@pytest.mark.parametrize(
    "wrong", [["fly"], ["up", "--port", "99999999"], ["demo", "--leads", "0"], ["demo", "--json"], ["restore"], ["restore", "nothing.tar"]]
)
def test_wrong_usage_is_status_2(wrong: list[str]) -> None:
    said = CliRunner().invoke(main, wrong)
    assert said.exit_code == 2
    assert "Error:" in said.output


def test_a_server_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path, port: int) -> None:
    said = Installation(tmp_path).tasuki("check", DATABASE_URL=f"postgresql://somebody:secret@127.0.0.1:{port}/nothing")
    assert said.returncode == 1
    assert said.stderr.startswith("The database in DATABASE_URL cannot be used:")
    assert "Traceback" not in said.stderr
    assert "secret" not in said.stderr


@pytest.mark.slow
class TestDemo:
    def test_it_is_loaded_once(self, demo_installation: Installation) -> None:
        again = demo_installation.tasuki("demo", "--no-serve", "--leads", "5000")
        assert again.returncode == 0
        assert "here already, with 300 leads" in again.stderr
        assert demo_installation.said("demo", "--no-serve")["leads"] == 300

    def test_fresh_asks_first_and_counts_what_would_go(self, demo_installation: Installation) -> None:
        no = demo_installation.tasuki("demo", "--no-serve", "--fresh", answer="n\n")
        assert no.returncode == 1
        assert "0 changes made since it was loaded" in no.stderr
        assert demo_installation.said("demo", "--no-serve")["leads"] == 300

    def test_it_is_never_put_over_real_data(self, prepared: Installation) -> None:
        assert prepared.tasuki("administrator", "ada@example.com").returncode == 0
        for fresh in ([], ["--fresh", "--yes"]):
            refused = prepared.tasuki("demo", "--no-serve", *fresh)
            assert refused.returncode == 1
            assert refused.stderr.startswith("This database holds data of its own.")

    def test_the_server_leaves_with_the_last_command(self, demo_installation: Installation) -> None:
        assert not demo_installation.is_running()


@pytest.mark.slow
class TestCheck:
    def test_it_answers_in_words_and_in_json(self, demo_installation: Installation) -> None:
        assert demo_installation.tasuki("check").stdout.count("✓") == len(demo_installation.said("check")["checks"])
        said = demo_installation.said("check")
        assert said["ok"] is True
        assert set(said["checks"][0]) == {"key", "holds", "ok", "n_wrong", "examples"}

    def test_it_finds_what_does_not_agree(self, demo: Installation) -> None:
        with removed_at_the_end(copied(demo)) as installation:
            self._spoil(installation)
            found = installation.tasuki("check", "--json")
            assert found.returncode == 1
            wrong = {check["key"] for check in json.loads(found.stdout)["checks"] if not check["ok"]}
            assert wrong == {"stage", "lead_owners", "amounts"}
            assert "for example" in installation.tasuki("check").stdout

    def _spoil(self, installation: Installation) -> None:
        server = embedded_postgres.ensure_running(installation.home)
        with psycopg.connect(server.url) as connection:
            connection.execute("UPDATE crm_lead SET stage_id = 'live' WHERE id = (SELECT min(id) FROM crm_lead WHERE stage_id = 'nurturing')")
            connection.execute("UPDATE crm_lead SET owner_id = NULL WHERE id = (SELECT min(id) FROM crm_lead WHERE owner_id IS NOT NULL)")
            connection.execute("UPDATE sales_opportunity SET amount = -1 WHERE id = (SELECT min(id) FROM sales_opportunity)")


@pytest.mark.slow
def test_the_first_administrator_gets_a_link(prepared: Installation) -> None:
    said = prepared.said("administrator", "ada@example.com", "--family-name", "Lindqvist")
    assert said["email"] == "ada@example.com"
    assert said["link"].startswith("http://127.0.0.1:8000/password/")
    again = prepared.said("administrator", "ada@example.com")
    assert again["email"] == "ada@example.com"
    refused = prepared.tasuki("administrator", "not an address")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_the_language_of_the_terminal_is_spoken(prepared: Installation) -> None:
    said = prepared.tasuki("check", LC_ALL="ko_KR.UTF-8")
    assert said.returncode == 0
    assert "원장" in said.stdout, "The catalogues are compiled by bin/setup."


@pytest.mark.slow
@pytest.mark.parametrize("name", ["web/static/built/manifest.json", "locale/ja/LC_MESSAGES/django.mo"])
def test_what_was_not_built_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    processes.refuse_unbuilt()
    for built in ("web/static/built/manifest.json", "locale/ko/LC_MESSAGES/django.mo", "locale/ja/LC_MESSAGES/django.mo"):
        (tmp_path / built).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / built).touch()
    monkeypatch.setattr(processes, "_TASUKI", tmp_path)
    processes.refuse_unbuilt()
    (tmp_path / name).unlink()
    with pytest.raises(processes.NotBuilt, match=rf"was not built: {name} is missing. In a clone, run bin/setup"):
        processes.refuse_unbuilt()


@pytest.mark.slow
def test_shell_and_manage_reach_the_data(demo_installation: Installation) -> None:
    counted = demo_installation.tasuki("shell", "-c", "from tasuki.crm.leads import Lead; print(Lead.objects.count())")
    assert counted.stdout.strip() == "300"
    assert "core" in demo_installation.tasuki("manage", "showmigrations", "core").stdout


@pytest.mark.slow
def test_a_server_that_runs_without_us_is_left_running(prepared: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_postgres.ensure_running(prepared.home)
    assert prepared.tasuki("migrate").returncode == 0
    assert prepared.is_running()


@pytest.mark.slow
def test_the_second_to_leave_stops_what_the_first_started(prepared: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepared.tasuki("migrate").returncode == 0
    monkeypatch.setenv("TASUKI_HOME", str(prepared.home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with database_in_use():
        assert prepared.tasuki("migrate").returncode == 0
        assert prepared.is_running(), "The other one is still here."
    assert not prepared.is_running()
    assert os.environ["TASUKI_HOME"] == str(prepared.home)
