"""The tree of teams: which teams stand below one, in one query."""

from __future__ import annotations

from django.db import connection

_TREE = """
WITH RECURSIVE tree(id) AS (
    SELECT id FROM core_team WHERE id = %s
    UNION
    SELECT team.id FROM core_team team JOIN tree ON team.parent_id = tree.id
)
SELECT id FROM tree
"""


def tree_ids(team_id: int) -> frozenset[int]:
    """The ids of a team and of every team below it."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [team_id])
        return frozenset(row[0] for row in cursor.fetchall())
