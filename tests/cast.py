"""The cast of every test: who they are, where they stand, and what they may do. Set up through the verbs, as in life.

Ada runs the installation. Ruth manages all four teams. Mina is in marketing, Ivo in inside sales, Saori in field sales,
Chika in customer success. Tomas has an address and a password but no role: he must see nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tasuki.core import people, roles, teams
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tests.remembering import written

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SET_UP = By(None, Door.COMMAND)
PASSWORD = "seven hills at dusk"


@dataclass(frozen=True)
class Cast:
    """Everybody, and their teams: the four stand under `revenue`, which is Ruth's."""

    revenue: Team
    marketing: Team
    inside_sales: Team
    field_sales: Team
    success: Team
    ada: User
    ruth: User
    mina: User
    ivo: User
    saori: User
    chika: User
    tomas: User


def assemble() -> Cast:
    """The teams, founded, and everybody, hired."""
    written(_by_the_verbs)
    stands = {team.name: team for team in Team.objects.all()}
    works = {user.email.partition("@")[0]: user for user in User.objects.select_related("team")}
    return Cast(
        revenue=stands["Revenue"],
        marketing=stands["Marketing"],
        inside_sales=stands["Inside sales"],
        field_sales=stands["Field sales"],
        success=stands["Customer success"],
        **{name: works[name] for name in ("ada", "ruth", "mina", "ivo", "saori", "chika", "tomas")},
    )


def _by_the_verbs() -> None:
    revenue = teams.add("Revenue", department=Department.OFFICE, by=SET_UP, at=MONDAY)
    marketing = teams.add("Marketing", department=Department.MARKETING, parent=revenue, by=SET_UP, at=MONDAY)
    inside_sales = teams.add("Inside sales", department=Department.INSIDE_SALES, parent=revenue, by=SET_UP, at=MONDAY)
    field_sales = teams.add("Field sales", department=Department.SALES, parent=revenue, by=SET_UP, at=MONDAY)
    success = teams.add("Customer success", department=Department.SUCCESS, parent=revenue, by=SET_UP, at=MONDAY)
    hired("ada", "Lindqvist", "Ada", role=Role.ADMINISTRATOR)
    hired("ruth", "Adeyemi", "Ruth", role=Role.MANAGER, team=revenue)
    hired("mina", "민", "아라", role=Role.MARKETER, team=marketing, language="ko", time_zone="Asia/Seoul")
    hired("ivo", "Horvat", "Ivo", role=Role.INSIDE_SELLER, team=inside_sales)
    hired("saori", "西野", "沙織", role=Role.FIELD_SELLER, team=field_sales, language="ja", time_zone="Asia/Tokyo")
    hired("chika", "千賀", "千佳", role=Role.SUCCESS_MANAGER, team=success, language="ja", time_zone="Asia/Tokyo")
    hired("tomas", "Novák", "Tomas")


def hired(
    name: str,
    family_name: str,
    given_name: str,
    *,
    role: Role | None = None,
    team: Team | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    at: datetime = MONDAY,
) -> User:
    """One more person, with one role or none; the address is made from `name`."""
    user = people.hire(
        f"{name}@example.com", family_name=family_name, given_name=given_name, language=language, time_zone=time_zone, team=team, by=SET_UP, at=at
    )
    if role is not None:
        roles.grant(user, role=role, by=SET_UP, at=at)
    return user


def with_password(user: User, password: str = PASSWORD, *, at: datetime = MONDAY) -> User:
    """The person after they have followed their invitation."""
    token = people.invite(user, by=SET_UP, at=at)
    return people.accept_invitation(token, password=password, door=Door.WEB, at=at)
