"""The team that a record gets when a person adds it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tasuki.core import teams
from tasuki.core.errors import Refused
from tasuki.core.people import User
from tasuki.core.teams import Team


class NoTeam(Refused):
    code = "no_team"

    def __init__(self) -> None:
        super().__init__(_("You are in no team yet, and a record is never without one. Ask an administrator."))


def team_for(user: User) -> Team:
    """The person's own team; else the first there is. Raises NoTeam."""
    team = teams.home_of(user)
    if team is None:
        raise NoTeam
    return team
