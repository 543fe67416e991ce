"""Of which kept rows what somebody sees is made up: of teams, of leads that they own, and of what they did themselves. None counts twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.relay.leg_days import facts
from tasuki.relay.leg_days.facts import AnyPart
from tasuki.relay.leg_days.rows import BITS, Noun
from tasuki.relay.leg_days.seeing import Seen

# What is of the team by which it is seen, and of whoever owns it.
_SEEN_BY = {Noun.EDGE: "team", Noun.STAY: "team", Noun.LIST: "team"}
_OWNED_BY = {Noun.EDGE: "person", Noun.STAY: "person", Noun.LIST: "person"}


@dataclass(frozen=True)
class Line:
    """Kept rows that are told apart as `told` says, those of them for which `where` holds; taken off where the sign is −1."""

    told: int
    where: str = "true"
    sign: int = 1


def of(part: AnyPart, seen: Seen, apart: Iterable[str]) -> list[Line]:
    """In which columns are told `apart`. What is done for leads of the teams stands with them, and what is done for one's own with those."""
    if seen.teams is None:
        return [Line(_told(apart))]
    team, owner = _columns(part)
    in_team, beside = f"kept.{team}_id = ANY(%(teams)s)", f"(kept.{team}_id = ANY(%(teams)s)) IS NOT TRUE"
    found = [Line(_told({*apart, team}), in_team)] if seen.teams else []
    if seen.owns:
        found.append(Line(_told({*apart, team, owner}), f"kept.{owner}_id = %(me)s AND {beside}"))
    if seen.did and keeps_what_i_did(part, apart):
        mine = {*apart, "seen", "person", "team"}
        found.append(Line(_told(mine), f"kept.owner_id IS NULL AND kept.person_id = %(me)s AND {beside}"))
        if seen.owns:
            found.append(Line(_told({*mine, "owner"}), f"kept.owner_id = %(me)s AND kept.person_id = %(me)s AND {beside}", -1))
    return found


def keeps_what_i_did(part: AnyPart, apart: Iterable[str]) -> bool:
    """Meetings are also of whoever holds them, whom nothing kept tells apart."""
    return part.noun is Noun.CALL and _told({*apart, "seen", "person", "team"}) in part.sets


def seen_in_rows(part: AnyPart, seen: Seen, row: str, *, with_mine: bool) -> str:
    """Whether a row itself is seen, as a condition."""
    if seen.teams is None:
        return "true"
    team, owner = _columns(part)
    said = [f"{row}.{team} = ANY(%(teams)s)", f"{row}.{owner} = %(me)s"]
    if with_mine and part.noun in facts.MINE:
        said.append(facts.MINE[part.noun].format(row))
    return f"({' OR '.join(said)})"


def _columns(part: AnyPart) -> tuple[str, str]:
    return _SEEN_BY.get(part.noun, "seen"), _OWNED_BY.get(part.noun, "owner")


def _told(apart: Iterable[str]) -> int:
    return sum(bit for column, bit in BITS.items() if column not in apart)
