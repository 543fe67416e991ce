"""What a list is ordered by that belongs to its rows and stands in another table: the first of the tasks, addresses or promises of each.

Those are walked in the order of their own index, and lead to the rows: nothing is kept beside the rows, and nothing is written more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from tasuki.core.abilities import RoleGrant
from tasuki.core.absences import Absence
from tasuki.crm import contacts
from tasuki.crm.contacts import ContactEmail, ContactPhone
from tasuki.crm.tasks import Task
from tasuki.relay import clocks

if TYPE_CHECKING:
    from tasuki.core.people import User


@dataclass(frozen=True)
class Firsts:
    """`rows` of another table, each of which belongs to something; the first of those that belong to the same says the value at `path`.

    `of` is the way from one of them to what it belongs to, `at` the way there from a row of the list, and `to` that from one of them to the number of
    the row of the list. Of two that belong to the same, the one that `comes_before` the other (an OuterRef) is first; `surely` holds for those before
    which none can come. `rank` is that order for PostgreSQL. `at_teams` says of the rows, team by team, which lead to most of what the reader sees;
    an index has those of each in order.
    """

    rows: QuerySet[Any]
    of: str
    at: str
    to: str
    path: str
    rank: tuple[str, ...]
    comes_before: Q
    surely: Q = field(default_factory=Q)
    may_be_blank: bool = False
    at_teams: Sequence[Q] = ()

    @property
    def value(self) -> Subquery:
        """What the first one of a row of the list says; null where there is none, or it says nothing."""
        return Subquery(self._of_a_row.order_by(*self.rank).values(self.path)[:1])

    @property
    def is_there(self) -> Exists:
        """Whether a row of the list has one."""
        return Exists(self._of_a_row)

    @property
    def is_missing(self) -> Q:
        """Whether a row of the list has none. Those before which none can come have the smallest index to be looked for in."""
        surely = Q(~Exists(self._of_a_row.filter(self.surely))) if self.surely else Q()
        return surely & Q(~self.is_there)

    @property
    def valued(self) -> QuerySet[Any]:
        """The first ones that say a value."""
        return self._leading.filter(self.surely | Q(~Exists(self._beside.filter(self.comes_before))), **{f"{self.path}__isnull": False})

    @property
    def blank(self) -> QuerySet[Any]:
        """The first ones that say none, as all beside them do."""
        others = self._beside.filter(Q(**{f"{self.path}__isnull": False}) | Q(pk__lt=OuterRef("pk")))
        return self._leading.filter(~Exists(others), **{f"{self.path}__isnull": True})

    @property
    def _of_a_row(self) -> QuerySet[Any]:
        return self.rows.filter(**{self.of: OuterRef(self.at)})

    @property
    def _beside(self) -> QuerySet[Any]:
        return self.rows.filter(**{self.of: OuterRef(self.of)})

    @property
    def _leading(self) -> QuerySet[Any]:
        return self.rows.filter(**{f"{self.to}__isnull": False})


def _earlier(path: str) -> Q:
    return Q(**{f"{path}__lt": OuterRef(path)}) | Q(**{path: OuterRef(path), "pk__lt": OuterRef("pk")})


def _tasks(reader: User, *, at: str, to: str) -> Firsts:
    rows = Task.objects.visible_to(reader).to_do()
    return Firsts(rows, "lead_id", at, to, "due_on", rank=("due_on", "pk"), comes_before=_earlier("due_on"), may_be_blank=True)


def next_tasks_of_leads(reader: User) -> Firsts:
    """What is shown as the next task: the open one that is due first, of those that the reader sees."""
    return _tasks(reader, at="pk", to="lead_id")


def next_tasks_of_opportunities(reader: User) -> Firsts:
    return _tasks(reader, at="lead_id", to="lead__opportunity__id")


def answers_due(_reader: User) -> Firsts:
    """The promise that is due first. One that stands still has no moment."""
    return Firsts(clocks.that_leads_wait_for(), "lead_id", "pk", "lead_id", "due_at", rank=("due_at", "pk"), comes_before=_earlier("due_at"), may_be_blank=True)


def _main(rows: QuerySet[Any], path: str, reader: User) -> Firsts:
    """The main one, else the oldest: what a list shows of several."""
    before = Q(is_primary=True) | Q(pk__lt=OuterRef("pk"))
    rank, sure, at_teams = ("-is_primary", "pk"), Q(is_primary=True), contacts.at_teams(reader)
    return Firsts(rows, "contact_id", "pk", "contact_id", path, rank=rank, comes_before=before, surely=sure, at_teams=at_teams)


def main_mails(reader: User) -> Firsts:
    return _main(ContactEmail._default_manager.order_by(), "key", reader)


def main_phones(reader: User) -> Firsts:
    return _main(ContactPhone._default_manager.order_by(), "e164", reader)


def roles(reader: User) -> Firsts:
    """Of several, the one that is shown first."""
    rows = RoleGrant.objects.visible_to(reader)
    return Firsts(rows, "user_id", "pk", "user_id", "role", rank=("role",), comes_before=Q(role__lt=OuterRef("role")))


def absences_under_way(reader: User) -> Firsts:
    rows = Absence.objects.visible_to(reader).under_way()
    return Firsts(rows, "user_id", "pk", "user_id", "last_on", rank=("last_on", "pk"), comes_before=_earlier("last_on"))
