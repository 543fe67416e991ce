"""The error file of a run: one line for each thing to be said about a row, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.tables import harmless


def write(run: ImportRun, out: TextIO) -> int:
    """Write row, column, value, reason for rejected and warned rows; → the number of lines without the header."""
    writer = csv.writer(out)
    writer.writerow(["row", "column", "value", "reason", "state"])
    n = 0
    for row in ImportRow.objects.filter(run=run, messages__isnull=False).order_by("row_no").iterator(chunk_size=2_000):
        for message in row.messages or []:
            value = (row.values or {}).get(message["column"], "")
            writer.writerow([row.row_no, harmless(message["column"]), harmless(value), harmless(message["reason"]), row.state])
            n += 1
    return n


def write_beside(run: ImportRun, folder: Path) -> Path | None:
    """The error file in a folder, or None when there is nothing to say."""
    if not ImportRow.objects.filter(run=run, messages__isnull=False).exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"import-{run.pk}-errors.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        write(run, out)
    return path
