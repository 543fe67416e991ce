"""Reachability by hour: few calls say nothing, many say what they said, and a country is drawn towards the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics.reachability import ENOUGH, GOOD, PRIOR, Tally, Week

TEN, ELEVEN, NIGHT = (1, 10), (1, 11), (1, 23)


def test_an_hour_is_drawn_towards_the_whole_by_the_prior() -> None:
    week = Week({TEN: Tally(100, 30), ELEVEN: Tally(100, 10)})
    assert week.whole == Tally(200, 40)
    assert week.factor(TEN) == pytest.approx((30 + PRIOR * 0.2) / (100 + PRIOR) / 0.2)
    assert week.factor(ELEVEN) == pytest.approx((10 + PRIOR * 0.2) / (100 + PRIOR) / 0.2)
    assert week.factor(NIGHT) == 1.0


def test_a_cell_with_few_calls_says_nothing() -> None:
    week = Week({TEN: Tally(ENOUGH - 1, ENOUGH - 1), ELEVEN: Tally(1_000, 100)})
    assert week.factor(TEN) == 1.0
    assert week.best(1) is None
    assert week.cell(TEN).share is None
    assert Week({}).factor(TEN) == 1.0


def test_many_calls_say_what_they_said() -> None:
    week = Week({TEN: Tally(1_000_000, 300_000), ELEVEN: Tally(1_000_000, 100_000)})
    assert week.factor(TEN) == pytest.approx(1.5, rel=1e-3)
    assert week.best(1) == 10


def test_a_country_says_what_all_say_where_few_were_called_there() -> None:
    everywhere = Week({TEN: Tally(1_000, 300), ELEVEN: Tally(1_000, 100)})
    there = Week({TEN: Tally(ENOUGH - 1, 0), ELEVEN: Tally(500, 50)}, everywhere)
    assert there.factor(TEN) == everywhere.factor(TEN) > GOOD
    assert there.heard(TEN) == Tally(1_000, 300), "and names the calls that it is known from"
    assert there.heard(ELEVEN) == Tally(500, 50)


@given(st.dictionaries(st.tuples(st.integers(1, 7), st.integers(0, 23)), st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30))
def test_a_factor_is_positive_and_lies_between_the_whole_and_the_cell(counts: dict[tuple[int, int], tuple[int, int]]) -> None:
    week = Week({slot: Tally(max(pair), min(pair)) for slot, pair in counts.items()})
    for slot, tally in week.cells.items():
        factor = week.factor(slot)
        assert factor > 0
        if tally.n >= ENOUGH and week.whole.n_reached:
            own = tally.n_reached / tally.n / (week.whole.n_reached / week.whole.n)
            assert min(own, 1.0) - 1e-9 <= factor <= max(own, 1.0) + 1e-9
