"""How well messy files are read: ours, Python's csv and DuckDB on the same files, scored by the same measures.

`python bench/reading.py FOLDER` with a folder of the Pollock benchmark's survey: csv/, clean/ and parameters/. Each file earns up to 10
points, as there: 1 for being read at all, and precision, recall and F1 of the header's cells, the records, and the cells. Ours is told
nothing. The others are scored twice: told nothing, and told encoding, delimiter, quotation mark, escape and where the header stands.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

Rows = list[list[str]]
Contender = Callable[[Path, dict[str, Any]], tuple[list[str], Rows]]


def ours(path: Path, _parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    from tasuki.core.imports import reading

    with reading.opened(path) as table:
        header = _as_in_the_file(table.header, r"column_\d+", r" \(\d+\)") if table.read_as.header_row else []
        return header, [[row.cells.get(name, "") for name in table.header] for row in table.rows if not row.problem]


def csv_alone(path: Path, _parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:65_536])
    except csv.Error:
        dialect = csv.excel
    first, *rest = [row for row in csv.reader(text.splitlines(keepends=True), dialect) if row]
    return first, rest


def csv_told(path: Path, parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    text = path.read_bytes().decode(_encoding(parameters), errors="replace")
    quote, escape = parameters["quotechar"] or None, parameters["escapechar"] or None
    reader = csv.reader(
        text.splitlines(keepends=True),
        delimiter=parameters["delimiter"],
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=None if escape == quote else escape,
    )
    return _below(list(reader), parameters)


def duckdb_alone(path: Path, _parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    return _duckdb(path, {})


def duckdb_told(path: Path, parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    said = {"delim": parameters["delimiter"], "skip": int(parameters["preamble_lines"]), "header": int(parameters["header_lines"]) > 0}
    if parameters["quotechar"]:
        said |= {"quote": parameters["quotechar"], "escape": parameters["escapechar"] or parameters["quotechar"]}
    return _duckdb(path, said)


def _duckdb(path: Path, said: dict[str, Any]) -> tuple[list[str], Rows]:
    import duckdb

    failure: Exception | None = None
    for more in (
        {},
        {"strict_mode": False, "null_padding": True},
        {"strict_mode": False, "null_padding": True, "encoding": "latin-1"},
        {"ignore_errors": True, "null_padding": True},
    ):
        given = ", ".join(f"{name} := {_literal(value)}" for name, value in (said | more).items())
        try:
            found = duckdb.sql(f"SELECT * FROM read_csv({_literal(str(path))}, all_varchar := true{', ' + given if given else ''})")
            rows = [["" if cell is None else cell for cell in row] for row in found.fetchall()]
        except duckdb.Error as error:
            failure = error
            continue
        header = _as_in_the_file(found.columns, r"column\d+", r"_\d+")
        return header if any(header) else [], rows
    raise failure or ValueError(path)


def _as_in_the_file(header: list[str], made_up: str, suffix: str) -> list[str]:
    """A column without a name has none, whatever it is called instead; one whose name was made distinct has the name that it shares."""
    names = ["" if re.fullmatch(made_up, name) else name for name in header]
    return [shared if (shared := re.sub(f"{suffix}$", "", name)) in names else name for name in names]


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, int)) else "'" + str(value).replace("'", "''") + "'"


CONTENDERS: dict[str, Contender] = {"tasuki": ours, "csv": csv_alone, "duckdb": duckdb_alone, "csv, told": csv_told, "duckdb, told": duckdb_told}


def _below(rows: Rows, parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    rows = [row for row in rows[int(parameters["preamble_lines"]) :] if row]
    return (rows[0], rows[1:]) if int(parameters["header_lines"]) else ([], rows)


def _encoding(parameters: dict[str, Any]) -> str:
    return {"ascii": "utf-8"}.get(parameters["encoding"].lower(), parameters["encoding"])


def expected(folder: Path, name: str, parameters: dict[str, Any]) -> tuple[list[str], Rows]:
    """Header and rows of the clean version. Where the file has no header, the clean one may have been given one, which is nobody's to find."""
    text = (folder / "clean" / name).read_bytes()
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = text.decode("cp1252")
    rows = [row for row in csv.reader(decoded.splitlines(keepends=True)) if row]
    if int(parameters["header_lines"]):
        return rows[0], rows[1:]
    raw = (folder / "csv" / name).read_bytes().count(b"\n")
    return [], rows[1:] if len(rows) > raw else rows


def score(read: tuple[list[str], Rows], wanted: tuple[list[str], Rows]) -> float:
    """Of 10. Cells are compared without the blanks around them, numbers by their value, records as whole; empty cells at a row's end are nothing."""
    (header, rows), (wanted_header, wanted_rows) = read, wanted
    measures = [1.0, *_measures(_cells(header), _cells(wanted_header))]
    measures += _measures((tuple(_cells(row)) for row in rows), (tuple(_cells(row)) for row in wanted_rows))
    measures += _measures((cell for row in rows for cell in _cells(row)), (cell for row in wanted_rows for cell in _cells(row)))
    return sum(measures)


def _measures(read: Any, wanted: Any) -> tuple[float, float, float]:
    got, due = Counter(read), Counter(wanted)
    n_due, n_got, n_both = due.total(), got.total(), (got & due).total()
    if not n_due:
        return (1.0, 1.0, 1.0)
    if not n_both:
        return (0.0, 0.0, 0.0)
    precision, recall = n_both / n_got, n_both / n_due
    return precision, recall, 2 * precision * recall / (precision + recall)


def _cells(row: Sequence[str]) -> list[str]:
    cells = [_plain(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _plain(cell: str) -> str:
    words = " ".join(cell.split()).lower()
    try:
        return str(float(words))
    except ValueError:
        return words


def scores(folder: Path) -> dict[str, dict[str, float]]:
    """Points by contender and file."""
    points: dict[str, dict[str, float]] = {name: {} for name in CONTENDERS}
    for file in sorted((folder / "csv").iterdir()):
        parameters = json.loads((folder / "parameters" / f"{file.name}_parameters.json").read_text(encoding="utf-8"))
        wanted = expected(folder, file.name, parameters)
        for name, read in CONTENDERS.items():
            try:
                points[name][file.name] = score(read(file, parameters), wanted)
            except Exception as error:  # noqa: BLE001 - whatever a contender dies of, it read nothing
                points[name][file.name] = 0.0
                print(f"{name}: {file.name}: {str(error).splitlines()[0][:150]}", file=sys.stderr)
    return points


def main() -> None:
    if not settings.configured:
        settings.configure(USE_I18N=False)
    points = scores(Path(sys.argv[1]))
    if "-v" in sys.argv:
        for file in points["tasuki"]:
            print(file[:50].ljust(52), *(f"{points[name][file]:6.2f}" for name in CONTENDERS))
    for name, by_file in points.items():
        print(f"{name:14} {sum(by_file.values()) / len(by_file):6.3f} of 10, {sum(value > 9.99 for value in by_file.values())} of {len(by_file)} files whole")


if __name__ == "__main__":
    main()
