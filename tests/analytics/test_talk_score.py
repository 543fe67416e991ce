"""The talk score, by the vectors of the formula it follows; and how far two people agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics.raters import weighted_kappa
from tasuki.analytics.talk_score import MIITEL, score


@pytest.mark.parametrize(("minutes", "talk", "overlaps", "silences", "expected"), [(8, 55, 4, 8, 50), (4, 70, 2, 2, 10), (12, 43, 6, 3, 89.5)])
def test_the_vectors_of_the_formula(*, minutes: float, talk: float, overlaps: int, silences: int, expected: float) -> None:
    assert score(minutes=minutes, talk_percent=talk, n_overlaps=overlaps, n_silences=silences) == expected


@pytest.mark.parametrize(
    ("minutes", "points"), [(0.1, 0), (4.99, 0), (5, 30), (9.99, 30), (10, 50), (29.9, 50), (30, 30), (40, 0), (50, -10), (59.9, -10), (60, -20)]
)
def test_each_band_begins_at_its_minute(minutes: float, points: float) -> None:
    assert MIITEL.points(minutes) == points


@given(minutes=st.floats(0.01, 600), talk=st.floats(0, 100), overlaps=st.integers(0, 5_000), silences=st.integers(0, 5_000))
def test_a_score_stays_between_0_and_100_and_one_more_silence_never_raises_it(*, minutes: float, talk: float, overlaps: int, silences: int) -> None:
    found = score(minutes=minutes, talk_percent=talk, n_overlaps=overlaps, n_silences=silences)
    assert 0 <= found <= 100
    assert score(minutes=minutes, talk_percent=talk, n_overlaps=overlaps, n_silences=silences + 1) <= found


def test_a_call_that_did_not_last_has_none() -> None:
    with pytest.raises(ValueError, match="did not last"):
        score(minutes=0, talk_percent=50, n_overlaps=0, n_silences=0)


def test_two_who_score_alike_agree_fully_and_two_who_score_apart_less_than_chance() -> None:
    assert weighted_kappa([(0, 0), (0.5, 0.5), (1, 1)]) == 1
    apart = weighted_kappa([(0, 1), (1, 0)])
    assert apart is not None
    assert apart < 0
    assert weighted_kappa([]) is None
    assert weighted_kappa([(0.5, 0.5), (0.5, 0.5)]) is None, "chance would have agreed as well"


@given(st.lists(st.tuples(st.sampled_from([0, 0.25, 0.5, 0.75, 1]), st.sampled_from([0, 0.25, 0.5, 0.75, 1])), max_size=30))
def test_who_of_two_scored_first_makes_no_difference(pairs: list[tuple[float, float]]) -> None:
    one, other = weighted_kappa(pairs), weighted_kappa([(second, first) for first, second in pairs])
    assert one == other or (one is not None and other is not None and one == pytest.approx(other))
