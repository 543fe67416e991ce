"""Reading the rows of a file ahead of the writing: while the database writes one chunk, a thread parses and checks the next."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports import own_exports
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Column, Mapping
from tasuki.core.imports.nouns import ImportNoun, Line
from tasuki.core.imports.tables import Row
from tasuki.core.tables import as_it_was

CHUNK = 10_000
# A chunk of very long rows ends early, so that it fits into memory.
_MOST_CHARACTERS = 32_000_000
# What was read of a column's texts is remembered: so many of them, and none that is longer.
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 10_000, 100


class Parser:
    """Makes lines of rows for one noun and mapping."""

    def __init__(self, noun: ImportNoun, mapping: Mapping, *, kind: str = "") -> None:
        # Our own CSV files hold apostrophes before what a spreadsheet would compute.
        self._is_ours = kind == "csv" and own_exports.is_one(mapping)
        self._columns = {name: column.column or name for name, column in mapping.columns.items()}
        self._readers = [_Reader(noun.fields[name], column) for name, column in mapping.columns.items()]

    def line(self, row: Row) -> Line:
        """The row with its values read, or rejected with what is wrong about each."""
        line = Line(row.row_no, row.cells, self._columns)
        if row.problem:
            line.reject("", row.problem)
            return line
        if self._is_ours:
            line.cells = {name: as_it_was(cell) for name, cell in row.cells.items()}
        for reader in self._readers:
            reader.read(line)
        return line


class _Reader:
    """Reads one field of many rows, and remembers what it made of a text where the same texts come again."""

    def __init__(self, field: Field, column: Column) -> None:
        self._field, self._column, self._how = field, column, column.how
        self._is_plain = not (column.constant or column.values or column.default)
        self._known: dict[str, Any] = {}

    def read(self, line: Line) -> None:
        text = line.cells.get(self._column.column, "") if self._is_plain else self._column.text(line.cells)
        name = self._field.name
        if text in self._known:
            line.values[name] = self._known[text]
        elif not text or text.isspace():
            if self._field.required:
                line.reject(name, _("This must not be empty."))
        else:
            try:
                line.values[name] = value = self._field.parse(text, self._how)
            except Refused as refusal:
                line.reject(name, refusal.message)
                return
            if len(text) <= _LONGEST_REMEMBERED:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[text] = value


class Chunks(Iterator[list[Line]]):
    """The rows as lines, a chunk at a time. Raises what reading the file raises.

    Whoever has decided about a chunk and lets the database write calls `read_on`: the next chunk is parsed meanwhile. Earlier would not be
    faster, because two threads of Python never compute at the same time. Close it before the file is closed. What is said about rows is
    said in the language of the caller.
    """

    def __init__(self, parser: Parser, rows: Iterator[Row]) -> None:
        self._parser, self._rows, self._language = parser, rows, translation.get_language()
        self._ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._coming: Future[list[Line]] | None = None
        self._is_over = False

    def read_on(self) -> None:
        """Begin to read the next chunk, unless that was begun."""
        if self._coming is None and not self._is_over:
            self._coming = self._ahead.submit(self._following)

    def __next__(self) -> list[Line]:
        self.read_on()
        coming, self._coming = self._coming, None
        lines: list[Line] = []
        try:
            lines = coming.result() if coming else []
        finally:
            if not lines:
                self.close()
        if not lines:
            raise StopIteration
        return lines

    def close(self) -> None:
        self._is_over = True
        self._ahead.shutdown()

    def _following(self) -> list[Line]:
        with translation.override(self._language):
            return [self._parser.line(row) for row in _chunk(self._rows)]


def _chunk(rows: Iterator[Row]) -> Iterator[Row]:
    n_characters = 0
    for row in itertools.islice(rows, CHUNK):
        yield row
        n_characters += sum(map(len, row.cells.values()))
        if n_characters > _MOST_CHARACTERS:
            return
