"""Waiting: which answers wait for somebody's word, whose they are, and since when. A notification is read and gone; what waits here stays until it is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Min
from django.db.models.functions import Extract
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.core.people import User
from tasuki.core.percentiles import Percentile
from tasuki.engage.triage.rows import WAITS_FOR, ReplyTriage, Triages

if TYPE_CHECKING:
    from collections.abc import Sequence

# So many are counted for the rail; of more it says that they are more.
MOST_COUNTED = 100


class Whose(models.TextChoices):
    """Whose answers somebody looks at."""

    OWN = "own", _("Mine")
    TEAM = "team", _("My team")
    ALL = "all", _("All")


@dataclass(frozen=True)
class Waits:
    """How many answers wait for one person; half of them have waited longer than `half`, the first since `since`."""

    person: User
    n: int
    half: timedelta
    since: datetime


def choices(reader: User) -> Sequence[Whose]:
    """As far as somebody sees the leads of others."""
    standing = abilities.standing_of(reader)
    scope = standing.scope("lead")
    has_team = standing.team_id is not None and scope > Scope.OWN
    return [Whose.OWN, *([Whose.TEAM] if has_team else []), *([Whose.ALL] if scope is Scope.ALL else [])]


def of(reader: User, *, whose: Whose) -> Triages:
    """The open answers, among those whose letters the reader sees."""
    rows = ReplyTriage.objects.visible_to(reader).open()
    if whose is Whose.OWN:
        return rows.waiting_for([reader])
    if whose is Whose.TEAM:
        standing = abilities.standing_of(reader)
        teams = standing.tree if standing.scope("lead") > Scope.TEAM else {standing.team_id}
        return rows.waiting_for(User.objects.filter(team__in=teams))
    return rows


def own(reader: User) -> Triages:
    """Those that wait for somebody, as many of them as are counted."""
    return ReplyTriage.objects.open().waiting_for([reader.pk]).order_by()[:MOST_COUNTED]


def n_own(reader: User) -> int:
    """How many wait for somebody, up to `MOST_COUNTED`: one query."""
    return own(reader).count()


def by_class(rows: Triages) -> dict[str, int]:
    """How many there are of each class that is proposed; "" is of which the rules know nothing."""
    return dict(rows.order_by().values_list("reply_class").annotate(n=Count("pk")))


def by_person(rows: Triages, *, at: datetime) -> list[Waits]:
    """For whom they wait, whoever has waited longest first."""
    middle = Percentile(Extract("came_at", "epoch", tzinfo=UTC), share=0.5)
    counted: Any = rows.order_by().values(waits_for=WAITS_FOR).annotate(n=Count("pk"), since=Min("came_at"), middle=middle)
    found = {row["waits_for"]: row for row in counted}
    people = User.objects.filter(pk__in=found)
    waits = [Waits(one, row["n"], timedelta(seconds=at.timestamp() - row["middle"]), row["since"]) for one in people for row in [found[one.pk]]]
    return sorted(waits, key=lambda one: (one.since, one.person.pk))
