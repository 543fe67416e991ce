"""What is counted by day is what is counted of the rows: for any period and any question, while things change late, and whoever counts when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tasuki.core import abilities
from tasuki.crm.leads import Lead
from tasuki.relay import leg_flows, leg_numbers
from tasuki.relay.leg_days import covering, facts, keeping
from tasuki.relay.leg_days.covering import Known
from tasuki.relay.leg_days.reading import Reading
from tasuki.relay.leg_days.rows import LegCounted, LegTouched, Noun
from tasuki.relay.leg_days.seeing import Seen
from tasuki.relay.leg_numbers import MEASURES, Numbers
from tasuki.relay.leg_rows import Asked, Each
from tests.cast import Cast
from tests.relay.histories import START
from tests.relay.leg_year import NOW, SEOUL, Year, kept

pytestmark = pytest.mark.django_db
# What the sums say to whoever sees part of the house: but of hand-offs, which both sides see, and of steps of the plan, which are of the whole house.
N_TOLD = len(Noun) - 2


@pytest.fixture(autouse=True)
def _much_is_counted_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fourteen leads with ten calls each are touched all over the year: here that is no reason to count rows."""
    monkeypatch.setattr(covering, "MOST_LEFT", 90)


@pytest.fixture
def year(cast: Cast) -> Year:
    told = Year(cast, random.Random(20261129))
    told.tell(14, 150)
    return told


def same(asked: Asked) -> None:
    """Everything that the page shows, from days and from rows."""
    known = covering.counted()
    for one, other in zip(leg_numbers.now_and_before(asked, known=known), leg_numbers.now_and_before(asked, known=Known()), strict=True):
        assert vars(one) == vars(other)
    for each in Each:
        assert shown(leg_numbers.grouped(asked, each=each, known=known)) == shown(leg_numbers.grouped(asked, each=each, known=Known())), each
    for measure in MEASURES[:: 1 if asked.start is None else 3]:
        assert leg_numbers.by_week(asked, measure, known=known) == leg_numbers.by_week(asked, measure, known=Known()), measure.key
    assert leg_numbers.curve(asked, known=known) == leg_numbers.curve(asked, known=Known())
    for call, exact in zip(leg_numbers.by_result(asked, known=known), leg_numbers.by_result(asked, known=Known()), strict=True):
        assert (call.result, call.n, call.n_over) == (exact.result, exact.n, exact.n_over)
        assert [call.p50, call.p90] == pytest.approx([exact.p50, exact.p90], abs=0.5), "calls last whole seconds"
    assert leg_flows.flows(asked, known=known) == leg_flows.flows(asked, known=Known())


def shown(groups: dict[Any, Numbers]) -> dict[Any, Numbers]:
    """A group in which only such calls were made as count as nothing says as much as none."""
    return {key: one for key, one in groups.items() if one != Numbers()}


def n_told(asked: Asked) -> int:
    reading = Reading(asked, {1: (asked.start, asked.end)}, None, covering.counted())
    return sum(reading.tells(*(part for part in facts.of_noun(noun) if part is not facts.DIALLED)) for noun in Noun)


def seen(asked: Asked, noun: Noun) -> Seen:
    return covering.counted().seen_by(asked.viewer)[noun]


def questions(year: Year, n: int) -> Iterator[Asked]:
    yield replace(year.asked(is_long=True), start=None, end=NOW)
    for nth in range(n):
        yield year.asked(is_long=nth % 3 > 0)


def test_days_say_what_rows_say_before_and_after_something_late(year: Year) -> None:
    keeping.keep(at=NOW)
    everything = Asked(year.cast.ada, None, NOW, SEOUL)
    assert n_told(everything) == len(Noun)
    same(everything)
    year.happen()
    assert n_told(everything) == len(Noun), "days that were touched are counted at once"
    same(everything)
    keeping.keep(at=NOW + timedelta(days=1))
    assert not LegTouched.objects.exists()
    same(everything)
    late, _done = kept(), LegCounted.objects.get_queryset().delete()
    keeping.keep(at=NOW + timedelta(days=1))
    assert kept() == late, "counted again where it changed is as counted anew"


def test_days_say_to_a_manager_what_rows_say_of_the_leads_that_the_tree_has_now(year: Year) -> None:
    keeping.keep(at=NOW)
    mine = Asked(year.hana, None, NOW, SEOUL)
    assert n_told(mine) == N_TOLD
    year.happen()
    same(mine)
    keeping.keep(at=NOW)
    same(mine)
    assert 0 < leg_numbers.now_and_before(mine)[0].calls.n_dials < leg_numbers.now_and_before(replace(mine, viewer=year.cast.ada))[0].calls.n_dials


def test_days_say_to_a_manager_who_calls_what_was_done_for_leads_of_others_besides(year: Year) -> None:
    keeping.keep(at=NOW)
    ruth = Asked(year.cast.ruth, None, NOW, SEOUL)
    assert seen(ruth, Noun.CALL) == Seen(abilities.standing_of(ruth.viewer).tree, did=True)
    assert n_told(ruth) == N_TOLD
    year.happen()
    same(ruth)
    Lead.objects.filter(pk__in=[lead.pk for lead in year.leads[::4][:2]]).update(owner=ruth.viewer, team=year.abroad)
    keeping.keep(at=NOW)
    assert seen(ruth, Noun.CALL) == Seen(abilities.standing_of(ruth.viewer).tree, owns=True, did=True)
    assert n_told(ruth) == N_TOLD
    same(ruth)


def test_days_say_to_sellers_what_rows_say_of_what_they_own_and_did(year: Year) -> None:
    keeping.keep(at=NOW)
    for seller in (year.cast.saori, year.cast.ivo):
        mine = Asked(seller, None, NOW, SEOUL)
        assert n_told(mine) == N_TOLD
        same(mine)
    year.happen()
    same(Asked(year.cast.saori, START + timedelta(days=40), NOW, SEOUL))
    year.cast.saori.calls.all().delete()
    keeping.keep(at=NOW)
    mine = Asked(year.cast.saori, None, NOW, SEOUL)
    assert not seen(mine, Noun.CALL).did
    same(mine)
    assert leg_numbers.now_and_before(mine)[0].calls.n_dials > 0


def test_a_lead_that_a_colleague_gets_is_counted_for_the_colleague(year: Year) -> None:
    keeping.keep(at=NOW)
    answers = leg_numbers.now_and_before(Asked(year.cast.saori, None, NOW, SEOUL))[0].answers
    assert leg_numbers.now_and_before(Asked(year.kenji, None, NOW, SEOUL))[0].answers.n == 0 < answers.n
    Lead.objects.filter(owner=year.cast.saori).update(owner=year.kenji)
    keeping.keep(at=NOW)
    assert leg_numbers.now_and_before(Asked(year.kenji, None, NOW, SEOUL))[0].answers == answers
    same(Asked(year.kenji, None, NOW, SEOUL))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_days_say_what_rows_say_for_any_question_in_any_order_of_changes(cast: Cast, seed: int) -> None:
    year = Year(cast, random.Random(seed))
    year.tell(12, 160)
    keeping.keep(at=NOW - timedelta(days=year.chance.choice([0, 1, 30, 100])))
    for asked in questions(year, 6):
        same(asked)
        if year.chance.random() < 0.4:
            year.happen()
        if year.chance.random() < 0.4:
            keeping.keep(at=NOW)
