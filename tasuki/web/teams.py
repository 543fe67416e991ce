"""Teams as a tree, and the table of what each role may do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core import teams as teams_
from tasuki.core.abilities import ABILITIES, SENSITIVE_FIELDS, VISIBILITY, Ability, Role, RoleGrant, Scope
from tasuki.core.calendars import Calendar
from tasuki.core.teams import Department, Team, TeamNameWrong
from tasuki.web import nouns
from tasuki.web.requests import UserRequest, by, record_id

SCOPES = {
    Scope.NOTHING: gettext_lazy("none"),
    Scope.OWN: gettext_lazy("own"),
    Scope.TEAM: gettext_lazy("the team’s"),
    Scope.TREE: gettext_lazy("the team’s and all below"),
    Scope.ALL: gettext_lazy("all"),
}


@dataclass(frozen=True)
class Branch:
    """A team in the order of the tree; `depth` 0 is the top. `n_members` counts those who may sign in."""

    team: Team
    depth: int
    n_members: int


@require_http_methods(["GET", "POST"])
def teams(request: UserRequest) -> HttpResponse:
    may_manage = abilities.can(request.user, Ability.MANAGE_PEOPLE)
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_PEOPLE)
        department = request.POST.get("department", "")
        if department not in Department.values:
            raise teams_.UnknownDepartment(department)
        teams_.add(request.POST.get("name", ""), department=Department(department), parent=_chosen(request, "parent"), by=by(request), at=now())
        return redirect("teams")
    calendars = list(Calendar.objects.visible_to(request.user).order_by("name"))
    context = {"branches": _tree(request), "departments": Department.choices, "may_manage": may_manage, "calendars": calendars}
    return render(request, "teams/tree.jinja", context)


@require_POST
def team(request: UserRequest, pk: int) -> HttpResponse:
    """Rename the team, move it, or both, as the form says."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    which = get_object_or_404(Team.objects.visible_to(request.user), pk=pk)
    if "name" not in request.POST:
        raise TeamNameWrong
    teams_.place(which, name=request.POST["name"], under=_chosen(request, "parent"), by=by(request), at=now())
    if "calendar" in request.POST:
        teams_.work_by(which, calendar=_chosen_calendar(request), by=by(request), at=now())
    messages.success(request, _("Saved."))
    return redirect("teams")


@require_GET
def roles(request: UserRequest) -> HttpResponse:
    """What each role may do and whose records it sees, straight from the tables that decide."""
    holders: dict[str, int] = defaultdict(int)
    for role in RoleGrant.objects.visible_to(request.user).filter(user__is_active=True).values_list("role", flat=True):
        holders[role] += 1
    context = {
        "roles": [(role, role.label, holders[role]) for role in Role],
        "abilities": [(ability.label, [role in may for role in Role]) for ability, may in ABILITIES.items()],
        "scopes": [(nouns.label(noun), [SCOPES[table.get(role, Scope.NOTHING)] for role in Role]) for noun, table in VISIBILITY.items()],
        "hidden": [
            (nouns.label(noun), nouns.field_label(noun, field), ability.label) for noun, fields in SENSITIVE_FIELDS.items() for field, ability in fields.items()
        ],
    }
    return render(request, "teams/roles.jinja", context)


def _tree(request: UserRequest) -> list[Branch]:
    children: dict[int | None, list[Team]] = defaultdict(list)
    sizes = Team.objects.visible_to(request.user).sizes()
    for row in Team.objects.visible_to(request.user).order_by("name", "id"):
        children[row.parent_id].append(row)
    branches: list[Branch] = []

    def walk(parent_id: int | None, depth: int) -> None:
        for row in children[parent_id]:
            branches.append(Branch(row, depth, sizes[row.pk]))
            walk(row.pk, depth + 1)

    walk(None, 0)
    return branches


def _chosen(request: UserRequest, field: str) -> Team | None:
    chosen = record_id(request.POST.get(field, ""))
    return None if chosen is None else get_object_or_404(Team.objects.visible_to(request.user), pk=chosen)


def _chosen_calendar(request: UserRequest) -> Calendar | None:
    chosen = record_id(request.POST["calendar"])
    return None if chosen is None else get_object_or_404(Calendar.objects.visible_to(request.user), pk=chosen)
