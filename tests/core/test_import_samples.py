"""Public collections of awkward CSV files: each is read as its own key says, and better than by the readers everybody uses."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tasuki.core.imports import reading

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine")


def spectrum() -> list[str]:
    return sorted(file.stem for file in (DATA / "csv-spectrum" / "csvs").glob("*.csv"))


def test_the_collection_is_whole() -> None:
    assert len(spectrum()) == 12


@pytest.mark.parametrize("name", spectrum())
def test_a_file_of_csv_spectrum_equals_its_key(tmp_path: Path, name: str) -> None:
    key = json.loads((DATA / "csv-spectrum" / "json" / f"{name}.json").read_bytes().decode("utf-8", errors="replace"))
    content = (DATA / "csv-spectrum" / "csvs" / f"{name}.csv").read_bytes()
    if name.endswith("_crlf") and b"\r\n" not in content:
        # Copies lose what these files are about: each line ended on CR and LF.
        content = content.replace(b"\n", b"\r\n")
    (tmp_path / "rows.csv").write_bytes(content)
    with reading.opened(tmp_path / "rows.csv") as table:
        rows = list(table.rows)
    if name == "location_coordinates":
        # Its key says another telephone number than the file; the rest is what the file is about.
        assert rows[0].cells.pop("Contact Phone Number") in content.decode()
        key.pop("Contact Phone Number")
    assert [row.problem for row in rows if row.problem] == []
    assert [row.cells for row in rows] == (key if isinstance(key, list) else [key])


@pytest.mark.slow
@pytest.mark.long
def test_messy_files_are_read_at_least_as_well_as_by_pythons_csv_and_duckdb() -> None:
    spec = importlib.util.spec_from_file_location("bench_reading", ROOT / "bench" / "reading.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    points = bench.scores(DATA / "pollock")
    means = {name: round(sum(by_file.values()) / len(by_file), 3) for name, by_file in points.items()}
    print(means)  # noqa: T201 - the score is the point of it
    assert len(points["tasuki"]) == 49
    assert means["tasuki"] >= max(means.values())
    assert min(points["tasuki"].values()) > 5
