"""How leads go round: the written vectors, fairness over any run, and that nobody is passed over for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.inside_sales.routing_methods import Method, Turn, choose


def run(weights: Sequence[int], n: int, *, method: Method = Method.WEIGHTED) -> list[int]:
    currents = [0] * len(weights)
    got = []
    for _ in range(n):
        chosen, currents = choose(method, [Turn(weight, current, 0, 0) for weight, current in zip(weights, currents, strict=True)])
        got.append(chosen)
    return got


@pytest.mark.parametrize(("weights", "expected"), [((5, 1, 1), "AABACAA"), ((3, 2, 1), "ABACBA"), ((1, 1, 1), "ABC"), ((1,), "A")])
def test_weights_go_round_smoothly(weights: tuple[int, ...], expected: str) -> None:
    once = "".join("ABC"[place] for place in run(weights, sum(weights)))
    assert once == expected
    assert "".join("ABC"[place] for place in run(weights, 2 * sum(weights))) == expected * 2, "the round begins again where it began"


def test_in_turn_does_not_look_at_weights() -> None:
    assert run((9, 1, 1), 6, method=Method.ROUND_ROBIN) == [0, 1, 2, 0, 1, 2]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(1, 4))
def test_after_whole_rounds_everybody_has_exactly_their_share(weights: list[int], rounds: int) -> None:
    assert Counter(run(weights, rounds * sum(weights))) == {place: rounds * weight for place, weight in enumerate(weights)}


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 200))
def test_at_no_moment_is_anybody_further_from_their_share_than_one_round_allows(weights: list[int], n: int) -> None:
    """The smooth round robin keeps everybody within one lead of each other member's claim: no bursts, no drought."""
    got = Counter(run(weights, n))
    for place, weight in enumerate(weights):
        assert abs(got[place] - n * weight / sum(weights)) < len(weights)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_the_least_loaded_has_it(loads: list[tuple[int, int]]) -> None:
    chosen, currents = choose(Method.LEAST_LOADED, [Turn(1, 7, n_open, n_today) for n_open, n_today in loads])
    assert loads[chosen] == min(loads)
    assert currents == [7] * len(loads), "their round stands still"


def test_whoever_knows_most_has_it_and_of_equals_the_least_loaded() -> None:
    turns = [Turn(1, 0, 2, 0, n_fitting=1), Turn(1, 0, 9, 0, n_fitting=2), Turn(1, 0, 3, 0, n_fitting=2)]
    assert choose(Method.SKILL, turns)[0] == 2
