"""Counting when people are reached: by their clock and weekday, of dials that nobody had agreed on, once a night."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from tasuki.analytics.reachability import Tally
from tasuki.crm.leads import Lead
from tasuki.engage import reach
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import CONNECTS, ENDINGS, Disposition
from tests.cast import Cast
from tests.engage.calling import callable_lead, type_of

pytestmark = pytest.mark.django_db

# A Wednesday, 10:15 in Seoul and Tokyo.
TEN_THERE = datetime(2026, 3, 4, 1, 15, tzinfo=UTC)
NIGHT = datetime(2026, 3, 5, 3, 40, tzinfo=UTC)


def called(
    cast: Cast, lead: Lead, results: Iterable[Disposition], *, at: datetime = TEN_THERE, kind: str = "first", direction: Direction = Direction.OUT
) -> None:
    Call.objects.bulk_create(
        Call(
            lead=lead, caller=cast.ivo, call_type=type_of(kind), number="", started_at=at, ended_at=at, disposition=one, disposed_at=at,
            answered_at=at if one in CONNECTS else None, reason="x" if one in ENDINGS else "", direction=direction,
            again_at=at if one is Disposition.CALL_BACK else None,
        )
        for one in results
    )  # fmt: skip


def counted(country: str = "") -> Tally:
    return reach.counted(country).of(country).cell((3, 10))


def test_dials_are_counted_by_the_clock_of_who_is_called(cast: Cast) -> None:
    lead = callable_lead(cast)
    called(cast, lead, [Disposition.NO_ANSWER] * 3 + [Disposition.TALK])
    assert reach.count(at=NIGHT) == 4
    assert counted() == Tally(4, 1)
    assert reach.counted().counted_at == NIGHT


def test_a_number_says_the_clock_before_the_country_does(cast: Cast) -> None:
    lead = callable_lead(cast, country="US")
    called(cast, lead, [Disposition.TALK])
    Call.objects.update(number="+12125550123")
    reach.count(at=NIGHT)
    assert reach.counted().everywhere.cell((2, 20)) == Tally(1, 1), "20:15 on Tuesday in New York"


def test_whoever_answers_for_others_was_not_reached(cast: Cast) -> None:
    called(cast, callable_lead(cast), [Disposition.GATEKEEPER, Disposition.VOICEMAIL, Disposition.BUSY, Disposition.NOT_INTERESTED])
    reach.count(at=NIGHT)
    assert counted() == Tally(4, 1)


def test_what_was_agreed_on_and_what_is_no_dial_says_nothing(cast: Cast) -> None:
    lead = callable_lead(cast)
    called(cast, lead, [Disposition.TALK], kind="call_back")
    called(cast, lead, [Disposition.TALK], kind="confirming")
    called(cast, lead, [Disposition.BAD_NUMBER, Disposition.DO_NOT_CALL])
    called(cast, lead, [Disposition.TALK], direction=Direction.IN)
    called(cast, lead, [Disposition.TALK], at=TEN_THERE - timedelta(days=400))
    assert reach.count(at=NIGHT) == 0
    assert reach.counted().counted_at is None


def test_counting_again_replaces_what_was_counted(cast: Cast) -> None:
    lead = callable_lead(cast)
    called(cast, lead, [Disposition.TALK] * 2)
    reach.count(at=NIGHT)
    Call.objects.update(disposition=Disposition.NO_ANSWER)
    reach.count(at=NIGHT + timedelta(days=1))
    assert counted() == Tally(2, 0)


def test_a_country_has_hours_of_its_own_from_enough_calls_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "ENOUGH_OF_COUNTRY", 3)
    called(cast, callable_lead(cast, 1, country="KR"), [Disposition.TALK] * 3)
    called(cast, callable_lead(cast, 2, country="JP"), [Disposition.NO_ANSWER] * 2)
    reach.count(at=NIGHT)
    assert set(reach.counted().by_country) == {"KR"}
    assert counted("KR") == Tally(3, 3)
    assert counted("JP") == Tally(5, 3), "that of all countries"


def test_the_newest_calls_are_enough(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "MOST_CALLS", 2)
    lead = callable_lead(cast)
    called(cast, lead, [Disposition.TALK] * 2)
    called(cast, lead, [Disposition.NO_ANSWER] * 3, at=TEN_THERE - timedelta(days=7))
    assert reach.count(at=NIGHT) == 2
    assert counted() == Tally(2, 2)
