"""The database counts what the reference counts, and every balance adds up, whatever happened to the leads."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest

from tasuki.analytics import funnel
from tasuki.core import abilities
from tasuki.core.imports import running
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import daybook, leads, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.relay import book, groups, kpis, leg_flows, stays
from tasuki.relay.leg_days import keeping
from tasuki.relay.questions import Form, Grouping, Question, before
from tests.cast import SET_UP, Cast
from tests.relay import histories
from tests.relay.histories import START, Teller
from tests.remembering import written

pytestmark = pytest.mark.django_db

PERIODS = [(START + timedelta(days=a), START + timedelta(days=b)) for a, b in ((0, 31), (31, 59), (59, 90), (90, 160))]
NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[7, pytest.param(8, marks=pytest.mark.slow)])
def told(cast: Cast, request: pytest.FixtureRequest) -> Cast:
    """Some dozens of leads, told at random; the seed is the parameter, and half of them are in the totals of the daybook."""
    written(_some_dozens, cast, request.param)
    return cast


def _some_dozens(cast: Cast, seed: int) -> None:
    teller = Teller(cast, random.Random(seed))
    teller.tell(13)
    daybook.fold()
    teller.tell(12)


def test_every_stage_is_counted_as_the_reference_counts_it(told: Cast) -> None:
    stays = histories.stays()
    for start, end in PERIODS:
        for stage, counted in kpis.by_stage(Question(Form.PERIOD, start, end)).items():
            flow = funnel.flow(stays, stage=stage, start=start, end=end)
            assert funnel.Flow(counted.balance_start, counted.inflow, counted.outflow, counted.balance_end) == flow
            assert flow.adds_up
            span = {"stage": stage, "start": start, "end": end}
            assert funnel.Rate(*counted.rate(Form.PERIOD)) == funnel.conversion_in_period(stays, **span)
            assert funnel.Rate(*counted.taken_over(Form.PERIOD)) == funnel.taken_over_in_period(stays, **span)
            assert funnel.Rate(*counted.rate(Form.COHORT), counted.maturity or 0.0) == funnel.conversion_of_cohort(stays, **span)


def test_days_in_a_stage_are_those_of_the_leads_that_left_it(told: Cast) -> None:
    start, end = PERIODS[1]
    stays = histories.stays()
    for stage, counted in kpis.by_stage(Question(Form.PERIOD, start, end)).items():
        left = [stay for stay in stays if stay.stage == stage and stay.left_at and start <= stay.left_at < end]
        days = [(stay.left_at - stay.entered_at) / timedelta(days=1) for stay in left]
        moved = [(stay.left_at - stay.entered_at) / timedelta(days=1) for stay in left if stay.outcome in funnel.MOVED_ON]
        expected = [funnel.quantile(days, 0.5), funnel.quantile(days, 0.9), funnel.quantile(moved, 0.5), funnel.quantile(moved, 0.9)]
        assert [counted.days.median, counted.days.p90, counted.days.median_moved, counted.days.p90_moved] == pytest.approx(expected)
        if moved:
            old = end - timedelta(days=1) * (funnel.quantile(moved, 0.5) or 0)
            assert counted.n_aged == sum(stay.stage == stage and stay.stands_at(end) and stay.entered_at < old for stay in stays)


def test_balances_chain_from_month_to_month_in_every_segment(told: Cast) -> None:
    for segment in ("", "Exchange", "Securities", None):
        only = {} if segment is None else {"segment": segment}
        months = [kpis.by_stage(Question(Form.PERIOD, start, end, only=only)) for start, end in PERIODS]
        for stage in stages.ORDER:
            assert all(month[stage].balance_start + month[stage].inflow - month[stage].left == month[stage].balance_end for month in months)
            assert all(before[stage].balance_end == after[stage].balance_start for before, after in pairwise(months))


def test_segments_add_up_to_the_whole(told: Cast) -> None:
    start, end = PERIODS[2]
    whole = kpis.by_stage(Question(Form.PERIOD, start, end))
    parts = [kpis.by_stage(Question(Form.PERIOD, start, end, only={"segment": segment})) for segment in ("", "Exchange", "Securities")]
    for stage, count in whole.items():
        assert count.balance_end == sum(part[stage].balance_end for part in parts)
        assert count.inflow == sum(part[stage].inflow for part in parts)


def test_groups_are_counted_as_the_reference_counts_them(told: Cast) -> None:
    for by, form in product(Grouping, Form):
        groups_agree(by, form)


def groups_agree(by: Grouping, form: Form) -> None:
    told = histories.courses(by.value, month_won=form is Form.PERIOD and by is Grouping.MONTH)
    for start, end in [*PERIODS, (None, None)]:
        rows, total = groups.count(Question(form, start, end, by))
        since, until = start or NEVER[0], end or NEVER[1]
        for row in rows:
            group = funnel.group(told, of=row.key, start=since, end=until, by_cohort=form is Form.COHORT)
            days = [span / timedelta(days=1) for span in group.days_to_won]
            assert (row.leads, row.won, row.balance, row.resolved) == (group.leads, group.won, group.balance, group.resolved)
            assert row.median_days_to_won == pytest.approx(funnel.quantile(days, 0.5))
            assert row.p90_days_to_won == pytest.approx(funnel.quantile(days, 0.9))
            assert row.mean_days_to_won == pytest.approx(sum(days) / len(days) if days else None)
        assert (total.leads, total.won, total.balance) == (sum(row.leads for row in rows), sum(row.won for row in rows), sum(row.balance for row in rows))


def test_the_balance_of_the_groups_is_the_balance_of_the_stages_before_the_order(told: Cast) -> None:
    for start, end in PERIODS:
        _rows, total = groups.count(Question(Form.PERIOD, start, end))
        by_stage = kpis.by_stage(Question(Form.PERIOD, start, end))
        assert total.balance == sum(by_stage[stage].balance_end for stage in groups.BEFORE_THE_ORDER)


def test_the_stages_crossed_with_a_group_add_up_to_the_stages(told: Cast) -> None:
    for by, form in product(Grouping, Form):
        question = Question(form, *PERIODS[1], by)
        crossing = groups.cross(question)
        for stage, count in kpis.by_stage(question).items():
            for crossed in (crossing.groups, crossing.segments):
                cells = [cell for (_key, at), cell in crossed.items() if at == stage]
                assert (sum(cell.moved for cell in cells), sum(cell.n for cell in cells)) == count.rate(form)


def test_the_usual_is_the_average_of_the_whole_periods_before(told: Cast) -> None:
    start, end = START + timedelta(days=75), START + timedelta(days=100)
    stays = histories.stays()
    first_at = history_from(stays)
    n_periods = (start - first_at) // (end - start)
    assert 1 <= n_periods <= 4
    for stage, count in kpis.by_stage(Question(Form.PERIOD, start, end)).items():
        before = funnel.flow(stays, stage=stage, start=start - n_periods * (end - start), end=start)
        if count.usual:
            assert (count.usual.entered, count.usual.left) == (before.inflow, sum(before.outflow.values()))
            assert count.usual.inflow == before.inflow / n_periods
        else:
            assert before.inflow == 0


def history_from(stays: list[funnel.Stay]) -> datetime:
    """The first opening, or the day on which the first lead ended: whichever is later."""
    ended = min(stay.left_at for stay in stays if stay.outcome not in ("", *funnel.MOVED_ON)).astimezone(Question().zone)
    return max(min(stay.entered_at for stay in stays), ended.replace(hour=0, minute=0, second=0, microsecond=0))


def test_what_was_brought_along_open_is_no_usual_before_anything_could_end(cast: Cast) -> None:
    """Of the months before Mina moved to Tasuki only the leads that were still open are here."""
    for n_days in range(0, 100, 5):
        leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=START + timedelta(days=n_days))
    last = Question(Form.PERIOD, START + timedelta(days=80), START + timedelta(days=100))
    assert kpis.by_stage(last)[stages.CAPTURED].usual is None
    leads.disqualify(Lead.objects.earliest("opened_at"), reason="student", by=SET_UP, at=START + timedelta(days=41))
    usual = kpis.by_stage(last)[stages.CAPTURED].usual
    assert usual is not None
    assert (usual.n_periods, usual.entered) == (1, 4)


def test_without_a_whole_period_before_there_is_no_usual(told: Cast) -> None:
    assert all(count.usual is None for count in kpis.by_stage(Question(Form.PERIOD, START, START + timedelta(days=160))).values())
    assert all(count.usual is None for count in kpis.by_stage(Question()).values())


def test_an_undone_import_leaves_every_number_as_it_was(told: Cast) -> None:
    def numbers() -> list[object]:
        return [kpis.count(Question(Form.PERIOD, start, end)) for start, end in PERIODS]

    before = numbers()
    run = histories.imported("id,opened,from\n1,2026-01-20,Fair\n2,2026-02-03,\n", at=PERIODS[-1][1], team=told.marketing.name)
    during = kpis.by_stage(Question(Form.PERIOD, *PERIODS[0]))[stages.CAPTURED]
    assert during.inflow == before[0].stages[stages.CAPTURED].inflow + 1  # type: ignore[attr-defined]  # an Answer
    assert during.balance_start + during.inflow - during.left == during.balance_end
    running.undo(run, by=SET_UP, at=PERIODS[-1][1])
    assert numbers() == before


def test_recycled_leads_that_came_round_are_found_in_the_chain_of_their_wins(cast: Cast) -> None:
    at = START
    lead = leads.capture(Arrival(team=cast.marketing, source="Web"), by=SET_UP, at=at)
    leads.recycle(lead, reason="no budget", wake_when="their new year", by=SET_UP, at=at + timedelta(days=3))
    again = leads.wake(lead, by=SET_UP, at=at + timedelta(days=20))
    leads.advance(again, to=stages.ONBOARDING, by=SET_UP, at=at + timedelta(days=30))
    other = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=at)
    leads.advance(other, to=stages.ONBOARDING, by=SET_UP, at=at + timedelta(days=9))
    assert kpis.recycling(Question(Form.PERIOD, START, START + timedelta(days=40))) == kpis.Recycling(1, 1, 2, 1)
    assert kpis.recycling(Question(Form.PERIOD, START, START + timedelta(days=10))) == kpis.Recycling(1, 0, 1, 0)


def test_everybody_counts_what_they_may_see(told: Cast) -> None:
    def leads_for(user: object) -> int:
        return groups.count(Question(Form.COHORT, *PERIODS[0], viewer=user))[1].leads  # type: ignore[arg-type]  # members of the cast

    everything = groups.count(Question(Form.COHORT, *PERIODS[0]))[1].leads
    assert leads_for(told.ruth) == everything
    assert 0 < leads_for(told.ivo) < everything
    assert leads_for(told.tomas) == 0


def test_whoever_sees_some_teams_counts_what_the_reference_counts_of_their_leads(told: Cast) -> None:
    for viewer, with_another in product((told.ivo, told.mina, told.saori), (False, True)):
        if with_another:
            Lead.objects.filter(pk=Lead.objects.exclude(team=viewer.team).order_by("pk")[:1]).update(owner=viewer)
        seen = set(Lead.objects.visible_to(viewer).values_list("pk", flat=True))
        stays = [stay for stay in histories.stays() if stay.lead in seen]
        for start, end in PERIODS:
            question = Question(Form.PERIOD, start, end, viewer=viewer)
            assert book.narrowed(question) is not None
            for stage, counted in kpis.by_stage(question).items():
                flow = funnel.flow(stays, stage=stage, start=start, end=end)
                assert funnel.Flow(counted.balance_start, counted.inflow, counted.outflow, counted.balance_end) == flow
            week = kpis.by_week(question, stages.READY, until=end)[-2]
            monday = week.monday.replace(tzinfo=question.zone)
            assert week.n == sum(stay.stage == stages.READY and monday <= stay.entered_at < monday + timedelta(days=7) for stay in stays)


ONLY: list[dict[str, object]] = [{}, {"source": "Fair"}, {"segment__in": ["", "Exchange"]}, {"owner__isnull": True}, {"team__isnull": True}]


def test_the_sums_of_teams_are_what_the_passages_of_their_leads_come_to(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Lead.objects.exclude(team=told.ivo.team).order_by("pk").values_list("pk", flat=True)[:3]
    Lead.objects.filter(pk__in=list(elsewhere)).update(owner=told.ivo)
    questions = [
        Question(form, *PERIODS[2], by, viewer, only)
        for by, form, viewer, only in product(Grouping, Form, (told.ivo, told.saori), [*ONLY, {"team": told.field_sales.pk}])
    ]
    questions += [Question(form, None, PERIODS[2][1], viewer=told.ruth, only={"team": told.inside_sales.pk, "source": "Fair"}) for form in Form]

    def answers() -> list[object]:
        return [(groups.cross(question), kpis.balances(question), kpis.by_week(question, stages.READY, until=PERIODS[2][1])) for question in questions]

    assert all(book.narrowed(question) is not None for question in questions)
    from_the_sums = answers()
    monkeypatch.setattr(book, "narrowed", lambda _question: None)
    assert answers() == from_the_sums


def test_an_edge_within_a_day_parts_the_sums_of_that_day_to_the_second(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(9)
    moments = sorted({moment for stay in histories.stays() for moment in (stay.entered_at, stay.left_at) if moment})
    periods = []
    for _nth in range(12):
        start, end = sorted(chance.sample(moments, 2))
        noon = end.replace(hour=12)
        # Exactly when something happened, just after it, from the middle of a day to the middle of the same one, and to the middle of another.
        periods += [(start, end), (start + timedelta(microseconds=1), end), (None, end), (min(end, noon), max(end, noon)), (start.replace(hour=0), end)]
    whose: list[tuple[User | None, dict[str, object]]] = [(None, {}), (None, {"source": "Fair"}), (told.ivo, {}), (told.saori, {"owner__isnull": True})]
    questions = [Question(Form.PERIOD, *period, viewer=viewer, only=only) for period, (viewer, only) in product(periods, whose)]

    def answers() -> list[object]:
        return [(groups.cross(one), balances_and_usual(one), kpis.by_week(one, stages.READY, until=one.end)) for one in questions if one.end]

    def balances_and_usual(question: Question) -> dict[str, kpis.StageCount]:
        """Without stages in which nothing was."""
        return {stage: count for stage, count in kpis._flows(question, before(question)).items() if count != kpis.StageCount(stage)}

    assert all(book.narrowed(question) is not None for question in questions)
    from_the_sums = answers()
    monkeypatch.setattr(book, "narrowed", lambda _question: None)
    assert answers() == from_the_sums


def test_days_in_a_stage_are_the_same_from_what_is_counted_of_each_day(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping.keep(at=PERIODS[-1][1])
    # Some of what is counted changes hands, and is counted by the passages of its days until it is counted again.
    Lead.objects.filter(pk__in=list(Lead.objects.order_by("pk").values_list("pk", flat=True)[:2])).update(owner=told.ivo, team=told.field_sales)
    only: list[dict[str, object]] = [{}, {"owner": told.ivo.pk}, {"owner__isnull": True}, {"team": told.field_sales.pk}]
    questions = [
        Question(Form.PERIOD, start, end + timedelta(hours=5), viewer=viewer, only=one)
        for viewer, one, (start, end) in product((told.ruth, told.ivo, told.saori, told.mina), only, [*PERIODS, (None, PERIODS[1][1])])
    ]

    def answers() -> list[object]:
        counted = [kpis.by_stage(question, days_of_all=False) for question in questions]
        return [number for counts in counted for one in counts.values() for number in (one.days.median_moved, one.days.p90_moved, one.n_aged)]

    counted = sum(stays.moved_on(question) is not None for question in questions)
    assert counted > len(questions) / 2
    from_the_days = answers()
    keeping.keep(at=PERIODS[-1][1])
    assert answers() == from_the_days
    monkeypatch.setattr(stays, "moved_on", lambda _question: None)
    assert answers() == pytest.approx(from_the_days)
    monkeypatch.setattr(book, "narrowed", lambda _question: None)
    assert answers() == pytest.approx(from_the_days)


def test_who_stands_longest_is_found_along_the_index_as_among_the_rows(told: Cast) -> None:
    ends = [PERIODS[-1][1], PERIODS[-1][1] + timedelta(seconds=86_399.123457)]
    # One and two of a stage have no middle of three; and what came at the same moment stands in no order.
    at = ends[0] - timedelta(days=3)
    for stage, n in ((stages.CONNECTED, 1), (stages.BOOKED, 2), (stages.WORKING, 7)):
        for _nth in range(n):
            leads.capture(Arrival(team=told.inside_sales, owner=told.ivo), by=SET_UP, at=at, stage=stage)
    for end in ends:
        question = Question(Form.PERIOD, None, end)
        found = leg_flows._standing(question)
        assert found == leg_flows._standing_of_all(question) == leg_flows._standing_of_rows(question)
        assert found.keys() == set(leg_flows.STAGES)
    early = Question(Form.PERIOD, None, PERIODS[1][1])
    assert leg_flows._standing(early) == leg_flows._standing_of_rows(early) != leg_flows._standing_of_all(early)


def test_nothing_is_counted_as_nothing(cast: Cast) -> None:
    answer = kpis.count(Question(Form.PERIOD, *PERIODS[0]))
    assert answer.rows == []
    assert (answer.total.leads, answer.total.conversion, answer.total.median_days_to_won) == (0, None, None)
    assert list(answer.stages) == list(stages.ORDER)
    assert kpis.recycling(Question()) == kpis.Recycling(0, 0, 0, 0)
    assert kpis.mean_order(Question()) is None


def test_a_month_is_a_month_of_the_organisation(cast: Cast) -> None:
    assert the_organisation().time_zone == "Asia/Seoul"
    leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=datetime(2026, 1, 31, 16, 0, tzinfo=UTC))
    assert [row.key for row in groups.count(Question(by=Grouping.MONTH))[0]] == ["2026-02"]
    before, week, after = kpis.by_week(Question(), stages.CAPTURED, until=datetime(2026, 2, 3, tzinfo=UTC), weeks=3)
    assert (before.n, after.n, after.share) == (0, 0, None)
    assert (week.monday.date().isoformat(), week.moved, week.n, week.share) == ("2026-01-26", 0, 1, 0.0)


def test_whoever_leads_all_teams_is_answered_from_the_sums_of_all(told: Cast) -> None:
    question = Question(Form.PERIOD, *PERIODS[2], viewer=told.ruth)
    narrowed = book.narrowed(question)
    assert narrowed is not None
    assert narrowed.teams is None
    assert groups.cross(question) == groups.cross(Question(Form.PERIOD, *PERIODS[2]))
    Team.objects.create(name="Elsewhere", department=told.field_sales.department)
    abilities.forget_standing(told.ruth)
    assert (book.narrowed(Question(Form.PERIOD, *PERIODS[2], viewer=told.ruth)) or narrowed).teams is not None
