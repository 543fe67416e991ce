"""Forward decay: the order by what is stored is the order by what is left, at every later moment; and nothing overflows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics import forward_decay

Done = list[tuple[datetime, int]]

NOW = datetime(2026, 3, 2, tzinfo=UTC)
# Seconds before or after now, over sixty years; whole points as a model has them.
happening = st.tuples(st.integers(-(10**9), 10**9).map(lambda s: NOW + timedelta(seconds=s)), st.integers(1, 100))
lead = st.lists(happening, max_size=12)


def brute(done: Done, *, at: datetime, half_life_days: float) -> float:
    """By the definition, each happening decayed until the moment; as a logarithm, since it may be too small for a float."""
    exponents = [math.log2(points) - (at - when).total_seconds() / 86_400 / half_life_days for when, points in done]
    if not exponents:
        return -math.inf
    top = max(exponents)
    return top + math.log2(sum(2 ** max(one - top, -1000) for one in exponents))


@given(st.tuples(lead, lead), st.integers(0, 10**9), st.sampled_from([0.5, 3.0, 14.0, 700.0]))
def test_the_stored_order_is_the_decayed_order_at_any_later_time(two: tuple[Done, Done], later: int, half_life: float) -> None:
    at = NOW + timedelta(seconds=later)
    left = [brute(done, at=at, half_life_days=half_life) for done in two]
    stored = [forward_decay.added(done, half_life_days=half_life) for done in two]
    if math.isinf(min(left)) or abs(left[0] - left[1]) > 1e-5:
        assert (left[0] < left[1]) == (stored[0] < stored[1])


@given(lead, st.sampled_from([0.5, 14.0]))
def test_what_is_left_is_what_the_definition_says(done: Done, half_life: float) -> None:
    at = max((when for when, _points in done), default=NOW)
    stored = forward_decay.added(done, half_life_days=half_life)
    expected = sum(points * 2 ** max(-(at - when).total_seconds() / 86_400 / half_life, -1000) for when, points in done)
    assert math.isclose(forward_decay.left(stored, at=at, half_life_days=half_life), expected, rel_tol=1e-5)


@given(st.floats(0.01, 1e6), st.integers(0, 10**9))
def test_at_least_so_many_points_is_a_bound_on_what_is_stored(points: float, later: int) -> None:
    at = NOW + timedelta(seconds=later)
    bound = forward_decay.stored_for(points, at=at, half_life_days=14)
    assert math.isclose(forward_decay.left(bound, at=at, half_life_days=14), points, rel_tol=1e-6)


def test_nothing_is_less_than_anything_and_never_overflows() -> None:
    furthest = datetime(9999, 12, 31, tzinfo=UTC)
    assert forward_decay.added([], half_life_days=14) == -math.inf
    assert forward_decay.left(-math.inf, at=NOW, half_life_days=14) == 0
    stored = forward_decay.added([(furthest, 100), (datetime(1, 1, 1, tzinfo=UTC), 100)], half_life_days=0.5)
    assert math.isfinite(stored)
    assert forward_decay.left(stored, at=furthest, half_life_days=0.5) > 99.9
    assert forward_decay.left(stored, at=NOW, half_life_days=0.5) == 2.0**1000
