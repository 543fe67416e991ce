"""The draw: the same every time it is made, by nobody's choice, and written down; and the quota of who listens."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tasuki.engage import recordings
from tasuki.inside_sales.coaching import rules, samples
from tasuki.inside_sales.coaching.samples import Sample
from tests.cast import MONDAY, SET_UP, Cast
from tests.inside_sales.coaching.hearing import by, coach_of, heard, recorded, reviewed

pytestmark = pytest.mark.django_db

WEEK = date(2026, 3, 2)
NEXT = MONDAY + timedelta(days=7)


@given(st.lists(st.integers(1, 10_000), unique=True, min_size=1, max_size=40), st.integers(0, 5), st.randoms())
def test_the_order_of_the_calls_makes_no_difference_and_a_call_that_is_not_drawn_changes_nothing(calls: list[int], n: int, random: object) -> None:
    drawn = samples.chosen(WEEK, person_id=7, calls=calls, n=n)
    assert drawn == samples.chosen(WEEK, person_id=7, calls=sorted(calls, reverse=True), n=n)
    chosen = {pk for _lot, pk in drawn}
    for left_out in set(calls) - chosen:
        assert samples.chosen(WEEK, person_id=7, calls=set(calls) - {left_out}, n=n) == drawn


def test_every_call_can_be_drawn_and_another_week_draws_others() -> None:
    weeks = [WEEK + timedelta(days=7 * nth) for nth in range(60)]
    drawn = {samples.chosen(week, person_id=7, calls=range(1, 11), n=1)[0][1] for week in weeks}
    assert len(drawn) >= 8, "of ten calls nearly all came up in sixty weeks"


def test_whoever_lacks_the_key_of_the_house_cannot_know_what_is_drawn(settings: object) -> None:
    mine = samples.lot(WEEK, person_id=7, call_id=1)
    settings.SECRET_KEY = "another house"  # type: ignore[attr-defined]  # pytest-django's
    assert samples.lot(WEEK, person_id=7, call_id=1) != mine


def test_a_week_is_drawn_once_for_each_person_and_written_down_with_its_lots(cast: Cast) -> None:
    kept = [recorded(cast, nth, at=MONDAY + timedelta(hours=nth)) for nth in range(1, 5)]
    recorded(cast, 9, at=NEXT)
    assert samples.draw_last_week(at=NEXT) == 2
    assert samples.draw_last_week(at=NEXT + timedelta(hours=1)) == 0, "whoever was drawn for is left alone"
    rows = list(Sample.objects.order_by("place"))
    assert [(row.lot, row.call_id) for row in rows] == samples.chosen(WEEK, person_id=cast.ivo.pk, calls=[one.call_id for one in kept], n=2)
    assert {(row.person, row.week_on, row.due_on) for row in rows} == {(cast.ivo, WEEK, date(2026, 3, 15))}
    with pytest.raises(IntegrityError), transaction.atomic():
        Sample.objects.create(person=cast.ivo, week_on=WEEK, place=1, call=kept[3].call, lot="x", drawn_at=NEXT)


def test_what_is_gone_or_was_never_recorded_is_not_drawn(cast: Cast) -> None:
    recording = recorded(cast)
    recordings.remove(recording, by=by(cast.ivo), at=MONDAY + timedelta(hours=2))
    assert samples.draw_last_week(at=NEXT) == 0


def test_a_sample_waits_until_it_is_reviewed_and_is_overdue_after_the_next_week(cast: Cast) -> None:
    recording = recorded(cast)
    samples.draw_last_week(at=NEXT)
    assert Sample.objects.visible_to(cast.ruth).waiting().count() == 1
    assert not Sample.objects.visible_to(cast.ivo).exists(), "who called does not see what was drawn"
    assert not Sample.objects.overdue(date(2026, 3, 15)).exists()
    assert Sample.objects.overdue(date(2026, 3, 16)).count() == 1
    reviewed(recording, user=cast.ruth)
    assert not Sample.objects.waiting().exists()


def test_a_coach_has_heard_as_many_calls_as_different_ones_of_colleagues(cast: Cast) -> None:
    noor, (one, other) = coach_of(cast), (recorded(cast, 1), recorded(cast, 2, at=MONDAY + timedelta(hours=3)))
    for recording, hours in ((one, 5), (one, 6), (other, 7)):
        heard(recording, user=noor, at=MONDAY + timedelta(hours=hours))
    heard(one, user=cast.ivo)
    assert rules.heard([noor, cast.ivo], week=WEEK) == {noor.pk: 2}
    assert rules.heard([noor], week=WEEK + timedelta(days=7)) == {}
    assert rules.quotas([noor, cast.ruth], weeks=[WEEK]) == {(noor.pk, WEEK): 5, (cast.ruth.pk, WEEK): 5}
    rules.set_quota(noor, n_to_hear=8, by=SET_UP, at=MONDAY)
    assert rules.quotas([noor, cast.ruth], weeks=[WEEK]) == {(noor.pk, WEEK): 8, (cast.ruth.pk, WEEK): 5}
    rules.set_quota(noor, n_to_hear=None, by=SET_UP, at=MONDAY)
    assert rules.quotas([noor], weeks=[WEEK]) == {(noor.pk, WEEK): 5}


@pytest.mark.parametrize("n", [-1, 51])
def test_a_quota_is_a_number_of_calls_that_can_be_heard(cast: Cast, n: int) -> None:
    for wrong in (lambda: rules.set_quota(cast.ruth, n_to_hear=n, by=SET_UP, at=MONDAY), lambda: rules.change(n_samples=n, n_to_hear=1, by=SET_UP, at=MONDAY)):
        with pytest.raises(rules.QuotaWrong):
            wrong()
