"""Two workers at once, killed in the middle two hundred times: each step of each member happens once, and none is lost."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from tasuki.engage.sequences import enrolling, sweeping
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tasuki.engage.sequences.writing import Wording
from tests.cast import Cast, assemble
from tests.engage.mailing import connected
from tests.engage.sequences.writing import MAIL, TEN, days, ivo, person, sequence_of
from tests.killing import N_KILLS, kill_again_and_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# Some eight times as many steps as are taken before the last worker is killed.
N_MEMBERS, N_PAIRS = 20, 4
AT_ONCE = Wording("wait", n_days=0)
LISTENS = Wording("branch", n_days=0, hears="replied", classes=("positive",), n_days_to_listen=1)


@pytest.fixture
def members(transactional_db: None) -> list[Enrolment]:
    cast: Cast = assemble()
    connected(cast.ivo, n_per_hour=2_000, n_per_day=2_000)
    sequence = sequence_of(*[MAIL, AT_ONCE] * N_PAIRS, n_mails_a_day=1_000)
    people = [person(cast, nth).pk for nth in range(N_MEMBERS)]
    there = enrolling.enrol_all(people, into=sequence, by=ivo(cast), at=TEN).enrolments
    # What a worker reads once, holidays and numbers of the world, its children need not read again.
    sweeping.take_one(at=TEN)
    return there


def seen() -> tuple[int, int, int, int]:
    """In one look: steps taken, those taken twice, mails in the outbox, and mails of steps."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) - count(DISTINCT (enrolment_id, step_id)), (SELECT count(*) FROM engage_message),
                      count(*) FILTER (WHERE step.kind = 'mail') FROM engage_deed deed JOIN engage_step step ON step.id = deed.step_id"""
        )
        row: tuple[int, int, int, int] = cursor.fetchone()
        return row


def nothing_is_half_done() -> None:
    _n, n_twice, n_mails, n_mail_steps = seen()
    assert n_twice == 0
    assert n_mails == n_mail_steps, "a mail stands in the outbox exactly when its step is taken"


def test_a_worker_killed_at_any_moment_leaves_no_step_half_done_done_twice_or_lost(members: list[Enrolment]) -> None:
    all_steps = N_MEMBERS * N_PAIRS * 2
    n_in_the_middle = kill_again_and_again(lambda: sweeping.take_one(at=TEN), within=60, seed=7, seen=nothing_is_half_done)
    assert n_in_the_middle > N_KILLS // 5, "the workers were not killed at their work: the test proves nothing"
    assert seen()[0] < all_steps, "they were done before they were killed"
    while sweeping.sweep(at=TEN):
        pass
    assert seen() == (all_steps, 0, all_steps // 2, all_steps // 2)
    assert not Deed.objects.to_do().exists()
    assert set(Enrolment.objects.values_list("state", "next_step", "due_at")) == {("active", None, days(7))}
    assert len(members) == N_MEMBERS


@pytest.fixture
def listeners(transactional_db: None) -> list[Enrolment]:
    """Each stands before branches that listen for a day and hear nothing, with a mail between them."""
    cast: Cast = assemble()
    connected(cast.ivo, n_per_hour=2_000, n_per_day=2_000)
    sequence = sequence_of(*[MAIL, LISTENS] * N_PAIRS, n_mails_a_day=1_000)
    people = [person(cast, nth).pk for nth in range(N_MEMBERS)]
    there = enrolling.enrol_all(people, into=sequence, by=ivo(cast), at=TEN).enrolments
    sweeping.take_one(at=TEN)
    return there


def test_killed_at_branches_that_listen_nobody_goes_both_ways_or_none(listeners: list[Enrolment]) -> None:
    all_steps = N_MEMBERS * N_PAIRS * 2

    def soon() -> datetime:
        """So late that the branches which everybody has come to are over, by and by."""
        return days(3 * (Deed.objects.count() // N_MEMBERS))

    n_in_the_middle = kill_again_and_again(lambda: sweeping.take_one(at=soon()), within=60, seed=11, seen=nothing_is_half_done)
    assert n_in_the_middle > N_KILLS // 5, "the workers were not killed at their work: the test proves nothing"
    assert seen()[0] < all_steps, "they were done before they were killed"
    last = days(400)
    while Enrolment.objects.filter(next_step__isnull=False).exists():
        assert sweeping.sweep(at=last)
        last = days(3, last)
    assert seen() == (all_steps, 0, all_steps // 2, all_steps // 2)
    assert len(listeners) == N_MEMBERS
