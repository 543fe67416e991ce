"""How well agreements are kept, counted from the clocks by the database: the share that was answered in time, how long it took, never without n.

A period is [start, end) of the moment from which it is known whether a promise was kept: the answer, or the end of its time. Seconds are
from the event to the answer, whoever had it in between; a promise is of whoever had it at that moment. Those of business hours stand beside those of
the clock on the wall: in time over a weekend is two days to whoever waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _

from tasuki.core.percentiles import Percentile
from tasuki.crm import stages
from tasuki.crm.ledger import Passage
from tasuki.relay.agreements import Counts, Owed
from tasuki.relay.clocks import Clock, Clocks

if TYPE_CHECKING:
    from tasuki.core.people import User

# Below this many, shares are shown and not compared.
ENOUGH = 10
MINUTE, HOUR = 60, 3600
# The bins of the curve, in business seconds: up to so many.
BINS = (5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR)
REACHED = (stages.CONNECTED, stages.BOOKED, *stages.IN_SALES, *stages.IN_SUCCESS)


class Grouping(models.TextChoices):
    AGREEMENT = "agreement", _("agreement")
    TEAM = "team", _("team")
    PERSON = "person", _("person")


_COLUMNS = {Grouping.AGREEMENT: "agreement_id", Grouping.TEAM: "team_id", Grouping.PERSON: "owner_id"}
Period = tuple[datetime | None, datetime]


@dataclass(frozen=True)
class Kept:
    """One row of the table. `key` is the id of the agreement, team or person; None for a queue without a person. Seconds are None without an answer.

    `p50` and `p90` are of the kind that was agreed, `wall_p50` and `wall_p90` of all hours; `business_p50` and `business_p90` where they are asked for.
    """

    key: int | None
    n: int
    n_within: int
    n_answered: int
    p50: float | None
    p90: float | None
    wall_p50: float | None = None
    wall_p90: float | None = None
    business_p50: float | None = None
    business_p90: float | None = None

    @property
    def share(self) -> float | None:
        return self.n_within / self.n if self.n else None

    @property
    def is_enough(self) -> bool:
        return self.n >= ENOUGH


@dataclass(frozen=True)
class Bin:
    """First answers that took up to `until` business seconds (None: longer than all others): how many, and with how many the person was reached."""

    until: int | None
    n: int
    n_reached: int

    @property
    def share(self) -> float | None:
        return self.n_reached / self.n if self.n else None


def settled(viewer: User, period: Period) -> Clocks:
    """The promises of which it became known in the period whether they were kept."""
    start, end = period
    rows = Clock.objects.visible_to(viewer).filter(settled_at__lt=end)
    return rows.filter(settled_at__gte=start) if start else rows


def measured(viewer: User, period: Period, *, by: Grouping) -> list[Kept]:
    """By agreement, team or person, those with most promises first: one query."""
    rows: Any = settled(viewer, period).values(key=F(_COLUMNS[by])).annotate(**numbers(), **_of_business_hours()).order_by()
    return sorted((Kept(**row) for row in rows), key=lambda kept: (-kept.n, kept.key or 0))


def in_all(viewer: User, period: Period) -> Kept:
    return Kept(key=None, **settled(viewer, period).aggregate(**numbers(), **_of_business_hours()))


def n_pending(viewer: User) -> int:
    """Promises that are running and not over: they are part of no share."""
    return Clock.objects.visible_to(viewer).running().filter(settled_at__isnull=True).count()


def numbers() -> dict[str, Any]:
    """What a `Kept` holds, to be counted of clocks."""
    seconds = Case(When(counts=Counts.WALL, then=F("wall_seconds")), default=F("business_seconds"))
    return {
        "n": Count("pk"),
        "n_within": Count("pk", filter=Q(breached_at__isnull=True)),
        "n_answered": Count("pk", filter=Q(is_answered=True)),
        "p50": Percentile(seconds, share=0.5, filter=Q(is_answered=True)),
        "p90": Percentile(seconds, share=0.9, filter=Q(is_answered=True)),
        "wall_p50": Percentile("wall_seconds", share=0.5, filter=Q(is_answered=True)),
        "wall_p90": Percentile("wall_seconds", share=0.9, filter=Q(is_answered=True)),
    }


def _of_business_hours() -> dict[str, Any]:
    return {name: Percentile("business_seconds", share=share, filter=Q(is_answered=True)) for name, share in (("business_p50", 0.5), ("business_p90", 0.9))}


def curve(viewer: User, period: Period) -> list[Bin]:
    """Our own evidence for answering fast: of the leads answered within each span, how many were ever reached. The last is for the slowest."""
    return curve_of(settled(viewer, period))


def curve_of(promises: Clocks) -> list[Bin]:
    """The same of these promises: one query."""
    place: Any = Case(*(When(business_seconds__lte=until, then=nth) for nth, until in enumerate(BINS)), default=len(BINS), output_field=models.IntegerField())
    reached = Exists(Passage.objects.filter(lead=OuterRef("lead"), stage__in=REACHED, entered_at__gte=OuterRef("since_at")))
    rows: Any = promises.filter(owed=Owed.ANSWER, is_answered=True).annotate(place=place, was_reached=reached)
    grouped: Any = rows.values("place").annotate(n=Count("pk"), n_reached=Count("pk", filter=Q(was_reached=True))).order_by()
    counted = {row["place"]: (row["n"], row["n_reached"]) for row in grouped}
    ends: Sequence[int | None] = (*BINS, None)
    return [Bin(until, *counted.get(nth, (0, 0))) for nth, until in enumerate(ends)]
