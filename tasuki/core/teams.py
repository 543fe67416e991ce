"""Teams: who stands with whom, in which department, under which larger team."""

from __future__ import annotations

from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class Department(models.TextChoices):
    """The four legs, and the office that runs the relay. Departments are fixed: they are the import graph."""

    MARKETING = "marketing", _("Marketing")
    INSIDE_SALES = "inside_sales", _("Inside sales")
    SALES = "sales", _("Sales")
    SUCCESS = "success", _("Customer success")
    OFFICE = "office", _("Office")


class Team(models.Model):
    """A team of one department; teams nest, and a manager sees the whole tree below theirs."""

    name = models.CharField(_("name"), max_length=120)
    department = models.CharField(_("department"), max_length=16, choices=Department.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="teams", verbose_name=_("part of"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="team_name_once_per_parent", nulls_distinct=False),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="team_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


_TREE = """
WITH RECURSIVE tree(id) AS (
    SELECT id FROM core_team WHERE id = %s
    UNION
    SELECT team.id FROM core_team team JOIN tree ON team.parent_id = tree.id
)
SELECT id FROM tree
"""


def tree_ids(team_id: int) -> frozenset[int]:
    """The ids of a team and of every team below it, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [team_id])
        return frozenset(row[0] for row in cursor.fetchall())
