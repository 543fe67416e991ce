"""Teams: who stands with whom, in which department, under which larger team."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.team_trees import tree_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasuki.core.calendars import Calendar
    from tasuki.core.people import User

LONGEST_NAME = 120


class Department(models.TextChoices):
    """The four legs, and the office that runs the relay. Departments are fixed: they are the import graph."""

    MARKETING = "marketing", _("Marketing")
    INSIDE_SALES = "inside_sales", _("Inside sales")
    SALES = "sales", _("Sales")
    SUCCESS = "success", _("Customer success")
    OFFICE = "office", _("Office")


class TeamNameTaken(Refused):
    code = "team_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a team “%(name)s” in this place already.") % {"name": name})


class TeamNameWrong(Refused):
    code = "team_name_wrong"

    def __init__(self) -> None:
        super().__init__(_("A team needs a name of at most %(n)s characters.") % {"n": LONGEST_NAME})


class UnknownDepartment(Refused):
    code = "unknown_department"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is no department “%(name)s”.") % {"name": name[:40]})


class TeamsInACircle(Refused):
    code = "teams_in_a_circle"

    def __init__(self) -> None:
        super().__init__(_("A team cannot be moved under itself or under one of its own teams."))


class Teams(models.QuerySet["Team"]):
    """Questions about teams."""

    def visible_to(self, user: User) -> Teams:
        return self if abilities.standing_of(user).scope("team") is abilities.Scope.ALL else self.none()

    def first_of_all(self) -> Team | None:
        """The team that stands under no other: what belongs to nobody in particular belongs to it."""
        return self.filter(parent__isnull=True).order_by("pk").first()

    def but(self, some: Iterable[int]) -> list[int]:
        """The ids of all others."""
        return list(self.exclude(pk__in=some).values_list("pk", flat=True))

    def sizes(self) -> dict[int, int]:
        """How many people who may sign in stand in each team, by the team's id."""
        return dict(self.annotate(n_members=models.Count("members", filter=models.Q(members__is_active=True))).values_list("id", "n_members"))


class Team(models.Model):
    """A team of one department; teams nest, and a manager sees the whole tree below theirs."""

    noun: ClassVar[str] = "team"

    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    department = models.CharField(_("department"), max_length=16, choices=Department.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="teams", verbose_name=_("part of"))
    # Without one of its own, a team works by the calendar of the team above it, and at the top by the organisation's.
    calendar = models.ForeignKey("core.Calendar", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("calendar"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Teams.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="team_name_once_per_parent", nulls_distinct=False),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="team_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


def home_of(user: User) -> Team | None:
    """The team that a record gets when the person adds it: their own, else the one above all."""
    return user.team or Team.objects.first_of_all()


@transaction.atomic
def add(name: str, *, department: Department, by: By, at: datetime, parent: Team | None = None) -> Team:
    """Found a team. Raises TeamNameTaken, TeamNameWrong."""
    _hold_the_tree()
    team = Team(name=_checked_name(name, parent_id=parent.pk if parent else None), department=department, parent=parent)
    Team.objects.bulk_create([team])
    audit.record(team, action="add", by=by, at=at, changes={"name": ("", team.name), "department": ("", department.value), "parent": (None, parent)})
    return team


@transaction.atomic
def rename(team: Team, *, name: str, by: By, at: datetime) -> Team:
    """Raises TeamNameTaken, TeamNameWrong."""
    _hold_the_tree()
    team = Team.objects.get(pk=team.pk)
    return _write(team, {"name": _checked_name(name, parent_id=team.parent_id, but=team.pk)}, action="rename", by=by, at=at)


@transaction.atomic
def move(team: Team, *, under: Team | None, by: By, at: datetime) -> Team:
    """Put the team, with all below it, under another or at the top. Raises TeamsInACircle, TeamNameTaken."""
    _hold_the_tree()
    team = Team.objects.select_related("parent").get(pk=team.pk)
    if under is not None and under.pk in tree_ids(team.pk):
        raise TeamsInACircle
    _checked_name(team.name, parent_id=under.pk if under else None, but=team.pk)
    return _write(team, {"parent": under}, action="move", by=by, at=at)


@transaction.atomic
def place(team: Team, *, name: str, under: Team | None, by: By, at: datetime) -> Team:
    """Name the team and say where it stands, both or neither. Raises what `rename` and `move` raise."""
    moved = move(team, under=under, by=by, at=at) if team.parent_id != (under.pk if under else None) else team
    return rename(moved, name=name, by=by, at=at)


@transaction.atomic
def work_by(team: Team, *, calendar: Calendar | None, by: By, at: datetime) -> Team:
    """From now on the team works by this calendar; by that of the team above it with None."""
    _hold_the_tree()
    return _write(Team.objects.select_related("calendar").get(pk=team.pk), {"calendar": calendar}, action="work_by", by=by, at=at)


def _hold_the_tree() -> None:
    # Two moves at once could close a circle that neither of them sees: the tree is changed by one at a time.
    list(Team.objects.select_for_update().order_by("id").values_list("id", flat=True))


def _checked_name(name: str, *, parent_id: int | None, but: int | None = None) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise TeamNameWrong
    if Team.objects.filter(parent_id=parent_id, name=name).exclude(pk=but or 0).exists():
        raise TeamNameTaken(name)
    return name


def _write(team: Team, after: dict[str, object], *, action: str, by: By, at: datetime) -> Team:
    changes = audit.difference(team, after)
    if changes:
        Team.objects.filter(pk=team.pk).update(**after)
        audit.record(team, action=action, by=by, at=at, changes=changes)
        team.refresh_from_db()
    return team
