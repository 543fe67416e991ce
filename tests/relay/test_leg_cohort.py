"""The cohort form of the numbers of inside sales: against leads counted by hand, and its rows; for whom; and leads that are no part of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasuki.core.people import User
from tasuki.crm import leads, stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.opportunity_rules import Counted
from tasuki.engage import calls, meetings
from tasuki.engage.calls import Direction
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meetings import Plan
from tasuki.relay import handoffs, leg_cohort
from tasuki.relay.leg_cohort import KEYS, NOBODY, Cohort, steps, steps_by_name
from tasuki.relay.leg_rows import Asked, Each
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.calling import callable_lead, outcome, type_of
from tests.relay.handing import by, offered
from tests.remembering import written

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
LATER = MONDAY + timedelta(days=60)
STEPS, STEP_OF = steps(Counted.ACCEPTED), steps_by_name(Counted.ACCEPTED)


def asked(viewer: User, **more: Any) -> Asked:
    return Asked(viewer, **{"start": MONDAY - timedelta(days=30), "end": LATER, "zone": SEOUL, **more})


def counted(viewer: User, *, within: int = 30, at: datetime = LATER, by_rule: Counted = Counted.ACCEPTED, **more: Any) -> Cohort:
    return leg_cohort.count(asked(viewer, **more), each=Each.PERSON, within=within, at=at, counted=by_rule)[0]


def n_reached(cohort: Cohort) -> list[int]:
    return [cohort.reached[key].n for key in KEYS]


def called(lead: Lead, person: User, what: Disposition, *, at: datetime) -> None:
    call = calls.begin(lead, call_type=type_of(), by=by(person), at=at)
    calls.dispose(call, outcome=outcome(what), by=by(person), at=at + timedelta(minutes=3))


@pytest.fixture
def came(cast: Cast) -> dict[str, Lead]:
    return written(_came, cast)


def _came(cast: Cast) -> dict[str, Lead]:
    """Five leads came to inside sales: one was left alone, one rang in vain, one spoke and was recycled, one met, one was taken over."""
    alone, vain, spoke, met = (callable_lead(cast, n) for n in range(1, 5))
    called(vain, cast.ivo, Disposition.NO_ANSWER, at=MONDAY + timedelta(days=1))
    called(spoke, cast.ivo, Disposition.NO_ANSWER, at=MONDAY + timedelta(days=1))
    called(spoke, cast.ivo, Disposition.TALK, at=MONDAY + timedelta(days=3))
    leads.recycle(spoke, because=ExitReason.objects.get(key="no_response"), rule=None, wake_on=date(2026, 9, 1), by=by(cast.ivo), at=MONDAY + timedelta(days=4))
    meeting = meetings.book(met, plan=Plan(cast.saori, MONDAY + timedelta(days=40)), by=by(cast.ivo), at=MONDAY + timedelta(days=2))
    meetings.hold(meeting, by=by(cast.saori), at=MONDAY + timedelta(days=40, hours=1))
    offer = offered(cast)
    handoffs.accept(offer, by=by(cast.saori), at=MONDAY + timedelta(days=5))
    return {"alone": alone, "vain": vain, "spoke": spoke, "met": met, "taken": offer.lead}


def test_a_cohort_counts_its_leads_by_how_far_they_came_and_says_how_ripe_it_is(cast: Cast, came: dict[str, Lead]) -> None:
    cohort = counted(cast.ada)
    n_called_of_taken = came["taken"].calls.count()
    assert (cohort.n, cohort.n_ripe, cohort.n_left, cohort.maturity) == (5, 5, 2, 0.4), "the one recycled and the one taken over have left"
    reached = cohort.reached
    assert (reached["tried"].n, reached["spoken"].n) == (2 + bool(n_called_of_taken), 1 + bool(n_called_of_taken))
    assert (reached["opportunity"].n, reached["opportunity"].n_within) == (1, 1)
    entered = came["met"].passages.filter(stage__in=leg_cohort.STAGES).earliest("seq").entered_at
    days = (MONDAY + timedelta(days=40) - entered).total_seconds() / 86400
    assert reached["held"].n - reached["held"].n_within == (1 if days >= 30 else 0), "held, but after the days that were asked for"
    assert counted(cast.ada, within=90, at=LATER + timedelta(days=200)).reached["held"].n_within == reached["held"].n


def test_whoever_called_us_was_spoken_with_and_never_dialled(cast: Cast, came: dict[str, Lead]) -> None:
    before = counted(cast.ada).reached
    call = calls.begin(came["alone"], call_type=type_of(), direction=Direction.IN, by=by(cast.ivo), at=MONDAY + timedelta(days=6))
    calls.dispose(call, outcome=outcome(Disposition.TALK), by=by(cast.ivo), at=MONDAY + timedelta(days=6, minutes=5))
    after = counted(cast.ada).reached
    assert {key: after[key].n - before[key].n for key in ("tried", "answered", "spoken")} == {"tried": 0, "answered": 1, "spoken": 1}


def test_nobody_is_ripe_before_all_of_their_days_are_over(cast: Cast, came: dict[str, Lead]) -> None:
    young = counted(cast.ada, at=MONDAY + timedelta(days=6), within=30)
    assert (young.n, young.n_ripe, young.reached["opportunity"].n_within) == (5, 0, 0)
    assert young.within(STEPS[-1]).value is None


def test_each_number_leads_to_as_many_leads(cast: Cast, came: dict[str, Lead]) -> None:
    cohort = counted(cast.ada)
    for name, step in STEP_OF.items():
        assert leg_cohort.rows(asked(cast.ada), step).count() == (cohort.reached[step.key].n if step else cohort.n), name
        assert leg_cohort.n_in_all(asked(cast.ada), step) == leg_cohort.rows(asked(cast.ada), step).count()


def test_groups_add_up_to_the_whole(cast: Cast, came: dict[str, Lead]) -> None:
    whole = counted(cast.ada)
    for each in Each:
        again, groups = leg_cohort.count(asked(cast.ada), each=each, within=30, at=LATER, counted=Counted.ACCEPTED)
        assert again == whole
        assert sum(one.n for one in groups.values()) == whole.n, each
        assert [sum(numbers) for numbers in zip(*map(n_reached, groups.values()), strict=True)] == n_reached(whole), each


def test_who_carried_a_lead_last_in_the_leg_has_it_though_sales_have_it_now(cast: Cast, came: dict[str, Lead]) -> None:
    _whole, groups = leg_cohort.count(asked(cast.ada), each=Each.PERSON, within=30, at=LATER, counted=Counted.ACCEPTED)
    came["taken"].refresh_from_db()
    assert came["taken"].owner == cast.saori
    assert groups[cast.ivo.pk].reached["opportunity"].n == 1
    assert cast.saori.pk not in groups
    assert counted(cast.ada, person=cast.ivo.pk).reached["opportunity"].n == 1
    assert counted(cast.ada, person=cast.saori.pk) == NOBODY
    assert counted(cast.ivo).reached["opportunity"].n == 1, "and sees what became of it"
    assert leg_cohort.rows(asked(cast.ivo), STEP_OF["came_opportunity"]).count() == 0, "without seeing the lead, which is another's now"
    assert leg_cohort.n_in_all(asked(cast.ivo), STEP_OF["came_opportunity"]) == 1


def test_whoever_sees_no_leads_counts_none(cast: Cast, came: dict[str, Lead]) -> None:
    assert counted(cast.tomas) == NOBODY
    assert counted(cast.saori).n == 0, "what others carried in inside sales"


def test_a_lead_comes_once_and_in_the_period_in_which_it_came(cast: Cast) -> None:
    lead = callable_lead(cast, 1)
    came_at = lead.passages.filter(stage__in=leg_cohort.STAGES).earliest("seq").entered_at
    leads.advance(lead, to=stages.CONNECTED, by=SET_UP, at=MONDAY + timedelta(days=3))
    assert counted(cast.ada, start=came_at, end=came_at + timedelta(seconds=1)).n == 1
    assert counted(cast.ada, start=came_at + timedelta(seconds=1)).n == 0, "it moved on in the period, but came before it"
    assert counted(cast.ada, end=came_at).n == 0
    assert counted(cast.ada, start=None).n == 1


def test_a_lead_that_was_merged_into_another_is_no_part(cast: Cast) -> None:
    one, other = callable_lead(cast, 1), callable_lead(cast, 2)
    leads.merge(other, into=one, by=SET_UP, at=MONDAY + timedelta(days=3))
    assert counted(cast.ada).n == 1


def test_what_happened_before_a_lead_came_is_no_step_of_its_way(cast: Cast) -> None:
    lead = callable_lead(cast, 1)
    came_at = lead.passages.filter(stage__in=leg_cohort.STAGES).earliest("seq").entered_at
    called(lead, cast.ivo, Disposition.TALK, at=came_at + timedelta(days=1))
    lead.calls.update(started_at=came_at - timedelta(days=1))
    assert counted(cast.ada).reached["tried"].n == 0
    assert leg_cohort.rows(asked(cast.ada), STEP_OF["came_tried"]).count() == 0
