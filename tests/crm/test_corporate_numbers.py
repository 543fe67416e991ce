"""A corporate number carries its own check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import corporate_numbers
from tasuki.crm.corporate_numbers import CorporateNumberInvalid


def test_numbers_are_normalised_whatever_their_width_and_dashes() -> None:
    assert corporate_numbers.normalise("124-81-00998", "KR") == "1248100998"
    assert corporate_numbers.normalise("１１８０３０１０１８７７１", "JP") == "1180301018771"
    assert corporate_numbers.normalise("HRB 12345", "DE") == "HRB12345"


@pytest.mark.parametrize(("text", "country"), [("124-81-00999", "KR"), ("124810099", "KR"), ("1180301018772", "JP"), ("", "JP"), ("①②③", "KR")])
def test_a_wrong_number_is_refused_with_a_sentence(text: str, country: str) -> None:
    with pytest.raises(CorporateNumberInvalid, match=country):
        corporate_numbers.normalise(text, country)


@given(st.integers(0, 12), st.integers(1, 8))
def test_one_wrong_digit_in_japan_is_caught(position: int, shift: int) -> None:
    right = "1180301018771"
    wrong = right[:position] + str((int(right[position]) + shift) % 10) + right[position + 1 :]
    # The formula works modulo nine, so it cannot tell 0 from 9.
    if {right[position], wrong[position]} != {"0", "9"}:
        assert not corporate_numbers.is_valid_jp(wrong)


@given(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 9]), st.integers(1, 9))
def test_one_wrong_digit_in_korea_is_caught(position: int, shift: int) -> None:
    right = "1248100998"
    wrong = right[:position] + str((int(right[position]) + shift) % 10) + right[position + 1 :]
    assert not corporate_numbers.is_valid_kr(wrong)
