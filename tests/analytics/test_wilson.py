"""Between which bounds a share lies, against figures that were printed elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics import wilson


@pytest.mark.parametrize(
    ("of", "printed"),
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 1998, table I.
    [((81, 263), (0.2553, 0.3662)), ((15, 148), (0.0624, 0.1605)), ((0, 20), (0.0, 0.1611)), ((1, 29), (0.0061, 0.1718))],
)
def test_the_interval_is_the_one_that_was_printed(of: tuple[int, int], printed: tuple[float, float]) -> None:
    assert wilson.interval(*of) == pytest.approx(printed, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_share_and_never_leaves_what_a_share_can_be(of: tuple[int, int]) -> None:
    low, high = wilson.interval(*of)
    assert 0.0 <= low <= of[0] / of[1] <= high <= 1.0
    assert low < high


@pytest.mark.parametrize(("part", "whole"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_share_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson.interval(part, whole)
