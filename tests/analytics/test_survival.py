"""Open deals must not make the win rate look better than it is."""

import pytest

from tasuki.analytics import survival
from tasuki.analytics.survival import Spell

DEALS = [Spell(30, "won"), Spell(40, "lost"), Spell(50, "open"), Spell(60, "won"), Spell(90, "lost"), Spell(100, "open")]


def test_the_reference_example() -> None:
    points = survival.cumulative_incidence(DEALS)
    assert survival.won_by(points, 100) == pytest.approx(0.3889, abs=5e-5)
    assert survival.won_by_given_open(points, 100, age=55) == pytest.approx(0.3333, abs=5e-5)


def test_without_deals_nothing_is_likely() -> None:
    assert survival.cumulative_incidence([]) == []
    assert survival.won_by([], 100) == 0.0


def test_when_all_were_decided_nobody_is_open_to_ask_about() -> None:
    points = survival.cumulative_incidence([Spell(10, "won"), Spell(20, "lost")])
    assert survival.won_by_given_open(points, 100, age=30) is None
