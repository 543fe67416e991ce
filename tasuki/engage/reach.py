"""When people are reached: how many of our dials reached the person, by weekday and hour of their clock. Counted at night, read all day.

Only dials that nobody had agreed on say when somebody can be reached: who promised to be there at three is there at three. Whoever answers for
others all day (a gatekeeper) is not the person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.analytics.reachability import Slot, Tally, Week, slot_of
from tasuki.core import abilities
from tasuki.core.organisation import the_organisation
from tasuki.engage import recipients
from tasuki.engage.call_types import CALL_BACK, CONFIRMING
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import DIALS, REACHES

if TYPE_CHECKING:
    from tasuki.core.people import User

LATELY = timedelta(days=365)
# The newest of them are enough to know an hour by, and counted in seconds.
MOST_CALLS = 200_000
# A country has hours of its own from here on.
ENOUGH_OF_COUNTRY = 500
EVERYWHERE = ""
# Which of PostgreSQL's advisory locks is ours.
_LOCK = 7_010_031


class ReachCells(models.QuerySet["ReachCell"]):
    """Questions about the hours."""

    def visible_to(self, user: User) -> ReachCells:
        """Sums over the whole house, in which nobody can be told."""
        return self if abilities.standing_of(user).roles else self.none()


class ReachCell(models.Model):
    """An hour of a weekday: of so many dials so many reached the person. `country` is two letters, "" for all countries together."""

    noun: ClassVar[str] = "reachcell"

    country = models.CharField(_("country"), max_length=2, blank=True)
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    hour = models.PositiveSmallIntegerField(_("hour"))
    n = models.PositiveIntegerField(_("dials"))
    n_reached = models.PositiveIntegerField(_("reached"))
    counted_at = models.DateTimeField(_("counted"))

    objects = ReachCells.as_manager()

    class Meta:
        verbose_name = _("hour in which people are reached")
        verbose_name_plural = _("hours in which people are reached")
        constraints = [
            models.UniqueConstraint(fields=["country", "weekday", "hour"], name="reach_cell_once"),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7), hour__lte=23, n_reached__lte=F("n")), name="reach_cell_makes_sense"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.weekday} {self.hour}: {self.n_reached}/{self.n}"


@dataclass(frozen=True)
class Reach:
    """The weeks that were counted, by country; `everywhere` holds for whoever is in none of them. Nothing counted says nothing."""

    everywhere: Week
    by_country: dict[str, Week]
    counted_at: datetime | None = None

    def of(self, country: str) -> Week:
        return self.by_country.get(country, self.everywhere)


@transaction.atomic
def count(*, at: datetime) -> int:
    """Count the dials of the last year anew; → how many they were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    dialled, reached, house = Counter[tuple[str, Slot]](), Counter[tuple[str, Slot]](), the_organisation().time_zone
    n, n_of = 0, Counter[str]()
    for started_at, number, country, disposition in _dials(at):
        there = started_at.astimezone(ZoneInfo(recipients.zone_said(country or "", number=number) or house))
        for where in {EVERYWHERE, country or EVERYWHERE}:
            key = (where, slot_of(there))
            dialled[key] += 1
            reached[key] += disposition in REACHES
            n_of[where] += 1
        n += 1
    ReachCell.objects.all().delete()
    ReachCell.objects.bulk_create(
        ReachCell(country=where, weekday=weekday, hour=hour, n=n_here, n_reached=reached[where, (weekday, hour)], counted_at=at)
        for (where, (weekday, hour)), n_here in sorted(dialled.items())
        if where == EVERYWHERE or n_of[where] >= ENOUGH_OF_COUNTRY
    )
    return n


def _dials(at: datetime) -> models.QuerySet[Call, tuple[datetime, str, str | None, str]]:
    """The newest dials that nobody had agreed on."""
    rows = Call.objects.filter(direction=Direction.OUT, disposition__in=DIALS, started_at__gt=at - LATELY, started_at__lte=at)
    fresh = rows.exclude(call_type__key__in=(CALL_BACK, CONFIRMING)).newest_first()
    return fresh.values_list("started_at", "number", "lead__account__country", "disposition")[:MOST_CALLS]


def counted(*countries: str) -> Reach:
    """What was counted last; with `countries` of these alone. One question."""
    rows = ReachCell.objects.filter(country__in=(EVERYWHERE, *countries)) if countries else ReachCell.objects.all()
    cells: dict[str, dict[Slot, Tally]] = {EVERYWHERE: {}}
    counted_at = None
    for row in rows:
        cells.setdefault(row.country, {})[row.weekday, row.hour] = Tally(row.n, row.n_reached)
        counted_at = row.counted_at
    everywhere = Week(cells.pop(EVERYWHERE))
    return Reach(everywhere, {country: Week(of, everywhere) for country, of in cells.items()}, counted_at)
