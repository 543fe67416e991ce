"""Roles, what they may do, and how they are granted and taken back."""

from __future__ import annotations

import pytest

from tasuki.core import abilities, people, roles
from tasuki.core.abilities import ABILITIES, SENSITIVE_FIELDS, VISIBILITY, Ability, Role, Scope, can, require, standing_of
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.core.people import User
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


def test_every_ability_and_every_sensitive_field_stands_in_the_tables() -> None:
    assert set(ABILITIES) == set(Ability)
    assert all(ABILITIES.values()), "an ability that nobody holds is dead"
    assert all(set(table) == set(Role) for table in VISIBILITY.values()), "say what each role sees, even if it is nothing"
    assert {ability for fields in SENSITIVE_FIELDS.values() for ability in fields.values()} <= set(Ability)


def test_ada_may_manage_people_and_ruth_may_not(cast: Cast) -> None:
    require(cast.ada, Ability.MANAGE_PEOPLE)
    with pytest.raises(Forbidden, match="manage people"):
        require(cast.ruth, Ability.MANAGE_PEOPLE)


def test_tomas_may_do_nothing_and_sees_nothing(cast: Cast) -> None:
    standing = standing_of(cast.tomas)
    assert standing.abilities == frozenset()
    assert {standing.scope(noun) for noun in VISIBILITY} == {Scope.NOTHING}
    assert standing.hides("contact") == {"emails", "phones"}


def test_two_roles_give_the_wider_view(cast: Cast) -> None:
    assert standing_of(cast.saori).scope("lead") is Scope.OWN
    roles.grant(cast.saori, role=Role.INSIDE_SELLER, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert standing_of(cast.saori).scope("lead") is Scope.TEAM


def test_a_grant_says_who_gave_it_and_is_written_down_once(cast: Cast) -> None:
    for _again in range(2):
        grant = roles.grant(cast.mina, role=Role.OBSERVER, by=By(cast.ada, Door.WEB), at=MONDAY)
        assert (grant.granted_by, grant.granted_at) == (cast.ada, MONDAY)
    assert AuditEntry.objects.of(cast.mina).filter(action="grant_role", changes={"role": [None, "observer"]}).count() == 1


def test_a_revoked_role_is_gone_at_once(cast: Cast) -> None:
    assert can(cast.mina, Ability.WORK_LEADS)
    roles.revoke(cast.mina, role=Role.MARKETER, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert not can(cast.mina, Ability.WORK_LEADS)
    roles.revoke(cast.mina, role=Role.MARKETER, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert AuditEntry.objects.of(cast.mina).filter(action="revoke_role").count() == 1


def test_the_last_administrator_stays(cast: Cast) -> None:
    with pytest.raises(roles.LastAdministrator):
        roles.revoke(cast.ada, role=Role.ADMINISTRATOR, by=By(cast.ada, Door.WEB), at=MONDAY)
    roles.grant(cast.ruth, role=Role.ADMINISTRATOR, by=By(cast.ada, Door.WEB), at=MONDAY)
    roles.revoke(cast.ada, role=Role.ADMINISTRATOR, by=By(cast.ruth, Door.WEB), at=MONDAY)
    assert not can(cast.ada, Ability.MANAGE_PEOPLE)


def test_who_has_left_holds_no_role(cast: Cast) -> None:
    gone = people.leave(cast.ivo, by=SET_UP, at=MONDAY)
    with pytest.raises(roles.CannotHoldRoles):
        roles.grant(gone, role=Role.INSIDE_SELLER, by=SET_UP, at=MONDAY)


def test_an_unknown_role_is_refused_in_words() -> None:
    with pytest.raises(roles.UnknownRole, match="king"):
        roles.named("king")


def test_standing_is_asked_once(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    ruth = User.objects.get(pk=cast.ruth.pk)
    with django_assert_num_queries(2):
        abilities.standing_of(ruth)
        abilities.can(ruth, Ability.SEE_RELAY)
        abilities.standing_of(ruth).hides("contact")
