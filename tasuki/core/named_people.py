"""Whom somebody means by what they type: a name in any script and in either order, a part of one, or a mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.core.search.folding import fold, sought
from tasuki.core.search.narrowing import narrowed
from tasuki.core.searched import both_orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasuki.core.people import User, Users

# So many of those who fit are looked at, to put the nearest first.
_LOOKED_AT = 200


def like(people: Users, text: str, *, reader: User) -> tuple[list[User], int]:
    """Those of `people` in whose name or address each word stands, those first whose name begins so; and how many they are.

    Without a letter or digit typed all fit, by name. Of very many only the first are given, and counted.
    """
    in_order = people.select_related("team").order_by("family_name", "given_name", "pk")
    if not text.strip():
        return list(in_order[:_LOOKED_AT]), people.count()
    rows = narrowed(in_order, text, noun="user", reader=reader)
    found, typed = list(rows[: _LOOKED_AT + 1]), fold(text)
    n = len(found) if len(found) <= _LOOKED_AT else rows.count()
    return sorted(found[:_LOOKED_AT], key=lambda one: not any(name.startswith(typed) for name in _names(one))), n


def exactly(people: Users, text: str, *, reader: User) -> list[User]:
    """Those of `people` who are called so in full or have that address: several, where they have the same name."""
    name, address = apart(text)
    if address:
        found = people.filter(email__iexact=address).select_related("team")
        return list(found[:2])
    what = sought(name)
    if what is None:
        return []
    rows = narrowed(people.select_related("team").order_by("family_name", "given_name", "pk"), name, noun="user", reader=reader)
    return [one for one in rows[:_LOOKED_AT] if what.whole in _names(one)]


def apart(text: str) -> tuple[str, str]:
    """`Ivo Horvat <ivo@example.com>` → the name and the address; what has no @ is a name."""
    name, sign, rest = text.partition("<")
    address = rest.partition(">")[0] if sign else text
    return (name.strip(), address.strip()) if "@" in address else (text.strip(), "")


def _names(person: User) -> Sequence[str]:
    return [fold(name) for name in both_orders(person.family_name, person.given_name)]
