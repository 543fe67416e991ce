"""The audit trail says who, when, from what, to what, through which door; and nobody rewrites it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from tasuki.core import people
from tasuki.core.audit import AuditEntry, By, Door
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


def test_a_change_is_told_in_full(cast: Cast) -> None:
    people.change(cast.ivo, title="Team lead", team=cast.success, by=By(cast.ada, Door.API), at=MONDAY)
    entry = AuditEntry.objects.of(cast.ivo).newest_first()[0]
    assert (entry.actor, entry.door, entry.at, entry.noun, entry.record_id, entry.action) == (cast.ada, "api", MONDAY, "user", cast.ivo.pk, "change")
    assert entry.changes == {"title": ["", "Team lead"], "team": [cast.inside_sales.pk, cast.success.pk]}


def test_the_database_refuses_to_rewrite_or_remove_an_entry(cast: Cast) -> None:
    entries = AuditEntry.objects.of(cast.ivo)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entries.update(action="nothing")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entries.delete()
    assert entries.exists()


def test_a_refused_change_leaves_no_entry(cast: Cast) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(people.AddressTaken):
        people.change(cast.ivo, email="mina@example.com", by=SET_UP, at=MONDAY)
    assert AuditEntry.objects.count() == before


def test_only_who_may_read_the_trail_sees_it(cast: Cast) -> None:
    assert AuditEntry.objects.visible_to(cast.ada).exists()
    for person in (cast.ruth, cast.mina, cast.tomas):
        assert not AuditEntry.objects.visible_to(person).exists()
