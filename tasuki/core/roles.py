"""Roles are granted and taken back; what each may do stands in `tasuki.core.abilities`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Role, RoleGrant
from tasuki.core.audit import By
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team


class LastAdministrator(Refused):
    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator. Make somebody else an administrator first."))


class CannotHoldRoles(Refused):
    code = "cannot_hold_roles"

    def __init__(self) -> None:
        super().__init__(_("A person who has left holds no role."))


class UnknownRole(Refused):
    code = "unknown_role"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is no role “%(name)s”.") % {"name": name[:40]})


def managers_of(team: Team) -> list[User]:
    """Who answers for a team: the managers in it, else in the nearest team above it that has any, else whoever runs the process."""
    above: Team | None = team
    managers = RoleGrant.objects.filter(role=Role.MANAGER, user__is_active=True).select_related("user")
    while above is not None:
        if found := [grant.user for grant in managers.filter(user__team=above).order_by("user_id")]:
            return found
        above = above.parent
    running = RoleGrant.objects.filter(role__in=[Role.OPERATIONS, Role.ADMINISTRATOR], user__is_active=True).select_related("user")
    return list({grant.user_id: grant.user for grant in running.order_by("user_id")}.values())


def named(name: str) -> Role:
    """The role of this name. Raises UnknownRole."""
    if name not in Role.values:
        raise UnknownRole(name)
    return Role(name)


@transaction.atomic
def grant(user: User, *, role: Role, by: By, at: datetime) -> RoleGrant:
    """Give the person a role. Granting it twice changes nothing. Raises CannotHoldRoles."""
    if not user.is_active:
        raise CannotHoldRoles
    granted, is_new = RoleGrant.objects.get_or_create(user=user, role=role, defaults={"granted_by": by.actor, "granted_at": at})
    if is_new:
        abilities.forget_standing(user)
        audit.record(user, action="grant_role", by=by, at=at, changes={"role": (None, role.value)})
    return granted


@transaction.atomic
def revoke(user: User, *, role: Role, by: By, at: datetime) -> None:
    """Take a role back. Taking back what is not held changes nothing. Raises LastAdministrator."""
    # All grants of the role are locked, in one order: two administrators who revoke each other cannot both succeed.
    holders = list(RoleGrant.objects.select_for_update(of=("self",)).filter(role=role, user__is_active=True).order_by("id"))
    mine = [held for held in holders if held.user_id == user.pk]
    if not mine:
        return
    if role is Role.ADMINISTRATOR and len(holders) == 1:
        raise LastAdministrator
    RoleGrant.objects.filter(pk=mine[0].pk).delete()
    abilities.forget_standing(user)
    audit.record(user, action="revoke_role", by=by, at=at, changes={"role": (role.value, None)})
