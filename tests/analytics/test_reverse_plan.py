"""A plan adds up to the unit in every direction, asks for more where more is wanted, and agrees with the vectors of the reference."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise

import pytest

from tasuki.analytics import reverse_plan
from tasuki.analytics.reverse_plan import STEPS, Passing
from tasuki.analytics.survival import Spell, cumulative_incidence

RATES = (0.10, 0.80, 0.70, 0.25)
CHANCES = [0, 0.004, 0.006, 0.005, 0.003, 0.002]


def test_the_chain_of_the_reference() -> None:
    amount = Decimal(120_000_000 - 18_000_000 - 12_000_000)
    found = reverse_plan.chain(amount, order=Decimal(3_000_000), rates=RATES)
    assert found == {"leads": 2150, "booked": 215, "held": 172, "opportunities": 120, "wins": 30}


def test_the_convolution_of_the_reference() -> None:
    leads = dict(enumerate([1000, 1200, 900, 1100, 1000, 1000]))
    wins = reverse_plan.forwards(leads, CHANCES)
    assert [round(wins[month], 6) for month in range(6)] == [0, 4, 10.8, 15.8, 18.8, 20.7]
    gap = 25 - wins[5]
    assert round(gap, 6) == 4.3
    assert reverse_plan.needed_alone(gap, CHANCES, months=2) == 717
    assert reverse_plan.needed_alone(gap, CHANCES, months=1) == 1075
    assert reverse_plan.needed_alone(gap, CHANCES, months=0) is None
    assert reverse_plan.needed_alone(gap, CHANCES, months=9) is None


@pytest.mark.parametrize(("order", "rates"), [(0, RATES), (-1, RATES), (5, (0.1, 0, 0.7, 0.25)), (5, (0.1, 0.8, 1.2, 0.25)), (5, (0.1, 0.8, 0.7))])
def test_what_brings_nothing_leads_nowhere(order: int, rates: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        reverse_plan.chain(Decimal(100), order=Decimal(order), rates=rates)


@pytest.mark.parametrize("seed", range(60))
def test_every_step_adds_up_to_its_total_in_every_month(seed: int) -> None:
    chance = random.Random(seed)
    totals, wins, lags = _any(chance)
    months = reverse_plan.by_month(totals, wins=wins, lags=lags)
    assert {step: sum(months[step].values()) for step in STEPS} == totals
    assert all(n >= 0 for step in STEPS for n in months[step].values())
    for step, following in pairwise(STEPS):
        assert not months[following] or min(months[step]) <= max(months[following]), "nothing comes after what it becomes"


def _any(chance: random.Random) -> tuple[dict[str, int], dict[int, int], dict[str, list[float]]]:
    rates = [chance.uniform(0.02, 1) for _ in STEPS[1:]]
    totals = reverse_plan.chain(Decimal(chance.randrange(1, 10**9)), order=Decimal(chance.randrange(10**6, 10**8)), rates=rates)
    n_months = chance.randrange(1, 13)
    wins = dict(enumerate(reverse_plan.spread(totals["wins"], [chance.random() for _ in range(n_months)]), start=24_312))
    return totals, wins, {step: _lags(chance) for step in STEPS[:-1]}


def _lags(chance: random.Random) -> list[float]:
    weights = [chance.random() for _ in range(chance.randrange(1, 8))]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("seed", range(40))
def test_more_to_sell_or_a_lower_rate_never_asks_for_less(seed: int) -> None:
    chance = random.Random(seed)
    rates, amount, order = [chance.uniform(0.02, 1) for _ in STEPS[1:]], Decimal(chance.randrange(1, 10**9)), Decimal(chance.randrange(10**5, 10**7))
    plain = reverse_plan.chain(amount, order=order, rates=rates)
    more = reverse_plan.chain(amount * Decimal("1.3"), order=order, rates=rates)
    nth = chance.randrange(len(rates))
    worse = reverse_plan.chain(amount, order=order, rates=[rate * 0.7 if place == nth else rate for place, rate in enumerate(rates)])
    for step in STEPS:
        assert more[step] >= plain[step]
        assert worse[step] >= plain[step]
    assert all(plain[step] >= plain[following] for step, following in pairwise(STEPS))


@pytest.mark.parametrize("seed", range(40))
def test_of_the_first_months_there_is_always_the_exact_sum_rounded(seed: int) -> None:
    chance = random.Random(seed)
    total, weights = chance.randrange(0, 5_000), [chance.choice([0, 1, chance.random() * 9]) for _ in range(chance.randrange(1, 14))]
    parts = reverse_plan.spread(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0
    if sum(weights):
        for k in range(1, len(parts) + 1):
            assert abs(sum(parts[:k]) - total * sum(weights[:k]) / sum(weights)) <= 0.5 + 1e-6


def test_without_weights_months_are_alike_and_without_months_there_is_nothing_to_spread() -> None:
    assert reverse_plan.spread(10, [0, 0, 0, 0]) == [3, 2, 3, 2]
    for wrong in ([], [1, -1]):
        with pytest.raises(ValueError, match="nobody"):
            reverse_plan.spread(10, wrong)


@pytest.mark.parametrize("seed", range(40))
def test_shares_of_people_are_the_total_and_nobody_is_one_off(seed: int) -> None:
    chance = random.Random(seed)
    total, days = chance.randrange(0, 400), [chance.choice([0, 3, 15, 21]) for _ in range(chance.randrange(1, 9))]
    shares = reverse_plan.shared(total, days)
    assert sum(shares) == (total if sum(days) else 0)
    for share, worked in zip(shares, days, strict=True):
        assert sum(days) == 0 or abs(share - total * worked / sum(days)) < 1
        assert worked or share == 0, "who is away all month owes nothing"


def test_a_curve_by_months_keeps_its_rate_and_its_time() -> None:
    spells = [Spell(30, "won"), Spell(40, "lost"), Spell(50, "open"), Spell(60, "won"), Spell(90, "lost"), Spell(100, "open")]
    found = reverse_plan.passing(cumulative_incidence(spells))
    assert found.rate == pytest.approx(0.3889, abs=1e-4)
    assert sum(found.lags) == pytest.approx(1)
    assert sum(found.chances) == pytest.approx(found.rate)
    mean = sum(month * share for month, share in enumerate(found.lags)) * reverse_plan.DAYS_A_MONTH
    assert mean == pytest.approx((30 / 6 + 60 * 0.2222) / 0.3889, rel=1e-3), "the mean of the lags is the mean of the days"
    assert found.still[0] == 1
    assert all(before >= after for before, after in pairwise(found.still))


def test_nobody_ever_went_on() -> None:
    assert reverse_plan.passing([]) == Passing(0.0, still=tuple([1.0] * (reverse_plan.MOST_MONTHS + 1)))


def test_an_assumption_takes_the_days_that_it_says() -> None:
    found = reverse_plan.assumed(0.4, days=1.5 * reverse_plan.DAYS_A_MONTH)
    assert found.lags == pytest.approx((0, 0.5, 0.5))
    assert found.still == pytest.approx((1, 1, 0.5, 0))
    assert reverse_plan.assumed(0.4, days=0).lags == (1.0,)
    faster = reverse_plan.with_rate(found, 0.8)
    assert (faster.rate, faster.lags) == (0.8, found.lags)


def test_what_still_stands_goes_on_by_what_is_left_of_its_chances() -> None:
    one = Passing(0.5, (0.2, 0.5, 0.3), (1.0, 0.8, 0.4, 0.1))
    assert reverse_plan.onward(one, age=0) == pytest.approx([0.1, 0.25, 0.15])
    assert reverse_plan.onward(one, age=1) == pytest.approx([0.25 / 0.8, 0.15 / 0.8])
    assert reverse_plan.onward(one, age=7) == []
    assert sum(reverse_plan.onward(Passing(1.0, (0.5, 0.5), (1.0, 0.4)), age=1)) == pytest.approx(1), "no more than all"


def test_several_steps_in_a_row_multiply_and_take_their_time() -> None:
    chances = reverse_plan.chances_to_win([Passing(0.5, (0.5, 0.5)), Passing(0.4, (0.0, 1.0))])
    assert chances == pytest.approx([0, 0.1, 0.1])
    assert reverse_plan.chances_to_win([]) == [1.0]
    assert reverse_plan.needed_by(3, chances, months=1) == 30
    assert reverse_plan.needed_by(3, chances, months=2) == 15
    assert reverse_plan.needed_by(3, chances, months=0) is None


def test_people_are_whole() -> None:
    assert reverse_plan.people_needed(2150, a_day=16, days=60) == 3
    assert reverse_plan.people_needed(1920, a_day=16, days=60) == 2
    assert reverse_plan.people_needed(10, a_day=16, days=0) is None


def test_of_months_a_period_has_its_shares() -> None:
    assert reverse_plan.within({1: 10, 2: 20, 3: 30}, {2: 0.5, 3: 1.0}) == 40


def test_a_share_of_few_is_drawn_to_that_of_all() -> None:
    assert reverse_plan.drawn(3, 6, to=0.375, prior=30) == pytest.approx(14.25 / 36)
    assert reverse_plan.drawn(0, 0, to=0.375, prior=30) == 0.375
    # Of many, what was counted counts.
    assert reverse_plan.drawn(5_000, 10_000, to=0.1, prior=30) == pytest.approx(0.4988, abs=1e-4)
    assert reverse_plan.drawn(90, 30, to=0.9, prior=30) == 1.0, "more opportunities than leads: those of the year before"
