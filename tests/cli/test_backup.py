"""Backup and restore: everything comes back, or nothing is touched."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tasuki.core import embedded_postgres
from tests.cli.conftest import Installation

pytestmark = pytest.mark.slow

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
# Not saved: nobody would miss it.
OF_THE_MOMENT = {"core_cache"}


def counts(installation: Installation) -> dict[str, int]:
    """Rows per table."""
    server = embedded_postgres.ensure_running(installation.home)
    with psycopg.connect(server.url) as connection:
        found = {}
        for (table,) in connection.execute(TABLES).fetchall():
            if table not in OF_THE_MOMENT:
                found[table] = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()[0]
    embedded_postgres.stop(installation.home)
    return found


def n_files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


@pytest.fixture
def saved(demo_installation: Installation, tmp_path: Path) -> Path:
    """A backup of the demo company, with two attached files beside its own."""
    folder = demo_installation.home / "files"
    (folder / "2026").mkdir(parents=True, exist_ok=True)
    (folder / "2026" / "견적.pdf").write_bytes(b"%PDF-1.7 \x00\xff")
    (folder / "plain").write_text("plain")
    file = tmp_path / "monday.tasuki"
    said = demo_installation.said("backup", str(file))
    assert said["n_files"] == n_files(folder) > 2
    assert len(said["sha256"]) == 64
    assert file.stat().st_mode & 0o077 == 0, "It holds everything: its owner alone may read it."
    assert [path.name for path in tmp_path.iterdir()] == ["monday.tasuki"], "No draft is left behind."
    return file


def test_everything_comes_back(demo_installation: Installation, installation: Installation, saved: Path) -> None:
    said = installation.said("restore", str(saved))
    assert said["n_files"] == n_files(demo_installation.home / "files")
    before = counts(demo_installation)
    before["core_auditentry"] -= 1  # That it was saved is written down after it was saved.
    assert counts(installation) == before
    assert before["crm_lead"] == 300
    assert (installation.home / "files" / "2026" / "견적.pdf").read_bytes() == b"%PDF-1.7 \x00\xff"
    assert installation.said("check")["ok"]
    # What came back is as good as what was saved: it can be saved and put back again, over itself too.
    assert installation.said("backup", str(saved.with_name("tuesday.tasuki")))["n_files"] == said["n_files"]
    assert installation.tasuki("restore", str(saved.with_name("tuesday.tasuki")), "--replace", "--yes").returncode == 0
    assert counts(installation) == before
    assert sorted(path.name for path in installation.home.iterdir() if path.name.startswith(("restoring", "files"))) == ["files"]


def test_data_is_replaced_only_when_that_is_said(demo_installation: Installation, saved: Path) -> None:
    before = counts(demo_installation)
    refused = demo_installation.tasuki("restore", str(saved))
    assert (refused.returncode, refused.stderr.strip()) == (1, "This installation holds data. To put the backup in its place, say --replace.")
    assert demo_installation.tasuki("restore", str(saved), "--replace", answer="n\n").returncode == 1
    assert counts(demo_installation) == before


def test_a_damaged_backup_changes_nothing(demo_installation: Installation, saved: Path) -> None:
    before = counts(demo_installation)
    damaged = bytearray(saved.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    saved.write_bytes(bytes(damaged))
    refused = demo_installation.tasuki("restore", str(saved), "--replace", "--yes")
    assert refused.returncode == 1
    assert "does not have the checksum it was written with. Nothing was changed." in refused.stderr
    saved.write_bytes(bytes(damaged[: len(damaged) // 3]))
    assert demo_installation.tasuki("restore", str(saved), "--replace", "--yes").returncode == 1
    saved.write_text("a, b, c")
    refused = demo_installation.tasuki("restore", str(saved), "--replace", "--yes")
    assert refused.stderr.strip().endswith("is not a backup of Tasuki, or it is damaged.")
    assert counts(demo_installation) == before


def packed(file: Path, manifest: dict[str, object], parts: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w") as tar:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **parts}.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return file


@pytest.mark.parametrize("name", ["files/../../escaped", "/escaped", "escaped"])
def test_nothing_is_written_outside_the_home(installation: Installation, tmp_path: Path, name: str) -> None:
    part = {"name": name, "n_bytes": 1, "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}
    manifest = {"format": 1, "tasuki": "0.1.0", "postgresql": 18, "made_at": "2026-03-20T00:00:00+00:00", "parts": [part]}
    refused = installation.tasuki("restore", str(packed(tmp_path / "evil.tasuki", manifest, {name: b"a"})))
    assert refused.returncode == 1
    assert not list(installation.home.rglob("escaped")), refused.stderr


def test_a_backup_of_a_newer_version_is_refused(installation: Installation, tmp_path: Path) -> None:
    manifest = {"format": 1, "tasuki": "99.0.0", "postgresql": 18, "made_at": "2026-03-20T00:00:00+00:00", "parts": []}
    refused = installation.tasuki("restore", str(packed(tmp_path / "new.tasuki", manifest, {})))
    assert (refused.returncode, "99.0.0, which is newer" in refused.stderr) == (1, True)


def test_a_place_that_cannot_be_written_is_said(demo_installation: Installation) -> None:
    refused = demo_installation.tasuki("backup", "/nowhere/monday.tasuki")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The backup cannot be written to /nowhere/monday.tasuki")
