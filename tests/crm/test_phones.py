"""However a number is written, it is one number."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import phones
from tasuki.crm.phones import PhoneInvalid

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    "written", ["02-555-0142", "(02) 555 0142", "+82 2 555 0142", "０２－５５５－０１４２", "tel: 02.555.0142", "대표 02 555 0142", "+82 (0)2 555 0142"]
)
def test_one_korean_number_in_many_spellings(written: str) -> None:
    assert phones.to_e164(written, "KR") == "+8225550142"


@pytest.mark.parametrize(
    "written",
    [
        "03-5555-0142(代表)",
        "０３－５５５５－０１４２（代）",
        "代表：03-5555-0142",
        "03-5555-0142 内線123",
        "+81(0)3-5555-0142",
        "03-5555-0142 ext. 12",
        "03ー5555ー0142",
    ],
)
def test_one_japanese_number_with_what_is_written_around_it(written: str) -> None:
    assert phones.to_e164(written, "JP") == "+81355550142"


@pytest.mark.parametrize(
    "written", ["02-555-0142~4", "02-555-0142～4", "02-555-0142/3", "02-555-0142 / 0143", "02-555-0142, 3", "02-555-0142 내선 12", "02-555-0142 (직통)"]
)
def test_neighbouring_lines_and_extensions_never_make_another_number(written: str) -> None:
    assert phones.to_e164(written, "KR") == "+8225550142"


def test_a_slash_behind_an_area_code_is_no_other_line() -> None:
    for read in (phones.to_e164, lambda *cell: phones.several(*cell)[0]):
        assert read("030/1234567", "DE") == "+49301234567"


def test_several_numbers_in_one_cell() -> None:
    assert phones.several("02-555-0142 / 010-5550-0100; 02 555 0142", "KR") == ["+8225550142", "+821055500100"]
    assert phones.several("대표 02-555-0142/3, 휴대폰 010-5550-0100", "KR") == ["+8225550142", "+821055500100"]
    assert phones.several("03-5555-0142、090-5555-0100", "JP") == ["+81355550142", "+819055550100"]


def test_a_cell_too_long_for_numbers_is_refused_whole() -> None:
    for read in (phones.to_e164, phones.several):
        with pytest.raises(PhoneInvalid, match="telephone"):
            read("02-555-0142 " * 30, "KR")


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_is_refused(text: str) -> None:
    e164 = _e164(text, "KR")
    assert e164 == "" or (e164.startswith("+") and phones.to_e164(e164, "JP") == e164)


def test_a_number_is_shown_as_it_is_dialled_from_anywhere() -> None:
    assert [phones.display(e164) for e164 in ("+8225550142", "+819055550100", "+12125550142")] == ["+82 2-555-0142", "+81 90-5555-0100", "+1 212-555-0142"]


@pytest.mark.parametrize("written", ["", "call me", "12", "\x00", "🐈", "+999999999999999999999"])
def test_what_is_no_number_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(PhoneInvalid, match="telephone"):
        phones.to_e164(written, "KR")


@pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine")
def test_every_real_vector_gives_its_e164() -> None:
    with (DATA / "phone" / "phone_vectors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3_846
    assert [row["input"] for row in rows if _e164(row["input"], row["default_region"]) != row["e164"]] == []


def _e164(text: str, country: str) -> str:
    try:
        return phones.to_e164(text, country)
    except PhoneInvalid:
        return ""
