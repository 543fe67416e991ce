"""`tasuki kpis` as programs read it, and as people do."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tasuki.cli import main
from tests.cli.conftest import Installation

pytestmark = pytest.mark.slow

ROW = {"key", "leads", "won", "conversion", "n", "maturity", "balance", "median_days_to_won", "mean_days_to_won", "p90_days_to_won", "won_amount"}
STAGE = {"stage", "balance_start", "inflow", "outflow", "balance_end", "conversion", "n", "maturity"}
DAYS = {"median_days", "p90_days", "median_days_moved_on", "p90_days_moved_on"}


def test_one_object_with_rows_total_and_stages(demo_installation: Installation) -> None:
    said = demo_installation.said("kpis", "--from", "2025-10-01", "--to", "2025-12-31", "--by", "segment", "--form", "period")
    assert {name: said[name] for name in ("form", "from", "to", "by")} == {"form": "period", "from": "2025-10-01", "to": "2025-12-31", "by": "segment"}
    assert all(set(row) == ROW for row in [*said["rows"], said["total"]])
    assert said["total"]["leads"] == sum(row["leads"] for row in said["rows"]) > 0
    assert len(said["stages"]) == 13
    for stage in said["stages"]:
        assert set(stage) == STAGE | DAYS
        assert stage["balance_start"] + stage["inflow"] - sum(stage["outflow"].values()) == stage["balance_end"]


def test_all_time_by_cohort_is_what_is_asked_without_options(demo_installation: Installation) -> None:
    said = demo_installation.said("kpis")
    assert (said["form"], said["from"], said["to"], said["by"]) == ("cohort", None, None, "source")
    assert said["total"]["conversion"] == pytest.approx(said["total"]["won"] / said["total"]["leads"], abs=1e-6)
    by_month = demo_installation.said("kpis", "--by", "month")
    assert [row["key"] for row in by_month["rows"]] == sorted(row["key"] for row in by_month["rows"])
    assert by_month["total"] == said["total"]


def test_people_read_tables_in_their_language(demo_installation: Installation) -> None:
    english, korean = demo_installation.tasuki("kpis"), demo_installation.tasuki("kpis", LANG="ko_KR.UTF-8")
    assert "Onboarding" in english.stdout
    assert "온보딩" in korean.stdout


def test_a_period_that_ends_before_it_begins_is_refused(demo_installation: Installation) -> None:
    said = demo_installation.tasuki("kpis", "--json", "--from", "2026-03-02", "--to", "2026-03-01")
    assert (said.returncode, said.stdout) == (1, "")
    assert "after the last" in said.stderr


@pytest.mark.parametrize("wrong", [["--by", "colour"], ["--form", "cube"], ["--from", "yesterday"], ["--from", "2026-02-30"]])
def test_what_is_not_understood_is_status_2(wrong: list[str]) -> None:
    assert CliRunner().invoke(main, ["kpis", *wrong]).exit_code == 2
