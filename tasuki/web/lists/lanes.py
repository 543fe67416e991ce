"""What a board is made of: its lanes in their order, where cards can be put, and the ways out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tasuki.core.filters import askers
from tasuki.core.filters.fields import Field, Kind
from tasuki.core.filters.sentences import EVERYTHING, Clause, Group
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.web.lists import grouping
from tasuki.web.lists.grouping import Bucket

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Exit:
    """A way out of a board: a lane that never holds a card."""

    key: str
    label: _StrOrPromise
    icon: str


WON = Exit("won", _("Won"), "trophy")
LOST = Exit("lost", _("Lost"), "x")
RECYCLED = Exit("recycled", _("Recycle"), "recycle")
DISQUALIFIED = Exit("disqualified", _("Disqualify"), "ban")

EXITS: Mapping[tuple[str, str], tuple[Exit, ...]] = {
    ("lead", "stage"): (RECYCLED, LOST, DISQUALIFIED),
    ("opportunity", "stage"): (WON, LOST, RECYCLED),
}
# Where a card cannot be put without a word: a reason, or the terms of a deal.
_ASKING = {("lead", "stage"): {stages.P1, "recycled", "lost", "disqualified"}, ("opportunity", "stage"): {"lost", "recycled"}}


def lanes(field: Field, rows: QuerySet[Any], *, reader: User, at: datetime, asked: Group = EVERYTHING) -> list[Bucket]:
    """All lanes of a board by a field, those without cards too; each row stands in one of them. `asked` is the filter of the list."""
    if field.key == "due":
        is_open = Clause("done", "empty") in asked.parts
        return grouping.due(field, askers.today_of(reader, at=at), is_open=is_open)
    # Any other day is one of a calendar, and no lane of a board.
    return [] if field.kind is Kind.DATE else grouping.buckets(field, rows, reader=reader, at=at, is_large=True)


def targets(noun: str, field: Field, told: list[Bucket]) -> frozenset[str]:
    """The keys of the lanes into which cards can be put."""
    if field.key == "stage":
        return frozenset(stages.ORDER if noun == "lead" else stages.IN_SALES)
    if field.key == "due":
        return frozenset({"today", "week", "later", "none"})
    return frozenset(bucket.key for bucket in told if bucket.key != "others")


def asks(noun: str, field: Field, key: str) -> bool:
    return key in _ASKING.get((noun, field.key), ())
