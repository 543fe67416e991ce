"""Two workers count the days of inside sales while calls change, and one of them is killed again and again: at no moment does a page say less or more
than the rows, and in the end what is kept is what is counted anew.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tasuki.engage.calls import Call
from tasuki.relay import leg_numbers
from tasuki.relay.leg_days import covering, keeping
from tasuki.relay.leg_days.covering import Known
from tasuki.relay.leg_days.rows import LegCounted, LegTouched
from tasuki.relay.leg_rows import Asked
from tests.cast import assemble
from tests.killing import kill_again_and_again
from tests.relay.leg_year import NOW, SEOUL, Year, kept

N_KILLS = 80


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_counting_that_is_killed_loses_no_day_and_counts_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "MOST_LEFT", 400)
    year = Year(assemble(), random.Random(3))
    year.tell(6, 60)
    keeping.keep(at=NOW)
    calls = list(Call.objects.values_list("pk", flat=True))
    everything = Asked(year.cast.ada, None, NOW, SEOUL)

    def call_and_count() -> bool:
        """A call turns out to have been another day with another result; then whatever is to be counted is."""
        Call.objects.filter(pk=random.choice(calls)).update(
            disposition=random.choice(["na", "busy", "vm"]), started_at=NOW - timedelta(days=random.uniform(1, 190)), answered_at=None, ended_at=NOW,
            disposed_at=NOW,
        )  # fmt: skip
        keeping.keep(at=NOW)
        return True

    def pages_say_what_rows_say() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            added_up, counted = (leg_numbers.now_and_before(everything, known=known)[0] for known in (covering.counted(), Known()))
        assert vars(added_up) == vars(counted)

    n_in_the_middle = kill_again_and_again(call_and_count, within=120, seed=5, seen=pages_say_what_rows_say, n=N_KILLS)
    assert n_in_the_middle > N_KILLS / 2, "most were killed before they did anything: this proves too little"
    keeping.keep(at=NOW)
    assert not LegTouched.objects.exists()
    in_the_end, _done = kept(), LegCounted.objects.get_queryset().delete()
    keeping.keep(at=NOW)
    assert in_the_end == kept()
