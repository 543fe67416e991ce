"""Reading a table from a file of somebody else's making, whatever it is: text in any dialect and encoding, a workbook, a page, an address book. Streams."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tasuki.core.imports import dialects, encodings, html_tables, recognising, tables, vcards, workbooks
from tasuki.core.imports.dialects import Dialect
from tasuki.core.imports.tables import Layout, Other, ReadAs, Record, Said, Sureness, Table

_SAMPLE = 256 * 1024
# Records that are looked at to find the header.
_RECORDS = 500


@contextmanager
def opened(path: Path, said: Said = Said()) -> Iterator[Table]:  # noqa: B008 - it is frozen
    """Open a file as a table. Raises FileRefused with a sentence for a file that is none."""
    records, layout, read_as = _laid_out(path, said)
    yield Table(layout.names, tables.rows_of(records, layout), read_as, layout.others)


def count_rows(path: Path, said: Said = Said()) -> tuple[int, list[Other]]:  # noqa: B008 - it is frozen
    """How many rows the table has, and which other tables stand below it, reading it once; refuses what `opened` refuses."""
    records, layout, _read_as = _laid_out(path, said)
    return sum(1 for _record in tables.records_of(records, layout)), layout.others


def _laid_out(path: Path, said: Said) -> tuple[Iterator[Record], Layout, ReadAs]:
    kind = recognising.kind_of(path)
    read_as, records = _read(path, kind, said)
    # The header of another table may stand far down; what is above it is passed over.
    n_skipped = max(0, (said.header_row or 0) - _RECORDS // 2)
    sample = list(itertools.islice(records, n_skipped, n_skipped + _RECORDS))
    first_problem = next((problem for _cells, problem in sample), "")
    if first_problem:
        raise tables.FileRefused(first_problem)
    header_row = 1 if kind == "vcard" else said.header_row
    layout = tables.lay_out([cells for cells, _problem in sample], header_row=header_row and header_row - n_skipped)
    header_row, last_row = (at + n_skipped if at else 0 for at in (layout.header_row, layout.last_row))
    layout = replace(layout, header_row=header_row, last_row=last_row, n_skipped=n_skipped, is_one_table=said.is_one_table)
    read_as = replace(read_as, header_row=layout.header_row, notes=(*read_as.notes, *layout.notes))
    return itertools.chain(sample, records), layout, read_as


def _read(path: Path, kind: str, said: Said) -> tuple[ReadAs, Iterator[Record]]:
    if kind in ("xlsx", "xls", "ods"):
        sheets, sheet, records = workbooks.opened(path, kind, said.sheet)
        return ReadAs(kind, sheet=sheet, sheets=tuple(sheets)), records
    encoding, sureness = (said.encoding, Sureness.CERTAIN) if said.encoding else _guessed(path, kind)
    if kind == "html":
        return ReadAs(kind, encoding, sureness), html_tables.records(path, encoding)
    if kind == "vcard":
        return ReadAs(kind, encoding, sureness), vcards.records(dialects.lines_of(path, encoding))
    dialect = _dialect(path, encoding, said)
    return ReadAs(kind, encoding, sureness, dialect.delimiter, dialect.quote, dialect.escape), dialects.records(dialects.lines_of(path, encoding), dialect)


def _guessed(path: Path, kind: str) -> encodings.Guess:
    return html_tables.encoding_said(path) if kind == "html" else encodings.encoding_of(path)


def _dialect(path: Path, encoding: str, said: Said) -> Dialect:
    seen = dialects.dialect_of(_head(path, encoding))
    return replace(seen, delimiter=said.delimiter or seen.delimiter, quote=said.quote or seen.quote, escape=said.escape or seen.escape)


def _head(path: Path, encoding: str) -> str:
    """The first lines of the file, whole ones where they are not too long."""
    head, n = [], 0
    for line in dialects.lines_of(path, encoding):
        head.append(line[: _SAMPLE - n])
        n += len(line)
        if n >= _SAMPLE:
            break
    return "".join(head)
