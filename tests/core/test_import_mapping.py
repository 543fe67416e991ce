"""A mapping says which column fills which field; every mistake in one is a sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.errors import Refused
from tasuki.core.imports import fields, mapping
from tasuki.core.imports.fields import How
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.nouns import noun_named

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "mappings"


def test_a_mapping_is_read() -> None:
    read = mapping.read("noun: leads\ncolumns:\n  source:\n    column: origin\n    values: {fb: Facebook}\n  segment: seg\n")
    assert read.columns["source"].text({"origin": "fb"}) == "Facebook"
    assert read.columns["segment"].text({"seg": "banks"}) == "banks"
    assert mapping.from_json(read.as_json()) == read


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "columns"),
        ("- a\n- b", "columns"),
        ("columns: [", "YAML"),
        ("columns: {}", "columns"),
        ("columns: {source: [3]}", "source"),
        ("columns: {source: {colum: x}}", "colum"),
        ("colums: {a: b}", "colums"),
        ("columns: {a: b}\non_duplicate: maybe", "maybe"),
        ("columns: {a: {column: b, time_zone: Mars/Base}}", "Mars"),
        ("a: &x [1]\nb: [*x, *x]", "anchors"),
        ("x" * 300_000, "larger"),
        ("!!python/object/apply:os.system ['true']", "YAML"),
    ],
)
def test_a_mistake_in_a_mapping_is_a_sentence(source: str, sentence: str) -> None:
    with pytest.raises(MappingRefused, match=sentence):
        mapping.read(source)


@pytest.mark.parametrize(("cell", "value"), [("1,234.50", "1234.50"), ("１２００", "1200.00"), ("-3", "-3.00"), ("1 200", "1200.00")])
def test_an_amount_is_read_exactly(cell: str, value: str) -> None:
    assert fields.amount(cell, How()) == value


@pytest.mark.parametrize("cell", ["", "abc", "1,23", "1e400", "NaN", "inf", "1_000", "--1", "99999999999999999999"])
def test_what_is_no_amount_is_refused(cell: str) -> None:
    with pytest.raises(Refused):
        fields.amount(cell, How())


def test_a_day_is_never_guessed() -> None:
    assert fields.day("2026-03-02", How()) == "2026-03-02"
    assert fields.day("02/03/2026", How(format="%d/%m/%Y")) == "2026-03-02"
    with pytest.raises(Refused, match="date"):
        fields.day("02/03/2026", How())


def test_a_moment_without_a_zone_is_in_the_mappings_zone() -> None:
    assert fields.moment("2026-03-02 09:00:00", How(time_zone="Asia/Seoul")) == "2026-03-02T00:00:00+00:00"


@given(st.text(max_size=60))
def test_no_text_breaks_a_field(cell: str) -> None:
    for parse in (fields.amount, fields.day, fields.moment, fields.integer, fields.country, fields.currency, fields.text(20), fields.choice("a")):
        with contextlib.suppress(Refused):
            assert parse(cell, How()) is not None


def test_a_mapping_is_text_throughout() -> None:
    read = mapping.read("columns: {country: {column: 2024, values: {Norway: NO, 1.10: yes, Select: }}}")
    assert [read.columns["country"].text({"2024": cell}) for cell in ("Norway", "1.10", "Select", "KR")] == ["NO", "yes", "", "KR"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("columns: {name: a, name: b}", "“name” stands twice"),
        ("columns: {owner: {column: a, create_missing: maybe}}", "true or false"),
        ("columns: {a: R&D*}", ""),
    ],
)
def test_slips_of_the_pen_are_told_from_what_is_meant(source: str, sentence: str) -> None:
    with pytest.raises(MappingRefused, match=sentence) if sentence else contextlib.nullcontext():
        mapping.read(source)


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_can_be_read_and_fits_its_noun(path: Path) -> None:
    read = mapping.read(path.read_text(encoding="utf-8"))
    noun = noun_named(read.noun)
    assert set(read.columns) <= set(noun.fields)
    noun.check(read, [column.column for column in read.columns.values()])
