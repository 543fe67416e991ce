"""The chain of the plan where work is looked at: on the relay, and on the numbers of inside sales with what each person has to bring."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Scope
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tasuki.relay import plan_parts, plan_people, plan_standing
from tasuki.relay.leg_rows import Asked, Each
from tasuki.relay.plan_parts import SHARED, Part
from tasuki.relay.plan_rows import Step
from tasuki.web.plan import DEPARTMENTS


@dataclass(frozen=True)
class Row:
    """A person, a team, or all others together."""

    name: str
    share: float
    due: dict[Step, int]
    n: dict[Step, int]
    # Whose leads they are, as the address of the rows says it.
    whose: str = ""


def of_house(user: User, start: datetime | None, end: datetime, *, is_narrowed: bool) -> dict[str, Any] | None:
    """The chain of a period. A plan is of the house: narrowed to some of it, or without a beginning, there is nothing to compare."""
    if start is None or is_narrowed:
        return None
    found = plan_standing.period(start, end, at=now())
    if found is None:
        return None
    return {
        "against": found,
        "departments": DEPARTMENTS,
        "currency": the_organisation().currency,
        "sees_money": abilities.can(user, Ability.SEE_AMOUNTS),
    }


def of_inside_sales(asked: Asked, *, each: Each) -> dict[str, Any] | None:
    """What the people that the reader sees have to bring, or their teams; and all together. None where no plan asks for anything."""
    if asked.start is None or asked.source is not None:
        return None
    parts = plan_parts.parts(asked.start, asked.end, at=now())
    if not parts:
        return None
    whole = Row(_("In all"), 1.0, {step: sum(one.due[step] for one in parts) for step in SHARED}, {step: sum(one.n[step] for one in parts) for step in SHARED})
    seen = [one for one in parts if _is_shown(one, asked)]
    is_by_team = each is Each.TEAM
    return {
        "steps": SHARED,
        "first": asked.start.astimezone(asked.zone).date(),
        "last": (asked.end - timedelta(microseconds=1)).astimezone(asked.zone).date(),
        "rows": _by_team(seen, reader=asked.viewer) if is_by_team else [_row(one) for one in seen],
        "whole": whole,
        "is_by_team": is_by_team,
    }


def _is_shown(part: Part, asked: Asked) -> bool:
    """Whom the reader sees, of whom is asked."""
    if part.user is None:
        return sees_others(asked.viewer) and asked.person is None and asked.team is None
    return _is_told_of(part.user, asked.viewer) and asked.person in (None, part.user.pk) and asked.team in (None, part.user.team_id)


def sees_others(viewer: User) -> bool:
    """Whether the reader is told what others brought, of whom the plan asks nothing."""
    return abilities.standing_of(viewer).scope("lead") is Scope.ALL


def people_shown(viewer: User, *, person: int | None, team: int | None) -> list[User]:
    """Of whom in inside sales the reader is told what they brought; narrowed to one of them, or to a team."""
    people = plan_people.of(Department.INSIDE_SALES)
    return [user for user in people if _is_told_of(user, viewer) and person in (None, user.pk) and team in (None, user.team_id)]


def _is_told_of(user: User, viewer: User) -> bool:
    standing = abilities.standing_of(viewer)
    return sees_others(viewer) or user.pk == standing.user_id or user.team_id in abilities.teams_of_scope(standing, "lead")


def _row(part: Part) -> Row:
    name, pk = (part.user.display_name, part.user.pk) if part.user else (_("Others"), 0)
    return Row(name, part.share, part.due, part.n, f"owner={pk}")


def _by_team(parts: list[Part], *, reader: User) -> list[Row]:
    teams: dict[int | None, list[Part]] = defaultdict(list)
    for one in parts:
        teams[one.user.team_id if one.user else None].append(one)
    names = dict(Team.objects.visible_to(reader).filter(pk__in=[pk for pk in teams if pk]).values_list("pk", "name"))
    return [
        Row(
            names.get(pk, _("Others")) if pk else _("Others"),
            sum(one.share for one in found),
            {step: sum(one.due[step] for one in found) for step in SHARED},
            {step: sum(one.n[step] for one in found) for step in SHARED},
            f"team={pk}" if pk else "owner=0",
        )
        for pk, found in teams.items()
    ]
