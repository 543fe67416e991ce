"""A corporate number carries its own check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import corporate_numbers
from tasuki.crm.corporate_numbers import CorporateNumberInvalid


def test_numbers_are_normalised_whatever_their_width_and_dashes() -> None:
    assert corporate_numbers.normalise("124-81-00998", "KR") == "1248100998"
    assert corporate_numbers.normalise("１１８０３０１０１８７７１", "JP") == "1180301018771"
    assert corporate_numbers.normalise("hrb 12345", "DE") == "HRB12345"


@pytest.mark.parametrize(
    ("text", "country"), [("124-81-00999", "KR"), ("124810099", "KR"), ("1180301018772", "JP"), ("", "JP"), ("①②③", "KR"), ("000-00-00000", "KR")]
)
def test_a_wrong_number_is_refused_with_a_sentence(text: str, country: str) -> None:
    with pytest.raises(CorporateNumberInvalid, match=country):
        corporate_numbers.normalise(text, country)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_in_japan_is_caught(body: str, position: int, shift: int) -> None:
    right = next(number for number in (f"{first}{body}" for first in range(10)) if corporate_numbers.is_valid_jp(number))
    wrong = _with_another_digit(right, position, shift)
    # The sum is taken modulo nine, so behind the check digit it cannot tell 0 from 9.
    assert corporate_numbers.is_valid_jp(wrong) == (position > 0 and {right[position], wrong[position]} == {"0", "9"})


@given(st.text("0123456789", min_size=9, max_size=9).filter(lambda body: body.strip("0")), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_in_korea_is_caught(body: str, position: int, shift: int) -> None:
    right = next(number for number in (f"{body}{last}" for last in range(10)) if corporate_numbers.is_valid_kr(number))
    assert not corporate_numbers.is_valid_kr(_with_another_digit(right, position, shift))


def _with_another_digit(number: str, position: int, shift: int) -> str:
    return number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
