"""The rules of the house that are one row: what holds without it, how it is changed, and what is written down of that."""

from __future__ import annotations

import pytest

from tasuki.core import house_rows
from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Refused
from tasuki.relay.handoff_rules import HandoffRules
from tests.cast import MONDAY, Cast
from tests.relay.handing import by

pytestmark = pytest.mark.django_db


def refuse(_rules: HandoffRules) -> None:
    raise Refused("no")


def test_without_a_row_the_defaults_hold_and_asking_makes_none(cast: Cast) -> None:
    assert house_rows.in_force(HandoffRules).n_grace_days == 7
    assert not HandoffRules.objects.exists()


def test_a_change_writes_what_differs_and_says_so_once(cast: Cast) -> None:
    for _time in range(2):
        rules = house_rows.change(HandoffRules, said={"n_grace_days": 9, "n_wake_days": 30}, by=by(cast.ada), at=MONDAY)
        assert (rules.n_grace_days, house_rows.in_force(HandoffRules).n_grace_days) == (9, 9)
    (entry,) = AuditEntry.objects.filter(noun="handoffrules")
    assert (entry.actor, entry.action, entry.changes) == (cast.ada, "change", {"n_grace_days": [7, 9]})


def test_what_is_refused_is_not_written_and_leaves_no_row(cast: Cast) -> None:
    with pytest.raises(Refused):
        house_rows.change(HandoffRules, said={"n_grace_days": 9}, check=refuse, by=by(cast.ada), at=MONDAY)
    assert not HandoffRules.objects.exists()
    assert not AuditEntry.objects.filter(noun="handoffrules").exists()


def test_the_check_sees_the_rules_as_they_would_be(cast: Cast) -> None:
    seen: list[tuple[int, int]] = []
    house_rows.change(
        HandoffRules, said={"n_wake_days": 31}, check=lambda rules: seen.append((rules.n_grace_days, rules.n_wake_days)), by=by(cast.ada), at=MONDAY
    )
    assert seen == [(7, 31)]
