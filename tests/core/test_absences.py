"""Who is away, and who carries for them."""

from __future__ import annotations

from datetime import date

import pytest

from tasuki.core import absences
from tasuki.core.abilities import standing_of
from tasuki.core.absences import Absence, AbsenceRefused
from tasuki.core.audit import AuditEntry
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 3, 9), date(2026, 3, 13)


def test_both_days_of_an_absence_count(cast: Cast) -> None:
    absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, deputy=cast.mina, by=SET_UP, at=MONDAY)
    for day in (FIRST, LAST):
        assert [(absence.user, absence.deputy) for absence in Absence.objects.on(day)] == [(cast.ivo, cast.mina)]
    for day in (date(2026, 3, 8), date(2026, 3, 14)):
        assert not Absence.objects.on(day).exists()


def test_an_absence_that_cannot_be_is_refused(cast: Cast) -> None:
    with pytest.raises(AbsenceRefused, match="before it starts"):
        absences.mark(cast.ivo, first_on=LAST, last_on=FIRST, by=SET_UP, at=MONDAY)
    with pytest.raises(AbsenceRefused, match="somebody else"):
        absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, deputy=cast.ivo, by=SET_UP, at=MONDAY)
    with pytest.raises(AbsenceRefused, match="longer than"):
        absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, reason="x" * 201, by=SET_UP, at=MONDAY)


def test_nobody_is_away_twice_on_one_day(cast: Cast) -> None:
    absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, by=SET_UP, at=MONDAY)
    with pytest.raises(AbsenceRefused, match="already"):
        absences.mark(cast.ivo, first_on=LAST, last_on=date(2026, 3, 20), by=SET_UP, at=MONDAY)
    absences.mark(cast.saori, first_on=FIRST, last_on=LAST, by=SET_UP, at=MONDAY)


def test_an_absence_is_cancelled_once(cast: Cast) -> None:
    absence = absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, by=SET_UP, at=MONDAY)
    absences.cancel(absence, by=SET_UP, at=MONDAY)
    absences.cancel(absence, by=SET_UP, at=MONDAY)
    assert not Absence.objects.on(FIRST).exists()
    assert AuditEntry.objects.filter(noun="absence", action="cancel").count() == 1


def test_the_reason_stays_out_of_the_trail_and_is_hidden_from_colleagues(cast: Cast) -> None:
    absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, reason="surgery", by=SET_UP, at=MONDAY)
    assert "surgery" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert standing_of(cast.mina).hides("absence") == {"reason"}
    assert standing_of(cast.ada).hides("absence") == frozenset()


def test_tomas_sees_no_absence(cast: Cast) -> None:
    absences.mark(cast.ivo, first_on=FIRST, last_on=LAST, by=SET_UP, at=MONDAY)
    assert Absence.objects.visible_to(cast.chika).count() == 1
    assert not Absence.objects.visible_to(cast.tomas).exists()
