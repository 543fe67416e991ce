"""Reachability by hour: few calls say nothing, many say what they said, and a country is drawn towards the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics.reachability import ENOUGH, GOOD, PRIOR, Tally, Week

TEN, ELEVEN, NIGHT = (1, 10), (1, 11), (1, 23)


def drawn(tally: Tally, p: float, believed: float = 1.0) -> float:
    return (tally.n_reached + PRIOR * p * believed) / (tally.n + PRIOR) / p


def test_an_hour_of_a_weekday_is_drawn_towards_what_its_hour_and_its_weekday_say() -> None:
    week = Week({TEN: Tally(100, 30), ELEVEN: Tally(100, 10), (2, 10): Tally(100, 20), (2, 11): Tally(100, 20)})
    assert week.whole == Tally(400, 80)
    hour, day = drawn(Tally(200, 50), 0.2), drawn(Tally(200, 40), 0.2)
    assert (week.by_hour(10), week.by_weekday(1)) == (pytest.approx(hour), pytest.approx(day))
    assert week.factor(TEN) == pytest.approx(drawn(Tally(100, 30), 0.2, hour * day))
    assert week.factor(NIGHT) == pytest.approx(day), "nobody was called at night"


def test_an_hour_of_a_weekday_with_few_calls_says_what_its_hour_says() -> None:
    week = Week({(day, hour): Tally(ENOUGH - 1, 20 if hour == 9 else 2) for day in range(1, 6) for hour in (9, 10, 11)})
    assert week.factor((3, 9)) == week.by_hour(9) * week.by_weekday(3)
    assert week.by_hour(9) > GOOD
    assert week.best(3) == 9
    assert week.heard((3, 9)) == Tally(5 * (ENOUGH - 1), 100)


def test_few_calls_say_nothing() -> None:
    week = Week({TEN: Tally(ENOUGH - 1, ENOUGH - 1), (2, 11): Tally(1_000, 100)})
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
    assert there.by_hour(10) == everywhere.by_hour(10) > GOOD
    assert there.factor(TEN) == pytest.approx(everywhere.by_hour(10) * there.by_weekday(1))
    assert there.heard(TEN) == Tally(1_000, 300), "and names the calls that it is known from"
    assert there.heard(ELEVEN) == Tally(500, 50)


@given(st.dictionaries(st.tuples(st.integers(1, 7), st.integers(0, 23)), st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30))
def test_a_factor_is_positive_and_lies_between_what_was_believed_and_what_was_counted(counts: dict[tuple[int, int], tuple[int, int]]) -> None:
    week = Week({slot: Tally(max(pair), min(pair)) for slot, pair in counts.items()})
    for (weekday, hour), tally in week.cells.items():
        factor, believed = week.factor((weekday, hour)), week.by_hour(hour) * week.by_weekday(weekday)
        assert factor > 0
        if tally.n >= ENOUGH and week.whole.n_reached:
            own = tally.n_reached / tally.n / (week.whole.n_reached / week.whole.n)
            assert min(own, believed) - 1e-9 <= factor <= max(own, believed) + 1e-9
