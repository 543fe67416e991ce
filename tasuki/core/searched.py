"""How people and teams are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from tasuki.core import abilities, names
from tasuki.core.people import User
from tasuki.core.search.nouns import Searched, Texts
from tasuki.core.teams import Team

# How many of a person's own rows, and of each of their teams, are looked through when the index finds too many of others'.
NEAREST = 1_000
_MOST_TEAMS = 20


def both_orders(family: str, given: str) -> list[str]:
    """The name as its owner says it, and the other way round, as half the world writes it."""
    return [names.display(family, given), f"{family} {given}", f"{given} {family}"]


def _people(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, family, given, email in User.objects.get_queryset().filter(pk__in=ids).values_list("pk", "family_name", "given_name", "email"):
        yield Texts(pk, both_orders(family, given), [email or ""])


def _teams(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name"):
        yield Texts(pk, [name])


def nearest_of(rows: QuerySet[Any], user: User, *, noun: str, column: str = "pk") -> list[QuerySet[Any]]:
    """The first rows, in their order, that are the person's own, and the first of each of their teams: each by the index of the lists."""
    teams = abilities.teams_of_scope(abilities.standing_of(user), noun)
    owned = [rows.filter(owner=user.pk), *(rows.filter(team=team) for team in islice(teams, _MOST_TEAMS))]
    return [some.values_list(column)[:NEAREST] for some in owned]


PEOPLE = Searched("user", "core.User", _people)
TEAMS = Searched("team", "core.Team", _teams)
