"""What inside sellers have to do at this moment, and how much of it is overdue: a balance, whatever period the numbers beside it are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from tasuki.crm.tasks import Task
from tasuki.inside_sales.call_lists import keeping
from tasuki.relay.leg_numbers import Share
from tasuki.relay.leg_rows import Asked, narrowed


@dataclass(frozen=True)
class ToDo:
    """Open tasks of a person; overdue are those that were due before today. Who has no day for one is not late with it."""

    n_open: int = 0
    n_overdue: int = 0

    @property
    def overdue(self) -> Share:
        return Share(self.n_overdue, self.n_open)


def by_person(asked: Asked, *, today: date) -> dict[int, ToDo]:
    """Of each inside seller who has any, by their id: one query, answered by the index of what is to do. Tasks are of leads of all sources."""
    if asked.source is not None:
        return {}
    rows = Task.objects.visible_to(asked.viewer).to_do().filter(owner__in=keeping.sellers().values("pk"))
    rows = rows.filter(**narrowed({"owner": asked.person, "owner__team": asked.team})).order_by()
    counted = rows.values("owner").annotate(n_open=Count("pk"), n_overdue=Count("pk", filter=Q(due_on__lt=today)))
    return {row["owner"]: ToDo(row["n_open"], row["n_overdue"]) for row in counted}


def in_all(found: dict[int, ToDo]) -> ToDo:
    return ToDo(sum(one.n_open for one in found.values()), sum(one.n_overdue for one in found.values()))
