"""The chain of the plan where work is looked at: on the relay, and on the numbers of inside sales with what each person has to bring."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Scope
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.relay import plan_parts, plan_standing
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
        "rows": _by_team(seen, reader=asked.viewer) if is_by_team else [_row(one) for one in seen],
        "whole": whole,
        "is_by_team": is_by_team,
    }


def _is_shown(part: Part, asked: Asked) -> bool:
    """Whom the reader sees, of whom is asked."""
    standing = abilities.standing_of(asked.viewer)
    sees_all = standing.scope("lead") is Scope.ALL
    if part.user is None:
        return sees_all and asked.person is None and asked.team is None
    sees = sees_all or part.user.pk == standing.user_id or part.user.team_id in abilities.teams_of_scope(standing, "lead")
    return sees and asked.person in (None, part.user.pk) and asked.team in (None, part.user.team_id)


def _row(part: Part) -> Row:
    return Row(part.user.display_name if part.user else _("Others"), part.share, part.due, part.n)


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
        )
        for pk, found in teams.items()
    ]
