"""Rows are parsed ahead of the writing, and nobody can tell but by the clock."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from django.utils import translation

from tasuki.core.imports import collecting, fields, parsing
from tasuki.core.imports.fields import Field, How
from tasuki.core.imports.mapping import Column, Mapping
from tasuki.core.imports.nouns import ImportNoun, Line, by_name
from tasuki.core.imports.parsing import Parser
from tasuki.core.imports.runs import RowState
from tasuki.core.imports.tables import FileRefused, Row

READ: list[str] = []


def _noted(cell: str, how: How) -> str:
    READ.append(cell)
    return fields.text(200)(cell, how)


NOUN = ImportNoun("things", "thing", by_name(Field("name", _noted, required=True), Field("day", fields.day)), (), lambda _chunk: None, lambda _run: None)
PARSER_MAPPING = Mapping("things", {"name": Column("Name"), "day": Column("Day")})
PARSER = Parser(NOUN, PARSER_MAPPING)


def rows(*names: str) -> Iterator[Row]:
    return (Row(no, {"Name": name, "Day": "2026-03-02"}) for no, name in enumerate(names, start=2))


def names_of(chunks: Iterator[list[Line]]) -> list[list[str]]:
    return [[line.values.get("name", "") for line in lines] for lines in chunks]


def test_rows_come_in_their_order_a_chunk_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)
    assert names_of(parsing.Chunks(PARSER, rows("a", "b", "c", "d", "e"))) == [["a", "b"], ["c", "d"], ["e"]]
    assert names_of(parsing.Chunks(PARSER, rows())) == []


def test_very_long_rows_make_a_short_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_MOST_CHARACTERS", 100)
    assert list(map(len, parsing.Chunks(PARSER, rows("a" * 99, "b" * 9, "c" * 60, "d" * 60)))) == [1, 3]


def test_what_was_read_once_is_remembered_and_what_is_wrong_is_said_each_time() -> None:
    READ.clear()
    parser = Parser(NOUN, PARSER_MAPPING)
    lines = [parser.line(row) for row in rows("Haneul", "Haneul", "x" * 201, "x" * 201, " ")]
    assert READ == ["Haneul", "x" * 201, "x" * 201]
    assert [line.state for line in lines] == [None, None, RowState.REJECTED, RowState.REJECTED, RowState.REJECTED]
    assert [line.messages[0]["column"] for line in lines[2:]] == ["Name", "Name", "Name"]


def test_only_so_many_texts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_MOST_REMEMBERED", 2)
    READ.clear()
    parser = Parser(NOUN, PARSER_MAPPING)
    for row in rows("a", "b", "a", "c", "a"):
        assert parser.line(row).values["name"] == row.cells["Name"]
    assert READ == ["a", "b", "c", "a"]


def test_what_is_said_about_rows_is_said_in_the_language_of_the_caller() -> None:
    with translation.override("ko"):
        here = [str(lines[0].messages[0]["reason"]) for lines in parsing.Chunks(PARSER, rows(" "))]
    with translation.override("en"):
        english = [str(lines[0].messages[0]["reason"]) for lines in parsing.Chunks(PARSER, rows(" "))]
    assert english == ["This must not be empty."]
    assert here != english


def test_a_file_that_breaks_off_is_refused_after_the_chunks_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)

    def broken() -> Iterator[Row]:
        yield from rows("a", "b", "c")
        raise FileRefused("It ends here.")

    chunks = parsing.Chunks(PARSER, broken())
    assert [line.values["name"] for line in next(chunks)] == ["a", "b"]
    with pytest.raises(FileRefused, match="It ends here"):
        next(chunks)


def test_no_thread_is_left_when_the_writing_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 1)
    chunks = parsing.Chunks(PARSER, rows("a", "b", "c"))
    next(chunks)
    chunks.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("import")]


def test_the_collector_rests_until_the_last_run_is_over() -> None:
    with collecting.resting():
        with collecting.resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_is_back_after_a_run_that_was_refused() -> None:
    with pytest.raises(FileRefused), collecting.resting():
        raise FileRefused("It ends here.")
    assert gc.isenabled()
