"""`tasuki check` finds the days that are counted otherwise than their rows say, and `tasuki recount` mends them."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from tasuki.cli import check, main
from tasuki.relay.leg_days import checking, covering, keeping
from tasuki.relay.leg_days.rows import LegCount, LegTouched, Noun, Told
from tests.cast import Cast
from tests.relay.leg_year import NOW, Year
from tests.remembering import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(cast: Cast) -> Year:
    return written(_counted, cast)


def _counted(cast: Cast) -> Year:
    year = Year(cast, random.Random(7))
    year.tell(8, 60)
    keeping.keep(at=NOW)
    return year


def looked_at(noun: Noun, n_days: int) -> list[Any]:
    """What was counted of the spans that are looked at, whoever it is told apart by."""
    starts = checking.sample(covering.counted().counted[noun], n_days)
    return list(LegCount.objects.filter(n_days=n_days, starts_on__in=starts).order_by("starts_on", "pk"))


def recount(*options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasuki.cli.recount.get_ready", lambda: None)
    answer = CliRunner().invoke(main, ["recount", *options])
    assert (answer.exit_code, answer.output) == (0, "Counted.\n")


def test_what_is_counted_as_it_is_agrees_and_what_changed_since_is_counted_again_anyway(counted: Year) -> None:
    assert check.ask_for_counts().n_wrong == 0
    counted.happen()
    assert check.ask_for_counts().n_wrong == 0
    assert LegTouched.objects.exists()


def test_a_day_with_another_number_one_too_few_and_one_too_many_is_named_and_mended(counted: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checking.SAMPLE, 1, 400)
    one, *_others, last = (row for row in looked_at(Noun.EDGE, 1) if row.part == "edges")
    assert one.starts_on < last.starts_on
    LegCount.objects.filter(pk=one.pk).update(counts=[9, *one.counts[1:]])
    LegCount.objects.filter(pk=last.pk).delete()
    assert check.ask_for_counts().examples == [f"edge {one.starts_on}", f"edge {last.starts_on}"]
    last.pk, last.told, last.source = None, Told.SEEN_SOURCE, "nowhere"
    recount("--from", f"{one.starts_on}", "--to", f"{last.starts_on}", monkeypatch=monkeypatch)
    assert check.ask_for_counts().n_wrong == 0
    LegCount.objects.bulk_create([last])
    assert check.ask_for_counts().examples == [f"edge {last.starts_on}"]
    recount(monkeypatch=monkeypatch)
    assert check.ask_for_counts().n_wrong == 0


@pytest.mark.parametrize("n_days", [8, 64])
def test_a_span_of_days_that_was_added_up_wrongly_is_named_by_its_first(counted: Year, n_days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = next(row for row in looked_at(Noun.CALL, n_days) if row.part == "attempted")
    LegCount.objects.filter(pk=wrong.pk).update(n_each=[*wrong.n_each, 7])
    assert check.ask_for_counts().examples == [f"call {wrong.starts_on} +{n_days} days"]
    recount("--from", f"{wrong.starts_on}", "--to", f"{wrong.starts_on}", monkeypatch=monkeypatch)
    assert check.ask_for_counts().n_wrong == 0


def test_as_many_days_are_looked_at_in_a_large_house_as_in_a_small_one() -> None:
    first = NOW.date()
    for n_days, most in checking.SAMPLE.items():
        long = covering.Counted(first, first + timedelta(days=64 * 200), frozenset())
        found = checking.sample(long, n_days)
        assert (len(found), found[0], found[-1]) == (most, first, long.until_on - timedelta(days=n_days))
        assert found == checking.sample(long, n_days), "the same whenever it is asked"
        assert not checking.sample(covering.Counted(first, first + timedelta(days=n_days), frozenset({first})), n_days), "changed since"
