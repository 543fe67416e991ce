"""The tree of teams: which teams stand below one, in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

_TREE = """
WITH RECURSIVE tree(top, id) AS (
    SELECT id, id FROM core_team WHERE id = ANY(%s)
    UNION
    SELECT tree.top, team.id FROM core_team team JOIN tree ON team.parent_id = tree.id
)
SELECT top, id FROM tree
"""


def tree_ids(team_id: int) -> frozenset[int]:
    """The ids of a team and of every team below it."""
    return trees([team_id]).get(team_id, frozenset())


def trees(team_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """Likewise for several teams, by their ids."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [sorted(set(team_ids))])
        for top, pk in cursor.fetchall():
            found[top].add(pk)
    return {top: frozenset(ids) for top, ids in found.items()}
