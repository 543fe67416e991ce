"""Teams are founded, renamed and moved, and never stand in a circle."""

from __future__ import annotations

import pytest

from tasuki.core import teams
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.teams import Department, Team, TeamNameTaken, TeamNameWrong, TeamsInACircle, tree_ids
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


def test_a_tree_holds_the_team_and_all_below_it(cast: Cast) -> None:
    desk = teams.add("Japan desk", department=Department.SALES, parent=cast.field_sales, by=SET_UP, at=MONDAY)
    assert tree_ids(cast.field_sales.pk) == {cast.field_sales.pk, desk.pk}
    assert tree_ids(cast.revenue.pk) == set(Team.objects.values_list("pk", flat=True))


def test_a_name_stands_once_in_one_place(cast: Cast) -> None:
    with pytest.raises(TeamNameTaken):
        teams.add(" Marketing ", department=Department.MARKETING, parent=cast.revenue, by=SET_UP, at=MONDAY)
    with pytest.raises(TeamNameTaken):
        teams.rename(cast.success, name="Marketing", by=SET_UP, at=MONDAY)
    with pytest.raises(TeamNameTaken):
        teams.add("Revenue", department=Department.OFFICE, by=SET_UP, at=MONDAY)
    assert teams.add("Marketing", department=Department.MARKETING, by=SET_UP, at=MONDAY).parent is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_team_needs_a_name(cast: Cast, name: str) -> None:
    with pytest.raises(TeamNameWrong):
        teams.rename(cast.success, name=name, by=SET_UP, at=MONDAY)


def test_renaming_is_written_down(cast: Cast) -> None:
    renamed = teams.rename(cast.success, name="고객 성공", by=By(cast.ada, Door.WEB), at=MONDAY)
    entry = AuditEntry.objects.of(renamed).get(action="rename")
    assert (entry.actor, entry.door, entry.changes) == (cast.ada, "web", {"name": ["Customer success", "고객 성공"]})


def test_a_team_cannot_stand_under_itself(cast: Cast) -> None:
    desk = teams.add("Japan desk", department=Department.SALES, parent=cast.field_sales, by=SET_UP, at=MONDAY)
    for below in (cast.revenue, cast.field_sales, desk):
        with pytest.raises(TeamsInACircle):
            teams.move(cast.revenue, under=below, by=SET_UP, at=MONDAY)
    moved = teams.move(desk, under=cast.success, by=SET_UP, at=MONDAY)
    assert moved.parent == cast.success
    assert teams.move(moved, under=None, by=SET_UP, at=MONDAY).parent is None


def test_moving_onto_a_namesake_is_refused(cast: Cast) -> None:
    namesake = teams.add("Marketing", department=Department.MARKETING, by=SET_UP, at=MONDAY)
    with pytest.raises(TeamNameTaken):
        teams.move(namesake, under=cast.revenue, by=SET_UP, at=MONDAY)


def test_tomas_sees_no_team(cast: Cast) -> None:
    assert Team.objects.visible_to(cast.ivo).count() == 5
    assert not Team.objects.visible_to(cast.tomas).exists()
