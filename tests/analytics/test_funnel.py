"""Flow and balance belong together, whatever happened."""

from hypothesis import given
from hypothesis import strategies as st

from tasuki.analytics import funnel
from tasuki.analytics.funnel import Course, Stay

STAGES = ("captured", "ready", "working", "p2")


def test_the_reference_example_ends_at_forty_four() -> None:
    before = [Stay(lead, "working", 0) for lead in range(19)]
    leaving = [Stay(100 + n, "working", 0, 5, outcome) for n, outcome in enumerate(["advanced"] * 12 + ["recycled"] * 6 + ["disqualified"] * 3)]
    arriving = [Stay(200 + n, "working", 3) for n in range(25)]
    flow = funnel.flow([*before, *leaving, *arriving], stage="working", start=1, end=10)
    assert (flow.balance_start, flow.inflow, flow.outflow, flow.balance_end) == (40, 25, {"advanced": 12, "recycled": 6, "disqualified": 3}, 44)
    assert flow.adds_up


@st.composite
def histories(draw: st.DrawFn) -> list[Stay]:
    """Leads that move, skip, recycle, merge, are back-dated and stay; some stays have no length."""
    stays = []
    for lead in range(draw(st.integers(0, 12))):
        at = draw(st.integers(0, 60))
        for stage in draw(st.lists(st.sampled_from(STAGES), unique=True, max_size=4)):
            left = at + draw(st.integers(0, 30))
            outcome = draw(st.sampled_from(["advanced", "won", "recycled", "lost", "disqualified", "merged", ""]))
            if not outcome:
                stays.append(Stay(lead, stage, at))
                break
            stays.append(Stay(lead, stage, at, left, outcome))
            at = left
            if outcome != "advanced":
                break
    return stays


@given(histories(), st.integers(0, 90), st.integers(1, 40))
def test_balances_add_up_for_every_stage_and_chain_from_period_to_period(stays: list[Stay], start: int, length: int) -> None:
    for stage in STAGES:
        first = funnel.flow(stays, stage=stage, start=start, end=start + length)
        second = funnel.flow(stays, stage=stage, start=start + length, end=start + 2 * length)
        whole = funnel.flow(stays, stage=stage, start=start, end=start + 2 * length)
        assert first.adds_up
        assert second.adds_up
        assert first.balance_end == second.balance_start
        assert first.inflow + second.inflow == whole.inflow


@given(histories(), st.integers(0, 90))
def test_taking_a_lead_back_keeps_the_balance(stays: list[Stay], start: int) -> None:
    without = [stay for stay in stays if stay.lead != 0]
    assert all(funnel.flow(without, stage=stage, start=start, end=start + 30).adds_up for stage in STAGES)


def test_a_young_cohort_says_how_much_of_it_is_decided() -> None:
    stays = [Stay(1, "ready", 1, 2, "advanced"), Stay(2, "ready", 1, 3, "lost"), Stay(3, "ready", 2), Stay(4, "ready", 2)]
    rate = funnel.conversion_of_cohort(stays, stage="ready", start=0, end=10)
    assert (rate.share, rate.n, rate.maturity) == (0.25, 4, 0.5)
    assert funnel.conversion_in_period(stays, stage="ready", start=0, end=10).share == 0.25
    assert funnel.taken_over_in_period(stays, stage="ready", start=0, end=10).share == 0.5
    assert funnel.conversion_in_period([], stage="ready", start=0, end=10).share is None


def test_a_balance_worked_off_can_pass_one_hundred_percent() -> None:
    stays = [Stay(lead, "ready", 0, 12, "advanced") for lead in range(3)] + [Stay(9, "ready", 11)]
    assert funnel.conversion_in_period(stays, stage="ready", start=10, end=20).share == 3.0
    assert funnel.conversion_of_cohort(stays, stage="ready", start=10, end=20).share == 0.0


def test_a_win_counts_in_its_cohort_or_in_its_month() -> None:
    web = {"group": "web", "group_won": "web"}
    courses = [Course(1, won_at=12, **web), Course(11, **web), Course(2, ended_at=5, **web)]
    cohort = funnel.group(courses, of="web", start=0, end=10, by_cohort=True)
    period = funnel.group(courses, of="web", start=10, end=20, by_cohort=False)
    assert (cohort.leads, cohort.won, cohort.balance, cohort.days_to_won) == (2, 1, 1, (11,))
    assert (cohort.conversion.share, cohort.conversion.maturity) == (0.5, 1.0)
    assert (period.leads, period.won, period.balance) == (1, 1, 1)


def test_quantiles_interpolate_as_the_database_does() -> None:
    assert funnel.quantile([1, 2, 3, 4], 0.5) == 2.5
    assert funnel.quantile([10], 0.9) == 10
    assert funnel.quantile([], 0.5) is None
