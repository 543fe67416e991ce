"""Listening week by week: who has heard how many different calls of what is asked, for whoever may see it; the same questions for 2 coaches and 12."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import teams
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.engage.recording_rows import Hearing
from tasuki.inside_sales.coaching import listening, praises, rules
from tasuki.inside_sales.coaching.listening import Listener
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.inside_sales.coaching.hearing import by, recorded
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db

# The Wednesday of the second week after the calls.
AT = MONDAY + timedelta(days=9, hours=3)


def heard(nth: int, *, by_whom: User, days: float, cast: Cast) -> None:
    recording = recorded(cast, nth)
    Hearing.objects.create(recording=recording, heard_by=by_whom, heard_at=MONDAY + timedelta(days=days))


def of(coach: User, found: list[Listener]) -> list[int]:
    (one,) = [each for each in found if each.coach == coach]
    return [week.n_heard for week in one.weeks]


def test_each_week_counts_different_calls_of_colleagues_against_what_is_asked(cast: Cast) -> None:
    for nth, days in enumerate((1, 2, 8), start=1):
        heard(nth, by_whom=cast.ruth, days=days, cast=cast)
    again = Hearing.objects.order_by("pk")[0]
    Hearing.objects.create(recording=again.recording, heard_by=cast.ruth, heard_at=MONDAY + timedelta(days=3))
    Hearing.objects.create(recording=again.recording, heard_by=cast.ivo, heard_at=MONDAY + timedelta(days=1))
    rules.set_quota(cast.ruth, n_to_hear=2, by=SET_UP, at=MONDAY)
    (ruth,) = listening.by_week(cast.ruth, at=AT)
    assert [(week.monday, week.n_heard, week.is_kept) for week in ruth.weeks[-2:]] == [(date(2026, 3, 2), 2, True), (date(2026, 3, 9), 1, False)]
    assert ([week.n_heard for week in ruth.weeks[:-2]], ruth.weeks[0].monday) == ([0] * 6, date(2026, 1, 19))
    assert ruth.n_kept == 1, "of the seven weeks that are over"


def asked_of(coach: User, *, at: datetime) -> list[int]:
    """What was asked in the last four weeks, the running one last."""
    (one,) = [each for each in listening.by_week(coach, at=at) if each.coach == coach]
    return [week.n_to_hear for week in one.weeks[-4:]]


def test_a_week_that_is_over_keeps_what_was_asked_in_it(cast: Cast) -> None:
    heard(1, by_whom=cast.ruth, days=1, cast=cast)
    rules.set_quota(cast.ruth, n_to_hear=1, by=SET_UP, at=MONDAY)
    rules.set_quota(cast.ruth, n_to_hear=9, by=SET_UP, at=AT)
    assert asked_of(cast.ruth, at=AT) == [5, 5, 1, 9]
    (ruth,) = listening.by_week(cast.ruth, at=AT)
    assert ([week.is_kept for week in ruth.weeks[-2:]], ruth.n_kept) == ([True, False], 1)
    rules.set_quota(cast.ruth, n_to_hear=4, by=SET_UP, at=AT + timedelta(hours=1))
    assert asked_of(cast.ruth, at=AT) == [5, 5, 1, 4], "in one week the last word holds"
    rules.set_quota(cast.ruth, n_to_hear=None, by=SET_UP, at=AT + timedelta(weeks=1))
    assert asked_of(cast.ruth, at=AT + timedelta(weeks=2)) == [1, 4, 5, 5], "as the house asks"


def test_what_the_house_asks_is_kept_by_week_too_and_holds_for_whoever_has_no_number_of_their_own(cast: Cast) -> None:
    for nth, n in enumerate([7, 0, 3]):
        rules.change(n_samples=2, n_to_hear=n, by=SET_UP, at=MONDAY + timedelta(weeks=nth))
    at = MONDAY + timedelta(weeks=2)
    assert asked_of(cast.ruth, at=at) == [5, 7, 0, 3]
    rules.change(n_samples=4, n_to_hear=3, by=SET_UP, at=at + timedelta(weeks=1))
    rules.set_quota(cast.ruth, n_to_hear=0, by=SET_UP, at=at + timedelta(weeks=1))
    assert asked_of(cast.ruth, at=at + timedelta(weeks=1)) == [7, 0, 3, 0], "nothing is a number too"


def test_a_week_begins_at_midnight_of_the_house(cast: Cast) -> None:
    # Midnight in Seoul is three in the afternoon of Sunday here.
    midnight = MONDAY.replace(hour=15) + timedelta(days=6)
    for nth, at in enumerate((midnight - timedelta(seconds=1), midnight), start=1):
        Hearing.objects.create(recording=recorded(cast, nth), heard_by=cast.ruth, heard_at=at)
    assert of(cast.ruth, listening.by_week(cast.ruth, at=AT))[-2:] == [1, 1]


def test_a_manager_sees_the_coaches_below_a_coach_themselves_and_who_coaches_nobody_is_not_on_it(cast: Cast) -> None:
    coach = hired("coach", "Vega", "Ana", role=Role.COACH, team=cast.inside_sales)
    idle = hired("idle", "Koch", "Jan", role=Role.COACH, team=cast.success)
    far = hired("far", "Far", "Away", role=Role.MANAGER, team=teams.add("Elsewhere", department=Department.OFFICE, by=SET_UP, at=MONDAY))
    assert [one.coach for one in listening.by_week(cast.ruth, at=AT)] == [cast.ruth, coach]
    assert [one.coach for one in listening.by_week(coach, at=AT)] == [coach]
    assert [one.coach for one in listening.by_week(far, at=AT)] == [far]
    assert [one.coach for one in listening.by_week(idle, at=AT)] == [idle]
    assert {one.coach for one in listening.by_week(cast.ada, at=AT)} == {cast.ada, cast.ruth, coach}
    assert listening.by_week(cast.ivo, at=AT) == listening.by_week(cast.tomas, at=AT) == []


def test_together_sums_the_running_week_and_the_praise_of_the_people(cast: Cast) -> None:
    heard(1, by_whom=cast.ruth, days=8, cast=cast)
    recording = recorded(cast, 2)
    for at in (AT - timedelta(days=1), AT - timedelta(weeks=4, seconds=1)):
        praises.give(cast.ivo, deed="asked twice", call=recording.call, by=by(cast.mina), at=at)
    praises.give(cast.mina, deed="a clean list", by=by(cast.ivo), lead=recording.call.lead, at=AT)
    found = listening.together(cast.ruth, at=AT)
    assert (found.n_heard, found.n_to_hear, found.n_coaches, found.n_praises) == (1, 5, 1, 2)


def test_the_pages_show_it_to_whoever_reviews_calls(cast: Cast) -> None:
    page = read(signed_in(cast.ruth).get(reverse("coaching")).content.decode())
    assert "listening" in page.ids
    assert "Praise for our people, 4 weeks" in " ".join(read(signed_in(cast.ruth).get(reverse("wins")).content.decode()).texts)
    for person in (cast.ivo, cast.saori):
        assert "wins-sums" not in signed_in(person).get(reverse("wins")).content.decode()
        assert 'id="listening"' not in signed_in(person).get(reverse("coaching")).content.decode()
    assert signed_in(cast.tomas).get(reverse("wins")).status_code == 403


def test_it_asks_as_often_for_two_coaches_as_for_twelve(cast: Cast) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            listening.by_week(cast.ruth, at=AT)
        return len(queries)

    hired("coach", "Vega", "Ana", role=Role.COACH, team=cast.inside_sales)
    asked()
    two = asked()
    for nth in range(10):
        hired(f"coach{nth}", f"Vega{nth}", "Ana", role=Role.COACH, team=cast.inside_sales)
    assert asked() == two
    assert len(listening.by_week(cast.ruth, at=AT)) == 12
