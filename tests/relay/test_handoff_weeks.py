"""Hand-offs of each pair from week to week: offered by its own day, accepted and returned by that of the answer, with reasons and the median."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.abilities import Role
from tasuki.relay import handoff_rates, handoff_weeks, handoffs
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoff_weeks import N_WEEKS, Pair
from tasuki.relay.handoffs import Return
from tests.cast import Cast, hired
from tests.relay.handing import AFTER, MEETING, OFFERED, by, offered

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
THIS, NEXT = date(2026, 3, 2), date(2026, 3, 9)
TODAY = date(2026, 3, 13)


def back(reason: Reason) -> Return:
    return Return(reason, "words", destination=Destination.DISQUALIFY)


def told(rows: list[Pair]) -> dict[tuple[int, int], list[tuple[date, int, int, int]]]:
    """Of each pair the weeks in which something was."""
    return {
        (pair.sender_id, pair.receiver_id): [
            (week.monday, week.offered, week.accepted, week.returned) for week in pair.weeks if week.offered or week.accepted or week.returned
        ]
        for pair in rows
    }


def pairs(cast: Cast, today: date = TODAY) -> list[Pair]:
    return handoff_weeks.by_pair(Handoff.objects.visible_to(cast.ada), today=today, zone=SEOUL)


def test_each_pair_has_its_weeks_and_those_without_anything_too(cast: Cast) -> None:
    later = AFTER + timedelta(weeks=1)
    handoffs.accept(offered(cast, 1), by=by(cast.saori), at=AFTER)
    handoffs.accept(offered(cast, 2), by=by(cast.saori), at=later)
    for nth, reason in enumerate([Reason.NO_BUDGET, Reason.PERSONAL, Reason.NO_BUDGET], start=3):
        handoffs.give_back(offered(cast, nth), said=back(reason), by=by(cast.saori), at=later)
    offered(cast, 6)
    found = pairs(cast)
    assert told(found) == {(cast.ivo.pk, cast.saori.pk): [(THIS, 6, 1, 0), (NEXT, 0, 1, 3)]}
    (pair,) = found
    assert (len(pair.weeks), pair.weeks[0].monday, pair.weeks[-1].monday) == (N_WEEKS, NEXT - timedelta(weeks=12), NEXT)
    assert (pair.offered, pair.tally.n, pair.tally.rate) == (6, 5, 0.4)
    assert list(pair.reasons.items()) == [(Reason.NO_BUDGET, 2), (Reason.PERSONAL, 1)]
    end = AFTER + timedelta(weeks=4)
    assert handoff_rates.rates(Handoff.objects.all(), start=None, end=end).pairs[0].tally.n == pair.tally.n, "as the pairs of the page count"


def test_what_is_older_than_the_weeks_is_no_part_nor_what_was_withdrawn_struck_or_taken_by_oneself(cast: Cast) -> None:
    handoffs.accept(offered(cast, 1), by=by(cast.saori), at=AFTER)
    handoffs.withdraw(offered(cast, 2), by=by(cast.ivo), at=AFTER)
    handoffs.give_back(offered(cast, 3), said=back(Reason.PERSONAL), by=by(cast.saori), at=AFTER)
    Handoff.objects.filter(state="returned").update(struck_at=AFTER)
    assert told(pairs(cast)) == {(cast.ivo.pk, cast.saori.pk): [(THIS, 1, 1, 0)]}
    assert pairs(cast, THIS + timedelta(weeks=N_WEEKS)) == []
    assert len(pairs(cast, THIS + timedelta(weeks=N_WEEKS - 1))) == 1


def test_what_a_team_was_offered_stands_with_its_queue_and_the_answer_with_whoever_gave_it(cast: Cast) -> None:
    handoffs.accept(offered(cast, 1, to=cast.field_sales), by=by(cast.saori), at=AFTER)
    assert told(pairs(cast)) == {(cast.ivo.pk, 0): [(THIS, 1, 0, 0)], (cast.ivo.pk, cast.saori.pk): [(THIS, 0, 1, 0)]}


def test_a_week_begins_at_midnight_of_the_zone(cast: Cast) -> None:
    # Half past midnight of Monday in Seoul is Sunday afternoon in UTC.
    at = OFFERED.replace(hour=15, minute=30) + timedelta(days=5)
    assert at.astimezone(SEOUL).date() == NEXT
    offered(cast, 1, at=at, meeting_at=at + timedelta(days=1))
    assert told(pairs(cast)) == {(cast.ivo.pk, cast.saori.pk): [(NEXT, 1, 0, 0)]}


def test_the_median_is_of_the_business_time_from_the_meeting_to_the_answer(cast: Cast) -> None:
    for nth, hours in enumerate((1, 2, 3), start=1):
        handoffs.accept(offered(cast, nth), by=by(cast.saori), at=MEETING + timedelta(hours=hours))
    offered(cast, 4)
    (pair,) = pairs(cast)
    assert pair.median == 2 * 3600
    Clock.objects.get_queryset().delete()
    assert pairs(cast)[0].median is None


def test_whoever_sees_no_hand_off_sees_no_pair_and_it_asks_as_often_for_two_pairs_as_for_six(cast: Cast) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            pairs(cast)
        return len(queries)

    for nth in range(1, 3):
        handoffs.accept(offered(cast, nth), by=by(cast.saori), at=AFTER)
    asked()
    two = asked()
    for nth in range(3, 7):
        other = hired(f"other{nth}", "Ono", f"Yui{nth}", role=Role.FIELD_SELLER, team=cast.field_sales)
        handoffs.give_back(offered(cast, nth, to=other), said=back(Reason.PERSONAL), by=by(other), at=AFTER)
    assert asked() == two
    assert len(pairs(cast)) == 5
    assert handoff_weeks.by_pair(Handoff.objects.visible_to(cast.tomas), today=TODAY, zone=SEOUL) == []
