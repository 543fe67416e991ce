"""The holding queue: which team owns what is recycled until it wakes, when its day begins, and how what is dead is dug out again (R5, R6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import house_rows
from tasuki.core.audit import By
from tasuki.core.calendars import Calendar, hours_of, hours_of_the_house, of_team
from tasuki.core.errors import Refused
from tasuki.core.teams import Department, Team
from tasuki.core.working_time import FURTHEST_DAYS, Hours
from tasuki.crm import stages

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead

# Where a pass that wakes may begin.
BEGINNINGS = (stages.NURTURING, stages.READY, stages.WORKING)
CHANGEABLE = ("team", "calendar", "stage", "digs", "dig_every_days", "dig_for_days", "most_dug_a_day", "accepted_within_days")


class QueueWrong(Refused):
    code = "queue_wrong"


class HoldingQueue(models.Model):
    """One row, once somebody has changed what holds without it. `digs`: deals that died are tried again, `most_dug_a_day` at most."""

    noun: ClassVar[str] = "holdingqueue"

    id = models.SmallIntegerField(primary_key=True, default=1)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team that holds what is recycled"))
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("calendar of its day"))
    stage = models.CharField(_("stage in which a pass wakes"), max_length=12, default=stages.READY)
    digs = models.BooleanField(_("try dead deals and lost customers again"), default=True)
    dig_every_days = models.PositiveSmallIntegerField(_("every how many days"), default=60, validators=[MinValueValidator(1), MaxValueValidator(1000)])
    dig_for_days = models.PositiveSmallIntegerField(_("for how many days"), default=720, validators=[MinValueValidator(1), MaxValueValidator(3660)])
    most_dug_a_day = models.PositiveSmallIntegerField(_("at most so many a day"), default=20, validators=[MaxValueValidator(10_000)])
    accepted_within_days = models.PositiveSmallIntegerField(
        _("counts as a yield when an opportunity within days"), default=90, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )

    class Meta:
        verbose_name = _("holding queue")
        verbose_name_plural = _("holding queues")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_holding_queue"),
            models.CheckConstraint(condition=Q(dig_for_days__gte=F("dig_every_days"), dig_every_days__gt=0), name="digging_has_a_horizon"),
        ]

    def __str__(self) -> str:
        return str(self.team or "")


@dataclass(frozen=True)
class Morning:
    """The day of the queue: `day` is None while it has not begun, or is closed."""

    day: date | None
    next_at: datetime | None


def rules() -> HoldingQueue:
    """The row, or what holds without it: the first inside-sales team, and the calendar it works by."""
    return HoldingQueue.objects.select_related("team", "calendar").filter(pk=1).first() or HoldingQueue()


def team_for(lead: Lead, queue: HoldingQueue) -> Team:
    """Whose queue holds the pass: the team of the settings, else its own where that is one of inside sales, else the first of those, else its own."""
    if queue.team is not None:
        return queue.team
    if lead.team.department == Department.INSIDE_SALES:
        return lead.team
    return first_team() or lead.team


def first_team() -> Team | None:
    return Team.objects.filter(department=Department.INSIDE_SALES).order_by("pk").first()


def hours(queue: HoldingQueue) -> Hours:
    """Of the calendar that the settings name, else of the one that the team works by."""
    if queue.calendar is not None:
        return hours_of(queue.calendar)
    team = queue.team or first_team()
    return hours_of(of_team(team.pk)) if team else hours_of_the_house()


def morning(at: datetime, *, hours: Hours) -> Morning:
    """Whether the queue's day has begun at that moment, and when its next one does."""
    local = at.astimezone(hours.zone)
    opens = _opens(local.date(), hours)
    has_begun = opens is not None and opens <= local
    later = (local.date() + timedelta(days=n) for n in range(1 if has_begun else 0, FURTHEST_DAYS))
    return Morning(local.date() if has_begun else None, next((moment for day in later if (moment := _opens(day, hours))), None))


def _opens(day: date, hours: Hours) -> datetime | None:
    shifts = hours.shifts_on(day)
    if not shifts:
        return None
    minute = shifts[0].from_minute
    return datetime.combine(day, time(minute // 60, minute % 60), hours.zone)


def change(*, by: By, at: datetime, **said: object) -> HoldingQueue:
    """Write the `CHANGEABLE` fields given. Raises QueueWrong; TypeError for any other field."""
    if unknown := set(said) - set(CHANGEABLE):
        raise TypeError(f"holding_queue.change does not write {', '.join(sorted(unknown))}")
    return house_rows.change(HoldingQueue, said=said, check=_check, by=by, at=at)


def _check(queue: HoldingQueue) -> None:
    if queue.stage not in BEGINNINGS:
        raise QueueWrong(_("A pass wakes in one of these stages: %(stages)s.") % {"stages": ", ".join(BEGINNINGS)})
    if not 1 <= queue.dig_every_days <= queue.dig_for_days:
        raise QueueWrong(_("The horizon ends before the first time."))
