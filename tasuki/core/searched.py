"""How people and teams are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasuki.core import names
from tasuki.core.people import User
from tasuki.core.search.nouns import Searched, Texts
from tasuki.core.teams import Team


def both_orders(family: str, given: str) -> list[str]:
    """The name as its owner says it, and the other way round, as half the world writes it."""
    return [names.display(family, given), f"{family} {given}", f"{given} {family}"]


def _people(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, family, given, email in User.objects.get_queryset().filter(pk__in=ids).values_list("pk", "family_name", "given_name", "email"):
        yield Texts(pk, both_orders(family, given), [email or ""])


def _teams(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name"):
        yield Texts(pk, [name])


PEOPLE = Searched("user", "core.User", _people)
TEAMS = Searched("team", "core.Team", _teams)
