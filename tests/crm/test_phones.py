"""However a number is written, it is one number."""

import csv
from pathlib import Path

import pytest

from tasuki.crm import phones
from tasuki.crm.phones import PhoneInvalid

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "phone" / "phone_vectors.csv"


@pytest.mark.parametrize(
    "written", ["02-555-0142", "(02) 555 0142", "+82 2 555 0142", "０２－５５５－０１４２", "tel: 02.555.0142", "대표 02 555 0142", "+82 (0)2 555 0142"]
)
def test_one_korean_number_in_many_spellings(written: str) -> None:
    assert phones.to_e164(written, "KR") == "+8225550142"


def test_several_numbers_in_one_cell() -> None:
    assert phones.several("02-555-0142 / 010-5550-0100; 02 555 0142", "KR") == ["+8225550142", "+821055500100"]


def test_a_reader_sees_their_own_numbers_as_at_home() -> None:
    assert phones.display("+8225550142", "KR") == "02-555-0142"
    assert phones.display("+8225550142", "JP") == "+82 2-555-0142"


@pytest.mark.parametrize("written", ["", "call me", "12", "\x00", "🐈", "+999999999999999999999"])
def test_what_is_no_number_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(PhoneInvalid, match="telephone"):
        phones.to_e164(written, "KR")


@pytest.mark.skipif(not VECTORS.exists(), reason="the real phone vectors (../shared/data) are not on this machine")
def test_every_real_vector_gives_its_e164() -> None:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        wrong = [row["input"] for row in csv.DictReader(file) if _e164(row["input"], row["default_region"]) != row["e164"]]
    assert wrong == []


def _e164(text: str, country: str) -> str:
    try:
        return phones.to_e164(text, country)
    except PhoneInvalid:
        return ""
