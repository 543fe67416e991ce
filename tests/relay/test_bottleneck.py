"""The one move that costs most is named with its arithmetic, and nothing is named on small numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasuki.crm import stages
from tasuki.relay import bottleneck
from tasuki.relay.bottleneck import Against, Best, Bottleneck, Silence
from tasuki.relay.groups import Crossed, Crossing
from tasuki.relay.kpis import StageCount, Usual

NO_SEGMENTS = Crossing({}, {})
AS_USUAL = {stages.BOOKED: 0.88, stages.P1: 0.6, stages.P2: 0.5, stages.P3: 0.7, stages.P4: 0.75}


def counted(stage: str, *, n: int, moved: int, usual: float | None = None, n_usual: int = 1000) -> StageCount:
    past = Usual(n_usual, round(usual * n_usual), n_usual, 4) if usual is not None else None
    return StageCount(stage, inflow=n, outflow={"advanced": moved}, usual=past)


def relay(**changed: StageCount) -> dict[str, StageCount]:
    """Every stage with a hundred leads, moving on as usual."""
    plain = {stage: counted(stage, n=100, moved=round(100 * AS_USUAL.get(stage, 0.8)), usual=AS_USUAL.get(stage, 0.8)) for stage in stages.ORDER}
    return plain | changed


def test_the_gap_is_carried_through_to_orders_and_money() -> None:
    counts = relay(connected=counted(stages.CONNECTED, n=301, moved=96, usual=0.4))
    found = bottleneck.find(counts, NO_SEGMENTS, mean_order=Decimal(340_000_000))
    assert isinstance(found, Bottleneck)
    assert (found.stage, found.following, found.against) == (stages.CONNECTED, stages.BOOKED, Against.USUAL)
    assert found.gap == pytest.approx(0.0811, abs=1e-4)
    assert found.missing == pytest.approx(24.4)
    assert (found.accepted, found.won) == (pytest.approx(0.88), pytest.approx(0.6 * 0.5 * 0.7 * 0.75))
    assert found.orders == pytest.approx(24.4 * 0.88 * 0.1575)
    assert found.worth == pytest.approx(Decimal(340_000_000) * Decimal(found.orders))


def test_what_costs_more_orders_is_worse_than_what_lies_further_below() -> None:
    counts = relay(
        captured=counted(stages.CAPTURED, n=100, moved=70, usual=0.8),
        p4=counted(stages.P4, n=100, moved=70, usual=0.75),
    )
    found = bottleneck.find(counts, NO_SEGMENTS, mean_order=None)
    assert isinstance(found, Bottleneck)
    assert (found.stage, found.accepted, found.won, found.worth) == (stages.P4, None, 1.0, None)


def test_a_hand_off_can_be_the_bottleneck() -> None:
    found = bottleneck.find(relay(booked=counted(stages.BOOKED, n=100, moved=40, usual=0.88)), NO_SEGMENTS, mean_order=None)
    assert isinstance(found, Bottleneck)
    assert (found.following, found.accepted) == (stages.P1, None)
    assert found.won == pytest.approx(0.6 * 0.5 * 0.7 * 0.75)


def test_nothing_below_the_usual_is_said_plainly() -> None:
    assert bottleneck.find(relay(), NO_SEGMENTS, mean_order=None) is Silence.NONE_BELOW


@pytest.mark.parametrize(("n", "n_usual"), [(29, 1000), (100, 29)])
def test_there_is_no_verdict_on_small_numbers(n: int, n_usual: int) -> None:
    counts = {stage: counted(stage, n=n, moved=1, usual=0.9, n_usual=n_usual) for stage in stages.ORDER}
    assert bottleneck.find(counts, NO_SEGMENTS, mean_order=None) is Silence.TOO_FEW


def test_without_a_past_a_stage_is_compared_with_its_own_best_segment() -> None:
    counts = {stage: counted(stage, n=100, moved=50) for stage in stages.ORDER}
    cells = {
        ("Exchange", stages.READY): Crossed(40, 30, 0, None),
        ("Securities", stages.READY): Crossed(60, 20, 0, None),
        ("Bank", stages.READY): Crossed(9, 9, 0, None),
    }
    found = bottleneck.find(counts, Crossing({}, cells), mean_order=None)
    assert isinstance(found, Bottleneck)
    assert (found.stage, found.against, found.best, found.n_aim) == (stages.READY, Against.SEGMENT, Best("Exchange", 0.75, 40), 40)
    assert found.gap == pytest.approx(0.25)


def test_one_segment_alone_is_no_best() -> None:
    assert bottleneck.best_segment(stages.READY, Crossing({}, {("Exchange", stages.READY): Crossed(40, 30, 0, None)})) is None
