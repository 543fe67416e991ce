"""Whom a person coaches: those whose calls they may hear and review, without themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Role, RoleGrant, Scope
from tasuki.core.errors import Forbidden
from tasuki.core.people import User

if TYPE_CHECKING:
    from tasuki.core.people import Users


class NotTheirCoach(Forbidden):
    code = "not_their_coach"

    def __init__(self) -> None:
        super().__init__(_("Only whoever leads or coaches a person does this, and nobody for themselves."))


def people_of(user: User) -> Users:
    """Everybody who works here and whose calls the person reviews."""
    standing, rows = abilities.standing_of(user), User.objects.active().exclude(pk=user.pk)
    if Ability.REVIEW_CALLS not in standing.abilities:
        return rows.none()
    scope = standing.scope("recording")
    if scope is Scope.ALL:
        return rows
    return rows.filter(team__in=abilities.teams_of_scope(standing, "recording"))


def callers_of(user: User) -> Users:
    """Those of them who call for a living, by name."""
    rows = people_of(user).filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=Role.INSIDE_SELLER)))
    return rows.select_related("team").order_by("family_name", "given_name", "pk")


def coaches(person: User, *, user: User) -> bool:
    """Whether `user` coaches the person."""
    return people_of(user).filter(pk=person.pk).exists()


def require(person: User, *, user: User | None) -> None:
    """Raises NotTheirCoach. What no person does (a job, a command) may."""
    if user and not coaches(person, user=user):
        raise NotTheirCoach


def everyone_who_reviews() -> Users:
    """All coaches, managers and administrators who work here, by name."""
    roles = [role.value for role in abilities.ABILITIES[Ability.REVIEW_CALLS]]
    rows = User.objects.active().filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role__in=roles)))
    return rows.order_by("family_name", "given_name", "pk")
