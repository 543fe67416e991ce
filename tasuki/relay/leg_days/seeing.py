"""Of which nouns sums say what somebody sees: all there is, or what is of some teams and besides what they own or did themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import connection

from tasuki.core import abilities
from tasuki.core.abilities import Role, Scope
from tasuki.relay.leg_days.rows import Noun, Told

if TYPE_CHECKING:
    from tasuki.core.people import User


@dataclass(frozen=True)
class Seen:
    """Rows of these `teams`, None for all there are; and besides, of other teams, those of leads that somebody `owns` and what they `did`."""

    teams: frozenset[int] | None = None
    owns: bool = False
    did: bool = False


# What is missing of the nouns is to be counted from rows.
Seeing = Mapping[Noun, Seen]

# Of all teams, nothing lies beside them. Who called for others, the days that are counted say: where none of them does, no sum does.
_BESIDE = f"""
SELECT others, others AND EXISTS (SELECT FROM crm_lead WHERE owner_id = %(me)s AND team_id <> ALL(%(teams)s)),
       others AND EXISTS (SELECT FROM relay_legcount WHERE part = 'calls' AND told = {Told.SEEN_PERSON.value} AND n_days = 1 AND owner_id IS NULL
                          AND person_id = %(me)s AND seen_id <> ALL(%(teams)s))
FROM (SELECT EXISTS (SELECT FROM core_team WHERE id <> ALL(%(teams)s)) AS others) there"""
_OF_LEADS = (Noun.CALL, Noun.MEETING, Noun.PROMISE, Noun.GIVEN_UP, Noun.EDGE, Noun.STAY)


def of(user: User) -> Seeing:
    """At most one question."""
    standing = abilities.standing_of(user)
    scope = standing.scope("lead")
    if scope is Scope.ALL:
        return {noun: Seen() for noun in Noun if noun is not Noun.HANDOFF or standing.scope("handoff") is Scope.ALL}
    if scope is Scope.NOTHING:
        return {}
    teams = abilities.teams_of_scope(standing, "lead")
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, {"teams": sorted(teams), "me": user.pk})
        ((others, owns, did),) = cursor.fetchall()
    # A list is of a person, who may be in no team.
    lists = Seen(standing.tree if Role.MANAGER in standing.roles else frozenset(), owns=True)
    if not others:
        handoffs = [Noun.HANDOFF] if standing.scope("handoff") is scope else []
        return {**dict.fromkeys((*_OF_LEADS, *handoffs), Seen()), Noun.LIST: lists}
    # Whoever sees no team has nothing but what they own to begin with.
    seen = Seen(teams, owns or not teams)
    return {**dict.fromkeys(_OF_LEADS, seen), Noun.CALL: replace(seen, did=did), Noun.MEETING: replace(seen, did=True), Noun.LIST: lists}
