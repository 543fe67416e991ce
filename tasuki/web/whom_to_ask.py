"""Who can do what somebody may not: named where a button would be."""

from __future__ import annotations

from typing import Any

from tasuki.core.abilities import ABILITIES, Ability, RoleGrant

_NAMED = 3


def who_may(request: Any, ability: str) -> str:
    """The names of up to three colleagues who may, administrators last: “Ruth Adeyemi, Ada Lindqvist”. Nothing where nobody may."""
    roles = [role.value for role in ABILITIES[Ability(ability)]]
    grants = RoleGrant.objects.visible_to(request.user).filter(role__in=roles, user__is_active=True).select_related("user").order_by("-role", "pk")
    names = dict.fromkeys(grant.user.display_name for grant in grants[: _NAMED * 4])
    return ", ".join(list(names)[:_NAMED])
